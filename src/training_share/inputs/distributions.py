"""Read and print the one notation for uncertainty, and turn standard normals into values.

0.15 to 0.35 (p10-p90 lognormal)      170 to 890 (p5-p95 lognormal)
6e23 to 1.5e24 (min-max uniform)      3.142e24
0 to 1 (1-2 beta)                     at most 0.25 to 0.44 (p10-p90 lognormal)   (evidence alone)
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from statistics import NormalDist

import numpy as np
from scipy.special import betainc, betaincinv, log_ndtr, ndtr, xlogy

from training_share.errors import InputError

SMALLEST, LARGEST = 1e-40, 1e40  # of an amount; products of a few stay finite
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NOTATION = re.compile(
    rf"(?P<low>{_NUMBER})\s+to\s+(?P<high>{_NUMBER})\s*"
    r"(?:\((?P<low_mark>p?\d+(?:\.\d+)?|min)-(?P<high_mark>p?\d+(?:\.\d+)?|max)"
    r"\s+(?P<family>\w+)\))?"
)
_HOW = (
    "write it as '0.15 to 0.35 (p10-p90 lognormal)', '6e23 to 1.5e24 (min-max uniform)' or"
    " '3.142e24'"
)
_BOUNDS = ("at most", "at least")


@dataclass(frozen=True)
class Exact:
    """A number taken as certain."""

    value: float

    def from_normal(self, z: np.ndarray) -> float:
        """Return the number itself, whatever the draws `z`."""
        return self.value

    def quantile(self, p: float) -> float:
        """Return the number itself, whatever the probability `p`."""
        return self.value

    def __str__(self) -> str:
        return f"{self.value:.12g}"


@dataclass(frozen=True)
class Uniform:
    """All values between `low` and `high` equally likely."""

    low: float
    high: float

    def from_normal(self, z: np.ndarray) -> np.ndarray:
        """Map standard normal draws `z` (any shape) to values by their rank, so that a higher z is
        a higher value."""
        return self.low + (self.high - self.low) * ndtr(z)

    def quantile(self, p: float) -> float:
        """Return the value below which a fraction `p` of the distribution lies."""
        return self.low + (self.high - self.low) * p

    def below(self, x: np.ndarray) -> np.ndarray:
        """Return the probability that lies below each `x`."""
        return np.clip((x - self.low) / (self.high - self.low), 0.0, 1.0)

    def log_likelihood(self, x: np.ndarray) -> np.ndarray:
        """Return the logarithm of the density at `x`, up to a constant."""
        return np.where((x >= self.low) & (x <= self.high), 0.0, -np.inf)

    def __str__(self) -> str:
        return f"{self.low:.12g} to {self.high:.12g} (min-max uniform)"


@dataclass(frozen=True)
class LogNormal:
    """A lognormal given by two of its quantiles: probability `p_low` lies below `low`, `p_high`
    below `high`."""

    low: float
    high: float
    p_low: float
    p_high: float

    @cached_property
    def sigma(self) -> float:
        """Standard deviation of the natural logarithm."""
        normal = NormalDist()
        return math.log(self.high / self.low) / (
            normal.inv_cdf(self.p_high) - normal.inv_cdf(self.p_low)
        )

    @cached_property
    def mu(self) -> float:
        """Mean of the natural logarithm, the logarithm of the median."""
        return math.log(self.low) - self.sigma * NormalDist().inv_cdf(self.p_low)

    def from_normal(self, z: np.ndarray) -> np.ndarray:
        """Map standard normal draws `z` (any shape) to values."""
        values = np.multiply(z, self.sigma)
        values += self.mu
        return np.exp(values, out=values if isinstance(values, np.ndarray) else None)

    def quantile(self, p: float) -> float:
        """Return the value below which a fraction `p` of the distribution lies."""
        return math.exp(self.mu + self.sigma * NormalDist().inv_cdf(p))

    def log_likelihood(self, x: np.ndarray) -> np.ndarray:
        """Return the logarithm of the density of ln x, up to a constant: how likely an observation
        with this relative error is where the truth is `x`."""
        return -0.5 * ((np.log(x) - self.mu) / self.sigma) ** 2

    def __str__(self) -> str:
        return (
            f"{self.low:.12g} to {self.high:.12g} (p{100 * self.p_low:.6g}-p{100 * self.p_high:.6g}"
            " lognormal)"
        )


@dataclass(frozen=True)
class Beta:
    """A beta distribution with exponents `a` and `b`, stretched from `low` to `high`."""

    low: float
    high: float
    a: float
    b: float

    def from_normal(self, z: np.ndarray) -> np.ndarray:
        """Map standard normal draws `z` (any shape) to values by their rank."""
        return self.low + (self.high - self.low) * betaincinv(self.a, self.b, ndtr(z))

    def quantile(self, p: float) -> float:
        """Return the value below which a fraction `p` of the distribution lies."""
        return float(self.low + (self.high - self.low) * betaincinv(self.a, self.b, p))

    def below(self, x: np.ndarray) -> np.ndarray:
        """Return the probability that lies below each `x`."""
        return betainc(self.a, self.b, np.clip(self._part(x), 0.0, 1.0))

    def log_likelihood(self, x: np.ndarray) -> np.ndarray:
        """Return the logarithm of the density at `x`, up to a constant."""
        part = self._part(x)
        inside = np.clip(part, 0.0, 1.0)
        log_density = xlogy(self.a - 1, inside) + xlogy(self.b - 1, 1 - inside)
        return np.where(inside == part, log_density, -np.inf)

    def _part(self, x: np.ndarray) -> np.ndarray:
        return (np.asarray(x) - self.low) / (self.high - self.low)

    def __str__(self) -> str:
        return f"{self.low:.12g} to {self.high:.12g} ({self.a:.12g}-{self.b:.12g} beta)"


@dataclass(frozen=True, eq=False)
class Empirical:
    """Computed draws used as a distribution, by linear interpolation between their order
    statistics."""

    draws: np.ndarray = field(repr=False)

    @cached_property
    def _ordered(self) -> np.ndarray:
        return np.sort(self.draws)

    def from_normal(self, z: np.ndarray) -> np.ndarray:
        """Map standard normal draws `z` (any shape) to the quantile of the same rank."""
        position = ndtr(z) * (self._ordered.size - 1)
        index = position.astype(np.intp)
        upper = np.minimum(index + 1, self._ordered.size - 1)
        weight = position - index
        return self._ordered[index] * (1 - weight) + self._ordered[upper] * weight

    def quantile(self, p: float) -> float:
        """Return the value below which a fraction `p` of the draws lies."""
        return float(np.quantile(self._ordered, p))

    def __str__(self) -> str:
        low, middle, high = (f"{self.quantile(p):.3g}" for p in (0.05, 0.5, 0.95))
        return f"{self.draws.size} bootstrap draws, p5 {low}, p50 {middle}, p95 {high}"


Given = Exact | Uniform | LogNormal | Beta
Distribution = Given | Empirical


@dataclass(frozen=True)
class Bound:
    """A limit that something observed lies below ("at most") or above ("at least"); one that is
    itself uncertain is a soft bound."""

    side: str
    limit: Given

    def log_likelihood(self, x: np.ndarray) -> np.ndarray:
        """Return the logarithm of the probability that the limit leaves room for `x`."""
        most = self.side == "at most"
        if isinstance(self.limit, Exact):
            allowed = x <= self.limit.value if most else x >= self.limit.value
            return np.where(allowed, 0.0, -np.inf)
        if isinstance(self.limit, LogNormal):  # its far tail underflows before its logarithm does
            beyond = (np.log(x) - self.limit.mu) / self.limit.sigma
            return log_ndtr(-beyond if most else beyond)
        below = self.limit.below(x)
        with np.errstate(divide="ignore"):
            return np.log(1 - below if most else below)

    def __str__(self) -> str:
        return f"{self.side} {self.limit}"


Observed = Uniform | LogNormal | Beta | Bound


def parse_observed(text: str) -> Observed:
    """Read what was observed: a distribution, or a limit as in "at most 1".

    Raises InputError as `parse` does, and for a bare number, which no draw ever hits.
    """
    words = text.strip()
    for side in _BOUNDS:
        if words.startswith(f"{side} "):
            return Bound(side, parse(words.removeprefix(side)))
    value = parse(words)
    if isinstance(value, Exact):
        raise InputError(
            f"'{words}': an exact observation agrees with no draw; give it a range, as in '8 to 18 "
            "(p10-p90 lognormal)', or make it a limit, as in 'at most 1'"
        )
    return value


@lru_cache(maxsize=1024, typed=True)
def parse(text: str | float) -> Given:
    """Read a distribution of a positive quantity from the notation; a bare number is exact.

    Raises InputError for an empty, non-numeric, negative, zero, NaN or infinite amount, a low above
    the high, a missing or unknown bracket, and quantiles that are equal or in the wrong order.
    """
    words = str(text).strip()
    if not words:
        raise InputError(f"an empty cell where an amount is needed; {_HOW}")
    match = _NOTATION.fullmatch(words)
    if not match:
        return Exact(_positive(words))
    from_zero = match["family"] == "beta" and float(match["low"]) == 0
    low, high = 0.0 if from_zero else _positive(match["low"]), _positive(match["high"])
    if match["family"] is None:
        raise InputError(
            f"'{words}': the bracket is missing, so the meaning of 'to' is open; {_HOW}"
        )
    if low >= high:
        equal = "equals" if low == high else "is above"
        raise InputError(
            f"'{words}': the low {equal} the high; write the smaller amount first, or one exact"
            " number"
        )
    marks = (match["low_mark"], match["high_mark"])
    if match["family"] == "uniform" and marks == ("min", "max"):
        return Uniform(low, high)
    if match["family"] == "beta" and "p" not in "".join(marks) and "m" not in "".join(marks):
        return Beta(low, high, _positive(marks[0]), _positive(marks[1]))
    if match["family"] == "lognormal" and all(mark.startswith("p") for mark in marks):
        p_low, p_high = (float(mark[1:]) / 100 for mark in marks)
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
        number = float(text.replace("_", "x"))
    except ValueError:
        comma = " without thousands separators or decimal commas" if "," in text else ""
        raise InputError(f"'{text}' is not an amount{comma}; {_HOW}") from None
    if not math.isfinite(number) or number <= 0:
        raise InputError(f"'{text}': expected a finite amount above zero")
    if not SMALLEST <= number <= LARGEST:
        raise InputError(f"'{text}': expected an amount from {SMALLEST:g} to {LARGEST:g}")
    return number
