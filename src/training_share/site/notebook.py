"""An executed notebook, its Markdown and its code as the parts of a page."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mistune
from bs4 import BeautifulSoup
from markupsafe import Markup
from pygments import lex
from pygments.lexers import PythonLexer
from pygments.token import Comment, Keyword, String

from training_share.errors import InputError
from training_share.report.parameters import literals
from training_share.site.tables import safe

CAPTION = re.compile(r"\*Figure `([\w.-]+)`\.\*.*", re.S)
COLOURS = ((Comment, "c"), (Keyword, "k"), (String, "s"))  # of words in code, and their class
ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
SHOWN = ("image/png", "text/html", "text/markdown", "text/plain")
LIVE = "application/vnd.jupyter.widget-view+json"
# what stands in a cell, a parameter or a table is text: tags in it are shown, not obeyed
_markdown = mistune.create_markdown(escape=True, plugins=["table"])


@dataclass
class Output:
    """One thing that a cell shows; a figure has a name or holds its picture."""

    kind: str  # said, table, figure, picture or text
    body: Markup | str = ""
    name: str = ""
    alt: str = ""


@dataclass
class Notebook:
    """An executed notebook: its cells, each with what it shows as `shown`, and the parameters it
    ran with."""

    stem: str
    cells: list[dict[str, Any]]
    settings: dict[str, object]

    @property
    def prose(self) -> str:
        """All its Markdown."""
        return "\n\n".join(cell["source"] for cell in self.cells if cell["cell_type"] == "markdown")

    @property
    def outputs(self) -> list[Output]:
        """All it shows."""
        return [output for cell in self.cells for output in cell["shown"]]

    @property
    def answer(self) -> Markup:
        """The first sentences it generates; its prose where it generates none."""
        said = (output.body for output in self.outputs if output.kind == "said")
        return next(said, None) or markdown(self.prose)

    @property
    def companies(self) -> set[str]:
        """Keys of the companies it is about."""
        code = "\n".join(cell["source"] for cell in self.cells if cell["cell_type"] == "code")
        return set(re.findall(r'\bestimate\(\s*"([^"]+)"', code))


def read(path: Path) -> Notebook:
    """Read an executed notebook. InputError for a file that is none."""
    settings: dict[str, object] = {}
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            cell["source"] = "".join(cell["source"])
            cell["shown"] = _outputs(cell.get("outputs", []))
            if {"parameters", "injected-parameters"} & set(cell["metadata"].get("tags", [])):
                settings |= literals(cell["source"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(f"{path}: not a notebook ({error}); run the pipeline again") from error
    return Notebook(path.stem, cells, settings)


def _outputs(outputs: list[dict[str, Any]]) -> list[Output]:
    """Return what a cell shows: each image and its caption as one figure, the rest in one form
    each."""
    shown: list[Output] = []
    for output in outputs:
        given = output.get("data", {})
        data = {kind: "".join(given[kind]) for kind in SHOWN if kind in given}
        caption = CAPTION.fullmatch(data.get("text/markdown", "").strip())
        if caption and shown and shown[-1].kind == "picture":
            shown[-1] = Output("figure", name=caption[1], alt=shown[-1].alt)
        elif "image/png" in data:
            alt = output["metadata"].get("image/png", {}).get("alt", "")
            shown.append(Output("picture", data["image/png"].replace("\n", ""), alt=alt))
        elif "text/html" in data:
            shown.append(Output("table", Markup(safe(data["text/html"]))))
        elif "text/markdown" in data:
            shown.append(Output("said", markdown(data["text/markdown"])))
        elif LIVE not in given:
            text = "".join(output.get("text", "")) or data.get("text/plain", "")
            shown.append(Output("text", ANSI.sub("", text)))
    return shown


def markdown(text: str) -> Markup:
    """Return Markdown as HTML; HTML in it is text."""
    return Markup(str(_markdown(text)).replace("<pre>", '<pre tabindex="0">'))


def opening(html: str, most: int = 240) -> str:
    """Return the first sentences of HTML's first paragraph or item."""
    first = BeautifulSoup(html, "html.parser").find(["p", "li"])
    kept, *others = re.split(r"(?<=[.?!]) ", " ".join(first.get_text().split()) if first else "")
    for sentence in others:
        if len(kept) + len(sentence) >= most:
            break
        kept += f" {sentence}"
    return kept


def pieces(code: str) -> list[tuple[str, str]]:
    """Return code in pieces, each with its class and its text."""
    return [
        (next((name for group, name in COLOURS if token in group), ""), text)
        for token, text in lex(code, PythonLexer(stripnl=False, ensurenl=False))
    ]
