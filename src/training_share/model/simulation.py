"""The one loop over the cost model: draws of every counted run's cost and of R&D compute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from training_share.model.case import Case
from training_share.model.cost import CostModel, Regressions
from training_share.model.scaling import PARTS
from training_share.model.spending import spending_in
from training_share.model.streams import AnyStreams, Streams, read_only

KEPT_BYTES = 64_000_000  # of costs by run; above it only the totals by group are kept
SEEN = 4_000  # draws that the parts of the resamples are compared on


def blocks(
    case: Case, streams: AnyStreams, n_draws: int, regressions: Regressions | None = None
) -> Iterator[tuple[slice, CostModel]]:
    """Yield the cost model of each block of draws, and which draws these are."""
    regressions = regressions or Regressions()
    for block in streams.blocks(n_draws):
        yield (
            block,
            CostModel(case.tables, case.company, streams, case.seed, case.part, regressions),
        )


def costs(case: Case, streams: AnyStreams, n_draws: int, runs: list[str]) -> np.ndarray:
    """Return the cost of some runs in the case's unit, runs x draws."""
    values = np.empty((len(runs), n_draws))
    for block, model in blocks(case, streams, n_draws):
        for place, run_id in enumerate(runs):
            values[place, block] = model.amount(run_id, case.unit)
    return values


def rd_compute(case: Case, streams: AnyStreams | None = None) -> float | np.ndarray:
    """Return R&D compute in the case's unit for the block that `streams` serves, or at the medians;
    NaN without spending."""
    if not case.has_spending:
        return np.nan
    lines, window = case.denominator_lines, case.denominator_window
    return spending_in(case.unit, case.tables, case.company, lines, *window, streams)


def simulate(
    case: Case,
    streams: AnyStreams,
    n_draws: int,
    by_run: np.ndarray | None = None,
    largest: np.ndarray | None = None,
    regressions: Regressions | None = None,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Evaluate the model on given streams: cost by group (all groups) and R&D compute, both in the
    case's unit. Memory grows with draws x groups; `by_run`, runs x draws, and `largest`, the cost
    of the dearest run, are filled where they are given (`largest` from zeros)."""
    groups = {run.group: np.zeros(n_draws) for run in case.window_runs.values()}
    spent = np.empty(n_draws)
    for block, model in blocks(case, streams, n_draws, regressions):
        for place, (run_id, run) in enumerate(case.window_runs.items()):
            cost = model.amount(run_id, case.unit)
            groups[run.group][block] += cost
            if largest is not None:
                np.maximum(largest[block], cost, out=largest[block])
            if by_run is not None:
                by_run[place, block] = cost
        spent[block] = rd_compute(case, streams)
    return groups, spent


@dataclass(frozen=True, eq=False)
class Simulation:
    """A case's draws with every group in, made when first asked for and read-only; variants that
    leave groups out share them."""

    case: Case
    regressions: Regressions = field(default_factory=Regressions, repr=False)

    @cached_property
    def _drawn(self) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray | None, np.ndarray]:
        case = self.case
        shape = len(case.window_runs), case.n_draws
        by_run = np.empty(shape) if 8 * shape[0] * shape[1] <= KEPT_BYTES else None
        largest = np.zeros(case.n_draws)
        groups, rd_compute = simulate(
            case, Streams(case.seed), case.n_draws, by_run, largest, self.regressions
        )
        for draws in (*groups.values(), rd_compute, largest, *([] if by_run is None else [by_run])):
            read_only(draws)
        return groups, rd_compute, by_run, largest

    @property
    def by_group(self) -> dict[str, np.ndarray]:
        """Cost of each group of runs in the case's unit, one value a draw."""
        return self._drawn[0]

    @property
    def rd_compute(self) -> np.ndarray:
        """R&D compute in the case's unit, one value a draw; NaN without spending."""
        return self._drawn[1]

    def by_run(self, runs: list[str]) -> np.ndarray:
        """Return the cost of some runs in the case's unit, runs x draws."""
        kept = self._drawn[2]
        if kept is None:
            return costs(self.case, Streams(self.case.seed), self.case.n_draws, runs)
        places = {run_id: place for place, run_id in enumerate(self.case.window_runs)}
        return kept[[places[run_id] for run_id in runs]]

    @property
    def largest(self) -> np.ndarray:
        """Cost in USD of the dearest run of all groups, one value a draw."""
        return self._drawn[3]

    @cached_property
    def parts(self) -> tuple[Simulation, ...]:
        """The same case by each part of the regressions' resamples, on its first draws."""
        few = min(self.case.n_draws, SEEN)
        return tuple(
            Simulation(replace(self.case, n_draws=few, part=part)) for part in range(PARTS)
        )


def total(groups: Iterable[np.ndarray]) -> np.ndarray:
    """Return the sum of arrays, in their order."""
    first, *others = groups
    for other in others:
        first = first + other
    return first
