"""Charts of how far the claim holds: what drives the share, two assumptions at a time, one alone,
what would settle it, windows and lags."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from training_share.analysis.shares import HALF, stacked
from training_share.report.charts import style
from training_share.report.charts.shares import SHARE, meaning, share_rows
from training_share.report.charts.style import DOWN, INK, QUIET, UP, beside
from training_share.report.figure import Figure
from training_share.report.text import by_name, listed, percent

MOST_ROWS = 8  # of a chart of drivers
BRIGHT = 53  # percent from which dark digits contrast with the colour of a cell better than white
UNLIKELY = 0.01  # chance below which a mark is hollow
LABELS = {
    "mfu": "MFU",
    "mfu_rl": "RL MFU",
    "price_usd_per_gpu_hour": "Price (USD per GPU-hour)",
    "rl_fraction": "RL compute as a fraction of the base run's",
}


@style.chart
def drivers(table: pd.DataFrame, tornado: pd.DataFrame) -> Figure:
    """Draw `Estimate.tornado()` at the left and `Estimate.drivers()` at the right, one row a
    driver.

    Rows follow the order of `table`, at most the first eight. Left: the share with one driver at
    its p10 and at its p90. Right: its total share of the variance (pale) with the
    part it makes on its own (full).
    """
    rows = table.head(MOST_ROWS).merge(
        tornado, on="driver", validate="one_to_one", suffixes=("", "_tornado")
    )
    sides = {"columns": 2, "sharey": True, "width_ratios": (3, 2)}
    left, right = style.sheet(10, 0.45 * len(rows) + 1.6, **sides)[0]
    _draw_tornado(left, rows)
    _draw_indices(right, rows)
    left.set_yticks(range(len(rows)), rows["driver"])
    left.set_ylim(len(rows) - 0.45, -0.75)
    style.percent_axis(left)
    style.percent_axis(right)
    top = table.sort_values("total", ascending=False, kind="stable").head(3)
    told = "; ".join(f"{row.driver} {percent(max(row.total, 0))}" for row in top.itertuples())
    return Figure(
        (left, right),
        table,
        "What drives the spread of the share: the swing when one input goes from its 10th to its "
        "90th percentile, and the part of the variance it takes part in (total Sobol index). "
        f"Largest: {told}.",
        f"{top['driver'].iloc[0]} makes the share most uncertain",
        "Left: the share with one input low (its 10th percentile, p10) or high (p90). Right: the"
        " part of the spread that an input takes part in, alone (full) and with others (pale).",
    )


def _draw_tornado(ax: Axes, rows: pd.DataFrame) -> None:
    places, median = np.arange(len(rows)), rows["share_median"].iloc[0]
    for column, name in (("share_low", "p10"), ("share_high", "p90")):
        colors = [UP if value > median else DOWN for value in rows[column]]
        ax.barh(places, rows[column] - median, left=median, height=0.6, color=colors, zorder=2)
        for place, value, color in zip(places, rows[column], colors, strict=True):
            first = place == 0
            text = f"{name} {percent(value)}" if first else percent(value)
            gap = 4 if value > median or (first and value == median) else -4
            weight = "bold" if first else "normal"
            beside(ax, text, value, place, gap, color=color, fontweight=weight)
    ax.axvline(median, color=INK, lw=1, zorder=3)
    beside(ax, f"all at their medians: {percent(median)}", median, -0.42, 4, va="bottom")
    ax.set_title("Share with one input at its p10 and p90")
    ax.set_xlabel("Training share of R&D compute")
    ax.margins(x=0.25)


def _draw_indices(ax: Axes, rows: pd.DataFrame) -> None:
    places, total = np.arange(len(rows)), rows["total"].clip(lower=0)
    ax.barh(places, total, height=0.6, color=QUIET, alpha=0.35, zorder=2)
    ax.barh(places, rows["first_order"].clip(lower=0), height=0.6, color=QUIET, zorder=3)
    known = (rows["total_conf"] > 0).to_numpy()  # an input on its own is exactly all of it
    errors = rows["total_conf"][known]
    line = {"fmt": "none", "color": INK, "lw": 1, "capsize": 3, "zorder": 4}
    ax.errorbar(total[known], places[known], xerr=errors, **line)
    for place, part, error in zip(places, total, rows["total_conf"], strict=True):
        beside(ax, f"{100 * part:.0f}%", part + error, place, 5)
    ax.set_title("Part of the variance of the share")
    ax.set_xlabel("Sobol index, total with its 95% interval")
    ax.margins(x=0.15)
    ax.set_xlim(left=0)


@style.chart
def surface(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw `sensitivity.surface` of several companies side by side: the median share in percent by
    two assumptions.

    Cells above half are framed, so that the crossing shows without colour.
    """
    axes = style.sheet(5.4 * len(tables) + 0.6, 4.3, columns=len(tables))[0]
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        _cells(ax, 100 * table.iloc[::-1])
        ax.set_title(f"{name}: median share in %")
        ax.set_xlabel(LABELS.get(table.columns.name, table.columns.name), fontsize=11)
        ax.set_ylabel(LABELS.get(table.index.name, table.index.name), fontsize=11)
    told = ". ".join(
        f"{name}: {percent(cells.min())} to {percent(cells.max())}, above 50% in "
        f"{(cells > HALF).sum()} of {cells.size} cells"
        for name, cells in ((name, table.to_numpy()) for name, table in tables.items())
    )
    first = next(iter(tables.values()))
    alt = f"Median share by {first.index.name} and {first.columns.name}. {told}."
    return Figure(tuple(axes), stacked(tables, "company"), alt)


def _cells(ax: Axes, percentages: pd.DataFrame) -> None:
    """Draw a table as coloured cells with their numbers, its first row on top."""
    ax.pcolormesh(percentages, cmap="cividis", vmin=0, vmax=100, linewidths=1, edgecolor="white")
    for (row, column), value in np.ndenumerate(percentages.to_numpy()):
        ink = ".15" if value >= BRIGHT else "w"
        middle = column + 0.5, row + 0.5
        ax.text(*middle, f"{value:.0f}", color=ink, ha="center", va="center", fontsize=9)
        if value > 100 * HALF:
            frame = {"fill": False, "ec": INK, "lw": 2.4, "clip_on": False}
            ax.add_patch(Rectangle((column, row), 1, 1, **frame))
    height, width = percentages.shape
    ax.set_xticks(np.arange(width) + 0.5, percentages.columns)
    ax.set_yticks(np.arange(height) + 0.5, percentages.index, va="center")
    ax.set(xlim=(0, width), ylim=(height, 0))
    ax.grid(axis="y")
    ax.spines.bottom.set_visible(False)


@style.chart
def settling(tables: dict[str, pd.DataFrame], colors: dict[str, str]) -> Figure:
    """Draw `information.what_would_settle` of several companies side by side: the expected width of
    the share's 90% interval once one quantity is known, beside the width as it is (grey)."""
    most = max(map(len, tables.values()))
    axes = style.sheet(11.5, 0.34 * most + 1.2, columns=len(tables))[0]
    best, told = [], []
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        places, widths, now = range(len(table)), 100 * table["width"], 100 * table["now"].iloc[0]
        whole = ax.barh(places, now, height=0.62, color="#DDDDDD")
        ax.barh(places, widths, height=0.62, color=colors[name])
        ax.bar_label(whole, map("{:.0f}".format, widths), padding=6, fontsize=9)
        style.rows_of(ax, table.index, fontsize=9)
        ax.set(xlim=(0, 1.15 * now), title=f"{name}: {now:.0f} points wide now")
        ax.set_xlabel("90% interval once this is known, points")
        known = ", ".join(f"{known} {width:.0f}" for known, width in widths.items())
        told.append(f"{name}: {now:.0f} points now; {known}")
        best.append(
            f"{table.index[0]} would take {name}'s interval from {now:.0f} points to "
            f"{widths.iloc[0]:.0f}"
        )
    alt = f"Width of the 90% interval once one quantity is known, in points. {'. '.join(told)}."
    title = "; ".join(best)
    return Figure(tuple(axes), stacked(tables, "company"), alt, f"{title[:1].upper()}{title[1:]}")


@style.chart
def breaking(tables: dict[str, pd.DataFrame], colors: dict[str, str]) -> Figure:
    """Draw `sensitivity.breaking_points`: the factor by which one input alone would have to be off,
    the smallest first, and how probable that is. Inputs that cannot do it are left out.

    Hollow: the input is that far off in less than one draw in a hundred, or is taken as exact.
    """
    found = {name: table.dropna(subset=["factor"]) for name, table in tables.items()}
    rows = pd.concat(found.values())
    distance = np.log(rows["factor"]).abs().groupby(rows["label"]).min()
    names = list(distance.sort_values(kind="stable").index)
    ax = style.sheet(9.6, 0.62 * len(names) + 1.3)[0, 0]
    for offset, (company, table) in enumerate(found.items()):
        color, mark = colors[company], "os^D"[offset % 4]
        ax.plot([], [], mark, color=color, ms=8, label=company)
        for row in table.itertuples():
            place = names.index(row.label) + 0.28 * (offset - (len(tables) - 1) / 2)
            fill = color if _likely(row) else "white"
            ax.hlines(place, 1, row.factor, color=color, lw=2)
            ax.plot(row.factor, place, mark, mfc=fill, mec=color, ms=8)
            beside(ax, _failure(row), row.factor, place, 8 if row.factor > 1 else -8)
    ax.axvline(1, color=INK, lw=0.9)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("x {x:g}")
    style.rows_of(ax, names)
    ax.margins(x=0.4)
    ax.set_xlabel(
        "Factor on the median at which the median share would be 50%, and in brackets the chance\n"
        "that the input is that far off (hollow: below 1%; one model: by the predictive interval)"
    )
    ax.legend(loc="upper right", fontsize=9)
    told = by_name(found.items(), lambda row: f"{row.label} {_failure(row)}")
    alt = (
        "Factor by which one input alone would have to be off for a median share of 50%, and in "
        f"brackets the chance of that. {told}."
    )
    could = rows["label"][rows.apply(_likely, axis=1)].unique()
    which = f"{listed(could)} may" if len(could) else "No single input is likely to"
    title = f"{which} be so far off that a median share reaches half"
    return Figure((ax,), stacked(tables, "company"), alt, title)


def _likely(row) -> bool:
    return bool(np.nanmax([0, row.chance, row.chance_predictive]) >= UNLIKELY)


def _failure(row) -> str:
    """Return by which factor an input would have to be off, and the chance of that in brackets."""
    factor = f"x {row.factor:.2g}"
    if row.chance != row.chance:
        return f"{factor} (taken as exact)"
    single = row.chance_predictive
    more = f", {_percent(single)} of one model" if single == single else ""
    return f"{factor} ({_percent(row.chance)}{more})"


def _percent(chance: float) -> str:
    return "<1%" if chance < UNLIKELY else f"{chance:.0%}"


@style.chart
def lags(tables: dict[str, pd.DataFrame], colors: dict[str, str]) -> Figure:
    """Draw `sensitivity.lag_and_window` of several companies; a hollow dot has a caveat."""
    heights = [len(table) for table in tables.values()]
    height = 0.36 * sum(heights) + 0.8 * len(tables)
    axes = style.sheet(9.6, height, len(tables), height_ratios=heights)[:, 0]
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        rows = table.set_axis([f"{window}, lag {lag}" for window, lag in table.index])
        share_rows(ax, rows, colors[name])
        ax.tick_params(labelsize=9)
        ax.set_title(name)
    axes[-1].set_xlabel(f"{SHARE}: {meaning(pd.concat(tables.values()))}")
    told = by_name(
        tables.items(), lambda row: f"{row.Index[0]} lag {row.Index[1]} {percent(row.p50)}"
    )
    alt = f"Median share by spending window and release lag. {told}."
    return Figure(tuple(axes), stacked(tables, "company"), alt)
