"""The audit's steps are differences of ordinary estimates, and its claims are counts of draws."""

import math

import numpy as np
import pytest

import training_share as ts

FEW = {"n_draws": 3000, "seed": 7}


@pytest.mark.slow
def test_steps_lead_from_newsletter_to_careful():
    steps = ts.audit("minimax", **FEW)
    start, end = (
        ts.estimate("minimax", scenario, **FEW).summary() for scenario in ("newsletter", "careful")
    )
    assert steps["p50"].iloc[0] == start["share_p50"]
    assert steps[["p5", "p50", "p95"]].iloc[-1].tolist() == [
        end["share_p5"],
        end["share_p50"],
        end["share_p95"],
    ]
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
        ts.audit("minimax", data_dir=data_copy.folder, **FEW)


def test_a_correction_of_the_start_is_refused():
    with pytest.raises(ts.InputError, match="already has it"):
        ts.audit("zai", start="careful", corrections=["add-glm-z1"], **FEW)


def test_moving_drops_exactly_the_steps_without_effect():
    steps = ts.audit("zai", **FEW)
    dropped = set(steps.index) - set(ts.corrections.moving(steps).index)
    assert {"m1-rl-reported-hours", "m2.1-fp8", "openai-joint-interval"} <= dropped
    assert not {"newsletter", "add-glm-z1", "zai-owned-compute", "post-training-as-rl"} & dropped


def test_minority_counts_draws_above_one_half():
    table = ts.corrections.minority("minimax", "newsletter,careful", **FEW)
    est = ts.estimate("minimax", "newsletter", **FEW)
    assert table.loc["minimax", "newsletter"] == np.count_nonzero(est.share > 0.5) / est.share.size
    est = ts.estimate("minimax", "careful", **FEW)
    by_weight = est.weights[est.share > 0.5].sum()
    assert table.loc["minimax", "careful"] == pytest.approx(by_weight, rel=1e-12)


def test_minority_takes_all_companies_and_scenarios_by_default():
    table, tables = ts.corrections.minority(**FEW), ts.load()
    assert list(table.index) == list(tables.with_spending)
    assert list(table) == list(tables.scenario_names)


def test_ranking_takes_all_pairs_the_higher_first():
    table = ts.corrections.ranking(scenarios="newsletter", **FEW)
    pairs = set(zip(table["higher"], table["lower"], strict=True))
    assert pairs >= {("minimax", "zai"), ("minimax", "openai"), ("zai", "openai")}
    assert len(pairs) == len(table) == math.comb(len(ts.load().with_spending), 2)
    assert list(table) == ["higher", "lower", "scenario", "shared", "independent"]


def test_another_company_and_another_scenario_enter_the_tables(data_copy):
    key = "openai/rd_compute/CY2024"
    window = {"period": "CY", "period_start": "2024-09-01", "period_end": "2025-08-31"}
    data_copy.add_like("spending", key, company="deepseek", **window)
    data_copy.add_like("scenarios", "appendix/appendix-rl", scenario="another")
    few = {"data_dir": data_copy.folder, **FEW}
    minority, ranking = ts.corrections.minority(**few), ts.corrections.ranking(**few)
    assert "deepseek" in minority.index and "another" in minority
    assert len(ranking) == math.comb(len(minority), 2) * 4
    assert "another" in set(ts.shares.ratio_table("deepseek", **few)["scenario"])
    assert "deepseek" in set(ts.sweep({}, n_jobs=1, **few)["company"])
    assert "deepseek" in ts.implied_rd_compute("moonshot", **few).pattern.known.estimates


def test_shared_market_makes_the_ranking_surer_than_independent_markets():
    table = ts.corrections.ranking([("minimax", "zai")], "newsletter", **FEW)
    assert table["shared"].item() > table["independent"].item() + 0.05


def test_effects_alone_are_those_of_corrections_and_of_evidence():
    effects = ts.corrections.effects_alone("minimax", **FEW)
    evidence = list(ts.load().evidence_names)
    assert set(effects.index) == {*ts.load().cells_of, *evidence}
    assert (effects.loc[evidence, "effective_draws"] < FEW["n_draws"]).all()
    assert (effects.drop(index=evidence)["effective_draws"] == FEW["n_draws"]).all()
    assert effects["alone"].abs().is_monotonic_decreasing


def test_equal_effects_keep_the_order_of_the_file():
    effects = ts.corrections.effects_alone("zai", **FEW)
    unmoved = list(effects.index[effects["alone"].abs() < 1e-12])
    names = [name for name in ts.load().cells_of if name in unmoved]
    assert len(unmoved) > 5 and unmoved == names


def test_a_correction_of_several_cells_gives_all_its_reasons():
    told = ts.tables.scenario_table("careful").loc["m1-rl-reported-hours", "what it corrects"]
    assert (
        told.count("258048") == 2
        and told.startswith("The report states")
        and "Half of the 80k" in told
    )
