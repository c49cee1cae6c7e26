"""Load, check and correct the tables.

Tables are read as text, changed as text (a correction is a list of changed cells) and checked as a
whole afterwards, so that a corrected table passes exactly the tests a hand-edited one would.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from training_share.errors import InputError, require_known
from training_share.files import repo_root
from training_share.inputs import rules
from training_share.inputs.columns import (
    Content,
    Layout,
    ReadOnly,
    Row,
    Schema,
    Texts,
    at,
    chip_of,
    package_of,
    schema_of,
)
from training_share.inputs.notation import Distribution

LONGEST = 32_767  # characters in a spreadsheet's cell
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")  # no workbook or page holds them
Cell = tuple[str, str, str, Content]  # table, key, column, new content
Rows = Mapping[str, Any]  # by key
PRICE = "price_usd_per_gpu_hour"  # the assumption, and the column of hardware
Given = Mapping[tuple[str, str, str], Distribution]  # in place of a cell's text


@dataclass(frozen=True, eq=False, repr=False)
class Tables:
    """The checked tables, read-only. `tables.training_runs["minimax-m2-rl"]` is a row with typed
    attributes, `tables["training_runs"]` the same table by its name, `tables.texts` what the files
    say: table -> key -> column -> text."""

    companies: Rows
    training_runs: Rows
    releases: Rows
    spending: Rows
    fx: Rows
    assumptions: Rows
    hardware: Rows
    generative_models: Rows
    closed_models: Rows
    evidence: Rows
    corrections: Rows
    scenarios: Rows
    choices: Rows
    published: Rows
    measured_cases: Rows
    sources: Rows
    texts: Texts
    given: Given
    schema: Schema

    def __getitem__(self, table: str) -> Rows:
        require_known(table, self.schema, "table")
        return getattr(self, table)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{len(rows)} {table}" for table, rows in self.texts.items())
        return f"<Tables: {sizes}; see frame(table), scenario_names, with_spending>"

    def frame(self, table: str) -> pd.DataFrame:
        """Return a table as text, one column a header, in the file's order."""
        require_known(table, self.schema, "table")
        columns = list(self.schema[table].columns)
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
        return str(self.assumptions[name].value)

    @property
    def resamples(self) -> int:
        """Number of bootstrap resamples of a regression's models."""
        return int(self.assumptions["bootstrap_resamples"].amount.value)

    @cached_property
    def with_spending(self) -> tuple[str, ...]:
        """Keys of the companies with runs and with spending in money alone, in the file's order:
        those whose share is modelled."""
        running = {run.company for run in self.training_runs.values()}
        units = {(row.company, bool(chip_of(row.currency))) for row in self.spending.values()}
        in_money = {company for company, _ in units if (company, True) not in units}
        return tuple(company for company in self.companies if company in running & in_money)

    def price_cell(self, chip: str | None) -> tuple[str, str, str]:
        """Return the cell with the price of an hour of a chip: its own in hardware, or else the
        assumption's."""
        if chip and self.hardware[chip].price_usd_per_gpu_hour:
            return "hardware", chip, PRICE
        return "assumptions", PRICE, "value"

    def is_priced(self, chip: str) -> bool:
        """Whether a chip has a price of its own, or is the one whose hour the assumption prices."""
        own = self.price_cell(chip)[0] == "hardware"
        return own or chip.startswith(f"{self.priced_chip.lower()}-")

    @property
    def priced_chip(self) -> str:
        """The chip whose hour the assumed price is of."""
        return self.assumptions[PRICE].unit.removeprefix("USD per ").removesuffix("-hour")

    def groups(self, companies: Iterable[str]) -> list[str]:
        """Return the named groups of the runs of some companies."""
        for company in (companies := list(companies)):
            require_known(company, self.companies, "company")
        runs = [run for run in self.training_runs.values() if run.company in companies]
        return sorted({run.group for run in runs} - {""})

    def lines(self, company: str) -> dict[str, list[Any]]:
        """Return the rows of spending that a company discloses, by line."""
        found: dict[str, list[Any]] = {}
        for row in (row for row in self.spending.values() if row.company == company):
            found.setdefault(row.line, []).append(row)
        return found

    def rates(self) -> dict[str, list[str]]:
        """Return the keyword that sets an exchange rate, as cny_per_usd -> keys of rows in fx."""
        found: dict[str, list[str]] = {}
        for key, row in self.fx.items():
            found.setdefault(f"{row.currency.lower()}_per_usd", []).append(key)
        return found

    # --- scenarios: corrections and evidence ------------------------------------------------------
    @cached_property
    def cells_of(self) -> Mapping[str, tuple[Cell, ...]]:
        """The changed cells of every correction, by its name."""
        cells: dict[str, tuple[Cell, ...]] = {}
        for row in self.corrections.values():
            cell = row.table, row.key, row.column, row.value
            cells[row.correction] = (*cells.get(row.correction, ()), cell)
        return ReadOnly(cells)

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
        steps = sorted((row.order, row.correction) for row in rows if row.order is not None)
        return [name for _, name in steps]

    def choices_of(self, question: str) -> dict[str, dict[str, str]]:
        """Return the ways to answer a question of choices.csv, by label, each as arguments of
        `estimate`."""
        require_known(question, {row.question for row in self.choices.values()}, "question")
        rows = [row for row in self.choices.values() if row.question == question]
        asked = ("scenario", "corrections", "evidence")
        return {
            r.label: {name: getattr(r, name) for name in asked if getattr(r, name)} for r in rows
        }

    def observed(self, names: Iterable[str]) -> list[Row]:
        """Return the rows of the named evidence, in the file's order. InputError for an unknown
        name, and for two rows that observe the same quantity of a company."""
        asked = list(names)
        for name in asked:
            require_known(name, self.evidence_names, "evidence")
        rows = {key: row for key, row in self.evidence.items() if row.evidence in asked}
        for key, twin in rules.twice(rows, "company", "quantity"):
            one, two = rows[twin], rows[key]
            raise InputError(
                f"evidence '{one.evidence}' and '{two.evidence}' both speak of {two.quantity} of "
                f"{two.company}, which would count it twice; choose one"
            )
        return list(rows.values())

    # --- changed tables ---------------------------------------------------------------------------
    def corrected(self, corrections: Iterable[str]) -> "Tables":
        """Return the tables with the named corrections applied in order.

        Raises InputError for an unknown correction, one named twice, one whose cell does not exist,
        and two that set the same cell to different values.
        """
        names = list(corrections)
        set_by: dict[tuple[str, str, str], tuple[str, Content]] = {}  # cell -> correction, content
        for name in names:
            require_known(name, self.cells_of, "correction")
            if names.count(name) > 1:
                told = "name it once, and not where the scenario already has it"
                raise InputError(f"correction '{name}' is applied twice; {told}")
            for table, key, column, value in self.cells_of[name]:
                other, before = set_by.setdefault((table, key, column), (name, value))
                if value != before:
                    raise InputError(
                        f"corrections '{other}' and '{name}' exclude each other: both set "
                        f"{at(table, key, column)}; choose one"
                    )
        try:
            return self.changed([(*cell, value) for cell, (_, value) in set_by.items()])
        except InputError as error:
            for cell, (name, _) in set_by.items():
                if f"{at(*cell)}: " in str(error):
                    raise InputError(f"corrections.csv, correction '{name}': {error}") from None
            raise

    def changed(
        self, cells: Iterable[Cell] = (), rows: Iterable[tuple[str, Mapping[str, Content]]] = ()
    ) -> "Tables":
        """Return the tables with single cells set to other contents, text or a distribution, and
        further rows, each with its table, checked again as a whole."""
        texts, given = {table: dict(rows) for table, rows in self.texts.items()}, dict(self.given)
        changes = [(table, key, {column: content}) for table, key, column, content in cells]
        for table, key, (column,) in changes:
            if fault := rules.missing_cell(self, table, key, column):
                raise InputError(fault)
        added = [
            (table, "/".join(str(row[name]) for name in self.schema[table].keys), dict(row))
            for table, row in rows
        ]
        for table, key, contents in (changes := added + changes):
            for column, content in contents.items():
                given.pop((table, key, column), None)
                if isinstance(content, Distribution):
                    given[table, key, column] = content
            said = {column: str(content) for column, content in contents.items()}
            texts[table][key] = ReadOnly({**texts[table].get(key, {}), **said})
        return _checked(texts, self.schema, given, self) if changes else self

    def for_scenario(
        self,
        scenario: str = "newsletter",
        corrections: Iterable[str] = (),
        cells: Iterable[Cell] = (),
        rows: Iterable[tuple[str, Mapping[str, Content]]] = (),
    ) -> "Tables":
        """Return the tables of a scenario, with further corrections and then changed cells and
        further rows on top; the same object for the same wishes.

        Raises InputError as `corrected` and `changed` do.
        """
        named = *self.scenario_corrections(scenario), *corrections
        added = tuple((table, tuple(row.items())) for table, row in rows)
        return _for_scenario(self, named, tuple(map(tuple, cells)), added)


@lru_cache(maxsize=32)
def _for_scenario(base: Tables, corrections: Any, cells: Any, rows: Any) -> Tables:
    if cells or rows:
        added = ((table, dict(row)) for table, row in rows)
        return _for_scenario(base, corrections, (), ()).changed((), added).changed(cells)
    return base.corrected(corrections)


def load(data_dir: str | Path | None = None) -> Tables:
    """Return the checked tables of a folder (default: the project's `data/`).

    Raises InputError with every fault of every table: file, row, column, content and how to mend
    it.

    >>> load().companies["minimax"].display_name
    'MiniMax'
    """
    if not isinstance(data_dir, str | Path | None):
        raise InputError(f"data_dir: expected the path of a folder of tables, got {data_dir!r}")
    folder = Path(data_dir) if data_dir else repo_root() / "data"
    package = package_of(folder)
    paths = [folder / f"{table}.csv" for table in schema_of(package)]
    if missing := ", ".join(path.name for path in paths if not path.is_file()):
        raise InputError(f"{folder.name}/: missing {missing}; a data folder holds one CSV a table")
    return _loaded(package, tuple(path.read_bytes() for path in paths))


@lru_cache(maxsize=4)
def _loaded(package: bytes, contents: tuple[bytes, ...]) -> Tables:  # an edited file: a new entry
    schema, texts, faults = schema_of(package), {}, []
    for (table, layout), content in zip(schema.items(), contents, strict=True):
        texts[table], found = read_texts(content, f"{table}.csv", layout)
        faults += found
    _refuse(faults, "in the tables")
    return _checked(texts, schema, {})


# --- reading and checking -------------------------------------------------------------------------
def read_texts(
    content: bytes, name: str, layout: Layout
) -> tuple[dict[str, Mapping[str, str]], list[str]]:
    """Read the content of a CSV file into key -> column -> text, and list its faults of form.

    What spreadsheets save is read too: a byte-order mark, Windows line ends, and semicolons or tabs
    between the cells where the header shows them.
    """
    columns = list(layout.columns)
    try:
        header, *lines = _lines(content, columns)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return {}, [f"{name}, line {line}: not UTF-8 (Latin-1 perhaps); save it as UTF-8"]
    except csv.Error as error:
        return {}, [f"{name}: not a CSV file ({error}); look for an unclosed quotation mark"]
    if sorted(header) != sorted(columns):
        odd = {
            "missing": [column for column in columns if column not in header],
            "unknown": [column for column in header if column not in columns],
            "repeated": sorted({column for column in header if header.count(column) > 1}),
        }
        told = "; ".join(f"{what} {', '.join(map(repr, of))}" for what, of in odd.items() if of)
        return {}, [f"{name}, header: {told}; the columns are {', '.join(columns)}"]
    rows: dict[str, Mapping[str, str]] = {}
    faults = []
    for number, cells in enumerate(lines, start=2):
        where = f"{name}, line {number}"
        if not any(cells):
            continue  # a blank line
        if len(cells) != len(header):
            told = "quote text with a comma, write no thousands separator, resolve what git merges"
            faults.append(f"{where}: {len(cells)} cells, expected {len(header)}; {told}")
            continue
        said = dict(zip(header, map(str.strip, cells), strict=True))
        whole = "".join(cells)
        for column, cell in said.items() if len(whole) > LONGEST or CONTROL.search(whole) else ():
            if control := CONTROL.search(cell):
                told = f"a control character, {control[0]!r}; remove it"
                faults.append(f"{where}, column {column}: {told}")
            if len(cell) > LONGEST:
                told = f"a spreadsheet's cell holds {LONGEST:,}, shorten it"
                faults.append(f"{where}, column {column}: {len(cell):,} characters; {told}")
        key = "/".join(said[column] for column in layout.keys)
        if key in rows:
            faults.append(f"{where}: the key '{key}' is there twice; keys are unique")
        rows[key] = ReadOnly({column: said[column] for column in columns})
    return rows, faults


def _lines(content: bytes, columns: list[str]) -> list[list[str]]:
    text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    first = text.partition("\n")[0]
    mark = next((mark for mark in ",;\t" if sorted(first.split(mark)) == sorted(columns)), ",")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)) or [[]]


def _checked(texts: Texts, schema: Schema, given: Given, before: Tables | None = None) -> Tables:
    """Return checked tables of `texts`; rows that are the same object in `before` are taken
    over."""
    typed: dict[str, dict[str, Row]] = {table: {} for table in schema}
    faults: list[str] = []
    for table, layout in schema.items():
        for key, cells in texts[table].items():
            if before and before.texts[table].get(key) is cells:
                typed[table][key] = before[table][key]
                continue
            held = {column: it for (*row, column), it in given.items() if row == [table, key]}
            row, found = layout.row(key, {**cells, **held}, texts)
            if not found:  # the first contradiction, which may have others in its train
                found = [f"{at(table, key)}: {told}" for told in rules.within(layout, row)][:1]
            if not found:
                typed[table][key] = row
            faults += found
    tables = Tables(
        **{table: ReadOnly(rows) for table, rows in typed.items()},
        texts=ReadOnly({table: ReadOnly(rows) for table, rows in texts.items()}),
        given=ReadOnly(given),
        schema=schema,
    )
    for rule in rules.RULES if before else (*rules.RULES, *rules.OF_FILES):
        faults += rule(tables)
    _refuse(faults, "after these changes" if before else "in the tables")
    return tables


def _refuse(faults: list[str], where: str) -> None:
    if len(faults) > 1:
        faults = [f"{len(faults)} faults {where}:", *(f"  {fault}" for fault in faults)]
    if faults:
        raise InputError("\n".join(faults))
