"""What a company would have spent on R&D compute, or on final training runs, if its training share
were the next one of the pattern that known companies and measured cases make."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from training_share.analysis.measured import Pattern, pattern
from training_share.errors import InputError, require_known
from training_share.inputs.tables import load
from training_share.model.case import listed
from training_share.model.estimates import Estimate, estimate
from training_share.model.precision import spread
from training_share.model.scaling import PARTS
from training_share.model.spending import as_date, disclosed_lines, spending_in
from training_share.model.streams import Streams

OF_THE_COMPANY = ("exclude_groups", "release_lag_months", "spending_start", "spending_end")


@dataclass(frozen=True, eq=False)
class ImpliedCompute:
    """R&D compute implied by a training cost and the next company's share. An illustration.

    Cost and shares come from the same market draws, so a dear hour raises both and much of it
    cancels.
    """

    estimate: Estimate
    pattern: Pattern

    @cached_property
    def next_case(self) -> pd.DataFrame:
        """Posterior draws of the next company's share: `draw`, the number of the draw it rests on,
        `tau` and `share`."""
        table = self.pattern.next_share
        return table.assign(draw=self.pattern.shares.index[table["draw"]])

    @property
    def share(self) -> np.ndarray:
        """The next company's share, a fraction, one value a posterior draw."""
        return self.next_case["share"].to_numpy()

    @cached_property
    def training_cost_usd(self) -> np.ndarray:
        """The company's training cost in USD, one value a posterior draw."""
        return self.estimate.total_cost_usd[self.next_case["draw"].to_numpy()]

    @property
    def rd_compute_usd(self) -> np.ndarray:
        """Implied R&D compute in USD, one value a posterior draw: training cost divided by the
        share."""
        return self.training_cost_usd / self.share

    @cached_property
    def parts(self) -> tuple[ImpliedCompute, ...]:
        """The same by each part of the regressions' resamples, on the first draws; none where
        nothing rests on a regression."""
        if not (self.estimate.rests_on_regressions or self.pattern.known.parts):
            return ()
        return tuple(
            ImpliedCompute(self.estimate.part(place), self.pattern.part(place))
            for place in range(PARTS)
        )

    @cached_property
    def table(self) -> pd.DataFrame:
        """p5, p50 and p95 of training_cost and rd_compute in USD million and of the next company's
        share as a fraction, with their Monte Carlo standard errors."""
        quantities: dict[str, Callable[[ImpliedCompute], np.ndarray]] = {
            "training_cost": lambda one: one.training_cost_usd / 1e6,
            "share": lambda one: one.share,
            "rd_compute": lambda one: one.rd_compute_usd / 1e6,
        }
        rows = {  # evidence weights the draws that the posterior takes, so each counts alike here
            name: spread(of(self), ((of(part), None) for part in self.parts))
            for name, of in quantities.items()
        }
        table = pd.DataFrame(rows).T
        table.insert(0, "unit", ["USD million", "fraction", "USD million"])
        return table.rename_axis("quantity")

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader has to be told with the numbers, in sentences."""
        known = self.pattern.known.estimates.values()
        names, own = (
            [est.company_row.display_name for est in known],
            self.estimate.company_row.display_name,
        )
        cases = len(self.pattern.shares.columns) - len(names)
        return (
            (
                f"The share is that of a next company after {_counted(len(names), 'company')}"
                f" ({', '.join(names)}) and {_counted(cases, 'measured project')}; so few hardly"
                " tell how far companies differ, and the prior of that spread decides how wide the"
                " interval is."
            ),
            (
                f"{own} discloses no spending, so nothing here tests the result: it is an"
                " illustration, not an estimate of what was spent."
            ),
            (
                f"The training cost covers only the runs in training_runs.csv; any release of {own}"
                " that is missing there makes the implied spending too low."
            ),
            (
                "The known shares belong to other years and to other kinds of company; a company"
                " that experiments more for each final run spends more than this says."
            ),
        )

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{text}</li>" for text in self.caveats)
        return f"{self.table.to_html()}<ul>{items}</ul>"

    def __str__(self) -> str:
        return self.table.to_string() + "\n" + "\n".join(self.caveats)


def _counted(count: int, noun: str) -> str:
    plural = {"company": "companies"}.get(noun, f"{noun}s")
    return f"{count} {noun if count == 1 else plural}"


def implied_rd_compute(
    company: str,
    known: Iterable[str] | str | None = None,
    scenario: str = "newsletter",
    n_draws: int = 50_000,
    seed: int = 42,
    *,
    data_dir=None,
    **settings,
) -> ImpliedCompute:
    """Return the R&D compute that a company's training cost implies, with the share of the next
    company after those known (by default all with spending in money) and the measured cases.

    `settings` go to `estimate` of every company, except exclude_groups, release_lag_months and the
    spending window, which are the company's own.

    Raises InputError as `estimate` does, and where `known` is empty, repeats a name, or contains
    the company itself or one without spending.

    >>> implied = implied_rd_compute("deepseek", n_draws=1_000)
    >>> list(implied.pattern.known.estimates)
    ['openai', 'minimax', 'zai']
    """
    names = load(data_dir).with_spending if known is None else listed(known)
    if company in names:
        raise InputError(f"known: contains {company} itself; its share cannot tell its spending")
    common = {name: value for name, value in settings.items() if name not in OF_THE_COMPANY}
    est = estimate(company, scenario, n_draws, seed, data_dir=data_dir, **settings)
    return ImpliedCompute(est, pattern(names, scenario, n_draws, seed, data_dir=data_dir, **common))


def implied_training_cost(
    company: str,
    line: str = "rd_compute",
    spending_start: str | date | None = None,
    spending_end: str | date | None = None,
    known: Iterable[str] | str | None = None,
    scenario: str = "newsletter",
    n_draws: int = 50_000,
    seed: int = 42,
    *,
    data_dir=None,
    **settings,
) -> pd.DataFrame:
    """Return the reverse: what final training runs would have cost a company whose R&D compute is
    known, at the next company's share.

    Rows rd_compute and training_cost in USD million and share as a fraction, with p5, p50 and p95
    and their Monte Carlo standard errors. The window is by default the company's own. Raises
    InputError for an unknown company or line, and as `window_spending` and `pattern` do.

    >>> implied_training_cost("openai", n_draws=1_000).index.tolist()
    ['rd_compute', 'share', 'training_cost']
    """
    found = pattern(known, scenario, n_draws, seed, data_dir=data_dir, **settings)
    require_known(company, found.tables.companies, "company")
    row = found.tables.companies[company]
    window = (
        as_date(spending_start or row.spending_start, "spending_start"),
        as_date(spending_end or row.spending_end, "spending_end"),
    )
    return _at_next_share(found, company, line, window)


def _at_next_share(
    found: Pattern, company: str, line: str, window: tuple[date, date]
) -> pd.DataFrame:
    lines = disclosed_lines(found.tables, company)
    require_known(line, lines, f"spending line of {company}")
    streams, spent = Streams(found.seed), np.empty(len(found.known.draws))
    for block in streams.blocks(spent.size):
        spent[block] = spending_in("USD", found.tables, company, [line], *window, streams)
    table = found.next_share
    spent = spent[found.shares.index[table["draw"]]]
    rows = {
        "rd_compute": spread(spent / 1e6),
        "share": spread(table["share"].to_numpy()),
        "training_cost": spread(spent * table["share"].to_numpy() / 1e6),
    }
    return pd.DataFrame(rows).T.rename_axis("quantity")


def implied_training_costs(year: int, **settings) -> pd.DataFrame:
    """Return `implied_training_cost` of every company and line of R&D compute disclosed for a
    calendar year, one row each: company, line, source, R&D compute and p5, p50 and p95 of the
    implied cost, in USD billion.

    >>> implied_training_costs(2025, n_draws=500).shape[0]
    3
    """
    tables, found = load(settings.get("data_dir")), pattern(**settings)
    window = (date(year, 1, 1), date(year, 12, 31))
    rows = {}
    for key, row in tables.spending.items():
        if row.line.startswith("rd_compute") and (row.period_start, row.period_end) == window:
            table = _at_next_share(found, row.company, row.line, window) / 1e3
            source = tables.sources[row.source_id]
            rows[key] = {
                "company": tables.companies[row.company].display_name,
                "R&D compute": table.loc["rd_compute", "p50"],
                **table.loc["training_cost", ["p5", "p50", "p95"]],
                "source": f"{source.publisher}, {source.date}",
            }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("spending")
