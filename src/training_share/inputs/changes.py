"""What may be changed for one analysis: any cell of any table, and further training runs.

Both are given as Python values or as text, the form that papermill and the command line take.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import chain, count
from typing import Any

from training_share.errors import InputError, nearest
from training_share.inputs.columns import CHECKED, Content, at
from training_share.inputs.notation import Distribution, parse
from training_share.inputs.rules import missing_cell
from training_share.inputs.tables import Cell, Tables

Changes = Mapping[str, object] | str | None
Runs = Iterable[Mapping[str, object]] | str | None
SIZES = ("flop", "gpu_hours", "cost_usd", "base_run")  # of which a run has one


def cells_of(
    changes: Changes, tables: Tables, arguments: Mapping[str, tuple[str, object]] | None = None
) -> tuple[Cell, ...]:
    """Return the cells to change, from `{"table/key/column": content}` or the text
    `table/key/column = content; ...`; before them those of `arguments`, each of which stands for an
    address and its content.

    A star in the key stands for anything, and a content that begins with `x` multiplies the amount
    that stands there: `spending/zai/rd_compute/*/amount_millions = x 1.2`. InputError for a cell
    that does not exist or is set twice, and for an amount that cannot be multiplied.

    >>> from training_share.inputs.tables import load
    >>> cells_of("closed_models/hailuo-02/parameters = x 2", load())
    (('closed_models', 'hailuo-02', 'parameters', '30000000000 to 60000000000 (min-max uniform)'),)
    """
    pairs = _pairs(changes, "changes", "table/key/column = content").items()
    asked = {f"changes, '{address}'": (address, content) for address, content in pairs}
    cells: dict[tuple[str, str, str], tuple[str, Content]] = {}  # and by what they are set
    for place, (address, content) in {**(arguments or {}), **asked}.items():
        table, _, rest = address.partition("/")
        pattern, _, column = rest.rpartition("/")
        if not column or not pattern:
            raise InputError(f"changes: '{address}' is no cell; write table/key/column")
        keys = fnmatch.filter(tables.texts.get(table, ()), pattern) if "*" in pattern else [pattern]
        for key in keys or [pattern]:
            if fault := missing_cell(tables, table, key, column):
                raise InputError(f"{place}: {fault}")
            cell = table, key, column
            if cell in cells:
                raise InputError(f"{cells[cell][0]}, and {place}: both set {at(*cell)}; keep one")
            before = tables.given.get(cell, tables.texts[table][key][column])
            cells[cell] = place, _content(clean(content), before, address)
    return tuple((*cell, content) for cell, (_, content) in cells.items())


def _content(content: Content, before: Content, address: str) -> Content:
    """Return a cell's new content; `x 1.2` multiplies the amount that stood there."""
    factor = re.fullmatch(rf"x\s*([\d.]+(?:e[+-]?\d+)?)({CHECKED})?", str(content))
    if not factor:
        return content
    stood = before.removesuffix(CHECKED) if isinstance(before, str) else before
    try:
        amount = _times(parse(stood), float(factor[1]))
    except ValueError as error:
        raise InputError(f"changes, '{address}': cannot be multiplied; {error}") from None
    return f"{amount}{factor[2] or ''}" if isinstance(before, str) else amount


def _times(amount: Distribution, factor: float) -> Distribution:
    scaled = [name for name in ("value", "low", "high", "draws") if hasattr(amount, name)]
    return replace(amount, **{name: getattr(amount, name) * factor for name in scaled})  # type: ignore[type-var]


def rows_of(runs: Runs, tables: Tables, company: str) -> tuple[dict[str, Content], ...]:
    """Return complete rows of training_runs from short ones: `model`, `released` and one size
    (flop, gpu_hours, cost_usd, or base_run with fraction_of_base).

    What is not given is the commonest among the company's runs (hardware), or says what it is: a
    counted pretraining run, by own judgement. As text: `model = X, released = 2025-07, flop = 2e24;
    ...`. InputError for what is missing or unknown.
    """
    parts = [part for part in runs.split(";") if part.strip()] if isinstance(runs, str) else runs
    parts = [parts] if isinstance(parts, Mapping) else parts or ()
    if not isinstance(parts, Iterable):
        raise InputError(f"runs: expected a list of runs, got {runs!r}; a run is a mapping")
    taken, rows = {*tables.training_runs}, []
    for part in parts:
        rows.append(_row(_pairs(part, "runs", "name = value", ","), tables, company, taken))
        taken.add(rows[-1]["run_id"])
    return tuple(rows)


def _row(given: Mapping[str, Content], tables: Tables, company: str, taken: set[Any]) -> dict:
    columns, where = tables.schema["training_runs"].columns, f"runs, {given.get('model', 'a run')}"
    for name in given:
        if name not in columns:
            raise InputError(f"runs: no column '{name}'{nearest(name, columns)}")
    missing = [name for name in ("model", "released") if not given.get(name)]
    if missing or not any(map(given.get, SIZES)):
        raise InputError(
            f"{where}: give {' and '.join(missing) or 'its size'}; a run has at least model, "
            "released and one of flop, gpu_hours, cost_usd, or base_run with fraction_of_base"
        )
    owner = given.get("company") or company
    if not owner:
        raise InputError(f"{where}: give its company, since several are compared")
    of_company = [run for run in tables.training_runs.values() if run.company == owner]
    chips = [run.hardware for run in of_company if run.hardware]
    if given.get("flop") and not (given.get("hardware") or chips):
        raise InputError(f"{where}: give its hardware; {owner} has no run with one")
    slug = re.sub(r"[^a-z0-9.]+", "-", str(given["model"]).casefold()).strip("-.") or "run"
    further = (f"own-{slug}-{number}" for number in count(2))
    usual = {
        "run_id": next(key for key in chain([f"own-{slug}"], further) if key not in taken),
        "company": owner,
        "stage": "pretraining",
        "workload": "pretraining",
        "hardware": max(chips, key=chips.count) if chips and given.get("flop") else "",
        "counted": "yes",
        "evidence": "judgement",
        "source_id": "own-judgement",
        "note": "Added for one analysis.",
    }
    row = dict.fromkeys(columns, "") | usual | {name: cell for name, cell in given.items() if cell}
    if row["run_id"] in taken:
        raise InputError(f"{where}: the key '{row['run_id']}' exists; give a run_id")
    return row


def _pairs(given: Any, name: str, form: str, between: str = ";") -> dict[str, Content]:
    """Return the content of each entry of a mapping, or of text, by its name."""
    pairs: list[tuple[object, object]] = []
    if isinstance(given, Mapping):
        pairs += given.items()
    elif not isinstance(given, str | None):
        raise InputError(f"{name}: expected a mapping, or text as {form}; got {given!r}")
    else:
        for part in filter(str.strip, re.split(rf"[{between}\n]", given or "")):
            key, equals, content = part.partition("=")
            if not equals:
                raise InputError(f"{name}: '{part.strip()}' has no '='; write {form}")
            pairs.append((key, content))
    found: dict[str, Content] = {}
    for key, content in ((str(key).strip(), clean(content)) for key, content in pairs):
        if key in found:
            told = f"'{key}' is given twice, as '{found[key]}' and as '{content}'"
            raise InputError(f"{name}: {told}; keep one")
        found[key] = content
    return found


def clean(content: object) -> Content:
    """Return what is given for a cell as its content: text, or a distribution."""
    if isinstance(content, datetime):  # such as pandas' Timestamp
        content = content.date()
    return content if isinstance(content, Distribution) else str(content).strip()
