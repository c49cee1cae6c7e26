"""The explorer's ratio chart as HTML, quick to make and to show, on axes that never move."""

from __future__ import annotations

from html import escape

import pandas as pd

from training_share.analysis.shares import chart_row, company_ratio_table, published_share
from training_share.model.estimates import Estimate
from training_share.report.charts.shares import ratio_alt
from training_share.report.text import interval, percent, usd

PANEL = "As set in the explorer"
# Colours of the page's theme, so that the chart reads in a dark one too.
STYLE = """<style>
.ts-chart { display: grid; grid-template-columns: minmax(120px, 190px) 1fr minmax(120px, 180px);
  column-gap: 12px; row-gap: 4px; line-height: 1.3; align-items: center; padding: 4px 0;
  color: var(--jp-ui-font-color1, #222); font-size: 13px }
.ts-chart small { font-size: 12px; color: var(--jp-ui-font-color1, #222); opacity: .85 }
.ts-chart > :nth-child(3n+1) { text-align: right }
.ts-bar { position: relative; height: 26px; background: rgba(128, 128, 128, .28) }
.ts-bar > * { position: absolute; box-sizing: border-box }
.ts-fill { top: 0; bottom: 0; left: 0 }
.ts-line { top: 8px; height: 10px; border: solid var(--jp-ui-font-color0, #000); border-width: 0 2px;
  background: linear-gradient(var(--jp-ui-font-color0, #000), var(--jp-ui-font-color0, #000)) center / 100% 2px no-repeat }
.ts-line.ts-open { border-right: 0 }
.ts-arrow { right: -11px; top: 3px; color: var(--jp-ui-font-color0, #000) }
.ts-half { left: 50%; top: -8px; bottom: -8px; border-left: 1px dashed var(--jp-ui-font-color1, #222) }
.ts-mark { width: 11px; height: 11px; top: 7px; margin-left: -6px; transform: rotate(45deg);
  background: #fff; border: 2px solid #222 }
.ts-axis { position: relative; height: 14px; font-size: 12px }
.ts-axis span { position: absolute; transform: translateX(-50%) }
.ts-key { grid-column: 1 / -1; text-align: left !important }
</style>"""
AXIS = "".join(f'<span style="left:{place}%">{place}%</span>' for place in (0, 25, 50, 75, 100))


def explorer_table(est: Estimate, unchanged: Estimate, label: str) -> pd.DataFrame:
    """Return the rows of the chart: as set, as set without each group, and `unchanged`, the
    scenario with nothing changed, under its label."""
    rows = company_ratio_table(est, chart_row)
    groups = [text.rpartition(" without ")[2] for text in rows["label"][1:]]
    rows["label"] = ["As set here", *(f"As set, without {group}" for group in groups)]
    last = pd.DataFrame([rows.iloc[0].to_dict() | chart_row(unchanged, label)])
    table = pd.concat([rows, last], ignore_index=True)
    printed = published_share(unchanged)
    return table.assign(panel=PANEL, published=[printed, *[float("nan")] * len(groups), printed])


def chart_html(table: pd.DataFrame, note: str, rows: int) -> str:
    """Return `explorer_table` as HTML: one bar a row from 0 to 100% of R&D compute, and a note
    below. The height is that of `rows` bars."""
    bars = "".join(_bar(row) for row in table.itertuples())
    key = "Coloured: final training runs (median). Line: 90% interval. Dashed: one half."
    if table["published"].notna().any():
        key += " Diamond: the share the newsletter prints."
    return (
        f'<div role="img" aria-label="{escape(ratio_alt(table))}" class="ts-chart"'
        f' style="min-height:{40 * rows + 44}px">{bars}<span></span>'
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
    amounts = f"{usd(row.training_cost_p50)} of {usd(row.rd_compute)}".replace("\\", "")
    ends = f"{100 * row.share_p5:.1f} to {100 * row.share_p95:.1f}"
    return (
        f"<span>{escape(row.label)}<br><small>{row.spending_window}</small></span>"
        f'<span class="ts-bar"><span class="ts-fill" style="width:{middle:.2f}%;'
        f'background:{row.color}"></span><span class="ts-half"></span>'
        f'<span class="ts-line{" ts-open" * over}" style="left:{low:.2f}%;'
        f'width:{high - low:.2f}%"></span>{arrow}{mark}</span>'
        f"<span><b>{percent(row.share_p50)}</b> ({ends})<br><small>{amounts}</small></span>"
    )


def beyond(est: Estimate) -> str:
    """Return the sentence for an interval that ends beyond 100%, or ""."""
    share = est.summary()
    if not share["share_p95"] > 1:
        return ""
    over = float((est.share > 1).mean())
    return (
        f"Beyond 100%: the share comes out at {interval(share, prefix='share_')}, and in "
        f"{percent(over)} of the draws training would have cost more than all R&D compute, which "
        "cannot be: these settings and the disclosed spending contradict each other."
    )
