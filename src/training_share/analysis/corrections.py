"""Does the conclusion survive? Corrections and evidence one by one and in sequence, what becomes of
the claims, and who is higher, on common draws. Shares are fractions; `settings` go to `estimate`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from training_share.analysis.variants import NOTED, SPREAD, groups_of, over_half, variants
from training_share.errors import InputError
from training_share.inputs.tables import load
from training_share.model.case import listed, values_of
from training_share.model.comparison import Comparison, compare
from training_share.model.draws import Mix, correlated
from training_share.model.estimate import Estimate, estimate
from training_share.model.world import World

Names = Iterable[str] | str | None
MARKET = ("mfu", "price_usd_per_gpu_hour")  # assumptions that companies which rent chips share
OBSERVED = ("price-minimax", "hailuo-ratio")
# what one may believe that final runs left for the rest of R&D, weakest first, as evidence
BELIEFS: dict[str, tuple[str, ...]] = {
    "nothing: every draw counts": (),
    "at most all of R&D compute": ("other-rd-flat",),
    "prior Beta(1, 2) on the share": ("other-rd-beta-1-2",),
    "prior Beta(1, 3) on the share": ("other-rd-beta-1-3",),
    "price, vendor's ratio, largest run below a half": (*OBSERVED, "largest-run-half"),
    "price, vendor's ratio, largest run below a third": (*OBSERVED, "largest-run-third"),
    "price, vendor's ratio, largest run below a quarter": (*OBSERVED, "largest-run-quarter"),
}


def audit(
    company: str,
    start: str = "newsletter",
    corrections: Names = None,
    target: str = "careful",
    **settings: Any,
) -> pd.DataFrame:
    """Return the way from a scenario through corrections and then evidence, one row a step.

    The first row is `start`. Each further row has p5, p50 and p95 after the step, the effective
    draws, `alone` (the move of the median when the step is taken from `start` alone) and
    `in_sequence` (the move from the row before). `corrections` defaults to those of the scenario
    `target` that `start` lacks, followed by its evidence. Raises InputError as `estimate` does,
    and for a correction `start` already has.

    >>> list(audit("zai", corrections=["add-glm-z1"], n_draws=1_000).index)
    ['newsletter', 'add-glm-z1']
    """
    est, observed = estimate(company, start, **settings), []
    if corrections is None:
        tables = est.base
        corrections = [n for n in tables.scenario_corrections(target) if n not in est.corrections]
        observed = [n for n in tables.scenario_evidence(target) if n not in est.evidence]
    names = listed(corrections)
    est.again(corrections=names)  # refuses an impossible list before any step is drawn

    def taken(*steps: str) -> dict[str, list[str]]:
        evidence = [*est.evidence, *(name for name in steps if name in observed)]
        return {"corrections": [name for name in steps if name in names], "evidence": evidence}

    steps = [*names, *observed]
    changes = {("alone", name): taken(name) for name in steps} | {("after", start): {}}
    changes |= {("after", name): taken(*steps[: at + 1]) for at, name in enumerate(steps)}
    table = variants(est, changes)
    for why in table.loc[table["p50"].isna(), "note"]:
        raise InputError(why)
    after = table.loc["after", SPREAD].rename_axis("step")
    return after.assign(alone=table["moved"].get("alone", np.nan), in_sequence=after["p50"].diff())


def moving(steps: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `audit` that change anything: the start, and steps that move the median
    alone or in sequence or move an end of the interval."""
    ends = steps[["p5", "p95"]].diff().abs().sum(axis=1) > 0
    return steps[ends | (steps[["alone", "in_sequence"]].fillna(1) != 0).any(axis=1)]


def effects_alone(company: str, start: str = "newsletter", **settings: Any) -> pd.DataFrame:
    """Return the share with every correction, and every piece of evidence, of the tables applied
    alone, ranked by how far it moves the median. Columns as in `variants`, `alone` for moved."""
    est = estimate(company, start, **settings)
    changes = {name: {"corrections": [name]} for name in est.tables.cells_of}
    changes |= {name: {"evidence": [*est.evidence, name]} for name in est.tables.evidence_names}
    table = variants(est, changes).rename(columns={"moved": "alone"}).rename_axis("correction")
    # equal moves keep the file's order, whatever the last bit of a processor's arithmetic
    table = table.sort_values("alone", key=lambda moves: -moves.abs().round(12), kind="stable")
    return table[[*NOTED, "alone"]]


def beliefs(
    company: str,
    scenario: str = "careful",
    choices: Mapping[str, Iterable[str]] = MappingProxyType(BELIEFS),
    **settings: Any,
) -> pd.DataFrame:
    """Return the share under other evidence than the scenario's own, which is the first row.
    `choices` maps a label to names of evidence. Columns as in `variants`, `above_half` for
    over_half."""
    if not isinstance(choices, Mapping):
        raise InputError(f"choices: give {{label: names of evidence}}; got {choices!r}")
    choices = {f"as in {scenario}": None, **choices}
    changes = {label: {"evidence": evidence} for label, evidence in choices.items()}
    table = variants(estimate(company, scenario, **settings), changes)
    table = table.rename(columns={"over_half": "above_half"}).rename_axis("what is believed")
    return table[[*NOTED, "above_half"]]


def by_scenario(companies: Names, scenarios: Names, **settings: Any) -> dict[str, Comparison]:
    """Return companies compared under each scenario, on common draws; blank means all."""
    names = listed(scenarios) or load(settings.get("data_dir")).scenario_names
    found = compare(companies or None, names[0], **settings)
    return {name: found.again(scenario=name) for name in names}


def minority(companies: Names = None, scenarios: Names = None, **settings: Any) -> pd.DataFrame:
    """Return the probability that a company's share exceeds one half, companies x scenarios, by
    default all."""
    columns = {
        scenario: {name: over_half(est) for name, est in found.estimates.items()}
        for scenario, found in by_scenario(companies, scenarios, **settings).items()
    }
    return pd.DataFrame(columns).rename_axis("company")


def ranking(pairs: Any = None, scenarios: Names = None, **settings: Any) -> pd.DataFrame:
    """Return P(share of the first > share of the second), draw by draw, one row a pair and
    scenario; by default all scenarios and all pairs of companies that disclose spending, the one
    with the higher median in the first scenario first.

    Column `shared` has MFU and price common to the companies that rent the same chips;
    `independent` is the same if each company drew its own (correction `independent-market`).
    """
    pairs = [] if pairs is None else [listed(pair, "pairs") for pair in values_of("pairs", pairs)]
    rows: list[tuple[Any, ...]] = []
    if odd := [pair for pair in pairs if len(pair) != 2]:
        raise InputError(f"pairs: expected two companies each, got {odd[0]}")
    further = [*listed(settings.get("corrections")), "independent-market"]
    companies = dict.fromkeys(name for pair in pairs for name in pair)
    for scenario, found in by_scenario(companies, scenarios, **settings).items():
        if not pairs:
            medians = found.table["share_p50"].sort_values(ascending=False, kind="stable")
            pairs = list(combinations(medians.index, 2))
        shared, own = found.probabilities, found.again(corrections=further).probabilities
        rows += [(*pair, scenario, shared.loc[pair], own.loc[pair]) for pair in pairs]
    return pd.DataFrame(rows, columns=["higher", "lower", "scenario", "shared", "independent"])


# --- who is higher --------------------------------------------------------------------------------
def name_of(est: Estimate) -> str:
    """Return an estimate's company as shown, with the groups of runs it leaves out."""
    left = " and ".join(group.title() for group in est.excluded)
    return est.company_row.display_name + (f" without {left}" if left else "")


def without_groups(comparison: Comparison) -> Comparison:
    """Return a comparison on the same draws without any named group of runs."""
    estimates = comparison.estimates.items()
    return Comparison({name: est.without(*groups_of(est)) for name, est in estimates})


def require_two(comparison: Comparison) -> None:
    """Raise InputError for a single company, of which nothing is higher or lower."""
    if len(comparison.estimates) < 2:
        raise InputError(
            f"companies: {', '.join(comparison.estimates)} alone cannot be higher or lower; name a "
            "second one, or see the notebook of the company"
        )


def pairs(comparison: Comparison) -> list[tuple[Estimate, Estimate, float]]:
    """Return each pair of companies, the one that is higher more often first, and how probably it
    is; pairs in which a company has a named group of runs once more without it. InputError as
    `require_two` raises it."""
    require_two(comparison)
    found, without = [], without_groups(comparison)
    for pair in combinations(comparison.estimates, 2):
        named = any(groups_of(comparison.estimates[name]) for name in pair)
        for among in (comparison, without) if named else (comparison,):
            odds = among.probabilities
            one, two = pair if odds.loc[pair] >= 0.5 else pair[::-1]
            found.append((among.estimates[one], among.estimates[two], odds.loc[one, two]))
    return found


def who_is_higher(
    comparison: Comparison, correlations: Iterable[float] = (1.0, 0.75, 0.5, 0.25, 0.0)
) -> pd.DataFrame:
    """Return for each of `pairs` the probability that the first share exceeds the second, by how
    far utilization and price go together across companies: at 1 they are the same in each draw, at
    0 each company's are its own (the correction `independent-market`).

    Indexed by both names; one column a correlation. A scenario whose evidence weights draws has the
    first column alone, since another market would give other weights.
    """
    found, columns = pairs(comparison), {}
    for rho in correlations:
        if comparison.weights is None:
            columns[rho] = [np.mean(_share(one, rho) > _share(two, rho)) for one, two, _ in found]
        elif rho == 1:
            columns[rho] = [odds for *_, odds in found]
    names = [(name_of(one), name_of(two)) for one, two, _ in found]
    index = pd.MultiIndex.from_tuples(names, names=["higher", "lower"])
    return pd.DataFrame(columns, index).rename_axis(columns="correlation")


@dataclass(frozen=True, eq=False, repr=False)
class Tied(World):
    """A world whose market, utilization and price, goes with other companies' only in part."""

    correlation: float = 1.0

    def mix(self, name: str, run_id: str) -> Mix:
        """Return whose normals an assumption takes."""
        if name not in MARKET:
            return super().mix(name, run_id)
        return correlated(self.correlation, name, f"{name}/{self.company}")


def _share(est: Estimate, correlation: float) -> np.ndarray:
    world = est.like(Tied, correlation=correlation)
    return world.total(est.runs) / world.rd_compute
