"""The command line: `training-share run`, `estimate` and `site`."""

import argparse
import itertools
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from training_share.errors import InputError, needs
from training_share.model.estimate import estimate
from training_share.report.sentences import answer, cost_answer
from training_share.run import grid_of, run

ENDINGS = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0 done, 1 a notebook failed, 2 refused. A
    signal ends the process, by 128 and its number, even where a shell has it ignored."""
    options = _parser().parse_args(arguments)
    for number in ENDINGS if arguments is None else ():
        if number in ENDINGS[:2] or signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)  # nohup means its SIGHUP
    try:
        return options.do(options)
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (InputError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupt:
        print("interrupted: what had finished is in place, the rest as it was", file=sys.stderr)
        sys.stderr.flush()
        os._exit(128 + (interrupt.args or [signal.SIGINT])[0])  # threads wait for ended kernels


def _interrupt(number: int, _: object) -> None:
    for each in ENDINGS:  # a service manager sends two, and the first is being dealt with
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt(number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="training-share", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("run", help="execute notebooks, with other parameters if wanted")
    command.set_defaults(do=_run)
    option = command.add_argument
    option("notebooks", nargs="*", help="their names (default: all that take the parameters)")
    set_one = {"nargs": 2, "action": "append", "default": [], "metavar": ("NAME", "VALUE")}
    option("-p", **set_one, dest="pairs", help="set a parameter, as in papermill; needs --out")
    option("--grid", metavar="FILE", help="YAML, 'name: [values]' a line: run each combination")
    option("--out", help="folder for a run with other parameters")
    option("--replace", action="store_true", help="first remove what an earlier run wrote in --out")
    option("--jobs", type=int, help="notebooks at a time (default: one more than there are cores)")
    option("--html", action="store_true", help="then build the pages to read, in site/ or OUT/site")
    option("--notebooks-dir", help="folder of the notebooks (default: the project's)")

    command = commands.add_parser("estimate", help="print a company's share, as --mfu 0.4 has it")
    command.set_defaults(do=_estimate)
    command.add_argument("company")
    command.add_argument("settings", nargs=argparse.REMAINDER, help="--NAME VALUE, as ts.estimate")

    command = commands.add_parser("site", help="build the pages to read, from what has run")
    command.set_defaults(do=_site)
    command.add_argument("out", nargs="?", help="folder of a run made with --out; then OUT/site")
    return parser


def _run(options: argparse.Namespace) -> int:
    if options.html:
        _builder()  # speaks up now, if at all
    faults = run(
        options.notebooks,
        grid_of(options.pairs, options.grid),
        options.out,
        replace=options.replace,
        at_once=options.jobs,
        notebooks_dir=options.notebooks_dir,
    )
    failed = any(faults.values())
    return _site(options) if options.html and not failed else int(failed)


def _estimate(options: argparse.Namespace) -> int:
    settings: dict[str, str | int] = {}
    for option, value in itertools.zip_longest(options.settings[::2], options.settings[1::2]):
        name = option.removeprefix("--").replace("-", "_")
        if not option.startswith("--") or value is None or name in settings:
            raise InputError(f"{option}: write each setting once, as --NAME VALUE")
        settings[name] = int(value) if value.isdecimal() else value
    est = estimate(options.company, **settings)
    print((answer if est.has_spending else cost_answer)(est).replace("**", ""), flush=True)
    return 0


def _site(options: argparse.Namespace) -> int:
    folder = Path(options.out).expanduser() if options.out else None
    places = [folder / name for name in ("rendered", "figures", "site")] if folder else []
    print(f"site: {_builder()(*places)}", flush=True)
    return 0


def _builder() -> Callable[..., Path]:
    with needs("site", "the pages"):
        from training_share.site.pages import build  # takes a while

        for package in ("openpyxl", "pyarrow"):  # which the pages' downloads take later
            import_module(package)
        return build
