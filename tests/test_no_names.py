"""A company may be renamed: no code knows what it is called."""

import ast
import json
from pathlib import Path

import training_share
from training_share.files import repo_root
from training_share.inputs.tables import load


def words_of(source: str) -> set[str]:
    """Return the texts in a piece of code, docstrings aside."""
    nodes = list(ast.walk(ast.parse(source)))
    told = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    texts = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in told]
    return {node.value for node in texts if isinstance(node.value, str)}


def test_no_code_has_a_company_s_name():
    sources = {p: p.read_text("utf-8") for p in Path(training_share.__file__).parent.rglob("*.py")}
    for path in (repo_root() / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        sources[path] = "\n".join(code)
    names = {row.display_name for row in load().companies.values()}
    found = {path.name: names & words_of(source) for path, source in sources.items()}
    assert not {name: words for name, words in found.items() if words}
