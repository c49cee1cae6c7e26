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
    which the words hold a digest. Of a column of `joint` samples, the name of the draw that columns
    share, the draw chooses a row of `rows`."""

    words: str
    at: Callable[[Any], Any] = field(compare=False, repr=False)
    joint: str = ""
    rows: np.ndarray | None = field(default=None, compare=False, repr=False)

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
        words, identity = f"{frozen}({', '.join(of)})", np.asarray(at(RANKS)).tobytes()
    elif np.ndim(content) == 1 and len(content) > 1:  # type: ignore[arg-type]
        samples = np.asarray(content, dtype=float)
        at, rows = Empirical(samples).quantile, samples if joint else None
        words, identity = f"{samples.size:,} samples", samples.tobytes()
    else:
        where = f"{name}: " if name else ""
        raise InputError(
            f"{where}{type(content).__name__} is no quantity; give a number, text in the notation,"
            " samples (one dimension, two or more) or a distribution with ppf"
        )
    p5, p50, p95 = (f"{float(at(p)):.3g}" for p in (0.05, 0.5, 0.95))
    digest = hashlib.sha256(identity).hexdigest()[:12]
    return Given(f"{words} (p5 {p5}, p50 {p50}, p95 {p95}; {digest})", at, joint, rows)


def blank(given: object) -> bool:
    """Return whether an argument is left blank: None, or empty text."""
    return given is None or (isinstance(given, str) and not given)


def columns_of(samples: object) -> dict[str, Content]:
    """Return the columns of joint samples, a DataFrame, as quantities that are drawn row by row;
    rows are put in the order of the first column, so that a higher draw is a higher one of it."""
    if samples is None:
        return {}
    if not isinstance(samples, pd.DataFrame) or len(samples) < 2 or samples.isna().any(axis=None):
        raise InputError("samples: give a DataFrame without gaps, a column an assumption")
    ordered = samples.sort_values(list(samples.columns))
    joint = "+".join(map(str, samples.columns))
    return {str(name): clean(of.to_numpy(), str(name), joint) for name, of in ordered.items()}
