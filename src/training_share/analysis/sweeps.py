"""Many settings on common draws: a grid of values by companies, in parallel, resumable.

Every combination draws from the same named streams, so rows differ only by what was set. Finished
rows can be kept in a folder; a row does not depend on when, where or beside what it was computed,
so an interrupted sweep ends in the same frame to the bit.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy

from training_share.errors import InputError, nearest, require_known, whole_number
from training_share.files import require_writable, write_aside
from training_share.inputs.tables import Tables, load
from training_share.model.case import WINDOW, known_groups, listed
from training_share.model.estimates import estimate

NAMES = ("scenario", "corrections", "exclude_groups", "evidence")  # settings that are names
RESULTS = (
    "share_p5",
    "share_p50",
    "share_p95",
    "training_cost_p50",
    "rd_compute",
    "effective_draws",
)
MOST_ROWS = 1_000_000
Row = dict[str, Any]  # RESULTS, caveat and error


def _source() -> str:
    """Return a digest of the code that makes a row."""
    package, content = Path(__file__).parents[1], hashlib.sha256()
    rooms = [*package.glob("inputs/*.py"), *package.glob("model/*.py")]
    for path in sorted([*rooms, package / "errors.py", Path(__file__)]):
        content.update(path.name.encode() + path.read_bytes())
    return content.hexdigest()


# what makes the numbers beside the tables; taken when the code is loaded, as it is what runs
MADE_BY = (_source(), np.__version__, scipy.__version__)


def sweep(
    grid: Mapping[str, Iterable[object]],
    companies: Iterable[str] | str | None = None,
    *,
    n_draws: int = 50_000,
    seed: int = 42,
    n_jobs: int = -1,
    progress: bool = True,
    checkpoint: str | Path | None = None,
    data_dir: str | Path | None = None,
) -> pd.DataFrame:
    """Estimate every combination of the values in `grid` for every company, by default those that
    disclose spending.

    `grid` maps a name that `estimate` takes (scenario, corrections, exclude_groups, evidence,
    release_lag_months, spending_start, spending_end, any assumption, an exchange rate) to a list of
    values. The frame has one row per combination and company, the last parameter of the grid
    varying fastest: a column for each parameter, company, share_p5, share_p50, share_p95
    (fractions), training_cost_p50 and rd_compute (USD million), effective_draws,
    caveat ("lower bound" or "mismatched window" where the runs do not fit the window) and error.
    Where a combination is impossible the numbers are NaN and `error` says why; else it is blank.

    `n_jobs` is joblib's number of processes; inside `joblib.parallel_config("dask")` the cluster
    does the work (its workers need this package and, where they see other disks, the same data).
    `checkpoint` is a folder that keeps finished rows: whatever sweep is called with it computes
    only the rows that are not there yet. A row is known by its settings, the tables, the package's
    source and the versions of NumPy and SciPy; one that was damaged or changed is computed again,
    with a warning.

    Raises InputError before anything runs for unknown parameters, scenarios, corrections, groups
    and companies, for an empty list of values, for more than a million rows, and for a checkpoint
    that is no folder or cannot be written.

    >>> sweep({"mfu": [0.2, 0.4]}, "zai", n_draws=1_000, n_jobs=1, progress=False).shape
    (2, 10)
    """
    # here, as importing them costs as much as an estimate
    from joblib import Parallel, delayed
    from tqdm import tqdm

    tables = load(data_dir)
    names = tables.with_spending if companies is None else listed(companies)
    grid = checked_grid(tables, grid, names)
    draws = {"n_draws": whole_number(n_draws, "n_draws"), "seed": whole_number(seed, "seed", 0)}
    combinations = list(itertools.product(*grid.values()))
    settings: list[dict[str, Any]] = [
        {"company": company, **draws} | _told(grid, values, tables.groups([company]))
        for values in combinations
        for company in names
    ]
    state = [tables.digest, *MADE_BY]
    kept = _Checkpoint(checkpoint, state) if checkpoint else None
    done = kept.read(settings) if kept else {}
    missing = [place for place in range(len(settings)) if place not in done]
    work = (delayed(_placed_row)(place, settings[place], data_dir, state) for place in missing)
    made = Parallel(n_jobs, return_as="generator_unordered")(work) if missing else ()
    with tqdm(
        total=len(settings), initial=len(done), disable=not progress, unit="row", desc="sweep"
    ) as bar:
        for place, row in made:
            if kept:
                kept.write(settings[place], row)
            done[place] = row
            bar.update()
    columns = {
        name: [_cell(values[at]) for values in combinations for _ in names]
        for at, name in enumerate(grid)
    }
    columns["company"] = [one["company"] for one in settings]
    for name in (*RESULTS, "caveat", "error"):
        columns[name] = [done[place][name] for place in range(len(settings))]
    return pd.DataFrame(columns)


def _values(name: str, values: object) -> list[object]:
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise InputError(f"{name}: expected a list of values, got {values!r}; write [{values!r}]")
    values = list(values)
    if not values:
        raise InputError(
            f"{name}: the list of values is empty; leave the parameter out or give it a value"
        )
    return values


def checked_grid(
    tables: Tables, grid: Mapping[str, Iterable[Any]], companies: tuple[str, ...]
) -> dict[str, list[Any]]:
    """Return the lists of values of a grid. Raises InputError as `sweep` says."""
    grid = {name: _values(name, values) for name, values in grid.items()}
    known = [*NAMES, *WINDOW, *tables.assumptions, *tables.rates()]
    unknown = [
        f"unknown parameter '{name}'{nearest(name, known)}" for name in grid if name not in known
    ]
    if unknown:
        raise InputError("\n".join(unknown))
    if not companies or len(set(companies)) < len(companies):
        raise InputError(f"companies: name at least one, each once; got {list(companies)}")
    for company in companies:
        require_known(company, tables.companies, "company")
    for scenario in grid.get("scenario", ()):
        require_known(scenario or "newsletter", tables.scenario_names, "scenario")
    for corrections in grid.get("corrections", ()):
        for name in listed(corrections):
            require_known(name, tables.cells_of, "correction")
    for evidence in grid.get("evidence", ()):
        for name in () if evidence == "none" else listed(evidence):
            require_known(name, tables.evidence_names, "evidence")
    for groups in grid.get("exclude_groups", ()):
        known_groups(tables, companies, listed(groups))
    rows = len(companies) * math.prod(map(len, grid.values()))
    if rows > MOST_ROWS:
        raise InputError(f"grid: makes {rows:,} rows; {MOST_ROWS:,} at most, take fewer values")
    return grid


def _told(
    grid: Mapping[str, object], values: tuple[object, ...], groups: list[str]
) -> dict[str, str]:
    """Return a combination as it applies to a company that has these groups of runs, as text by
    name; blank is left out."""
    asked = dict(zip(grid, values, strict=True))
    told = {name: _cell(value) for name, value in asked.items()}
    excluded = [group for group in listed(told.get("exclude_groups")) if group in groups]
    told["exclude_groups"] = ", ".join(excluded)
    if told.get("evidence") == "" and asked["evidence"] != "":
        told["evidence"] = "none"  # an empty list is no evidence, a blank the scenario's
    return {name: str(value) for name, value in told.items() if value is not None and value != ""}


def _cell(value: object) -> object:
    """Return a value as it stands in a column: NumPy's numbers as Python's, lists of names as
    comma-separated text."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (set, frozenset)):
        value = sorted(value)
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value


def _placed_row(
    place: int, settings: Mapping[str, Any], data_dir: str | Path | None, state: list[str]
) -> tuple[int, Row]:
    """Return the place and the results of a row; runs in a worker, which reads the tables for
    itself."""
    if [load(data_dir).digest, *MADE_BY] != state:
        raise InputError(
            "tables, code or versions are not those the sweep began with; start it again"
        )
    try:
        est = estimate(**settings, data_dir=data_dir)
        results = est.summary()
    except InputError as error:
        unknown = dict.fromkeys(RESULTS, math.nan)
        return place, unknown | {"caveat": "", "error": str(error)}
    row = {name: float(results[name]) for name in RESULTS}
    return place, row | {"caveat": est.caveat, "error": ""}


class _Checkpoint:
    """Finished rows in a folder, one JSON file a row, named by a digest of all that it depends on.

    Text and not pickles, so that nothing that others put into the folder is executed. JSON prints a
    float with all its digits, so that reading gives back the same bits.
    """

    def __init__(self, folder: str | Path, state: list[str]) -> None:
        self.folder, self.state = Path(folder).expanduser(), state
        require_writable(self.folder)

    def read(self, settings: list[Mapping[str, Any]]) -> dict[int, Row]:
        """Return the rows that are there, by their place; warn of those that cannot be believed."""
        paths = {place: self._path(asked) for place, asked in enumerate(settings)}
        found = {
            place: self._believed(path, settings[place])
            for place, path in paths.items()
            if path.is_file()
        }
        damaged = [paths[place].name for place, row in found.items() if row is None]
        if damaged:
            warnings.warn(
                f"{self.folder}: {len(damaged)} damaged or changed rows are computed again, "
                f"{damaged[0]} first",
                stacklevel=3,
            )
        return {place: row for place, row in found.items() if row is not None}

    def write(self, asked: Mapping[str, Any], row: Row) -> None:
        """Keep a finished row."""
        entry = {"asked": asked, "row": row, "digest": self._digest(asked, row)}
        write_aside(self._path(asked), json.dumps(entry, indent=1).encode())

    def _believed(self, path: Path, asked: Mapping[str, Any]) -> Row | None:
        try:
            entry = json.loads(path.read_bytes())
            whole = entry["digest"] == self._digest(asked, entry["row"])
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return entry["row"] if whole else None

    def _path(self, asked: Mapping[str, Any]) -> Path:
        return self.folder / f"{self._digest(asked)[:32]}.json"

    def _digest(self, asked: Mapping[str, Any], row: Row | None = None) -> str:
        text = json.dumps([self.state, sorted(asked.items()), row])
        return hashlib.sha256(text.encode()).hexdigest()
