"""The data dictionary, generated from the models in `schema`: `python -m
training_share.site.dictionary` writes it."""

from __future__ import annotations

from datetime import date
from typing import Literal, get_args, get_origin

import pandas as pd
from pydantic.fields import FieldInfo

from training_share.files import repo_root, write_aside
from training_share.inputs.checks import REFERENCES
from training_share.inputs.distributions import LogNormal
from training_share.inputs.schema import CHOICES, MODELS, Row
from training_share.site.datapackage import datapackage, kinds_of

INTRO = """# Data dictionary

The tables in this folder are the only home of numbers; the code holds formulas. They are CSV files in UTF-8 with a
comma between cells and a header line. All are checked together when they are loaded, and every fault is reported with
its file, row and column; what takes a whole row to see is reported once the cells of that row can be read. This page is
generated from the models in `src/training_share/inputs/schema.py` by `python -m training_share.site.dictionary`; edit it there,
and so is [datapackage.json](datapackage.json), with which R, DuckDB and others read types and keys. The
method that uses the tables is in [method](../docs/method.md), their licence in [LICENSE](LICENSE.md).

## One notation for uncertainty

    0.15 to 0.35 (p10-p90 lognormal)
    170 to 890 (p5-p95 lognormal)
    6e23 to 1.5e24 (min-max uniform)
    3.142e24
    0 to 1 (1-2 beta)

A lognormal is given by two of its percentiles, a uniform distribution by its ends, a beta distribution by its ends and
its two exponents, an exact number by itself. What was observed, in [evidence](evidence.csv), may also be a limit, `at most`
or `at least` an amount; one that is itself uncertain, as in `at most 0.25 to 0.44 (p10-p90 lognormal)`, is soft. The
bracket is compulsory, because a bare "a to b" means different things to different readers.

## Whose draw it is

The column `correlation` of [assumptions](assumptions.csv) says who shares a random draw of an input: `shared` is one draw
for all runs of all companies, `per-company` one for each company, `per-run` one for each run. Every uncertain input owns
a stream of random numbers named after it, so a row that is added, removed or moved leaves all other draws as they were.
Cells with a distribution in the other tables own a stream each: of their run, their chip, their closed model or their
disclosed amount.

## Keys, and how corrections name a row

A key is unique in its table. Where it has several columns they are joined by a slash, as in
`minimax/rd_compute/9M2024` for [spending](spending.csv). A row of [corrections](corrections.csv) names a table, a key
and a column, and gives the new content of that one cell; an empty value empties the cell. Rows that only some
corrections need stand in the tables with `counted` set to `no`. A scenario is a list of corrections in
[scenarios](scenarios.csv); where `order` is empty the correction was considered and left out.
"""


def main() -> None:
    """Write `data/README.md` and `data/datapackage.json`."""
    folder = repo_root() / "data"
    write_aside(folder / "README.md", dictionary().encode())
    write_aside(folder / "datapackage.json", datapackage().encode())


def dictionary() -> str:
    """Return the data dictionary in Markdown: the introduction, then one section a table."""
    return "\n".join(
        [INTRO, *(_section(name, model) for name, model in MODELS.items()), _choices()]
    )


def _section(table: str, model: type[Row]) -> str:
    keys = ", ".join(f"`{column}`" for column in model.key_columns)
    lines = [
        f"## {table}",
        "",
        f"{' '.join((model.__doc__ or '').split())} Key: {keys}. File: [{table}.csv]({table}.csv).",
        "",
        "| column | content | meaning |",
        "|---|---|---|",
    ]
    for column, field in model.model_fields.items():
        name = f"**`{column}`** (key)" if column in model.key_columns else f"`{column}`"
        lines.append(f"| {name} | {_content(table, column, field)} | {field.description} |")
    return "\n".join(lines) + "\n"


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
        bool: "`yes` or `no`",
        pd.Period: "month",
        date: "date",
        float: "number",
        int: "whole number",
        str: "key" if LogNormal in kinds else "text",
    }
    return " or ".join(dict.fromkeys(names[kind] for kind in kinds if kind in names)) + blank


def _choices() -> str:
    lines = [
        "## Choices of method",
        "",
        (
            "Rows of [assumptions](assumptions.csv) with the unit `choice` and the words they "
            "may take; the first is not always the default, which is the cell's own content."
        ),
        "",
        "| name | words |",
        "|---|---|",
    ]
    lines += [
        f"| `{name}` | {', '.join(f'`{word}`' for word in words)} |"
        for name, words in CHOICES.items()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
