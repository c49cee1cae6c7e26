"""What would settle a share, against closed forms and an independent calculation."""

import math

import numpy as np
import pytest
from arithmetic import MFU, NORMAL, PRICE

import training_share as ts
from training_share.analysis.information import (
    expected_width,
    in_flop,
    variance_removed,
    what_would_settle,
)
from training_share.model.draws import generator


@pytest.mark.parametrize("weighted", [False, True])
def test_a_product_is_as_wide_as_the_factor_that_is_left(weighted):
    x, y = (generator(3, name).standard_normal(200_000) for name in ("x", "y"))
    sigma, tau, shift = 0.4, 0.3, 0.5 if weighted else 0.0
    weights = np.exp(shift * x) if weighted else np.ones(x.size)  # a normal, moved by `shift`
    left = math.exp(1.6448536 * tau) - math.exp(-1.6448536 * tau)
    expected = math.exp(shift * sigma + sigma**2 / 2) * left
    found = expected_width(np.exp(sigma * x + tau * y), x, weights / weights.sum())
    assert found == pytest.approx(expected, rel=0.02)
    part = variance_removed(sigma * x + tau * y, x, weights / weights.sum())
    assert part == pytest.approx(sigma**2 / (sigma**2 + tau**2), rel=0.02)


def test_knowing_what_is_independent_or_everything():
    x, y = (generator(3, name).standard_normal(100_000) for name in ("x", "y"))
    assert expected_width(x, y) == pytest.approx(2 * 1.6448536, rel=0.02)
    assert expected_width(x, x) < 0.15


def test_price_over_mfu_settles_a_single_run(data_copy):
    data_copy.count_only("glm-4.5v")
    est = ts.estimate("zai", n_draws=50_000, data_dir=data_copy.folder)
    table = what_would_settle(est)
    assert table.index[0] in ("GPU price over MFU", "cost of GLM-4.5V, vision-language finetune")
    assert table["width"].iloc[0] < 0.1 * table["now"].iloc[0]
    middle = 1.44e23 / (9.89e14 * 3600) / est.rd_compute
    z = NORMAL.inv_cdf(0.95)
    known, other = MFU.sigma, PRICE.sigma
    expected = (PRICE / MFU).quantile(0.5) * math.exp(known**2 / 2)
    expected *= middle * (math.exp(z * other) - math.exp(-z * other))
    assert table.loc["MFU", "width"] == pytest.approx(expected, rel=0.03)


@pytest.mark.slow
def test_an_independent_calculation_agrees():
    """62 points now, 36 once the FLOP of Hailuo 02 are known, 23 once its dollars are; Z.ai 17 and
    4 with price over MFU."""
    minimax = what_would_settle(ts.estimate("minimax", "careful", evidence="other-rd-flat"))
    run = "Hailuo 02, pretraining"
    assert 100 * minimax["now"].iloc[0] == pytest.approx(62, abs=2)
    assert 100 * minimax.loc[f"FLOP of {run}", "width"] == pytest.approx(36, abs=3)
    assert 100 * minimax.loc[f"cost of {run}", "width"] == pytest.approx(23, abs=3)
    zai = what_would_settle(ts.estimate("zai"))
    assert 100 * zai["now"].iloc[0] == pytest.approx(17, abs=1)
    assert 100 * zai.loc["GPU price over MFU", "width"] == pytest.approx(4, abs=1)


def test_what_is_given_in_dollars_has_no_market():
    assert not {"MFU", "GPU price"} & set(what_would_settle(ts.estimate("openai")).index)


def test_a_share_in_flop_is_the_arithmetic_of_its_utilizations():
    est = ts.estimate("minimax", n_draws=20_000)
    table = in_flop(est)
    share = est.summary()["share_p50"]
    assert table.loc[1.0, "p50"] == pytest.approx(share)
    assert table.loc[0.5, "p50"] == pytest.approx(share / (share + (1 - share) / 2))
    assert 100 * table.loc[0.5, "p50"] == pytest.approx(37, abs=0.5)
    dear = est.again(price_usd_per_gpu_hour="30")  # the share is above one in many draws
    assert dear.share.max() > 1 and in_flop(dear).max(axis=None) == 1


def test_workloads_differ_between_units_by_their_utilization():
    """With exact inputs the part of RL in hours follows from its part in FLOP and the two MFUs."""
    exact = {
        "mfu": "0.4",
        "mfu_rl": "0.1",
        "price_usd_per_gpu_hour": "2",
        "rl_fraction": "0.1",
        "post_training_factor": "1.05",
    }
    est = ts.estimate("zai", n_draws=50, exclude_groups="", **exact)
    table = ts.information.by_workload(est)
    assert table.sum().to_list() == pytest.approx([1, 1, 1], abs=1e-3)
    rl = table.loc["rl"]
    hours = rl["FLOP"] / 0.1 / (rl["FLOP"] / 0.1 + (1 - rl["FLOP"]) / 0.4)
    assert rl["GPU-hours"] == pytest.approx(hours, rel=1e-3)
    assert rl["USD"] == pytest.approx(rl["GPU-hours"], rel=1e-9)
