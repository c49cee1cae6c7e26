"""The one notation for uncertainty: what it says, how it draws, how it is read.

3.142e24                             a number taken as certain
6e23 to 1.5e24 (min-max uniform)     all values between the two equally likely
0.15 to 0.35 (p10-p90 lognormal)     a lognormal with a tenth below 0.15 and a tenth above 0.35
0 to 1 (1-2 beta)                    a beta with shapes 1 and 2, stretched from 0 to 1

`parse` reads it and `str` prints it back, to twelve digits. A distribution is drawn rank by rank: a
standard normal draw becomes the value that has as much of the distribution below it. So a higher
draw is a higher value, and a draw belongs to a quantity, whatever is believed of it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
from scipy.special import betaincinv, ndtr

from training_share.errors import InputError

SMALLEST, LARGEST = 1e-40, 1e40  # of an amount; products of a few stay finite


# --- what it says and how it draws ----------------------------------------------------------------
class Distribution:
    """What is believed of a positive quantity."""

    def quantile(self, p: Any) -> Any:
        """Return the value below which a fraction `p` of it lies; but for a lognormal, of an array
        of fractions an array."""
        raise NotImplementedError

    def from_normal(self, z: np.ndarray) -> Any:
        """Return the values of standard normal draws `z` (any shape): each the quantile of its
        rank. An exact number is one number, however many draws there are."""
        return self.quantile(ndtr(z))


@dataclass(frozen=True)
class Exact(Distribution):
    """A number taken as certain."""

    value: float

    def quantile(self, p: object) -> float:
        return self.value

    def __str__(self) -> str:
        return f"{self.value:.12g}"


@dataclass(frozen=True)
class Uniform(Distribution):
    """All values between `low` and `high` equally likely."""

    low: float
    high: float

    def quantile(self, p: Any) -> Any:
        return self.low + (self.high - self.low) * p

    def __str__(self) -> str:
        return f"{self.low:.12g} to {self.high:.12g} (min-max uniform)"


@dataclass(frozen=True)
class Beta(Distribution):
    """A beta distribution with shape parameters `a` and `b`, stretched from `low` to `high`."""

    low: float
    high: float
    a: float
    b: float

    def quantile(self, p: Any) -> Any:
        return self.low + (self.high - self.low) * betaincinv(self.a, self.b, p)

    def __str__(self) -> str:
        return f"{self.low:.12g} to {self.high:.12g} ({self.a:.12g}-{self.b:.12g} beta)"


@dataclass(frozen=True)
class LogNormal(Distribution):
    """A lognormal given by two of its quantiles: a fraction `p_low` of it lies below `low`, a
    fraction `p_high` below `high`."""

    low: float
    high: float
    p_low: float
    p_high: float

    @cached_property
    def sigma(self) -> float:
        """Standard deviation of the natural logarithm."""
        normal = NormalDist()
        apart = normal.inv_cdf(self.p_high) - normal.inv_cdf(self.p_low)
        return math.log(self.high / self.low) / apart

    @cached_property
    def mu(self) -> float:
        """Mean of the natural logarithm, the logarithm of the median."""
        return math.log(self.low) - self.sigma * NormalDist().inv_cdf(self.p_low)

    def quantile(self, p: float) -> float:
        return math.exp(self.mu + self.sigma * NormalDist().inv_cdf(p))

    def from_normal(self, z: np.ndarray) -> np.ndarray:
        """Return exp(mu + sigma z), worked out in place: a second array of a million draws would
        cost more time than the exponential."""
        values = np.multiply(z, self.sigma)
        values += self.mu
        return np.exp(values, out=values)

    def __str__(self) -> str:
        marks = f"p{100 * self.p_low:.6g}-p{100 * self.p_high:.6g}"
        return f"{self.low:.12g} to {self.high:.12g} ({marks} lognormal)"


@dataclass(frozen=True, eq=False)
class Empirical(Distribution):
    """Computed draws used as a distribution, by linear interpolation between their order
    statistics. No notation says it: closed models get theirs from a regression's resamples."""

    draws: np.ndarray = field(repr=False)

    @cached_property
    def _ordered(self) -> np.ndarray:
        return np.sort(self.draws)

    def quantile(self, p: Any) -> Any:
        last = self._ordered.size - 1
        position = np.asarray(p) * last
        below = position.astype(np.intp)
        above = np.minimum(below + 1, last)
        weight = position - below
        return self._ordered[below] * (1 - weight) + self._ordered[above] * weight

    def __str__(self) -> str:
        low, middle, high = (f"{self.quantile(p):.3g}" for p in (0.05, 0.5, 0.95))
        return f"{self.draws.size} bootstrap draws, p5 {low}, p50 {middle}, p95 {high}"


Given = Exact | Uniform | LogNormal | Beta

# --- how it is read -------------------------------------------------------------------------------
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_MARK = r"p?\d+(?:\.\d+)?"
_BRACKET = rf"\(({_MARK}|min)-({_MARK}|max)\s+(\w+)\)"
_NOTATION = re.compile(rf"({_NUMBER})\s+to\s+({_NUMBER})\s*(?:{_BRACKET})?")
_HOW = (
    "write it as '0.15 to 0.35 (p10-p90 lognormal)', '6e23 to 1.5e24 (min-max uniform)' or"
    " '3.142e24'"
)


@lru_cache(maxsize=1024, typed=True)
def parse(text: str | float) -> Given:
    """Read a distribution of a positive quantity from the notation; a bare number is exact.

    Raises InputError for an empty, non-numeric, negative, NaN or infinite amount, zero unless a
    beta begins there, a low above the high, a missing or unknown bracket, and quantiles that are
    equal or in the wrong order.
    """
    words = str(text).strip()
    if not words:
        raise InputError(f"an empty cell where an amount is needed; {_HOW}")
    match = _NOTATION.fullmatch(words)
    if not match:
        return Exact(_positive(words))
    first, second, low_mark, high_mark, family = match.groups()
    low = 0.0 if family == "beta" and float(first) == 0 else _positive(first)
    high = _positive(second)
    if family is None:
        raise InputError(
            f"'{words}': the bracket is missing, so the meaning of 'to' is open; {_HOW}"
        )
    if low >= high:
        equal = "equals" if low == high else "is above"
        raise InputError(
            f"'{words}': the low {equal} the high; write the smaller amount first, or one exact"
            " number"
        )
    if family == "uniform" and (low_mark, high_mark) == ("min", "max"):
        return Uniform(low, high)
    if family == "beta" and low_mark[0].isdigit() and high_mark[0].isdigit():
        return Beta(low, high, _positive(low_mark), _positive(high_mark))
    if family == "lognormal" and low_mark[0] == high_mark[0] == "p":
        p_low, p_high = float(low_mark[1:]) / 100, float(high_mark[1:]) / 100
        if 0 < p_low < p_high < 1:
            return LogNormal(low, high, p_low, p_high)
        raise InputError(
            f"'{words}': the quantiles must be two different ones, lower first, between p0 and p100"
        )
    raise InputError(
        f"'{words}': a uniform takes min-max, a lognormal two quantiles and a beta its two"
        f" exponents, nothing else; {_HOW}"
    )


def _positive(text: str) -> float:
    try:
        number = float(text.replace("_", "x"))  # Python reads 1_000, a table does not
    except ValueError:
        comma = " without thousands separators or decimal commas" if "," in text else ""
        raise InputError(f"'{text}' is not an amount{comma}; {_HOW}") from None
    if not math.isfinite(number) or number <= 0:
        raise InputError(f"'{text}': expected a finite amount above zero")
    if not SMALLEST <= number <= LARGEST:
        raise InputError(f"'{text}': expected an amount from {SMALLEST:g} to {LARGEST:g}")
    return number
