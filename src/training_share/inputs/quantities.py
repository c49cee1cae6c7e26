"""Python objects as quantities: what a cell takes beside text in the notation."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from training_share.errors import InputError
from training_share.inputs.notation import Distribution

RANKS = np.linspace(0, 1, 4098)[1:-1]  # at which two distributions are told apart
Content = str | Distribution  # of a cell


@dataclass(frozen=True, eq=False)
class Empirical(Distribution):
    """Computed draws, interpolated between their order statistics; no notation says it."""

    draws: np.ndarray = field(repr=False)

    @cached_property
    def _ordered(self) -> np.ndarray:
        return np.sort(self.draws)

    def quantile(self, p: Any) -> Any:
        last = self._ordered.size - 1
        position = np.asarray(p) * last
        below = position.astype(np.intp)
        above = np.minimum(below + 1, last)
        weight = position - below
        return self._ordered[below] * (1 - weight) + self._ordered[above] * weight

    def __str__(self) -> str:
        low, middle, high = (f"{self.quantile(p):.3g}" for p in (0.05, 0.5, 0.95))
        return f"{self.draws.size} bootstrap draws, p5 {low}, p50 {middle}, p95 {high}"


@dataclass(frozen=True)
class Given(Distribution):
    """A Python object as a distribution. Two are equal where their words and their content are, of
    which the words hold a digest; `low` and `high` are the ends that checks go by. Of a column of
    `joint` samples, the name of the draw that columns share, the draw chooses a row of `rows`."""

    words: str
    at: Callable[[Any], Any] = field(compare=False, repr=False)
    low: float = field(compare=False, repr=False)
    high: float = field(compare=False, repr=False)
    joint: str = ""
    rows: np.ndarray | None = field(default=None, compare=False, repr=False)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self.words.split()[1] != "samples" and _digest(self.at(RANKS)) not in self.words:
            raise InputError(f"'{self.words}' does not survive a copy; give samples of it")

    def quantile(self, p: Any) -> Any:
        return self.at(p)

    def from_normal(self, z: np.ndarray) -> Any:
        if self.rows is None:
            return self.at(ndtr(z))
        place = (ndtr(z) * self.rows.size).astype(np.intp)
        return self.rows[np.minimum(place, self.rows.size - 1)]

    def __str__(self) -> str:
        return self.words


def clean(content: object, name: str = "", joint: str = "") -> Content:
    """Return what is given for a cell as its content: text, or a distribution.

    Text, numbers and days are text. A frozen SciPy distribution (anything with `ppf` or `icdf`) is
    itself; samples, one dimension of two or more, are the distribution between their order
    statistics, a column of `joint` ones the samples in their order. InputError, naming `name`, for
    anything else.

    >>> str(clean([0.2, 0.3, 0.4]))[:38]
    '3 samples (p5 0.21, p50 0.3, p95 0.39;'
    """
    if isinstance(content, Distribution):
        return content
    if isinstance(content, datetime):  # such as pandas' Timestamp
        content = content.date()
    if isinstance(content, str | Number | date | None):
        return str(content).strip()
    rows = None
    if at := getattr(content, "ppf", getattr(content, "icdf", None)):  # of SciPy's two kinds
        frozen = getattr(getattr(content, "dist", content), "name", type(content).__name__)
        of = [str(value) for value in getattr(content, "args", ())]
        of += [f"{key}={value}" for key, value in getattr(content, "kwds", {}).items()]
        words, identity = f"{frozen}({', '.join(of)})", at(RANKS)
        low, high = float(at(0.05)), float(at(0.95))
    elif _is_samples(content):
        samples = np.array(content, dtype=float)  # a copy: what is given may change
        at, rows = Empirical(samples).quantile, samples if joint else None
        words, identity = f"{samples.size:,} samples", samples
        low, high = float(samples.min()), float(samples.max())
        if not 0 < low <= high < np.inf:
            raise InputError(f"{name or 'samples'}: from {low:g} to {high:g}; amounts are above 0")
    else:
        where = f"{name}: " if name else ""
        raise InputError(
            f"{where}{type(content).__name__} is no quantity; give a number, text in the notation,"
            " samples (numbers in one dimension, two or more) or a distribution with ppf"
        )
    p5, p50, p95 = (f"{float(at(p)):.3g}" for p in (0.05, 0.5, 0.95))
    words = f"{words} (p5 {p5}, p50 {p50}, p95 {p95}; {_digest(identity)})"
    return Given(words, at, low, high, joint, rows)


def _digest(values: Any) -> str:
    return hashlib.sha256(np.asarray(values, dtype=float).tobytes()).hexdigest()[:12]


def _is_samples(content: object) -> bool:
    """Whether something is two or more plain numbers in one dimension, none of them masked."""
    values = np.asarray(content)
    plain = values.dtype.kind in "iuf" and not isinstance(content, np.ma.MaskedArray)
    return values.ndim == 1 and values.size > 1 and plain


def blank(given: object) -> bool:
    """Return whether an argument is left blank: None, or empty text."""
    return given is None or (isinstance(given, str) and not given)


def columns_of(samples: object) -> dict[str, Content]:
    """Return the columns of joint samples, a DataFrame, as quantities that are drawn row by row;
    rows are put in the order of the first column, so that a higher draw is a higher one of it."""
    if samples is None:
        return {}
    if not isinstance(samples, pd.DataFrame) or not samples.columns.is_unique:
        raise InputError("samples: give a DataFrame, a column an assumption")
    if odd := [name for name, of in samples.items() if not _is_samples(of)]:
        raise InputError(f"samples: {odd[0]}: give numbers, two or more, and no gaps")
    names = sorted(samples.columns)  # in whatever order they are given
    ordered, joint = samples.sort_values(names), "+".join(map(str, names))
    return {str(name): clean(ordered[name].to_numpy(), str(name), joint) for name in names}
