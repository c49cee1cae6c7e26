"""The one notation for uncertainty: what it says, how it draws, how it is read.

3.142e24                             a number taken as certain
6e23 to 1.5e24 (min-max uniform)     all values between the two equally likely
0.15 to 0.35 (p10-p90 lognormal)     a lognormal with a tenth below 0.15 and a tenth above 0.35
0 to 1 (1-2 beta)                    a beta with shapes 1 and 2, stretched from 0 to 1

`parse` reads it and `str` prints it back, to twelve digits. A standard normal draw becomes the
value of the same rank: a higher draw is a higher value, whatever is believed of the quantity.
"""

import math
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
from scipy.special import betaincinv, ndtr

from training_share.errors import InputError

LEAST, MOST = 1e-40, 1e40  # of an amount; products of a few stay finite
NORMAL = NormalDist()


# --- what it says and how it draws ----------------------------------------------------------------
class Distribution:
    """What is believed of a positive quantity."""

    def quantile(self, p: Any) -> Any:
        """Return the value below which a fraction `p` lies (not for a lognormal: an array)."""
        raise NotImplementedError

    def from_normal(self, z: np.ndarray) -> Any:
        """Return the values of standard normal draws (any shape), each the quantile of its rank."""
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
    """A beta distribution with shapes `a` and `b`, stretched from `low` to `high`."""

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
    """A lognormal of which a fraction `p_low` lies below `low` and `p_high` below `high`; `mu` and
    `sigma` are mean and standard deviation of its natural logarithm."""

    low: float
    high: float
    p_low: float
    p_high: float

    @cached_property
    def sigma(self) -> float:
        apart = NORMAL.inv_cdf(self.p_high) - NORMAL.inv_cdf(self.p_low)
        return math.log(self.high / self.low) / apart

    @cached_property
    def mu(self) -> float:
        return math.log(self.low) - self.sigma * NORMAL.inv_cdf(self.p_low)

    def quantile(self, p: float) -> float:
        return math.exp(self.mu + self.sigma * NORMAL.inv_cdf(p))

    def from_normal(self, z: np.ndarray) -> np.ndarray:
        values = np.multiply(z, self.sigma)  # then in place: a second array costs more time
        values += self.mu
        return np.exp(values, out=values)

    def __str__(self) -> str:
        marks = f"p{100 * self.p_low:.6g}-p{100 * self.p_high:.6g}"
        return f"{self.low:.12g} to {self.high:.12g} ({marks} lognormal)"


# --- how it is read -------------------------------------------------------------------------------
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_MARK = r"p?\d+(?:\.\d+)?"
_BRACKET = rf"\(({_MARK}|min)-({_MARK}|max)\s+(\w+)\)"
_NOTATION = re.compile(rf"({_NUMBER})\s+to\s+({_NUMBER})\s*(?:{_BRACKET})?")
_HOW = "write it as '0.15 to 0.35 (p10-p90 lognormal)', '1 to 2 (min-max uniform)' or '3.142e24'"


@lru_cache(maxsize=1024, typed=True)
def parse(given: str | float | Distribution) -> Distribution:
    """Read a distribution of a positive quantity from the notation; a bare number is exact, and a
    distribution is returned as it is.

    Raises InputError for what is no finite amount above zero (a beta may begin there), a low above
    the high, a missing or unknown bracket, and quantiles that are equal or in the wrong order.
    """
    if isinstance(given, Distribution):
        low, high = given.quantile(1e-9), given.quantile(1 - 1e-9)
        if 0 < low <= high < math.inf:
            return given
        raise InputError(f"'{given}' runs from {low:g} to {high:g}; amounts are finite, above zero")
    words = str(given).strip()
    match = _NOTATION.fullmatch(words)
    if not match:
        return Exact(_positive(words))
    first, second, low_mark, high_mark, family = match.groups()
    low = 0.0 if family == "beta" and float(first) == 0 else _positive(first)
    high = _positive(second)
    fault = f"a uniform takes min-max, a lognormal two quantiles, a beta its two exponents; {_HOW}"
    if family is None:
        fault = f"the bracket is missing, so the meaning of 'to' is open; {_HOW}"
    elif low >= high:
        fault = f"the low, {low:g}, is not below the high, {high:g}; write the smaller first"
    elif family == "uniform" and (low_mark, high_mark) == ("min", "max"):
        return Uniform(low, high)
    elif family == "beta" and low_mark[0].isdigit() and high_mark[0].isdigit():
        return Beta(low, high, _positive(low_mark), _positive(high_mark))
    elif family == "lognormal" and low_mark[0] == high_mark[0] == "p":
        p_low, p_high = float(low_mark[1:]) / 100, float(high_mark[1:]) / 100
        if 0 < p_low < p_high < 1:
            return LogNormal(low, high, p_low, p_high)
        fault = "the quantiles must be two different ones, lower first, between p0 and p100"
    raise InputError(f"'{words}': {fault}")


def _positive(text: str) -> float:
    if not text:
        raise InputError(f"an empty cell where an amount is needed; {_HOW}")
    try:
        number = float(text.replace("_", "x"))  # Python reads 1_000, a table does not
    except ValueError:
        comma = " without thousands separators or decimal commas" if "," in text else ""
        raise InputError(f"'{text}' is not an amount{comma}; {_HOW}") from None
    if not LEAST <= number <= MOST:
        raise InputError(f"'{text}': expected a finite amount above zero, {LEAST:g} to {MOST:g}")
    return number
