"""Quantiles of draws, and how exact they are: their Monte Carlo standard errors.

Two errors meet: that of a finite number of draws (`quantile_error`), and that of the finite number
of resamples behind closed models' distributions, which more draws do not remove. The second is
estimated by batch means (Schmeiser 1982, Operations Research 30, 556-568,
doi:10.1287/opre.30.3.556): quantiles from each of `PARTS` parts of the resamples scatter.
"""

import math
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import betainc

from training_share.errors import InputError

QUANTILES = {"p5": 0.05, "p50": 0.50, "p95": 0.95}
PARTS = 20  # of the regressions' resamples
BEYOND = 5  # draws that must lie beyond a quantile before its error is stated
WIDTH = 9.0  # standard deviations of the rank that are summed over; the rest weighs below 1e-15
RESAMPLED = "resampled draw"  # name of the index of equally weighted draws
NO_WEIGHT = 1e-20  # so many draws of it do not move a quantile's last digit
Weights = np.ndarray | None  # of draws, adding to one; None where all weigh the same


def quantile(
    draws: np.ndarray | pd.Series, p: float | list[float], weights: Weights = None
) -> np.ndarray:
    """Return the quantile(s) `p` of draws by their weights, in p's shape.

    Between draws in order it interpolates as NumPy does, which it equals where all weights are the
    same; draws without weight play no part.
    """
    if weights is None:
        return np.quantile(draws, p)
    weighty = weights > NO_WEIGHT
    values, weights = np.asarray(draws)[weighty], weights[weighty]
    order = np.argsort(values)
    values, weights = values[order], weights[order]
    below = np.cumsum(weights) - weights
    return np.interp(p, below / (below[-1] or 1.0), values)


def quantiles(draws: np.ndarray | pd.Series, weights: Weights = None) -> np.ndarray:
    """Return the 5th, 50th and 95th percentile of draws."""
    return quantile(draws, list(QUANTILES.values()), weights)


def spread(
    draws: np.ndarray, parts: Iterable[tuple[np.ndarray, Weights]] = (), weights: Weights = None
) -> dict[str, float]:
    """Return p5, p50 and p95 of draws in their unit, and their Monte Carlo standard errors as
    p5_error, p50_error and p95_error. `parts` holds the same quantity and its weights by each part
    of the regressions' resamples, where it rests on them."""
    errors = quantile_error(draws, np.array(list(QUANTILES.values())), weights)
    if by_part := [quantiles(part, given) for part, given in parts]:
        errors = np.hypot(errors, resampling_error(by_part))
    found = zip(QUANTILES, quantiles(draws, weights), strict=True)
    named = zip((f"{name}_error" for name in QUANTILES), errors, strict=True)
    return {name: float(value) for name, value in (*found, *named)}


def resample(weights: np.ndarray) -> np.ndarray:
    """Return the positions of as many equally weighted draws as there are weights, in order: a
    systematic resample (Kitagawa 1996, Journal of Computational and Graphical Statistics 5, 1-25,
    doi:10.1080/10618600.1996.10474692), the same for the same weights."""
    points = (np.arange(weights.size) + 0.5) / weights.size
    return np.minimum(np.searchsorted(np.cumsum(weights), points), weights.size - 1)


def _resampled(draws: Any) -> bool:
    """Whether draws are what `draws` of an estimate or a comparison handed out under evidence."""
    return getattr(getattr(draws, "index", None), "name", None) == RESAMPLED


class InParts:
    """What is drawn and can be drawn by parts of the regressions' resamples. Whoever inherits has
    `part(place)`, which is on the first draws, `weights`, and `rests_on_regressions`."""

    def mean(self: Any, draws: np.ndarray | pd.Series) -> float:
        """Return the mean of one value a draw by the draws' weights; of truth values, such as
        `est.share > 0.5`, the probability."""
        weights = None if _resampled(draws) else self.weights
        return float(np.mean(draws) if weights is None else (weights * np.asarray(draws)).sum())

    def quantile(self: Any, draws: np.ndarray | pd.Series, p: float | list[float]) -> np.ndarray:
        """Return the quantile(s) `p` of one value a draw by the draws' weights."""
        return quantile(draws, p, None if _resampled(draws) else self.weights)

    def probability_of(self: Any, event: Callable[[Any], np.ndarray]) -> tuple[float, float]:
        """Return the probability of an event, given as a function from this to truth values, one a
        draw, such as `lambda est: est.share > 0.5`, and its Monte Carlo standard error."""
        happened, weights = np.asarray(event(self), dtype=float), self.weights
        found = self.mean(happened)
        doubt = (happened - found) * (1 / happened.size if weights is None else weights)
        error = math.sqrt(doubt @ doubt)
        if by_part := [np.array(part.mean(event(part))) for part in self.parts]:
            error = math.hypot(error, resampling_error(by_part))
        return found, error

    def equally_weighted(self: Any, table: pd.DataFrame) -> pd.DataFrame:
        """Return as many rows of a table of draws by their weights: all of them without evidence,
        else a systematic resample, whose row k is the same draw for all who share the evidence."""
        if self.weights is None:
            return table
        return table.iloc[resample(self.weights)].reset_index(drop=True).rename_axis(RESAMPLED)

    @cached_property
    def parts(self: Any) -> tuple[Any, ...]:
        """The same by each part of the resamples; none where it rests on no regression and no
        evidence, which may rest on one, weighs its draws."""
        rests = self.rests_on_regressions or self.weights is not None
        return tuple(map(self.part, range(PARTS))) if rests else ()

    def spread_of(self: Any, quantity: Callable[[Any], np.ndarray]) -> dict[str, float]:
        """Return p5, p50 and p95 of any quantity, given as a function from this to draws, and their
        Monte Carlo standard errors; see `precision.spread`."""
        parts = ((quantity(part), part.weights) for part in self.parts)
        return spread(quantity(self), parts, self.weights)


def resampling_error(by_part: list[np.ndarray]) -> np.ndarray:
    """Return the standard error that the resampling gives quantiles, from those of each part."""
    moved = np.subtract(by_part, by_part[0])  # equal values have an error of zero to the last bit
    return np.std(moved, axis=0, ddof=1) / math.sqrt(len(by_part))


def quantile_error(draws: np.ndarray, p: float | np.ndarray, weights: Weights = None) -> np.ndarray:
    """Return the standard error of the quantile(s) `p` of independent `draws` (1-d), in the draws'
    unit and p's shape; NaN where fewer than five draws lie beyond the quantile.

    An order statistic's sampling distribution is a beta mixture of the draws' own; its standard
    deviation under the empirical distribution is the estimate of Maritz and Jarrett (1978), JASA
    73, 194-196, doi:10.1080/01621459.1978.10480027. Weighted draws take the mixture over their
    cumulative weight, for as many equal draws as would leave the weight below the quantile as
    uncertain (the delta method: Glynn 1996, "Importance sampling for Monte Carlo estimation of
    quantiles"). Raises InputError for a p outside 0 to 1 and for draws that are not finite.
    """
    values, asked = np.asarray(draws, dtype=float), np.asarray(p, dtype=float)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise InputError("draws: expected one dimension of finite numbers")
    if not ((asked > 0) & (asked < 1)).all():
        raise InputError(f"p: expected a probability between 0 and 1, got {p!r}")
    if weights is None:
        ordered = np.sort(values)
        errors = [_error(ordered, q) for q in asked.ravel()]
    else:
        order = np.argsort(values)
        ordered, weights = values[order], weights[order]
        errors = [_weighted_error(ordered, q, weights) for q in asked.ravel()]
    return np.reshape(errors, asked.shape)


def _error(values: np.ndarray, p: float) -> float:
    n = values.size
    if n * min(p, 1 - p) < BEYOND:
        return math.nan
    reach = WIDTH * math.sqrt(n * p * (1 - p)) + WIDTH
    start, stop = max(0, math.floor(n * p - reach)), min(n, math.ceil(n * p + reach))
    rank = min(n, max(1, round(n * p + 0.5)))
    return _deviation(values[start:stop], _near(n, start, stop, rank))


@lru_cache(maxsize=64)
def _near(n: int, start: int, stop: int, rank: int) -> np.ndarray:
    """Return the weights of the ranks start to stop; kept, since one table asks for the same ones
    for every column."""
    near = np.diff(betainc(rank, n - rank + 1, np.arange(start, stop + 1) / n))
    return near / near.sum()


def _weighted_error(values: np.ndarray, p: float, weights: np.ndarray) -> float:
    edges = np.concatenate([[0.0], np.minimum(np.cumsum(weights), 1.0)])
    doubt = float(((np.where(edges[1:] <= p, 1 - p, p) * weights) ** 2).sum())
    n = p * (1 - p) / doubt
    if n * min(p, 1 - p) < BEYOND:
        return math.nan
    near = np.diff(betainc(n * p + 0.5, n * (1 - p) + 0.5, edges))
    return _deviation(values, near, near.sum())


def _deviation(values: np.ndarray, near: np.ndarray, mass: float = 1.0) -> float:
    values = values - values[0]  # equal values have an error of zero to the last bit
    centred = values - near @ values / mass  # first: a difference of squares would lose digits
    return math.sqrt(near @ centred**2 / mass)
