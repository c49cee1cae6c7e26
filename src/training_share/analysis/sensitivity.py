"""Two assumptions at a time, and how wrong one input would have to be for the claim to fail.

Shares are fractions; everything is a median of `estimate` on common draws with inputs set to exact
values.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, partial

import numpy as np
import pandas as pd
from scipy.special import ndtri

from training_share.analysis.shares import variant_row
from training_share.analysis.sweeps import checked_grid
from training_share.errors import InputError
from training_share.inputs.distributions import Distribution
from training_share.inputs.schema import Assumption
from training_share.inputs.tables import load
from training_share.model.estimates import Estimate, estimate
from training_share.model.scaling import closed_model_distribution, predictions, used_points

# standard normals of equal weight, by which the probability of a part of a distribution is counted
LIKELY = ndtri((np.arange(100_000) + 0.5) / 100_000)


def _median(est: Estimate) -> float:
    return est.median(est.share)


def surface(
    company: str,
    rows: tuple[str, Iterable[float]],
    columns: tuple[str, Iterable[float]],
    *,
    n_draws: int = 50_000,
    seed: int = 42,
    data_dir=None,
    **settings: object,
) -> pd.DataFrame:
    """Return the median share for each pair of values of two assumptions, rows x columns: a sweep
    of two.

    `rows` and `columns` are (assumption, values); `settings` go to `estimate`. Raises InputError as
    `estimate` and `sweep` do.
    """
    fixed = {name: [value] for name, value in settings.items()}
    grid = checked_grid(load(data_dir), dict([rows, columns]) | fixed, (company,))
    base = estimate(company, n_draws=n_draws, seed=seed, data_dir=data_dir, **settings)
    _ = base.share  # drawn first: variants take over what they do not change
    (row_name, across), (column_name, along) = ((name, grid[name]) for name, _ in (rows, columns))
    shares = [
        [_median(base.again(**{row_name: row, column_name: column})) for column in along]
        for row in across
    ]
    index = pd.Index(across, name=row_name)
    return pd.DataFrame(shares, index, pd.Index(along, name=column_name))


def breaking_points(
    company: str, threshold: float = 0.5, reach: float = 100.0, **settings: object
) -> pd.DataFrame:
    """Return, for each input alone, the exact value at which the median share would equal
    `threshold`, and how probable so wrong an input is.

    Inputs are the assumptions that the share depends on, the training FLOP of each closed model,
    and R&D compute. Columns: label; median (of the input now); value (at which the claim fails; NaN
    where no value within a factor `reach` and within its bounds does); factor (value / median);
    chance (the probability of the input's own distribution to lie at the value or beyond it; NaN
    for an exact one; of one draw, where runs draw for themselves); chance_predictive (for a closed
    model, the same by the predictive interval of its regression, since the line's interval, and a
    uniform between its ends, say nothing of how far one model strays from the line). `settings` go
    to `estimate`.
    """
    base = estimate(company, **settings)
    share = _median(base)  # drawn first: variants take over what they do not change
    breaking = partial(_breaking, base, threshold=threshold, reach=reach)
    rows: dict[str, dict[str, object]] = {}
    for name, row in base.tables.assumptions.items():
        if row.correlation:  # else a choice of method
            found = breaking([f"assumptions/{name}/value"], row.amount, _bounds(row))
            rows |= {name: {"label": row.label} | found} if found else {}
    for model in _closed_models(base):
        runs = {key: run for key, run in base.tables.training_runs.items() if run.flop == model}
        used = closed_model_distribution(base.tables, model, base.seed)
        found = breaking([f"training_runs/{key}/flop" for key in runs], used)
        if found:
            beyond = _beyond(_predictive(base, model), found["value"], found["median"])
            label = f"FLOP of {next(iter(runs.values())).model}"
            rows[model] = {"label": label} | found | {"chance_predictive": beyond}
    spent = np.atleast_1d(base.rd_compute_usd) / 1e6
    middle = base.median(base.rd_compute_usd) / 1e6
    value = middle * share / threshold
    rows["R&D compute (USD million)"] = {
        "label": "R&D compute",
        "median": middle,
        "value": value,
        "factor": share / threshold,
        "chance": float((spent <= value).mean()) if spent.size > 1 else math.nan,
    }
    columns = ["label", "median", "value", "factor", "chance", "chance_predictive"]
    frame = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=columns)
    return frame.rename_axis("assumption")


def _breaking(
    base: Estimate,
    cells: list[str],
    distribution: Distribution,
    bounds: tuple[float, float] = (0.0, math.inf),
    *,
    threshold: float,
    reach: float,
) -> dict[str, float]:
    """Return median, value, factor and chance of the input that stands in `cells`; nothing where
    the share does not depend on it."""
    from scipy.optimize import brentq

    given = {"/".join(cell[:3]): cell[3] for cell in base.case.changes}

    @cache  # the ends are asked for twice
    def excess(log_value: float) -> float:
        changes = given | dict.fromkeys(cells, f"{math.exp(log_value):.12g}")
        return _median(base.again(changes=changes)) - threshold

    median, likely = distribution.quantile(0.5), np.asarray(distribution.from_normal(LIKELY))
    ends = [math.log(max(median / reach, bounds[0])), math.log(min(median * reach, bounds[1]))]
    low, high = map(excess, ends)
    if low == high:
        return {}
    value = math.exp(brentq(excess, *ends, xtol=1e-4)) if low * high < 0 else math.nan
    return {
        "median": median,
        "value": value,
        "factor": value / median,
        "chance": _beyond(likely, value, median),
    }


def _bounds(row: Assumption) -> tuple[float, float]:
    """Return the least and the largest value that an assumption may take, by its kind."""
    return (
        1.0 if row.unit.startswith("multiple") else 0.0,
        1.0 if row.unit.startswith("fraction") else math.inf,
    )


def _beyond(draws: np.ndarray, value: float, median: float) -> float:
    """Return the part of draws at `value` or further from the median; NaN for an exact one."""
    if draws.ndim == 0 or math.isnan(value):
        return math.nan
    return float((draws >= value if value > median else draws <= value).mean())


def _closed_models(est: Estimate) -> list[str]:
    """Return the closed models whose FLOP counted runs are given by, or rest on."""
    found = []
    for run in est.runs.values():
        while run.base_run is not None:
            run = est.tables.training_runs[run.base_run]
        found += [run.flop] if isinstance(run.flop, str) else []
    return list(dict.fromkeys(found))


def _predictive(est: Estimate, model: str) -> np.ndarray:
    """Return draws of a closed model's FLOP, residual scatter and all."""
    tables, row = est.tables, est.tables.closed_models[model]
    points = used_points(tables, row.modality)
    unit = tables.choice("bootstrap_unit")
    return predictions(points, row, tables.resamples, est.seed, unit, "predictive").draws


def windows(company: str, months: int = 12, data_dir=None) -> list[tuple[str, str]]:
    """Return the windows of `months` months that a company's disclosed R&D compute can cover,
    oldest first."""
    disclosed = [
        row
        for row in load(data_dir)["spending"].values()
        if (row.company, row.line) == (company, "rd_compute") and not row.inferred
    ]
    edges = sorted(
        {
            day
            for row in disclosed
            for day in (row.period_start, row.period_end + pd.Timedelta(days=1))
        }
    )
    found = []
    for start in edges:
        end = (pd.Timestamp(start) + pd.DateOffset(months=months)).date()
        if end in edges:
            found.append((str(start), str(end - pd.Timedelta(days=1))))
    return found


def lag_and_window(
    company: str, lags: Iterable[int] = (0, 3, 6), **settings: object
) -> pd.DataFrame:
    """Return the share for each disclosed twelve-month window and release lag; `caveat` marks
    windows that the runs do not fit.

    Pairs for which no run was collected at all are left out.
    """
    base, rows = estimate(company, **settings), {}
    for start, end in windows(company, data_dir=settings.get("data_dir")):
        for lag in lags:
            window = {"spending_start": start, "spending_end": end, "release_lag_months": lag}
            with suppress(InputError):
                rows[f"{start} to {end}", lag] = variant_row(base.again(**window))
    frame = pd.DataFrame.from_dict(rows, orient="index")
    return frame.rename_axis(["spending window", "lag (months)"])
