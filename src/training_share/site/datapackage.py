"""The tables as a Frictionless Data Package (datapackage.org): types, keys and descriptions that R,
DuckDB or a spreadsheet tool can read; generated from the models in `inputs.schema`."""

from __future__ import annotations

import json
import types
from datetime import date
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pandas as pd
from pydantic import ValidationError, create_model
from pydantic.fields import FieldInfo

from training_share.inputs.checks import REFERENCES
from training_share.inputs.distributions import LogNormal
from training_share.inputs.schema import MODELS, Row

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
LICENCE = {
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
}


def datapackage() -> str:
    """Return the content of `data/datapackage.json`."""
    package = {
        "$schema": PROFILE,
        "name": "training-share",
        "title": "Which share of an AI company's R&D compute spending goes to final training runs",
        "description": "Inputs of training_share; see README.md beside this file.",
        "licenses": [LICENCE],
        "resources": [_resource(table, model) for table, model in MODELS.items()],
    }
    return json.dumps(package, indent=2, ensure_ascii=False) + "\n"


def _resource(table: str, model: type[Row]) -> dict[str, Any]:
    fields = [_field(name, field) for name, field in model.model_fields.items()]
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
    if all(_required(model.model_fields[name]) for name in model.key_columns):
        schema["primaryKey"] = list(model.key_columns)
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
    if links:
        schema["foreignKeys"] = links
    return {
        "name": table,
        "path": f"{table}.csv",
        "type": "table",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "description": " ".join((model.__doc__ or "").split()),
        "schema": schema,
    }


def _field(name: str, field: FieldInfo) -> dict[str, Any]:
    kinds = kinds_of(field.annotation)
    words = [word for word in get_args(field.annotation) if word]
    told: dict[str, Any] = {"name": name, "type": "string", "description": field.description}
    if bool in kinds:
        told |= {"type": "boolean", "trueValues": ["yes"], "falseValues": ["no"]}
    elif date in kinds:
        told["type"] = "date"
    elif int in kinds:
        told["type"] = "integer"
    elif float in kinds and LogNormal not in kinds:
        told["type"] = "number"
    constraints: dict[str, Any] = {"required": True} if _required(field) else {}
    if pd.Period in kinds:
        constraints["pattern"] = r"\d{4}-\d{2}(-\d{2})?"
    if get_origin(field.annotation) is Literal:
        constraints["enum"] = words
    return told | ({"constraints": constraints} if constraints else {})


def _required(field: FieldInfo) -> bool:
    """Whether no cell of a column may be blank."""
    given: Any = (Annotated[field.annotation, None, *field.metadata], ...)
    cell = create_model("cell", __config__=Row.model_config, content=given)
    try:
        cell(content="")
    except ValidationError:
        return True
    return False


def kinds_of(annotation: object) -> list[object]:
    """Return the types that a cell may be of."""
    if get_origin(annotation) in (Union, types.UnionType):
        return [kind for part in get_args(annotation) for kind in kinds_of(part)]
    if get_origin(annotation) is Annotated:  # as a part of a union; pydantic unwraps it elsewhere
        return kinds_of(get_args(annotation)[0])
    return [annotation]
