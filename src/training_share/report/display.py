"""Show a figure, a table or a sentence in a notebook, and save figures.

Files are written aside and moved into place. `TRAINING_SHARE_FIGURES` sets the folder for a whole
process, which is how the pipeline keeps figures apart until their notebook has finished.
"""

import os
import re
from html import escape, unescape
from itertools import cycle
from pathlib import Path

import pandas as pd

from training_share.errors import InputError
from training_share.files import repo_root, write_all
from training_share.report import text
from training_share.report.figure import Figure, dark, written

FOLDER_VARIABLE = "TRAINING_SHARE_FIGURES"
CHANGED_FOLDER = "figures_of_this_run"
_kept_in: list[str] = []  # the folder of this process's figures, once `begin` has chosen one
KINDS = ("png", "svg", "pdf", "csv")
SCREEN_DPI = 80  # pixels of a page for an inch of a figure
LONG = 160  # letters of a cell from which all but its first sentence is folded
CELL = re.compile(r"<td>(.*?)</td>", re.S)
NUMERIC = re.compile(  # possessive, as a long text with numbers would be tried for seconds
    r"\W*([\d,.]++(e[+-]?\d+)?[ %()]*+(to|billion|trillion|points)?[ ]*+)*"
)
LINK = re.compile(r'<a href="(https?://([^/"]+)[^"]*)" target="_blank">[^<]*</a>')


def folder_given(figures_dir: str | Path = "") -> str:
    """Return the folder of figures that was asked for: the argument, else the environment variable,
    else ""."""
    return str(figures_dir or os.environ.get(FOLDER_VARIABLE) or "")


def keep_in(folder: str | Path) -> None:
    """Let `show` write into a folder from here on; "" writes nothing."""
    _kept_in[:] = [str(folder)]


def kept_in() -> str:
    """Return the folder that `show` writes into, or "" where there is none."""
    return _kept_in[0] if _kept_in else folder_given()


def save(
    figure: Figure,
    name: str | Path,
    folder: str | Path = "",
    *,
    overwrite: bool = False,
    dark_too: bool = False,
) -> list[Path]:
    """Write a chart into a folder, by default the working directory, and return the files: `name`
    as .png (120 dpi), .svg and .csv (the plotted numbers), or the one kind that it ends in, .pdf
    among them. They are the same to the byte whenever the chart is: no date, no random ids.
    `dark_too` adds name_dark.svg, the same for a dark page.

    InputError where a file is there already, unless `overwrite`, and where it cannot be written.

    >>> import tempfile, training_share as ts
    >>> chart = ts.charts.ratio(ts.compare(n_draws=200))
    >>> [path.name for path in save(chart, "shares.pdf", tempfile.mkdtemp())]
    ['shares.pdf']
    """
    place = Path(folder).expanduser() / name
    kinds = [place.suffix[1:]] if place.suffix[1:] in KINDS else ["png", "svg", "csv"]
    stem = place.name.removesuffix(f".{kinds[0]}")
    contents = {
        f"{stem}.{kind}": figure.csv() if kind == "csv" else written(figure.drawing, kind)
        for kind in kinds
    }
    if dark_too:
        svg = contents.get(f"{stem}.svg") or written(figure.drawing, "svg")
        contents[f"{stem}_dark.svg"] = dark(svg)
    paths = [place.with_name(name) for name in contents]
    for path in paths if not overwrite else ():
        if path.exists():
            raise InputError(f"{path}: is there already; overwrite=True replaces it")
    write_all(place.parent, contents)
    return paths


def show(figure: Figure, name: str, *, narrow: bool = False, dark_too: bool = False) -> None:
    """Display a figure, whose text is the alternative text and stands folded in the caption, and
    write it into the folder of this notebook's figures (see `begin`), if there is one, with its
    twin for a phone as NAME_narrow.svg where `narrow`; `dark_too` as in `save`."""
    from IPython.display import Image, Markdown, display

    folder = kept_in()
    if "changed" in figure.table and Path(folder) == repo_root() / "figures":
        folder = str(Path.cwd() / CHANGED_FOLDER)  # the project's own stay as they are
    saved = save(figure, name, folder, overwrite=True, dark_too=dark_too) if folder else []
    if folder and narrow and figure.narrow:
        save(figure.narrow(), f"{name}_narrow.svg", folder, overwrite=True, dark_too=dark_too)
    png = saved[0].read_bytes() if saved else written(figure.drawing, "png")
    width = int(figure.drawing.get_figwidth() * SCREEN_DPI)
    display(Image(data=png, format="png", alt=figure.alt, width=width))
    words = f"<details><summary>In words</summary>{escape(figure.alt, quote=False)}</details>"
    display(Markdown(f"*Figure `{name}`.* {words}"))


def say(sentence: str) -> None:
    """Display a generated sentence (Markdown) in a notebook."""
    from IPython.display import Markdown, display

    display(Markdown(sentence))


def show_table(
    table: pd.DataFrame, caption: str, percent: bool = False, fold: bool = False
) -> None:
    """Display a table in a notebook with three significant digits and live links; `percent` shows
    fractions as %, `fold` shows the caption alone until it is clicked.

    Numbers are written as `text.number` does; a column NAME that has a column NAME_error beside it
    is shown to the digits that hold. Words stand left, numbers right, and a text longer than a few
    lines is folded.
    """
    from IPython.display import display

    shown, as_text = table.copy(), text.percent if percent else text.number
    for name in [name for name in table if f"{name}_error" in table]:
        held = text.held_column(table, name, 100 if percent else 1)
        shown[name] = [f"{one}%" if one and percent else one for one in held]
        del shown[f"{name}_error"]
    bare = shown.to_string(float_format=as_text, na_rep="")
    safe = shown.map(_folded).rename(index=_safe, columns=_safe)
    if safe.index.nlevels == 1:  # its name heads its column, not a row of its own
        safe = safe.rename_axis(index=None, columns=safe.index.name)
    html = safe.to_html(
        float_format=as_text, render_links=True, na_rep="", border=0, justify="left", escape=False
    )
    html = LINK.sub(r'<a href="\1" target="_blank">\2</a>', _aligned(html, safe.index.nlevels))
    html = html.replace("<thead>", f"<caption>{caption}</caption>\n  <thead>", 1)
    if fold:
        html = f"<details><summary>{caption}</summary>\n{html}\n</details>"
    display({"text/html": html, "text/plain": f"{caption}\n{bare}"}, raw=True)


def _safe(name: object) -> object:
    return escape(name) if isinstance(name, str) else name


def _folded(cell: object) -> object:
    """Return a cell safe for HTML, and a long text as its first sentence with the rest folded."""
    if not isinstance(cell, str):
        return cell
    first, dot, rest = cell.partition(". ")
    if len(cell) <= LONG or not dot or cell.startswith("http"):
        return escape(cell)
    return f"<details><summary>{escape(first + dot.strip())}</summary>{escape(rest)}</details>"


def _aligned(html: str, levels: int) -> str:
    """Set columns of words left and columns of numbers right, with their heads."""
    head, body, end = re.split(r"(?<=</thead>)|(?=</tbody>)", html)
    rows = [list(map(unescape, CELL.findall(row))) for row in body.split("</tr>")[:-1]]
    columns = zip(*(row for row in rows if row), strict=True)
    sides = ["right" if all(map(NUMERIC.fullmatch, column)) else "left" for column in columns]
    places = cycle(sides)
    body = re.sub("<td>", lambda _: f'<td style="text-align: {next(places)}">', body)
    body = body.replace("<th>", '<th style="text-align: left">')
    places = cycle(["left"] * levels + sides)
    head = re.sub("<th>", lambda _: f'<th style="text-align: {next(places)}">', head)
    return head + body + end
