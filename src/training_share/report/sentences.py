"""Sentences made from numbers, so that no number is ever typed into prose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from training_share.analysis.shares import window_text
from training_share.model.estimates import Estimate
from training_share.model.precision import QUANTILES
from training_share.report.text import interval, money, number, percent, points

NOISE = 0.02  # of a probability: two markets drawn anew differ by as much
RARE = 0.001  # chance below which none is told


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
        f"{interval(s, money, 'training_cost_')}; R&D compute from "
        f"{window_text(*est.denominator_window)} was {money(s['rd_compute'])}. {_how(est)}; "
        f"{_errors(*errors)}.{_bound(est)}{_left_out(est)}{_dropped(est)}"
    )


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
    minority: pd.DataFrame,
    ranking: pd.DataFrame,
    steps: dict[str, pd.DataFrame],
    effects: dict[str, pd.DataFrame],
    names: Mapping[str, str],
) -> str:
    """Return the closing paragraphs of the audit, made from its tables; `steps` and `effects` are
    by companies' names as shown, which `names` has by their keys."""
    worst = minority.max(axis=1).sort_values(ascending=False, kind="stable")
    first, others = worst.index[0], worst.iloc[1:]
    by_scenario = (f"{percent(value)} ({name})" for name, value in minority.loc[first].items())
    lines = [
        f"**{'A minority' if worst.iloc[0] < 0.5 else 'Not everywhere a minority'}.** More than "
        f"half of R&D compute is most probable at {names[first]}: {', '.join(by_scenario)}"
        + (f"; at the others {percent(others.max())} or less." if len(others) else ".")
    ]
    above = [
        f"`{correction}` takes the median of {name} to {percent(row.p50)}"
        + (f", with {percent(row.kept)} of draws kept" if row.kept < 1 else "")
        for name, table in effects.items()
        for correction, row in table[table["p50"] > 0.5].iterrows()
    ]
    lines.append(
        f"Applied alone, {'; '.join(above)}."
        if above
        else "No correction alone takes a median above one half."
    )
    for (higher, lower), rows in ranking.groupby(["higher", "lower"], sort=False):
        line = f"**{names[higher]} above {names[lower]}** in {_range(rows['shared'])} of draws"
        if (rows["shared"] - rows["independent"]).abs().max() > NOISE:
            line += f"; in {_range(rows['independent'])}, if each had a market of its own"
        lines.append(line + ".")
    for name, table in steps.items():
        step = table["in_sequence"].abs().idxmax()
        before, after = table["p50"].iloc[[0, -1]]
        lines.append(
            f"**{name}** goes from a median of {percent(before)} to {percent(after)}; the step "
            f"that moves it most is `{step}` ({points(table.loc[step, 'in_sequence'])} points)."
        )
    return "\n\n".join(lines)


def _range(probabilities: pd.Series) -> str:
    """Return the range of probabilities over scenarios in words."""
    low, high = percent(probabilities.min()), percent(probabilities.max())
    return low if low == high else f"{low} to {high}"


def surface_conclusion(tables: dict[str, pd.DataFrame], labels: Mapping[str, str]) -> str:
    """Return how far each of two assumptions moves the median alone, from its first value to its
    last, the other at the middle of its own, and both together, from `sensitivity.surface`."""
    lines = []
    for name, table in tables.items():
        row, column = (labels[axis] for axis in (table.index.name, table.columns.name))
        across = table.iloc[len(table) // 2]
        down = table.iloc[:, table.shape[1] // 2]
        lowest, highest = np.sort(table.to_numpy(), axis=None)[[0, -1]]
        lines.append(
            f"**{name}**: {row} alone moves the median from {percent(down.min())} to "
            f"{percent(down.max())} (at {column} {across.index[table.shape[1] // 2]:g}), {column} "
            f"alone from {percent(across.min())} to {percent(across.max())} (at {row} "
            f"{across.name:g}), both together from {percent(lowest)} to {percent(highest)}."
        )
    return bullets(lines)


def breaking_conclusion(tables: dict[str, pd.DataFrame]) -> str:
    """Return which input would have to be wrong for the claim to fail: the one that would have to
    be least wrong, and the one that is most probably so wrong."""
    lines = []
    for name, table in tables.items():
        found = table.dropna(subset=["factor"])
        if found.empty:
            lines.append(f"**{name}**: no input alone brings the median to 50%.")
            continue
        nearest = found.loc[np.log(found["factor"]).abs().sort_values(kind="stable").index[0]]
        line = f"**{name}**: the nearest single failure is {_failure(nearest)}."
        chances = found[["chance", "chance_predictive"]].max(axis=1).fillna(0.0)
        if chances.max() < RARE:
            line += " No uncertain input is as far off as it would have to be in one draw of 1,000."
        elif chances.idxmax() != nearest.name:
            line += f" The likeliest is {_failure(found.loc[chances.idxmax()])}."
        lines.append(line)
    return "\n\n".join(lines)


def _failure(row: pd.Series) -> str:
    told = (
        f"{row.label} at {number(row['value'])} instead of {number(row['median'])} (a factor of "
        f"{row.factor:.2g})"
    )
    if np.isnan(row.chance):
        return f"{told}, which is taken as exact"
    told += f", which has a chance of {_chance(row.chance)}"
    if np.isnan(row.chance_predictive):
        return told
    return f"{told} in its range here, and of {_chance(row.chance_predictive)} for a single model"


def _chance(probability: float) -> str:
    return "less than 0.1%" if probability < RARE else percent(probability)
