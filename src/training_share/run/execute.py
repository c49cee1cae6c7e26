"""Execute the notebooks through papermill.

Each notebook has a kernel, which is a process of its own, and a thread that talks to it; it writes
aside, and moves into place only when every cell has run.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from training_share.errors import InputError
from training_share.files import alone_in, move_all
from training_share.report.display import FOLDER_VARIABLE
from training_share.run.notebooks import canonical, unfinished
from training_share.run.plan import Job

if TYPE_CHECKING:
    from jupyter_client import AsyncKernelManager
    from nbformat import NotebookNode

SCRATCH = "training_share-"
KERNEL_OPTIONS = [
    "--IPKernelApp.log_level=50",  # silences a warning for each kernel
    # looking for garbage in all that was imported takes a tenth of a kernel's time
    "--IPKernelApp.exec_lines=__import__('gc').set_threshold(20_000)",
]
FILES_A_KERNEL = 50  # sockets and the like that this process opens for each; 28 on Linux


@dataclass(frozen=True)
class Outcome:
    """How a notebook ended: what went wrong, or "", the figures it left, and the failed copy."""

    fault: str = ""
    figures: tuple[str, ...] = ()
    kept: str = ""


class Kernels:
    """The kernels of a run, which an interrupt ends at once."""

    def __init__(self) -> None:
        self.interrupted = False
        self._started: list[AsyncKernelManager] = []

    def kind(self, folder: Path, own: Path) -> type[AsyncKernelManager]:
        """Return the kind of kernel that works in `folder`, draws into its notebook, and saves
        figures and temporary files in `own`. It uses one thread: a kernel a core, more threads
        would only wait for each other."""
        from jupyter_client import AsyncKernelManager

        environment = os.environ | {
            FOLDER_VARIABLE: str(own / "figures"),
            "OPENBLAS_NUM_THREADS": "1",
            "TMPDIR": str(own),
        }
        environment.pop("MPLBACKEND", None)  # a backend set outside would keep figures out
        kernels = self

        class Kernel(AsyncKernelManager):
            async def start_kernel(self, **settings: object) -> None:
                self.connection_file = str(own / "kernel.json")
                await super().start_kernel(cwd=str(folder), env=environment, **settings)
                self.loop = asyncio.get_running_loop()
                kernels._started.append(self)
                if kernels.interrupted:
                    self.cut_off()

            def cut_off(self) -> None:
                """End the kernel and whatever waits for it; its process alone, as its group is this
                process' own until it has begun."""
                if self.has_kernel:
                    self.provisioner.process.kill()
                    for task in asyncio.all_tasks(self.loop):
                        task.cancel()

        return Kernel

    def end(self) -> None:
        """End all kernels, those too that are just being started."""
        self.interrupted = True
        for kernel in self._started:
            kernel.loop.call_soon_threadsafe(kernel.cut_off)


def execute(job: Job, scratch: str, kernels: Kernels) -> Outcome:
    """Execute one notebook and move its copy and its figures into place, all or none.

    A failed copy is kept beside the good one as `NAME.failed.ipynb`; good notebook and figures stay
    untouched. All that is written before lies in the folder `scratch`. Where `kernels` were ended,
    nothing is moved or kept.
    """
    target = job.rendered / job.source.name
    failed = target.with_suffix(".failed.ipynb")
    try:
        with tempfile.TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True) as own:
            copy, figures = Path(own) / "executed.ipynb", Path(own) / "figures"
            notebook, fault = _executed(job, kernels.kind(job.source.parent, Path(own)))
            if kernels.interrupted:
                return Outcome("interrupted")
            moves = {}
            if notebook:
                copy.write_text(canonical(notebook), encoding="utf-8")
                moves[copy] = failed if fault else target
            made = [] if fault else sorted(figures.glob("*"))
            moves |= {file: job.figures / file.name for file in made}
            move_all(moves)
            if not fault:
                failed.unlink(missing_ok=True)
            return Outcome(
                _printable(fault),
                tuple(file.name for file in made),
                failed.name if fault and moves else "",
            )
    except OSError as error:
        return Outcome(f"{error.filename or f'{scratch} or {job.rendered}'}: {error.strerror}")


def _executed(job: Job, kernel: type[AsyncKernelManager]) -> tuple[NotebookNode | None, str]:
    """Return a notebook as far as papermill executed it, None where it could not begin, and what
    went wrong, or ""."""
    import papermill  # takes a while

    begun: list[NotebookNode] = []
    try:
        papermill.execute_notebook(
            str(job.source).replace("{", "{{").replace("}", "}}"),  # else it fills what they hold
            None,
            parameters=dict(job.parameters),
            progress_bar=False,
            kernel_manager_class=kernel,
            on_notebook_start=lambda notebook: begun.append(notebook),
            shutdown_kernel="immediate",  # nothing of it is needed once its cells ran
            extra_arguments=KERNEL_OPTIONS,
        )
        fault = unfinished(begun[0])
    except papermill.PapermillExecutionError as error:
        fault = f"cell {error.exec_count}: {error.ename}: {error.evalue}"
    except Exception as error:
        fault = f"{type(error).__name__}: {str(error) or repr(error.__cause__)}"
    return (begun[0] if begun else None), fault


def _printable(text: str) -> str:
    """Return a notebook's message without sequences that would steer the terminal."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", text)


def execute_all(plan: Sequence[Job], jobs: int | None = None, quiet: bool = False) -> list[Outcome]:
    """Execute jobs beside each other with a progress bar; return how each ended.

    By default one kernel more than there are cores, so that none idles while one starts or ends,
    and fewer where few files may be open. An interrupt ends all kernels at once; what had finished
    by then is in place, and nothing else was touched.
    """
    outcomes: dict[int, Outcome] = {}
    kernels = Kernels()
    with (
        _scratch() as scratch,
        tqdm(total=len(plan), unit="notebook", disable=quiet or sys.stderr is None) as bar,
        ThreadPoolExecutor(jobs or _at_once()) as pool,
    ):
        try:
            running = {
                pool.submit(execute, plan[place], scratch, kernels): place
                for place in _longest_first(plan)
            }
            waiting = set(running)
            while waiting:  # a signal that comes while a kernel is forked does not end a wait
                done, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    place = running[future]
                    outcomes[place] = future.result()
                    bar.set_postfix_str(plan[place].source.stem)
                    bar.update()
        except BaseException:
            kernels.end()
            pool.shutdown(cancel_futures=True)
            raise
    return [outcomes[place] for place in range(len(plan))]


def _at_once() -> int:
    files = os.sysconf("SC_OPEN_MAX") if hasattr(os, "sysconf") else 512
    return max(1, min((os.cpu_count() or 1) + 1, files // FILES_A_KERNEL))


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
