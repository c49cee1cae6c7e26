"""Questions that ended in an error of Python, or in silence, are answered or refused kindly."""

from pathlib import Path

import numpy as np
import pytest
from refusals import assert_refused

import training_share as ts

FEW = {"n_draws": 4000, "seed": 3}


@pytest.mark.slow
def test_a_breaking_point_under_evidence_is_one_of_the_estimate():
    table = ts.sensitivity.breaking_points("minimax", scenario="careful", **FEW)
    for name in ("mfu", "price_usd_per_gpu_hour"):
        value = f"{table.loc[name, 'value']:.12g} checked"
        est = ts.estimate("minimax", "careful", **{name: value}, **FEW)
        assert est.share_quantiles["p50"] == pytest.approx(0.5, rel=2e-3)
    assert np.isnan(table.loc["sft_fraction", "value"])  # no fraction brings it so far


def test_a_breaking_point_leaves_what_was_set_by_hand():
    changes = {"closed_models/hailuo-02/parameters": "x 1.1"}
    changes |= {"spending/minimax/rd_compute/*/amount_millions": "x 0.8"}
    settings = {"mfu": 0.3, "changes": changes, "n_draws": 1000}
    table = ts.sensitivity.breaking_points("minimax", **settings)
    price = f"{table.loc['price_usd_per_gpu_hour', 'value']:.12g}"
    est = ts.estimate("minimax", price_usd_per_gpu_hour=price, **settings)
    assert np.median(est.share) == pytest.approx(0.5, rel=1e-3)
    assert table.loc["mfu", "median"] == 0.3


def test_a_sweep_in_the_order_of_estimate_and_one_too_large_are_refused():
    assert_refused("grid: write sweep.*got 'minimax'", ts.sweep, "minimax", {"mfu": [0.2]})
    many = {"mfu": np.linspace(0.1, 0.5, 2000), "price_usd_per_gpu_hour": np.linspace(1, 3, 1000)}
    assert_refused("2,000,000 rows, 100,000 at most", ts.sweep, many, "zai", n_jobs=1)
    once = ts.sweep({"mfu": iter([0.2, 0.3])}, "zai", n_jobs=1, n_draws=200)
    assert once["mfu"].to_list() == [0.2, 0.3]


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("run", [3, None, ["newsletter"], True, {}])
def test_what_is_no_run_has_no_difference(which, run):
    runs = ["newsletter", "newsletter"]
    runs[which] = run
    assert_refused("is neither a scenario", ts.diff, *runs, "zai", n_draws=20)


def test_a_group_that_a_change_makes_can_be_left_out():
    changes = {"training_runs/glm-4.6/group": "updates"}
    asked = {"changes": changes, "exclude_groups": "updates", "n_draws": 50}
    found = ts.compare(["minimax", "zai"], **asked).estimates
    assert "glm-4.6" not in found["zai"].runs and found["minimax"].excluded == ()
    assert (found["zai"].share == ts.estimate("zai", **asked).share).all()
    rows = ts.sweep({"exclude_groups": ["", "updates"]}, "zai", changes=changes, n_jobs=1, **FEW)
    assert rows["p50"][1] < rows["p50"][0]


def test_an_unknown_correction_has_no_window():
    assert_refused("did you mean 'calendar-2025'", ts.measured.windows, "calendar-2026", n_draws=20)


WRONG = [3, 1.5, True, {"a": 1}, [1], object(), Path("no"), b"x", np.array([1, 2])]
FINE = ("data_dir=no", "flop=3", "flop=[1 2]", "seed=3", "n_draws=3")
OF_ESTIMATE = ["company", "scenario", "corrections", "exclude_groups", "evidence", "changes"]
OF_ESTIMATE += ["runs", "data_dir", "mfu", "spending_start", "seed", "n_draws"]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        *((ts.estimate, name) for name in OF_ESTIMATE),
        (ts.compare, "companies"),
        (ts.load, "data_dir"),
        (ts.cost, "flop"),
        (ts.implied_rd_compute, "known"),
        (ts.sensitivity.surface, "rows"),
    ],
)
def test_an_argument_of_a_wrong_type_is_refused_as_input(call, name):
    asked = {ts.estimate: {"company": "zai"}, ts.implied_rd_compute: {"company": "deepseek"}}
    asked[ts.sensitivity.surface] = {"company": "zai", "columns": ("mfu", [0.2]), "n_draws": 20}
    for value in WRONG:
        if f"{name}={value}" not in FINE:
            assert_refused(".", call, **{**asked.get(call, {}), name: value})


def test_lists_and_numbers_of_other_analyses_are_refused_by_name():
    few, sensitivity = {"company": "zai", "n_draws": 20}, ts.sensitivity
    assert_refused("^lags: expected a list", sensitivity.lag_and_window, lags=3, **few)
    assert_refused("^threshold: expected", sensitivity.breaking_points, threshold="half", **few)
    poor = {"spending/zai/rd_compute/*/amount_millions": "x 0.001"}
    found = ts.pattern("zai", changes=poor, n_draws=20)
    assert_refused("known: in every draw .*zai", lambda: found.next_share)


def test_variants_and_sources_of_a_number_take_what_they_say():
    est = ts.estimate("zai", n_draws=20)
    for wrong in (None, [1], {"a": 3}, {"a": [1]}):
        assert_refused("variants: give an estimate", ts.variants, est, wrong)
    assert_refused("variants: give an estimate", ts.variants, "zai", {})
    assert_refused("cite: no", est.cite, [1])
    assert_refused("year: expected a whole number", ts.implied_training_costs, "soon", n_draws=20)


def test_draws_above_all_of_rd_are_said_with_the_share():
    est = ts.estimate("minimax", price_usd_per_gpu_hour=9, **FEW)
    above = np.mean(est.share > 1)
    assert 0.05 < above < 0.95 and est.summary()["over_all"] == above
    words = f"final training runs take more than all of R&D compute in {above:.1%} of draws"
    assert f"In {above:.1%} of simulations final runs cost more" in ts.sentences.answer(est)
    assert words in ts.variants(est, {"as it is": {}}).loc["as it is", "note"]
    assert est.weights is None and f"over 100% in {above:.2%} of simulations" in repr(est)
    plain = ts.estimate("zai", **FEW)
    assert plain.summary()["over_all"] == 0
    assert "more than all R&D" not in ts.sentences.answer(plain)
