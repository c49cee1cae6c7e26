"""Two runs side by side: which inputs differ, and what that does to shares and cost."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from training_share.errors import InputError
from training_share.inputs.tables import load
from training_share.model.comparison import Comparison, compare
from training_share.model.estimate import Estimate
from training_share.model.precision import QUANTILES, quantiles

Run = Estimate | Comparison | str | Path
ABOUT = ("corrections", "evidence", "scenarios", "published")  # say what inputs could be
WORDS = ("note", "remark", "reason", "source_id")  # columns that change no number


@dataclass(frozen=True, eq=False, repr=False)
class Difference:
    """Two comparisons of the same companies on common draws; made by `diff`."""

    before: Comparison
    after: Comparison

    def __repr__(self) -> str:
        moves = ", ".join(
            f"{row.display_name} from {100 * row.share_before:.1f}% to {100 * row.share_after:.1f}%"
            for row in self.shares.itertuples()
        )
        return f"<Difference in {len(self.inputs)} cells: {moves}; see inputs, shares>"

    @cached_property
    def inputs(self) -> pd.DataFrame:
        """The cells that differ and change a number, indexed by table/key/column: `before`,
        `after`, and the `reason` a correction gives for the new content; blank where there is no
        such cell."""
        found: dict[str, tuple[str, str, str]] = {}
        for company, one in self.before.estimates.items():
            two = self.after.estimates[company]
            old, new, rows = _contents(one), _contents(two), two.tables.corrections.values()
            reasons = {(f"{r.table}/{r.key}/{r.column}", r.value): r.reason for r in rows}
            for cell in dict.fromkeys([*old, *new]):
                before, after = old.get(cell, ""), new.get(cell, "")
                if before != after:
                    found[cell] = before, after, reasons.get((cell, after), "")
        columns = ["before", "after", "reason"]
        frame = pd.DataFrame.from_dict(found, orient="index", columns=columns, dtype=object)
        return frame.rename_axis("cell")

    @cached_property
    def shares(self) -> pd.DataFrame:
        """One row a company: the share's median before and after, its change (`change_p5`,
        `change_p50`, `change_p95`, fractions), and the medians of training cost and of R&D compute
        in USD million before and after.

        `change_of` is "draws" where the columns are the quantiles of the change, draw by draw. It
        is "quantiles" where the two weight draws differently, so that no draw of one is a draw of
        the other: each is then the later quantile less the earlier one.
        """
        rows = {}
        for company, one in self.before.estimates.items():
            two = self.after.estimates[company]
            by_draw = np.array_equal(one.weights, two.weights)  # also where neither has any
            if by_draw:
                change = quantiles(two.share - one.share, one.weights)
            else:
                change = quantiles(two.share, two.weights) - quantiles(one.share, one.weights)
            rows[company] = {"display_name": two.company_row.display_name}
            for column in ("share_p50", "training_cost_p50", "rd_compute"):
                for when, est in (("before", one), ("after", two)):
                    rows[company][f"{column.removesuffix('_p50')}_{when}"] = est.summary()[column]
            changes = zip((f"change_{name}" for name in QUANTILES), change, strict=True)
            rows[company] |= {**dict(changes), "change_of": "draws" if by_draw else "quantiles"}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("company")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(sorted(names)) or "none"


def _contents(est: Estimate) -> dict[str, str]:
    """Return the filled cells that may change a number, by address, and what else may."""
    cells = {
        f"{table}/{key}/{column}": text
        for table, rows in est.tables.texts.items()
        for key, row in (rows.items() if table not in ABOUT else ())
        for column, text in row.items()
        if text and column not in WORDS
    }
    left_out = {f"groups left out of {est.company}": _listed(est.excluded)}
    return {**cells, "evidence": _listed(est.evidence), **left_out}


def diff(before: Run, after: Run, companies: Any = None, **settings: Any) -> Difference:
    """Put two runs side by side, on common draws.

    Each is an estimate, a comparison, the name of a scenario, or a data folder; a scenario or a
    folder is compared for `companies` (default: all that disclose spending), with
    `settings` as `estimate` takes them. Where numbers of draws or seeds differ, the second is drawn
    again with those of the first. Raises InputError where the two have no company in common.

    >>> found = diff("newsletter", "appendix", "minimax", n_draws=1_000)
    >>> list(found.inputs.index)
    ['assumptions/mfu_rl/value', 'assumptions/rl_fraction/value']
    """
    one, two = (_compared(run, companies, settings).estimates for run in (before, after))
    common = [name for name in one if name in two]
    if not common:
        raise InputError(
            f"diff: {', '.join(one)} and {', '.join(two)} have no company in common; for two "
            "companies of one run see the probabilities of ts.compare"
        )
    for name in common:
        draws = {"n_draws": one[name].n_draws, "seed": one[name].seed}
        if draws != {"n_draws": two[name].n_draws, "seed": two[name].seed}:
            two = two | {name: two[name].again(**draws)}
    return Difference(*(Comparison({name: run[name] for name in common}) for run in (one, two)))


def _compared(run: Run, companies: Any, settings: dict[str, Any]) -> Comparison:
    if isinstance(run, Comparison):
        return run
    if isinstance(run, Estimate):
        return Comparison({run.company: run})
    known = load(settings.get("data_dir")).scenario_names
    if run in known:
        return compare(companies, run, **settings)
    if isinstance(run, str | Path) and Path(run).expanduser().is_dir():
        return compare(companies, **settings | {"data_dir": Path(run).expanduser()})
    raise InputError(f"diff: {run!r} is neither a scenario ({', '.join(known)}) nor a data folder")
