"""Measured cases beside modelled companies, and what both say of the next company's share.

The model of the next share is hierarchical. A case's logit is normal about the mean of its group
with a standard deviation tau that all groups have in common:

    logit(share) ~ N(mean of the group, tau),   mean ~ N(0, m),   tau ~ half-normal(s)

A case's share is not known but drawn: by the model for companies (on common draws, so that what
they share moves together), from rounding and reading for measured cases. Given tau and a draw,
everything else is normal, so that tau is a grid and nothing is sampled by chains (Gelman et al.,
Bayesian Data Analysis, 3rd edition, chapter 5.4 and 11.6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtr, ndtri

from training_share.errors import InputError, require_known
from training_share.inputs.schema import MeasuredCase
from training_share.inputs.tables import Tables
from training_share.model.case import listed
from training_share.model.comparison import Comparison, compare
from training_share.model.estimates import estimate
from training_share.model.precision import QUANTILES, quantiles, spread
from training_share.model.spending import signed_periods
from training_share.model.streams import Streams, draw, generator

COMPANY = "company-year"  # the scope of a modelled company
PROJECT = "project"
STEPS = 64  # of tau, each as likely as the others beforehand
GROUPINGS = {  # name -> the group of a scope
    "company or project": lambda scope: COMPANY if scope == COMPANY else PROJECT,
    "one group": lambda scope: "",
    "each scope its own": lambda scope: scope,
}


def next_logits(
    logits: np.ndarray,
    groups: np.ndarray,
    group: str,
    m: float,
    s: float,
    seed: int,
    weights: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return draws of a further case of `group`, given draws of the known ones.

    `logits` is draws x cases, `groups` the group of each case; `m` and `s` are the scales of the
    priors in logits, and `weights` those that evidence gives the draws. One row a posterior draw,
    as many as the draws are worth once weighted (Kish's effective number): `draw`, the row of
    `logits` it rests on, `tau`, and `logit` of the further case.
    """
    taus = s * ndtri((1 + (np.arange(STEPS) + 0.5) / STEPS) / 2)
    # The covariance of the cases is tau^2 I + m^2 [same group]: along the eigenvectors of the
    # second part they are independent, whatever tau.
    shared, axes = np.linalg.eigh(m**2 * (groups[:, None] == groups))
    along, of_next = logits @ axes, m**2 * axes[groups == group].sum(axis=0)
    variances = taus**2 + shared[:, None]  # cases x taus
    weight = along**2 @ (1 / variances) + np.log(variances).sum(axis=0)
    weight = np.exp((weight.min() - weight) / 2)
    mean = (along * of_next) @ (1 / variances)
    variance = m**2 + taus**2 - of_next**2 @ (1 / variances)
    by_draw = weight.sum(axis=1) if weights is None else weight.sum(axis=1) * weights
    size = max(1, round(by_draw.sum() ** 2 / (by_draw**2).sum()))
    chosen = _chosen(by_draw[None, :], seed, "which draw", size)
    step = _chosen(weight[chosen], seed, "tau", size)
    z = generator(seed, "next case/share").standard_normal(size)
    values = mean[chosen, step] + np.sqrt(variance[step]) * z
    within = ndtr(generator(seed, "next case/within a step").standard_normal(size))
    tau = s * ndtri((1 + (step + within) / STEPS) / 2)  # a step stands for its whole interval
    return pd.DataFrame({"draw": chosen, "tau": tau, "logit": values})


def _chosen(weights: np.ndarray, seed: int, what: str, size: int) -> np.ndarray:
    """Return one column a row of `weights` (or `size` of its only row), each by its weight."""
    u = ndtr(generator(seed, f"next case/{what}").standard_normal(size))
    total = np.cumsum(weights, axis=1)
    if len(weights) == 1:
        return np.searchsorted(total[0], u * total[0, -1])
    return (total < u[:, None] * total[:, -1:]).sum(axis=1)


@dataclass(frozen=True, eq=False, repr=False)
class Pattern:
    """Modelled companies and measured cases as draws of their shares; made by `pattern`."""

    known: Comparison
    measured: Mapping[str, np.ndarray]  # case -> draws of its share, as many as of the companies
    tables: Tables
    seed: int
    settings: Mapping[str, float]  # scales of the priors in logits: mean, spread

    def __repr__(self) -> str:
        return f"<Pattern of {len(self.shares.columns)} cases: see table(), next_share, dependence>"

    @cached_property
    def shares(self) -> pd.DataFrame:
        """Shares of the cases that inform the next one, draws x cases, in the draws that every
        company keeps and in which none spends more on final runs than on R&D compute."""
        draws = self.known.draws
        draws = draws[(draws < 1).all(axis=1)]
        used = {case: values for case, values in self.measured.items() if self.cases[case].used}
        return draws.assign(**{case: values[draws.index] for case, values in used.items()})

    @property
    def weights(self) -> np.ndarray | None:
        """The weights that evidence gives the rows of `shares`; None without evidence."""
        weights = self.known.weights
        return None if weights is None else weights[self.shares.index]

    @property
    def cases(self) -> Mapping[str, MeasuredCase]:
        """The measured cases as measured_cases.csv has them."""
        return self.tables.measured_cases

    @cached_property
    def scopes(self) -> list[str]:
        """The scope of each column of `shares`."""
        companies = self.known.estimates
        return [COMPANY if name in companies else self.cases[name].scope for name in self.shares]

    def posterior(
        self,
        grouping: str = "company or project",
        spread_scale: float | None = None,
        n_draws: int | None = None,
    ) -> pd.DataFrame:
        """Return posterior draws of the next company-year from the first `n_draws` rows of
        `shares` (default: all): `draw`, the row, `tau` and `share`; see `next_logits`."""
        require_known(grouping, GROUPINGS, "grouping")
        group = GROUPINGS[grouping]
        table = next_logits(
            logit(self.shares.to_numpy()[:n_draws]),
            np.array([group(scope) for scope in self.scopes]),
            group(COMPANY),
            self.settings["mean"],
            self.settings["spread"] if spread_scale is None else spread_scale,
            self.seed,
            self.weights if self.weights is None else self.weights[:n_draws],
        )
        return table.assign(share=expit(table["logit"]))

    @cached_property
    def next_share(self) -> pd.DataFrame:
        """Posterior draws of the next company-year under the priors of assumptions.csv."""
        return self.posterior()

    def prior(self, n_draws: int = 20_000) -> pd.DataFrame:
        """Return draws of `tau` and of the next `share` before any case is seen."""
        z = [
            generator(self.seed, f"next case/prior/{name}").standard_normal(n_draws)
            for name in ("mean", "spread", "share")
        ]
        tau = self.settings["spread"] * np.abs(z[1])
        return pd.DataFrame({"tau": tau, "share": expit(self.settings["mean"] * z[0] + tau * z[2])})

    def table(self) -> pd.DataFrame:
        """Return one row a case, modelled and measured: label, kind, scope, grade, unit, p5, p50
        and p95 of the share, whether it is used, what is counted and what is not, and its source.

        Scopes in the order of their lowest share, and cases by their share within a scope.
        """
        rows = {}
        for company, est in self.known.estimates.items():
            start, end = est.denominator_window
            rows[company] = {
                "label": f"{est.company_row.display_name}, {start:%Y-%m} to {end:%Y-%m}",
                "kind": "modelled",
                "scope": COMPANY,
                "grade": "modelled",
                "unit": est.unit,
                **est.share_quantiles,
                "used": True,
                "in_scope": "all R&D compute that the company paid for",
                "out_of_scope": "serving",
                "source": "",
            }
        for case, draws in self.measured.items():
            row = self.cases[case]
            rows[case] = {
                "label": row.models,
                "kind": "measured",
                "scope": row.scope,
                "grade": row.grade,
                "unit": row.unit,
                **dict(zip(QUANTILES, quantiles(draws), strict=True)),
                "used": row.used,
                "in_scope": row.in_scope,
                "out_of_scope": row.out_of_scope,
                "source": self.tables.sources[row.source_id].url,
            }
        table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("case")
        lowest = table.groupby("scope")["p50"].transform("min").where(table["scope"] != COMPANY, -1)
        lowest = lowest.where(table["scope"] != "cluster", 1)
        order = table.assign(lowest=lowest).sort_values(["lowest", "p50"], kind="stable").index
        return table.loc[order]

    def dependence(self, scales: Iterable[float] = (0.25, 0.5, 1.0, 2.0, 4.0)) -> pd.DataFrame:
        """Return p5, p50 and p95 of the next company's share for other priors of the spread between
        cases and other groups, with their Monte Carlo standard errors and the posterior median of
        tau."""
        rows = {}
        for grouping in GROUPINGS:
            for scale in scales:
                draws = self.posterior(grouping, scale, 10_000)
                rows[grouping, scale] = spread(draws["share"].to_numpy()) | {
                    "tau": float(draws["tau"].median())
                }
        frame = pd.DataFrame.from_dict(rows, orient="index")
        return frame.rename_axis(["groups", "scale of tau's prior"])

    def prior_and_posterior(self) -> pd.DataFrame:
        """Return the next company's share and the spread between cases (tau, in logits) before and
        after the cases, as the part of the draws in each of equally wide bins: columns quantity,
        low, high, prior, posterior."""
        before, after = self.prior(), self.next_share
        rows = []
        for quantity, edges in (
            ("share", np.linspace(0, 1, 41)),
            ("tau", np.linspace(0, 3 * self.settings["spread"], 31)),
        ):
            parts = {
                "low": edges[:-1],
                "high": edges[1:],
                "prior": np.histogram(before[quantity], edges)[0] / len(before),
                "posterior": np.histogram(after[quantity], edges)[0] / len(after),
            }
            rows.append(pd.DataFrame(parts).assign(quantity=quantity))
        columns = ["quantity", "low", "high", "prior", "posterior"]
        return pd.concat(rows, ignore_index=True)[columns]

    def part(self, place: int) -> Pattern:
        """Return the same by one part of the regressions' resamples, on its first draws."""
        known = self.known.part(place)
        n = next(iter(known.estimates.values())).n_draws
        few = {case: values[:n] for case, values in self.measured.items()}
        return replace(self, known=known, measured=few)


def case_draws(tables: Tables, n_draws: int, seed: int, data_dir=None) -> dict[str, np.ndarray]:
    """Return draws of the share of each measured case; exact where its figures are."""
    streams = Streams(seed)
    shares = {case: np.empty(n_draws) for case in tables.measured_cases}
    for block in streams.blocks(n_draws):
        for case, row in tables.measured_cases.items():
            if row.final_share is not None:
                value = draw(streams, f"measured/{case}/share", row.final_share)
            elif row.final_amount is not None and row.total_amount is not None:
                value = draw(streams, f"measured/{case}/final", row.final_amount) / draw(
                    streams, f"measured/{case}/total", row.total_amount
                )
            else:
                continue
            shares[case][block] = value
    for case, row in tables.measured_cases.items():
        if row.company is not None:
            shares[case] = estimate(
                row.company, n_draws=n_draws, seed=seed, data_dir=data_dir
            ).share
    return shares


def pattern(
    known: Iterable[str] | str | None = None,
    scenario: str = "newsletter",
    n_draws: int = 50_000,
    seed: int = 42,
    *,
    data_dir: str | Path | None = None,
    **settings: Any,
) -> Pattern:
    """Return modelled companies (by default all with spending in money) beside the measured cases.

    `settings` go to `estimate` of every company; those named next_case_mean_scale and
    next_case_spread_scale set the priors. Raises InputError as `compare` does, and for a company
    without a share.

    >>> sorted(pattern(n_draws=100).shares)[:3]
    ['bloom', 'llama-1', 'minimax']
    """
    names = None if known is None else listed(known)
    others = compare(names, scenario, n_draws, seed, data_dir=data_dir, **settings)
    for name, other in others.estimates.items():
        if not other.has_spending:
            raise InputError(
                f"known: {name} has no spending, so no share; name only companies that have one"
            )
    tables = next(iter(others.estimates.values())).tables
    scales = {
        name: tables.assumptions[f"next_case_{name}_scale"].amount.quantile(0.5)
        for name in ("mean", "spread")
    }
    cases = case_draws(tables, n_draws, seed, data_dir)
    twice = {case for case, row in tables.measured_cases.items() if row.company in others.estimates}
    measured = {case: draws for case, draws in cases.items() if case not in twice}
    return Pattern(others, measured, tables, seed, scales)


def over_time(
    variant: str = "calendar-2025", companies: Iterable[str] | str | None = None, **settings: Any
) -> pd.DataFrame:
    """Return each company's share over its published window and, where a correction gives another,
    over that.

    Columns company, label, color, start, end, p5, p50 and p95 with their standard errors,
    rd_compute in USD million, `variant` for the correction's window, `inferred` where a spending
    row is our own judgement, `caveat` where the runs do not fit the window. A window that a
    scenario's lines of R&D compute do not cover is left out.
    """
    rows = []
    for est in compare(companies, **settings).estimates.values():
        windows = [est]
        with suppress(InputError):  # no spending of the scenario's lines is known for that window
            other = est.again(corrections=[*est.case.corrections, variant])
            _ = other.weights  # evidence on another company needs its spending in the window too
            windows += [other] if other.denominator_window != est.denominator_window else []
        for one in windows:
            periods = [
                row
                for line in one.denominator_lines
                for _, row in signed_periods(one.tables, one.company, line, *one.denominator_window)
            ]
            start, end = one.denominator_window
            rows.append(
                {
                    "company": one.company,
                    "label": one.company_row.display_name,
                    "color": one.company_row.color,
                    "start": start,
                    "end": end,
                    **one.spread(),
                    "rd_compute": one.summary()["rd_compute"],
                    "variant": one is not est,
                    "inferred": any(row.inferred for row in periods),
                    "caveat": one.caveat,
                }
            )
    return pd.DataFrame(rows)
