"""What a column of a table may hold, as `data/datapackage.json` defines it.

A column has a kind. Standard properties of a Data Package say most kinds (an integer with a minimum
and a maximum is `whole 0 to 36`); the property `kind` says the others, in the words that `reader`
knows. In assumptions.csv each row says the kind of its value in the same words. `amount 1e18 to
1e29 FLOP` is an amount with its usual range.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from training_share.errors import InputError, nearest
from training_share.files import repo_root
from training_share.inputs.notation import Distribution, Exact, parse
from training_share.inputs.observable import ends, parse_observable, parse_observed
from training_share.inputs.quantities import Content

PACKAGE, VERSION = "datapackage.json", "3.3.0"  # higher where a column comes or changes its kind
MONTH = r"\d{4}-(?:0[1-9]|1[0-2])"
NOUNS = {"companies": "company", "training_runs": "run", "closed_models": "closed model"}
NOUNS["scenarios.correction"] = "row of scenarios.csv that uses, or leaves out,"
WORDS = ("text", "like ", "one of ")  # kinds of which a blank is a word, too
OWNERS = ("shared", "per-company", "per-run")  # whose an assumption's normals are
SHARED_IN_PART = "0.5 shared + 0.25 per-company + 0.25 per-run"
CHECKED = " checked"  # behind an amount: it is meant, however unusual


# --- what a cell may hold -------------------------------------------------------------------------
def _like(pattern: str, mend: str, read: Callable[[str], Any] = str) -> Callable[[str], Any]:
    fits = re.compile(pattern).fullmatch

    def cell(text: str) -> Any:
        if not fits(text):
            raise ValueError(mend)
        return read(text)

    return cell


def _word(text: str, words: list[str]) -> str:
    if text not in words:
        near = nearest(text, words).partition("; known")[0]
        raise ValueError(f"not one of the words {', '.join(words)}{near}")
    return text


def _number(text: str, told: str, low: float, high: float, whole: bool = False) -> float:
    try:
        number = float(text.replace("_", "x"))  # Python reads 1_000, a table does not
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and low <= number <= high) or (whole and number % 1):
        raise ValueError(f"write a {told}, without thousands separators")
    return int(number) if whole else number


def _month(text: str) -> pd.Period:
    day = date.fromisoformat(text if len(text) > 7 else f"{text}-01")
    return pd.Period(year=day.year, month=day.month, freq="M")


def _months(text: str) -> tuple[pd.Period, pd.Period]:
    first, last = map(_month, text.split(" to "))
    if last < first:
        raise ValueError(f"the last month, {last}, is before the first, {first}")
    return first, last


def _fraction(content: Content) -> Distribution:
    if (most := ends(value := parse(content))[1]) > 1:
        raise ValueError(f"a fraction cannot exceed 1, got {most:g}; write 5% as 0.05")
    return value


def _multiple(content: Content) -> Distribution:
    if ends(value := parse(content))[0] < 1:
        raise ValueError("below 1; a multiple holds what it multiplies, write 1.05 for 5% more")
    return value


def _usual(content: Content, read: Any, low: float, high: float, unit: str) -> Distribution:
    """Read an amount, and refuse one outside its usual range, unless `checked` follows it.

    The range is for the numbers in its notation, which people mistype, and for its median, not for
    the endless tails of a lognormal. Zero is allowed: nothing spent, or where a beta begins.
    """
    if (words := str(content)).endswith(CHECKED):
        return read(words.removesuffix(CHECKED))
    least, most = ends(value := read(content))
    if most > high or 0 < least < low:
        told = f"outside {low:g} to {high:g}{unit}, the usual range of this column"
        raise ValueError(f"{told}; mend unit or exponent, or insist: '{words}{CHECKED}'")
    return value


def _sharing(text: str) -> tuple[tuple[float, str], ...]:
    """Read who shares a draw: a word, or parts of the variance that each word has of it."""
    parts = [(part, who) for part, _, who in (one.rpartition(" ") for one in text.split(" + "))]
    variances = [_number(part or "1", "part from 0 to 1", 0, 1) for part, _ in parts]
    words = [_word(who, list(OWNERS)) for _, who in parts]
    if abs(sum(variances) - 1) > 1e-9 or len({*words}) < len(words):
        raise ValueError(f"write a word, or parts that add to one, as in '{SHARED_IN_PART}'")
    mixed = zip(variances, words, strict=True)  # in whatever order they are written
    return tuple((math.sqrt(part), who) for part, who in sorted(mixed, key=_breadth))


def _breadth(part: tuple[float, str]) -> int:
    return OWNERS.index(part[1])


def _or_key(content: Content, read: Callable[[Content], Distribution]) -> Distribution | str:
    key = re.fullmatch(r"(?!nan$|inf$|infinity$)[a-z][a-z0-9._-]*", str(content))
    return str(content) if key else read(content)


@lru_cache(maxsize=256)
def reader(kind: str) -> Callable[[Any], Any]:
    """Return what reads a cell of a kind; it raises ValueError, with a mend, where it cannot.

    InputError for words that are no kind.

    >>> reader("whole 0 to 36")("3"), reader("one of flop|gpu-hours")("flop")
    (3, 'flop')
    """
    if simple := TEXTS.get(kind):
        return simple
    if kind.startswith("one of "):
        return partial(_word, words=kind.removeprefix("one of ").split("|"))
    if kind.startswith("like "):
        return _like(kind.removeprefix("like "), f"write it {kind}")
    if kind.endswith(" or key"):
        return partial(_or_key, read=reader(kind.removesuffix(" or key")))
    if match := re.fullmatch(r"([a-z ]+?)(?: (\d\S*) to (\d\S*)( .+)?)?", kind):
        name, unit = match[1], match[4] or ""
        low, high = float(match[2] or -math.inf), float(match[3] or math.inf)
        if name in AMOUNTS:
            return partial(_usual, read=AMOUNTS[name], low=low, high=high, unit=unit)
        if name in ("whole", "number"):
            told = kind.replace("whole", "whole number")
            return partial(_number, told=told, low=low, high=high, whole=name == "whole")
    raise InputError(f"no kind '{kind}'{nearest(kind, [*AMOUNTS, *TEXTS, 'whole', 'one of'])}")


def _kind(text: str) -> str:
    reader(text)
    return text


AMOUNTS: dict[str, Callable[[Content], Any]] = {  # what may be a distribution as well as text
    "amount": parse,
    "amount or zero": lambda content: Exact(0.0) if content in ("0", "0.0") else parse(content),
    "fraction": _fraction,
    "multiple": _multiple,
}
TEXTS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "reference": str,
    "key": _like(
        "[A-Za-z0-9][A-Za-z0-9._-]*",
        "a key has letters, digits, '-', '_' and '.' only, and begins with one of the first two",
    ),
    "yes or no": _like("yes|no", "write yes or no", "yes".__eq__),
    "date": _like(r"\d{4}-\d{2}-\d{2}", "write the date as YYYY-MM-DD", date.fromisoformat),
    "month": _like(rf"{MONTH}(-\d{{2}})?", "write the month as YYYY-MM or YYYY-MM-DD", _month),
    "months": _like(
        f"{MONTH} to {MONTH}",
        "write the first and the last month, as in 2024-04 to 2025-03",
        _months,
    ),
    "positive": partial(_number, told="number above 0", low=5e-324, high=math.inf),
    "correlation": partial(_number, told="correlation from 0 to 1", low=0, high=1),
    "sharing": _sharing,
    "quantity": parse_observable,
    "finding": parse_observed,
    "kind": _kind,
}


@dataclass(frozen=True)
class Column:
    """A column of a table: the kind of its cells, its description, whether every cell is required,
    the tables (or columns) that have the keys in it, and how to mend a cell where the kind does not
    say so."""

    name: str
    kind: str
    description: str
    required: bool = False
    refers_to: tuple[str, ...] = ()
    mend: str = ""

    def read(self, content: Content, kind: str = "") -> Any:
        """Return what a cell means, of `kind` in place of the column's: None where it is blank and
        may be, but "" of words. ValueError says how to mend it."""
        kind = kind or self.kind
        if content == "" and not self.required:
            return "" if kind.startswith(WORDS) else None
        if content == "" and kind.startswith((*WORDS, "reference", "key")):
            raise ValueError("the cell is empty; fill it in")
        if isinstance(content, Distribution) and not kind.startswith(tuple(AMOUNTS)):
            content = str(content)
        try:
            return reader(kind)(content)
        except ValueError as error:
            raise ValueError(self.mend or error) from None


# --- what a row holds -----------------------------------------------------------------------------
class ReadOnly(dict[Any, Any]):
    """A dict that refuses changes; it can be pickled and copied."""

    def _refused(self, *args: object, **named: object) -> Any:
        raise TypeError("tables are read-only; use tables.changed")

    __setitem__ = __delitem__ = __ior__ = _refused
    clear = pop = popitem = setdefault = update = _refused

    def __reduce__(self) -> tuple[Any, ...]:
        return ReadOnly, (dict(self),)


class Row(SimpleNamespace):
    """A row of a table, immutable and equal by value; its columns are attributes with typed values.
    Of an assumption `value` is text, and `amount` is the distribution that it says, or None."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("rows are read-only; use tables.changed")

    @property
    def inferred(self) -> bool:
        """Whether it is our own judgement rather than disclosed or reported."""
        return bool(self.source_id == "own-judgement")

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(vars(self).values()))

    def __repr__(self) -> str:
        return f"<{self.row_of}>"


Texts = Mapping[str, Mapping[str, Mapping[str, str]]]  # table -> key -> column -> text


@dataclass(frozen=True, eq=False)
class Layout:
    """What a table holds: what a row of it is, its columns, and of which columns the cells name a
    row (`keys`), differ between rows (`unique`), and are filled all or none (`together`) or one
    alone (`one_of`)."""

    table: str
    description: str
    columns: Mapping[str, Column]
    keys: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...]
    together: tuple[tuple[str, ...], ...]
    one_of: tuple[tuple[str, ...], ...]

    def row(self, key: str, cells: Mapping[str, Content], texts: Texts) -> tuple[Row, list[str]]:
        """Return a row with typed values, and its faults; `texts` has what it may refer to."""
        faults: list[str] = []

        def read(column: Column, kind: str = "") -> Any:
            content = cells[column.name]
            try:
                value = column.read(content, kind)
                if column.refers_to and isinstance(value, str) and value:
                    _resolve(value, column.refers_to, texts)
            except ValueError as error:
                told = str(error) if f"'{content}'" in str(error) else f"'{content}': {error}"
                faults.append(f"{at(self.table, key, column.name)}: {told}")
                return None
            return value

        values = {name: read(column) for name, column in self.columns.items()}
        if "kind" in values and not faults:  # of an assumption
            amount = read(self.columns["value"], values["kind"])
            number = Exact(float(amount)) if isinstance(amount, int | float) else None
            values["amount"] = amount if isinstance(amount, Distribution) else number
        return Row(row_of=f"{self.table} {key}", **values), faults


def _resolve(name: str, refers_to: tuple[str, ...], texts: Texts) -> None:
    known: list[str] = []
    for table, _, column in (to.partition(".") for to in refers_to):
        rows = texts[table]
        names = [row[column] for row in rows.values()] if column else rows
        if name in names:
            return
        known += filter(None, names)
    nouns = [NOUNS.get(to) or to.split(".")[-1].removesuffix("s") for to in refers_to]
    raise ValueError(f"no {' or '.join(nouns)} '{name}'{nearest(name, known)}")


def at(table: str, key: str, column: str = "") -> str:
    """Return the place of a cell or a row, as faults name it."""
    return f"{table}.csv, row {key}" + (f", column {column}" if column else "")


def chip_of(unit: str) -> str:
    """Return the chip of a unit such as H100-hours as keys of hardware begin (h100), or "" for a
    currency.

    >>> chip_of("H100-hours"), chip_of("USD")
    ('h100', '')
    """
    return unit.removesuffix("-hours").lower() if unit.endswith("-hours") else ""


# --- the file that says it ------------------------------------------------------------------------
Schema = Mapping[str, Layout]  # by table


def package_of(folder: Path | None = None) -> bytes:
    """Return what says the columns of a folder's tables: its datapackage.json, or the project's."""
    beside = Path(__file__).resolve().parents[3] / "data" / PACKAGE  # in a checkout
    path = folder / PACKAGE if folder and (folder / PACKAGE).is_file() else beside
    return (path if path.is_file() else repo_root() / "data" / PACKAGE).read_bytes()


@lru_cache(maxsize=4)
def schema_of(package: bytes) -> Schema:
    """Return what each table holds; InputError for a file of another version, or a slip in it."""
    try:
        content = json.loads(package)
        if content.get("version") != VERSION:
            raise ValueError(f"of version {content.get('version')}, and {VERSION} is read")
        return ReadOnly({table["name"]: _layout(**table) for table in content["resources"]})
    except (KeyError, ValueError) as error:
        raise InputError(f"{PACKAGE}: {error}; mend it, or copy the project's") from None


def _layout(name: str, description: str, schema: Mapping[str, Any], **_: object) -> Layout:
    unique = schema.get("uniqueKeys", [])
    keys = schema["primaryKey"] if "primaryKey" in schema else unique[0]
    links = {link["fields"][0]: link["reference"] for link in schema.get("foreignKeys", ())}
    columns = {}
    for field in schema["fields"]:
        limits, column = field.get("constraints", {}), field["name"]
        words = "one of " + "|".join(limits["enum"]) if "enum" in limits else "text"
        words = "reference" if column in links else words
        kind = field.get("kind") or {
            "string": "like {pattern}" if "pattern" in limits else words,
            "boolean": "yes or no",
            "date": "date",
            "integer": "whole {minimum} to {maximum}" if "minimum" in limits else "whole",
            "number": "positive" if "exclusiveMinimum" in limits else "number",
        }[field["type"]].format(**limits)
        reader(kind)  # refuses what is none
        to = [links[column]["resource"] or name] if column in links else field.get("refersTo", [])
        required, mend = limits.get("required", False), field.get("mend", "")
        columns[column] = Column(column, kind, field["description"], required, tuple(to), mend)
    rules = unique, schema.get("together", ()), schema.get("oneOf", ())
    held = (tuple(map(tuple, rule)) for rule in rules)
    return Layout(name, description, ReadOnly(columns), tuple(keys), *held)


def __getattr__(name: str) -> Any:  # so that importing the package reads no file
    if name not in ("COLUMNS", "KEYS"):
        raise AttributeError(name)
    what = name.lower()
    return {table: getattr(one, what) for table, one in schema_of(package_of()).items()}
