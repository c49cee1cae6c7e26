"""Rows given in a call, for any table; blanks are filled from their company or their table."""

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


def rows_of(
    rows: Rows, tables: Tables, company: str = "", **short: object
) -> tuple[tuple[str, dict[str, Content]], ...]:
    """Return complete rows, each with its table, from short ones by table: dicts, a list of them, a
    DataFrame, or text as `model = X, released = 2025-07, flop = 2e24; ...`. `short` are further
    ones by table; a `company` that has no row yet gets one.

    InputError for what is missing, unknown or there already, and for anything else than rows.
    """
    if not isinstance(rows, Mapping | None):
        raise InputError(f"rows: expected tables with their rows, got {rows!r}")
    given: dict[str, list[dict[str, Content]]] = {}
    for table, some in [*(rows or {}).items(), *short.items()]:
        require_known(table, tables.schema, "table")
        given.setdefault(table, []).extend(_records(table, some, tables))
    spenders = {str(row.get("company") or company) for row in given.get("spending", ())}
    known = {*tables.companies, *(row.get("company") for row in given.get("companies", ()))}
    for name in sorted(spenders - known - {""}):
        given.setdefault("companies", []).append({"company": name})
    if "corrections" in given or {*given} == {"scenarios"}:
        raise InputError("rows: corrections and scenarios are not read from here; use changes=")
    for row in given.get("evidence", ()):
        step = {"scenario": "careful", "correction": row.setdefault("evidence", "own")}
        given.setdefault("scenarios", []).append({**step, "why": "Given in this call."})
    taken = {table: set(known) for table, known in tables.texts.items()}
    found = []
    for table in (table for table in tables.schema if table in given):
        layout = tables.schema[table]
        for record in given[table]:
            where = f"{table}, {record.get('model') or record.get('company') or company or 'a row'}"
            owner = {"company": company} if company and "company" in layout.columns else {}
            row = {**owner, **record}
            if "company" in layout.columns and not row.get("company"):
                raise InputError(f"{where}: give its company, since several are compared")
            usual = _usual(table, row, tables, given, taken[table])
            row = {name: row.get(name) or usual.get(name, "") for name in layout.columns}
            missing = [name for name in row if layout.columns[name].required and not row[name]]
            if missing:
                raise InputError(f"{where}: give {' and '.join(missing)}")
            if table == "training_runs" and not any(map(row.get, SIZES)):
                raise InputError(
                    f"{where}: give its size; a run has at least model, released and one of flop,"
                    " gpu_hours, cost_usd, or base_run with fraction_of_base"
                )
            key = "/".join(str(row[name]) for name in layout.keys)
            if key in taken[table]:
                raise InputError(f"{where}: the key '{key}' exists; change it by changes=")
            taken[table].add(key)
            found.append((table, row))
    return tuple(found)


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
        records.append(pairs_of(row, table, "name = value", ","))
        for name in records[-1]:
            if name not in (columns := tables.schema[table].columns):
                raise InputError(f"{table}: no column '{name}'{nearest(name, columns)}")
    return records


def _usual(
    table: str, row: Mapping[str, Any], tables: Tables, given: Any, taken: set[str]
) -> Mapping[str, Content]:
    """Return the content of the cells that a row leaves blank: spending is on R&D compute, a run
    is a counted pretraining run on the commonest chip of its company, or of all."""
    common = {"source_id": "own-judgement", "note": "Given in this call."}
    if table == "companies":
        periods = [
            one for one in given.get("spending", ()) if one.get("company") in (None, row["company"])
        ]
        return {
            "spending_start": min((str(one.get("period_start")) for one in periods), default=""),
            "spending_end": max((str(one.get("period_end")) for one in periods), default=""),
            "display_name": str(row["company"]),
            "currency": next((one["currency"] for one in periods if one.get("currency")), "USD"),
            "release_lag_months": "3",
        }
    if table == "spending":
        known = tables.texts["companies"].get(str(row["company"]), {}).get("currency")
        own = [one.get("currency") for one in given.get("companies", ())]
        currency = known or next(filter(None, own), "USD")
        period = f"{row.get('period_start')} to {row.get('period_end')}"
        return {**common, "line": "rd_compute", "period": period, "currency": currency}
    if table == "evidence":
        return {**common, "quantity": "share"}
    if table != "training_runs":
        return common
    runs = [run for run in tables.training_runs.values() if run.hardware]
    own = [run.hardware for run in runs if run.company == row["company"]]
    chips = own or [run.hardware for run in runs]
    slug = re.sub(r"[^a-z0-9.]+", "-", str(row.get("model")).casefold()).strip("-.") or "run"
    further = (f"own-{slug}-{number}" for number in count(2))
    return {
        **common,
        "run_id": next(key for key in chain([f"own-{slug}"], further) if key not in taken),
        "stage": "pretraining",
        "workload": "pretraining",
        "hardware": max(chips, key=chips.count) if row.get("flop") else "",
        "counted": "yes",
        "evidence": "judgement",
    }
