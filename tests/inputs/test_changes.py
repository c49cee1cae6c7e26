"""Any cell and further runs for one analysis: the share follows by arithmetic."""

import numpy as np
import pytest
from refusals import assert_refused

import training_share as ts
from training_share.errors import InputError
from training_share.inputs.changes import cells_of
from training_share.inputs.quantities import Empirical
from training_share.inputs.rows import rows_of
from training_share.inputs.tables import load

PERIOD = "spending/minimax/rd_compute/9M2025/amount_millions"
RUN = {"model": "X 1", "released": "2025-07", "flop": "2e24"}


def test_a_changed_cell_moves_the_share_by_arithmetic():
    base = ts.estimate("minimax", n_draws=200)
    changed = ts.estimate("minimax", n_draws=200, changes={PERIOD: "150"})
    ratio = (140.642 - 103.114 + 142.397) / (140.642 - 103.114 + 150)
    np.testing.assert_allclose(changed.share, base.share * ratio, rtol=1e-12)


@pytest.mark.parametrize("changes", [{PERIOD: 150}, f"{PERIOD} = 150", f"\n{PERIOD}=150;\n"])
def test_changes_are_a_mapping_or_text(changes):
    est = ts.estimate("minimax", n_draws=20, changes=changes)
    assert est.rd_compute == pytest.approx(187.528e6)
    assert est.again(seed=1).rd_compute == est.rd_compute


def test_a_star_and_a_factor_scale_every_period():
    base = ts.estimate("zai", n_draws=50)
    more = ts.estimate(
        "zai", n_draws=50, changes="spending/zai/rd_compute/*/amount_millions = x1.2"
    )
    np.testing.assert_allclose(more.share, base.share / 1.2, rtol=1e-12)


def test_a_factor_scales_both_ends_of_a_range():
    base = ts.estimate("zai", n_draws=50)
    half = ts.estimate("zai", n_draws=50, changes={"assumptions/price_usd_*/value": "x 0.5"})
    np.testing.assert_allclose(half.share, base.share / 2, rtol=1e-12)


def test_a_changed_assumption_is_that_of_the_keyword():
    by_cell = ts.estimate("zai", n_draws=50, changes={"assumptions/mfu/value": "0.3"})
    by_name = ts.estimate("zai", n_draws=50, mfu="0.3")
    assert (by_cell.share == by_name.share).all()
    assert by_cell.inputs().loc["mfu", "source"] == "set in this call"


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


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ("mfu", "has no '='"),
        ("mfu = 1", "'mfu' is no cell; write table/key/column"),
        ({"assumption/mfu/value": "1"}, "did you mean 'assumptions'"),
        ({"assumptions/mufu/value": "1"}, "did you mean 'mfu'"),
        ({"assumptions/mfu/valeu": "1"}, "did you mean 'value'"),
        ({"assumptions/mfu/name": "mfu2"}, "no column 'name' that can be changed"),
        ({"assumptions/mfu/value": "1.5"}, "a fraction cannot exceed 1"),
        ({PERIOD: "150,000"}, "without thousands separators"),
        ({"spending/nobody/*/amount_millions": "x 2"}, "has no row"),
        ({"assumptions/bootstrap_unit/value": "x 2"}, "cannot be multiplied"),
    ],
)
def test_a_change_that_cannot_be_is_refused(changes, told):
    assert_refused(told, ts.estimate, "minimax", n_draws=20, changes=changes)


@pytest.mark.parametrize("runs", [[RUN], "model = X 1, released = 2025-07, flop = 2e24;"])
def test_a_run_of_ones_own_adds_its_cost(runs):
    base = ts.estimate("minimax", n_draws=200)
    more = ts.estimate("minimax", n_draws=200, runs=runs)
    flop = base.trace("minimax-vl-01").loc["flop", "p50"]
    assert list(set(more.runs) - set(base.runs)) == ["own-x-1"]
    ratio = more.costs["own-x-1"] / base.costs["minimax-vl-01"]  # same chip, MFU and price
    np.testing.assert_allclose(ratio, 2e24 / flop, rtol=1e-12)
    total = base.total_cost + more.costs["own-x-1"]
    np.testing.assert_allclose(more.total_cost, total, rtol=1e-12)


def test_runs_may_be_a_fraction_of_another():
    rl = {
        "model": "Y",
        "released": "2025-07",
        "base_run": "minimax-vl-01",
        "fraction_of_base": "0.1",
        "workload": "pretraining",
    }
    est = ts.estimate("minimax", n_draws=50, runs=[rl])
    np.testing.assert_allclose(est.costs["own-y"], 0.1 * est.costs["minimax-vl-01"])


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (RUN | {"flops": "1"}, "no column 'flops'; did you mean 'flop'"),
        ({"model": "X", "flop": "1e24"}, "give released"),
        ({"model": "X", "released": "2025-07"}, "give its size"),
        (RUN | {"released": "July"}, "write the month as YYYY-MM"),
        (RUN | {"hardware": "h900"}, "no hardware 'h900'"),
        (RUN | {"gpu_hours": "5e4"}, "fill exactly one of"),
        (RUN | {"run_id": "minimax-m2-rl"}, "the key 'minimax-m2-rl' exists"),
    ],
)
def test_a_run_that_cannot_be_is_refused(run, told):
    assert_refused(told, ts.estimate, "minimax", n_draws=20, runs=[run])


def test_in_a_comparison_a_run_names_its_company():
    with pytest.raises(InputError, match="give its company, since several are compared"):
        ts.compare(n_draws=20, runs=[RUN])
    more = ts.compare(["minimax", "zai"], n_draws=20, runs=[RUN | {"company": "zai"}])
    base = ts.compare(["minimax", "zai"], n_draws=20)
    assert (more.draws["zai"] > base.draws["zai"]).all()
    assert (more.draws["minimax"] == base.draws["minimax"]).all()
