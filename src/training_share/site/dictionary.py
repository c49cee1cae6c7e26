"""What the tables hold, told from the models in `inputs.schema`: to people as the data dictionary
(`data/README.md`), to R, DuckDB or a spreadsheet tool as a Frictionless Data Package
(`data/datapackage.json`, datapackage.org). `python -m training_share.site.dictionary` writes both.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pandas as pd
from jinja2 import Environment, FileSystemLoader
from pydantic import ValidationError

from training_share.files import repo_root, write_aside
from training_share.inputs.checks import REFERENCES
from training_share.inputs.distributions import LogNormal
from training_share.inputs.observable import Observable, Observed
from training_share.inputs.schema import CHOICES, MODELS, Row

TEMPLATES = Path(__file__).parent / "templates"
WORDS = {  # for the dictionary
    LogNormal: "distribution",
    Observed: "distribution",
    Observable: "quantity",
    bool: "`yes` or `no`",
    pd.Period: "month",
    tuple[pd.Period, pd.Period]: "first to last month",
    date: "date",
    float: "number",
    int: "whole number",
    str: "text",
}
TYPES = {bool: "boolean", date: "date", int: "integer", float: "number"}  # else "string"


def main() -> None:
    """Write `data/README.md` and `data/datapackage.json`."""
    folder = repo_root() / "data"
    write_aside(folder / "README.md", dictionary().encode())
    write_aside(folder / "datapackage.json", datapackage().encode())


def kinds_of(table: str) -> dict[str, tuple[Any, ...]]:
    """Return what a cell of each column may be: types, or the words of a list of them."""
    hints = get_type_hints(MODELS[table])
    return {name: get_args(hints[name]) or (hints[name],) for name in MODELS[table].model_fields}


def doc_of(table: str) -> str:
    """Return what a row of a table is."""
    return " ".join((MODELS[table].__doc__ or "").split())


# --- for people -----------------------------------------------------------------------------------
def dictionary() -> str:
    """Return the data dictionary in Markdown: the introduction, then one section a table."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES), trim_blocks=True, keep_trailing_newline=True
    )
    template = templates.get_template("dictionary.md.j2")
    return template.render(models=MODELS, doc_of=doc_of, contents_of=_contents, choices=CHOICES)


def _contents(table: str) -> dict[str, str]:
    """Return column -> what a cell of it may hold, in words."""
    told = {}
    for column, kinds in kinds_of(table).items():
        words = WORDS | ({str: "key"} if LogNormal in kinds else {})
        words |= {kind: f"`{kind}`" for kind in kinds if isinstance(kind, str) and kind}
        names = [words[kind] for kind in kinds if kind in words]
        if (other := REFERENCES.get(column, table)) != table:
            names = [f"key in [{other}]({other}.csv)"]
        blank = ", or blank" if {"", type(None)} & {*kinds} else ""
        told[column] = " or ".join(names) + blank
    return told


# --- for programs ---------------------------------------------------------------------------------
def datapackage() -> str:
    """Return the content of `data/datapackage.json`."""
    package = json.loads((TEMPLATES / "datapackage.json").read_text(encoding="utf-8"))
    package["resources"] = [
        {
            "name": table,
            "path": f"{table}.csv",
            "type": "table",
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "description": doc_of(table),
            "schema": _schema(table),
        }
        for table in MODELS
    ]
    return json.dumps(package, indent=2, ensure_ascii=False) + "\n"


def _schema(table: str) -> dict[str, Any]:
    model, filled = MODELS[table], _filled(MODELS[table])
    fields = []
    for name, kinds in kinds_of(table).items():
        constraints = {
            "required": name in filled,
            "pattern": r"\d{4}-\d{2}(-\d{2})?" if pd.Period in kinds else "",
            "enum": [kind for kind in kinds if isinstance(kind, str) and kind],
        }
        field = {
            "name": name,
            "type": next((TYPES[kind] for kind in kinds if kind in TYPES), "string"),
            "description": model.model_fields[name].description,
            "trueValues": ["yes"] if bool in kinds else [],
            "falseValues": ["no"] if bool in kinds else [],
            "constraints": _said(constraints),
        }
        fields.append(_said(field))
    links = [
        {
            "fields": [name],
            "reference": {
                "resource": "" if to == table else to,
                "fields": list(MODELS[to].key_columns),
            },
        }
        for name, to in REFERENCES.items()
        if name in model.model_fields and (to != table or name == "base_run")
    ]
    key = list(model.key_columns) if filled.issuperset(model.key_columns) else []
    schema = {"fields": fields, "missingValues": [""], "primaryKey": key, "foreignKeys": links}
    return _said(schema)


def _said(facts: dict[str, Any]) -> dict[str, Any]:
    """Return facts without the blank ones."""
    return {name: fact for name, fact in facts.items() if fact}


def _filled(model: type[Row]) -> set[object]:
    """Return the columns of which no cell may be blank."""
    try:
        model.model_validate(dict.fromkeys(model.model_fields, ""))
    except ValidationError as error:
        return {place for fault in error.errors() for place in fault["loc"]}
    return set()


if __name__ == "__main__":
    main()
