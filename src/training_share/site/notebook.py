"""An executed notebook as the body of a page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
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
from training_share.site.links import formula_of
from training_share.site.tables import safe

CAPTION = re.compile(r"\*Figure `([\w.-]+)`\.\*\s*(.*)", re.S)
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
class Cell:
    """A cell as its page shows it."""

    markdown: bool
    source: str
    name: str = ""  # of its code
    outputs: list[Output] = field(default_factory=list)

    @property
    def body(self) -> Markup:
        """The prose of a Markdown cell."""
        return markdown(self.source)

    @property
    def code(self) -> list[tuple[str, str]]:
        """The code in pieces, with the class of each."""
        pieces = lex(self.source, PythonLexer(stripnl=False, ensurenl=False))
        return [
            (next((name for group, name in COLOURS if token in group), ""), text)
            for token, text in pieces
        ]

    @property
    def formula(self) -> tuple[str, tuple[str, ...]]:
        """Heading of the method and tables of inputs behind what the cell shows."""
        return formula_of(self.source)


@dataclass
class Notebook:
    """An executed notebook."""

    stem: str
    cells: list[Cell]
    settings: Mapping[str, object]  # the parameters it ran with

    @property
    def prose(self) -> str:
        """All its Markdown."""
        return "\n\n".join(cell.source for cell in self.cells if cell.markdown)

    @property
    def outputs(self) -> list[Output]:
        """All it shows."""
        return [output for cell in self.cells for output in cell.outputs]

    @property
    def companies(self) -> set[str]:
        """Keys of the companies it is about."""
        code = "\n".join(cell.source for cell in self.cells if not cell.markdown)
        return set(re.findall(r'\bestimate\(\s*"([^"]+)"', code))


def read(path: Path) -> Notebook:
    """Read an executed notebook. InputError for a file that is none."""
    cells, settings = [], {}
    try:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source, tags = _joined(cell["source"]), set(cell["metadata"].get("tags", []))
            if tags & {"parameters", "injected-parameters"}:
                settings |= literals(source)
            name = "Parameters" if "parameters" in tags else "Code"
            shown = _outputs(cell.get("outputs", []))
            cells.append(Cell(cell["cell_type"] == "markdown", source, name, shown))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(f"{path}: not a notebook ({error}); run the pipeline again") from error
    return Notebook(path.stem, cells, settings)


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _outputs(outputs: list[Any]) -> list[Output]:
    """Return what a cell shows: each image and its caption as one figure, the rest in one form
    each."""
    shown: list[Output] = []
    for output in outputs:
        given = output.get("data", {})
        data = {kind: _joined(given[kind]) for kind in SHOWN if kind in given}
        caption = CAPTION.fullmatch(data.get("text/markdown", "").strip())
        if caption and shown and shown[-1].kind == "picture":
            alt = shown[-1].alt or plain(caption[2])
            shown[-1] = Output("figure", name=caption[1], alt=alt)
        elif "image/png" in data:
            alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
            shown.append(Output("picture", data["image/png"].replace("\n", ""), alt=alt))
        elif "text/html" in data:
            shown.append(Output("table", Markup(safe(data["text/html"]))))
        elif "text/markdown" in data:
            shown.append(Output("said", markdown(data["text/markdown"])))
        elif LIVE not in given:
            text = _joined(output.get("text", "")) or data.get("text/plain", "")
            shown.append(Output("text", ANSI.sub("", text)))
    return shown


def markdown(text: str) -> Markup:
    """Return Markdown as HTML; HTML in it is text."""
    return Markup(str(_markdown(text)).replace("<pre>", '<pre tabindex="0">'))


def plain(text: str) -> str:
    """Return the text of Markdown."""
    return " ".join(BeautifulSoup(str(_markdown(text)), "html.parser").get_text().split())


def title(text: str) -> str:
    """Return the text of the first heading of Markdown."""
    found = re.search(r"^# (.*)$", text, re.M)
    return plain(found[1]) if found else ""


def opening(html: str, most: int = 240) -> str:
    """Return the first sentences of HTML's first paragraph or item."""
    first = BeautifulSoup(html, "html.parser").find(["p", "li"])
    kept, *others = re.split(r"(?<=[.?!]) ", " ".join(first.get_text().split()) if first else "")
    for sentence in others:
        if len(kept) + len(sentence) >= most:
            break
        kept += f" {sentence}"
    return kept
