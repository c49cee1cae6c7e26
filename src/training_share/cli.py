"""The command line: `training-share run | grid | site | new-company`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from training_share.errors import InputError
from training_share.files import repo_root
from training_share.run.execute import Outcome
from training_share.run.plan import Job, prepare
from training_share.run.runs import results, results_text, run, run_grid

# treated as an interrupt
ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
COMMANDS = """commands:
  run          execute notebooks, all or some, with other parameters if you like
  grid         execute notebooks for every combination of some parameters
  site         build the pages to read
  new-company  draft the rows of a company from Epoch AI's data
'training-share COMMAND --help' says more of each"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0 done, 1 a notebook failed, 2 refused before running; interrupted by a signal, 128 and the
    signal's number.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    name, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    commands: dict[str, Callable[[Sequence[str]], int]] = {
        "run": run_command,
        "grid": lambda given: run_command(given, grid=True),
        "site": _site_command,
        "new-company": _new_company_command,
    }
    if name in commands:
        return commands[name](rest)
    asked = name in ("-h", "--help")
    _tell(COMMANDS if asked else f"error: no command '{name}'\n{COMMANDS}", error=not asked)
    return 0 if asked else 2


def _site_command(arguments: Sequence[str]) -> int:
    from training_share.site import main as site

    return site(arguments)


def _new_company_command(arguments: Sequence[str]) -> int:
    from training_share.new_company import main as new_company

    return new_company(arguments)


def run_command(arguments: Sequence[str] | None = None, grid: bool = False) -> int:
    """Execute notebooks: `training-share run`, `training-share grid FILE` and
    `python -m training_share.pipeline`."""
    options = _parser(grid).parse_args(arguments)
    try:
        if options.jobs is not None and options.jobs < 1:
            raise InputError(f"--jobs: expected a whole number of at least 1, got {options.jobs}")
        with _signals_interrupt():
            return _grid_main(options) if options.grid else _run_main(options)
    except InputError as error:
        _tell(f"error: {error}", error=True)
        return 2
    except KeyboardInterrupt as interrupt:
        _tell("\ninterrupted: what had finished is in place, and the rest is as it was", error=True)
        return 128 + getattr(interrupt, "number", signal.SIGINT)


def _parser(grid: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="training-share grid" if grid else "training-share run",
        description="Execute the notebooks. Names and values are checked before anything runs;"
        " each notebook writes aside, and moves into place when all its cells have run.",
    )
    if grid:
        parser.add_argument("grid", help="YAML file: one parameter a line with its list of values")
    parser.add_argument("notebooks", nargs="*", help="names of notebooks (default: all)")
    if not grid:
        parser.add_argument(
            "-p",
            nargs=2,
            action="append",
            default=[],
            metavar=("NAME", "VALUE"),
            dest="parameters",
            help="set a parameter, as in papermill; may be repeated; needs --out",
        )
        parser.add_argument("--grid", help="as 'training-share grid FILE'; needs --out")
        parser.add_argument(
            "--html", action="store_true", help="then build the site, in site/ (or OUT/site)"
        )
    parser.add_argument(
        "--jobs", type=int, help="notebooks at a time (default: one more than there are cores)"
    )
    parser.add_argument("--out", required=grid, help="folder for a run with other parameters")
    parser.add_argument(
        "--replace", action="store_true", help="remove the run that --out holds first"
    )
    parser.add_argument("--notebooks-dir", help="folder of the notebooks (default: the project's)")
    return parser


def _run_main(options: argparse.Namespace) -> int:
    given = dict(options.parameters)
    plan = prepare(options.notebooks, given, options.out, options.notebooks_dir)
    outcomes = run(
        options.notebooks,
        given,
        options.jobs,
        options.out,
        options.notebooks_dir,
        replace=options.replace,
    )
    for job in plan:
        if job.without:
            _tell(f"{job.source.stem}: takes no {', '.join(job.without)}; it ran without")
    for name, outcome in outcomes.items():
        if outcome.fault:
            _tell(f"\n{_failure(name, outcome)}", error=True)
    if table := _closing_table(plan, outcomes, bool(given)):
        _tell("\n" + table)
    failed = any(outcome.fault for outcome in outcomes.values())
    if options.html and not failed:
        return _build_site(options)
    return int(failed)


def _failure(name: str, outcome: Outcome) -> str:
    kept = f"kept as {outcome.kept}; " if outcome.kept else ""
    return (
        f"{name}.ipynb failed: {outcome.fault}\n"
        f"  {kept}the previous good copy and figures are untouched"
    )


def _closing_table(plan: Sequence[Job], outcomes: dict[str, Outcome], changed: bool) -> str:
    """Return the shares of the companies whose notebooks ran, or why there are none to show."""
    try:
        done = [(job, outcomes[job.source.stem]) for job in plan]
        return results_text(results({"": done}), changed)
    except (InputError, TypeError) as error:
        return f"no table of shares: {error}"


def _build_site(options: argparse.Namespace) -> int:
    from training_share.site.pages import build  # takes a while to import

    folder = None if options.out is None else Path(options.out).expanduser()
    rendered = folder or (
        Path(options.notebooks_dir) if options.notebooks_dir else repo_root() / "notebooks"
    )
    figures = (folder or rendered.parent) / "figures"
    try:
        index = build(rendered / "rendered", figures, (folder or figures.parent) / "site")
    except InputError as error:
        _tell(f"error: {error}", error=True)
        return 1
    _tell(f"\nsite: {index}")
    return 0


def _grid_main(options: argparse.Namespace) -> int:
    if not options.out or getattr(options, "parameters", ()):
        raise InputError("--grid needs --out FOLDER, and takes its parameters from the file alone")
    if getattr(options, "html", False):
        raise InputError(
            "--grid makes no site; build one of a combination with 'run -p ... --html'"
        )
    manifest, table = run_grid(
        options.grid,
        options.notebooks,
        options.out,
        options.jobs,
        options.notebooks_dir,
        replace=options.replace,
    )
    failed = manifest[manifest["status"] != "done"]
    for row in failed.itertuples():
        _tell(f"{row.combination}, {row.notebook}.ipynb failed: {row.error}", error=True)
    _tell(f"\n{len(manifest) - len(failed)} of {len(manifest)} notebooks done; see {options.out}")
    _tell(results_text(table, changed=True))
    return int(not failed.empty)


def _tell(text: str, error: bool = False) -> None:
    """Print, unless nobody can read it any more: a closed pipe, a full disk, no terminal."""
    name = "stderr" if error else "stdout"
    try:
        print(text, file=getattr(sys, name) or sys.stdout, flush=True)
    except OSError:
        setattr(sys, name, None)  # else its end would speak up once more


class Ended(KeyboardInterrupt):
    """A signal asked the program to end; `number` says which."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _interrupt(number: int, _: object) -> None:
    for each in ENDINGS:  # a service manager sends both, and the first is being dealt with
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
