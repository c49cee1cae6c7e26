"""Regressions of closed models: the line by hand, refits by a loop, the published figures."""

import numpy as np
import pytest
from arithmetic import NORMAL, assert_close, median_error, regression_points
from scipy.special import ndtr

import training_share as ts
from training_share.inputs.tables import Tables, load
from training_share.model.draws import generator, normals
from training_share.model.scaling import (
    MODALITIES,
    bootstrap,
    closed_model_distribution,
    fit,
    predicted,
    ranked_lines,
    used_points,
)

N = 20_000
SIZES = {"video": 18, "image": 24, "speech": 12}  # models of each regression


def points_by_hand(modality: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """log10 of size, log10 of FLOP and the families."""
    x, y, families = zip(*regression_points(modality).values(), strict=True)
    return np.array(x), np.array(y), list(families)


def chosen(modality: str, units: int, resamples: int, seed: int) -> np.ndarray:
    """Which units make each resample."""
    return generator(seed, f"bootstrap/{modality}").integers(0, units, size=(resamples, units))


def tables_of(resamples: int, *corrections: str) -> Tables:
    cells = [("assumptions", "bootstrap_resamples", "value", str(resamples))]
    return load().for_scenario(corrections=corrections, cells=cells)


# --- the line -------------------------------------------------------------------------------------
@pytest.mark.parametrize("modality", MODALITIES)
def test_the_line_is_that_of_polyfit(modality):
    x, y, _ = points_by_hand(modality)
    slope, intercept = np.polyfit(x, y, 1)
    line = fit(used_points(load(), modality))
    assert line.n == len(x) == SIZES[modality]
    assert_close(line.models["log10_flop"], y)  # without the finetune
    assert (line.slope, line.intercept) == pytest.approx((slope, intercept), rel=1e-9)
    residual = y - np.polyval([slope, intercept], x)
    assert line.r_squared == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2, rel=1e-9)
    assert line.residual_sd == pytest.approx(np.sqrt((residual**2).sum() / (len(x) - 2)), rel=1e-9)
    assert line.models["residual"].to_numpy() == pytest.approx(residual, abs=1e-9)
    on_line = 10 ** np.polyval([slope, intercept], x[0])
    assert line.predict(10 ** x[0]) == pytest.approx(on_line, rel=1e-9)


# --- refits ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("unit", ["model", "family"])
@pytest.mark.parametrize("modality", MODALITIES)
def test_the_bootstrap_is_a_loop_of_refits(modality, unit):
    x, y, families = points_by_hand(modality)
    names = np.array(families) if unit == "family" else np.arange(len(x))
    members = [np.flatnonzero(names == name) for name in np.unique(names)]
    refits = []
    for resample in chosen(modality, len(members), 300, seed=7):
        index = np.concatenate([members[place] for place in resample])
        index = slice(None) if np.ptp(x[index]) < 1e-9 else index  # degenerate: of all points
        refits.append(np.polyfit(x[index], y[index], 1))
    found = bootstrap(used_points(load(), modality), 300, 7, unit)
    slopes, intercepts = np.array(refits).T
    assert found.slopes == pytest.approx(slopes, rel=1e-6)
    assert found.intercepts == pytest.approx(intercepts, rel=1e-6)


def test_a_degenerate_resample_keeps_the_line_of_all_points():
    points = used_points(load(), "speech")[6:11]
    found, line = bootstrap(points, N, 0, "model"), fit(points)
    size = np.array([row.parameters * row.sample_rate_hz for row in points])
    lost = np.ptp(size[chosen("speech", 5, N, seed=0)], axis=1) == 0
    assert lost.any() and np.isfinite(found.slopes).all()
    assert (found.slopes[lost] == line.slope).all()
    assert (found.intercepts[lost] == line.intercept).all()


# --- predictions ----------------------------------------------------------------------------------
def test_a_closed_model_of_known_size_follows_the_line_of_each_resample():
    refits = bootstrap(used_points(load(), "video"), 500, 3, "model")
    expected = 10 ** (refits.intercepts + refits.slopes * np.log10(5e9 * 1360 * 768))
    assert_close(predicted(tables_of(500), "cogvideox", 3).draws, expected)


def test_a_predictive_interval_adds_the_residual_variance():
    line, predictive = (
        np.log10(predicted(tables_of(N, *names), "hailuo-02", 42).draws)
        for names in ([], ["predictive-interval"])
    )
    scatter = fit(used_points(load(), "video")).residual_sd * normals(42, "residual/hailuo-02", N)
    assert_close(predictive, line + scatter)
    assert abs(np.corrcoef(scatter, line)[0, 1]) < 4 / np.sqrt(N)


@pytest.mark.parametrize("model", sorted(load().closed_models))
def test_the_published_method_draws_from_a_uniform_between_p5_and_p95(model):
    tables = tables_of(500)
    draws = predicted(tables, model, 5).draws
    uniform = closed_model_distribution(tables, model, 5)
    limits = np.quantile(draws, [0.05, 0.95])
    assert (uniform.low, uniform.high) == pytest.approx(tuple(limits), rel=1e-12)
    bootstrapped = closed_model_distribution(tables.corrected(["bootstrap-draws"]), model, 5)
    assert bootstrapped.quantile(0.5) == pytest.approx(np.median(draws), rel=1e-12)


@pytest.mark.parametrize("corrections", ["common-line", "common-line, predictive-interval"])
def test_one_line_a_draw_serves_all_models_of_a_modality(corrections):
    """Lines are ranked by what they predict at the mean size: a higher draw is a higher line."""
    est = ts.estimate("minimax", n_draws=N, corrections=corrections, bootstrap_resamples=500)
    lines = ranked_lines(est.tables, "video", est.seed)
    pixels = {"hailuo-02": 1920 * 1080, "hailuo-01": 1280 * 720, "cogvideox": 1360 * 768}
    sizes = {"hailuo-02": (15e9, 30e9), "hailuo-01": (4.5e9, 10e9), "cogvideox": (5e9, 5e9)}
    middle = np.mean([np.log10(np.mean(sizes[key]) * pixels[key]) for key in pixels])
    assert (np.diff(lines.intercepts + lines.slopes * middle) >= -1e-12).all()
    at = np.int_(500 * ndtr(normals(42, "line/video", N)))
    off = lines.line.residual_sd if "predictive" in corrections else 0
    for key, (low, high) in sizes.items():
        parameters = low + (high - low) * ndtr(normals(42, f"parameters/{key}", N))
        log_flop = lines.intercepts[at] + lines.slopes[at] * np.log10(parameters * pixels[key])
        log_flop += off * normals(42, f"residual/{key}", N)
        assert_close(np.log10(est.closed_model(key)), log_flop)


def test_predictions_depend_on_seed_and_number_only_and_a_caller_cannot_spoil_them():
    few, more = tables_of(300), tables_of(900)
    first = predicted(few, "image-01", 1).draws
    assert (predicted(few, "image-01", 2).draws != first).any()
    assert (predicted(more, "image-01", 1).draws[:300] == first).all()
    with pytest.raises(ValueError, match="read-only"):
        first[:] = 0


# --- published ------------------------------------------------------------------------------------
def test_video_has_the_published_r_squared_median_and_interval():
    assert round(fit(used_points(load(), "video")).r_squared, 3) == 0.688
    logs = np.log(predicted(tables_of(N), "hailuo-02", 42).draws)
    assert abs(np.median(logs) - np.log(3.98e24)) < 4 * median_error(logs) + 0.005 / 3.98
    error = np.sqrt(0.025 * 0.975 / N) / NORMAL.pdf(NORMAL.inv_cdf(0.975)) * logs.std()
    for p, printed in ((0.025, 1.22e24), (0.975, 1.76e25)):  # of 95%, not of 90%
        assert abs(np.quantile(logs, p) - np.log(printed)) < 4 * error + 0.005
    assert abs(np.quantile(logs, 0.05) - np.log(1.22e24)) > 10 * error


def test_families_widen_the_interval_of_hailuo_02():
    alone, together = (
        np.log10(predicted(tables_of(4000, *names), "hailuo-02", 42).draws)
        for names in ([], ["clustered-bootstrap"])
    )
    assert together.std() > alone.std()
    assert np.median(together) == pytest.approx(np.median(alone), abs=0.1)
