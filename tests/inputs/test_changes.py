"""Any cell and further runs for one analysis: the share follows by arithmetic."""

import numpy as np
import pytest
from arithmetic import assert_close

import training_share as ts
from training_share.inputs.changes import cells_of
from training_share.inputs.columns import reader
from training_share.inputs.notation import Exact
from training_share.inputs.quantities import Empirical
from training_share.inputs.rows import rows_of
from training_share.inputs.tables import load

PERIOD = "spending/minimax/rd_compute/9M2025/amount_millions"
FLOP = "amount 1e18 to 1e29 FLOP"
RUN = {"model": "X 1", "released": "2025-07", "flop": "2e24"}


@pytest.mark.parametrize("changes", [{PERIOD: 150}, f"{PERIOD} = 150", f"\n{PERIOD}=150;\n"])
def test_a_changed_cell_moves_the_share_by_arithmetic_be_it_a_mapping_or_text(changes):
    base, changed = (ts.estimate("minimax", n_draws=50, changes=of) for of in ("", changes))
    ratio = (140.642 - 103.114 + 142.397) / (140.642 - 103.114 + 150)
    assert_close(changed.share, base.share * ratio)
    assert changed.again(seed=1).rd_compute == changed.rd_compute == pytest.approx(187.528e6)


def test_a_distribution_stands_in_a_cell_and_is_scaled_as_text_is():
    values = Empirical(np.array([1e24, 3e24]))
    cell = "training_runs/minimax-vl-01/flop"
    tables = load().changed(cells_of({cell: values}, load()))
    (change,) = cells_of({cell: "x 2"}, tables)
    assert change[3].quantile(np.array([0, 0.5, 1])) == pytest.approx([2e24, 4e24, 6e24])
    (text,) = cells_of({cell: "x 2"}, load().changed([(*cell.split("/"), "1e24")]))
    assert text[3] == "2e+24"
    added = rows_of({"training_runs": RUN | {"flop": values}}, load(), "minimax")
    assert load().changed((), added).training_runs["own-x-1"].flop is values


@pytest.mark.parametrize("runs", [[RUN], "model = X 1, released = 2025-07, flop = 2e24;"])
def test_a_run_of_ones_own_adds_its_cost(runs):
    base = ts.estimate("minimax", n_draws=50)
    more = base.again(runs=runs)
    flop = base.trace("minimax-vl-01").loc["flop", "p50"]
    assert list(set(more.runs) - set(base.runs)) == ["own-x-1"]
    ratio = more.costs["own-x-1"] / base.costs["minimax-vl-01"]  # same chip, MFU and price
    assert_close(ratio, 2e24 / flop)
    assert (more.costs[list(base.costs)] == base.costs).all(axis=None), "no draw of others changes"
    assert_close(more.total_cost, base.total_cost + more.costs["own-x-1"])
    part = {"model": "Y", "released": "2025-07", "base_run": "minimax-vl-01"}
    rl = part | {"fraction_of_base": "0.1", "workload": "pretraining"}
    assert_close(base.again(runs=[rl]).costs["own-y"], 0.1 * base.costs["minimax-vl-01"])


def test_in_a_comparison_a_run_is_its_company_s():
    base = ts.compare(["minimax", "zai"], n_draws=20)
    more = base.again(runs=[RUN | {"company": "zai"}])
    assert (more.draws["zai"] > base.draws["zai"]).all()
    assert (more.draws["minimax"] == base.draws["minimax"]).all()


def test_a_correction_or_an_earlier_call_and_what_is_set_on_top_of_it_are_no_two_of_a_kind():
    est = ts.estimate("minimax", n_draws=20, corrections="appendix-rl", mfu_rl=0.2)
    assert est.inputs().loc["mfu_rl", "value"] == "0.2"
    assert est.again(mfu_rl=0.3).inputs().loc["mfu_rl", "value"] == "0.3"


# --- `checked`, the answer where an amount is outside its column's range -------------------------
@pytest.mark.parametrize("amount", ["2.4", "1e17 to 1e20 (p10-p90 lognormal)", "1e30", Exact(24.5)])
def test_the_refusal_names_range_and_unit_and_how_to_insist(amount):
    told = r"outside 1e\+18 to 1e\+29 FLOP, .*mend unit or exponent, or insist: '.* checked'"
    with pytest.raises(ValueError, match=told):
        reader(FLOP)(amount)
    assert reader(FLOP)(f"{amount} checked") == reader("amount")(amount)


def test_what_a_hand_wrote_is_asked_about_and_no_tail():
    wide = reader(FLOP)("1e19 to 1e28 (p40-p60 lognormal)")
    assert wide.quantile(0.01) < 1e18 and wide.quantile(0.99) > 1e29
    with pytest.raises(ValueError, match="outside"):
        reader(FLOP)(Empirical(np.array([1.0, 2.0, 3.0])))
    assert reader("amount or zero 0.01 to 1e6 millions")("0") == Exact(0.0)
    assert reader("fraction 0.01 to 1")("0 to 1 (1-2 beta)").high == 1  # a beta may begin at zero


def test_the_word_does_the_same_in_a_cell_in_python_and_as_text(data_copy):
    by_name = ts.estimate("zai", n_draws=50, mfu="0.002 checked")
    by_change = ts.estimate("zai", n_draws=50, changes="assumptions/mfu/value = 0.002 checked")
    smaller = by_change.again(changes={"assumptions/mfu/value": "x 1e-9 checked"})
    data_copy.edit("assumptions", "mfu", "value", "0.002 checked")
    edited = ts.estimate("zai", n_draws=50, data_dir=data_copy.folder)
    assert (by_name.share == edited.share).all() and (by_change.share == edited.share).all()
    assert smaller.share.min() > edited.share.max()
    again = edited.again(changes="assumptions/mfu/value = x 2 checked")
    np.testing.assert_allclose(again.assumption("mfu"), 0.004)
    assert ts.cost("24.5 checked", mfu=0.4, price_usd_per_gpu_hour=2).size == 2
