"""Charts of draws as dots, so that a probability can be counted: shares, and who is higher."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from training_share.analysis.shares import HALF
from training_share.report.charts import style
from training_share.report.charts.shares import SHARE
from training_share.report.figure import Figure
from training_share.report.text import chance, percent


@style.chart
def distributions(table: pd.DataFrame) -> Figure:
    """Draw `shares.share_dots`: one strip of dots a row of labels, each dot one draw in fifty."""
    strips = list(table.groupby("label", sort=False))
    odds = {label: rows["over_half"].iloc[0] for label, rows in strips}
    edges = _edges(0, max(1.0, table["value"].max()), 64)
    axes = _strips([rows["value"] for _, rows in strips], edges)
    for ax, (label, rows) in zip(axes, strips, strict=True):
        _stack(ax, rows["value"], rows["color"], edges)
        style.half_behind(ax)
        _words(ax, label, f"over half in {chance(odds[label])} of draws")
    half = {"xycoords": ("data", "axes fraction"), "va": "top"}
    style.beside(axes[0], "half", HALF, 1, 3, -2, **half)
    style.percent_axis(axes[-1])
    parts = [
        f"{label}: half of the dots lie between {percent(rows['value'].quantile(0.25))} and "
        f"{percent(rows['value'].quantile(0.75))}, over half of R&D compute with probability "
        f"{chance(odds[label])}"
        for label, rows in strips
    ]
    worst = max(odds, key=lambda label: (odds[label], label))
    dots = len(strips[0][1])
    return Figure(
        tuple(axes),
        table,
        f"Each share as {dots} dots. {'; '.join(parts)}.",
        f"{worst} is over half in {chance(odds[worst])} of draws",
        f"{SHARE} as dots: each dot is one draw in {dots}, so count dots to read a probability",
    )


@style.chart
def pairs(table: pd.DataFrame) -> Figure:
    """Draw `shares.pair_dots`: one strip of dots a pair, coloured by the company that is higher."""
    strips = list(table.groupby(["higher", "lower"], sort=False))
    odds = {names: rows["probability"].iloc[0] for names, rows in strips}
    edges = _edges(table["value"].min() - 0.02, table["value"].max() + 0.02, 80)
    axes = _strips([rows["value"] for _, rows in strips], edges)
    for ax, ((higher, lower), rows) in zip(axes, strips, strict=True):
        colors = rows["higher_color"].where(rows["value"] > 0, rows["lower_color"])
        tall = _stack(ax, rows["value"], colors, edges)
        ax.plot([0, 0], [0, tall + 0.4], color=style.INK, lw=1, zorder=1)
        words = f"{higher} higher in {chance(odds[higher, lower])} of draws"
        _words(ax, f"{higher} against {lower}", words)
    axes[-1].xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.0f}" if value else "0")
    axes[-1].set_xlabel(
        "◂ the second is higher      difference in percentage points      the first is higher ▸"
    )
    told = "; ".join(
        f"{higher} above {lower} with probability {chance(odd)}"
        for (higher, lower), odd in odds.items()
    )
    above, below = max(odds, key=odds.__getitem__)
    title = f"{above} is above {below} in {chance(odds[above, below])} of draws"
    for (higher, lower), odd in odds.items():
        if lower == below and higher.startswith(f"{above} without"):
            title += f",{higher.removeprefix(above)} in {chance(odd)}"
    return Figure(
        tuple(axes),
        table,
        f"Differences of shares, draw by draw, as dots coloured by who is higher. {told}.",
        title,
        f"Who is higher: the difference of two shares in the same draw. Each dot is one draw in "
        f"{len(strips[0][1])}, in the colour of the company that is higher.",
    )


def _edges(low: float, high: float, count: int) -> np.ndarray:
    """Return the ends of about `count` equal bins from `low` to `high`, one of them at zero, so
    that no bin holds dots of both signs."""
    step = (high - low) / count
    return step * np.arange(np.floor(low / step), np.ceil(high / step) + 1)


def _slot(edges: np.ndarray) -> float:
    """Return the width of a bin in inches."""
    return 0.97 * style.WIDE / (len(edges) - 1)


def _strips(strips: list[pd.Series], edges: np.ndarray) -> list[Axes]:
    """Return axes on one scale, one a strip, each as tall as its dots stack."""
    slot = _slot(edges)
    tall = [np.histogram(values, edges)[0].max() * slot + 0.36 for values in strips]
    axes = style.sheet(style.WIDE, sum(tall) + 0.5, len(tall), sharex=True, height_ratios=tall)[
        :, 0
    ]
    for ax, height in zip(axes, tall, strict=True):
        ax.set(xlim=edges[[0, -1]], ylim=(0, height / slot), yticks=[])
        ax.grid(visible=False)
    return list(axes)


def _stack(ax: Axes, values: pd.Series, colors: Iterable[str], edges: np.ndarray) -> int:
    """Draw values as dots that stand on each other where they fall into the same bin, and return
    how many stand on each other at most."""
    bins = np.clip(np.digitize(values, edges) - 1, 0, len(edges) - 2)
    level = pd.Series(bins).groupby(bins).cumcount()
    middle = (edges[bins] + edges[bins + 1]) / 2
    size = (0.9 * 72 * _slot(edges)) ** 2
    ax.scatter(middle, level + 0.5, s=size, c=list(colors), linewidths=0, zorder=3)
    return int(level.max()) + 1


def _words(ax: Axes, name: str, words: str) -> None:
    """Write a strip's name and finding over its dots."""
    place = {"xycoords": "axes fraction", "va": "top", "fontsize": 10}
    ax.annotate(name, (0, 1), fontweight="bold", **place)
    ax.annotate(words, (1, 1), ha="right", **place)
