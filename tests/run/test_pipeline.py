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
from training_share.files import alone_in, repo_root
from training_share.run import execute, plan, runs

ROOT = repo_root()
BIN = Path(sys.executable).parent


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def faults(ran: runs.Ran) -> dict[str, str]:
    return {job.source.stem: end.fault for ends in ran.done.values() for job, end in ends}


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
        runs.run(names, parameters, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_parameters_need_a_folder_of_their_own():
    with pytest.raises(ts.InputError, match="add --out"):
        runs.run(["zai"], {"scenario": "careful"})


def test_an_unwritable_folder_is_refused(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(ts.InputError, match="cannot be written"):
        runs.run(["zai"], out=blocker / "out")


@pytest.mark.slow
def test_a_scenario_elsewhere_equals_the_estimate_and_a_second_run_changes_nothing(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("MPLBACKEND", "Agg")  # would keep figures out of a notebook
    monkeypatch.chdir("/")
    settings = {"scenario": "careful", "n_draws": "2000"}
    out = tmp_path / "a folder with spaces, é and {braces}"
    before = digests(ROOT / "figures"), digests(ROOT / "notebooks")
    assert faults(runs.run(["zai"], settings, out=out, quiet=True)) == {"zai": ""}
    first = digests(out)
    numbers = pd.read_csv(out / "figures" / "zai_share.csv")
    share = ts.estimate("zai", "careful", n_draws=2000).summary()
    assert numbers["share_p50"].iloc[0] == pytest.approx(share["share_p50"], rel=1e-9)
    assert {"rendered/zai.ipynb", "figures/zai_share.png", "figures/zai_share.svg"} <= set(first)
    assert str(tmp_path) not in (out / "rendered" / "zai.ipynb").read_text(encoding="utf-8")
    assert faults(runs.run(["zai"], settings, out=out, quiet=True)) == {"zai": ""}
    assert digests(out) == first
    assert (digests(ROOT / "figures"), digests(ROOT / "notebooks")) == before


@pytest.mark.parametrize("out", ["", ".", "notebooks", "notebooks/../notebooks"])
def test_a_run_elsewhere_cannot_mean_the_projects_own_results(tmp_path, monkeypatch, out):
    project = tmp_path / "project"
    make(project / "notebooks/mine.ipynb")
    monkeypatch.chdir(project)
    monkeypatch.setattr(plan, "repo_root", lambda: project)
    with pytest.raises(ts.InputError, match=r"holds the project's own results.*--out my_scenario"):
        plan.prepare(["mine"], {"scenario": "careful"}, out)
    (tmp_path / "link").symlink_to(project)
    with pytest.raises(ts.InputError, match="own results"):
        plan.prepare(["mine"], out=tmp_path / "link", notebooks_dir=tmp_path / "link/notebooks")
    assert not (project / "figures").exists() and not list(project.rglob("rendered"))
    assert (
        plan.prepare(["mine"], {"scenario": "careful"}, "elsewhere")[0].figures
        == project / "elsewhere/figures"
    )
    assert plan.prepare(["mine"])[0].figures == project / "figures"


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
    monkeypatch, capsys, tmp_path, ran, parameters, shown
):
    monkeypatch.setattr(runs, "execute_all", lambda plan, *_: [execute.Outcome()] * len(plan))
    given = {"n_draws": "500"} | parameters
    options = [word for pair in given.items() for word in ("-p", *pair)]
    assert cli.run_command([*ran, *options, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert [line.split("  ")[0] for line in printed.splitlines() if "USDm" in line] == shown
    assert bool(printed) == bool(shown) and "lower bound" not in printed


@pytest.mark.parametrize(
    ("company", "caveat"), [("minimax", "lower bound"), ("openai", "mismatched window")]
)
def test_the_closing_table_says_the_caveat(company, caveat):
    jobs = plan.prepare([company], {"n_draws": 500, "release_lag_months": "6"}, "unused")
    done = {"": [(job, execute.Outcome()) for job in jobs]}
    text = runs.results_text(runs.Ran(done, runs.results(done)), changed=True)
    assert text.endswith(caveat)


def test_a_notebook_with_parameters_of_its_own_has_no_table_of_shares(
    monkeypatch, capsys, tmp_path
):
    make(tmp_path / "notebooks/mine.ipynb", parameters='words: str = "a"  # no call takes them')
    monkeypatch.setattr(runs, "execute_all", lambda plan, *_: [execute.Outcome()] * len(plan))
    folders = ["--notebooks-dir", str(tmp_path / "notebooks"), "--out", str(tmp_path / "out")]
    assert cli.run_command(folders) == 0
    assert "no table of shares: " in capsys.readouterr().out


def test_a_folder_without_notebooks_is_refused(tmp_path):
    with pytest.raises(ts.InputError, match="holds no notebooks"):
        plan.prepare(notebooks_dir=tmp_path)


def test_results_stand_beside_the_defaults_and_leave_out_what_failed():
    jobs = plan.prepare(["minimax", "zai"], {"n_draws": 500, "cny_per_usd": "5"}, "unused")
    ended = [execute.Outcome("broke"), execute.Outcome()]
    (row,) = runs.results({"": list(zip(jobs, ended, strict=True))}).itertuples()
    own, default = (
        ts.estimate("zai", n_draws=500, cny_per_usd=rate).summary()["share_p50"] for rate in (5, "")
    )
    assert (row.company, row.share_p50, row.default_p50) == ("Z.ai", own, default)
    assert row.difference == own - default and default > own


@pytest.mark.slow
def test_what_a_notebook_does_not_take_is_named(tmp_path, capsys):
    make(tmp_path / "notebooks/plain.ipynb")
    make(tmp_path / "notebooks/more.ipynb", parameters='cny_per_usd: str = ""  # a rate')
    jobs = plan.prepare((), {"cny_per_usd": "5"}, tmp_path / "out", tmp_path / "notebooks")
    assert {job.source.stem: job.without for job in jobs} == {"more": (), "plain": ("cny_per_usd",)}
    assert jobs[1].parameters == {}
    folders = ["--notebooks-dir", str(tmp_path / "notebooks"), "--out", str(tmp_path / "out")]
    assert cli.run_command(["-p", "cny_per_usd", "5", *folders]) == 0
    assert "plain: takes no cny_per_usd; it ran without" in capsys.readouterr().out


def test_only_the_source_as_it_is_stands_for_the_defaults(tmp_path, monkeypatch):
    make(tmp_path / "notebooks/mine.ipynb", parameters='scenario: str = "careful"  # a word')
    where = {"notebooks_dir": tmp_path / "notebooks"}
    with pytest.raises(ts.InputError, match=r"mine\.ipynb, parameters cell: scenario differ"):
        plan.prepare(**where)
    assert plan.prepare(out=tmp_path / "out", **where)[0].settings == {"scenario": "careful"}
    notebook = nbformat.read(tmp_path / "notebooks/mine.ipynb", as_version=4)
    injected = nbformat.v4.new_code_cell(
        "# Parameters\nseed = 1", metadata={"tags": ["injected-parameters"]}
    )
    notebook.cells.insert(1, injected)
    nbformat.write(notebook, tmp_path / "notebooks/mine.ipynb")
    with pytest.raises(ts.InputError, match="it is an executed copy"):
        plan.prepare(out=tmp_path / "out", **where)


def test_the_names_of_a_run_are_taken_as_they_are(tmp_path, monkeypatch):
    make(tmp_path / "elsewhere/real.ipynb")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks/link.ipynb").symlink_to(tmp_path / "elsewhere/real.ipynb")
    monkeypatch.setenv("HOME", str(tmp_path))
    (job,) = plan.prepare(["link", "link.ipynb"], {"scenario": None}, "~/out", "~/notebooks")
    assert job.source.name == "link.ipynb" and job.parameters == {}
    assert job.rendered == tmp_path / "out/rendered"


@pytest.mark.slow
def test_a_folder_holds_one_run(tmp_path):
    make(tmp_path / "notebooks/mine.ipynb", "scenario")
    where = {"out": tmp_path / "out", "notebooks_dir": tmp_path / "notebooks", "quiet": True}
    for _ in range(2):
        assert faults(runs.run(parameters={"scenario": "careful"}, **where)) == {"mine": ""}
    (tmp_path / "out/mine.txt").write_text("not a run's")
    with pytest.raises(ts.InputError, match=r"a run with .*careful.*--replace"):
        runs.run(parameters={"scenario": "appendix"}, **where)
    (tmp_path / "out/0007_seed_3").mkdir()
    replaced = runs.run(parameters={"scenario": "appendix"}, replace=True, **where)
    assert faults(replaced) == {"mine": ""}
    left = {path.name for path in (tmp_path / "out").iterdir()}
    results = {f"results.{kind}" for kind in ("csv", "png", "svg")}
    assert left == {"rendered", "figures", "parameters.yaml", "mine.txt"} | results
    assert "appendix" in (tmp_path / "out/parameters.yaml").read_text()


def test_two_runs_cannot_write_to_one_folder(tmp_path):
    make(tmp_path / "notebooks/mine.ipynb")
    where = {"out": tmp_path / "out", "notebooks_dir": tmp_path / "notebooks"}
    (tmp_path / "out").mkdir()
    with alone_in(tmp_path / "out"), pytest.raises(ts.InputError, match="another run is writing"):
        runs.run(**where)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.slow
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
    (out / "parameters.yaml").write_text("{}\n")
    before = digests(out)
    assert cli.run_command(["--out", str(out), "--notebooks-dir", str(tmp_path / "notebooks")]) == 1
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
    jobs = plan.prepare(
        ["small", "large", "new"], out=tmp_path / "out", notebooks_dir=tmp_path / "notebooks"
    )
    assert [jobs[place].source.stem for place in execute._longest_first(jobs)] == [
        "new",
        "large",
        "small",
    ]


def test_few_open_files_make_for_fewer_kernels(monkeypatch):
    monkeypatch.setattr(execute.os, "cpu_count", lambda: 16)
    for files, kernels in ((1024, 17), (256, 5), (10, 1)):
        monkeypatch.setattr(execute.os, "sysconf", lambda _, files=files: files)
        assert execute._at_once() == kernels


def test_the_command_line_refuses_with_status_2(capsys):
    assert cli.run_command(["nosuch"]) == 2
    assert "unknown notebook" in capsys.readouterr().err


@pytest.mark.slow
def test_grid_runs_every_combination_with_a_manifest(tmp_path):
    make(
        tmp_path / "notebooks/small.ipynb",
        "print(scenario, seed)",
        parameters='scenario: str = "newsletter"  # a word\nseed: int = 1  # a number',
    )
    grid = tmp_path / "grid.yaml"
    grid.write_text("scenario: [newsletter, appendix]\nseed: [1, 2]\n")
    _, manifest = runs.run_grid(
        grid, ["small"], tmp_path / "out", notebooks_dir=tmp_path / "notebooks", quiet=True
    )
    assert list(zip(manifest["scenario"], manifest["seed"], strict=True)) == [
        ("newsletter", 1),
        ("newsletter", 2),
        ("appendix", 1),
        ("appendix", 2),
    ]
    assert (manifest["status"] == "done").all()
    executed = nbformat.read(
        tmp_path / "out/0003_scenario_appendix_seed_1/rendered/small.ipynb", as_version=4
    )
    assert executed.cells[-1].outputs[0]["text"] == "appendix 1\n"
    assert len(pd.read_csv(tmp_path / "out/manifest.csv")) == 4


BILLION = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]"
MANY = "seed: [" + ", ".join(map(str, range(100))) + "]\nn_draws: [" + "1, " * 30 + "1]"


@pytest.mark.parametrize(
    "text", ["just words", "scenario: newsletter", "[1, 2]", "a: [1", BILLION, MANY]
)
def test_a_bad_grid_is_refused(tmp_path, text):
    grid = tmp_path / "grid.yaml"
    grid.write_text(text)
    with pytest.raises(ts.InputError, match=r"grid\.yaml"):
        runs.run_grid(grid, ["zai"], tmp_path / "out")


@pytest.mark.slow
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
