"""The moved numbers once more in plain NumPy: rows of the tables, a generator of its own, and none
of the package's arithmetic. What is compared agrees within the errors of both."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from recomputed import Recomputed

import training_share as ts

N = 80_000
SPENT = {"minimax": 180.0e6, "openai": 5.0e9}  # USD, as the filings and reports add up
MELDED = {"evidence": "melded", "company": "minimax", "quantity": "share"}
MELDED |= {"value": "melded 0 to 1 (1-2 beta)", "source_id": "own-judgement"}
pytestmark = pytest.mark.slow


class Plain(Recomputed):
    """Runs and R&D compute of a scenario, from the rows that are in force."""

    def __init__(self, scenario: str, corrections=()) -> None:
        tables, self.rng = ts.load().for_scenario(scenario, corrections), np.random.default_rng(1)
        normal = cache(lambda name: self.rng.standard_normal(N))
        super().__init__(tables, normal, cache(self.predicted))
        self.lines = {}

    def predicted(self, key: str) -> np.ndarray:
        """Common line, bootstrap, predictive, as in careful; or uniform from p5 to p95."""
        row = self.tables.closed_models[key]
        points = self.tables.generative_models.values()
        kept = [p for p in points if p.modality == row.modality and p.used]
        per = [p.sample_rate_hz or p.width * p.height for p in kept]
        x = np.log10([p.parameters * of for p, of in zip(kept, per, strict=True)])
        y = np.log10([p.training_flop - (p.finetune_flop or 0) for p in kept])
        if row.modality not in self.lines:
            at = self.rng.integers(0, len(x), (N, len(x)))
            dx = x[at] - x[at].mean(axis=1, keepdims=True)
            slope = (dx * y[at]).sum(axis=1) / (dx**2).sum(axis=1)
            self.lines[row.modality] = slope, y[at].mean(axis=1) - slope * x[at].mean(axis=1)
        slope, intercept = self.lines[row.modality]
        fit = np.polyfit(x, y, 1)
        scatter = np.sqrt(((y - np.polyval(fit, x)) ** 2).sum() / (len(x) - 2))
        parameters = row.parameters.from_normal(self.normal(f"parameters {key}"))
        size = np.log10(parameters * (row.sample_rate_hz or row.width * row.height))
        log_flop = intercept + slope * size
        if self.tables.choice("closed_model_interval") == "predictive":
            return 10 ** (log_flop + scatter * self.normal(f"scatter {key}"))
        low, high = np.quantile(10**log_flop, [0.05, 0.95])
        return self.rng.uniform(low, high, N)

    def share(self, company: str, spent: float) -> np.ndarray:
        row = self.tables.companies[company]
        days = (row.spending_start, row.spending_end)
        first, last = (pd.Period(day, "M") + row.release_lag_months for day in days)
        counted = [run for run in self.runs.values() if run.company == company and run.counted]
        return sum(self.usd(run) for run in counted if first <= run.released <= last) / spent


def weighed(plain: Plain) -> np.ndarray:
    """Weights by the stated price of one run and the stated ratio of two: normal in logarithms."""
    price = plain.assumed("price_usd_per_gpu_hour", plain.runs["minimax-m1-80k-rl"])
    one, other = (plain.flop(plain.runs[f"hailuo-{name}-pretraining"]) for name in ("02", "01"))
    logs = 0.0
    for name, seen in (("price-minimax", price), ("hailuo-ratio", one / other)):
        value = plain.tables.evidence[f"{name}/minimax"].value.value
        logs = logs - ((np.log(seen) - value.mu) / value.sigma) ** 2 / 2
    weights = np.exp(logs - logs.max())
    return weights / weights.sum()


def quantiles(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    order = np.argsort(values)
    return np.interp([0.05, 0.5, 0.95], np.cumsum(weights[order]), values[order])


def assert_agrees(est: ts.Estimate, share: np.ndarray, weights: np.ndarray) -> None:
    """Medians within 4%, ends within 8%, the upper one within 15%: twice what seeds differ by."""
    theirs, ours = quantiles(share, weights), list(est.share_quantiles.values())
    assert (abs(np.log(ours / theirs)) < [0.08, 0.04, 0.15]).all(), (ours, theirs)
    odds = weights @ (share > 0.5)
    assert abs(est.mean(est.share > 0.5) - odds) < 0.02 + 0.1 * odds


@pytest.mark.parametrize("corrections", [(), ("half-shared-market",), ("per-run-market",)])
@pytest.mark.parametrize("scenario", ["newsletter", "careful"])
def test_minimax_under_observations_and_however_much_is_common(scenario, corrections):
    plain = Plain(scenario, corrections)
    share = plain.share("minimax", SPENT["minimax"])
    weights = weighed(plain) if scenario == "careful" else np.full(N, 1 / N)
    est = ts.estimate("minimax", scenario, corrections=corrections)
    assert_agrees(est, share, weights)
    if scenario == "careful" and not corrections:
        cut = weights * (share <= 1)
        one = est.again(evidence="price-minimax, hailuo-ratio, other-rd-flat")
        assert_agrees(one, share, cut / cut.sum())
        belief = cut * 2 * (1 - np.minimum(share, 1))
        product = est.again(evidence="price-minimax, hailuo-ratio, other-rd-beta-1-2")
        assert_agrees(product, share, belief / belief.sum())
        counts, edges = np.histogram(np.log(share), 300, density=True)
        density = np.interp(np.log(share), (edges[1:] + edges[:-1]) / 2, counts) / share
        joined = weights * np.sqrt(2 * np.clip(1 - share, 0, 1) / density)
        melded = est.again(
            rows={"evidence": [MELDED]}, evidence="price-minimax, hailuo-ratio, melded"
        )
        assert_agrees(melded, share, joined / joined.sum())


@pytest.mark.parametrize("correction", ["predictive-interval", "rl-mfu-measured"])
def test_minimax_by_choice_made(correction):
    share = Plain("newsletter", (correction,)).share("minimax", SPENT["minimax"])
    est = ts.estimate("minimax", corrections=correction)
    assert_agrees(est, share, np.full(N, 1 / N))


def test_the_next_company_after_three_and_openai_at_its_own_share():
    """A plain grid over tau and the common mean, and draws of the shares as lognormals."""
    found, rng = ts.pattern(), np.random.default_rng(2)
    logits = np.log(found.shares[["openai", "minimax", "zai"]])
    logits = (logits - np.log1p(-np.exp(logits))).to_numpy()[:1_000]
    tau = np.linspace(0.01, 5, 250)[:, None]
    mean = np.linspace(-6, 4, 201)
    prior = np.exp(-(tau**2) / 2 - (mean / 1.5) ** 2 / 2)
    like = sum(
        np.prod([np.exp(-(((x - mean) / tau) ** 2) / 2) / tau for x in row], axis=0)
        for row in logits
    )
    mass = (prior * like).ravel() / (prior * like).sum()
    at = rng.choice(mass.size, 200_000, p=mass)
    drawn = mean[at % 201] + tau[at // 201, 0] * rng.standard_normal(at.size)
    theirs = np.quantile(1 / (1 + np.exp(-drawn)), [0.05, 0.5, 0.95])
    ours = np.quantile(found.next_share["share"], [0.05, 0.5, 0.95])
    assert (abs(np.log(ours / theirs)) < 0.05).all(), (ours, theirs)
    own = 8.3 * np.quantile(Plain("newsletter").share("openai", SPENT["openai"]), [0.05, 0.5, 0.95])
    row = ts.implied_training_costs(2025).loc["openai/rd_compute_by_epoch/CY2025"]
    assert (abs(np.log(row[["own_p5", "own_p50", "own_p95"]].astype(float) / own)) < 0.02).all()
