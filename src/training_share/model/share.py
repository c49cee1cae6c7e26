"""One company's training share, draw by draw: the cost of its counted runs over its R&D compute,
with the weight that evidence gives each draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd

from training_share.errors import InputError, require_known
from training_share.inputs.schema import TrainingRun
from training_share.model.case import Case, known_groups
from training_share.model.evidence import Posterior, known_draws
from training_share.model.precision import mean, quantile, spread
from training_share.model.scaling import PARTS
from training_share.model.simulation import Simulation, blocks, total
from training_share.model.streams import read_only


@dataclass(frozen=True, eq=False, repr=False)
class TrainingShare:
    """Draws of a training share and of what it is made of. Nothing is drawn until asked, and
    nothing is read from disk. `Estimate` adds how it is asked for and what is told of it."""

    simulation: Simulation
    posterior: Posterior  # a comparison's companies share it
    excluded: tuple[str, ...] = ()  # groups of runs left out of the numerator

    @classmethod
    def of(cls, case: Case) -> Self:
        """Return the share that answers a case."""
        simulation = Simulation(replace(case, excluded=()))
        return cls(simulation, Posterior(case, known_draws([simulation])), case.excluded)

    @cached_property
    def case(self) -> Case:
        """What was asked."""
        return replace(self.simulation.case, excluded=self.excluded)

    @property
    def runs(self) -> Mapping[str, TrainingRun]:
        """The counted runs: released in the window, and not in an excluded group."""
        return self.case.runs

    @property
    def unit(self) -> str:
        """What cost and R&D compute are counted in: USD, or hours of a chip such as H100-hours."""
        return self.case.unit

    # --- numerator, denominator, share ------------------------------------------------------------
    @cached_property
    def total_cost(self) -> np.ndarray:
        """Cost of all counted runs in `unit`, one value a draw, read-only."""
        counted = sorted({run.group for run in self.runs.values()})
        return read_only(total(self.simulation.by_group[group] for group in counted))

    @cached_property
    def costs(self) -> pd.DataFrame:
        """Cost in `unit`, draws x counted runs."""
        values = read_only(self.simulation.by_run(list(self.runs)).T)
        index = pd.RangeIndex(self.case.n_draws, name="draw")
        columns = pd.Index(self.runs, name="run_id")
        return pd.DataFrame(values, index=index, columns=columns, copy=False)

    @cached_property
    def rd_compute(self) -> float | np.ndarray:
        """R&D compute in `unit`: a float, or one value a draw where it is uncertain,
        read-only. Raises InputError for a company without spending."""
        self.case.require_spending()
        draws = self.simulation.rd_compute
        return float(draws[0]) if draws.min() == draws.max() else draws

    @cached_property
    def share(self) -> np.ndarray:
        """Training share of R&D compute, a fraction, one value a draw, read-only."""
        return read_only(self.total_cost / self.rd_compute)

    @property
    def total_cost_usd(self) -> np.ndarray:
        """Cost of all counted runs in USD, one value a draw, read-only; InputError where R&D
        compute is in hours of a chip."""
        self._require_usd()
        return self.total_cost

    @property
    def cost_usd(self) -> pd.DataFrame:
        """Cost in USD, draws x counted runs; InputError where R&D compute is in hours."""
        self._require_usd()
        return self.costs

    @property
    def rd_compute_usd(self) -> float | np.ndarray:
        """R&D compute in USD: a float, or one value a draw where it is uncertain, read-only.

        Raises InputError for a company without spending, and where it is in hours of a chip.
        """
        self._require_usd()
        return self.rd_compute

    def _require_usd(self) -> None:
        if self.unit != "USD":
            raise InputError(
                f"{self.case.company}: its R&D compute is in {self.unit}, which meet no price; ask "
                "for share, or for total_cost, costs and rd_compute in that unit"
            )

    def chain(self, run_id: str) -> pd.DataFrame:
        """Return one run's draws of flop, gpu_hours and cost_usd; a step the run does not have is
        left out. Raises InputError for a run that is not counted."""
        require_known(run_id, self.runs, f"counted run of {self.case.company}")
        steps: dict[str, np.ndarray] = {}
        known = ("flop", "gpu_hours", *(["cost_usd"] if self.unit == "USD" else []))
        for block, model in blocks(self.case):
            for step in known:
                value = getattr(model, step)(run_id)
                if value is not None:
                    steps.setdefault(step, np.empty(self.case.n_draws))[block] = value
        return pd.DataFrame(steps)

    # --- weights ----------------------------------------------------------------------------------
    @property
    def weights(self) -> np.ndarray | None:
        """Weight of each draw under the evidence in force, adding to one; None without evidence.

        Raises InputError where the evidence leaves too few draws; see `Posterior.weights`.
        """
        return self.posterior.weights

    @property
    def effective_draws(self) -> float:
        """How many equally weighted draws would be as exact: all without evidence."""
        return float(self.posterior.effective_draws)

    def mean(self, draws: np.ndarray | pd.Series) -> float:
        """Return the mean of one value a draw by the draws' weights; of truth values, such as
        `est.share > 0.5`, the probability."""
        return mean(draws, self.weights)

    def median(self, draws: np.ndarray | pd.Series | float) -> float:
        """Return the median of one value a draw, or of one number, by the draws' weights."""
        if isinstance(draws, float):
            return draws
        return float(quantile(draws, 0.5, self.weights))

    # --- the same on fewer runs or resamples ------------------------------------------------------
    def without(self, *groups: str) -> Self:
        """Return the share on the same draws without some groups of runs."""
        further = known_groups(self.case.tables, [self.case.company], groups)
        other = replace(self, excluded=tuple(dict.fromkeys((*self.excluded, *further))))
        _ = other.runs  # refuses to leave out all
        return other

    @cached_property
    def parts(self) -> tuple[Self, ...]:
        """The same share by each part of the regressions' resamples, on its first draws; none
        where it does not rest on a regression and no evidence, which may, weighs its draws."""
        rests = self.case.rests_on_regressions or self.weights is not None
        return tuple(map(self.part, range(PARTS))) if rests else ()

    def part(self, place: int) -> Self:
        """Return the same share by one part of the regressions' resamples, on its first draws."""
        simulation, posterior = self.simulation.parts[place], self.posterior.parts[place]
        return replace(self, simulation=simulation, posterior=posterior)

    # --- how exact --------------------------------------------------------------------------------
    def spread_of(self, quantity: Callable[[Self], np.ndarray]) -> dict[str, float]:
        """Return p5, p50 and p95 of any quantity, given as a function from an estimate to draws,
        and their Monte Carlo standard errors (`precision.spread`)."""
        parts = ((quantity(part), part.weights) for part in self.parts)
        return spread(quantity(self), parts, self.weights)

    def spread(self, quantity: str = "share") -> dict[str, float]:
        """Return p5, p50 and p95 of the share (a fraction), of training_cost or of a run's cost
        (millions of `unit`), and their Monte Carlo standard errors as p5_error, p50_error and
        p95_error.

        They say how exact the draws make these numbers, nothing about the inputs. Raises InputError
        for an unknown run and for the share of a company without spending.
        """
        if quantity not in self._spreads:
            self._spreads[quantity] = self._spread(quantity)
        return self._spreads[quantity].copy()

    @cached_property
    def _spreads(self) -> dict[str, dict[str, float]]:
        return {}

    def _spread(self, quantity: str) -> dict[str, float]:
        if quantity == "share":
            return self.spread_of(lambda est: est.share)
        if quantity == "training_cost":
            return self.spread_of(lambda est: est.total_cost / 1e6)
        require_known(quantity, self.runs, f"counted run of {self.case.company}")
        if not self.case.predicted(quantity) and self.weights is None:
            return spread(self.costs[quantity].to_numpy() / 1e6)
        return self.spread_of(lambda est: est.costs[quantity].to_numpy() / 1e6)
