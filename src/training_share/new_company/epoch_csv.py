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
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from training_share.errors import InputError, nearest

# our name -> spellings of the header, by letters and digits; the first four are required
MODEL_COLUMNS = {
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
    "domain": ("domain",),
    "task": ("task",),
    "chip_hours": ("trainingchiphours", "chiphours"),
    "post_flop": ("posttrainingcomputeflop", "posttrainingcompute"),
    "low": ("trainingcomputelowerbound", "trainingcomputelower", "computelowerbound"),
    "high": ("trainingcomputeupperbound", "trainingcomputeupper", "computeupperbound"),
}
REQUIRED = ("model", "organization", "released", "flop")
_GENERIC = {"ai", "inc", "corp", "corporation", "ltd", "limited", "llc", "co", "company", "group"}
MODELS_URL = "https://epoch.ai/data/ai-models"
_HOW = "download the CSV again from epoch.ai/data, unchanged"


def plain(text: str) -> str:
    """Return a name by its letters, digits, + and # alone, in lower case: C and C++ are two."""
    return re.sub(r"[^\w+#]|_", "", text.casefold())


def read_csv(
    path: str | Path, columns: dict[str, tuple[str, ...]], required: Iterable[str]
) -> pd.DataFrame:
    """Return a CSV as text under our column names (missing optional ones blank), indexed by the
    record's number.

    Raises InputError, naming the file and where it breaks, for anything that is not an intact
    comma-separated UTF-8 file with the required columns.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"{path}: no such file; give the path of a CSV downloaded from epoch.ai/data"
        )
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader)
        named = _columns(header, columns, required, path.name)
        for number, cells in enumerate(reader, start=1):
            if cells and len(cells) != len(header):
                raise InputError(
                    f"{path.name}, record {number} (line {reader.line_num}): {len(cells)} cells,"
                    f" expected {len(header)}; the file is cut off or a comma stands outside"
                    f" quotes: {_HOW}"
                )
    except csv.Error as error:
        raise InputError(
            f"{path.name}, line {reader.line_num}: {error}; a quotation mark is not closed, perhaps"
            f" because the file is cut off: {_HOW}"
        ) from None
    frame = pd.read_csv(
        io.StringIO(text),
        engine="c",
        dtype=str,
        keep_default_na=False,
        usecols=list(named.values()),
        header=0,
    )
    if frame.empty:
        raise InputError(f"{path.name}: a header and no rows; {_HOW}")
    frame = frame.rename(columns={theirs: ours for ours, theirs in named.items()})
    frame = frame.reindex(columns=list(columns), fill_value="").apply(
        lambda column: column.str.strip()
    )
    for name in frame.columns.difference(
        [column for column in columns if column.endswith("notes")]
    ):
        if frame[name].str.contains(r"[\r\n\t]").any():
            frame[name] = frame[name].str.replace(r"\s+", " ", regex=True)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="record")
    frame.attrs["absent"] = [ours for ours in columns if ours not in named]
    return frame


def _text(path: Path) -> str:
    raw = path.read_bytes()
    if not raw.strip():
        raise InputError(f"{path.name}: empty; {_HOW}")
    if raw[:4] == b"PK\x03\x04":
        raise InputError(
            f"{path.name}: a ZIP archive or a spreadsheet, not a CSV; unpack it, or export it"
            " as CSV"
        )
    if raw[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise InputError(f"{path.name}: a web page saved as CSV (it starts with '<'); {_HOW}")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path.name}, line {line}: not UTF-8; {_HOW}, or save it as UTF-8"
        ) from None


def _columns(
    header: list[str], columns: dict, required: Iterable[str], name: str
) -> dict[str, str]:
    found = {}
    for theirs in header:
        for ours, spellings in columns.items():
            if plain(theirs) in spellings:
                if ours in found:
                    raise InputError(
                        f"{name}, header: '{found[ours]}' and '{theirs}' both mean {ours};"
                        " delete one"
                    )
                found[ours] = theirs
    missing = [ours for ours in required if ours not in found]
    if missing:
        for mark, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if sum(cell.count(mark) for cell in header) >= len(header):
                raise InputError(
                    f"{name}, header: separated by {word}, not commas; save it with commas, or"
                    f" {_HOW}"
                )
        raise InputError(
            f"{name}, header: no column for {', '.join(missing)}; expected something like "
            f"{', '.join(repr(columns[m][0]) for m in missing)}; there: {', '.join(header)[:300]}"
        )
    return found


def read_models(path: str | Path) -> pd.DataFrame:
    """Return Epoch AI's models as text, one row a model; the columns are those of
    `MODEL_COLUMNS`."""
    return read_csv(path, MODEL_COLUMNS, REQUIRED)


def snapshot_date(path: str | Path) -> str:
    """Return the date in a file's name, as 2026-07 or 2026-07-15; blank where there is none."""
    named = re.search(r"(20\d\d-[01]\d(-[0-3]\d)?)", Path(path).stem)
    return named[1] if named else ""


def file_date(path: str | Path) -> str:
    """Return the date of a snapshot: the one in its file name, else the day the file was last
    changed."""
    changed = date.fromtimestamp(Path(path).stat().st_mtime)
    return snapshot_date(path) or changed.isoformat()


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


def match_organizations(
    models: pd.DataFrame, asked: Iterable[str], name: str
) -> tuple[pd.Series, dict[str, int], list[str]]:
    """Return which rows belong to the organisations asked for, the spellings matched with their row
    counts, and what to ask: names that are not in the file, and near ones that were left out.

    A cell may list several ("Zhipu AI,Tsinghua University"). Raises InputError, with near names,
    where none of them is found.
    """
    listed = models["organization"].map(
        lambda cell: [part.strip() for part in re.split(r"[,;]", cell)]
    )
    counts = listed.explode().value_counts()
    spellings = {spelling: _names(spelling) for spelling in counts.index if spelling}
    matched: dict[str, int] = {}
    missing = []
    for one in asked:
        found = [spelling for spelling, names in spellings.items() if names & _names(one)]
        matched |= {spelling: int(counts[spelling]) for spelling in found}
        missing += [] if found else [one]
    if not matched:
        raise InputError(
            f"{name}, column organization: no '{missing[0]}'{_close(missing[0], spellings)}"
        )
    asks = [f"Organisation: no '{one}' in the file{_close(one, spellings)}" for one in missing]
    near = [one for one in spellings if one not in matched and any(map(_akin(one), asked))]
    if near:
        asks.append(
            f"Organisation: left out, but near in name: {', '.join(near[:8])}. Name them with"
            " --organization if they are the same."
        )
    return listed.map(lambda parts: any(part in matched for part in parts)), matched, asks


def _akin(spelling: str) -> Callable[[str], bool]:
    """Return whether a name, of five letters at least, stands inside a spelling or begins alike."""

    def akin(asked: str) -> bool:
        one, two = plain(spelling), plain(asked)
        return min(len(one), len(two)) >= 5 and (two in one or one in two)

    return akin


def _close(one: str, spellings: Iterable[str]) -> str:
    near = nearest(one, spellings)
    if "did you mean" in near:
        return near
    containing = [s for s in spellings if plain(one)[:4] and plain(one)[:4] in plain(s)][:5]
    if containing:
        return f"; did you mean {', '.join(map(repr, containing))}?"
    return "; look the name up in the file"


_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y")


def released(text: str, where: str) -> str:
    """Return a publication date as YYYY-MM-DD or YYYY-MM; blank for a bare year or none. InputError
    otherwise."""
    text = re.sub(r"[T ]\d\d:\d\d.*$", "", text.strip())
    if not text or re.fullmatch(r"\d{4}", text):
        return ""
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        return text
    for form in _DATES:
        try:
            return datetime.strptime(text, form).date().isoformat()
        except ValueError:
            continue
    parts = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text)
    if parts:
        first, second, year = map(int, parts.groups())
        if (first > 12 >= second >= 1 and first <= 31) or first == second <= 12:
            return f"{year}-{second:02d}-{first:02d}"
        if second > 12 >= first >= 1 and second <= 31:
            return f"{year}-{first:02d}-{second:02d}"
        raise InputError(f"{where}: '{text}' may be day/month or month/day; write it as YYYY-MM-DD")
    raise InputError(f"{where}: '{text}' is not a date; write it as YYYY-MM-DD")


def number(text: str, where: str) -> float | None:
    """Return a positive number, None where the cell is blank or zero. InputError for '3,1e24',
    words and the like."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if value == 0:
        return None
    if not (math.isfinite(value) and value > 0) or "_" in text:
        raise InputError(
            f"{where}: '{text[:60]}' is not a positive number; write it as 3.1e24 (decimal point,"
            " no separators, no words), or empty the cell"
        )
    return value
