"""The explorer's ratio chart: quick to draw, on axes that never move."""

from __future__ import annotations

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from training_share.analysis.shares import (
    chart_row,
    company_ratio_table,
    published_share,
    window_text,
)
from training_share.explorer.settings import Settings, estimate_of, groups_of
from training_share.model.estimates import Estimate
from training_share.report.charts.style import INK, REST
from training_share.report.figure import png_of
from training_share.report.text import usd

WIDTH, SLOT_HEIGHT, MARGIN_HEIGHT = 8.6, 0.56, 0.66  # inches
SCREEN_DPI = 120
FONT = {"font.family": ["sans-serif"], "font.sans-serif": ["DejaVu Sans"], "font.size": 10}


def explorer_table(settings: Settings) -> pd.DataFrame:
    """Return the rows of the chart: as set, as set without each group, and the scenario with
    nothing changed.

    `slot` is a row's place, the same whatever is set. InputError as `estimate`.
    """
    est = estimate_of(settings)
    groups = groups_of(settings.company)
    rows = company_ratio_table(est, chart_row).assign(published=float("nan"))
    left = [group for group in groups if group in {run.group for run in est.runs.values()}]
    rows["label"] = ["As set here", *(f"As set, without {group.title()}" for group in left)]
    rows["slot"] = [0, *(1 + groups.index(group) for group in left)]
    own = estimate_of(settings.untouched)
    unchanged = chart_row(own, f"{settings.scenario}, unchanged") | {
        "published": published_share(own),
        "slot": 1 + len(groups),
    }
    return pd.concat([rows, pd.DataFrame([unchanged])], ignore_index=True)


def explorer_chart(table: pd.DataFrame) -> Axes:
    """Draw `explorer_table`: one bar a slot from 0 to 100% of R&D compute, with the 90% interval
    and the amounts."""
    slots = int(table["slot"].max()) + 1
    height = SLOT_HEIGHT * slots + MARGIN_HEIGHT
    with rc_context(FONT):
        ax = Figure(figsize=(WIDTH, height)).add_axes(
            (0.205, 0.56 / height, 0.59, SLOT_HEIGHT * slots / height)
        )
        for row in table.itertuples():
            _bar(ax, row)
        ax.set(xlim=(0, 1), ylim=(slots - 0.5, -0.5))
        ax.set_yticks(
            table["slot"], [f"{row.label}\n{row.spending_window}" for row in table.itertuples()]
        )
        ax.tick_params(axis="y", labelsize=9, length=0)
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlabel(
            "Share of R&D compute. Coloured: final training runs (median). Line: 90% interval. "
            "Diamond: newsletter",
            fontsize=9,
            x=0.46,
        )
        ax.grid(axis="x", color="#D0D0D0", lw=0.8)
        ax.set_axisbelow(True)
        ax.spines[["top", "right", "left"]].set_visible(False)
    return ax


def _bar(ax: Axes, row) -> None:
    """Draw one row; what lies beyond 100% ends at the edge, the numbers at the right say how far it
    goes."""
    low, middle, high = (min(value, 1.0) for value in (row.share_p5, row.share_p50, row.share_p95))
    ax.barh(row.slot, 1, height=0.62, color=REST, zorder=2)
    ax.barh(row.slot, middle, height=0.62, color=row.color, zorder=3)
    ax.plot(
        [low, high], [row.slot] * 2, "|-", color=INK, lw=1.4, ms=9, mew=1.4, zorder=4, clip_on=False
    )
    if row.published == row.published:
        ax.plot(row.published, row.slot, "D", ms=7, mfc="white", mec=INK, mew=1.3, zorder=5)
    place = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
    ax.annotate(
        f"{100 * row.share_p50:.1f}% ({100 * row.share_p5:.1f} to {100 * row.share_p95:.1f})",
        (1, row.slot),
        (8, 7),
        fontsize=9,
        fontweight="bold",
        color=INK,
        **place,
    )
    ax.annotate(
        f"{usd(row.training_cost_p50)} of {usd(row.rd_compute)}",
        (1, row.slot),
        (8, -8),
        fontsize=9,
        color=INK,
        **place,
    )


def chart_png(ax: Axes, dpi: int = SCREEN_DPI) -> bytes:
    """Return the chart as PNG, the same to the byte for the same table."""
    return png_of(ax.figure, dpi, compress_level=1)


def chart_alt(table: pd.DataFrame, est: Estimate) -> str:
    """Return the alternative text of the chart."""
    parts = [
        f"{row.label} {row.share_p50:.1%} ({row.share_p5:.1%} to {row.share_p95:.1%})"
        for row in table.itertuples()
    ]
    return (
        f"{est.company_row.display_name}: bars from 0 to 100% of R&D compute spending, "
        f"{window_text(*est.denominator_window)}, with the 90% interval. {'; '.join(parts)}."
    )
