"""The pipeline as a process: what an interrupt ends, and that nothing half done is left."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from made_notebooks import make

from training_share import cli
from training_share.errors import InputError
from training_share.files import alone_in
from training_share.run import execute

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]


class Running:
    """The pipeline as a command of its own, with `count` notebooks of which two are being
    executed."""

    def __init__(self, folder: Path, temporary: Path, count: int) -> None:
        self.notebooks, self.out, self.temporary = folder / "notebooks", folder / "out", temporary
        for number in range(count):
            make(
                self.notebooks / f"{number}.ipynb",
                "import os, pathlib, time",
                "pathlib.Path(f'{os.getpid()}.pid').touch()",
                "for _ in range(600):\n    time.sleep(0 if pathlib.Path('go').exists() else 0.1)",
            )
        command = [
            sys.executable,
            "-m",
            "training_share.pipeline",
            "--out",
            str(self.out),
            "--notebooks-dir",
            str(self.notebooks),
            "--jobs",
            "2",
        ]
        self.process = subprocess.Popen(
            command,
            env={**os.environ, "TMPDIR": str(self.temporary)},
            start_new_session=True,
            stderr=subprocess.PIPE,
            text=True,
        )
        while len(list(self.notebooks.glob("*.pid"))) < 2:
            assert self.process.poll() is None
            time.sleep(0.1)
        self.processes = {int(path.stem) for path in self.notebooks.glob("*.pid")} | children_of(
            self.process.pid
        )

    def alive_after(self, seconds: float) -> set[int]:
        """Return which kernels are alive when all have ended, or the time is over."""
        until = time.monotonic() + seconds
        while (alive := {pid for pid in self.processes if runs(pid)}) and time.monotonic() < until:
            time.sleep(0.1)
        return alive


@pytest.fixture
def start(tmp_path):
    temporary = Path(tempfile.mkdtemp(prefix="ts-"))
    started = []
    yield lambda count: started.append(Running(tmp_path, temporary, count)) or started[-1]
    for pid in {
        pid for running in started for pid in running.processes if runs(pid)
    }:  # where a test has failed
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(temporary)


def children_of(pid: int) -> set[int]:
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for children in threads for child in children.read_text().split()}


def runs(pid: int) -> bool:
    """Whether a process is there and not merely waiting for its exit status to be read."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_ends_everything_and_touches_nothing(start, signum):
    running = start(3)
    os.killpg(running.process.pid, signum)  # as a terminal does
    told = running.process.communicate(timeout=20)[1]
    assert "interrupted" in told and running.process.returncode == 128 + signum
    assert not list(running.temporary.iterdir()) and not list(running.out.rglob("*.ipynb"))
    assert not running.alive_after(10)  # a kernel looks once a second whether its parent lives


def test_nothing_outlives_a_killed_pipeline_and_no_notebook_is_called_failed(start):
    running = start(3)
    running.process.kill()
    running.process.communicate(timeout=20)
    assert not running.alive_after(10)
    assert len(list(running.notebooks.glob("*.pid"))) == 2, "no further kernel was started"
    assert not list(running.out.rglob("*.ipynb"))


def test_a_killed_kernel_costs_its_own_notebook_alone(start):
    running = start(3)
    kernel = next(running.notebooks.glob("*.pid"))
    os.kill(int(kernel.stem), signal.SIGKILL)
    (running.notebooks / "go").touch()
    told = running.process.communicate(timeout=60)[1]
    assert running.process.returncode == 1 and "DeadKernelError: Kernel died" in told
    done = {path.name.split(".")[0]: path.name for path in (running.out / "rendered").iterdir()}
    assert sorted(done) == ["0", "1", "2"]
    assert sum(name.endswith(".failed.ipynb") for name in done.values()) == 1


def test_what_a_killed_run_left_is_cleared_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(execute.tempfile, "tempdir", str(tmp_path))
    left, alive, young = (tmp_path / f"{execute.SCRATCH}{name}" for name in ("a", "b", "c"))
    for folder in (left, alive, young):
        (folder / "own").mkdir(parents=True)
    for folder in (left, alive):
        os.utime(folder, (1, 1))
    with alone_in(alive), execute._scratch() as scratch:
        assert {path.name for path in tmp_path.iterdir()} == {
            alive.name,
            young.name,
            Path(scratch).name,
        }


def test_a_full_folder_for_temporary_files_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(execute.tempfile, "tempdir", str(tmp_path / "file"))
    with pytest.raises(InputError, match="no folder for temporary files"), execute._scratch():
        pass


def test_an_ignored_signal_stays_ignored_and_handlers_are_put_back():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with pytest.raises(KeyboardInterrupt), cli._signals_interrupt():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        assert (
            signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
            and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        )
    finally:
        signal.signal(signal.SIGHUP, before)
