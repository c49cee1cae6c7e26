"""A copy of the data folder that a test may spoil."""

import csv
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from training_share.inputs.columns import KEYS

# a busy machine is slow, and the same commit should give the same result
settings.register_profile("project", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("project")

LONGEST = ("test_site.py", "test_rendered.py")  # one on each of two cores
DATA = Path(__file__).resolve().parents[1] / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest files first: what comes last runs while the other core has nothing left."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


class DataCopy:
    """A data folder whose cells, rows and headers a test changes, through the csv module."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, table: str) -> Path:
        return self.folder / f"{table}.csv"

    def read(self, table: str) -> list[list[str]]:
        """Return header and rows as lists of cells."""
        with self.path(table).open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))

    def write(self, table: str, lines: list[list[str]]) -> None:
        with self.path(table).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(lines)

    def line_of(self, table: str, key: str) -> int:
        """Return the position of a row; composite keys are joined by a slash."""
        lines = self.read(table)
        places = [lines[0].index(column) for column in KEYS[table]]
        return next(
            i for i, line in enumerate(lines) if i and "/".join(line[p] for p in places) == key
        )

    def edit(self, table: str, key: str, column: str, value: str) -> None:
        lines = self.read(table)
        lines[self.line_of(table, key)][lines[0].index(column)] = value
        self.write(table, lines)

    def drop(self, table: str, key: str) -> None:
        lines = self.read(table)
        del lines[self.line_of(table, key)]
        self.write(table, lines)

    def add_like(self, table: str, key: str, **cells: str) -> None:
        """Append a copy of a row with some cells changed."""
        lines = self.read(table)
        row = dict(zip(lines[0], lines[self.line_of(table, key)], strict=True)) | cells
        self.write(table, [*lines, [row[column] for column in lines[0]]])

    def count_only(self, *run_ids: str) -> None:
        """Count some runs of training_runs and no other."""
        lines = self.read("training_runs")
        key, counted = lines[0].index("run_id"), lines[0].index("counted")
        for line in lines[1:]:
            line[counted] = "yes" if line[key] in run_ids else "no"
        self.write("training_runs", lines)


@pytest.fixture
def data_copy(tmp_path) -> DataCopy:
    return DataCopy(Path(shutil.copytree(DATA, tmp_path / "data")))
