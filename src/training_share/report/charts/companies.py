"""Charts of companies side by side: their shares, how likely a majority is, who is higher, what they
spent, and when."""

import numpy as np
import pandas as pd

from training_share.model.comparison import Comparison
from training_share.model.estimate import Estimate
from training_share.report import sentences, shares
from training_share.report.charts import marks
from training_share.report.charts.frame import NAME, NUMBER, Drawn, Sheet, chart, put
from training_share.report.figure import width
from training_share.report.shares import HALF
from training_share.report.text import brief_chance, interval, listed, percent, short
from training_share.report.words import label, reach, share, signed, times

UNITS = (1e6, 2e6, 5e6, 1e7, 2e7, 5e7, 1e8, 2e8, 5e8, 1e9, 2e9)  # USD of a square
SQUARES = 600  # of the largest company at most
WORTH = 0.02  # part of the cost of all runs from which a model is named on the calendar
DOUBTED = {"lower bound": "At least", "mismatched window": "Perhaps"}  # by caveat


def estimates_of(data: object) -> list[Estimate]:
    """Return the estimates of an estimate or a comparison; none of a table."""
    if isinstance(data, Comparison):
        return list(data.values())
    return [data] if isinstance(data, Estimate) else []


def _share_texts(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows of `shares.ratio_table` with what is written of them."""
    rows = table.rename(columns={f"share_{name}": name for name in ("p5", "p50", "p95")})
    ends = [reach(low, high) for low, high in rows[["p5", "p95"]].to_numpy()]
    return rows.assign(value=rows["p50"].map(share), range=ends)


def _weighted(table: pd.DataFrame) -> str:
    """Return under which scenarios evidence weights simulations; "" where none."""
    found = table.loc[table["evidence"] != "", "scenario"].unique()
    return f"Under {listed(found)} simulations are weighted by evidence." if len(found) else ""


@chart
def ratio(sheet: Sheet, data: Estimate | Comparison | pd.DataFrame) -> Drawn:
    """Draw the ratio comparison chart, one bar a company from none to all of R&D compute: the part
    of final training (median), the likely range, and the share that Epoch AI printed.

    `data` is an estimate (as estimated, and without each of its groups of runs), a comparison, or
    rows of `shares.ratio_table`.
    """
    table, found = data, estimates_of(data)
    if isinstance(data, Comparison):
        table = shares.headline(data, shares.chart_row)
    elif isinstance(data, Estimate):
        table = shares.company_ratio_table(data, shares.chart_row)
    rows = _share_texts(table).assign(note=[_amounts(row) for row in table.itertuples()])
    rows["range"] = rows["range"].map(lambda ends: f"likely {ends}" if ends else "")
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
    return amounts + (f"; Epoch: {row.published:.1%}" if row.published == row.published else "")


def _ratio_words(table: pd.DataFrame) -> tuple[str, dict]:
    """Return which title a ratio table has, and its numbers."""
    first, values = table.iloc[0], table["share_p50"]
    bare = [row.label.partition(", ")[0] for row in table.itertuples()]
    if (companies := table["company"].nunique()) > 1:
        each = listed(f"{share(p)} at {name}" for p, name in zip(values, bare, strict=True))
        ends = {"low": values.min(), "high": values.max(), "companies": companies}
        return "many" if len(table) > 4 else "", {"listed": each, **ends}
    less = table.iloc[1:].query("without != '' and scenario == @first.scenario")
    told = [f", {share(row.share_p50)} without {row.without.title()}" for row in less.itertuples()]
    numbers = {"name": bare[0], "share": first.share_p50, "without": "".join(told[:1])}
    case = "measured" if first.kind == "measured" else "over" if first.share_p50 > 1 else "one"
    return case, numbers | {"about": DOUBTED.get(first.caveat, "About")}


def ratio_alt(table: pd.DataFrame) -> str:
    """Return the shares of a ratio table in words."""
    printed = [f", printed by Epoch AI {percent(p)}" if p == p else "" for p in table["published"]]
    told = [f"{row.label} {interval(row, prefix='share_')}" for row in table.itertuples()]
    return f"{'; '.join(map(''.join, zip(told, printed, strict=True)))}."


@chart
def scenarios(sheet: Sheet, data: pd.DataFrame) -> Drawn:
    """Draw `shares.ratio_table`: company by company, each scenario and each group of runs left out;
    at the right how probable more than half is."""
    data = pd.concat(part for _, part in data.groupby("company", sort=False))
    worst, usual = data.loc[data["over_half"].idxmax()], data["scenario"].iloc[0]
    without = data["without"].str.title()
    rows = _share_texts(data).assign(
        group=data["label"].str.partition(", ")[0].str.partition(" without ")[0],
        label=data["scenario"].map(label) + without.where(without == "", ", without " + without),
        note="over half " + data["over_half"].map(brief_chance),
        lead=data["scenario"].eq(usual) & without.eq(""),
    )
    drawn = marks.names(sheet, rows, mark=0.26)
    marks.intervals(drawn, rows, high=1)
    marks.shares(drawn)
    over = int((data["share_p50"] > HALF).sum())
    case = "over" if over else "never" if worst.over_half < 0.005 else ""
    numbers = {"over": over, "settings": len(data), "high": data["share_p50"].max()}
    numbers |= {"name": worst.label, "odds": worst.over_half, "evidence": _weighted(data)}
    return Drawn(data, rows, case, numbers)


@chart
def chances(sheet: Sheet, data: pd.DataFrame) -> Drawn:
    """Draw the chance that the share is above one half by the choice made: a row a choice, whose
    label is the index, and a column a company by its name as shown; values are fractions."""
    order = data.max().sort_values(ascending=False, kind="stable").index
    data = data[order].sort_values(order[0], ascending=False, kind="stable")
    texts = [label(choice) for choice in data.index]
    column = min(max(width(text, **NAME) for text in texts), marks.MOST) + 0.1
    across, every, first = (sheet.room - column) / len(order), [], None
    for i, name in enumerate(order):
        values = data[name].map(brief_chance)
        rows = pd.DataFrame({"label": texts, "value": values, "p50": data[name], "group": name})
        every.append(rows)
        if sheet.small:
            drawn = marks.names(sheet, rows, top=sheet.body, ticks=0.1)
        elif first is None:
            free = sheet.room - column - across
            drawn = first = marks.names(sheet, rows.drop(columns="group"), top=0.27, right=free)
        else:
            left = column + i * across + 0.65
            ax = sheet.panel(first.height, left, sheet.room - left - across + 0.75, 0.27)
            drawn = marks.Rows(ax, first.y, first.height)
            for y, value in zip(drawn.y, values, strict=True):
                put(ax, value, 0, y, -9, edge=True, ha="right", va="center_baseline", **NUMBER)
        marks.bars(drawn, rows, high=1, whole=1)
        drawn.ax.set_ylim(drawn.height, 0)
        put(drawn.ax, "" if sheet.small else name, 0, 0, dy=6, edge=True, **NAME)
    low, high = data[order[0]].agg(["min", "max"])
    case = "same" if brief_chance(low) == brief_chance(high) else ""
    return Drawn(data, pd.concat(every), case, {"name": order[0], "low": low, "high": high})


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
def dollars(sheet: Sheet, data: Comparison | Estimate | pd.DataFrame) -> Drawn:
    """Draw R&D compute in squares of so many dollars, final training runs in the accent, all
    companies to one scale. A table is `shares.dollars_table`."""
    table = data if isinstance(data, pd.DataFrame) else shares.dollars_rows(estimates_of(data))
    whole = table["final_training"] + table["other_rd"]
    rows = pd.DataFrame(
        {
            "label": table["label"],
            "part": 1e6 * table["final_training"],
            "whole": 1e6 * whole,
            "value": table["final_training"].map(short),
            "range": "of " + whole.map(short),
            "note": table["spending_window"],
        }
    ).sort_values("whole", ascending=False, kind="stable")
    unit = next(unit for unit in UNITS if rows["whole"].max() / unit <= SQUARES)
    marks.waffle(sheet, rows, unit)
    first, *others = rows.itertuples()
    each = [f"{times(first.whole / row.whole)} as much as {row.label}" for row in others]
    numbers = {"first": first.label, "most": short(first.whole / 1e6), "part": first.value}
    numbers |= {"factors": listed(each) if each else "", "unit": short(unit / 1e6)}
    return Drawn(table, rows, "" if each else "one", numbers)


@chart
def calendar(sheet: Sheet, data: Comparison | Estimate) -> Drawn:
    """Draw the months of spending and the months of releases that the share sets against each other,
    with the models on them."""
    found, spans, events = estimates_of(data), [], []
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
            large = models[models > WORTH * costs["total"]].sort_values(ascending=False).index
            named = large if len(large) < 3 else [large[0], f"{len(large) - 1} more"]
            words = f"{listed(named)} {short(total, est.unit)}" if len(large) else ""
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
