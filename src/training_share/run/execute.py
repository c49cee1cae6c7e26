"""Execute the notebooks through papermill.

Each notebook runs in a process and a kernel of its own, writes aside, and moves into place only
when every cell has run and every figure is there.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError
from tqdm import tqdm

from training_share.errors import InputError
from training_share.files import alone_in, move_all
from training_share.report.display import FOLDER_VARIABLE
from training_share.run.notebooks import canonical, unfinished
from training_share.run.plan import Job

SCRATCH = "training_share-"
MOVING = threading.Lock()  # held while results move into place
ENDED = (
    "did not run: its worker process was ended from outside, perhaps for want of memory; try again"
    " with --jobs 1"
)


@dataclass(frozen=True)
class Outcome:
    """How a notebook ended: what went wrong, or "", the figures it left, and the failed copy."""

    fault: str = ""
    figures: tuple[str, ...] = ()
    kept: str = ""


def execute(job: Job, scratch: str, owner: int) -> Outcome:
    """Execute one notebook and move its copy and its figures into place, all or none.

    A failed copy is kept beside the good one as `NAME.failed.ipynb`; good notebook and figures stay
    untouched. All that is written before lies in the folder `scratch`. A worker ends when the
    process `owner` does.
    """
    import papermill  # imported by the workers, beside each other

    if os.getpid() != owner:
        threading.Thread(target=_end_with, args=[owner], daemon=True).start()
    target = job.rendered / job.source.name
    failed = target.with_suffix(".failed.ipynb")
    try:
        with tempfile.TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True) as own:
            copy, figures = Path(own) / "executed.ipynb", Path(own) / "figures"
            try:
                with _environment_of_kernels(figures, own):
                    papermill.execute_notebook(
                        _literal(job.source),
                        _literal(copy),
                        parameters=dict(job.parameters),
                        progress_bar=False,
                        cwd=_literal(job.source.parent),
                        shutdown_kernel="immediate",  # nothing of it is needed once its cells ran
                        # silences a warning for each kernel
                        extra_arguments=["--IPKernelApp.log_level=50"],
                    )
                fault = unfinished(copy)
            except papermill.PapermillExecutionError as error:
                fault = f"cell {error.exec_count}: {error.ename}: {error.evalue}"
            except Exception as error:
                fault = f"{type(error).__name__}: {str(error) or repr(error.__cause__)}"
            moves = {}
            if copy.exists():
                copy.write_text(canonical(copy), encoding="utf-8")
                moves[copy] = failed if fault else target
            made = [] if fault else sorted(figures.glob("*"))
            moves |= {file: job.figures / file.name for file in made}
            with MOVING:
                move_all(moves)
                if not fault:
                    failed.unlink(missing_ok=True)
            return Outcome(
                _printable(fault),
                tuple(file.name for file in made),
                failed.name if fault and moves else "",
            )
    except OSError as error:
        return Outcome(f"{error.filename or job.rendered}: {error.strerror}")


def _printable(text: str) -> str:
    """Return a notebook's message without sequences that would steer the terminal."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", text)


def _end_with(owner: int) -> None:
    """Wait until the parent process is gone, however it ended, and end this process: else its
    notebooks would go on, and kernels with them. What is being moved into place is finished."""
    while os.getppid() == owner:
        time.sleep(0.5)
    with MOVING:
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


def execute_all(plan: Sequence[Job], jobs: int | None = None, quiet: bool = False) -> list[Outcome]:
    """Execute jobs in parallel processes with a progress bar; return how each ended.

    By default one more than there are cores, so that none idles while a kernel starts or ends. An
    interrupt ends all processes at once; what had finished by then is in place, and nothing else
    was touched. Where a worker is ended from outside, the notebooks without a result run once more.
    """
    outcomes: dict[int, Outcome] = {}
    waiting = _longest_first(plan)
    with (
        _scratch() as scratch,
        tqdm(total=len(plan), unit="notebook", disable=quiet or sys.stderr is None) as bar,
    ):
        for _ in range(2):
            workers = min(len(waiting), jobs or (os.cpu_count() or 1) + 1)
            work = (delayed(execute)(plan[place], scratch, os.getpid()) for place in waiting)
            results = Parallel(workers or 1, return_as="generator", batch_size=1)(work)
            with suppress(TerminatedWorkerError):  # killed, or out of memory
                for place, outcome in zip(waiting, results, strict=True):
                    outcomes[place] = outcome
                    bar.set_postfix_str(plan[place].source.stem)
                    bar.update()
            waiting = [place for place in waiting if place not in outcomes]
    return [outcomes.get(place, Outcome(ENDED)) for place in range(len(plan))]


@contextmanager
def _scratch() -> Iterator[str]:
    """A folder for what is not finished, gone at the end; those of runs that were killed go too."""
    try:
        _clear_abandoned(Path(tempfile.gettempdir()))
        folder = tempfile.mkdtemp(prefix=SCRATCH)
    except OSError as error:
        raise InputError(
            f"no folder for temporary files ({error.strerror}); make room, or set TMPDIR to one"
        ) from error
    try:
        with alone_in(Path(folder)):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clear_abandoned(shared: Path) -> None:
    """Remove the folders of this user's runs that were killed: nobody holds them any more."""
    for left in shared.glob(f"{SCRATCH}*") if hasattr(os, "getuid") else ():
        with suppress(InputError, OSError):
            if left.stat().st_uid == os.getuid() and time.time() - left.stat().st_mtime > 60:
                with alone_in(left):
                    shutil.rmtree(left)


def _longest_first(plan: Sequence[Job]) -> list[int]:
    """Return the places of jobs by the size of their last executed copy, which goes with its
    figures and so its time."""

    def size(place: int) -> int:
        last = plan[place].source.parent / "rendered" / plan[place].source.name
        return last.stat().st_size if last.exists() else sys.maxsize

    return sorted(range(len(plan)), key=size, reverse=True)
