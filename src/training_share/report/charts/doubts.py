"""Charts of what the share depends on: one change at a time, step by step, two assumptions together,
how wrong an input would have to be, and what would settle it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from training_share.model.estimate import Estimate
from training_share.report.charts import marks
from training_share.report.charts.frame import NAME, Drawn, Sheet, chart, put
from training_share.report.shares import HALF
from training_share.report.text import brief_chance, listed
from training_share.report.words import label, plain, reach, share, signed, templates

Tables = pd.DataFrame | Mapping[str, pd.DataFrame]  # of one company, or by their names as shown
UNLIKELY = 0.01  # chance below which an input is not called likely to be so wrong
MOST = 8  # changes of a company that `effects` draws
SMALLEST = 0.0005  # move of a share that is drawn
FORMATS = {"price_usd_per_gpu_hour": "${:.2f}".format}  # of an assumption's values


def grouped(data: Tables) -> pd.DataFrame:
    """Return tables as one: the company in `group`, the index in `key`, and its label."""
    tables = {"": data} if isinstance(data, pd.DataFrame) else data
    parts = [table.assign(group=name, key=list(table.index)) for name, table in tables.items()]
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(label=[_label(key) for key in rows["key"]])


def _label(key: object) -> str:
    """Return the label of a row: of a window and its lag both in words."""
    if not isinstance(key, tuple):
        return label(str(key))
    window, lag = key
    months = "–".join(f"{pd.Timestamp(day):%b %Y}" for day in window.split(" to "))
    return f"{months}, {lag} months later" if lag else f"{months}, no lag"


def share_rows(
    sheet: Sheet, rows: pd.DataFrame, mark: float = 0.29, wide: object = True
) -> tuple[pd.DataFrame, dict]:
    """Draw rows of shares; `wide` says whose interval is written. Return them with their texts, and what their words need: the least and
    the greatest median, how many intervals pass half, and whether any passes all."""
    known, texts = rows["p50"].notna(), pd.Series("", rows.index)
    ends = [reach(*ends) for ends in rows[["p5", "p95"]].fillna(0).to_numpy(float)]
    rows = rows.assign(
        value=rows["p50"].fillna(0).map(share).where(known, ""),
        range=texts.where(~(known & wide), ends).where(known, "no estimate"),
    )
    bound = rows.get("caveat", texts).eq("lower bound")
    rows["label"] = rows["label"].where(~bound, rows["label"] + ", at least")
    drawn = marks.names(sheet, rows, mark)
    marks.intervals(drawn, rows, high=1)
    marks.shares(drawn)
    beyond = " An arrow: beyond 100%." if (rows["p95"] > 1).any() else ""
    numbers = {"low": rows["p50"].min(), "high": rows["p50"].max(), "cases": int(known.sum())}
    return rows, numbers | {"over": int((rows["p95"] > HALF).sum()), "beyond": beyond}


@chart
def intervals(sheet: Sheet, data: Tables) -> Drawn:
    """Draw a share for each row of a table, whose index is the label, or of a table a company: p5,
    p50 and p95, fractions. A column `caveat` tells lower bounds; a row without numbers says so."""
    table = grouped(data)
    rows, numbers = share_rows(sheet, table.assign(lead=table.index == 0, note=""))
    case = "same" if share(numbers["low"]) == share(numbers["high"]) else ""
    return Drawn(data if isinstance(data, pd.DataFrame) else table, rows, case, numbers)


@chart
def variants(sheet: Sheet, data: pd.DataFrame, est: Estimate) -> Drawn:
    """Draw `shares.variants_table` of an estimate, the highest share first."""
    table = grouped(data)
    rows = table.assign(lead=table.index == 0, note="")
    rows = rows.sort_values("p50", ascending=False, kind="stable")
    rows, numbers = share_rows(sheet, rows)
    same = share(numbers["low"]) == share(numbers["high"])
    numbers["name"] = est.company_row.display_name
    return Drawn(data, rows, "same" if same else "" if numbers["over"] else "below", numbers)


@chart
def steps(sheet: Sheet, data: pd.DataFrame, name: str) -> Drawn:
    """Draw `corrections.audit` of the company `name`: the share after each step, and at the right
    the step's move of the median in points."""
    table, moves = grouped(data), 100 * data["in_sequence"]
    notes = ["" if move != move else signed(move + 0.0) for move in moves]
    ends = table.index.isin([0, len(table) - 1])
    rows, numbers = share_rows(sheet, table.assign(lead=ends, note=notes))
    first, last = data["p50"].iloc[[0, -1]]
    case = "same" if share(first) == share(last) else ""
    return Drawn(data, rows, case, numbers | {"name": name, "first": first, "last": last})


@chart
def effects(sheet: Sheet, data: Tables) -> Drawn:
    """Draw `corrections.effects_alone`: the move of the median in points by each change alone, the
    largest of each company first."""
    table = grouped(data)
    rows = table[table["alone"].abs() >= SMALLEST].groupby("group", sort=False).head(MOST)
    moves = 100 * rows["alone"]
    rows = rows.assign(p50=moves, p5=moves.clip(upper=0), p95=moves.clip(lower=0), lead=False)
    rows = rows.assign(value=moves.map(signed), note="")
    drawn = marks.names(sheet, rows, mark=0.27)
    marks.intervals(drawn, rows)
    ends = 1.1 * min(moves.min(), -1), 1.1 * max(moves.max(), 1)
    step = 10 if np.ptp(ends) > 15 else 2
    places = np.arange(np.ceil(ends[0] / step), np.floor(ends[1] / step) + 1) * step
    marks.axis(drawn.ax, {x: signed(x, 0) if x else "unchanged" for x in places}, ends)
    marks.line(drawn, 0)
    most = rows.loc[moves.abs().idxmax()]
    move = abs(most.p50)
    numbers = {"label": most.label, "name": most.group or "the", "move": move}
    return Drawn(table, rows, "", numbers | {"points": float(plain(move))})


@chart
def surface(sheet: Sheet, data: Tables) -> Drawn:
    """Draw `sensitivity.surface`: the median share by two assumptions, companies side by side. Cells
    above half are framed, so that it shows without colour."""
    tables = {"": data} if isinstance(data, pd.DataFrame) else dict(data)
    beside, over, tick = 1 if sheet.small else len(tables), {}, 0.5
    across = (sheet.room - 0.25 * (beside - 1)) / beside
    for i, (name, table) in enumerate(tables.items()):
        left = (i % beside) * (across + 0.25) + tick
        top = 0.27 if beside > 1 or not i else sheet.body + 0.27
        free = sheet.room - left - across + tick
        ax = sheet.panel(0.29 * len(table), left, free, top, marks.TICKS)
        words = [[_value(axis.name, x) for x in axis] for axis in table.axes]
        marks.heat(ax, table.set_axis(words[0]).set_axis(words[1], axis=1).iloc[::-1])
        put(ax, name, 0, 0, -72 * tick, 8, edge=True, **NAME)
        over[name] = int((table > HALF).to_numpy().sum())
    (name, count), *others = over.items()
    numbers = {"name": name or "The share", "count": count or "none", "cells": table.size}
    numbers["others"] = "".join(f", {name} in {count or 'none'}" for name, count in others)
    for where, axis in zip(("down", "across"), table.axes, strict=True):
        words = templates()["assumptions"].get(axis.name, [axis.name] * 2)
        numbers |= {where: words[1], f"{where}_short": words[0]}
    values = [
        f"{share(table.min(axis=None))} to {share(table.max(axis=None))}"
        for table in tables.values()
    ]
    told = pd.DataFrame({"label": list(tables), "value": values})
    parts = pd.concat(tables, names=["company"]).reset_index()
    return Drawn(parts, told, "" if any(over.values()) else "none", numbers)


def _value(name: str, value: float) -> str:
    """Return a value of an assumption in words: a fraction as a percentage."""
    return FORMATS.get(name, share if value <= 1 else plain)(value)


@chart
def settling(sheet: Sheet, data: Tables) -> Drawn:
    """Draw `information.what_would_settle`: how wide the likely range would be on average once one
    quantity is known, inside its width now."""
    table = grouped(data)
    rows = table.assign(p50=100 * table["width"], now=100 * table["now"], lead=True)
    rows["label"] = [_quantity(text) for text in rows["label"]]
    rows["value"] = rows["p50"].map(plain)
    rows["group"] = [f"{row.group}: {plain(row.now)} points wide now" for row in rows.itertuples()]
    drawn = marks.names(sheet, rows, ticks=0)
    marks.bars(drawn, rows, high=rows["now"].max(), whole=rows["now"].to_numpy())
    first = rows.iloc[0]
    known = _quantity(first.key)
    known = known if known.startswith(("cost", "FLOP", "R&D", "GPU")) else first.label.lower()
    numbers = {"label": known, "name": table["group"].iloc[0], "width": first.p50}
    return Drawn(table, rows, "", numbers | {"now": first.now, "points": float(plain(first.now))})


def _quantity(known: str) -> str:
    """Return a quantity without the stage of its run, where that is the whole training."""
    for stage in (", pretraining", ", final training runs", ", final training run"):
        known = known.removesuffix(stage)
    return known


@chart
def breaking(sheet: Sheet, data: Tables) -> Drawn:
    """Draw `sensitivity.breaking_points`: by which factor an input alone would have to be off, the
    smallest first, and how probable that is. Inputs that cannot do it are left out."""
    table = grouped(data)
    table["label"] = table["key"]
    names = [part["label"] for part in (data.values() if isinstance(data, Mapping) else [data])]
    rows = table.assign(key=pd.concat(names).to_numpy()).dropna(subset=["factor"])
    rows = rows.assign(far=np.log(rows["factor"]).abs(), label=rows["key"].map(label))
    rows = pd.concat(part.sort_values("far") for _, part in rows.groupby("group", sort=False))
    factor = rows["factor"]
    rows = rows.assign(
        value=[f"× {plain(x)}" if x > 1 else f"÷ {plain(1 / x)}" for x in factor],
        range=[_failure(row) for row in rows.itertuples()],
        lead=rows[["chance", "chance_predictive"]].max(axis=1).fillna(0) >= UNLIKELY,
        **{"p5": factor.clip(upper=1), "p50": factor, "p95": factor.clip(lower=1)},
    )
    drawn = marks.names(sheet, rows)
    marks.intervals(drawn, rows)
    drawn.ax.set_xscale("log")
    ends = 0.8 * min(factor.min(), 0.5), 1.25 * max(factor.max(), 2)
    ticks = {0.01: "÷ 100", 0.1: "÷ 10", 1: "as assumed", 10: "× 10", 100: "× 100"}
    inside = {x: text for x, text in ticks.items() if ends[0] <= x <= ends[1]}
    marks.axis(drawn.ax, inside, ends)
    marks.line(drawn, 1)
    could = [f"the {text}" for text in rows.loc[rows["lead"], "key"].unique()]
    numbers = {"listed": listed(could) if could else ""}
    return Drawn(table, rows, "" if could else "none", numbers)


def _failure(row) -> str:
    """Return the chance that an input is so far off, in words."""
    if row.chance != row.chance:
        return "taken as exact"
    single = row.chance_predictive
    more = f", one model {brief_chance(single)}" if single == single else ""
    return f"{brief_chance(row.chance)}{more}"
