"""Charts of what corrections do to the share, in sequence and alone."""

import numpy as np
import pandas as pd

from training_share.report.charts import style
from training_share.report.charts.style import DOWN, INK, UP, beside
from training_share.report.figure import Figure
from training_share.report.shares import stacked
from training_share.report.text import by_name, interval, percent, points

SMALLEST = 0.0005  # half of the last digit shown: a smaller move of the share reads as none


@style.chart
def waterfall(table: pd.DataFrame, name: str, target: str = "careful") -> Figure:
    """Draw `corrections.audit` of the company `name` on its way to the scenario `target`: the
    median after each step with its 90% interval, and the move that led there."""
    ax = style.sheet(9.6, 0.36 * len(table) + 1.2)[0, 0]
    places, last = np.arange(len(table)), len(table) - 1
    ax.hlines(places, table["p5"], table["p95"], color="#BBBBBB", lw=2, zorder=1)
    before = table["p50"].shift().fillna(table["p50"])
    for place, low, high in zip(places, before, table["p50"], strict=True):
        color = DOWN if high < low else UP
        ax.barh(place, high - low, left=low, height=0.55, color=color, zorder=2)
        if place < last:
            ax.vlines(high, place, place + 1, color=INK, lw=0.8, zorder=2)
    ax.plot(table["p50"], places, "|", color=INK, ms=11, mew=1.6, zorder=3)
    ax.plot(table["p50"].iloc[[0, last]], [0, last], "o", color=INK, ms=9, zorder=4)
    for place, row in enumerate(table.itertuples()):
        move = "" if pd.isna(row.in_sequence) else f"  ({points(row.in_sequence)})"
        beside(ax, percent(row.p50) + move, row.p95, place)
    start, *steps = table.index
    style.rows_of(ax, [start, *(f"+ {step}" for step in steps)])
    style.percent_axis(ax)
    ax.set(xlim=(0, 1.22 * table["p95"].max()), title=f"{name}: from {start} to {target}")
    ax.set_xlabel(
        "Share of R&D compute after each step: median (tick), its move in points (purple up, ochre "
        "down),\n90% interval (grey)"
    )
    largest = table["in_sequence"].iloc[1:].sort_values(key=lambda m: -m.abs(), kind="stable")
    moves = "; ".join(f"{step} {points(move)} points" for step, move in largest.head(3).items())
    alt = (
        f"{name}: from {interval(table.iloc[0])} in {start} to {interval(table.iloc[-1])} after "
        f"{table.index[-1]}. Largest steps: {moves}."
    )
    return Figure((ax,), table, alt)


@style.chart
def effects(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw `corrections.effects_alone` of several companies side by side: the move of the median in
    points, ranked; corrections that move it by less than 0.05 points are left out."""
    moves = {name: table["alone"] for name, table in tables.items()}
    moves = {name: 100 * alone[alone.abs() >= SMALLEST] for name, alone in moves.items()}
    most = max(map(len, moves.values()))
    axes = style.sheet(11.5, 0.3 * most + 1.0, columns=len(tables))[0]
    for ax, (name, ranked) in zip(axes, moves.items(), strict=True):
        colors = [UP if move > 0 else DOWN for move in ranked]
        bars = ax.barh(range(len(ranked)), ranked, color=colors, height=0.65)
        ax.bar_label(bars, fmt="{:+.1f}", padding=4, fontsize=8)
        style.rows_of(ax, ranked.index, fontsize=8)
        margin = 0.18 * max(ranked.abs().max(), 0.1)
        ax.set(xlim=(min(ranked.min(), 0) - margin, max(ranked.max(), 0) + margin), title=name)
        ax.set_xlabel("Move of the median share, points", fontsize=11)
    largest = ((name, table.head(3)) for name, table in tables.items())
    told = by_name(largest, lambda row: f"{row.Index} {points(row.alone)} points", ". For ")
    alt = f"Move of the median share by each correction applied alone. Largest for {told}."
    return Figure(tuple(axes), stacked(tables, "company"), alt)
