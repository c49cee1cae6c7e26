"""Evidence: what was observed, as weights of the draws.

A draw's weight is the product, over the rows of evidence, of how likely the observation is if the
draw is the truth. The draws do not change: this is importance sampling from the prior (Owen 2013,
"Monte Carlo theory, methods and examples", chapter 9). Rows of all companies count, since companies
share utilization and price.
"""

from typing import Any

import numpy as np

from training_share.errors import InputError
from training_share.inputs.observable import WHOLE
from training_share.model.draws import Quantity, kept, read_only, total
from training_share.model.world import World

FEWEST = 100  # effective draws: five beyond p5 and five beyond p95
SMALLEST_PART = 50  # one draw in so many is enough where few were asked for


def weights(world: World) -> np.ndarray | None:
    """Return the weight of each draw, adding to one, read-only; None without evidence. InputError
    where the evidence leaves too few draws for a 90% interval."""
    if world.at_medians or not world.observed:
        return None
    return _weights(world.beside(world.company))


def _rests_on(name: str, world: World) -> tuple:
    draws = world.n_draws, world.seed, world.resample_part
    mixes = tuple((of, *parts.items()) for of, parts in world.correlate.items())
    return (name, world.tables, world.evidence, mixes, *draws)


@kept("weights", _rests_on)
def _weights(world: World) -> np.ndarray:
    """Observations do not depend on the question: all companies, windows and groups have the same
    weights."""
    logs = _log_likelihoods(world)
    told = f"evidence {', '.join(world.evidence)}"
    together = total(logs.values())
    if not np.isfinite(together.max()):
        raise InputError(f"{told}: no draw agrees with all of it; leave a row out")
    likely = np.exp(together - together.max())
    likely /= likely.sum()
    effective, needed = effective_draws(likely), min(FEWEST, world.n_draws / SMALLEST_PART)
    if world.resample_part is None and effective < needed:
        possible = {
            key: np.exp(log - log.max()) for key, log in logs.items() if log.max() > -np.inf
        }
        narrowest = min(possible, key=lambda key: effective_draws(possible[key]))
        raise InputError(
            f"{told}: only {effective:.3g} of {world.n_draws:,} draws agree with it, too few for a "
            f"90% interval; take n_draws={int(1.2 * world.n_draws * FEWEST / effective):,}, or "
            "leave out a row that contradicts the rest "
            f"({narrowest} alone leaves the fewest)"
        )
    return read_only(likely)


def _log_likelihoods(world: World) -> dict[str, np.ndarray]:
    """Return the logarithm of the likelihood of each row of evidence, one value a draw, by the
    row's key (name/company)."""
    logs: dict[str, np.ndarray] = {}
    for company in dict.fromkeys(row.company for row in world.observed):
        of_company = world.beside(company)
        for row in (row for row in world.observed if row.company == company):
            value, *below = (_predicted(term, of_company) for term in row.quantity.terms)
            predicted = value / below[0] if below else value
            log = row.value.log_likelihood(np.broadcast_to(predicted, world.n_draws))
            logs[f"{row.evidence}/{company}"] = log
    return logs


def _predicted(term: Any, world: World) -> Quantity:
    """Return what the draws say of one term of a row of evidence."""
    if term.kind == "assumption":
        return world.assumption(term.names[0], term.run)
    if term.kind in WHOLE and not world.window_runs:
        raise InputError(
            f"evidence.csv, column quantity: no counted run of {world.company} was released in the "
            f"window, so it has no {term.kind}; leave the row out"
        )
    if term.kind == "share":
        return world.total(world.window_runs) / world.rd_compute
    if term.kind == "largest run":
        largest = np.max(np.broadcast_arrays(*world.amounts.values()), axis=0)
        return largest / world.rd_compute
    quantities = {
        run_id: getattr(world, f"{term.kind}_of")(run_id) for run_id in runs_of(term, world)
    }
    if unknown := [run_id for run_id, quantity in quantities.items() if quantity is None]:
        raise InputError(
            f"evidence.csv, column quantity: {term.kind} of {unknown[0]} is not known, as the run "
            "is given in another unit; use cost_usd"
        )
    return total(quantities.values())


def runs_of(term: Any, world: World) -> list[str]:
    """Return the runs that a term adds up: those it names, and the counted ones of its groups.
    InputError for a group without a counted run in the window."""
    found: list[str] = []
    for name in term.names:
        of_group = [run_id for run_id, run in world.window_runs.items() if run.group == name]
        if name not in world.tables.training_runs and not of_group:
            raise InputError(
                f"evidence.csv, column quantity: no counted run of {world.company} in group "
                f"'{name}' was released in the window; name runs, or leave the row out"
            )
        found += [name] if name in world.tables.training_runs else of_group
    return found


def effective_draws(weights: np.ndarray) -> float:
    """Return how many equally weighted draws would be as exact (Kish 1965, "Survey Sampling"):
    (sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / (weights**2).sum())
