"""An estimate: one company's training share, draw by draw, and its statistics."""

from dataclasses import dataclass, replace
from functools import cached_property, wraps
from html import escape
from typing import Any, Self

import numpy as np
import pandas as pd

from training_share.errors import InputError, require_known
from training_share.model import evidence, trace
from training_share.model.case import require_counted
from training_share.model.draws import Quantity, read_only
from training_share.model.precision import QUANTILES, InParts, quantiles
from training_share.model.world import World

SEEN = 4_000  # draws that the parts of the regressions' resamples are compared on


@dataclass(frozen=True, eq=False, repr=False)
class Estimate(World, InParts):
    """The answer to a case: cost of the counted runs, R&D compute, their ratio, and the weight that
    evidence gives each draw. Made by `estimate`, which is `Estimate.of`; nothing is drawn until
    asked, and nothing is read from disk."""

    def __repr__(self) -> str:
        evidence = f", evidence {', '.join(self.evidence)}" if self.evidence else ""
        return (
            f"<Estimate of {self.company}, {self.asked}{evidence}, {self.n_draws:,} draws, seed "
            f"{self.seed}: {self.in_short}; see summary(), cost_table(), inputs(), draws()>"
        )

    @property
    def in_short(self) -> str:
        """The share with its 90% interval and caveat in a few words, or why there is none."""
        try:
            low, middle, high = (f"{100 * share:.1f}%" for share in self.share_quantiles.values())
        except InputError as error:
            return f"no share ({error})"
        above = self.mean(self.share > 1)
        remarks = [self.caveat, f"over 100% in {above:.2%} of simulations" if above else ""]
        if self.unpriced:
            remarks.append(f"at another chip's price for {', '.join(self.unpriced)}")
        words = "".join(f", {remark}" for remark in remarks if remark)
        return f"{middle} ({low} to {high}) of R&D compute{words}"

    def _repr_html_(self) -> str:
        name = escape(self.company_row.display_name)
        return f"<p><b>{name}</b> ({self.asked}): {escape(self.in_short)}</p>"

    # --- numerator, denominator, share ------------------------------------------------------------
    @cached_property
    def total_cost(self) -> np.ndarray:
        """Cost of all counted runs in `unit`, one value a draw, read-only."""
        return self._drawn(self.total(self.runs))

    @cached_property
    def costs(self) -> pd.DataFrame:
        """Cost in `unit`, draws x counted runs."""
        columns = {run_id: self._drawn(self.amounts[run_id]) for run_id in self.runs}
        index = pd.RangeIndex(self.n_draws, name="draw")
        return pd.DataFrame(columns, index).rename_axis(columns="run_id")

    @cached_property
    def share(self) -> np.ndarray:
        """Training share of R&D compute, a fraction, one value a draw, read-only."""
        return self._drawn(self.total_cost / self.rd_compute)

    def _drawn(self, quantity: Quantity) -> np.ndarray:
        return read_only(np.broadcast_to(quantity, self.n_draws))

    # --- weights ----------------------------------------------------------------------------------
    @cached_property
    def weights(self) -> np.ndarray | None:
        """Weight of each draw under the evidence, adding to one; None without evidence.

        Raises InputError where the evidence leaves too few draws; see `evidence.weights`.
        """
        return evidence.weights(self)

    @property
    def effective_draws(self) -> float:
        """How many equally weighted draws would be as exact: all without evidence."""
        weights = self.weights
        return float(self.n_draws) if weights is None else evidence.effective_draws(weights)

    def median(self, draws: np.ndarray | pd.Series | float) -> float:
        """Return the median of one value a draw, or of one number, by the draws' weights."""
        return draws if isinstance(draws, float) else float(self.quantile(draws, 0.5))

    # --- variants ---------------------------------------------------------------------------------
    def again(self, **changes: Any) -> Self:
        """Return what the same call gives with some arguments changed, as in
        `again(scenario="careful")`; InputError as `estimate` raises it."""
        est = super().again(**changes)
        if {"rows", "runs"} & changes.keys():
            require_counted([est])
        return est

    def without(self, *groups: str) -> "Estimate":
        """Return the share on the same draws without some groups of runs."""
        return self.again(exclude_groups=(*self.excluded, *groups))

    def part(self, place: int) -> Self:
        """Return the same share by one part of the regressions' resamples, on its first draws."""
        return replace(self, n_draws=min(self.n_draws, SEEN), resample_part=place)

    # --- how exact --------------------------------------------------------------------------------
    def spread(self, quantity: str = "share") -> dict[str, float]:
        """Return p5, p50 and p95 of the share (a fraction), of training_cost or of a run's cost
        (millions of `unit`), and their Monte Carlo standard errors as p5_error, p50_error and
        p95_error: how exact the draws make these numbers, nothing about the inputs.

        Raises InputError for an unknown run and for the share of a company without spending.
        """
        if quantity == "share":
            return self.spread_of(lambda est: est.share)
        if quantity == "training_cost":
            return self.spread_of(lambda est: est.total_cost / 1e6)
        require_known(quantity, self.runs, f"counted run of {self.company}")
        return self.spread_of(lambda est: est.costs[quantity].to_numpy() / 1e6)

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
        costs = self.costs.assign(total=self.total_cost) / 1e6
        columns = {name: quantiles(cost, self.weights) for name, cost in costs.items()}
        return pd.DataFrame(columns, index=list(QUANTILES)).T.rename_axis("run_id")

    def summary(self) -> pd.Series:
        """Return training_cost and rd_compute in millions of `unit`, USD as a rule, the share as a
        fraction, effective draws, the months that `caveat` is about, and over_all: P(share > 1).

        >>> est = estimate("openai", n_draws=1_000)
        >>> list(est.summary().index[:4])
        ['training_cost_p5', 'training_cost_p50', 'training_cost_p95', 'rd_compute']
        """
        cost = quantiles(self.total_cost / 1e6, self.weights)
        values = {f"training_cost_{name}": p for name, p in zip(QUANTILES, cost, strict=True)}
        values["rd_compute"] = self.median(self.rd_compute) / 1e6
        values |= {f"share_{name}": p for name, p in self.share_quantiles.items()}
        values["effective_draws"] = self.effective_draws
        values["months_not_collected"] = float(self.months_not_collected)
        values["months_out_of_window"] = float(self.months_out_of_window)
        values["over_all"] = self.mean(self.share > 1)
        return pd.Series(values, name=self.company)

    def draws(self, weighted: bool = False) -> pd.DataFrame:
        """Return one row a draw: share (a fraction), training_cost_usd and rd_compute_usd (or in
        hours of a chip, by its name).

        All rows count the same: under evidence they are drawn by their weights, and
        `effective_draws` says how many they are worth. `weighted` gives the draws as they were
        made, with a column `weight` (adding to one).
        """
        unit = self.unit.lower().replace("-", "_")
        table = pd.DataFrame({"share": self.share}, self.costs.index)
        table[f"training_cost_{unit}"] = self.total_cost
        table[f"rd_compute_{unit}"] = self.rd_compute
        if not weighted:
            return self.equally_weighted(table)
        return table.assign(weight=1 / self.n_draws if self.weights is None else self.weights)

    def chain(self, run_id: str) -> pd.DataFrame:
        """Return one run's draws of flop, gpu_hours and cost_usd; a step the run does not have is
        left out. Raises InputError for a run that is not counted."""
        require_known(run_id, self.runs, f"counted run of {self.company}")
        steps = ("flop", "gpu_hours", *(["cost_usd"] if self.unit == "USD" else []))
        values = {step: getattr(self, f"{step}_of")(run_id) for step in steps}
        known = {step: value for step, value in values.items() if value is not None}
        return pd.DataFrame(known, index=range(self.n_draws))

    def inputs(self) -> pd.DataFrame:
        """Return the assumptions of this estimate: value, unit, correlation, source and note,
        indexed by name."""
        frame = self.tables.frame("assumptions").set_index("name")
        sources = self.tables.sources
        frame["source"] = [sources[source_id].title for source_id in frame["source_id"]]
        by_hand = [self.set_by_hand("assumptions", name, "value") for name in frame.index]
        frame.loc[by_hand, "source"] = "set in this call"
        return frame[["value", "unit", "correlation", "source", "note"]]

    # --- what others tell of it -------------------------------------------------------------------
    cite, gpu_hours = trace.cite, trace.gpu_hours
    trace = trace.trace


@wraps(Estimate.of, assigned=("__doc__",))
def estimate(*arguments: Any, **settings: Any) -> Estimate:
    est = Estimate.of(*arguments, **settings)
    require_counted([est])
    trace.require_mixed([est])
    return est
