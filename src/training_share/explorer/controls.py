"""What can be set for a company: one list of controls, made from the tables.

Widgets, settings and the papermill command follow from it. A control that does nothing for the
company under the corrections in force is not in the list.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property

from training_share.inputs.distributions import parse
from training_share.inputs.tables import Cell, Tables
from training_share.model.case import Case
from training_share.model.cost import CostModel
from training_share.model.drivers import GivenStreams
from training_share.model.spending import rate

# The assumptions that the company notebooks take as parameters.
ASSUMED = ("mfu", "mfu_rl", "price_usd_per_gpu_hour", "rl_fraction", "sft_fraction")
WINDOW = {"spending_start": "Spending from", "spending_end": "Spending to"}
GROUPS = {  # headings of the list of corrections, by the table they change
    "training_runs": "Training runs",
    "hardware": "Hardware",
    "generative_models": "Regressions of closed models",
    "spending": "Spending",
    "companies": "Windows",
    "assumptions": "Method",
}


@dataclass(frozen=True)
class Control:
    """One parameter of the notebooks and of `estimate`, under the name it has there.

    A slider's `options` are the places its handles can take: two handles are the p10 and p90 of a
    lognormal, and at the same place an exact value. Without handles they are a menu's words.
    """

    name: str
    label: str
    cell: str  # where the package reports a fault of its value
    own: str  # what holds where nothing is set, in the notation
    options: tuple[float | str, ...]
    handles: int = 0
    note: str = ""

    def places(self, text: str) -> tuple[int, ...] | None:
        """Return which options a text is nearest to, one a handle; None where it cannot be read."""
        try:
            if self.handles == 1:  # a release lag may be zero, which is no amount
                value = float(text) if text.isdigit() else parse(text).quantile(0.5)
                return (self._nearest(value),)
            value = parse(text)
        except ValueError:  # InputError is one
            return None
        return tuple(self._nearest(value.quantile(p)) for p in (0.1, 0.9))

    def _nearest(self, value: float) -> int:
        return min(range(len(self.options)), key=lambda place: abs(self.options[place] - value))

    def text(self, places: tuple[int, ...]) -> str:
        """Return the notation for places of the handles: empty where the own value puts them."""
        if places == self.places(self.own):
            return ""
        values = dict.fromkeys(f"{self.options[place]:g}" for place in places)
        return next(iter(values)) if len(values) == 1 else _lognormal(*values)


def _lognormal(low: str, high: str) -> str:
    return f"{low} to {high} (p10-p90 lognormal)"


@dataclass(frozen=True)
class Offer:
    """What can be set for a company under the corrections in force."""

    base: Tables = field(repr=False, compare=False)  # before any correction
    company: str
    corrections: tuple[str, ...]

    @cached_property
    def tables(self) -> Tables:
        """The tables with the corrections in force; InputError where they exclude each other."""
        return self.base.corrected(self.corrections)

    @cached_property
    def groups(self) -> list[str]:
        """The named groups of the company's counted runs."""
        return sorted({run.group for run in self._runs.values()} - {""})

    @property
    def _runs(self) -> Mapping:
        runs = self.tables.training_runs.items()
        return {key: run for key, run in runs if run.company == self.company and run.counted}

    @cached_property
    def read(self) -> dict[str, set[str]]:
        """Keys of the rows that the cost of the company's runs rests on, by table."""
        noting = {name: _Noting(self.tables[name]) for name in ("assumptions", "closed_models")}
        tables = replace(self.tables, **noting)
        model = CostModel(tables, self.company, GivenStreams({}).at(1), seed=0)
        for run_id in self._runs:
            model.cost_usd(run_id)
        return {name: rows.asked for name, rows in noting.items()}

    @cached_property
    def controls(self) -> dict[str, Control]:
        """The controls of the company's parameters by name: sliders, then the spending window."""
        return {control.name: control for control in self._controls()}

    def _controls(self) -> Iterator[Control]:
        company = self.tables.companies[self.company]
        for name in ASSUMED:
            if name in self.read["assumptions"]:
                row = self.tables.assumptions[name]
                unit = "" if row.unit.startswith("fraction") else f" ({row.unit})"
                cell, label = f"assumptions.csv, row {name}, column value", row.label + unit
                options = self._range(name, row.unit)
                note = f"{row.unit}. {row.note}"
                yield Control(name, label, cell, row.value, options, 2, note)
        window = company.spending_start, company.spending_end
        if held := rate(self.tables, company.currency, *window):
            name, label = f"{held.currency.lower()}_per_usd", f"{held.currency} per USD"
            middle = held.per_usd.quantile(0.5)
            options = rounds(0.8 * middle, 1.25 * middle, digits=3)
            cell = f"fx.csv, row {held.currency}/{held.period}, column per_usd"
            yield Control(name, label, cell, str(held.per_usd), options, 1)
        cell = f"companies.csv, row {self.company}, column "
        lag = company.release_lag_months
        months = tuple(range(max(12, 4 * lag) + 1))
        name = "release_lag_months"
        yield Control(name, "Release lag (months)", cell + name, str(lag), months, 1)
        for name, label in WINDOW.items():
            own = str(getattr(company, name))
            yield Control(name, label, cell + name, own, self._days(name, own))

    def _range(self, name: str, unit: str) -> tuple[float, ...]:
        """Return places from a third of the lowest to twice the highest end that the tables and
        their corrections give an assumption."""
        texts = [self.base.texts["assumptions"][name]["value"]]
        for cells in self.base.cells_of.values():
            texts += [text for *cell, text in cells if cell == ["assumptions", name, "value"]]
        ends = [parse(text).quantile(p) for text in texts for p in (0.1, 0.9)]
        top = 1.0 if unit.startswith("fraction") else math.inf
        return rounds(min(ends) / 3, min(2 * max(ends), top))

    def _days(self, name: str, own: str) -> tuple[str, ...]:
        """Return the days on which a window can begin, or end: where disclosed periods do."""
        lines = self.tables.choice("denominator_lines")
        rows = [row for row in self.tables.spending.values() if row.company == self.company]
        rows = [row for row in rows if row.line in lines.split(" + ")]
        edges = {row.period_start for row in rows}
        edges = sorted(edges | {row.period_end + timedelta(days=1) for row in rows})
        ends = [day - timedelta(days=1) for day in edges[1:]]
        return tuple(sorted({own, *map(str, edges[:-1] if name == "spending_start" else ends)}))

    # --- corrections ------------------------------------------------------------------------------
    @cached_property
    def listed(self) -> dict[str, dict[str, str]]:
        """The corrections that touch the company: heading -> name -> why, in a sentence."""
        headed: dict[str, dict[str, str]] = {heading: {} for heading in GROUPS.values()}
        for row in self.base.corrections.values():
            if any(map(self._touches, self.base.cells_of[row.correction])):
                table = self.base.cells_of[row.correction][0][0]
                headed[GROUPS.get(table, table)].setdefault(row.correction, row.reason)
        return {heading: rows for heading, rows in headed.items() if rows}

    @property
    def observed(self) -> dict[str, str]:
        """All evidence, of whatever company, since each row weighs the draws of all: name -> what
        was observed and why it counts."""
        told: dict[str, str] = {}
        for row in self.base.evidence.values():
            told.setdefault(row.evidence, f"{row.quantity}: {row.value}. {row.note}")
        return told

    def _touches(self, cell: Cell) -> bool:
        table, key, _, _ = cell
        if table in ("training_runs", "spending"):
            return self.base[table][key].company == self.company
        if table == "companies":
            return key == self.company
        if table == "hardware":
            return key in {run.hardware for run in self._runs.values()}
        if table == "generative_models":
            closed = self.base.closed_models
            modalities = {closed[model].modality for model in self.read["closed_models"]}
            return self.base.generative_models[key].modality in modalities
        if key in ("denominator_lines", "denominator_window"):
            before, after = (
                _case(self.base.changed(cells), self.company) for cells in ([], [cell])
            )
            return getattr(before, key) != getattr(after, key)
        return key in self.read["assumptions"]

    def excluded(self, name: str, others: Iterable[str]) -> bool:
        """Whether a correction sets a cell to another content than one of the others does."""
        cells = {cell[:3]: cell[3] for cell in self.base.cells_of[name]}
        theirs = [cell for other in others for cell in self.base.cells_of[other]]
        return any(cells.get(cell[:3], cell[3]) != cell[3] for cell in theirs)


class _Noting(dict):
    """Rows that note which of them were asked for."""

    def __init__(self, rows: Mapping) -> None:
        super().__init__(rows)
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> object:
        self.asked.add(key)
        return super().__getitem__(key)


def _case(tables: Tables, company: str) -> Case:
    return Case.of(tables, company, next(iter(tables.scenario_names)))


def rounds(low: float, high: float, digits: int = 2) -> tuple[float, ...]:
    """Return the numbers of a few significant digits from `low` to `high`: close where small."""
    values, step = [], 0.0
    value = float(f"{low:.{digits - 1}e}")
    while value <= high * (1 + 1e-9):
        values.append(value)
        step = 10.0 ** (math.floor(math.log10(value * (1 + 1e-9))) - digits + 1)
        value = float(f"{value + step:.{digits - 1}e}")
    return tuple(values)


def with_spending(base: Tables) -> dict[str, str]:
    """Return display name -> key of the companies that disclose spending in money, whose share is
    modelled."""
    return {base.companies[key].display_name: key for key in base.with_spending}
