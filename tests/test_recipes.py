"""The examples of docs/recipes.md run and print what they say."""

import doctest

import matplotlib
import pytest

from training_share.files import repo_root


@pytest.mark.slow
def test_the_recipes_run(tmp_path):
    matplotlib.use("Agg")
    path, given = str(repo_root() / "docs/recipes.md"), {"folder": tmp_path}
    result = doctest.testfile(path, module_relative=False, extraglobs=given)
    assert result.failed == 0 and result.attempted > 40
    assert (tmp_path / "shares.pdf").read_bytes().startswith(b"%PDF")
