"""The chart of what drives the spread of the share."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from training_share.report.charts import style
from training_share.report.charts.style import DOWN, INK, QUIET, UP, beside
from training_share.report.figure import Figure
from training_share.report.text import percent

MOST_ROWS = 8


@style.chart
def drivers(table: pd.DataFrame, tornado: pd.DataFrame) -> Figure:
    """Draw `Estimate.tornado()` at the left and `Estimate.drivers()` at the right, one row a
    driver.

    Rows follow the order of `table`, at most the first eight. Left: the share with one driver at
    its p10 and at its p90. Right: its total share of the variance (pale) with the
    part it makes on its own (full).
    """
    rows = table.head(MOST_ROWS).merge(
        tornado, on="driver", validate="one_to_one", suffixes=("", "_tornado")
    )
    sides = {"columns": 2, "sharey": True, "width_ratios": (3, 2)}
    left, right = style.sheet(10, 0.45 * len(rows) + 1.6, **sides)[0]
    _draw_tornado(left, rows)
    _draw_indices(right, rows)
    left.set_yticks(range(len(rows)), rows["driver"])
    left.set_ylim(len(rows) - 0.45, -0.75)
    style.percent_axis(left)
    style.percent_axis(right)
    top = table.sort_values("total", ascending=False, kind="stable").head(3)
    told = "; ".join(f"{row.driver} {percent(max(row.total, 0))}" for row in top.itertuples())
    return Figure(
        (left, right),
        table,
        "What drives the spread of the share: the swing when one input goes from its 10th to its "
        "90th percentile, and the part of the variance it takes part in (total Sobol index). "
        f"Largest: {told}.",
        f"{top['driver'].iloc[0]} makes the share most uncertain",
        "Left: the share with one input low (its 10th percentile, p10) or high (p90). Right: the"
        " part of the spread that an input takes part in, alone (full) and with others (pale).",
    )


def _draw_tornado(ax: Axes, rows: pd.DataFrame) -> None:
    places, median = np.arange(len(rows)), rows["share_median"].iloc[0]
    for column, name in (("share_low", "p10"), ("share_high", "p90")):
        colors = [UP if value > median else DOWN for value in rows[column]]
        ax.barh(places, rows[column] - median, left=median, height=0.6, color=colors, zorder=2)
        for place, value, color in zip(places, rows[column], colors, strict=True):
            first = place == 0
            text = f"{name} {percent(value)}" if first else percent(value)
            gap = 4 if value > median or (first and value == median) else -4
            weight = "bold" if first else "normal"
            beside(ax, text, value, place, gap, color=color, fontweight=weight)
    ax.axvline(median, color=INK, lw=1, zorder=3)
    beside(ax, f"all at their medians: {percent(median)}", median, -0.42, 4, va="bottom")
    ax.set_title("Share with one input at its p10 and p90")
    ax.set_xlabel("Training share of R&D compute")
    ax.margins(x=0.25)


def _draw_indices(ax: Axes, rows: pd.DataFrame) -> None:
    places, total = np.arange(len(rows)), rows["total"].clip(lower=0)
    ax.barh(places, total, height=0.6, color=QUIET, alpha=0.35, zorder=2)
    ax.barh(places, rows["first_order"].clip(lower=0), height=0.6, color=QUIET, zorder=3)
    known = (rows["total_conf"] > 0).to_numpy()  # an input on its own is exactly all of it
    errors = rows["total_conf"][known]
    line = {"fmt": "none", "color": INK, "lw": 1, "capsize": 3, "zorder": 4}
    ax.errorbar(total[known], places[known], xerr=errors, **line)
    for place, part, error in zip(places, total, rows["total_conf"], strict=True):
        beside(ax, f"{100 * part:.0f}%", part + error, place, 5)
    ax.set_title("Part of the variance of the share")
    ax.set_xlabel("Sobol index, total with its 95% interval")
    ax.margins(x=0.15)
    ax.set_xlim(left=0)
