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
from training_share.inputs.schema import Company, TrainingRun
from training_share.inputs.tables import Cell, Tables
from training_share.model.asked import Changes, Runs, cells_of, rows_of
from training_share.model.spending import as_date, disclosed_lines

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
        case = cls(
            base,
            company,
            scenario,
            named,
            whole_number(n_draws, "n_draws", most=MOST_DRAWS),
            whole_number(seed, "seed", 0),
            known_groups(tables, [company], listed(exclude_groups)),
            MappingProxyType({name: text for name, text in told.items() if text}),
            cells_of(changes, tables),
            rows_of(runs, tables, company),
        )
        _ = case.tables  # refuse what does not parse now, not at first use
        return case

    @cached_property
    def tables(self) -> Tables:
        """The tables in force: scenario, then corrections, then what is set by hand."""
        return self.base.for_scenario(self.scenario, self.corrections, self._cells, self.added)

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
        return [*cells, *self.changes]

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
        of the base tables).

        Above zero the numerator is a lower bound: models released in those months are missing from
        training_runs.csv.
        """
        first, last = _released(self.base.companies[self.company])
        months = pd.period_range(*self.release_window, freq="M")
        return sum(not first <= month <= last for month in months)

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
    def denominator_window(self) -> tuple[date, date]:
        """First and last day of the spending that the share is a share of."""
        words = self.tables.choice("denominator_window")
        if words == "spending window":
            return self.company_row.spending_start, self.company_row.spending_end
        start, _, end = words.partition(" to ")
        where = "assumptions.csv, row denominator_window"
        return as_date(start, where), as_date(end, where)


def listed(names: Iterable[str] | str | None) -> tuple[str, ...]:
    """Return names given as a list or as comma-separated text.

    >>> listed("openai, minimax")
    ('openai', 'minimax')
    """
    if names is None or isinstance(names, str):
        names = (names or "").split(",")
    return tuple(str(name).strip() for name in names if str(name).strip())


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
