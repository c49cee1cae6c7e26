"""Assumptions whose draws are correlated with each other: which normals each of them mixes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from training_share.errors import InputError, require_known
from training_share.inputs.columns import OWNERS
from training_share.inputs.notation import Exact
from training_share.inputs.tables import Tables

Loadings = Mapping[str, Mapping[str, float]]  # of each assumption: how much of whose normal


def loadings(correlate: Any, tables: Tables) -> Loadings:
    """Return how much of whose normal each correlated assumption takes, from correlations by pairs
    such as `{("mfu", "price_usd_per_gpu_hour"): 0.6}`; those of other pairs are zero.

    A Cholesky factor of the correlation matrix: marginals stay, and an assumption that more runs
    share never depends on one that fewer share. They are correlations of the normals; Spearman's
    are (6 / pi) asin(rho / 2). InputError for what is no pair of assumptions, an assumption that is
    exact, which no correlation moves, and a matrix that no quantities can have.
    """
    if not correlate:
        return {}
    pairs: list[Any] = list(correlate) if isinstance(correlate, Mapping) else [None]
    if any(not isinstance(pair, tuple) or len({*pair}) != 2 or pair[2:] for pair in pairs):
        raise InputError('correlate: give pairs, as in {("mfu", "price_usd_per_gpu_hour"): 0.6}')
    names = sorted({name for pair in pairs for name in pair})  # in whatever order they are given
    for name in names:
        require_known(name, tables.assumptions, "assumption")
        if isinstance(tables.assumptions[name].amount, Exact | None):
            raise InputError(f"correlate: {name} is exact, so no correlation moves it")
        if getattr(tables.assumptions[name].amount, "joint", ""):
            raise InputError(f"correlate: {name} has joint samples, which say how it correlates")
    owners = {name: tables.assumptions[name].correlation for name in names}
    order = sorted(names, key=lambda name: max(OWNERS.index(who) for _, who in owners[name]))
    matrix, told = np.eye(len(order)), set()
    for (one, two), rho in correlate.items():
        if frozenset((one, two)) in told or not isinstance(rho, int | float) or not abs(rho) <= 1:
            raise InputError(f"correlate, {one} and {two}: give one number from -1 to 1, once")
        told.add(frozenset((one, two)))
        i, j = order.index(one), order.index(two)
        matrix[i, j] = matrix[j, i] = rho
    if np.linalg.eigvalsh(matrix).min() < 1e-9:
        raise InputError(
            f"correlate: {', '.join(order)} cannot all be correlated so (the matrix is not positive"
            " definite); make the correlations smaller, or give those of the other pairs too"
        )
    factor = np.linalg.cholesky(matrix).round(12).tolist()  # the same on every processor
    return {
        name: {of: part for of, part in zip(order, row, strict=True) if part}
        for name, row in zip(order, factor, strict=True)
    }
