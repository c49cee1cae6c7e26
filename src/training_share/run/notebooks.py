"""Notebook files: the parameters they take, whether an executed copy is whole, and its canonical
form."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from training_share.errors import InputError
from training_share.report.parameters import literals

INJECTED_ID = "injected-parameters"
LIVE = (
    "application/vnd.jupyter.widget-view+json",
    "application/javascript",
)  # need a kernel, or JupyterLab


def parameters_of(path: str | Path) -> dict[str, object]:
    """Return the names and defaults assigned in the cell tagged `parameters`.

    Raises InputError where the file is no notebook or an executed copy, has no such cell, or
    assigns anything but literals in it.
    """
    path = Path(path)
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        raise InputError(f"{path.name}: not a notebook ({error})") from error
    tagged = [(cell.metadata.get("tags", []), cell) for cell in notebook.cells]
    if any("injected-parameters" in tags for tags, _ in tagged):
        raise InputError(
            f"{path.name} holds a cell of parameters that papermill injected: it is an executed"
            " copy. Put the source back (git checkout), or remove that cell"
        )
    cells = [cell for tags, cell in tagged if "parameters" in tags]
    if len(cells) != 1:
        raise InputError(
            f"{path.name}: {len(cells)} cells are tagged 'parameters'; tag exactly one"
        )
    try:
        return literals(cells[0].source)
    except (ValueError, SyntaxError) as error:
        raise InputError(f"{path.name}, parameters cell, {error}") from None


def unfinished(notebook: NotebookNode) -> str:
    """Say what an executed notebook lacks: a cell that did not run, or one that ended in an error;
    or ""."""
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        if cell.execution_count is None:
            return f"cell {number} did not run (did an earlier cell end the kernel?)"
        if any(output.output_type == "error" for output in cell.outputs):
            return f"cell {number} ended in an error"
    return ""


def canonical(notebook: NotebookNode) -> str:
    """Return a notebook's text with nothing in it that differs between two runs of the same
    thing."""
    notebook = deepcopy(notebook)
    for name in ("papermill", "widgets"):
        notebook.metadata.pop(name, None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        for name in ("papermill", "execution"):
            cell.metadata.pop(name, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = INJECTED_ID
        cell.metadata.get("tags", []).sort()
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _only_live(output)]
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"


def _only_live(output: NotebookNode) -> bool:
    """Take the live parts, which need a kernel, out of an output, and say whether nothing is left
    to show."""
    data = output.get("data", {})
    live = [kind for kind in LIVE if data.pop(kind, None) is not None]
    return bool(live) and not set(data) - {"text/plain"}
