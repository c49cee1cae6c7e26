"""Charts of shares and of what they are made of: the ratio, its variants, cost and dollars."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from training_share.model.estimates import Estimate
from training_share.report.charts.style import (
    BLUE,
    INK,
    ORANGE,
    beside,
    chart,
    despine,
    dollar_axis,
    error_note,
    interval_rows,
    percent_axis,
    ratio_bar,
    rows_of,
    sheet,
)
from training_share.report.figure import Figure, rounded
from training_share.report.text import amount, interval, money, percent, short, usd

SHARE = "Share of R&D compute"
USES = {  # columns of `shares.dollars_table`: name and colour
    "final_training": ("Final training", BLUE),
    "other_rd": ("Other R&D", "#9A9A9A"),
    "inference": ("Inference", ORANGE),
}


@chart
def ratio(table: pd.DataFrame) -> Figure:
    """Draw the ratio comparison chart from `shares.ratio_table`: one panel a scenario, one bar a
    row.

    The filled part is final training, the rest other R&D; the line is the 90% interval.
    """
    panels = list(table.groupby("panel", sort=False))
    heights = [len(rows) + 0.6 for _, rows in panels]
    axes = sheet(9.6, 0.62 * sum(heights) + 0.9, len(panels), sharex=True, height_ratios=heights)[
        :, 0
    ]
    for ax, (panel, rows) in zip(axes, panels, strict=True):
        for place, row in enumerate(rows.itertuples()):
            _ratio_row(ax, place, row)
        rows_of(ax, [f"{row.label}\n{row.spending_window}" for row in rows.itertuples()])
        ax.set_title(panel)
        ax.tick_params(axis="y", labelsize=9, length=0)
    axes[-1].set_xlim(0, 1)
    percent_axis(axes[-1])
    axes[-1].set_xlabel(
        "Share of R&D compute spending in the window at the left. Coloured: final training runs "
        "(median). Grey: other R&D.\n"
        "Line and brackets: 90% interval, the 5th to 95th percentile of the draws. "
        f"Diamond: the share the newsletter prints.{error_note(table, 'share_')}",
        fontsize=9,
    )
    return Figure(tuple(axes), table, ratio_alt(table))


def _ratio_row(ax: Axes, place: int, row) -> None:
    ratio_bar(ax, place, row)
    whiskers = [[row.share_p50 - row.share_p5], [min(row.share_p95, 1) - row.share_p50]]
    ax.errorbar(row.share_p50, place, xerr=whiskers, color=INK, capsize=4, lw=1.3, zorder=4)
    edge = {
        "xycoords": ("axes fraction", "data"),
        "textcoords": "offset points",
        "va": "center",
        "annotation_clip": False,
    }
    share = ax.annotate(
        percent(row.share_p50), (1, place), (9, 7), fontsize=11, fontweight="bold", **edge
    )
    ends = f" ({100 * row.share_p5:.1f} to {100 * row.share_p95:.1f})"
    ax.annotate(ends, (1, 0.5), xycoords=share, fontsize=9, va="center", annotation_clip=False)
    unit = getattr(row, "unit", "USD")
    amounts = f"{short(row.training_cost_p50, unit)} of {short(row.rd_compute, unit)}"
    ax.annotate(amounts, (1, place), (9, -9), fontsize=9, **edge)


def ratio_alt(table: pd.DataFrame) -> str:
    """Return the alternative text of the ratio chart."""
    parts = [
        f"{panel}: "
        + ", ".join(f"{row.label} {interval(row, prefix='share_')}" for row in rows.itertuples())
        for panel, rows in table.groupby("panel", sort=False)
    ]
    return (
        "Horizontal bars from 0 to 100% of R&D compute spending, final training runs against other "
        f"R&D, with the 90% interval at the boundary. {'. '.join(parts)}."
    )


@chart
def intervals(table: pd.DataFrame, color: str = BLUE) -> Figure:
    """Draw a share for each row of `table` (its index is the label): p50, p5 to p95, and the
    numbers at its right. Where a column `incomplete` is true the dot is hollow."""
    rows = table.dropna(subset=["p50"])
    ax = sheet(9, 0.34 * len(rows) + 1.0)[0, 0]
    share_rows(ax, rows, color)
    ax.set_xlabel(f"{SHARE}: {meaning(rows)}{error_note(table)}", fontsize=9)
    parts = [f"{label} {interval(row)}" for label, row in rows.iterrows()]
    alt = f"{SHARE}, median with 90% interval: {'; '.join(parts)}."
    return Figure((ax,), table, alt)


def meaning(rows: pd.DataFrame) -> str:
    """Return what dots and lines of `share_rows` mean."""
    bounds = "incomplete" in rows and rows["incomplete"].any()
    return "median and 90% interval" + (" (hollow: a lower bound)" if bounds else "")


def share_rows(ax: Axes, rows: pd.DataFrame, color: str, ends: bool = True) -> None:
    """Draw rows of shares with their medians at the right, and with `ends` their intervals too."""
    interval_rows(ax, rows, color)
    if "incomplete" in rows:
        hollow = rows["incomplete"].to_numpy(dtype=bool)
        places = np.flatnonzero(hollow)
        ax.plot(rows["p50"][hollow], places, "o", mfc="white", mec=color, ms=6, zorder=4)
    for place, row in enumerate(rows.itertuples()):
        reach = f" ({100 * row.p5:.1f} to {100 * row.p95:.1f})" if ends else ""
        beside(ax, percent(row.p50) + reach, row.p95, place)
    percent_axis(ax)
    ax.set_xlim(0, (1.3 if ends else 1.17) * rows["p95"].max())


@chart
def cost(est: Estimate) -> Figure:
    """Draw `Estimate.cost_table()`: the total, then the costliest run first, on a logarithmic
    axis."""
    table = rounded(est.cost_table())
    runs = table.drop(index="total").sort_values("p50", ascending=False, kind="stable")
    rows = pd.concat([table.loc[["total"]], runs])
    ax = sheet(9, 0.34 * len(rows) + 1.0)[0, 0]
    interval_rows(ax, rows, est.company_row.color)
    for place, row in enumerate(rows.itertuples()):
        beside(ax, interval(row, partial(short, unit=est.unit)), row.p95, place)
    note = error_note(rows, percent=False)
    what = "Cost" if est.unit == "USD" else est.unit
    ax.set_xlabel(f"{what}, logarithmic axis: median and 90% interval{note}", fontsize=9)
    ax.set_xscale("log")
    ax.minorticks_off()
    dollar_axis(ax, est.unit)
    low, high = rows["p5"].min(), rows["p95"].max()
    ax.set_xlim(low * (low / high) ** 0.04, high * (high / low) ** 0.3)
    words = partial(amount, unit=est.unit)
    top = "; ".join(f"{run_id} {words(row.p50)}" for run_id, row in runs.head(3).iterrows())
    unit = "USD million" if est.unit == "USD" else f"millions of {est.unit}"
    alt = (
        f"Cost of each training run in {unit}, median with 90% interval, on a logarithmic "
        f"axis. Total {interval(table.loc['total'], words)}; costliest runs: {top}."
    )
    return Figure((ax,), table, alt)


@chart
def dollars(table: pd.DataFrame) -> Figure:
    """Draw `shares.dollars_table`: one bar a company in USD, each on its own scale so that the
    small ones show."""
    axes = sheet(9.6, 1.05 * len(table) + 0.6, len(table))[:, 0]
    for ax, row in zip(axes, table.itertuples(), strict=True):
        left = 0.0
        for column, (name, color) in USES.items():
            value = getattr(row, column)
            ax.barh(0, value, left=left, color=color, edgecolor="white", lw=1.5, zorder=2)
            ax.annotate(
                f"{name}\n{usd(value)}",
                (left + value / 2, 0.42),
                va="bottom",
                ha="center",
                fontsize=9,
                annotation_clip=False,
            )
            left += value
        ax.set_ylim(-0.45, 1.15)
        ax.set_xlim(0, left * 1.04)
        ax.set_yticks([0], [f"{row.label}\n{row.spending_window}"])
        dollar_axis(ax)
        ax.grid(visible=False)
        ax.tick_params(labelsize=9)
        despine(ax, left=True)
    parts = [
        f"{row.label} {money(row.final_training)} final training, {money(row.other_rd)} other R&D, "
        f"{money(row.inference)} inference"
        for row in table.itertuples()
    ]
    return Figure(tuple(axes), table, f"Compute spending by use. {'; '.join(parts)}.")
