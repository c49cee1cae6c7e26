"""The package's one kind of refusal: where, what, and how to mend it."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any


class InputError(ValueError):
    """Input that cannot be used. Its message says where the fault is, what is wrong and how to
    mend it."""


class UnknownName(InputError, KeyError):
    """Input that names nothing that exists."""

    __str__ = Exception.__str__  # a KeyError would quote its message


def nearest(word: object, options: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, or the list of what exists where nothing resembles `word`."""
    names = sorted({str(option) for option in options})
    close = difflib.get_close_matches(str(word), names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known: {', '.join(names)}" if names else "; none exists"


def require_known(word: object, options: Iterable[str], what: str) -> None:
    """Raise InputError unless `word` is one of `options`; `what` names their kind ("company")."""
    names = list(options)
    if not isinstance(word, str) or word not in names:
        raise UnknownName(f"unknown {what} {word!r}{nearest(word, names)}")


def whole_number(value: Any, name: str, minimum: int = 1, most: int | None = None) -> int:
    """Return `value` as an int from `minimum` to `most`; InputError for 2.5, "many", True and the
    like."""
    integral = hasattr(value, "__index__") and not getattr(value, "shape", ())  # of an array
    if not integral or isinstance(value, bool) or (number := int(value)) < minimum:
        raise InputError(f"{name}: expected a whole number of at least {minimum}, got {value!r}")
    if most is not None and number > most:
        raise InputError(f"{name}: {number:,} would not fit into memory; {most:,} at most")
    return number


@contextmanager
def needs(extra: str, what: str) -> Iterator[None]:
    """Within it a package that is not installed is an InputError, naming the extra it is in."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise InputError(
            f"{what} need {error.name}, which is not installed: pip install -e '.[{extra}]', or"
            f" uv sync --extra {extra}"
        ) from error
