"""One company more in the tables fails no test of the arithmetic: a test names those it means."""

import os
import shutil
import subprocess
import sys

import pytest

from training_share.files import repo_root

# where tests ask for whichever companies there are
ROOMS = ["tests/inputs/test_tables.py", "tests/model/test_c*.py", "tests/model/test_e*.py"]
ROOMS += ["tests/model/test_given.py", "tests/analysis"]


@pytest.mark.slow
def test_the_arithmetic_holds_beside_another_company(data_copy):
    project, own = data_copy.folder.parent, {"company": "nimbus", "source_id": "nimbus-report"}
    for name in ("src", "tests", "notebooks", "docs"):
        shutil.copytree(repo_root() / name, project / name)
    shutil.copy(repo_root() / "pyproject.toml", project)
    data_copy.add_like("sources", "own-judgement", source_id="nimbus-report")
    data_copy.add_like("companies", "minimax", company="nimbus", display_name="Nimbus")
    run = {"run_id": "nimbus-1", "model": "Nimbus 1"} | own
    data_copy.add_like("training_runs", "minimax-text-01", **run)
    for period in ("FY2024", "9M2024", "9M2025"):
        data_copy.add_like("spending", f"minimax/rd_compute/{period}", **own)
    rooms = [path for room in ROOMS for path in project.glob(room)]
    options = ["-n", "0", "-p", "no:cacheprovider", "-m", "not slow"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *map(str, rooms)],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(project / "src")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
