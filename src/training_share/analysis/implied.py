"""What a company without disclosed spending would have spent, if its training share were like the
known companies'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import ndtr

from training_share.errors import InputError
from training_share.inputs.tables import load
from training_share.model.case import listed
from training_share.model.comparison import Comparison, compare
from training_share.model.estimates import Estimate, estimate
from training_share.model.precision import spread
from training_share.model.scaling import PARTS
from training_share.model.streams import Streams

MIXTURE = "implied_rd_compute/known company"  # the stream that says whose share a draw takes


@dataclass(frozen=True, eq=False)
class ImpliedCompute:
    """R&D compute implied by a training cost and the pooled shares of other companies. An
    illustration.

    Cost and shares come from the same market draws, so a dear hour raises both and much of it
    cancels.
    """

    estimate: Estimate
    known: Comparison

    @cached_property
    def chosen(self) -> np.ndarray:
        """Index of the known company whose share a draw takes; each is equally likely."""
        streams, normal = Streams(self.estimate.seed), np.empty(self.estimate.n_draws)
        for block in streams.blocks(normal.size):
            normal[block] = streams.normal(MIXTURE)
        count = len(self.known.estimates)
        return np.minimum((ndtr(normal) * count).astype(int), count - 1)

    @cached_property
    def share(self) -> np.ndarray:
        """Pooled share, a fraction, one value a draw: an equal-weight mixture of the known
        companies."""
        shares = np.stack([est.share for est in self.known.estimates.values()])
        return np.take_along_axis(shares, self.chosen[None], axis=0)[0]

    @cached_property
    def training_cost_usd(self) -> np.ndarray:
        """The company's training cost in USD, one value a draw."""
        return self.estimate.total_cost_usd

    @cached_property
    def rd_compute_usd(self) -> np.ndarray:
        """Implied R&D compute in USD, one value a draw: training cost divided by the pooled
        share."""
        return self.training_cost_usd / self.share

    @cached_property
    def parts(self) -> tuple[ImpliedCompute, ...]:
        """The same by each part of the regressions' resamples, on the first draws; none where
        nothing rests on a regression."""
        if not (self.estimate.parts or self.known.parts):
            return ()
        return tuple(
            ImpliedCompute(self.estimate.part(place), self.known.part(place))
            for place in range(PARTS)
        )

    @property
    def table(self) -> pd.DataFrame:
        """p5, p50 and p95 of training_cost and rd_compute in USD million and of the pooled share as
        a fraction, with their Monte Carlo standard errors."""
        quantities = {
            "training_cost": lambda one: one.training_cost_usd / 1e6,
            "share": lambda one: one.share,
            "rd_compute": lambda one: one.rd_compute_usd / 1e6,
        }
        rows = {
            name: spread(
                of(self),
                ((of(part), part.known.weights) for part in self.parts),
                self.known.weights,
            )
            for name, of in quantities.items()
        }
        table = pd.DataFrame(rows).T
        table.insert(0, "unit", ["USD million", "fraction", "USD million"])
        return table.rename_axis("quantity")

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader has to be told with the numbers, in sentences."""
        names = [est.company_row.display_name for est in self.known.estimates.values()]
        count, own = len(names), self.estimate.company_row.display_name
        points = {1: "one data point", 2: "two data points", 3: "three data points"}.get(
            count, f"{count} data points"
        )
        return (
            (
                f"The share is borrowed from {points} ({', '.join(names)}), each given the same"
                f" weight; {points} do not make a distribution, and the next company may lie"
                " outside all of them."
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
        return (
            self.table.to_html()
            + "<ul>"
            + "".join(f"<li>{text}</li>" for text in self.caveats)
            + "</ul>"
        )

    def __str__(self) -> str:
        return self.table.to_string() + "\n" + "\n".join(self.caveats)


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
    """Return the R&D compute that a company's training cost implies under the known companies'
    shares: by default those of all others that disclose spending.

    `settings` go to `estimate` of every company, except exclude_groups, release_lag_months and the
    spending window, which are the company's own.

    Raises InputError as `estimate` does, and where `known` is empty, repeats a name, or contains
    the company itself or one without spending.

    >>> implied = implied_rd_compute("deepseek", n_draws=1_000)
    >>> list(implied.known.estimates)
    ['openai', 'minimax', 'zai']
    """
    others = [name for name in load(data_dir).with_spending if name != company]
    names = listed(others if known is None else known)
    if company in names:
        raise InputError(f"known: contains {company} itself; its share cannot tell its spending")
    own = ("exclude_groups", "release_lag_months", "spending_start", "spending_end")
    common = {name: value for name, value in settings.items() if name not in own}
    est = estimate(company, scenario, n_draws, seed, data_dir=data_dir, **settings)
    pool = compare(names, scenario, n_draws, seed, data_dir=data_dir, **common)
    for name, other in pool.estimates.items():
        if not other.has_spending:
            raise InputError(
                f"known: {name} has no spending, so no share; name only companies that have one"
            )
    return ImpliedCompute(est, pool)
