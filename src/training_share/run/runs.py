"""A run: what was asked, the notebooks executed, and the shares it gives beside the defaults."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from training_share.errors import InputError
from training_share.files import alone_in, require_writable, write_aside
from training_share.inputs.tables import load
from training_share.model.case import listed
from training_share.model.comparison import compare
from training_share.report.display import save
from training_share.report.text import percent
from training_share.run.execute import Outcome, execute_all
from training_share.run.plan import (
    Job,
    combinations,
    estimate_settings,
    make_folders,
    prepare,
    read_grid,
)

ASKED, MANIFEST = "parameters.yaml", "manifest.csv"
RESULTS = "results.csv", "results.png", "results.svg"
COMBINATION = "[0-9]" * 4, "[0-9]" * 4 + "_*"  # its folder
LEFT = "rendered", "figures", "site", ASKED, MANIFEST, *RESULTS, *COMBINATION  # by a run


@dataclass(frozen=True)
class Ran:
    """What was executed: by combination, "" where there is one, its jobs and how they ended; the
    shares (see `results`), and why there are none."""

    done: Mapping[str, Sequence[tuple[Job, Outcome]]]
    shares: pd.DataFrame
    fault: str = ""


def run(
    names: Sequence[str] = (),
    parameters: Mapping[str, object] | None = None,
    jobs: int | None = None,
    out: str | Path | None = None,
    notebooks_dir: str | Path | None = None,
    quiet: bool = False,
    replace: bool = False,
) -> Ran:
    """Execute notebooks by name (default: all).

    `out` receives `rendered/`, `figures/`, `parameters.yaml` and `results.csv` with its chart, of a
    scenario run elsewhere; parameters that change a result need it, so that the project's own
    rendered notebooks always stand for the defaults. A folder that holds a run with other
    parameters is refused unless `replace`.

    Raises InputError before anything runs for an unknown notebook or parameter, a value that does
    not parse, a source notebook whose own parameters differ from the defaults, a folder that cannot
    be written or that another run is writing to, and an `out` that is the project's own.
    """
    plan = prepare(names, parameters, out, notebooks_dir)
    asked = {
        name: value if isinstance(value, str | int | float | list) else str(value)
        for name, value in (parameters or {}).items()
        if value is not None
    }
    folder = None if out is None else Path(out).expanduser()
    with _folders_of(plan, folder, asked, replace):
        return _executed({"": plan}, folder, jobs, quiet)


def run_grid(
    path: str | Path,
    names: Sequence[str],
    out: str | Path,
    jobs: int | None = None,
    notebooks_dir: str | Path | None = None,
    quiet: bool = False,
    replace: bool = False,
) -> tuple[Ran, pd.DataFrame]:
    """Execute notebooks once for each combination of the parameters in a YAML file (name: list of
    values), each in a folder of `out` that is named after it.

    Returns, and writes to `out`, the results and the manifest: one row a notebook and combination,
    its parameters, status, error and figures. Raises InputError as `run` does, before anything
    runs.
    """
    grid, folder = read_grid(path), Path(out).expanduser()
    plans = {
        name: prepare(names, given, folder / name, notebooks_dir)
        for name, given in combinations(grid).items()
    }
    with _folders_of([job for plan in plans.values() for job in plan], folder, grid, replace):
        ran = _executed(plans, folder, jobs, quiet)
        manifest = pd.DataFrame(
            [
                {
                    "combination": combination,
                    "notebook": job.source.stem,
                    **{name: job.parameters.get(name, "") for name in grid},
                    "status": "failed" if outcome.fault else "done",
                    "error": outcome.fault,
                    "figures": " ".join(name for name in outcome.figures if name.endswith(".png")),
                    "does not take": " ".join(job.without),
                }
                for combination, ends in ran.done.items()
                for job, outcome in ends
            ]
        )
        text = manifest.to_csv(index=False, lineterminator="\n")
        write_aside(folder / MANIFEST, text.encode())
    return ran, manifest


def _executed(
    plans: Mapping[str, Sequence[Job]], folder: Path | None, jobs: int | None, quiet: bool
) -> Ran:
    """Execute the jobs of all combinations, and write their results with a chart to the folder."""
    outcomes = iter(execute_all([job for plan in plans.values() for job in plan], jobs, quiet))
    done = {name: [(job, next(outcomes)) for job in plan] for name, plan in plans.items()}
    try:
        shares = results(done)
    except (InputError, TypeError) as error:  # a notebook of one's own may take what no call does
        return Ran(done, pd.DataFrame(), str(error))
    if folder and not shares.empty:
        from training_share.report import charts  # brings matplotlib

        save(charts.combinations(shares), "results", folder)
    return Ran(done, shares)


# --- what a run leaves ----------------------------------------------------------------------------
@contextmanager
def _folders_of(
    plan: Sequence[Job], folder: Path | None, asked: Mapping[str, object], replace: bool
) -> Iterator[None]:
    """Within it the folders of a run, all in `folder` if there is one, are made, this run's alone,
    and say what was asked."""
    if folder:
        _refuse_another(folder, asked, replace)
        require_writable(folder)
    with alone_in(*([folder] if folder else make_folders(plan))):
        if folder:
            if replace:
                _empty(folder)
            make_folders(plan)
            text = yaml.safe_dump(dict(asked), sort_keys=False, allow_unicode=True)
            write_aside(folder / ASKED, text.encode())
        yield


def _refuse_another(folder: Path, asked: Mapping[str, object], replace: bool) -> None:
    """Raise InputError where a folder holds a run with other parameters."""
    if replace or not _of_a_run(folder):
        return
    try:
        found = yaml.safe_load((folder / ASKED).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        found = None
    if found != asked:
        what = "another run" if found is None else f"a run with {found or 'the defaults'}"
        raise InputError(
            f"--out {folder}: holds {what}; choose another folder, or add --replace to remove it"
        )


def _of_a_run(folder: Path) -> list[Path]:
    """Return what a run has left in a folder."""
    return [path for pattern in LEFT for path in folder.glob(pattern)]


def _empty(folder: Path) -> None:
    for path in _of_a_run(folder):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


# --- results --------------------------------------------------------------------------------------
def results(done: Mapping[str, Sequence[tuple[Job, Outcome]]]) -> pd.DataFrame:
    """Return the shares of the companies whose notebooks have run, beside those of the defaults.

    One row a combination and company: `share_p5`, `share_p50` and `share_p95` as fractions,
    `default_p50` (newsletter, nothing changed, the same draws), `difference` of the medians,
    `training_cost` and `rd_compute` (medians) in `unit`, and the `caveat` that the window makes.
    Where `comparison` ran, its companies too; where no company's notebook ran, those that disclose
    spending.
    """
    rows = []
    for combination, jobs in done.items():
        for company, settings in _settings_of([job for job, end in jobs if not end.fault]).items():
            est = compare([company], **settings).estimates[company]
            if not est.has_spending:
                continue
            drawn = {name: settings[name] for name in ("n_draws", "seed") if name in settings}
            default = compare([company], **drawn).estimates[company].summary()
            one = est.summary()
            rows.append(
                {
                    "combination": combination,
                    "company": est.company_row.display_name,
                    **{name: one[name] for name in ("share_p5", "share_p50", "share_p95")},
                    "default_p50": default["share_p50"],
                    "difference": one["share_p50"] - default["share_p50"],
                    "training_cost": one["training_cost_p50"],
                    "rd_compute": one["rd_compute"],
                    "unit": f"million {est.unit}",
                    "caveat": est.caveat,
                }
            )
    return pd.DataFrame(rows)


def _settings_of(jobs: Sequence[Job]) -> dict[str, dict[str, object]]:
    """Return the arguments of `compare` for each company whose share notebooks have shown: its own
    notebook's, else those of one that compares."""
    if not jobs:
        return {}
    tables = load()
    own = {job.source.stem: job for job in jobs if job.source.stem in tables.companies}
    comparing = next((job for job in jobs if job.source.stem == "comparison"), None)
    if comparing is None and not own:
        comparing = jobs[0]
    found = {}
    if comparing:
        companies = listed(str(comparing.settings.get("companies", ""))) or tables.with_spending
        found = {company: estimate_settings(comparing.settings) for company in companies}
    return found | {name: estimate_settings(job.settings) for name, job in own.items()}


def results_text(ran: Ran, changed: bool) -> str:
    """Return a run's results as lines of text; where something was `changed`, beside the
    defaults."""
    table = ran.shares
    if table.empty:
        return f"no table of shares: {ran.fault}" if ran.fault else ""
    wide = max(map(len, table["combination"]))
    head = f"{'combination':<{wide + 2}}" if wide else ""
    beside = f"{'defaults':>10}" if changed else ""
    lines = [
        f"{head}{'company':<10}{'share':>8}{beside}  {'90% interval':<16}"
        f"{'training cost':>16}{'R&D compute':>14}"
    ]
    for row in table.itertuples():
        lines.append(
            f"{row.combination:<{wide + 2 if wide else 0}}{row.company:<10}"
            f"{percent(row.share_p50):>8}"
            + (f"{percent(row.default_p50):>10}" if changed else "")
            + f"  {percent(row.share_p5) + ' to ' + percent(row.share_p95):<16}"
            f"{_millions(row.training_cost, row.unit, 12)}{_millions(row.rd_compute, row.unit, 9)}"
            f"{f'  {row.caveat}' if row.caveat else ''}"
        )
    return "\n".join(lines)


def _millions(amount: float, unit: str, width: int) -> str:
    if unit == "million USD":
        return f"{amount:>{width},.0f} USDm"
    return f"{amount:>{width},.2f} M h"  # hours of a chip
