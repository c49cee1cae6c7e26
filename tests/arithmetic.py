"""Closed forms by the standard library and NumPy alone, without the package under test."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from statistics import NormalDist

import numpy as np

DATA = Path(__file__).resolve().parents[1] / "data"
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

    __rmul__ = __mul__

    def quantile(self, p: float) -> float:
        return math.exp(self.mu + self.sigma * NORMAL.inv_cdf(p))


def lognormal(low: float, high: float, p: float = 0.10) -> LogNormalForm:
    """The lognormal with `low` at probability p and `high` at 1 - p."""
    z = NORMAL.inv_cdf(1 - p)
    return LogNormalForm((math.log(low) + math.log(high)) / 2, math.log(high / low) / (2 * z))


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


def assert_close(found, expected, rel: float = 1e-12) -> None:
    """Fail where floats or arrays differ by more than `rel`, relatively."""
    np.testing.assert_allclose(found, expected, rtol=rel, atol=0)


def median_error(draws: np.ndarray) -> float:
    """Standard error of the median of nearly normal draws."""
    return math.sqrt(math.pi / 2) * float(np.std(draws)) / math.sqrt(len(draws))


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
