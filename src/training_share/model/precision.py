"""Quantiles of draws, and how exact they are: their Monte Carlo standard errors.

Two errors meet. A finite number of draws gives the first (`quantile_error`). The second is that of
the regressions' resamples, which more draws do not remove: closed models are drawn from what a
finite number of bootstrap resamples says, and with another seed their distributions lie elsewhere,
and every draw with them. How far is estimated by batch means (Schmeiser 1982, "Batch Size Effects
in the Analysis of Simulation Output", Operations Research 30, 556-568, doi:10.1287/opre.30.3.556):
the resamples are split into parts, the quantiles are computed from each, on the same draws, and
their scatter gives the error of all parts together (`resampling_error`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.special import betainc

from training_share.errors import InputError

BEYOND = 5  # draws that must lie beyond a quantile before its error is stated
# standard deviations of the order statistic's rank that are summed over; the rest weighs below
# 1e-15
WIDTH = 9.0
PLAIN = 1e-3, 1e5  # amounts outside are shown with a power of ten


QUANTILES = {"p5": 0.05, "p50": 0.50, "p95": 0.95}


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


def mean(draws: np.ndarray | pd.Series, weights: Weights = None) -> float:
    """Return the mean of draws by their weights; of truth values it is a probability."""
    return float(np.mean(draws) if weights is None else (weights * np.asarray(draws)).sum())


def spread(
    draws: np.ndarray, parts: Iterable[tuple[np.ndarray, Weights]] = (), weights: Weights = None
) -> dict[str, float]:
    """Return p5, p50 and p95 of draws in their unit, and their Monte Carlo standard errors as
    p5_error, p50_error and p95_error.

    `parts` holds the same quantity and its weights by each part of the regressions' resamples,
    where it rests on them; their error is then part of it.
    """
    probabilities = np.array(list(QUANTILES.values()))
    errors = np.asarray(quantile_error(draws, probabilities, weights))
    by_part = [quantiles(part, given) for part, given in parts]
    if by_part:
        errors = np.hypot(errors, resampling_error(by_part))
    return dict(zip(QUANTILES, map(float, quantiles(draws, weights)), strict=True)) | {
        f"{name}_error": float(error) for name, error in zip(QUANTILES, errors, strict=True)
    }


def resampling_error(by_part: list[np.ndarray]) -> np.ndarray:
    """Return the standard error that the resampling gives quantiles, from those of each part."""
    moved = np.subtract(by_part, by_part[0])  # equal values have an error of zero to the last bit
    return np.std(moved, axis=0, ddof=1) / math.sqrt(len(by_part))


def quantile_error(
    draws: np.ndarray, p: float | np.ndarray, weights: Weights = None
) -> float | np.ndarray:
    """Return the standard error of the quantile(s) `p` of independent `draws` (1-d), in the draws'
    unit.

    The sampling distribution of an order statistic is a beta mixture of the draws' own; its
    standard deviation under the empirical distribution is the estimate of Maritz and Jarrett
    (1978), "A Note on Estimating the Variance of the Sample Median", JASA 73, 194-196,
    doi:10.1080/01621459.1978.10480027. Only the draws near the quantile carry weight, so the cost
    is that of a partial sort. A float for one `p`, else an array of p's shape. NaN where fewer than
    five draws lie beyond the quantile.

    Weighted draws take the same beta mixture over their cumulative weight, for as many equal draws
    as would leave the weight below the quantile as uncertain (the delta method of importance
    sampling: Glynn 1996, "Importance sampling for Monte Carlo estimation of quantiles").

    Raises InputError for a p outside 0 to 1 and for draws that are not one-dimensional and finite.
    """
    values, asked = np.asarray(draws, dtype=float), np.asarray(p, dtype=float)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise InputError("draws: expected one dimension of finite numbers")
    if not ((asked > 0) & (asked < 1)).all():
        raise InputError(f"p: expected a probability between 0 and 1, got {p!r}")
    if weights is not None:
        errors = _weighted_errors(values, asked.ravel(), weights)
        return float(errors[0]) if asked.ndim == 0 else np.reshape(errors, asked.shape)
    windows = [_window(values.size, q) for q in asked.ravel()]
    edges = sorted({rank for window in windows if window for rank in (window[0], window[1] - 1)})
    parted = np.partition(values, edges) if edges else values
    errors = [_spread(parted, *window) if window else math.nan for window in windows]
    return float(errors[0]) if asked.ndim == 0 else np.reshape(errors, asked.shape)


def _window(n: int, p: float) -> tuple[int, int, int] | None:
    """First and one past the last rank that carry weight (from 0), and the quantile's own rank
    (from 1)."""
    if n * min(p, 1 - p) < BEYOND:
        return None
    reach = WIDTH * math.sqrt(n * p * (1 - p)) + WIDTH
    return (
        max(0, math.floor(n * p - reach)),
        min(n, math.ceil(n * p + reach)),
        min(n, max(1, round(n * p + 0.5))),
    )


def _spread(parted: np.ndarray, start: int, stop: int, rank: int) -> float:
    n = parted.size
    near = np.sort(parted[start:stop])
    near -= near[0]  # equal values have an error of zero to the last bit, on any processor
    weights = _weights(n, start, stop, rank)
    centred = near - weights @ near  # centred first: a difference of squares would lose the digits
    return math.sqrt(weights @ centred**2)


def _weighted_errors(values: np.ndarray, asked: np.ndarray, weights: np.ndarray) -> list[float]:
    order = np.argsort(values)
    values, weights = values[order] - values[order[0]], weights[order]
    edges = np.concatenate([[0.0], np.minimum(np.cumsum(weights), 1.0)])
    errors = []
    for p in asked:
        below = edges[1:] <= p
        doubt = float(((np.where(below, 1 - p, p) * weights) ** 2).sum())
        n = p * (1 - p) / doubt
        if n * min(p, 1 - p) < BEYOND:
            errors.append(math.nan)
            continue
        near = np.diff(betainc(n * p + 0.5, n * (1 - p) + 0.5, edges))
        centred = values - near @ values / near.sum()
        errors.append(math.sqrt(near @ centred**2 / near.sum()))
    return errors


@lru_cache(maxsize=64)
def _weights(n: int, start: int, stop: int, rank: int) -> np.ndarray:
    """Return the weights of the ranks start to stop; kept, since one table asks for the same ones
    for every column."""
    weights = np.diff(betainc(rank, n - rank + 1, np.arange(start, stop + 1) / n))
    weights /= weights.sum()
    weights.setflags(write=False)
    return weights


def _exponent(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0


def with_error(value: float, error: float) -> str:
    """Return a number with its standard error as text, both to the error's first digit: 22.72 ±
    0.06.

    Very small and large numbers have a power of ten, the same for both (3.99e24 ± 0.03e24). Without
    an error above zero the number has three significant digits; NaN is blank.
    """
    if math.isnan(value):
        return ""
    if not error > 0:
        return f"{value:,.0f}" if 1000 <= abs(value) < PLAIN[1] else f"{value:.3g}"
    exponent = 0 if PLAIN[0] <= abs(value) < PLAIN[1] else _exponent(value)
    power = f"e{exponent}" if exponent else ""
    value, error = value / 10**exponent, error / 10**exponent
    decimals = max(0, -math.floor(math.log10(float(f"{error:.1g}"))))
    return f"{value:,.{decimals}f}{power} ± {error:,.{decimals}f}{power}".replace(
        " ", "\N{NO-BREAK SPACE}"
    )
