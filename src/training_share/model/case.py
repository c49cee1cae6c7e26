"""What is asked of the model: company, scenario, window, values set by hand, draws, seed.

A `Case` is the one place that holds the request. Blank means default, resolved once, here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from types import MappingProxyType

import pandas as pd

from training_share.errors import InputError, nearest, require_known, whole_number
from training_share.inputs.distributions import parse
from training_share.inputs.schema import Company, Evidence, TrainingRun, chip_of
from training_share.inputs.tables import Cell, Tables
from training_share.model.asked import Changes, Runs, cells_of, rows_of
from training_share.model.spending import as_date, disclosed_lines
from training_share.model.streams import Drawn, Streams

NO_EVIDENCE = "none"  # as text, since a blank means the scenario's
MOST_DRAWS = 100_000_000  # half an hour and some GB; digits stop changing long before
WINDOW = ("release_lag_months", "spending_start", "spending_end")  # cells of companies.csv


@dataclass(frozen=True, eq=False)
class Case:
    """What an estimate answers. Made by `Case.of`, which checks and resolves it.

    `settings` holds what is set by hand, as text by name: the window, assumptions, exchange rates;
    `changes` and `added` any cell and further training runs.
    `excluded` are groups left out of the numerator. With `part`, closed models are drawn from one
    part of the regressions' resamples alone.
    """

    base: Tables = field(repr=False)  # before scenario and corrections
    tables: Tables = field(repr=False)  # in force: scenario, corrections, then what is set by hand
    company: str
    scenario: str
    corrections: tuple[str, ...]  # on top of the scenario's own
    n_draws: int
    seed: int
    excluded: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[Cell, ...] = ()  # cells of any table
    added: tuple[Mapping[str, str], ...] = ()  # training runs of one's own
    part: int | None = None
    evidence: tuple[str, ...] | None = None  # None: the scenario's own
    drawn: Drawn = field(default_factory=Drawn, repr=False)

    @classmethod
    def of(
        cls,
        base: Tables,
        company: str,
        scenario: str = "newsletter",
        n_draws: int = 50_000,
        seed: int = 42,
        *,
        corrections: Iterable[str] | str = (),
        exclude_groups: Iterable[str] | str = (),
        evidence: Iterable[str] | str | None = None,
        changes: Changes = None,
        runs: Runs = None,
        **settings: object,
    ) -> Case:
        """Return a checked case; `settings` are the window and any assumption or exchange rate.

        Raises InputError for anything unknown, with the nearest right name, and for values that do
        not parse.
        """
        scenario, named = scenario or "newsletter", listed(corrections)
        tables = base.for_scenario(scenario, named)
        require_known(company, tables.companies, "company")
        known = [*tables.assumptions, *tables.rates()]
        for name in settings:
            if name not in WINDOW and name not in known:
                raise InputError(f"unknown assumption '{name}'{nearest(name, known)}")
        told = {name: _text(name, value) for name, value in settings.items() if value is not None}
        told = {name: text for name, text in told.items() if text}
        cells, added = cells_of(changes, tables), rows_of(runs, tables, company)
        by_hand = [*_cells(company, told, base.rates()), *cells]
        case = cls(
            base,
            base.for_scenario(scenario, named, by_hand, added),
            company,
            scenario,
            named,
            whole_number(n_draws, "n_draws", most=MOST_DRAWS),
            whole_number(seed, "seed", 0),
            known_groups(tables, [company], listed(exclude_groups)),
            MappingProxyType(told),
            cells,
            added,
            evidence=None if evidence is None or evidence == "" else _evidence(evidence),
        )
        _ = case.observed  # refuse what is unknown now, not at first use
        return case

    def streams(self) -> Streams:
        """Return the streams of the case's seed; what is drawn of them is kept with the case, and
        with those made from it."""
        return Streams(self.seed, self.drawn)

    @cached_property
    def observed(self) -> list[Evidence]:
        """The rows of evidence in force, of whatever company."""
        names = self.evidence
        if names is None:
            names = tuple(self.base.scenario_evidence(self.scenario))
        return self.tables.observed(names)

    def world(self, company: str) -> Case:
        """Return what evidence about `company` is held against: every group and the scenario's own
        windows, since what was observed does not depend on the window that is asked about."""
        settings = {name: text for name, text in self.settings.items() if name not in WINDOW}
        tables = self.tables
        if len(settings) < len(self.settings):
            by_hand = [*_cells(self.company, settings, self.base.rates()), *self.changes]
            tables = self.base.for_scenario(self.scenario, self.corrections, by_hand, self.added)
        return replace(
            self, company=company, tables=tables, excluded=(), settings=MappingProxyType(settings)
        )

    @property
    def asked(self) -> dict[str, object]:
        """The arguments of `estimate` that make this case, without its tables."""
        return {
            "company": self.company,
            "scenario": self.scenario,
            "n_draws": self.n_draws,
            "seed": self.seed,
            "corrections": self.corrections,
            "exclude_groups": self.excluded,
            "evidence": self.evidence,
            "changes": {"/".join(cell[:3]): cell[3] for cell in self.changes},
            "runs": self.added,
            **self.settings,
        }

    # --- what is counted --------------------------------------------------------------------------
    @cached_property
    def company_row(self) -> Company:
        """The company's row under the scenario: spending window, release lag, currency, colour."""
        return self.tables.companies[self.company]

    @cached_property
    def release_window(self) -> tuple[pd.Period, pd.Period]:
        """First and last release month that counts: the spending window moved by the release
        lag."""
        return _released(self.company_row)

    @cached_property
    def months_not_collected(self) -> int:
        """Months of the release window outside the one the company's runs were collected for (that
        of the base tables) in which no run is counted.

        Models released in those months are missing from training_runs.csv; see `caveat`.
        """
        first, last = _released(self.base.companies[self.company])
        months = pd.period_range(*self.release_window, freq="M")
        counted = {run.released for run in self.window_runs.values()}
        return sum(not first <= month <= last and month not in counted for month in months)

    @cached_property
    def months_out_of_window(self) -> int:
        """Months outside the release window whose releases a counted run that stands for several
        months (column `covers`) holds too, so that it cannot be told from them."""
        covered = {
            month
            for run in self.runs.values()
            for month in (pd.period_range(*run.covers, freq="M") if run.covers else ())
        }
        first, last = self.release_window
        return sum(not first <= month <= last for month in covered)

    @property
    def caveat(self) -> str:
        """In two words, what the runs make of the share: "mismatched window" where one holds
        releases from outside the window, so that it may be too high or too low; "lower bound" where
        none were collected for some months; or ""."""
        if self.months_out_of_window:
            return "mismatched window"
        return "lower bound" if self.months_not_collected else ""

    @cached_property
    def window_runs(self) -> Mapping[str, TrainingRun]:
        """The counted runs released in the window, excluded groups too."""
        first, last = self.release_window
        runs = self.tables.training_runs.items()
        return {
            key: run
            for key, run in runs
            if run.company == self.company and run.counted and first <= run.released <= last
        }

    @cached_property
    def runs(self) -> Mapping[str, TrainingRun]:
        """The runs of the numerator: released in the window, and not in an excluded group.

        Raises InputError where none is left.
        """
        runs = {key: run for key, run in self.window_runs.items() if run.group not in self.excluded}
        if not runs:
            first, last = self.release_window
            outside = f" outside the groups {', '.join(self.excluded)}" if self.excluded else ""
            raise InputError(
                f"{self.company}: no counted run released from {first} to {last}{outside}; a share "
                "of nothing is not zero: widen the window or exclude less"
            )
        return runs

    @cached_property
    def uncounted_models(self) -> list[str]:
        """Models released in the window of which no run is counted although a correction would
        count one, by name: the numerator leaves them out."""
        waiting = {
            key
            for cells in self.tables.cells_of.values()
            for table, key, column, value in cells
            if (table, column, value) == ("training_runs", "counted", "yes")
        }
        first, last = self.release_window
        counted = {run.model for run in self.window_runs.values()}
        models = [
            run.model
            for key, run in self.tables.training_runs.items()
            if key in waiting and run.company == self.company and first <= run.released <= last
        ]
        return [name for name in dict.fromkeys(models) if name not in counted]

    def basis(self, run_id: str) -> str:
        """Return what a run's fraction of its base is a fraction of: FLOP, GPU-hours or USD. A base
        that is only known in GPU-hours or USD decides it, whatever `rl_fraction_basis` says."""
        run = self.tables.training_runs[run_id]
        if run.base_run is None:
            return "USD" if run.cost_usd else "GPU-hours" if run.gpu_hours else "FLOP"
        of_base = self.basis(run.base_run)
        in_hours = run.workload == "rl" and self.tables.choice("rl_fraction_basis") == "gpu-hours"
        return "GPU-hours" if in_hours and of_base == "FLOP" else of_base

    def predicted(self, run_id: str) -> bool:
        """Whether a run's FLOP rest on a regression, its own or its base's."""
        run = self.tables.training_runs[run_id]
        if run.base_run is not None:
            return self.predicted(run.base_run)
        return isinstance(run.flop, str)

    @cached_property
    def rests_on_regressions(self) -> bool:
        """Whether the FLOP of any counted run are predicted by a regression."""
        return any(map(self.predicted, self.runs))

    # --- the denominator --------------------------------------------------------------------------
    @cached_property
    def has_spending(self) -> bool:
        """Whether the company has any row in spending; without one only the cost can be
        estimated."""
        return bool(disclosed_lines(self.tables, self.company))

    def require_spending(self) -> None:
        """Raise InputError for a company without spending."""
        if not self.has_spending:
            raise InputError(
                f"{self.company}: its spending is missing, so there is no R&D compute and no share;"
                " add rows to spending.csv, or see implied_rd_compute for what its training cost"
                " implies"
            )

    @cached_property
    def denominator_lines(self) -> list[str]:
        """The spending lines that make up R&D compute, as far as the company discloses them."""
        asked = [name.strip() for name in self.tables.choice("denominator_lines").split("+")]
        disclosed = disclosed_lines(self.tables, self.company)
        lines = [name for name in asked if name in disclosed]
        if not lines:
            every = {row.line for row in self.tables.spending.values()}
            raise InputError(
                f"{self.company}: discloses none of the lines {', '.join(asked)} that "
                "assumptions.csv, row denominator_lines names"
                f"{nearest(asked[0], disclosed or every)}"
            )
        return lines

    @cached_property
    def unit(self) -> str:
        """What cost and R&D compute are counted in: USD, or hours of a chip such as H100-hours
        where that is how the company's R&D compute is given."""
        if not self.has_spending:
            return "USD"
        units = {
            row.currency if chip_of(row.currency) else "USD"
            for row in self.tables.spending.values()
            if row.company == self.company and row.line in self.denominator_lines
        }
        if len(units) > 1:
            raise InputError(
                f"{self.company}: the lines {' + '.join(self.denominator_lines)} are given in "
                f"{' and '.join(sorted(units))}, which do not add; name lines of one unit in "
                "denominator_lines"
            )
        return units.pop()

    @property
    def measured(self) -> bool:
        """Whether the share is one of counted hours: R&D compute and every run are given in hours
        of one chip, so that neither utilization nor price enters."""
        return bool(chip_of(self.unit)) and all(run.gpu_hours for run in self.runs.values())

    def require_one_unit(self) -> None:
        """Raise InputError where R&D compute is in hours of a chip and a counted run, or one it is
        a fraction of, is in USD or in hours of another chip or of one that is not named."""
        chip = chip_of(self.unit)
        for key in self.window_runs if chip else ():
            run: TrainingRun | None = self.tables.training_runs[key]
            while run is not None:
                where = f"training_runs.csv, row {run.run_id}, column"
                told = f"but R&D compute of {self.company} is in {self.unit}"
                if run.cost_usd is not None:
                    raise InputError(
                        f"{where} cost_usd: the run is given in USD, {told}; give gpu_hours, or "
                        "spending in money"
                    )
                if run.hardware is None and run.base_run is None:
                    raise InputError(
                        f"{where} hardware: empty, {told}; name the chip whose hours these are"
                    )
                if run.hardware is not None and not run.hardware.startswith(f"{chip}-"):
                    raise InputError(
                        f"{where} hardware: {run.hardware}, {told}, and hours of two chips do not "
                        "add; give both in hours of one chip"
                    )
                run = self.tables.training_runs.get(run.base_run or "")

    @cached_property
    def denominator_window(self) -> tuple[date, date]:
        """First and last day of the spending that the share is a share of."""
        words = self.tables.choice("denominator_window")
        if words == "spending window":
            return self.company_row.spending_start, self.company_row.spending_end
        start, _, end = words.partition(" to ")
        where = "assumptions.csv, row denominator_window"
        fixed = as_date(start, where), as_date(end, where)
        own = self.company_row.spending_start, self.company_row.spending_end
        if months(*fixed) != months(*own):
            raise InputError(
                f"{self.company}: R&D compute of {months(*fixed)} months ({words}) under the "
                f"models of {months(*own)} months is no share; choose a spending window of equal "
                "length, or denominator_window 'spending window'"
            )
        return fixed


def months(start: date, end: date) -> int:
    """Return how many calendar months two days span."""
    return 12 * (end.year - start.year) + end.month - start.month + 1


def listed(names: Iterable[str] | str | None) -> tuple[str, ...]:
    """Return names given as a list or as comma-separated text.

    >>> listed("openai, minimax")
    ('openai', 'minimax')
    """
    if names is None or isinstance(names, str):
        names = (names or "").split(",")
    return tuple(str(name).strip() for name in names if str(name).strip())


def _evidence(names: Iterable[str] | str) -> tuple[str, ...]:
    """Return the names of evidence; the word stands for an empty list where one is typed."""
    return () if names == NO_EVIDENCE else listed(names)


def known_groups(
    tables: Tables, companies: Iterable[str], groups: Iterable[str]
) -> tuple[str, ...]:
    """Return groups of runs, each once; InputError for one that no run of the companies has."""
    companies = list(companies)
    for group in groups:
        require_known(group, tables.groups(companies), f"group of {' or '.join(companies)}")
    return tuple(dict.fromkeys(groups))


def _cells(
    company: str, settings: Mapping[str, str], rates: Mapping[str, Iterable[str]]
) -> list[Cell]:
    """Return the cells that are set by hand."""
    cells: list[Cell] = []
    for name, text in settings.items():
        if name in WINDOW:
            cells.append(("companies", company, name, text))
        elif name in rates:
            keys = list(rates[name])
            try:
                parse(text)  # one fault, though it would stand in every row of the currency
            except InputError as error:
                raise InputError(f"fx.csv, row {keys[0]}, column per_usd: {error}") from None
            cells += [("fx", key, "per_usd", text) for key in keys]
        else:
            cells.append(("assumptions", name, "value", text))
    return cells


def _text(name: str, value: object) -> str:
    if name.startswith("spending_") and value != "":
        return str(as_date(value, name))
    return str(value)


def _released(row: Company) -> tuple[pd.Period, pd.Period]:
    days = (row.spending_start, row.spending_end)
    first, last = (pd.Period(day, freq="M") + row.release_lag_months for day in days)
    return first, last
