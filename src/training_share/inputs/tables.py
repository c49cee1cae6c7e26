"""Load, check and correct the tables.

Tables are read as text, changed as text (a correction is a list of changed cells) and checked as a
whole afterwards, so that a corrected table passes exactly the tests a hand-edited one would.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
from pydantic import ValidationError

from training_share.errors import InputError, nearest, require_known
from training_share.files import repo_root
from training_share.inputs import schema
from training_share.inputs.checks import cross_faults
from training_share.inputs.rows import Rows, Texts

LONGEST = 32_767  # characters in a spreadsheet's cell
Cell = tuple[str, str, str, str]  # table, key, column, new content

# what to write instead, by pydantic's name of a fault
MENDS = {
    "float_parsing": "not a number; write it like 1234.5 or 1.2e24, without thousands separators",
    "finite_number": "write a finite number",
    "greater_than": "write a number above zero",
    "int_parsing": "write a whole number such as 3",
    "int_from_float": "write a whole number such as 3",
}


@dataclass(frozen=True, eq=False, repr=False)
class Tables(Rows):
    """The checked tables, read-only. `tables.training_runs["minimax-m2-rl"]` is a row with typed
    fields, `tables["training_runs"]` the same table by its name, `tables.texts` what the files say.
    """

    texts: Texts = field(repr=False)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{len(rows)} {table}" for table, rows in self.texts.items())
        return f"<Tables: {sizes}; see frame(table), scenario_names, with_spending>"

    def __getitem__(self, table: str) -> Mapping[str, Any]:
        require_known(table, schema.MODELS, "table")
        return getattr(self, table)

    def __reduce__(self) -> tuple:
        texts = {
            table: {key: dict(row) for key, row in rows.items()}
            for table, rows in self.texts.items()
        }
        return _checked, (texts, "in the tables")

    def frame(self, table: str) -> pd.DataFrame:
        """Return a table as text, one column a header, in the file's order."""
        require_known(table, schema.MODELS, "table")
        columns = list(schema.MODELS[table].model_fields)
        return pd.DataFrame(list(self.texts[table].values()), columns=columns, dtype=str)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything the tables say."""
        content = hashlib.sha256()
        for rows in self.texts.values():
            for key, row in rows.items():
                content.update("\x1f".join((key, *row.values(), "\n")).encode())
        return content.hexdigest()

    # --- what the rows say together ---------------------------------------------------------------
    def choice(self, name: str) -> str:
        """Return the word of a choice of method in `assumptions`."""
        return self.assumptions[name].value

    @cached_property
    def resamples(self) -> int:
        """Number of bootstrap resamples of a regression's models."""
        return int(float(self.choice("bootstrap_resamples")))

    @cached_property
    def scenario_names(self) -> tuple[str, ...]:
        """The scenarios in the file's order."""
        return tuple(dict.fromkeys(row.scenario for row in self.scenarios.values()))

    @cached_property
    def with_spending(self) -> tuple[str, ...]:
        """Keys of the companies with runs and with spending in money, in the file's order: those
        whose share is modelled."""
        return self._with_spending(hours=False)

    @cached_property
    def measured(self) -> tuple[str, ...]:
        """Keys of the companies with runs and with spending in hours of a chip, in the file's
        order: those whose share needs no price."""
        return self._with_spending(hours=True)

    def _with_spending(self, hours: bool) -> tuple[str, ...]:
        running = {run.company for run in self.training_runs.values()}
        rows = self.spending.values()
        in_hours = {row.company for row in rows if schema.chip_of(row.currency)}
        among = in_hours if hours else {row.company for row in rows} - in_hours
        return tuple(company for company in self.companies if company in running & among)

    def groups(self, companies: Iterable[str]) -> list[str]:
        """Return the named groups of the runs of some companies."""
        runs = [run for run in self.training_runs.values() if run.company in companies]
        return sorted({run.group for run in runs} - {""})

    def rates(self) -> dict[str, list[str]]:
        """Return the keyword that sets an exchange rate, as cny_per_usd -> keys of its rows in
        fx."""
        found: dict[str, list[str]] = {}
        for key, row in self.fx.items():
            found.setdefault(f"{row.currency.lower()}_per_usd", []).append(key)
        return found

    # --- corrections and scenarios ----------------------------------------------------------------
    @cached_property
    def cells_of(self) -> dict[str, list[Cell]]:
        """The changed cells of every correction, by its name."""
        cells: dict[str, list[Cell]] = {}
        for row in self.corrections.values():
            cells.setdefault(row.correction, []).append((row.table, row.key, row.column, row.value))
        return cells

    def scenario_corrections(self, scenario: str) -> list[str]:
        """Return the names of a scenario's corrections in the order they are applied."""
        return [name for name in self._steps(scenario) if name not in self.evidence_names]

    def scenario_evidence(self, scenario: str) -> list[str]:
        """Return the names of a scenario's evidence, all of which counts."""
        return [name for name in self._steps(scenario) if name in self.evidence_names]

    def _steps(self, scenario: str) -> list[str]:
        require_known(scenario, self.scenario_names, "scenario")
        rows = [row for row in self.scenarios.values() if row.scenario == scenario]
        return [
            name for _, name in sorted((r.order, r.correction) for r in rows if r.order is not None)
        ]

    @cached_property
    def evidence_names(self) -> tuple[str, ...]:
        """The names of all evidence, in the file's order."""
        return tuple(dict.fromkeys(row.evidence for row in self.evidence.values()))

    def observed(self, names: Iterable[str]) -> list[schema.Evidence]:
        """Return the rows of the named evidence, in the file's order.

        Raises InputError for an unknown name and for two rows that observe the same quantity of a
        company.
        """
        asked = list(names)
        for name in asked:
            require_known(name, self.evidence_names, "evidence")
        rows = [row for row in self.evidence.values() if row.evidence in asked]
        first: dict[tuple[str, str], str] = {}
        for row in rows:
            other = first.setdefault((row.company, row.quantity.text), row.evidence)
            if other != row.evidence:
                raise InputError(
                    f"evidence '{other}' and '{row.evidence}' both speak of {row.quantity} of "
                    f"{row.company}, which would count it twice; choose one"
                )
        return rows

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
            for table, key, column, value in self.cells_of[name]:
                other, before = setters.setdefault((table, key, column), (name, value))
                if value != before:
                    raise InputError(
                        f"corrections '{other}' and '{name}' exclude each other: both set "
                        f"{table}.csv, row {key}, column {column}; choose one"
                    )
                cells.append((table, key, column, value))
        try:
            return self.changed(cells)
        except InputError as error:
            told = str(error)
            for (table, key, column), (name, _) in setters.items():
                if f"{table}.csv, row {key}, column {column}: " in told:
                    raise InputError(f"corrections.csv, correction '{name}': {told}") from None
            raise

    def changed(self, cells: Iterable[Cell] = (), runs: Iterable[Mapping[str, str]] = ()) -> Tables:
        """Return the tables with single cells set to other contents and further training runs,
        checked again as a whole."""
        cells, runs = list(cells), list(runs)
        texts = {table: dict(rows) for table, rows in self.texts.items()}
        for table, key, column, value in cells:
            fault = missing_cell(texts, table, key, column)
            if fault:
                raise InputError(fault)
            texts[table][key] = MappingProxyType({**texts[table][key], column: value})
        for run in runs:
            texts["training_runs"][run["run_id"]] = MappingProxyType(dict(run))
        return _checked(texts, "after these changes", self) if cells or runs else self

    @cached_property
    def _by_corrections(self) -> dict[tuple[str, ...], Tables]:
        return {}

    def for_scenario(
        self,
        scenario: str = "newsletter",
        corrections: Iterable[str] = (),
        cells: Iterable[Cell] = (),
        runs: Iterable[Mapping[str, str]] = (),
    ) -> Tables:
        """Return the tables of a scenario, with further corrections and then changed cells and
        further training runs on top.

        Raises InputError as `corrected` and `changed` do, and for a correction that the scenario
        already has.
        """
        named = self.scenario_corrections(scenario)
        for name in corrections:
            if name in named:
                raise InputError(
                    f"correction '{name}' is applied twice: scenario '{scenario}' already has it; "
                    "drop it"
                )
        applied = (*named, *corrections)
        if applied not in self._by_corrections:
            self._by_corrections[applied] = self.corrected(applied)
        return self._by_corrections[applied].changed(cells, runs)


def missing_cell(texts: Texts, table: str, key: str, column: str) -> str:
    """Say why a cell does not exist, or return an empty string where it does."""
    if table not in texts:
        return f"no table '{table}'{nearest(table, texts)}"
    if key not in texts[table]:
        return f"{table}.csv has no row '{key}'{nearest(key, texts[table])}"
    keys = schema.MODELS[table].key_columns
    others = [name for name in schema.MODELS[table].model_fields if name not in keys]
    if column not in others:
        return f"{table}.csv has no column '{column}' that can be changed{nearest(column, others)}"
    return ""


def load(data_dir: str | Path | None = None) -> Tables:
    """Return the checked tables of a folder (default: the project's `data/`).

    Raises InputError with every fault of every table: file, row, column, content and how to mend
    it.

    >>> load().companies["minimax"].display_name
    'MiniMax'
    """
    folder = Path(data_dir) if data_dir else repo_root() / "data"
    paths = [folder / f"{name}.csv" for name in schema.MODELS]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise InputError(
            f"{folder.name}/: missing {', '.join(missing)}; a data folder holds one CSV a table"
        )
    return _loaded(tuple(path.read_bytes() for path in paths))


@lru_cache(maxsize=4)
def _loaded(contents: tuple[bytes, ...]) -> Tables:  # by content: an edited file is a new entry
    texts, faults = {}, []
    for (name, model), content in zip(schema.MODELS.items(), contents, strict=True):
        texts[name], found = read_texts(content, f"{name}.csv", model)
        faults += found
    if faults:
        raise InputError(_report(faults, "in the tables"))
    return _checked(texts, "in the tables")


def for_scenario(
    scenario: str = "newsletter",
    corrections: Iterable[str] = (),
    cells: Iterable[Cell] = (),
    data_dir: str | Path | None = None,
) -> Tables:
    """Return the tables of a folder under a scenario; see `Tables.for_scenario`."""
    return load(data_dir).for_scenario(scenario, tuple(corrections), cells)


# --- reading --------------------------------------------------------------------------------------
def read_texts(
    content: bytes, name: str, model: type[schema.Row]
) -> tuple[dict[str, Mapping[str, str]], list[str]]:
    """Read the content of a CSV file into key -> column -> content, and list its faults of form.

    What spreadsheets save is read too: a byte-order mark, Windows line ends, and semicolons or tabs
    between the cells where the header shows them.
    """
    try:
        header, *lines = _parsed(_decoded(content, name), name, model)
        _check_header(header, name, model)
    except InputError as error:
        return {}, [str(error)]
    return _keyed(header, lines, name, model)


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(
            f"{name}, line {line}: not UTF-8 (Latin-1 perhaps); save it as UTF-8"
        ) from None


def _parsed(text: str, name: str, model: type[schema.Row]) -> list[list[str]]:
    first = text.partition("\n")[0]
    columns = sorted(model.model_fields)
    between = next((mark for mark in ",;\t" if sorted(first.split(mark)) == columns), ",")
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=True)
        return list(reader) or [[]]
    except csv.Error as error:
        raise InputError(
            f"{name}: not a readable CSV file ({error}); look for an unclosed quotation mark"
        ) from None


def _check_header(header: Sequence[str], name: str, model: type[schema.Row]) -> None:
    columns = list(model.model_fields)
    if sorted(header) == sorted(columns):
        return
    differences = {
        "missing": [column for column in columns if column not in header],
        "unknown": [column for column in header if column not in columns],
        "repeated": sorted({column for column in header if header.count(column) > 1}),
    }
    told = [f"{what} {', '.join(map(repr, which))}" for what, which in differences.items() if which]
    raise InputError(f"{name}, header: {'; '.join(told)}; the columns are {', '.join(columns)}")


def _keyed(
    header: Sequence[str], lines: Iterable[Sequence[str]], name: str, model: type[schema.Row]
) -> tuple[dict[str, Mapping[str, str]], list[str]]:
    rows: dict[str, Mapping[str, str]] = {}
    faults = []
    for number, cells in enumerate(lines, start=2):
        if not any(cells):
            continue  # a blank line
        if cells[0].startswith(("<<<<<<<", "=======", ">>>>>>>")):
            faults.append(f"{name}, line {number}: a mark of a merge; resolve the conflict")
            continue
        if len(cells) != len(header):
            faults.append(
                f"{name}, line {number}: {len(cells)} cells, expected {len(header)}; a cell with a "
                "comma (or a thousands separator) needs care: quote text, write 1234.5"
            )
            continue
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        faults += [
            f"{name}, line {number}, column {column}: {fault}"
            for column, cell in row.items()
            if (fault := _no_text(cell))
        ]
        key = "/".join(row[column] for column in model.key_columns)
        if key in rows:
            faults.append(f"{name}, line {number}: the key '{key}' stands twice; keys are unique")
        rows[key] = MappingProxyType({column: row[column] for column in model.model_fields})
    return rows, faults


def _no_text(cell: str) -> str:
    """Say what a cell holds that no workbook, page or terminal can; "" where it is plain text."""
    if control := re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", cell):
        return f"a control character, {control[0]!r}; remove it"
    if len(cell) > LONGEST:
        return f"{len(cell):,} characters; a spreadsheet's cell holds {LONGEST:,}, shorten it"
    return ""


# --- checking -------------------------------------------------------------------------------------
def _checked(texts: Texts, where: str, before: Tables | None = None) -> Tables:
    """Return checked tables of `texts`; rows that are the same object in `before` are taken
    over."""
    tables: dict[str, dict[str, Any]] = {}
    faults: list[str] = []
    for table, model in schema.MODELS.items():
        rows: dict[str, Any] = {}
        for key, cells in texts[table].items():
            if before is not None and before.texts[table].get(key) is cells:
                rows[key] = before[table][key]
                continue
            try:
                rows[key] = model.model_validate(dict(cells))
            except ValidationError as error:
                faults += [_fault(table, key, cells, detail) for detail in error.errors()]
        tables[table] = rows
    typed = Rows(**tables)
    for name, row in typed.corrections.items():
        fault = missing_cell(texts, row.table, row.key, row.column)
        faults += [f"corrections.csv, row {name}: {fault}"] if fault else []
    faults += cross_faults(typed, texts, names=before is None)
    if faults:
        raise InputError(_report(faults, where))
    proxies: dict[str, Any] = {table: MappingProxyType(rows) for table, rows in tables.items()}
    return Tables(
        **proxies,
        texts=MappingProxyType(
            {table: MappingProxyType(dict(rows)) for table, rows in texts.items()}
        ),
    )


def _fault(table: str, key: str, cells: Mapping[str, str], detail: Mapping[str, Any]) -> str:
    message = MENDS.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    if not detail["loc"]:
        return f"{table}.csv, row {key}: {message}"
    column = detail["loc"][0]
    shown = f"'{cells[column]}'"
    told = message if shown in message else f"{shown}: {message}"
    return f"{table}.csv, row {key}, column {column}: {told}"


def _report(faults: list[str], where: str) -> str:
    if len(faults) == 1:
        return faults[0]
    return f"{len(faults)} faults {where}:\n" + "\n".join(f"  {fault}" for fault in faults)
