"""Named streams: a draw belongs to a name.

The same seed and name give the same draws whatever else is drawn, in whatever order, and a longer
run extends a shorter one. One name is one shared uncertainty; two names are independent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import lru_cache

import numpy as np

from training_share.inputs.distributions import Distribution, Exact

# Small enough for a block's arrays to stay in the processor's cache, large enough to hide Python's
# own time.
BLOCK = 16_384
REMEMBERED = 2_000  # values of one block
KEPT_BLOCKS, KEPT_STREAMS = 4, 64  # 65,536 draws of each of the streams used last: 34 MB at most


def generator(seed: int, name: str) -> np.random.Generator:
    """Return the NumPy generator that belongs to `name` under `seed` (a whole number from 0)."""
    digest = hashlib.sha256(name.encode("utf-8")).digest()
    return np.random.Generator(np.random.PCG64([seed, int.from_bytes(digest[:16], "little")]))


class _Opening:
    """The first blocks of one stream, made when first asked for: variants on common draws share
    them."""

    def __init__(self, seed: int, name: str) -> None:
        self._generator = generator(seed, name)
        self._blocks: list[np.ndarray] = []

    def block(self, index: int) -> np.ndarray:
        """Return a block of draws, read-only."""
        while len(self._blocks) <= index:
            draws = self._generator.standard_normal(BLOCK)
            draws.setflags(write=False)
            self._blocks.append(draws)
        return self._blocks[index]

    def after(self) -> np.random.Generator:
        """Return a generator of its own that goes on behind the last block kept."""
        self.block(KEPT_BLOCKS - 1)
        return deepcopy(self._generator)


_opening = lru_cache(maxsize=KEPT_STREAMS)(_Opening)


class Streams:
    """Standard normal draws by name, handed out block by block so that memory does not grow with
    their number."""

    memo: dict | None = None  # values by name and distribution

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._generators: dict[str, np.random.Generator] = {}
        self._block: dict[str, np.ndarray] = {}
        self._index = self._size = 0

    def blocks(self, n_draws: int) -> Iterator[slice]:
        """Yield the slices of consecutive blocks of `n_draws`; `normal` serves the one yielded
        last."""
        for start in range(0, n_draws, BLOCK):
            stop = min(start + BLOCK, n_draws)
            self._index, self._size, self._block = start // BLOCK, stop - start, {}
            yield slice(start, stop)

    def at(self, size: int) -> Streams:
        """Serve the first `size` draws, of one block at most, and return self, for evaluations
        outside `blocks`, between which values are remembered."""
        next(self.blocks(size))
        self.memo = {}
        return self

    def normal(self, name: str) -> np.ndarray:
        """Return this block's standard normal draws of `name`, read-only; asked again, the same
        array."""
        if name not in self._block:
            self._block[name] = self._draw(name)
        return self._block[name]

    def _draw(self, name: str) -> np.ndarray:
        opening = _opening(self.seed, name)
        if self._index < KEPT_BLOCKS:
            return opening.block(self._index)[: self._size]
        if name not in self._generators:
            self._generators[name] = opening.after()
        return self._generators[name].standard_normal(self._size)


class GivenStreams:
    """Normals set from outside, for designs (Sobol, one at a time) instead of random draws.

    Names that are not given stand at zero, the median of every distribution. `asked` collects every
    name used.
    """

    memo = None

    def __init__(self, normals: Mapping[str, np.ndarray]) -> None:
        self._normals = normals
        self._size = 0
        self._slice = slice(0)
        self.asked: dict[str, None] = {}

    def at(self, size: int) -> GivenStreams:
        """Serve one block of `size` draws and return self, for a single evaluation outside
        `blocks`."""
        self._size, self._slice = size, slice(0, size)
        return self

    def blocks(self, n_draws: int) -> Iterator[slice]:
        """Yield the slices of consecutive blocks of `n_draws`, like `Streams.blocks`."""
        for start in range(0, n_draws, BLOCK):
            self._slice = slice(start, min(start + BLOCK, n_draws))
            self._size = self._slice.stop - start
            yield self._slice

    def normal(self, name: str) -> np.ndarray:
        """Return this block's given normals of `name`, or zeros."""
        self.asked[name] = None
        given = self._normals.get(name)
        return np.zeros(self._size) if given is None else given[self._slice]


def draw(
    streams: Streams | GivenStreams, name: str, distribution: Distribution
) -> float | np.ndarray:
    """Return this block's draws of `distribution` from the stream `name`; an exact value stays a
    float."""
    if isinstance(distribution, Exact):
        return distribution.value
    if streams.memo is None:
        return distribution.from_normal(streams.normal(name))
    key = name, distribution
    if key not in streams.memo:
        if len(streams.memo) >= REMEMBERED:
            streams.memo.clear()
        streams.memo[key] = distribution.from_normal(streams.normal(name))
    return streams.memo[key]
