"""Load, check and correct the tables; the only module that knows where they lie.

Tables are read as text, changed as text (a correction is a list of changed cells) and checked as a
whole afterwards, so that a corrected table passes exactly the tests a hand-edited one would.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from training_share.errors import InputError, nearest, require_known
from training_share.files import repo_root
from training_share.inputs import schema
from training_share.inputs.checks import cross_faults

Cell = tuple[str, str, str, str]  # table, key, column, new content
Texts = Mapping[str, Mapping[str, Mapping[str, str]]]  # table -> key -> column -> content

# what to write instead, by pydantic's name of a fault
MENDS = {
    "float_parsing": "not a number; write it like 1234.5 or 1.2e24, without thousands separators",
    "finite_number": "write a finite number",
    "greater_than": "write a number above zero",
    "int_parsing": "write a whole number such as 3",
    "int_from_float": "write a whole number such as 3",
}


@dataclass(frozen=True, eq=False)
class Tables:
    """The checked tables. `tables["training_runs"]["minimax-m2-rl"]` is a row with typed fields."""

    texts: Texts
    rows: Mapping[str, Mapping[str, schema.Row]] = field(repr=False)

    def __getitem__(self, table: str) -> Mapping[str, schema.Row]:
        require_known(table, self.rows, "table")
        return self.rows[table]

    def frame(self, table: str) -> pd.DataFrame:
        """Return a table as text, one column a header, in the file's order."""
        require_known(table, self.rows, "table")
        columns = list(schema.MODELS[table].model_fields)
        return pd.DataFrame(list(self.texts[table].values()), columns=columns, dtype=str)

    def choice(self, name: str) -> str:
        """Return the word of a choice of method in `assumptions`."""
        return self["assumptions"][name].value

    @cached_property
    def cells_of(self) -> dict[str, list[Cell]]:
        """The changed cells of every correction, by its name."""
        cells: dict[str, list[Cell]] = {}
        for row in self["corrections"].values():
            cells.setdefault(row.correction, []).append((row.table, row.key, row.column, row.value))
        return cells

    def scenario_corrections(self, scenario: str) -> list[str]:
        """Return the names of a scenario's corrections in the order they are applied."""
        rows = [row for row in self["scenarios"].values() if row.scenario == scenario]
        if not rows:
            require_known(
                scenario, {row.scenario for row in self["scenarios"].values()}, "scenario"
            )
        return [
            row.correction
            for row in sorted((r for r in rows if r.order is not None), key=lambda r: r.order)
        ]

    def corrected(self, corrections: Iterable[str]) -> Tables:
        """Return the tables with the named corrections applied in order.

        Raises InputError for an unknown correction, one named twice, one whose cell does not exist,
        and two that set the same cell to different values.
        """
        cells: list[Cell] = []
        setters: dict[tuple[str, str, str], tuple[str, str]] = {}
        seen: set[str] = set()
        for name in corrections:
            require_known(name, self.cells_of, "correction")
            if name in seen:
                raise InputError(f"correction '{name}' is applied twice; name it once")
            seen.add(name)
            for cell in self.cells_of[name]:
                other, value = setters.setdefault(cell[:3], (name, cell[3]))
                if value != cell[3]:
                    raise InputError(
                        f"corrections '{other}' and '{name}' exclude each other: both set "
                        f"{cell[0]}.csv, row {cell[1]}, column {cell[2]}; choose one"
                    )
                cells.append(cell)
        return self.changed(cells)

    def changed(self, cells: Iterable[Cell]) -> Tables:
        """Return the tables with single cells set to other contents, checked again as a whole."""
        texts = {table: dict(rows) for table, rows in self.texts.items()}
        touched = False
        for table, key, column, value in cells:
            fault = missing_cell(texts, table, key, column)
            if fault:
                raise InputError(fault)
            texts[table][key] = {**texts[table][key], column: value}
            touched = True
        return _checked(texts, "after these changes") if touched else self


def missing_cell(texts: Texts, table: str, key: str, column: str) -> str:
    """Say why a cell does not exist, or return an empty string where it does."""
    if table not in texts:
        return f"no table '{table}'{nearest(table, texts)}"
    if key not in texts[table]:
        return f"{table}.csv has no row '{key}'{nearest(key, texts[table])}"
    columns = schema.MODELS[table].model_fields
    if column not in columns or column in schema.MODELS[table].key_columns:
        others = [name for name in columns if name not in schema.MODELS[table].key_columns]
        return f"{table}.csv has no column '{column}' that can be changed{nearest(column, others)}"
    return ""


def load(data_dir: str | Path | None = None) -> Tables:
    """Return the checked tables of a folder (default: the project's `data/`).

    Raises InputError with every fault of every table: file, row, column, content and how to mend
    it.
    """
    folder = Path(data_dir) if data_dir else repo_root() / "data"
    missing = [f"{name}.csv" for name in schema.MODELS if not (folder / f"{name}.csv").is_file()]
    if missing:
        raise InputError(
            f"{folder.name}/: missing {', '.join(missing)}; a data folder holds one CSV a table"
        )
    state = tuple((folder / f"{name}.csv").stat() for name in schema.MODELS)
    return _load(folder, tuple((s.st_mtime_ns, s.st_size) for s in state))


@lru_cache(maxsize=4)
def _load(folder: Path, state: tuple) -> Tables:  # `state` makes an edited file a new entry
    texts, faults = {}, []
    for name in schema.MODELS:
        texts[name], found = read_texts(folder / f"{name}.csv", schema.MODELS[name])
        faults += found
    if faults:
        raise InputError(_report(faults))
    return _checked(texts, "in the tables")


@lru_cache(maxsize=64)
def _for_scenario(base: Tables, corrections: tuple[str, ...], cells: tuple[Cell, ...]) -> Tables:
    return base.corrected(corrections).changed(cells)


def for_scenario(
    scenario: str = "newsletter",
    corrections: Iterable[str] = (),
    cells: Iterable[Cell] = (),
    data_dir: str | Path | None = None,
) -> Tables:
    """Return the tables of a scenario, with further corrections and then single changed cells on
    top."""
    base = load(data_dir)
    named = base.scenario_corrections(scenario)
    for name in corrections:
        if name in named:
            raise InputError(
                f"correction '{name}' is applied twice: scenario '{scenario}' already has it; drop it"
            )
    return _for_scenario(base, (*named, *corrections), tuple(cells))


def read_texts(path: Path, model: type[schema.Row]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Read one CSV file into key -> column -> content, and list its faults of form."""
    raw, name = path.read_bytes(), path.name
    if raw.startswith(b"\xef\xbb\xbf"):
        return {}, [f"{name}: starts with a byte-order mark; save it as UTF-8 without BOM"]
    if b"\r" in raw:
        return {}, [f"{name}: has Windows line ends (CRLF); save it with LF"]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return {}, [f"{name}, line {line}: not UTF-8 (Latin-1 perhaps); save it as UTF-8"]
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        return {}, [
            f"{name}: not a readable CSV file ({error}); look for an unclosed quotation mark"
        ]
    columns = list(model.model_fields)
    header = lines[0] if lines else []
    if sorted(header) != sorted(columns):
        missing = [column for column in columns if column not in header]
        extra = [column for column in header if column not in columns]
        repeated = sorted({column for column in header if header.count(column) > 1})
        told = [
            f"{what} {', '.join(map(repr, which))}"
            for what, which in (("missing", missing), ("unknown", extra), ("repeated", repeated))
            if which
        ]
        return {}, [f"{name}, header: {'; '.join(told)}; the columns are {', '.join(columns)}"]
    rows, faults = {}, []
    for number, cells in enumerate(lines[1:], start=2):
        if len(cells) != len(header):
            faults.append(
                f"{name}, line {number}: {len(cells)} cells, expected {len(header)}; "
                "a cell with a comma (or a thousands separator) needs care: quote text, write 1234.5"
            )
            continue
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        key = "/".join(row[column] for column in model.key_columns)
        if key in rows:
            faults.append(f"{name}, line {number}: the key '{key}' stands twice; keys are unique")
        rows[key] = {column: row[column] for column in columns}
    return rows, faults


def _checked(texts: Texts, where: str) -> Tables:
    rows: dict[str, dict[str, schema.Row]] = {}
    faults: list[str] = []
    for table, model in schema.MODELS.items():
        rows[table] = {}
        for key, cells in texts[table].items():
            try:
                rows[table][key] = _row(model, tuple(cells.items()))
            except ValidationError as error:
                faults += [_fault(table, key, cells, detail) for detail in error.errors()]
    for name, row in rows["corrections"].items():
        fault = missing_cell(texts, row.table, row.key, row.column)
        faults += [f"corrections.csv, row {name}: {fault}"] if fault else []
    faults += cross_faults(rows, texts)
    if faults:
        raise InputError(_report(faults, where))
    return Tables(texts, rows)


@lru_cache(maxsize=4096)
def _row(model: type[schema.Row], cells: tuple[tuple[str, str], ...]) -> schema.Row:
    return model.model_validate(dict(cells))


def _fault(table: str, key: str, cells: Mapping[str, str], detail: Mapping) -> str:
    message = MENDS.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    if not detail["loc"]:
        return f"{table}.csv, row {key}: {message}"
    column = detail["loc"][0]
    shown = f"'{cells[column]}'"
    return f"{table}.csv, row {key}, column {column}: {message if shown in message else f'{shown}: {message}'}"


def _report(faults: list[str], where: str = "in the tables") -> str:
    if len(faults) == 1:
        return faults[0]
    return f"{len(faults)} faults {where}:\n" + "\n".join(f"  {fault}" for fault in faults)
