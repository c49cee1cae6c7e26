"""Many scenarios on common draws: a grid of settings by companies, in parallel, resumable.

Every combination draws from the same named streams, so rows differ only by what was set. Finished
rows can be kept in a checkpoint file; a row does not depend on when, where or beside what it was
computed, so an interrupted sweep ends in the same frame to the bit.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, effective_n_jobs
from tqdm import tqdm

from training_share.errors import InputError, nearest, require_known, whole_number
from training_share.inputs.tables import Tables, load
from training_share.model.case import known_groups, listed
from training_share.model.estimates import estimate

SETTINGS = (
    "scenario",
    "corrections",
    "exclude_groups",
    "evidence",
    "release_lag_months",
    "spending_start",
    "spending_end",
)
RESULTS = (
    "share_p5",
    "share_p50",
    "share_p95",
    "training_cost_p50",
    "rd_compute",
    "effective_draws",
    "months_not_collected",
)
DRAWS_PER_CHUNK = (
    2_000_000  # a second or two of work: long against handing it out, short against losing it
)


def sweep(
    grid: Mapping[str, Iterable[object]],
    companies: Iterable[str] | str = ("openai", "minimax", "zai"),
    *,
    n_draws: int = 50_000,
    seed: int = 42,
    n_jobs: int = -1,
    progress: bool = True,
    checkpoint: str | Path | None = None,
    data_dir: str | Path | None = None,
) -> pd.DataFrame:
    """Estimate every combination of the values in `grid` for every company.

    `grid` maps a name that `estimate` takes (scenario, corrections, exclude_groups, evidence,
    release_lag_months, spending_start, spending_end, any assumption, an exchange rate) to a list of
    values. The frame has one row per combination and company, the last parameter of the grid
    varying fastest: a column for each parameter, company, share_p5, share_p50, share_p95
    (fractions), training_cost_p50 and rd_compute (USD million), effective_draws,
    months_not_collected (above zero the share is a lower bound) and error.
    Where a combination is impossible the numbers are NaN and `error` says why; else it is blank.

    `n_jobs` is joblib's number of processes; inside `joblib.parallel_config("dask")` the cluster
    does the work (its workers need this package and, where they see other disks, the same data).
    `checkpoint` is a file to which finished rows are appended: call again with the same arguments
    to go on. One process writes it at a time.

    Raises InputError before anything runs for unknown parameters, scenarios and companies, for an
    empty list of values, and for a checkpoint of another sweep (another grid, other settings or
    tables).
    """
    grid = {name: _values(name, values) for name, values in grid.items()}
    names = listed(companies)
    tables = load(data_dir)
    _require_grid(tables, grid, names)
    settings = {
        "companies": list(names),
        "n_draws": whole_number(n_draws, "n_draws"),
        "seed": whole_number(seed, "seed", 0),
    }
    combinations = [
        dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())
    ]
    state = _state(tables)
    log = _Checkpoint(checkpoint, _fingerprint(grid, settings, state))
    done = {index: rows for index, rows in log.rows.items() if index < len(combinations)}
    missing = [index for index in range(len(combinations)) if index not in done]
    size = _chunk_size(len(missing), n_draws * len(names), n_jobs)
    chunks = [missing[start : start + size] for start in range(0, len(missing), size)]
    work = (
        delayed(_chunk)(
            [(index, combinations[index]) for index in chunk],
            names,
            settings["n_draws"],
            settings["seed"],
            data_dir,
            state,
        )
        for chunk in chunks
    )
    with tqdm(
        total=len(combinations) * len(names),
        initial=len(done) * len(names),
        disable=not progress,
        unit="row",
        desc="sweep",
    ) as bar:
        for results in _in_any_order(work, n_jobs) if chunks else ():
            log.append(results)
            done |= results
            bar.update(len(results) * len(names))
    return _frame(combinations, grid, names, done)


def _values(name: str, values: object) -> list[object]:
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise InputError(f"{name}: expected a list of values, got {values!r}; write [{values!r}]")
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    if not values:
        raise InputError(
            f"{name}: the list of values is empty; leave the parameter out or give it a value"
        )
    return values


def _require_grid(
    tables: Tables, grid: Mapping[str, list[object]], companies: tuple[str, ...]
) -> None:
    rates = [f"{row.currency.lower()}_per_usd" for row in tables["fx"].values()]
    known = [*SETTINGS, *tables["assumptions"], *rates]
    unknown = [
        f"unknown parameter '{name}'{nearest(name, known)}" for name in grid if name not in known
    ]
    if unknown:
        raise InputError("\n".join(unknown))
    for scenario in grid.get("scenario", ()):
        tables.scenario_corrections(scenario or "newsletter")
    if not companies or len(set(companies)) < len(companies):
        raise InputError(f"companies: name at least one, each once; got {list(companies)}")
    for company in companies:
        require_known(company, tables["companies"], "company")


@lru_cache(maxsize=8)
def _state(tables: Tables) -> str:
    """Return a digest of everything in the tables."""
    return tables.digest


def _fingerprint(
    grid: Mapping[str, list[object]], settings: Mapping[str, object], state: str
) -> str:
    """Return what a sweep's rows depend on, as a digest; NumPy's version is part of it, as it makes
    the draws."""
    what = [
        [[name, [repr(value) for value in values]] for name, values in grid.items()],
        settings,
        state,
        np.__version__,
    ]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()


def _chunk_size(combinations: int, draws: int, n_jobs: int) -> int:
    fair = -(-combinations // (4 * effective_n_jobs(n_jobs))) if combinations else 1
    return max(1, min(fair, DRAWS_PER_CHUNK // draws))


def _in_any_order(work: Iterable, n_jobs: int) -> Iterable[dict[int, list[dict]]]:
    return Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)(work)


def _chunk(
    combinations: list[tuple[int, dict]],
    companies: tuple[str, ...],
    n_draws: int,
    seed: int,
    data_dir: str | Path | None,
    state: str,
) -> dict[int, list[dict]]:
    """Estimate some combinations; runs in a worker, which reads the tables for itself."""
    tables = load(data_dir)
    if _state(tables) != state:
        raise InputError(
            "the tables are not those the sweep began with; start it again, with a new checkpoint"
        )
    return {
        index: [
            _row(tables, company, companies, values, n_draws, seed, data_dir)
            for company in companies
        ]
        for index, values in combinations
    }


def _row(
    tables: Tables,
    company: str,
    companies: tuple[str, ...],
    values: dict,
    n_draws: int,
    seed: int,
    data_dir: str | Path | None,
) -> dict[str, float | str]:
    try:
        groups = known_groups(tables, companies, listed(values.get("exclude_groups") or ()))
        own = {run.group for run in tables["training_runs"].values() if run.company == company}
        asked = {
            **values,
            "scenario": values.get("scenario") or "newsletter",
            "corrections": values.get("corrections") or (),
            "exclude_groups": [group for group in groups if group in own],
        }
        est = estimate(company, n_draws=n_draws, seed=seed, data_dir=data_dir, **asked)
        results = est.summary()
    except InputError as error:
        return {**dict.fromkeys(RESULTS, float("nan")), "error": str(error)}
    return {**{name: float(results[name]) for name in RESULTS}, "error": ""}


def _frame(
    combinations: list[dict], grid: Mapping, companies: tuple[str, ...], done: dict
) -> pd.DataFrame:
    each = range(len(combinations))
    columns = {
        name: [_cell(combinations[index][name]) for index in each for _ in companies]
        for name in grid
    }
    columns["company"] = [company for _ in each for company in companies]
    for name in (*RESULTS, "error"):
        columns[name] = [row[name] for index in each for row in done[index]]
    return pd.DataFrame(columns)


def _cell(value: object) -> object:
    """Return a value as it stands in a column: lists of names as comma-separated text."""
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple, set, frozenset)) else value


class _Checkpoint:
    """Finished rows in a file of JSON lines: a header with the sweep's fingerprint, then one
    combination a line.

    Lines are appended and flushed to disk chunk by chunk; one torn by an interruption is cut off
    when it is read. JSON prints a float with all its digits, so that reading gives back the same
    bits.
    """

    def __init__(self, path: str | Path | None, fingerprint: str) -> None:
        self.path = None if path is None else Path(path)
        self.rows: dict[int, list[dict]] = {}
        if self.path is None:
            return
        header = json.dumps({"sweep": fingerprint}) + "\n"
        whole = self._whole_lines()
        if whole is None:
            self._write(header.encode(), "xb")
        elif not whole:
            self._write(header.encode(), "wb")
        else:
            self._read(whole, header)

    def _whole_lines(self) -> list[bytes] | None:
        """Return the complete lines, after cutting off a torn last one; None where there is no
        file."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be read as a checkpoint ({error.strerror})"
            ) from error
        lines = content.splitlines(keepends=True)
        torn = bool(lines) and not _complete(lines[-1])
        if torn and len(lines) == 1 and not b'{"sweep": "'.startswith(content[:11]):
            raise InputError(f"{self.path}: not a checkpoint of a sweep; name another file")
        if torn and len(lines) > 1 and lines[0].startswith(b'{"sweep": "'):
            os.truncate(self.path, len(content) - len(lines[-1]))
        return lines[:-1] if torn else lines

    def _read(self, lines: list[bytes], header: str) -> None:
        if not lines[0].startswith(b'{"sweep": "'):
            raise InputError(f"{self.path}: not a checkpoint of a sweep; name another file")
        if lines[0].decode() != header:
            raise InputError(
                f"{self.path}: the checkpoint of another sweep (another grid, other settings or"
                " tables that have changed since); name another file, or delete this one"
            )
        for number, line in enumerate(lines[1:], start=2):
            if not _complete(line):
                raise InputError(
                    f"{self.path}, line {number}: damaged; delete this line, and it is computed"
                    " again"
                )
            entry = json.loads(line)
            self.rows[entry["combination"]] = entry["rows"]

    def append(self, results: Mapping[int, list[dict]]) -> None:
        """Add finished combinations and wait until the disk has them."""
        if self.path is not None:
            lines = [
                json.dumps({"combination": index, "rows": rows}) + "\n"
                for index, rows in results.items()
            ]
            self._write("".join(lines).encode(), "ab")

    def _write(self, content: bytes, mode: str) -> None:
        try:
            with open(self.path, mode) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(
                f"{self.path}: the checkpoint cannot be written ({error.strerror}); "
                "choose a file in a folder you may write to"
            ) from error


def _complete(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return line.endswith(b"\n")
