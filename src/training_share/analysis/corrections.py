"""Does the conclusion survive? Corrections and evidence one by one and in sequence, how sure it is
by choice made, and who is higher, on common draws. Shares are fractions; `settings` go to
`estimate`.
"""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from training_share.analysis.variants import HALF, NOTED, SPREAD, groups_of, over_half, variants
from training_share.errors import InputError
from training_share.model.case import Names, listed
from training_share.model.comparison import Comparison
from training_share.model.estimate import Estimate, estimate


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
    alone, ranked by how far it moves the median. Columns as in `variants`, `alone` for moved;
    `gained` is by how much the chance of more than half moves."""
    est = estimate(company, start, **settings)
    changes = {name: {"corrections": [*est.further, name]} for name in est.tables.cells_of}
    changes |= {name: {"evidence": [*est.evidence, name]} for name in est.tables.evidence_names}
    table = variants(est, changes).rename(columns={"moved": "alone"}).rename_axis("correction")
    table["gained"] = table["over_half"] - over_half(est)
    # equal moves keep the file's order, whatever the last bit of a processor's arithmetic
    table = table.sort_values("alone", key=lambda moves: -moves.abs().round(12), kind="stable")
    return table[[*NOTED, "over_half", "alone", "gained"]]


def beliefs(company: str, **settings: Any) -> pd.DataFrame:
    """Return the share by what is believed about the rest of R&D compute, one row a choice of the
    question `beliefs` in choices.csv, columns as in `variants`."""
    est = estimate(company, **settings)
    table = variants(est, est.base.choices_of("beliefs")).rename_axis("what is believed")
    return table[[*NOTED, "over_half"]]


def how_sure(comparison: Comparison, errors: bool = True) -> pd.DataFrame:
    """Return the probability that each company's share exceeds one half: one row a choice of the
    question `how-sure` in choices.csv, for each company a column, and with `errors` one behind it
    (NAME_error) with the Monte Carlo standard error, which takes as long again. A choice says which
    scenario, corrections and evidence it means, in place of the comparison's own.

    >>> import training_share as ts
    >>> how_sure(ts.compare("minimax", n_draws=1_000)).index[0]
    "With the newsletter's inputs"
    """
    choices = comparison.first.base.choices_of("how-sure")
    plain: dict[str, Any] = {"corrections": (), "evidence": None}
    columns: dict[str, dict[str, float]] = {}
    for label, choice in choices.items():
        for est in comparison.again(**plain | choice).values():
            name = name_of(est)
            columns.setdefault(name, {})[label] = over_half(est)
            if errors:
                error = est.probability_of(lambda one: one.share > HALF)[1]
                columns.setdefault(f"{name}_error", {})[label] = error
    return pd.DataFrame(columns).rename_axis("choice")


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


def who_is_higher(comparison: Comparison) -> pd.DataFrame:
    """Return for each of `pairs` the probability that the first share exceeds the second, draw by
    draw, one column a choice of the question `market` in choices.csv: how far utilization and price
    are common to runs and companies. Indexed by both names."""
    found, columns = pairs(comparison), {}
    names = [(name_of(one), name_of(two)) for one, two, _ in found]
    estimates = {name_of(est): est for one, two, _ in found for est in (one, two)}
    choices = comparison.first.base.choices_of("market")
    markets = {choice.get("corrections") for choice in choices.values()}
    for label, choice in choices.items():
        kept = [name for name in comparison.first.further if name not in markets]
        kept += listed(choice.get("corrections"))
        again = {name: est.again(corrections=kept) for name, est in estimates.items()}
        odds = Comparison(again).probabilities
        columns[label] = [odds.loc[pair] for pair in names]
    index = pd.MultiIndex.from_tuples(names, names=["higher", "lower"])
    return pd.DataFrame(columns, index).rename_axis(columns="market")
