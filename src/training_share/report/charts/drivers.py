"""The chart of what drives the spread: tables in, Axes out. It computes nothing, shows nothing and
saves nothing."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from training_share.report.charts.style import BLUE, GREEN, INK, ORANGE, despine, theme

MOST_ROWS = 8


def drivers_chart(table: pd.DataFrame, tornado: pd.DataFrame) -> tuple[Axes, Axes]:
    """Draw `Estimate.tornado()` at the left and `Estimate.drivers()` at the right, one row a
    driver.

    Rows follow the order of `table`, at most the first eight. Left: the share with one driver at
    its p10 (blue) and at its p90 (orange). Right: its total share of the variance (pale) with the
    part it makes on its own (full).
    """
    theme()
    rows = table.head(MOST_ROWS).merge(
        tornado, on="driver", validate="one_to_one", suffixes=("", "_tornado")
    )
    places = np.arange(len(rows))
    _, (left, right) = plt.subplots(
        1,
        2,
        figsize=(10, 0.45 * len(rows) + 1.6),
        sharey=True,
        layout="constrained",
        width_ratios=(3, 2),
    )
    _draw_tornado(left, rows, places)
    _draw_indices(right, rows, places)
    left.set_yticks(places, rows["driver"])
    left.set_ylim(len(rows) - 0.45, -0.75)
    for ax in (left, right):
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", length=0)
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        despine(ax, left=True)
    return left, right


def _draw_tornado(ax: Axes, rows: pd.DataFrame, places: np.ndarray) -> None:
    median = rows["share_median"].iloc[0]
    for column, color, name in (("share_low", BLUE, "p10"), ("share_high", ORANGE, "p90")):
        ax.barh(places, rows[column] - median, left=median, height=0.6, color=color, zorder=2)
        for place, value in zip(places, rows[column], strict=True):
            right = value > median if place else value >= median
            ax.annotate(
                f"{name if place == 0 else ''} {100 * value:.1f}%".strip(),
                (value, place),
                xytext=(4 if right else -4, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                ha="left" if right else "right",
                color=color,
                fontweight="bold" if place == 0 else "normal",
            )
    ax.axvline(median, color=INK, lw=1, zorder=3)
    ax.annotate(
        f"all at their medians: {100 * median:.1f}%",
        (median, -0.42),
        xytext=(4, 0),
        fontsize=9,
        textcoords="offset points",
        va="bottom",
    )
    ax.set_title("Share with one input at its p10 and p90")
    ax.set_xlabel("Training share of R&D compute", fontsize=9)
    ax.margins(x=0.25)


def _draw_indices(ax: Axes, rows: pd.DataFrame, places: np.ndarray) -> None:
    ax.barh(places, rows["total"].clip(lower=0), height=0.6, color=GREEN, alpha=0.35, zorder=2)
    ax.barh(places, rows["first_order"].clip(lower=0), height=0.6, color=GREEN, zorder=3)
    known = (rows["total_conf"] > 0).to_numpy()  # an input on its own is exactly all of it
    ax.errorbar(
        rows["total"].clip(lower=0)[known],
        places[known],
        xerr=rows["total_conf"][known],
        fmt="none",
        color=INK,
        lw=1,
        capsize=3,
        zorder=4,
    )
    for place, row in zip(places, rows.itertuples(), strict=True):
        ax.annotate(
            f"{100 * max(row.total, 0):.0f}%",
            (max(row.total, 0) + row.total_conf, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    ax.set_title("Part of the variance of the share")
    ax.set_xlabel(
        "Sobol index: total, with its 95% interval;\nfull colour: the input on its own (first"
        " order)",
        fontsize=9,
    )
    ax.margins(x=0.15)
    ax.set_xlim(left=0)
