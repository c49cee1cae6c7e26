"""Charts of amounts: what the runs cost, and what all compute spending went to."""

import textwrap
from collections.abc import Callable
from functools import partial

import pandas as pd

from training_share.model.estimate import Estimate
from training_share.report.charts import style
from training_share.report.charts.style import EDGE, INK, beside
from training_share.report.figure import Figure, rounded
from training_share.report.shares import largest_runs
from training_share.report.text import amount, interval, listed, short

USES = {  # columns of `shares.dollars_table`: name, colour (None: the company's) and hatching
    "final_training": ("final training", None, ""),
    "other_rd": ("other R&D", style.REST, ""),
    "inference": ("inference", "white", "////"),
}


@style.chart
def cost(est: Estimate) -> Figure:
    """Draw `shares.largest_runs`: the total, then the largest runs by name, then the others
    pooled, as bars on a linear axis."""
    table = rounded(largest_runs(est))
    words, brief = partial(amount, unit=est.unit), partial(short, unit=est.unit)
    name, color = est.company_row.display_name, est.company_row.color
    ax = style.sheet(style.WIDE, 0.34 * len(table) + 0.7)[0, 0]
    for place, row in enumerate(table.itertuples()):
        alpha, weight = (0.65, "normal") if place else (1, "bold")
        ax.barh(place, row.p50, height=0.62, color=color, alpha=alpha, zorder=2)
        ax.plot([row.p5, row.p95], [place] * 2, "|-", color=INK, lw=1.2, ms=7, zorder=3)
        beside(ax, interval(row, brief), 1, place, 8, xycoords=EDGE, fontweight=weight)
    style.rows_of(ax, [textwrap.fill(label, 30) for label in table.index])
    ax.xaxis.set_major_formatter(lambda value, _: brief(value) if value else "0")
    ax.locator_params(axis="x", nbins=5)
    what = "Cost at rental prices" if est.unit == "USD" else est.unit
    ax.set_xlim(0, 1.04 * table["p95"].max())
    ax.set_xlabel(f"{what}: median (bar) and 90% interval (line)")
    total, top = table.iloc[0], table.iloc[1:].query("runs == 1")
    first = top.iloc[0]
    names = "; ".join(f"{label} {words(row.p50)}" for label, row in top.head(3).iterrows())
    part = f" of {words(total.p50)}" if first.p50 < total.p50 and len(top) > 1 else ""
    return Figure(
        (ax,),
        table,
        "Cost of training runs, median with 90% interval. Total "
        f"{interval(total, words)}; costliest runs: {names}.",
        f"{first.name} is the largest run: {words(first.p50)}{part}",
        f"{name}: cost of the final training runs, in medians, which do not add up to the median"
        " of the total",
    )


@style.chart
def dollars(table: pd.DataFrame) -> Figure:
    """Draw `shares.dollars_table`: one bar a company as parts of all its compute spending, with the
    amounts, so that companies of different size stand on one scale."""
    ax = style.sheet(style.WIDE, 0.8 * len(table) + 0.5)[0, 0]
    spent = table[list(USES)]
    parts = spent.div(spent.sum(axis=1), axis=0)  # what is not disclosed is no part
    names = {use: name for use, (name, *_) in USES.items()}
    for place, row in enumerate(table.itertuples()):
        left = 0.0
        for use, part in parts.iloc[place].dropna().items():
            _, color, hatch = USES[use]
            edge = {"hatch": hatch, "edgecolor": "#888888" if hatch else "white"}
            ax.barh(place, part, 0.4, left, color=color or row.color, zorder=2, **edge)
            left += part
        words = ", ".join(f"{name} {_told(row, use, short)}" for use, name in names.items())
        over = {"va": "bottom", "rise": 3}
        beside(ax, row.label, 0, place - 0.22, 0, fontsize=12, fontweight="bold", **over)
        beside(ax, words, 1, place - 0.22, 0, ha="right", color=style.QUIET, **over)
    style.parts_axes(ax, len(table), 0.75)
    ax.set_xlabel(
        "Parts of each company's compute spending: final training (coloured), other R&D (grey), "
        "inference (hatched)"
    )
    told = "; ".join(
        f"{row.label} "
        + ", ".join(f"{_told(row, use, amount)} {name}" for use, name in names.items())
        for row in table.itertuples()
    )
    most = listed(f"{100 * part:.0f}%" for part in parts["final_training"])
    return Figure(
        (ax,),
        table,
        f"Compute spending by use. {told}.",
        f"With inference counted too, final training runs are {most} of compute spending",
        f"{listed(table['label'])}: spending on compute by use. Inference is running models for"
        " users.",
    )


def _told(row, use: str, words: Callable[[float], str]) -> str:
    """Return the amount of a row for a use in words."""
    spent = getattr(row, use)
    return words(spent) if spent == spent else "not disclosed"
