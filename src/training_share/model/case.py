"""What is asked of the model: company, scenario, window, values set by hand, draws, seed.

A `Case` is the one place that holds the request. Blank means default, resolved once, here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType

import pandas as pd

from training_share.errors import InputError, nearest, require_known, whole_number
from training_share.inputs.schema import Company, TrainingRun, chip_of
from training_share.inputs.tables import Cell, Tables
from training_share.model.spending import as_date, disclosed_lines

WINDOW = ("release_lag_months", "spending_start", "spending_end")  # cells of companies.csv


@dataclass(frozen=True, eq=False)
class Case:
    """What an estimate answers. Made by `Case.of`, which checks and resolves it.

    `settings` holds what is set by hand, as text by name: the window, assumptions, exchange rates.
    `excluded` are groups left out of the numerator. With `part`, closed models are drawn from one
    part of the regressions' resamples alone.
    """

    base: Tables = field(repr=False)  # before scenario and corrections
    company: str
    scenario: str
    corrections: tuple[str, ...]  # on top of the scenario's own
    n_draws: int
    seed: int
    excluded: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    part: int | None = None

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
        case = cls(
            base,
            company,
            scenario,
            named,
            whole_number(n_draws, "n_draws"),
            whole_number(seed, "seed", 0),
            known_groups(tables, [company], listed(exclude_groups)),
            MappingProxyType({name: text for name, text in told.items() if text}),
        )
        _ = case.tables  # refuse what does not parse now, not at first use
        return case

    @cached_property
    def tables(self) -> Tables:
        """The tables in force: scenario, then corrections, then what is set by hand."""
        return self.base.for_scenario(self.scenario, self.corrections, self._cells)

    @property
    def _cells(self) -> list[Cell]:
        rates = self.base.rates()
        cells: list[Cell] = []
        for name, text in self.settings.items():
            if name in WINDOW:
                cells.append(("companies", self.company, name, text))
            elif name in rates:
                cells += [("fx", key, "per_usd", text) for key in rates[name]]
            else:
                cells.append(("assumptions", name, "value", text))
        return cells

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

        Above zero the numerator is a lower bound: models released in those months are missing from
        training_runs.csv.
        """
        first, last = _released(self.base.companies[self.company])
        months = pd.period_range(*self.release_window, freq="M")
        counted = {run.released for run in self.window_runs.values()}
        return sum(not first <= month <= last and month not in counted for month in months)

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
        return as_date(start, where), as_date(end, where)


def listed(names: Iterable[str] | str) -> tuple[str, ...]:
    """Return names given as a list or as comma-separated text.

    >>> listed("openai, minimax")
    ('openai', 'minimax')
    """
    if isinstance(names, str):
        names = names.split(",")
    return tuple(str(name).strip() for name in names or () if str(name).strip())


def known_groups(
    tables: Tables, companies: Iterable[str], groups: Iterable[str]
) -> tuple[str, ...]:
    """Return groups of runs, each once; InputError for one that no run of the companies has."""
    companies = list(companies)
    for group in groups:
        require_known(group, tables.groups(companies), f"group of {' or '.join(companies)}")
    return tuple(dict.fromkeys(groups))


def _text(name: str, value: object) -> str:
    if name.startswith("spending_") and value != "":
        return str(as_date(value, name))
    return str(value)


def _released(row: Company) -> tuple[pd.Period, pd.Period]:
    days = (row.spending_start, row.spending_end)
    first, last = (pd.Period(day, freq="M") + row.release_lag_months for day in days)
    return first, last
