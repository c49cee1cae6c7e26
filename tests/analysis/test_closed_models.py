"""How far a regression is to be trusted: refits by hand, the hat matrix, the vendor's statement."""

import numpy as np
import pytest
from refusals import assert_refused

import training_share as ts
from training_share import closed_models
from training_share.model.scaling import fit, predicted, used_points


@pytest.fixture(scope="module")
def est() -> ts.Estimate:
    return ts.estimate("minimax")


def test_vendor_s_statement_is_the_table_s(est, data_copy):
    data_copy.edit("closed_models", "hailuo-02", "predecessor_factor", "6")
    table = closed_models.estimators(ts.estimate("minimax", data_dir=data_copy.folder))
    assert table.loc["vendor's statement: 6 x hailuo-01", "p50"] == pytest.approx(
        6 * np.median(predicted(est.tables, "hailuo-01", est.seed).draws)
    )
    assert not any("vendor" in name for name in closed_models.estimators(est, "image-01").index)
    data_copy.edit("closed_models", "hailuo-02", "predecessor", "hailuo-00")
    assert_refused("column predecessor: no closed model 'hailuo-00'", ts.load, data_copy.folder)
    data_copy.edit("closed_models", "hailuo-02", "predecessor", "")
    assert_refused("belong together", ts.load, data_copy.folder)


def test_leave_one_out_equals_a_refit_by_hand(est):
    table = closed_models.leave_one_out(est, "hailuo-02")
    points = fit(used_points(est.tables, "video")).models
    rest = points[points["model"] != "VASA-1"]
    slope, intercept = np.polyfit(rest["log10_size"], rest["log10_flop"], 1)
    size = np.log10(22.5e9 * 1920 * 1080)
    assert table.loc["VASA-1", "flop"] == pytest.approx(10 ** (intercept + slope * size))
    assert table.loc["none", "ratio"] == 1 and list(table.index[1:]) == list(points["model"])


def test_estimators_order(est):
    table = closed_models.estimators(est)
    width = np.log(table["p95"] / table["p5"])
    assert width["predictive interval, resampling model"] > width["line interval, resampling model"]
    vendor = [name for name in table.index if "vendor" in name]
    assert table.loc[vendor, "p50"].item() == pytest.approx(
        12 * np.median(predicted(est.tables, "hailuo-01", est.seed).draws)
    )


def test_residuals_leverage_sums_to_two(est):
    assert closed_models.residuals(est, "video")["leverage"].sum() == pytest.approx(2)


def test_band_contains_the_line(est):
    line, band, _ = closed_models.scaling_band(est, "video")
    assert ((band["p5"] < band["flop"]) & (band["flop"] < band["p95"])).all()
    assert np.all(np.diff(band["size"]) > 0) and line.n == 18


def test_tables_and_seed_are_the_estimate_s(est):
    """A correction drops a point; another company's estimate says the same."""
    other = ts.estimate("zai", seed=7, corrections="cosmos-duplicates")
    table, points = (
        ask(other) for ask in (closed_models.predictions_table, closed_models.points_table)
    )
    assert closed_models.scaling_band(other, "video")[0].n < 18
    assert len(points) == len(closed_models.points_table(est))
    for model in ("hailuo-02", "cogvideox"):
        assert table.loc[model, "p50"] == np.median(predicted(other.tables, model, 7).draws)
