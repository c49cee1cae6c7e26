"""The recipes run and print what they say."""

import doctest

import pytest

from training_share.files import repo_root


@pytest.mark.slow
def test_recipes():
    result = doctest.testfile(str(repo_root() / "docs/recipes.md"), module_relative=False)
    assert result.attempted > 20 and not result.failed
