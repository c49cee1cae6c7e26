"""What charts share: the look, and the few marks they are made of."""

import textwrap
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import replace
from functools import wraps
from typing import Any

import matplotlib.figure
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.text import Annotation

from training_share.errors import InputError
from training_share.model.estimate import Estimate
from training_share.report import shares
from training_share.report.figure import INK, Figure, look, rounded
from training_share.report.shares import HALF

BLUE, ORANGE = "#0072B2", "#D55E00"  # of a line and what is read off it
REST, QUIET = "#D9D9D9", "#595959"
# A company's colour stands in companies.csv. What moves a share up and down has these two, which no
# company has; what is neither a company nor a direction is grey.
UP, DOWN = "#6B3FA0", "#8A6D00"
GIVEN: ContextVar[list] = ContextVar("axes", default=[])  # noqa: B039  # to draw on
WIDE, NARROW = 7.6, 4.3  # inches: of a page, and of a phone
SPEAKERS = {  # texts around a chart: size in points, weight, colour, width of a letter in its size
    "title": (14, "bold", INK, 0.59),
    "subtitle": (10, "normal", INK, 0.555),
    "changed": (10, "bold", INK, 0.59),
    "source": (8.5, "normal", QUIET, 0.555),
}
LEADING = 1.3  # height of a line in its size
DASHED = (0, (4, 3))
EDGE = ("axes fraction", "data")  # coordinates of a text: part of the axes' width, and its row
MARGIN, GAP = 0.1, 0.09  # inches around a chart, and between its texts and its axes


def chart(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Give a chart the shared look and, in place of its tables, their rounded copies; write its
    title, subtitle and source around it.

    How its run departs from a named scenario stands under the title, in the alternative text and in
    the table. An estimate and a table of `shares` know it; for any other table it is an option more
    of every chart, `changed`, as `shares.changes` says it. `ax` is the axes to draw on, of several
    panels a list of them: then fonts, size and rcParams are its own, the title stands on the first,
    and what else would stand around the chart is in the `Figure` that comes back.
    """

    @wraps(draw)
    def drawn(*args: object, changed: str = "", ax: Any = None, **options: object) -> Figure:
        asked = [shares.changes(arg) for arg in args if isinstance(arg, Estimate)]
        asked += [arg.attrs.get("changed", "") for arg in args if isinstance(arg, pd.DataFrame)]
        changed = changed or max(asked, key=len, default="")
        token = GIVEN.set([] if ax is None else list(np.ravel(ax)))
        try:
            with look() if ax is None else nullcontext():  # the look of whoever made the axes
                figure = draw(*map(rounded, args), **rounded(options))
                if changed:
                    alt = f"Changed run ({changed}). {figure.alt}"
                    figure = replace(figure, alt=alt, table=figure.table.assign(changed=changed))
                if ax is None:
                    return _framed(figure, changed)
        finally:
            GIVEN.reset(token)
        if figure.title:
            figure.axes[0].set_title(figure.title, loc="left", wrap=True)
        return figure

    return drawn


def _framed(figure: Figure, changed: str) -> Figure:
    """Write title, what was changed and subtitle over the axes, and the source below them; the
    sheet grows by what they need."""
    told = {"title": figure.title, "changed": f"{changed[:1].upper()}{changed[1:]}"}
    told["subtitle"], drawing = figure.subtitle, figure.drawing
    width, height = drawing.get_size_inches()
    above = [_lines(kind, text, width) for kind, text in told.items() if text]
    below = [_lines("source", figure.source, width)] if figure.source else []
    head, foot = (sum(tall for *_, tall in blocks) + GAP * len(blocks) for blocks in (above, below))
    if not above and not below:
        return figure
    whole = height + head + foot + 2 * MARGIN
    place = whole - MARGIN
    for kind, text, tall in [*above, *below]:
        place = foot + MARGIN - GAP if kind == "source" else place
        size, weight, color, _ = SPEAKERS[kind]
        style = {"size": size, "weight": weight, "color": color, "linespacing": LEADING}
        drawing.text(MARGIN / width, place / whole, text, va="top", **style)
        place -= tall + GAP
    drawing.set_size_inches(width, whole)
    rect = (0, (foot + MARGIN) / whole, 1, height / whole)
    drawing.get_layout_engine().set(rect=rect, w_pad=MARGIN)
    return figure


def _lines(kind: str, text: str, width: float) -> tuple[str, str, float]:
    """Return the kind of a text, the text in lines that fit a width in inches, and their height."""
    size, _, _, letter = SPEAKERS[kind]
    wrapped = textwrap.fill(text, int((width - 2 * MARGIN) * 72 / (letter * size)))
    return kind, wrapped, (wrapped.count("\n") + 1) * size * LEADING / 72


def sheet(width: float, height: float, rows: int = 1, columns: int = 1, **options) -> np.ndarray:
    """Return the axes of an empty sheet, an array rows x columns; width and height in inches.
    `options` go to `matplotlib.figure.Figure.subplots`. Axes that were given to the chart are these
    instead; InputError where they are not as many."""
    if given := GIVEN.get():
        if len(given) != rows * columns:
            raise InputError(f"ax: the chart has {rows * columns} panels, and {len(given)} axes")
        return np.array(given).reshape(rows, columns)
    drawing = matplotlib.figure.Figure(figsize=(width, height), layout="constrained")
    return drawing.subplots(rows, columns, squeeze=False, **options)


def room(ax: Axes) -> float:
    """Return how many inches a chart has from left to right: of its sheet, or of given axes."""
    return ax.figure.get_figwidth() * (ax.get_position().width if GIVEN.get() else 1)


# --- axes -----------------------------------------------------------------------------------------
def rows_of(ax: Axes, labels: Iterable[str], above: float = 0.6, **style: object) -> None:
    """Make an axis of rows from the top, one a label, with room for `above` rows over the first."""
    labels = list(labels)
    ax.set_yticks(range(len(labels)), labels, **style)
    ax.set_ylim(len(labels) - 0.4, -above)


def parts_axes(ax: Axes, rows: int, above: float) -> None:
    """Make axes of `rows` bars that are parts of a whole, with room for texts above each."""
    ax.set(xlim=(0, 1), ylim=(rows - 0.7, -above), yticks=[])
    ax.grid(visible=False)
    percent_axis(ax)


def percent_axis(ax: Axes) -> None:
    """Label the horizontal axis of fractions in percent."""
    ax.xaxis.set_major_formatter("{x:.0%}")


# --- marks ----------------------------------------------------------------------------------------
def beside(
    ax: Axes, text: str, x: float, place: float, gap: float = 6, rise: float = 0, **style: object
) -> Annotation:
    """Write a text `gap` points to the right of a point, to the left where `gap` is negative, and
    `rise` points above it."""
    look = {"ha": "right" if gap < 0 else "left", "va": "center", "fontsize": 9} | style
    return ax.annotate(text, (x, place), (gap, rise), textcoords="offset points", **look)


def interval_rows(ax: Axes, table: pd.DataFrame, color: str = BLUE, above: float = 0.6) -> None:
    """Draw one row a row of `table`: a dot at p50 on a line from p5 to p95."""
    places = np.arange(len(table))
    ax.hlines(places, table["p5"], table["p95"], color=color, lw=2.2, alpha=0.55, zorder=2)
    ax.plot(table["p50"], places, "o", color=color, ms=6, zorder=3)
    rows_of(ax, table.index, above)


def half_line(ax: Axes, top: float, bottom: float, name: str = "half") -> None:
    """Draw a dashed line at half of R&D compute, from row `top` to row `bottom`, and name it."""
    ax.plot([HALF] * 2, [top, bottom], color=INK, lw=1.1, ls=DASHED, zorder=5, clip_on=False)
    beside(ax, name, HALF, top, 4, -1, va="top")


def half_behind(ax: Axes) -> None:
    """Draw a dashed line at half of R&D compute behind the marks of a chart."""
    ax.axvline(HALF, color=INK, lw=1, ls=DASHED, zorder=1)
