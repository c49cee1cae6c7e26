"""Companies without spending: a cost, no share, and what the known shares would imply."""

import shutil

import nbformat
import numpy as np
import pandas as pd
import pytest

import training_share as ts
from training_share.files import repo_root

ILLUSTRATIONS = ("deepseek", "moonshot")


@pytest.mark.parametrize("company", ILLUSTRATIONS)
def test_cost_without_spending_and_no_share(company):
    est = ts.estimate(company, n_draws=500)
    assert (est.total_cost_usd > 0).all()
    assert est.cost_table().loc["total", "p50"] > 0
    for ask in (
        lambda: est.share,
        lambda: est.rd_compute_usd,
        est.summary,
        lambda: ts.compare([company, "zai"]).table,
    ):
        with pytest.raises(ts.InputError, match="spending is missing"):
            ask()


def test_evidence_weighs_a_company_without_spending_too():
    est = ts.estimate("deepseek", n_draws=2000, evidence="price-minimax")
    assert est.effective_draws < 2000
    with pytest.raises(ts.InputError, match="both speak of share"):
        ts.estimate("deepseek", n_draws=10, evidence="other-rd-flat,other-rd-beta-1-2")


def test_reported_hours_are_priced_without_mfu():
    est = ts.estimate("deepseek", n_draws=10, price_usd_per_gpu_hour="2")
    assert est.cost_usd["deepseek-v3-pretraining"].unique() == pytest.approx([2.664e6 * 2])
    hours = est.cost_usd[["deepseek-v3-pretraining", "deepseek-v3-later-stages"]].sum(axis=1) / 2
    assert hours.to_numpy() == pytest.approx(2.788e6)


def test_compare_defaults_to_the_three_companies():
    assert list(ts.compare(n_draws=10).estimates) == ["openai", "minimax", "zai"]


def test_illustrations_change_no_draw_of_the_others(tmp_path):
    shutil.copytree(
        repo_root() / "data", tmp_path / "data", ignore=shutil.ignore_patterns("drafts")
    )
    for table in ("companies", "training_runs"):
        path = tmp_path / "data" / f"{table}.csv"
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        frame[~frame["company"].isin(ILLUSTRATIONS)].to_csv(path, index=False, lineterminator="\n")
    for company in ("openai", "minimax", "zai"):
        with_them = ts.estimate(company, n_draws=300)
        without = ts.estimate(company, n_draws=300, data_dir=tmp_path / "data")
        np.testing.assert_array_equal(with_them.share, without.share)


def test_implied_is_cost_over_the_next_share_draw_by_draw():
    implied = ts.implied_rd_compute("deepseek", n_draws=2000, seed=7)
    found = ts.pattern(n_draws=2000, seed=7)
    cost = ts.estimate("deepseek", n_draws=2000, seed=7).total_cost_usd
    np.testing.assert_array_equal(implied.share, found.next_share["share"])
    at = found.shares.index[found.next_share["draw"]]
    np.testing.assert_array_equal(implied.rd_compute_usd, cost[at] / implied.share)
    row = implied.table.loc["rd_compute"]
    assert row["p50"] == pytest.approx(np.median(cost[at] / implied.share) / 1e6)
    assert "after 3 companies (OpenAI, MiniMax, Z.ai) and 6 measured" in implied.caveats[0]
    assert "illustration" in implied.caveats[1]


def test_one_known_company_is_enough():
    implied = ts.implied_rd_compute("moonshot", known="zai", n_draws=500)
    assert "after 1 company (Z.ai) and" in implied.caveats[0]
    assert [name for name in ("openai", "minimax", "zai") if name in implied.pattern.shares] == [
        "zai"
    ]


def test_common_market_draws_cancel():
    """The price enters cost and known shares alike: four times the price is four times the cost,
    but not much more spending implied. What is left is the pull of the prior of the mean."""
    cheap, dear = (
        ts.implied_rd_compute(
            "deepseek", ("minimax", "zai"), n_draws=4000, price_usd_per_gpu_hour=price
        )
        for price in ("0.75", "3")
    )
    costs = [np.median(one.training_cost_usd) for one in (cheap, dear)]
    spent = [np.median(one.rd_compute_usd) for one in (cheap, dear)]
    assert costs[1] / costs[0] == pytest.approx(4, rel=0.1)
    assert 1 < spent[1] / spent[0] < 2
    logs = np.log(ts.implied_rd_compute("deepseek", n_draws=4000).share)
    cost = np.log(ts.implied_rd_compute("deepseek", n_draws=4000).training_cost_usd)
    assert np.corrcoef(logs, cost)[0, 1] > 0.1


# --- the reverse ----------------------------------------------------------------------------------
def test_implied_training_cost_is_spending_times_the_next_share():
    table = ts.implied_training_cost("anthropic", n_draws=2000, seed=7)
    share = ts.pattern(n_draws=2000, seed=7).next_share["share"]
    assert table.loc["rd_compute", "p50"] == 4100
    for name, p in (("p5", 0.05), ("p50", 0.5), ("p95", 0.95)):
        assert table.loc["training_cost", name] == pytest.approx(4100 * share.quantile(p))


def test_two_sources_of_one_year_stand_side_by_side():
    table = ts.implied_training_costs(2025, n_draws=2000)
    assert list(table.index) == [
        "openai/rd_compute_by_epoch/CY2025",
        "openai/rd_compute_by_accounts/CY2025",
        "anthropic/rd_compute/CY2025",
    ]
    assert table["R&D compute"].tolist() == [8.3, 10.59, 4.1]
    ratio = table["p50"] / table["R&D compute"]
    assert ratio.tolist() == pytest.approx([ratio.iloc[0]] * 3)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"company": "antropic"}, "did you mean 'anthropic'"),
        ({"company": "openai", "line": "rd_computing"}, "did you mean 'rd_compute"),
        ({"company": "ai2"}, "given in H100-hours and cannot be told in USD"),
        ({"company": "openai", "spending_start": "2023-01-01"}, "cannot be combined"),
        ({"company": "openai", "spending_start": "soon"}, "write it as YYYY-MM-DD"),
    ],
)
def test_refusals_of_the_reverse(arguments, told):
    with pytest.raises(ts.InputError, match=told):
        ts.implied_training_cost(n_draws=10, **arguments)


@pytest.mark.slow
@pytest.mark.parametrize("company", ILLUSTRATIONS)
def test_the_notebook_passes_its_parameters_on(company):
    """The call as the notebook's cell has it, without a kernel: a set price reaches the implied
    table, as do the others."""
    notebook = nbformat.read(repo_root() / "notebooks" / f"{company}.ipynb", as_version=4)
    call = next(
        cell.source for cell in notebook.cells if "implied_rd_compute" in cell.source
    ).split("\nts.")[0]
    given = {
        "scenario": "newsletter",
        "n_draws": 200,
        "seed": 7,
        "mfu": "0.3",
        "mfu_rl": "0.1",
        "price_usd_per_gpu_hour": "6",
        "release_lag_months": "1",
    }
    names = {"ts": ts, "figures_dir": ""} | given
    exec(call, names)
    expected = ts.implied_rd_compute(company, **given)
    pd.testing.assert_frame_equal(names["implied"].table, expected.table)
    for name in ("mfu", "mfu_rl", "price_usd_per_gpu_hour"):
        assert not expected.table.equals(ts.implied_rd_compute(company, **given | {name: ""}).table)
    assert (
        names["implied"].estimate.release_window != ts.estimate(company, n_draws=10).release_window
    )


def test_draws_that_a_scenario_drops_are_dropped_for_all():
    implied = ts.implied_rd_compute("deepseek", scenario="careful", n_draws=400)
    assert implied.rd_compute_usd.shape == implied.share.shape == implied.training_cost_usd.shape


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"company": "deepseek", "known": ["deepseek", "zai"]}, "contains deepseek itself"),
        ({"company": "deepseek", "known": ["moonshot"]}, "no spending"),
        ({"company": "deepseek", "known": []}, "at least one"),
        ({"company": "depseek"}, "did you mean 'deepseek'"),
    ],
)
def test_refusals(arguments, told):
    with pytest.raises(ts.InputError, match=told):
        ts.implied_rd_compute(n_draws=10, **arguments)
