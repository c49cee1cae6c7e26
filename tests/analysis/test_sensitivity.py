"""Surfaces and breaking points agree with arithmetic."""

import itertools
from statistics import NormalDist

import numpy as np
import pytest

import training_share as ts
from training_share.model.scaling import predicted

FEW = {"n_draws": 2000, "seed": 3}
WINDOWS = ["2024-01-01 to 2024-12-31", "2024-10-01 to 2025-09-30"]  # that need no guess of ours


@pytest.fixture(scope="module")
def breaking():
    return ts.sensitivity.breaking_points("minimax", **FEW)


def test_breaking_price_brings_the_median_to_one_half(breaking):
    price = breaking.loc["price_usd_per_gpu_hour", "value"]
    est = ts.estimate("minimax", **FEW)
    assert np.median(est.again(price_usd_per_gpu_hour=price).share) == pytest.approx(0.5, rel=1e-3)
    spent = breaking.loc["R&D compute (USD million)"]
    assert spent["median"] * np.median(est.share) == pytest.approx(spent["value"] * 0.5)


def test_surface_is_a_sweep_and_refuses_what_cannot_be():
    grid = ("mfu", [0.2, 0.4]), ("release_lag_months", [0, 3])
    table = ts.sensitivity.surface("minimax", *grid, scenario="careful", **FEW)
    for mfu, lag in itertools.product(table.index, table.columns):
        est = ts.estimate("minimax", "careful", mfu=mfu, release_lag_months=lag, **FEW)
        assert table.loc[mfu, lag] == est.summary()["share_p50"]
    with pytest.raises(ts.InputError, match="a fraction cannot exceed 1"):
        ts.sensitivity.surface("minimax", ("mfu", [0.2, 2.0]), ("mfu_rl", [0.1]), **FEW)


def test_flop_of_a_closed_model_that_brings_the_median_to_one_half(breaking, data_copy):
    flop = breaking.loc["hailuo-02", "value"]
    assert flop == pytest.approx(2.6e25, rel=0.05)
    data_copy.edit("training_runs", "hailuo-02-pretraining", "flop", f"{flop:.12g}")
    est = ts.estimate("minimax", data_dir=data_copy.folder, **FEW)
    assert np.median(est.share) == pytest.approx(0.5, rel=1e-3)


def test_chance_is_that_of_the_input_s_own_distribution(breaking):
    mfu, price = breaking.loc["mfu"], breaking.loc["price_usd_per_gpu_hour"]
    ends = NormalDist().inv_cdf(0.9) - NormalDist().inv_cdf(0.1)
    for row, low, high, side in ((mfu, 0.15, 0.35, 1), (price, 1.5, 3.0, -1)):
        z = np.log(row["value"] / np.sqrt(low * high)) / (np.log(high / low) / ends)
        assert row["chance"] == pytest.approx(NormalDist().cdf(side * z), abs=2e-5)


def test_closed_model_has_the_chance_of_its_range_and_of_a_single_model(breaking):
    row = breaking.loc["hailuo-02"]
    assert row["chance"] == 0  # the newsletter's uniform ends below
    wide = predicted(ts.load().corrected(["predictive-interval"]), "hailuo-02", 3).draws
    assert row["chance_predictive"] == pytest.approx((wide >= row["value"]).mean())
    line = predicted(ts.load(), "hailuo-02", 3).draws
    assert row["chance_predictive"] > 10 * (line >= row["value"]).mean()


def test_inputs_without_effect_are_left_out_and_bounds_hold(breaking):
    assert "post_training_rl_fraction" not in breaking.index  # used by a correction alone
    assert "bootstrap_resamples" not in breaking.index
    found = breaking.dropna(subset=["value"])
    fractions = [name for name in found.index if "mfu" in name or "fraction" in name]
    assert (found.loc[fractions, "value"] <= 1).all()
    assert found.loc["post_training_factor", "value"] >= 1
    openai = ts.sensitivity.breaking_points("openai", **FEW)
    assert list(openai.index) == ["R&D compute (USD million)"]


def test_spending_that_is_uncertain_has_a_chance(data_copy):
    data_copy.edit(
        "spending", "openai/rd_compute/CY2024", "amount_millions", "500 to 2000 (p10-p90 lognormal)"
    )
    few = {"data_dir": data_copy.folder, **FEW}
    row = ts.sensitivity.breaking_points("openai", **few).loc["R&D compute (USD million)"]
    spent = ts.estimate("openai", **few).rd_compute / 1e6
    assert row["chance"] == (spent <= row["value"]).mean() > 0


def test_windows_are_twelve_disclosed_months():
    table = ts.sensitivity.lag_and_window("minimax", **FEW)
    assert table.index.unique("spending window").to_list() == WINDOWS
    assert ("2024-10-01 to 2025-09-30", 3) in table.index
    assert table.loc[("2024-10-01 to 2025-09-30", 3), "caveat"] == ""
    assert table["p50"].notna().all()
