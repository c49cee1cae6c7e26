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


def test_implied_is_cost_over_one_known_share_draw_by_draw():
    implied = ts.implied_rd_compute("deepseek", n_draws=2000, seed=7)
    shares = ts.compare(n_draws=2000, seed=7).draws.to_numpy()
    picked = shares[np.arange(2000), implied.chosen]
    cost = ts.estimate("deepseek", n_draws=2000, seed=7).total_cost_usd
    np.testing.assert_array_equal(implied.rd_compute_usd, cost / picked)
    assert np.bincount(implied.chosen) / 2000 == pytest.approx([1 / 3] * 3, abs=0.05)
    assert implied.table.loc["rd_compute", "p50"] == pytest.approx(np.median(cost / picked) / 1e6)
    assert "three data points" in implied.caveats[0] and "illustration" in implied.caveats[1]


def test_one_known_company_is_a_plain_division_and_longer_runs_extend_shorter_ones():
    short, long = (ts.implied_rd_compute("moonshot", known="zai", n_draws=n) for n in (50, 120))
    zai = ts.estimate("zai", n_draws=50).share
    np.testing.assert_array_equal(
        short.rd_compute_usd, ts.estimate("moonshot", n_draws=50).total_cost_usd / zai
    )
    np.testing.assert_array_equal(short.rd_compute_usd, long.rd_compute_usd[:50])


def test_common_market_draws_cancel():
    """The price enters cost and share alike, so a dearer hour leaves the implied spending as it is
    (USD, no OpenAI)."""
    cheap, dear = (
        ts.implied_rd_compute(
            "deepseek", ("minimax", "zai"), n_draws=200, price_usd_per_gpu_hour=price
        )
        for price in ("1", "4")
    )
    np.testing.assert_allclose(cheap.rd_compute_usd, dear.rd_compute_usd)


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
