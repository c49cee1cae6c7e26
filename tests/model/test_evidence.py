"""Evidence weighs draws: closed forms first, then what must not matter, then refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from arithmetic import MFU, PRICE, LogNormalForm, assert_close, lognormal
from hypothesis import given
from hypothesis import strategies as st

import training_share as ts
from training_share.inputs.observable import parse_observed
from training_share.model.evidence import effective_draws
from training_share.model.precision import quantile, quantile_error
from training_share.model.streams import generator

N = 20_000
P = [0.05, 0.5, 0.95]
FLOP_TO_SHARE = 1.44e23 / (9.89e14 * 3600) / (2094.719e6 / 7.2)  # GLM-4.5V alone over Z.ai's R&D


def observe(data_copy, company: str, quantity: str, value: str, name: str = "seen") -> None:
    """Add a row of evidence to a copy of the tables."""
    data_copy.add_like(
        "evidence",
        "hailuo-ratio/minimax",
        evidence=name,
        company=company,
        quantity=quantity,
        value=value,
    )


def posterior(prior: LogNormalForm, likelihood: LogNormalForm) -> LogNormalForm:
    """Normal prior times normal likelihood, in logarithms: precisions add."""
    precisions = np.array([prior.sigma**-2, likelihood.sigma**-2])
    mu = precisions @ [prior.mu, likelihood.mu] / precisions.sum()
    return LogNormalForm(float(mu), float(precisions.sum() ** -0.5))


def assert_posterior(est: ts.Estimate, draws: np.ndarray, form: LogNormalForm) -> None:
    found, errors = quantile(draws, P, est.weights), quantile_error(draws, np.array(P), est.weights)
    for p, value, error in zip(P, found, errors, strict=True):
        assert abs(value - form.quantile(p)) < 4 * error, p


# --- closed forms ---------------------------------------------------------------------------------
def test_lognormal_prior_times_lognormal_likelihood_is_lognormal(data_copy):
    data_copy.count_only("glm-4.5v")
    observe(
        data_copy, "zai", "assumption price_usd_per_gpu_hour", "1.88 to 2.28 (p10-p90 lognormal)"
    )
    est = ts.estimate("zai", n_draws=N, evidence="seen", data_dir=data_copy.folder)
    price = posterior(PRICE, lognormal(1.88, 2.28))
    assert_posterior(est, np.exp(PRICE.mu + PRICE.sigma * normal("price_usd_per_gpu_hour")), price)
    assert_posterior(est, est.share, FLOP_TO_SHARE * price / MFU)


def test_evidence_on_the_share_itself_and_on_a_ratio(data_copy):
    data_copy.count_only("glm-4.5v")
    observe(data_copy, "zai", "share", "0.001 to 0.0015 (p5-p95 lognormal)", "on-share")
    ratio = "assumption price_usd_per_gpu_hour / assumption mfu"
    observe(data_copy, "zai", ratio, "6 to 9 (p10-p90 lognormal)", "on-ratio")
    per_hour = PRICE / MFU
    for name, seen in (
        ("on-share", lognormal(0.001, 0.0015, 0.05) / FLOP_TO_SHARE),
        ("on-ratio", lognormal(6, 9)),
    ):
        est = ts.estimate("zai", n_draws=N, evidence=name, data_dir=data_copy.folder)
        assert_posterior(est, est.share, FLOP_TO_SHARE * posterior(per_hour, seen))


@pytest.mark.parametrize(
    ("value", "b"),
    [
        ("0 to 1 (1-2 beta)", 2),
        ("0 to 1 (1-3 beta)", 3),
        ("at most 1e-9 to 1 (min-max uniform)", 2),
    ],
)
def test_a_beta_prior_on_a_uniform_share_is_that_beta(data_copy, value, b):
    data_copy.count_only("openai-gpt-4.5")
    data_copy.edit("training_runs", "openai-gpt-4.5", "cost_usd", "1e-9 to 5e9 (min-max uniform)")
    observe(data_copy, "openai", "share", value)
    est = ts.estimate("openai", n_draws=N, evidence="seen", data_dir=data_copy.folder)
    for p in P:
        error = quantile_error(est.share, p, est.weights)
        assert abs(quantile(est.share, p, est.weights) - (1 - (1 - p) ** (1 / b))) < 4 * error
    assert est.mean(est.share > 0.5) == pytest.approx(0.5**b, abs=4 / math.sqrt(N))
    assert est.mean(est.share) == pytest.approx(1 / (1 + b), abs=4 / math.sqrt(N))
    exact = (2 * b - 1) / b**2  # (E w)^2 / E w^2 of w = (1 - share)^(b - 1)
    assert est.effective_draws / N == pytest.approx(exact, rel=0.02)


def test_a_hard_limit_is_rejection_to_the_last_digit():
    free = ts.estimate("minimax", "careful", n_draws=N, evidence=[])
    held = ts.estimate("minimax", "careful", n_draws=N, evidence="other-rd-flat")
    others = ts.compare(["openai", "zai"], "careful", N, evidence=[]).draws
    within = (free.share <= 1) & (others <= 1).all(axis=1).to_numpy()
    assert 0 < within.sum() < N and held.effective_draws == pytest.approx(within.sum())
    assert_close(
        held.summary()[["share_p5", "share_p50", "share_p95"]],
        np.quantile(free.share[within], P),
        rel=1e-9,
    )
    assert held.mean(held.share > 0.5) == pytest.approx((free.share[within] > 0.5).mean())


def test_weights_agree_with_rejection_by_chance():
    est = ts.estimate("minimax", "careful", n_draws=N, evidence="largest-run-half")
    likelihood = est.weights / est.weights.max()
    kept = est.share[generator(7, "rejection").random(N) < likelihood]
    for p in P:
        error = math.hypot(quantile_error(est.share, p, est.weights), quantile_error(kept, p))
        assert abs(quantile(est.share, p, est.weights) - np.quantile(kept, p)) < 4 * error


@pytest.mark.slow
def test_the_standard_error_of_a_weighted_quantile_is_its_scatter_over_seeds():
    found, errors = [], []
    for seed in range(60):
        est = ts.estimate("zai", n_draws=4000, seed=seed, evidence="price-minimax")
        found.append(quantile(est.share, P, est.weights))
        errors.append(quantile_error(est.share, np.array(P), est.weights))
    scatter = np.std(found, axis=0, ddof=1) / np.mean(errors, axis=0)
    assert (scatter > 0.75).all() and (scatter < 1.3).all()


def normal(name: str) -> np.ndarray:
    return generator(42, name).standard_normal(N)


# --- weighted quantiles ---------------------------------------------------------------------------
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60), st.floats(0.01, 0.99))
def test_equal_weights_are_no_weights(values, p):
    draws = np.array(values)
    weights = np.full(draws.size, 1 / draws.size)
    assert quantile(draws, p, weights) == pytest.approx(np.quantile(draws, p), abs=1e-6, rel=1e-9)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.booleans()), min_size=2, max_size=40))
def test_draws_without_weight_play_no_part(pairs):
    draws, kept = (np.array(column) for column in zip(*pairs, strict=True))
    kept[0] = True
    weights = kept / kept.sum()
    expected = np.quantile(draws[kept], P)
    assert quantile(draws, P, weights) == pytest.approx(expected, abs=1e-6, rel=1e-9)


def test_equal_weights_have_the_error_of_unweighted_draws():
    draws = generator(1, "error").standard_normal(5000)
    for p in P:
        weighted = quantile_error(draws, p, np.full(5000, 1 / 5000))
        assert weighted == pytest.approx(quantile_error(draws, p), rel=0.02)


# --- what must not matter -------------------------------------------------------------------------
NAMES = ("price-minimax", "hailuo-ratio", "largest-run-third", "other-rd-beta-1-2")


@given(st.permutations(NAMES))
def test_the_order_of_evidence_does_not_matter(names):
    first = ts.estimate("minimax", "careful", n_draws=500, evidence=NAMES)
    other = ts.estimate("minimax", "careful", n_draws=500, evidence=names)
    assert (first.weights == other.weights).all()


@given(st.sampled_from(["at most 1e9", "at least 1e-9", "1e-9 to 1e9 (min-max uniform)"]))
def test_flat_evidence_changes_nothing(value):
    free = ts.estimate("minimax", n_draws=1000)
    flat = parse_observed(value).log_likelihood(free.share)
    assert effective_draws(np.exp(flat)) == 1000
    weights = np.exp(flat) / 1000
    assert_close(quantile(free.share, P, weights), np.quantile(free.share, P), rel=1e-9)


@pytest.mark.parametrize("settings", [{}, {"mfu": 0.3}, {"release_lag_months": 2}])
def test_a_company_alone_is_the_company_in_a_comparison(settings):
    together = ts.compare(scenario="careful", n_draws=3000, **settings)
    for company, est in together.estimates.items():
        alone = ts.estimate(company, "careful", n_draws=3000, **settings)
        assert (alone.weights == est.weights).all()
        assert (alone.summary() == est.summary()).all()
        assert alone.spread() == est.spread()
    pair = ts.compare(["zai", "minimax"], "careful", 3000, **settings).probabilities
    every = together.probabilities
    assert pair.loc["zai", "minimax"] == every.loc["zai", "minimax"]


def test_no_evidence_has_no_weights():
    est = ts.estimate("minimax", n_draws=100)
    assert est.weights is None and est.effective_draws == 100 and est.evidence == ()
    for none in ([], "none"):
        careful = ts.estimate("minimax", "careful", n_draws=100, evidence=none)
        assert careful.weights is None and careful.again().weights is None
    assert ts.estimate("minimax", "careful", n_draws=100, evidence="").evidence == NAMES


def test_what_was_observed_does_not_depend_on_what_is_asked():
    whole = ts.estimate("minimax", "careful", n_draws=2000)
    for other in (
        whole.without("hailuo"),
        whole.again(exclude_groups="hailuo"),
        whole.again(release_lag_months=2),
        whole.again(company="openai"),
    ):
        assert (other.weights == whole.weights).all()


def test_the_parts_of_a_weighted_estimate_have_weights_of_their_own():
    est = ts.estimate("openai", "careful", n_draws=5000)
    assert len(est.parts) == 20
    weights = {part.weights.tobytes() for part in est.parts}
    assert len(weights) == 20, "the evidence rests on a regression, though OpenAI does not"
    assert est.spread()["p50_error"] >= quantile_error(est.share, 0.5, est.weights)


# --- refusals -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        ("price-minimx", "unknown evidence 'price-minimx'; did you mean 'price-minimax'?"),
        (["other-rd-flat", "other-rd-beta-1-2"], "both speak of share of openai"),
    ],
)
def test_evidence_that_cannot_be_taken_is_refused(evidence, told):
    with pytest.raises(ts.InputError, match=told):
        ts.estimate("minimax", n_draws=10, evidence=evidence)


@pytest.mark.parametrize(
    ("quantity", "value", "told"),
    [
        ("share", "at most 0.001", "no draw agrees"),
        ("assumption mfu", "0.9 to 0.91 (p10-p90 lognormal)", "draws agree with it, too few"),
        ("flop of deepseek-r1-rl", "at most 1e30", "flop of deepseek-r1-rl is not known"),
        ("largest run", "at most 1", "its spending is missing"),
    ],
)
def test_evidence_that_no_draw_can_answer_is_refused_by_name(data_copy, quantity, value, told):
    company = "minimax" if quantity in ("share", "assumption mfu") else "deepseek"
    observe(data_copy, company, quantity, value)
    est = ts.estimate("minimax", n_draws=5000, evidence="seen", data_dir=data_copy.folder)
    with pytest.raises(ts.InputError, match=told):
        _ = est.weights


def test_a_group_that_is_not_counted_in_the_window_is_refused(data_copy):
    observe(data_copy, "minimax", "cost_usd of hailuo", "at most 1e9")
    settings = {"n_draws": 50, "evidence": "seen", "data_dir": data_copy.folder}
    assert ts.estimate("zai", **settings).weights is not None
    data_copy.count_only("minimax-text-01", "glm-4.5")
    with pytest.raises(ts.InputError, match="no counted run of minimax in group 'hailuo'"):
        _ = ts.estimate("zai", **settings).weights


# --- published ------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize(
    ("evidence", "p5", "p50", "p95", "above_half"),
    [
        ([], 7.1, 19.6, 181, 19),
        (["other-rd-flat"], 6.9, 17.8, 68, 11),
        (["other-rd-beta-1-2"], 6.6, 15.7, 48, 4.4),
        (["price-minimax", "hailuo-ratio", "largest-run-third"], 7.9, 16.7, 40, 1.2),
    ],
)
def test_an_independent_calculation_agrees(evidence, p5, p50, p95, above_half):
    """Figures of a calculation that shares no code, in percent; medians within a point."""
    est = ts.estimate("minimax", "careful", evidence=evidence)
    found = est.spread()
    assert 100 * found["p5"] == pytest.approx(p5, abs=0.5)
    assert 100 * found["p50"] == pytest.approx(p50, abs=1)
    assert 100 * found["p95"] == pytest.approx(p95, rel=0.03)
    assert 100 * est.mean(est.share > 0.5) == pytest.approx(above_half, abs=1)
