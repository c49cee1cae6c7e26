"""What a researcher hands in: Python quantities, joint samples, correlations, rows of any table,
and the price of a chip."""

import math
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import training_share as ts

N = 16_000
RUN = {"model": "X", "released": "2025-07", "flop": 2e24}
YEAR = {"period_start": "2025-01-01", "period_end": "2025-12-31", "amount_millions": 100}
PRICE, PAIR = "price_usd_per_gpu_hour", ("mfu", "price_usd_per_gpu_hour")


# --- quantities -----------------------------------------------------------------------------------
def test_a_scipy_distribution_is_the_notation_that_says_the_same():
    """A lognormal with a tenth below 1.5 and a tenth above 3, in either way of saying it."""
    sigma = math.log(2) / (2 * stats.norm.ppf(0.9))
    frozen = stats.lognorm(sigma, scale=math.sqrt(1.5 * 3))
    said = ts.estimate("zai", n_draws=500, **{PRICE: "1.5 to 3 (p10-p90 lognormal)"})
    given = ts.estimate("zai", n_draws=500, **{PRICE: frozen})
    np.testing.assert_allclose(given.share, said.share, rtol=1e-9)
    assert ts.cost(1e25, mfu=0.4, n_draws=500, **{PRICE: frozen})["cost_usd"].nunique() == 500


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, tuple])
def test_samples_are_drawn_between_their_order_statistics(kind):
    est = ts.estimate("zai", n_draws=N, mfu=kind([0.4, 0.2, 0.3]))
    drawn = est.assumption("mfu")
    for p, value in ((0.25, 0.25), (0.5, 0.3), (0.75, 0.35)):
        assert np.quantile(drawn, p) == pytest.approx(value, abs=4 * 0.2 / math.sqrt(N))
    assert est.inputs().loc["mfu", "value"].startswith("3 samples (p5 0.21, p50 0.3, p95 0.39;")


def test_the_same_samples_are_the_same_draws_and_other_ones_another_quantity():
    one, two, other = (
        ts.estimate("zai", n_draws=500, mfu=np.array(of))
        for of in ([0.2, 0.3], [0.2, 0.3], [0.2, 0.31])
    )
    assert (one.share == two.share).all() and (one.share != other.share).any()
    assert one.tables.digest == two.tables.digest != other.tables.digest
    assert (pickle.loads(pickle.dumps(one)).share == one.share).all()


def test_every_way_in_takes_python_quantities():
    flop = stats.uniform(1e24, 1e24)
    added = ts.estimate("zai", n_draws=500, runs=RUN | {"flop": flop})
    assert 1e24 <= added.flop_of("own-x").min() < added.flop_of("own-x").max() <= 2e24
    cell = {"training_runs/glm-4.5v/flop": [1e23, 3e23]}
    drawn = ts.estimate("zai", n_draws=500, changes=cell).flop_of("glm-4.5v")
    assert 1e23 <= drawn.min() < drawn.max() <= 3e23
    both = ts.compare("zai,minimax", n_draws=500, mfu=stats.beta(8, 24))
    assert (both["zai"].assumption("mfu") == both["minimax"].assumption("mfu")).all()


def test_joint_samples_keep_their_rows_together():
    rows = pd.DataFrame({"mfu": [0.3, 0.2, 0.4], PRICE: [2.0, 3.0, 1.0]})
    est = ts.estimate("minimax", n_draws=N, samples=rows)
    drawn = set(zip(est.assumption("mfu"), est.assumption(PRICE), strict=True))
    assert drawn == {(0.2, 3.0), (0.3, 2.0), (0.4, 1.0)}
    counted = pd.Series(est.assumption("mfu")).value_counts(normalize=True)
    assert abs(counted - 1 / 3).max() < 4 * math.sqrt(2 / 9 / N)


# --- correlation ----------------------------------------------------------------------------------
@pytest.mark.parametrize("rho", [-0.9, 0.0, 0.6, 0.99])
def test_a_correlation_moves_the_spread_of_a_cost_as_the_closed_form_says(rho, data_copy):
    """ln(price / MFU) of two normals: variance a^2 + b^2 - 2 rho a b. The marginals stay."""
    data_copy.count_only("glm-4.5")
    data_copy.edit("training_runs", "glm-4.5", "post_training", "")
    call = {"n_draws": N, "data_dir": data_copy.folder}
    est = ts.estimate("zai", correlate={PAIR: rho}, **call)
    a, b = (math.log(ends) / (2 * stats.norm.ppf(0.9)) for ends in (0.35 / 0.15, 3 / 1.5))
    expected = math.sqrt(a**2 + b**2 - 2 * rho * a * b)
    assert np.log(est.total_cost).std() == pytest.approx(expected, rel=4 / math.sqrt(2 * N))
    apart = ts.estimate("zai", **call)
    assert (est.assumption("mfu") == apart.assumption("mfu")).all()
    for name in PAIR:
        quartiles = [np.quantile(one.assumption(name), [0.25, 0.5, 0.75]) for one in (est, apart)]
        np.testing.assert_allclose(*quartiles, rtol=0.02)


def test_a_correlation_reaches_each_run_by_its_own_draw():
    """mfu_rl is drawn by run: each run's own goes with the one price, and with no other run's."""
    est = ts.estimate("minimax", n_draws=N, correlate={("mfu_rl", PRICE): 0.8})
    price = np.log(est.assumption(PRICE))
    runs = ("minimax-m2-rl", "minimax-m2.1-rl")
    one, two = (np.log(est.assumption("mfu_rl", run)) for run in runs)
    assert abs(np.corrcoef(one, price)[0, 1] - 0.8) < 4 * 0.36 / math.sqrt(N)
    assert abs(np.corrcoef(one, two)[0, 1] - 0.64) < 4 * 0.6 / math.sqrt(N)
    assert "mfu_rl and price_usd_per_gpu_hour correlated 0.8" in ts.shares.changes(est)


# --- rows of one's own ----------------------------------------------------------------------------
def test_a_company_that_is_in_no_table_is_one_call():
    call = {"spending": YEAR, "runs": [RUN, RUN | {"stage": "rl", "flop": 1e24}], "n_draws": N}
    est = ts.estimate("acme", **call)
    assert list(est.runs) == ["own-x", "own-x-2"] and est.company_row.display_name == "acme"
    cost = 3e24 / (est.assumption("mfu") * 9.89e14 * 3600) * est.assumption(PRICE)
    np.testing.assert_allclose(est.share, cost / 100e6, rtol=1e-12)
    assert est.again(seed=7).n_draws == N and (est.again().share == est.share).all()
    window = {"spending_start": "2025-01-01", "spending_end": "2025-12-31"}
    own = {"spending": [YEAR | {"company": "acme"}], "runs": [RUN | {"company": "acme"}]}
    own["rows"] = {"companies": {"company": "acme"} | window}
    both = ts.compare("zai,acme", n_draws=500, **own)
    alone = ts.estimate("acme", n_draws=500, spending=YEAR, runs=RUN)
    assert (both["acme"].share == alone.share).all()


def test_a_data_frame_and_text_are_rows():
    runs = pd.DataFrame([RUN, {"model": "Y", "released": "2025-08", "gpu_hours": 1e6}])
    one, two = "model = X, released = 2025-07, flop = 2e24", "model = Y, released = 2025-08"
    for given in (runs, f"{one}; {two}, gpu_hours = 1e6"):
        est = ts.estimate("zai", runs=given, n_draws=50)
        assert {"own-x", "own-y"} <= set(est.runs)
        assert est.gpu_hours_of("own-y") == 1e6


def test_evidence_of_ones_own_is_in_force():
    """A prior of the share weighs each draw by its density."""
    est = ts.estimate("minimax", rows={"evidence": {"value": "0 to 1 (2-5 beta)"}}, n_draws=N)
    density = stats.beta(2, 5).pdf(est.share)
    np.testing.assert_allclose(est.weights, density / density.sum(), rtol=1e-9)
    assert est.evidence == ("own",)


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
    base = ts.estimate("zai", n_draws=200)
    both = ts.estimate("zai", runs=[RUN, RUN | more], n_draws=200)
    assert [key for key in both.runs if key not in base.runs] == keys
    apart = [ts.estimate("zai", runs=[run], n_draws=200).total_cost for run in (RUN, RUN | more)]
    if "workload" not in more:  # else it draws a utilization of its own
        added = sum(apart) - 2 * base.total_cost
        np.testing.assert_allclose(both.total_cost, base.total_cost + added, rtol=1e-12)
    assert (both.total_cost > apart[0]).all()


def test_a_run_that_another_rests_on_need_not_count():
    base = RUN | {"counted": "no", "released": "2024-01"}
    sft = {"stage": "sft", "base_run": "own-x", "fraction_of_base": "0.1"}
    sft |= {"model": "X", "released": "2025-07"}
    est = ts.estimate("zai", runs=[base, sft], n_draws=200)
    assert {"own-x-2"} == est.runs.keys() - ts.estimate("zai", n_draws=200).runs.keys()


def test_in_a_comparison_one_company_counts_it():
    of = RUN | {"company": "zai"}
    assert "own-x" in ts.compare(["minimax", "zai"], runs=[of], n_draws=200).estimates["zai"].runs
    observed = {"evidence": {"company": "zai", "value": "0.1 to 0.5 (p10-p90 lognormal)"}}
    both = ts.compare(["minimax", "zai"], rows=observed, n_draws=200)
    assert both["minimax"].evidence == ("own",)


def test_a_variant_may_leave_it_out_and_then_does_not_tell_of_it():
    est = ts.estimate("zai", runs=[RUN | {"released": "2025-09"}], n_draws=200)
    earlier = est.again(release_lag_months=0)
    assert "own-x" in est.runs and "own-x" not in earlier.runs
    assert "with the run X" in ts.shares.changes(est)
    assert "with the run X" not in ts.shares.changes(earlier)


def test_an_implied_company_keeps_its_own_runs():
    own = {"model": "X", "released": "2025-05", "gpu_hours": "1e6"}
    base = ts.implied_rd_compute("deepseek", n_draws=200)
    more = ts.implied_rd_compute("deepseek", runs=[own], n_draws=200)
    assert (more.estimate.total_cost > base.estimate.total_cost).all()
    assert more.pattern.next_share.equals(base.pattern.next_share)


# --- price by chip --------------------------------------------------------------------------------
def test_a_chip_costs_its_own_price_and_one_without_says_so():
    here, moved = (
        ts.estimate("zai", n_draws=N, changes=f"training_runs/glm-4.5/hardware = {chip}")
        for chip in ("h800-sxm-bf16", "b200-sxm-bf16")
    )
    price = np.median(moved.cost_usd_of("glm-4.5") / moved.gpu_hours_of("glm-4.5"))
    assert price == pytest.approx(math.sqrt(5.10 * 8.60), rel=0.01)  # the median of its lognormal
    assert (moved.cost_usd_of("glm-4.6") == here.cost_usd_of("glm-4.6")).all()
    cell = "hardware/b200-sxm-bf16/price_usd_per_gpu_hour"
    assert "CoreWeave" in moved.cite("glm-4.5").loc[cell, "title"]
    none = ts.estimate("zai", n_draws=50, changes="training_runs/glm-4.5/hardware = h20-hgx-bf16")
    assert "at another chip's price for glm-4.5" in repr(none) and "price" not in repr(moved)
    assert "We have no rental price for h20-hgx-bf16" in ts.sentences.answer(none)


def test_the_cost_of_a_run_on_a_chip_is_by_its_price():
    usd = ts.cost(1e27, "b200-sxm-fp8", mfu=0.35, price_usd_per_gpu_hour=4)["cost_usd"].item()
    assert usd == pytest.approx(1e27 / (4.5e15 * 0.35 * 3600) * 4, rel=1e-12)
    own = ts.cost(1e27, "b200-sxm-fp8", mfu=0.35, n_draws=N)
    price = np.median(own["cost_usd"] / own["gpu_hours"])
    assert price == pytest.approx(math.sqrt(5.1 * 8.6), rel=0.01)


# --- what nobody would notice ---------------------------------------------------------------------
def test_what_is_given_may_change_afterwards():
    rows, changes = pd.DataFrame({"mfu": [0.2, 0.3, 0.4]}), {"assumptions/mfu_rl/value": 0.1}
    est = ts.estimate("minimax", n_draws=500, samples=rows, changes=changes)
    before = ts.estimate("minimax", n_draws=500, samples=rows.copy(), changes={**changes})
    rows.loc[:, "mfu"], changes["assumptions/mfu_rl/value"] = 0.9, 0.9
    assert (est.share == before.share).all() and (est.again(seed=42).share == before.share).all()


def test_parts_that_are_shared_may_be_written_in_any_order():
    cells = {"assumptions/price_usd_per_gpu_hour/correlation": "per-company"}
    shares = []
    for words in ("0.5 shared + 0.5 per-run", "0.5 per-run + 0.5 shared"):
        changes = cells | {"assumptions/mfu/correlation": words}
        shares.append(ts.estimate("minimax", n_draws=500, changes=changes, correlate={PAIR: 0.6}))
    assert (shares[0].share == shares[1].share).all()
    runs = ("minimax-text-01", "minimax-m2-pretraining")
    prices = [shares[0].assumption(PRICE, run) for run in runs]
    assert (prices[0] == prices[1]).all(), "the price is the company's, and takes no run's normals"


def test_the_order_in_which_things_are_given_moves_nothing():
    pairs = {("mfu", "mfu_rl"): 0.3, ("mfu_rl", PRICE): 0.5, PAIR: 0.2}
    turned = {pair[::-1]: rho for pair, rho in reversed(pairs.items())}
    one, two = (ts.estimate("minimax", n_draws=500, correlate=of) for of in (pairs, turned))
    assert (one.share == two.share).all()
    rows = pd.DataFrame({"mfu": [0.3, 0.2, 0.4], PRICE: [2.0, 3.0, 1.0]})
    one, two = (ts.estimate("zai", n_draws=500, samples=of) for of in (rows, rows[[PRICE, "mfu"]]))
    assert (one.share == two.share).all()


def test_own_rows_and_changes_of_them_go_together():
    changes = {"training_runs/own-x/flop": "x 2"}
    est = ts.estimate("minimax", n_draws=50, runs=RUN, changes=changes)
    assert est.flop_of("own-x") == 4e24 and "changed in this call" in repr(est)
    rows = {"evidence": {"value": "0 to 1 (2-5 beta)"}}
    both = ts.compare("minimax", n_draws=50, rows=rows)
    assert (both["minimax"].weights == ts.estimate("minimax", n_draws=50, rows=rows).weights).all()
    spent, run = YEAR | {"company": "acme"}, RUN | {"company": "acme"}
    assert list(ts.compare("acme,zai", n_draws=50, spending=spent, runs=run)) == ["acme", "zai"]
