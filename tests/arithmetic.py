"""Closed forms by the standard library and NumPy alone, without the package under test."""

import csv
import math
import re
from pathlib import Path
from statistics import NormalDist

import numpy as np

DATA = Path(__file__).resolve().parents[1] / "data"
NEWSLETTER = ["openai", "minimax", "zai"]  # its companies; the tables may have others
NORMAL = NormalDist()
PROBABILITIES = (0.05, 0.25, 0.50, 0.75, 0.95)


class LogNormalForm:
    """exp(mu + sigma Z). Products, quotients and powers of independent ones are again lognormal."""

    def __init__(self, mu: float, sigma: float) -> None:
        self.mu, self.sigma = mu, sigma

    def __mul__(self, other):
        if not isinstance(other, LogNormalForm):
            return LogNormalForm(self.mu + math.log(other), self.sigma)
        return LogNormalForm(self.mu + other.mu, math.hypot(self.sigma, other.sigma))

    def __truediv__(self, other):
        if not isinstance(other, LogNormalForm):
            return self * (1 / other)
        return self * LogNormalForm(-other.mu, other.sigma)

    def __rtruediv__(self, other):
        return LogNormalForm(-self.mu, self.sigma) * other

    __rmul__ = __mul__

    def quantile(self, p: float) -> float:
        return math.exp(self.mu + self.sigma * NORMAL.inv_cdf(p))


def lognormal(low: float, high: float, p: float = 0.10) -> LogNormalForm:
    """The lognormal with `low` at probability p and `high` at 1 - p."""
    z = NORMAL.inv_cdf(1 - p)
    return LogNormalForm((math.log(low) + math.log(high)) / 2, math.log(high / low) / (2 * z))


def posterior(prior: LogNormalForm, likelihood: LogNormalForm) -> LogNormalForm:
    """Lognormal prior times lognormal likelihood: in logarithms, precisions add."""
    precisions = np.array([prior.sigma**-2, likelihood.sigma**-2])
    mu = precisions @ [prior.mu, likelihood.mu] / precisions.sum()
    return LogNormalForm(float(mu), float(precisions.sum() ** -0.5))


MFU = lognormal(0.15, 0.35)
MFU_RL = lognormal(0.05, 0.20)
PRICE = lognormal(1.50, 3.00)
RL_FRACTION = lognormal(0.05, 0.15)
SFT_FRACTION = lognormal(0.001, 0.05)
POST_TRAINING = lognormal(1.01, 1.10)
BF16 = 9.89e14 * 3600  # FLOP per H800-hour at the BF16 peak


def log_quantile_error(form: LogNormalForm, p: float, n: int) -> float:
    """Standard error of the logarithm of a sample quantile: sqrt(p (1 - p) / n) / density at the
    quantile."""
    return math.sqrt(p * (1 - p) / n) * form.sigma / NORMAL.pdf(NORMAL.inv_cdf(p))


def assert_quantiles(draws: np.ndarray, form: LogNormalForm, errors: float = 4.0) -> None:
    """Fail where a sample quantile is more than `errors` standard errors from the closed form."""
    for p in PROBABILITIES:
        distance = math.log(np.quantile(draws, p)) - math.log(form.quantile(p))
        limit = errors * log_quantile_error(form, p, len(draws))
        assert abs(distance) < limit, (
            f"p{100 * p:g}: {distance / limit * errors:.1f} standard errors away"
        )


def assert_uniform(draws: np.ndarray, low: float, high: float, errors: float = 4.0) -> None:
    """Fail where draws leave `low` to `high`, stop a hundredth short of an end, or have a median
    more than `errors` standard errors from the middle."""
    part = (np.asarray(draws) - low) / (high - low)
    assert 0 < part.min() < 0.01 and 0.99 < part.max() < 1
    assert abs(np.median(part) - 0.5) < errors * 0.5 / math.sqrt(part.size)


def assert_close(found, expected, rel: float = 1e-12) -> None:
    """Fail where floats or arrays differ by more than `rel`, relatively."""
    np.testing.assert_allclose(found, expected, rtol=rel, atol=0)


def median_error(draws: np.ndarray) -> float:
    """Standard error of the median of nearly normal draws."""
    return math.sqrt(math.pi / 2) * float(np.std(draws)) / math.sqrt(len(draws))


def computed(expression: str, **values) -> float | np.ndarray:
    """Evaluate an expression as a trace prints it."""
    names = {"__builtins__": {}, "minimum": np.minimum}
    return eval(expression.replace(" x ", " * "), names, values)


def assert_sentence_adds_up(sentence: str, cost: float, digits: int = 4) -> None:
    """Fail unless each `name = calculation = number` of a trace's sentence is right within the
    digits of its numbers, and the last number is the cost."""
    off = 0.5 * 10.0 ** (1 - digits)  # how far a number is off at most, relatively
    _, _, rest = sentence.removesuffix(" (each input at its median).").partition(": ")
    for part in rest.split("; "):
        _, *calculation, number = part.removesuffix(", as stated").split(" = ")
        for expression in calculation:
            limit = off * len(re.findall(r"\d[\d.e+-]*", part)) * float(number)
            assert abs(computed(expression) - float(number)) < limit, part
    assert abs(float(number) - cost) <= off * cost


def regression_points(modality: str) -> dict[str, tuple[float, float, str]]:
    """model -> log10 of parameters x pixels (or x Hz), log10 of FLOP without the finetune, family;
    the used rows."""
    points = {}
    with (DATA / "generative_models.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["modality"] == modality and row["used"] == "yes":
                per_parameter = float(row["sample_rate_hz"] or 0) or float(row["width"]) * float(
                    row["height"]
                )
                flop = float(row["training_flop"]) - float(row["finetune_flop"] or 0)
                size = float(row["parameters"]) * per_parameter
                points[row["model"]] = (math.log10(size), math.log10(flop), row["family"])
    return points
