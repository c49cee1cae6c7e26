"""Sentences and alternative texts made from numbers, so that no number is ever typed into prose."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from training_share.analysis.shares import window_text
from training_share.model.estimates import Estimate
from training_share.model.precision import QUANTILES


def money(usd_million: float) -> str:
    """Return an amount of USD million in words, as in 'USD 41 million' or 'USD 5.0 billion'."""
    if usd_million >= 1000:
        return f"USD {usd_million / 1000:.1f} billion"
    return (
        f"USD {usd_million:.0f} million" if usd_million >= 10 else f"USD {usd_million:.1f} million"
    )


def percent(fraction: float) -> str:
    """Return a fraction as a percentage with one decimal."""
    return f"{100 * fraction:.1f}%"


def answer(est: Estimate) -> str:
    """Return the answer of a company notebook in three sentences."""
    s, name = est.summary(), est.company_row.display_name
    first, last = est.release_window
    share = est.spread()
    errors = [100 * share[f"{name}_error"] for name in QUANTILES]
    kept = (
        ""
        if est.kept.all()
        else (
            " Draws in which training would cost more than all R&D compute are left out; "
            f"{percent(est.kept.mean())} of the draws are kept."
        )
    )
    without = f" Left out: {', '.join(est.excluded)}." if est.excluded else ""
    return (
        f"**{name}: final training runs took {percent(s['share_p50'])} of R&D compute spending**"
        f" (90% interval {percent(s['share_p5'])} to {percent(s['share_p95'])}). The"
        f" {len(est.runs)} counted runs, released {first:%b %Y} to {last:%b %Y}, cost"
        f" {money(s['training_cost_p50'])} ({money(s['training_cost_p5'])} to"
        f" {money(s['training_cost_p95'])}); R&D compute from"
        f" {window_text(*est.denominator_window)} was {money(s['rd_compute'])}. Scenario"
        f" `{est.scenario}`, {est.n_draws:,} draws, seed {est.seed};"
        f" {_errors(*errors)}.{_bound(est)}{without}{kept}"
    )


def _bound(est: Estimate) -> str:
    """Return the sentence that a share is a lower bound, where it is."""
    months = est.months_not_collected
    return (
        f" **A lower bound**: no runs were collected for {months} of the release window's months."
        if months
        else ""
    )


def _errors(low: float, middle: float, high: float, unit: str = "points") -> str:
    """Return the Monte Carlo standard errors of p5, p50 and p95 in words."""
    if np.isnan([low, middle, high]).any():
        return "too few draws for a Monte Carlo standard error"
    return (
        f"Monte Carlo standard error {middle:.1g} {unit} for the median, {low:.1g} and {high:.1g}"
        " for the ends of the interval"
    )


def cost_answer(est: Estimate) -> str:
    """Return the answer of a company whose spending is unknown: what its final training runs
    cost."""
    first, last = est.release_window
    cost = est.spread("training_cost")
    low, middle, high = (cost[name] for name in QUANTILES)
    errors = _errors(*(cost[f"{name}_error"] for name in QUANTILES), unit="USD million")
    return (
        f"**{est.company_row.display_name}: the {len(est.runs)} counted training runs, released"
        f" {first:%b %Y} to {last:%b %Y}, cost {money(middle)}** (90% interval {money(low)} to"
        f" {money(high)}) at rental prices. Scenario `{est.scenario}`, {est.n_draws:,} draws, seed"
        f" {est.seed}; {errors}."
    )


def bullets(sentences: Iterable[str]) -> str:
    """Return sentences as a Markdown list."""
    return "\n".join(f"- {sentence}" for sentence in sentences)


def ratio_alt(table: pd.DataFrame) -> str:
    """Return the alternative text of the ratio chart."""
    parts = [
        f"{panel}: "
        + ", ".join(
            f"{row.label} {percent(row.share_p50)} ({percent(row.share_p5)} to "
            f"{percent(row.share_p95)})"
            for row in rows.itertuples()
        )
        for panel, rows in table.groupby("panel", sort=False)
    ]
    return (
        "Horizontal bars from 0 to 100% of R&D compute spending, final training runs against other"
        f" R&D, with the 90% interval at the boundary. {'. '.join(parts)}."
    )


def intervals_alt(table: pd.DataFrame, what: str, as_text=percent) -> str:
    """Return the alternative text of an interval chart with columns p5, p50 and p95."""
    parts = [
        f"{label} {as_text(row.p50)} ({as_text(row.p5)} to {as_text(row.p95)})"
        for label, row in table.dropna(subset=["p50"]).iterrows()
    ]
    return f"{what}, median with 90% interval: {'; '.join(parts)}."


def cost_alt(table: pd.DataFrame) -> str:
    """Return the alternative text of the cost chart: the total and the three costliest runs."""
    runs = table.drop(index="total").sort_values("p50", ascending=False).head(3)
    top = "; ".join(f"{run_id} {money(row.p50)}" for run_id, row in runs.iterrows())
    total = table.loc["total"]
    return (
        "Cost of each training run in USD million, median with 90% interval, on a logarithmic"
        f" axis. Total {money(total.p50)} ({money(total.p5)} to {money(total.p95)}); costliest"
        f" runs: {top}."
    )


def dollars_alt(table: pd.DataFrame) -> str:
    """Return the alternative text of the chart of compute in dollars."""
    parts = [
        f"{row.label} {money(row.final_training)} final training, {money(row.other_rd)} other R&D, "
        f"{money(row.inference)} inference"
        for row in table.itertuples()
    ]
    return f"Compute spending by use. {'; '.join(parts)}."


def scaling_alt(modality: str, line, predicted: pd.DataFrame) -> str:
    """Return the alternative text of a scaling chart."""
    parts = [
        f"{name} {row.p50:.2g} FLOP ({row.p5:.2g} to {row.p95:.2g})"
        for name, row in predicted.iterrows()
    ]
    return (
        f"Training FLOP against model size for {line.n} {modality} models with a fitted line, slope"
        f" {line.slope:.2f}, R-squared {line.r_squared:.3f}. Predictions: {'; '.join(parts)}."
    )


def drivers_alt(table: pd.DataFrame) -> str:
    """Return the alternative text of the drivers chart: the three largest total Sobol indices."""
    top = table.sort_values("total", ascending=False).head(3)
    parts = "; ".join(f"{row.driver} {percent(max(row.total, 0))}" for row in top.itertuples())
    return (
        "What drives the spread of the share: the swing when one input goes from its 10th to its"
        " 90th percentile, and the part of the variance it takes part in (total Sobol index)."
        f" Largest: {parts}."
    )


def audit_alt(steps: pd.DataFrame, name: str) -> str:
    """Return the alternative text of a waterfall: both ends and the three largest steps."""
    start, end = steps.iloc[0], steps.iloc[-1]
    largest = steps["in_sequence"].iloc[1:].sort_values(key=lambda moves: -moves.abs()).head(3)
    moves = "; ".join(f"{step} {100 * move:+.1f} points" for step, move in largest.items())
    return (
        f"{name}: from {percent(start.p50)} ({percent(start.p5)} to {percent(start.p95)}) in"
        f" {steps.index[0]} to {percent(end.p50)} ({percent(end.p5)} to {percent(end.p95)}) after"
        f" {steps.index[-1]}. Largest steps: {moves}."
    )


def effects_alt(effects: dict[str, pd.DataFrame]) -> str:
    """Return the alternative text of the chart of single corrections: the three largest of each
    company."""
    parts = [
        f"{name}: "
        + ", ".join(
            f"{correction} {100 * move:+.1f} points"
            for correction, move in table["alone"].head(3).items()
        )
        for name, table in effects.items()
    ]
    return (
        "Move of the median share by each correction applied alone. Largest for"
        f" {'. For '.join(parts)}."
    )


def denominators_alt(tables: dict[str, pd.DataFrame]) -> str:
    """Return the alternative text of the small multiples of lag and denominator."""
    parts = [
        f"{name}: "
        + ", ".join(
            f"{choice} {percent(row.p50)}" + (" (lower bound)" if row.incomplete else "")
            for (_, choice), row in table.dropna(subset=["p50"]).iterrows()
        )
        for name, table in tables.items()
    ]
    return f"Median share by release lag and by how R&D compute is counted. {'. '.join(parts)}."


def audit_conclusion(
    minority: pd.DataFrame, ranking: pd.DataFrame, steps: dict[str, pd.DataFrame]
) -> str:
    """Return the closing paragraph of the audit, made from its tables."""
    worst = minority.max(axis=1).sort_values(ascending=False)
    scenario = minority.loc[worst.index[0]].idxmax()
    lines = [
        "**A minority.** In no scenario does the probability that final training runs took more"
        f" than half of R&D compute exceed {percent(worst.iloc[0])} ({worst.index[0]}, scenario"
        f" {scenario}); for the other companies it stays at or below {percent(worst.iloc[1])}."
    ]
    for (higher, lower), rows in ranking.groupby(["higher", "lower"], sort=False):
        shared = ", ".join(f"{percent(row.shared)} ({row.scenario})" for row in rows.itertuples())
        loose = ", ".join(percent(value) for value in rows["independent"])
        lines.append(
            f"**{higher} above {lower}** with probability {shared}; were utilization and price"
            f" independent across companies, {loose}."
        )
    for name, table in steps.items():
        step = table["in_sequence"].abs().idxmax()
        lines.append(
            f"For {name} the median goes from {percent(table['p50'].iloc[0])} to "
            f"{percent(table['p50'].iloc[-1])}; the step that moves it most is `{step}` "
            f"({100 * table.loc[step, 'in_sequence']:+.1f} points)."
        )
    return "\n\n".join(lines)


def estimators_alt(table: pd.DataFrame) -> str:
    """Return the alternative text of the chart of estimators of one model's FLOP."""
    parts = [
        f"{name} {row.p50:.2g} ({row.p5:.2g} to {row.p95:.2g})" for name, row in table.iterrows()
    ]
    return f"Training FLOP by method, median with 90% interval: {'; '.join(parts)}."


def leave_one_out_alt(table: pd.DataFrame) -> str:
    """Return the alternative text of the leave-one-out chart: the models that move the prediction
    most."""
    ratios = table["ratio"].drop("none")
    return (
        "Prediction without each model relative to that with all, and each model's residual."
        f" Lowest without {ratios.idxmin()} (x {ratios.min():.2f}), highest without"
        f" {ratios.idxmax()} (x {ratios.max():.2f})."
    )


def surface_alt(tables: dict[str, pd.DataFrame], threshold: float = 0.5) -> str:
    """Return the alternative text of a surface: its corners and how many cells lie above the
    threshold."""
    parts = []
    for name, table in tables.items():
        above = int((table > threshold).to_numpy().sum())
        parts.append(
            f"{name}: {percent(table.to_numpy().min())} to {percent(table.to_numpy().max())}, above"
            f" {threshold:.0%} in {above} of {table.size} cells"
        )
    any_table = next(iter(tables.values()))
    return (
        f"Median share by {any_table.index.name} and {any_table.columns.name}. {'. '.join(parts)}."
    )


def breaking_alt(tables: dict[str, pd.DataFrame]) -> str:
    """Return the alternative text of the chart of breaking points."""
    parts = [
        f"{name}: "
        + ", ".join(
            f"{assumption} x {row.factor:.2g}"
            for assumption, row in table.dropna(subset=["factor"]).iterrows()
        )
        for name, table in tables.items()
    ]
    return (
        "Factor by which one assumption alone would have to be off for a median share of 50%."
        f" {'. '.join(parts)}."
    )


def breaking_conclusion(tables: dict[str, pd.DataFrame]) -> str:
    """Return which assumption would have to be wrong, and by how much, for the claim to fail."""
    lines = []
    for name, table in tables.items():
        ranked = table.assign(distance=np.abs(np.log(table["factor"]))).sort_values("distance")
        first = ranked.iloc[0]
        beyond = ", ".join(f"`{row}`" for row in ranked.index[ranked["factor"].isna()])
        line = (
            f"**{name}**: the nearest single failure is `{ranked.index[0]}` at {first.value:.3g}"
            f" instead of {first['median']:.3g} (a factor of {first.factor:.2g})."
        )
        lines.append(
            line + (f" No value of {beyond} alone brings the median to 50%." if beyond else "")
        )
    return "\n\n".join(lines)


def lag_alt(tables: dict[str, pd.DataFrame]) -> str:
    """Return the alternative text of the chart of lags and windows."""
    parts = [
        f"{name}: "
        + ", ".join(
            f"{window} lag {lag} {percent(row.p50)}" for (window, lag), row in table.iterrows()
        )
        for name, table in tables.items()
    ]
    return f"Median share by spending window and release lag. {'. '.join(parts)}."
