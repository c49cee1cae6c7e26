"""An estimate: one company's training share as it is asked for and told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from training_share.errors import InputError
from training_share.inputs.schema import Company
from training_share.inputs.tables import Tables, load
from training_share.model import drivers, trace
from training_share.model.asked import Changes, Runs
from training_share.model.case import Case
from training_share.model.precision import QUANTILES, quantile_error, quantiles
from training_share.model.share import TrainingShare
from training_share.model.simulation import spent
from training_share.model.streams import Drawn

PILOT_DRAWS, MOST_DRAWS = 10_000, 10_000_000  # first and largest run of n_draws="auto"


class Estimate(TrainingShare):
    """A company's training share under one set of assumptions, and what is told of it. Made by
    `estimate`."""

    def __repr__(self) -> str:
        return (
            f"<Estimate of {self.company}, scenario {self.scenario}, {self.n_draws:,} draws, seed "
            f"{self.seed}{self._remarks}: see summary(), cost_table(), inputs()>"
        )

    @property
    def _remarks(self) -> str:
        told = [f"evidence {', '.join(self.evidence)}"] if self.evidence else []
        told += [self.caveat] if self.caveat else []
        return "".join(f", {words}" for words in told)

    # --- what was asked ---------------------------------------------------------------------------
    @property
    def tables(self) -> Tables:
        """The tables in force."""
        return self.case.tables

    @property
    def company(self) -> str:
        """Key of the company."""
        return self.case.company

    @property
    def company_row(self) -> Company:
        """The company's row under the scenario."""
        return self.case.company_row

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self.case.scenario

    @property
    def corrections(self) -> tuple[str, ...]:
        """Names of the corrections in force, the scenario's own first."""
        named = self.case.base.scenario_corrections(self.scenario)
        return (*named, *self.case.corrections)

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return self.case.n_draws

    @property
    def seed(self) -> int:
        """Seed of all streams."""
        return self.case.seed

    @property
    def release_window(self) -> tuple[pd.Period, pd.Period]:
        """First and last release month that counts."""
        return self.case.release_window

    @property
    def months_not_collected(self) -> int:
        """Months of the release window for which no runs were collected; see `Case`."""
        return self.case.months_not_collected

    @property
    def months_out_of_window(self) -> int:
        """Months outside the release window whose releases a run holds too; see `Case`."""
        return self.case.months_out_of_window

    @property
    def caveat(self) -> str:
        """What the runs make of the share: "lower bound", "mismatched window" or ""; see `Case`."""
        return self.case.caveat

    @property
    def denominator_lines(self) -> list[str]:
        """The spending lines that make up R&D compute."""
        return self.case.denominator_lines

    @property
    def denominator_window(self) -> tuple[date, date]:
        """First and last day of the spending that the share is a share of."""
        return self.case.denominator_window

    @property
    def has_spending(self) -> bool:
        """Whether the company discloses spending, without which there is no share."""
        return self.case.has_spending

    @property
    def rests_on_regressions(self) -> bool:
        """Whether the FLOP of any counted run are predicted by a regression."""
        return self.case.rests_on_regressions

    @property
    def evidence(self) -> tuple[str, ...]:
        """Names of the evidence in force."""
        return tuple(dict.fromkeys(row.evidence for row in self.case.observed))

    # --- variants ---------------------------------------------------------------------------------
    def again(self, **changes: Any) -> Estimate:
        """Return the estimate that the same call gives with some arguments changed, as in
        `again(scenario="careful")`.

        Raises InputError as `estimate` does.
        """
        return _estimated(self.case.base, self.case.asked | changes, self.case.drawn)

    # --- tables -----------------------------------------------------------------------------------
    @property
    def share_quantiles(self) -> dict[str, float]:
        """The share's p5, p50 and p95, fractions, without what `spread` adds and takes longer
        for."""
        values = map(float, quantiles(self.share, self.weights))
        return dict(zip(QUANTILES, values, strict=True))

    def cost_table(self) -> pd.DataFrame:
        """Return p5, p50 and p95 of the cost of each counted run and of their total, in millions
        of `unit`, USD as a rule."""
        costs = {run_id: self.costs[run_id] for run_id in self.runs}
        costs |= {"total": pd.Series(self.total_cost)}
        columns = {name: quantiles(cost / 1e6, self.weights) for name, cost in costs.items()}
        return pd.DataFrame(columns, index=list(QUANTILES)).T.rename_axis("run_id")

    def summary(self) -> pd.Series:
        """Return training_cost and rd_compute in millions of `unit`, USD as a rule, and the share
        as a fraction, with p5, p50 and p95; how many effective draws they rest on; for how many
        months of the release window no runs were collected, and how many months outside it a run
        stands for too (see `caveat`).

        >>> est = estimate("openai", n_draws=1_000)
        >>> list(est.summary().index[:4])
        ['training_cost_p5', 'training_cost_p50', 'training_cost_p95', 'rd_compute']
        """
        cost, share = (
            quantiles(draws, self.weights) for draws in (self.total_cost / 1e6, self.share)
        )
        values = {
            f"training_cost_{name}": value for name, value in zip(QUANTILES, cost, strict=True)
        }
        values["rd_compute"] = self.median(self.rd_compute) / 1e6
        values |= {f"share_{name}": value for name, value in zip(QUANTILES, share, strict=True)}
        values["effective_draws"] = self.effective_draws
        values["months_not_collected"] = float(self.months_not_collected)
        values["months_out_of_window"] = float(self.months_out_of_window)
        return pd.Series(values, name=self.company)

    def precision(self) -> pd.DataFrame:
        """Return the Monte Carlo standard errors of p5, p50 and p95: share (a fraction),
        training_cost (millions of `unit`). See `spread`."""
        rows = {quantity: self.spread(quantity) for quantity in ("share", "training_cost")}
        errors = {
            quantity: {name: row[f"{name}_error"] for name in QUANTILES}
            for quantity, row in rows.items()
        }
        return pd.DataFrame(errors).T.rename_axis("quantity")

    def drivers(self, n: int = 1024, seed: int | None = None) -> pd.DataFrame:
        """Return which uncertain inputs make the share uncertain: Sobol indices, and the strongest
        rank correlation of each; see `drivers.sobol_indices`. Under evidence the indices describe
        the draws before it, the rank correlations those after it."""
        table = drivers.sobol_indices(self.case, n, self.seed if seed is None else seed)
        ranks = self.rank_correlations().drop_duplicates("driver").set_index("driver")
        table["rank_correlation"] = ranks["rank_correlation"].reindex(table["driver"]).to_numpy()
        table["strongest_stream"] = ranks["stream"].reindex(table["driver"]).to_numpy()
        return table

    def rank_correlations(self) -> pd.DataFrame:
        """Return Spearman's rank correlation of every stream with the share; see
        `drivers.rank_correlations`."""
        return drivers.rank_correlations(self.case, self.share, self.weights)

    def tornado(self, low: float = 0.10, high: float = 0.90) -> pd.DataFrame:
        """Return the share with one driver at a time at its p10 and p90; see `drivers.tornado`."""
        return drivers.tornado(self.case, low, high)

    def draws(self) -> pd.DataFrame:
        """Return one row a draw: share (a fraction), training_cost_usd, rd_compute_usd, and the
        weight where evidence gives draws one."""
        values = {
            "share": self.share,
            "training_cost_usd": self.total_cost_usd,
            "rd_compute_usd": self.rd_compute_usd,
        }
        if self.weights is not None:
            values["weight"] = self.weights
        return pd.DataFrame(values, index=self.cost_usd.index)

    def gpu_hours(self, hardware: str = "") -> pd.DataFrame:
        """Return GPU-hours by run and in total, of the runs' own chips or of a named one; see
        `trace.gpu_hours`."""
        return trace.gpu_hours(self.case, self.weights, hardware)

    def trace(self, run_id: str) -> pd.DataFrame:
        """Return each step of a run's chain with its expression, values and source; see
        `trace.trace`."""
        return trace.trace(self.case, self.weights, run_id)

    def cite(self, what: str) -> pd.DataFrame:
        """Return the sources that a number rests on; see `trace.cite`."""
        return trace.cite(self.case, what)

    def inputs(self) -> pd.DataFrame:
        """Return the assumptions in force: value, unit, correlation, source and note, indexed by
        name."""
        frame = self.tables.frame("assumptions").set_index("name")
        sources = self.tables.sources
        frame["source"] = [sources[source_id].title for source_id in frame["source_id"]]
        changed = [key for table, key, *_ in self.case.changes if table == "assumptions"]
        by_hand = [*self.case.settings, *changed]
        frame.loc[frame.index.isin(by_hand), "source"] = "set in this call"
        return frame[["value", "unit", "correlation", "source", "note"]]


def estimate(
    company: str,
    scenario: str = "newsletter",
    n_draws: int | str = 50_000,
    seed: int = 42,
    *,
    corrections: Iterable[str] | str = (),
    exclude_groups: Iterable[str] | str = (),
    evidence: Iterable[str] | str | None = None,
    release_lag_months: int | str | None = None,
    spending_start: str | date | None = None,
    spending_end: str | date | None = None,
    data_dir: str | Path | None = None,
    changes: Changes = None,
    runs: Runs = None,
    precision_points: float = 0.1,
    **assumptions: object,
) -> Estimate:
    """Estimate which share of a company's R&D compute spending went to final training runs.

    `assumptions` sets any row of `assumptions.csv` by name (`mfu_rl="0.01 to 0.10 (p10-p90
    lognormal)"`), and an exchange rate as `cny_per_usd=7.1`. None or an empty string means "as the
    scenario says". Lists may be given as comma-separated text. `corrections` come on top of the
    scenario's own; `evidence` names rows of `evidence.csv` in place of the scenario's, and an empty
    list, or the word "none", is no evidence. `changes` sets any cell of any table
    (`{"closed_models/hailuo-02/parameters": "20e9"}`), and `runs` adds training runs
    (`[{"model": "X", "released": "2025-07", "flop": "2e24"}]`).

    `n_draws="auto"` takes as many draws as bring their standard error of the median share to
    `precision_points` percentage points; the result is that of `n_draws` set to this number. More
    draws leave the error of the regressions' resamples as it is (`spread` has both): for that,
    raise `bootstrap_resamples`.

    Raises InputError for anything unknown (with the nearest right name), for values that do not
    parse, for a window the disclosures cannot cover, where no run is left to count, for evidence
    that next to no draw agrees with, and for a precision beyond ten million draws.

    >>> estimate("openai", n_draws=1_000).share.size
    1000
    """
    asked = {
        "company": company,
        "scenario": scenario,
        "n_draws": n_draws,
        "seed": seed,
        "corrections": corrections,
        "exclude_groups": exclude_groups,
        "evidence": evidence,
        "release_lag_months": release_lag_months,
        "spending_start": spending_start,
        "spending_end": spending_end,
        "changes": changes,
        "runs": runs,
        **assumptions,
    }
    return _estimated(load(data_dir), asked | {"precision_points": precision_points})


def _estimated(base: Tables, asked: dict[str, Any], before: Drawn | None = None) -> Estimate:
    """Return the estimate of a call's arguments, refusing now what cannot be estimated; a variant
    takes over what was drawn `before` and has not changed."""
    points, automatic = asked.pop("precision_points", 0.1), asked["n_draws"] == "auto"
    if asked.get("data_dir"):
        base = load(asked["data_dir"])
    asked.pop("data_dir", None)
    case = Case.of(base, **asked | ({"n_draws": PILOT_DRAWS} if automatic else {}))
    case = replace(case, drawn=Drawn(before))
    _ = case.runs
    if case.has_spending:
        case.require_one_unit()
        spent(case)  # refuses a window that the disclosures do not cover
    made = Estimate.of(case)
    return _precise(made, points) if automatic else made


def _precise(est: Estimate, points: float) -> Estimate:
    """Grow a run until the standard error of its median share is at most `points` percentage
    points."""
    number = isinstance(points, (int, float)) and not isinstance(points, bool)
    if not number or not 0 < points < np.inf:
        raise InputError(f"precision_points: expected percentage points above zero, got {points!r}")
    while (error := 100 * float(quantile_error(est.share, 0.5, est.weights))) > points:
        needed = int(est.n_draws * max(1.1, 1.05 * (error / points) ** 2))
        if needed > MOST_DRAWS:
            raise InputError(
                f"{est.company}: a standard error of {points:g} percentage points needs about "
                f"{needed:,} draws, more than {MOST_DRAWS:,}; ask for {points * 2:g} or more, or "
                "set n_draws"
            )
        unit = 10 ** (len(str(needed)) - 2)  # two digits, so that it can be quoted
        est = Estimate.of(replace(est.case, n_draws=-(-needed // unit) * unit))
    return est
