"""The audit's steps are differences of ordinary estimates, and its claims are counts of draws."""

import math

import numpy as np
import pandas as pd
import pytest
from arithmetic import MFU, NORMAL, PRICE
from refusals import assert_refused

import training_share as ts

FEW = {"n_draws": 3000, "seed": 7}


@pytest.fixture(scope="module")
def effects() -> pd.DataFrame:
    return ts.corrections.effects_alone("minimax", **FEW)


@pytest.mark.slow
def test_steps_lead_from_newsletter_to_careful():
    steps = ts.audit("minimax", **FEW)
    start, end = (
        ts.estimate("minimax", scenario, **FEW).summary() for scenario in ("newsletter", "careful")
    )
    assert steps["p50"].iloc[0] == start["share_p50"]
    shares = ["share_p5", "share_p50", "share_p95"]
    assert steps[["p5", "p50", "p95"]].iloc[-1].tolist() == end[shares].tolist()
    assert steps["in_sequence"].sum() == pytest.approx(end["share_p50"] - start["share_p50"])
    tables = ts.load()
    named = [*tables.scenario_corrections("careful"), *tables.scenario_evidence("careful")]
    assert list(steps.index[1:]) == named


def test_effect_alone_is_the_first_step_of_its_own_audit():
    alone = ts.audit("minimax", corrections=["fp8-sxm-peak", "bootstrap-draws"], **FEW)["alone"]
    first = ts.audit("minimax", corrections=["bootstrap-draws"], **FEW)["in_sequence"]
    assert alone["bootstrap-draws"] == first["bootstrap-draws"]


def test_a_step_that_cannot_be_estimated_is_refused_with_its_reason(data_copy):
    absurd = "500 to 510 (p10-p90 lognormal)"
    data_copy.edit("evidence", "price-minimax/minimax", "value", absurd)
    with pytest.raises(ts.InputError, match=r"evidence price-minimax.* draws agree with"):
        ts.audit("minimax", data_dir=data_copy.folder, n_draws=300)


def test_a_correction_of_the_start_is_refused():
    taken = {"start": "careful", "corrections": ["add-glm-z1"]}
    assert_refused("already has it", ts.audit, "zai", **taken, **FEW)


def test_moving_drops_exactly_the_steps_without_effect():
    steps = ts.audit("zai", **FEW)
    dropped = set(steps.index) - set(ts.corrections.moving(steps).index)
    assert {"m1-rl-reported-hours", "m2.1-fp8", "openai-joint-interval"} <= dropped
    assert not {"newsletter", "add-glm-z1", "zai-owned-compute", "post-training-as-rl"} & dropped


def test_how_sure_counts_draws_above_one_half_and_says_how_exactly():
    found = ts.compare("minimax,zai", **FEW)
    table, choices = ts.corrections.how_sure(found), ts.load().choices_of("how-sure")
    assert list(table) == ["MiniMax", "MiniMax_error", "Z.ai", "Z.ai_error"]
    assert list(table.index) == list(choices)
    assert table.iloc[:, ::2].equals(ts.corrections.how_sure(found, errors=False))
    est = found["minimax"]
    plain = np.count_nonzero(est.share > 0.5) / est.share.size
    assert table.loc["With the newsletter's inputs", "MiniMax"] == plain
    weighted = ts.estimate("minimax", "careful", **FEW)
    by_weight = weighted.weights[weighted.share > 0.5].sum()
    observed = table.loc["With our corrections to the inputs"]
    assert observed["MiniMax"] == pytest.approx(by_weight, rel=1e-12)
    binomial = math.sqrt(by_weight * (1 - by_weight) / weighted.effective_draws)
    assert 0.8 * binomial < observed["MiniMax_error"] < 2 * binomial
    many = ts.estimate("minimax", n_draws=30_000)  # few resamples, whatever the draws
    odds, error = many.probability_of(lambda one: one.share > 0.5)
    assert error > 1.2 * math.sqrt(odds * (1 - odds) / 30_000)
    exact = ts.compare("openai", **FEW)  # rests on no regression
    odds, error = exact["openai"].probability_of(lambda one: one.share > 0.2)
    assert error == pytest.approx(math.sqrt(odds * (1 - odds) / 3000), rel=1e-9)


def test_a_choice_says_all_that_it_means():
    own = {"corrections": "drop-glm-4.6", "evidence": "other-rd-flat", "scenario": "appendix"}
    plain, other = (
        ts.corrections.how_sure(ts.compare("minimax", **settings, **FEW), errors=False)
        for settings in ({}, own)
    )
    pd.testing.assert_frame_equal(plain, other)
    effects = ts.corrections.effects_alone("minimax", corrections="rl-mfu-measured", **FEW)
    both = ts.estimate("minimax", corrections=["rl-mfu-measured", "kokoro-duplicate"], **FEW)
    assert effects.loc["kokoro-duplicate", "p50"] == both.share_quantiles["p50"]


def test_beliefs_are_choices_of_evidence_in_a_table(data_copy):
    table = ts.corrections.beliefs("minimax", **FEW)
    assert list(table.index) == list(ts.load().choices_of("beliefs"))
    cut = ts.estimate("minimax", "careful", evidence="price-minimax, hailuo-ratio, other-rd-flat")
    asked = ts.load().choices_of("beliefs")["Cut at 100%"]
    assert cut.evidence == ts.estimate("minimax", **asked).evidence
    data_copy.edit("choices", "at-most-all", "evidence", "price-minimx")
    told = "choices.csv, row at-most-all, column evidence: no evidence 'price-minimx'; did you mean"
    assert_refused(told, ts.load, data_copy.folder)
    told = "unknown question 'belief'; did you mean 'beliefs'"
    assert_refused(told, ts.load().choices_of, "belief")


def test_another_company_and_another_scenario_enter_the_tables(data_copy):
    key = "openai/rd_compute/CY2024"
    window = {"period": "CY", "period_start": "2024-09-01", "period_end": "2025-08-31"}
    data_copy.add_like("spending", key, company="deepseek", **window)
    data_copy.add_like("scenarios", "appendix/appendix-rl", scenario="another")
    few = {"data_dir": data_copy.folder, **FEW}
    assert "DeepSeek" in ts.corrections.how_sure(ts.compare(**few), errors=False)
    assert "another" in set(ts.shares.ratio_table(ts.compare("deepseek", **few))["scenario"])
    assert "deepseek" in set(ts.sweep({}, n_jobs=1, **few)["company"])
    assert "deepseek" in ts.implied_rd_compute("moonshot", **few).pattern.known.estimates


def test_what_is_common_to_two_companies_makes_their_order_surer():
    found = ts.compare("minimax,zai", **FEW)
    table = ts.corrections.who_is_higher(found).loc[("MiniMax", "Z.ai")]
    assert table["One market for all"] == found.probabilities.loc["minimax", "zai"]
    own = found.again(corrections="independent-market")
    assert table["One market a company"] == own.probabilities.loc["minimax", "zai"]
    assert table["One market for all"] > table["Half in common"] > table["One market a company"]
    assert ts.corrections.who_is_higher(own).loc[("MiniMax", "Z.ai")].equals(table)


def test_markets_in_common_in_part_have_the_closed_form(data_copy):
    """One run each, so that the ratio of the shares is lognormal."""
    data_copy.count_only("minimax-vl-01", "glm-4.5v")
    both = ts.compare("minimax,zai", n_draws=50_000, data_dir=data_copy.folder)
    one, two = both.estimates["minimax"], both.estimates["zai"]
    mean = np.log(1.41e23 / one.rd_compute) - np.log(1.44e23 / two.rd_compute)
    table = ts.corrections.who_is_higher(both).iloc[0, 1:]
    for rho, found in zip((0.5, 0, 0), table, strict=True):
        spread = (PRICE / MFU).sigma * math.sqrt(2 * (1 - rho))
        assert found == pytest.approx(NORMAL.cdf(abs(mean) / spread), abs=0.01)


def test_effects_alone_are_those_of_corrections_and_of_evidence(effects):
    evidence = list(ts.load().evidence_names)
    assert set(effects.index) == {*ts.load().cells_of, *evidence}
    assert (effects.loc[evidence, "effective_draws"] < FEW["n_draws"]).all()
    assert (effects.drop(index=evidence)["effective_draws"] == FEW["n_draws"]).all()
    assert effects["alone"].abs().is_monotonic_decreasing


def test_equal_effects_keep_the_order_of_the_file(effects):
    unmoved = list(effects.index[effects["alone"].abs() < 1e-12])
    names = [name for name in ts.load().cells_of if name in unmoved]
    assert len(unmoved) > 5 and unmoved == names


def test_a_correction_of_several_cells_gives_all_its_reasons():
    told = ts.tables.scenario_table("careful").loc["m1-rl-reported-hours", "what it corrects"]
    assert told.startswith("The report states") and "Half of the 80k" in told
    assert told.count("258048") == 2
