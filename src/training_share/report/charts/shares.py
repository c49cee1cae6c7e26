"""Charts of shares by setting, and the rows with their intervals that other charts draw too."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from training_share.report.charts import style
from training_share.report.charts.style import EDGE, QUIET, beside
from training_share.report.figure import Figure
from training_share.report.shares import HALF
from training_share.report.text import brief_chance, chance, end, interval, listed, percent

SHARE = "Share of R&D compute"
COLUMNS = {"median": 1.13, "over half": 1.29}  # at the right of `scenarios`: head and place


def weighted(table: pd.DataFrame, mark: str = "") -> str:
    """Return under which scenarios of a ratio table evidence weights draws; "" where none."""
    names = table.loc[table["evidence"] != "", "scenario"].unique()
    return f"{mark}Under {listed(names)} draws are weighted by evidence." if len(names) else ""


@style.chart
def scenarios(table: pd.DataFrame) -> Figure:
    """Draw `shares.ratio_table` whole as dots with their intervals, company by company: every
    scenario, and each with a group of runs left out; at the right how probable more than half is.
    """
    height = 0.27 * (len(table) + 2 * table["company"].nunique()) + 0.5
    ax = style.sheet(style.WIDE, height)[0, 0]
    right = {"ha": "right", "va": "center"}
    place, labels = 0.0, {}
    for _, rows in table.groupby("company", sort=False):
        first = rows.iloc[0]
        color, name = first.color, first.label.removesuffix(f", {first.caveat}")
        beside(ax, name, 0, place, 1, fontweight="bold", fontsize=10.5, color=color)
        for row in rows.itertuples():
            place += 1
            without = f" without {row.without.title()}" if row.without else ""
            bound = f", {row.caveat}" if row.caveat else ""
            labels[place] = row.scenario + without + bound + ("*" if row.evidence else "")
            ends = [row.share_p5, min(row.share_p95, 1)]
            ax.plot(ends, [place] * 2, color=color, lw=2.6, alpha=0.5)
            hollow = {"mfc": "white"} if bound else {}
            ax.plot(row.share_p50, place, "o", color=color, ms=7, zorder=4, **hollow)
            if row.share_p95 > 1:
                beside(ax, f"▸ to {end(row.share_p95)}", 1, place, -2, fontsize=8)
            told = percent(row.share_p50), brief_chance(row.over_half)
            for text, x in zip(told, COLUMNS.values(), strict=True):
                ax.text(x, place, text, **right)
        place += 1.35
    for text, x in COLUMNS.items():
        ax.text(x, 0, text, fontsize=9, color=QUIET, **right)
    style.half_line(ax, -0.6, place - 0.7)
    ax.axvspan(HALF, 1, color="#F1F1F1", zorder=0, lw=0)
    ax.set_yticks(list(labels), list(labels.values()))
    ax.set(ylim=(place - 0.7, -0.6), xlim=(0, 1.3), xticks=[0, 0.25, 0.5, 0.75, 1])
    style.percent_axis(ax)
    told = "; ".join(
        f"{row.label} under {row.scenario} {interval(row, prefix='share_')}, over half with "
        f"probability {chance(row.over_half)}"
        for row in table.itertuples()
    )
    return Figure(
        (ax,),
        table,
        f"{SHARE} by setting, median with 90% interval. {told}.",
        _finding(table),
        f"{SHARE} that final training runs took: median (dot), 90% interval (line), "
        "and the probability of more than half",
        weighted(table, "* "),
    )


def _finding(table: pd.DataFrame) -> str:
    """Return which settings have a median over half, or else where more than half is likeliest."""
    above = table[table["share_p50"] > HALF]
    if len(above):
        return f"Over half in the median: {listed(above['label'] + ', ' + above['scenario'])}"
    title = "The median is below half in every setting"
    worst = table.loc[table["over_half"].idxmax()]
    if worst.over_half < 0.005:
        return title
    odds = chance(worst.over_half)
    return f"{title}; {worst.label} is over half in {odds} of draws under {worst.scenario}"


@style.chart
def intervals(table: pd.DataFrame, color: str = style.BLUE) -> Figure:
    """Draw a share for each row of `table` (its index is the label): p5, p50 and p95, and the
    numbers at its right. Where a column `caveat` is filled the dot is hollow. A row without
    numbers says that it has none."""
    rows = table.dropna(subset=["p50"])
    ax = style.sheet(style.WIDE, 0.32 * len(table) + 0.8)[0, 0]
    share_rows(ax, table, color)
    ax.set_xlabel(f"{SHARE}: {meaning(rows)}")
    told = "; ".join(f"{label} {interval(row)}" for label, row in rows.iterrows())
    none = "; ".join(table.index[table["p50"].isna()])
    alt = f"{SHARE}, median with 90% interval: {told}."
    alt += f" Without an estimate: {none}." if none else ""
    low, high = rows["p50"].min(), rows["p50"].max()
    title = f"One choice changed at a time: the median goes from {percent(low)} to {percent(high)}"
    return Figure((ax,), table, alt, title)


def meaning(rows: pd.DataFrame) -> str:
    """Return what dots and lines of `share_rows` mean."""
    caveats = [name for name in rows.get("caveat", pd.Series()).unique() if name]
    return "median and 90% interval" + (f" (hollow: {' or '.join(caveats)})" if caveats else "")


def share_rows(ax: Axes, rows: pd.DataFrame, color: str) -> None:
    """Draw rows of shares with their medians and intervals at the right."""
    style.interval_rows(ax, rows, color)
    if "caveat" in rows:
        hollow = (rows["caveat"] != "").to_numpy()
        places = np.flatnonzero(hollow)
        ax.plot(rows["p50"][hollow], places, "o", mfc="white", mec=color, ms=6, zorder=4)
    for place, row in enumerate(rows.itertuples()):
        if row.p50 != row.p50:
            beside(ax, "no estimate: see the note", 0, place, color=QUIET)
        else:
            beside(ax, interval(row), 1, place, 8, xycoords=EDGE)
        if row.p95 > 1:
            ax.plot(1, place, ">", color=color, ms=7, zorder=4, clip_on=False)
    style.percent_axis(ax)
    ax.set_xlim(0, min(1.05 * rows["p95"].max(), 1))
    if ax.get_xlim()[1] > HALF:
        style.half_behind(ax)
