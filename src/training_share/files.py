"""Where the project's folders are, and the only writers: aside, then moved into place."""

import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from training_share.errors import InputError

try:
    import fcntl
except ImportError:  # Windows: two runs at once are not told from each other there
    fcntl = None  # type: ignore[assignment]

SITE_RECORD = ".training_share-site"  # in the folder of a site; without it none is replaced
ASIDE = ".training_share."  # begins the name of a folder for what is not finished


def repo_root() -> Path:
    """Return the checkout: the folder with `data/training_runs.csv` above this file, or, where the
    package is installed elsewhere, above the working directory. InputError where there is none, or
    where these are two: code of one would quietly answer for the tables of the other."""
    found = []
    for start in (Path(__file__).resolve(), Path.cwd().resolve() / "here"):
        holding = (one for one in start.parents if (one / "data/training_runs.csv").is_file())
        found += [one for one in itertools.islice(holding, 1) if one not in found]
    if len(found) == 1:
        return found[0]
    raise InputError(
        f"the package lies in {found[0]}, the working directory in {found[1]}; run 'pip install -e"
        " .' in the second, work in the first, or give the folder of tables as data_dir"
        if found
        else "no data/training_runs.csv above the package or the working directory; work in a clone"
        " of the project, or run 'pip install -e .' in it (functions also take a data_dir)"
    )


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder, so that no other run writes there. InputError where one does already."""
    held = os.open(folder, os.O_RDONLY) if fcntl else -1
    try:
        if fcntl:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise InputError(
                    f"{folder}: another run is writing here; wait until it has ended, or choose"
                    " another folder"
                ) from None
        yield
    finally:
        if fcntl:
            os.close(held)  # lets go of the lock; so does the end of the process, however it ends


@contextmanager
def folder_aside(target: Path) -> Iterator[Path]:
    """Give an empty hidden folder in `target`, and so on its disk, for what is not finished; it is
    gone at the end. InputError where something cannot be written."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=ASIDE, dir=target) as own:
            yield Path(own)
    except OSError as error:
        raise InputError(
            f"{error.filename2 or error.filename or target}: cannot be written"
            f" ({error.strerror or error}); choose another folder, or make room"
        ) from error


def move_all(moves: Mapping[Path, Path]) -> None:
    """Move files into place, source -> target on the same disk: all of them or none. Raises OSError
    where a target cannot be written; whatever breaks in between puts the old files back."""
    old = {target: source.with_name(f"{source.name}.old") for source, target in moves.items()}
    for target, copy in old.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(target):
            shutil.copyfile(target, copy)
    try:
        for source, target in moves.items():
            os.replace(source, target)
    except BaseException:
        for source, target in moves.items():
            if old[target].exists():
                os.replace(old[target], target)
            elif not source.exists():
                target.unlink()
        raise


def write_all(folder: Path, files: Mapping[str, bytes], record: str = "") -> None:
    """Write files into a folder by name, all of them or none, so that no reader meets half of one;
    with the name of a `record`, in place of those that it lists. InputError where that fails."""
    if record:
        files = {record: record_of([*files, record]), **files}
    with folder_aside(folder) as aside:
        left = {*recorded(folder / record)} - {folder / name for name in files} if record else ()
        for name, content in files.items():
            (aside / name).parent.mkdir(parents=True, exist_ok=True)
            (aside / name).write_bytes(content)
        move_all({aside / name: folder / name for name in files})
        remove(left)


# --- records: what a run or a site wrote; nothing else is removed for the next one ----------------
def record_of(files: Iterable[str], **about: object) -> bytes:
    """Return the text of a record, which is JSON and YAML: what it is about, and its files."""
    return json.dumps({**about, "files": [*files]}, indent=1, ensure_ascii=False).encode()


def recorded(record: Path) -> list[Path]:
    """Return the files that a record lists, itself among them, as far as they lie below it; none
    where it is no record."""
    try:
        names = json.loads(record.read_text(encoding="utf-8"))["files"]
        paths = [record.parent / name for name in names]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [path for path in paths if path.parent.resolve().is_relative_to(record.parent.resolve())]


def remove(files: Iterable[Path]) -> None:
    """Remove files, and folders that hold nothing else."""
    for file in files:
        file.unlink(missing_ok=True)
        with suppress(OSError):
            os.removedirs(file.parent)
