"""Charts of the audit: corrections in sequence and alone, and other denominators."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training_share.analysis.shares import stacked
from training_share.report.charts.shares import SHARE, meaning, share_rows
from training_share.report.charts.style import (
    DOWN,
    INK,
    UP,
    beside,
    chart,
    percent_axis,
    rows_of,
    sheet,
)
from training_share.report.figure import Figure
from training_share.report.text import interval, percent, points

SMALLEST = 0.0005  # half of the last digit shown: a smaller move of the share reads as none


@chart
def waterfall(table: pd.DataFrame, name: str, target: str = "careful") -> Figure:
    """Draw `corrections.audit` of the company `name` on its way to the scenario `target`: the
    median after each step with its 90% interval, and the move that led there."""
    ax = sheet(9.6, 0.36 * len(table) + 1.2)[0, 0]
    places = np.arange(len(table))
    ax.hlines(places, table["p5"], table["p95"], color="#BBBBBB", lw=2, zorder=1)
    before = table["p50"].shift().fillna(table["p50"])
    for place, low, high in zip(places, before, table["p50"], strict=True):
        color = DOWN if high < low else UP
        ax.barh(place, high - low, left=low, height=0.55, color=color, zorder=2)
        if place + 1 < len(table):
            ax.vlines(high, place, place + 1, color=INK, lw=0.8, zorder=2)
    ends = [0, len(table) - 1]
    ax.plot(table["p50"], places, "|", color=INK, ms=11, mew=1.6, zorder=3)
    ax.plot(table["p50"].iloc[ends], ends, "o", color=INK, mec=INK, ms=9, zorder=4)
    for place, row in enumerate(table.itertuples()):
        move = "" if pd.isna(row.in_sequence) else f"  ({points(row.in_sequence)})"
        beside(ax, percent(row.p50) + move, row.p95, place)
    start, *steps = table.index
    rows_of(ax, [start, *(f"+ {step}" for step in steps)])
    ax.set_xlim(0, 1.22 * table["p95"].max())
    percent_axis(ax)
    ax.set_xlabel(
        "Share of R&D compute after each step: median (tick), its move in points (purple up, ochre "
        "down),\n90% interval (grey)",
        fontsize=9,
    )
    ax.set_title(f"{name}: from {start} to {target}")
    largest = table["in_sequence"].iloc[1:].sort_values(key=lambda m: -m.abs(), kind="stable")
    moves = "; ".join(f"{step} {points(move)} points" for step, move in largest.head(3).items())
    alt = (
        f"{name}: from {interval(table.iloc[0])} in {start} to {interval(table.iloc[-1])} after "
        f"{table.index[-1]}. Largest steps: {moves}."
    )
    return Figure((ax,), table, alt)


@chart
def effects(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw `corrections.effects_alone` of several companies side by side: the move of the median in
    points, ranked.

    Corrections that move it by less than 0.05 points are left out.
    """
    moves = {name: table["alone"] for name, table in tables.items()}
    moves = {name: 100 * alone[alone.abs() >= SMALLEST] for name, alone in moves.items()}
    most = max(map(len, moves.values()))
    axes = sheet(11.5, 0.3 * most + 1.0, columns=len(tables))[0]
    for ax, (name, ranked) in zip(axes, moves.items(), strict=True):
        colors = [UP if move > 0 else DOWN for move in ranked]
        ax.barh(range(len(ranked)), ranked, color=colors, height=0.65)
        for place, move in enumerate(ranked):
            beside(ax, f"{move:+.1f}", move, place, 4 if move >= 0 else -4, fontsize=8)
        rows_of(ax, ranked.index, fontsize=8)
        margin = 0.18 * max(ranked.abs().max(), 0.1)
        ax.set_xlim(min(ranked.min(), 0) - margin, max(ranked.max(), 0) + margin)
        ax.set_title(name)
        ax.set_xlabel("Move of the median share, points")
    parts = [
        f"{name}: "
        + ", ".join(
            f"{correction} {points(move)} points"
            for correction, move in table["alone"].head(3).items()
        )
        for name, table in tables.items()
    ]
    alt = (
        "Move of the median share by each correction applied alone. "
        f"Largest for {'. For '.join(parts)}."
    )
    return Figure(tuple(axes), stacked(tables, "company"), alt)


@chart
def denominators(tables: dict[str, pd.DataFrame], colors: dict[str, str]) -> Figure:
    """Draw `corrections.denominators` of several companies as small multiples, one row a dimension,
    one column a company.

    A hollow dot has a caveat: the runs do not fit the release window.
    """
    dimensions = list(
        dict.fromkeys(key for table in tables.values() for key in table.index.get_level_values(0))
    )
    axes = sheet(12.5, 2.4 * len(dimensions), len(dimensions), len(tables))
    for column, (name, table) in zip(axes.T, tables.items(), strict=True):
        for ax, dimension in zip(column, dimensions, strict=True):
            share_rows(ax, table.loc[dimension].dropna(subset=["p50"]), colors[name], ends=False)
            ax.set_xlim(0, 1.25 * table["p95"].max())
            ax.set_title(f"{name}: {dimension}")
            ax.tick_params(labelsize=9)
    meant = meaning(pd.concat(tables.values()))
    axes[0, 0].figure.supxlabel(f"{SHARE}: {meant}", fontsize=9)
    parts = [
        f"{name}: "
        + ", ".join(
            f"{choice} {percent(row.p50)}" + (f" ({row.caveat})" if row.caveat else "")
            for (_, choice), row in table.dropna(subset=["p50"]).iterrows()
        )
        for name, table in tables.items()
    ]
    alt = f"Median share by release lag and by how R&D compute is counted. {'. '.join(parts)}."
    return Figure(tuple(axes.flat), stacked(tables, "company"), alt)
