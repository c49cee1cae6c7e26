"""Charts of how far the claim holds: two assumptions at a time, one alone, windows and lags."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from training_share.analysis.shares import stacked
from training_share.report.charts.shares import SHARE, meaning, share_rows
from training_share.report.charts.style import INK, beside, chart, rows_of, sheet
from training_share.report.figure import Figure
from training_share.report.text import listed, percent

BRIGHT = 74.21875  # percent from which the colour of a cell asks for dark digits
UNLIKELY = 0.01  # chance below which a mark is hollow
LABELS = {
    "mfu": "MFU",
    "mfu_rl": "RL MFU",
    "price_usd_per_gpu_hour": "Price (USD per GPU-hour)",
    "rl_fraction": "RL compute as a fraction of the base run's",
}


@chart
def surface(tables: dict[str, pd.DataFrame], threshold: float = 0.5) -> Figure:
    """Draw `sensitivity.surface` of several companies side by side: the median share in percent by
    two assumptions.

    Cells above `threshold` are framed, so that the crossing shows without colour.
    """
    axes = sheet(5.4 * len(tables) + 0.6, 4.3, columns=len(tables))[0]
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        shown = 100 * table.iloc[::-1]
        _cells(ax, shown)
        frame = {"fill": False, "ec": INK, "lw": 2.4, "clip_on": False}
        for row, column in zip(*np.where(shown.to_numpy() > 100 * threshold), strict=True):
            ax.add_patch(Rectangle((column, row), 1, 1, **frame))
        ax.set_title(f"{name}: median share in %")
        ax.set_xlabel(LABELS.get(table.columns.name, table.columns.name))
        ax.set_ylabel(LABELS.get(table.index.name, table.index.name))
    parts = [
        f"{name}: {percent(cells.min())} to {percent(cells.max())}, above {threshold:.0%} in "
        f"{(cells > threshold).sum()} of {cells.size} cells"
        for name, cells in ((name, table.to_numpy()) for name, table in tables.items())
    ]
    first = next(iter(tables.values()))
    alt = f"Median share by {first.index.name} and {first.columns.name}. {'. '.join(parts)}."
    return Figure(tuple(axes), stacked(tables, "company"), alt)


def _cells(ax: Axes, percentages: pd.DataFrame) -> None:
    """Draw a table as coloured cells with their numbers, its first row on top."""
    ax.pcolormesh(percentages, cmap="cividis", vmin=0, vmax=100, linewidths=1, edgecolor="white")
    for (row, column), value in np.ndenumerate(percentages.to_numpy()):
        ink = ".15" if value >= BRIGHT else "w"
        middle = column + 0.5, row + 0.5
        ax.text(*middle, f"{value:.0f}", color=ink, ha="center", va="center", fontsize=9)
    height, width = percentages.shape
    ax.set_xticks(np.arange(width) + 0.5, percentages.columns)
    ax.set_yticks(np.arange(height) + 0.5, percentages.index, va="center")
    ax.set(xlim=(0, width), ylim=(height, 0))
    ax.spines[:].set_visible(False)


@chart
def settling(tables: dict[str, pd.DataFrame], colors: dict[str, str]) -> Figure:
    """Draw `information.what_would_settle` of several companies side by side: the expected width of
    the share's 90% interval once one quantity is known, beside the width as it is (grey)."""
    most = max(map(len, tables.values()))
    axes = sheet(11.5, 0.34 * most + 1.2, columns=len(tables))[0]
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        places, widths, now = np.arange(len(table)), 100 * table["width"], 100 * table["now"]
        ax.barh(places, now, height=0.62, color="#DDDDDD")
        ax.barh(places, widths, height=0.62, color=colors[name])
        for place, width in zip(places, widths, strict=True):
            beside(ax, f"{width:.0f}", now.iloc[0], place, fontsize=9)
        rows_of(ax, table.index, fontsize=9)
        ax.set_xlim(0, 1.15 * now.iloc[0])
        ax.set_title(f"{name}: {now.iloc[0]:.0f} points wide now")
        ax.set_xlabel("90% interval once this is known, points", fontsize=9)
    told = [
        f"{name}: {100 * table['now'].iloc[0]:.0f} points now; "
        + ", ".join(f"{known} {100 * row.width:.0f}" for known, row in table.iterrows())
        for name, table in tables.items()
    ]
    alt = f"Width of the 90% interval once one quantity is known, in points. {'. '.join(told)}."
    best = (
        f"{table.index[0]} would take {name}'s interval from {100 * table['now'].iloc[0]:.0f} "
        f"points to {100 * table['width'].iloc[0]:.0f}"
        for name, table in tables.items()
    )
    title = "; ".join(best)
    return Figure(tuple(axes), stacked(tables, "company"), alt, f"{title[:1].upper()}{title[1:]}")


@chart
def breaking(tables: dict[str, pd.DataFrame], colors: dict[str, str]) -> Figure:
    """Draw `sensitivity.breaking_points`: the factor by which one input alone would have to be off,
    the smallest first, and how probable that is. Inputs that cannot do it are left out.

    Hollow: the input is that far off in less than one draw in a hundred, or is taken as exact.
    """
    found = {name: table.dropna(subset=["factor"]) for name, table in tables.items()}
    rows = pd.concat(found.values())
    likely = rows[["chance", "chance_predictive"]].max(axis=1) >= UNLIKELY
    distance = np.log(rows["factor"]).abs().groupby(rows["label"]).min()
    names = list(distance.sort_values(kind="stable").index)
    ax = sheet(9.6, 0.62 * len(names) + 1.3)[0, 0]
    for offset, (company, table) in enumerate(found.items()):
        color, mark = colors[company], "os^D"[offset % 4]
        ax.plot([], [], mark, color=color, ms=8, label=company)
        for row in table.itertuples():
            place = names.index(row.label) + 0.28 * (offset - (len(tables) - 1) / 2)
            chances = np.nan_to_num([row.chance, row.chance_predictive])
            fill = color if chances.max() >= UNLIKELY else "white"
            ax.hlines(place, 1, row.factor, color=color, lw=2)
            ax.plot(row.factor, place, mark, mfc=fill, mec=color, ms=8)
            gap = 8 if row.factor > 1 else -8
            beside(ax, f"x {row.factor:.2g}{_likely(row)}", row.factor, place, gap)
    ax.axvline(1, color=INK, lw=0.9)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda factor, _: f"x {factor:g}"))
    rows_of(ax, names)
    ax.margins(x=0.4)
    ax.set_xlabel(
        "Factor on the median at which the median share would be 50%, and in brackets the chance\n"
        "that the input is that far off (hollow: below 1%; one model: by the predictive interval)",
        fontsize=9,
    )
    ax.legend(loc="upper right", fontsize=9)
    parts = [
        f"{company}: "
        + ", ".join(f"{row.label} x {row.factor:.2g}{_likely(row)}" for row in table.itertuples())
        for company, table in found.items()
    ]
    alt = (
        "Factor by which one input alone would have to be off for a median share of 50%, and in "
        f"brackets the chance of that. {'. '.join(parts)}."
    )
    could = list(dict.fromkeys(rows["label"][likely]))
    title = (
        f"{listed(could)} may be so far off that a median share reaches half"
        if could
        else "No single input is likely to be so far off that a median share reaches half"
    )
    return Figure((ax,), stacked(tables, "company"), alt, title)


def _likely(row) -> str:
    """Return the chance of an input's being that far off in brackets."""
    if row.chance != row.chance:
        return " (taken as exact)"
    single = row.chance_predictive
    more = f", {_percent(single)} of one model" if single == single else ""
    return f" ({_percent(row.chance)}{more})"


def _percent(chance: float) -> str:
    return "<1%" if chance < UNLIKELY else f"{chance:.0%}"


@chart
def lags(tables: dict[str, pd.DataFrame], colors: dict[str, str]) -> Figure:
    """Draw `sensitivity.lag_and_window` of several companies; a hollow dot has a caveat."""
    heights = [len(table) for table in tables.values()]
    height = 0.36 * sum(heights) + 0.8 * len(tables)
    axes = sheet(9.6, height, len(tables), height_ratios=heights)[:, 0]
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        rows = table.set_axis([f"{window}, lag {lag}" for window, lag in table.index])
        share_rows(ax, rows, colors[name])
        ax.tick_params(labelsize=9)
        ax.set_title(name)
    axes[-1].set_xlabel(f"{SHARE}: {meaning(pd.concat(tables.values()))}", fontsize=9)
    parts = [
        f"{name}: "
        + ", ".join(
            f"{window} lag {lag} {percent(row.p50)}" for (window, lag), row in table.iterrows()
        )
        for name, table in tables.items()
    ]
    alt = f"Median share by spending window and release lag. {'. '.join(parts)}."
    return Figure(tuple(axes), stacked(tables, "company"), alt)
