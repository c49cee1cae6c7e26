"""Named streams: a draw belongs to a name.

The same seed and name give the same draws whatever else is drawn, in whatever order, and a longer
run extends a shorter one. One name is one shared uncertainty; two names are independent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator
from copy import deepcopy
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from scipy.special import ndtr

from training_share.inputs.distributions import Distribution, Exact, LogNormal

# Small enough for a block's arrays to stay in the processor's cache, large enough to hide Python's
# own time.
BLOCK = 16_384
KEPT_BLOCKS = 4  # of each of the streams used last, 65,536 draws: 34 MB for 64 streams


def generator(seed: int, name: str) -> np.random.Generator:
    """Return the NumPy generator that belongs to `name` under `seed` (a whole number from 0).

    >>> generator(42, "mfu").standard_normal() == generator(42, "mfu").standard_normal()
    True
    """
    digest = hashlib.sha256(name.encode("utf-8")).digest()
    return np.random.Generator(np.random.PCG64([seed, int.from_bytes(digest[:16], "little")]))


def read_only(values: np.ndarray) -> np.ndarray:
    """Return an array that others may keep: writing into it is an error."""
    values.setflags(write=False)
    return values


class _Opening(NamedTuple):
    """The first blocks of a stream, read-only, and the generator as it stands behind them."""

    blocks: tuple[np.ndarray, ...]
    after: np.random.Generator


@lru_cache(maxsize=64)
def _opening(seed: int, name: str, size: int) -> _Opening:
    """Return the blocks of the first `size` draws of a stream: estimates on common draws share
    them."""
    drawn = generator(seed, name)
    sizes = (min(BLOCK, size - start) for start in range(0, size, BLOCK))
    return _Opening(tuple(read_only(drawn.standard_normal(one)) for one in sizes), drawn)


class AnyStreams(Protocol):
    """Standard normals by name, block by block: random ones, or those of a design."""

    def blocks(self, n_draws: int) -> Iterator[slice]:
        """Yield the slices of consecutive blocks of `n_draws`."""

    def normal(self, name: str) -> np.ndarray:
        """Return the normals of `name` in the block yielded last."""

    def kept(self, key: Hashable, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return what `make` makes of this block, known by `key`."""


class Drawn:
    """A cache of what was made of draws, which its owner, a case, holds. That of a variant, in
    which little changes, begins with what was made `before` it, and keeps of this what it uses."""

    def __init__(self, before: Drawn | None = None) -> None:
        self._values: dict[Hashable, np.ndarray] = {}
        self._before = {} if before is None else before._values

    def values(self, key: Hashable, size: int, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return the first `size` values of a key, read-only; made where they are not at hand."""
        found = self._values.get(key, self._before.get(key))
        if found is None or found.size < size:
            found = read_only(make())
        self._values[key] = found
        return found[:size]


class Streams:
    """Standard normal draws by name, handed out block by block: memory does not grow with their
    number. What is made of the first blocks is kept in `drawn`."""

    def __init__(self, seed: int, drawn: Drawn | None = None) -> None:
        self.seed = seed
        self._drawn = self._kept = Drawn() if drawn is None else drawn
        self._later: dict[str, tuple[np.random.Generator, int]] = {}  # and the block it is at
        self._block: dict[str, np.ndarray] = {}
        self._index = self._size = self._opened = 0

    def blocks(self, n_draws: int) -> Iterator[slice]:
        """Yield the slices of consecutive blocks of `n_draws`; `normal` serves the one yielded
        last."""
        self._opened = min(KEPT_BLOCKS * BLOCK, n_draws)
        for start in range(0, n_draws, BLOCK):
            stop = min(start + BLOCK, n_draws)
            self._index, self._size, self._block = start // BLOCK, stop - start, {}
            self._kept = self._drawn if self._index < KEPT_BLOCKS else Drawn()
            yield slice(start, stop)

    def normal(self, name: str) -> np.ndarray:
        """Return this block's standard normal draws of `name`, read-only; asked again, the same
        array."""
        if name not in self._block:
            self._block[name] = self._draw(name)
        return self._block[name]

    def kept(self, key: Hashable, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return what `make` makes of this block's draws, read-only; asked again by the same `key`,
        which has to hold all that it rests on but the draws, not made again."""
        return self._kept.values((self.seed, self._index, key), self._size, make)

    def _draw(self, name: str) -> np.ndarray:
        opening = _opening(self.seed, name, self._opened)
        if self._index < KEPT_BLOCKS:
            return opening.blocks[self._index]
        drawn, at = self._later.get(name) or (deepcopy(opening.after), KEPT_BLOCKS)
        drawn.standard_normal(BLOCK * (self._index - at))  # of blocks in which nobody asked
        self._later[name] = drawn, self._index + 1
        return drawn.standard_normal(self._size)


def draw(streams: AnyStreams, name: str, distribution: Distribution) -> float | np.ndarray:
    """Return this block's draws of `distribution` from the stream `name`; an exact value stays a
    float."""
    if isinstance(distribution, Exact):
        return distribution.value
    if isinstance(distribution, LogNormal):
        return streams.kept(
            (name, distribution), lambda: distribution.from_normal(streams.normal(name))
        )
    return streams.kept((name, distribution), lambda: distribution.quantile(ranks(streams, name)))


def ranks(streams: AnyStreams, name: str) -> np.ndarray:
    """Return this block's draws of the stream `name` as ranks from 0 to 1."""
    return streams.kept((name, "ranks"), lambda: ndtr(streams.normal(name)))
