"""What a refusal says: where, what, and how to mend it; and the tables of cases beside tests."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from training_share.errors import InputError
from training_share.inputs.tables import load


def cases(test_file: str, name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV beside a test file."""
    with Path(test_file).with_name(f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def refusal(data_copy) -> str:
    """Return what a spoilt copy of the data is refused with."""
    return assert_refused("", load, data_copy.folder)


def assert_refused(told: str, call: Callable, *arguments: object, **settings: object) -> str:
    """Fail unless a call is refused as input, in words in which the pattern `told` is found; return
    those words."""
    with pytest.raises(InputError) as caught:
        call(*arguments, **settings)
    message = str(caught.value)
    assert re.search(told, message, re.DOTALL), f"{told!r} is not in: {message}"
    return message
