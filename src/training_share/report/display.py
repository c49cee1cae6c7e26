"""Show a figure, a table or a sentence in a notebook, and save figures.

Files are written aside and moved into place. `TRAINING_SHARE_FIGURES` sets the folder for a whole
process, which is how the pipeline keeps figures apart until their notebook has finished.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from training_share.files import repo_root, write_aside
from training_share.model.precision import with_error
from training_share.report.figure import PNG_DPI, png_of, svg_of
from training_share.report.text import number
from training_share.report.text import percent as as_percent

if TYPE_CHECKING:
    from training_share.report.figure import Figure

FOLDER_VARIABLE = "TRAINING_SHARE_FIGURES"
SCREEN_DPI = 80  # pixels of a page for an inch of a figure


def folder_given(figures_dir: str | Path = "") -> str:
    """Return the folder of figures that was asked for: the argument, else the environment variable,
    else ""."""
    return str(figures_dir or os.environ.get(FOLDER_VARIABLE) or "")


def figures_folder(figures_dir: str | Path = "") -> Path:
    """Return where figures go: the folder that was asked for, else the project's `figures/`."""
    return Path(folder_given(figures_dir) or repo_root() / "figures").expanduser()


def save(figure: Figure, name: str, figures_dir: str | Path = "") -> bytes:
    """Write `name`.png (150 dpi), .svg and .csv (the plotted numbers), and return the PNG.

    The files are the same to the byte whenever the chart is: no date, no random ids.
    """
    png = png_of(figure.drawing, PNG_DPI)
    folder = figures_folder(figures_dir)
    for kind, content in (("png", png), ("svg", svg_of(figure.drawing)), ("csv", figure.csv())):
        write_aside(folder / f"{name}.{kind}", content)
    return png


def show(figure: Figure, name: str, figures_dir: str | Path = "") -> None:
    """Save a figure (see `save`) and display it; its text is alternative text and caption."""
    from IPython.display import Image, Markdown, display

    png = save(figure, name, figures_dir)
    width = int(figure.drawing.get_figwidth() * SCREEN_DPI)
    display(Image(data=png, format="png", alt=figure.alt, width=width))
    display(Markdown(f"*Figure `{name}`.* {figure.alt}"))


def say(sentence: str) -> None:
    """Display a generated sentence (Markdown) in a notebook."""
    from IPython.display import Markdown, display

    display(Markdown(sentence))


def with_errors(table: pd.DataFrame, percent: bool = False) -> pd.DataFrame:
    """Return a table with every pair of columns NAME and NAME_error as one column of text, `22.72 ±
    0.06`."""
    shown, (scale, unit) = table.copy(), (100, "%") if percent else (1, "")
    paired = [name for name in table if f"{name}_error" in table]
    for name in paired:
        texts = [
            with_error(scale * value, scale * error)
            for value, error in zip(table[name], table[f"{name}_error"], strict=True)
        ]
        shown[name] = [text and text + unit for text in texts]
    return shown.drop(columns=[f"{name}_error" for name in paired])


def show_table(table: pd.DataFrame, caption: str, percent: bool = False) -> None:
    """Display a table in a notebook with three significant digits and live links; `percent` shows
    fractions as %.

    Numbers from a thousand on show all digits before the point, and those from 1e9 on are in
    scientific notation. A column NAME that has a column NAME_error beside it is shown with this
    standard error, and to its digits.
    """
    from IPython.display import display

    shown = with_errors(table, percent).rename_axis(columns=None)
    as_text = as_percent if percent else number
    html = shown.to_html(
        float_format=as_text, render_links=True, na_rep="", border=0, justify="left"
    )
    text = shown.to_string(float_format=as_text, na_rep="")
    html = html.replace("<thead>", f"<caption>{caption}</caption>\n  <thead>", 1)
    display({"text/html": html, "text/plain": f"{caption}\n{text}"}, raw=True)
