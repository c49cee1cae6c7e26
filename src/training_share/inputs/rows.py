"""Rows of one's own, for any table: what a row leaves out is as its company or its table has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain, count
from typing import Any

import numpy as np
import pandas as pd

from training_share.errors import InputError, nearest, require_known
from training_share.inputs.changes import pairs_of
from training_share.inputs.quantities import Content
from training_share.inputs.tables import Tables

Rows = Mapping[str, object] | None  # table -> a row, rows, or a DataFrame
SIZES = ("flop", "gpu_hours", "cost_usd", "base_run")  # of which a run has one
NEEDED = {  # what a row has at least, beside what it can do without
    "training_runs": ("model", "released"),
    "spending": ("period_start", "period_end", "amount_millions"),
    "evidence": ("value",),
}


def rows_of(
    rows: Rows, tables: Tables, company: str = "", **short: object
) -> tuple[tuple[str, dict[str, Content]], ...]:
    """Return complete rows, each with its table, from short ones by table: dicts, a list of them, a
    DataFrame, or text as `model = X, released = 2025-07, flop = 2e24; ...`. `short` are further
    ones by table; a `company` that has no row yet gets one.

    InputError for what is missing, unknown or there already, and for anything else than rows.
    """
    given: dict[str, list[dict[str, Content]]] = {}
    for table, some in [*_by_table(rows).items(), *short.items()]:
        require_known(table, tables.schema, "table")
        given.setdefault(table, []).extend(_records(table, some, tables))
    if any(given.values()) and company and company not in tables.companies:
        given.setdefault("companies", [{}])
    for row in given.get("evidence", ()):
        step = {"scenario": "careful", "correction": row.setdefault("evidence", "own")}
        given.setdefault("scenarios", []).append({**step, "why": "Given in this call."})
    taken = {table: set(known) for table, known in tables.texts.items()}
    found = []
    for table in (table for table in tables.schema if table in given):
        layout = tables.schema[table]
        for record in given[table]:
            where = f"{table}, {record.get('model') or record.get('company') or company or 'a row'}"
            missing = [name for name in NEEDED.get(table, ()) if not record.get(name)]
            if missing:
                raise InputError(f"{where}: give {' and '.join(missing)}")
            owner = {"company": company} if company and "company" in layout.columns else {}
            row = {**owner, **record}
            if "company" in layout.columns and not row.get("company"):
                raise InputError(f"{where}: give its company, since several are compared")
            usual = _usual(table, row, where, tables, given, taken[table])
            row = {name: row.get(name) or usual.get(name, "") for name in layout.columns}
            key = "/".join(str(row[name]) for name in layout.keys)
            if key in taken[table]:
                raise InputError(f"{where}: the key '{key}' exists; change it by changes=")
            taken[table].add(key)
            found.append((table, row))
    return tuple(found)


def _by_table(rows: Rows) -> Mapping[str, object]:
    if not isinstance(rows, Mapping | None):
        raise InputError(f"rows: expected tables with their rows, got {rows!r}")
    return rows or {}


def _records(table: str, rows: Any, tables: Tables) -> list[dict[str, Content]]:
    """Return rows as dicts of contents by column; a cell without a value is left out."""
    if isinstance(rows, pd.DataFrame):
        rows = rows.to_dict("records")
    elif isinstance(rows, str):
        rows = [part for part in rows.split(";") if part.strip()]
    rows = [rows] if isinstance(rows, Mapping) else rows if rows is not None else ()
    if not isinstance(rows, Iterable):
        raise InputError(f"{table}: expected rows, as a list of mappings; got {rows!r}")
    records = []
    for row in rows:
        if isinstance(row, Mapping):
            row = {name: of for name, of in row.items() if np.ndim(of) or not pd.isna(of)}
        records.append({name: of for name, of in pairs_of(row, table, "name = value", ",").items()})
        for name in records[-1]:
            if name not in (columns := tables.schema[table].columns):
                raise InputError(f"{table}: no column '{name}'{nearest(name, columns)}")
    return records


def _usual(
    table: str, row: Mapping[str, Any], where: str, tables: Tables, given: Any, taken: set[str]
) -> dict[str, Content]:
    """Return what stands in the cells that a row leaves blank."""
    common = {"source_id": "own-judgement", "note": "Given in this call."}
    if table == "companies":
        days = [(one["period_start"], one["period_end"]) for one in given.get("spending", ())]
        starts, ends = zip(*days, strict=True) if days else (("",), ("",))
        window = {"spending_start": min(map(str, starts)), "spending_end": max(map(str, ends))}
        units = [one.get("currency") for one in given.get("spending", ())]
        named = {"display_name": str(row["company"]), "currency": next(filter(None, units), "USD")}
        return {**window, **named, "release_lag_months": "3", "color": "#7F7F7F"}
    if table == "spending":
        known = tables.texts["companies"].get(str(row["company"]), {}).get("currency")
        own = [one.get("currency") for one in given.get("companies", ())]
        currency = known or next(filter(None, own), "USD")
        period = f"{row['period_start']} to {row['period_end']}"
        return {**common, "line": "rd_compute", "period": period, "currency": currency}
    if table == "evidence":
        return {**common, "evidence": "own", "quantity": "share"}
    return {**common, **(_usual_run(row, where, tables, taken) if table == "training_runs" else {})}


def _usual_run(
    row: Mapping[str, Any], where: str, tables: Tables, taken: set[str]
) -> dict[str, Content]:
    """Return what a training run leaves out: it is a counted pretraining run on the chip that is
    commonest among those of its company, or of all."""
    if not any(map(row.get, SIZES)):
        raise InputError(
            f"{where}: give its size; a run has at least model, released and one of flop,"
            " gpu_hours, cost_usd, or base_run with fraction_of_base"
        )
    runs = [run for run in tables.training_runs.values() if run.hardware]
    own = [run.hardware for run in runs if run.company == row["company"]]
    chips = own or [run.hardware for run in runs]
    slug = re.sub(r"[^a-z0-9.]+", "-", str(row["model"]).casefold()).strip("-.") or "run"
    further = (f"own-{slug}-{number}" for number in count(2))
    return {
        "run_id": next(key for key in chain([f"own-{slug}"], further) if key not in taken),
        "stage": "pretraining",
        "workload": "pretraining",
        "hardware": max(chips, key=chips.count) if row.get("flop") else "",
        "counted": "yes",
        "evidence": "judgement",
    }
