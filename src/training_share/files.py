"""Where the project's folders are, and the one way to write a file: aside, then moved into
place."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from training_share.errors import InputError


def repo_root() -> Path:
    """Return the folder that holds `pyproject.toml` and `data/`: above this file, or above the
    working directory."""
    for start in (Path(__file__).resolve(), Path.cwd() / "here"):
        for folder in start.parents:
            if (folder / "pyproject.toml").is_file() and (
                folder / "data" / "training_runs.csv"
            ).is_file():
                return folder
    raise InputError(
        "no folder with pyproject.toml and data/training_runs.csv above the package or the working "
        "directory; install with pip install -e from a clone, or pass data_dir"
    )


def write_aside(path: Path, content: bytes) -> None:
    """Write a file under another name and move it into place, so that no reader meets half of
    it."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(content)
        os.replace(aside, path)
    except OSError as error:
        with suppress(OSError):
            aside.unlink()
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); choose a folder you may write to"
        ) from error


def move_into_place(source: Path, target: Path) -> None:
    """Copy a file beside its target, then replace that in one step; an equal file is left as it is.

    Raises OSError where the target cannot be written; nothing is left beside it then.
    """
    if target.exists() and target.read_bytes() == source.read_bytes():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        shutil.copyfile(source, aside)
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)
