"""Does the conclusion survive? Corrections one by one and in sequence, on common draws, and what
becomes of the claims.

Shares are fractions. Every row is an ordinary `estimate`, so a step's effect is the difference of
two of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pandas as pd

from training_share.analysis.shares import impossible_row, variant_row
from training_share.errors import InputError, require_known
from training_share.inputs.tables import load
from training_share.model.case import listed
from training_share.model.comparison import compare
from training_share.model.estimates import Estimate, estimate
from training_share.model.precision import quantiles

MINORITY = 0.5
NO_DRAW_DROPPED = "no draw dropped"


def _median(est: Estimate) -> float:
    return float(quantiles(est.share)[1])


def _spread(est: Estimate) -> dict[str, float]:
    return est.spread() | {"kept": float(est.kept.mean())}


def audit(
    company: str,
    start: str = "newsletter",
    corrections: Iterable[str] | str | None = None,
    target: str = "careful",
    **settings: object,
) -> pd.DataFrame:
    """Return the way from a scenario through corrections, one row a step, on common draws.

    The first row is `start`. Each further row has the share's p5, p50 and p95 after the step, the
    draws kept, `alone` (the move of the median when the correction is applied to `start` alone) and
    `in_sequence` (the move from the row before), both as fractions. `corrections` defaults to those
    of the scenario `target` that `start` lacks. `settings` go to `estimate`. Raises InputError as
    `estimate` does, and for a correction `start` already has.

    >>> list(audit("zai", corrections=["add-glm-z1"], n_draws=1_000).index)
    ['newsletter', 'add-glm-z1']
    """
    tables = load(settings.get("data_dir"))
    if corrections is None:
        already = tables.scenario_corrections(start)
        corrections = [name for name in tables.scenario_corrections(target) if name not in already]
    names = listed(corrections)
    base = _spread(estimate(company, start, **settings))
    rows = {start: base | {"alone": np.nan, "in_sequence": np.nan}}
    before = base["p50"]
    estimate(
        company, start, corrections=names, **settings
    )  # refuses an impossible list before any step is drawn
    for place, name in enumerate(names, start=1):
        alone = _median(estimate(company, start, corrections=[name], **settings)) - base["p50"]
        after = _spread(estimate(company, start, corrections=names[:place], **settings))
        rows[name] = after | {"alone": alone, "in_sequence": after["p50"] - before}
        before = after["p50"]
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("step")


def moving(steps: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `audit` that change anything: the start, and steps that move the median
    alone or in sequence or move an end of the interval."""
    ends = steps[["p5", "p95"]].diff().abs().sum(axis=1) > 0
    return steps[ends | (steps["alone"].fillna(1) != 0) | (steps["in_sequence"].fillna(1) != 0)]


def effects_alone(company: str, start: str = "newsletter", **settings: object) -> pd.DataFrame:
    """Return the share with every correction of the tables applied alone, ranked by how far it
    moves the median.

    Columns p5, p50, p95, kept, alone (fractions), incomplete and note; a correction that leaves
    nothing to estimate says so.
    """
    tables = load(settings.get("data_dir"))
    base = _median(estimate(company, start, **settings))
    rows = {}
    for name in tables.cells_of:
        try:
            after = variant_row(estimate(company, start, corrections=[name], **settings))
            rows[name] = after | {"alone": after["p50"] - base}
        except InputError as error:
            rows[name] = impossible_row(error) | {"alone": np.nan}
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("correction")
    # equal moves keep the file's order, whatever the last bit of a processor's arithmetic
    return frame.sort_values("alone", key=lambda moves: -moves.abs().round(12), kind="stable")


def minority(
    companies: Iterable[str] | str | None = None,
    scenarios: Iterable[str] | str | None = None,
    **settings: object,
) -> pd.DataFrame:
    """Return the probability that a company's share exceeds one half, companies x scenarios, by
    default all.

    A scenario that drops the draws in which training cost exceeds R&D compute has a second column,
    with none dropped: each of them is a draw above one half.
    """
    tables = load(settings.get("data_dir"))
    columns: dict[str, dict[str, float]] = {}
    for scenario in listed(scenarios or tables.scenario_names):
        ways = {scenario: settings}
        if tables.for_scenario(scenario).conditioned:
            ways[f"{scenario}, {NO_DRAW_DROPPED}"] = settings | {"condition_on_rd_compute": "no"}
        for label, way in ways.items():
            estimates = compare(companies or None, scenario, **way).estimates.items()
            columns[label] = {name: float((est.share > MINORITY).mean()) for name, est in estimates}
    return pd.DataFrame(columns).rename_axis("company")


def ranking(
    pairs: Iterable[tuple[str, str]] | None = None,
    scenarios: Iterable[str] | str | None = None,
    **settings: object,
) -> pd.DataFrame:
    """Return P(share of the first > share of the second), draw by draw, one row a pair and
    scenario; by default all scenarios and all pairs of companies that disclose spending, the one
    with the higher median in the first scenario first.

    Column `shared` has MFU and price common to the companies that rent the same chips;
    `independent` is what the same probability would be if each company drew its own (correction
    `independent-market`).
    """
    scenarios = listed(scenarios or load(settings.get("data_dir")).scenario_names)
    if pairs is None:
        medians = compare(None, scenarios[0], **settings).table["share_p50"]
        pairs = combinations(medians.sort_values(ascending=False, kind="stable").index, 2)
    pairs = list(pairs)
    companies = list(dict.fromkeys(name for pair in pairs for name in pair))
    rows = []
    for scenario in scenarios:
        markets = {"shared": (), "independent": ("independent-market",)}
        tables = {
            name: compare(companies, scenario, corrections=extra, **settings).probabilities
            for name, extra in markets.items()
        }
        rows += [
            {"higher": first, "lower": second, "scenario": scenario}
            | {name: float(table.loc[first, second]) for name, table in tables.items()}
            for first, second in pairs
        ]
    return pd.DataFrame(rows)


def denominators(
    company: str,
    scenario: str = "newsletter",
    lags: Iterable[int] = (0, 3, 6, 9),
    **settings: object,
) -> pd.DataFrame:
    """Return the share for each release lag and each way to count R&D compute that applies to the
    company.

    Rows (dimension, choice): the lag in months; R&D compute as the scenario has it, and by each
    correction that is another way to count it (column `denominator`). A choice that cannot be
    estimated has NaN and says why in `note`; `incomplete` marks release windows beyond the months
    for which runs were collected.
    """
    tables = load(settings.get("data_dir"))
    require_known(company, tables["companies"], "company")
    choices: dict[tuple[str, str], dict[str, object]] = {
        ("release lag", f"{lag} months"): {"release_lag_months": lag} for lag in lags
    }
    choices["R&D compute", "as the scenario says"] = {}
    named = {row.denominator: row.correction for row in tables.corrections.values()}
    named.pop("", None)
    already = tables.scenario_corrections(scenario)
    base = estimate(company, scenario, **settings)
    for label, correction in sorted(named.items()):
        if correction not in already:
            other = estimate(company, scenario, corrections=[correction], **settings)
            if np.median(other.rd_compute_usd) != np.median(base.rd_compute_usd):
                choices["R&D compute", label] = {"corrections": [correction]}
    rows = {}
    for key, change in choices.items():
        try:
            rows[key] = variant_row(estimate(company, scenario, **settings, **change))
        except InputError as error:
            rows[key] = impossible_row(error)
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.index = pd.MultiIndex.from_tuples(rows, names=["dimension", "choice"])
    return frame
