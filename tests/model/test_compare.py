import math

import numpy as np
import pytest

import training_share as ts
from training_share.errors import InputError
from training_share.model.streams import BLOCK

N = BLOCK


@pytest.fixture(scope="module")
def newsletter():
    return ts.compare(n_draws=N)


def test_each_company_is_estimated_as_on_its_own(newsletter):
    for company, est in newsletter.estimates.items():
        alone = ts.estimate(company, n_draws=N)
        assert (est.share == alone.share).all()
        assert (newsletter.draws[company] == alone.share).all()
        assert newsletter.table.loc[company, "share_p50"] == alone.summary()["share_p50"]


def test_the_table_has_a_row_a_company(newsletter):
    table = newsletter.table
    assert list(table.index) == ["openai", "minimax", "zai"] and table.index.name == "company"
    assert table.loc["minimax", "rd_compute"] == pytest.approx(179.925)
    assert table.loc["zai", ["release_start", "release_end"]].tolist() == ["2024-10", "2025-09"]
    assert (table["effective_draws"] == N).all() and (table["months_not_collected"] == 0).all()
    assert (
        (table["share_p5"] < table["share_p50"]) & (table["share_p50"] < table["share_p95"])
    ).all()


@pytest.mark.parametrize("scenario", ["newsletter", "careful"])
def test_probabilities_complement_each_other(scenario):
    probabilities = ts.compare(scenario=scenario, n_draws=2000).probabilities.to_numpy()
    assert np.isnan(np.diag(probabilities)).all()
    both = (probabilities + probabilities.T)[~np.eye(3, dtype=bool)]
    assert both == pytest.approx(np.ones(6), abs=1e-12)


def test_probabilities_compare_draw_by_draw(newsletter):
    minimax, zai = (newsletter.estimates[company].share for company in ("minimax", "zai"))
    assert newsletter.probabilities.loc["minimax", "zai"] == pytest.approx(
        (minimax > zai).mean(), rel=1e-12
    )
    differences = newsletter.differences().loc[("minimax", "zai")]
    assert differences[["p5", "p50", "p95"]].to_numpy() == pytest.approx(
        np.quantile(minimax - zai, [0.05, 0.5, 0.95]), rel=1e-12
    )


def test_two_lognormal_shares_compare_as_the_closed_form_says(data_copy):
    """With one run each, ln(share of MiniMax / share of Z.ai) is normal: the common price and MFU
    cancel."""
    data_copy.count_only("minimax-m1-80k-rl", "glm-4.5v")
    both = ts.compare(["minimax", "zai"], n_draws=N, data_dir=data_copy.folder)
    # MiniMax pays one draw of the RL utilization, Z.ai the common one of pretraining
    minimax = 2.756e23 / math.sqrt(0.05 * 0.20) / 179.925
    middle = math.log(minimax / (1.44e23 / math.sqrt(0.15 * 0.35) / (2094.719 / 7.2)))
    z = 1.2815515655446004
    sigma = math.hypot(math.log(0.20 / 0.05), math.log(0.35 / 0.15)) / (2 * z)
    expected = 0.5 * (1 + math.erf(middle / sigma / math.sqrt(2)))
    found = both.probabilities.loc["minimax", "zai"]
    assert abs(found - expected) < 4 * math.sqrt(expected * (1 - expected) / N)


def test_shared_conditions_move_renters_together_and_openai_apart(newsletter):
    logs = np.log(newsletter.draws).corr()
    assert logs.loc["minimax", "zai"] > 0.4
    assert abs(logs.loc["openai", "zai"]) < 4 / math.sqrt(N)


def test_independent_markets_change_only_what_they_should(newsletter):
    apart = ts.compare(n_draws=N, corrections="independent-market")
    assert (apart.draws["openai"] == newsletter.draws["openai"]).all()
    logs = np.log(apart.draws).corr()
    assert abs(logs.loc["minimax", "zai"]) < 4 / math.sqrt(N)
    for company, run in (("minimax", "minimax-m2-rl"), ("zai", "glm-4.6")):
        together, alone = newsletter.estimates[company], apart.estimates[company]
        assert (together.chain(run)["flop"] == alone.chain(run)["flop"]).all()
        assert (together.chain(run)["gpu_hours"] == alone.chain(run)["gpu_hours"]).all(), (
            "RL utilization is per run"
        )
        assert (together.cost_usd[run] != alone.cost_usd[run]).all()
        error = math.sqrt(math.pi) * np.log(together.share).std() / math.sqrt(N)
        assert abs(np.log(np.median(alone.share) / np.median(together.share))) < 4 * error


def test_groups_are_excluded_where_they_exist(newsletter):
    without = ts.compare(n_draws=N, exclude_groups=["hailuo"])
    for company in ("openai", "zai"):
        assert (without.draws[company] == newsletter.draws[company]).all()
    assert (
        without.draws["minimax"] == newsletter.estimates["minimax"].without("hailuo").share
    ).all()


def test_settings_reach_every_company():
    both = ts.compare(["minimax", "zai"], n_draws=50, mfu=0.3, release_lag_months=0)
    for est in both.estimates.values():
        assert est.inputs().loc["mfu", "value"] == "0.3" and est.company_row.release_lag_months == 0


@pytest.mark.parametrize(
    ("companies", "settings", "told"),
    [
        ([], {}, "name at least one, each once"),
        (["zai", "zai"], {}, "name at least one, each once"),
        (["zai", "minmax"], {}, "did you mean 'minimax'?"),
        (
            ["zai", "openai"],
            {"exclude_groups": "hailuo"},
            "unknown group of zai or openai 'hailuo'",
        ),
        (["zai"], {"n_draws": 0}, "n_draws"),
        (["zai"], {"scenario": "carefull"}, "did you mean 'careful'?"),
    ],
)
def test_what_cannot_be_compared_is_refused(companies, settings, told):
    with pytest.raises(InputError) as caught:
        ts.compare(companies, **settings)
    assert told in str(caught.value)


def test_companies_may_be_named_in_one_text():
    assert list(ts.compare("zai, minimax", n_draws=5).estimates) == ["zai", "minimax"]


def test_estimates_say_what_they_are_in_a_line():
    assert len(repr(ts.estimate("minimax"))) < 200 and len(repr(ts.compare())) < 200
