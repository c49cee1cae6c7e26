"""Several companies on common draws: shares side by side, and who is higher draw by draw."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from training_share.errors import InputError
from training_share.inputs.tables import for_scenario
from training_share.model.asked import Runs, rows_of
from training_share.model.case import known_groups, listed
from training_share.model.estimates import Estimate, estimate
from training_share.model.evidence import Posterior, known_draws
from training_share.model.precision import spread
from training_share.model.scaling import PARTS


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Estimates of several companies drawn from the same streams, so that shared conditions move
    together."""

    estimates: dict[str, Estimate]

    @classmethod
    def of(cls, estimates: dict[str, Estimate]) -> Comparison:
        """Return estimates of one scenario, by company, that share the weights of their draws."""
        drawn = known_draws(est.simulation for est in estimates.values())
        shared = Posterior(next(iter(estimates.values())).case, drawn)
        return cls({name: replace(est, posterior=shared) for name, est in estimates.items()})

    def again(self, **changes: Any) -> Comparison:
        """Return the comparison that the same call gives with some arguments changed, as in
        `again(scenario="careful")`; InputError as `estimate` raises it."""
        return Comparison.of({name: est.again(**changes) for name, est in self.estimates.items()})

    def __repr__(self) -> str:
        return (
            f"<Comparison of {', '.join(self.estimates)}: see table, probabilities, differences()>"
        )

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a company: share_p5, share_p50 and share_p95 as fractions; training cost and R&D
        compute in millions of `unit`; effective draws, months without collected runs and
        months outside the window that a run stands for; spending window, release window, and the
        caveat that they make."""
        rows = {}
        for company, est in self.estimates.items():
            start, end = est.denominator_window
            first, last = est.release_window
            rows[company] = {
                "display_name": est.company_row.display_name,
                "unit": est.unit,
                **est.summary(),
                "spending_start": start,
                "spending_end": end,
                "release_start": str(first),
                "release_end": str(last),
                "caveat": est.caveat,
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("company")

    @cached_property
    def draws(self) -> pd.DataFrame:
        """Shares, draws x companies."""
        shares = {company: est.share for company, est in self.estimates.items()}
        return pd.DataFrame(shares).rename_axis("draw")

    @property
    def weights(self) -> np.ndarray | None:
        """Weight of each draw under the evidence in force; see `Estimate.weights`."""
        return next(iter(self.estimates.values())).weights

    @cached_property
    def probabilities(self) -> pd.DataFrame:
        """P(share of the row's company > share of the column's company), draw by draw and by the
        draws' weights; NaN on the diagonal."""
        shares = self.draws.to_numpy()
        above = shares[:, :, None] > shares[:, None, :]
        higher = np.average(above, axis=0, weights=self.weights)
        np.fill_diagonal(higher, np.nan)
        return pd.DataFrame(higher, index=self.draws.columns, columns=self.draws.columns)

    @cached_property
    def parts(self) -> tuple[Comparison, ...]:
        """The same comparison by each part of the regressions' resamples, on its first draws; none
        where no company and no evidence rests on a regression. A company without regressions is its
        first draws."""
        rests = any(est.rests_on_regressions for est in self.estimates.values())
        if not rests and self.weights is None:
            return ()
        return tuple(map(self.part, range(PARTS)))

    def part(self, place: int) -> Comparison:
        """Return the same comparison by one part of the regressions' resamples."""
        return Comparison({name: est.part(place) for name, est in self.estimates.items()})

    def spread_of(self, quantity: Callable[[Comparison], np.ndarray]) -> dict[str, float]:
        """Return p5, p50 and p95 of any quantity, given as a function from a comparison to draws,
        and their Monte Carlo standard errors (`precision.spread`)."""
        parts = ((quantity(part), part.weights) for part in self.parts)
        return spread(quantity(self), parts, self.weights)

    def _difference(self, a: str, b: str) -> dict[str, float]:
        return self.spread_of(lambda one: (one.draws[a] - one.draws[b]).to_numpy())

    def differences(self) -> pd.DataFrame:
        """p5, p50 and p95 of the difference of shares (row minus column company) for every pair, as
        fractions, with their Monte Carlo standard errors."""
        pairs = list(combinations(self.estimates, 2))
        rows = [self._difference(a, b) for a, b in pairs]
        index = pd.MultiIndex.from_tuples(pairs, names=["company", "minus"])
        return pd.DataFrame(rows, index=index)


def compare(
    companies: Iterable[str] | str | None = None,
    scenario: str = "newsletter",
    n_draws: int | str = 50_000,
    seed: int = 42,
    *,
    exclude_groups: Iterable[str] | str = (),
    data_dir: str | Path | None = None,
    runs: Runs = None,
    **settings: Any,
) -> Comparison:
    """Estimate several companies on common draws, by default those that disclose spending in
    money; `settings` go to `estimate`.

    A group to exclude has to exist in at least one company, and each of `runs` names its own.
    Raises InputError as `estimate` does, and for an empty or repeated list of companies.

    >>> list(compare(["minimax", "zai"], n_draws=1_000).estimates)
    ['minimax', 'zai']
    """
    tables = for_scenario(scenario or "newsletter", data_dir=data_dir)
    names = tables.with_spending if companies is None else listed(companies)
    if not names or len(set(names)) < len(names):
        raise InputError(f"companies: name at least one, each once; got {list(names)}")
    groups = known_groups(tables, names, listed(exclude_groups))
    if runs:
        settings["runs"] = rows_of(runs, tables, names[0] if len(names) == 1 else "")
    estimates = {}
    for company in names:
        own = [group for group in groups if group in tables.groups([company])]
        estimates[company] = estimate(
            company, scenario, n_draws, seed, data_dir=data_dir, exclude_groups=own, **settings
        )
    compared = Comparison.of(estimates)
    if n_draws == "auto":  # shares are compared draw by draw: all take as many as the one with most
        return compared.again(n_draws=max(est.n_draws for est in estimates.values()))
    return compared
