"""What is asked of the model, checked, and what it counts: runs, days and spending."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from training_share.errors import InputError, UnknownName, nearest, require_known, whole_number
from training_share.inputs.changes import Changes, cells_of
from training_share.inputs.quantities import blank, clean, columns_of
from training_share.inputs.rows import Rows, rows_of
from training_share.inputs.tables import Cell, Tables, chip_of, load
from training_share.model.correlation import Loadings, loadings
from training_share.model.draws import MOST_DRAWS
from training_share.model.spending import as_date, signed_periods

NO_EVIDENCE = "none"  # as text, since a blank means the scenario's
WINDOW = ("release_lag_months", "spending_start", "spending_end")  # cells of companies.csv
Names = Iterable[str] | str | None  # in a list or in text


@dataclass(frozen=True, eq=False, repr=False)
class Case:
    """A request, checked by `Case.of`, with its tables. Blanks are replaced by defaults here."""

    base: Tables  # before scenario and corrections
    tables: Tables  # after scenario, corrections, and what is set by hand
    company: str
    scenario: str
    corrections: tuple[str, ...]  # that apply, the scenario's own first
    evidence: tuple[str, ...]  # names of what applies
    n_draws: int
    seed: int
    excluded: tuple[str, ...] = ()  # groups of runs left out of the numerator
    cells: tuple[Cell, ...] = ()  # set by hand: window, assumptions, rates, any cell
    added: tuple[tuple[str, Mapping[str, Any]], ...] = ()  # rows of the call, with their tables
    correlate: Loadings = field(default_factory=dict)  # of assumptions with each other
    resample_part: int | None = None  # of the regressions' resamples: one part instead of all
    call: Mapping[str, Any] = field(default_factory=dict)  # the arguments as they were typed

    @classmethod
    def of(
        cls,
        /,
        company: str,
        scenario: str = "newsletter",
        n_draws: int = 50_000,
        seed: int = 42,
        *,
        corrections: Iterable[str] | str = (),
        exclude_groups: Iterable[str] | str = (),
        evidence: Iterable[str] | str | None = None,
        changes: Changes = None,
        rows: Rows = None,
        runs: Any = None,
        spending: Any = None,
        samples: pd.DataFrame | None = None,
        correlate: Mapping[tuple[str, str], float] | None = None,
        data_dir: str | Path | None = None,
        base: Tables | None = None,
        **settings: Any,
    ) -> Self:
        """Estimate what share of a company's R&D compute spending went to final training runs.

        `settings` are `release_lag_months`, `spending_start`, `spending_end`, any row of
        assumptions.csv and exchange rates (`cny_per_usd=7.1`). A quantity is a number, text in the
        notation (`mfu="0.3 to 0.5 (p10-p90 lognormal)"`), a frozen SciPy distribution, or samples;
        `samples` has joint ones, a column an assumption. None or "" means "as the scenario says";
        lists may be comma-separated text. `correlate` makes assumptions move together
        (`{("mfu", "price_usd_per_gpu_hour"): 0.6}`). `corrections` come on top of the scenario's
        own; `evidence` names rows of evidence.csv in place of the scenario's, [] or "none" is no
        evidence. `changes` sets any cell (`{"closed_models/hailuo-02/parameters": "20e9"}`),
        `rows` adds rows to any table, `runs` and `spending` to two of them (`runs=[{"model": "X",
        "released": "2025-07", "flop": "2e24"}]`); a company without a row gets one. `data_dir` is
        a folder of tables, `base` tables at hand.

        Raises InputError for what is unknown (with the nearest right name) or does not parse, a
        window the disclosures cannot cover, where no run is left, and for more than a million
        draws: they would not fit into memory, and digits no longer change.

        >>> from training_share.model.case import Case
        >>> Case.of("openai", n_draws=1_000).release_window
        (Period('2024-04', 'M'), Period('2025-03', 'M'))
        """
        corrections, exclude_groups = lasting(corrections), lasting(exclude_groups)
        evidence, runs, spending = lasting(evidence), lasting(runs), lasting(spending)
        call = {name: lasting(value) for name, value in {**locals(), **settings}.items()}
        for name in ("cls", "settings", "base", "data_dir"):
            del call[name]
        base = load(data_dir) if base is None else base
        scenario = "newsletter" if blank(scenario) else scenario
        further = listed(corrections, "corrections")
        added = rows_of(rows, base, str(company), training_runs=runs, spending=spending)
        tables = base.for_scenario(scenario, further, rows=added)
        require_known(company, tables.companies, "company")
        for name, of in columns_of(samples).items():
            if settings.setdefault(name, of) is not of:
                raise InputError(f"{name}: by itself and in samples; keep one")
        evidence = base.scenario_evidence(scenario) if blank(evidence) else evidence
        named = tuple(name for name in listed(evidence, "evidence") if name != NO_EVIDENCE)
        own = [str(row["evidence"]) for table, row in added if table == "evidence"]
        case = cls(
            base,
            tables,
            company,
            scenario,
            (*base.scenario_corrections(scenario), *further),
            tuple(dict.fromkeys([*named, *own])),
            whole_number(n_draws, "n_draws", most=MOST_DRAWS),
            whole_number(seed, "seed", 0),
            (),
            cells_of(changes, tables, _by_name(settings, company, tables)),
            added,
            call=call,
        )
        tables = case._tables_with(case.cells)
        excluded = known_groups(tables, [company], listed(exclude_groups, "exclude_groups"))
        mixed = loadings(correlate, tables)
        case = replace(case, tables=tables, excluded=excluded, correlate=mixed)
        case.require_answer()
        return case

    def again(self, **changes: Any) -> Self:
        """Return what the same call gives with some arguments changed, as in
        `again(scenario="careful")`; InputError as `of` raises it."""
        call = self.call if changes.get("data_dir") else {**self.call, "base": self.base}
        return self.of(**{**call, **changes})

    def _as(self, kind: Any) -> dict[str, Any]:
        names = (one.name for one in fields(kind) if one.init and hasattr(self, one.name))
        return {name: getattr(self, name) for name in names}

    def like(self, kind: Any, **changes: Any) -> Any:
        """Return the same case as another kind of it, with some fields changed."""
        return kind(**(self._as(kind) | changes))

    def __reduce__(self) -> tuple:
        return partial(type(self), **self._as(type(self))), ()  # a copy draws anew

    def _tables_with(self, cells: Iterable[Cell]) -> Tables:
        return self.base.for_scenario(self.scenario, self.further, cells, self.added)

    @property
    def further(self) -> tuple[str, ...]:
        """The corrections on top of the scenario's own."""
        return self.corrections[len(self.base.scenario_corrections(self.scenario)) :]

    def with_cells(self, *cells: Cell) -> Self:
        """Return the same case with further cells set, over those that were set by hand."""
        cells = (*self.cells, *cells)
        return replace(self, cells=cells, tables=self._tables_with(cells))

    def beside(self, company: str) -> Self:
        """Return the case of a company that evidence about it is held against: the same request,
        with every group and in the scenario's own windows."""
        window = [("companies", column) for column in WINDOW]
        cells = tuple(cell for cell in self.cells if (cell[0], cell[2]) not in window)
        if (company, cells, ()) == (self.company, self.cells, self.excluded):
            return self
        tables = self.tables if cells == self.cells else self._tables_with(cells)
        return replace(self, company=company, tables=tables, excluded=(), cells=cells)

    @property
    def observed(self) -> list:
        """The rows of evidence that apply, of whatever company."""
        return self.tables.observed(self.evidence)

    @property
    def asked(self) -> str:
        """The scenario, and whether the call changes anything in it."""
        changed = self.further or self.cells or self.added or self.correlate or self.excluded
        return f"{self.scenario}, changed in this call" if changed else self.scenario

    def set_by_hand(self, table: str, key: str, column: str) -> bool:
        """Whether a cell was set in this call, or is of a run that was added in it."""
        cells = {cell[:3] for cell in self.cells}
        return (table, key, column) in cells or key not in self.base[table]

    def require_answer(self) -> None:
        """Raise InputError for a case that cannot be estimated: evidence that is not there, no run
        to count, units that do not add, a window that the disclosures do not cover."""
        self.tables.observed(self.evidence)
        if not self.runs:
            first, last = self.release_window
            outside = f" outside the groups {', '.join(self.excluded)}" if self.excluded else ""
            raise InputError(
                f"{self.company}: no counted run released from {first} to {last}{outside}; widen "
                "the window or exclude less"
            )
        chip = chip_of(self.unit)
        for run in (run for key in self.window_runs if chip for run in self.with_bases(key)):
            named = run.hardware or (run.base_run and f"{chip}-") or ""
            if run.cost_usd is not None or not named.startswith(f"{chip}-"):
                column = "cost_usd" if run.cost_usd is not None else "hardware"
                raise InputError(
                    f"training_runs.csv, row {run.run_id}, column {column}: R&D compute is in "
                    f"{self.unit}; give the run's gpu_hours on that chip, or spending in money"
                )
        for line in self.denominator_lines if self.has_spending else ():
            signed_periods(self.tables, self.company, line, *self.denominator_window)

    # --- runs -------------------------------------------------------------------------------------
    @property
    def company_row(self) -> Any:
        """The company's row under the scenario: spending window, release lag, currency, colour."""
        return self.tables.companies[self.company]

    @cached_property
    def release_window(self) -> tuple[pd.Period, pd.Period]:
        """First and last release month that counts: the spending window moved by the lag."""
        return _released(self.company_row)

    @cached_property
    def window_runs(self) -> Mapping[str, Any]:
        """The counted runs released in the window, excluded groups too."""
        first, last = self.release_window
        return {
            key: run
            for key, run in self.tables.training_runs.items()
            if run.company == self.company and run.counted and first <= run.released <= last
        }

    @cached_property
    def runs(self) -> Mapping[str, Any]:
        """The runs of the numerator: released in the window, and not in an excluded group."""
        runs = self.window_runs.items()
        return {key: run for key, run in runs if run.group not in self.excluded}

    @cached_property
    def months_not_collected(self) -> int:
        """Months of the release window outside the one the company's runs were collected for (that
        of the base tables) in which no run is counted: their models may be missing."""
        first, last = _released(self.base.companies.get(self.company, self.company_row))
        counted = {run.released for run in self.window_runs.values()}
        months = pd.period_range(*self.release_window, freq="M")
        return sum(not first <= month <= last and month not in counted for month in months)

    @cached_property
    def months_out_of_window(self) -> int:
        """Months outside the release window whose releases a counted run includes, since it covers
        several months together (column `covers`)."""
        first, last = self.release_window
        covers = [run.covers for run in self.runs.values() if run.covers]
        months = {month for a, b in covers for month in pd.period_range(a, b, freq="M")}
        return sum(not first <= month <= last for month in months)

    @property
    def caveat(self) -> str:
        """What the runs make of the share: "mismatched window" where one holds releases from
        outside it (too high or too low); "lower bound" where months were not collected; or ""."""
        if self.months_out_of_window:
            return "mismatched window"
        return "lower bound" if self.months_not_collected else ""

    @cached_property
    def uncounted_models(self) -> list[str]:
        """Releases of the window, by name, of which no run is counted: the numerator leaves them
        out. Others may be missing from releases.csv."""
        first, last = self.release_window
        counted = {run.model for run in self.window_runs.values()}
        return [
            row.model
            for row in self.tables.releases.values()
            if row.company == self.company and first <= row.released <= last
            if counted.isdisjoint({row.model, row.counted_as})
        ]

    def with_bases(self, run_id: str) -> Iterator[Any]:
        """Yield a run, the run that it is a fraction of, and so on to the one with an amount."""
        run = self.tables.training_runs[run_id]
        yield run
        if run.base_run is not None:
            yield from self.with_bases(run.base_run)

    def basis(self, run_id: str) -> str:
        """Return what a run's fraction of its base is a fraction of: FLOP, GPU-hours or USD. A base
        that is only known in GPU-hours or USD decides it, whatever `rl_fraction_basis` says."""
        *finetunes, origin = self.with_bases(run_id)
        if origin.cost_usd or origin.gpu_hours:
            return "USD" if origin.cost_usd else "GPU-hours"
        in_hours = self.tables.choice("rl_fraction_basis") == "gpu-hours"
        return "GPU-hours" if in_hours and any(r.workload == "rl" for r in finetunes) else "FLOP"

    def chip_of_run(self, run_id: str) -> str | None:
        """Return the key of a run's chip, which is its base's where it names none; or None."""
        return next((run.hardware for run in self.with_bases(run_id) if run.hardware), None)

    @property
    def unpriced(self) -> dict[str, str]:
        """The counted runs at the price of another chip's hour, each with its own chip, since
        hardware.csv has no price of it."""
        priced = [run for run in self.runs if self.unit == "USD" and self.basis(run) != "USD"]
        chips = {run: self.chip_of_run(run) for run in priced}
        return {
            run: chip for run, chip in chips.items() if chip and not self.tables.is_priced(chip)
        }

    @cached_property
    def rests_on_regressions(self) -> bool:
        """Whether the FLOP of any counted run, or of its base, are predicted by a regression."""
        return any(isinstance(run.flop, str) for key in self.runs for run in self.with_bases(key))

    # --- spending ---------------------------------------------------------------------------------
    @property
    def has_spending(self) -> bool:
        """Whether the company discloses spending; without, only the cost can be estimated."""
        return bool(self.tables.lines(self.company))

    @cached_property
    def denominator_lines(self) -> list[str]:
        """The spending lines that make up R&D compute, as far as the company discloses them.
        InputError for a company without spending."""
        if not self.has_spending:
            raise InputError(
                f"{self.company}: its spending is missing, so there is no share; add rows to "
                "spending.csv, or see implied_rd_compute for what its training cost implies"
            )
        asked = [name.strip() for name in self.tables.choice("denominator_lines").split("+")]
        disclosed = self.tables.lines(self.company)
        lines = [name for name in asked if name in disclosed]
        if not lines:
            raise InputError(
                f"{self.company}: discloses none of the lines {', '.join(asked)} that "
                f"assumptions.csv, row denominator_lines names{nearest(asked[0], disclosed)}"
            )
        return lines

    @cached_property
    def denominator_window(self) -> tuple[date, date]:
        """First and last day of the spending that the share is a share of."""
        own = self.company_row.spending_start, self.company_row.spending_end
        words = self.tables.choice("denominator_window")
        if words == "spending window":
            return own
        where = "assumptions.csv, row denominator_window"
        start, end = (as_date(day, where) for day in words.partition(" to ")[::2])
        if months(start, end) != months(*own):
            raise InputError(
                f"{self.company}: R&D compute of {months(start, end)} months ({words}) under the "
                f"models of {months(*own)} months make no share; choose a spending window of equal "
                "length, or denominator_window 'spending window'"
            )
        return start, end

    @property
    def unit(self) -> str:
        """What cost and R&D compute are counted in: USD, or hours of a chip such as H100-hours
        where the company discloses those."""
        return self.company_row.currency if chip_of(self.company_row.currency) else "USD"

    @property
    def measured(self) -> bool:
        """Whether the share is one of counted hours, into which no utilization and no price
        enters."""
        return bool(chip_of(self.unit)) and all(run.gpu_hours for run in self.runs.values())


def months(start: date, end: date) -> int:
    """Return how many calendar months two days span."""
    return 12 * (end.year - start.year) + end.month - start.month + 1


def _released(row: Any) -> tuple[pd.Period, pd.Period]:
    days = (row.spending_start, row.spending_end)
    first, last = (pd.Period(day, freq="M") + row.release_lag_months for day in days)
    return first, last


def lasting(given: Any) -> Any:
    """Return an argument that can be read more than once, and stays what it is when the caller goes
    on to change his own: of an iterator its items, of what can be changed a copy."""
    if isinstance(given, list | dict):
        return type(given)(given)
    if isinstance(given, np.ndarray | pd.DataFrame | pd.Series):
        return given.copy()
    return tuple(given) if isinstance(given, Iterator) else given


def listed(names: Names, what: str = "names") -> tuple[str, ...]:
    """Return names given as a list, as comma-separated text, or as a list in text, which papermill
    takes; InputError, naming `what`, for what is no list.

    >>> listed("openai, minimax"), listed('["openai", "minimax"]')
    (('openai', 'minimax'), ('openai', 'minimax'))
    """
    if isinstance(names, str):
        names = [name.strip(" \n[('\")]") for name in names.split(",")]
    names = () if names is None else names
    if not isinstance(names, Iterable):
        raise InputError(f"{what}: expected a list or comma-separated text, got {names!r}")
    return tuple(str(name).strip() for name in names if str(name).strip())


def values_of(name: object, given: Any) -> list[Any]:
    """Return the values that are given for a name; InputError for what is no list, and for none."""
    is_list = pd.api.types.is_list_like(given) and not isinstance(given, Mapping)
    if not is_list or not (values := list(given)):
        raise InputError(f"{name}: expected a list of values, got {given!r}; write [value]")
    return values


def require_counted(cases: Iterable["Case"]) -> None:
    """Raise InputError for a run given in the call that no case counts, or uses as a base."""
    counted, windows = set(), []
    for case in (cases := list(cases)):
        counted |= {run.run_id for key in case.window_runs for run in case.with_bases(key)}
        windows.append(f"{case.company} from {' to '.join(map(str, case.release_window))}")
    own = [str(row["run_id"]) for table, row in case.added if table == "training_runs"]
    for run in map(case.tables.training_runs.__getitem__, own):
        if run.run_id not in counted:
            what = f"{run.released} of {run.company}{'' if run.counted else ', counted: no'}"
            raise InputError(
                f"runs, {run.model}: released {what}, it would change nothing; runs count for "
                f"{', '.join(windows)}; correct it, or leave it out"
            )


def known_groups(
    tables: Tables, companies: Iterable[str], groups: Iterable[str]
) -> tuple[str, ...]:
    """Return groups of runs, each once; InputError for one that no run of the companies has."""
    companies = list(companies)
    for group in groups:
        require_known(group, tables.groups(companies), f"group of {' or '.join(companies)}")
    return tuple(dict.fromkeys(groups))


def argument_names(tables: Tables) -> set[str]:
    """Return the names of all arguments that `estimate` takes."""
    named = inspect.signature(Case.of).parameters
    return {*named, *WINDOW, *tables.assumptions, *tables.rates()} - {"settings"}


def _by_name(settings: Mapping[str, Any], company: str, tables: Tables) -> dict[str, Any]:
    """Return the address and the content that each setting means; blank is left out."""
    addresses = {name: f"assumptions/{name}/value" for name in tables.assumptions}
    addresses |= {name: f"companies/{company}/{name}" for name in WINDOW}
    rates = tables.rates().items()
    addresses |= {name: f"fx/{rows[0].partition('/')[0]}/*/per_usd" for name, rows in rates}
    for name in settings:
        if name not in addresses:
            raise UnknownName(f"unknown argument '{name}'{nearest(name, argument_names(tables))}")
    given = {name: value for name, value in settings.items() if not blank(value)}
    for name, (key, *_) in rates:  # one fault, though it would stand in every row
        row = {**tables.texts["fx"][key], "per_usd": clean(given.get(name, 1.0))}
        if faults := tables.schema["fx"].row(key, row, tables.texts)[1]:
            raise InputError(faults[0])
    return {name: (addresses[name], value) for name, value in given.items()}
