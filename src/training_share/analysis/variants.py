"""One verb for what-if questions: the same estimate with something changed, a row a change."""

import hashlib
import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import date, timedelta
from itertools import chain, product
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from training_share.errors import InputError, UnknownName, whole_number
from training_share.model.case import values_of
from training_share.model.comparison import Comparison, compare, own_groups
from training_share.model.estimate import Estimate
from training_share.model.precision import QUANTILES, quantiles

HALF = 0.5  # of R&D compute: the claim is that final training runs take less
TOLD_FROM = 0.001  # of the draws
MOST_ROWS = 100_000  # of a sweep: some ten minutes
SPREAD = [*QUANTILES, "effective_draws"]
NOTED = [*SPREAD, "caveat", "note"]
DAY = timedelta(days=1)
COLUMNS = [*SPREAD, "over_half", "caveat", "note"]
SHARE = attrgetter("share")


def variants(
    est: Estimate | Comparison,
    changes: Mapping[Hashable, Mapping[str, Any]],
    of: Callable[[Any], np.ndarray] = SHARE,
) -> pd.DataFrame:
    """Return the share of `est` with something changed, on common draws, one row a label of
    `changes`, which maps it to arguments of `estimate`; no arguments are `est` itself. `of` makes
    any other quantity, one value a draw, of an estimate or a comparison:
    `lambda both: both["minimax"].share - both["zai"].share`.

    Columns: p5, p50 and p95 (fractions), effective_draws, over_half (the probability of more than
    0.5), caveat (see `Estimate.caveat`), note (what to keep in mind; of a variant that cannot be
    estimated, why) and moved, the median less that of `est`. Labels that are tuples make several
    levels of index. Raises InputError for names that do not exist.

    >>> est = Estimate.of("zai", n_draws=1_000)
    >>> variants(est, {"as it is": {}, "no lag": {"release_lag_months": 0}})["caveat"].to_list()
    ['', 'lower bound']
    """
    labelled = isinstance(changes, Mapping) and set(map(type, changes.values())) <= {dict}
    if not (labelled and isinstance(est, Estimate | Comparison)):
        raise InputError(f"variants: give an estimate and {{label: arguments}}; got {changes!r}")
    if isinstance(est, Comparison) and of is SHARE:
        raise InputError('variants: say of what, as of=lambda both: both["zai"].share')
    median = float(est.quantile(of(est), 0.5))  # first: variants take over what they do not change
    rows = [_row(est, change, of) for change in changes.values()]
    table = pd.DataFrame(rows, pd.Index(list(changes)), COLUMNS)
    return table.assign(moved=table["p50"] - median)


def _row(est: Any, change: Mapping[str, Any], of: Callable[[Any], np.ndarray] = SHARE) -> tuple:
    try:
        one = est.again(**change) if change else est
        estimates = {"": one} if isinstance(one, Estimate) else one
        drawn, counted = of(one), round(next(iter(estimates.values())).effective_draws)
        told = (_told(estimates, words) for words in (attrgetter("caveat"), _note))
        return *map(float, quantiles(drawn, one.weights)), counted, one.mean(drawn > HALF), *told
    except UnknownName:
        raise
    except InputError as error:
        return *[np.nan] * 5, "", str(error)


def _told(estimates: Mapping[str, Estimate], words: Callable[[Estimate], str]) -> str:
    """Return the notes of estimates, each after its company where there are several."""
    told = {company: words(est) for company, est in estimates.items()}
    return "; ".join(f"{company and f'{company}: '}{of}" for company, of in told.items() if of)


def over_half(est: Estimate) -> float:
    """Return the probability that final training runs took more than half of R&D compute."""
    return est.mean(est.share > HALF)


def _note(est: Estimate) -> str:
    """Return what to keep in mind: why runs do not fit the release window (see `Estimate.caveat`),
    a share above all of R&D compute, and what evidence leaves of the draws."""
    told = []
    if est.caveat == "lower bound":
        missing = est.months_not_collected
        told.append(
            f"a lower bound: no runs collected for {missing} of the release window's months"
        )
    elif est.caveat:
        told.append(
            f"{est.caveat}: a run also covers {est.months_out_of_window} months outside the release"
            " window, so the share may be too high or too low"
        )
    if (above := est.mean(est.share > 1)) >= TOLD_FROM:
        told.append(
            f"final training runs take more than all of R&D compute in {above:.1%} of draws"
        )
    if est.weights is not None:
        told.append(f"evidence leaves {est.effective_draws:,.0f} effective draws")
    return "; ".join(told)


def edges_of(rows: Iterable[Any]) -> list[date]:
    """Return the days on which periods of spending begin, and those after which they end, sorted: a
    window lies between two of them."""
    return sorted({edge for row in rows for edge in (row.period_start, row.period_end + DAY)})


def windows_between(rows: Iterable[Any], months: int) -> list[dict[str, date]]:
    """Return each window of so many months between days at which one of some rows of spending
    begins or ends, as arguments of `estimate`."""
    later = pd.DateOffset(months=months)
    lasts = {first: (pd.Timestamp(first) + later).date() for first in edges_of(rows)}
    found = [(first, last - DAY) for first, last in lasts.items() if last in lasts]
    return [{"spending_start": first, "spending_end": last} for first, last in found]


def groups_of(est: Estimate) -> list[str]:
    """Return the named groups of runs that an estimate counts beside runs of no group: those that
    can be left out."""
    groups = {run.group for run in est.runs.values()}
    return sorted(groups - {""}) if "" in groups else []


def variants_table(est: Estimate, lags: Iterable[int] = (0, 3, 6)) -> pd.DataFrame:
    """Return the share as estimated and with one choice changed at a time: the other scenarios,
    each release lag, each group left out, and spending in calendar 2024 as the denominator."""
    changes: dict[str, dict] = {"as set above": {}}
    for name in est.tables.scenario_names:
        changes |= {f"scenario {name}": {"scenario": name}} if name != est.scenario else {}
    for lag in lags:
        if lag != est.company_row.release_lag_months:
            changes[f"release lag of {lag} months"] = {"release_lag_months": lag}
    for group in groups_of(est):
        changes[f"without {group.title()}"] = {"exclude_groups": [*est.excluded, group]}
    calendar = {"denominator_window": "2024-01-01 to 2024-12-31"}
    table = variants(est, {**changes, "over spending of calendar 2024": calendar})
    return table[NOTED].rename_axis("variant")


def sweep(
    grid: Mapping[str, Iterable[Any]],
    companies: Iterable[str] | str | None = None,
    *,
    n_jobs: int = -1,
    **settings: Any,
) -> pd.DataFrame:
    """Return `variants` of every combination of the values in `grid`, which maps a name that
    `estimate` takes to a list of values, for every company (default: all that disclose spending).
    A tuple of names has tuples of values: {("spending_start", "spending_end"): [("2024-01-01",
    "2024-12-31")]}.

    One row per combination and company, the last parameter varying fastest: the parameters,
    company, and the columns of `variants` but `moved`; `note` says why a combination is impossible.
    `settings` go to `compare`. `n_jobs` is joblib's number of processes; inside
    `joblib.parallel_config("dask")` the cluster does the work, whose workers need this package.
    Raises InputError for names that do not exist and for values that are no list.

    >>> sweep({"mfu": [0.2, 0.4]}, "zai", n_jobs=1, n_draws=1_000).shape
    (2, 9)
    """
    from joblib import Parallel, delayed  # here, as importing it costs as much as an estimate

    if not isinstance(grid, Mapping):
        raise InputError(f"grid: write sweep({{'mfu': [0.2, 0.4]}}, 'minimax'); got {grid!r}")
    together = dict(_together(name, values_of(name, values)) for name, values in grid.items())
    names = list(chain(*together))
    for name in names:
        if names.count(name) > 1 or name in settings or name == "company":
            told = "name companies beside the grid" if name == "company" else "is given twice"
            raise InputError(f"grid, {name}: {told}")
    estimates = compare(companies, **settings).estimates
    if (count := math.prod(map(len, together.values())) * len(estimates)) > MOST_ROWS:
        raise InputError(f"grid: {count:,} rows, {MOST_ROWS:,} at most; sweep it in parts")
    combinations = product(*together.values())
    asked = [dict(zip(names, chain(*values), strict=True)) for values in combinations]
    rows = [change | {"company": company} for change in asked for company in estimates]
    work = []
    for change in asked:
        own = own_groups(estimates, change.get("exclude_groups"))
        for company, est in estimates.items():
            groups = {"exclude_groups": own[company]} if "exclude_groups" in change else {}
            work.append((est, change | groups))
    # joblib keeps its processes from call to call, but not across other `initargs`
    processes = whole_number(n_jobs, "n_jobs", -1024)
    parallel = Parallel(processes, initializer=hash, initargs=(_sources(),))
    results = parallel(delayed(_row)(*one) for one in work)
    return pd.DataFrame(rows).join(pd.DataFrame(results, columns=COLUMNS))


def _together(names: Any, values: list) -> tuple[tuple, list[tuple]]:
    if not isinstance(names, tuple):
        return (names,), [(value,) for value in values]
    for value in values:
        if not isinstance(value, tuple) or len(value) != len(names):
            told = f"expected tuples of {len(names)} values, got {value!r}"
            raise InputError(f"{', '.join(names)}: {told}")
    return names, values


def _sources() -> str:
    """Return a digest of the package's sources as they stand: a process that a sweep before an edit
    left running must not answer by the old ones."""
    paths = sorted(Path(__file__).parents[1].rglob("*.py"))
    return hashlib.sha256(b"".join(map(Path.read_bytes, paths))).hexdigest()
