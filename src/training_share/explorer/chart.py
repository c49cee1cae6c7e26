"""The explorer's ratio chart as HTML, quick to make and to show, on axes that never move."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import pandas as pd

from training_share.analysis.shares import chart_row, company_ratio_table, published_share
from training_share.model.estimates import Estimate
from training_share.report.charts.bars import ratio_alt
from training_share.report.text import percent, short

PANEL = "As set in the explorer"
AXIS = "".join(f'<span style="left:{place}%">{place}%</span>' for place in (0, 25, 50, 75, 100))


def explorer_table(est: Estimate, unchanged: Mapping[str, object]) -> pd.DataFrame:
    """Return the rows of the chart: as set, as set without each group, and `unchanged`, which is
    `unchanged_row`."""
    company = est.company_row.display_name

    def row(one: Estimate, label: str = "") -> dict:
        return chart_row(one, "As set here" if one is est else label.replace(company, "As set,"))

    rows = company_ratio_table(est, row).assign(panel=PANEL)
    rows.loc[0, "published"] = unchanged["published"]
    return pd.concat([rows, pd.DataFrame([unchanged])], ignore_index=True)


def unchanged_row(est: Estimate, scenario: str) -> dict[str, object]:
    """Return the row of a scenario with nothing changed."""
    row = chart_row(est, f"{scenario}, unchanged")
    return {"scenario": scenario, "panel": PANEL, **row, "published": published_share(est)}


def chart_html(table: pd.DataFrame, note: str, rows: int) -> str:
    """Return `explorer_table` as HTML: one bar a row from 0 to 100% of R&D compute, and a note
    below. The height is that of `rows` bars."""
    bars = "".join(_bar(row) for row in table.itertuples())
    key = "Coloured: final training runs (median). Line: 90% interval. Dashed: one half."
    if table["published"].notna().any():
        key += " Diamond: the share the newsletter prints."
    return (
        f'<div role="img" aria-label="{escape(ratio_alt(table))}" class="ts-chart"'
        f' style="min-height:{36 * rows + 56}px">{bars}<span></span>'
        f'<span class="ts-axis">{AXIS}</span><span></span>'
        f'<small class="ts-key">{key} {escape(note)}</small></div>'
    )


def _bar(row) -> str:
    low, middle, high = (
        100 * min(value, 1.0) for value in (row.share_p5, row.share_p50, row.share_p95)
    )
    over = row.share_p95 > 1
    arrow = '<span class="ts-arrow" title="beyond 100%">▶</span>' if over else ""
    mark = ""
    if row.published == row.published:
        place = 100 * min(row.published, 1.0)
        told = f"the newsletter prints {percent(row.published)}"
        mark = f'<span class="ts-mark" style="left:{place:.2f}%" title="{told}"></span>'
    amounts = f"{short(row.training_cost_p50)} of {short(row.rd_compute)}".replace("\\", "")
    ends = f"{100 * row.share_p5:.1f} to {100 * row.share_p95:.1f}"
    return (
        f"<span>{escape(row.label)}<br><small>{row.spending_window}</small></span>"
        f'<span class="ts-bar"><span class="ts-fill" style="width:{middle:.2f}%;'
        f'background:{row.color}"></span><span class="ts-half"></span>'
        f'<span class="ts-line{" ts-open" * over}" style="left:{low:.2f}%;'
        f'width:{high - low:.2f}%"></span>{arrow}{mark}</span>'
        f"<span><b>{percent(row.share_p50)}</b> ({ends})<br><small>{amounts}</small></span>"
    )


def beyond(table: pd.DataFrame, est: Estimate) -> str:
    """Return the sentence for a first row whose interval ends beyond 100%, or ""."""
    row = table.iloc[0]
    if not row["share_p95"] > 1:
        return ""
    over = est.mean(est.share > 1)
    return (
        f"Beyond 100%: in {percent(over)} of the draws training costs more than all R&D compute, "
        "which cannot be; settings and disclosed spending contradict each other."
    )
