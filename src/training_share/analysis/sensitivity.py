"""Two assumptions at a time, and how wrong one input would have to be for the claim to fail.

Shares are fractions and medians on common draws; `settings` go to `estimate`.
"""

import math
from collections.abc import Callable, Iterable
from functools import cache
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from training_share.analysis.variants import HALF, NOTED, variants, windows_between
from training_share.errors import InputError
from training_share.inputs.columns import CHECKED
from training_share.inputs.notation import Distribution
from training_share.model.case import values_of
from training_share.model.estimate import Estimate, estimate
from training_share.model.scaling import bootstrapped, closed_model_distribution, predictions

# standard normals of equal weight, by which the probability of a part of a distribution is counted
LIKELY = ndtri((np.arange(100_000) + 0.5) / 100_000)
REACH = 100.0  # factor on the median up to which an input is tried
HALVINGS = 8  # of that distance, where evidence leaves no draws so far out
Values = tuple[str, Iterable[float]]


def surface(company: str, rows: Values, columns: Values, **settings: Any) -> pd.DataFrame:
    """Return the median share for each pair of values of two assumptions, rows x columns, each
    given as (assumption, values). Raises InputError as `estimate` does."""
    est = estimate(company, **settings)
    for axis in (rows, columns):
        if not isinstance(axis, tuple | list) or list(map(type, axis[:-1])) != [str]:
            raise InputError(f"surface: give ('mfu', [0.2, 0.4]) as rows and columns; got {axis!r}")
    index, along = (pd.Index(values_of(*axis), name=axis[0]) for axis in (rows, columns))
    shares = [[_median(est.again(**{rows[0]: x, columns[0]: y})) for y in along] for x in index]
    return pd.DataFrame(shares, index, along)


def _median(est: Estimate) -> float:
    return est.median(est.share)


def breaking_points(company: str, threshold: float = HALF, **settings: Any) -> pd.DataFrame:
    """Return, for each input alone, the exact value at which the median share would equal
    `threshold`, and how probable so wrong an input is; under evidence, which then weighs the other
    inputs anew, as far out as it leaves draws.

    Inputs are the assumptions that the share depends on, the training FLOP of each closed model,
    and R&D compute. Columns: label; unit; median (of the input now); value (at which the claim
    fails; NaN where none within its bounds does); factor (value / median); chance (the probability
    of the input's own distribution to lie at the value or beyond it; NaN for an exact one; of one
    draw, where runs draw for themselves); chance_predictive (for a closed model, the same by the
    predictive interval of its regression: how far one model strays from the line).
    """
    if not isinstance(threshold, Real) or not threshold > 0:
        raise InputError(f"threshold: expected a share above zero, got {threshold!r}")
    est = estimate(company, **settings)
    tables, share, rows = est.tables, _median(est), {}
    for name, row in tables.assumptions.items():
        if row.correlation:  # else a choice of method
            least, most = float("multiple" in row.kind), 1.0 if "fraction" in row.kind else math.inf
            cells = [("assumptions", name, "value")]
            if found := _failing(est, threshold, cells, row.amount, least, most):
                rows[name] = {"label": row.label, "unit": row.unit, **found}
    for name, row in tables.closed_models.items():
        runs = {key: run for key, run in tables.training_runs.items() if run.flop == name}
        cells = [("training_runs", key, "flop") for key in runs]
        used = closed_model_distribution(tables, name, est.seed)
        if found := _failing(est, threshold, cells, used):
            one = predictions(bootstrapped(tables, row.modality, est.seed), row, True)
            beyond = _beyond(one.draws, found["value"], found["median"])
            label = f"FLOP of {next(iter(runs.values())).model}"
            rows[name] = {"label": label, "unit": "FLOP", **found, "chance_predictive": beyond}
    spent = est.median(est.rd_compute) / 1e6
    found = {"median": spent, "value": spent * share / threshold, "factor": share / threshold}
    chance = _beyond(np.asarray(est.rd_compute) / 1e6, found["value"], math.inf)
    told = {"label": "R&D compute", "unit": f"{est.unit} million"}
    rows["R&D compute (USD million)"] = {**told, **found, "chance": chance}
    columns = ["label", "unit", "median", "value", "factor", "chance", "chance_predictive"]
    frame = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=columns)
    return frame.rename_axis("assumption")


def _failing(
    est: Estimate,
    threshold: float,
    cells: list[tuple[str, str, str]],
    now: Distribution,
    least: float = 0.0,
    most: float = math.inf,
) -> dict[str, float]:
    """Return median, value, factor and chance of the input in `cells` that is drawn from `now`;
    nothing where the share does not depend on it."""
    from scipy.optimize import brentq

    @cache  # the ends are asked for twice
    def excess(log_value: float) -> float:
        exact = f"{math.exp(log_value):.12g}{CHECKED}"
        try:
            return _median(est.with_cells(*((*cell, exact) for cell in cells))) - threshold
        except InputError:  # no draws that agree with the evidence
            return math.nan

    median = now.quantile(0.5)
    ends = [math.log(max(median / REACH, least)), math.log(min(median * REACH, most))]
    ends = [_answering(excess, math.log(median), end) for end in ends]
    low, high = map(excess, ends)
    if low == high:
        return {}
    value = math.exp(brentq(excess, *ends, xtol=1e-4)) if low * high < 0 else math.nan
    chance = _beyond(np.asarray(now.from_normal(LIKELY)), value, median)
    return {"median": median, "value": value, "factor": value / median, "chance": chance}


def _answering(excess: Callable[[float], float], start: float, end: float) -> float:
    """Return `end`, or the place between `start` and it up to which evidence leaves draws."""
    if not math.isnan(excess(end)):
        return end
    for _ in range(HALVINGS):
        middle = (start + end) / 2
        start, end = (start, middle) if math.isnan(excess(middle)) else (middle, end)
    return start


def _beyond(draws: np.ndarray, value: float, median: float) -> float:
    """Return the part of draws at `value` or further from the median; NaN for an exact one."""
    if draws.ndim == 0 or math.isnan(value):
        return math.nan
    return float((draws >= value if value > median else draws <= value).mean())


def lag_and_window(company: str, lags: Iterable[int] = (0, 3, 6), **settings: Any) -> pd.DataFrame:
    """Return the share for each window of twelve months that disclosed R&D compute can cover and
    each release lag, columns as in `variants`. Pairs that cannot be estimated are left out, as
    where no run was collected at all."""
    est, lags, changes = estimate(company, **settings), values_of("lags", lags), {}
    rows = est.tables.lines(company).get("rd_compute", ())
    for window in windows_between((row for row in rows if not row.inferred), 12):
        label = " to ".join(map(str, window.values()))
        changes |= {(label, lag): window | {"release_lag_months": lag} for lag in lags}
    table = variants(est, changes)[NOTED].dropna(subset=["p50"]).astype({"effective_draws": int})
    return table.rename_axis(["spending window", "lag (months)"])
