"""One company: runs in the release window, cost draws, R&D compute, share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from training_share.errors import InputError, nearest, require_known, whole_number
from training_share.inputs.schema import Company, TrainingRun
from training_share.inputs.tables import Cell, Tables, for_scenario, load
from training_share.model.cost import CostModel
from training_share.model.drivers import drivers, tornado
from training_share.model.precision import quantile_error, round_certain
from training_share.model.resampling import Evaluate, resampling_error
from training_share.model.spending import as_date, disclosed_lines, spending_usd
from training_share.model.streams import GivenStreams, Streams

QUANTILES = {"p5": 0.05, "p50": 0.50, "p95": 0.95}
PILOT_DRAWS, MOST_DRAWS = 10_000, 10_000_000  # first and largest run of n_draws="auto"


@dataclass(frozen=True, eq=False, repr=False)
class Estimate:
    """A company's training share under one set of assumptions. Made by `estimate`; nothing is drawn
    until asked."""

    tables: Tables
    company: str
    scenario: str
    corrections: tuple[str, ...]
    n_draws: int
    seed: int
    excluded: tuple[str, ...]  # groups left out of the numerator
    overridden: tuple[str, ...] = ()  # assumptions set in the call
    call: Mapping[str, object] = field(default_factory=dict)  # the arguments it was made with

    def __repr__(self) -> str:
        return (
            f"<Estimate of {self.company}, scenario {self.scenario}, {self.n_draws:,} draws, seed {self.seed}: "
            "see summary(), cost_table(), inputs()>"
        )

    # --- what is counted --------------------------------------------------------------------------
    @cached_property
    def company_row(self) -> Company:
        """The company's row under the scenario: spending window, release lag, currency, colour."""
        return self.tables["companies"][self.company]

    @cached_property
    def release_window(self) -> tuple[pd.Period, pd.Period]:
        """First and last release month that counts: the spending window moved by the release lag."""
        row = self.company_row
        months = (
            pd.Period(day, freq="M") + row.release_lag_months
            for day in (row.spending_start, row.spending_end)
        )
        return tuple(months)

    @cached_property
    def months_not_collected(self) -> int:
        """Months of the release window outside the one the company's runs were collected for (that
        of the base tables).

        Above zero the numerator is a lower bound: models released in those months are missing from
        training_runs.csv.
        """
        row = load(self.call.get("data_dir"))["companies"][self.company]
        days = (row.spending_start, row.spending_end)
        first, last = (pd.Period(day, freq="M") + row.release_lag_months for day in days)
        start, end = self.release_window
        return sum(not first <= month <= last for month in pd.period_range(start, end, freq="M"))

    @cached_property
    def _window_runs(self) -> dict[str, TrainingRun]:
        first, last = self.release_window
        return {
            key: run
            for key, run in self.tables["training_runs"].items()
            if run.company == self.company and run.counted and first <= run.released <= last
        }

    @cached_property
    def runs(self) -> dict[str, TrainingRun]:
        """The counted runs: released in the window, and not in an excluded group."""
        runs = {
            key: run for key, run in self._window_runs.items() if run.group not in self.excluded
        }
        if not runs:
            first, last = self.release_window
            raise InputError(
                f"{self.company}: no counted run released from {first} to {last}"
                + (f" outside the groups {', '.join(self.excluded)}" if self.excluded else "")
                + "; a share of nothing is not zero: widen the window or exclude less"
            )
        return runs

    # --- draws ------------------------------------------------------------------------------------
    @cached_property
    def _draws(self) -> tuple[dict[str, np.ndarray], float | np.ndarray]:
        return self.simulate(Streams(self.seed), self.n_draws)

    def simulate(
        self, streams: Streams | GivenStreams, n_draws: int
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Evaluate the model on given streams: cost in USD by group (all groups), and R&D compute
        in USD.

        Memory grows with draws x groups, never with draws x runs.
        """
        groups = {run.group: np.zeros(n_draws) for run in self._window_runs.values()}
        rd_compute = np.empty(n_draws)
        for block in streams.blocks(n_draws):
            model = CostModel(self.tables, self.company, streams, self.seed)
            for run_id, run in self._window_runs.items():
                groups[run.group][block] += model.cost_usd(run_id)
            rd_compute[block] = self._rd_compute(streams) if self.has_spending else np.nan
        return groups, rd_compute

    def cost_given(
        self, streams: Streams, part: int | None = None, runs: Iterable[str] | None = None
    ) -> np.ndarray:
        """Return the cost in USD of some runs, by default all counted ones, for given streams and
        part (see `CostModel`); NaN in draws that the scenario's condition drops."""
        model = CostModel(self.tables, self.company, streams, self.seed, part)

        def given(run_id: str) -> np.ndarray | float:
            if streams.memo is None or self._predicted(self.tables["training_runs"][run_id]):
                return model.cost_usd(run_id)
            key = self.tables, run_id  # the same for every part
            if key not in streams.memo:
                streams.memo[key] = model.cost_usd(run_id)
            return streams.memo[key]

        cost = sum(map(given, self.runs if runs is None else runs))
        if self.has_spending and self.tables.choice("condition_on_rd_compute") == "yes":
            every = sum(map(given, self._window_runs))
            cost = np.where(every <= self._rd_compute(streams), cost, np.nan)
        return cost

    def step_given(self, run_id: str, step: str) -> Evaluate | None:
        """Return what a step of a run's chain (flop, gpu_hours or cost_usd) is for given streams
        and part; None for a run that rests on no regression."""
        if not self._predicted(self.runs[run_id]):
            return None

        def value(streams: Streams, part: int) -> np.ndarray | float:
            return getattr(CostModel(self.tables, self.company, streams, self.seed, part), step)(
                run_id
            )

        return value

    def share_given(self, streams: Streams, part: int | None = None) -> np.ndarray:
        """Return the share, a fraction, for given streams and part, as `cost_given`."""
        return self.cost_given(streams, part) / self._rd_compute(streams)

    @cached_property
    def rests_on_regressions(self) -> bool:
        """Whether the FLOP of any counted run are predicted by a regression."""
        return any(map(self._predicted, self.runs.values()))

    def _predicted(self, run: TrainingRun) -> bool:
        base = None if run.base_run is None else self.tables["training_runs"][run.base_run]
        return isinstance(run.flop, str) or (base is not None and self._predicted(base))

    @cached_property
    def has_spending(self) -> bool:
        """Whether the company has any row in spending; without one only the cost can be estimated."""
        return bool(disclosed_lines(self.tables, self.company))

    @cached_property
    def denominator_lines(self) -> list[str]:
        """The spending lines that make up R&D compute, as far as the company discloses them."""
        asked = [name.strip() for name in self.tables.choice("denominator_lines").split("+")]
        disclosed = disclosed_lines(self.tables, self.company)
        lines = [name for name in asked if name in disclosed]
        if not lines:
            every = {row.line for row in self.tables["spending"].values()}
            raise InputError(
                f"{self.company}: discloses none of the lines {', '.join(asked)} that "
                f"assumptions.csv, row denominator_lines names{nearest(asked[0], disclosed or every)}"
            )
        return lines

    def _rd_compute(self, streams) -> float | np.ndarray:
        return spending_usd(
            self.tables, self.company, self.denominator_lines, *self.denominator_window, streams
        )

    @cached_property
    def denominator_window(self) -> tuple[date, date]:
        """First and last day of the spending that the share is a share of."""
        words = self.tables.choice("denominator_window")
        if words == "spending window":
            return self.company_row.spending_start, self.company_row.spending_end
        start, _, end = words.partition(" to ")
        where = "assumptions.csv, row denominator_window"
        return as_date(start, where), as_date(end, where)

    @cached_property
    def kept(self) -> np.ndarray:
        """Which draws stand, one bool each: all, or where the scenario conditions on it those in
        which the cost of all counted runs (excluded groups too) does not exceed R&D compute."""
        groups, rd_compute = self._draws
        if self.tables.choice("condition_on_rd_compute") == "no" or not self.has_spending:
            return np.ones(self.n_draws, dtype=bool)
        kept = sum(groups.values()) <= rd_compute
        if not kept.any():
            raise InputError(
                f"{self.company}: training cost exceeds R&D compute in every draw, so none is left "
                "to condition on; check the window and the runs, or set condition_on_rd_compute to no"
            )
        return kept

    @cached_property
    def total_cost_usd(self) -> np.ndarray:
        """Cost of all counted runs in USD, one value a kept draw."""
        groups, _ = self._draws
        counted = {run.group for run in self.runs.values()}
        return sum(groups[group] for group in sorted(counted))[self.kept]

    @cached_property
    def cost_usd(self) -> pd.DataFrame:
        """Cost in USD, kept draws x counted runs."""
        values = np.empty((len(self.runs), self.n_draws))
        streams = Streams(self.seed)
        for block in streams.blocks(self.n_draws):
            model = CostModel(self.tables, self.company, streams, self.seed)
            for index, run_id in enumerate(self.runs):
                values[index, block] = model.cost_usd(run_id)
        index = pd.RangeIndex(self.n_draws, name="draw")[self.kept]
        return pd.DataFrame(
            values.T[self.kept], index=index, columns=pd.Index(self.runs, name="run_id"), copy=False
        )

    @cached_property
    def rd_compute_usd(self) -> float | np.ndarray:
        """R&D compute in USD: a float, or one value a kept draw where it is uncertain. InputError
        without spending."""
        if not self.has_spending:
            raise InputError(
                f"{self.company}: its spending is missing, so there is no R&D compute and no share; add "
                "rows to spending.csv, or see implied_rd_compute for what its training cost implies"
            )
        draws = self._draws[1][self.kept]
        return float(draws[0]) if draws.min() == draws.max() else draws

    @cached_property
    def share(self) -> np.ndarray:
        """Training share of R&D compute, a fraction, one value a kept draw."""
        return self.total_cost_usd / self.rd_compute_usd

    # --- variants and tables ----------------------------------------------------------------------
    def without(self, *groups: str) -> Estimate:
        """Return the estimate on the same draws without some groups of runs."""
        excluded = tuple(
            dict.fromkeys((*self.excluded, *_groups(self.tables, [self.company], groups)))
        )
        other = replace(self, excluded=excluded, call={**self.call, "exclude_groups": excluded})
        if "_draws" in self.__dict__:
            other.__dict__["_draws"] = self._draws
        _ = other.runs
        return other

    def again(self, **changes: object) -> Estimate:
        """Return the estimate that the same call gives with some arguments changed, as in
        `again(scenario="careful")`.

        Raises InputError as `estimate` does.
        """
        return estimate(**{**self.call, **changes})

    def chain(self, run_id: str) -> pd.DataFrame:
        """Return one run's draws of flop, gpu_hours and cost_usd; a step the run does not have is
        left out."""
        require_known(run_id, self.runs, f"counted run of {self.company}")
        steps = {}
        streams = Streams(self.seed)
        for block in streams.blocks(self.n_draws):
            model = CostModel(self.tables, self.company, streams, self.seed)
            for step in ("flop", "gpu_hours", "cost_usd"):
                value = getattr(model, step)(run_id)
                if value is not None:
                    steps.setdefault(step, np.empty(self.n_draws))[block] = value
        return pd.DataFrame(steps).loc[self.kept]

    def spread(self, quantity: str = "share") -> dict[str, float]:
        """Return p5, p50 and p95 of the share (a fraction), of training_cost or of a run's cost
        (USD million), and their Monte Carlo standard errors as p5_error, p50_error and p95_error.

        They say how far another seed may lie, nothing about the inputs: the errors of a finite
        number of draws (`precision.quantile_error`) and of the regressions' resamples
        (`resampling`), which are independent. Raises InputError for an unknown run and for the
        share of a company without spending.
        """
        if quantity not in self._spreads:
            self._spreads[quantity] = self._spread(quantity)
        return self._spreads[quantity].copy()

    @cached_property
    def _spreads(self) -> dict[str, dict[str, float]]:
        return {}

    def _spread(self, quantity: str) -> dict[str, float]:
        if quantity == "share":
            return self.spread_of(self.share, self.share_given)
        if quantity == "training_cost":
            return self.spread_of(
                self.total_cost_usd / 1e6, lambda *given: self.cost_given(*given) / 1e6
            )
        require_known(quantity, self.runs, f"counted run of {self.company}")
        draws = self.cost_usd[quantity].to_numpy() / 1e6
        if not self._predicted(self.runs[quantity]):
            return spread(draws)
        return self.spread_of(draws, lambda *given: self.cost_given(*given, [quantity]) / 1e6)

    def spread_of(self, draws: np.ndarray, evaluate: Evaluate | None) -> dict[str, float]:
        """Return what `spread` does for any quantity: its kept draws, and its value for given
        streams and part."""
        return spread(
            draws, evaluate if self.rests_on_regressions else None, self.n_draws, self.seed
        )

    def cost_table(self) -> pd.DataFrame:
        """Return p5, p50 and p95 of the cost of each counted run and of their total, in USD
        million."""
        columns = {run_id: quantiles(self.cost_usd[run_id] / 1e6) for run_id in self.runs}
        columns["total"] = quantiles(self.total_cost_usd / 1e6)
        return pd.DataFrame(columns, index=list(QUANTILES)).T.rename_axis("run_id")

    def summary(self) -> pd.Series:
        """Return training_cost and rd_compute in USD million and the share as a fraction, with p5,
        p50 and p95."""
        values = {
            f"training_cost_{name}": value
            for name, value in zip(QUANTILES, quantiles(self.total_cost_usd / 1e6), strict=True)
        }
        values["rd_compute"] = float(np.median(self.rd_compute_usd)) / 1e6
        values |= {
            f"share_{name}": value
            for name, value in zip(QUANTILES, quantiles(self.share), strict=True)
        }
        return pd.Series(values, name=self.company)

    def precision(self) -> pd.DataFrame:
        """Return the Monte Carlo standard errors of p5, p50 and p95: share (a fraction),
        training_cost (USD million).

        See `spread`.
        """
        rows = {quantity: self.spread(quantity) for quantity in ("share", "training_cost")}
        return pd.DataFrame(
            {
                quantity: {name: row[f"{name}_error"] for name in QUANTILES}
                for quantity, row in rows.items()
            }
        ).T.rename_axis("quantity")

    def shown(self) -> pd.DataFrame:
        """Return p5, p50 and p95 as text, rounded to the digits that the number of draws makes
        certain: share in percent, training_cost in USD million."""
        values, errors = self.summary(), self.precision()
        rows = {
            name: [
                round_certain(scale * values[f"{name}_{column}"], scale * errors.loc[name, column])
                + unit
                for column in QUANTILES
            ]
            for name, scale, unit in (("share", 100, "%"), ("training_cost", 1, ""))
        }
        return pd.DataFrame(rows, index=list(QUANTILES)).T.rename_axis("quantity")

    def drivers(self, n: int = 1024, seed: int | None = None) -> pd.DataFrame:
        """Return which uncertain inputs make the share uncertain: Sobol indices; see
        `drivers.drivers`."""
        return drivers(self, n, self.seed if seed is None else seed)

    def tornado(self) -> pd.DataFrame:
        """Return the share with one driver at a time at its p10 and p90; see `drivers.tornado`."""
        return tornado(self)

    def inputs(self) -> pd.DataFrame:
        """Return the assumptions in force: value, unit, correlation, source and note, indexed by
        name."""
        frame = self.tables.frame("assumptions").set_index("name")
        sources = self.tables["sources"]
        frame["source"] = [sources[source_id].title for source_id in frame["source_id"]]
        frame.loc[list(self.overridden), "source"] = "set in this call"
        return frame[["value", "unit", "correlation", "source", "note"]]


def quantiles(draws: np.ndarray) -> np.ndarray:
    """Return the 5th, 50th and 95th percentile of draws."""
    return np.quantile(draws, list(QUANTILES.values()))


def spread(
    draws: np.ndarray, evaluate: Evaluate | None = None, n_draws: int = 0, seed: int = 0
) -> dict[str, float]:
    """Return p5, p50 and p95 of draws, and their Monte Carlo standard errors as p5_error, p50_error
    and p95_error.

    With `evaluate`, the model of a quantity that rests on regressions, the error of their resamples
    is part of them (see `resampling.resampling_error`, also for `n_draws` and `seed`).
    """
    probabilities = list(QUANTILES.values())
    errors = quantile_error(draws, probabilities)
    if evaluate is not None:
        errors = np.hypot(errors, resampling_error(evaluate, n_draws, seed, probabilities))
    return dict(zip(QUANTILES, map(float, quantiles(draws)), strict=True)) | {
        f"{name}_error": float(error) for name, error in zip(QUANTILES, errors, strict=True)
    }


def estimate(
    company: str,
    scenario: str = "newsletter",
    n_draws: int | str = 50_000,
    seed: int = 42,
    *,
    corrections: Iterable[str] | str = (),
    exclude_groups: Iterable[str] | str = (),
    release_lag_months: int | str | None = None,
    spending_start: str | date | None = None,
    spending_end: str | date | None = None,
    data_dir: str | Path | None = None,
    precision_points: float = 0.1,
    **assumptions: object,
) -> Estimate:
    """Estimate which share of a company's R&D compute spending went to final training runs.

    `assumptions` sets any row of `assumptions.csv` by name (`mfu_rl="0.01 to 0.10 (p10-p90
    lognormal)"`), and an exchange rate as `cny_per_usd=7.1`. None or an empty string means "as the
    scenario says". Lists may be given as comma-separated text. `n_draws="auto"` takes as many draws
    as bring their standard error of the median share to `precision_points` percentage points; the
    result is that of `n_draws` set to this number. More draws leave the error of the regressions'
    resamples as it is (`spread` has both): for that, raise `bootstrap_resamples`.

    Raises InputError for anything unknown (with the nearest right name), for values that do not
    parse, for a window the disclosures cannot cover, where no run is left to count, and for a
    precision beyond ten million draws.
    """
    call = {
        "company": company,
        "scenario": scenario,
        "n_draws": n_draws,
        "seed": seed,
        "corrections": corrections,
        "exclude_groups": exclude_groups,
        "release_lag_months": release_lag_months,
        "spending_start": spending_start,
        "spending_end": spending_end,
        "data_dir": data_dir,
        **assumptions,
    }
    scenario = scenario or "newsletter"
    named = listed(corrections)
    base = for_scenario(scenario, named, data_dir=data_dir)
    require_known(company, base["companies"], "company")
    cells = _cells(
        base,
        company,
        {
            "release_lag_months": release_lag_months,
            "spending_start": spending_start,
            "spending_end": spending_end,
        },
        assumptions,
    )
    tables = for_scenario(scenario, named, cells, data_dir)
    excluded = _groups(tables, [company], listed(exclude_groups))
    overridden = tuple(key for table, key, _, _ in cells if table == "assumptions")
    first = PILOT_DRAWS if n_draws == "auto" else whole_number(n_draws, "n_draws")
    made = Estimate(
        tables,
        company,
        scenario,
        tuple(base.scenario_corrections(scenario)) + named,
        first,
        whole_number(seed, "seed", 0),
        excluded,
        overridden,
        {**call, "n_draws": first},
    )
    _ = made.runs  # refuse what cannot be estimated now, not at first use
    if made.has_spending:
        made._rd_compute(GivenStreams({}).at(1))
    return _precise(made, precision_points) if n_draws == "auto" else made


def _precise(est: Estimate, points: float) -> Estimate:
    """Grow a run until the standard error of its median share is at most `points` percentage
    points."""
    if isinstance(points, bool) or not isinstance(points, (int, float)) or not 0 < points < np.inf:
        raise InputError(f"precision_points: expected percentage points above zero, got {points!r}")
    while (error := 100 * quantile_error(est.share, 0.5)) > points:
        needed = int(est.n_draws * max(1.1, 1.05 * (error / points) ** 2))
        if needed > MOST_DRAWS:
            raise InputError(
                f"{est.company}: a standard error of {points:g} percentage points needs about {needed:,} "
                f"draws, more than {MOST_DRAWS:,}; ask for {points * 2:g} or more, or set n_draws"
            )
        unit = 10 ** (len(str(needed)) - 2)
        n_draws = -(-needed // unit) * unit  # two digits, so that it can be quoted
        est = replace(est, n_draws=n_draws, call={**est.call, "n_draws": n_draws})
    return est


def listed(names: Iterable[str] | str) -> tuple[str, ...]:
    """Return names given as a list or as comma-separated text."""
    if isinstance(names, str):
        names = names.split(",")
    return tuple(str(name).strip() for name in names or () if str(name).strip())


def _groups(tables: Tables, companies: Iterable[str], groups: Iterable[str]) -> tuple[str, ...]:
    known = {
        run.group
        for run in tables["training_runs"].values()
        if run.company in companies and run.group
    }
    for group in groups:
        require_known(group, known, f"group of {' or '.join(companies)}")
    return tuple(dict.fromkeys(groups))


def _cells(
    base: Tables, company: str, window: Mapping[str, object], assumptions: Mapping[str, object]
) -> list[Cell]:
    rates = {f"{row.currency.lower()}_per_usd": key for key, row in base["fx"].items()}
    names = [*base["assumptions"], *rates]
    cells: list[Cell] = []
    for column, value in window.items():
        if value is not None and value != "":
            text = str(as_date(value, column)) if column.startswith("spending") else str(value)
            cells.append(("companies", company, column, text))
    for name, value in assumptions.items():
        if name not in names:
            raise InputError(f"unknown assumption '{name}'{nearest(name, names)}")
        if value is None or value == "":
            continue
        if name in rates:
            cells += [("fx", rates[name], "per_usd", str(value))]
        else:
            cells.append(("assumptions", name, "value", str(value)))
    return cells
