"""A figure is one value: its axes, the numbers it shows, and the text for who cannot see it.

A drawing is the same file on every machine. Processors differ in the last bit of a logarithm, so
what is drawn is rounded first (`rounded`), and an SVG's ids are numbers instead of matplotlib's
hashes of unrounded positions.
"""

import io
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import matplotlib.figure
    from matplotlib.axes import Axes

DIGITS = 10  # significant, in the drawing and in the CSV beside it
PNG_DPI = 120  # half as much again as a page shows; a dozen fit into a notebook below 1 MB
INK = "#222222"
STYLE = "seaborn-v0_8-whitegrid"  # as matplotlib ships it
THEME = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 9,
    "figure.labelsize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "figure.dpi": 100,
    "axes.edgecolor": "#888888",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid.axis": "x",
    "text.color": INK,
    "axes.labelcolor": INK,
    "font.sans-serif": ["DejaVu Sans"],
}
LONG_ID = re.compile(  # hashed by matplotlib, or a letter by the name of its font
    r'(?<=["#])(?:(?:[pmh]|image|C[0-9a-f]+_[0-9a-f]+_)[0-9a-f]{10}|DejaVuSans[\w-]*)(?=["\)])'
)


@dataclass(frozen=True)
class Figure:
    """A chart as `report.charts` makes it. The last line of a cell may be one: it shows itself."""

    axes: tuple["Axes", ...]  # from the upper left, row by row
    table: pd.DataFrame  # the plotted numbers
    alt: str  # alternative text and caption
    title: str = ""  # the finding, made from the numbers
    subtitle: str = ""  # what is drawn, and in which unit
    source: str = ""  # where it is from, and what to doubt

    @property
    def drawing(self) -> "matplotlib.figure.Figure":
        """The matplotlib figure."""
        return self.axes[0].get_figure(root=True)

    def _repr_png_(self) -> bytes:
        return png_of(self.drawing, 100)

    def csv(self) -> bytes:
        """Return the plotted numbers as CSV; an index without a name is left out."""
        named = self.table.index.name is not None
        text = self.table.to_csv(index=named, float_format=f"%.{DIGITS}g", lineterminator="\n")
        return text.encode()


def look() -> AbstractContextManager:
    """Return the context in which charts are made and written; the process keeps its own look."""
    import matplotlib.style

    return matplotlib.style.context([STYLE, THEME])


def rounded(value: object) -> object:
    """Return a table, or a dict of tables, with its numbers rounded to the digits that are drawn;
    anything else as it is."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, pd.DataFrame):
        return value.map(lambda c: float(f"{c:.{DIGITS}g}") if isinstance(c, float) else c)
    return value


def png_of(drawing: "matplotlib.figure.Figure", dpi: int) -> bytes:
    """Draw a matplotlib figure as PNG on white, the same to the byte whenever it is the same.

    Its layout is made once and kept: `savefig` would make it, and draw, twice for each file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    stream, before = io.BytesIO(), (drawing.dpi, drawing.canvas)
    drawing.set(dpi=dpi, facecolor="white")
    with look():
        FigureCanvasAgg(drawing).print_png(stream, metadata={"Software": None})
    drawing.set_layout_engine("none")
    drawing.set(dpi=before[0], canvas=before[1])
    return stream.getvalue()


def svg_of(drawing: "matplotlib.figure.Figure") -> bytes:
    """Draw a matplotlib figure as SVG without a date and without indentation, its ids numbered in
    order of appearance."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    stream, before = io.StringIO(), drawing.canvas
    with look(), mpl.rc_context({"svg.hashsalt": "", "svg.fonttype": "path"}):
        FigureCanvasSVG(drawing).print_svg(stream, metadata={"Date": None, "Creator": None})
    drawing.set_canvas(before)
    return re.sub(r"\n +", "\n", numbered(stream.getvalue())).encode()


def pdf_of(drawing: "matplotlib.figure.Figure") -> bytes:
    """Draw a matplotlib figure as PDF without a date, its text as text."""
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    stream, before = io.BytesIO(), drawing.canvas
    with look(), mpl.rc_context({"pdf.fonttype": 42}):
        FigureCanvasPdf(drawing).print_pdf(stream, metadata={"CreationDate": None})
    drawing.set_canvas(before)
    return stream.getvalue()


def numbered(svg: str) -> str:
    """Return an SVG with numbers in order of appearance in place of matplotlib's long ids."""
    ids: dict[str, str] = {}
    return LONG_ID.sub(lambda found: ids.setdefault(found[0], f"id{len(ids) + 1}"), svg)


def dark(svg: bytes) -> bytes:
    """Return a chart's SVG recoloured for a dark page."""

    def turned(colour: re.Match[str]) -> str:
        parts = [int(colour[0][at : at + 2], 16) for at in (1, 3, 5)]
        grey = max(parts) - min(parts) < 24
        mean = sum(parts) / 3
        if grey:
            return "#{:02x}{:02x}{:02x}".format(*[round(238 - mean * 215 / 255)] * 3)
        share = 0.35 if mean < 140 else 0.0
        return "#{:02x}{:02x}{:02x}".format(*(round(p + (255 - p) * share) for p in parts))

    return re.sub(r"#[0-9a-f]{6}\b", turned, svg.decode()).encode()
