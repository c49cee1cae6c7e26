"""A draw belongs to a name: the same seed and name give the same standard normals whatever else is
drawn, in whatever order, and a longer run extends a shorter one. Two names are independent.
"""

import hashlib
import math
from collections.abc import Callable, Iterable
from threading import RLock
from typing import Any

import numpy as np
from cachetools import LRUCache, cached
from cachetools.keys import hashkey

from training_share.inputs.notation import Distribution, Exact

Quantity = float | np.ndarray  # a float where all inputs are exact, else one value a draw
Mix = tuple[tuple[float, str], ...]  # how much of which normals; the squares add to one
MOST_DRAWS = 1_000_000  # at 8 MB an array, and some hundred arrays
KEPT_BYTES = 2**29  # of draws and what is made of them, those used last

_kept: LRUCache = LRUCache(KEPT_BYTES, lambda made: getattr(made, "nbytes", 8))
_lock = RLock()


def kept(name: str, key: Callable = hashkey) -> Callable:
    """Return a decorator that keeps what a function of hashable arguments makes: the one cache of
    draws, in which variants of an estimate find what they do not change."""
    return cached(_kept, lambda *arguments: key(name, *arguments), _lock)


def generator(seed: int, name: str) -> np.random.Generator:
    """Return the NumPy generator that belongs to `name` under `seed` (a whole number from 0)."""
    digest = hashlib.sha256(name.encode("utf-8")).digest()
    return np.random.Generator(np.random.PCG64([seed, int.from_bytes(digest[:16], "little")]))


@kept("normals")
def normals(seed: int, name: str, n: int) -> np.ndarray:
    """Return the first `n` standard normals that belong to `name`, read-only."""
    return read_only(generator(seed, name).standard_normal(n))


@kept("drawn")
def drawn(seed: int, mix: Mix, n: int, distribution: Distribution) -> Quantity:
    """Return `n` draws of a distribution, read-only; an exact value stays a float."""
    if isinstance(distribution, Exact):
        return distribution.value
    parts = ((part, normals(seed, name, n)) for part, name in mix)
    normal = total(values if part == 1 else part * values for part, values in parts)
    return read_only(distribution.from_normal(normal))


def one(name: str) -> Mix:
    """Return the mix that is one normal alone."""
    return ((1.0, name),)


def correlated(correlation: float, shared: str, own: str) -> Mix:
    """Return the mix of two normals by which any two inputs with this `shared` one correlate so.

    >>> correlated(1.0, "all", "mine"), correlated(0.25, "all", "mine")[0]
    (((1.0, 'all'),), (0.5, 'all'))
    """
    parts = (math.sqrt(correlation), shared), (math.sqrt(1 - correlation), own)
    return tuple((part, name) for part, name in parts if part > 0)


def total(quantities: Iterable[Any]) -> Any:
    """Return the sum of quantities in their order, which keeps its last bit."""
    first, *others = quantities
    for other in others:
        first = first + other
    return first


def read_only(values: np.ndarray) -> np.ndarray:
    """Return an array that others may keep: writing into it is an error."""
    values.setflags(write=False)
    return values
