"""Evidence in, posterior out: what was observed, as weights of the draws.

A draw's weight is the product, over the rows of evidence in force, of how likely the observation is
where the draw is the truth. The draws themselves stay what they are, so this is importance sampling
from the prior (Owen 2013, "Monte Carlo theory, methods and examples", chapter 9): a row that leaves
few draws with weight makes every quantile rest on few. Rows of all companies count, since companies
share utilization and price: a company's number is the same alone and in a comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from training_share.errors import InputError
from training_share.inputs.observable import Term
from training_share.inputs.schema import Evidence
from training_share.model.case import WINDOW, Case
from training_share.model.cost import CostModel
from training_share.model.scaling import PARTS
from training_share.model.simulation import SEEN, Simulation, blocks, total
from training_share.model.streams import read_only

FEWEST = 100  # effective draws: five beyond p5 and five beyond p95
SMALLEST_PART = 50  # one draw in so many is enough where few were asked for


@dataclass(frozen=True, eq=False)
class Posterior:
    """The weights that evidence gives the draws of a case, the same for all companies.

    `drawn` are simulations that exist already, by company.
    """

    case: Case
    drawn: Mapping[str, Simulation] = field(default_factory=dict)

    @cached_property
    def weights(self) -> np.ndarray | None:
        """Weight of each draw, adding to one, read-only; None without evidence.

        Raises InputError where the evidence leaves too few draws for a 90% interval.
        """
        if not self.case.observed:
            return None
        logs = total(self.log_likelihoods.values())
        highest = logs.max()
        if not np.isfinite(highest):
            raise InputError(f"{self._names}: no draw agrees with all of it; leave a row out")
        weights = np.exp(logs - highest)
        weights /= weights.sum()
        needed = min(FEWEST, self.case.n_draws / SMALLEST_PART)
        effective = effective_draws(weights)
        if self.case.part is None and effective < needed:
            more = int(1.2 * self.case.n_draws * FEWEST / effective)
            raise InputError(
                f"{self._names}: only {effective:.3g} of {self.case.n_draws:,} draws agree with "
                f"it, too few for a 90% interval; take n_draws={more:,}, or leave out a row that "
                f"contradicts the rest ({self._narrowest} alone leaves the fewest)"
            )
        return read_only(weights)

    @cached_property
    def log_likelihoods(self) -> dict[str, np.ndarray]:
        """Logarithm of the likelihood of each row of evidence, one value a draw, by the row's key
        (name/company)."""
        logs: dict[str, np.ndarray] = {}
        rows = self.case.observed
        for company in dict.fromkeys(row.company for row in rows):
            own = [row for row in rows if row.company == company]
            for row, predicted in zip(own, self._predicted(company, own), strict=True):
                logs[f"{row.evidence}/{company}"] = row.value.log_likelihood(predicted)
        return logs

    def _predicted(self, company: str, rows: list[Evidence]) -> np.ndarray:
        """Return what the draws predict for some rows of one company, rows x draws."""
        case = self.case.world(company)
        simulation = self.drawn.get(company) or Simulation(case)
        values = np.empty((len(rows), case.n_draws))
        for block, model in blocks(case):
            for place, row in enumerate(rows):
                terms = [_value(t, model, simulation, block) for t in row.quantity.terms]
                values[place, block] = _ratio(terms)
        return values

    @cached_property
    def effective_draws(self) -> float:
        """How many equally weighted draws would be as exact: all without evidence."""
        return self.case.n_draws if self.weights is None else effective_draws(self.weights)

    @property
    def _names(self) -> str:
        names = dict.fromkeys(row.evidence for row in self.case.observed)
        return f"evidence {', '.join(names)}"

    @property
    def _narrowest(self) -> str:
        alone = {
            key: effective_draws(np.exp(logs - logs.max()))
            for key, logs in self.log_likelihoods.items()
            if np.isfinite(logs.max())
        }
        return min(alone, key=alone.__getitem__)

    @cached_property
    def parts(self) -> tuple[Posterior, ...]:
        """The same by each part of the regressions' resamples, on the first draws."""
        few = min(self.case.n_draws, SEEN)
        return tuple(
            Posterior(
                replace(self.case, n_draws=few, part=part),
                {company: simulation.parts[part] for company, simulation in self.drawn.items()},
            )
            for part in range(PARTS)
        )


def known_draws(simulations: Iterable[Simulation]) -> dict[str, Simulation]:
    """Return the simulations that evidence can be held against, by company: those that were asked
    for in the scenario's own windows."""
    return {
        simulation.case.company: simulation
        for simulation in simulations
        if not set(WINDOW) & set(simulation.case.settings)
    }


_OF_SIMULATION = ("share", "largest run")


def _simulated(term: Term, simulation: Simulation, block: slice) -> np.ndarray:
    simulation.case.require_spending()
    if term.kind == "share":
        cost = total(draws[block] for draws in simulation.by_group.values())
    else:
        cost = simulation.largest[block]
    return cost / simulation.rd_compute[block]


def _value(
    term: Term, model: CostModel, simulation: Simulation, block: slice
) -> float | np.ndarray:
    if term.kind in _OF_SIMULATION:
        return _simulated(term, simulation, block)
    if term.kind == "assumption":
        return model.assumption(term.names[0], "")
    values = []
    for run_id in runs_of(term, simulation.case):
        value = getattr(model, term.kind)(run_id)
        if value is None:
            raise InputError(
                f"evidence.csv, column quantity: {term.kind} of {run_id} is not known, as the run "
                "is given in another unit; use cost_usd"
            )
        values.append(value)
    return total(values)


def runs_of(term: Term, case: Case) -> list[str]:
    """Return the runs that a term adds up: those it names, and the counted ones of its groups.

    Raises InputError for a group without a counted run in the window.
    """
    found: list[str] = []
    for name in term.names:
        if name in case.tables.training_runs:
            found.append(name)
            continue
        of_group = [run_id for run_id, run in case.window_runs.items() if run.group == name]
        if not of_group:
            raise InputError(
                f"evidence.csv, column quantity: no counted run of {case.company} in group '{name}'"
                " was released in the window; name runs, or leave the row out"
            )
        found += of_group
    return found


def _ratio(terms: list) -> float | np.ndarray:
    return terms[0] if len(terms) == 1 else terms[0] / terms[1]


def effective_draws(weights: np.ndarray) -> float:
    """Return how many equally weighted draws would be as exact (Kish 1965, "Survey Sampling"):
    (sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / (weights**2).sum())
