"""The stated error holds what another seed would move, the regressions' resamples included."""

import numpy as np
import pytest
from scipy.stats import chi2

import training_share as ts
from training_share.model.precision import QUANTILES, quantile_error, resampling_error, spread
from training_share.model.scaling import PARTS

SEEDS = 40


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario", ["newsletter", "careful"]
)  # uniform limits; predictions, on a condition
def test_the_scatter_over_seeds_is_the_stated_error(scenario):
    """MiniMax rests on regressions more than on the number of draws. Where the variance over seeds
    is the stated one, its ratio to it falls outside these limits once in a thousand; a fifth of
    slack for what 20 parts can tell."""
    spreads = [
        ts.estimate("minimax", scenario, n_draws=20_000, seed=seed).spread()
        for seed in range(SEEDS)
    ]
    low, high = chi2.ppf([0.0005, 0.9995], SEEDS - 1) / (SEEDS - 1)
    for name in QUANTILES:
        scatter = np.var([spread[name] for spread in spreads], ddof=1)
        stated = np.mean([spread[f"{name}_error"] ** 2 for spread in spreads])
        assert low / 1.2**2 < scatter / stated < high * 1.2**2, (name, scatter**0.5, stated**0.5)


def test_the_resamples_are_most_of_the_error_of_minimax_and_none_of_openais():
    minimax, openai = ts.estimate("minimax"), ts.estimate("openai")
    draws_alone = quantile_error(minimax.share, 0.5)
    assert minimax.rests_on_regressions and minimax.spread()["p50_error"] > 1.5 * draws_alone
    assert not openai.rests_on_regressions
    assert openai.spread()["p50_error"] == quantile_error(openai.share, 0.5)


def test_more_resamples_leave_less_error():
    few, many = (
        ts.estimate("minimax", n_draws=4000, bootstrap_resamples=number)
        for number in (5_000, 80_000)
    )

    def error(est):
        return resampling_error([np.quantile(part.share, 0.5) for part in est.parts])

    assert (
        2.5 < error(few) / error(many) < 6.5
    )  # the square root of 16, as far as 20 parts can tell


def test_a_quantity_that_the_resamples_do_not_touch_has_no_such_error():
    est = ts.estimate("minimax", n_draws=1000)
    reported = est.spread_of(lambda one: one.cost_usd["minimax-text-01"].to_numpy())
    alone = spread(est.cost_usd["minimax-text-01"].to_numpy())
    assert reported == pytest.approx(alone, rel=1e-12)


def test_the_error_of_all_parts_is_their_scatter_over_the_root_of_their_number():
    scatter = np.random.default_rng(1).standard_normal(PARTS)
    error = resampling_error(list(scatter))
    assert error == pytest.approx(scatter.std(ddof=1) / np.sqrt(PARTS), rel=1e-12)
