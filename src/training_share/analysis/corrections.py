"""Does the conclusion survive? Corrections and evidence one by one and in sequence, on common
draws, and what becomes of the claims.

Shares are fractions. Every row is an ordinary `estimate`, so a step's effect is the difference of
two of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from itertools import combinations
from types import MappingProxyType

import numpy as np
import pandas as pd

from training_share.analysis.shares import over_half, row_or_reason, variant_row
from training_share.errors import require_known
from training_share.inputs.tables import load
from training_share.model.case import listed
from training_share.model.comparison import compare
from training_share.model.estimates import Estimate, estimate

# What one may believe about what final runs left for the rest of R&D, weakest first: labels and
# names of evidence.
OBSERVED = ("price-minimax", "hailuo-ratio")
BELIEFS: dict[str, tuple[str, ...]] = {
    "nothing: every draw counts": (),
    "at most all of R&D compute": ("other-rd-flat",),
    "prior Beta(1, 2) on the share": ("other-rd-beta-1-2",),
    "prior Beta(1, 3) on the share": ("other-rd-beta-1-3",),
    "price, vendor's ratio, largest run below a half": (*OBSERVED, "largest-run-half"),
    "price, vendor's ratio, largest run below a third": (*OBSERVED, "largest-run-third"),
    "price, vendor's ratio, largest run below a quarter": (*OBSERVED, "largest-run-quarter"),
}


def _median(est: Estimate) -> float:
    return est.median(est.share)


def _spread(est: Estimate) -> dict[str, float]:
    return est.share_quantiles | {"effective_draws": round(est.effective_draws)}


def audit(
    company: str,
    start: str = "newsletter",
    corrections: Iterable[str] | str | None = None,
    target: str = "careful",
    **settings: object,
) -> pd.DataFrame:
    """Return the way from a scenario through corrections and then evidence, one row a step, on
    common draws.

    The first row is `start`. Each further row has the share's p5, p50 and p95 after the step, the
    effective draws, `alone` (the move of the median when the step is taken from `start` alone) and
    `in_sequence` (the move from the row before), both as fractions. `corrections` defaults to those
    of the scenario `target` that `start` lacks, followed by its evidence. `settings` go to
    `estimate`. Raises InputError as `estimate` does, and for a correction `start` already has.

    >>> list(audit("zai", corrections=["add-glm-z1"], n_draws=1_000).index)
    ['newsletter', 'add-glm-z1']
    """
    tables = load(settings.get("data_dir"))
    held = tables.scenario_evidence(start)
    first = estimate(company, start, evidence=held, **settings)
    observed: list[str] = []
    if corrections is None:
        already = tables.scenario_corrections(start)
        corrections = [name for name in tables.scenario_corrections(target) if name not in already]
        observed = [name for name in tables.scenario_evidence(target) if name not in held]
    names = listed(corrections)

    def taken(est: Estimate, *steps: str) -> Estimate:
        changed = [name for name in steps if name not in observed]
        evidence = [*held, *(name for name in steps if name in observed)]
        return est.again(corrections=changed, evidence=evidence)

    base = before = _spread(first)
    rows = {start: base | {"alone": np.nan, "in_sequence": np.nan}}
    first.again(corrections=names)  # refuses an impossible list before any step is drawn
    steps, est = (*names, *observed), first
    for place, name in enumerate(steps, start=1):
        alone = _median(taken(first, name)) - base["p50"]
        est = taken(est, *steps[:place])
        after = _spread(est)
        rows[name] = after | {"alone": alone, "in_sequence": after["p50"] - before["p50"]}
        before = after
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("step")


def moving(steps: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `audit` that change anything: the start, and steps that move the median
    alone or in sequence or move an end of the interval."""
    ends = steps[["p5", "p95"]].diff().abs().sum(axis=1) > 0
    return steps[ends | (steps["alone"].fillna(1) != 0) | (steps["in_sequence"].fillna(1) != 0)]


def effects_alone(company: str, start: str = "newsletter", **settings: object) -> pd.DataFrame:
    """Return the share with every correction, and every piece of evidence, of the tables applied
    alone, ranked by how far it moves the median.

    Columns p5, p50, p95 and alone (fractions), effective_draws, caveat and note; a correction
    that leaves nothing to estimate says so.
    """
    tables = load(settings.get("data_dir"))
    first = estimate(company, start, **settings)
    base = _median(first)
    held = tables.scenario_evidence(start)
    changes: dict[str, dict] = {name: {"corrections": [name]} for name in tables.cells_of}
    changes |= {name: {"evidence": [*held, name]} for name in tables.evidence_names}
    rows = {}
    for name, change in changes.items():
        after = row_or_reason(partial(first.again, **change))
        rows[name] = after | {"alone": after["p50"] - base}
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("correction")
    # equal moves keep the file's order, whatever the last bit of a processor's arithmetic
    return frame.sort_values("alone", key=lambda moves: -moves.abs().round(12), kind="stable")


def beliefs(
    company: str,
    scenario: str = "careful",
    choices: Mapping[str, Iterable[str]] = MappingProxyType(BELIEFS),
    **settings: object,
) -> pd.DataFrame:
    """Return the share under other evidence than the scenario's own, side by side, one row a choice
    and first the scenario itself.

    `choices` maps a label to names of evidence. Columns as in `shares.variant_row`, and
    `above_half`, the probability that the share exceeds one half.
    """
    est, rows = estimate(company, scenario, **settings), {}
    for label, evidence in {f"as in {scenario}": None, **choices}.items():
        est = est.again(evidence=evidence)
        rows[label] = variant_row(est) | {"above_half": over_half(est)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("what is believed")


def minority(
    companies: Iterable[str] | str | None = None,
    scenarios: Iterable[str] | str | None = None,
    **settings: object,
) -> pd.DataFrame:
    """Return the probability that a company's share exceeds one half, companies x scenarios, by
    default all."""
    scenarios = listed(scenarios or load(settings.get("data_dir")).scenario_names)
    found = compare(companies or None, scenarios[0], **settings)
    columns = {}
    for scenario in scenarios:
        found = found.again(scenario=scenario)
        columns[scenario] = {name: over_half(est) for name, est in found.estimates.items()}
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
    pairs = None if pairs is None else list(pairs)
    companies = None if pairs is None else dict.fromkeys(name for pair in pairs for name in pair)
    found = compare(companies, scenarios[0], **settings)
    if pairs is None:
        medians = found.table["share_p50"].sort_values(ascending=False, kind="stable")
        pairs = list(combinations(medians.index, 2))
    rows = []
    for scenario in scenarios:
        tables = {}
        for name, market in {"shared": (), "independent": ("independent-market",)}.items():
            found = found.again(scenario=scenario, corrections=market)
            tables[name] = found.probabilities
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
    estimated has NaN and says why in `note`; `caveat` marks release windows that the
    runs do not fit.
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
            other = base.again(corrections=[correction])
            if other.median(other.rd_compute_usd) != base.median(base.rd_compute_usd):
                choices["R&D compute", label] = {"corrections": [correction]}
    rows = {key: row_or_reason(partial(base.again, **change)) for key, change in choices.items()}
    frame = pd.DataFrame.from_dict(rows, orient="index")
    return frame.rename_axis(["dimension", "choice"])
