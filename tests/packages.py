"""Packages of requirements-dev.txt, without which a test skips."""

from types import ModuleType

import pytest


def needed(name: str) -> ModuleType:
    """Return a module, or skip the tests that ask for it and say how to have it."""
    return pytest.importorskip(name, reason=f"no {name}: pip install -r requirements-dev.txt")
