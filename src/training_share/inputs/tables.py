"""Load, check and correct the tables.

Tables are read as text, changed as text (a correction is a list of changed cells) and checked as a
whole afterwards, so that a corrected table passes exactly the tests a hand-edited one would.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from training_share.errors import InputError, require_known
from training_share.files import repo_root
from training_share.inputs import checks, disclosures
from training_share.inputs.checks import missing_cell, twice
from training_share.inputs.schema import MENDS, MODELS, Evidence, Row, Rows, Texts, chip_of

LONGEST = 32_767  # characters in a spreadsheet's cell
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")  # no workbook or page holds them
Cell = tuple[str, str, str, str]  # table, key, column, new content


@dataclass(frozen=True, eq=False, repr=False)
class Tables(Rows):
    """The checked tables, read-only. `tables.training_runs["minimax-m2-rl"]` is a row with typed
    fields, `tables["training_runs"]` the same table by its name, `tables.texts` what the files say.
    """

    def __repr__(self) -> str:
        sizes = ", ".join(f"{len(rows)} {table}" for table, rows in self.texts.items())
        return f"<Tables: {sizes}; see frame(table), scenario_names, with_spending>"

    def frame(self, table: str) -> pd.DataFrame:
        """Return a table as text, one column a header, in the file's order."""
        require_known(table, MODELS, "table")
        columns = list(MODELS[table].model_fields)
        return pd.DataFrame(list(self.texts[table].values()), columns=columns, dtype=str)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything the tables say."""
        rows = ((key, row) for table in self.texts.values() for key, row in table.items())
        said = "".join("\x1f".join((key, *row.values(), "\n")) for key, row in rows)
        return hashlib.sha256(said.encode()).hexdigest()

    # --- what the rows say together ---------------------------------------------------------------
    def choice(self, name: str) -> str:
        """Return the word of a choice of method in `assumptions`."""
        return self.assumptions[name].value

    @cached_property
    def resamples(self) -> int:
        """Number of bootstrap resamples of a regression's models."""
        return int(float(self.choice("bootstrap_resamples")))

    @cached_property
    def with_spending(self) -> tuple[str, ...]:
        """Keys of the companies with runs and with spending in money alone, in the file's order:
        those whose share is modelled."""
        running = {run.company for run in self.training_runs.values()}
        rows = self.spending.values()
        in_hours = {row.company for row in rows if chip_of(row.currency)}
        among = running & {row.company for row in rows} - in_hours
        return tuple(company for company in self.companies if company in among)

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

    # --- scenarios: corrections and evidence ------------------------------------------------------
    @cached_property
    def cells_of(self) -> dict[str, list[Cell]]:
        """The changed cells of every correction, by its name."""
        cells: dict[str, list[Cell]] = {}
        for row in self.corrections.values():
            cells.setdefault(row.correction, []).append((row.table, row.key, row.column, row.value))
        return cells

    @cached_property
    def evidence_names(self) -> tuple[str, ...]:
        """The names of all evidence, in the file's order."""
        return tuple(dict.fromkeys(row.evidence for row in self.evidence.values()))

    @cached_property
    def scenario_names(self) -> tuple[str, ...]:
        """The scenarios in the file's order."""
        return tuple(dict.fromkeys(row.scenario for row in self.scenarios.values()))

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

    def observed(self, names: Iterable[str]) -> list[Evidence]:
        """Return the rows of the named evidence, in the file's order.

        Raises InputError for an unknown name and for two rows that observe the same quantity of a
        company.
        """
        asked = list(names)
        for name in asked:
            require_known(name, self.evidence_names, "evidence")
        rows = {key: row for key, row in self.evidence.items() if row.evidence in asked}
        for key, twin in twice(rows, lambda row: (row.company, row.quantity)):
            one, two = rows[twin], rows[key]
            raise InputError(
                f"evidence '{one.evidence}' and '{two.evidence}' both speak of {two.quantity} of "
                f"{two.company}, which would count it twice; choose one"
            )
        return list(rows.values())

    # --- changed tables ---------------------------------------------------------------------------
    def corrected(self, corrections: Iterable[str]) -> Tables:
        """Return the tables with the named corrections applied in order.

        Raises InputError for an unknown correction, one named twice, one whose cell does not exist,
        and two that set the same cell to different values.
        """
        set_by: dict[tuple[str, str, str], tuple[str, str]] = {}  # cell -> correction, content
        names = list(corrections)
        for name in names:
            require_known(name, self.cells_of, "correction")
            if names.count(name) > 1:
                raise InputError(f"correction '{name}' is applied twice; name it once")
            for table, key, column, value in self.cells_of[name]:
                other, before = set_by.setdefault((table, key, column), (name, value))
                if value != before:
                    raise InputError(
                        f"corrections '{other}' and '{name}' exclude each other: both set "
                        f"{table}.csv, row {key}, column {column}; choose one"
                    )
        try:
            return self.changed([(*cell, value) for cell, (_, value) in set_by.items()])
        except InputError as error:
            for (table, key, column), (name, _) in set_by.items():
                if f"{table}.csv, row {key}, column {column}: " in str(error):
                    raise InputError(f"corrections.csv, correction '{name}': {error}") from None
            raise

    def changed(self, cells: Iterable[Cell] = (), runs: Iterable[Mapping[str, str]] = ()) -> Tables:
        """Return the tables with single cells set to other contents and further training runs,
        checked again as a whole."""
        cells, runs = list(cells), list(runs)
        texts = {table: dict(rows) for table, rows in self.texts.items()}
        for table, key, column, value in cells:
            if fault := missing_cell(texts, table, key, column):
                raise InputError(fault)
            texts[table][key] = MappingProxyType({**texts[table][key], column: value})
        for run in runs:
            texts["training_runs"][run["run_id"]] = MappingProxyType(dict(run))
        return _checked(texts, self) if cells or runs else self

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


def load(data_dir: str | Path | None = None) -> Tables:
    """Return the checked tables of a folder (default: the project's `data/`).

    Raises InputError with every fault of every table: file, row, column, content and how to mend
    it.

    >>> load().companies["minimax"].display_name
    'MiniMax'
    """
    folder = Path(data_dir) if data_dir else repo_root() / "data"
    paths = [folder / f"{name}.csv" for name in MODELS]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise InputError(
            f"{folder.name}/: missing {', '.join(missing)}; a data folder holds one CSV a table"
        )
    return _loaded(tuple(path.read_bytes() for path in paths))


@lru_cache(maxsize=4)
def _loaded(contents: tuple[bytes, ...]) -> Tables:  # by content: an edited file is a new entry
    texts, faults = {}, []
    for (name, model), content in zip(MODELS.items(), contents, strict=True):
        texts[name], found = read_texts(content, f"{name}.csv", model)
        faults += found
    _refuse(faults, "in the tables")
    return _checked(texts)


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
    content: bytes, name: str, model: type[Row]
) -> tuple[dict[str, Mapping[str, str]], list[str]]:
    """Read the content of a CSV file into key -> column -> content, and list its faults of form.

    What spreadsheets save is read too: a byte-order mark, Windows line ends, and semicolons or tabs
    between the cells where the header shows them.
    """
    columns = list(model.model_fields)
    try:
        header, *lines = _lines(content, name, columns)
    except InputError as error:
        return {}, [str(error)]
    places = {column: header.index(column) for column in columns}
    rows: dict[str, Mapping[str, str]] = {}
    faults = []
    for number, cells in enumerate(lines, start=2):
        where = f"{name}, line {number}"
        if not any(cells):
            continue  # a blank line
        if cells[0].startswith(("<<<<<<<", "=======", ">>>>>>>")):
            faults.append(f"{where}: a mark of a merge; resolve the conflict")
        elif len(cells) != len(header):
            faults.append(
                f"{where}: {len(cells)} cells, expected {len(header)}; a cell with a comma (or a "
                "thousands separator) needs care: quote text, write 1234.5"
            )
        else:
            row = {column: cells[place].strip() for column, place in places.items()}
            for column, cell in row.items():
                if control := CONTROL.search(cell):
                    told = f"a control character, {control[0]!r}; remove it"
                    faults.append(f"{where}, column {column}: {told}")
                elif len(cell) > LONGEST:
                    told = f"{len(cell):,} characters; a spreadsheet's cell holds {LONGEST:,}"
                    faults.append(f"{where}, column {column}: {told}, shorten it")
            key = "/".join(row[column] for column in model.key_columns)
            if key in rows:
                faults.append(f"{where}: the key '{key}' stands twice; keys are unique")
            rows[key] = MappingProxyType(row)
    return rows, faults


def _lines(content: bytes, name: str, columns: list[str]) -> list[list[str]]:
    """Return the cells of header and lines; InputError where a file has not these columns."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(
            f"{name}, line {line}: not UTF-8 (Latin-1 perhaps); save it as UTF-8"
        ) from None
    first = text.partition("\n")[0]
    between = next((mark for mark in ",;\t" if sorted(first.split(mark)) == sorted(columns)), ",")
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=True)
        header, *lines = list(reader) or [[]]
    except csv.Error as error:
        raise InputError(
            f"{name}: not a readable CSV file ({error}); look for an unclosed quotation mark"
        ) from None
    differences = {
        "missing": [column for column in columns if column not in header],
        "unknown": [column for column in header if column not in columns],
        "repeated": sorted({column for column in header if header.count(column) > 1}),
    }
    told = [f"{what} {', '.join(map(repr, which))}" for what, which in differences.items() if which]
    if told:
        raise InputError(f"{name}, header: {'; '.join(told)}; the columns are {', '.join(columns)}")
    return [header, *lines]


# --- checking -------------------------------------------------------------------------------------
def _checked(texts: Texts, before: Tables | None = None) -> Tables:
    """Return checked tables of `texts`; rows that are the same object in `before` are taken
    over."""
    typed: dict[str, Any] = {table: {} for table in MODELS}
    faults: list[str] = []
    for table, model in MODELS.items():
        known, same = (before[table], before.texts[table]) if before else ({}, {})
        for key, row in texts[table].items():
            try:
                unchanged = same.get(key) is row
                typed[table][key] = known[key] if unchanged else model.model_validate(row)
            except ValidationError as error:
                faults += [_fault(table, key, row, detail) for detail in error.errors()]
    tables = Tables(
        **{table: MappingProxyType(rows) for table, rows in typed.items()},
        texts=MappingProxyType({table: MappingProxyType(rows) for table, rows in texts.items()}),
    )
    for rule in (*checks.RULES, *disclosures.RULES):
        faults += rule(tables)
    if before is None:
        faults += checks.lonely_names(texts)
    _refuse(faults, "after these changes" if before else "in the tables")
    return tables


def _fault(table: str, key: str, row: Mapping[str, str], detail: ErrorDetails) -> str:
    failed = detail.get("ctx", {}).get("pattern") or detail["type"]
    message = MENDS.get(failed, detail["msg"].removeprefix("Value error, "))
    if not detail["loc"]:
        return f"{table}.csv, row {key}: {message}"
    column = str(detail["loc"][0])
    shown = f"'{row[column]}'"
    told = message if shown in message else f"{shown}: {message}"
    return f"{table}.csv, row {key}, column {column}: {told}"


def _refuse(faults: list[str], where: str) -> None:
    if len(faults) > 1:
        faults = [f"{len(faults)} faults {where}:", *(f"  {fault}" for fault in faults)]
    if faults:
        raise InputError("\n".join(faults))
