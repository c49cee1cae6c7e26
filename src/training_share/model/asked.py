"""What may be changed for one analysis: any cell of any table, and further training runs.

Both are given as Python values or as text, the form that papermill and the command line take.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from training_share.errors import InputError, nearest
from training_share.inputs.distributions import Exact, parse
from training_share.inputs.schema import TrainingRun
from training_share.inputs.tables import Cell, Tables, missing_cell

Changes = Mapping[str, object] | str | None
Runs = Iterable[Mapping[str, object]] | str | None
SHORT = ("model", "released")  # what a run of one's own cannot do without
SIZES = ("flop", "gpu_hours", "cost_usd", "base_run")


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
            if fault := missing_cell(tables.texts, table, key, column):
                raise InputError(f"changes, '{address}': {fault}")
            before = tables.texts[table][key][column]
            cells.append((table, key, column, _content(content, before, address)))
    return tuple(cells)


def _content(content: str, before: str, address: str) -> str:
    """Return a cell's new content; `x 1.2` multiplies the amount that stood there."""
    factor = re.fullmatch(r"x\s*([\d.]+(?:e[+-]?\d+)?)", content)
    if not factor:
        return content
    try:
        amount, times = parse(before), float(factor[1])
    except ValueError as error:
        raise InputError(f"changes, '{address}': cannot be multiplied; {error}") from None
    if isinstance(amount, Exact):
        return str(Exact(amount.value * times))
    return str(replace(amount, low=amount.low * times, high=amount.high * times))


def rows_of(runs: Runs, tables: Tables, company: str) -> tuple[dict[str, str], ...]:
    """Return complete rows of training_runs from short ones: `model`, `released` and one size
    (flop, gpu_hours, cost_usd, or base_run with fraction_of_base).

    What is not given is the commonest among the company's runs (hardware), or says what it is: a
    counted pretraining run, by own judgement. As text: `model = X, released = 2025-07, flop = 2e24;
    ...`. InputError for what is missing or unknown.
    """
    if isinstance(runs, str):
        runs = [
            dict(_pairs(part, "runs", "name = value", ","))
            for part in runs.split(";")
            if part.strip()
        ]
    return tuple(
        _row({str(name): str(value).strip() for name, value in run.items()}, tables, company)
        for run in runs or ()
    )


def _row(given: dict[str, str], tables: Tables, company: str) -> dict[str, str]:
    columns = TrainingRun.model_fields
    for name in given:
        if name not in columns:
            raise InputError(f"runs: no column '{name}'{nearest(name, columns)}")
    missing = [name for name in SHORT if not given.get(name)]
    if missing or not any(given.get(name) for name in SIZES):
        raise InputError(
            f"runs, {given.get('model') or 'a run'}: give {' and '.join(missing) or 'its size'}; a"
            " run has at least model, released and one of flop, gpu_hours, cost_usd, or base_run"
            " with fraction_of_base"
        )
    owner = given.get("company") or company
    if not owner:
        raise InputError(f"runs, {given['model']}: give its company, since several are compared")
    of_company = [run for run in tables.training_runs.values() if run.company == owner]
    chips = [run.hardware for run in of_company if run.hardware]
    if given.get("flop") and not given.get("hardware") and not chips:
        raise InputError(f"runs, {given['model']}: give its hardware; {owner} has no run with one")
    slug = re.sub(r"[^a-z0-9.]+", "-", given["model"].casefold()).strip("-.") or "run"
    fixed = {
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
    row = dict.fromkeys(columns, "") | fixed | {name: text for name, text in given.items() if text}
    if row["run_id"] in tables.training_runs:
        raise InputError(f"runs, {given['model']}: the key '{row['run_id']}' exists; give a run_id")
    return row


def _pairs(given: Changes, name: str, form: str, between: str = ";") -> list[tuple[str, str]]:
    """Return name and content of each entry of a mapping, or of text."""
    if isinstance(given, Mapping):
        return [(str(key).strip(), str(value).strip()) for key, value in given.items()]
    found = []
    for part in re.split(rf"[{between}\n]", given or ""):
        if part.strip():
            key, equals, content = part.partition("=")
            if not equals:
                raise InputError(f"{name}: '{part.strip()}' has no '='; write {form}")
            found.append((key.strip(), content.strip()))
    return found
