"""Two runs side by side: the cells that differ, their reasons, and changes on common draws."""

import numpy as np
import pytest
from refusals import assert_refused

import training_share as ts


def test_a_scenario_differs_by_its_corrections_cells_and_reasons():
    found = ts.diff("newsletter", "appendix", n_draws=300)
    cells = ts.load().cells_of["appendix-rl"]
    assert list(found.inputs.index) == ["/".join(cell[:3]) for cell in cells]
    assert list(found.inputs["after"]) == [cell[3] for cell in cells]
    reasons = [row.reason for row in ts.load().corrections.values()]
    assert set(found.inputs["reason"]) <= set(reasons)
    assert list(found.shares.index) == list(ts.compare(n_draws=10).estimates)


def test_a_change_of_the_denominator_moves_every_draw_by_its_ratio():
    one = ts.estimate("openai", n_draws=300)
    two = one.again(changes={"spending/openai/rd_compute/CY2024/amount_millions": "4000"})
    found = ts.diff(one, two)
    cell = "spending/openai/rd_compute/CY2024/amount_millions"
    reason = ts.load().corrections[f"openai-amortisation-1y/{cell}"].reason
    assert list(found.inputs.loc[cell]) == ["5000", "4000", reason]
    row = found.shares.loc["openai"]
    change = np.quantile(one.share * (5 / 4 - 1), (0.05, 0.5, 0.95))
    np.testing.assert_allclose(row[["change_p5", "change_p50", "change_p95"]].astype(float), change)
    assert (row["rd_compute_before"], row["rd_compute_after"]) == (5000, 4000)
    assert row["training_cost_before"] == row["training_cost_after"]


def test_the_same_run_does_not_differ():
    found = ts.diff(ts.compare(n_draws=100), "newsletter", n_draws=700)
    assert found.inputs.empty and (found.shares["change_p50"] == 0).all()
    before, after = (run.probabilities for run in (found.before, found.after))
    assert before.equals(after)


def test_who_is_higher_is_that_of_the_comparisons():
    found = ts.diff("newsletter", "careful", n_draws=300)
    expected = ts.compare(scenario="careful", n_draws=300).probabilities
    assert found.after.probabilities.equals(expected)
    assert set(found.shares["change_of"]) == {"quantiles"}  # other weights: no draw is the same
    moved = found.shares["share_after"] - found.shares["share_before"]
    assert np.allclose(found.shares["change_p50"], moved, rtol=1e-12)
    assert found.inputs.loc["evidence", "before"] == "none"


def test_a_remark_changes_no_number():
    one = ts.estimate("zai", n_draws=50)
    two = one.again(changes={"training_runs/glm-4.5/note": "Said otherwise."})
    assert ts.diff(one, two).inputs.empty


def test_groups_left_out_and_added_runs_are_told():
    one = ts.estimate("minimax", n_draws=100)
    run = {"model": "X", "released": "2025-07", "flop": "1e23"}
    two = one.again(exclude_groups="hailuo", runs=[run])
    told = ts.diff(one, two).inputs
    assert list(told.loc["groups left out of minimax", ["before", "after"]]) == ["none", "hailuo"]
    assert list(told.loc["training_runs/own-x/flop", ["before", "after"]]) == ["", "1e23"]


def test_a_data_folder_differs_by_its_edited_cell(data_copy):
    data_copy.edit("fx", "CNY/2022/2025", "per_usd", "7.1")
    found = ts.diff("newsletter", data_copy.folder, "zai", n_draws=200)
    assert list(found.inputs.index) == ["fx/CNY/2022/2025/per_usd"]
    row = found.shares.loc["zai"]
    assert row["share_after"] == pytest.approx(row["share_before"] * 7.1 / 7.2)
    assert repr(found).startswith("<Difference in 1 cells: Z.ai ")


def test_what_cannot_be_put_side_by_side_is_refused():
    zai, openai = (ts.estimate(name, n_draws=50) for name in ("zai", "openai"))
    assert_refused(r"zai and openai have no company in common", ts.diff, zai, openai)
    assert_refused("'newslettr' is neither a scenario", ts.diff, "newsletter", "newslettr")
