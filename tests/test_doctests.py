"""The examples in docstrings run and print what they say."""

import doctest
import importlib
import pkgutil

import training_share


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
    ours = "training_share."
    offered = vars(training_share).items()
    calls = {name: call for name, call in offered if getattr(call, "__module__", "")[:15] == ours}
    shown = ("begin", "save", "say", "show", "show_table")  # in a notebook
    without = [
        name
        for name, call in calls.items()
        if callable(call) and not isinstance(call, type) and name not in shown
        if ">>>" not in call.__doc__
    ]
    assert not without
