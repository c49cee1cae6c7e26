"""Charts: an estimate, a comparison or a table in, a `Figure` out. They show and save nothing."""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from training_share.errors import InputError
from training_share.model.comparison import Comparison
from training_share.model.estimate import Estimate
from training_share.model.scaling import ScalingFit
from training_share.report import marks, sentences, shares
from training_share.report.figure import ACCENT, HAIR, INK, REST, rounded
from training_share.report.frame import NAME, NOTE, NUMBER, Drawn, Sheet, chart, put
from training_share.report.shares import HALF, window_text
from training_share.report.text import brief_chance, plain, reach, share, short, signed, ten
from training_share.report.words import fill, label, templates

UNITS = (1e6, 2e6, 5e6, 1e7, 2e7, 5e7, 1e8, 2e8, 5e8, 1e9, 2e9)  # USD of a square
SQUARES = 600  # of the largest company at most
WORTH = 0.02  # part of the cost of all runs from which a model is named on the calendar
DOUBTED = {"lower bound": "At least", "mismatched window": "Perhaps"}  # by caveat
Tables = pd.DataFrame | Mapping[str, pd.DataFrame]  # of one company, or by their names as shown
MOST = 8  # changes of a company that `effects` draws
SMALLEST = 0.005  # move of a chance that is drawn
MOVED = 0.01  # move of a share, or of an end of its range, from which a step is drawn
FORMATS = {"price_usd_per_gpu_hour": "${:.2f}".format}  # of an assumption's values
FAR = 5  # times off the trend, from which a model is named


# --- companies side by side
def _shares_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows of `shares.ratio_table` with p5, p50 and p95 under these names."""
    return table.rename(columns={f"share_{name}": name for name in ("p5", "p50", "p95")})


def _weighted(table: pd.DataFrame) -> list[str]:
    """Return under which scenarios evidence weights simulations."""
    found = table.loc[table["evidence"] != "", "scenario"].unique()
    return [f"“{label(name)}”" for name in found]


@chart
def ratio(sheet: Sheet, data: Estimate | Comparison | pd.DataFrame) -> Drawn:
    """Draw the ratio comparison chart, one bar a company from none to all of R&D compute: the part
    of final training (median), the likely range, and the share that Epoch AI printed.

    `data` is an estimate (as estimated, and without each of its groups of runs), a comparison, or
    rows of `shares.ratio_table`.
    """
    table, found = data, shares.estimates_of(data)
    if isinstance(data, Comparison):
        table = shares.headline(data)
    elif isinstance(data, Estimate):
        table = shares.company_ratio_table(data)
    rows = share_texts(_shares_of(table))
    rows["range"] = rows["range"].where(rows["range"] == "", "likely " + rows["range"])
    rows["note"] = [_amounts(row) for row in table.itertuples()]
    drawn = marks.names(sheet, rows, above=0.36 * sheet.scale, size=13)
    marks.bars(drawn, rows, high=1, whole=1, thick=0.36 * sheet.scale)
    marks.shares(drawn)
    case, numbers = _ratio_words(table)
    numbers |= {"doubts": sentences.doubts(*found), "evidence": _weighted(table)}
    return Drawn(table, rows, case, numbers)


def _amounts(row) -> str:
    """Return what a share is of: amounts, months, and the printed figure."""
    amounts = f"{short(row.training_cost_p50, row.unit)} of {short(row.rd_compute, row.unit)}"
    amounts += "" if row.without or row.kind == "measured" else f", {row.spending_window}"
    return amounts + (f"; Epoch AI: {row.published:.1%}" if row.published == row.published else "")


def _ratio_words(table: pd.DataFrame) -> tuple[str, dict]:
    """Return which title a ratio table has, and its numbers."""
    first, values = table.iloc[0], table["share_p50"]
    bare = [row.label.partition(", ")[0] for row in table.itertuples()]
    if (companies := table["company"].nunique()) > 1:
        each = [f"{share(p)} at {name}" for p, name in zip(values, bare, strict=True)]
        ends = {"low": values.min(), "high": values.max(), "companies": companies}
        case = "" if table["share_p95"].max() < HALF else "open"
        return "many" if len(table) > 4 else case, {"listed": each, **ends}
    less = table.iloc[1:].query("without != '' and scenario == @first.scenario")
    told = [f", {share(row.share_p50)} without {row.without.title()}" for row in less.itertuples()]
    numbers = {"name": bare[0], "share": first.share_p50, "without": "".join(told[:1])}
    case = "measured" if first.kind == "measured" else "over" if first.share_p50 > 1 else "one"
    return case, numbers | {"about": DOUBTED.get(first.caveat, "About")}


def ratio_alt(table: pd.DataFrame) -> str:
    """Return the shares of a ratio table in words."""
    rows, words = _shares_of(table).itertuples(), templates()["ratio"]["row"]
    told = [fill(words, {"row": row, "printed": row.published == row.published}) for row in rows]
    return f"{'; '.join(told)}."


@chart
def scenarios(sheet: Sheet, data: pd.DataFrame) -> Drawn:
    """Draw `shares.ratio_table`: company by company, each scenario and each group of runs left out;
    at the right how probable more than half is."""
    data = pd.concat(part for _, part in data.groupby("company", sort=False))
    worst, usual = data.loc[data["over_half"].idxmax()], data["scenario"].iloc[0]
    without = data["without"].str.title()
    rows = _shares_of(data).assign(
        group=data["label"].str.replace("(, | without ).*", "", regex=True),
        label=data["scenario"].map(label) + without.where(without == "", ", without " + without),
        note=data["over_half"].map(brief_chance),
        lead=data["scenario"].eq(usual) & without.eq(""),
    )
    rows, numbers = share_rows(sheet, rows.drop(columns="caveat"), mark=0.26)
    over = int((data["share_p50"] > HALF).sum())
    case = "over" if over else "never" if worst.over_half < 0.005 else ""
    numbers |= {"over": over, "settings": len(data)}
    numbers |= {"name": worst.label, "odds": worst.over_half, "evidence": _weighted(data)}
    return Drawn(data, rows, case, numbers)


@chart
def chances(sheet: Sheet, data: pd.DataFrame) -> Drawn:
    """Draw the chance that the share is above one half by the choice made: a row a choice, whose
    label is the index, and a column a company by its name as shown; values are fractions."""
    data = data[[name for name in data if not name.endswith("_error")]]
    order = data.max().sort_values(ascending=False, kind="stable").index
    data = data[order].sort_values(order[0], ascending=False, kind="stable")
    texts = data.map(brief_chance)
    told = texts.where(data >= 0.005, "")  # from one percent on
    others = [
        ", ".join(f"{name} {text}" for name, text in row.items() if text)
        for row in told.iloc[:, 1:].to_dict("records")
    ]
    rows = pd.DataFrame({"label": data.index.map(label), "value": texts[order[0]], "range": others})
    rows = rows.assign(p50=data[order[0]], group=order[0])
    drawn = marks.names(sheet, rows, ticks=0)
    marks.bars(drawn, rows, high=1, whole=1)
    low, high = data[order[0]].agg(["min", "max"])
    case = "same" if brief_chance(low) == brief_chance(high) else ""
    return Drawn(data, rows, case, {"name": order[0], "low": low, "high": high})


@chart
def higher(sheet: Sheet, data: Comparison) -> Drawn:
    """Draw by how much one share lies above another in the same simulation, a row of dots a pair of
    companies, and once more without a named group of runs."""
    table = shares.pair_dots(data).assign(gap=lambda dots: 100 * dots["value"])
    table["label"] = table["higher"] + " above " + table["lower"]
    rows = table.drop_duplicates("label").reset_index(drop=True).assign(lead=False)
    rows["value"] = rows["probability"].map(brief_chance)
    drawn = marks.names(sheet, rows, mark=0.55, above=0.5 if sheet.small else 0)
    ends = min(table["gap"].min(), -2) - 2, max(table["gap"].max(), 2) + 2
    step = next(step for step in (5, 10, 20, 50, 100, 200, 500) if np.ptp(ends) / step < 7)
    places = np.arange(np.ceil(ends[0] / step), np.floor(ends[1] / step) + 1) * step
    ticks = {x: signed(x, 0) if x else "equal" for x in places}
    marks.axis(drawn.ax, ticks | {places[-1]: f"{signed(places[-1], 0)} points"}, ends)
    marks.dots(drawn, table, "gap")
    best = rows.loc[rows["probability"].idxmax()]
    less = rows["higher"].str.startswith(f"{best.higher} without") & rows["lower"].eq(best.lower)
    numbers = {"first": best.higher, "second": best.lower, "odds": best.probability}
    for row in rows[less].head(1).itertuples():
        group = row.higher.partition(" without ")[2]
        numbers |= {"other": row.probability, "group": group}
    numbers["dots"] = shares.DOTS
    return Drawn(table, rows, "without" if "group" in numbers else "", numbers)


@chart
def dollars(sheet: Sheet, data: Comparison | Estimate) -> Drawn:
    """Draw R&D compute in squares of so many dollars, final training runs in the accent, all
    companies to one scale."""
    table = shares.dollars_table(shares.estimates_of(data))
    if table.empty:
        raise InputError("dollars: no company here has spending in USD; see ts.charts.ratio")
    whole = table["final_training"] + table["other_rd"]
    rows = table.assign(
        part=1e6 * table["final_training"],
        whole=1e6 * whole,
        value=table["final_training"].map(short),
        range="of " + whole.map(short),
        note=table["spending_window"],
    ).sort_values("whole", ascending=False, kind="stable")
    unit = next(unit for unit in UNITS if rows["whole"].max() / unit <= SQUARES)
    marks.waffle(sheet, rows, unit)
    first, *others = rows.itertuples()
    words = templates()["dollars"]["other"]
    each = [fill(words, {"row": row, "factor": first.whole / row.whole}) for row in others]
    numbers = {"first": first.label, "most": short(first.whole / 1e6), "part": first.value}
    numbers |= {"factors": each, "unit": short(unit / 1e6)}
    return Drawn(table, rows, "" if each else "one", numbers)


@chart
def calendar(sheet: Sheet, data: Comparison | Estimate) -> Drawn:
    """Draw the months of spending, and those of the releases that the share sets against it, with
    the models on them."""
    found, spans, events = shares.estimates_of(data), [], []
    for est in found:
        name, costs = est.company_row.display_name, est.cost_table()["p50"]
        spent = f"{short(est.median(est.rd_compute) / 1e6, est.unit)} spent"
        spans.append((name, *map(pd.Timestamp, est.denominator_window), spent, False))
        first, last = (month.to_timestamp() for month in est.release_window)
        covering = sum(costs[key] for key, run in est.runs.items() if run.covers)
        other = f"other releases {short(covering, est.unit)}" if covering else ""
        spans.append((name, first, last + pd.offsets.MonthEnd(), other, True))
        runs = [(r.released, r.model, costs[key]) for key, r in est.runs.items() if not r.covers]
        for month, part in pd.DataFrame(runs, columns=["month", "model", "cost"]).groupby("month"):
            models, total = part.groupby("model")["cost"].sum(), part["cost"].sum()
            names = models.sort_values(ascending=False).index
            named = names if len(names) < 3 else [names[0], f"{len(names) - 1} more"]
            large = models.max() > WORTH * costs["total"]
            words = f"{' and '.join(named)} {short(total, est.unit)}" if large else ""
            day = month.to_timestamp() + pd.Timedelta(days=14)
            events.append((name, day, words, max(10, 500 * total / costs["total"])))
    spans = pd.DataFrame(spans, columns=["row", "start", "end", "text", "lead"])
    events = pd.DataFrame(events, columns=["row", "day", "label", "size"])
    marks.timeline(sheet, spans, events)
    lags = {est.company_row.release_lag_months for est in found}
    case = "none" if lags == {0} else "lags" if len(lags) > 1 else ""
    told = pd.concat([spans.rename(columns={"text": "value"}), events[events["label"] != ""]])
    told = told.assign(group=told["row"])
    numbers = {"lag": min(lags), "low": min(lags), "high": max(lags)}
    return Drawn(pd.concat([spans, events], ignore_index=True), told, case, numbers)


# --- what the share depends on
def grouped(data: Tables) -> pd.DataFrame:
    """Return tables as one: the company in `group`, the index in `key`, and its label."""
    tables = {"": data} if isinstance(data, pd.DataFrame) else data
    parts = [table.assign(group=name, key=list(table.index)) for name, table in tables.items()]
    rows = pd.concat(parts, ignore_index=True)
    rows["key"] = rows.get("label", rows["key"])
    return rows.assign(label=rows["key"].map(label))


def share_texts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of shares (p5, p50 and p95, fractions) with what is written of them."""
    ends = zip(rows["p5"], rows["p95"], strict=True)
    texts = [reach(low, high) if low == low else "no estimate" for low, high in ends]
    return rows.assign(value=rows["p50"].map(share, na_action="ignore").fillna(""), range=texts)


def share_rows(sheet: Sheet, rows: pd.DataFrame, mark: float = 0.29) -> tuple[pd.DataFrame, dict]:
    """Draw rows of shares. Return them with their texts, and what their words need: the least and
    the greatest median, how many intervals pass half, and whether any passes all."""
    rows = share_texts(rows)
    if "caveat" in rows:
        rows["label"] += np.where(rows["caveat"] == "lower bound", ", at least", "")
    drawn = marks.names(sheet, rows, mark)
    marks.intervals(drawn, rows, high=1)
    marks.shares(drawn)
    common = templates()["common"]
    beyond = common["beyond"] if (rows["p95"] > 1).any() else ""
    bounds = rows["label"].str.endswith(", at least").any()
    numbers = {"low": rows["p50"].min(), "high": rows["p50"].max(), "cases": rows["p50"].count()}
    numbers |= {"beyond": beyond, "bound": common["bound"] if bounds else ""}
    return rows, numbers | {"over": int((rows["p95"] > HALF).sum())}


@chart
def intervals(sheet: Sheet, data: Tables) -> Drawn:
    """Draw a share for each row of a table, whose index is the label: p5, p50 and p95, fractions.
    A column `caveat` tells lower bounds; a row without numbers says so."""
    table = grouped(data)
    rows, numbers = share_rows(sheet, table.assign(lead=table.index == 0, note=""))
    case = "same" if share(numbers["low"]) == share(numbers["high"]) else ""
    return Drawn(data if isinstance(data, pd.DataFrame) else table, rows, case, numbers)


@chart
def variants(sheet: Sheet, data: pd.DataFrame, est: Estimate) -> Drawn:
    """Draw `shares.variants_table` of an estimate, the highest share first."""
    table = grouped(data)
    rows = table.assign(lead=table.index == 0, note="")
    rows, numbers = share_rows(sheet, rows.sort_values("p50", ascending=False, kind="stable"))
    same = share(numbers["low"]) == share(numbers["high"])
    numbers["name"] = est.company_row.display_name
    return Drawn(data, rows, "same" if same else "" if numbers["over"] else "below", numbers)


@chart
def steps(sheet: Sheet, data: pd.DataFrame, name: str) -> Drawn:
    """Draw `corrections.audit` of the company `name`: the share after each step, and at the right
    the step's move of the median in points."""
    table, moves = grouped(data), 100 * data["in_sequence"]
    notes = ["" if move != move else signed(move) for move in moves]
    ends = table.index.isin([0, len(table) - 1])
    moved = table[["p5", "p50", "p95"]].diff().abs().max(axis=1) >= MOVED
    table = table.assign(lead=ends, note=notes)[ends | moved].reset_index(drop=True)
    rows, numbers = share_rows(sheet, table)
    first, last = data["p50"].iloc[[0, -1]]
    case = "same" if share(first) == share(last) else ""
    before, after = data["p95"].iloc[[0, -1]]
    numbers |= {"name": name, "first": first, "last": last, "before": before, "after": after}
    return Drawn(data, rows, case, numbers)


@chart
def effects(sheet: Sheet, data: Tables) -> Drawn:
    """Draw `corrections.effects_alone`: the chance of a majority after each change alone, what
    moves that chance most first."""
    table = grouped(data)
    rows = table.assign(size=table["gained"].abs()).sort_values("size", ascending=False)
    rows = rows[rows["size"] >= SMALLEST].groupby("group", sort=False).head(MOST)
    if rows.empty:
        raise InputError("effects: no change moves the chance of a majority, so nothing is drawn")
    rows = pd.concat(part for _, part in rows.groupby("group", sort=False))
    most = rows.iloc[rows["size"].argmax()]
    medians = "median " + rows["p50"].map(share)
    rows = rows.assign(value=rows["over_half"].map(brief_chance), range=medians, note="")
    rows = rows.assign(p50=rows["over_half"]).drop(columns=["p5", "p95"])
    drawn = marks.names(sheet, rows, ticks=0)
    marks.bars(drawn, rows, high=1, whole=1)
    numbers = {"label": most.label, "name": most.group, "after": most.over_half}
    return Drawn(table, rows, "", numbers | {"before": most.over_half - most.gained})


@chart
def surface(sheet: Sheet, data: Tables) -> Drawn:
    """Draw `sensitivity.surface`: the median share by two assumptions, companies side by side; what
    is above half is framed, so that it shows without colour."""
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
    parts = pd.concat(tables, names=["company"])
    ends = parts.stack().groupby("company", sort=False).agg(["min", "max"]).map(share)
    told = pd.DataFrame({"label": list(tables), "value": ends["min"] + " to " + ends["max"]})
    return Drawn(parts.reset_index(), told, "" if any(over.values()) else "none", numbers)


def _value(name: str, value: float) -> str:
    """Return a value of an assumption in words: a fraction as a percentage."""
    return FORMATS.get(name, share if value <= 1 else plain)(value)


@chart
def settling(sheet: Sheet, data: Tables) -> Drawn:
    """Draw `information.what_would_settle`: how wide the likely range would be on average once one
    quantity is known, inside its width now."""
    table = grouped(data)
    rows = table.assign(p50=100 * table["width"], now=100 * table["now"], lead=True)
    whole = f", ({'|'.join(shares.WHOLE)})$"  # a stage that is all of a model's training
    rows = rows.replace({"label": whole, "key": whole}, "", regex=True)
    rows["value"] = rows["p50"].map(plain)
    narrows = rows["value"] != rows["now"].map(plain)
    rows = rows[narrows] if narrows.any() else rows
    rows["group"] = [f"{row.group}: {plain(row.now)} points wide now" for row in rows.itertuples()]
    drawn = marks.names(sheet, rows, ticks=0)
    marks.bars(drawn, rows, high=rows["now"].max(), whole=rows["now"].to_numpy())
    first = rows.iloc[0]
    names = ("cost", "FLOP", "R&D", "GPU")
    known = first.key if first.key.startswith(names) else first.label.lower()
    numbers = {"label": known, "name": table["group"].iloc[0], "width": first.p50}
    return Drawn(table, rows, "", numbers | {"now": first.now, "points": float(plain(first.now))})


@chart
def breaking(sheet: Sheet, data: Tables) -> Drawn:
    """Draw `sensitivity.breaking_points`: by which factor an input alone would have to be off, the
    smallest first, and how probable that is. Inputs that cannot do it are left out."""
    table = grouped(data)
    rows = table.assign(far=np.log(table["factor"]).abs()).dropna(subset=["factor"])
    rows = pd.concat(part.sort_values("far") for _, part in rows.groupby("group", sort=False))
    factor = rows["factor"]
    chances = rows[["chance", "chance_predictive"]].max(axis=1).fillna(0)
    odds = rows[["chance", "chance_predictive"]].max(axis=1).map(brief_chance, na_action="ignore")
    rows = rows.assign(
        value=[f"× {plain(x)}" if x > 1 else f"÷ {plain(1 / x)}" for x in factor],
        range=odds.fillna("taken as exact"),
        lead=chances.round(2) >= sentences.RARE,
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
    likeliest = rows.loc[chances.idxmax()]
    numbers = {"label": likeliest.label.removeprefix("FLOP of "), "name": likeliest.group}
    numbers |= {"factor": max(likeliest.factor, 1 / likeliest.factor), "odds": chances.max()}
    numbers["way"] = "as much as" if likeliest.factor > 1 else "less than"
    return Drawn(table, rows, "" if chances.max() >= sentences.RARE else "none", numbers)


# --- training runs
@chart
def cost(sheet: Sheet, data: Estimate) -> Drawn:
    """Draw `shares.largest_runs` without the total: the largest runs by name, the others pooled."""
    table = shares.largest_runs(data)
    total, rows = table.iloc[0], table.iloc[1:]
    rows = rows.reset_index(names="label")
    rows["label"] = rows["label"].map(label).str.replace("reinforcement learning", "RL")
    texts = rows[["p5", "p50", "p95"]].map(short, unit=data.unit)
    ends = (texts["p5"] + " to " + texts["p95"]).where(texts["p5"] != texts["p95"], "")
    rows = rows.assign(value=texts["p50"], range=ends)
    drawn = marks.names(sheet, rows, ticks=0)
    marks.bars(drawn, rows, high=1.01 * rows["p95"].max())
    first = rows.query("runs == 1").iloc[0]
    numbers = {"run": first.label, "name": data.company_row.display_name, "cost": first.value}
    numbers |= {"total": short(total.p50, data.unit), "runs": int(total.runs), "unit": data.unit}
    numbers["pooled"] = (rows["runs"] > 1).any()
    case = "one" if total.runs == 1 else "" if data.unit == "USD" else "hours"
    return Drawn(table, rows, case, numbers)


@chart
def worked(sheet: Sheet, data: Estimate, run: str) -> Drawn:
    """Draw the chain of one run from compute to cost, a step a row, with the range of each step as
    a multiple of its median."""
    trace = data.trace(run)[["p5", "p50", "p95"]]
    model, found = data.runs[run].model, {}
    for begin in templates()["chain"]:
        steps = [name for name in trace.index if re.fullmatch(f"{begin}(_rl)?( of .+)?", name)]
        found |= {begin: trace.loc[steps[-1]]} if steps else {}  # a base's steps come before
    if len(found) < 2:
        raise InputError(f"worked: the amount of '{run}' is given, so no step leads to it")
    rows = []
    for step, values in found.items():
        words, middle, end = templates()["chain"][step]
        shown = values / 1e6 if step == "cost_usd" else values  # money in millions
        low, high = (fill(end, {"end": shown[p]}) for p in ("p5", "p95"))
        ends = f"{low} to {high}".replace("\u00a0", " ") if low != high else ""
        texts = {"value": fill(middle, {"median": shown.p50}), "range": ends}
        words = words if rows or words[0] != "=" else label(words[2:])
        about = {"label": words, "lead": words[0] not in "÷×", "median": values.p50}
        rows.append(about | texts | dict(values / values.p50))
    rows = pd.DataFrame(rows, index=pd.Index(list(found), name="step"))
    drawn = marks.names(sheet, rows, mark=0.34)
    marks.intervals(drawn, rows)
    drawn.ax.set_xscale("log")
    far = max(2.2, 1.1 * rows["p95"].max(), 1.1 / rows["p5"].min())
    by = 2 if far < 5 else 10
    marks.axis(drawn.ax, {1 / by: f"÷ {by}", 1: "median", by: f"× {by}"}, (1 / far, far))
    last = rows.iloc[-1]
    numbers = {"run": model, "factor": last.p95, "cost": last.value}
    return Drawn(rows, rows, "exact" if last.p95 < 1.05 else "", numbers)


@chart
def hailuo(sheet: Sheet, data: Estimate) -> Drawn:
    """Draw the share of MiniMax by the compute of Hailuo 02, and below it what is held of that
    compute: by its size, by the newsletter, by the vendor's ratio, and off the trend."""
    table, ways = shares.hailuo_tables(data)
    limits = shares.HAILUO_FLOP[:2]
    over, half = table[table["p50"] > HALF], np.nan
    if len(over) and table["p50"].iloc[0] < HALF:
        half = float(np.interp(HALF, table["p50"], table["x"]))  # nearly a straight line of x
    shown = np.interp(ways["p50"], table["x"], table["p50"])
    on = pd.DataFrame({"x": ways["p50"], "y": shown, "color": ACCENT})[ways["lead"]]
    if half == half:
        on.loc["half"] = half, HALF, INK
    top = sheet.panel(2.3)
    marks.curve(top, table, on)
    top.set(ylim=(-0.02, 1), xlim=limits, xticks=[])
    top.axhline(HALF, color=INK, lw=1, ls=marks.DASHED, zorder=1)
    note = sheet.sized(NOTE)
    for place, text in marks.PARTS.items():
        put(top, text, 0, place, dy=-12 if place == 1 else 4, edge=True, **note)
    if half == half:
        words = f"a majority from {ten(half)}"
        put(top, words, half, HALF, -8, 6, ha="right", **note | {"color": INK})
    rows = ways.assign(label=ways.index.map(label), value=list(map(share, shown)))
    drawn = marks.names(sheet, rows, above=0.12, top=2.42)
    marks.intervals(drawn, rows)
    marks.powers(drawn.ax, limits, " FLOP")
    case = "" if half == half else "never" if not len(over) else "always"
    case = case if shares.HAILUO in data.runs else "out"
    factor = half / ways["p50"].iloc[0]
    return Drawn(table, rows, case, {"half": half, "factor": factor, "last": limits[1]})


@chart
def scaling(sheet: Sheet, data: ScalingFit, band: pd.DataFrame, predicted: pd.DataFrame) -> Drawn:
    """Draw `closed_models.scaling_band`: training FLOP of open models by their size, the line with
    its band, and what it predicts of closed models."""
    models = data.models.set_index("model")
    points = rounded(10 ** models[["log10_size", "log10_flop"]]).set_axis(["x", "p50"], axis=1)
    far = models["residual"].abs() > np.log10(FAR)
    points = points.assign(label=points.index.where(far, ""), ha="left", dy=0, at=points["p50"])
    points = points[~points.duplicated(["x", "p50"])]
    closed = predicted.rename(columns={"size": "x"}).sort_values("x")
    closed = closed.assign(label=closed.index.map(label), ha="center", dy=-84, at=closed["p50"])
    closed.iloc[0, -3:-1] = "right", 12  # beside the first, below those between, above the last
    closed.iloc[-1, -2:] = 12, closed["p95"].iloc[-1]
    ax = sheet.panel(3.6, left=0.4, ticks=marks.TICKS)
    marks.cloud(ax, points, band.rename(columns={"size": "x", "flop": "p50"}), closed)
    ax.margins(x=0.06)
    for which in (ax.xaxis, ax.yaxis):
        low, high = which.get_view_interval()
        powers = np.arange(np.ceil(np.log10(low)), np.floor(np.log10(high)) + 1)
        places = 10.0 ** (powers[::2] if len(powers) > 5 else powers)
        which.set_ticks(places, [ten(place) for place in places], parse_math=False)
    numbers = {"modality": data.modality, "models": data.n, "factor": 10**data.residual_sd}
    numbers["unit"] = "sample rate" if data.modality == "speech" else "pixels"
    rows = closed.assign(value=[f"{ten(flop)} FLOP" for flop in closed["p50"]])
    return Drawn(data.models, rows, "", numbers)


# --- measured cases
@chart
def pattern(sheet: Sheet, data: pd.DataFrame) -> Drawn:
    """Draw `Pattern.table()`: a row a case by what is counted; modelled ones in the accent."""
    scopes, scope = templates()["scopes"], data["scope"]
    context = (", " + data["grade"].replace("bound", "at most")).where(~data["used"], "")
    rows = data.assign(
        p5=data["p5"].where(scope != "cluster", 0),  # a bound
        label=data["label"].str.replace(r", 20\d.*", "", regex=True) + context,
        group=scope.map(lambda name: scopes.get(name, name)),
        lead=scope == "company-year",
    )
    rows, _ = share_rows(sheet, rows, mark=0.22)
    used = data[data["used"]].groupby("scope")["p50"].agg(["min", "max"])
    (low, high), (least, most) = (used.reindex([n]).iloc[0] for n in ("company-year", "one recipe"))
    numbers = {"low": low, "high": high, "least": least, "most": most}
    return Drawn(data, rows, "" if least == least else "short", numbers)


@chart
def next_share(sheet: Sheet, data: pd.DataFrame) -> Drawn:
    """Draw the shares of `Pattern.prior_and_posterior()`: how likely each share of the next
    company-year is, before the cases and after them."""
    import seaborn as sns

    rows = data[data["quantity"] == "share"].eval("middle = (low + high) / 2")
    bins = [*rows["low"], rows["high"].iloc[-1]]
    ax = sheet.panel(2.0, ticks=marks.TICKS)
    before = {"color": REST, "alpha": 1, "linewidth": 0}
    after = {"color": ACCENT, "fill": False, "linewidth": 2.2}
    for when, look in (("prior", before), ("posterior", after)):  # middles fall into their bins
        sns.histplot(rows, x="middle", weights=when, bins=bins, element="step", ax=ax, **look)
    ax.set(xlabel="", ylabel="", yticks=[])
    marks.axis(ax, marks.PARTS, (0, 1))
    top = rows.loc[rows["posterior"].idxmax()]
    put(ax, "after", top.middle, top.posterior, 26, -8, **NUMBER)
    put(ax, "before", 0.8, rows["prior"].iloc[-8], 0, 5, **NOTE)
    ax.axhline(0, color=HAIR, lw=1)
    told = pd.DataFrame(
        {"label": ["most often, after the companies' years"], "value": [share(top.middle)]}
    )
    return Drawn(data, told, "", {"mode": top.middle})


@chart
def over_time(sheet: Sheet, data: pd.DataFrame) -> Drawn:
    """Draw `measured.windows`, or `over_time` of one company: the share of each window of spending;
    inferred spending is told."""
    windows = [window_text(*map(pd.Timestamp, ends)) for ends in data[["start", "end"]].to_numpy()]
    inferred = data["inferred"].astype(bool)
    told = pd.Series(windows, data.index) + inferred.map({True: ", partly inferred", False: ""})
    rows = data.assign(group=data["label"], label=told, lead=~inferred)
    rows, numbers = share_rows(sheet, rows)
    later = data[data["variant"].astype(bool)]
    shown = later if len(later) else data
    each = [f"{share(row.p50)} at {row.label}" for row in shown.itertuples()]
    return Drawn(data, rows, "" if len(later) else "none", numbers | {"listed": each})
