"""Every run of one's own counts, or is refused with the reason."""

import numpy as np
import pytest

import training_share as ts

FEW = {"n_draws": 200}
RUN = {"model": "X", "released": "2025-07", "flop": "2e24"}


@pytest.mark.parametrize(
    ("more", "keys"),
    [
        ({"stage": "rl", "workload": "rl", "flop": "1e23"}, ["own-x", "own-x-2"]),
        ({"model": "X!", "flop": "3e24"}, ["own-x", "own-x-2"]),
        ({"model": "模型"}, ["own-x", "own-run"]),  # without Latin letters
        ({"flop": "3e24"}, ["own-x", "own-x-2"]),
    ],
)
def test_two_runs_are_two_runs_whatever_they_are_called(more, keys):
    base = ts.estimate("zai", **FEW)
    both = ts.estimate("zai", runs=[RUN, RUN | more], **FEW)
    assert [key for key in both.runs if key not in base.runs] == keys
    apart = [ts.estimate("zai", runs=[run], **FEW).total_cost for run in (RUN, RUN | more)]
    if "workload" not in more:  # else it draws a utilization of its own
        added = sum(apart) - 2 * base.total_cost
        np.testing.assert_allclose(both.total_cost, base.total_cost + added, rtol=1e-12)
    assert (both.total_cost > apart[0]).all()


def test_a_run_that_another_rests_on_need_not_count():
    base = RUN | {"counted": "no", "released": "2024-01"}
    sft = {
        "model": "X",
        "stage": "sft",
        "released": "2025-07",
        "base_run": "own-x",
        "fraction_of_base": "0.1",
    }
    est = ts.estimate("zai", runs=[base, sft], **FEW)
    assert {"own-x-2"} == est.runs.keys() - ts.estimate("zai", **FEW).runs.keys()


def test_in_a_comparison_one_company_counts_it():
    of = RUN | {"company": "zai"}
    assert "own-x" in ts.compare(["minimax", "zai"], runs=[of], **FEW).estimates["zai"].runs
    observed = {"evidence": {"company": "zai", "value": "0.1 to 0.5 (p10-p90 lognormal)"}}
    assert ts.compare(["minimax", "zai"], rows=observed, **FEW)["minimax"].evidence == ("own",)


def test_a_variant_may_leave_it_out_and_then_does_not_tell_of_it():
    est = ts.estimate("zai", runs=[RUN | {"released": "2025-09"}], **FEW)
    earlier = est.again(release_lag_months=0)
    assert "own-x" in est.runs and "own-x" not in earlier.runs
    assert "with the run X" in ts.shares.changes(est)
    assert "with the run X" not in ts.shares.changes(earlier)


def test_an_implied_company_keeps_its_own_runs():
    own = {"model": "X", "released": "2025-05", "gpu_hours": "1e6"}
    base = ts.implied_rd_compute("deepseek", **FEW)
    more = ts.implied_rd_compute("deepseek", runs=[own], **FEW)
    assert (more.estimate.total_cost > base.estimate.total_cost).all()
    assert more.pattern.next_share.equals(base.pattern.next_share)
