"""What a refusal says: where, what, and how to mend it."""

import re
from collections.abc import Callable

import pytest

from training_share.errors import InputError


def assert_refused(told: str, call: Callable, *arguments: object, **settings: object) -> None:
    """Fail unless a call is refused as input, in words in which the pattern `told` is found."""
    with pytest.raises(InputError) as caught:
        call(*arguments, **settings)
    message = str(caught.value)
    assert re.search(told, message, re.DOTALL), f"{told!r} is not in: {message}"
