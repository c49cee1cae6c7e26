"""Words of charts: the templates of `words.toml`, filled with computed numbers.

A field of a template names its kind, as in `{share:share}` or `{cost:usd}` (see `KINDS`), or says
what goes with one and with several: `{runs:run|runs}`. So each reads as English for every number.
"""

import re
import string
import tomllib
from functools import cache
from importlib.resources import files

from training_share.report.text import brief_chance, chance, counted, short

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@cache
def templates() -> dict[str, dict[str, str]]:
    """Return the templates by chart, and the words for keys of the tables."""
    return tomllib.loads(files("training_share.report").joinpath("words.toml").read_text("utf-8"))


def label(key: str) -> str:
    """Return what a key of the tables is called in a chart; a label of a reader's own stays."""
    words = templates()["labels"].get(key, key)
    return words[:1].upper() + words[1:]


def share(fraction: float) -> str:
    """Return a fraction in whole percent, with one decimal below one percent."""
    if 0 < fraction < 0.00095:
        return "under 0.1%"
    return f"{100 * fraction:.1f}%" if 0 < abs(fraction) < 0.0095 else f"{100 * fraction:.0f}%"


def reach(low: float, high: float) -> str:
    """Return an interval of fractions, as in '4 to 27%'; "" where its ends read the same."""
    first, last = share(low), share(high)
    return "" if first == last else f"{first.removesuffix('%')} to {last}"


def signed(move: float, digits: int = 1) -> str:
    """Return a move with its sign."""
    return f"{round(move, digits) + 0:+.{digits}f}".replace("-", "−")  # no minus before a zero


def ten(value: float, unit: str = "") -> str:
    """Return a number as a power of ten in one line, as in '3.3 × 10²⁴'."""
    digits, power = f"{value:.1e}".split("e")
    raised = "10" + str(int(power)).translate(SUPERSCRIPT)
    words = (raised if digits == "1.0" else f"{digits} × {raised}") + unit
    return words.replace(" ", "\u00a0")


def times(factor: float) -> str:
    """Return a factor as it is said, as in 'twice' or '3.4 times'."""
    text = f"{factor:.0f}" if factor >= 9.95 else f"{factor:.1f}".removesuffix(".0")
    return {"1": "about", "2": "twice"}.get(text, f"{text}\u00a0times")


def plain(value: float) -> str:
    """Return a number to two digits."""
    return f"{value:.0f}" if abs(value) >= 9.95 else f"{value:.2g}"


KINDS = {
    "share": share,
    "chance": chance,
    "brief": brief_chance,
    "usd": short,  # in millions
    "ten": ten,
    "times": times,
    "plain": plain,
    "count": counted,
}


class _Filler(string.Formatter):
    def format_field(self, value: object, spec: str) -> str:
        if "|" in spec:
            one, several = spec.split("|")
            return one if value == 1 else several
        return KINDS[spec](value) if spec in KINDS else format(value, spec)


def fill(template: str, **numbers: object) -> str:
    """Return a template with its numbers in their places, and an upper-case letter first."""
    text = re.sub(" +", " ", _Filler().vformat(template, (), numbers)).strip()
    return text[:1].upper() + text[1:]


def words_of(chart: str, case: str, numbers: dict[str, object]) -> list[str]:
    """Return title, subtitle and source of a chart. `case` picks `title_CASE`, `about_CASE` and
    `source_CASE` where the chart has them."""
    texts, common = templates()[chart], templates()["common"]
    usual = {"source": common["source"]} | texts
    kinds = [usual.get(f"{kind}_{case}", usual[kind]) for kind in ("title", "about", "source")]
    return [fill(text, **common | {"doubts": ""} | numbers) for text in kinds]
