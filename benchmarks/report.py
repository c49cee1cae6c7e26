"""Run the benchmarks and write their table into README.md, between its markers: python
benchmarks/report.py"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import bench_explorer
from lab import chromium

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- begin: written by report.py -->", "<!-- end: written by report.py -->"
PACKAGES = ("numpy", "scipy", "pandas", "joblib", "cachetools")


def main() -> None:
    readme = HERE / "README.md"
    head, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, mark, tail = rest.partition(END)
    if not mark:
        sys.exit(
            f"README.md: the markers {BEGIN} and {END} are missing; put them where the table goes"
        )
    load = busy()
    results = run()
    lines = [
        BEGIN,
        "",
        f"{machine()} {load}".strip(),
        "",
        "| what | time | beside it |",
        "|---|--:|---|",
        *(row(bench) for bench in results),
        *explorer_rows(),
        "",
        END,
    ]
    readme.write_text(head + "\n".join(lines) + tail, encoding="utf-8")


def run() -> list[dict]:
    """Run the benchmarks and return pytest-benchmark's records in the order of the files."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "benchmarks.json"
        files = [str(HERE / name) for name in ("bench_estimate.py", "bench_pipeline.py")]
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                *files,
                "--benchmark-only",
                "-n",
                "0",
                f"--benchmark-json={record}",
                "-p",
                "no:cacheprovider",
            ],
            check=True,
        )
        return json.loads(record.read_text(encoding="utf-8"))["benchmarks"]


def explorer_rows() -> list[str]:
    """Return how long the explorer takes from a slider's release to the new chart, where there is a
    browser."""
    if not chromium():
        return [
            "| explorer, from a slider's movement to the new chart | | not measured: no Chromium"
            " here |"
        ]
    asked = [("minimax", 500, 50_000), ("zai", 25, 50_000), ("minimax", 25, 1_000_000)]
    return [explorer_row(*one) for one in asked]


def explorer_row(company: str, moves: int, draws: int) -> str:
    """Measure one company and return its row."""
    found = bench_explorer.measure(company, moves, draws)
    times = sorted(time / 1e3 for time in found.times)
    before, after = found.memory
    return (
        f"| explorer, {company}, from a slider's movement to the new chart in the browser, while"
        f" dragging, {draws:,} draws | {seconds(statistics.median(times))} | 90th percentile"
        f" {seconds(times[int(0.9 * len(times))])}; in the kernel {found.kernel:.0f} ms; its memory"
        f" {before:.0f} MB before and {after:.0f} MB after {moves} movements |"
    )


def machine() -> str:
    """Say what it ran on, without naming the machine."""
    model = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].partition(":")[2].strip() if lines else model
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{model}, {os.cpu_count()} cores; Python {platform.python_version()}, {packages}. Times"
        " are medians."
    )


def busy() -> str:
    """Say how busy the machine was with other work before the benchmarks, where it tells."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return f"Other work ran beside it (load average {load:.1f} at the start)." if load > 0.5 else ""


def row(bench: dict) -> str:
    name = bench["name"].partition("[")[0].removeprefix("test_")
    info, median = bench["extra_info"], bench["stats"]["median"]
    what, beside = TEXTS[name](info, median)
    return f"| {what} | {seconds(info.get('model_s', median))} | {beside} |"


def seconds(value: float) -> str:
    return (
        f"{1e3 * value:.0f} ms"
        if value < 1
        else f"{value:.1f} s"
        if value < 20
        else f"{value:.0f} s"
    )


TEXTS = {
    "three_companies_with_regressions": lambda info, t: (
        "all three companies, 50,000 draws, with the three regressions of 20,000 resamples",
        "",
    ),
    "three_companies": lambda info, t: ("all three companies, 50,000 draws, regressions known", ""),
    "changed_assumption": lambda info, t: (
        "MiniMax, 50,000 draws, an assumption set for the first time",
        "",
    ),
    "cost_by_draws": lambda info, t: (
        f"{info['company']}, {info['n_draws']:,} draws of {info['runs']} runs",
        f"{1e9 * t / info['n_draws'] / info['runs']:.0f} ns a draw and run",
    ),
    "cost_by_runs": lambda info, t: (
        f"minimax, 200,000 draws of {info['runs']} of its runs",
        f"{1e9 * t / 200_000 / info['runs']:.0f} ns a draw and run",
    ),
    "throughput_against_numpy": lambda info, t: (
        f"{info['company']}, 1,000,000 draws of {info['streams']} streams, {info['runs']} runs",
        (
            f"{info['ratio']:.2f} times NumPy's floor ({seconds(info['floor_s'])}: as many normals,"
            " one exp each)"
        ),
    ),
    "peak_memory": lambda info, t: (
        f"all three companies, {info['n_draws']:,} draws, process from start to end",
        f"peak {info['peak_mb']:.0f} MB, of which {info['before_mb']:.0f} MB before the draws",
    ),
    "sweep": lambda info, t: (
        (
            f"sweep of {info['scenarios']} scenarios, 3 companies, 50,000 draws, "
            f"{info['cores']} process{'es' * (info['cores'] > 1)}"
        ),
        f"{info['scenarios'] * 3 / t:.0f} rows a second",
    ),
    "thousand_scenarios": lambda info, t: (
        (
            f"sweep of {info['scenarios']:,} scenarios, 3 companies, 50,000 draws, {info['cores']}"
            " processes"
        ),
        f"{info['scenarios'] * 3 / t:.0f} rows a second, workers' start included",
    ),
    "ten_notebooks": lambda info, t: (
        "ten notebooks through the pipeline, the whole command, cold",
        (
            f"papermill's own command for one after the other: {seconds(info['series_s'])},"
            f" {info['series_s'] / t:.1f} times"
        ),
    ),
    "imports_of_a_kernel": lambda info, t: (
        "the imports of a notebook's kernel",
        f"`import papermill` alone: {seconds(info['papermill_s'])}",
    ),
}


if __name__ == "__main__":
    main()
