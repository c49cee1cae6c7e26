"""What may be changed for one analysis: any cell of any table, and further training runs.

Both are given as Python values or as text, the form that papermill and the command line take.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from training_share.errors import InputError, nearest
from training_share.inputs.schema import TrainingRun
from training_share.inputs.tables import Cell, Tables, missing_cell

Changes = Mapping[str, object] | str | None
Runs = Iterable[Mapping[str, object]] | str | None
SHORT = ("model", "released")  # what a run of one's own cannot do without
SIZES = ("flop", "gpu_hours", "cost_usd", "base_run")


def cells_of(changes: Changes, tables: Tables) -> tuple[Cell, ...]:
    """Return the cells to change, from `{"table/key/column": content}` or the text
    `table/key/column = content; ...`. InputError for a cell that does not exist.

    >>> from training_share.inputs.tables import load
    >>> cells_of("closed_models/hailuo-02/parameters = 20e9", load())
    (('closed_models', 'hailuo-02', 'parameters', '20e9'),)
    """
    cells = []
    for address, content in _pairs(changes, "changes", "table/key/column = content"):
        table, _, rest = address.partition("/")
        key, _, column = rest.rpartition("/")
        if not column or not key:
            raise InputError(f"changes: '{address}' is no cell; write table/key/column")
        if fault := missing_cell(tables.texts, table, key, column):
            raise InputError(f"changes, '{address}': {fault}")
        cells.append((table, key, column, content))
    return tuple(cells)


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
