"""Which uncertain inputs make the share uncertain: Sobol indices, rank correlations, one input at a
time.

Every draw belongs to a named stream, so the model is a function of independent standard normals,
one a name. The names are grouped by meaning. The function is the share itself, not its logarithm:
the indices then add to the variance of the quantity in question, and interactions (a product has
them) show as total above first order.

Under evidence the inputs are no longer independent, and Sobol indices have no meaning: indices and
swings describe the draws before evidence, the indices with a share above one counted as one, and
the rank correlations describe the draws after it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping

import numpy as np
import pandas as pd
from scipy.special import ndtri

from training_share.errors import InputError, whole_number
from training_share.model.case import Case
from training_share.model.simulation import simulate, total
from training_share.model.streams import BLOCK, generator

CLOSED_MODEL_LABEL = "closed-model FLOP"
# streams that belong to no row of assumptions.csv, whose labels stand there
LABELS = {
    "flop": "FLOP ranges",
    "gpu_hours": "GPU-hour ranges",
    "fraction_of_base": "stated fractions",
    "cost_usd": "costs given in USD",
    "spending": "spending",
    "fx": "exchange rate",
    "hardware": "peak FLOP/s",
    "line": CLOSED_MODEL_LABEL,
    "parameters": CLOSED_MODEL_LABEL,
    "residual": CLOSED_MODEL_LABEL,
}
RANK_DRAWS = 50_000
CONFIDENCE = 0.95
SMALLEST_CHANCE = 2.0**-53  # keeps a design point at the edge of the unit cube finite


class GivenStreams:
    """Normals set from outside, for designs (Sobol, one at a time) instead of random draws.

    Names that are not given stand at zero, the median of every distribution. `asked` collects every
    name used.
    """

    def __init__(self, normals: Mapping[str, np.ndarray]) -> None:
        self._normals = normals
        self._slice = slice(0, 0)
        self.asked: dict[str, None] = {}

    def at(self, size: int) -> GivenStreams:
        """Serve one block of `size` draws and return self, for an evaluation outside `blocks`."""
        self._slice = slice(0, size)
        return self

    def blocks(self, n_draws: int) -> Iterator[slice]:
        """Yield the slices of consecutive blocks of `n_draws`, like `Streams.blocks`."""
        for start in range(0, n_draws, BLOCK):
            self._slice = slice(start, min(start + BLOCK, n_draws))
            yield self._slice

    def normal(self, name: str) -> np.ndarray:
        """Return this block's given normals of `name`, or zeros."""
        self.asked[name] = None
        given = self._normals.get(name)
        size = self._slice.stop - self._slice.start
        return np.zeros(size) if given is None else given[self._slice]

    def kept(self, key: Hashable, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return what `make` makes of this block."""
        return make()


def driver_groups(case: Case) -> dict[str, list[str]]:
    """Return the names of all streams that the estimate draws from, by meaning; a shared name
    stands once.

    Where all have one meaning, each stream is a driver of its own. Raises InputError where nothing
    is uncertain and for a company without spending.
    """
    case.require_spending()
    streams = GivenStreams({})
    simulate(case, streams, 1)
    groups: dict[str, list[str]] = {}
    for name in streams.asked:
        kind, _, owner = name.partition("/")
        closed = kind == "flop" and owner in case.tables.closed_models
        label = (
            CLOSED_MODEL_LABEL
            if closed
            else LABELS.get(kind) or case.tables.assumptions[kind].label
        )
        groups.setdefault(label, []).append(name)
    if not groups:
        raise InputError(
            f"{case.company}: every input is exact, so nothing drives a spread; give one a range"
        )
    if len(groups) == 1:
        ((label, names),) = groups.items()
        return (
            groups
            if len(names) == 1
            else {f"{label}: {name.partition('/')[2]}": [name] for name in names}
        )
    return groups


def share_of_normals(case: Case, normals: dict[str, np.ndarray], n: int) -> np.ndarray:
    """Return the share, a fraction, for `n` given standard normals of each stream; streams not
    given stand at their medians."""
    groups, rd_compute = simulate(case, GivenStreams(normals), n)
    counted = {run.group for run in case.runs.values()}
    return total(groups[group] for group in sorted(counted)) / rd_compute


def sobol_indices(case: Case, n: int = 1024, seed: int = 42) -> pd.DataFrame:
    """Return the Sobol indices of the share for every driver, the largest total first.

    Columns: driver; streams (how many inputs it holds, all moved together); first_order and total
    (fractions of the share's variance: by the driver alone, and with all its interactions);
    first_order_conf and total_conf (half widths of 95% bootstrap intervals). `n` is a power of two;
    the model is evaluated n x (drivers + 2) times.

    Method: Saltelli et al. 2010, doi:10.1016/j.cpc.2009.09.018, by SALib (Iwanaga, Usher and Herman
    2022, doi:10.18174/sesmo.18155) on scrambled Sobol points. Raises InputError where nothing is
    uncertain and for an n that is no power of two.
    """
    # here, as importing it costs as much as a whole estimate
    from SALib.analyze import sobol as analyze
    from SALib.sample import sobol as sample

    n, seed = whole_number(n, "n", 2), whole_number(seed, "seed", 0)
    if n & (n - 1):
        raise InputError(
            f"n: Sobol points come in powers of two; write {1 << n.bit_length()} instead of {n}"
        )
    groups = driver_groups(case)
    names = [name for members in groups.values() for name in members]
    problem = {
        "num_vars": len(names),
        "names": names,
        "bounds": [[0.0, 1.0]] * len(names),
        "groups": [label for label, members in groups.items() for _ in members],
    }
    if len(groups) == 1:  # SALib needs two; a driver on its own makes all of the variance
        indices = {"S1": [1.0], "S1_conf": [0.0], "ST": [1.0], "ST_conf": [0.0]}
    else:
        cube = sample.sample(problem, n, calc_second_order=False, seed=seed)
        normals = ndtri(np.clip(cube, SMALLEST_CHANCE, 1 - SMALLEST_CHANCE))
        share = share_of_normals(case, dict(zip(names, normals.T.copy(), strict=True)), len(cube))
        if case.observed:
            share = np.minimum(share, 1.0)
        indices = analyze.analyze(
            problem, share, calc_second_order=False, conf_level=CONFIDENCE, seed=seed
        )
    table = pd.DataFrame(
        {
            "driver": list(groups),
            "streams": [len(members) for members in groups.values()],
            "first_order": indices["S1"],
            "first_order_conf": indices["S1_conf"],
            "total": indices["ST"],
            "total_conf": indices["ST_conf"],
        }
    )
    return table.sort_values("total", ascending=False, kind="stable", ignore_index=True)


def rank_correlations(
    case: Case, share: np.ndarray, weights: np.ndarray | None = None
) -> pd.DataFrame:
    """Return Spearman's rank correlation of every stream with the share, the strongest first; a
    quick look.

    Columns: driver, stream, rank_correlation. Taken over the first 50,000 draws by their weights;
    under evidence an input may borrow from another. Raises InputError where nothing is uncertain.
    """
    from scipy.stats import rankdata  # half a second of imports that only this needs

    n = min(case.n_draws, RANK_DRAWS)
    weights = np.full(n, 1 / n) if weights is None else weights[:n] / weights[:n].sum()
    ranks = rankdata(share[:n])
    rows = []
    for label, members in driver_groups(case).items():
        for name in members:
            normal = rankdata(generator(case.seed, name).standard_normal(n))
            rows.append((label, name, _correlation(normal, ranks, weights)))
    table = pd.DataFrame(rows, columns=["driver", "stream", "rank_correlation"])
    return table.sort_values(
        "rank_correlation", key=np.abs, ascending=False, kind="stable", ignore_index=True
    )


def _correlation(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> float:
    a, b = a - weights @ a, b - weights @ b
    size = np.sqrt((weights @ a**2) * (weights @ b**2))
    return float((weights * a) @ b / size) if size > 0 else np.nan


def tornado(case: Case, low: float = 0.10, high: float = 0.90) -> pd.DataFrame:
    """Return the share with one driver at a time at its `low` and `high` quantile, all others at
    their medians.

    Columns: driver, streams, share_low (with the driver at its p10), share_high (at its p90),
    share_median (nothing moved) and swing (the distance of the two), all fractions; the widest
    first. All streams of a driver move together, which is wider than the driver's own p10 to p90
    where they are independent. Raises InputError where nothing is uncertain and unless 0 < low <
    high < 1.
    """
    if not 0 < low < high < 1:
        raise InputError(
            f"low, high: expected two probabilities, lower first, got {low!r} and {high!r}"
        )
    groups = driver_groups(case)
    size = 2 * len(groups) + 1
    normals: dict[str, np.ndarray] = {}
    for index, members in enumerate(groups.values()):
        column = np.zeros(size)
        column[[2 * index + 1, 2 * index + 2]] = ndtri([low, high])
        normals |= dict.fromkeys(members, column)
    share = share_of_normals(case, normals, size)
    table = pd.DataFrame(
        {
            "driver": list(groups),
            "streams": [len(members) for members in groups.values()],
            "share_low": share[1::2],
            "share_high": share[2::2],
            "share_median": share[0],
        }
    )
    table["swing"] = (table["share_high"] - table["share_low"]).abs()
    return table.sort_values("swing", ascending=False, kind="stable", ignore_index=True)
