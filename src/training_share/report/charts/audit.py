"""Charts of the audit and of the regression diagnostics: a table in, Axes out."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from training_share.report.charts.style import (
    BLUE,
    INK,
    ORANGE,
    despine,
    error_note,
    interval_chart,
    theme,
)


def waterfall_chart(table: pd.DataFrame, title: str, color: str = BLUE) -> Axes:
    """Draw `audit.audit`: the median after each step with its 90% interval, and the step that led
    there."""
    theme()
    _, ax = plt.subplots(figsize=(9.6, 0.36 * len(table) + 1.2), layout="constrained")
    places = np.arange(len(table))
    ax.hlines(places, table["p5"], table["p95"], color="#BBBBBB", lw=2, zorder=1)
    before = table["p50"].shift().fillna(table["p50"])
    down = (table["p50"] < before).to_numpy()
    for place, low, high, falls in zip(places, before, table["p50"], down, strict=True):
        ax.barh(place, high - low, left=low, height=0.55, color=BLUE if falls else ORANGE, zorder=2)
        if place + 1 < len(table):
            ax.vlines(high, place, place + 1, color=INK, lw=0.8, zorder=2)
    ends = [0, len(table) - 1]
    ax.plot(table["p50"], places, "|", color=INK, ms=11, mew=1.6, zorder=3)
    ax.plot(table["p50"].iloc[ends], ends, "o", color=color, mec=INK, ms=9, zorder=4)
    for place, row in zip(places, table.itertuples(), strict=True):
        move = (
            ""
            if row.in_sequence != row.in_sequence
            else f"  ({round(100 * row.in_sequence, 1) + 0:+.1f})"
        )
        ax.annotate(
            f"{100 * row.p50:.1f}%{move}",
            (row.p95, place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    ax.set_yticks(
        places,
        [f"{'+ ' if place else ''}{name}" for place, name in zip(places, table.index, strict=True)],
    )
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.set_xlim(0, 1.22 * table["p95"].max())
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_xlabel(
        "Share of R&D compute after each step: median (tick), its move in points (orange up, blue"
        f" down),\n90% interval (grey){error_note(table)}",
        fontsize=9,
    )
    ax.set_title(title)
    ax.grid(axis="y", visible=False)
    despine(ax, left=True)
    return ax


def effects_chart(tables: dict[str, pd.DataFrame]) -> np.ndarray:
    """Draw `audit.effects_alone` of several companies side by side: the move of the median in
    points, ranked.

    Corrections that move it by less than 0.05 points are left out.
    """
    theme()
    tables = {name: table[table["alone"].abs() >= 0.0005] for name, table in tables.items()}
    rows = max(len(table) for table in tables.values())
    _, axes = plt.subplots(
        1, len(tables), figsize=(11.5, 0.3 * rows + 1.0), squeeze=False, layout="constrained"
    )
    for ax, (name, table) in zip(axes[0], tables.items(), strict=True):
        moves = 100 * table["alone"].dropna()
        colors = [ORANGE if move > 0 else BLUE for move in moves]
        places = np.arange(len(moves))
        ax.barh(places, moves, color=colors, height=0.65)
        reach = max(moves.abs().max(), 0.1)
        for place, move in zip(places, moves, strict=True):
            ax.annotate(
                f"{move:+.1f}",
                (move, place),
                xytext=(4 if move >= 0 else -4, 0),
                fontsize=8,
                va="center",
                textcoords="offset points",
                ha="left" if move >= 0 else "right",
            )
        ax.set_yticks(places, moves.index, fontsize=8)
        ax.set_ylim(len(moves) - 0.4, -0.6)
        ax.set_xlim(min(moves.min(), 0) - 0.18 * reach, max(moves.max(), 0) + 0.18 * reach)
        ax.set_title(name)
        ax.set_xlabel("Move of the median share, points")
        ax.grid(axis="y", visible=False)
        despine(ax, left=True)
    return axes[0]


def denominators_chart(tables: dict[str, pd.DataFrame], colors: dict[str, str]) -> np.ndarray:
    """Draw `audit.denominators` of several companies as small multiples, one row a dimension, one
    column a company.

    Hollow dots: the release window reaches beyond the months for which runs were collected.
    """
    theme()
    dimensions = list(
        dict.fromkeys(key for table in tables.values() for key in table.index.get_level_values(0))
    )
    _, axes = plt.subplots(
        len(dimensions),
        len(tables),
        figsize=(12.5, 2.4 * len(dimensions)),
        squeeze=False,
        layout="constrained",
    )
    for column, (name, table) in enumerate(tables.items()):
        for line, dimension in enumerate(dimensions):
            ax = axes[line, column]
            interval_chart(table.loc[dimension], "Share", color=colors[name], ends=False, ax=ax)
            ax.set_xlim(0, 1.25 * table["p95"].max())
            ax.set_title(f"{name}: {dimension}")
            ax.tick_params(labelsize=9)
            ax.set_xlabel("")
    axes[0, 0].figure.supxlabel(
        f"Share: median and 90% interval (hollow: a lower bound){error_note(pd.concat(tables))}",
        fontsize=9,
    )
    return axes


def flop_chart(table: pd.DataFrame, xlabel: str = "Training compute (FLOP)") -> Axes:
    """Draw p5, p50 and p95 of FLOP, one row a method, on a logarithmic axis."""
    theme()
    _, ax = plt.subplots(figsize=(9.6, 0.5 * len(table) + 1.0), layout="constrained")
    places = np.arange(len(table))
    ax.hlines(places, table["p5"], table["p95"], color=BLUE, lw=2.2, alpha=0.55)
    ax.plot(table["p50"], places, "o", color=BLUE, ms=6)
    for place, row in zip(places, table.itertuples(), strict=True):
        ax.annotate(
            f"{row.p50:.2g}",
            (row.p50, place),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    ax.set_yticks(places, table.index)
    ax.set_ylim(len(table) - 0.4, -0.7)
    ax.set_xscale("log")
    ax.set_xlabel(
        f"{xlabel}: median and 90% interval{error_note(table, percent=False)}", fontsize=9
    )
    ax.grid(axis="y", visible=False)
    despine(ax, left=True)
    return ax


def leave_one_out_chart(table: pd.DataFrame, residuals: pd.DataFrame) -> np.ndarray:
    """Draw the prediction without each point (left, relative to all points) and the residuals
    (right)."""
    theme()
    _, axes = plt.subplots(
        1, 2, figsize=(11.5, 0.29 * len(table) + 1.0), layout="constrained", sharey=True
    )
    order = table.drop(index="none").sort_values("ratio").index
    places = np.arange(len(order))
    axes[0].hlines(places, 1, table.loc[order, "ratio"], color=BLUE, lw=2)
    axes[0].plot(table.loc[order, "ratio"], places, "o", color=BLUE, ms=6)
    axes[0].axvline(1, color=INK, lw=0.9)
    axes[0].set_yticks(places, order, fontsize=9)
    axes[0].set_xlabel("Prediction without the model / with all")
    axes[0].set_title("Leave one out")
    factors = 10 ** residuals.loc[order, "residual"]
    axes[1].hlines(places, 1, factors, color=ORANGE, lw=2)
    axes[1].plot(factors, places, "o", color=ORANGE, ms=6)
    axes[1].axvline(1, color=INK, lw=0.9)
    axes[1].set_xscale("log")
    axes[1].set_xlabel("FLOP / FLOP on the line (residual)")
    axes[1].set_title("Residuals")
    for ax in axes:
        ax.grid(axis="y", visible=False)
        despine(ax, left=True)
    return axes
