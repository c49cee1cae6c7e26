"""The figures the newsletter prints beside ours, computed under its own settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from training_share.errors import InputError, require_known
from training_share.inputs.schema import Published
from training_share.inputs.tables import load
from training_share.model.comparison import Comparison, compare
from training_share.model.estimates import Estimate
from training_share.model.precision import spread
from training_share.model.scaling import closed_model_draws
from training_share.model.spending import spending_in

# column of `published_table` -> name in `estimate.spread`
OURS = {
    f"our_{'value' if name == 'p50' else name}{kind}": f"{name}{kind}"
    for kind in ("", "_error")
    for name in ("p50", "p5", "p95")
}
HAILUO_02 = ["hailuo-02-pretraining", "hailuo-02-sft"]
UNITS = {"USD billion": 1e9, "USD million": 1e6}

Quantiles = dict[str, float]  # as `estimate.spread` has them; p50 alone where it is no draw


def _share(est: Estimate, claim: Published) -> Quantiles:
    return {name: 100 * value for name, value in est.spread().items()}


def _share_without_hailuo(est: Estimate, claim: Published) -> Quantiles:
    return _share(est.without("hailuo"), claim)


def _hailuo_02(est: Estimate) -> np.ndarray:
    """Return the cost of Hailuo 02 in USD, one value a draw."""
    return est.cost_usd[HAILUO_02].sum(axis=1).to_numpy()


def _cost_of_hailuo_02(est: Estimate, claim: Published) -> Quantiles:
    return est.spread_of(lambda one: _hailuo_02(one) / UNITS[claim.unit])


def _hailuo_02_of_cost(est: Estimate, claim: Published) -> Quantiles:
    return est.spread_of(lambda one: 100 * _hailuo_02(one) / one.total_cost_usd)


def _flop_of_hailuo_02(est: Estimate, claim: Published) -> Quantiles:
    return spread(closed_model_draws(est.tables, "hailuo-02", est.seed))


def _spending_2024(est: Estimate, claim: Published) -> Quantiles:
    year = date(2024, 1, 1), date(2024, 12, 31)
    amount = float(spending_in("USD", est.tables, claim.company, ["rd_compute"], *year))
    return {"p50": amount / UNITS[claim.unit]}


# claim_id -> what we have for it, in the unit of the claim, from the estimate of its company
FORMULAS: dict[str, Callable[[Estimate, Published], Quantiles]] = {
    "share-openai": _share,
    "share-minimax": _share,
    "share-zai": _share,
    "share-minimax-no-hailuo": _share_without_hailuo,
    "share-minimax-no-hailuo-footnote": _share_without_hailuo,
    "revision-share-openai": _share,
    "revision-share-minimax": _share,
    "revision-share-minimax-no-hailuo": _share_without_hailuo,
    "revision-share-zai": _share,
    "march-share-minimax": _share,
    "march-share-minimax-no-hailuo": _share_without_hailuo,
    "march-share-zai": _share,
    "cost-hailuo-02": _cost_of_hailuo_02,
    "share-hailuo-02": _hailuo_02_of_cost,
    "flop-hailuo-02-interval": _flop_of_hailuo_02,
    "rd-openai-2024": _spending_2024,
    "rd-minimax-2024": _spending_2024,
    "rd-zai-2024": _spending_2024,
}


def ours(claim_id: str, comparison: Comparison) -> Quantiles:
    """Return our p5, p50 and p95 for a published figure in its unit, and their standard errors (see
    `estimate.spread`); p50 alone where it is no draw.

    Raises InputError for a figure that no formula stands for.
    """
    require_known(claim_id, FORMULAS, "published figure")
    first, *_ = comparison.estimates.values()
    claim = first.tables.published[claim_id]
    return FORMULAS[claim_id](comparison.estimates[claim.company], claim)


def published_table(
    n_draws: int = 50_000,
    seed: int = 42,
    data_dir: str | Path | None = None,
    company: str = "",
    known: Estimate | None = None,
) -> pd.DataFrame:
    """Return the published figures (of one company, or of all) and ours, indexed by claim_id, as
    `published.csv` has them.

    `value`, `p5` and `p95` are as printed and `our_value`, `our_p5` and `our_p95` as computed under
    the claim's scenario (our_value is the median), all in `unit`; NaN where nothing is printed,
    or where a figure is context only. `our_value_error`, `our_p5_error` and `our_p95_error` are
    Monte Carlo standard errors. `known` is an estimate at hand: its company, draws, seed and tables
    are taken, and where it is the newsletter's own, its draws too. Raises InputError for an unknown
    company, and for a row that is not context and that no formula stands for.
    """
    if known is not None:
        company, tables = known.company, known.case.base
        n_draws, seed = known.n_draws, known.seed
    else:
        tables = load(data_dir)
    claims = tables.published
    comparisons = {
        scenario: _compared(scenario, company, known, n_draws, seed, data_dir)
        for scenario in dict.fromkeys(
            claim.scenario for claim in claims.values() if company in ("", claim.company)
        )
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


def _compared(
    scenario: str,
    company: str,
    known: Estimate | None,
    n_draws: int,
    seed: int,
    data_dir: str | Path | None,
) -> Comparison:
    """Return the comparison of a claim's scenario; of one company where it is named."""
    if known is not None:
        return Comparison({known.company: _as_published(known, scenario)})
    some = [company] if company else None
    return compare(some, scenario, n_draws=n_draws, seed=seed, data_dir=data_dir)


def _as_published(est: Estimate, scenario: str) -> Estimate:
    """Return an estimate under a scenario's own settings: itself, where it has them."""
    case = est.case
    set_by_hand = case.corrections or case.excluded or case.settings or case.changes or case.added
    if case.scenario == scenario and not set_by_hand and case.evidence is None:
        return est
    unset = dict.fromkeys(case.settings, "") | dict.fromkeys(("changes", "runs", "evidence"))
    return est.again(scenario=scenario, corrections=(), exclude_groups=(), **unset)
