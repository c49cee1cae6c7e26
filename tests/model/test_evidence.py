"""Evidence weighs draws: closed forms first, then what must not matter, then refusals."""

import math
from dataclasses import replace

import numpy as np
import pytest
from arithmetic import MFU, NEWSLETTER, PRICE, LogNormalForm, assert_close, lognormal, posterior
from hypothesis import given
from hypothesis import strategies as st
from refusals import assert_refused

import training_share as ts
from training_share.inputs.observable import log_density, parse_observed
from training_share.model.draws import generator, normals
from training_share.model.evidence import effective_draws
from training_share.model.precision import quantile, quantile_error

N = 20_000
P = [0.05, 0.5, 0.95]
TO_COST = 1.44e23 / (9.89e14 * 3600)  # of price over utilization, GLM-4.5V alone
TO_SHARE = TO_COST / (2094.719e6 / 7.2)  # over Z.ai's R&D compute
NAMES = ("price-minimax", "hailuo-ratio", "largest-run-third", "other-rd-beta-1-2")


def seen(company: str, quantity: str, value: str) -> dict[str, dict[str, str]]:
    """Rows with one of evidence."""
    return {"evidence": {"company": company, "quantity": quantity, "value": value}}


def assert_posterior(est: ts.Estimate, draws: np.ndarray, quantiles: list[float]) -> None:
    found, errors = quantile(draws, P, est.weights), quantile_error(draws, np.array(P), est.weights)
    assert (abs(found - quantiles) < 4 * errors).all(), (found - quantiles) / errors


# --- closed forms ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("quantity", "low", "high", "prior", "rest"),
    [
        ("assumption price_usd_per_gpu_hour", 1.88, 2.28, PRICE, 1 / MFU),
        ("assumption price_usd_per_gpu_hour / assumption mfu", 6, 9, PRICE / MFU, 1),
        ("cost_usd of glm-4.5v", 2e5, 4e5, TO_COST * PRICE / MFU, 1 / TO_COST),
        ("share", 0.001, 0.0015, TO_SHARE * PRICE / MFU, 1 / TO_SHARE),
    ],
)
def test_lognormal_prior_times_lognormal_likelihood_is_lognormal(
    data_copy, quantity, low, high, prior: LogNormalForm, rest
):
    data_copy.count_only("glm-4.5v")
    rows = seen("zai", quantity, f"{low} to {high} (p10-p90 lognormal)")
    est = ts.estimate("zai", n_draws=N, rows=rows, data_dir=data_copy.folder)
    form = posterior(prior, lognormal(low, high)) * rest * TO_SHARE
    assert_posterior(est, est.share, [form.quantile(p) for p in P])


@pytest.fixture
def uniform_share(data_copy):
    """A company whose share is uniform between 0 and 1, but for evidence on it."""
    data_copy.count_only("openai-gpt-4.5")
    spent = "1e-9 to 5e9 (min-max uniform) checked"
    data_copy.edit("training_runs", "openai-gpt-4.5", "cost_usd", spent)
    folder = data_copy.folder
    return lambda value: ts.estimate(
        "openai", n_draws=N, rows=seen("openai", "share", value), data_dir=folder
    )


@pytest.mark.parametrize(
    ("value", "b"),
    [
        ("0 to 1 (1-2 beta)", 2),
        ("0 to 1 (1-3 beta)", 3),
        ("at most 1e-9 to 1 (min-max uniform)", 2),
    ],
)
def test_a_beta_prior_on_a_uniform_share_is_that_beta(uniform_share, value, b):
    est = uniform_share(value)
    assert_posterior(est, est.share, [1 - (1 - p) ** (1 / b) for p in P])
    assert est.mean(est.share > 0.5) == pytest.approx(0.5**b, abs=4 / math.sqrt(N))
    assert est.mean(est.share) == pytest.approx(1 / (1 + b), abs=4 / math.sqrt(N))
    exact = (2 * b - 1) / b**2  # (E w)^2 / E w^2 of w = (1 - share)^(b - 1)
    assert est.effective_draws / N == pytest.approx(exact, rel=0.02)


def test_a_melded_prior_is_the_geometric_mean_of_two_densities(uniform_share):
    """Uniform draws and Beta(1, 3): their densities' geometric mean is proportional to 1 - share,
    which is Beta(1, 2)."""
    est = uniform_share("melded 0 to 1 (1-3 beta)")
    found = quantile(est.share, P, est.weights)
    assert found == pytest.approx([1 - math.sqrt(1 - p) for p in P], abs=0.02)
    draws = lognormal(2, 8).quantile(0.5) * np.exp(0.3 * normals(7, "density", 200_000))
    exact = -0.5 * (np.log(draws / 4) / 0.3) ** 2 - np.log(0.3 * math.sqrt(2 * math.pi) * draws)
    inside = abs(np.log(draws / 4)) < 0.6
    assert abs(log_density(draws) - exact)[inside].max() < 0.05


def test_a_price_of_one_run_says_of_others_what_is_common():
    name, medians = "price_usd_per_gpu_hour", []
    rows = seen("zai", f"assumption {name} of glm-4.5v", "3 to 3.3 (p10-p90 lognormal)")
    for how in ("shared", "0.5 shared + 0.5 per-run", "per-run"):
        changes = {f"assumptions/{name}/correlation": how}
        est = ts.estimate("zai", n_draws=N, rows=rows, changes=changes)
        priced, other = (est.assumption(name, run) for run in ("glm-4.5v", "glm-4.5"))
        form = posterior(PRICE, lognormal(3, 3.3))
        assert_posterior(est, priced, [form.quantile(p) for p in P])
        rho = {"shared": 1.0, "per-run": 0.0}.get(how, 0.5)
        mu = PRICE.mu + rho * (form.mu - PRICE.mu)
        sigma = math.sqrt(PRICE.sigma**2 * (1 - rho**2) + rho**2 * form.sigma**2)
        assert_posterior(est, other, [LogNormalForm(mu, sigma).quantile(p) for p in P])
        medians.append(est.median(other))
    assert np.diff(medians).max() < 0


def test_a_hard_limit_is_rejection_to_the_last_digit():
    free = ts.compare(NEWSLETTER, "careful", n_draws=N, evidence=[]).estimates
    held = ts.estimate("minimax", "careful", n_draws=N, evidence="other-rd-flat")
    within = np.all([est.share <= 1 for est in free.values()], axis=0)
    assert 0 < within.sum() < N and held.effective_draws == pytest.approx(within.sum())
    kept = free["minimax"].share[within]
    assert_close(held.summary()[["share_p5", "share_p50", "share_p95"]], np.quantile(kept, P), 1e-9)
    assert held.mean(held.share > 0.5) == pytest.approx((kept > 0.5).mean())


def test_a_limit_on_the_largest_run_weighs_by_the_largest_of_the_window():
    est = ts.estimate("minimax", n_draws=N, evidence="largest-run-half")
    limit, likely = parse_observed("at most 0.375 to 0.6667 (p10-p90 lognormal)"), 1.0
    for one in ts.compare(NEWSLETTER, n_draws=N).estimates.values():
        largest = one.costs.max(axis=1).to_numpy() / one.rd_compute
        likely = likely * np.exp(limit.log_likelihood(largest))
    assert_close(est.weights, likely / likely.sum(), 1e-9)
    kept = est.share[generator(7, "rejection").random(N) < likely / likely.max()]
    for p in P:  # and as rejection by chance has it
        error = math.hypot(quantile_error(est.share, p, est.weights), quantile_error(kept, p))
        assert abs(quantile(est.share, p, est.weights) - np.quantile(kept, p)) < 4 * error


def test_a_ratio_of_runs_and_groups_is_that_of_their_sums():
    names = "gpu_hours of minimax-text-01 + minimax-vl-01 / gpu_hours of hailuo"
    rows = seen("minimax", names, "2 to 8 (p10-p90 lognormal)")
    est = ts.estimate("zai", n_draws=N, rows=rows)
    hours = ts.estimate("minimax", n_draws=N).gpu_hours_of
    video = ("hailuo-02-pretraining", "hailuo-02-sft", "hailuo-i2v-01-director")
    below = sum(map(hours, (*video, "hailuo-t2v-01-director")))
    ratio, form = (hours("minimax-text-01") + hours("minimax-vl-01")) / below, lognormal(2, 8)
    likely = np.exp(-(((np.log(ratio) - form.mu) / form.sigma) ** 2) / 2)
    assert_close(est.weights, likely / likely.sum(), 1e-9)


@pytest.mark.slow
def test_the_standard_error_of_a_weighted_quantile_is_its_scatter_over_seeds():
    found, errors = [], []
    for seed in range(60):
        est = ts.estimate("zai", n_draws=4000, seed=seed, evidence="price-minimax")
        found.append(quantile(est.share, P, est.weights))
        errors.append(quantile_error(est.share, np.array(P), est.weights))
    scatter = np.std(found, axis=0, ddof=1) / np.mean(errors, axis=0)
    assert (scatter > 0.75).all() and (scatter < 1.3).all()


# --- weighted quantiles ---------------------------------------------------------------------------
@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.booleans()), min_size=2, max_size=40))
def test_draws_without_weight_play_no_part_and_equal_weights_are_none(pairs):
    draws, kept = (np.array(column) for column in zip(*pairs, strict=True))
    kept[0] = True
    expected = np.quantile(draws[kept], P)
    assert quantile(draws, P, kept / kept.sum()) == pytest.approx(expected, abs=1e-6, rel=1e-9)


def test_equal_weights_have_the_error_of_unweighted_draws():
    draws, weights = generator(1, "error").standard_normal(5000), np.full(5000, 1 / 5000)
    assert effective_draws(7 * weights) == pytest.approx(5000)  # whatever their scale
    assert_close(quantile_error(draws, P, weights), quantile_error(draws, P), rel=0.02)


# --- what must not matter -------------------------------------------------------------------------
@given(st.permutations(NAMES))
def test_the_order_of_evidence_does_not_matter(names):
    first = ts.estimate("minimax", "careful", n_draws=500, evidence=NAMES)
    other = ts.estimate("minimax", "careful", n_draws=500, evidence=names)
    assert (first.weights == other.weights).all()


@pytest.mark.parametrize("value", ["at most 1e9", "at least 1e-9", "1e-9 to 1e9 (min-max uniform)"])
def test_flat_evidence_changes_nothing(value):
    est = ts.estimate("minimax", n_draws=1000, rows=seen("minimax", "share", value))
    assert est.effective_draws == pytest.approx(1000, rel=1e-12)
    assert_close(list(est.share_quantiles.values()), np.quantile(est.share, P), rel=1e-9)


@pytest.mark.parametrize("settings", [{}, {"mfu": 0.3}, {"release_lag_months": 2}], ids=str)
def test_weights_are_one_to_a_company_alone_in_a_pair_and_in_three(settings):
    asked = {"scenario": "careful", "n_draws": 1000, "bootstrap_resamples": 500, **settings}
    three, pair = ts.compare(**asked), ts.compare(["zai", "minimax"], **asked)
    weights = three.weights
    for together in (pair, *three.estimates.values()):
        alone = ts.estimate(together.company, **asked) if together is not pair else pair
        normals.cache.clear()  # so that they are worked out anew
        assert (alone.weights == weights).all() and (together.weights == weights).all()
    assert (alone.summary() == together.summary()).all()
    np.testing.assert_equal(alone.spread(), together.spread())
    one, both = (each.probabilities.loc["zai", "minimax"] for each in (three, pair))
    assert one == both


def test_weights_are_those_of_the_correlations_asked_for():
    """The same tables, with and without: neither takes the other's weights, in whatever order."""
    pair = {("mfu", "price_usd_per_gpu_hour"): 0.6}
    few = {"scenario": "careful", "n_draws": 2000}
    found = []
    for first, second in ((None, pair), (pair, None)):
        normals.cache.clear()
        found.append(ts.estimate("minimax", correlate=first, **few).weights)
        found.append(ts.estimate("minimax", correlate=second, **few).weights)
    assert (found[0] == found[3]).all() and (found[1] == found[2]).all()
    assert (found[0] != found[1]).any()


def test_what_was_observed_does_not_depend_on_what_is_asked(data_copy):
    """Groups, lag and window, however set: evidence is judged in the scenario's own."""
    few = {"n_draws": 2000, "bootstrap_resamples": 2000}
    whole = ts.estimate("minimax", "careful", evidence=NAMES, **few)
    weights = whole.weights
    for other in (
        whole.without("hailuo"),
        whole.again(exclude_groups="hailuo"),
        whole.again(release_lag_months=2),
        whole.again(changes="companies/*/release_lag_months = 0"),
        whole.again(spending_start="2024-01-01", spending_end="2024-12-31"),
        whole.again(company="openai"),
        whole.again(company="deepseek"),
    ):
        normals.cache.clear()
        assert (other.weights == weights).all()
    data_copy.edit("companies", "minimax", "release_lag_months", "0")  # another scenario
    assert (whole.again(data_dir=data_copy.folder).weights != weights).any()


def test_no_evidence_has_no_weights():
    est = ts.estimate("minimax", n_draws=100)
    assert est.weights is None and est.effective_draws == 100 and est.evidence == ()
    for none in ([], "none"):
        careful = ts.estimate("minimax", "careful", n_draws=100, evidence=none)
        assert careful.weights is None and careful.again().weights is None
    assert ts.estimate("minimax", "careful", n_draws=100, evidence="").evidence == NAMES[:2]


def test_medians_have_no_weights_and_leave_those_of_draws_alone():
    est = ts.estimate("minimax", "careful", n_draws=777, seed=99)
    assert replace(est, at_medians=True).weights is None
    assert est.weights.max() > 2 / 777


def test_the_parts_of_a_weighted_estimate_have_weights_of_their_own():
    est = ts.estimate("openai", "careful", n_draws=5000, bootstrap_resamples=2000)
    assert len(est.parts) == 20 and {part.n_draws for part in est.parts} == {4000}
    weights = {part.weights.tobytes() for part in est.parts}
    assert len(weights) == 20, "the evidence rests on a regression, though OpenAI does not"
    assert est.spread()["p50_error"] >= quantile_error(est.share, 0.5, est.weights)


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("company", "quantity", "value", "told"),
    [
        ("minimax", "share", "at most 0.001", "evidence own: no draw agrees with all of it"),
        ("minimax", "assumption mfu", "0.9 to 0.91 (p10-p90 lognormal)", "too few.*n_draws="),
        ("deepseek", "flop of deepseek-r1-rl", "at most 9e30", "deepseek-r1-rl is not known"),
        ("deepseek", "largest run", "at most 1", "its spending is missing"),
        ("minimax", "cost_usd of hailuo", "at most 1", "no counted run of minimax in group"),
        ("openai", "share", "at most 1", "no counted run of openai was .* no share; leave"),
        ("openai", "largest run", "at most 1", "no counted run of openai .* no largest run"),
    ],
)
def test_evidence_that_no_draw_can_answer_is_refused_by_name(
    data_copy, company, quantity, value, told
):
    if "counted" in told:
        data_copy.count_only("minimax-text-01")
    asked = {"n_draws": 5000, "bootstrap_resamples": 500, "data_dir": data_copy.folder}
    est = ts.estimate("minimax", rows=seen(company, quantity, value), **asked)
    assert_refused(told, getattr, est, "weights")


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
    """Figures of a calculation that shares no code, in percent; medians within a point. It took the
    ratio of the two Hailuo models as 8 to 18."""
    ratio = {"evidence/hailuo-ratio/minimax/value": "8 to 18 (p10-p90 lognormal)"}
    est = ts.estimate("minimax", "careful", evidence=evidence, changes=ratio)
    found = est.spread()
    assert 100 * found["p5"] == pytest.approx(p5, abs=0.5)
    assert 100 * found["p50"] == pytest.approx(p50, abs=1)
    assert 100 * found["p95"] == pytest.approx(p95, rel=0.03)
    assert 100 * est.mean(est.share > 0.5) == pytest.approx(above_half, abs=1)
