"""Sobol indices against closed forms, and one input at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from arithmetic import MFU, PRICE

import training_share as ts
from training_share.model.drivers import driver_groups, share_of_normals
from training_share.model.streams import generator


def product_indices(sigmas: dict[str, float]) -> dict[str, tuple[float, float]]:
    """First-order and total index of each factor of a product of independent lognormals."""
    whole = math.expm1(sum(s**2 for s in sigmas.values()))
    return {
        name: (
            math.expm1(s**2) / whole,
            1 - math.expm1(sum(t**2 for other, t in sigmas.items() if other != name)) / whole,
        )
        for name, s in sigmas.items()
    }


def test_product_of_lognormals_has_the_indices_of_the_closed_form(data_copy):
    data_copy.count_only("glm-4.5v")
    est = ts.estimate("zai", data_dir=data_copy.folder)
    assert driver_groups(est.case) == {"MFU": ["mfu"], "GPU price": ["price_usd_per_gpu_hour"]}
    table = est.drivers(n=4096).set_index("driver")
    for name, (first, total) in product_indices(
        {"MFU": MFU.sigma, "GPU price": PRICE.sigma}
    ).items():
        assert table.loc[name, "first_order"] == pytest.approx(first, abs=0.015)
        assert table.loc[name, "total"] == pytest.approx(total, abs=0.015)
        assert abs(table.loc[name, "total"] - total) < table.loc[name, "total_conf"]
        assert abs(table.loc[name, "first_order"] - first) < table.loc[name, "first_order_conf"]


def test_streams_of_one_driver_move_as_one_factor(data_copy):
    """An RL run as a fraction of a base: its fraction and its utilization, and the base's FLOP is
    exact."""
    data_copy.count_only("glm-4.6")
    data_copy.edit("training_runs", "glm-4.5", "post_training", "")
    est = ts.estimate("zai", data_dir=data_copy.folder)
    sigmas = {
        "RL MFU": math.log(4) / (2 * 1.2815515655),
        "RL fractions": math.log(3) / (2 * 1.2815515655),
        "GPU price": PRICE.sigma,
    }
    table = est.drivers(n=8192).set_index("driver")
    assert set(table.index) == set(sigmas)
    for name, (first, total) in product_indices(sigmas).items():
        assert table.loc[name, "first_order"] == pytest.approx(first, abs=0.03)
        assert table.loc[name, "total"] == pytest.approx(total, abs=0.03)


def test_tornado_of_a_product_is_exact(data_copy):
    data_copy.count_only("glm-4.5v")
    est = ts.estimate("zai", data_dir=data_copy.folder)
    table = est.tornado().set_index("driver")
    median = 1.44e23 / (9.89e14 * 3600) * (PRICE / MFU).quantile(0.5) / est.rd_compute_usd
    assert table["share_median"].to_list() == pytest.approx([median, median])
    assert table.loc["MFU", "share_low"] == pytest.approx(median * MFU.quantile(0.5) / 0.15)
    assert table.loc["MFU", "share_high"] == pytest.approx(median * MFU.quantile(0.5) / 0.35)
    assert table.loc["GPU price", "share_high"] == pytest.approx(median * 3.0 / PRICE.quantile(0.5))
    assert list(table.index) == ["MFU", "GPU price"]


@pytest.mark.parametrize("scenario", ["newsletter", "careful"])
@pytest.mark.parametrize("company", ["openai", "minimax", "zai"])
def test_every_stream_belongs_to_one_driver_and_indices_are_sound(company, scenario):
    est = ts.estimate(company, scenario, n_draws=5000)
    groups = driver_groups(est.case)
    names = [name for members in groups.values() for name in members]
    assert len(set(names)) == len(names)
    table = est.drivers(n=256)
    assert table["streams"].sum() == len(names)
    assert table["total"].is_monotonic_decreasing
    assert (table["total"] > -0.02).all() and (table["first_order"] < table["total"] + 0.15).all()
    assert 0.5 < table["first_order"].sum() < 1.3
    assert set(est.tornado()["driver"]) == set(table["driver"]) == set(groups)


def test_given_normals_of_the_streams_give_the_estimates_own_draws():
    est = ts.estimate("minimax", n_draws=2000).without("hailuo")
    normals = {
        name: generator(est.seed, name).standard_normal(2000)
        for members in driver_groups(est.case).values()
        for name in members
    }
    assert np.array_equal(share_of_normals(est.case, normals, 2000), est.share)


def test_excluded_group_leaves_the_share_and_its_drivers():
    table = (
        ts.estimate("minimax", n_draws=5000).without("hailuo").drivers(n=512).set_index("driver")
    )
    assert table.loc["closed-model FLOP", "total"] < 0.02
    whole = ts.estimate("minimax", n_draws=5000).drivers(n=512).set_index("driver")
    assert whole.loc["closed-model FLOP", "total"] > 0.15


def test_one_driver_makes_all_of_the_variance():
    table = ts.estimate("openai", n_draws=2000).drivers()
    assert table[["first_order", "total", "rank_correlation"]].to_numpy().ravel() == pytest.approx(
        [1, 1, 1]
    )
    careful = ts.estimate("openai", "careful", n_draws=2000)
    assert list(driver_groups(careful.case)) == [
        "costs given in USD: openai-gpt-4.5",
        "costs given in USD: openai-other-models",
    ]


def test_exchange_rate_and_spending_are_drivers_where_uncertain():
    est = ts.estimate("zai", "careful", n_draws=1000, cny_per_usd="6.8 to 7.6 (min-max uniform)")
    groups = driver_groups(est.case)
    assert groups["exchange rate"] == ["fx/CNY/2022/2025"]
    assert groups["spending"] == ["spending/zai/owned_compute_proxy/H1 2024"]


def test_rank_correlations_follow_the_signs_of_the_formula_and_of_scipy():
    est = ts.estimate("zai", n_draws=4000)
    table = est.rank_correlations().set_index("stream")["rank_correlation"]
    assert (
        table["mfu"] < -0.5
        and table["price_usd_per_gpu_hour"] > 0.5
        and table["mfu_rl/glm-4.6"] < 0
    )
    from scipy.stats import spearmanr

    assert table["mfu"] == pytest.approx(
        spearmanr(generator(42, "mfu").standard_normal(4000), est.share).statistic
    )


def test_same_seed_same_table_and_wrong_settings_are_refused():
    est = ts.estimate("zai", n_draws=1000)
    assert est.drivers(n=128).equals(est.drivers(n=128, seed=42))
    assert not est.drivers(n=128).equals(est.drivers(n=128, seed=1))
    with pytest.raises(ts.InputError, match="write 1024 instead of 1000"):
        est.drivers(n=1000)
    with pytest.raises(ts.InputError, match="lower first"):
        est.tornado(0.9, 0.1)


def test_nothing_uncertain_is_said(data_copy):
    data_copy.count_only("glm-4.5v")
    est = ts.estimate(
        "zai", data_dir=data_copy.folder, mfu=0.3, price_usd_per_gpu_hour=2, n_draws=10
    )
    for call in (est.drivers, est.tornado, lambda: est.rank_correlations()):
        with pytest.raises(ts.InputError, match="every input is exact"):
            call()
