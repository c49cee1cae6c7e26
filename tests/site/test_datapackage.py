"""The data package says of every cell what it is, and the cells are that."""

import csv
import json
import re
from datetime import date

import pytest

from training_share.files import repo_root
from training_share.inputs.columns import COLUMNS

DATA = repo_root() / "data"
PACKAGE = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
RESOURCES = {resource["path"]: resource for resource in PACKAGE["resources"]}
READ = {
    "string": str,
    "integer": int,
    "number": float,
    "date": date.fromisoformat,
    "boolean": lambda text: {"yes": True, "no": False}[text],
}


def rows_of(path: str) -> list[dict[str, str]]:
    with (DATA / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_table_is_in_it():
    assert set(RESOURCES) == {f"{table}.csv" for table in COLUMNS}
    assert set(RESOURCES) == {path.name for path in DATA.glob("*.csv")}


@pytest.mark.parametrize("path", RESOURCES)
def test_cells_are_what_it_says(path):
    schema = RESOURCES[path]["schema"]
    fields = {field["name"]: field for field in schema["fields"]}
    rows = rows_of(path)
    assert list(rows[0]) == list(fields)
    for row in rows:
        for name, text in row.items():
            constraints = fields[name].get("constraints", {})
            assert text or not constraints.get("required"), (name, row)
            if text:
                READ[fields[name]["type"]](text)
                assert text in constraints.get("enum", [text])
                assert re.fullmatch(constraints.get("pattern", ".*"), text, re.S)
    if "primaryKey" in schema:
        keys = [tuple(row[name] for name in schema["primaryKey"]) for row in rows]
        assert len(set(keys)) == len(keys) and all(all(key) for key in keys)


@pytest.mark.parametrize("path", [path for path in RESOURCES if "foreignKeys" in
                                  RESOURCES[path]["schema"]])  # fmt: skip
def test_its_links_lead_to_rows(path):
    for link in RESOURCES[path]["schema"]["foreignKeys"]:
        (column,), target = link["fields"], link["reference"]
        (key,) = target["fields"]
        rows = rows_of(f"{target['resource']}.csv" if target["resource"] else path)
        known = {row[key] for row in rows}
        assert {row[column] for row in rows_of(path)} - {""} <= known
