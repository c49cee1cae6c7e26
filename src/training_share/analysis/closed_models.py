"""How far to trust a regression's prediction: leave one out, other intervals, another estimator.
Tables and seed are those of an estimate, of whatever company; nothing is drawn of it."""

from typing import Any

import numpy as np
import pandas as pd

from training_share.errors import require_known
from training_share.model import scaling
from training_share.model.estimate import Estimate
from training_share.model.precision import QUANTILES, quantiles, spread


def _row(est: Estimate, model: str) -> Any:
    require_known(model, est.tables.closed_models, "closed model")
    return est.tables.closed_models[model]


def leave_one_out(est: Estimate, model: str) -> pd.DataFrame:
    """Return the line's prediction for a closed model (at its median parameters) without each point
    in turn.

    One row a point left out (the first leaves out none): slope, r_squared, flop, and `ratio` to the
    full prediction. Raises InputError for an unknown model.
    """
    row = _row(est, model)
    points = scaling.used_points(est.tables, row.modality)
    left = {out.model: tuple(point for point in points if point is not out) for out in points}
    lines = {name: scaling.fit(some) for name, some in {"none": points, **left}.items()}
    size = scaling.median_size(row)
    rows = {name: (line.slope, line.r_squared, line.predict(size)) for name, line in lines.items()}
    frame = pd.DataFrame(rows, ["slope", "r_squared", "flop"]).T.rename_axis("left_out")
    return frame.assign(ratio=frame["flop"] / frame.loc["none", "flop"])


def residuals(est: Estimate, modality: str) -> pd.DataFrame:
    """Return each point's residual (log10 FLOP above the line) and its leverage, one row a model:
    the diagonal of the hat matrix, 1/n + (x - mean)^2 / sum of squares."""
    frame = scaling.fit(scaling.used_points(est.tables, modality)).models.set_index("model")
    centred = frame["log10_size"] - frame["log10_size"].mean()
    return frame.assign(leverage=1 / len(frame) + centred**2 / (centred**2).sum())


def estimators(est: Estimate, model: str = "hailuo-02") -> pd.DataFrame:
    """Return p5, p50 and p95 of a closed model's training FLOP by several methods with their
    standard errors.

    The line's own uncertainty with models or whole families resampled, the predictive interval, and
    where the vendor states how many times the parameters and the data of its predecessor a model
    has, their product times the prediction for the predecessor: a point of the same line, lower
    down. Raises InputError for an unknown model.
    """
    row, tables, seed = _row(est, model), est.tables, est.seed
    points, resamples, *_ = scaling.bootstrapped(tables, row.modality, seed)
    methods = {
        f"{interval} interval, resampling {unit}": scaling.predictions(
            (points, resamples, seed, unit), row, interval == "predictive"
        ).draws
        for unit in ("model", "family")
        for interval in ("line", "predictive")
    }
    if row.predecessor:
        factor, before = row.predecessor_factor, row.predecessor
        flop = factor * scaling.predicted(tables, before, seed).draws
        methods[f"vendor's statement: {factor:g} x {before}"] = flop
    rows = {name: spread(draws) for name, draws in methods.items()}
    return pd.DataFrame(rows).T.rename_axis("method")


def fits_table(est: Estimate) -> pd.DataFrame:
    """Return how well size predicts compute, one row a modality: open models, slope, r_squared, and
    the factor by which a single model typically strays from the line."""
    rows = {}
    for modality in scaling.MODALITIES:
        fit = scaling.fit(scaling.used_points(est.tables, modality))
        strays = 10**fit.residual_sd
        rows[modality] = {"open models": fit.n, "slope": fit.slope}
        rows[modality] |= {"r_squared": fit.r_squared, "strays by a factor of": strays}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("modality")


def predictions_table(est: Estimate) -> pd.DataFrame:
    """Return p5, p50 and p95 of each closed model's bootstrap predictions in FLOP with their
    standard errors, and the median of the distribution that enters the Monte Carlo."""
    rows, texts = {}, est.tables.texts["closed_models"]
    for key, row in est.tables.closed_models.items():
        used = scaling.closed_model_distribution(est.tables, key, est.seed)
        rows[key] = {"modality": row.modality, "parameters": texts[key]["parameters"]}
        rows[key] |= spread(scaling.predicted(est.tables, key, est.seed).draws)
        rows[key]["median used"] = used.quantile(0.5)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")


def points_table(est: Estimate) -> pd.DataFrame:
    """Return the points of the three regressions with their remarks."""
    frame = est.tables.frame("generative_models")
    return frame.drop(columns=["place", "source_id"]).set_index("modality")


def scaling_band(
    est: Estimate, modality: str, n_sizes: int = 60
) -> tuple[scaling.ScalingFit, pd.DataFrame, pd.DataFrame]:
    """Return a modality's fit, its line with the pointwise 5th-95th percentile bootstrap band
    (columns size, flop, p5, p95), and the predictions of its closed models (size, p5, p50, p95 in
    FLOP; size at the median parameters)."""
    refits = scaling.bootstrap(*scaling.bootstrapped(est.tables, modality, est.seed))
    rows = est.tables.closed_models.items()
    sizes = {key: scaling.median_size(row) for key, row in rows if row.modality == modality}
    logs = np.append(refits.line.models["log10_size"], np.log10(list(sizes.values())))
    grid = np.linspace(logs.min() - 0.2, logs.max() + 0.2, n_sizes)
    lines = (refits.intercepts + refits.slopes * x for x in grid)
    low, high = np.array([np.quantile(line, [0.05, 0.95]) for line in lines]).T
    band = {"size": 10**grid, "flop": refits.line.predict(10**grid), "p5": 10**low, "p95": 10**high}
    draws = {key: scaling.predicted(est.tables, key, est.seed).draws for key in sizes}
    predicted = {key: quantiles(values) for key, values in draws.items()}
    frame = pd.DataFrame(predicted, list(QUANTILES)).T.rename_axis("model")
    frame.insert(0, "size", pd.Series(sizes))
    return refits.line, pd.DataFrame(band), frame
