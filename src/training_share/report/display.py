"""Save a chart as PNG, SVG and CSV, and show it in a notebook with its text.

Files are written aside and moved into place. `TRAINING_SHARE_FIGURES` sets the folder for a whole
process, which is how the pipeline keeps figures apart until their notebook has finished.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from training_share.files import repo_root, write_aside
from training_share.model.precision import with_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FOLDER_VARIABLE = "TRAINING_SHARE_FIGURES"


def figures_folder(figures_dir: str | Path = "") -> Path:
    """Return where figures go: the argument, else the environment variable, else the project's
    `figures/`."""
    return Path(figures_dir or os.environ.get(FOLDER_VARIABLE) or repo_root() / "figures")


def save_figure(
    axes: Axes | Figure, name: str, table: pd.DataFrame, figures_dir: str | Path = ""
) -> bytes:
    """Write `name`.png (150 dpi), .svg and .csv (the plotted numbers), and return the PNG.

    The files are the same to the byte whenever the chart is: no date, no random ids.
    """
    figure = axes.get_figure(root=True) or axes
    content = {"png": png_of(figure, 150), "svg": _svg_of(figure, name)}
    named_index = table.index.name is not None
    content["csv"] = table.to_csv(
        index=named_index, float_format="%.10g", lineterminator="\n"
    ).encode()
    folder = figures_folder(figures_dir)
    for kind, data in content.items():
        write_aside(folder / f"{name}.{kind}", data)
    return content["png"]


def png_of(figure: Figure, dpi: int, compress_level: int = 6) -> bytes:
    """Draw a figure as PNG on white at `dpi`, the same to the byte whenever the figure is the same.

    Its layout is made once and kept: `Figure.savefig` would make it, and draw, twice for each file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    stream, before = io.BytesIO(), (figure.dpi, figure.canvas)
    figure.set(dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure).print_png(
        stream, metadata={"Software": None}, pil_kwargs={"compress_level": compress_level}
    )
    figure.set_layout_engine("none")
    figure.set(dpi=before[0], canvas=before[1])
    return stream.getvalue()


def _svg_of(figure: Figure, name: str) -> bytes:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    stream, before = io.BytesIO(), figure.canvas
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "path"}):
        FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None, "Creator": None})
    figure.set_canvas(before)
    return stream.getvalue()


def show_figure(
    axes: Axes | Figure, name: str, table: pd.DataFrame, alt: str, figures_dir: str | Path = ""
) -> None:
    """Save a chart (see `save_figure`) and display it with `alt` as its alternative text and
    visible caption."""
    from IPython.display import Image, Markdown, display
    from matplotlib import pyplot as plt

    figure = axes.get_figure(root=True) or axes
    png = save_figure(figure, name, table, figures_dir)
    plt.close(figure)
    display(Image(data=png, format="png", alt=alt, width=int(figure.get_figwidth() * 80)))
    display(Markdown(f"*Figure `{name}`.* {alt}"))


def say(sentence: str) -> None:
    """Display a generated sentence (Markdown) in a notebook."""
    from IPython.display import Markdown, display

    display(Markdown(sentence))


def with_errors(table: pd.DataFrame, percent: bool = False) -> pd.DataFrame:
    """Return a table with every pair of columns NAME and NAME_error as one column of text, `22.72 ±
    0.06`."""
    shown, (scale, unit) = table.copy(), (100, "%") if percent else (1, "")
    for name in [name for name in table if f"{name}_error" in table]:
        texts = [
            with_error(scale * value, scale * error)
            for value, error in zip(table[name], table[f"{name}_error"], strict=True)
        ]
        shown[name] = [text and text + unit for text in texts]
    return shown.drop(columns=[f"{name}_error" for name in table if f"{name}_error" in table])


def show_table(table: pd.DataFrame, caption: str, percent: bool = False) -> None:
    """Display a table in a notebook with three significant digits and live links; `percent` shows
    fractions as %.

    Numbers from a thousand on show all digits before the point, and those from 1e9 on are in
    scientific notation. A column NAME that has a column NAME_error beside it is shown with this
    standard error, and to its digits.
    """
    from IPython.display import display

    def number(value: float) -> str:
        if pd.isna(value):
            return ""
        if percent:
            return f"{round(100 * value, 1) + 0:.1f}%"
        return (
            f"{value:.2e}"
            if abs(value) >= 1e9
            else f"{value:,.0f}"
            if abs(value) >= 1000
            else f"{value:.3g}"
        )

    shown = with_errors(table, percent).rename_axis(columns=None)
    html = shown.to_html(
        float_format=number, render_links=True, na_rep="", border=0, justify="left"
    )
    text = shown.to_string(float_format=number, na_rep="")
    html = html.replace("<thead>", f"<caption>{caption}</caption>\n  <thead>", 1)
    display({"text/html": html, "text/plain": f"{caption}\n{text}"}, raw=True)
