"""What it would take to know more: how narrow a share becomes once one quantity is known, and what
it is in FLOP instead of dollars."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from training_share.model.estimate import Estimate
from training_share.model.evidence import effective_draws
from training_share.model.precision import QUANTILES, Weights, quantile, quantiles

MARKET = ("mfu", "price_usd_per_gpu_hour")  # what all runs share
BLOCKS, IN_BLOCK = 60, 150  # most blocks, and the fewest effective draws in one
LARGEST = 3  # runs whose FLOP and cost are asked about


def blocks_of(known: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the block of each draw, from 0: draws sorted by `known` and cut into blocks of equal
    weight, in each of which it is nearly known (Strong and Oakley 2013, "An efficient method for
    computing single-parameter partial expected value of perfect information",
    doi:10.1177/0272989X12465123)."""
    count = int(np.clip(effective_draws(weights) // IN_BLOCK, 1, BLOCKS))
    order = np.argsort(known, kind="stable")
    middle = np.cumsum(weights[order]) - weights[order] / 2
    blocks = np.empty(known.size, dtype=int)
    blocks[order] = np.minimum((middle * count).astype(int), count - 1)
    return blocks


def expected_width(values: np.ndarray, known: np.ndarray, weights: Weights = None) -> float:
    """Return the expected width of the 90% interval of `values` once `known` is known, in their
    unit; both have one value a draw."""
    weights = np.full(values.size, 1 / values.size) if weights is None else weights
    blocks, widths, masses = blocks_of(known, weights), [], []
    for inside in (blocks == place for place in np.unique(blocks[weights > 0])):
        masses.append(weights[inside].sum())
        ends = quantile(values[inside], [0.05, 0.95], weights[inside] / masses[-1])
        widths.append(np.ptp(ends))
    return float(np.average(widths, weights=masses))


def variance_removed(values: np.ndarray, known: np.ndarray, weights: Weights = None) -> float:
    """Return which part of the variance of `values` goes, on average, once `known` is known: the
    first-order index (Saltelli et al. 2008, "Global Sensitivity Analysis", section 1.2.9), which
    means the same where evidence makes inputs depend on each other. One value a draw."""
    weights = np.full(values.size, 1 / values.size) if weights is None else weights
    centred = values - weights @ values
    blocks = blocks_of(known, weights)
    masses, sums = np.bincount(blocks, weights), np.bincount(blocks, weights * centred)
    explained = np.divide(sums**2, masses, out=np.zeros(masses.size), where=masses > 0).sum()
    return float(explained / (weights @ centred**2))


def what_would_settle(est: Estimate) -> pd.DataFrame:
    """Return for each quantity the expected width of the share's 90% interval once it is known, the
    most telling first.

    Quantities are utilization, price and their ratio, R&D compute where it is uncertain, and FLOP
    and cost of the costliest runs that are counted. Columns, fractions: width (once known), now,
    and removed, the part of the variance of the share's logarithm that goes. Evidence weighs all.
    """
    costs = est.cost_table()["p50"].drop(index="total").sort_values(kind="stable")
    runs, known = costs.index[::-1][:LARGEST], {}
    if any(run.cost_usd is None for run in est.runs.values()):  # else the market plays no part
        mfu, price = (est.tables.assumptions[name].label for name in MARKET)
        known[mfu], known[price] = (est.assumption(name, runs[0]) for name in MARKET)
        known[f"{price} over {mfu}"] = known[price] / known[mfu]
    known["R&D compute"] = est.rd_compute
    for run_id in runs:
        chain, run = est.chain(run_id), est.runs[run_id]
        for step, word in (("flop", "FLOP"), ("cost_usd", "cost")):
            known[f"{word} of {run.model}, {run.stage}"] = chain.get(step)
    (low, _, high), logs = quantiles(est.share, est.weights), np.log(est.share)
    known = {label: draws for label, draws in known.items() if np.ndim(draws) and np.ptp(draws) > 0}
    rows = {
        label: {
            "width": expected_width(est.share, np.asarray(draws), est.weights),
            "now": float(high - low),
            "removed": variance_removed(logs, np.asarray(draws), est.weights),
        }
        for label, draws in known.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("known")
    return table.sort_values("width", kind="stable")


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
    table = pd.DataFrame(rows, index=list(QUANTILES)).T
    return table.rename_axis("utilization of other R&D over that of final runs")


def by_workload(est: Estimate) -> pd.DataFrame:
    """Return which part of the final runs each workload is, in FLOP, in GPU-hours and in USD:
    medians of the parts, as fractions, indexed by workload (pretraining, rl).

    They differ because workloads use chips differently well: reinforcement learning at a low
    utilization takes a larger part of the hours than of the FLOP. Runs of which only GPU-hours or
    USD are known are left out of the units they lack.
    """
    columns, kinds = {}, sorted({run.workload for run in est.runs.values()})
    chains = [(run.workload, est.chain(run_id)) for run_id, run in est.runs.items()]
    for unit, step in {"FLOP": "flop", "GPU-hours": "gpu_hours", "USD": "cost_usd"}.items():
        parts = {kind: np.zeros(est.n_draws) for kind in kinds}
        for kind, chain in chains:
            parts[kind] += chain.get(step, 0.0)
        whole = np.sum(list(parts.values()), axis=0)
        if whole.min() > 0:
            columns[unit] = {kind: est.median(part / whole) for kind, part in parts.items()}
    return pd.DataFrame(columns).rename_axis("workload")
