"""The command line: `python -m training_share.pipeline [NOTEBOOK ...] [-p NAME VALUE ...]`.

Names and values are checked before anything runs. Each notebook runs in a process and a kernel of
its own, writes aside, and moves into place only when every cell has run and every figure is there.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from training_share.errors import InputError
from training_share.files import repo_root
from training_share.inputs.tables import load
from training_share.model.case import listed
from training_share.run.execute import run, run_grid, shares_text

# treated as an interrupt
ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


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
                f"\n{name}.ipynb failed: {fault}\n  kept as {name}.failed.ipynb; the previous good"
                " copy and figures are untouched",
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
