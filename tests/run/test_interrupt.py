"""The pipeline as a process: what an interrupt ends, and that nothing half done is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from made_notebooks import make

from training_share.run import run

pytestmark = pytest.mark.slow


class Running:
    """The pipeline as a command of its own, with three notebooks of which two are being executed;
    `ignored` are signals that its shell has it ignore, as nohup and `&` do."""

    def __init__(self, folder: Path, ignored: tuple[int, ...] = ()) -> None:
        self.notebooks, self.out = folder / "notebooks", folder / "out"
        for number in range(3):
            make(
                self.notebooks / f"{number}.ipynb",
                "import os, pathlib, time",
                "pathlib.Path(f'{os.getpid()}.pid').touch()",
                "for _ in range(600):\n    time.sleep(0 if pathlib.Path('go').exists() else 0.1)",
            )
        command = ["-m", "training_share.pipeline", "--jobs", "2", "--out", str(self.out)]
        self.process = subprocess.Popen(
            [sys.executable, *command, "--notebooks-dir", str(self.notebooks)],
            preexec_fn=lambda: signals_as(ignored),
            start_new_session=True,
            stderr=subprocess.PIPE,
            text=True,
        )
        while len(list(self.notebooks.glob("*.pid"))) < 2:
            assert self.process.poll() is None
            time.sleep(0.1)
        self.kernels = psutil.Process(self.process.pid).children(recursive=True)

    def ended_with(self) -> str:
        """Wait until process and kernels have ended, and return what it said."""
        said = self.process.communicate(timeout=60)[1]
        assert not psutil.wait_procs(self.kernels, timeout=10)[1]
        return said


def signals_as(ignored: tuple[int, ...]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)


@pytest.fixture
def start(tmp_path):
    started = []
    yield lambda *ignored: started.append(Running(tmp_path, ignored)) or started[-1]
    for running in started:
        running.process.kill()  # where a test has failed; kernels look whether their parent lives


@pytest.mark.parametrize(
    ("number", "ignored"),
    [(signal.SIGTERM, ()), (signal.SIGHUP, ()), (signal.SIGINT, (signal.SIGINT, signal.SIGHUP))],
    ids=str,
)
def test_an_interrupt_ends_everything_and_touches_nothing(start, number, ignored):
    running = start(*ignored)
    os.killpg(running.process.pid, number)  # as a terminal does
    assert "interrupted" in running.ended_with() and running.process.returncode == 128 + number
    assert {path.name for path in running.out.iterdir()} <= {"parameters.yaml", "results.csv"}


def test_a_closed_terminal_and_a_killed_kernel_end_nothing_else(start):
    """What nohup started goes on without its terminal, and without one of its kernels."""
    running = start(signal.SIGHUP)
    running.process.send_signal(signal.SIGHUP)
    kernel = next(running.notebooks.glob("*.pid"))
    os.kill(int(kernel.stem), signal.SIGKILL)
    (running.notebooks / "go").touch()
    said = running.ended_with()
    assert "DeadKernelError: Kernel died" in said and "interrupted" not in said
    assert running.process.returncode == 1
    done = {path.name.split(".")[0]: path.name for path in (running.out / "rendered").iterdir()}
    assert sorted(done) == ["0", "1", "2"]
    assert sum(name.endswith(".failed.ipynb") for name in done.values()) == 1


def test_nothing_outlives_a_killed_pipeline_and_the_next_clears_what_it_left(start):
    running = start()
    running.process.kill()
    running.ended_with()
    assert not list(running.out.rglob("rendered")) and list(running.out.glob(".*"))
    (running.notebooks / "go").touch()
    assert [*run(["0"], out=running.out, notebooks_dir=running.notebooks).values()] == [""]
    left = {path.name for path in running.out.iterdir()}
    assert left == {"rendered", "parameters.yaml", "results.csv"}
