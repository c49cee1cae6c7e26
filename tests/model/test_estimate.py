"""An estimate: total, ratio, variants of the same call, and the tables it returns."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from arithmetic import BF16, MFU, MFU_RL, PRICE, assert_close

import training_share as ts
from training_share.inputs.notation import Exact, LogNormal
from training_share.inputs.tables import load
from training_share.model.draws import normals
from training_share.model.precision import quantiles

N = 400
P = ["p5", "p50", "p95"]


@pytest.fixture(scope="module")
def minimax():
    return ts.estimate("minimax", n_draws=N)


# --- totals ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("company", ["openai", "minimax", "zai"])
def test_total_is_the_sum_of_the_runs_and_share_the_ratio(company):
    est = ts.estimate(company, n_draws=N)
    total = est.costs.sum(axis=1).to_numpy()
    assert_close(est.total_cost, total)
    assert_close(est.share, total / est.rd_compute)
    assert est.costs.shape == (N, len(est.runs)) and est.share.shape == (N,)
    assert (est.costs > 0).all(axis=None)


@pytest.mark.parametrize("scenario", ["newsletter", "appendix"])
def test_total_minus_a_group_is_the_estimate_without_it(scenario):
    whole = ts.estimate("minimax", scenario, n_draws=N)
    hailuo = [run for run, row in whole.runs.items() if row.group == "hailuo"]
    assert len(hailuo) == 4
    rest = whole.total_cost - whole.costs[hailuo].sum(axis=1).to_numpy()
    before = whole.share.copy()
    for other in (whole.without("hailuo"), whole.again(exclude_groups="hailuo")):
        assert_close(other.total_cost, rest)
        assert list(other.costs) == [run for run in whole.costs if run not in hailuo]
        assert (other.costs == whole.costs[list(other.costs)]).all(axis=None)
        assert (other.share < before).all() and (whole.share == before).all()


def test_groups_are_left_out_one_after_the_other():
    groups = {"training_runs/minimax-m1-80k-rl/group": "reasoning"}
    est = ts.estimate("minimax", n_draws=10, changes=groups)
    both, other = est.without("hailuo").without("reasoning"), est.again(seed=3)
    assert (both.share == est.without("reasoning", "hailuo", "hailuo").share).all()
    assert both.excluded == ("hailuo", "reasoning")
    assert (both.again(seed=3).share == other.without("hailuo", "reasoning").share).all()


# --- variants -------------------------------------------------------------------------------------
def test_a_call_is_kept_as_typed_and_repeated_with_changes():
    typed = {
        "company": "minimax",
        "scenario": "",
        "n_draws": N,
        "seed": 3,
        "corrections": "bootstrap-draws, ",
        "exclude_groups": ["hailuo"],
        "evidence": "price-minimax",
        "release_lag_months": "2",
        "mfu": "0.2 to 0.4 (p10-p90 lognormal)",
        "mfu_rl": 0.1,
        "changes": "hardware/h800-fp8/peak_flop_per_s = x 1.5",
        "runs": "model = New, released = 2025-07, flop = 1e24",
    }
    est = ts.estimate(**typed)
    assert {name: est.call[name] for name in typed} == typed
    assert est.again(seed=4).call == est.call | {"seed": 4}
    again = est.again()
    assert (again.share == est.share).all() and (again.weights == est.weights).all()
    plain = ts.estimate("minimax", n_draws=N, seed=3)
    assert (est.again(**dict.fromkeys(list(typed)[4:])).share == plain.share).all()


VARIANTS = (
    {"mfu": "0.3", "seed": 7},
    {"scenario": "careful"},
    {"corrections": ["bootstrap-draws"], "n_draws": 5000},
    {"company": "zai", "evidence": "price-minimax"},
)


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_a_variant_is_what_a_call_of_its_own_gives(changes):
    """Whatever was drawn before it, and whatever of that it takes over."""
    asked = {"company": "minimax", "n_draws": 3000, "bootstrap_resamples": 2000}
    normals.cache.clear()
    alone = ts.estimate(**asked | changes)
    answers = alone.share, alone.weights, alone.costs, alone.spread()
    normals.cache.clear()
    first = ts.estimate(**asked)
    _ = first.share, first.spread()
    for variant in (first.again(**changes), first.again(**changes).again()):
        share, weights, costs, spread = answers
        assert (variant.share == share).all() and variant.spread() == spread
        assert np.array_equal(variant.weights, weights)
        assert (variant.costs == costs).all(axis=None)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_estimates_and_comparisons_are_copied_with_equal_draws(copied):
    asked = {"scenario": "careful", "n_draws": 1000, "bootstrap_resamples": 500, "mfu": Exact(0.3)}
    run = {"model": "New", "released": "2025-07", "flop": LogNormal(1e24, 3e24, 0.1, 0.9)}
    one = ts.estimate("minimax", **asked, runs=[run], release_lag_months=2).without("hailuo")
    both = ts.compare(["minimax", "zai"], **asked)
    for drawn_before in (False, True):
        same, pair = copied(one), copied(both)
        assert repr(same) == repr(one) and repr(pair) == repr(both)
        assert (pair.draws == both.draws).all(axis=None) and pair.table.equals(both.table)
        assert pair.probabilities.equals(both.probabilities)
        for est, again in ((one, same), (one, same.again()), (one.part(3), same.part(3))):
            assert (again.share == est.share).all() and (again.weights == est.weights).all()
            assert again.costs.equals(est.costs) and again.call == est.call, drawn_before


# --- at the medians -------------------------------------------------------------------------------
def test_every_input_stands_at_its_median_by_hand(minimax):
    at_medians = replace(minimax, n_draws=3, at_medians=True)
    mfu, price = MFU.quantile(0.5), PRICE.quantile(0.5)
    m2_rl = 1.05e24 * np.sqrt(0.05 * 0.15) / (1.513e15 * 3600 * MFU_RL.quantile(0.5)) * price
    assert_close(at_medians.cost_usd_of("minimax-vl-01"), 1.41e23 / BF16 / mfu * price)
    assert_close(at_medians.cost_usd_of("minimax-m2-rl"), m2_rl)
    assert_close(at_medians.rd_compute, 179.925e6)
    assert at_medians.share.shape == (3,) and np.ptp(at_medians.share) == 0


# --- what it returns ------------------------------------------------------------------------------
def test_summary_holds_the_quantiles_of_the_draws(minimax):
    summary = minimax.summary()
    rest = ["effective_draws", "months_not_collected", "months_out_of_window"]
    costs, shares = [f"training_cost_{p}" for p in P], [f"share_{p}" for p in P]
    assert list(summary.index) == [*costs, "rd_compute", *shares, *rest, "over_all"]
    assert (summary[rest] == [N, 0, 0]).all() and summary.name == "minimax"
    assert summary["over_all"] == (minimax.share > 1).mean()
    assert summary["rd_compute"] == pytest.approx(179.925)
    assert list(summary[shares]) == list(minimax.share_quantiles.values())
    assert_close(summary[shares], np.percentile(minimax.share, [5, 50, 95]))
    assert_close(summary[costs], np.percentile(minimax.total_cost, [5, 50, 95]) / 1e6)


def test_cost_table_has_a_row_a_run_and_a_total(minimax):
    table = minimax.cost_table()
    assert list(table.columns) == P and table.index.name == "run_id"
    assert list(table.index) == [*minimax.runs, "total"]
    for run_id, cost in minimax.costs.items():
        assert_close(table.loc[run_id], np.quantile(cost, [0.05, 0.5, 0.95]) / 1e6)
    assert table.loc["total", "p50"] == pytest.approx(minimax.summary()["training_cost_p50"])
    assert table["p95"][:-1].sum() > table.loc["total", "p95"], "percentiles are not added"


def test_spread_is_of_the_share_the_total_or_a_run():
    for scenario in ("newsletter", "careful"):
        est = ts.estimate("minimax", scenario, n_draws=N, bootstrap_resamples=500)
        of = {"share": est.share, "training_cost": est.total_cost / 1e6}
        of |= {run: est.costs[run] / 1e6 for run in ("minimax-vl-01", "hailuo-02-sft")}
        for quantity, draws in of.items():
            spread = est.spread(quantity)
            assert [spread[p] for p in P] == quantiles(draws, est.weights).tolist()
        est.spread()["p50"] = 0.0
        assert est.spread()["p50"] > 0, "what is handed out is not what is kept"


def test_inputs_show_the_assumptions_in_force(minimax):
    inputs = minimax.inputs()
    assert list(inputs.columns) == ["value", "unit", "correlation", "source", "note"]
    assert list(inputs.index) == list(load()["assumptions"])
    changed = minimax.again(mfu=0.3, changes={"assumptions/mfu_rl/value": "0.1"}).inputs()
    for name, value in (("mfu", "0.3"), ("mfu_rl", "0.1")):
        assert changed.loc[name, ["value", "source"]].to_list() == [value, "set in this call"]
    assert (changed["source"] == "set in this call").sum() == 2


def test_chain_shows_flop_hours_and_cost(minimax):
    chain = minimax.chain("minimax-m2-rl")
    assert list(chain.columns) == ["flop", "gpu_hours", "cost_usd"] and len(chain) == N
    assert (chain["flop"] == minimax.flop_of("minimax-m2-rl")).all()
    assert (chain["cost_usd"] == minimax.costs["minimax-m2-rl"]).all()
    assert list(ts.estimate("openai", n_draws=5).chain("openai-gpt-4.5")) == ["cost_usd"]
    hours = minimax.again(corrections="m1-rl-reported-hours").chain("minimax-m1-80k-rl")
    assert list(hours) == ["gpu_hours", "cost_usd"] and (hours["gpu_hours"] == 258048).all()


def test_draws_are_a_tidy_frame():
    for evidence in ("none", "price-minimax"):
        est = ts.estimate("zai", n_draws=N, evidence=evidence)
        frame = est.draws(weighted=True)
        assert list(frame) == ["share", "training_cost_usd", "rd_compute_usd", "weight"]
        assert (frame["share"] == est.share).all() and frame.index.name == "draw"
        assert_close(frame["training_cost_usd"] / frame["rd_compute_usd"], frame["share"])
        assert frame["weight"].sum() == pytest.approx(1, rel=1e-12)
    assert (frame["weight"] == est.weights).all()


def test_draws_count_the_same_and_join_one_to_one():
    """Under evidence too: what is worked out without thinking of weights is right."""
    three = ts.compare(scenario="careful", evidence="price-minimax, other-rd-beta-1-2")
    below = (three.shares < 0.5).all(axis=1)
    assert abs((three.draws < 0.5).all(axis=1).mean() - three.mean(below)) < 0.001
    assert abs(below.mean() - three.mean(below)) > 0.1, "without weights it would be wrong"
    for company, est in three.items():
        assert est.draws()["share"].equals(three.draws[company].rename("share"))
        assert abs(est.draws()["share"].median() - est.summary()["share_p50"]) < 0.001
        assert est.median(est.draws()["share"]) == pytest.approx(est.median(est.share), rel=0.01)
        p95 = est.summary()["share_p95"]  # and what was weighed is not weighed again
        assert three.quantile(three.draws[company], 0.95) == pytest.approx(p95, rel=0.01)
    joined = three["zai"].draws().join(three["minimax"].draws(), suffixes=("", "_minimax"))
    assert len(joined) == three["zai"].n_draws


def test_mean_and_median_are_of_one_value_a_draw_or_of_a_number(minimax):
    assert minimax.mean(minimax.share) == pytest.approx(minimax.share.mean(), rel=1e-12)
    assert minimax.mean(minimax.share > 0.2) == (minimax.share > 0.2).mean()
    assert minimax.median(pd.Series(minimax.share)) == np.median(minimax.share)
    assert minimax.median(3.5) == 3.5


def test_it_says_what_it_is_in_a_line():
    text = repr(ts.estimate("minimax", "careful"))
    assert text.startswith("<Estimate of minimax, careful, evidence price-minimax, ")
    est = ts.estimate("minimax", release_lag_months=6)
    low, middle, high = (f"{100 * value:.1f}%" for value in est.share_quantiles.values())
    assert f"{middle} ({low} to {high}) of R&D compute, lower bound" in repr(est)
    assert f"{middle} ({low} to {high})" in est._repr_html_() and "R&amp;D" in est._repr_html_()
    assert "no share (" in repr(ts.estimate("deepseek"))
