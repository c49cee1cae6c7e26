"""Companies on common draws: shares side by side, and who is higher draw by draw."""

import math

import numpy as np
import pytest
from arithmetic import MFU, MFU_RL, NEWSLETTER, NORMAL, assert_close

import training_share as ts

N = 16_000


@pytest.fixture(scope="module")
def newsletter():
    return ts.compare(NEWSLETTER, n_draws=N)


def test_each_company_is_estimated_as_on_its_own(newsletter):
    table = newsletter.table
    assert list(table.index) == NEWSLETTER and table.index.name == "company"
    for company, est in newsletter.estimates.items():
        alone = ts.estimate(company, n_draws=N)
        assert (est.share == alone.share).all()
        assert (newsletter.draws[company] == alone.share).all()
        assert (table.loc[company, alone.summary().index] == alone.summary()).all()
    assert newsletter.rests_on_regressions and newsletter.draws.index.name == "draw"
    assert not ts.compare(["openai"], n_draws=5).rests_on_regressions


def test_the_table_says_unit_windows_and_caveat():
    told = ["display_name", "unit", "spending_start", "release_start", "release_end", "caveat"]
    table = ts.compare(["zai", "ai2"], n_draws=5).table[told].astype(str)
    assert [*table.loc["zai"]] == ["Z.ai", "USD", "2024-07-01", "2024-10", "2025-09", ""]
    assert [*table.loc["ai2"]] == ["Ai2", "H100-hours", "2025-01-01", "2025-01", "2025-11", ""]


@pytest.mark.parametrize("scenario", ["newsletter", "careful"])
def test_probabilities_are_those_of_the_draws_and_complement_each_other(scenario):
    three = ts.compare(NEWSLETTER, scenario, n_draws=2000)
    above = three.probabilities.to_numpy()
    assert np.isnan(np.diag(above)).all()
    assert_close((above + above.T)[~np.eye(3, dtype=bool)], 1)
    higher = three.shares["minimax"] > three.shares["zai"]
    expected = np.average(higher, weights=three.weights)
    assert three.probabilities.loc["minimax", "zai"] == pytest.approx(expected, rel=1e-12)


def test_differences_are_those_of_the_draws_with_their_errors(newsletter):
    minimax, zai = (newsletter.estimates[company].share for company in ("minimax", "zai"))
    told = newsletter.spread_of(lambda both: both.draws["minimax"] - both.draws["zai"])
    found = [told[name] for name in ("p5", "p50", "p95")]
    assert_close(found, np.quantile(minimax - zai, [0.05, 0.5, 0.95]))
    assert all(told[f"{name}_error"] > 0 for name in ("p5", "p50", "p95"))


def test_two_lognormal_shares_compare_as_the_closed_form_says(data_copy):
    """With one run each, ln(share of MiniMax / share of Z.ai) is normal: the common price and MFU
    cancel. MiniMax pays one draw of the RL utilization, Z.ai the common one of pretraining."""
    data_copy.count_only("minimax-m1-80k-rl", "glm-4.5v")
    both = ts.compare(["minimax", "zai"], n_draws=N, data_dir=data_copy.folder)
    ratio = 2.756e23 / 179.925 / (1.44e23 / (2094.719 / 7.2)) * MFU / MFU_RL
    expected = NORMAL.cdf(ratio.mu / ratio.sigma)
    found = both.probabilities.loc["minimax", "zai"]
    assert abs(found - expected) < 4 * math.sqrt(expected * (1 - expected) / N)


def test_groups_are_excluded_where_they_exist(newsletter):
    without = ts.compare(NEWSLETTER, n_draws=N, exclude_groups=["hailuo"])
    for company in ("openai", "zai"):
        assert (without.draws[company] == newsletter.draws[company]).all()
    alone = newsletter.estimates["minimax"].without("hailuo").share
    assert (without.draws["minimax"] == alone).all()


def test_settings_reach_every_company_and_another_call_keeps_them():
    both = ts.compare("zai, minimax", n_draws=50, mfu=0.3, release_lag_months=0)
    assert list(both.estimates) == ["zai", "minimax"]
    for est in (*both.estimates.values(), *both.again(seed=7).estimates.values()):
        assert est.inputs().loc["mfu", "value"] == "0.3"
        assert est.company_row.release_lag_months == 0
    assert (both.again(seed=7).draws != both.draws).all(axis=None)


def test_a_comparison_by_parts_has_the_parts_of_its_companies(newsletter):
    part = newsletter.part(3)
    for company, est in newsletter.estimates.items():
        assert (part.shares[company] == est.part(3).share).all() and len(part.draws) == 4000
    assert (
        newsletter.mean(newsletter.shares["zai"]),
        list(newsletter.quantile([1, 2, 3], [0, 1])),
    ) == (newsletter["zai"].share.mean(), [1, 3])


def test_a_comparison_is_a_mapping_and_says_its_shares(newsletter):
    assert list(newsletter) == ["openai", "minimax", "zai"] and len(newsletter) == 3
    assert newsletter["zai"] is newsletter.estimates["zai"] and "ai2" not in newsletter
    assert repr(newsletter).startswith("<Comparison: openai ") and "; zai " in repr(newsletter)
    assert newsletter._repr_html_().count("<p>") == 3
