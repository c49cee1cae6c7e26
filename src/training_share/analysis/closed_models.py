"""How far to trust a regression's prediction: leave one out, residuals, other intervals, another
estimator."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from training_share.errors import require_known
from training_share.inputs.tables import for_scenario
from training_share.model.case import listed
from training_share.model.precision import QUANTILES, quantiles, spread
from training_share.model.scaling import (
    ScalingFit,
    bootstrap,
    closed_model_distribution,
    closed_model_draws,
    fit,
    median_size,
    predictions,
    used_points,
)


def leave_one_out(
    model: str, scenario: str = "newsletter", corrections: Iterable[str] | str = (), data_dir=None
) -> pd.DataFrame:
    """Return the line's prediction for a closed model (at its median parameters) without each point
    in turn.

    One row a point left out (the first leaves out none): slope, r_squared, flop, and `ratio` to the
    full prediction. Raises InputError for an unknown model.
    """
    tables = for_scenario(scenario, listed(corrections), data_dir=data_dir)
    require_known(model, tables["closed_models"], "closed model")
    row = tables["closed_models"][model]
    points = used_points(tables, row.modality)
    size = median_size(row)
    lines = {"none": fit(points)} | {
        out.model: fit(tuple(p for p in points if p is not out)) for out in points
    }
    frame = pd.DataFrame(
        {
            name: {"slope": line.slope, "r_squared": line.r_squared, "flop": line.predict(size)}
            for name, line in lines.items()
        }
    ).T.rename_axis("left_out")
    frame["ratio"] = frame["flop"] / frame.loc["none", "flop"]
    return frame


def estimators(
    model: str = "hailuo-02",
    scenario: str = "newsletter",
    seed: int = 42,
    corrections: Iterable[str] | str = (),
    data_dir=None,
) -> pd.DataFrame:
    """Return p5, p50 and p95 of a closed model's training FLOP by several methods with their
    standard errors.

    The line's own uncertainty with models or whole families resampled, the predictive interval, and
    where the vendor states how many times the parameters and the data of its predecessor a model
    has, their product times the prediction for the predecessor: a point of the same line, lower
    down. Raises InputError for an unknown model.
    """
    tables = for_scenario(scenario, listed(corrections), data_dir=data_dir)
    require_known(model, tables.closed_models, "closed model")
    row = tables["closed_models"][model]
    points = used_points(tables, row.modality)
    methods = {
        f"{interval} interval, resampling {unit}": predictions(
            points, row, tables.resamples, seed, unit, interval
        ).draws
        for unit in ("model", "family")
        for interval in ("line", "predictive")
    }
    if row.predecessor is not None and row.predecessor_factor is not None:
        factor, before = row.predecessor_factor, closed_model_draws(tables, row.predecessor, seed)
        methods[f"vendor's statement: {factor:g} x {row.predecessor}"] = factor * before
    return pd.DataFrame({name: spread(draws) for name, draws in methods.items()}).T.rename_axis(
        "method"
    )


def residuals(
    modality: str,
    scenario: str = "newsletter",
    seed: int = 42,
    corrections: Iterable[str] | str = (),
    data_dir=None,
) -> pd.DataFrame:
    """Return each point's residual (log10 FLOP above the line) and its leverage, one row a model.

    Leverage is the diagonal of the hat matrix, 1/n + (x - mean)^2 / sum of squares; `slope_spread`
    is the standard deviation of the bootstrap slopes, the same in every row.
    """
    tables = for_scenario(scenario, listed(corrections), data_dir=data_dir)
    points, unit = used_points(tables, modality), tables.choice("bootstrap_unit")
    refits = bootstrap(points, tables.resamples, seed, unit)
    frame = refits.line.models.copy()
    centred = frame["log10_size"] - frame["log10_size"].mean()
    frame["leverage"] = 1 / refits.line.n + centred**2 / (centred**2).sum()
    frame["slope_spread"] = np.std(refits.slopes)
    return frame.set_index("model")


def predictions_table(
    scenario: str = "newsletter",
    seed: int = 42,
    corrections: Iterable[str] | str = (),
    data_dir=None,
) -> pd.DataFrame:
    """Return p5, p50 and p95 of each closed model's bootstrap predictions in FLOP with their
    standard errors, and the median of the distribution that enters the Monte Carlo."""
    tables = for_scenario(scenario, listed(corrections), data_dir=data_dir)
    rows = {}
    for key, row in tables["closed_models"].items():
        used = closed_model_distribution(tables, key, seed)
        rows[key] = {
            "modality": row.modality,
            "parameters": str(row.parameters),
            **spread(closed_model_draws(tables, key, seed)),
            "median in the Monte Carlo": f"{used.quantile(0.5):.3g}",
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")


def points_table(
    scenario: str = "newsletter", corrections: Iterable[str] | str = (), data_dir=None
) -> pd.DataFrame:
    """Return the points of the three regressions with their remarks."""
    frame = for_scenario(scenario, listed(corrections), data_dir=data_dir).frame(
        "generative_models"
    )
    return frame.drop(columns=["source_id"]).set_index("modality")


def scaling_band(
    modality: str,
    scenario: str = "newsletter",
    seed: int = 42,
    corrections: Iterable[str] | str = (),
    data_dir=None,
    n_sizes: int = 60,
) -> tuple[ScalingFit, pd.DataFrame, pd.DataFrame]:
    """Return a modality's fit, its line with the pointwise 5th-95th percentile bootstrap band
    (columns size, flop, p5, p95), and the predictions of its closed models (size, p5, p50, p95 in
    FLOP; size at the median parameters)."""
    tables = for_scenario(scenario, listed(corrections), data_dir=data_dir)
    points = used_points(tables, modality)
    refits = bootstrap(points, tables.resamples, seed, tables.choice("bootstrap_unit"))
    line, slopes, intercepts = refits.line, refits.slopes, refits.intercepts
    closed = {key: row for key, row in tables["closed_models"].items() if row.modality == modality}
    sizes = {key: median_size(row) for key, row in closed.items()}
    logs = np.append(line.models["log10_size"], np.log10(list(sizes.values())))
    grid = np.linspace(logs.min() - 0.2, logs.max() + 0.2, n_sizes)
    low, high = np.array([np.quantile(intercepts + slopes * x, [0.05, 0.95]) for x in grid]).T
    band = pd.DataFrame(
        {"size": 10**grid, "flop": line.predict(10**grid), "p5": 10**low, "p95": 10**high}
    )
    predicted = pd.DataFrame(
        {key: quantiles(closed_model_draws(tables, key, seed)) for key in closed},
        index=list(QUANTILES),
    ).T.rename_axis("model")
    predicted.insert(0, "size", pd.Series(sizes))
    return line, band, predicted
