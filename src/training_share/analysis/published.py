"""The figures the newsletter prints beside ours, computed under its own settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd

from training_share.errors import InputError, require_known
from training_share.inputs.tables import load
from training_share.model.comparison import Comparison, compare
from training_share.model.estimates import Estimate
from training_share.model.precision import spread
from training_share.model.scaling import closed_model_draws
from training_share.model.spending import spending_usd

# column of `published_table` -> name in `estimate.spread`
OURS = {
    f"our_{'value' if name == 'p50' else name}{kind}": f"{name}{kind}"
    for kind in ("", "_error")
    for name in ("p50", "p5", "p95")
}
_HAILUO_02 = ["hailuo-02-pretraining", "hailuo-02-sft"]


Quantiles = dict[str, float]  # as `estimate.spread` has them; p50 alone where it is no draw


def _share(company: str, *without: str) -> Callable[[Comparison], Quantiles]:
    def percent(comparison: Comparison) -> Quantiles:
        est = comparison.estimates[company].without(*without)
        return {name: 100 * value for name, value in est.spread().items()}

    return percent


def _hailuo_02(est: Estimate) -> np.ndarray:
    """Return the cost of Hailuo 02 in USD, one value a kept draw."""
    return est.cost_usd[_HAILUO_02].sum(axis=1).to_numpy()


def _cost_of_hailuo_02(comparison: Comparison) -> Quantiles:
    return comparison.estimates["minimax"].spread_of(lambda est: _hailuo_02(est) / 1e6)


def _hailuo_02_of_cost(comparison: Comparison) -> Quantiles:
    minimax = comparison.estimates["minimax"]
    return minimax.spread_of(lambda est: 100 * _hailuo_02(est) / est.total_cost_usd)


def _flop_of_hailuo_02(comparison: Comparison) -> Quantiles:
    est = comparison.estimates["minimax"]
    return spread(closed_model_draws(est.tables, "hailuo-02", est.seed))


def _spending(company: str, year: int, usd: float) -> Callable[[Comparison], Quantiles]:
    def amount(comparison: Comparison) -> Quantiles:
        tables, window = (
            comparison.estimates[company].tables,
            (date(year, 1, 1), date(year, 12, 31)),
        )
        return {"p50": float(spending_usd(tables, company, ["rd_compute"], *window)) / usd}

    return amount


# claim_id -> what we have for it, in the unit of the claim
FORMULAS: dict[str, Callable[[Comparison], Quantiles]] = {
    "share-openai": _share("openai"),
    "share-minimax": _share("minimax"),
    "share-zai": _share("zai"),
    "share-minimax-no-hailuo": _share("minimax", "hailuo"),
    "share-minimax-no-hailuo-footnote": _share("minimax", "hailuo"),
    "revision-share-openai": _share("openai"),
    "revision-share-minimax": _share("minimax"),
    "revision-share-minimax-no-hailuo": _share("minimax", "hailuo"),
    "revision-share-zai": _share("zai"),
    "march-share-minimax": _share("minimax"),
    "march-share-minimax-no-hailuo": _share("minimax", "hailuo"),
    "march-share-zai": _share("zai"),
    "cost-hailuo-02": _cost_of_hailuo_02,
    "share-hailuo-02": _hailuo_02_of_cost,
    "flop-hailuo-02-interval": _flop_of_hailuo_02,
    "rd-openai-2024": _spending("openai", 2024, usd=1e9),
    "rd-minimax-2024": _spending("minimax", 2024, usd=1e6),
    "rd-zai-2024": _spending("zai", 2024, usd=1e6),
}


def ours(claim_id: str, comparison: Comparison) -> Quantiles:
    """Return our p5, p50 and p95 for a published figure in its unit, and their standard errors (see
    `estimate.spread`); p50 alone where it is no draw.

    Raises InputError for a figure that no formula stands for.
    """
    require_known(claim_id, FORMULAS, "published figure")
    return FORMULAS[claim_id](comparison)


def published_table(
    n_draws: int = 50_000, seed: int = 42, data_dir=None, company: str = ""
) -> pd.DataFrame:
    """Return the published figures (of one company, or of all) and ours, indexed by claim_id, as
    `published.csv` has them.

    `value`, `p5` and `p95` are as printed and `our_value`, `our_p5` and `our_p95` as computed under
    the claim's scenario (our_value is the median), all in `unit`; NaN where nothing is printed,
    or where a figure is context only. `our_value_error`, `our_p5_error` and `our_p95_error` are
    Monte Carlo standard errors. Raises InputError for an unknown company, and for a row that is not
    context and that no formula stands for.
    """
    some = {"companies": [company]} if company else {}
    claims = load(data_dir)["published"]
    comparisons = {
        scenario: compare(scenario=scenario, n_draws=n_draws, seed=seed, data_dir=data_dir, **some)
        for scenario in dict.fromkeys(claim.scenario for claim in claims.values())
    }
    rows = {}
    for claim_id, claim in claims.items():
        if company and claim.company != company:
            continue
        if claim.status != "context" and claim_id not in FORMULAS:
            raise InputError(
                f"published.csv, row {claim_id}, column status: {claim.status}, but published.py"
                " has no formula for this figure; add one, or write context"
            )
        computed = {} if claim.status == "context" else ours(claim_id, comparisons[claim.scenario])
        rows[claim_id] = {
            "company": claim.company,
            "scenario": claim.scenario,
            "quantity": claim.quantity,
            "unit": claim.unit,
            "value": claim.value,
            "p5": claim.p5,
            "p95": claim.p95,
            **{column: computed.get(name, np.nan) for column, name in OURS.items()},
            "decimals": claim.decimals,
            "status": claim.status,
            "explanation": claim.explanation,
        }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("claim_id")
    return frame.astype(dict.fromkeys(("value", "p5", "p95", *OURS), float))
