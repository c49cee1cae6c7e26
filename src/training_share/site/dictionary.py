"""The data dictionary, generated from the models in `schema`: `python -m
training_share.site.dictionary` writes it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal, get_args, get_origin

import pandas as pd
from jinja2 import Environment, FileSystemLoader
from pydantic.fields import FieldInfo

from training_share.files import repo_root, write_aside
from training_share.inputs.checks import REFERENCES
from training_share.inputs.distributions import LogNormal
from training_share.inputs.observable import Observable
from training_share.inputs.schema import CHOICES, MODELS
from training_share.site.datapackage import datapackage, kinds_of

TEMPLATES = Path(__file__).parent / "templates"


def main() -> None:
    """Write `data/README.md` and `data/datapackage.json`."""
    folder = repo_root() / "data"
    write_aside(folder / "README.md", dictionary().encode())
    write_aside(folder / "datapackage.json", datapackage().encode())


def dictionary() -> str:
    """Return the data dictionary in Markdown: the introduction, then one section a table."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES), trim_blocks=True, keep_trailing_newline=True
    )
    tables = [
        {
            "name": name,
            "doc": " ".join((model.__doc__ or "").split()),
            "key": ", ".join(f"`{column}`" for column in model.key_columns),
            "columns": [
                (
                    f"**`{column}`** (key)" if column in model.key_columns else f"`{column}`",
                    _content(name, column, field),
                    field.description,
                )
                for column, field in model.model_fields.items()
            ],
        }
        for name, model in MODELS.items()
    ]
    choices = {name: ", ".join(f"`{word}`" for word in words) for name, words in CHOICES.items()}
    return templates.get_template("dictionary.md.j2").render(tables=tables, choices=choices)


def _content(table: str, column: str, field: FieldInfo) -> str:
    """Say what a cell may hold."""
    kinds = kinds_of(field.annotation)
    blank = ", or blank" if type(None) in kinds else ""
    if column in REFERENCES and MODELS[REFERENCES[column]] is not MODELS[table]:
        return f"key in [{REFERENCES[column]}]({REFERENCES[column]}.csv){blank}"
    if get_origin(field.annotation) is Literal:
        words = get_args(field.annotation)
        return " or ".join(f"`{word}`" for word in words if word) + (
            ", or blank" if "" in words else ""
        )
    names = {
        LogNormal: "distribution",
        Observable: "quantity",
        bool: "`yes` or `no`",
        pd.Period: "month",
        tuple[pd.Period, pd.Period]: "first to last month",
        date: "date",
        float: "number",
        int: "whole number",
        str: "key" if LogNormal in kinds else "text",
    }
    return " or ".join(dict.fromkeys(names[kind] for kind in kinds if kind in names)) + blank


if __name__ == "__main__":
    main()
