"""Small notebooks for tests."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook


def make(
    path: Path, *sources: str, parameters: str = 'scenario: str = "newsletter"  # a word'
) -> None:
    notebook = new_notebook(cells=[new_code_cell(parameters, metadata={"tags": ["parameters"]})])
    notebook.cells += [new_code_cell(source) for source in sources]
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def made_notebook(path, source="", *outputs):
    """Write an executed notebook of one cell."""
    cell = nbformat.v4.new_code_cell(source, outputs=list(outputs))
    title = nbformat.v4.new_markdown_cell("# Made <b>here</b>")
    nbformat.write(nbformat.v4.new_notebook(cells=[title, cell]), path)
    return path
