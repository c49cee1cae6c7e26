"""Sentences made from numbers, so that no number is ever typed into prose."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np
import pandas as pd

from training_share.analysis.measured import Pattern
from training_share.analysis.shares import window_text
from training_share.model.estimates import Estimate
from training_share.model.precision import QUANTILES, quantiles
from training_share.model.spending import spending_usd
from training_share.report.text import amount, interval, money, percent, points


def answer(est: Estimate) -> str:
    """Return the answer of a company notebook in three sentences."""
    s, name = est.summary(), est.company_row.display_name
    first, last = est.release_window
    share = est.spread()
    errors = [100 * share[f"{column}_error"] for column in QUANTILES]
    return (
        f"**{name}: final training runs took {percent(s['share_p50'])} of R&D compute spending** "
        f"(90% interval {percent(s['share_p5'])} to {percent(s['share_p95'])}). The "
        f"{len(est.runs)} counted runs, released {first:%b %Y} to {last:%b %Y}, cost "
        f"{interval(s, partial(amount, unit=est.unit), 'training_cost_')}; R&D compute from "
        f"{window_text(*est.denominator_window)} was {amount(s['rd_compute'], est.unit)}. "
        f"{_how(est)}; "
        f"{_errors(*errors)}.{_bound(est)}{_left_out(est)}{_dropped(est)}"
    )


def measured_answer(est: Estimate) -> str:
    """Return the answer of a company whose hours were counted: a share without any model."""
    s = est.summary()
    return (
        f"**{est.company_row.display_name}: final training runs took {percent(s['share_p50'])} of "
        f"the compute of the whole development**, {amount(s['training_cost_p50'], est.unit)} of "
        f"{amount(s['rd_compute'], est.unit)}. Both are counted, so neither a price nor a "
        f"utilization enters; the rounding of the figures leaves {100 * s['share_p5']:.2f}% to "
        f"{100 * s['share_p95']:.2f}%."
    )


def pattern_answer(found: Pattern) -> str:
    """Return how many cases are measured, their range by what is counted, and what the next
    company's share would be."""
    rows = found.table()
    rows = rows[rows["used"]]
    ranges = [f"{name} {_range(part['p50'])}" for name, part in rows.groupby("scope", sort=False)]
    grades = rows["grade"].value_counts()
    after = dict(zip(QUANTILES, quantiles(found.next_share["share"]), strict=True))
    return (
        f"**{grades['modelled']} company-years are modelled; {grades['measured']} projects were "
        f"measured and {grades['disclosed estimate']} estimated by those who ran them. The shares "
        f"run from {percent(rows['p50'].min())} to {percent(rows['p50'].max())}, and what is "
        f"counted decides where a case lies**: {'; '.join(ranges)}. For the next company-year they "
        f"leave {percent(after['p50'])} ({percent(after['p5'])} to {percent(after['p95'])})."
    )


def ceiling(est: Estimate) -> str:
    """Return what total R&D expenses, a ceiling for R&D compute, say of a company's share."""
    window = est.denominator_window
    total = spending_usd(est.tables, est.company, ["rd_total"], *window) / 1e6
    cost = est.summary()["training_cost_p50"]
    return (
        f"{est.company_row.display_name}'s total R&D expenses from {window_text(*window)} were "
        f"{money(total)}, staff included: a ceiling for its R&D compute of "
        f"{money(est.summary()['rd_compute'])}, and {percent(cost / total)} a floor "
        "for the share at the median cost of its final runs."
    )


def _range(shares: pd.Series) -> str:
    low, high = (f"{value:.0%}" for value in (shares.min(), shares.max()))
    return low if low == high else f"{low} to {high}"


def cost_answer(est: Estimate) -> str:
    """Return the answer of a company whose spending is unknown: the cost of its final runs."""
    first, last = est.release_window
    cost = est.spread("training_cost")
    low, middle, high = (cost[name] for name in QUANTILES)
    errors = _errors(*(cost[f"{name}_error"] for name in QUANTILES), unit="USD million")
    return (
        f"**{est.company_row.display_name}: the {len(est.runs)} counted training runs, released "
        f"{first:%b %Y} to {last:%b %Y}, cost {money(middle)}** (90% interval {money(low)} to "
        f"{money(high)}) at rental prices. {_how(est)}; {errors}."
    )


def _how(est: Estimate) -> str:
    return f"Scenario `{est.scenario}`, {est.n_draws:,} draws, seed {est.seed}"


def _errors(low: float, middle: float, high: float, unit: str = "points") -> str:
    """Return the Monte Carlo standard errors of p5, p50 and p95 in words."""
    if np.isnan([low, middle, high]).any():
        return "too few draws for a Monte Carlo standard error"
    return (
        f"Monte Carlo standard error {middle:.1g} {unit} for the median, {low:.1g} and {high:.1g} "
        "for the ends of the interval"
    )


def _bound(est: Estimate) -> str:
    months = est.months_not_collected
    if not months:
        return ""
    return (
        f" **A lower bound**: no runs were collected for {months} of the release window's months."
    )


def _left_out(est: Estimate) -> str:
    return f" Left out: {', '.join(est.excluded)}." if est.excluded else ""


def _dropped(est: Estimate) -> str:
    if est.kept.all():
        return ""
    return (
        " Draws in which training would cost more than all R&D compute are left out; "
        f"{percent(est.kept.mean())} of the draws are kept."
    )


def bullets(sentences: Iterable[str]) -> str:
    """Return sentences as a Markdown list."""
    return "\n".join(f"- {sentence}" for sentence in sentences)


def audit_conclusion(
    minority: pd.DataFrame, ranking: pd.DataFrame, steps: dict[str, pd.DataFrame]
) -> str:
    """Return the closing paragraph of the audit, made from its tables."""
    worst = minority.max(axis=1).sort_values(ascending=False, kind="stable")
    scenario = minority.loc[worst.index[0]].idxmax()
    lines = [
        "**A minority.** In no scenario does the probability that final training runs took more "
        f"than half of R&D compute exceed {percent(worst.iloc[0])} ({worst.index[0]}, scenario "
        f"{scenario}); for the other companies it stays at or below {percent(worst.iloc[1])}."
    ]
    for (higher, lower), rows in ranking.groupby(["higher", "lower"], sort=False):
        shared = ", ".join(f"{percent(row.shared)} ({row.scenario})" for row in rows.itertuples())
        loose = ", ".join(percent(value) for value in rows["independent"])
        lines.append(
            f"**{higher} above {lower}** with probability {shared}; were utilization and price "
            f"independent across companies, {loose}."
        )
    for name, table in steps.items():
        step = table["in_sequence"].abs().idxmax()
        first, last = table["p50"].iloc[[0, -1]]
        lines.append(
            f"For {name} the median goes from {percent(first)} to {percent(last)}; the step that "
            f"moves it most is `{step}` ({points(table.loc[step, 'in_sequence'])} points)."
        )
    return "\n\n".join(lines)


def breaking_conclusion(tables: dict[str, pd.DataFrame]) -> str:
    """Return which assumption would have to be wrong, and by how much, for the claim to fail."""
    lines = []
    for name, table in tables.items():
        distance = np.log(table["factor"]).abs().sort_values(kind="stable")
        first, beyond = table.loc[distance.index[0]], distance.index[distance.isna()]
        line = (
            f"**{name}**: the nearest single failure is `{first.name}` at {first.value:.3g} "
            f"instead of {first['median']:.3g} (a factor of {first.factor:.2g})."
        )
        never = ", ".join(f"`{row}`" for row in beyond)
        lines.append(
            line + (f" No value of {never} alone brings the median to 50%." if never else "")
        )
    return "\n\n".join(lines)
