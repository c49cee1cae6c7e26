"""Words of charts and sentences: the templates of `words.toml`, filled with computed numbers.

A field of a template names its kind, a function of `text`, as in `{low:share}`; or what goes with
one and with several, as in `{runs:run|runs}`; or what is said only where it is neither zero nor
empty, as in `{range:? (likely {range})}`. So each reads as English for every number.
"""

import re
import string
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from training_share.report import text

BREAK = re.compile(r"(?<!\n)\n(?!\n|- )")  # of a line, inside a paragraph


@cache
def templates() -> dict[str, dict[str, Any]]:
    """Return the templates by chart, the sentences, and the words for keys of the tables."""
    return tomllib.loads(files("training_share.report").joinpath("words.toml").read_text("utf-8"))


def label(key: str) -> str:
    """Return what a key of the tables is called in a chart; a label of a reader's own stays."""
    return text.upper(templates()["labels"].get(key, key))


class _Filler(string.Formatter):
    def format_field(self, value: Any, spec: str) -> str:
        if spec.startswith("?"):
            return spec[1:] if value else ""
        if "|" in spec:
            one, several = spec.split("|")
            return one if value == 1 else several
        return getattr(text, spec)(value) if spec.isalpha() else format(value, spec)


def fill(template: str, numbers: Mapping[str, Any]) -> str:
    """Return a template with its numbers in their places; a paragraph without words is dropped."""
    filled = _Filler().vformat(BREAK.sub(" ", template.strip()), (), numbers)
    paragraphs = (re.sub(" +", " ", part).strip() for part in filled.split("\n\n"))
    return "\n\n".join(filter(None, paragraphs))


def words_of(chart: str, case: str, numbers: dict[str, object]) -> list[str]:
    """Return title, subtitle and source of a chart. `case` picks `title_CASE`, `about_CASE` and
    `source_CASE` where the chart has them."""
    texts, common = templates()[chart], templates()["common"]
    usual = {"source": common["source"]} | texts
    kinds = [usual.get(f"{kind}_{case}", usual[kind]) for kind in ("title", "about", "source")]
    return [text.upper(fill(words, common | {"doubts": ""} | numbers)) for words in kinds]
