"""What may be changed for one analysis: any cell of any table, and further training runs.

Both are given as Python values or as text, the form that papermill and the command line take.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from training_share.errors import InputError, nearest
from training_share.inputs.columns import Content
from training_share.inputs.notation import Distribution, parse
from training_share.inputs.rules import missing_cell
from training_share.inputs.tables import Cell, Tables

Changes = Mapping[str, object] | str | None
Runs = Iterable[Mapping[str, object]] | str | None
SIZES = ("flop", "gpu_hours", "cost_usd", "base_run")  # of which a run has one


def cells_of(changes: Changes, tables: Tables) -> tuple[Cell, ...]:
    """Return the cells to change, from `{"table/key/column": content}` or the text
    `table/key/column = content; ...`.

    A star in the key stands for anything, and a content that begins with `x` multiplies the amount
    that stands there: `spending/zai/rd_compute/*/amount_millions = x 1.2`. InputError for a cell
    that does not exist, and for an amount that cannot be multiplied.

    >>> from training_share.inputs.tables import load
    >>> cells_of("closed_models/hailuo-02/parameters = x 2", load())
    (('closed_models', 'hailuo-02', 'parameters', '30000000000 to 60000000000 (min-max uniform)'),)
    """
    cells = []
    for address, content in _pairs(changes, "changes", "table/key/column = content"):
        table, _, rest = address.partition("/")
        pattern, _, column = rest.rpartition("/")
        if not column or not pattern:
            raise InputError(f"changes: '{address}' is no cell; write table/key/column")
        keys = fnmatch.filter(tables.texts.get(table, ()), pattern) if "*" in pattern else [pattern]
        for key in keys or [pattern]:
            if fault := missing_cell(tables, table, key, column):
                raise InputError(f"changes, '{address}': {fault}")
            before = tables.given.get((table, key, column), tables.texts[table][key][column])
            cells.append((table, key, column, _content(content, before, address)))
    return tuple(cells)


def _content(content: Content, before: Content, address: str) -> Content:
    """Return a cell's new content; `x 1.2` multiplies the amount that stood there."""
    factor = re.fullmatch(r"x\s*([\d.]+(?:e[+-]?\d+)?)", str(content))
    if not factor:
        return content
    try:
        amount = _times(parse(before), float(factor[1]))
    except ValueError as error:
        raise InputError(f"changes, '{address}': cannot be multiplied; {error}") from None
    return str(amount) if isinstance(before, str) else amount


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
    given = (dict(_pairs(run, "runs", "name = value", ",")) for run in parts or ())
    return tuple(_row(run, tables, company) for run in given)


def _row(given: dict[str, Content], tables: Tables, company: str) -> dict[str, Content]:
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
    usual = {
        "run_id": f"own-{slug}",
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
    if row["run_id"] in tables.training_runs:
        raise InputError(f"{where}: the key '{row['run_id']}' exists; give a run_id")
    return row


def _pairs(given: Changes, name: str, form: str, between: str = ";") -> list[tuple[str, Content]]:
    """Return name and content of each entry of a mapping, or of text."""
    if isinstance(given, Mapping):
        return [(str(key).strip(), _clean(content)) for key, content in given.items()]
    found: list[tuple[str, Content]] = []
    for part in filter(str.strip, re.split(rf"[{between}\n]", given or "")):
        key, equals, content = part.partition("=")
        if not equals:
            raise InputError(f"{name}: '{part.strip()}' has no '='; write {form}")
        found.append((key.strip(), content.strip()))
    return found


def _clean(content: object) -> Content:
    if isinstance(content, datetime):  # such as pandas' Timestamp
        content = content.date()
    return content if isinstance(content, Distribution) else str(content).strip()
