"""How long the model takes and how much memory it needs.

    pytest -n 0 benchmarks/bench_estimate.py --benchmark-only

The normal test run does not collect this file. `python benchmarks/report.py` runs it and writes the
table.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest

import training_share as ts
from training_share.model import draws

COMPANIES = ("openai", "minimax", "zai")
MANY = 1_000_000
CORES = sorted({1, 2, os.cpu_count() or 1})

PEAK = """
import pathlib, resource, sys
import training_share as ts

def peak_mb():
    status = pathlib.Path("/proc/self/status")
    # Linux: ru_maxrss would start from the peak of the process that started this one
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS: bytes

for company in ("openai", "minimax", "zai"):
    ts.estimate(company, n_draws=1).summary()
before = peak_mb()
for company in ("openai", "minimax", "zai"):
    ts.estimate(company, n_draws=int(sys.argv[1])).summary()
print(before, peak_mb())
"""


def forget() -> None:
    """Empty the cache of draws, regressions and weights, so that everything is drawn anew."""
    draws._kept.clear()


def forget_draws() -> None:
    """Empty the cache of draws and keep the regressions."""
    for key in [key for key in draws._kept if key[0] in ("normals", "drawn", "weights")]:
        del draws._kept[key]


def streams() -> int:
    """Return how many names' normals the cache holds."""
    return sum(key[0] == "normals" for key in draws._kept)


def summaries(n_draws: int, companies: tuple[str, ...] = COMPANIES) -> None:
    for company in companies:
        ts.estimate(company, n_draws=n_draws).summary()


def share(company: str, n_draws: int) -> None:
    forget_draws()
    _ = ts.estimate(company, n_draws=n_draws).share


def floor(n_streams: int, n_draws: int) -> None:
    """Draw as many normals as the model does, and take one exponential of each."""
    generator = np.random.default_rng(1)
    for _ in range(n_streams):
        np.exp(generator.standard_normal(n_draws))


def test_three_companies_with_regressions(benchmark):
    """The three regressions of 20,000 resamples each, and 50,000 draws of all three companies."""
    summaries(1)  # read the tables
    benchmark.pedantic(summaries, args=(50_000,), setup=forget, rounds=7)


def test_three_companies(benchmark):
    """The same once the regressions are known."""
    summaries(1)
    benchmark.pedantic(summaries, args=(50_000,), setup=forget_draws, rounds=7)


def test_changed_assumption(benchmark):
    """An estimate under an assumption that has not been set before: tables corrected and checked,
    50,000 draws."""
    values = iter(range(10_000))

    def run() -> None:
        ts.estimate(
            "minimax", mfu=f"0.15 to {0.35 + next(values) / 1e5:.5f} (p10-p90 lognormal)"
        ).summary()

    summaries(1)
    benchmark.pedantic(run, rounds=15)


@pytest.mark.parametrize("n_draws", [10_000, 100_000, MANY])
@pytest.mark.parametrize("company", ["minimax", "zai"])
def test_cost_by_draws(benchmark, company, n_draws):
    """Time against the number of draws."""
    est = ts.estimate(company, n_draws=1)
    _ = est.share
    benchmark.extra_info |= {"company": company, "n_draws": n_draws, "runs": len(est.runs)}
    rounds = 3 if n_draws == MANY else 9
    benchmark.pedantic(share, args=(company, n_draws), rounds=rounds)


@pytest.mark.parametrize("share_of_runs", [0.25, 0.5, 1.0])
def test_cost_by_runs(benchmark, share_of_runs):
    """Time of 200,000 draws against the number of runs counted."""
    est = ts.estimate("minimax", n_draws=200_000)
    runs = list(est.runs)[: round(share_of_runs * len(est.runs))]
    benchmark.extra_info["runs"] = len(runs)

    def costs() -> None:
        forget_draws()
        world = est.again()
        for run_id in runs:
            world.cost_usd_of(run_id)

    _ = est.share
    benchmark.pedantic(costs, rounds=7)


@pytest.mark.parametrize("company", ["minimax", "zai"])
def test_throughput_against_numpy(benchmark, company):
    """A million draws against the floor in the same run, one after the other: at most 2.5 times."""
    est = ts.estimate(company, n_draws=1)
    share(company, 1)
    n_streams, ratios = streams(), []

    def pair() -> None:
        times = []
        for run in (lambda: floor(n_streams, MANY), lambda: share(company, MANY)):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        ratios.append((times[1] / times[0], *times))

    benchmark.pedantic(pair, rounds=5)
    ratio, floor_s, model_s = sorted(ratios)[len(ratios) // 2]
    benchmark.extra_info |= {
        "company": company,
        "streams": n_streams,
        "runs": len(est.runs),
        "ratio": ratio,
        "floor_s": floor_s,
        "model_s": model_s,
    }
    assert ratio < 2.5


def test_peak_memory(benchmark, n_draws=MANY):
    """Peak resident memory of a process of its own, before and with the draws."""

    def run() -> tuple[float, float]:
        told = subprocess.run(
            [sys.executable, "-c", PEAK, str(n_draws)], capture_output=True, text=True, check=True
        )
        return tuple(map(float, told.stdout.split()))

    before, after = benchmark.pedantic(run, rounds=1)
    benchmark.extra_info |= {"n_draws": n_draws, "before_mb": before, "peak_mb": after}


@pytest.mark.parametrize("cores", CORES)
def test_sweep(benchmark, cores):
    """200 scenarios of three companies, 50,000 draws each, in processes that have started."""

    def scenarios(count: int) -> dict[str, list]:
        return {"mfu": [f"0.15 to {0.35 + i / 1e4:.4f} (p10-p90 lognormal)" for i in range(count)]}

    ts.sweep(scenarios(4 * cores), n_draws=100, n_jobs=cores)
    benchmark.extra_info |= {"cores": cores, "scenarios": 200}
    benchmark.pedantic(ts.sweep, args=(scenarios(200),), kwargs={"n_jobs": cores}, rounds=1)


def test_thousand_scenarios(benchmark):
    """1,000 scenarios of three companies, 50,000 draws each, on all cores: below four minutes on
    two."""
    grid = {
        "scenario": ["newsletter", "careful"],
        "release_lag_months": [0, 1, 2, 3, 6],
        "mfu_rl": [f"{0.01 + i / 1000:.3f} to 0.20 (p10-p90 lognormal)" for i in range(100)],
    }
    benchmark.extra_info |= {"cores": CORES[-1], "scenarios": 1000}
    frame = benchmark.pedantic(ts.sweep, args=(grid,), rounds=1)
    assert len(frame) == 3000 and frame["p50"].notna().all()
