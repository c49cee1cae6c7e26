"""A sweep gives the rows that single estimates give, in any order of work, after any
interruption."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time

import joblib
import numpy as np
import pandas as pd
import pytest

import training_share as ts

GRID = {
    "scenario": ["newsletter", "careful"],
    "release_lag_months": [0, 3],
    "mfu_rl": ["", "0.01 to 0.10 (p10-p90 lognormal)"],
}
QUICK = {"n_draws": 2000, "progress": False, "n_jobs": 1}
RESULTS = [
    "share_p5",
    "share_p50",
    "share_p95",
    "training_cost_p50",
    "rd_compute",
    "effective_draws",
    "months_not_collected",
    "error",
]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return ts.sweep(GRID, **QUICK)


def assert_same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_one_row_a_combination_and_company_in_the_order_of_the_grid(frame):
    assert list(frame) == [*GRID, "company", *RESULTS]
    assert len(frame) == 8 * 3
    assert frame["company"].to_list() == ["openai", "minimax", "zai"] * 8
    assert frame["scenario"].to_list() == ["newsletter"] * 12 + ["careful"] * 12
    assert frame["mfu_rl"].to_list()[:6] == [""] * 3 + [GRID["mfu_rl"][1]] * 3
    assert (frame["error"] == "").all() and frame[RESULTS[:-1]].notna().all().all()


def test_rows_are_those_of_single_estimates(frame):
    for row in frame.itertuples():
        est = ts.estimate(
            row.company,
            row.scenario,
            2000,
            release_lag_months=row.release_lag_months,
            mfu_rl=row.mfu_rl,
        )
        summary = est.summary()
        assert [row.share_p5, row.share_p50, row.share_p95] == summary[RESULTS[:3]].to_list()
        assert (row.training_cost_p50, row.rd_compute) == (
            summary["training_cost_p50"],
            summary["rd_compute"],
        )
        assert row.effective_draws == est.effective_draws
        assert row.months_not_collected == est.months_not_collected


def test_processes_and_chunks_change_nothing(frame):
    assert_same(ts.sweep(GRID, **QUICK | {"n_jobs": 2}), frame)
    with joblib.parallel_config("threading"):
        assert_same(ts.sweep(GRID, **QUICK | {"n_jobs": 2}), frame)


def test_part_of_a_sweep_is_that_part_of_the_frame(frame):
    part = ts.sweep({**GRID, "scenario": ["careful"]}, companies="zai", **QUICK)
    whole = frame[(frame["scenario"] == "careful") & (frame["company"] == "zai")].reset_index(
        drop=True
    )
    assert_same(part, whole)


def test_impossible_combinations_say_why_and_stop_nothing():
    frame = ts.sweep(
        {
            "spending_start": ["", "2024-02-01"],
            "exclude_groups": ["", "hailuo", ["hailuo"]],
            "mfu": ["", "0.3 to 0.1 (p10-p90 lognormal)"],
        },
        companies=["minimax"],
        **QUICK,
    )
    assert list(frame["error"] == "") == [True, False] * 3 + [False] * 6
    assert frame["error"][6].startswith(
        "minimax, rd_compute: the disclosed periods cannot be combined"
    )
    assert "the low is above the high" in frame["error"][1]
    assert frame["share_p50"].isna().to_list() == (frame["error"] != "").to_list()
    assert frame["exclude_groups"][4] == "hailuo"
    assert frame["share_p50"][2] == frame["share_p50"][4] < frame["share_p50"][0]


def test_group_of_one_company_leaves_the_others_as_they_are():
    frame = ts.sweep({"exclude_groups": ["", "hailuo"]}, **QUICK).set_index(
        ["exclude_groups", "company"]
    )
    assert frame.loc[("hailuo", "zai"), "share_p50"] == frame.loc[("", "zai"), "share_p50"]
    assert frame.loc[("hailuo", "minimax"), "share_p50"] < frame.loc[("", "minimax"), "share_p50"]


@pytest.mark.parametrize(
    ("grid", "settings", "message"),
    [
        ({"mfu_lr": ["0.1"]}, {}, "unknown parameter 'mfu_lr'; did you mean 'mfu_rl'"),
        ({"n_draws": [1, 2]}, {}, "unknown parameter 'n_draws'"),
        ({"mfu": "0.1"}, {}, r"write \['0.1'\]"),
        ({"mfu": []}, {}, "the list of values is empty"),
        ({"scenario": ["carefull"]}, {}, "did you mean 'careful'"),
        ({}, {"companies": ["minmax"]}, "did you mean 'minimax'"),
        ({}, {"companies": ["zai", "zai"]}, "each once"),
        ({}, {"companies": []}, "at least one"),
        ({}, {"n_draws": 0}, "n_draws"),
        ({}, {"seed": -1}, "seed"),
    ],
)
def test_mistakes_are_refused_before_anything_runs(grid, settings, message, tmp_path):
    path = tmp_path / "rows.jsonl"
    with pytest.raises(ts.InputError, match=message):
        ts.sweep(grid, checkpoint=path, **QUICK | settings)
    assert not path.exists()


def test_empty_grid_is_the_scenario_itself():
    frame = ts.sweep({}, **QUICK)
    assert list(frame) == ["company", *RESULTS] and len(frame) == 3


def test_finished_sweep_is_read_back_to_the_bit(frame, tmp_path, monkeypatch):
    path = tmp_path / "rows.jsonl"
    assert_same(ts.sweep(GRID, checkpoint=path, **QUICK), frame)
    monkeypatch.setattr(
        sys.modules["training_share.analysis.sweeps"], "estimate", None
    )  # nothing is computed again
    assert_same(ts.sweep(GRID, checkpoint=path, **QUICK), frame)


@pytest.mark.parametrize("cut", [1, 5, 40, 400, 900])
def test_torn_last_line_is_cut_off_and_computed_again(frame, tmp_path, cut):
    path = tmp_path / "rows.jsonl"
    ts.sweep(GRID, checkpoint=path, **QUICK)
    content = path.read_bytes()
    path.write_bytes(content[:-cut])
    assert_same(ts.sweep(GRID, checkpoint=path, **QUICK), frame)
    assert sorted(path.read_bytes().splitlines()) == sorted(content.splitlines())


@pytest.mark.parametrize("content", [b"", b'{"swe', b'{"sweep": "abc'])
def test_torn_or_empty_header_starts_the_file_anew(tmp_path, content):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    ts.sweep({}, companies="openai", checkpoint=path, **QUICK)
    assert [list(json.loads(line)) for line in path.read_text().splitlines()] == [
        ["sweep"],
        ["combination", "rows"],
    ]


def test_rows_with_errors_survive_the_checkpoint(tmp_path):
    grid = {"spending_start": ["2024-02-01", ""]}
    path = tmp_path / "rows.jsonl"
    first = ts.sweep(grid, companies="minimax", checkpoint=path, **QUICK)
    assert_same(ts.sweep(grid, companies="minimax", checkpoint=path, **QUICK), first)


def test_checkpoint_of_another_sweep_is_refused_and_left_alone(tmp_path, data_copy):
    path = tmp_path / "rows.jsonl"
    base = {
        "grid": {"mfu": ["", "0.3"]},
        "companies": ["zai"],
        "checkpoint": path,
        "data_dir": data_copy.folder,
        **QUICK,
    }
    ts.sweep(**base)
    content = path.read_bytes()
    for change in (
        {"grid": {"mfu": ["0.3", ""]}},
        {"companies": ["zai", "openai"]},
        {"n_draws": 2001},
        {"seed": 1},
        {"grid": {"mfu": ["", 0.3]}},
    ):
        with pytest.raises(ts.InputError, match="checkpoint of another sweep"):
            ts.sweep(**base | change)
    data_copy.edit("fx", "CNY/2022/2025", "per_usd", "7.1")
    with pytest.raises(ts.InputError, match="checkpoint of another sweep"):
        ts.sweep(**base)
    assert path.read_bytes() == content


def test_files_that_are_no_checkpoint_are_refused_and_left_alone(tmp_path):
    for content in (
        b"run_id,company\n",
        b"a letter without a line end",
        b"\x00\xff\n",
        b'{"a": 1}\n',
        b"{}\n{}",
    ):
        path = tmp_path / "letter.txt"
        path.write_bytes(content)
        with pytest.raises(ts.InputError, match="not a checkpoint"):
            ts.sweep({}, companies="openai", checkpoint=path, **QUICK)
        assert path.read_bytes() == content
    with pytest.raises(ts.InputError, match="checkpoint"):
        ts.sweep({}, companies="openai", checkpoint=tmp_path, **QUICK)
    with pytest.raises(ts.InputError, match="cannot be written"):
        ts.sweep({}, companies="openai", checkpoint=tmp_path / "none" / "rows.jsonl", **QUICK)


def test_damaged_line_in_the_middle_is_named(tmp_path):
    path = tmp_path / "rows.jsonl"
    ts.sweep({"mfu": [0.2, 0.3, 0.4]}, companies="openai", checkpoint=path, **QUICK)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"{oops\n", *lines[2:]]))
    with pytest.raises(ts.InputError, match="line 2: damaged"):
        ts.sweep({"mfu": [0.2, 0.3, 0.4]}, companies="openai", checkpoint=path, **QUICK)


KILLED = """
import sys
import training_share as ts
mfu = [round(0.2 + i / 1000, 3) for i in range(24)]
ts.sweep({"mfu": mfu}, companies=["minimax", "zai"], n_draws=100_000,
         n_jobs=1, progress=False, checkpoint=sys.argv[1])
"""


def test_killed_sweep_goes_on_where_it_was_and_ends_in_the_same_frame(tmp_path):
    path = tmp_path / "rows.jsonl"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)]) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if path.exists() and path.read_bytes().count(b"\n") > 3:
                break
            time.sleep(0.02)
        process.kill()
    assert process.returncode != 0, "the sweep ended before it could be killed"
    before = path.read_bytes().splitlines()
    assert 3 < len(before) < 25
    grid = {"mfu": [round(0.2 + i / 1000, 3) for i in range(24)]}
    settings = {"companies": ["minimax", "zai"], "n_draws": 100_000, "progress": False, "n_jobs": 2}
    resumed = ts.sweep(grid, checkpoint=path, **settings)
    after = path.read_bytes().splitlines()
    assert len(after) == 25 and after[:3] == before[:3]
    assert_same(resumed, ts.sweep(grid, **settings))


def test_progress_bar_counts_rows_and_starts_from_the_checkpoint(tmp_path, capsys):
    settings = QUICK | {
        "progress": True,
        "companies": ["openai", "zai"],
        "checkpoint": tmp_path / "rows.jsonl",
    }
    ts.sweep({"mfu": [0.2, 0.3]}, **settings)
    assert "4/4" in capsys.readouterr().err
    ts.sweep({"mfu": [0.2, 0.3]}, **settings)
    assert "4/4" in capsys.readouterr().err


def test_tables_edited_during_a_sweep_stop_it(data_copy, monkeypatch):
    monkeypatch.setattr(
        sys.modules["training_share.analysis.sweeps"],
        "_fingerprint",
        lambda *_: edit_and_name(data_copy),
    )
    with pytest.raises(ts.InputError, match="not those the sweep began with"):
        ts.sweep({}, companies="zai", data_dir=data_copy.folder, **QUICK)


def edit_and_name(data_copy) -> str:
    data_copy.edit("fx", "CNY/2022/2025", "per_usd", "7.1")
    return "fingerprint"


def test_values_from_numpy_are_values():
    grid = {"mfu": np.array([0.2, 0.3]), "release_lag_months": np.array([0, 3])}
    plain = {"mfu": [0.2, 0.3], "release_lag_months": [0, 3]}
    assert_same(ts.sweep(grid, companies="zai", **QUICK), ts.sweep(plain, companies="zai", **QUICK))


@pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None,
    reason="dask.distributed is not installed: pip install 'training_share[dask]'",
)
def test_same_call_runs_on_a_dask_cluster(frame, tmp_path):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=tmp_path
        ) as cluster,
        Client(cluster),
        joblib.parallel_config("dask"),
    ):
        assert_same(
            ts.sweep(GRID, checkpoint=tmp_path / "rows.jsonl", **QUICK | {"n_jobs": -1}), frame
        )
