"""What it would take to know more: how narrow a share becomes once one quantity is known, and what
it is in FLOP instead of dollars.

The width of an interval given a quantity is estimated from the draws at hand: they are sorted by it
and cut into blocks of equal weight, in each of which it is nearly known (Strong and Oakley 2013,
"An efficient method for computing single-parameter partial expected value of perfect information",
doi:10.1177/0272989X12465123).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from training_share.analysis.shares import MARKET
from training_share.model.estimates import Estimate
from training_share.model.precision import Weights, quantile, quantiles
from training_share.model.simulation import blocks

BLOCKS, IN_BLOCK = 60, 150  # most blocks, and the fewest effective draws in one
LARGEST = 3  # runs whose FLOP and cost are asked about


def expected_width(values: np.ndarray, known: np.ndarray, weights: Weights = None) -> float:
    """Return the expected width of the 90% interval of `values` once `known` is known, in their
    unit; both have one value a draw."""
    weights = np.full(values.size, 1 / values.size) if weights is None else weights
    effective = 1 / (weights**2).sum()
    count = int(np.clip(effective // IN_BLOCK, 1, BLOCKS))
    order = np.argsort(known, kind="stable")
    values, weights = values[order], weights[order]
    middle = np.cumsum(weights) - weights / 2
    block = np.minimum((middle * count).astype(int), count - 1)
    widths, masses = [], []
    for place in range(count):
        inside = block == place
        mass = weights[inside].sum()
        if mass > 0:
            low, high = quantile(values[inside], [0.05, 0.95], weights[inside] / mass)
            widths.append(high - low)
            masses.append(mass)
    return float(np.average(widths, weights=masses))


def what_would_settle(est: Estimate) -> pd.DataFrame:
    """Return for each quantity the expected width of the share's 90% interval once it is known, the
    most telling first.

    Quantities are utilization, price and their ratio, R&D compute where it is uncertain, and FLOP
    and cost of the costliest runs. Columns, fractions: width (once known) and now (the width as it
    is).
    """
    low, _, high = quantiles(est.share, est.weights)
    widths = {
        name: expected_width(est.share, known, est.weights) for name, known in _quantities(est)
    }
    table = pd.DataFrame({"width": widths, "now": float(high - low)}).rename_axis("known")
    return table.sort_values("width", kind="stable")


def _quantities(est: Estimate) -> Iterable[tuple[str, np.ndarray]]:
    """Yield label and draws of what could become known, where it varies."""
    costs = est.cost_table()["p50"].drop(index="total").sort_values(kind="stable")
    runs = list(costs.index[::-1][:LARGEST])
    market = {name: np.ones(est.n_draws) for name in MARKET}
    for block, model in blocks(est.case):
        for name in MARKET:
            market[name][block] = model.assumption(name, runs[0])
    found: dict[str, np.ndarray] = {}
    if any(run.cost_usd is None for run in est.runs.values()):  # else the market plays no part
        labels = [est.tables.assumptions[name].label for name in MARKET]
        found |= dict(zip(labels, market.values(), strict=True))
        found[f"{labels[1]} over {labels[0]}"] = market[MARKET[1]] / market[MARKET[0]]
    if np.ndim(est.rd_compute_usd):
        found["R&D compute"] = np.asarray(est.rd_compute_usd)
    for run_id in runs:
        chain, run = est.chain(run_id), est.runs[run_id]
        for step, word in (("flop", "FLOP"), ("cost_usd", "cost")):
            if step in chain:
                found[f"{word} of {run.model}, {run.stage}"] = chain[step].to_numpy()
    for label, draws in found.items():
        if np.ptp(draws) > 0:
            yield label, draws


def in_flop(
    est: Estimate, ratios: Iterable[float] = (1.0, 0.8, 0.6, 0.5, 0.4, 0.2)
) -> pd.DataFrame:
    """Return the share in FLOP instead of dollars, by the ratio of the utilization of other R&D to
    that of final runs: p5, p50 and p95 as fractions, one row a ratio.

    A dollar of experiments buys as many GPU-hours as one of final runs, but fewer FLOP where they
    use chips less well: with m that ratio, the share is s / (s + (1 - s) m). Shares above one count
    as one.
    """
    share = np.minimum(est.share, 1.0)
    rows = {m: quantiles(share / (share + (1 - share) * m), est.weights) for m in ratios}
    table = pd.DataFrame(rows, index=["p5", "p50", "p95"]).T
    return table.rename_axis("utilization of other R&D over that of final runs")


def by_workload(est: Estimate) -> pd.DataFrame:
    """Return which part of the final runs each workload is, in FLOP, in GPU-hours and in USD:
    medians of the parts, as fractions, indexed by workload (pretraining, rl).

    They differ because workloads use chips differently well: reinforcement learning at a low
    utilization takes a larger part of the hours than of the FLOP. Runs of which only GPU-hours or
    USD are known are left out of the units they lack.
    """
    units = {"FLOP": "flop", "GPU-hours": "gpu_hours", "USD": "cost_usd"}
    kinds = sorted({run.workload for run in est.runs.values()})
    sums = {unit: {kind: np.zeros(est.n_draws) for kind in kinds} for unit in units}
    for block, model in blocks(est.case):
        for unit, step in units.items():
            for run_id, run in est.runs.items():
                value = getattr(model, step)(run_id)
                if value is not None:
                    sums[unit][run.workload][block] += value
    columns = {}
    for unit, parts in sums.items():
        whole = np.sum(list(parts.values()), axis=0)
        if whole.min() > 0:
            columns[unit] = {kind: est.median(part / whole) for kind, part in parts.items()}
    return pd.DataFrame(columns).rename_axis("workload")
