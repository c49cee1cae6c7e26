"""The walk over blocks of draws: the cost of every counted run, by group, and R&D compute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from training_share.model.case import Case
from training_share.model.cost import CostModel
from training_share.model.scaling import PARTS
from training_share.model.spending import spending_in
from training_share.model.streams import AnyStreams, read_only

SEEN = 4_000  # draws that the parts of the resamples are compared on


def blocks(
    case: Case, streams: AnyStreams | None = None, n_draws: int | None = None
) -> Iterator[tuple[slice, CostModel]]:
    """Yield the cost model of each block of draws, by default the case's own, and which draws
    these are."""
    streams = case.streams() if streams is None else streams
    for block in streams.blocks(n_draws or case.n_draws):
        yield block, CostModel(case.tables, case.company, streams, case.seed, case.part)


def costs(case: Case, streams: AnyStreams, n_draws: int, runs: list[str]) -> np.ndarray:
    """Return the cost of some runs in the case's unit, runs x draws."""
    values = np.empty((len(runs), n_draws))
    for block, model in blocks(case, streams, n_draws):
        for place, run_id in enumerate(runs):
            values[place, block] = model.amount(run_id, case.unit)
    return values


def spent(case: Case, streams: AnyStreams | None = None) -> float | np.ndarray:
    """Return R&D compute in the case's unit for the block that `streams` serves, or at the medians;
    NaN without spending."""
    if not case.has_spending:
        return np.nan
    lines, window = case.denominator_lines, case.denominator_window
    return spending_in(case.unit, case.tables, case.company, lines, *window, streams)


def simulate(
    case: Case, streams: AnyStreams, n_draws: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Evaluate the model on given streams: cost by group (all groups) and R&D compute, both in the
    case's unit. Memory grows with draws x groups."""
    groups = {run.group: np.zeros(n_draws) for run in case.window_runs.values()}
    rd_compute = np.empty(n_draws)
    for block, model in blocks(case, streams, n_draws):
        for run_id, run in case.window_runs.items():
            groups[run.group][block] += model.amount(run_id, case.unit)
        rd_compute[block] = spent(case, streams)
    return groups, rd_compute


@dataclass(frozen=True, eq=False)
class Simulation:
    """A case's draws with every group in, made when first asked for and read-only; variants that
    leave groups out share them."""

    case: Case

    @cached_property
    def _drawn(self) -> tuple[dict[str, np.ndarray], np.ndarray]:
        case = self.case
        groups, rd_compute = simulate(case, case.streams(), case.n_draws)
        return {group: read_only(cost) for group, cost in groups.items()}, read_only(rd_compute)

    @property
    def by_group(self) -> dict[str, np.ndarray]:
        """Cost of each group of runs in the case's unit, one value a draw."""
        return self._drawn[0]

    @property
    def rd_compute(self) -> np.ndarray:
        """R&D compute in the case's unit, one value a draw; NaN without spending."""
        return self._drawn[1]

    @cached_property
    def largest(self) -> np.ndarray:
        """Cost of the dearest run of all groups in the case's unit, one value a draw."""
        case, largest = self.case, np.zeros(self.case.n_draws)
        for block, model in blocks(case):
            for run_id in case.window_runs:
                np.maximum(largest[block], model.amount(run_id, case.unit), out=largest[block])
        return read_only(largest)

    def by_run(self, runs: list[str]) -> np.ndarray:
        """Return the cost of some runs in the case's unit, runs x draws."""
        return costs(self.case, self.case.streams(), self.case.n_draws, runs)

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
