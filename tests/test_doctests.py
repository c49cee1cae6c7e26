"""The examples in docstrings, README.md and docs/recipes.md run and print what they say."""

import doctest
import importlib
import pkgutil

import matplotlib
import pytest

import training_share
from training_share.files import repo_root

IN_A_NOTEBOOK = ("begin", "save", "say", "show", "show_table")


@pytest.mark.slow
def test_the_examples_run():
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(training_share.__path__, "training_share.")
        if not module.name.endswith("__main__")
    ]
    results = {module.__name__: doctest.testmod(module) for module in modules}
    assert not {name: result for name, result in results.items() if result.failed}
    assert sum(result.attempted for result in results.values()) > 10


def test_the_public_calls_carry_examples():
    for name, call in vars(training_share).items():
        ours = getattr(call, "__module__", "").startswith("training_share.")
        if ours and not isinstance(call, type) and name not in IN_A_NOTEBOOK:
            assert ">>>" in call.__doc__, name


@pytest.mark.slow
@pytest.mark.parametrize(("page", "least"), [("README.md", 8), ("docs/recipes.md", 41)])
def test_the_recipes_run(tmp_path, page, least):
    matplotlib.use("Agg")
    path, given = str(repo_root() / page), {"folder": tmp_path}
    result = doctest.testfile(path, module_relative=False, extraglobs=given)
    assert result.failed == 0 and result.attempted >= least
    assert page == "README.md" or (tmp_path / "shares.pdf").read_bytes().startswith(b"%PDF")
