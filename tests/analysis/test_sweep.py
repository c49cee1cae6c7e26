"""A sweep gives the rows that single estimates give, in any order of work, after any
interruption."""

from __future__ import annotations

import importlib.util
import pickle
import subprocess
import sys
import time

import joblib
import numpy as np
import pandas as pd
import pytest

import training_share as ts
from training_share.analysis import sweeps

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
    "caveat",
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
        assert row.caveat == est.caveat


@pytest.mark.slow
def test_processes_change_nothing(frame):
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
        ({"corrections": ["", ["appendix-rll"]]}, {}, "did you mean 'appendix-rl'"),
        ({"exclude_groups": ["hailou"]}, {}, "did you mean 'hailuo'"),
        ({"mfu": range(1, 400_000)}, {}, "1,199,997 rows; 1,000,000 at most"),
        ({}, {"companies": ["minmax"]}, "did you mean 'minimax'"),
        ({}, {"companies": ["zai", "zai"]}, "each once"),
        ({}, {"companies": []}, "at least one"),
        ({}, {"n_draws": 0}, "n_draws"),
        ({}, {"seed": -1}, "seed"),
    ],
)
def test_mistakes_are_refused_before_anything_runs(grid, settings, message, tmp_path):
    folder = tmp_path / "rows"
    with pytest.raises(ts.InputError, match=message):
        ts.sweep(grid, checkpoint=folder, **QUICK | settings)
    assert not folder.exists()


def test_empty_grid_is_the_scenario_itself():
    frame = ts.sweep({}, **QUICK)
    assert list(frame) == ["company", *RESULTS] and len(frame) == 3


def computed(monkeypatch) -> list[str]:
    """Return a list that grows by a company with every row that is computed from now on."""
    seen: list[str] = []

    def counting(company, **settings):
        seen.append(company)
        return ts.estimate(company, **settings)

    monkeypatch.setattr("training_share.analysis.sweeps.estimate", counting)
    return seen


def test_finished_sweep_is_read_back_to_the_bit(frame, tmp_path, monkeypatch):
    folder = tmp_path / "new" / "rows"
    assert_same(ts.sweep(GRID, checkpoint=folder, **QUICK), frame)
    seen = computed(monkeypatch)
    assert_same(ts.sweep(GRID, checkpoint=folder, **QUICK), frame)
    assert not seen


def test_larger_sweep_computes_only_what_is_missing(frame, tmp_path, monkeypatch):
    ts.sweep({**GRID, "scenario": ["careful"]}, companies="zai", checkpoint=tmp_path, **QUICK)
    seen = computed(monkeypatch)
    assert_same(ts.sweep(GRID, checkpoint=tmp_path, **QUICK), frame)
    assert len(seen) == 8 * 3 - 4 and seen.count("zai") == 4


def test_rows_with_errors_are_kept_too(tmp_path, monkeypatch):
    asked = {"grid": {"spending_start": ["2024-02-01", ""]}, "checkpoint": tmp_path, **QUICK}
    first = ts.sweep(companies="minimax", **asked)
    assert (first["error"] != "").to_list() == [True, False]
    seen = computed(monkeypatch)
    assert_same(ts.sweep(companies="minimax", **asked), first)
    assert not seen


SPOILED = {
    "torn": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "another kind": lambda text: "[1, 2]",
    "a digit changed": lambda text: text.replace('"share_p50": 0.', '"share_p50": 0.9', 1),
    "a column gone": lambda text: text.replace('"rd_compute"', '"rd"', 1),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_damaged_or_changed_row_is_computed_again_with_a_word(tmp_path, monkeypatch, spoil):
    asked = {"grid": {"mfu": [0.2, 0.3]}, "companies": "zai", "checkpoint": tmp_path, **QUICK}
    first = ts.sweep(**asked)
    path, _ = sorted(tmp_path.iterdir())
    content = path.read_text()
    assert spoil(content) != content
    path.write_text(spoil(content))
    seen = computed(monkeypatch)
    with pytest.warns(UserWarning, match=rf"1 damaged or changed rows .* {path.name} first"):
        assert_same(ts.sweep(**asked), first)
    assert len(seen) == 1 and path.read_text() == content
    assert_same(ts.sweep(**asked), first)
    assert len(seen) == 1


def test_row_under_another_name_is_not_believed(tmp_path):
    asked = {"grid": {"mfu": [0.2, 0.3]}, "companies": "zai", "checkpoint": tmp_path, **QUICK}
    first = ts.sweep(**asked)
    one, two = sorted(tmp_path.iterdir())
    one.write_bytes(two.read_bytes())
    with pytest.warns(UserWarning, match="computed again"):
        assert_same(ts.sweep(**asked), first)


class Harmful:
    """A pickle that leaves a mark where it is loaded."""

    def __init__(self, mark) -> None:
        self.mark = mark

    def __reduce__(self):
        return self.mark.touch, ()


def test_nothing_in_the_folder_is_executed(tmp_path):
    folder, mark = tmp_path / "rows", tmp_path / "executed"
    asked = {"grid": {}, "companies": "openai", "checkpoint": folder, **QUICK}
    first = ts.sweep(**asked)
    (path,) = folder.iterdir()
    path.write_bytes(pickle.dumps(Harmful(mark)))
    (folder / "output.pkl").write_bytes(pickle.dumps(Harmful(mark)))
    with pytest.warns(UserWarning, match="computed again"):
        assert_same(ts.sweep(**asked), first)
    assert not mark.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"grid": {"mfu": ["0.31"]}},
        {"companies": "minimax"},
        {"n_draws": 2001},
        {"seed": 1},
        {"edited": "7.1"},
        {"made by": ("other code", np.__version__)},
        {"made by": ("this code", "2.0.0")},
    ],
    ids=str,
)
def test_rows_of_other_settings_tables_code_or_versions_are_not_believed(
    tmp_path, data_copy, monkeypatch, change
):
    monkeypatch.setattr("training_share.analysis.sweeps.MADE_BY", ("this code", np.__version__))
    asked = {
        "grid": {"mfu": ["0.3"]},
        "companies": "zai",
        "checkpoint": tmp_path / "rows",
        "data_dir": data_copy.folder,
        **QUICK,
    }
    ts.sweep(**asked)
    seen = computed(monkeypatch)
    if "edited" in change:
        data_copy.edit("fx", "CNY/2022/2025", "per_usd", change.pop("edited"))
    if "made by" in change:
        made_by = change.pop("made by")
        monkeypatch.setattr("training_share.analysis.sweeps.MADE_BY", made_by)
    ts.sweep(**asked | change)
    assert len(seen) == 1
    ts.sweep(**asked | change)
    assert len(seen) == 1


def test_code_of_inputs_and_model_is_part_of_what_a_row_is_known_by(tmp_path, monkeypatch):
    package = tmp_path / "training_share"
    for room in ("inputs", "model", "analysis"):
        (package / room).mkdir(parents=True)
        (package / room / "a.py").write_text("1")
    (package / "errors.py").write_text("1")
    here = package / "analysis" / "a.py"
    monkeypatch.setattr(sweeps, "__file__", str(here))
    digests = {sweeps._source()}
    for path in (package / "inputs/a.py", package / "model/a.py", package / "errors.py", here):
        path.write_text("2")
        digests.add(sweeps._source())
    assert len(digests) == 5


def test_folder_that_cannot_be_is_refused(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text("a letter")
    with pytest.raises(ts.InputError, match="cannot be written"):
        ts.sweep({}, companies="openai", checkpoint=file, **QUICK)
    assert file.read_text() == "a letter"


def test_interrupt_keeps_what_is_done(frame, tmp_path, monkeypatch):
    seen = computed(monkeypatch)
    write = sweeps.write_aside

    def interrupting(path, content):
        write(path, content)
        if len(seen) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(sweeps, "write_aside", interrupting)
    with pytest.raises(KeyboardInterrupt):
        ts.sweep(GRID, checkpoint=tmp_path, **QUICK)
    monkeypatch.setattr(sweeps, "write_aside", write)
    assert len(list(tmp_path.iterdir())) == 5
    assert_same(ts.sweep(GRID, checkpoint=tmp_path, **QUICK), frame)
    assert len(seen) == 8 * 3


KILLED = """
import sys
import training_share as ts
mfu = [round(0.2 + i / 1000, 3) for i in range(24)]
ts.sweep({"mfu": mfu}, companies=["minimax", "zai"], n_draws=100_000,
         n_jobs=1, progress=False, checkpoint=sys.argv[1])
"""


@pytest.mark.slow
def test_killed_sweep_goes_on_where_it_was_and_ends_in_the_same_frame(tmp_path, monkeypatch):
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)]) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if len(list(tmp_path.glob("*.json"))) > 3:
                break
            time.sleep(0.02)
        process.kill()
    assert process.returncode != 0, "the sweep ended before it could be killed"
    before = {path: path.read_bytes() for path in tmp_path.glob("*.json")}
    assert 3 < len(before) < 48
    seen = computed(monkeypatch)
    grid = {"mfu": [round(0.2 + i / 1000, 3) for i in range(24)]}
    settings = {"companies": ["minimax", "zai"], "n_draws": 100_000, "progress": False, "n_jobs": 1}
    resumed = ts.sweep(grid, checkpoint=tmp_path, **settings)
    assert len(seen) == 48 - len(before)
    assert {path: path.read_bytes() for path in before} == before
    assert_same(resumed, ts.sweep(grid, **settings))


PEAK = """
import resource
import training_share as ts
for rows in (1, 6):
    mfu = [round(0.2 + i / 1000, 3) for i in range(rows)]
    ts.sweep({"mfu": mfu}, "minimax", n_draws=1_000_000, n_jobs=1, progress=False)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_of_many_rows_is_that_of_one():
    told = subprocess.run(
        [sys.executable, "-c", PEAK], capture_output=True, text=True, check=True
    ).stdout
    one, six = map(int, told.split())
    assert six < 1.15 * one


def test_progress_bar_counts_rows_and_starts_from_the_checkpoint(tmp_path, capsys):
    settings = QUICK | {"progress": True, "companies": ["openai", "zai"], "checkpoint": tmp_path}
    ts.sweep({"mfu": [0.2, 0.3]}, **settings)
    assert "4/4" in capsys.readouterr().err
    ts.sweep({"mfu": [0.2, 0.3]}, **settings)
    assert "4/4" in capsys.readouterr().err


def test_tables_edited_during_a_sweep_stop_it(data_copy, tmp_path, monkeypatch):
    write = sweeps.write_aside

    def editing(path, content):
        write(path, content)
        data_copy.edit("fx", "CNY/2022/2025", "per_usd", "7.1")

    monkeypatch.setattr(sweeps, "write_aside", editing)
    with pytest.raises(ts.InputError, match="not those the sweep began with"):
        ts.sweep(
            {"mfu": [0.2, 0.3]},
            companies="zai",
            data_dir=data_copy.folder,
            checkpoint=tmp_path / "rows",
            **QUICK,
        )


def test_windows_that_the_runs_do_not_fit_are_marked():
    frame = ts.sweep({"release_lag_months": [0, 3, 6]}, companies="zai", **QUICK)
    assert frame["caveat"].to_list() == ["lower bound", "", "lower bound"]
    frame = ts.sweep({"release_lag_months": [0, 3, 6]}, companies="openai", **QUICK)
    assert frame["caveat"].to_list() == ["mismatched window", "", "mismatched window"]


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
        assert_same(ts.sweep(GRID, checkpoint=tmp_path / "rows", **QUICK | {"n_jobs": -1}), frame)
