"""Charts of shares and of what they are made of: the ratio, its variants, who is higher, cost and
dollars."""

from __future__ import annotations

import textwrap
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from training_share.analysis.shares import HALF, largest_runs
from training_share.model.estimates import Estimate
from training_share.report.charts.style import (
    BLUE,
    INK,
    NARROW,
    QUIET,
    REST,
    WIDE,
    beside,
    chart,
    column,
    despine,
    dollar_axis,
    half_line,
    interval_rows,
    percent_axis,
    reach,
    rows_of,
    sheet,
)
from training_share.report.figure import Figure, rounded
from training_share.report.text import (
    amount,
    chance,
    counted,
    end,
    interval,
    listed,
    money,
    percent,
    short,
    usd,
)

SHARE = "Share of R&D compute"
NOT_DISCLOSED = "not disclosed"
USES = {  # columns of `shares.dollars_table`: name, colour (None: the company's) and hatching
    "final_training": ("final training", None, ""),
    "other_rd": ("other R&D", REST, ""),
    "inference": ("inference", "white", "////"),
}
MISSING = "Only known releases are counted: a missing one would raise its company's share."


# --- the ratio ------------------------------------------------------------------------------------
def ratio_title(table: pd.DataFrame) -> str:
    """Return the finding of the ratio chart, as its numbers have it."""
    below = int((table["share_p50"] < HALF).sum())
    if len(table["company"].unique()) == 1:
        row = table.iloc[0]
        return f"{row.label}: final training runs took {percent(row.share_p50)} of R&D compute"
    every = "both" if len(table) == 2 else f"all {counted(len(table))}"
    if below == len(table):
        return f"Final training runs take a minority of R&D compute at {every} companies"
    if below:
        some = f"{counted(below)} of {counted(len(table))}"
        return f"Final training runs take a minority of R&D compute at {some} companies"
    return f"Final training runs take more than half of R&D compute at {every} companies"


@chart
def ratio(table: pd.DataFrame, source: str = "", narrow: bool = False) -> Figure:
    """Draw the ratio comparison chart: one bar a row of `shares.ratio_table`, from 0 to 100% of
    R&D compute.

    The filled part is final training (the median), the rest everything else; the line is the 90%
    interval and the diamond the printed share. `source` stands below; `narrow` is for phones.
    """
    tall = 1.0 if narrow else 0.82
    ax = sheet(NARROW if narrow else WIDE, tall * len(table) + 0.75)[0, 0]
    for place, row in enumerate(table.itertuples()):
        ax.barh(place, 1, height=0.4, color=REST, zorder=2)
        ax.barh(place, min(row.share_p50, 1), height=0.4, color=row.color, zorder=3)
        reach(ax, place, row.share_p5, row.share_p95)
        if row.published == row.published:
            ax.plot(row.published, place, "D", ms=8, mfc="white", mec=INK, mew=1.4, zorder=6)
        _ratio_words(ax, place, row, narrow)
        if narrow:
            half_line(ax, place - 0.2, place + 0.3, "")
    if not narrow:
        half_line(ax, -0.62, len(table) - 0.7)
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    ax.set_ylim(len(table) - 0.7, -0.9 if narrow else -0.8)
    ax.set_yticks([])
    ax.grid(visible=False)
    percent_axis(ax)
    despine(ax, left=True)
    _ratio_key(ax, table, narrow)
    return Figure(
        (ax,),
        table,
        ratio_alt(table),
        ratio_title(table),
        "Spending on compute for research and development (R&D). Coloured: the runs that made"
        " released models. Grey: the rest, such as experiments, failed runs and unreleased models.",
        " ".join(filter(None, [_weighted(table), MISSING, source])),
    )


def _ratio_words(ax: Axes, place: int, row, narrow: bool) -> None:
    """Write a bar's name and amounts over its left end, and its share over its right one."""
    above = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "bottom"}
    unit = getattr(row, "unit", "USD")
    amounts = f"{short(row.training_cost_p50, unit)} of {short(row.rd_compute, unit)}"
    amounts += "" if row.without else f", {row.spending_window}"
    ends = f"90% interval {end(row.share_p5)} to {end(row.share_p95)}"
    top = place - 0.22
    second = 14 if narrow else 0
    name = ax.annotate(
        row.label, (0, top), (0, 3 + second), fontsize=12, fontweight="bold", **above
    )
    share = percent(row.share_p50)
    ax.annotate(
        share, (1, top), (0, 3 + second), fontsize=13, fontweight="bold", ha="right", **above
    )
    quiet = {"fontsize": 9, "color": QUIET, "annotation_clip": False}
    if narrow:
        ax.annotate(amounts, (0, top), (0, 3), **quiet, **above)
        ax.annotate(
            ends.removeprefix("90% interval "), (1, top), (0, 3), ha="right", **quiet, **above
        )
        return
    side = {"textcoords": "offset points", "va": "baseline"}
    ax.annotate(amounts, (1, 0), (7, 3.2), xycoords=name, **quiet, **side)
    wide = 11.5 * 0.72 * len(share)  # the share's own letters, in points
    ax.annotate(ends, (1, top), (-wide - 6, 5), ha="right", **quiet, **above)


def _weighted(table: pd.DataFrame, mark: str = "") -> str:
    """Return which rows' draws evidence weights; "" where none's."""
    rows = [row for row in table.itertuples() if getattr(row, "evidence", "")]
    if not rows:
        return ""
    names = listed(dict.fromkeys(getattr(row, "scenario", "these settings") for row in rows))
    return f"{mark}Under {names} draws are weighted by evidence."


def _ratio_key(ax: Axes, table: pd.DataFrame, narrow: bool) -> None:
    """Say below the axis what each mark is."""
    colors = list(dict.fromkeys(table["color"]))
    keys: dict[str, object] = {
        "final training (median)": tuple(Patch(color=color) for color in colors),
        "the rest": Patch(color=REST),
        "nine draws in ten (90% interval)": Line2D(
            [], [], color=INK, marker="|", ms=8, mew=1.4, lw=1.4
        ),
    }
    if table["published"].notna().any():
        diamond = {"marker": "D", "ms": 7, "mfc": "white", "mec": INK, "mew": 1.3, "ls": ""}
        keys["as printed by Epoch AI"] = Line2D([], [], **diamond)
    below = ax.transAxes + ScaledTranslation(0, -0.33, ax.figure.dpi_scale_trans)
    ax.legend(
        keys.values(),
        keys.keys(),
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=below,
        ncols=2 if narrow else 4,
        fontsize=8.5,
        frameon=False,
        borderpad=0,
        handlelength=1.6,
        handletextpad=0.5,
        columnspacing=1.2,
    )


def ratio_alt(table: pd.DataFrame) -> str:
    """Return the alternative text of the ratio chart."""
    parts = [
        f"{panel}: "
        + ", ".join(f"{row.label} {interval(row, prefix='share_')}" for row in rows.itertuples())
        for panel, rows in table.groupby("panel", sort=False)
    ]
    printed = "; ".join(
        f"{row.label} {percent(row.published)}"
        for row in table.itertuples()
        if row.published == row.published
    )
    return (
        "Horizontal bars from 0 to 100% of R&D compute spending, final training runs against other "
        f"R&D, with the 90% interval and a line at 50%. {'. '.join(parts)}."
        + (f" As the newsletter prints them: {printed}." if printed else "")
    )


# --- scenarios and variants -----------------------------------------------------------------------
@chart
def scenarios(table: pd.DataFrame) -> Figure:
    """Draw `shares.ratio_table` whole as dots with their intervals, company by company: every
    scenario, and each with a group of runs left out; at the right how probable more than half is.
    """
    ax = sheet(WIDE, 0.27 * (len(table) + 2 * table["company"].nunique()) + 0.5)[0, 0]
    place, labels = 0.0, {}
    for _, rows in table.groupby("company", sort=False):
        color, name = (
            rows["color"].iloc[0],
            rows["label"].iloc[0].removesuffix(f", {rows['caveat'].iloc[0]}"),
        )
        beside(ax, name, 0, place, 1, fontweight="bold", fontsize=10.5, color=color)
        for row in rows.itertuples():
            place += 1
            without = f" without {row.without.title()}" if row.without else ""
            bound = f", {row.caveat}" if row.caveat else ""
            labels[place] = row.scenario + without + bound + ("*" if row.evidence else "")
            ax.plot(
                [row.share_p5, min(row.share_p95, 1)], [place] * 2, color=color, lw=2.6, alpha=0.5
            )
            hollow = {"mfc": "white"} if bound else {}
            ax.plot(row.share_p50, place, "o", color=color, ms=7, zorder=4, **hollow)
            if row.share_p95 > 1:
                beside(ax, f"▸ to {end(row.share_p95)}", 1, place, -2, fontsize=8)
            odds = chance(row.over_half).replace("less than ", "<")
            for text, x in ((percent(row.share_p50), 1.13), (odds, 1.29)):
                ax.text(x, place, text, ha="right", va="center", fontsize=10)
        place += 1.35
    for text, x in (("median", 1.13), ("over half", 1.29)):
        ax.text(x, 0, text, ha="right", va="center", fontsize=9, color=QUIET)
    half_line(ax, -0.6, place - 0.7)
    ax.axvspan(HALF, 1, color="#F1F1F1", zorder=0, lw=0)
    ax.set_yticks(list(labels), list(labels.values()), fontsize=10)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(place - 0.7, -0.6)
    ax.set_xlim(0, 1.3)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    percent_axis(ax)
    ax.grid(axis="y", visible=False)
    despine(ax, left=True)
    worst = table.loc[table["over_half"].idxmax()]
    above = table[table["share_p50"] > HALF]
    title = "The median is below half in every setting"
    if len(above):
        title = f"Over half in the median: {listed(above['label'] + ', ' + above['scenario'])}"
    elif worst.over_half >= 0.005:
        odds = chance(worst.over_half)
        title += f"; {worst.label} is over half in {odds} of draws under {worst.scenario}"
    parts = [
        f"{row.label} under {row.scenario} {interval(row, prefix='share_')}, over half with "
        f"probability {chance(row.over_half)}"
        for row in table.itertuples()
    ]
    return Figure(
        (ax,),
        table,
        f"Share of R&D compute by setting, median with 90% interval. {'; '.join(parts)}.",
        title,
        "Share of R&D compute that final training runs took: median (dot), 90% interval (line), "
        "and the probability of more than half",
        _weighted(table, "* "),
    )


@chart
def intervals(table: pd.DataFrame, color: str = BLUE) -> Figure:
    """Draw a share for each row of `table` (its index is the label): p5, p50 and p95, and the
    numbers at its right. Where a column `caveat` is filled the dot is hollow. A row without
    numbers says that it has none."""
    known = table["p50"].notna()
    rows = table[known]
    ax = sheet(WIDE, 0.32 * len(table) + 0.8)[0, 0]
    share_rows(ax, table, color)
    ax.set_xlabel(f"{SHARE}: {meaning(rows)}", fontsize=9)
    parts = [f"{label} {interval(row)}" for label, row in rows.iterrows()]
    none = "; ".join(table.index[~known])
    alt = f"{SHARE}, median with 90% interval: {'; '.join(parts)}."
    alt += f" Without an estimate: {none}." if none else ""
    low, high = rows["p50"].min(), rows["p50"].max()
    title = f"One choice changed at a time: the median goes from {percent(low)} to {percent(high)}"
    return Figure((ax,), table, alt, title)


def meaning(rows: pd.DataFrame) -> str:
    """Return what dots and lines of `share_rows` mean."""
    caveats = [name for name in rows.get("caveat", pd.Series()).unique() if name]
    return "median and 90% interval" + (f" (hollow: {' or '.join(caveats)})" if caveats else "")


def share_rows(ax: Axes, rows: pd.DataFrame, color: str, ends: bool = True) -> None:
    """Draw rows of shares with their medians at the right, and with `ends` their intervals too."""
    interval_rows(ax, rows, color)
    if "caveat" in rows:
        hollow = (rows["caveat"] != "").to_numpy()
        places = np.flatnonzero(hollow)
        ax.plot(rows["p50"][hollow], places, "o", mfc="white", mec=color, ms=6, zorder=4)
    for place, row in enumerate(rows.itertuples()):
        if row.p50 != row.p50:
            beside(ax, "no estimate: see the note", 0, place, color=QUIET)
            continue
        if not ends:
            beside(ax, percent(row.p50), row.p95, place)
            continue
        column(ax, interval(row), place)
        if row.p95 > 1:
            ax.plot(1, place, ">", color=color, ms=7, zorder=4, clip_on=False)
    percent_axis(ax)
    ax.set_xlim(0, min(1.05 * rows["p95"].max(), 1) if ends else 1.17 * rows["p95"].max())
    if ax.get_xlim()[1] > HALF:
        ax.axvline(HALF, color=INK, lw=1, ls=(0, (4, 3)), zorder=1)


# --- distributions --------------------------------------------------------------------------------
@chart
def distributions(table: pd.DataFrame) -> Figure:
    """Draw `shares.share_dots`: one strip of dots a row of labels, each dot one draw in fifty."""
    strips = list(table.groupby("label", sort=False))
    high = max(1.0, table["value"].max())
    edges = _edges(0, high, 64)
    axes = _strips([rows["value"].to_numpy() for _, rows in strips], edges)
    for ax, (label, rows) in zip(axes, strips, strict=True):
        _stack(ax, rows["value"].to_numpy(), list(rows["color"]), edges)
        ax.axvline(HALF, color=INK, lw=1, ls=(0, (4, 3)), zorder=1)
        words = f"over half in {chance(rows['over_half'].iloc[0])} of draws"
        _strip_words(ax, label, words)
    axes[0].annotate(
        "half", (HALF, 1), (3, -2), xycoords=("data", "axes fraction"), va="top", fontsize=9,
        textcoords="offset points",
    )  # fmt: skip
    percent_axis(axes[-1])
    parts = [
        f"{label}: half of the dots lie between {percent(rows['value'].quantile(0.25))} and "
        f"{percent(rows['value'].quantile(0.75))}, over half of R&D compute with probability "
        f"{chance(rows['over_half'].iloc[0])}"
        for label, rows in strips
    ]
    worst = max((rows["over_half"].iloc[0], label) for label, rows in strips)
    return Figure(
        tuple(axes),
        table,
        f"Each share as {len(strips[0][1])} dots. {'; '.join(parts)}.",
        f"{worst[1]} is over half in {chance(worst[0])} of draws",
        f"{SHARE} as dots: each dot is one draw in {len(strips[0][1])}, so count dots to read a "
        "probability",
    )


@chart
def pairs(table: pd.DataFrame) -> Figure:
    """Draw `shares.pair_dots`: one strip of dots a pair, coloured by the company that is higher."""
    strips = list(table.groupby(["higher", "lower"], sort=False))
    low, high = table["value"].min() - 0.02, table["value"].max() + 0.02
    edges = _edges(low, high, 80)
    axes = _strips([rows["value"].to_numpy() for _, rows in strips], edges)
    for ax, ((higher, lower), rows) in zip(axes, strips, strict=True):
        first = rows.iloc[0]
        above = rows["value"] > 0
        colors = np.where(above, first["higher_color"], first["lower_color"])
        _stack(ax, rows["value"].to_numpy(), list(colors), edges)
        tall = np.histogram(rows["value"], edges)[0].max()
        ax.plot([0, 0], [0, tall + 0.4], color=INK, lw=1, zorder=1)
        words = f"{higher} higher in {chance(first['probability'])} of draws"
        _strip_words(ax, f"{higher} against {lower}", words)
    axes[-1].xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.0f}" if value else "0")
    axes[-1].set_xlabel(
        "◂ the second is higher      difference in percentage points      the first is higher ▸",
        fontsize=9,
    )
    parts = [
        f"{higher} above {lower} with probability {chance(rows['probability'].iloc[0])}"
        for (higher, lower), rows in strips
    ]
    odds = {names: rows["probability"].iloc[0] for names, rows in strips}
    (above, below), most = max(odds.items(), key=lambda pair: pair[1])
    title = f"{above} is above {below} in {chance(most)} of draws"
    for (higher, lower), probability in odds.items():
        if lower == below and higher.startswith(f"{above} without"):
            title += f",{higher.removeprefix(above)} in {chance(probability)}"
    return Figure(
        tuple(axes),
        table,
        f"Differences of shares, draw by draw, as dots coloured by who is higher. "
        f"{'; '.join(parts)}.",
        title,
        f"Who is higher: the difference of two shares in the same draw. Each dot is one draw in "
        f"{len(strips[0][1])}, in the colour of the company that is higher.",
    )


def _edges(low: float, high: float, count: int) -> np.ndarray:
    """Return the ends of about `count` equal bins from `low` to `high`, one of them at zero, so
    that no bin holds dots of both signs."""
    step = (high - low) / count
    return step * np.arange(np.floor(low / step), np.ceil(high / step) + 1)


def _strips(values: list[np.ndarray], edges: np.ndarray) -> list[Axes]:
    """Return axes on one scale, one a strip, each as tall as its dots stack."""
    slot = 0.97 * WIDE / (len(edges) - 1)
    tall = [np.histogram(one, edges)[0].max() * slot + 0.36 for one in values]
    axes = sheet(WIDE, sum(tall) + 0.5, len(values), sharex=True, height_ratios=tall)[:, 0]
    for ax, height in zip(axes, tall, strict=True):
        ax.set(xlim=edges[[0, -1]], ylim=(0, height / slot), yticks=[])
        ax.grid(visible=False)
        despine(ax, left=True)
    return list(axes)


def _stack(ax: Axes, values: np.ndarray, colors: list[str], edges: np.ndarray) -> None:
    """Draw values as dots that stand on each other where they fall into the same bin."""
    bins = np.clip(np.digitize(values, edges) - 1, 0, len(edges) - 2)
    level = pd.Series(bins).groupby(bins).cumcount()
    middle = (edges[bins] + edges[bins + 1]) / 2
    size = (0.9 * 72 * 0.97 * WIDE / (len(edges) - 1)) ** 2
    ax.scatter(middle, level + 0.5, s=size, c=colors, linewidths=0, zorder=3)


def _strip_words(ax: Axes, name: str, words: str) -> None:
    """Write a strip's name and finding over its dots."""
    place = {"xycoords": "axes fraction", "va": "top", "fontsize": 10, "annotation_clip": False}
    ax.annotate(name, (0, 1), fontweight="bold", **place)
    ax.annotate(words, (1, 1), ha="right", **place)


# --- cost -----------------------------------------------------------------------------------------
@chart
def cost(est: Estimate) -> Figure:
    """Draw `shares.largest_runs`: the total, then the largest runs by name, then the others
    pooled, as bars on a linear axis."""
    table = rounded(largest_runs(est))
    words, brief = partial(amount, unit=est.unit), partial(short, unit=est.unit)
    ax = sheet(WIDE, 0.34 * len(table) + 0.7)[0, 0]
    color = est.company_row.color
    what = "Cost at rental prices" if est.unit == "USD" else est.unit
    for place, row in enumerate(table.itertuples()):
        ax.barh(place, row.p50, height=0.62, color=color, alpha=1 if place == 0 else 0.65, zorder=2)
        ax.plot([row.p5, row.p95], [place] * 2, "|-", color=INK, lw=1.2, ms=7, zorder=3)
        text = interval(row, brief)
        column(ax, text, place, fontweight="bold" if place == 0 else "normal")
    rows_of(ax, [textwrap.fill(label, 30) for label in table.index])
    dollar_axis(ax, est.unit)
    ax.set_xlim(0, 1.04 * table["p95"].max())
    ax.locator_params(axis="x", nbins=5)
    ax.set_xlabel(f"{what}: median (bar) and 90% interval (line)", fontsize=9)
    top = table.iloc[1:][table["runs"].iloc[1:] == 1]
    names = "; ".join(f"{label} {words(row.p50)}" for label, row in top.head(3).iterrows())
    alt = (
        "Cost of training runs, median with 90% interval. Total "
        f"{interval(table.iloc[0], words)}; costliest runs: {names}."
    )
    part = top["p50"].iloc[0] / table["p50"].iloc[0]
    title = f"{top.index[0]} is the largest run: {words(top['p50'].iloc[0])}" + (
        f" of {words(table['p50'].iloc[0])}" if part < 1 and len(top) > 1 else ""
    )
    return Figure(
        (ax,),
        table,
        alt,
        title,
        f"{est.company_row.display_name}: cost of the final training runs, in medians, which do"
        " not add up to the median of the total",
    )


@chart
def every_run(est: Estimate) -> Figure:
    """Draw `Estimate.cost_table()`: the total, then each run, the costliest first, on a logarithmic
    axis."""
    table = rounded(est.cost_table())
    runs = table.drop(index="total").sort_values("p50", ascending=False, kind="stable")
    rows = pd.concat([table.loc[["total"]], runs])
    ax = sheet(9, 0.34 * len(rows) + 1.0)[0, 0]
    interval_rows(ax, rows, est.company_row.color)
    for place, row in enumerate(rows.itertuples()):
        beside(ax, interval(row, partial(short, unit=est.unit)), row.p95, place)
    what = "Cost" if est.unit == "USD" else est.unit
    ax.set_xlabel(f"{what}, logarithmic axis: median and 90% interval", fontsize=9)
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
    """Draw `shares.dollars_table`: one bar a company as parts of all its compute spending, with the
    amounts, so that companies of different size stand on one scale."""
    ax = sheet(WIDE, 0.8 * len(table) + 0.5)[0, 0]
    for place, row in enumerate(table.itertuples()):
        amounts, left = _disclosed(row), 0.0
        for use, spent in amounts.items():
            _, color, hatch = USES[use]
            part = spent / sum(amounts.values())
            edge = {"hatch": hatch, "edgecolor": "#888888" if hatch else "white"}
            ax.barh(place, part, 0.4, left, color=color or row.color, zorder=2, **edge)
            left += part
        above = {"textcoords": "offset points", "va": "bottom"}
        ax.annotate(row.label, (0, place - 0.22), (0, 3), fontsize=12, fontweight="bold", **above)
        words = ", ".join(
            f"{name} {usd(amounts[use]) if use in amounts else NOT_DISCLOSED}"
            for use, (name, *_) in USES.items()
        )
        ax.annotate(words, (1, place - 0.22), (0, 3), fontsize=9, color=QUIET, ha="right", **above)
    ax.set_xlim(0, 1)
    ax.set_ylim(len(table) - 0.7, -0.75)
    ax.set_yticks([])
    ax.grid(visible=False)
    percent_axis(ax)
    despine(ax, left=True)
    ax.set_xlabel(
        "Parts of each company's compute spending: final training (coloured), other R&D (grey), "
        "inference (hatched)",
        fontsize=9,
    )
    parts = [
        f"{row.label} {money(row.final_training)} final training, {money(row.other_rd)} other R&D, "
        f"{money(row.inference) if 'inference' in _disclosed(row) else NOT_DISCLOSED} inference"
        for row in table.itertuples()
    ]
    most = listed(
        f"{100 * row.final_training / sum(_disclosed(row).values()):.0f}%"
        for row in table.itertuples()
    )
    return Figure(
        (ax,),
        table,
        f"Compute spending by use. {'; '.join(parts)}.",
        f"With inference counted too, final training runs are {most} of compute spending",
        f"{listed(table['label'])}: spending on compute by use. Inference is running models for"
        " users.",
    )


def _disclosed(row) -> dict[str, float]:
    """Return the amounts of a row by use, those that are known."""
    amounts = {use: getattr(row, use) for use in USES}
    return {use: amount for use, amount in amounts.items() if amount == amount}
