"""The ratio comparison chart: final training runs as a part of R&D compute, one bar a company."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from training_share.report.charts import style
from training_share.report.charts.shares import weighted
from training_share.report.charts.style import EDGE, INK, QUIET, REST, beside
from training_share.report.figure import Figure
from training_share.report.shares import HALF
from training_share.report.text import by_name, counted, end, interval, percent, short

MISSING = "Only known releases are counted: a missing one would raise its company's share."


@style.chart
def ratio(table: pd.DataFrame, source: str = "", narrow: bool = False) -> Figure:
    """Draw the ratio comparison chart: one bar a row of `shares.ratio_table`, from 0 to 100% of
    R&D compute.

    The filled part is final training (the median), the rest everything else; the line is the 90%
    interval and the diamond the printed share. `source` stands below; `narrow` is for phones.
    """
    width, tall = (style.NARROW, 1.0) if narrow else (style.WIDE, 0.82)
    ax = style.sheet(width, tall * len(table) + 0.75)[0, 0]
    narrow = narrow or style.room(ax) < 5.5
    for place, row in enumerate(table.itertuples()):
        ax.barh(place, 1, height=0.4, color=REST, zorder=2)
        ax.barh(place, min(row.share_p50, 1), height=0.4, color=row.color, zorder=3)
        _reach(ax, place, row.share_p5, row.share_p95)
        if row.published == row.published:
            ax.plot(row.published, place, "D", ms=8, mfc="white", mec=INK, mew=1.4, zorder=6)
        _words(ax, place, row, narrow)
        if narrow:
            style.half_line(ax, place - 0.2, place + 0.3, "")
    if not narrow:
        style.half_line(ax, -0.62, len(table) - 0.7)
    style.parts_axes(ax, len(table), 0.9 if narrow else 0.8)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    if narrow:  # no room beside the line itself
        ax.set_xticklabels(["0%", "25%", "half", "75%", "100%"])
    _key(ax, table, narrow)
    return Figure(
        (ax,),
        table,
        ratio_alt(table),
        ratio_title(table),
        "Spending on compute for research and development (R&D). Coloured: the runs that made"
        " released models. Grey: the rest, such as experiments, failed runs and unreleased models.",
        " ".join(filter(None, [weighted(table), MISSING, source])),
    )


def ratio_title(table: pd.DataFrame) -> str:
    """Return the finding of the ratio chart, as its numbers have it."""
    if table["company"].nunique() == 1:
        row = table.iloc[0]
        return f"{row.label}: final training runs took {percent(row.share_p50)} of R&D compute"
    below = int((table["share_p50"] < HALF).sum())
    where = "both" if len(table) == 2 else f"all {counted(len(table))}"
    if 0 < below < len(table):
        where = f"{counted(below)} of {counted(len(table))}"
    what = "a minority" if below else "more than half"
    return f"Final training runs take {what} of R&D compute at {where} companies"


def ratio_alt(table: pd.DataFrame) -> str:
    """Return the alternative text of the ratio chart."""
    printed = "; ".join(
        f"{row.label} {percent(row.published)}"
        for row in table.dropna(subset=["published"]).itertuples()
    )
    shares = by_name(
        table.groupby("panel", sort=False),
        lambda row: f"{row.label} {interval(row, prefix='share_')}",
    )
    return (
        "Horizontal bars from 0 to 100% of R&D compute spending, final training runs against other "
        f"R&D, with the 90% interval and a line at 50%. {shares}."
        + (f" As the newsletter prints them: {printed}." if printed else "")
    )


def _reach(ax: Axes, place: int, low: float, high: float) -> None:
    """Draw a 90% interval over a bar; beyond 100% it ends in an arrow."""
    beyond = high > 1
    ax.plot([min(low, 1), min(high, 1)], [place] * 2, color=INK, lw=1.5, zorder=4)
    ends = [low] if beyond else [low, high]
    ax.plot(ends, [place] * len(ends), "|", color=INK, ms=11, mew=1.5, zorder=4)
    if beyond:
        ax.plot(1, place, ">", color=INK, ms=8, zorder=4, clip_on=False)


def _words(ax: Axes, place: int, row, narrow: bool) -> None:
    """Write a bar's name and amounts over its left end, and its share over its right one."""
    share, ends = percent(row.share_p50), f"{end(row.share_p5)} to {end(row.share_p95)}"
    amounts = f"{short(row.training_cost_p50, row.unit)} of {short(row.rd_compute, row.unit)}"
    amounts += "" if row.without else f", {row.spending_window}"
    top, rise = place - 0.22, 17 if narrow else 3
    bold = {"xycoords": EDGE, "va": "bottom", "fontweight": "bold"}
    quiet = {"xycoords": EDGE, "va": "bottom", "color": QUIET}
    name = beside(ax, row.label, 0, top, 0, rise, fontsize=12, **bold)
    beside(ax, share, 1, top, 0, rise, ha="right", fontsize=13, **bold)
    if narrow:
        beside(ax, amounts if style.room(ax) > 3.9 else "", 0, top, 0, 3, **quiet)
        beside(ax, ends, 1, top, 0, 3, ha="right", **quiet)
    else:
        beside(ax, amounts, 1, 0, 7, 3.2, **quiet | {"xycoords": name, "va": "baseline"})
        wide = 11.5 * 0.72 * len(share)  # the share's own letters, in points
        beside(ax, f"90% interval {ends}", 1, top, -wide - 6, 5, **quiet)


def _key(ax: Axes, table: pd.DataFrame, narrow: bool) -> None:
    """Say below the axis what each mark is."""
    line = {"color": INK, "marker": "|", "ms": 8, "mew": 1.4, "lw": 1.4}
    keys: dict[str, object] = {
        "final training (median)": tuple(Patch(color=color) for color in table["color"].unique()),
        "the rest": Patch(color=REST),
        "nine draws in ten (90% interval)": Line2D([], [], **line),
    }
    if table["published"].notna().any():
        diamond = {"marker": "D", "ms": 7, "mfc": "white", "mec": INK, "mew": 1.3, "ls": ""}
        keys["as printed by Epoch AI"] = Line2D([], [], **diamond)
    below = ax.transAxes + ScaledTranslation(0, -0.33, ax.figure.dpi_scale_trans)
    where = {"loc": "upper left", "bbox_to_anchor": (0, 0), "bbox_transform": below}
    look = {"fontsize": 8.5, "frameon": False, "ncols": 2 if narrow else 4}
    room = {"borderpad": 0, "handlelength": 1.6, "handletextpad": 0.5, "columnspacing": 1.2}
    side_by_side = {tuple: HandlerTuple(ndivide=None, pad=0)}
    ax.legend(keys.values(), keys.keys(), handler_map=side_by_side, **where, **look, **room)
