"""What charts share: the look, and the few marks they are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps

import matplotlib.figure
import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

from training_share.report.figure import Figure, rounded
from training_share.report.text import short

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
REST, INK = "#D9D9D9", "#222222"
# Seaborn's whitegrid style as matplotlib ships it.
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


def chart(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Give a chart the shared look and, in place of its tables, their rounded copies."""

    @wraps(draw)
    def drawn(*args: object, **options: object) -> Figure:
        matplotlib.style.use([STYLE, THEME])
        return draw(*map(rounded, args), **rounded(options))

    return drawn


def sheet(width: float, height: float, rows: int = 1, columns: int = 1, **options) -> np.ndarray:
    """Return the axes of an empty sheet, an array rows x columns; width and height in inches.
    `options` go to `matplotlib.figure.Figure.subplots`."""
    drawing = matplotlib.figure.Figure(figsize=(width, height), layout="constrained")
    return drawing.subplots(rows, columns, squeeze=False, **options)


# --- axes -----------------------------------------------------------------------------------------
def despine(ax: Axes, left: bool = False) -> None:
    """Take away the upper and right border of a chart, and the left one if asked."""
    ax.spines[["top", "right", *(["left"] if left else [])]].set_visible(False)


def rows_of(ax: Axes, labels: Iterable[str], above: float = 0.6, **style: object) -> None:
    """Make an axis of rows from the top, one a label, with room for `above` rows over the first."""
    labels = list(labels)
    ax.set_yticks(range(len(labels)), labels, **style)
    ax.set_ylim(len(labels) - 0.4, -above)
    ax.grid(axis="y", visible=False)
    despine(ax, left=True)


def percent_axis(ax: Axes) -> None:
    """Label the horizontal axis of fractions in percent."""
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def dollar_axis(ax: Axes, unit: str = "USD") -> None:
    """Label the horizontal axis of millions of USD, or of hours of a chip, with amounts in
    short."""
    ax.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: short(value, unit) if value else "0")
    )


# --- marks ----------------------------------------------------------------------------------------
def beside(ax: Axes, text: str, x: float, place: float, gap: float = 6, **style: object) -> None:
    """Write a text `gap` points to the right of a point, to the left where `gap` is negative."""
    side = {"ha": "left" if gap > 0 else "right", "va": "center", "fontsize": 9}
    ax.annotate(text, (x, place), (gap, 0), textcoords="offset points", **side | style)


def interval_rows(ax: Axes, table: pd.DataFrame, color: str = BLUE, above: float = 0.6) -> None:
    """Draw one row a row of `table`: a dot at p50 on a line from p5 to p95."""
    places = np.arange(len(table))
    ax.hlines(places, table["p5"], table["p95"], color=color, lw=2.2, alpha=0.55, zorder=2)
    ax.plot(table["p50"], places, "o", color=color, ms=6, zorder=3)
    rows_of(ax, table.index, above)


def ratio_bar(ax: Axes, place: float, row) -> None:
    """Draw one bar from 0 to 100%: `share_p50` in the row's colour, the rest grey, and a diamond
    at the `published` share if there is one."""
    ax.barh(place, 1, height=0.62, color=REST, zorder=2)
    ax.barh(place, min(row.share_p50, 1), height=0.62, color=row.color, zorder=3)
    if row.published == row.published:
        ax.plot(row.published, place, "D", ms=7, mfc="white", mec=INK, mew=1.3, zorder=5)


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
        f"\nMonte Carlo standard error: at most {middle:.1g}{unit} (medians) and "
        f"{max(low, high):.1g}{unit} (ends)."
    )
