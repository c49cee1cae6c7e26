"""Files move into place all or none, and only one run writes to a folder."""

import os

import pytest

import training_share as ts
from training_share import files


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
    return {tmp_path / "aside" / name: tmp_path / "place" / name for name in "cab"}


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
    with pytest.raises(OSError, match="Is a directory"):
        files.move_all(new)
    assert content(tmp_path / "place") == before


def test_a_folder_is_held_until_its_holder_ends(tmp_path):
    for _ in range(2):
        with files.alone_in(tmp_path), pytest.raises(ts.InputError, match="another run is writing"):
            files.alone_in(tmp_path).__enter__()


def test_package_and_working_directory_in_two_checkouts_are_refused(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    for name in ("pyproject.toml", "data/training_runs.csv"):
        (tmp_path / name).touch()
    own = files.repo_root()
    monkeypatch.chdir(tmp_path / "data")
    with pytest.raises(ts.InputError, match="pip install -e") as refusal:
        files.repo_root()
    assert str(own) in str(refusal.value) and str(tmp_path) in str(refusal.value)


# --- records --------------------------------------------------------------------------------------
def test_a_record_replaces_what_it_lists_and_nothing_else(tmp_path):
    files.write_all(tmp_path, {"a": b"1", "deep/b": b"1"}, record=".list")
    (tmp_path / "deep/own").write_text("mine")
    files.write_all(tmp_path, {"a": b"2"}, record=".list")
    assert content(tmp_path) == {"a": "2", ".list": (tmp_path / ".list").read_text()}
    assert content(tmp_path / "deep") == {"own": "mine"}


@pytest.mark.parametrize("broken", [OSError(28, "no room"), KeyboardInterrupt()])
def test_files_that_cannot_take_their_place_leave_the_old_ones(tmp_path, monkeypatch, broken):
    files.write_all(tmp_path, {"a": b"1", "b": b"1"}, record=".list")
    before, replace, calls = content(tmp_path), os.replace, []

    def breaking(*paths):
        calls.append(paths)
        if len(calls) == 2:
            raise broken
        replace(*paths)

    monkeypatch.setattr(files.os, "replace", breaking)
    with pytest.raises(ts.InputError if isinstance(broken, OSError) else KeyboardInterrupt):
        files.write_all(tmp_path, {"a": b"2", "c": b"2"}, record=".list")
    assert content(tmp_path) == before and len(list(tmp_path.iterdir())) == len(before)
