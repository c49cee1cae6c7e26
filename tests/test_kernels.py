"""Kernels forked from one process behave as kernels of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from test_pipeline import make

from training_share import pipeline
from training_share.kernels import KernelServer, PreloadedProvisioner, use

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
        make(notebooks / f"{name}.ipynb", FACTS, "import training_share as ts, matplotlib.pyplot as plt")
    make(notebooks / "plot.ipynb", FACTS, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
    make(notebooks / "dying.ipynb", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    out = tmp_path / "out"
    faults = pipeline.run(out=out, notebooks_dir=notebooks, jobs=2, quiet=True)
    assert "DeadKernelError" in faults.pop("dying") and not any(faults.values())
    told = [facts_of(out, name) for name in ("one", "two", "plot")]
    assert len({facts["pid"] for facts in told}) == 3 and len({facts["parent"] for facts in told}) == 1
    for facts in told:
        assert facts["loaded"] and not facts["names"] and facts["main"] == "__main__"
        assert facts["group"] == facts["pid"] and facts["cwd"] == str(notebooks.resolve()) and facts["threads"] == "1"
        for pid in (facts["pid"], facts["parent"]):
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
    plotted = nbformat.read(out / "rendered" / "plot.ipynb", as_version=4).cells[2].outputs
    assert "image/png" in plotted[-1]["data"], "a figure that matplotlib shows by itself is captured, as in any kernel"


def test_without_an_answering_server_kernels_start_as_usual(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_DEFAULT_PROVISIONER_NAME", "")
    monkeypatch.setattr(PreloadedProvisioner, "address", None)
    use(str(tmp_path / "nobody"))
    make(tmp_path / "notebooks/one.ipynb", FACTS)
    assert pipeline.run(["one"], out=tmp_path / "out", notebooks_dir=tmp_path / "notebooks", quiet=True) == {"one": ""}
    facts = facts_of(tmp_path / "out", "one")
    assert not facts["loaded"]


def test_no_server_is_started_where_none_is_wanted():
    with KernelServer(wanted=False) as server:
        assert server.address is None


@pytest.mark.parametrize("count", [2, 3])  # with kernels of their own, and with those of the server
def test_an_interrupt_ends_everything_and_touches_nothing(tmp_path, count):
    notebooks, out, temporary = tmp_path / "notebooks", tmp_path / "out", tmp_path / "temporary"
    temporary.mkdir()
    for number in range(count):
        make(notebooks / f"{number}.ipynb", "import os, pathlib, time",
             "pathlib.Path(f'{os.getpid()}.pid').touch()\ntime.sleep(60)")
    command = [sys.executable, "-m", "training_share.pipeline", "--out", str(out), "--notebooks-dir", str(notebooks), "--jobs", "2"]
    process = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(temporary)}, start_new_session=True,
                               stderr=subprocess.PIPE, text=True)
    while len(kernels := list(notebooks.glob("*.pid"))) < 2:
        assert process.poll() is None
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    assert "interrupted" in process.communicate(timeout=20)[1] and process.returncode == 130
    assert not list(temporary.iterdir()) and not list(out.rglob("*.ipynb"))
    for _ in range(50):  # a kernel of its own looks once a second whether its parent lives
        alive = [path.stem for path in kernels if Path(f"/proc/{path.stem}").exists()]
        time.sleep(0.1 if alive else 0)
    assert not alive
