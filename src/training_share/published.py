"""The figures the newsletter prints beside ours, computed under its own settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd

from .compare import Comparison, compare
from .errors import InputError, require_known
from .estimate import quantiles
from .scaling import closed_model_draws
from .spending import spending_usd

_HAILUO_02 = ["hailuo-02-pretraining", "hailuo-02-sft"]


def _share(company: str, *without: str) -> Callable[[Comparison], np.ndarray]:
    def percent(comparison: Comparison) -> np.ndarray:
        est = comparison.estimates[company]
        return 100 * quantiles((est.without(*without) if without else est).share)
    return percent


def _cost_of_hailuo_02(comparison: Comparison) -> np.ndarray:
    return quantiles(comparison.estimates["minimax"].cost_usd[_HAILUO_02].sum(axis=1) / 1e6)


def _hailuo_02_of_cost(comparison: Comparison) -> np.ndarray:
    est = comparison.estimates["minimax"]
    return 100 * quantiles(est.cost_usd[_HAILUO_02].sum(axis=1) / est.total_cost_usd)


def _flop_of_hailuo_02(comparison: Comparison) -> np.ndarray:
    est = comparison.estimates["minimax"]
    return quantiles(closed_model_draws(est.tables, "hailuo-02", est.seed))


def _spending(company: str, year: int, usd: float) -> Callable[[Comparison], list[float]]:
    def amount(comparison: Comparison) -> list[float]:
        tables, window = comparison.estimates[company].tables, (date(year, 1, 1), date(year, 12, 31))
        return [np.nan, float(spending_usd(tables, company, ["rd_compute"], *window)) / usd, np.nan]
    return amount


# claim_id -> p5, p50, p95 in the unit of the claim
FORMULAS: dict[str, Callable[[Comparison], object]] = {
    "share-openai": _share("openai"),
    "share-minimax": _share("minimax"),
    "share-zai": _share("zai"),
    "share-minimax-no-hailuo": _share("minimax", "hailuo"),
    "share-minimax-no-hailuo-footnote": _share("minimax", "hailuo"),
    "cost-hailuo-02": _cost_of_hailuo_02,
    "share-hailuo-02": _hailuo_02_of_cost,
    "flop-hailuo-02-interval": _flop_of_hailuo_02,
    "rd-openai-2024": _spending("openai", 2024, usd=1e9),
    "rd-minimax-2024": _spending("minimax", 2024, usd=1e6),
    "rd-zai-2024": _spending("zai", 2024, usd=1e6),
}


def ours(claim_id: str, comparison: Comparison) -> tuple[float, float, float]:
    """Return our p5, p50 and p95 for a published figure, in its unit; p5 and p95 are NaN where it is no draw.

    Raises InputError for a figure that no formula stands for.
    """
    require_known(claim_id, FORMULAS, "published figure")
    p5, p50, p95 = map(float, FORMULAS[claim_id](comparison))
    return p5, p50, p95


def published_table(n_draws: int = 50_000, seed: int = 42, data_dir=None, company: str = "") -> pd.DataFrame:
    """Return the published figures (of one company, or of all) and ours, indexed by claim_id, as `published.csv` has them.

    `value`, `p5` and `p95` are as printed and `our_value`, `our_p5` and `our_p95` as computed under the scenario
    newsletter (our_value is the median), all in `unit`; NaN where nothing is printed, or where a figure is context
    only. Raises InputError for an unknown company, and for a row that is not context and that no formula stands for.
    """
    some = {"companies": [company]} if company else {}
    comparison = compare(n_draws=n_draws, seed=seed, data_dir=data_dir, **some)
    claims = next(iter(comparison.estimates.values())).tables["published"]
    rows = {}
    for claim_id, claim in claims.items():
        if company and claim.company != company:
            continue
        if claim.status != "context" and claim_id not in FORMULAS:
            raise InputError(f"published.csv, row {claim_id}, column status: {claim.status}, but published.py has no "
                             "formula for this figure; add one, or write context")
        p5, p50, p95 = (np.nan,) * 3 if claim.status == "context" else ours(claim_id, comparison)
        rows[claim_id] = {
            "company": claim.company, "quantity": claim.quantity, "unit": claim.unit,
            "value": claim.value, "p5": claim.p5, "p95": claim.p95,
            "our_value": p50, "our_p5": p5, "our_p95": p95,
            "decimals": claim.decimals, "status": claim.status, "explanation": claim.explanation}
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("claim_id")
    return frame.astype({column: float for column in ("value", "p5", "p95", "our_value", "our_p5", "our_p95")})
