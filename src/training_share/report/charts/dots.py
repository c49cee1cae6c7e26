"""Charts of draws as dots, so that a probability can be counted: shares, and who is higher."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from training_share.report.charts import style
from training_share.report.charts.shares import SHARE
from training_share.report.figure import Figure
from training_share.report.shares import HALF
from training_share.report.text import chance, percent


@style.chart
def distributions(table: pd.DataFrame) -> Figure:
    """Draw `shares.share_dots`: one strip of dots a row of labels, each dot one draw in fifty."""
    groups = dict(list(table.groupby("label", sort=False)))
    odds = {label: rows["over_half"].iloc[0] for label, rows in groups.items()}
    strips = [
        (label, f"over half in {chance(odds[label])} of draws", rows["value"], rows["color"])
        for label, rows in groups.items()
    ]
    axes = _strips(strips, 0, max(1.0, table["value"].max()), 64)
    for ax in axes:
        style.half_behind(ax)
    half = {"xycoords": ("data", "axes fraction"), "va": "top"}
    style.beside(axes[0], "half", HALF, 1, 3, -2, **half)
    style.percent_axis(axes[-1])
    told = "; ".join(
        f"{label}: half of the dots lie between {percent(rows['value'].quantile(0.25))} and "
        f"{percent(rows['value'].quantile(0.75))}, over half of R&D compute with probability "
        f"{chance(odds[label])}"
        for label, rows in groups.items()
    )
    worst = max(odds, key=lambda label: (odds[label], label))
    dots = len(groups[worst])
    return Figure(
        tuple(axes),
        table,
        f"Each share as {dots} dots. {told}.",
        f"{worst} is over half in {chance(odds[worst])} of draws",
        f"{SHARE} as dots: each dot is one draw in {dots}, so count dots to read a probability",
    )


@style.chart
def pairs(table: pd.DataFrame) -> Figure:
    """Draw `shares.pair_dots`: one strip of dots a pair, coloured by the company that is higher."""
    strips, odds = [], {}
    for (higher, lower), rows in table.groupby(["higher", "lower"], sort=False):
        odds[higher, lower] = rows["probability"].iloc[0]
        words = f"{higher} higher in {chance(odds[higher, lower])} of draws"
        colors = rows["higher_color"].where(rows["value"] > 0, rows["lower_color"])
        strips.append((f"{higher} against {lower}", words, rows["value"], colors))
    axes = _strips(strips, table["value"].min() - 0.02, table["value"].max() + 0.02, 80)
    for ax in axes:
        highest = ax.collections[0].get_offsets()[:, 1].max()
        ax.plot([0, 0], [0, highest + 0.9], color=style.INK, lw=1, zorder=1)
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
        f"{len(strips[0][2])}, in the colour of the company that is higher.",
    )


def _strips(
    strips: list[tuple[str, str, pd.Series, pd.Series]], low: float, high: float, count: int
) -> list[Axes]:
    """Draw strips (name, finding, values, colours) on one scale: values as dots, which stand on
    each other where they fall into the same of about `count` equal bins from `low` to `high`.

    One bin ends at zero, so that none holds dots of both signs.
    """
    step = (high - low) / count
    edges = step * np.arange(np.floor(low / step), np.ceil(high / step) + 1)
    slot = 0.97 * style.WIDE / (len(edges) - 1)  # width of a bin in inches
    tall = [np.histogram(values, edges)[0].max() * slot + 0.36 for _, _, values, _ in strips]
    stacked = {"sharex": True, "height_ratios": tall}
    axes = style.sheet(style.WIDE, sum(tall) + 0.5, len(tall), **stacked)[:, 0]
    place = {"xycoords": "axes fraction", "va": "top", "fontsize": 10}
    for ax, height, (name, words, values, colors) in zip(axes, tall, strips, strict=True):
        bins = np.clip(np.digitize(values, edges) - 1, 0, len(edges) - 2)
        level = pd.Series(bins).groupby(bins).cumcount() + 0.5
        look = {"s": (0.9 * 72 * slot) ** 2, "c": list(colors), "linewidths": 0, "zorder": 3}
        ax.scatter((edges[bins] + edges[bins + 1]) / 2, level, **look)
        ax.annotate(name, (0, 1), fontweight="bold", **place)
        ax.annotate(words, (1, 1), ha="right", **place)
        ax.set(xlim=edges[[0, -1]], ylim=(0, height / slot), yticks=[])
        ax.grid(visible=False)
    return list(axes)
