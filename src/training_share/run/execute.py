"""Execute the notebooks through papermill.

Names and values are checked before anything runs. Each notebook runs in a process and a kernel of
its own, writes aside, and moves into place only when every cell has run and every figure is there.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml
from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError
from tqdm import tqdm

from training_share.errors import InputError, nearest, require_known
from training_share.files import move_into_place, repo_root, write_aside
from training_share.inputs.tables import load
from training_share.model.case import listed
from training_share.model.comparison import Comparison, compare
from training_share.model.estimates import estimate
from training_share.report.display import FOLDER_VARIABLE
from training_share.report.text import percent, short
from training_share.run.notebooks import canonical, parameters_of, unfinished


@dataclass(frozen=True)
class Job:
    """One notebook to execute: its source, parameters and where its results go."""

    source: Path
    parameters: dict[str, object]
    rendered: Path  # folder of executed notebooks
    figures: Path


def execute(job: Job, scratch: str, owner: int) -> str:
    """Execute one notebook and move its copy and its figures into place; return what went wrong, or
    "".

    A failed copy is kept beside the good one as `NAME.failed.ipynb`; good notebook and figures stay
    untouched. All that is written before lies in the folder `scratch`. A worker ends when the
    process `owner` does.
    """
    import papermill  # imported by the workers, beside each other

    if os.getpid() != owner:
        threading.Thread(target=_end_with, args=[owner], daemon=True).start()
    target = job.rendered / job.source.name
    failed = target.with_suffix(".failed.ipynb")
    with tempfile.TemporaryDirectory(dir=scratch) as own:
        copy, figures = Path(own) / "executed.ipynb", Path(own) / "figures"
        try:
            with _environment_of_kernels(figures, own):
                papermill.execute_notebook(
                    _literal(job.source),
                    _literal(copy),
                    parameters=job.parameters,
                    progress_bar=False,
                    cwd=_literal(job.source.parent),
                    shutdown_kernel="immediate",  # nothing of it is needed once its cells have run
                    # silences a warning for each kernel
                    extra_arguments=["--IPKernelApp.log_level=50"],
                )
            fault = unfinished(copy)
        except papermill.PapermillExecutionError as error:
            fault = f"cell {error.exec_count}: {error.ename}: {error.evalue}"
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
        try:
            if copy.exists():
                copy.write_text(canonical(copy), encoding="utf-8")
                move_into_place(copy, failed if fault else target)
            if not fault:
                failed.unlink(missing_ok=True)
                for file in sorted(figures.glob("*")):
                    move_into_place(file, job.figures / file.name)
        except OSError as error:
            fault = (
                fault or f"{error.filename or job.rendered}: {error.strerror}; choose another --out"
            )
    return fault


def _end_with(owner: int) -> None:
    """Wait until the parent process is gone, however it ended, and end this process at once: else
    its notebooks would go on, and kernels with them."""
    while os.getppid() == owner:
        time.sleep(0.5)
    os._exit(1)


@contextmanager
def _environment_of_kernels(figures: Path, temporary: str) -> Iterator[None]:
    """Within it, a kernel that is started draws into its notebook, saves figures in `figures`, and
    uses one thread: a kernel a core, more threads would only wait for each other."""
    before, folder = dict(os.environ), tempfile.tempdir
    tempfile.tempdir = temporary  # of the files that connect to the kernel
    os.environ.pop("MPLBACKEND", None)  # a backend set outside would keep figures out
    os.environ |= {FOLDER_VARIABLE: str(figures), "OPENBLAS_NUM_THREADS": "1", "TMPDIR": temporary}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        tempfile.tempdir = folder


def _literal(path: Path) -> str:
    """Return a path in the form papermill takes literally (it fills braces as a template)."""
    return str(path).replace("{", "{{").replace("}", "}}")


def run(
    names: Sequence[str] = (),
    parameters: Mapping[str, object] | None = None,
    jobs: int | None = None,
    out: str | Path | None = None,
    notebooks_dir: str | Path | None = None,
    quiet: bool = False,
) -> dict[str, str]:
    """Execute notebooks by name (default: all) and return what went wrong for each, "" where
    nothing did.

    `out` receives `rendered/` and `figures/` of a scenario run elsewhere; parameters that change a
    result need it, so that the project's own rendered notebooks always stand for the defaults.
    Raises InputError before anything runs for an unknown notebook or parameter, a value that does
    not parse, a folder that cannot be written, and an `out` whose folders are the project's own.
    """
    plan = prepare(names, parameters, out, notebooks_dir)
    return {
        job.source.stem: fault
        for job, fault in zip(plan, execute_all(plan, jobs, quiet), strict=True)
    }


def prepare(
    names: Sequence[str] = (),
    parameters: Mapping[str, object] | None = None,
    out: str | Path | None = None,
    notebooks_dir: str | Path | None = None,
) -> list[Job]:
    """Check names, values and folders, and return what there is to execute. Raises InputError as
    `run` does."""
    folder = Path(notebooks_dir) if notebooks_dir else repo_root() / "notebooks"
    sources = {
        path.stem: path
        for path in sorted(folder.glob("*.ipynb"))
        if not path.stem.endswith(".failed")
    }
    for name in names:
        require_known(name.removesuffix(".ipynb"), sources, "notebook")
    chosen = [name.removesuffix(".ipynb") for name in names] or list(sources)
    given = parameters or {}
    if given and out is None:
        raise InputError(
            "parameters change what the notebooks show; add --out FOLDER, so that the project's own"
            " rendered notebooks and figures keep standing for the defaults"
        )
    checked = _check_parameters({name: parameters_of(sources[name]) for name in chosen}, given)
    rendered, figures = folder / "rendered", folder.parent / "figures"
    if out is not None:
        own = {path.resolve() for path in (rendered, figures, *_own_folders())}
        rendered, figures = Path(out) / "rendered", Path(out) / "figures"
        for target in (rendered, figures):
            if target.resolve() in own:
                raise InputError(
                    f"--out {out}: {target.resolve()} holds the project's own results, which stand"
                    " for the defaults; choose a folder of its own, such as --out my_scenario"
                )
    for target in (rendered, figures):
        _require_writable(target)
    return [
        Job(sources[name].resolve(), checked[name], rendered.resolve(), figures.resolve())
        for name in chosen
    ]


def _own_folders() -> tuple[Path, Path]:
    """Return where the project keeps its own rendered notebooks and its figures."""
    return repo_root() / "notebooks" / "rendered", repo_root() / "figures"


def execute_all(plan: Sequence[Job], jobs: int | None = None, quiet: bool = False) -> list[str]:
    """Execute jobs in parallel processes with a progress bar; return the fault of each, or "".

    By default one more than there are cores, so that none idles while a kernel starts or ends. An
    interrupt ends all processes at once; what had finished by then is in place, and nothing else
    was touched.
    """
    workers = min(len(plan), jobs or (os.cpu_count() or 1) + 1)
    faults = ["did not run: a worker process before it was ended from outside"] * len(plan)
    order = _longest_first(plan)
    with tempfile.TemporaryDirectory(prefix="training_share-") as scratch:
        work = (delayed(execute)(plan[place], scratch, os.getpid()) for place in order)
        results = Parallel(workers, return_as="generator", batch_size=1)(work)
        with (
            tqdm(total=len(plan), unit="notebook", disable=quiet) as bar,
            suppress(TerminatedWorkerError),  # killed, or out of memory: what it ran has no result
        ):
            for place, fault in zip(order, results, strict=True):
                faults[place] = fault
                bar.set_postfix_str(plan[place].source.stem)
                bar.update()
    return faults


def _longest_first(plan: Sequence[Job]) -> list[int]:
    """Return the places of jobs by the size of their last executed copy, which goes with its
    figures and so its time."""

    def size(place: int) -> int:
        last = plan[place].source.parent / "rendered" / plan[place].source.name
        return last.stat().st_size if last.exists() else sys.maxsize

    return sorted(range(len(plan)), key=size, reverse=True)


def run_grid(
    path: str | Path,
    names: Sequence[str],
    out: str | Path,
    jobs: int | None = None,
    notebooks_dir: str | Path | None = None,
    quiet: bool = False,
) -> pd.DataFrame:
    """Execute notebooks once for each combination of the parameters in a YAML file (name: list of
    values).

    Combination n goes to `out`/000n/. Returns the manifest, also written to `out`/manifest.csv: one
    row a notebook and combination, with its parameters, status, error and figures. Raises
    InputError before anything runs.
    """
    grid = _read_grid(Path(path))
    combinations = [
        dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())
    ]
    plans = [
        (number, given, job)
        for number, given in enumerate(combinations, start=1)
        for job in prepare(names, given, Path(out) / f"{number:04d}", notebooks_dir)
    ]
    faults = execute_all([job for *_, job in plans], jobs, quiet)
    manifest = pd.DataFrame(
        [
            {
                "combination": f"{number:04d}",
                "notebook": job.source.stem,
                **given,
                "status": "failed" if fault else "done",
                "error": fault,
                "figures": " ".join(sorted(file.name for file in job.figures.glob("*.png"))),
            }
            for (number, given, job), fault in zip(plans, faults, strict=True)
        ]
    )
    write_aside(
        Path(out) / "manifest.csv", manifest.to_csv(index=False, lineterminator="\n").encode()
    )
    return manifest


def _read_grid(path: Path) -> dict[str, list[object]]:
    try:
        grid = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: not a readable YAML file ({error})") from error
    if not isinstance(grid, dict) or not all(
        isinstance(values, list) and values for values in grid.values()
    ):
        raise InputError(
            f"{path}: write one parameter a line with its list of values, as in 'scenario:"
            " [newsletter, appendix]'"
        )
    return {str(name): values for name, values in grid.items()}


def _check_parameters(
    known: dict[str, dict[str, object]], given: Mapping[str, object]
) -> dict[str, dict[str, object]]:
    """Return each notebook's typed parameters: those of the given ones that it has."""
    if "figures_dir" in given:
        raise InputError(
            "figures_dir: use --out FOLDER, which places figures and notebooks together"
        )
    every = {name for defaults in known.values() for name in defaults} - {"figures_dir"}
    for name in given:
        if name not in every:
            raise InputError(f"no parameter '{name}' in {', '.join(known)}{nearest(name, every)}")
    checked = {}
    for notebook, defaults in known.items():
        checked[notebook] = {
            name: _typed(name, text, defaults[name])
            for name, text in given.items()
            if name in defaults
        }
        _try(notebook, defaults | checked[notebook])
    return checked


def _typed(name: str, text: str, default: object) -> object:
    if isinstance(default, int):
        try:
            return int(str(text).replace("_", ""))
        except ValueError:
            raise InputError(f"parameter {name}: expected a whole number, got '{text}'") from None
    return str(text)


def _try(notebook: str, parameters: dict[str, object]) -> None:
    """Refuse values that the estimate itself would refuse, by making it without drawing
    anything."""
    settings = {
        name: value
        for name, value in parameters.items()
        if name not in ("figures_dir", "scenarios")
    }
    if "companies" in settings:
        for scenario in listed(
            str(parameters.get("scenarios", settings.get("scenario", "newsletter")))
        ):
            compare(**settings | {"scenario": scenario})
    elif notebook in load()["companies"]:
        estimate(notebook, **settings)


def _require_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror}); choose another folder with --out"
        ) from error


def _amounts(row) -> str:
    """Return training cost and R&D compute of a row of `Comparison.table` in two columns."""
    if row.unit == "USD":
        return f"{row.training_cost_p50:>12,.0f} USDm{row.rd_compute:>9,.0f} USDm"
    return f"{short(row.training_cost_p50, row.unit):>17}{short(row.rd_compute, row.unit):>14}"


def shares_text(parameters: dict[str, object], companies: Sequence[str] = ()) -> str:
    """Return the final table of shares under the parameters, as lines of text; "" where no company
    has a share.

    `companies` are by default those of `compare`.
    """
    settings = {
        name: value for name, value in parameters.items() if name not in ("company", "companies")
    }
    estimates = compare(**settings | ({"companies": companies} if companies else {})).estimates
    known = {company: est for company, est in estimates.items() if est.has_spending}
    if not known:
        return ""
    table = Comparison(known).table
    head = (
        f"{'company':<10}{'share':>8}  {'90% interval':<16}{'training cost':>16}{'R&D compute':>14}"
    )
    rows = [
        f"{row.display_name:<10}{percent(row.share_p50):>8}  "
        f"{percent(row.share_p5) + ' to ' + percent(row.share_p95):<16}"
        f"{_amounts(row)}"
        f"{'  lower bound' if known[row.Index].months_not_collected else ''}"
        for row in table.itertuples()
    ]
    return "\n".join([head, *rows])
