"""What stands around a chart: its sheet, the finding above and the source below."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, wraps
from itertools import takewhile
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from training_share.errors import InputError
from training_share.report import shares
from training_share.report.figure import ACCENT, INK, QUIET, Figure, look, width
from training_share.report.parameters import DEFAULTS
from training_share.report.words import label, words_of

WIDE, NARROW, EDGE = 7.6, 3.9, 0.15  # inches: of a page, of a phone of 390 pixels, of the margin
SMALL = 4.5  # inches across, below which names stand over their rows
LEADING = 1.3  # height of a line in its size
TITLE = {"size": 14.8, "weight": "bold", "color": INK}
NAME = {"size": 11.5, "weight": "semibold", "color": INK}
NUMBER = {"size": 11.5, "weight": "bold", "color": ACCENT}
PLAIN, NOTE, FOOT = ({"size": n, "weight": "normal", "color": QUIET} for n in (11, 10.5, 9.5))


@dataclass
class Sheet:
    """What a chart draws on: a figure of its own, or axes that were given. Lengths are inches."""

    given: list[Axes]
    wide: float = WIDE
    taken: list[tuple[Axes, tuple[float, float, float, float]]] = field(default_factory=list)
    body: float = 0.0  # height of all panels

    @property
    def room(self) -> float:
        """Inches from left to right for a panel with its names."""
        if not self.given:
            return self.wide - 2 * EDGE
        figure = self.given[0].get_figure(root=True)
        return 0.95 * self.given[0].get_position().width * figure.get_figwidth()  # hinted or not

    @property
    def small(self) -> bool:
        """Whether names stand over their rows: on a phone, and on axes that someone else laid out,
        which have no room beside them."""
        return bool(self.given) or self.room < SMALL

    def sized(self, font: dict) -> dict:
        """Return a font as large as it is on this sheet."""
        return font | {"size": font["size"] * self.scale}

    @property
    def scale(self) -> float:
        """Factor on the size of texts on small axes, as in a column of a paper."""
        return float(np.clip(self.room / 3.6, 0.72, 1)) if self.given else 1.0

    def panel(
        self, height: float, left: float = 0, right: float = 0, top: float = 0, ticks: float = 0.0
    ) -> Axes:
        """Return axes of a `height`, so far from the `left` and the `right` edge of the body and
        from its `top`, with room for `ticks` below; of given axes the next."""
        if self.given and len(self.taken) == len(self.given):
            raise InputError(f"ax: the chart has more than {len(self.given)} panels; give as many")
        if self.given:
            ax = self.given[len(self.taken)]
        else:
            figure = self.taken[0][0].figure if self.taken else Drawing((self.wide, 1), dpi=100)
            ax = figure.add_axes((0, 0, 1, 1), label=str(len(self.taken)))
        ax.spines[:].set_visible(False)
        ax.grid(visible=False)
        ax.tick_params(length=0, labelsize=PLAIN["size"] * self.scale, labelcolor=QUIET)
        self.taken.append((ax, (left, top, self.room - left - right, height)))
        self.body = max(self.body, top + height + ticks)
        return ax


@dataclass
class Drawn:
    """What a chart has drawn: the numbers, what its rows say, and what fills its words."""

    table: pd.DataFrame
    rows: pd.DataFrame  # with the texts that stand at the marks
    case: str = ""  # which of its titles it has
    numbers: dict[str, Any] = field(default_factory=dict)


def chart(draw: Callable[..., Drawn]) -> Callable[..., Figure]:
    """Make a chart of a function that draws on a `Sheet` and returns what was `Drawn`.

    The chart takes `ax=`, the axes to draw on, of several panels a list of them (`axes=` is the
    same): fonts and size are then theirs, and title, subtitle and source are in the `Figure` that
    comes back. Without, they stand around the chart; `narrow` is for a phone. How a run departs
    from its scenario stands under the title, in the alternative text and in the table: an estimate,
    a comparison and a table of `shares` know it, for any other table `changed` says it.
    """

    @wraps(draw)
    def made(
        data: Any,
        *more: Any,
        ax: Any = None,
        axes: Any = None,
        narrow: bool = False,
        changed: str = "",
        **options: Any,
    ) -> Figure:
        given = [one for one in (ax, axes) if one is not None]
        given = list(np.ravel(given[0])) if given else []
        sheet = Sheet(given, NARROW if narrow else WIDE)
        changed = changed or max(map(_changed, (data, *more)), key=len)
        theirs = {"font.family": given[0].title.get_fontfamily()} if given else {}
        with mpl.rc_context(theirs) if given else look():
            drawn = draw(sheet, data, *more, **options)
            if (panels := len(sheet.taken)) < len(given):
                raise InputError(f"ax: the chart has {panels} panels, and {len(given)} axes")
            title, about, source = words_of(draw.__name__, drawn.case, drawn.numbers)
            setting = changed or _setting(data)
            if not given:
                _frame(sheet, title, setting, about, source)
        about = re.sub(r"[\[\]]", "", about)
        run_is = f"Changed run ({changed}). " if changed else f"{setting}. " if setting else ""
        alt = f"{run_is}{title}. {about} {told(drawn.rows)}"
        table = drawn.table.assign(changed=changed) if changed else drawn.table
        panels = tuple(ax for ax, _ in sheet.taken)
        twin = partial(made, data, *more, narrow=True, changed=changed, **options)
        return Figure(panels, table, alt, title, about, source, None if given else twin)

    return made


def told(rows: pd.DataFrame) -> str:
    """Return in words what stands at the marks of rows, for who cannot see them."""
    rows = rows.reindex(columns=["group", "label", "value", "range", "note"]).astype(object)
    rows = rows.where(rows.notna(), "")
    words = [", ".join(filter(None, map(str, row))) for row in rows.to_numpy()]
    return f"{'; '.join(words)}."


def _changed(data: Any) -> str:
    """Return how the run behind what a chart is given departs from its scenario."""
    of_run = shares.changes(*shares.estimates_of(data))
    return of_run or getattr(data, "attrs", {}).get("changed", "")


def _setting(data: Any) -> str:
    """Return the setting behind what a chart is given, unless it is the default."""
    found = {est.scenario for est in shares.estimates_of(data)} - {DEFAULTS["scenario"]}
    return label(found.pop()) if len(found) == 1 else ""


def _frame(sheet: Sheet, title: str, changed: str, about: str, source: str) -> None:
    """Set the finding above the panels, what was changed and what is drawn below it, and the source
    at the foot. Words in [brackets] take the accent."""
    wide, figure = sheet.wide, sheet.taken[0][0].figure
    head = TITLE if wide > SMALL else TITLE | {"size": 13.5}
    bold = PLAIN | {"weight": "semibold", "color": INK}
    texts = [(title, head), (changed[:1].upper() + changed[1:], bold), (about, PLAIN)]
    blocks = [(font, wrapped(text, wide - 2 * EDGE, font, font is head)) for text, font in texts]
    blocks = [(font, lines) for font, lines in blocks if lines != [""]]
    foot = wrapped(source, wide - 2 * EDGE, FOOT)
    tall = [len(lines) * font["size"] * LEADING / 72 + 0.06 for font, lines in blocks]
    below = len(foot) * FOOT["size"] * LEADING / 72
    over = EDGE + sum(tall) + 0.1
    high = over + sheet.body + 0.13 + below + EDGE
    figure.set_figheight(high)
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, wide), ylim=(high, 0), label="words")
    page.axis("off")
    tops = [*(EDGE + np.cumsum([0, *tall[:-1]])), over + sheet.body + 0.13]
    for (font, lines), top in zip([*blocks, (FOOT, foot)], tops, strict=True):
        accent = font | {"color": ACCENT, "weight": "semibold"}
        for i, line in enumerate(lines):
            parts = [
                (part.strip("[]"), accent if "[" in part else font)
                for part in re.split(r"(\[.*?\])", line)
            ]
            run(page, parts, EDGE, top, dy=-i * font["size"] * LEADING, gap=0, va="top")
    for ax, (left, top, across, tall_) in sheet.taken:
        box = (EDGE + left) / wide, 1 - (over + top + tall_) / high, across / wide, tall_ / high
        ax.set_position(box)


def wrapped(text: str, room: float, font: dict, even: bool = False) -> list[str]:
    """Break a text into lines of at most `room` inches, or into as many of about `even` length;
    [words in brackets] stay together."""
    lines, long, blank = [""], 0.0, width(" ", **font)
    for word in re.sub(r"\[.*?\]", lambda part: part[0].replace(" ", "\u00a0"), text).split(" "):
        more = width(re.sub(r"[\[\]]", "", word), **font)  # by words, since lines are many
        fits = long + more <= room or not lines[-1]
        lines[-1:] = [f"{lines[-1]} {word}".strip()] if fits else [lines[-1], word]
        long = more + blank + (long if fits else 0)
    if not even or len(lines) == 1:
        return lines
    tries = (wrapped(text, less, font) for less in np.arange(room, 0.7 * room, -0.1))
    return [*takewhile(lambda found: len(found) == len(lines), tries)][-1]


def put(
    ax: Axes, text: str, x: Any, y: float, dx: float = 0, dy: float = 0, edge: bool = False, **font
) -> None:
    """Write a text `dx`, `dy` points from x, y in data; with `edge` x is a part of the panel."""
    if text:
        at = ("axes fraction", "data") if edge else "data"
        font = {"parse_math": False, "annotation_clip": False} | font
        ax.annotate(text, (x, y), (dx, dy), at, textcoords="offset points", **font)


def run(ax: Axes, parts: list, x: Any, y: float, dx: float = 0, gap: float = 0.1, **more) -> None:
    """Write parts, each a text and its font, one after the other."""
    for text, font in parts:
        bare = text.lstrip()  # an SVG drops the blanks that a text begins with
        blanks = 72 * width(text[: len(text) - len(bare)], **font)
        put(ax, bare, x, y, dx + blanks, **more, **font)
        dx += 72 * (width(text, **font) + gap) if text else 0
