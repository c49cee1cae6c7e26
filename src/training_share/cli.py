"""The command line: `training-share run | grid | site`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from training_share.errors import InputError
from training_share.run.plan import Job
from training_share.run.runs import results_text, run, run_grid

# treated as an interrupt
ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
COMMANDS = """commands:
  run          execute notebooks, all or some, with other parameters if you like
  grid         execute notebooks for every combination of some parameters
  site         build the pages to read
'training-share COMMAND --help' says more of each"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0 done, 1 a notebook failed, 2 refused before running; interrupted by a signal, 128 and the
    signal's number.
    """
    name, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in ("run", "grid"):
        return run_command(rest, grid=name == "grid")
    if name == "site":
        from training_share.site import main as site

        return site(rest)
    if name in ("-h", "--help"):
        _tell(COMMANDS)
        return 0
    _tell(f"error: no command '{name}'\n{COMMANDS}", error=True)
    return 2


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
        return 128 + (interrupt.args[0] if interrupt.args else signal.SIGINT)


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


def _how(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in ("jobs", "notebooks_dir", "replace")}


def _run_main(options: argparse.Namespace) -> int:
    given = dict(options.parameters)
    ran = run(options.notebooks, given, out=options.out, **_how(options))
    (done,) = ran.done.values()
    for job, _ in done:
        if job.without:
            _tell(f"{job.source.stem}: takes no {', '.join(job.without)}; it ran without")
    for job, outcome in done:
        if outcome.fault:
            kept = f"kept as {outcome.kept}; " if outcome.kept else ""
            _tell(
                f"\n{job.source.name} failed: {outcome.fault}\n"
                f"  {kept}the previous good copy and figures are untouched",
                error=True,
            )
    if table := results_text(ran, bool(given)):
        _tell("\n" + table)
    failed = any(outcome.fault for _, outcome in done)
    if options.html and not failed:
        return _build_site(done[0][0])
    return int(failed)


def _build_site(job: Job) -> int:
    """Build the site of a run, of which `job` is one, beside its figures."""
    from training_share.site.pages import build  # takes a while to import

    try:
        index = build(job.rendered, job.figures, job.figures.parent / "site")
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
    ran, manifest = run_grid(options.grid, options.notebooks, options.out, **_how(options))
    failed = manifest[manifest["status"] != "done"]
    for row in failed.itertuples():
        _tell(f"{row.combination}, {row.notebook}.ipynb failed: {row.error}", error=True)
    _tell(f"\n{len(manifest) - len(failed)} of {len(manifest)} notebooks done; see {options.out}")
    _tell(results_text(ran, changed=True))
    return int(not failed.empty)


def _tell(text: str, error: bool = False) -> None:
    """Print, unless nobody can read it any more: a closed pipe, a full disk, no terminal."""
    name = "stderr" if error else "stdout"
    try:
        print(text, file=getattr(sys, name) or sys.stdout, flush=True)
    except OSError:
        setattr(sys, name, None)  # else its end would speak up once more


def _interrupt(number: int, _: object) -> None:
    for each in ENDINGS:  # a service manager sends both, and the first is being dealt with
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt(number)


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Within it SIGTERM and SIGHUP (a closed terminal) raise KeyboardInterrupt with their number.

    A signal that is ignored, as under nohup, or has a handler already is left as it is.
    """
    taken = [number for number in ENDINGS if signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in taken:
            signal.signal(number, _interrupt)
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
