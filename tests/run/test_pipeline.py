"""The notebooks through papermill: the pipeline's refusals, failures and repeats, and the plain
command."""

import ast
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from made_notebooks import make
from refusals import assert_refused, cases

import training_share as ts
from training_share import cli, files, run
from training_share.files import alone_in, repo_root

ROOT = repo_root()
BIN = Path(sys.executable).parent
REFUSED = [tuple(row.values()) for row in cases(__file__, "refused")]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- refused before anything runs -----------------------------------------------------------------
@pytest.mark.parametrize(("names", "grid", "words"), REFUSED)
def test_refused_before_anything_runs(tmp_path, names, grid, words):
    assert_refused(words, run.run, names.split(), ast.literal_eval(grid or "{}"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("place", ["/", "..", ".", "figures", "notebooks/mine", "data/mine"])
def test_a_run_elsewhere_is_not_in_the_projects_own_folders(monkeypatch, place):
    monkeypatch.chdir(ROOT)
    before = set(ROOT.iterdir())
    assert_refused("name a new", run.run, ["zai"], {"n_draws": [100]}, place, replace=True)
    assert set(ROOT.iterdir()) == before and not Path(place, "rendered", "zai.ipynb").exists()


@pytest.mark.parametrize("replace", [False, True])
def test_a_folder_that_no_run_made_is_left_alone(tmp_path, replace):
    for name in ("figures/own.png", "2024/thesis.tex", "site/index.html", "parameters.yaml"):
        (tmp_path / "paper" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "paper" / name).write_text("mine")
    before = digests(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for place in ("paper", "link", "loop"):
        with pytest.raises(ts.InputError, match=r"holds what no run wrote|a link leads elsewhere"):
            run.run(["zai"], {"n_draws": [100]}, tmp_path / place, replace=replace)
    assert digests(tmp_path) == before


def test_parameters_need_a_folder_and_one_that_can_be_written(tmp_path):
    assert_refused("add --out", run.run, ["zai"], {"scenario": ["careful"]})
    for options in ("--out /dev/null/out", f"--out {tmp_path / ('long' * 100)}", "--jobs 0"):
        assert cli.main(["run", "zai", *options.split()]) == 2
    assert_refused("holds no notebooks", run.run, notebooks_dir=tmp_path)


def test_only_the_source_as_it_is_stands_for_the_defaults(tmp_path):
    source = tmp_path / "mine.ipynb"
    make(source, parameters='scenario: str = "careful"  # a word')
    assert_refused(
        r"mine\.ipynb, parameters cell: scenario differ", run.run, notebooks_dir=tmp_path
    )
    notebook = nbformat.read(source, as_version=4)
    injected = nbformat.v4.new_code_cell("seed = 1", metadata={"tags": ["injected-parameters"]})
    notebook.cells.insert(1, injected)
    nbformat.write(notebook, source)
    assert_refused("is an executed copy", run.parameters_of, source)
    source.write_text("<<<<<<< ours\n" + source.read_text())
    assert_refused(r"mine\.ipynb: no notebook", run.parameters_of, source)


MANY = "seed: [" + ", ".join(map(str, range(100))) + "]\nn_draws: [" + "1, " * 30 + "1]"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("just words", "one parameter a line"),
        ("[1, 2]", "one parameter a line"),
        ("a: [1", "one parameter a line"),
        ("scenario: newsletter", "write a list of values"),
        ("a: &a [x, x]\nb: [*a, *a]", "write a list of values"),
        ("seed: [1]\nseed: [2]", "seed is given twice"),
        (MANY, "3,100 combinations"),
    ],
)
def test_a_bad_grid_is_refused(tmp_path, text, words):
    (tmp_path / "grid.yaml").write_text(text)
    assert_refused(rf"grid\.yaml.*{words}", run.grid_of, path=tmp_path / "grid.yaml")


def test_a_parameter_given_twice_is_refused(tmp_path):
    (tmp_path / "grid.yaml").write_text("seed: [1, 2]")
    for pairs, path in (([("seed", "1"), ("seed", "2")], None), ([("seed", "1")], "grid.yaml")):
        assert_refused("seed is given twice", run.grid_of, pairs, path and tmp_path / path)


@pytest.mark.parametrize("package", ["bs4", "openpyxl"])
def test_a_missing_extra_is_named_before_notebooks_run(package, monkeypatch, tmp_path, capsys):
    monkeypatch.delitem(sys.modules, "training_share.site.pages", raising=False)
    monkeypatch.setitem(sys.modules, package, None)  # as where it is not installed
    assert cli.main(["run", "zai", "--html", "--out", str(tmp_path / "out")]) == 2
    told = f"need {package}, which is not installed: pip install -e '.[site]'"
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# --- what a run gives -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("names", "grid", "companies"),
    [
        (["zai", "deepseek"], {}, ["zai"]),
        (["deepseek"], {}, []),
        (["minimax", "zai"], {"scenario": ["careful"]}, ["minimax", "zai"]),
        (["audit"], {}, ["openai", "minimax", "zai"]),
        (["comparison", "zai"], {}, ["openai", "minimax", "zai"]),
        (["comparison"], {"companies": ["zai,openai"]}, ["zai", "openai"]),
        (
            ["comparison"],
            {"scenario": ["newsletter", "careful"], "companies": ["zai"]},
            ["zai"] * 2,
        ),
        (["explorer"], {"company": ["zai"]}, ["zai"]),
    ],
)
def test_results_are_of_the_companies_that_run(names, grid, companies):
    plan = run.plan_of(ROOT / "notebooks", names, {"n_draws": [500], **grid}, Path("out"))
    assert list(run.results(plan).get("company", [])) == companies


def test_results_are_the_estimates_beside_the_defaults():
    grid = {"n_draws": ["500"], "mfu": ["0.2", "0.3"], "release_lag_months": ["3", "6"]}
    table = run.results(run.plan_of(ROOT / "notebooks", ["minimax"], grid, Path("out")))
    assert list(table["mfu"]) == ["0.2", "0.2", "0.3", "0.3"]
    assert list(table["caveat"]) == ["", "lower bound"] * 2
    for row in table.itertuples():
        est = ts.estimate(
            "minimax", n_draws=500, mfu=row.mfu, release_lag_months=row.release_lag_months
        )
        assert row.share_p50 == est.summary()["share_p50"]
    default = ts.estimate("minimax", n_draws=500).summary()["share_p50"]
    assert set(table["default_p50"]) == {default} and default not in set(table["share_p50"])


def test_a_notebook_with_parameters_of_its_own_has_no_results(tmp_path):
    make(tmp_path / "mine.ipynb", parameters='words: str = "a"  # no call takes them')
    assert run.results(run.plan_of(tmp_path, (), {}, tmp_path / "out")).empty


@pytest.mark.slow
def test_a_scenario_elsewhere_equals_the_estimate_and_leaves_the_project(tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")  # would keep figures out of a notebook
    monkeypatch.chdir("/")
    call = ["zai"], {"scenario": ["careful"], "n_draws": ["2000"]}
    out = tmp_path / "a folder with spaces, é and {braces}"
    before = digests(ROOT / "figures"), digests(ROOT / "notebooks")
    assert list(run.run(*call, out).values()) == [""]
    first = digests(out)
    numbers = pd.read_csv(out / "figures" / "zai_share.csv")
    share = ts.estimate("zai", "careful", n_draws=2000).summary()
    assert numbers["share_p50"].iloc[0] == pytest.approx(share["share_p50"], rel=1e-9)
    assert {"rendered/zai.ipynb", "figures/zai_share.png", "figures/zai_share.svg"} <= set(first)
    assert str(tmp_path) not in (out / "rendered" / "zai.ipynb").read_text(encoding="utf-8")
    assert (digests(ROOT / "figures"), digests(ROOT / "notebooks")) == before


@pytest.mark.slow
def test_a_grid_is_a_folder_a_combination_and_one_table(tmp_path):
    form = 'scenario: str = "newsletter"  # a word\nseed: int = 1  # a number'
    make(tmp_path / "notebooks/small.ipynb", "print(scenario, seed)", parameters=form)
    make(tmp_path / "notebooks/without.ipynb")
    (tmp_path / "grid.yaml").write_text("scenario: [newsletter, appendix]\nseed: [1, 2]\n")
    places = ["--out", str(tmp_path / "out"), "--notebooks-dir", str(tmp_path / "notebooks")]
    assert cli.main(["run", "--grid", str(tmp_path / "grid.yaml"), *places]) == 0
    (third,) = (tmp_path / "out/0003/rendered").iterdir()  # not the one that takes no seed
    assert nbformat.read(third, 4).cells[-1].outputs[0]["text"] == "appendix 1\n"
    table = pd.read_csv(tmp_path / "out/results.csv")
    settings = table.drop_duplicates(["scenario", "seed"])[["scenario", "seed"]]
    assert settings.to_numpy().tolist() == [
        ["newsletter", 1], ["newsletter", 2], ["appendix", 1], ["appendix", 2]
    ]  # fmt: skip


# --- the folder of a run --------------------------------------------------------------------------
@pytest.mark.slow
def test_a_folder_holds_one_run_and_what_no_run_wrote_stays(tmp_path):
    make(tmp_path / "notebooks/mine.ipynb", "scenario")
    out = tmp_path / "out"

    def told(scenario, **how):
        where = {"out": out, "notebooks_dir": tmp_path / "notebooks"}
        return list(run.run(grid={"scenario": [scenario]}, **where, **how).values())

    assert told("careful") == [""]
    first = digests(out)
    assert told("careful") == [""] and digests(out) == first, "a second run changes nothing"
    own = ["keep.txt", "rendered/notes.ipynb", "figures/own.png", "2024/thesis.tex"]
    for name in own:
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("mine")
    assert_refused(r"a run with .*careful.*--replace", told, "appendix")
    (tmp_path / "notebooks/mine.ipynb").rename(tmp_path / "notebooks/other.ipynb")
    assert told("appendix", replace=True) == [""]
    written = {"parameters.yaml", "results.csv", "rendered/other.ipynb"}
    assert set(digests(out)) == {*own, *written}
    (out / "rendered/other.ipynb").replace(out / "rendered/mine.ipynb")
    (tmp_path / "notebooks/other.ipynb").rename(tmp_path / "notebooks/mine.ipynb")
    assert "no run wrote it" in told("appendix")[0]


def test_a_record_cannot_name_what_lies_elsewhere(tmp_path):
    (tmp_path / "out").mkdir()
    record = tmp_path / "out/parameters.yaml"
    record.write_bytes(files.record_of(["../elsewhere", "/etc/hosts", "own"]))
    assert files.recorded(record) == [tmp_path / "out/own"]


def test_two_runs_cannot_write_to_one_folder(tmp_path):
    make(tmp_path / "notebooks/mine.ipynb")
    (tmp_path / "out").mkdir()
    with alone_in(tmp_path / "out"), pytest.raises(ts.InputError, match="another run is writing"):
        run.run(out=tmp_path / "out", notebooks_dir=tmp_path / "notebooks")
    assert not list((tmp_path / "out").iterdir())


FAILING = {
    "raise ValueError('it broke here')": "cell 3: ValueError: it broke here",
    "import sys; sys.exit(0)": "ended in an error",
    "import os; os._exit(1)": "DeadKernelError",
}


@pytest.mark.slow
def test_failing_notebooks_lose_nothing(tmp_path, capfd):
    out, command = tmp_path / "out", ["run", "--notebooks-dir", str(tmp_path / "notebooks")]
    figure = (
        "import os, pathlib\nfolder = pathlib.Path(os.environ['TRAINING_SHARE_FIGURES'])\n"
        "folder.mkdir()\n(folder / '{}.csv').write_text('a figure')"
    )
    for number in range(3):
        make(tmp_path / f"notebooks/{number}.ipynb", figure.format(number))
    assert cli.main([*command, "--out", str(out)]) == 0
    good = {name: of for name, of in digests(out).items() if name != "parameters.yaml"}
    assert len(good) == 1 + 2 * 3
    for number, cell in enumerate(FAILING):
        half = figure.format(number).replace("a figure", "half")
        make(tmp_path / f"notebooks/{number}.ipynb", half, cell, "1 + 1")
    assert cli.main([*command, "--out", str(out)]) == 1
    told, after = capfd.readouterr().err, digests(out)
    for number, words in enumerate(FAILING.values()):
        assert words in told and f"{number}.failed.ipynb" in told
        assert after.pop(f"rendered/{number}.failed.ipynb")
    assert after.pop("parameters.yaml") and after == good


# --- other machines, other programs ---------------------------------------------------------------
@pytest.mark.slow
def test_a_notebook_saved_elsewhere_runs_on_this_python_and_needs_no_home(tmp_path, monkeypatch):
    make(tmp_path / "conda.ipynb", "import matplotlib.pyplot", "import sys; sys.executable")
    notebook = nbformat.read(tmp_path / "conda.ipynb", as_version=4)
    notebook.metadata["kernelspec"]["name"] = "conda-env-ts-py"
    nbformat.write(notebook, tmp_path / "conda.ipynb")
    del notebook.metadata["kernelspec"]
    nbformat.write(notebook, tmp_path / "none.ipynb")
    monkeypatch.setenv("HOME", "/proc/nobody")  # where nobody writes, root included
    for name in ("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    ran = run.run(out=tmp_path / "out", notebooks_dir=tmp_path)
    assert list(ran.values()) == ["", ""]
    for job in ran:
        cells = nbformat.read(job.rendered / job.source.name, as_version=4).cells
        assert not cells[1].outputs and sys.executable in cells[2].outputs[0].data["text/plain"]


@pytest.mark.slow
def test_a_reader_who_has_read_enough_ends_nothing_in_a_traceback():
    command = f"{sys.executable} -m training_share.pipeline --help | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: training-share run") and not done.stderr


@pytest.mark.slow
def test_the_plain_papermill_command_works_from_any_folder(tmp_path):
    mfu_rl = "0.01 to 0.10 (p10-p90 lognormal)"
    given = {"n_draws": "500", "mfu_rl": mfu_rl, "figures_dir": tmp_path / "figures"}
    options = [word for name, value in given.items() for word in ("-p", name, value)]
    places = ROOT / "notebooks/zai.ipynb", tmp_path / "out.ipynb"
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    done = subprocess.run(
        [BIN / "papermill", *places, *options, "--no-progress-bar"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    share = ts.estimate("zai", n_draws=500, mfu_rl=mfu_rl).summary()
    numbers = pd.read_csv(tmp_path / "figures/zai_share.csv")
    assert numbers["share_p50"].iloc[0] == pytest.approx(share["share_p50"], rel=1e-9)


@pytest.mark.slow
def test_what_is_replaced_stays_until_all_of_the_new_is_there(tmp_path):
    """A failing notebook and a signal leave what the earlier run wrote."""
    out, notebooks = tmp_path / "out", tmp_path / "notebooks"
    again = {"grid": {"scenario": ["appendix"]}, "out": out, "notebooks_dir": notebooks}
    make(notebooks / "a.ipynb", "'the last good one'")
    assert run.run(out=out, notebooks_dir=notebooks)
    before = digests(out)["rendered/a.ipynb"]
    make(notebooks / "a.ipynb", "1 / 0")
    assert any(run.run(**again, replace=True).values())
    assert digests(out)["rendered/a.ipynb"] == before
    make(notebooks / "a.ipynb", "import os, signal; os.kill(os.getppid(), signal.SIGTERM)")
    before_test = signal.signal(signal.SIGTERM, signal.default_int_handler)  # as the command does
    try:
        with pytest.raises(KeyboardInterrupt):
            run.run(**again, replace=True)
    finally:
        signal.signal(signal.SIGTERM, before_test)
    assert digests(out)["rendered/a.ipynb"] == before
    make(notebooks / "a.ipynb", "'new'")
    assert run.run(**again, replace=True)
    left = digests(out)
    assert set(left) == {"parameters.yaml", "results.csv", "rendered/a.ipynb"}
    assert left["rendered/a.ipynb"] != before


# --- an estimate on the command line -------------------------------------------------------------
def test_an_estimate_is_its_answer(capsys):
    assert cli.main(["estimate", "zai", "--mfu", "0.4", "--n-draws", "500"]) == 0
    est = ts.estimate("zai", mfu=0.4, n_draws=500)
    assert capsys.readouterr().out.strip() == ts.sentences.answer(est).replace("**", "")
    assert cli.main(["estimate", "deepseek", "--n-draws", "500"]) == 0
    assert "final training runs cost about" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["minimx"], "did you mean 'minimax'"),
        (["zai", "--mfuu", "0.4"], "did you mean 'mfu'"),
        (["zai", "--mfu"], "--mfu: write each setting once"),
        (["zai", "mfu", "0.4"], "mfu: write each setting once"),
        (["zai", "--mfu", "0.4", "--mfu", "0.3"], "--mfu: write each setting once"),
        (["zai", "--n_draws", "many"], "n_draws: expected a whole number"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(capsys, settings, words):
    assert cli.main(["estimate", *settings]) == 2
    assert words in capsys.readouterr().err
