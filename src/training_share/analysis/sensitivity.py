"""Two assumptions at a time, and how wrong one assumption would have to be for the claim to fail.

Shares are fractions; every cell is the median of an `estimate` on common draws with assumptions set
to exact values.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import suppress

import numpy as np
import pandas as pd

from training_share.analysis.shares import variant_row
from training_share.errors import InputError
from training_share.inputs.distributions import parse
from training_share.inputs.tables import load
from training_share.model.estimates import estimate

# Inputs that the claim could fail on, with the widest value each may take: a fraction cannot exceed
# one.
CANDIDATES = {
    "mfu": 1.0,
    "mfu_rl": 1.0,
    "price_usd_per_gpu_hour": math.inf,
    "rl_fraction": 1.0,
    "sft_fraction": 1.0,
}


def surface(
    company: str,
    rows: tuple[str, Iterable[float]],
    columns: tuple[str, Iterable[float]],
    **settings: object,
) -> pd.DataFrame:
    """Return the median share for each pair of values of two assumptions, rows x columns.

    `rows` and `columns` are (assumption, values); `settings` go to `estimate`. Raises InputError as
    `estimate` does.
    """
    (row_name, row_values), (column_name, column_values) = rows, columns
    cells = {
        value: [
            float(
                np.median(
                    estimate(company, **settings, **{row_name: row, column_name: value}).share
                )
            )
            for row in row_values
        ]
        for value in column_values
    }
    frame = pd.DataFrame(cells, index=pd.Index(list(row_values), name=row_name))
    return frame.rename_axis(columns=column_name)


def breaking_points(
    company: str, threshold: float = 0.5, reach: float = 100.0, **settings: object
) -> pd.DataFrame:
    """Return, for each assumption alone, the exact value at which the median share would equal
    `threshold`.

    Columns: median (of the assumption now), value (at which the claim fails; NaN where no value
    within a factor `reach` does), factor (value / median). The row `R&D compute` says by which
    factor spending would have to be smaller. `settings` go to `estimate`.
    """
    from scipy.optimize import brentq

    base = estimate(company, **settings)
    rows = {}
    for name, highest in CANDIDATES.items():
        median = parse(base.tables["assumptions"][name].value).quantile(0.5)

        def excess(log_value: float, name: str = name) -> float:
            return (
                float(np.median(base.again(**{name: f"{math.exp(log_value):.12g}"}).share))
                - threshold
            )

        ends = math.log(median / reach), math.log(min(median * reach, highest))
        at_ends = [excess(end) for end in ends]
        value = math.nan
        if at_ends[0] * at_ends[1] < 0:
            value = math.exp(brentq(excess, *ends, xtol=1e-4))
        rows[name] = {"median": median, "value": value, "factor": value / median}
    share = float(np.median(base.share))
    spent = float(np.median(base.rd_compute_usd)) / 1e6
    rows["R&D compute (USD million)"] = {
        "median": spent,
        "value": spent * share / threshold,
        "factor": share / threshold,
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("assumption")


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
    """Return the share for each disclosed twelve-month window and release lag; `incomplete` marks
    lower bounds.

    Pairs for which no run was collected at all are left out.
    """
    rows = {}
    for start, end in windows(company, data_dir=settings.get("data_dir")):
        for lag in lags:
            with suppress(InputError):
                rows[f"{start} to {end}", lag] = variant_row(
                    estimate(
                        company,
                        spending_start=start,
                        spending_end=end,
                        release_lag_months=lag,
                        **settings,
                    )
                )
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.index = pd.MultiIndex.from_tuples(rows, names=["spending window", "lag (months)"])
    return frame
