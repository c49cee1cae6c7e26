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
    with pytest.raises(InputError) as caught:
        load(data_copy.folder)
    return str(caught.value)


def assert_refused(told: str, call: Callable, *arguments: object, **settings: object) -> None:
    """Fail unless a call is refused as input, in words in which the pattern `told` is found."""
    with pytest.raises(InputError) as caught:
        call(*arguments, **settings)
    message = str(caught.value)
    assert re.search(told, message, re.DOTALL), f"{told!r} is not in: {message}"
