"""Companies without spending: a cost, no share, and what the known shares would imply."""

import nbformat
import numpy as np
import pandas as pd
import pytest
from arithmetic import NEWSLETTER, assert_close
from refusals import assert_refused

import training_share as ts
from training_share.files import repo_root
from training_share.model.precision import spread

P = [0.05, 0.5, 0.95]
ILLUSTRATIONS = ("deepseek", "moonshot")


@pytest.mark.parametrize("company", ILLUSTRATIONS)
def test_cost_without_spending_and_no_share(company):
    est = ts.estimate(company, n_draws=500)
    assert (est.total_cost > 0).all()
    assert est.cost_table().loc["total", "p50"] > 0
    both = ts.compare([company, "zai"])
    for one, name in ((est, "share"), (est, "rd_compute"), (both, "table")):
        assert_refused("spending is missing", getattr, one, name)
    assert_refused("spending is missing", est.summary)


def test_evidence_weighs_a_company_without_spending_too():
    est = ts.estimate("deepseek", n_draws=2000, evidence="price-minimax")
    assert est.effective_draws < 2000


def test_reported_hours_are_priced_without_mfu():
    est = ts.estimate("deepseek", n_draws=10, price_usd_per_gpu_hour="2")
    assert est.costs["deepseek-v3-pretraining"].unique() == pytest.approx([2.664e6 * 2])
    hours = est.costs[["deepseek-v3-pretraining", "deepseek-v3-later-stages"]].sum(axis=1) / 2
    assert hours.to_numpy() == pytest.approx(2.788e6)


def test_illustrations_change_no_draw_of_the_others(data_copy):
    for table in ("companies", "training_runs"):
        header, *lines = data_copy.read(table)
        at = header.index("company")
        rest = [line for line in lines if line[at] not in ILLUSTRATIONS]
        data_copy.write(table, [header, *rest])
    for company in NEWSLETTER:
        with_them = ts.estimate(company, n_draws=300)
        without = ts.estimate(company, n_draws=300, data_dir=data_copy.folder)
        np.testing.assert_array_equal(with_them.share, without.share)


def test_implied_is_cost_over_the_next_share_draw_by_draw():
    implied = ts.implied_rd_compute("deepseek", known=NEWSLETTER, n_draws=2000, seed=7)
    found = ts.pattern(NEWSLETTER, n_draws=2000, seed=7)
    cost = ts.estimate("deepseek", n_draws=2000, seed=7).total_cost
    draws, share = implied.draws(), found.next_share["share"]
    np.testing.assert_array_equal(draws["share"], share)
    at = found.shares.index[found.next_share["draw"]]
    np.testing.assert_array_equal(draws["rd_compute"], cost[at] / 1e6 / share)
    row = implied.table.loc["rd_compute"]
    assert row["p50"] == pytest.approx(np.median(cost[at] / share) / 1e6)
    assert "after three companies." in ts.sentences.implied_caveats(implied)


def test_one_known_company_is_enough():
    implied = ts.implied_rd_compute("moonshot", known="zai", n_draws=500)
    assert "after one company." in ts.sentences.implied_caveats(implied)
    assert set(NEWSLETTER) & set(implied.pattern.shares) == {"zai"}


@pytest.mark.slow
def test_errors_hold_the_resampling_of_regressions():
    implied = ts.implied_rd_compute("deepseek", n_draws=4000)
    of_draws = spread(implied.draws()["rd_compute"])
    assert implied.table.loc["rd_compute", "p50_error"] > of_draws["p50_error"] > 0
    without = ts.implied_rd_compute("deepseek", known="openai", n_draws=4000)
    alone = spread(without.draws()["rd_compute"])
    assert without.table.loc["rd_compute", "p50_error"] == alone["p50_error"]


def test_a_window_is_the_company_s_own():
    own = ts.implied_rd_compute("deepseek", n_draws=200, release_lag_months=1)
    pd.testing.assert_frame_equal(own.pattern.shares, ts.pattern(n_draws=200).shares)


@pytest.mark.slow
def test_common_market_draws_cancel():
    """The price enters cost and known shares alike: four times the price is four times the cost,
    but not much more spending implied. What is left is the pull of the prior of the mean."""
    cheap, dear = (
        ts.implied_rd_compute(
            "deepseek", ("minimax", "zai"), n_draws=4000, price_usd_per_gpu_hour=price
        ).table["p50"]
        for price in ("0.75", "3")
    )
    assert 1 < dear["rd_compute"] / cheap["rd_compute"] < 2


# --- the reverse ----------------------------------------------------------------------------------
def test_implied_training_cost_is_spending_times_the_next_share():
    row = ts.implied_training_costs(2025, n_draws=2000, seed=7).loc["anthropic/rd_compute/CY2025"]
    share = ts.pattern(n_draws=2000, seed=7).next_share["share"]
    assert row["R&D compute"] == 4.1
    assert_close(row[["p5", "p50", "p95"]].tolist(), 4.1 * share.quantile(P))


def test_a_company_in_the_sample_has_its_own_share_beside_the_next_ones():
    table = ts.implied_training_costs(2025, n_draws=2000, seed=7)
    share = ts.estimate("openai", n_draws=2000, seed=7).share
    row = table.loc["openai/rd_compute_by_epoch/CY2025"]
    assert_close(row[["own_p5", "own_p50", "own_p95"]].tolist(), 8.3 * np.quantile(share, P))
    assert table.loc["anthropic/rd_compute/CY2025", ["own_p5", "own_p95"]].isna().all()


def test_under_evidence_cost_and_share_come_from_the_same_draw():
    implied = ts.implied_rd_compute("deepseek", ["zai"], scenario="careful", n_draws=20_000)
    found = implied.pattern
    at = found.shares.index[found.next_share["draw"]]
    known = found.known["zai"].share[at]
    assert (found.shares["zai"].to_numpy()[found.next_share["draw"]] == known).all()
    cost = implied.estimate.total_cost[at]
    assert np.corrcoef(np.log(cost), np.log(known))[0, 1] > 0.2, "one market for both"


def test_hours_of_a_calendar_year_are_no_dollars(data_copy):
    data_copy.edit("spending", "ai2/rd_compute/Olmo 3", "period_end", "2025-12-31")
    data_copy.edit("companies", "ai2", "spending_end", "2025-12-31")
    table = ts.implied_training_costs(2025, n_draws=50, data_dir=data_copy.folder)
    assert "Ai2" not in set(table["company"]) and "Anthropic" in set(table["company"])


def test_two_sources_of_one_year_stand_side_by_side():
    table = ts.implied_training_costs(2025, n_draws=2000)
    rows = table.loc[[f"openai/rd_compute_by_{who}/CY2025" for who in ("epoch", "accounts")]]
    assert rows["R&D compute"].tolist() == [8.3, 10.59]
    ratio = rows["p50"] / rows["R&D compute"]
    assert ratio.iloc[0] == pytest.approx(ratio.iloc[1])


@pytest.mark.slow
@pytest.mark.parametrize("company", ILLUSTRATIONS)
def test_the_notebook_passes_its_parameters_on(company, monkeypatch):
    """The call as the notebook's cell has it, without a kernel: a set price reaches the implied
    table, as do the others."""
    notebook = nbformat.read(repo_root() / "notebooks" / f"{company}.ipynb", as_version=4)
    cells = [cell.source for cell in notebook.cells if "implied_rd_compute" in cell.source]
    market = {"mfu": "0.3", "mfu_rl": "0.1", "price_usd_per_gpu_hour": "6"}
    given = {"scenario": "newsletter", "n_draws": 200, "seed": 7, **market}
    given["release_lag_months"] = "1"
    monkeypatch.setattr(ts, "begin", lambda: given)
    names: dict = {}
    exec(cells[0], names)
    expected = ts.implied_rd_compute(company, **given)
    pd.testing.assert_frame_equal(names["implied"].table, expected.table)
    for name in market:
        assert not expected.table.equals(ts.implied_rd_compute(company, **given | {name: ""}).table)
    own = ts.estimate(company, n_draws=10).release_window
    assert names["implied"].estimate.release_window != own


def test_draws_that_a_scenario_drops_are_dropped_for_all():
    implied = ts.implied_rd_compute("deepseek", scenario="careful", n_draws=400)
    assert len(implied.draws()) == len(implied.pattern.next_share) < 400
    assert implied.draws().notna().all(axis=None)


@pytest.mark.parametrize(
    ("company", "known", "told"),
    [
        ("deepseek", ["deepseek", "zai"], "deepseek itself"),
        ("deepseek", ["moonshot"], "no spending"),
        ("deepseek", [], "at least one"),
        ("depseek", None, "did you mean 'deepseek'"),
    ],
)
def test_refusals(company, known, told):
    assert_refused(told, ts.implied_rd_compute, company, known, n_draws=10)
