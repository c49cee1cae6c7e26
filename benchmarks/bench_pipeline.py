"""How long the notebooks take, as whole commands from a cold start, and what each of them imports.

pytest -n 0 benchmarks/bench_pipeline.py --benchmark-only
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from training_share.files import repo_root

IMPORTED = "ipykernel.kernelapp, training_share, training_share.report.charts"
NOTEBOOKS = (
    "openai",
    "minimax",
    "zai",
    "comparison",
    "closed_models",
    "sensitivity",
    "audit",
    "deepseek",
    "moonshot",
    "explorer",
)


def seconds_of(*command: str | Path) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def test_ten_notebooks(benchmark, tmp_path):
    """The ten notebooks through the pipeline, beside papermill's own command for one after the
    other in the same run."""
    benchmark.pedantic(
        lambda: seconds_of(
            sys.executable, "-m", "training_share.pipeline", *NOTEBOOKS, "--out", tmp_path
        ),
        rounds=5,
    )
    papermill = Path(sys.executable).with_name("papermill")
    series = [
        seconds_of(
            papermill,
            repo_root() / f"notebooks/{name}.ipynb",
            tmp_path / f"{name}.ipynb",
            "-p",
            "figures_dir",
            tmp_path / "plain",
        )
        for name in NOTEBOOKS
    ]
    benchmark.extra_info |= {"series_s": sum(series)}


def test_imports_of_a_kernel(benchmark):
    """What every kernel imports; beside it the import of papermill, as a yardstick."""
    benchmark.pedantic(lambda: seconds_of(sys.executable, "-c", f"import {IMPORTED}"), rounds=5)
    yardstick = sorted(seconds_of(sys.executable, "-c", "import papermill") for _ in range(5))[2]
    benchmark.extra_info |= {"papermill_s": yardstick}
