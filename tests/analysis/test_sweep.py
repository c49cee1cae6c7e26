"""A sweep gives the rows that single estimates give, whatever processes they come from."""

import os
import shutil
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from arithmetic import NEWSLETTER
from packages import needed

import training_share as ts
from training_share.errors import UnknownName
from training_share.files import repo_root

GRID = {
    "scenario": ["newsletter", "careful"],
    "release_lag_months": [0, 3],
    "mfu_rl": ["", "0.01 to 0.10 (p10-p90 lognormal)"],
}
QUICK = {"n_draws": 2000, "n_jobs": 1}
RESULTS = ["p5", "p50", "p95", "effective_draws", "over_half", "caveat", "note"]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return ts.sweep(GRID, companies=NEWSLETTER, **QUICK)


def assert_same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_one_row_a_combination_and_company_in_the_order_of_the_grid(frame):
    assert list(frame) == [*GRID, "company", *RESULTS]
    assert len(frame) == 8 * 3
    assert frame["company"].to_list() == NEWSLETTER * 8
    assert frame["scenario"].to_list() == ["newsletter"] * 12 + ["careful"] * 12
    assert frame["mfu_rl"].to_list()[:6] == [""] * 3 + [GRID["mfu_rl"][1]] * 3
    assert frame[RESULTS].notna().all(axis=None)


def test_rows_are_those_of_single_estimates(frame):
    for row in frame.itertuples():
        lag, mfu_rl = row.release_lag_months, row.mfu_rl
        set_by_hand = {"release_lag_months": lag, "mfu_rl": mfu_rl}
        est = ts.estimate(row.company, row.scenario, 2000, **set_by_hand)
        assert [row.p5, row.p50, row.p95] == list(est.share_quantiles.values())
        assert row.over_half == est.mean(est.share > 0.5)
        assert (row.effective_draws, row.caveat) == (round(est.effective_draws), est.caveat)


@pytest.mark.slow
def test_processes_change_nothing(frame):
    assert_same(ts.sweep(GRID, **QUICK | {"n_jobs": 2}), frame)
    with joblib.parallel_config("threading"):
        assert_same(ts.sweep(GRID, **QUICK | {"n_jobs": 2}), frame)


def test_part_of_a_sweep_is_that_part_of_the_frame(frame):
    part = ts.sweep({**GRID, "scenario": ["careful"]}, companies="zai", **QUICK)
    whole = frame[(frame["scenario"] == "careful") & (frame["company"] == "zai")]
    assert_same(part, whole.reset_index(drop=True))


def test_impossible_combinations_say_why_and_stop_nothing():
    grid = {
        "spending_start": ["", "2024-02-01"],
        "exclude_groups": ["", "hailuo", ["hailuo"]],
        "mfu": ["", "0.3 to 0.1 (p10-p90 lognormal)"],
    }
    frame = ts.sweep(grid, companies=["minimax"], **QUICK)
    assert list(frame["note"] == "") == [True, False] * 3 + [False] * 6
    start = "minimax, rd_compute: the disclosed periods cannot be combined"
    assert frame["note"][6].startswith(start)
    assert "is not below the high" in frame["note"][1]
    assert frame["p50"].isna().to_list() == (frame["note"] != "").to_list()
    assert frame["p50"][2] == frame["p50"][4] < frame["p50"][0]


def test_group_of_one_company_leaves_the_others_as_they_are():
    share = ts.sweep({"exclude_groups": ["", "hailuo"]}, **QUICK)
    share = share.set_index(["exclude_groups", "company"])["p50"]
    assert share["hailuo", "zai"] == share["", "zai"]
    assert share["hailuo", "minimax"] < share["", "minimax"]
    again = ts.compare(n_draws=2000).again(exclude_groups="hailuo").table["share_p50"]
    assert (again == share["hailuo"][again.index]).all()


def test_no_evidence_is_not_the_scenario_s():
    grid = {"evidence": ["", [], "none", ["price-minimax"]]}
    draws = ts.sweep(grid, "zai", **QUICK)["effective_draws"]
    assert draws[:3].to_list() == [2000] * 3 and draws[3] < 2000
    careful = ts.sweep({"scenario": ["careful"], **grid}, "zai", **QUICK)["effective_draws"]
    assert careful[0] < 2000 and careful[1:3].to_list() == [2000] * 2


@pytest.mark.parametrize(
    ("grid", "settings", "message"),
    [
        ({"mfu_lr": ["0.1"]}, {}, "unknown argument 'mfu_lr'; did you mean 'mfu_rl'"),
        ({"mfu": "0.1"}, {}, r"write \[value\]"),
        ({"mfu": []}, {}, r"mfu: expected a list of values, got \[\]"),
        ({"scenario": ["carefull"]}, {}, "did you mean 'careful'"),
        ({}, {"n_draws": 0}, "n_draws"),
    ],
)
def test_mistakes_are_refused(grid, settings, message):
    with pytest.raises(ts.InputError, match=message) as refusal:
        ts.sweep(grid, **QUICK | settings)
    assert isinstance(refusal.value, UnknownName) == ("did you mean" in message)


def test_empty_grid_is_the_scenario_itself():
    frame = ts.sweep({}, **QUICK)
    assert list(frame) == ["company", *RESULTS]
    assert list(frame["company"]) == list(ts.load().with_spending)


def test_values_from_numpy_are_values():
    grid = {"mfu": np.array([0.2, 0.3]), "release_lag_months": np.array([0, 3])}
    plain = {"mfu": [0.2, 0.3], "release_lag_months": [0, 3]}
    assert_same(ts.sweep(grid, companies="zai", **QUICK), ts.sweep(plain, companies="zai", **QUICK))


PEAK = """
import resource
import training_share as ts
for rows in (1, 6):
    mfu = [round(0.2 + i / 1000, 3) for i in range(rows)]
    ts.sweep({"mfu": mfu}, "minimax", n_draws=400_000, n_jobs=1)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_of_many_rows_is_that_of_one():
    run = {"capture_output": True, "text": True, "check": True}
    told = subprocess.run([sys.executable, "-c", PEAK], **run).stdout
    one, six = map(int, told.split())
    assert six < 1.15 * one


EDITED = """
import inspect
from pathlib import Path
import training_share as ts
source = Path(inspect.getsourcefile(ts.Estimate))
assert source.is_relative_to(Path.cwd())
for _ in range(2):
    frame = ts.sweep({"mfu": [0.3, 0.4]}, "zai", n_draws=200, n_jobs=2)
    print(*frame["over_half"] + frame["p50"])
    with source.open("a") as file:
        file.write("old = Estimate.mean\\nEstimate.mean = lambda *of: 7 + old(*of)\\n")
"""


@pytest.mark.slow
def test_processes_that_joblib_kept_do_not_answer_by_old_code(tmp_path):
    """Sources that add seven to every probability are saved between two sweeps of one session."""
    shutil.copytree(repo_root() / "src", tmp_path, dirs_exist_ok=True)
    (tmp_path / "data").symlink_to(repo_root() / "data")
    (tmp_path / "pyproject.toml").touch()
    alone = {**os.environ, "PYTHONPATH": str(tmp_path)}
    run = {"capture_output": True, "text": True, "cwd": tmp_path, "env": alone}
    done = subprocess.run([sys.executable, "-c", EDITED], **run)
    assert done.returncode == 0, done.stderr[-2000:]
    before, after = ([float(x) for x in line.split()] for line in done.stdout.splitlines())
    assert after == [7 + value for value in before]


@pytest.mark.slow
def test_same_call_runs_on_a_dask_cluster(frame, tmp_path):
    distributed = needed("distributed")
    one_each = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(**one_each, local_directory=tmp_path) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        assert_same(ts.sweep(GRID, **QUICK | {"n_jobs": -1}), frame)
