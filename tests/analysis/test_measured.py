"""Measured cases, and the hierarchical model of the next share against other ways to compute it."""

import numpy as np
import pandas as pd
import pytest
from refusals import assert_refused
from scipy.stats import norm

import training_share as ts
from training_share.analysis.measured import COMPANY, GROUPINGS, next_logits
from training_share.inputs.tables import load

FEW = {"n_draws": 6_000, "seed": 7}
PROBABILITIES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


@pytest.fixture(scope="module")
def found():
    return ts.pattern(**FEW)


# --- the cases ------------------------------------------------------------------------------------
def test_shares_by_hand(found):
    shares = found.table()["p50"]
    by_hand = {
        "olmo-3": 1_485_329 / 8.34e6,
        "bloom": 433_196 / 1_163_088,
        "smollm3": 276_480 / 437_760,
        "olmo-series": 913 / 1372,
        "llama-1": 777 / 2638,
        "opt": 1 / 2,
    }
    for case, share in by_hand.items():
        assert shares[case] == pytest.approx(share, rel=0.01), case
    assert [f"{shares[case]:.1%}" for case in ("olmo-3", "bloom")] == ["17.8%", "37.2%"]


def test_a_company_named_is_no_case_besides():
    shares = ts.pattern("ai2,zai", n_draws=100).shares
    assert list(shares)[:2] == ["ai2", "zai"] and "olmo-3" not in shares and "bloom" in shares


def test_context_informs_nothing(found):
    used, cases = set(found.shares), load().measured_cases
    assert used == {*load().with_spending, *(c for c, r in cases.items() if r.used)}
    grades = {row.grade for case, row in cases.items() if case in used}
    assert grades == {"measured", "disclosed estimate"}
    assert {row.grade for case, row in cases.items() if case not in used} == {"inferred", "bound"}


def test_the_scope_drives_the_number(found):
    rows = found.table()
    rows = rows[rows["used"]]
    by_scope = rows.groupby("scope", sort=False)["p50"].agg(["min", "max"])
    assert list(by_scope.index) == [COMPANY, "full pipeline", "intermediate models", "one recipe"]
    for (_, before), (_, after) in zip(
        list(by_scope.iterrows())[1:], list(by_scope.iterrows())[2:], strict=False
    ):
        assert before["max"] < after["min"]


def test_known_companies_stay_as_they_are(found):
    for company, est in found.known.estimates.items():
        np.testing.assert_array_equal(est.share, ts.estimate(company, **FEW).share)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"total_amount": ""}, "final_amount and total_amount belong together"),
        ({"final_share": "0.3"}, "fill exactly one of company, final_amount"),
        ({"final_amount": "", "total_amount": ""}, "fill exactly one of company, final_amount"),
        ({"final_amount": "2e9"}, "final_amount exceeds total_amount"),
        ({"final_amount": "", "total_amount": "", "final_share": "1.2"}, "cannot exceed 1"),
        ({"scope": "everything"}, "one recipe"),
        ({"source_id": "blom-carbon"}, "did you mean 'bloom-carbon'"),
    ],
)
def test_a_case_that_says_no_share_is_refused(data_copy, cells, told):
    for column, value in cells.items():
        data_copy.edit("measured_cases", "bloom", column, value)
    assert_refused(told, load, data_copy.folder)


def test_an_unknown_grouping_is_refused(found):
    assert_refused("did you mean 'all one group'", found.posterior, "all one groups")


# --- the model of the next case -------------------------------------------------------------------
def grid_quantiles(logits, groups, group, m, s) -> np.ndarray:
    """Quantiles of the next case for exactly known ones, by a plain grid over the mean of the group
    and tau; the other group has a mean of its own on a third axis."""
    means, taus = np.linspace(-6, 6, 121), np.linspace(0.02, 5 * s, 120)
    tau = taus[:, None]

    def log_density(values):  # taus x means
        return norm.logpdf(values[:, None, None], means, tau).sum(axis=0) + norm.logpdf(means, 0, m)

    own = log_density(logits[groups == group])
    other = np.logaddexp.reduce(log_density(logits[groups != group]), axis=1)
    log_weight = own + other[:, None] - tau**2 / (2 * s**2)
    weight = np.exp(log_weight - log_weight.max())
    x = np.linspace(-7, 5, 241)
    cdf = np.array([(weight * norm.cdf(value, means, tau)).sum() for value in x]) / weight.sum()
    return np.interp(PROBABILITIES, cdf, x)


@pytest.mark.parametrize(("m", "s"), [(1.5, 1.0), (3.0, 0.3)])
def test_exactly_known_cases_against_a_plain_grid(m, s):
    logits = np.array([-2.1, -1.2, -1.9, 0.6, -0.4])
    groups = np.array(["company"] * 3 + ["project"] * 2)
    drawn = next_logits(np.tile(logits, (40_000, 1)), groups, "company", m, s, seed=3)
    assert len(drawn) == 40_000  # equal draws are worth their number
    ours = np.quantile(drawn["logit"], PROBABILITIES)
    grid = grid_quantiles(logits, groups, "company", m, s)
    assert ours == pytest.approx(grid, abs=0.05)


def test_one_exact_case_and_hardly_any_spread_is_the_closed_form():
    """With tau near zero the next logit is normal about y m^2 / (m^2 + tau^2): nearly y itself."""
    drawn = next_logits(np.full((20_000, 1), -1.3), np.array(["a"]), "a", 2.0, 1e-3, seed=1)
    assert drawn["logit"].mean() == pytest.approx(-1.3, abs=1e-4)
    assert drawn["logit"].std() == pytest.approx(np.sqrt(2) * 1e-3, rel=0.03)  # two cases' tau


def test_a_group_without_a_case_knows_the_spread_alone():
    logits = np.tile([1.0, 1.1, 0.9, 1.05], (20_000, 1))
    drawn = next_logits(logits, np.array(["b"] * 4), "a", 1.5, 1.0, seed=1)
    assert drawn["logit"].mean() == pytest.approx(0, abs=0.05)
    assert drawn["logit"].std() == pytest.approx(np.hypot(1.5, 0.2), rel=0.05)


def ensemble(log_density, start: np.ndarray, steps: int, rng) -> np.ndarray:
    """Goodman and Weare's affine-invariant sampler (2010, doi:10.2140/camcos.2010.5.65), as emcee
    has it: walkers move along lines to others, half of them at a time."""
    walkers, size = start.copy(), start.shape[1]
    halves = np.split(np.arange(len(start)), 2)
    density, kept = log_density(walkers), []
    for step in range(steps):
        for mine, others in (halves, halves[::-1]):
            z = (rng.uniform(size=len(mine)) + 1) ** 2 / 2
            partner = walkers[rng.choice(others, len(mine))]
            proposal = partner + z[:, None] * (walkers[mine] - partner)
            new = log_density(proposal)
            accept = (
                np.log(rng.uniform(size=len(mine))) < (size - 1) * np.log(z) + new - density[mine]
            )
            walkers[mine[accept]], density[mine[accept]] = proposal[accept], new[accept]
        if step >= steps // 4 and step % 10 == 0:
            kept.append(walkers.copy())
    return np.concatenate(kept)


@pytest.mark.slow
def test_uncertain_cases_against_an_independent_sampler():
    """All unknowns sampled, every share and both means among them: no formula in common."""
    seen = np.array([-2.1, -1.2, -1.9, 0.6, -0.4])
    errors = np.diag([0.6, 0.5, 0.45, 0.05, 0.01]) ** 2
    errors[1, 2] = errors[2, 1] = 0.8 * 0.5 * 0.45  # a common market
    groups, m, s = np.array(["company"] * 3 + ["project"] * 2), 1.5, 1.0
    inverse, rng = np.linalg.inv(errors), np.random.default_rng(11)

    def log_density(walkers):
        shares, means, log_tau = walkers[:, :5], walkers[:, 5:7], walkers[:, 7:]
        tau, off = np.exp(log_tau), shares - seen
        value = -0.5 * np.einsum("ki,ij,kj->k", off, inverse, off)
        value += norm.logpdf(shares, means[:, [0, 0, 0, 1, 1]], tau).sum(axis=1)
        value += norm.logpdf(means, 0, m).sum(axis=1)
        return value + (log_tau - tau**2 / (2 * s**2))[:, 0]

    start = np.hstack([seen, seen[:3].mean(), seen[3:].mean(), -0.3])
    walkers = start + 0.05 * rng.standard_normal((240, 8))
    sampled = ensemble(log_density, walkers, 3000, rng)
    theirs = sampled[:, 5] + np.exp(sampled[:, 7]) * rng.standard_normal(len(sampled))
    logits = rng.multivariate_normal(seen, errors, 20_000)
    ours = next_logits(logits, groups, "company", m, s, seed=3)
    a, b = np.quantile(ours["logit"], PROBABILITIES), np.quantile(theirs, PROBABILITIES)
    assert a == pytest.approx(b, abs=0.06)
    assert ours["tau"].median() == pytest.approx(np.median(np.exp(sampled[:, 7])), abs=0.03)


@pytest.mark.slow
def test_intervals_cover_what_is_simulated():
    """90% intervals of the next share and of tau hold the truth in 85% to 95% of 200 made-up
    patterns, whose parameters are drawn from the priors."""
    rng, m, s, covered = np.random.default_rng(5), 1.5, 1.0, []
    groups = np.array(["company"] * 3 + ["project"] * 6)
    error = np.array([0.6, 0.5, 0.45, *[0.05] * 6])
    for number in range(200):
        means, tau = rng.normal(0, m, 2), abs(rng.normal(0, s))
        true = np.repeat(means, [3, 6]) + tau * rng.standard_normal(9)
        seen = true + error * rng.standard_normal(9)
        logits = seen + error * rng.standard_normal((1500, 9))
        drawn = next_logits(logits, groups, "company", m, s, seed=number)
        for value, draws in (
            (means[0] + tau * rng.standard_normal(), drawn["logit"]),
            (tau, drawn["tau"]),
        ):
            low, high = np.quantile(draws, [0.05, 0.95])
            covered.append(low <= value <= high)
    coverage = np.reshape(covered, (200, 2)).mean(axis=0)
    assert ((coverage >= 0.85) & (coverage <= 0.95)).all(), coverage


# --- what it says ---------------------------------------------------------------------------------
def test_the_posterior_narrows_the_prior_and_company_years_lie_below_projects(found):
    prior, after = found.prior()["share"], found.next_share["share"]
    width = {name: np.ptp(np.quantile(x, [0.05, 0.95])) for name, x in (("p", prior), ("a", after))}
    assert width["a"] < 0.7 * width["p"]
    projects = found.table().query("used and kind == 'measured'")["p50"]
    assert after.median() < projects.min() + 0.02
    assert prior.median() == pytest.approx(0.5, abs=0.02)


def test_more_spread_beforehand_is_a_wider_interval(found):
    for grouping in GROUPINGS:
        draws = [found.posterior(grouping, spread_scale=scale) for scale in (0.25, 1.0, 4.0)]
        widths = [np.ptp(np.quantile(one["share"], [0.05, 0.95])) for one in draws]
        assert (np.diff(widths) > 0).all()
        assert (np.diff([one["tau"].median() for one in draws]) > 0).all()


def test_one_thing_is_changed_at_a_time(found):
    table = found.dependence()
    assert table.loc[("as chosen", "by default"), "p50"] == np.quantile(
        found.next_share["share"], 0.5
    )
    for name in ("mean", "spread"):
        rows = table.loc[f"prior of the {name}, its scale in logits"]
        other = found.posterior(**{f"{name}_scale": float(rows.index[-1])})
        assert rows["p95"].iloc[-1] == np.quantile(other["share"], 0.95)
    medians = table.loc["prior of the mean, its scale in logits", "p50"]
    assert (np.diff(medians) < 0).all(), "the prior's mean is one half"


def test_projects_say_nothing_of_the_next_company_unless_asked(found):
    without = ts.pattern(changes={"measured_cases/*/used": "no"}, **FEW)
    assert without.next_share["share"].equals(found.next_share["share"])
    grouped = "companies and projects"
    assert not without.posterior(grouped)["share"].equals(found.posterior(grouped)["share"])


def test_draws_above_all_of_rd_are_told_and_beliefs_are_not_stacked():
    found = ts.pattern("minimax", scenario="careful", n_draws=5000)
    est = ts.estimate("minimax", "careful", n_draws=5000)
    assert found.table().loc["minimax", "over_all"] == est.mean(est.share > 1) > 0.02
    assert found.table().loc["minimax", "p95"] == est.share_quantiles["p95"]
    cut = ts.pattern("minimax", evidence="other-rd-flat", n_draws=500)
    assert cut.table().loc["minimax", "over_all"] == 0
    for name in ("other-rd-beta-1-2", "other-rd-beta-1-2-melded"):
        assert_refused("two would be stacked", ts.pattern, evidence=name, n_draws=500)


def test_a_step_of_tau_stands_for_its_whole_interval(found):
    assert found.next_share["tau"].nunique() > 0.9 * len(found.next_share)


def test_other_windows_keep_the_corrections_on_top():
    rows = ts.measured.windows(companies="minimax", corrections="appendix-rl", n_draws=500)
    for row in rows.itertuples():
        names = ["appendix-rl", "calendar-2025"][: 1 + row.variant]
        est = ts.estimate("minimax", n_draws=500, corrections=names)
        assert row.p50 == est.share_quantiles["p50"]
    assert rows["variant"].tolist() == [False, True]


def test_priors_are_set_by_name_and_the_rest_stays(found):
    wide = ts.pattern(next_case_spread_scale="4", **FEW)
    pd.testing.assert_frame_equal(wide.shares, found.shares)
    pd.testing.assert_frame_equal(wide.next_share, found.posterior(spread_scale=4.0))
