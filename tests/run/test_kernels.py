"""Kernels forked from one process behave as kernels of their own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import pytest
from test_pipeline import make

from training_share.run import execute as pipeline
from training_share.run.kernels import KernelServer, PreloadedProvisioner, use

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
FACTS = """import json, os, sys
loaded = "SALib" in sys.modules
print(json.dumps({"pid": os.getpid(), "parent": os.getppid(), "group": os.getpgrp(), "cwd": os.getcwd(),
                  "loaded": loaded, "names": [name for name in ("ts", "plt", "server") if name in globals()],
                  "main": __name__, "threads": os.environ.get("OPENBLAS_NUM_THREADS")}))"""


def facts_of(folder, name: str) -> dict:
    executed = nbformat.read(folder / "rendered" / f"{name}.ipynb", as_version=4)
    return json.loads(executed.cells[1].outputs[0]["text"])


def test_each_notebook_has_a_process_of_its_own_and_none_stays(tmp_path):
    notebooks = tmp_path / "notebooks"
    for name in ("one", "two"):
        make(
            notebooks / f"{name}.ipynb",
            FACTS,
            "import training_share as ts, matplotlib.pyplot as plt",
        )
    make(
        notebooks / "plot.ipynb",
        FACTS,
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
    )
    make(notebooks / "dying.ipynb", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    out = tmp_path / "out"
    faults = pipeline.run(out=out, notebooks_dir=notebooks, jobs=2, quiet=True)
    assert "DeadKernelError" in faults.pop("dying") and not any(faults.values())
    told = [facts_of(out, name) for name in ("one", "two", "plot")]
    assert (
        len({facts["pid"] for facts in told}) == 3 and len({facts["parent"] for facts in told}) == 1
    )
    for facts in told:
        assert facts["loaded"] and not facts["names"] and facts["main"] == "__main__"
        assert (
            facts["group"] == facts["pid"]
            and facts["cwd"] == str(notebooks.resolve())
            and facts["threads"] == "1"
        )
        for pid in (facts["pid"], facts["parent"]):
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
    plotted = nbformat.read(out / "rendered" / "plot.ipynb", as_version=4).cells[2].outputs
    assert "image/png" in plotted[-1]["data"], (
        "a figure that matplotlib shows by itself is captured, as in any kernel"
    )


def test_without_an_answering_server_kernels_start_as_usual(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_DEFAULT_PROVISIONER_NAME", "")
    monkeypatch.setattr(PreloadedProvisioner, "address", None)
    use(str(tmp_path / "nobody"))
    make(tmp_path / "notebooks/one.ipynb", FACTS)
    assert pipeline.run(
        ["one"], out=tmp_path / "out", notebooks_dir=tmp_path / "notebooks", quiet=True
    ) == {"one": ""}
    facts = facts_of(tmp_path / "out", "one")
    assert not facts["loaded"]


def test_no_server_is_started_where_none_is_wanted():
    with KernelServer(wanted=False) as server:
        assert server.address is None


def test_no_server_is_started_where_the_path_of_its_socket_would_be_too_long(tmp_path, monkeypatch):
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with KernelServer() as server:
        assert server.address is None and not list(folder.iterdir())


class Running:
    """The pipeline as a command of its own, with `count` notebooks of which two are being executed."""

    def __init__(self, folder: Path, temporary: Path, count: int) -> None:
        self.notebooks, self.out, self.temporary = folder / "notebooks", folder / "out", temporary
        for number in range(count):
            make(
                self.notebooks / f"{number}.ipynb",
                "import os, pathlib, time",
                "pathlib.Path(f'{os.getpid()}.pid').touch()\ntime.sleep(60)",
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
        """Return which workers, kernels and servers are alive when all have ended, or the time is
        over."""
        until = time.monotonic() + seconds
        while (alive := {pid for pid in self.processes if runs(pid)}) and time.monotonic() < until:
            time.sleep(0.1)
        return alive


@pytest.fixture
def start(tmp_path):
    temporary = Path(
        tempfile.mkdtemp(prefix="ts-")
    )  # a short path, so that the server has its socket
    started = []
    yield lambda count: started.append(Running(tmp_path, temporary, count)) or started[-1]
    for pid in {
        pid for running in started for pid in running.processes if runs(pid)
    }:  # where a test has failed
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(temporary)


def children_of(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def runs(pid: int) -> bool:
    """Whether a process is there and not merely waiting for its exit status to be read."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("count", "signum"),
    [  # with kernels of their own, and with those of the server
        (2, signal.SIGINT),
        (3, signal.SIGINT),
        (2, signal.SIGTERM),
        (3, signal.SIGHUP),
    ],
)
def test_an_interrupt_ends_everything_and_touches_nothing(start, count, signum):
    running = start(count)
    os.killpg(running.process.pid, signum)  # as a terminal does
    assert (
        "interrupted" in running.process.communicate(timeout=20)[1]
        and running.process.returncode == 128 + signum
    )
    assert not list(running.temporary.iterdir()) and not list(running.out.rglob("*.ipynb"))
    assert not running.alive_after(
        5
    )  # a kernel of its own looks once a second whether its parent lives


@pytest.mark.parametrize("count", [2, 3])
def test_nothing_outlives_a_killed_pipeline_and_no_notebook_is_called_failed(start, count):
    running = start(count)
    running.process.kill()
    running.process.communicate(timeout=20)
    assert not running.alive_after(5)
    assert len(list(running.notebooks.glob("*.pid"))) == 2, "no further kernel was started"
    assert not list(running.out.rglob("*.ipynb"))


def test_an_ignored_signal_stays_ignored_and_handlers_are_put_back():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with pytest.raises(KeyboardInterrupt), pipeline._signals_interrupt():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        assert (
            signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
            and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        )
    finally:
        signal.signal(signal.SIGHUP, before)
