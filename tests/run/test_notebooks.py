"""The source notebooks keep their form: a parameters form, short cells, no logic, no outputs, the
same headings."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from packages import needed

from training_share.files import repo_root
from training_share.run import parameters_of

FOLDER = repo_root() / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
COMPANIES = ("minimax", "zai", "openai")
HEADINGS = [
    "The costliest runs",
    "What moves the answer",
    "Compared with the newsletter",
    "What this leaves out",
    "Inputs",
    "Try it",
]
LOGIC = {ast.FunctionDef, ast.Lambda, ast.For, ast.If, ast.IfExp, ast.While}
LOGIC |= {ast.ListComp, ast.DictComp, ast.GeneratorExp}
FOLDED = {"jupyter": {"source_hidden": True}}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return request.param, nbformat.read(request.param, as_version=4)


@pytest.mark.slow
def test_sources_are_stripped():
    needed("nbstripout")
    paths = [str(path) for path in NOTEBOOKS]
    check = subprocess.run(
        [Path(sys.executable).parent / "nbstripout", "--verify", "--keep-id", *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_cells_are_sentences(notebook):
    path, content = notebook
    cells = [
        cell for cell in content.cells if cell.cell_type == "code" and not cell.metadata.get("tags")
    ]
    assert len(cells) <= 14
    for cell in cells:
        kinds = {type(node) for node in ast.walk(ast.parse(cell.source))}
        assert not kinds & LOGIC, f"{path.name}: {cell.source}"
        filled = [line for line in cell.source.split("\n") if line.strip()]
        assert len(filled) <= 8, f"{path.name}: {cell.source}"


def test_parameters_cell_is_a_form_that_papermill_reads(notebook):
    path, content = notebook
    cell = next(cell for cell in content.cells if "parameters" in cell.metadata.get("tags", []))
    for line in cell.source.split("\n"):
        assert re.fullmatch(r"\w+: (str|int) = [^=#]+  # [^=#]+", line), line
    from papermill.inspection import inspect_notebook

    inferred = inspect_notebook(str(path))
    assert list(inferred) == list(parameters_of(path))
    assert "figures_dir" in inferred


@pytest.mark.parametrize("name", [*COMPANIES, "comparison", "deepseek", "moonshot"])
def test_the_first_screen_is_question_answer_and_chart(name):
    """The question as title, what has to run first, then answer and chart in one cell."""
    first = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4).cells[:5]
    kinds = ["markdown", "code", "code", "code", "markdown"]
    assert [cell.cell_type for cell in first] == kinds
    title, parameters, start, answer, _ = first
    assert title.source.split("\n")[0].endswith("?") and "Epoch AI" in title.source
    assert parameters.metadata.pop("tags") == ["parameters"]
    for cell in (parameters, start, answer):
        assert dict(cell.metadata) == FOLDED
    assert "settings = ts.begin()\n" in start.source and "**settings" in start.source
    assert "ts.say(" in answer.source and answer.source.count("ts.show(") == 1


@pytest.mark.parametrize("name", COMPANIES)
def test_company_notebooks_share_their_headings(name):
    content = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in content.cells if cell.cell_type == "markdown")
    worked = [] if name == "openai" else ["One run worked out"]  # given in dollars
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == worked + HEADINGS
