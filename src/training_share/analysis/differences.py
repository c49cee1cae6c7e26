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
        found: dict[str, tuple[str, str, str]] = {}
        for company, one in self.before.estimates.items():
            two = self.after.estimates[company]
            found |= _cells(one.tables, two.tables)
            words = {
                "evidence in force": (one.evidence, two.evidence),
                f"groups left out of {company}": (
                    sorted(set(one.case.excluded)),
                    sorted(set(two.case.excluded)),
                ),
            }
            for what, names in words.items():
                if names[0] != names[1]:
                    found[what] = (*(", ".join(given) or "none" for given in names), "")
        columns = ["before", "after", "reason"]
        frame = pd.DataFrame.from_dict(found, orient="index", columns=columns, dtype=object)
        return frame.rename_axis("cell")

    @cached_property
    def shares(self) -> pd.DataFrame:
        """One row a company: the share's median before and after, p5, p50 and p95 of its change
        draw by draw (`change_p5` ..., fractions), and the medians of training cost and of R&D
        compute in USD million before and after."""
        rows = {}
        for company, one in self.before.estimates.items():
            two = self.after.estimates[company]
            before, after = one.summary(), two.summary()
            rows[company] = {
                "display_name": two.company_row.display_name,
                "share_before": before["share_p50"],
                "share_after": after["share_p50"],
                **_change(one, two),
                "training_cost_before": before["training_cost_p50"],
                "training_cost_after": after["training_cost_p50"],
                "rd_compute_before": before["rd_compute"],
                "rd_compute_after": after["rd_compute"],
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("company")

    @cached_property
    def ranking(self) -> pd.DataFrame:
        """For every pair, the probability that the first company's share is higher, before and
        after."""
        pairs = list(combinations(self.before.estimates, 2))
        index = pd.MultiIndex.from_tuples(pairs, names=["company", "higher than"])
        before, after = (
            [found.probabilities.loc[pair] for pair in pairs] for found in (self.before, self.after)
        )
        return pd.DataFrame({"before": before, "after": after}, index=index)


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
    second = {name: two.estimates[name] for name in common}
    for name, est in first.items():
        if (est.n_draws, est.seed) != (second[name].n_draws, second[name].seed):
            second[name] = second[name].again(n_draws=est.n_draws, seed=est.seed)
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
    alike = np.array_equal(one.weights, two.weights)  # None, without evidence, is like None
    values = quantiles(two.share - one.share, one.weights) if alike else np.full(3, np.nan)
    return {f"change_{name}": value for name, value in zip(QUANTILES, values, strict=True)}


def _cells(one: Tables, two: Tables) -> dict[str, tuple[str, str, str]]:
    """Return the cells that differ and change a number: content before and after, and the reason
    that a correction gives."""
    reasons = {
        (row.table, row.key, row.column, row.value): row.reason for row in two.corrections.values()
    }
    found = {}
    for table, old in one.texts.items():
        new = two.texts[table]
        if table in ABOUT or old is new:
            continue
        for key in dict.fromkeys([*old, *new]):
            if key not in old or key not in new:
                words = ("no such row", "a row")
                found[f"{table}/{key}"] = (words[key in old], words[key in new], "")
                continue
            for column, text in new[key].items():
                if column not in WORDS and text != old[key][column]:
                    reason = reasons.get((table, key, column, text), "")
                    found[f"{table}/{key}/{column}"] = (old[key][column], text, reason)
    return found
