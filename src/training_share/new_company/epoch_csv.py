"""Read a CSV of Epoch AI's public datasets: recognise its columns, refuse what is broken, match
organisations.

Every published variant (all, notable, large-scale, frontier) has other columns and other spellings,
so columns and names are compared by letters and digits alone, and only what a draft needs is
required.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter, namedtuple
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from training_share.errors import InputError, nearest

Columns = dict[str, tuple[str, ...]]  # our name -> spellings of the header, by letters and digits
Row = Any  # a named tuple: the record's number and a text for each of our columns

MODEL_COLUMNS: Columns = {  # the first four are required
    "model": ("model", "system", "modelname"),
    "organization": ("organization", "organizations", "organisation", "developer"),
    "released": ("publicationdate", "releasedate", "date"),
    "flop": ("trainingcomputeflop", "trainingcompute", "trainingcomputeflops"),
    "flop_notes": ("trainingcomputenotes", "computenotes"),
    "finetune_flop": ("finetunecomputeflop", "finetunecompute"),
    "finetune_notes": ("finetunecomputenotes",),
    "base_model": ("basemodel",),
    "confidence": ("confidence",),
    "hours": ("trainingtimehours",),
    "hours_notes": ("trainingtimenotes",),
    "quantity": ("hardwarequantity",),
    "hardware": ("traininghardware",),
    "format": ("numericalformat",),
    "task": ("task",),
    "chip_hours": ("trainingchiphours", "chiphours"),
    "post_flop": ("posttrainingcomputeflop", "posttrainingcompute"),
    "low": ("trainingcomputelowerbound", "trainingcomputelower", "computelowerbound"),
    "high": ("trainingcomputeupperbound", "trainingcomputeupper", "computeupperbound"),
}
MODELS_URL = "https://epoch.ai/data/ai-models"
_GENERIC = {"ai", "inc", "corp", "corporation", "ltd", "limited", "llc", "co", "company", "group"}
_HOW = "download the CSV again from epoch.ai/data, unchanged"
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y",
          "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y")  # fmt: skip


def plain(text: str) -> str:
    """Return a name by its letters, digits, + and # alone, in lower case: C and C++ are two."""
    return re.sub(r"[^\w+#]|_", "", text.casefold())


class Snapshot:
    """A file's rows under our names for the columns; those it lacks are `absent` and blank.

    The first column is what a row is called, and the first `required` ones have to be there. Raises
    InputError, naming the file and where it breaks, for anything that is not an intact
    comma-separated UTF-8 file.
    """

    def __init__(
        self, path: str | Path, columns: Columns = MODEL_COLUMNS, required: int = 4
    ) -> None:
        path = Path(path).expanduser()
        self.name, self.faults = path.name, dict[str, None]()
        lines = _lines(path)
        place = _places(next(lines), columns, required, path.name)
        self.absent = columns.keys() - place
        row = namedtuple("Row", ["record", *columns])
        self.rows: list[Row] = [
            row(number, *(_cell(cells, place, column) for column in columns))
            for number, cells in enumerate(lines, start=1)
        ]
        if not self.rows:
            raise InputError(f"{path.name}: a header and no rows; {_HOW}")
        named = re.search(r"20\d\d-[01]\d(-[0-3]\d)?", path.stem)
        self.date = named[0] if named else date.fromtimestamp(path.stat().st_mtime).isoformat()

    def value(self, row: Row, column: str) -> Any:
        """Return a date as `as_day` does and any other cell as `as_amount` does; None where it
        cannot be read, which `refuse_faults` tells."""
        try:
            return (as_day if column == "released" else as_amount)(getattr(row, column))
        except InputError as error:
            where = f"{self.name}, record {row.record} ({row[1][:40]}), {column}"
            self.faults[f"{where}: {error}"] = None
            return None

    def refuse_faults(self) -> None:
        """Raise one InputError with every cell that could not be read so far."""
        faults = list(self.faults)
        if len(faults) > 1:
            more = f"\n  and {len(faults) - 20} more" if len(faults) > 20 else ""
            told = "\n  ".join([f"{len(faults)} cells cannot be read:", *faults[:20]])
            raise InputError(told + more)
        if faults:
            raise InputError(faults[0])


def _lines(path: Path) -> Iterator[list[str]]:
    """Yield the cells of the header and of each record."""
    text, name = _text(path), path.name
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        yield (header := next(reader))
        for number, cells in enumerate(filter(None, reader), start=1):
            if len(cells) != len(header):
                raise InputError(
                    f"{name}, record {number} (line {reader.line_num}): {len(cells)} cells,"
                    f" expected {len(header)}; the file is cut off or a comma stands outside"
                    f" quotes: {_HOW}"
                )
            yield cells
    except csv.Error as error:
        raise InputError(
            f"{name}, line {reader.line_num}: {error}; a quotation mark is not closed, perhaps"
            f" because the file is cut off: {_HOW}"
        ) from None


def _text(path: Path) -> str:
    if not path.is_file():
        raise InputError(
            f"{path}: no such file; give the path of a CSV downloaded from epoch.ai/data"
        )
    raw = path.read_bytes()
    start = raw[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise InputError(f"{path.name}: empty; {_HOW}")
    if start.startswith(b"PK\x03\x04"):
        what = "a ZIP archive or a spreadsheet, not a CSV; unpack it, or export it as CSV"
        raise InputError(f"{path.name}: {what}")
    if start.startswith(b"<"):
        raise InputError(f"{path.name}: a web page saved as CSV (it starts with '<'); {_HOW}")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        told = f"{path.name}, line {line}: not UTF-8; {_HOW}, or save it as UTF-8"
        raise InputError(told) from None


def _places(header: list[str], columns: Columns, required: int, name: str) -> dict[str, int]:
    """Return where in a file each of our columns stands."""
    place: dict[str, int] = {}
    for number, theirs in enumerate(header):
        for ours in (ours for ours, spellings in columns.items() if plain(theirs) in spellings):
            if place.setdefault(ours, number) != number:
                both = f"'{header[place[ours]]}' and '{theirs}' both mean {ours}"
                raise InputError(f"{name}, header: {both}; delete one")
    missing = [ours for ours in list(columns)[:required] if ours not in place]
    for mark, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if missing and sum(cell.count(mark) for cell in header) >= len(header):
            raise InputError(
                f"{name}, header: separated by {word}, not commas; save it with commas, or {_HOW}"
            )
    if missing:
        raise InputError(
            f"{name}, header: no column for {', '.join(missing)}; expected something like "
            f"{', '.join(repr(columns[m][0]) for m in missing)}; there: {', '.join(header)[:300]}"
        )
    return place


def _cell(cells: list[str], place: dict[str, int], column: str) -> str:
    """Return the text of a cell; line breaks stay in notes alone."""
    text = cells[place[column]].strip() if column in place else ""
    return text if column.endswith("notes") else re.sub(r"\s+", " ", text)


# --- dates and amounts ----------------------------------------------------------------------------
def as_day(text: str) -> str:
    """Return a publication date as YYYY-MM-DD or YYYY-MM; blank for a bare year or none. InputError
    otherwise."""
    text = re.sub(r"[T ]\d\d:\d\d.*$", "", text)
    if re.fullmatch(r"(\d{4})?", text):
        return ""
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        return text
    days = set()
    for form in _DATES:
        with suppress(ValueError):
            days.add(datetime.strptime(text, form).date().isoformat())
    if len(days) == 1:
        return days.pop()
    fault = "may be day/month or month/day" if days else "is not a date"
    raise InputError(f"'{text}' {fault}; write it as YYYY-MM-DD")


def as_amount(text: str) -> float | None:
    """Return a positive number, None where the cell is blank or zero. InputError for '3,1e24',
    words and the like."""
    value = float(pd.to_numeric(text or "0", errors="coerce"))
    if not 0 <= value < math.inf:
        raise InputError(
            f"'{text[:60]}' is not a positive number; write it as 3.1e24 (decimal point,"
            " no separators, no words), or empty the cell"
        )
    return value or None


def as_cell(amount: float) -> str:
    """Return a number as a table's cell has it: 3.142e24."""
    return f"{amount:.7g}".replace("e+", "e")


# --- organisations --------------------------------------------------------------------------------
def makers(row: Row) -> list[str]:
    """Return the organisations that made a model: "Zhipu AI,Tsinghua University" lists two."""
    return [part.strip() for part in re.split(r"[,;]", row.organization)]


def match_organizations(
    models: Snapshot, asked: Iterable[str], ask: Callable[..., None]
) -> tuple[list[Row], dict[str, int]]:
    """Return the rows of the organisations asked for, and the spellings matched with their numbers
    of rows; ask about names that are not in the file, and near ones that were left out.

    Raises InputError, with near names, where none of them is found.
    """
    counts = dict(Counter(part for row in models.rows for part in makers(row)).most_common())
    found = {one: [each for each in counts if _names(each) & _names(one)] for one in asked}
    matched = {each: counts[each] for spellings in found.values() for each in spellings}
    missing = {one: _close(one, counts) for one, spellings in found.items() if not spellings}
    if not matched:
        one, near = next(iter(missing.items()))
        raise InputError(f"{models.name}, column organization: no '{one}'{near}")
    for one, near in missing.items():
        ask("organisation-absent", one=one, near=near)
    left = [each for each in counts if each not in matched and any(_akin(each, a) for a in asked)]
    if left:
        ask("organisation-near", names=", ".join(left[:8]))
    return [row for row in models.rows if matched.keys() & makers(row)], matched


def _names(text: str) -> set[str]:
    """The ways one organisation may be spelled: 'Z.ai (Zhipu AI)' is zai and zhipuai, 'Mistral AI'
    also mistral."""
    spelled = set()
    for part in (text, *re.split(r"[()\[\]/]", text)):
        words = [word for word in re.split(r"[\W_]+", part.casefold()) if word]
        spelled.add("".join(words))
        while len(words) > 1 and words[-1] in _GENERIC:
            words = words[:-1]
        spelled.add("".join(words) if len("".join(words)) > 2 else "")
    return spelled - {""}


def _akin(spelling: str, asked: str) -> bool:
    """Whether a name of five letters at least stands inside the other."""
    one, two = plain(spelling), plain(asked)
    return min(len(one), len(two)) >= 5 and (two in one or one in two)


def _close(one: str, spellings: Iterable[str]) -> str:
    near = nearest(one, spellings)
    if "did you mean" in near:
        return near
    start = plain(one)[:4]
    if containing := [each for each in spellings if start and start in plain(each)][:5]:
        return f"; did you mean {', '.join(map(repr, containing))}?"
    return "; look the name up in the file"
