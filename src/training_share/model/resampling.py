"""The part of a Monte Carlo error that more draws do not remove: that of the regressions'
resamples.

Closed models are drawn from what a finite number of bootstrap resamples says. With another seed
their distributions lie elsewhere, and every draw with them. How far is estimated by batch means
(Schmeiser 1982, "Batch Size Effects in the Analysis of Simulation Output", Operations Research 30,
556-568, doi:10.1287/opre.30.3.556): the resamples are split into parts, the quantiles are computed
from each, on the same draws, and their scatter gives the error of all parts together.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from training_share.model.scaling import PARTS
from training_share.model.streams import Streams

SEEN = 4_000  # draws that the parts are compared on: the same for all, so that few do

# a quantity for given streams by one part of the resamples; NaN where a draw is dropped
Evaluate = Callable[[Streams, int], np.ndarray | float]


@lru_cache(maxsize=2)
def _first_draws(seed: int, count: int) -> Streams:
    return Streams(seed).at(count)


def resampling_error(
    evaluate: Evaluate, n_draws: int, seed: int, probabilities: list[float]
) -> np.ndarray:
    """Return the standard error that the resampling gives the quantiles of a quantity, in its unit.

    `evaluate` is the model of the quantity, of which the first of `n_draws` draws are looked at.
    """
    streams = _first_draws(seed, min(n_draws, SEEN))
    quantiles = []
    for part in range(PARTS):
        values = np.atleast_1d(evaluate(streams, part))
        quantiles.append(np.quantile(values[~np.isnan(values)], probabilities))
    return np.std(quantiles, axis=0, ddof=1) / np.sqrt(PARTS)
