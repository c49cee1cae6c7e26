"""What can be set for a company: one list of controls, made from the tables.

Widgets, settings and the papermill command follow from it. A control that does nothing for the
company under the corrections in force is not in the list.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property, lru_cache

import numpy as np

from training_share.inputs.notation import Exact, parse
from training_share.inputs.tables import Cell, Tables
from training_share.model.spending import rate
from training_share.model.world import World

# The assumptions that the company notebooks take as parameters.
ASSUMED = ("mfu", "mfu_rl", "price_usd_per_gpu_hour", "rl_fraction", "sft_fraction")
WINDOW = {"spending_start": "Spending from", "spending_end": "Spending to"}
GROUPS = {  # headings of the list of corrections, by the table they change
    "training_runs": "Training runs",
    "hardware": "Hardware",
    "generative_models": "Regressions of closed models",
    "closed_models": "Regressions of closed models",
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
            given = Exact(0.0) if text == "0" else parse(text)  # a release lag may be zero
        except ValueError:  # InputError is one
            return None
        values = [given.quantile(p) for p in ((0.5,) if self.handles == 1 else (0.1, 0.9))]
        return tuple(int(np.abs(np.subtract(self.options, value)).argmin()) for value in values)

    def text(self, places: tuple[int, ...]) -> str:
        """Return the notation for places of the handles: empty where the own value puts them."""
        if places == self.places(self.own):
            return ""
        low, *high = dict.fromkeys(f"{self.options[place]:g}" for place in places)
        return f"{low} to {high[0]} (p10-p90 lognormal)" if high else low


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
    def rests_on(self) -> dict[str, set[str]]:
        """Keys of the rows that the company's share rests on, by table."""
        noting = {
            name: _Noting(self.tables[name])
            for name in ("assumptions", "closed_models", "hardware")
        }
        world = self._world(replace(self.tables, **noting))
        for run_id in self._runs:
            world.cost_usd_of(run_id)
        keys = {name: rows.asked for name, rows in noting.items()} | {"companies": {self.company}}
        modalities = {self.tables.closed_models[name].modality for name in keys["closed_models"]}
        points = self.base.generative_models.items()
        keys["generative_models"] = {key for key, row in points if row.modality in modalities}
        for table in ("training_runs", "spending"):
            rows = self.base[table].items()
            keys[table] = {key for key, row in rows if row.company == self.company}
        return keys

    @cached_property
    def controls(self) -> dict[str, Control]:
        """The controls of the company's parameters by name: sliders, then the spending window."""
        return {control.name: control for control in self._controls()}

    def _controls(self) -> Iterator[Control]:
        company = self.tables.companies[self.company]
        for name in ASSUMED:
            if name in self.rests_on["assumptions"]:
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
                rows = headed.setdefault(GROUPS.get(table, table), {})
                rows.setdefault(row.correction, row.reason)
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
        if key in ("denominator_lines", "denominator_window"):
            first = self.base.scenario_names[0]
            before, after = (
                self._world(self.base.changed(cells).for_scenario(first)) for cells in ([], [cell])
            )
            return getattr(before, key) != getattr(after, key)
        return key in self.rests_on.get(table, ())

    def _world(self, tables: Tables) -> World:
        return World(self.base, tables, self.company, "", (), (), 1, 42, at_medians=True)


class _Noting(dict):
    """Rows that note which of them were asked for."""

    def __init__(self, rows: Mapping) -> None:
        super().__init__(rows)
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> object:
        self.asked.add(key)
        return super().__getitem__(key)


@lru_cache(8)
def offer_of(base: Tables, company: str, corrections: tuple[str, ...]) -> Offer:
    """Return an offer; the same one, with what it has worked out, for the same corrections."""
    return Offer(base, company, corrections)


def excluded(base: Tables, name: str, others: Iterable[str]) -> bool:
    """Whether a correction sets a cell to another content than one of the others does."""
    cells = {cell[:3]: cell[3] for cell in base.cells_of[name]}
    theirs = [cell for other in others for cell in base.cells_of[other]]
    return any(cells.get(cell[:3], cell[3]) != cell[3] for cell in theirs)


def rounds(low: float, high: float, digits: int = 2) -> tuple[float, ...]:
    """Return the numbers of a few significant digits from `low` to `high`: close where small."""
    exponents = range(*(math.floor(math.log10(end)) - digits + 1 for end in (low, 10 * high)))
    digit_runs = range(10 ** (digits - 1), 10**digits)
    values = (float(f"{run}e{exponent}") for exponent in exponents for run in digit_runs)
    first = float(f"{low:.{digits - 1}e}")
    return tuple(value for value in values if first <= value <= high * (1 + 1e-9))


def with_spending(base: Tables) -> dict[str, str]:
    """Return display name -> key of the companies that disclose spending in money, whose share is
    modelled."""
    return {base.companies[key].display_name: key for key in base.with_spending}
