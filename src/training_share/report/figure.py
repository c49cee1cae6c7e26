"""A figure is one value: its axes, the numbers it shows, and the text for who cannot see it.

A drawing is the same file on every machine. Processors differ in the last bit of a logarithm, so
what is drawn is rounded first (`rounded`), and an SVG's ids are numbers instead of matplotlib's
hashes of unrounded positions. The text of an SVG is text, as wide as it was measured whatever font
shows it, and a dark page has the same SVG in other colours (`dark`).
"""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from html import unescape
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import matplotlib.figure
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import RendererAgg

DIGITS = 10  # significant, in the drawing and in the CSV beside it
PNG_DPI = 120  # half as much again as a page shows; a dozen fit into a notebook below 1 MB
COLOURS = 96  # of a PNG
FONT = "Source Sans Pro"
FALLBACKS = f"'{FONT}', 'Source Sans 3', 'Helvetica Neue', Arial, sans-serif"
INK, QUIET, ACCENT, REST = "#1b1f24", "#5b6470", "#0b6e99", "#dfe3e7"
HAIR, PAPER = "#8b949e", "#ffffff"
# a tenth of R&D compute a colour; the jump at one half lets ink and paper be read on either side
HEAT = ["#f1f4f6", "#dce8ee", "#c3dae5", "#a9cbdb", "#8fbcd1"]
HEAT += [ACCENT, "#0a6389", "#08577a", "#074b6b", "#063f5c"]
DARK = ["#1e252c", "#20303b", "#233c4b", "#26485b", "#29546c"]
DARK += ["#58b4dc", "#6dbfe2", "#82cae8", "#98d5ee", "#aee0f4"]
DARK += ["#e8eaed", "#a6aeb8", "#333a42", "#78838f", "#12161b"]
IN_THE_DARK = dict(zip([*HEAT, INK, QUIET, REST, HAIR, PAPER], DARK, strict=True))
LOOK = {
    "font.family": [FONT],
    "text.color": INK,
    "text.parse_math": False,
    "text.hinting": "no_hinting",  # or widths would depend on the resolution
    "axes.facecolor": "none",
}
LONG_ID = re.compile(  # hashed by matplotlib
    r'(?<=["#])(?:[pmh]|image|C[0-9a-f]+_[0-9a-f]+_)[0-9a-f]{10}(?=["\)])'
)
SVG_TEXT = re.compile(
    r'<text (style="(?:font-weight: (\w+); )?font-size: ([\d.]+)px[^>]*?)'
    r'( transform="rotate\(-0 [^>]*)?>([^<]+)'
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
    narrow: Callable[[], "Figure"] | None = None  # draws the same for a phone

    @property
    def drawing(self) -> "matplotlib.figure.Figure":
        """The matplotlib figure."""
        return self.axes[0].get_figure(root=True)

    def savefig(self, *arguments: Any, **options: Any) -> None:
        """Write the drawing as matplotlib does, in the look that it was made in."""
        with look():
            self.drawing.savefig(*arguments, **options)

    def _repr_png_(self) -> bytes:
        return written(self.drawing, "png", 100)

    def csv(self) -> bytes:
        """Return the plotted numbers as CSV; an index without a name is left out."""
        named = self.table.index.name is not None
        text = self.table.to_csv(index=named, float_format=f"%.{DIGITS}g", lineterminator="\n")
        return text.encode()


@contextmanager
def look() -> Iterator[None]:
    """Make and write charts in the house's look inside this block. What the user has set in
    matplotlib stays as it is, and so does the process."""
    import matplotlib as mpl

    _add_fonts()
    unset = [key for key in LOOK if mpl.rcParams[key] == mpl.rcParamsDefault[key]]
    with mpl.rc_context({key: LOOK[key] for key in unset}):
        yield


@cache
def _add_fonts() -> None:
    """Tell matplotlib of the font's files, once in a process."""
    from importlib.resources import files

    from matplotlib.font_manager import fontManager

    for weight in ("Regular", "Semibold", "Bold"):
        name = f"SourceSansPro-{weight}.ttf"
        fontManager.addfont(str(files("font_source_sans_pro") / "files" / name))


def width(text: str, size: float = 11, weight: str | int = "normal", **_: object) -> float:
    """Return the inches that a text of `size` points takes, as the renderer has them."""
    import matplotlib as mpl

    font = float(size), weight, tuple(mpl.rcParams["font.family"])
    return _inches(f"{text}|", *font) - _inches("|", *font)


@cache
def _inches(text: str, size: float, weight: str | int, family: tuple[str, ...]) -> float:
    from matplotlib.font_manager import FontProperties

    font = FontProperties(family=list(family), size=size, weight=weight)
    return _renderer().get_text_width_height_descent(text, font, ismath=False)[0] / 150


@cache
def _renderer() -> "RendererAgg":
    """Return what measures texts and draws none."""
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(1, 1, dpi=150)


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its numbers rounded to the digits that are drawn."""
    return table.map(lambda c: float(f"{c:.{DIGITS}g}") if isinstance(c, float) else c)


def written(drawing: "matplotlib.figure.Figure", kind: str, dpi: int = PNG_DPI) -> bytes:
    """Return a matplotlib figure as png on white, or as svg or pdf on nothing: the same to the byte
    whenever it is the same, without a date, ids numbered in order of appearance, text as text."""
    import matplotlib as mpl

    stream, paper = io.BytesIO(), "white" if kind == "png" else "none"
    undated = {"png": None, "pdf": {"CreationDate": None}}
    about = undated.get(kind, {"Date": None, "Creator": None})
    raw = "rgba" if kind == "png" else kind
    with look(), mpl.rc_context({"svg.hashsalt": "", "svg.fonttype": "none", "pdf.fonttype": 42}):
        drawing.savefig(stream, format=raw, dpi=dpi, facecolor=paper, metadata=about)
        if kind == "png":
            return _few_colours(stream.getvalue(), int(drawing.get_figwidth() * dpi))
        if kind == "pdf":
            return stream.getvalue()
        ids: dict[str, str] = {}  # matplotlib's long ones, numbered as they appear
        svg = LONG_ID.sub(
            lambda found: ids.setdefault(found[0], f"id{len(ids) + 1}"), stream.getvalue().decode()
        )
        svg = SVG_TEXT.sub(_as_wide, svg)
    return re.sub(r"\n +", "\n", svg.replace(f"'{FONT}'", FALLBACKS)).encode()


def _few_colours(pixels: bytes, across: int) -> bytes:
    """Return a PNG with a palette, a third as large: a chart has few colours and their edges."""
    from PIL import Image

    size = across, len(pixels) // (4 * across)
    stream, drawn = io.BytesIO(), Image.frombytes("RGBA", size, pixels).convert("RGB")
    drawn.quantize(COLOURS, dither=Image.Dither.NONE).save(stream, "PNG")
    return stream.getvalue()


def _as_wide(found: re.Match[str]) -> str:
    """Return a text of an SVG with its width, which another font on a page then keeps to."""
    about, weight, size, _, text = found.groups()
    long = 72 * width(unescape(text), float(size), int(weight or 400))
    kept = f'textLength="{long:.1f}" lengthAdjust="spacingAndGlyphs" xml:space="preserve"'
    return f"<text {kept} {about}>{text}"


def dark(svg: bytes, colour: str = "{1}") -> bytes:
    """Return an SVG of the house in colours for a dark page; {0} in `colour` is the light one."""
    known = re.compile(rf"(?:{'|'.join(IN_THE_DARK)})\b")
    return known.sub(lambda c: colour.format(c[0], IN_THE_DARK[c[0]]), svg.decode()).encode()
