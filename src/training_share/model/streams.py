"""Named streams: a draw belongs to a name.

The same seed and name give the same draws whatever else is drawn, in whatever order, and a longer
run extends a shorter one. One name is one shared uncertainty; two names are independent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from copy import deepcopy
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np

from training_share.inputs.distributions import Distribution, Exact

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
def _opening(seed: int, name: str, count: int) -> _Opening:
    """Return the first `count` blocks of a stream: variants on common draws share them."""
    drawn = generator(seed, name)
    blocks = tuple(read_only(drawn.standard_normal(BLOCK)) for _ in range(count))
    return _Opening(blocks, drawn)


class AnyStreams(Protocol):
    """Standard normals by name, block by block: random ones, or those of a design."""

    def blocks(self, n_draws: int) -> Iterator[slice]:
        """Yield the slices of consecutive blocks of `n_draws`."""

    def normal(self, name: str) -> np.ndarray:
        """Return the normals of `name` in the block yielded last."""


class Streams:
    """Standard normal draws by name, handed out block by block: memory does not grow with their
    number."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._generators: dict[str, np.random.Generator] = {}
        self._block: dict[str, np.ndarray] = {}
        self._index = self._size = self._opened = 0

    def blocks(self, n_draws: int) -> Iterator[slice]:
        """Yield the slices of consecutive blocks of `n_draws`; `normal` serves the one yielded
        last."""
        self._opened = min(KEPT_BLOCKS, -(-n_draws // BLOCK))
        for start in range(0, n_draws, BLOCK):
            stop = min(start + BLOCK, n_draws)
            self._index, self._size, self._block = start // BLOCK, stop - start, {}
            yield slice(start, stop)

    def normal(self, name: str) -> np.ndarray:
        """Return this block's standard normal draws of `name`, read-only; asked again, the same
        array."""
        if name not in self._block:
            self._block[name] = self._draw(name)
        return self._block[name]

    def _draw(self, name: str) -> np.ndarray:
        opening = _opening(self.seed, name, self._opened)
        if self._index < KEPT_BLOCKS:
            return opening.blocks[self._index][: self._size]
        if name not in self._generators:
            self._generators[name] = deepcopy(opening.after)
        return self._generators[name].standard_normal(self._size)


def draw(streams: AnyStreams, name: str, distribution: Distribution) -> float | np.ndarray:
    """Return this block's draws of `distribution` from the stream `name`; an exact value stays a
    float."""
    if isinstance(distribution, Exact):
        return distribution.value
    return distribution.from_normal(streams.normal(name))
