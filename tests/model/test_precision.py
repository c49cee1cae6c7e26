"""The stated Monte Carlo error is right about as often as it says, the resamples' part included."""

import math

import numpy as np
import pytest
from arithmetic import MFU, PRICE, assert_close, log_quantile_error
from scipy.stats import binom, chi2

import training_share as ts
from training_share.model.precision import (
    PARTS,
    QUANTILES,
    quantile_error,
    resampling_error,
    spread,
)

P = (0.05, 0.50, 0.95)


def lognormal_draws(seed: int, n: int) -> np.ndarray:
    return np.exp(MFU.mu + MFU.sigma * np.random.default_rng(seed).standard_normal(n))


def assert_coverage(hits: int, trials: int) -> None:
    """Fail where so few or many hits come up with a chance below 1 in 1,000 if 95% is right to half
    a point."""
    low, high = binom.ppf(0.0005, trials, 0.945), binom.ppf(0.9995, trials, 0.955)
    assert low <= hits <= high, f"{hits} of {trials}, expected {low:.0f} to {high:.0f}"


# --- of a quantile --------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2_000, 50_000, 1_000_000])
def test_error_is_that_of_the_density_formula_for_many_draws(n):
    for p, error in zip(P, quantile_error(lognormal_draws(1, n), P), strict=True):
        assert error == pytest.approx(log_quantile_error(MFU, p, n) * MFU.quantile(p), rel=0.25)


def test_nearby_order_statistics_lose_nothing_against_all_of_them_in_any_shape():
    draws, exact = np.sort(np.random.default_rng(4).lognormal(size=3000)), []
    for p in P:
        rank = round(3000 * p + 0.5)  # the beta integral as a binomial tail
        weights = np.diff(binom.sf(rank - 1, 3000, np.arange(3001) / 3000))
        exact.append(math.sqrt(weights @ (draws - weights @ draws) ** 2))
    assert_close(quantile_error(draws, np.array([P, P[::-1]])), [exact, exact[::-1]], 1e-9)
    assert quantile_error(draws, P).tolist() == [quantile_error(draws, p) for p in P]


def test_scale_shift_and_order_do_what_they_should():
    draws = np.random.default_rng(5).standard_normal(5000)
    error = quantile_error(draws, 0.5)
    assert quantile_error(1e9 + 3 * draws[::-1], 0.5) == pytest.approx(3 * error, rel=1e-4)


@pytest.mark.parametrize("value", [1.05, 0.09764, 1 / 3, 7.128e-3])
def test_what_is_the_same_in_every_draw_has_no_error_to_the_last_bit(value):
    same = np.full(1000, value)
    for weights in (None, np.full(1000, 1e-3), np.arange(1, 1001) / 500_500):
        told = spread(same, [(same, weights)] * 20, weights)
        assert [told[f"{name}_error"] for name in QUANTILES] == [0, 0, 0]


def test_too_few_draws_beyond_the_quantile_leave_the_error_open():
    assert math.isnan(quantile_error(np.arange(99.0), 0.05))
    assert quantile_error(np.arange(101.0), 0.05) > 0
    assert math.isnan(quantile_error(np.ones(1), 0.5))
    told = ts.estimate("openai", n_draws=50).spread()
    assert math.isnan(told["p5_error"]) and told["p50_error"] > 0


# --- of an estimate -------------------------------------------------------------------------------
@pytest.mark.slow
def test_interval_of_an_estimate_covers_the_closed_form_over_seeds(data_copy):
    data_copy.count_only("glm-4.5v")
    form = 1.44e23 / (9.89e14 * 3600) / (2094.719e6 / 7.2) * PRICE / MFU
    hits = dict.fromkeys(QUANTILES, 0)
    for seed in range(300):
        told = ts.estimate("zai", n_draws=3000, seed=seed, data_dir=data_copy.folder).spread()
        for name, p in QUANTILES.items():
            hits[name] += abs(told[name] - form.quantile(p)) <= 1.96 * told[f"{name}_error"]
    for count in hits.values():
        assert_coverage(count, 300)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["newsletter", "careful"])  # uniform limits; predictions
def test_the_scatter_over_seeds_is_the_stated_error(scenario):
    """MiniMax rests on regressions more than on the number of draws. Where the variance over seeds
    is the stated one, its ratio to it falls outside these limits once in a thousand; a fifth of
    slack for what 20 parts can tell."""
    asked = {"scenario": scenario, "n_draws": 5000, "bootstrap_resamples": 5000}
    spreads = [ts.estimate("minimax", seed=seed, **asked).spread() for seed in range(40)]
    low, high = chi2.ppf([0.0005, 0.9995], 39) / 39
    for name in QUANTILES:
        scatter = np.var([spread[name] for spread in spreads], ddof=1)
        stated = np.mean([spread[f"{name}_error"] ** 2 for spread in spreads])
        assert low / 1.2**2 < scatter / stated < high * 1.2**2, (name, scatter**0.5, stated**0.5)


def test_the_resamples_are_most_of_the_error_of_minimax_and_none_of_openais():
    minimax, openai = ts.estimate("minimax"), ts.estimate("openai")
    draws_alone = quantile_error(minimax.share, 0.5)
    assert minimax.rests_on_regressions and minimax.spread()["p50_error"] > 1.5 * draws_alone
    assert not openai.rests_on_regressions and openai.parts == ()
    assert openai.spread()["p50_error"] == quantile_error(openai.share, 0.5)


def test_more_resamples_leave_less_error():
    def error(resamples: int) -> float:
        est = ts.estimate("minimax", n_draws=4000, bootstrap_resamples=resamples)
        return resampling_error([np.quantile(part.share, 0.5) for part in est.parts])

    assert 2.5 < error(5_000) / error(80_000) < 6.5  # the root of 16, as far as 20 parts can tell


def test_a_quantity_that_the_resamples_do_not_touch_has_no_such_error():
    est = ts.estimate("minimax", n_draws=1000, bootstrap_resamples=500)
    text = est.spread_of(lambda one: one.costs["minimax-text-01"].to_numpy())
    assert text == pytest.approx(spread(est.costs["minimax-text-01"].to_numpy()), rel=1e-12)


def test_the_error_of_all_parts_is_their_scatter_over_the_root_of_their_number():
    scatter = np.random.default_rng(1).standard_normal(PARTS)
    error = scatter.std(ddof=1) / np.sqrt(PARTS)
    assert resampling_error(list(scatter)) == pytest.approx(error, rel=1e-12)
    draws = np.random.default_rng(2).standard_normal(5000)
    told = spread(draws, [(draws + shift, None) for shift in scatter])
    both = np.hypot(quantile_error(draws, P), error)
    assert_close(list(told.values()), [*np.quantile(draws, P), *both], 1e-9)
