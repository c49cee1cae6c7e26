"""Surfaces and breaking points agree with arithmetic."""

import numpy as np
import pytest

import training_share as ts

FEW = {"n_draws": 2000, "seed": 3}


def test_surface_is_proportional_to_price():
    table = ts.sensitivity.surface(
        "zai", ("mfu", [0.2, 0.4]), ("price_usd_per_gpu_hour", [1.0, 3.0]), **FEW
    )
    assert table[3.0].to_numpy() == pytest.approx(3 * table[1.0].to_numpy())
    assert (table.loc[0.4] < table.loc[0.2]).all()


def test_breaking_price_brings_the_median_to_one_half():
    table = ts.sensitivity.breaking_points("minimax", **FEW)
    price = table.loc["price_usd_per_gpu_hour", "value"]
    assert np.median(
        ts.estimate("minimax", price_usd_per_gpu_hour=price, **FEW).share
    ) == pytest.approx(0.5, rel=1e-3)
    spent = table.loc["R&D compute (USD million)"]
    assert spent["median"] * np.median(ts.estimate("minimax", **FEW).share) == pytest.approx(
        spent["value"] * 0.5
    )


def test_windows_are_twelve_disclosed_months():
    table = ts.sensitivity.lag_and_window("minimax", **FEW)
    assert ("2024-10-01 to 2025-09-30", 3) in table.index
    assert not table.loc[("2024-10-01 to 2025-09-30", 3), "incomplete"]
    assert table["p50"].notna().all()
