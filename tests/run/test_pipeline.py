"""The notebooks through papermill: the pipeline's own refusals, failures and repeats, and the plain
command."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from made_notebooks import make

import training_share as ts
from training_share import cli
from training_share.files import repo_root
from training_share.run import execute as pipeline

ROOT = repo_root()
BIN = Path(sys.executable).parent


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("names", "parameters", "words"),
    [
        (["minmax"], {}, "unknown notebook 'minmax'; did you mean 'minimax'"),
        (["minimax"], {"mfu_lr": "0.1"}, "no parameter 'mfu_lr' in minimax; did you mean 'mfu_rl'"),
        (["minimax"], {"n_draws": "many"}, "n_draws: expected a whole number, got 'many'"),
        (["minimax"], {"n_draws": "0"}, "n_draws: expected a whole number of at least 1"),
        (["minimax"], {"mfu": "0.15 to 0.35"}, "bracket is missing"),
        (["minimax"], {"scenario": "carful"}, "did you mean 'careful'"),
        (["minimax"], {"exclude_groups": "hailou"}, "did you mean 'hailuo'"),
        (["minimax"], {"spending_start": "2024-11-01"}, "cannot be combined"),
        (["comparison"], {"companies": "openai,minimx"}, "did you mean 'minimax'"),
        (["comparison"], {"scenarios": "newsletter,appendx"}, "did you mean 'appendix'"),
        (["zai"], {"figures_dir": "elsewhere"}, "use --out"),
    ],
)
def test_refused_before_anything_runs(tmp_path, names, parameters, words):
    with pytest.raises(ts.InputError, match=words):
        pipeline.run(names, parameters, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_parameters_need_a_folder_of_their_own():
    with pytest.raises(ts.InputError, match="add --out"):
        pipeline.run(["zai"], {"scenario": "careful"})


def test_an_unwritable_folder_is_refused(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(ts.InputError, match="cannot be written"):
        pipeline.run(["zai"], out=blocker / "out")


def test_a_scenario_elsewhere_equals_the_estimate_and_a_second_run_changes_nothing(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("MPLBACKEND", "Agg")  # would keep figures out of a notebook
    monkeypatch.chdir("/")
    settings = {"scenario": "careful", "n_draws": "2000"}
    out = tmp_path / "a folder with spaces, é and {braces}"
    before = digests(ROOT / "figures"), digests(ROOT / "notebooks")
    assert pipeline.run(["zai"], settings, out=out, quiet=True) == {"zai": ""}
    first = digests(out)
    numbers = pd.read_csv(out / "figures" / "zai_share.csv")
    share = ts.estimate("zai", "careful", n_draws=2000).summary()
    assert numbers["share_p50"].iloc[0] == pytest.approx(share["share_p50"], rel=1e-9)
    assert {"rendered/zai.ipynb", "figures/zai_share.png", "figures/zai_share.svg"} <= set(first)
    assert str(tmp_path) not in (out / "rendered" / "zai.ipynb").read_text(encoding="utf-8")
    assert pipeline.run(["zai"], settings, out=out, quiet=True) == {"zai": ""}
    assert digests(out) == first
    assert (digests(ROOT / "figures"), digests(ROOT / "notebooks")) == before


@pytest.mark.parametrize("out", ["", ".", "notebooks", "notebooks/../notebooks"])
def test_a_run_elsewhere_cannot_mean_the_projects_own_results(tmp_path, monkeypatch, out):
    project = tmp_path / "project"
    make(project / "notebooks/mine.ipynb")
    monkeypatch.chdir(project)
    monkeypatch.setattr(pipeline, "repo_root", lambda: project)
    with pytest.raises(ts.InputError, match=r"holds the project's own results.*--out my_scenario"):
        pipeline.prepare(["mine"], {"scenario": "careful"}, out)
    (tmp_path / "link").symlink_to(project)
    with pytest.raises(ts.InputError, match="own results"):
        pipeline.prepare(["mine"], out=tmp_path / "link", notebooks_dir=tmp_path / "link/notebooks")
    assert not (project / "figures").exists() and not list(project.rglob("rendered"))
    assert (
        pipeline.prepare(["mine"], {"scenario": "careful"}, "elsewhere")[0].figures
        == project / "elsewhere/figures"
    )
    assert pipeline.prepare(["mine"])[0].figures == project / "figures"


@pytest.mark.parametrize(
    ("ran", "parameters", "shown"),
    [
        (["zai", "deepseek"], {}, ["Z.ai"]),
        (["deepseek"], {}, []),
        (["minimax", "zai"], {"scenario": "careful"}, ["MiniMax", "Z.ai"]),
        (["audit"], {}, ["OpenAI", "MiniMax", "Z.ai"]),
        (["comparison", "zai"], {}, ["OpenAI", "MiniMax", "Z.ai"]),
        (["comparison"], {"companies": "zai,openai"}, ["Z.ai", "OpenAI"]),
    ],
)
def test_the_closing_table_shows_the_companies_that_ran(
    monkeypatch, capsys, ran, parameters, shown
):
    monkeypatch.setattr(cli, "run", lambda *_: dict.fromkeys(ran, ""))
    given = {"n_draws": "500"} | parameters
    assert (
        cli.main(
            [*ran, *(word for pair in given.items() for word in ("-p", *pair)), "--out", "unused"]
        )
        == 0
    )
    printed = capsys.readouterr().out
    assert [line.split("  ")[0] for line in printed.splitlines() if "USDm" in line] == shown
    assert bool(printed) == bool(shown) and "lower bound" not in printed


def test_the_closing_table_marks_lower_bounds():
    printed = pipeline.shares_text({"n_draws": 500, "release_lag_months": "6"}, ["minimax"])
    assert printed.endswith("lower bound")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("raise ValueError('it broke here')", "cell 3: ValueError: it broke here"),
        ("import sys; sys.exit(0)", "ended in an error"),
        ("import os; os._exit(1)", "DeadKernelError"),
    ],
)
def test_a_failing_notebook_loses_nothing(tmp_path, capfd, cell, words):
    figure = "Path(os.environ['TRAINING_SHARE_FIGURES'], 'mine.csv').write_text('new')"
    make(
        tmp_path / "notebooks/mine.ipynb",
        f"import os\nfrom pathlib import Path\n"
        f"Path(os.environ['TRAINING_SHARE_FIGURES']).mkdir()\n{figure}",
        cell,
        "1 + 1",
    )
    out = tmp_path / "out"
    for name in ("rendered/mine.ipynb", "figures/mine.csv"):
        (out / name).parent.mkdir(parents=True)
        (out / name).write_text("the last good one")
    before = digests(out)
    assert cli.main(["--out", str(out), "--notebooks-dir", str(tmp_path / "notebooks")]) == 1
    told = capfd.readouterr().err
    assert words in told and "mine.failed.ipynb" in told
    after = digests(out)
    assert after.pop("rendered/mine.failed.ipynb")
    assert after == before


def test_new_notebooks_start_first_and_then_those_that_were_largest(tmp_path):
    for name, size in (("small", 10), ("large", 1000), ("new", None)):
        make(tmp_path / f"notebooks/{name}.ipynb")
        last = tmp_path / f"notebooks/rendered/{name}.ipynb"
        last.parent.mkdir(exist_ok=True)
        if size:
            last.write_text("x" * size)
    plan = pipeline.prepare(
        ["small", "large", "new"], out=tmp_path / "out", notebooks_dir=tmp_path / "notebooks"
    )
    assert [plan[place].source.stem for place in pipeline._longest_first(plan)] == [
        "new",
        "large",
        "small",
    ]


def test_the_command_line_refuses_with_status_2(capsys):
    assert cli.main(["nosuch"]) == 2
    assert "unknown notebook" in capsys.readouterr().err


def test_grid_runs_every_combination_with_a_manifest(tmp_path):
    make(
        tmp_path / "notebooks/small.ipynb",
        "print(scenario, seed)",
        parameters='scenario: str = "newsletter"  # a word\nseed: int = 1  # a number',
    )
    grid = tmp_path / "grid.yaml"
    grid.write_text("scenario: [newsletter, appendix]\nseed: [1, 2]\n")
    manifest = pipeline.run_grid(
        grid, ["small"], tmp_path / "out", notebooks_dir=tmp_path / "notebooks", quiet=True
    )
    assert list(zip(manifest["scenario"], manifest["seed"], strict=True)) == [
        ("newsletter", 1),
        ("newsletter", 2),
        ("appendix", 1),
        ("appendix", 2),
    ]
    assert (manifest["status"] == "done").all()
    executed = nbformat.read(tmp_path / "out/0003/rendered/small.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0]["text"] == "appendix 1\n"
    assert len(pd.read_csv(tmp_path / "out/manifest.csv")) == 4


@pytest.mark.parametrize("text", ["just words", "scenario: newsletter", "[1, 2]", "a: [1"])
def test_a_bad_grid_is_refused(tmp_path, text):
    grid = tmp_path / "grid.yaml"
    grid.write_text(text)
    with pytest.raises(ts.InputError, match=r"grid\.yaml"):
        pipeline.run_grid(grid, ["zai"], tmp_path / "out")


def test_the_plain_papermill_command_works_from_any_folder(tmp_path):
    command = [
        BIN / "papermill",
        ROOT / "notebooks/minimax.ipynb",
        tmp_path / "out.ipynb",
        "-p",
        "n_draws",
        "500",
        "-p",
        "mfu_rl",
        "0.01 to 0.10 (p10-p90 lognormal)",
        "-p",
        "figures_dir",
        tmp_path / "figures",
        "--no-progress-bar",
    ]
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    share = ts.estimate("minimax", n_draws=500, mfu_rl="0.01 to 0.10 (p10-p90 lognormal)").summary()
    numbers = pd.read_csv(tmp_path / "figures/minimax_share.csv")
    assert numbers["share_p50"].iloc[0] == pytest.approx(share["share_p50"], rel=1e-9)
