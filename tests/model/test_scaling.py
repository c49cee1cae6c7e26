import numpy as np
import pytest
from arithmetic import NORMAL, median_error, regression_points

import training_share as ts
from training_share.errors import InputError
from training_share.inputs.tables import for_scenario, load
from training_share.model.scaling import (
    MODALITIES,
    bootstrap,
    closed_model_distribution,
    closed_model_draws,
    fit,
    predictions,
    used_points,
)
from training_share.model.streams import generator


def points_by_hand(modality: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """log10 of size, log10 of FLOP and the families."""
    x, y, families = zip(*regression_points(modality).values(), strict=True)
    return np.array(x), np.array(y), list(families)


@pytest.mark.parametrize("modality", MODALITIES)
def test_the_line_is_that_of_polyfit(modality):
    x, y, _ = points_by_hand(modality)
    slope, intercept = np.polyfit(x, y, 1)
    line = ts.fit_scaling(modality)
    assert (line.slope, line.intercept) == pytest.approx((slope, intercept), rel=1e-9)
    residual = y - np.polyval([slope, intercept], x)
    assert line.r_squared == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2, rel=1e-9)
    assert line.residual_sd == pytest.approx(np.sqrt((residual**2).sum() / (len(x) - 2)), rel=1e-9)
    assert line.models["residual"].to_numpy() == pytest.approx(residual, abs=1e-9)
    assert line.predict(10 ** x[0]) == pytest.approx(
        10 ** np.polyval([slope, intercept], x[0]), rel=1e-9
    )


@pytest.mark.parametrize(("modality", "n"), [("video", 18), ("image", 24), ("speech", 12)])
def test_the_number_of_models(modality, n):
    assert ts.fit_scaling(modality).n == n == len(ts.fit_scaling(modality).models)


def test_r_squared_of_video_is_the_published_one():
    assert round(ts.fit_scaling("video").r_squared, 3) == 0.688


def test_the_finetune_is_taken_off():
    rows = ts.fit_scaling("video").models.set_index("model")
    assert 10 ** rows.loc["Emu3.5", "log10_flop"] == pytest.approx(
        9.86736e24 - 2.78256e24, rel=1e-9
    )
    assert 10 ** rows.loc["Cosmos-Transfer1-7B", "log10_flop"] == pytest.approx(1.4e24, rel=1e-6)


@pytest.mark.parametrize("unit", ["model", "family"])
@pytest.mark.parametrize("modality", MODALITIES)
def test_the_bootstrap_is_a_loop_of_refits(modality, unit):
    resamples, seed = 300, 7
    x, y, families = points_by_hand(modality)
    names = sorted(set(families)) if unit == "family" else range(len(x))
    members = [
        [i for i, family in enumerate(families) if family == name] if unit == "family" else [name]
        for name in names
    ]
    chosen = generator(seed, f"bootstrap/{modality}").integers(
        0, len(members), size=(resamples, len(members))
    )
    refits = []
    for resample in chosen:
        index = [point for unit_index in resample for point in members[unit_index]]
        degenerate = np.ptp(x[index]) < 1e-9
        refits.append(np.polyfit(x, y, 1) if degenerate else np.polyfit(x[index], y[index], 1))
    found = bootstrap(used_points(load(), modality), resamples, seed, unit)
    assert found.slopes == pytest.approx(np.array(refits)[:, 0], rel=1e-6)
    assert found.intercepts == pytest.approx(np.array(refits)[:, 1], rel=1e-6)


def test_a_degenerate_resample_keeps_the_line_of_all_points():
    points = used_points(load(), "speech")[6:11]
    found = bootstrap(points, 20_000, 0, "model")
    chosen = generator(0, "bootstrap/speech").integers(0, 5, size=(20_000, 5))
    size = np.array([row.parameters * row.sample_rate_hz for row in points])
    lost = np.ptp(size[chosen], axis=1) == 0
    assert lost.any() and np.isfinite(found.slopes).all()
    assert (found.slopes[lost] == fit(points).slope).all()
    assert (found.intercepts[lost] == fit(points).intercept).all()


def test_families_widen_the_interval_of_hailuo_02():
    alone = np.log10(ts.closed_model_flop("hailuo-02", 4000))
    together = np.log10(
        ts.closed_model_flop("hailuo-02", 4000, corrections=["clustered-bootstrap"])
    )
    assert together.std() != alone.std()
    assert np.median(together) == pytest.approx(np.median(alone), abs=0.1)


def test_the_median_of_hailuo_02_is_the_published_one():
    draws = np.log10(ts.closed_model_flop("hailuo-02", n_draws=20_000))
    rounding = 0.005 / 3.98 / np.log(10)
    assert abs(np.median(draws) - np.log10(3.98e24)) < 4 * median_error(draws) + rounding


def test_the_published_interval_of_hailuo_02_is_the_95_percent_one():
    draws = ts.closed_model_flop("hailuo-02", n_draws=20_000)
    n, z = len(draws), NORMAL.inv_cdf(0.975)
    error = np.sqrt(0.025 * 0.975 / n) / NORMAL.pdf(z) * np.log(draws).std()
    for p, printed in ((0.025, 1.22e24), (0.975, 1.76e25)):
        assert abs(np.log(np.quantile(draws, p) / printed)) < 4 * error + 0.005
    assert abs(np.log(np.quantile(draws, 0.05) / 1.22e24)) > 10 * error


def test_a_closed_model_of_known_size_follows_the_line_of_each_resample():
    tables = load()
    points, model = used_points(tables, "video"), tables["closed_models"]["cogvideox"]
    refits = bootstrap(points, 500, 3, "model")
    expected = 10 ** (refits.intercepts + refits.slopes * np.log10(5e9 * 1360 * 768))
    found = predictions(points, model, 500, 3, "model", "line")
    assert found.draws == pytest.approx(expected, rel=1e-12)


def test_a_predictive_interval_adds_the_residual_variance():
    n, line_sd = 20_000, ts.fit_scaling("video").residual_sd
    line = np.log10(ts.closed_model_flop("hailuo-02", n))
    predictive = np.log10(ts.closed_model_flop("hailuo-02", n, corrections=["predictive-interval"]))
    scatter = predictive - line
    assert abs(scatter.mean()) < 4 * line_sd / np.sqrt(n)
    assert abs(scatter.var() - line_sd**2) < 4 * line_sd**2 * np.sqrt(2 / n)
    assert abs(np.corrcoef(scatter, line)[0, 1]) < 4 / np.sqrt(n)
    assert np.ptp(np.quantile(predictive, [0.05, 0.95])) > np.ptp(np.quantile(line, [0.05, 0.95]))


@pytest.mark.parametrize("model", sorted(load()["closed_models"]))
def test_the_published_method_draws_from_a_uniform_between_p5_and_p95(model):
    tables = for_scenario(
        "newsletter", cells=(("assumptions", "bootstrap_resamples", "value", "500"),)
    )
    draws = closed_model_draws(tables, model, 5)
    uniform = closed_model_distribution(tables, model, 5)
    assert (uniform.low, uniform.high) == pytest.approx(
        tuple(np.quantile(draws, [0.05, 0.95])), rel=1e-12
    )
    bootstrapped = closed_model_distribution(tables.corrected(["bootstrap-draws"]), model, 5)
    assert bootstrapped.quantile(0.5) == pytest.approx(np.median(draws), rel=1e-12)


def test_predictions_depend_on_seed_and_number_only():
    first = ts.closed_model_flop("image-01", 300, seed=1)
    assert (ts.closed_model_flop("image-01", 300, seed=1) == first).all()
    assert (ts.closed_model_flop("image-01", 300, seed=2) != first).any()
    assert (ts.closed_model_flop("image-01", 900, seed=1)[:300] == first).all()
    first[:] = 0
    assert (ts.closed_model_flop("image-01", 300, seed=1) > 0).all(), (
        "a caller cannot spoil what is remembered"
    )


def test_too_few_points_are_refused():
    with pytest.raises(InputError, match="4 used models; a regression needs at least five"):
        fit(used_points(load(), "video")[:4])


def test_models_of_one_size_make_no_line():
    point = used_points(load(), "video")[0]
    with pytest.raises(InputError, match="all used video models have one size"):
        fit((point,) * 6)


@pytest.mark.parametrize("n_draws", [0, -1, 2.5, "many"])
def test_a_number_of_draws_that_is_none_is_refused(n_draws):
    with pytest.raises(InputError, match="n_draws: expected a whole number"):
        ts.closed_model_flop("hailuo-02", n_draws)
