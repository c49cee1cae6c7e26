"""Two runs side by side: which inputs differ, and what that does to shares, cost and ranking."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from training_share.errors import InputError
from training_share.inputs.tables import Tables, load
from training_share.model.case import listed
from training_share.model.comparison import Comparison, compare
from training_share.model.estimates import Estimate
from training_share.model.precision import QUANTILES, quantiles

Run = Estimate | Comparison | str | Path
ABOUT = (
    "corrections",
    "evidence",
    "scenarios",
    "published",
)  # say what inputs could be, and are none
WORDS = ("note", "remark", "reason", "source_id")  # columns that change no number


@dataclass(frozen=True, eq=False, repr=False)
class Difference:
    """Two comparisons of the same companies on common draws; made by `diff`."""

    before: Comparison
    after: Comparison

    def __repr__(self) -> str:
        moves = ", ".join(
            f"{row.display_name} {100 * row.share_before:.1f}% to {100 * row.share_after:.1f}%"
            for row in self.shares.itertuples()
        )
        return f"<Difference in {len(self.inputs)} cells: {moves}; see inputs, shares, ranking>"

    @cached_property
    def inputs(self) -> pd.DataFrame:
        """The cells that differ and change a number, indexed by table/key/column: `before`,
        `after`, and the `reason` a correction gives for the new content; None where a row is not
        there."""
        pairs = zip(self.before.estimates.values(), self.after.estimates.values(), strict=True)
        found: dict[str, dict[str, str | None]] = {}
        for one, two in pairs:
            found |= _cells(one.tables, two.tables)
            if one.evidence != two.evidence:
                found["evidence in force"] = {
                    "before": ", ".join(one.evidence) or "none",
                    "after": ", ".join(two.evidence) or "none",
                    "reason": "",
                }
            left_out = [set(est.case.excluded) for est in (one, two)]
            if left_out[0] != left_out[1]:
                texts = [", ".join(sorted(groups)) or "none" for groups in left_out]
                found[f"groups left out of {one.company}"] = dict(
                    zip(("before", "after", "reason"), (*texts, ""), strict=True)
                )
        frame = pd.DataFrame.from_dict(
            found, orient="index", columns=["before", "after", "reason"], dtype=object
        )
        return frame.rename_axis("cell")

    @cached_property
    def shares(self) -> pd.DataFrame:
        """One row a company: the share's median before and after, p5, p50 and p95 of its change
        draw by draw (`change_p5` ..., fractions), and the medians of training cost and of R&D
        compute in USD million before and after."""
        rows = {}
        for company, one in self.before.estimates.items():
            two = self.after.estimates[company]
            medians = {"before": one.summary(), "after": two.summary()}
            rows[company] = {
                "display_name": two.company_row.display_name,
                **{f"share_{when}": row["share_p50"] for when, row in medians.items()},
                **_change(one, two),
                **{
                    f"training_cost_{when}": row["training_cost_p50"]
                    for when, row in medians.items()
                },
                **{f"rd_compute_{when}": row["rd_compute"] for when, row in medians.items()},
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("company")

    @cached_property
    def ranking(self) -> pd.DataFrame:
        """For every pair, the probability that the first company's share is higher, before and
        after."""
        pairs = list(combinations(self.before.estimates, 2))
        index = pd.MultiIndex.from_tuples(pairs, names=["company", "higher than"])
        columns = {
            when: [found.probabilities.loc[pair] for pair in pairs]
            for when, found in (("before", self.before), ("after", self.after))
        }
        return pd.DataFrame(columns, index=index)


def diff(
    before: Run, after: Run, companies: str | list[str] | None = None, **settings: object
) -> Difference:
    """Put two runs side by side, on common draws.

    Each is an estimate, a comparison, the name of a scenario, or a data folder; a scenario or a
    folder is compared for `companies` (default: all that disclose spending), with
    `settings` as `estimate` takes them. Where numbers of draws or seeds differ, the second is drawn
    again with those of the first. Raises InputError where the two have no company in common.

    >>> found = diff("newsletter", "appendix", "minimax", n_draws=1_000)
    >>> list(found.inputs.index)
    ['assumptions/mfu_rl/value', 'assumptions/rl_fraction/value']
    """
    one, two = (_comparison(run, companies, settings) for run in (before, after))
    common = [name for name in one.estimates if name in two.estimates]
    if not common:
        raise InputError(
            f"diff: {', '.join(one.estimates)} and {', '.join(two.estimates)} have no company in"
            " common; for two companies of one run see ts.compare(...).differences()"
        )
    first = {name: one.estimates[name] for name in common}
    second = {}
    for name in common:
        est, other = first[name], two.estimates[name]
        drawn = {"n_draws": est.n_draws, "seed": est.seed}
        same = (est.n_draws, est.seed) == (other.n_draws, other.seed)
        second[name] = other if same else other.again(**drawn)
    return Difference(Comparison(first), Comparison(second))


def _comparison(
    run: Run, companies: str | list[str] | None, settings: dict[str, object]
) -> Comparison:
    if isinstance(run, Comparison):
        return run
    if isinstance(run, Estimate):
        return Comparison({run.company: run})
    names = None if companies is None else listed(companies)
    if isinstance(run, str) and run in load(settings.get("data_dir")).scenario_names:
        return compare(names, run, **settings)
    if Path(run).expanduser().is_dir():
        return compare(names, **settings | {"data_dir": Path(run).expanduser()})
    known = ", ".join(load().scenario_names)
    raise InputError(f"diff: '{run}' is neither a scenario ({known}) nor a data folder")


def _change(one: Estimate, two: Estimate) -> dict[str, float]:
    """Return p5, p50 and p95 of the change of the share draw by draw; NaN where the two weigh their
    draws differently, as then no draw of one is a draw of the other."""
    weights = one.weights, two.weights
    alike = all(weight is None for weight in weights) or (
        all(weight is not None for weight in weights) and np.array_equal(*weights)
    )
    values = quantiles(two.share - one.share, one.weights) if alike else np.full(3, np.nan)
    return {f"change_{name}": value for name, value in zip(QUANTILES, values, strict=True)}


def _cells(one: Tables, two: Tables) -> dict[str, dict[str, str | None]]:
    reasons = {
        (row.table, row.key, row.column, row.value): row.reason for row in two.corrections.values()
    }
    found = {}
    for table in one.texts:
        if table in ABOUT or one.texts[table] is two.texts[table]:
            continue
        old, new = one.texts[table], two.texts[table]
        for key in [*old, *(key for key in new if key not in old)]:
            was, now = old.get(key), new.get(key)
            if was is None or now is None:
                words = ("no such row", "a row")
                found[f"{table}/{key}"] = {
                    "before": words[was is not None],
                    "after": words[now is not None],
                    "reason": "",
                }
                continue
            for column, text in was.items():
                if column not in WORDS and text != now[column]:
                    found[f"{table}/{key}/{column}"] = {
                        "before": text,
                        "after": now[column],
                        "reason": reasons.get((table, key, column, now[column]), ""),
                    }
    return found
