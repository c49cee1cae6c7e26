"""A notebook knows its parameters: what is not its own is refused, and what was changed keeps its
figures out of the project's."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from refusals import assert_refused

from training_share.files import repo_root
from training_share.report import parameters
from training_share.report.display import CHANGED_FOLDER, FOLDER_VARIABLE, keep_in, kept_in
from training_share.run import parameters_of

FORM = 'scenario: str = "newsletter"  # a word\nmfu: str = ""  # blank\nfigures_dir: str = ""  # ""'


@pytest.fixture
def ran(monkeypatch, tmp_path):
    """Let the cells of a notebook have run, in a folder of their own."""

    def cells(*sources, folder="."):
        names: dict = {}
        for source in sources:
            exec(source, names)
        shell = SimpleNamespace(user_ns=names | {"In": ["", *sources]})
        monkeypatch.setattr("IPython.get_ipython", lambda: shell)
        (tmp_path / folder).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / folder)

    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    yield cells
    keep_in("")


def test_defaults_leave_the_figures_to_the_project(ran):
    for cells in ((FORM,), (FORM, '# Parameters\nscenario = "newsletter"\nmfu = ""\n')):
        ran(*cells)
        assert parameters.begin() == {"scenario": "newsletter", "mfu": ""}
        assert kept_in() == str(repo_root() / "figures")


@pytest.mark.parametrize(
    "cells",
    [
        (FORM, '# Parameters\nmfu = "0.3"\n'),  # as papermill injects
        (FORM.replace('mfu: str = ""', 'mfu: str = "0.3"'),),  # as edited in JupyterLab
        (FORM, FORM.replace('mfu: str = ""', 'mfu: str = "0.3"')),  # edited and run again
    ],
)
def test_a_changed_run_keeps_its_figures(ran, tmp_path, capsys, cells):
    ran(*cells)
    assert parameters.begin() == {"scenario": "newsletter", "mfu": "0.3"}
    assert kept_in() == str(tmp_path / CHANGED_FOLDER / "mfu-0.3")
    told = capsys.readouterr().out
    assert told == "changed: mfu; figures are saved in figures_of_this_run/mfu-0.3/\n"


def test_runs_that_change_other_things_keep_their_figures_apart(ran, tmp_path):
    kept = {}
    for change in ('mfu = "0.3"', 'mfu = "0.4"', f'mfu = "{"9" * 90}1"', f'mfu = "{"9" * 90}2"'):
        ran(FORM, f"# Parameters\n{change}\n")
        parameters.begin()
        kept[change] = kept_in()
    assert len({*kept.values()}) == len(kept)
    assert all(len(Path(folder).name) < 100 for folder in kept.values())


def test_a_rendered_copy_keeps_its_own_folder(ran, tmp_path):
    ran(FORM, '# Parameters\nscenario = "careful"\n', folder="rendered")
    assert parameters.begin()["scenario"] == "careful"
    assert kept_in() == str(tmp_path / "figures")


def test_what_is_asked_for_wins(ran, monkeypatch):
    ran(FORM, '# Parameters\nfigures_dir = "mine"\n')
    assert "figures_dir" not in parameters.begin() and kept_in() == "mine"
    ran(FORM, '# Parameters\nmfu = "0.3"\n')
    monkeypatch.setenv(FOLDER_VARIABLE, "of the pipeline")
    parameters.begin()
    assert kept_in() == "of the pipeline"


def test_a_value_set_in_a_later_cell_is_the_one_that_counts(ran):
    ran(FORM, "mfu = 0.25")
    assert parameters.begin()["mfu"] == 0.25


@pytest.mark.parametrize("spoil", ["n_draws = 2 * 1000", "print(3)"])
def test_a_cell_of_parameters_that_cannot_be_read_is_refused_and_not_passed_over(ran, spoil):
    ran(f"{FORM}\n{spoil}")
    assert_refused("the cell of parameters, line 4", parameters.begin)


def test_a_parameter_that_the_notebook_lacks_is_refused(ran):
    ran(FORM, '# Parameters\nmuf = "0.3"\n')
    assert_refused(r"no parameter .muf.; did you mean .mfu.", parameters.begin)


def test_outside_a_notebook_nothing_is_asked():
    assert parameters.begin() == {} and kept_in() == ""


@pytest.mark.parametrize(
    "path", sorted((repo_root() / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_a_source_stands_at_the_defaults(path):
    assert not parameters.edited(parameters_of(path))
