"""What a row of evidence says: the quantity, and its observed value.

share                                     assumption price_usd_per_gpu_hour of minimax-m1-80k-rl
largest run                               cost_usd of hailuo
flop of hailuo-02-pretraining / flop of hailuo-01-pretraining
gpu_hours of minimax-text-01 + minimax-vl-01

8 to 18 (p10-p90 lognormal)               at most 0.25 to 0.44 (p10-p90 lognormal)
melded 0 to 1 (1-2 beta)
"""

import re
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, log_ndtr, xlogy

from training_share.errors import InputError, nearest
from training_share.inputs.notation import Beta, Distribution, Exact, LogNormal, Uniform, parse

STEPS = ("flop", "gpu_hours", "cost_usd")  # of a run, each a step of its cost
WHOLE = ("share", "largest run")
MELDED, BINS = "melded", 2_000
_HOW = (
    "write share, largest run, 'assumption NAME of RUN', or flop, gpu_hours or cost_usd of runs or "
    "groups joined by ' + '; and ' / ' between two of them for a ratio"
)


@dataclass(frozen=True)
class Term:
    """One quantity: `kind` is a word of WHOLE or STEPS, or assumption; `names` are runs and groups,
    whose sum it is, or the assumption, as `run` draws it."""

    kind: str
    names: tuple[str, ...] = ()
    run: str = ""


@dataclass(frozen=True)
class Observable:
    """A quantity that a draw predicts: one term, or the ratio of two."""

    text: str
    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return self.text


def parse_observable(text: str) -> Observable:
    """Read a quantity; InputError for words that are none."""
    parts = [part.strip() for part in text.split(" / ")]
    if len(parts) > 2:
        raise InputError(f"'{text}': a ratio has two sides; {_HOW}")
    return Observable(text, tuple(_term(part, text) for part in parts))


def _term(words: str, text: str) -> Term:
    match = re.fullmatch(r"assumption (\S+)(?: of (\S+))?|(flop|gpu_hours|cost_usd) of (.+)", words)
    if words in WHOLE:
        return Term(words)
    if not match:
        raise InputError(f"'{text}'{nearest(words, [*WHOLE, *STEPS, 'assumption'])}; {_HOW}")
    assumption, run, step, names = match.groups()
    if assumption:
        return Term("assumption", (assumption,), run or "")
    return Term(step, tuple(map(str.strip, names.split(" + "))))


@dataclass(frozen=True)
class Observed:
    """The observed `value` of a quantity, or with a `side` ("at most", "at least") a limit at
    `value`, which is soft where `value` is a distribution. With the side "melded" it is a belief,
    joined with the distribution of the draws instead of multiplied into it."""

    value: Distribution
    side: str = ""

    def __str__(self) -> str:
        return f"{self.side} {self.value}".strip()

    def log_likelihood(self, x: np.ndarray) -> np.ndarray:
        """Return how likely the observation is where the truth is `x`, as a logarithm.

        Of a value, the density at `x` up to a constant (a lognormal's is that of ln x: an error of
        so many percent); of a limit, the probability that it leaves room for `x`. What is melded
        is half the logarithm of the density over that of the draws `x` themselves: both densities
        then count as much (Poole and Raftery 2000, "Inference for deterministic simulation models:
        the Bayesian melding approach", doi:10.1080/01621459.2000.10474324).
        """
        if self.side == MELDED:
            return (Observed(self.value).log_likelihood(x) - log_density(x)) / 2
        value, most = self.value, self.side == "at most"
        if isinstance(value, Exact):
            allowed = x <= value.value if most else x >= value.value
            return np.where(allowed, 0.0, -np.inf)
        if isinstance(value, LogNormal):
            z = (np.log(x) - value.mu) / value.sigma
            # its far tail underflows before its logarithm does
            return log_ndtr(-z if most else z) if self.side else -0.5 * z**2
        a, b = (value.a, value.b) if isinstance(value, Beta) else (1.0, 1.0)
        low, high = ends(value)
        part = (np.asarray(x) - low) / (high - low)
        inside = np.clip(part, 0.0, 1.0)
        if not self.side:
            density = xlogy(a - 1, inside) + xlogy(b - 1, 1 - inside)
            return np.where(inside == part, density, -np.inf)
        below = betainc(a, b, inside)
        with np.errstate(divide="ignore"):
            return np.log(1 - below if most else below)


def log_density(draws: np.ndarray) -> np.ndarray:
    """Return the logarithm of the density of positive draws, at each of them: a Gaussian kernel on
    their logarithms, of Silverman's width (1986, "Density Estimation", section 3.4)."""
    from scipy.ndimage import gaussian_filter1d

    logs = np.log(draws)
    if not (width := min(np.std(logs), np.subtract(*np.quantile(logs, [0.75, 0.25])) / 1.34)):
        raise InputError("melded: the draws are all the same, so there is no density to join")
    counts, edges = np.histogram(logs, BINS, density=True)
    kernel = 0.9 * width * logs.size**-0.2 / (edges[1] - edges[0])
    smooth = gaussian_filter1d(counts, kernel, mode="constant")
    return np.log(np.interp(logs, (edges[1:] + edges[:-1]) / 2, smooth)) - logs


def parse_observed(text: str) -> Observed:
    """Read what was observed: a distribution, a limit as in "at most 1", or a prior to be melded.

    Raises InputError as `parse` does, and for a bare number, which no draw ever hits.
    """
    sides = ("at most", "at least", MELDED)
    side = next((side for side in sides if text.startswith(f"{side} ")), "")
    value = parse(text.removeprefix(side))
    if side == MELDED and not isinstance(value, Beta | Uniform):
        raise InputError(
            f"'{text}': melded is a beta or a uniform, as in 'melded 0 to 1 (1-2 beta)'"
        )
    if isinstance(value, Exact) and not side:
        raise InputError(
            f"'{text}': an exact observation agrees with no draw; give it a range, as in '8 to 18 "
            "(p10-p90 lognormal)', or make it a limit, as in 'at most 1'"
        )
    return Observed(value, side)


def ends(distribution: Distribution) -> tuple[float, float]:
    """Return the lowest and highest amount that a distribution names, its median and, where it
    names none, its p5 and p95."""
    middle = distribution.quantile(0.5)
    low = getattr(distribution, "low", distribution.quantile(0.05))
    high = getattr(distribution, "high", distribution.quantile(0.95))
    return min(low, middle), max(high, middle)
