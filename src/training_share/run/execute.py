"""Execute the notebooks through papermill: `python -m training_share.pipeline [NOTEBOOK ...] [-p
NAME VALUE ...]`.

Names and values are checked before anything runs. Each notebook runs in a process and a kernel of
its own, writes aside, and moves into place only when every cell has run and every figure is there.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import active_children, get_all_start_methods, get_context, parent_process
from pathlib import Path

import pandas as pd
import yaml
from tqdm import tqdm

from training_share.errors import InputError, nearest, require_known
from training_share.files import repo_root, write_aside
from training_share.inputs.tables import load
from training_share.model.case import listed
from training_share.model.comparison import Comparison, compare
from training_share.model.estimates import estimate
from training_share.report.display import FOLDER_VARIABLE
from training_share.report.sentences import percent
from training_share.run.kernels import KernelServer, use
from training_share.run.notebooks import canonical, parameters_of, unfinished

# notebooks from which importing the libraries once, before the first of them starts, saves time
SHARED_FROM = 3
ENDINGS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
]  # treated as an interrupt


@dataclass(frozen=True)
class Job:
    """One notebook to execute: its source, parameters and where its results go."""

    source: Path
    parameters: dict[str, object]
    rendered: Path  # folder of executed notebooks
    figures: Path


def execute(job: Job) -> str:
    """Execute one notebook and move its copy and its figures into place; return what went wrong, or
    "".

    A failed copy is kept beside the good one as `NAME.failed.ipynb`; good notebook and figures stay
    untouched.
    """
    import papermill  # imported by the workers, beside each other

    target = job.rendered / job.source.name
    failed = target.with_suffix(".failed.ipynb")
    with tempfile.TemporaryDirectory(prefix="training_share-") as scratch:
        copy, figures = Path(scratch) / "executed.ipynb", Path(scratch) / "figures"
        os.environ.pop(
            "MPLBACKEND", None
        )  # a backend set outside would keep figures out of the notebook
        os.environ["OPENBLAS_NUM_THREADS"] = (
            "1"  # a kernel a core: more threads would only wait for each other
        )
        os.environ[FOLDER_VARIABLE] = str(figures)
        try:
            papermill.execute_notebook(
                _literal(job.source),
                _literal(copy),
                parameters=job.parameters,
                progress_bar=False,
                cwd=str(job.source.parent).replace("{", "{{").replace("}", "}}"),
                shutdown_kernel="immediate",  # nothing of it is needed once its cells have run
                extra_arguments=["--IPKernelApp.log_level=50"],
            )  # silences a warning for each kernel
            fault = unfinished(copy)
        except papermill.PapermillExecutionError as error:
            fault = f"cell {error.exec_count}: {error.ename}: {error.evalue}"
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
        try:
            if copy.exists():
                copy.write_text(canonical(copy), encoding="utf-8")
                _move(copy, failed if fault else target)
            if not fault:
                failed.unlink(missing_ok=True)
                for file in sorted(figures.glob("*")):
                    _move(file, job.figures / file.name)
        except OSError as error:
            fault = (
                fault or f"{error.filename or job.rendered}: {error.strerror}; choose another --out"
            )
    return fault


def _literal(path: Path) -> str:
    """Return a path in the form papermill takes literally (it fills braces as a template)."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _move(source: Path, target: Path) -> None:
    """Copy beside the target, then replace it in one step; an equal file is left as it is."""
    if target.exists() and target.read_bytes() == source.read_bytes():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(source, aside)
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)


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
            "parameters change what the notebooks show; add --out FOLDER, so that the project's own "
            "rendered notebooks and figures keep standing for the defaults"
        )
    checked = _check_parameters({name: parameters_of(sources[name]) for name in chosen}, given)
    rendered, figures = folder / "rendered", folder.parent / "figures"
    if out is not None:
        own = {path.resolve() for path in (rendered, figures, *_own_folders())}
        rendered, figures = Path(out) / "rendered", Path(out) / "figures"
        for target in (rendered, figures):
            if target.resolve() in own:
                raise InputError(
                    f"--out {out}: {target.resolve()} holds the project's own results, which stand for the "
                    "defaults; choose a folder of its own, such as --out my_scenario"
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
    faults = [""] * len(plan)
    # Forked workers start with this package imported; they are forked before the progress bar
    # starts its thread.
    start = "fork" if "fork" in get_all_start_methods() else "spawn"
    before = active_children()
    with (
        tempfile.TemporaryDirectory(prefix="training_share-") as scratch,
        KernelServer(len(plan) >= SHARED_FROM) as server,
        ProcessPoolExecutor(
            workers,
            mp_context=get_context(start),
            initializer=_start_worker,
            initargs=[scratch, server.address],
        ) as pool,
    ):
        try:
            futures: dict[Future, int] = {
                pool.submit(execute, plan[place]): place for place in _longest_first(plan)
            }
            with tqdm(total=len(plan), unit="notebook", disable=quiet) as bar:
                for future in as_completed(futures):
                    place = futures[future]
                    faults[place] = _result(future)
                    bar.set_postfix_str(plan[place].source.stem)
                    bar.update()
        except BaseException:  # an interrupt, or a progress bar whose terminal is gone
            for worker in set(active_children()) - set(before):
                worker.kill()  # at once: a gentle end would let papermill call its notebook failed
            raise
    return faults


def _start_worker(scratch: str, kernels: str | None) -> None:
    """Prepare a worker: its files lie in `scratch`, it ends with its parent, and an interrupt is
    its parent's to deal with."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    tempfile.tempdir = scratch
    if hasattr(os, "setsid"):
        os.setsid()
    for number in ENDINGS:
        if (
            signal.getsignal(number) is _interrupt
        ):  # inherited by a fork; an ignored signal stays ignored
            signal.signal(number, signal.SIG_DFL)
    use(kernels)


def _end_with_parent() -> None:
    """Wait until the parent is gone, however it ended, and end this process at once.

    `join` waits on a pipe that the parent alone holds open, so it returns within milliseconds and
    on every system. A second later would be too late: the kernels' server ends with the parent too,
    and papermill would call the notebook of a vanished kernel failed. A signal at the parent's
    death exists on Linux only, and follows one of its threads.
    """
    parent_process().join()
    os._exit(1)


class Ended(KeyboardInterrupt):
    """A signal asked the program to end; `number` says which."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _interrupt(number: int, _: object) -> None:
    for each in (
        ENDINGS
    ):  # a closing terminal or a service manager sends both, and the first is being dealt with
        signal.signal(each, signal.SIG_IGN)
    raise Ended(number)


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Within it SIGTERM and SIGHUP (a closed terminal) raise Ended; in the main thread, the only
    one that may say so.

    A signal that is ignored, as under nohup, or has a handler already is left as it is.
    """
    main = threading.current_thread() is threading.main_thread()
    taken = [number for number in ENDINGS if main and signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in taken:
            signal.signal(number, _interrupt)
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


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
            f"{path}: write one parameter a line with its list of values, as in 'scenario: [newsletter, "
            "appendix]'"
        )
    return {str(name): values for name, values in grid.items()}


def _result(future: Future) -> str:
    try:
        return future.result()
    except Exception as error:  # the worker itself died
        return f"{type(error).__name__}: {error}"


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
    """Refuse values that the estimate itself would refuse, by making it without drawing anything."""
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
        f"{row.training_cost_p50:>12,.0f} USDm{row.rd_compute:>9,.0f} USDm"
        f"{'  lower bound' if known[row.Index].months_not_collected else ''}"
        for row in table.itertuples()
    ]
    return "\n".join([head, *rows])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0 done, 1 a notebook failed, 2 refused before running; interrupted by a signal, 128 and the
    signal's number.
    """
    parser = argparse.ArgumentParser(
        prog="python -m training_share.pipeline", description=__doc__.split("\n")[0]
    )
    parser.add_argument("notebooks", nargs="*", help="names of notebooks (default: all)")
    parser.add_argument(
        "-p",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        dest="parameters",
        help="set a parameter, as in papermill; may be repeated; needs --out",
    )
    parser.add_argument(
        "--jobs", type=int, help="notebooks at a time (default: one more than there are cores)"
    )
    parser.add_argument(
        "--out", help="folder for rendered/ and figures/ of a run with other parameters"
    )
    parser.add_argument(
        "--grid", help="YAML file of parameters with lists of values: one run each; needs --out"
    )
    parser.add_argument("--notebooks-dir", help="folder of the notebooks (default: the project's)")
    parser.add_argument(
        "--html", action="store_true", help="then build the static site, in site/ (or OUT/site)"
    )
    options = parser.parse_args(arguments)
    try:
        if options.jobs is not None and options.jobs < 1:
            raise InputError(f"--jobs: expected a whole number of at least 1, got {options.jobs}")
        with _signals_interrupt():
            return _grid_main(options) if options.grid else _run_main(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupt:
        with suppress(OSError):  # the terminal may be what ended
            print(
                "\ninterrupted: what had finished is in place, and the rest is as it was",
                file=sys.stderr,
            )
        return 128 + getattr(interrupt, "number", signal.SIGINT)


def _run_main(options: argparse.Namespace) -> int:
    faults = run(
        options.notebooks,
        dict(options.parameters),
        options.jobs,
        options.out,
        options.notebooks_dir,
    )
    for name, fault in faults.items():
        if fault:
            print(
                f"\n{name}.ipynb failed: {fault}\n  kept as {name}.failed.ipynb; the previous good copy and figures "
                "are untouched",
                file=sys.stderr,
            )
    if table := _closing_table(dict(options.parameters), list(faults)):
        print("\n" + table)
    if options.html and not any(faults.values()):
        return _build_site(options)
    return 1 if any(faults.values()) else 0


def _build_site(options: argparse.Namespace) -> int:
    from training_share.site.pages import build  # nbconvert takes a while to import

    given = dict(options.parameters)
    numbers = {
        name: int(given[name].replace("_", "")) for name in ("n_draws", "seed") if name in given
    }
    settings = {
        name: value
        for name, value in (given | numbers).items()
        if name not in ("company", "scenarios")
    }
    folder = None if options.out is None else Path(options.out)
    rendered = folder or (
        Path(options.notebooks_dir) if options.notebooks_dir else repo_root() / "notebooks"
    )
    figures = (folder or rendered.parent) / "figures"
    try:
        index = build(
            rendered / "rendered", figures, (folder or figures.parent) / "site", settings=settings
        )
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"\nsite: {index}")
    return 0


def _grid_main(options: argparse.Namespace) -> int:
    if not options.out or options.parameters:
        raise InputError("--grid needs --out FOLDER, and takes its parameters from the file alone")
    manifest = run_grid(
        options.grid, options.notebooks, options.out, options.jobs, options.notebooks_dir
    )
    print(f"\n{manifest.to_string(index=False)}")
    return int((manifest["status"] != "done").any())


def _closing_table(parameters: dict[str, str], ran: Sequence[str]) -> str:
    """Return the shares of the companies whose notebooks ran; of the comparison's where it ran, or
    where none of them did."""
    numbers = {name: int(parameters[name]) for name in ("n_draws", "seed") if name in parameters}
    try:
        companies = [name for name in ran if name in load()["companies"]]
        if "comparison" in ran:
            companies = listed(parameters.get("companies", ""))
        settings = {
            name: value
            for name, value in (parameters | numbers).items()
            if name not in ("figures_dir", "scenarios")
        }
        return shares_text(settings, companies)
    except (InputError, TypeError) as error:
        return f"no table of shares: {error}"


if __name__ == "__main__":
    sys.exit(main())
