"""Measured cases beside modelled companies, what both say of the next company's share, and what a
company would have spent at that share.

The model of the next share is hierarchical, and rests on company-years alone; projects, whose
scopes were named after their shares were seen, are context. A case's logit is normal about the
mean of its group with a standard deviation tau that all groups have in common:

    logit(share) ~ N(mean of the group, tau),   mean ~ N(0, m),   tau ~ half-normal(s)

A case's share is not known but drawn: by the model for companies (on common draws, so that what
they share moves together), from rounding and reading for measured cases. Given tau and a draw,
everything else is normal, so that tau is a grid and nothing is sampled by chains (Gelman et al.,
Bayesian Data Analysis, 3rd edition, chapter 5.4 and 11.6).
"""

import itertools
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtr, ndtri

from training_share.analysis.variants import windows_between
from training_share.errors import InputError, require_known, whole_number
from training_share.inputs.tables import Tables, chip_of
from training_share.model.case import Names, listed
from training_share.model.comparison import Comparison, compare
from training_share.model.draws import drawn, generator, one
from training_share.model.estimate import Estimate, estimate
from training_share.model.evidence import effective_draws
from training_share.model.precision import PARTS, QUANTILES, quantiles, spread
from training_share.model.spending import signed_periods

COMPANY = "company-year"  # the scope of a modelled company
SCALES = {"mean": (0.75, 1.0, 3.0, 10.0), "spread": (0.25, 0.5, 2.0, 4.0)}  # tried, in logits
STEPS = 64  # of tau, each as likely as the others beforehand
OF_THE_COMPANY = ("exclude_groups", "release_lag_months", "spending_start", "spending_end", "runs")
ALONE = "company-years alone"
GROUPINGS = {  # name -> the group of a scope, None where it says nothing of the next company
    ALONE: lambda scope: True if scope == COMPANY else None,
    "companies and projects": lambda scope: scope == COMPANY,
    "all one group": lambda scope: True,
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
    as many as the draws are worth once weighted (`effective_draws`): `draw`, the row of
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
    size = max(1, round(effective_draws(by_draw)))

    def z(what: str) -> np.ndarray:
        return generator(seed, f"next case/{what}").standard_normal(size)

    below = np.cumsum(by_draw)
    chosen = np.searchsorted(below, ndtr(z("which draw")) * below[-1])
    below = np.cumsum(weight[chosen], axis=1)
    step = (below < ndtr(z("tau"))[:, None] * below[:, -1:]).sum(axis=1)
    values = mean[chosen, step] + np.sqrt(variance[step]) * z("share")
    # a step stands for its whole interval
    tau = s * ndtri((1 + (step + ndtr(z("within a step"))) / STEPS) / 2)
    return pd.DataFrame({"draw": chosen, "tau": tau, "logit": values})


@dataclass(frozen=True, eq=False, repr=False)
class Pattern:
    """Modelled companies and measured cases as draws of their shares; made by `pattern`."""

    known: Comparison
    measured: Mapping[str, np.ndarray]  # case -> draws of its share, as many as of the companies
    tables: Tables
    seed: int

    def __repr__(self) -> str:
        return f"<Pattern of {len(self.shares.columns)} cases: see table(), next_share, dependence>"

    @cached_property
    def shares(self) -> pd.DataFrame:
        """Shares of the cases that inform the next one, draws x cases, as they were drawn, in the
        draws in which no company spends more on final runs than on R&D compute."""
        draws = self.known.shares
        draws = draws[(within := draws < 1).all(axis=1)]
        if draws.empty:
            told = f"spend more on final runs than on R&D (mostly {within.mean().idxmin()})"
            raise InputError(f"known: in every draw some companies {told}; leave one out")
        rows = self.tables.measured_cases
        used = {case: values for case, values in self.measured.items() if rows[case].used}
        return draws.assign(**{case: values[draws.index] for case, values in used.items()})

    def scale(self, name: str) -> float:
        """Return the scale of a prior in logits: of the mean, or of the spread."""
        return self.tables.assumptions[f"next_case_{name}_scale"].amount.quantile(0.5)

    def posterior(
        self,
        grouping: str = ALONE,
        mean_scale: float | None = None,
        spread_scale: float | None = None,
    ) -> pd.DataFrame:
        """Return posterior draws of the next company-year: `draw`, the row of `shares` that it
        rests on, `tau` and `share`; see `next_logits`. Scales are those of assumptions.csv."""
        require_known(grouping, GROUPINGS, "grouping")
        group, rows = GROUPINGS[grouping], self.tables.measured_cases
        scopes = {name: rows[name].scope if name in rows else COMPANY for name in self.shares}
        groups = {name: group(scope) for name, scope in scopes.items() if group(scope) is not None}
        weights = self.known.weights
        table = next_logits(
            logit(self.shares[list(groups)].to_numpy()),
            np.array(list(groups.values())),
            group(COMPANY),
            self.scale("mean") if mean_scale is None else mean_scale,
            self.scale("spread") if spread_scale is None else spread_scale,
            self.seed,
            None if weights is None else weights[self.shares.index],
        )
        return table.assign(share=expit(table["logit"]))

    @cached_property
    def next_share(self) -> pd.DataFrame:
        """Posterior draws of the next company-year under the priors of assumptions.csv."""
        return self.posterior()

    def at_next(self, values: np.ndarray) -> np.ndarray:
        """Return one value a draw for the draws that `next_share` rests on."""
        return values[self.shares.index[self.next_share["draw"]]]

    def prior(self, n_draws: int = 20_000) -> pd.DataFrame:
        """Return draws of `tau` and of the next `share` before any case is seen."""
        names = (f"next case/prior/{name}" for name in ("mean", "spread", "share"))
        mean, tau, share = (generator(self.seed, name).standard_normal(n_draws) for name in names)
        tau = self.scale("spread") * np.abs(tau)
        return pd.DataFrame({"tau": tau, "share": expit(self.scale("mean") * mean + tau * share)})

    def table(self) -> pd.DataFrame:
        """Return one row a case, modelled and measured: label, kind, scope, grade, unit, p5, p50
        and p95 of the share, how probably it is above one, whether it is used, what is counted and
        what is not, and its source.

        Scopes in the order of their lowest share, and cases by their share within a scope.
        """
        columns = ["label", "kind", "scope", "grade", "unit", *QUANTILES, "over_all", "used"]
        columns += ["in_scope", "out_of_scope", "source"]
        counted, rows = ("all R&D compute that the company paid for", "serving", ""), {}
        for company, est in self.known.estimates.items():
            start, end = est.denominator_window
            label = f"{est.company_row.display_name}, {start:%Y-%m} to {end:%Y-%m}"
            kind = "modelled", COMPANY, "modelled", est.unit
            known = *est.share_quantiles.values(), est.mean(est.share > 1), True
            rows[company] = label, *kind, *known, *counted
        for case, draws in self.measured.items():
            row = self.tables.measured_cases[case]
            counted = row.in_scope, row.out_of_scope, self.tables.sources[row.source_id].url
            kind = "measured", row.scope, row.grade, row.unit
            rows[case] = row.models, *kind, *quantiles(draws), 0.0, row.used, *counted
        table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("case")
        lowest = table.groupby("scope")["p50"].transform("min")
        lowest = lowest.mask(table["scope"] == COMPANY, -1).mask(table["scope"] == "cluster", 1)
        order = table.assign(lowest=lowest).sort_values(["lowest", "p50"], kind="stable").index
        return table.loc[order]

    def dependence(self) -> pd.DataFrame:
        """Return p5, p50 and p95 of the next company's share with one thing changed at a time:
        which cases say something of it, the prior of the mean, and the prior of the spread between
        cases, with their Monte Carlo standard errors and the posterior median of tau. The first row
        is as chosen."""
        changes: dict[tuple[str, str], dict[str, Any]] = {("as chosen", "by default"): {}}
        changes |= {("cases", name): {"grouping": name} for name in GROUPINGS if name != ALONE}
        for name, scales in SCALES.items():
            prior = f"prior of the {name}, its scale in logits"
            changes |= {(prior, f"{scale:g}"): {f"{name}_scale": scale} for scale in scales}
        rows = {}
        for key, change in changes.items():
            draws = self.posterior(**change) if change else self.next_share
            rows[key] = spread(draws["share"].to_numpy()) | {"tau": draws["tau"].median()}
        frame = pd.DataFrame.from_dict(rows, orient="index")
        return frame.rename_axis(["changed", "to"])

    def prior_and_posterior(self) -> pd.DataFrame:
        """Return the next company's share and the spread between cases (tau, in logits) before and
        after the cases, as the part of the draws in each of equally wide bins: columns quantity,
        low, high, prior, posterior."""
        before, after, rows = self.prior(), self.next_share, []
        for name, highest, bins in (("share", 1, 40), ("tau", 3 * self.scale("spread"), 30)):
            edges = np.linspace(0, highest, bins + 1)
            parts = {"quantity": name, "low": edges[:-1], "high": edges[1:]}
            for when, draws in (("prior", before), ("posterior", after)):
                parts[when] = np.histogram(draws[name], edges)[0] / len(draws)
            rows.append(pd.DataFrame(parts))
        return pd.concat(rows, ignore_index=True)

    def part(self, place: int) -> "Pattern":
        """Return the same by one part of the regressions' resamples, on its first draws."""
        known = self.known.part(place)
        few = {case: values[: len(known.draws)] for case, values in self.measured.items()}
        return Pattern(known, few, self.tables, self.seed)


def pattern(known: Names = None, **settings: Any) -> Pattern:
    """Return modelled companies (by default all with spending in money) beside the measured cases.

    `settings` go to `compare`; those named next_case_mean_scale and next_case_spread_scale set the
    priors. Raises InputError as `compare` does, and for a company without a share.

    >>> sorted(pattern("minimax", n_draws=100).shares)[:3]
    ['bloom', 'llama-1', 'minimax']
    """
    found = compare(known, **settings)
    for row in found.first.observed:
        if any(term.kind == "share" for term in row.quantity.terms) and row.value.side != "at most":
            raise InputError(
                f"evidence {row.evidence}: a belief about a share, and the pattern of shares is one"
                " itself; leave it out, as two would be stacked"
            )
    for name, est in found.estimates.items():
        if not est.has_spending:
            raise InputError(
                f"known: {name} has no spending, so no share; name only companies that have one"
            )
    cases = est.tables.measured_cases.values()
    cases = [row for row in cases if row.company not in found.estimates]  # else it counts twice
    return Pattern(found, {row.case: _measured(row, est) for row in cases}, est.tables, est.seed)


def _measured(row: Any, est: Estimate) -> np.ndarray:
    """Return draws of the share of a measured case, as many as of an estimate, with its seed."""
    if row.company is not None:
        draws = {"n_draws": est.n_draws, "seed": est.seed}
        return estimate(row.company, base=est.base, **draws).share

    def value(what: str, amount: Any) -> Any:
        return drawn(est.seed, one(f"measured/{row.case}/{what}"), est.n_draws, amount)

    if row.final_share is not None:
        return np.broadcast_to(value("share", row.final_share), est.n_draws)
    share = value("final", row.final_amount) / value("total", row.total_amount)
    return np.broadcast_to(share, est.n_draws)


def over_time(company: str, months: int = 12, **settings: Any) -> pd.DataFrame:
    """Return a company's share over every window of so many months between days at which a
    disclosed period begins or ends, as far as the disclosures cover it: a rolling series, with the
    columns of `windows`, whose `variant` is "" here. InputError where there is none.

    >>> over_time("minimax", n_draws=1_000)["start"].astype(str).to_list()
    ['2024-01-01', '2024-10-01', '2025-01-01']
    """
    est, rows = estimate(company, **settings), []
    disclosed = itertools.chain(*est.tables.lines(company).values())
    for window in windows_between(disclosed, whole_number(months, "months")):
        with suppress(InputError):  # the periods do not add up to it, or no run was released in it
            rows.append(_window_row(est.again(**window)))
    if not rows:
        raise InputError(f"{company}: its disclosures cover no window of {months} months")
    return pd.DataFrame(rows)


def windows(
    variant: str = "calendar-2025", companies: Names = None, **settings: Any
) -> pd.DataFrame:
    """Return each company's share over its published window and, where a correction gives another,
    over that.

    Columns company, label, start, end, p5, p50 and p95 with their standard errors,
    rd_compute in USD million, `variant` for the correction's window, `inferred` where a spending
    row is our own judgement, `caveat` where the runs do not fit the window. A window that a
    scenario's lines of R&D compute, or its evidence, do not cover is left out.
    """
    rows, further = [], [*listed(settings.get("corrections")), variant]
    for est in compare(companies, **settings).estimates.values():
        require_known(variant, est.base.cells_of, "correction")
        rows.append(_window_row(est))
        with suppress(InputError):
            other = est.again(corrections=further)
            if other.denominator_window != est.denominator_window:
                rows.append(_window_row(other) | {"variant": True})
    return pd.DataFrame(rows)


def _window_row(est: Estimate) -> dict[str, object]:
    window, lines = est.denominator_window, est.denominator_lines
    periods = (signed_periods(est.tables, est.company, line, *window) for line in lines)
    return {
        "company": est.company,
        "label": est.company_row.display_name,
        "start": window[0],
        "end": window[1],
        **est.spread(),
        "rd_compute": est.median(est.rd_compute) / 1e6,
        "variant": False,
        "inferred": any(row.inferred for line in periods for _, row in line),
        "caveat": est.caveat,
    }


# --- what would have been spent, if the share were the next one -----------------------------------
@dataclass(frozen=True, eq=False)
class ImpliedCompute:
    """R&D compute implied by a training cost and the next company's share. An illustration.

    Cost and shares come from the same market draws, so a dear hour raises both and much of it
    cancels.
    """

    estimate: Estimate
    pattern: Pattern

    def draws(self) -> pd.DataFrame:
        """Return the next company's share as a fraction and rd_compute in USD million, one row a
        posterior draw."""
        cost = self.pattern.at_next(self.estimate.total_cost) / 1e6
        share = self.pattern.next_share["share"].to_numpy()
        return pd.DataFrame({"share": share, "rd_compute": cost / share})

    @cached_property
    def table(self) -> pd.DataFrame:
        """p5, p50 and p95 of `draws` with their unit and Monte Carlo standard errors."""
        rests = self.estimate.rests_on_regressions or self.pattern.known.parts
        parts = [
            ImpliedCompute(self.estimate.part(place), self.pattern.part(place)).draws()
            for place in range(PARTS if rests else 0)
        ]  # evidence weights the draws that the posterior takes, so each counts alike here
        rows = {
            name: spread(values.to_numpy(), ((part[name].to_numpy(), None) for part in parts))
            for name, values in self.draws().items()
        }
        table = pd.DataFrame(rows).T.rename_axis("quantity")
        table.insert(0, "unit", ["fraction", "USD million"])
        return table


def implied_rd_compute(company: str, known: Names = None, **settings: Any) -> ImpliedCompute:
    """Return the R&D compute that a company's training cost implies, with the share of the next
    company after those known (by default all with spending in money) and the measured cases.

    `settings` go to `estimate` of every company, except exclude_groups, release_lag_months, runs
    and the spending window, which are the company's own. Raises InputError as `estimate` does, and
    where `known` is empty, repeats a name, or contains the company itself or one without spending.

    >>> implied = implied_rd_compute("deepseek", n_draws=1_000)
    >>> list(implied.pattern.known.estimates)[:3]
    ['openai', 'minimax', 'zai']
    """
    common = {name: value for name, value in settings.items() if name not in OF_THE_COMPANY}
    est = estimate(company, **settings)
    names = est.base.with_spending if known is None else listed(known)
    if company in names:
        raise InputError(f"known: contains {company} itself; its share cannot tell its spending")
    return ImpliedCompute(est, pattern(names, **common))


def implied_training_costs(year: int, **settings: Any) -> pd.DataFrame:
    """Return what final training runs would have cost at the next company's share, for every
    company and line of R&D compute disclosed in money for a calendar year, one row each: company,
    line's source, R&D compute and p5, p50 and p95 of the implied cost, in USD billion, and the same
    (own_p5 and so on) where the company's own share is known, if that stayed as it was. `settings`
    go to `pattern`.

    >>> implied_training_costs(2025, n_draws=500)["R&D compute"].to_list()[:3]
    [8.3, 10.59, 4.1]
    """
    year = whole_number(year, "year")
    found, window, rows = pattern(**settings), (date(year, 1, 1), date(year, 12, 31)), {}
    any_known = found.known.first
    for key, row in any_known.base.spending.items():
        in_money = row.line.startswith("rd_compute") and not chip_of(row.currency)
        if in_money and (row.period_start, row.period_end) == window:
            spent = any_known.beside(row.company).spent([row.line], *window) / 1e9
            spent = np.broadcast_to(spent, any_known.n_draws)
            cost = quantiles(found.at_next(spent) * found.next_share["share"].to_numpy())
            own = found.known.estimates.get(row.company)
            same = [np.nan] * 3 if own is None else quantiles(spent * own.share, own.weights)
            source = found.tables.sources[row.source_id]
            rows[key] = {
                "company": found.tables.companies[row.company].display_name,
                "R&D compute": any_known.median(spent),
                **dict(zip(QUANTILES, cost, strict=True)),
                **dict(zip((f"own_{name}" for name in QUANTILES), same, strict=True)),
                "source": f"{source.publisher}, {source.date}",
            }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("spending")
