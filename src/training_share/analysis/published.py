"""The figures the newsletter prints beside ours, computed under its own settings."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from training_share.errors import InputError, require_known
from training_share.inputs.tables import load
from training_share.model.comparison import compare
from training_share.model.estimate import Estimate
from training_share.model.precision import spread
from training_share.model.scaling import predicted

TOLD = ["company", "scenario", "quantity", "unit", "value", "p5", "p95"]
TOLD += ["decimals", "status", "explanation"]
OURS = {  # column of `published_table` -> name in `Estimate.spread`
    f"our_{column}{kind}": f"{name}{kind}"
    for kind in ("", "_error")
    for column, name in (("value", "p50"), ("p5", "p5"), ("p95", "p95"))
}
UNITS = {"USD billion": 1e9, "USD million": 1e6}
YEAR = date(2024, 1, 1), date(2024, 12, 31)
Ours = dict[str, float]  # p5, p50 and p95 and their errors; p50 alone where it is no draw


def _share(est: Estimate, unit: float) -> Ours:
    return {name: 100 * value for name, value in est.spread().items()}


def _hailuo_02(est: Estimate) -> np.ndarray:
    """Return the cost of Hailuo 02 in USD, one value a draw."""
    return est.costs[["hailuo-02-pretraining", "hailuo-02-sft"]].sum(axis=1).to_numpy()


# what a claim's quantity begins with -> ours, of an estimate and the size of the claim's unit
FORMULAS: dict[str, Callable[[Estimate, float], Ours]] = {
    "final training runs as a share of R&D compute": _share,
    "share without the Hailuo family": lambda est, unit: _share(est.without("hailuo"), unit),
    "cost of Hailuo 02": lambda est, unit: est.spread_of(lambda one: _hailuo_02(one) / unit),
    "Hailuo 02 as a share of the company's training cost": lambda est, unit: est.spread_of(
        lambda one: 100 * _hailuo_02(one) / one.total_cost
    ),
    "training FLOP of Hailuo 02": lambda est, unit: spread(
        predicted(est.tables, "hailuo-02", est.seed).draws
    ),
    "R&D compute spending in": lambda est, unit: {
        "p50": est.median(est.spent(["rd_compute"], *YEAR)) / unit
    },
}


def published_table(
    n_draws: int = 50_000, seed: int = 42, data_dir: str | Path | None = None, company: str = ""
) -> pd.DataFrame:
    """Return the published figures (of one company, or of all) and ours, indexed by claim_id, as
    `published.csv` has them.

    `value`, `p5` and `p95` are printed, and `our_value`, `our_p5` and `our_p95` computed under the
    claim's scenario (our_value is the median), all in `unit`; NaN where nothing is printed,
    or where a figure is context only. `our_value_error`, `our_p5_error` and `our_p95_error` are
    Monte Carlo standard errors. Raises InputError for an unknown company, and for a row that is not
    context and has no formula.
    """
    tables = load(data_dir)
    if company:
        require_known(company, tables.companies, "company")
    claims = {k: claim for k, claim in tables.published.items() if company in ("", claim.company)}
    companies = [company] if company else None
    found = {
        scenario: compare(companies, scenario, n_draws, seed, data_dir=data_dir).estimates
        for scenario in dict.fromkeys(claim.scenario for claim in claims.values())
    }
    rows = {}
    for key, claim in claims.items():
        told, ours = {name: getattr(claim, name) for name in TOLD}, {}
        if claim.status != "context":
            formula = next((f for q, f in FORMULAS.items() if claim.quantity.startswith(q)), None)
            if formula is None:
                raise InputError(
                    f"published.csv, row {key}, column status: {claim.status}, but published.py"
                    " has no formula for this quantity; add one, or write context"
                )
            ours = formula(found[claim.scenario][claim.company], UNITS.get(claim.unit, 1.0))
        rows[key] = told | {column: ours.get(name, np.nan) for column, name in OURS.items()}
    columns = [*TOLD[:7], *OURS, *TOLD[7:]]
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("claim_id")
    return frame.astype(dict.fromkeys(("value", "p5", "p95", *OURS), float))
