"""A number that remembers the formula it came from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

SIGNS: dict[Any, str] = {
    np.multiply: " x ",
    np.true_divide: " / ",
    np.add: " + ",
    np.subtract: " - ",
}


@dataclass(frozen=True, eq=False)
class Named(NDArrayOperatorsMixin):
    """A quantity, what it is called (blank where it stands between two that have names), the cell
    it is read from, if it is, and else the NumPy function and the operands that made it.

    >>> speed = Named(3.0, "distance") / (2 * Named(0.5, "time"))
    >>> float(speed.value), speed.expression(lambda named: named.name)
    (3.0, 'distance / (2 x time)')
    """

    value: float | np.ndarray
    name: str = ""
    cell: str = ""
    function: np.ufunc | None = None
    operands: tuple = ()

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        values = [one.value if isinstance(one, Named) else one for one in operands]
        return Named(getattr(ufunc, method)(*values, **options), function=ufunc, operands=operands)

    def __bool__(self) -> bool:
        return bool(self.value)

    def steps(self) -> Iterator["Named"]:
        """Yield what has a name below this quantity, in the order of the calculation, then it."""
        for operand in self.operands:
            yield from operand.steps() if isinstance(operand, Named) else ()
        if self.name:
            yield self

    def expression(self, tell: Callable[["Named"], str]) -> str:
        """Return how the value came about, with everything that has a name as `tell` tells it."""
        sign = SIGNS.get(self.function)
        texts = []
        for operand in self.operands:
            if not isinstance(operand, Named):
                texts.append(f"{operand:g}" if np.ndim(operand) == 0 else "numbers")
            elif operand.name:
                texts.append(tell(operand))
            else:
                text = operand.expression(tell)
                alone = operand.function not in SIGNS
                bare = sign is None or alone or self.function is operand.function is np.multiply
                texts.append(text if bare else f"({text})")
        if sign is None:
            return f"{self.function.__name__}({', '.join(texts)})" if self.function else ""
        return sign.join(texts)
