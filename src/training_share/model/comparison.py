"""Several companies on common draws: shares side by side, and who is higher draw by draw."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from training_share.errors import InputError, require_known
from training_share.inputs.quantities import blank
from training_share.inputs.rows import Rows, rows_of
from training_share.inputs.tables import load
from training_share.model.case import Case, known_groups, lasting, listed, require_counted
from training_share.model.estimate import Estimate
from training_share.model.precision import InParts
from training_share.model.trace import require_mixed


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(InParts, Mapping[str, Estimate]):
    """Estimates of several companies, by company, on the same draws, so that shared conditions move
    together.

    >>> both = compare("minimax,zai", n_draws=1_000)
    >>> f"{both.quantile(both.shares['minimax'] - both.shares['zai'], 0.5):.2f}"
    '0.10'
    """

    estimates: dict[str, Estimate]

    def __getitem__(self, company: str) -> Estimate:
        require_known(company, self.estimates, "company of this comparison")
        return self.estimates[company]

    def __iter__(self) -> Iterator[str]:
        return iter(self.estimates)

    def __len__(self) -> int:
        return len(self.estimates)

    __eq__, __hash__ = object.__eq__, object.__hash__

    def __repr__(self) -> str:
        shares = "; ".join(f"{name} {est.in_short}" for name, est in self.items())
        return f"<Comparison: {shares}; see table, probabilities, draws>"

    def _repr_html_(self) -> str:
        return "".join(est._repr_html_() for est in self.values())

    def again(self, **changes: Any) -> "Comparison":
        """Return the comparison that the same call gives with some arguments changed, as in
        `again(scenario="careful")`; InputError as `estimate` raises it."""
        if "company" in changes:
            raise InputError("company: a comparison has several; compare others in their place")
        changes = {name: lasting(value) for name, value in changes.items()}
        whole = changes | ({"exclude_groups": ()} if "exclude_groups" in changes else {})
        found = {name: Case.again(est, **whole) for name, est in self.estimates.items()}
        if {"rows", "runs"} & changes.keys():
            require_counted(found.values())
        if "exclude_groups" in changes:  # of the tables as the others leave them
            own = own_groups(found, changes["exclude_groups"])
            found = {name: est.again(exclude_groups=own[name]) for name, est in found.items()}
        return Comparison(found)

    @property
    def first(self) -> Estimate:
        """The first company's estimate, with the draws, scenario and evidence of all."""
        return next(iter(self.estimates.values()))

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a company: name and unit, `Estimate.summary`, spending window, release window,
        and the caveat that they make."""
        rows, ends = {}, ("spending_start", "spending_end", "release_start", "release_end")
        for company, est in self.estimates.items():
            days = *est.denominator_window, *map(str, est.release_window)
            named = {"display_name": est.company_row.display_name, "unit": est.unit}
            windows = dict(zip(ends, days, strict=True))
            rows[company] = {**named, **est.summary(), **windows, "caveat": est.caveat}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("company")

    @property
    def draws(self) -> pd.DataFrame:
        """Shares, draws x companies, each row counting the same; see `Estimate.draws`. The draws as
        they were made are `shares`, their weights `weights`."""
        return self.equally_weighted(self.shares)

    @property
    def shares(self) -> pd.DataFrame:
        """Shares as they were drawn, draws x companies, which evidence gives `weights`."""
        shares = {company: est.share for company, est in self.estimates.items()}
        return pd.DataFrame(shares).rename_axis("draw")

    @property
    def weights(self) -> np.ndarray | None:
        """Weight of each draw under the evidence; see `Estimate.weights`."""
        return self.first.weights

    @cached_property
    def probabilities(self) -> pd.DataFrame:
        """P(share of the row's company > share of the column's company), draw by draw and by the
        draws' weights; NaN on the diagonal."""
        shares = self.shares.to_numpy()
        above = shares[:, :, None] > shares[:, None, :]
        higher = np.average(above, axis=0, weights=self.weights)
        np.fill_diagonal(higher, np.nan)
        return pd.DataFrame(higher, index=self.shares.columns, columns=self.shares.columns)

    @property
    def rests_on_regressions(self) -> bool:
        """Whether any company's counted runs rest on a regression."""
        return any(est.rests_on_regressions for est in self.estimates.values())

    def part(self, place: int) -> "Comparison":
        """Return the same comparison by one part of the regressions' resamples."""
        return Comparison({name: est.part(place) for name, est in self.estimates.items()})


def own_groups(estimates: Mapping[str, Estimate], groups: Any) -> dict[str, list[str]]:
    """Return by company which of some groups of runs it has; InputError for one that none has."""
    tables = next(iter(estimates.values())).tables
    known = known_groups(tables, estimates, listed(groups, "exclude_groups"))
    return {name: [one for one in known if one in tables.groups([name])] for name in estimates}


def compare(
    companies: Iterable[str] | str | None = None,
    scenario: str = "newsletter",
    n_draws: int = 50_000,
    seed: int = 42,
    *,
    exclude_groups: Iterable[str] | str = (),
    data_dir: str | Path | None = None,
    rows: Rows = None,
    runs: Any = None,
    spending: Any = None,
    **settings: Any,
) -> Comparison:
    """Estimate several companies on common draws, by default those that disclose spending in
    money; `settings` go to `estimate`.

    A group to exclude has to exist in at least one company, and each row given in the call names
    its company. Raises InputError as `estimate` does, and for an empty or repeated list.

    >>> list(compare(["minimax", "zai"], n_draws=1_000).estimates)
    ['minimax', 'zai']
    """
    base = load(data_dir)
    companies = None if blank(companies) else companies
    names = () if companies is None else listed(companies, "companies")
    alone = names[0] if len(names) == 1 else ""
    runs, spending = lasting(runs), lasting(spending)
    added = rows_of(rows, base, alone, training_runs=runs, spending=spending)
    tables = base.for_scenario("newsletter" if blank(scenario) else scenario, rows=added)
    names = tables.with_spending if companies is None else names
    if not names or len(set(names)) < len(names):
        raise InputError(f"companies: name at least one, each once; got {list(names)}")
    settings = {name: lasting(value) for name, value in settings.items()}
    settings |= {"scenario": scenario, "n_draws": n_draws, "seed": seed, "data_dir": data_dir}
    settings |= {"rows": rows, "runs": runs, "spending": spending}
    found = Comparison({name: Estimate.of(name, **settings) for name in names})
    require_counted(found.estimates.values())
    require_mixed(found.estimates.values())
    excluded = lasting(exclude_groups)
    return found.again(exclude_groups=excluded) if listed(excluded) else found
