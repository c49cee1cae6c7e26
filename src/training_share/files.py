"""Where the project's folders are, and the only writers: aside, then moved into place."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from training_share.errors import InputError

try:
    import fcntl
except ImportError:  # Windows: two runs at once are not told from each other there
    fcntl = None  # type: ignore[assignment]


def repo_root() -> Path:
    """Return the checkout: the folder with `pyproject.toml` and `data/` above this file, or, where
    the package is installed elsewhere, above the working directory.

    Raises InputError where there is none, and where package and working directory lie in two
    different ones: code of one would quietly answer for the tables of the other.
    """
    here, there = _checkout(Path(__file__).resolve()), _checkout(Path.cwd().resolve() / "here")
    if here and there and here != there:
        raise InputError(
            f"the package lies in {here}, the working directory in {there}; run 'pip install -e .'"
            " in the second, work in the first, or give the folder of tables as data_dir"
        )
    if root := here or there:
        return root
    raise InputError(
        "no folder with pyproject.toml and data/training_runs.csv above the package or the working "
        "directory; install with pip install -e from a clone, or pass data_dir"
    )


def _checkout(start: Path) -> Path | None:
    for folder in start.parents:
        if (folder / "pyproject.toml").is_file() and (folder / "data/training_runs.csv").is_file():
            return folder
    return None


def require_writable(folder: Path) -> None:
    """Make a folder that can be written. InputError, and nothing is made, where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = _beside(folder / "probe")
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror}); choose another folder"
        ) from error


@contextmanager
def alone_in(*folders: Path) -> Iterator[None]:
    """Within it no other run writes to these folders. InputError where one does already."""
    held = []
    try:
        for folder in dict.fromkeys(folders) if fcntl else ():
            held.append(os.open(folder, os.O_RDONLY))
            try:
                fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise InputError(
                    f"{folder}: another run is writing here; wait until it has ended, or choose"
                    " another folder with --out"
                ) from None
        yield
    finally:
        for one in held:
            os.close(one)  # lets go of the lock; so does the end of the process, however it ends


def write_aside(path: Path, content: bytes) -> None:
    """Write a file under another name and move it into place, so that no reader meets half of
    it."""
    aside = _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("xb") as file:
            file.write(content)
        os.replace(aside, path)
    except OSError as error:
        with suppress(OSError):
            aside.unlink()
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); choose a folder you may write to"
        ) from error


def move_all(moves: Mapping[Path, Path]) -> None:
    """Move files into place, source -> target: all of them or none; an equal file stays as it is.

    All are copied beside their targets before the first is replaced, and whatever breaks in between
    puts the old ones back. Raises OSError where a target cannot be written.
    """
    new: dict[Path, Path] = {}  # target -> its new content, beside it
    old: dict[Path, Path] = {}  # target -> what it was, beside it
    try:
        for source, target in moves.items():
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, "a folder has this name", str(target))
            if target.exists() and target.read_bytes() == source.read_bytes():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            new[target] = _copied(source, _beside(target))
            if target.exists():
                old[target] = _copied(target, _beside(target))
        try:
            for target, aside in new.items():
                os.replace(aside, target)
        except BaseException:
            for target, aside in new.items():
                if target in old:
                    os.replace(old[target], target)
                elif not aside.exists():
                    target.unlink()
            raise
    finally:
        for aside in (*new.values(), *old.values()):
            aside.unlink(missing_ok=True)


@contextmanager
def folder_aside(target: Path) -> Iterator[Path]:
    """Give an empty folder beside `target` that takes its place when the block ends well.

    However else it ends, `target` is what it was and nothing is left beside it; what a killed
    process left there is cleared. InputError where the folder cannot be written.
    """
    require_writable(target.parent)
    for left in target.parent.glob(f".{escape(target.name)}.*.part"):
        if left.is_dir() and not left.is_symlink():
            with suppress(InputError), alone_in(left):  # whose owner lives is held
                shutil.rmtree(left, ignore_errors=True)
    new, old = _beside(target), _beside(target)
    try:
        new.mkdir()
        with alone_in(new):
            yield new
            try:
                if target.exists():
                    os.replace(target, old)
                os.replace(new, target)
            except BaseException:
                if old.exists() and not target.exists():
                    os.replace(old, target)
                raise
    except OSError as error:
        raise InputError(
            f"{target}: cannot be written ({error.strerror or error}); choose another folder"
        ) from error
    finally:
        for path in (new, old):
            shutil.rmtree(path, ignore_errors=True)


def _beside(path: Path) -> Path:
    """Return a name beside a path that nothing has: no other run's, and no link laid there."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def _copied(source: Path, target: Path) -> Path:
    try:
        with source.open("rb") as content, target.open("xb") as file:
            shutil.copyfileobj(content, file)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target
