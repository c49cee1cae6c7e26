"""Charts: a table in, Axes out. They compute nothing, show nothing and save nothing."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter
from textalloc import allocate

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
REST, INK = "#D9D9D9", "#222222"
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Seaborn's whitegrid style as matplotlib ships it: importing seaborn itself takes longer than
# drawing a chart, so only the statistical plots do.
STYLE = "seaborn-v0_8-whitegrid"
THEME = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "figure.dpi": 100,
    "axes.edgecolor": "#888888",
    "text.color": INK,
    "axes.labelcolor": INK,
    "font.sans-serif": ["DejaVu Sans"],
}


def theme() -> None:
    """Set the look shared by all charts."""
    plt.style.use([STYLE, THEME])


def despine(ax: Axes, left: bool = False) -> None:
    """Take away the upper and right border of a chart, and the left one if asked."""
    ax.spines[["top", "right", *(["left"] if left else [])]].set_visible(False)


def _axes(ax: Axes | None, width: float, height: float) -> Axes:
    theme()
    return ax if ax is not None else plt.subplots(figsize=(width, height), layout="constrained")[1]


def _dollars(usd_million: float) -> str:
    """Return an amount in short, with the dollar sign escaped so that no mathematics is read into
    it."""
    for unit, scale in (("B", 1e3), ("M", 1.0), ("k", 1e-3)):
        if usd_million >= scale * 0.9995:
            value = usd_million / scale
            number = f"{value:.0f}" if value >= 9.95 else f"{value:.1f}".removesuffix(".0")
            return rf"\${number}{unit}"
    return rf"\${usd_million * 1e6:.0f}"


def power_of_ten(value: float, _: int = 0) -> str:
    """Return the label of a decade, as in 10²⁴: plain text, which draws ten times as fast as
    mathematics."""
    return "10" + str(round(np.log10(value))).translate(SUPERSCRIPT)


def error_note(table: pd.DataFrame, prefix: str = "", percent: bool = True) -> str:
    """Return a line with the largest Monte Carlo standard errors of a chart's medians and ends of
    intervals; or "".

    `percent`: in points of a share; otherwise relative to the amounts themselves.
    """
    columns = [f"{prefix}{name}" for name in ("p5", "p50", "p95")]
    if (
        not all(f"{column}_error" in table for column in columns)
        or table[f"{columns[1]}_error"].isna().all()
    ):
        return ""
    low, middle, high = (
        100 * (table[f"{column}_error"] / (1 if percent else table[column])).max()
        for column in columns
    )
    unit = " points" if percent else "%"
    return (
        f"\nMonte Carlo standard error: at most {middle:.1g}{unit} (medians) and"
        f" {max(low, high):.1g}{unit} (ends)."
    )


def ratio_chart(table: pd.DataFrame) -> np.ndarray:
    """Draw the ratio comparison chart from `views.ratio_table`: one panel a scenario, one bar a
    row.

    Returns an array of Axes. The filled part is final training, the rest other R&D; the line is the
    90% interval.
    """
    theme()
    panels = list(table.groupby("panel", sort=False))
    heights = [len(rows) + 0.6 for _, rows in panels]
    _, axes = plt.subplots(
        len(panels),
        1,
        figsize=(9.6, 0.62 * sum(heights) + 0.9),
        squeeze=False,
        sharex=True,
        height_ratios=heights,
        layout="constrained",
    )
    for ax, (panel, rows) in zip(axes[:, 0], panels, strict=True):
        for place, row in enumerate(rows.itertuples()):
            _ratio_bar(ax, place, row)
        ax.set_yticks(
            range(len(rows)), [f"{row.label}\n{row.spending_window}" for row in rows.itertuples()]
        )
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.set_title(panel)
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", labelsize=9, length=0)
        despine(ax, left=True)
    bottom = axes[-1, 0]
    bottom.set_xlim(0, 1)
    bottom.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    bottom.set_xlabel(
        "Share of R&D compute spending in the window at the left. Coloured: final training runs "
        "(median). Grey: other R&D.\n"
        "Line and brackets: 90% interval, the 5th to 95th percentile of the draws. "
        f"Diamond: the share the newsletter prints.{error_note(table, 'share_')}",
        fontsize=9,
    )
    return axes[:, 0]


def _ratio_bar(ax: Axes, place: int, row) -> None:
    ax.barh(place, 1, height=0.62, color=REST, zorder=2)
    ax.barh(place, row.share_p50, height=0.62, color=row.color, zorder=3)
    ax.errorbar(
        row.share_p50,
        place,
        xerr=[[row.share_p50 - row.share_p5], [min(row.share_p95, 1) - row.share_p50]],
        color=INK,
        capsize=4,
        lw=1.3,
        zorder=4,
    )
    if row.published == row.published:
        ax.plot(row.published, place, "D", ms=7, mfc="white", mec=INK, mew=1.3, zorder=5)
    beside = {
        "xycoords": ("axes fraction", "data"),
        "textcoords": "offset points",
        "annotation_clip": False,
    }
    share = ax.annotate(
        f"{100 * row.share_p50:.1f}%",
        (1, place),
        (9, 7),
        fontsize=11,
        fontweight="bold",
        va="center",
        **beside,
    )
    ax.annotate(
        f" ({100 * row.share_p5:.1f} to {100 * row.share_p95:.1f})",
        (1, 0.5),
        xycoords=share,
        fontsize=9,
        va="center",
        annotation_clip=False,
    )
    ax.annotate(
        f"{_dollars(row.training_cost_p50)} of {_dollars(row.rd_compute)}",
        (1, place),
        (9, -9),
        fontsize=9,
        va="center",
        **beside,
    )


def interval_chart(
    table: pd.DataFrame,
    xlabel: str,
    *,
    unit: str = "share",
    color: str = BLUE,
    ends: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a dot at p50 and a line from p5 to p95 for each row of `table` (its index is the label),
    with the numbers at its right: the median, and with `ends` the interval too.

    `unit` is share (fractions, shown as percentages) or usd_million (on a logarithmic axis). Where
    a column `incomplete` is true the dot is hollow.
    """
    rows = table.dropna(subset=["p50"])
    ax = _axes(ax, 9, 0.34 * len(rows) + 1.0)
    places = np.arange(len(rows))
    ax.hlines(places, rows["p5"], rows["p95"], color=color, lw=2.2, alpha=0.55, zorder=2)
    ax.plot(rows["p50"], places, "o", color=color, ms=6, zorder=3)
    if "incomplete" in rows:
        hollow = rows["incomplete"].to_numpy(dtype=bool)
        ax.plot(rows["p50"][hollow], places[hollow], "o", mfc="white", mec=color, ms=6, zorder=4)
    for place, row in zip(places, rows.itertuples(), strict=True):
        low, middle, high = (
            f"{100 * value:.1f}" if unit == "share" else _dollars(value)
            for value in (row.p5, row.p50, row.p95)
        )
        label = (f"{middle}%" if unit == "share" else middle) + (
            f" ({low} to {high})" if ends else ""
        )
        ax.annotate(
            label,
            (row.p95, place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    ax.set_yticks(places, rows.index)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    hollow = " (hollow: a lower bound)" if "incomplete" in rows and rows["incomplete"].any() else ""
    ax.set_xlabel(
        f"{xlabel}: median and 90% interval{hollow}{error_note(table, percent=unit == 'share')}",
        fontsize=9,
    )
    if unit == "usd_million":
        ax.set_xscale("log")
        ax.minorticks_off()
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _dollars(value)))
        low, high = rows["p5"].min(), rows["p95"].max()
        ax.set_xlim(low * (low / high) ** 0.04, high * (high / low) ** (0.3 if ends else 0.12))
    else:
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlim(0, (1.3 if ends else 1.17) * rows["p95"].max())
    ax.grid(axis="y", visible=False)
    despine(ax, left=True)
    return ax


def cost_chart(table: pd.DataFrame, color: str = BLUE) -> Axes:
    """Draw `Estimate.cost_table()`, costliest run first, in USD million on a logarithmic axis."""
    ordered = pd.concat(
        [table.loc[["total"]], table.drop(index="total").sort_values("p50", ascending=False)]
    )
    return interval_chart(ordered, "Cost, logarithmic axis", unit="usd_million", color=color)


def dollars_chart(table: pd.DataFrame) -> np.ndarray:
    """Draw `views.dollars_table`: one bar a company in USD, each on its own scale so that the small
    ones show."""
    theme()
    parts = {
        "final_training": ("Final training", BLUE),
        "other_rd": ("Other R&D", "#9A9A9A"),
        "inference": ("Inference", ORANGE),
    }
    _, axes = plt.subplots(
        len(table), 1, figsize=(9.6, 1.05 * len(table) + 0.6), squeeze=False, layout="constrained"
    )
    for ax, row in zip(axes[:, 0], table.itertuples(), strict=True):
        left = 0.0
        for column, (name, color) in parts.items():
            value = getattr(row, column)
            ax.barh(0, value, left=left, color=color, edgecolor="white", lw=1.5, zorder=2)
            ax.annotate(
                f"{name}\n{_dollars(value)}",
                (left + value / 2, 0.42),
                va="bottom",
                ha="center",
                fontsize=9,
                annotation_clip=False,
            )
            left += value
        ax.set_ylim(-0.45, 1.15)
        ax.set_xlim(0, left * 1.04)
        ax.set_yticks([0], [f"{row.label}\n{row.spending_window}"])
        ax.xaxis.set_major_formatter(
            FuncFormatter(lambda value, _: _dollars(value) if value else "0")
        )
        ax.grid(visible=False)
        ax.tick_params(labelsize=9)
        despine(ax, left=True)
    return axes[:, 0]


def scaling_chart(line, band: pd.DataFrame, predicted: pd.DataFrame, xlabel: str) -> Axes:
    """Draw a regression: points with names, line, bootstrap band, predictions with their 90%
    interval."""
    ax = _axes(None, 9.6, 6.2)
    ax.fill_between(
        band["size"],
        band["p5"],
        band["p95"],
        color=BLUE,
        alpha=0.15,
        lw=0,
        label="5th to 95th percentile of the bootstrap lines",
    )
    ax.plot(band["size"], band["flop"], color=BLUE, lw=1.8, label="least-squares line")
    points = line.models
    ax.plot(
        10 ** points["log10_size"],
        10 ** points["log10_flop"],
        "o",
        color="#555555",
        ms=5,
        label="models used",
    )
    ax.errorbar(
        predicted["size"],
        predicted["p50"],
        fmt="D",
        color=ORANGE,
        ms=6,
        capsize=4,
        zorder=5,
        yerr=[predicted["p50"] - predicted["p5"], predicted["p95"] - predicted["p50"]],
        label="closed models: prediction, 90% interval",
    )
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel="Training compute (FLOP)")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(power_of_ten))
    ax.minorticks_off()  # the style shows none; laying them out takes longer than all the rest
    ax.legend(loc="upper left", fontsize=9, frameon=True)
    ax.margins(x=0.08)
    despine(ax)
    _name_points(ax, points, predicted)
    return ax


def _name_points(ax: Axes, points: pd.DataFrame, predicted: pd.DataFrame) -> None:
    """Write the names of models beside their points, placed where they do not overlap."""
    places = points.groupby(["log10_size", "log10_flop"], sort=False)["model"].agg(" / ".join)
    x = [*(10 ** places.index.get_level_values(0)), *predicted["size"]]
    y = [*(10 ** places.index.get_level_values(1)), *predicted["p50"]]
    allocate(
        ax,
        x,
        y,
        [*places, *predicted.index],
        x_scatter=x,
        y_scatter=y,
        textsize=[8] * len(places) + [10] * len(predicted),
        textcolor=["#333333"] * len(places) + ["#A34700"] * len(predicted),
        linecolor="#999999",
        linewidth=0.6,
        margin=0.006,
        min_distance=0.012,
        max_distance=0.25,
        nbr_candidates=300,
        x_lines=[
            np.array([row.size_] * 2)
            for row in predicted.rename(columns={"size": "size_"}).itertuples()
        ],
        y_lines=[np.array([row.p5, row.p95]) for row in predicted.itertuples()],
    )
    ax.figure.set_layout_engine("none")  # the names stand where this layout has room for them
