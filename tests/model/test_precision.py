"""The stated Monte Carlo error is right about as often as it says, and rounding follows it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from arithmetic import MFU, PRICE, log_quantile_error, lognormal
from scipy.stats import binom

import training_share as ts
from training_share.model.precision import QUANTILES, quantile_error, spread, with_error

P = (0.05, 0.50, 0.95)
SEEDS = 1000


def assert_coverage(hits: int, trials: int, stated: float = 0.95) -> None:
    """Fail where so few or many hits come up with a chance below 1 in 1,000 if `stated` is right to
    half a point."""
    low, high = binom.ppf(0.0005, trials, stated - 0.005), binom.ppf(0.9995, trials, stated + 0.005)
    assert low <= hits <= high, f"{hits} of {trials}, expected {low:.0f} to {high:.0f}"


@pytest.mark.parametrize("p", P)
def test_interval_of_a_lognormals_quantile_covers_it_as_often_as_stated(p):
    form = lognormal(0.15, 0.35)
    hits = 0
    for seed in range(SEEDS):
        draws = np.exp(form.mu + form.sigma * np.random.default_rng(seed).standard_normal(4000))
        hits += abs(np.quantile(draws, p) - form.quantile(p)) <= 1.96 * quantile_error(draws, p)
    assert_coverage(hits, SEEDS)


@pytest.mark.slow
def test_interval_of_an_estimate_covers_the_closed_form_over_seeds(data_copy):
    data_copy.count_only("glm-4.5v")
    share = 1.44e23 / (9.89e14 * 3600) * PRICE / MFU
    hits = np.zeros(3, dtype=int)
    for seed in range(300):
        est = ts.estimate("zai", n_draws=3000, seed=seed, data_dir=data_copy.folder)
        truth = np.array([share.quantile(p) for p in P]) / est.rd_compute_usd
        values = est.summary()[["share_p5", "share_p50", "share_p95"]].to_numpy()
        hits += np.abs(values - truth) <= 1.96 * est.precision().loc["share"].to_numpy()
    for count in hits:
        assert_coverage(count, 300)


@pytest.mark.parametrize("n", [2_000, 50_000, 1_000_000])
def test_error_is_that_of_the_density_formula_for_many_draws(n):
    form = lognormal(0.15, 0.35)
    draws = np.exp(form.mu + form.sigma * np.random.default_rng(1).standard_normal(n))
    for p, error in zip(P, quantile_error(draws, P), strict=True):
        assert error == pytest.approx(log_quantile_error(form, p, n) * form.quantile(p), rel=0.25)


def test_several_probabilities_equal_one_by_one_in_any_shape():
    draws = np.random.default_rng(3).standard_normal(10_001)
    table = quantile_error(draws, np.array([P, P[::-1]]))
    assert table.shape == (2, 3)
    assert table.tolist() == [
        [quantile_error(draws, p) for p in P],
        [quantile_error(draws, p) for p in P[::-1]],
    ]


def test_window_of_order_statistics_loses_nothing_against_all_of_them():
    draws = np.sort(np.random.default_rng(4).lognormal(size=3000))
    for p in P:
        rank = round(3000 * p + 0.5)
        weights = np.diff(
            binom.sf(rank - 1, 3000, np.arange(3001) / 3000)
        )  # the beta integral as a binomial tail
        mean = weights @ draws
        assert quantile_error(draws, p) == pytest.approx(
            math.sqrt(weights @ (draws - mean) ** 2), rel=1e-9
        )


def test_scale_shift_and_order_do_what_they_should():
    draws = np.random.default_rng(5).standard_normal(5000)
    error = quantile_error(draws, 0.5)
    assert quantile_error(1e9 + 3 * draws[::-1], 0.5) == pytest.approx(3 * error, rel=1e-4)
    assert quantile_error(np.ones(5000), 0.5) == 0


@pytest.mark.parametrize("value", [1.05, 0.09764, 1 / 3, 7.128e-3])
@pytest.mark.parametrize("weights", [None, np.full(1000, 1e-3), np.arange(1, 1001) / 500_500])
def test_what_is_the_same_in_every_draw_has_no_error_to_the_last_bit(value, weights):
    same = np.full(1000, value)
    told = spread(same, [(same, weights)] * 20, weights)
    assert [told[f"{name}_error"] for name in QUANTILES] == [0, 0, 0]


def test_too_few_draws_beyond_the_quantile_leave_the_error_open():
    assert math.isnan(quantile_error(np.arange(99.0), 0.05))
    assert quantile_error(np.arange(101.0), 0.05) > 0
    assert math.isnan(quantile_error(np.ones(1), 0.5))
    est = ts.estimate("openai", n_draws=50)
    assert est.precision()["p5"].isna().all()


@pytest.mark.parametrize(
    ("draws", "p"),
    [
        ([1.0, np.nan] * 50, 0.5),
        (np.ones((5, 20)), 0.5),
        (np.ones(100), 0.0),
        (np.ones(100), 1.2),
        (np.ones(100), [0.5, np.nan]),
    ],
)
def test_draws_and_probabilities_that_make_no_sense_are_refused(draws, p):
    with pytest.raises(ts.InputError):
        quantile_error(draws, p)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (22.7191, 0.0582, "22.72 ± 0.06"),
        (49.24, 0.21, "49.2 ± 0.2"),
        (1328.6, 7.6, "1,329 ± 8"),
        (0.096, 0.0096, "0.10 ± 0.01"),
        (-12.13, 0.081, "-12.13 ± 0.08"),
        (3.987e24, 2.6e22, "3.99e24 ± 0.03e24"),
        (5.043e-6, 9.2e-8, "5.04e-6 ± 0.09e-6"),
        (140.642, 0.0, "141"),
        (5000.0, math.nan, "5,000"),
        (math.nan, 0.1, ""),
        (9.96, 0.0961, "10.0 ± 0.1"),
    ],
)
def test_a_number_is_shown_to_the_first_digit_of_its_error(value, error, text):
    assert with_error(value, error).replace("\N{NO-BREAK SPACE}", " ") == text


def test_tables_keep_their_names_and_agree():
    est = ts.estimate("minimax", n_draws=20_000)
    assert list(est.precision().columns) == ["p5", "p50", "p95"] == list(est.cost_table().columns)
    assert list(est.precision().index) == ["share", "training_cost"]
    spending = est.summary()["rd_compute"]
    assert np.allclose(
        est.precision().loc["share"] * spending, est.precision().loc["training_cost"]
    )


def test_automatic_number_of_draws_meets_the_target_and_equals_that_number():
    est = ts.estimate("minimax", n_draws="auto", precision_points=0.05)
    assert (
        100 * quantile_error(est.share, 0.5) <= 0.05
    )  # the draws' own; that of the resamples stays
    assert est.n_draws < 200_000
    plain = ts.estimate("minimax", n_draws=est.n_draws)
    assert np.array_equal(plain.share, est.share)
    assert est.again().n_draws == est.n_draws
    assert ts.estimate("minimax", n_draws="auto", precision_points=5).n_draws == 10_000


def test_automatic_draws_count_by_their_weights():
    est = ts.estimate("minimax", "careful", n_draws="auto", precision_points=0.5)
    assert est.effective_draws < est.n_draws
    assert 100 * quantile_error(est.share, 0.5, est.weights) <= 0.5
    assert 100 * quantile_error(est.share, 0.5) < 0.25


def test_companies_compared_automatically_share_one_number_of_draws():
    compared = ts.compare(["openai", "zai"], n_draws="auto", precision_points=0.05)
    counts = {est.n_draws for est in compared.estimates.values()}
    assert len(counts) == 1
    assert compared.draws.shape[1] == 2


@pytest.mark.parametrize("points", [0, -1, math.nan, math.inf, "small", True])
def test_targets_that_make_no_sense_are_refused(points):
    with pytest.raises(ts.InputError, match="precision_points"):
        ts.estimate("openai", n_draws="auto", precision_points=points)


def test_target_beyond_reach_is_refused_before_the_draws_are_made():
    with pytest.raises(ts.InputError, match="more than 10,000,000"):
        ts.estimate("minimax", n_draws="auto", precision_points=1e-4)
    with pytest.raises(ts.InputError, match="n_draws"):
        ts.estimate("minimax", n_draws="many")
