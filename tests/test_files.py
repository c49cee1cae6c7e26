"""Files move into place all or none, and only one run writes to a folder."""

import os
import subprocess
import sys

import pytest
from refusals import assert_refused

from training_share import files
from training_share.errors import InputError


def content(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def new(tmp_path):
    """Three new files, and a folder that holds two old ones."""
    (tmp_path / "aside").mkdir()
    (tmp_path / "place").mkdir()
    for name in "abc":
        (tmp_path / "aside" / name).write_text(f"new {name}")
    for name in "ab":
        (tmp_path / "place" / name).write_text(f"old {name}")
    return {tmp_path / "aside" / name: tmp_path / "place" / name for name in "abc"}


def test_all_files_move(new, tmp_path):
    files.move_all(new)
    assert content(tmp_path / "place") == {name: f"new {name}" for name in "abc"}


@pytest.mark.parametrize("broken", [OSError("no room"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_what_breaks_in_between_puts_all_back(new, tmp_path, monkeypatch, broken, at):
    before, replace, calls = content(tmp_path / "place"), os.replace, []

    def breaking(*paths):
        calls.append(paths)
        if len(calls) == at:
            raise broken
        replace(*paths)

    monkeypatch.setattr(files.os, "replace", breaking)
    with pytest.raises(type(broken)):
        files.move_all(new)
    assert content(tmp_path / "place") == before


def test_a_name_taken_by_a_folder_moves_nothing(new, tmp_path):
    before = content(tmp_path / "place")
    (tmp_path / "place" / "c").mkdir()
    with pytest.raises(OSError, match="a folder has this name"):
        files.move_all(new)
    assert content(tmp_path / "place") == before


def test_an_equal_file_is_left_as_it_is(new, tmp_path):
    (tmp_path / "place" / "a").write_text("new a")
    os.utime(tmp_path / "place" / "a", (1, 1))
    files.move_all(new)
    assert (tmp_path / "place" / "a").stat().st_mtime == 1


def test_a_link_laid_beside_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(files.secrets, "token_hex", lambda _: "known")
    (tmp_path / ".a.known.part").symlink_to(tmp_path / "victim")
    assert_refused("cannot be written", files.write_aside, tmp_path / "a", b"content")
    assert not (tmp_path / "victim").exists()


@pytest.mark.slow
def test_a_folder_is_held_until_its_holder_ends(tmp_path):
    with files.alone_in(tmp_path):
        code = (
            "import pathlib, sys; from training_share.files import alone_in\n"
            "with alone_in(pathlib.Path(sys.argv[1])): print('mine')"
        )
        command = [sys.executable, "-c", code, str(tmp_path)]
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "another run is writing here" in refused.stderr
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "mine\n"


def test_package_and_working_directory_in_two_checkouts_are_refused(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    for name in ("pyproject.toml", "data/training_runs.csv"):
        (tmp_path / name).touch()
    own = files.repo_root()
    monkeypatch.chdir(tmp_path / "data")
    with pytest.raises(InputError, match="pip install -e") as refusal:
        files.repo_root()
    assert str(own) in str(refusal.value) and str(tmp_path) in str(refusal.value)


# --- folders --------------------------------------------------------------------------------------
def test_a_folder_takes_its_place_at_once(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old").touch()
    with files.folder_aside(tmp_path / "site") as aside:
        (aside / "new").touch()
        assert content(tmp_path / "site") == {"old": ""}
    assert content(tmp_path / "site") == {"new": ""}
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize("broken", [OSError(28, "no room"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", [1, 2])
def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(tmp_path, monkeypatch, broken, at):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old").touch()
    replace, calls = os.replace, []

    def breaking(*paths):
        calls.append(paths)
        if len(calls) == at:
            raise broken
        replace(*paths)

    monkeypatch.setattr(files.os, "replace", breaking)
    with (
        pytest.raises(InputError if isinstance(broken, OSError) else KeyboardInterrupt),
        files.folder_aside(tmp_path / "site") as aside,
    ):
        (aside / "new").touch()
    assert content(tmp_path / "site") == {"old": ""}
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_what_a_killed_process_left_is_cleared_and_what_a_living_one_holds_stays(tmp_path):
    for name in (".site.dead.part", ".site.alive.part", ".other.dead.part"):
        (tmp_path / name).mkdir()
    with (
        files.alone_in(tmp_path / ".site.alive.part"),
        files.folder_aside(tmp_path / "site") as aside,
    ):
        (aside / "new").touch()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"site", ".site.alive.part", ".other.dead.part"}
