"""Charts of how far the claim holds: two assumptions at a time, one alone, what would settle it,
windows and lags."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from training_share.report.charts import style
from training_share.report.charts.shares import SHARE, meaning, share_rows
from training_share.report.charts.style import BLUE, INK, beside
from training_share.report.figure import Figure
from training_share.report.shares import HALF, stacked
from training_share.report.text import by_name, listed, percent

BRIGHT = 0.179  # luminance of a cell from which black digits contrast better than white ones
UNLIKELY = 0.01  # chance below which a mark is hollow
LABELS = {
    "mfu": "MFU",
    "mfu_rl": "RL MFU",
    "price_usd_per_gpu_hour": "Price (USD per GPU-hour)",
    "rl_fraction": "RL compute as a fraction of the base run's",
}


@style.chart
def surface(tables: dict[str, pd.DataFrame] | pd.DataFrame) -> Figure:
    """Draw `sensitivity.surface` of several companies side by side, or one table: the median share
    in percent by two assumptions. Cells above half are framed, so that the crossing shows without
    colour."""
    if isinstance(tables, pd.DataFrame):
        tables = {"Training share": tables}
    rows = max(map(len, tables.values()))
    axes = style.sheet(3.5 * len(tables) + 0.6, 0.34 * rows + 0.9, columns=len(tables))[0]
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        _cells(ax, table.iloc[::-1].rename_axis(index=LABELS, columns=LABELS))
        ax.set_title(f"{name}: median share in %")
    told = ". ".join(
        f"{name}: {percent(np.nanmin(cells))} to {percent(np.nanmax(cells))}, above 50% in "
        f"{(cells > HALF).sum()} of {cells.size} cells"
        for name, cells in ((name, table.to_numpy()) for name, table in tables.items())
    )
    first = next(iter(tables.values()))
    alt = f"Median share by {first.index.name} and {first.columns.name}. {told}."
    return Figure(tuple(axes), stacked(tables, "company"), alt)


def _cells(ax: Axes, shares: pd.DataFrame) -> None:
    """Draw a table of shares as coloured cells with their percentages, its first row on top."""
    import seaborn as sns  # here, since half a second of imports is for two charts alone

    colors = {"cmap": sns.light_palette(BLUE, as_cmap=True), "vmin": 0, "vmax": 100, "cbar": False}
    digits = {"annot": True, "fmt": ".0f", "annot_kws": {"fontsize": 9}}
    sns.heatmap(100 * shares, ax=ax, linewidths=1, **colors, **digits)
    fills = ax.collections[0].get_facecolors()[shares.notna().to_numpy().ravel()]
    for text, fill in zip(ax.texts, fills, strict=True):
        text.set_color("black" if sns.utils.relative_luminance(fill) > BRIGHT else "white")
    for row, column in np.argwhere(shares.to_numpy() > HALF):
        ax.add_patch(Rectangle((column, row), 1, 1, fill=False, ec=INK, lw=2.4, clip_on=False))
    ax.tick_params(labelrotation=0)
    ax.grid(visible=False)


@style.chart
def settling(tables: dict[str, pd.DataFrame], colors: dict[str, str]) -> Figure:
    """Draw `information.what_would_settle` of several companies side by side: the expected width of
    the share's 90% interval once one quantity is known, beside the width as it is (grey)."""
    most = max(map(len, tables.values()))
    width = max(style.WIDE, 5.75 * len(tables))
    axes = style.sheet(width, 0.34 * most + 1.2, columns=len(tables))[0]
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
