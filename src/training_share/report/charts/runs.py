"""Charts of training runs: what they cost, one worked out, and what the size of closed models says of
their compute."""

import numpy as np
import pandas as pd

from training_share.errors import InputError
from training_share.model.estimate import Estimate
from training_share.model.scaling import ScalingFit
from training_share.report import shares
from training_share.report.charts import marks
from training_share.report.charts.frame import NOTE, Drawn, Sheet, chart, put
from training_share.report.figure import ACCENT, INK, QUIET, rounded
from training_share.report.shares import HALF
from training_share.report.text import short
from training_share.report.words import label, share, ten

STEPS = {  # how a step's name begins: words, the median in words, an end in words
    "flop": ("Training compute", lambda v: ten(v, " FLOP"), ten),
    "mfu": ("÷ what a GPU does of its peak", share, share),
    "gpu_hours": ("= hours of one GPU", lambda v: _count(v), lambda v: _count(v)),
    "price_usd_per_gpu_hour": ("× rent of an hour", "${:.2f}".format, "${:.2f}".format),
    "cost_usd": ("= cost", lambda v: short(v / 1e6), lambda v: short(v / 1e6)),
}
FAR = 5  # times off the trend, from which a model is named


def _count(value: float) -> str:
    """Return a number of hours in short, as in '4.1 million'."""
    return f"{value / 1e6:.1f} million" if value >= 1e6 else f"{value:,.0f}"


@chart
def cost(sheet: Sheet, data: Estimate) -> Drawn:
    """Draw `shares.largest_runs` without the total: the largest runs by name, the others pooled."""
    table = shares.largest_runs(data)
    total, rows = table.iloc[0], table.iloc[1:]
    values = {p: [short(amount, data.unit) for amount in rows[p]] for p in ("p5", "p50", "p95")}
    ends = zip(values["p5"], values["p95"], strict=True)
    rows = rows.reset_index().assign(
        label=[label(name).replace("reinforcement learning", "RL") for name in rows.index],
        value=values["p50"],
        range=[f"{low} to {high}" if low != high else "" for low, high in ends],
    )
    drawn = marks.names(sheet, rows, ticks=0)
    marks.bars(drawn, rows, high=1.01 * rows["p95"].max())
    first = rows.query("runs == 1").iloc[0]
    numbers = {"run": first.label, "name": data.company_row.display_name, "cost": first.value}
    numbers |= {"total": short(total.p50, data.unit), "runs": int(total.runs), "unit": data.unit}
    case = "one" if total.runs == 1 else "" if data.unit == "USD" else "hours"
    return Drawn(table, rows, case, numbers)


@chart
def worked(sheet: Sheet, data: Estimate, run: str = "") -> Drawn:
    """Draw the chain of one run from compute to cost, a step a row, with the range of each step as a
    multiple of its median. Without a key in `run` it is the costliest run."""
    run = run or data.costs.median().idxmax()
    trace = data.trace(run)[["p5", "p50", "p95"]]
    model, found = data.runs[run].model, {}
    for begin in STEPS:
        named = [step for step in trace.index if step == begin or step.startswith(f"{begin}_rl")]
        priced = trace.index.str.startswith(begin) & ~trace.index.str.contains(" of ")
        named = named or [*trace.index[priced]] if begin.startswith("price") else named
        found |= {begin: trace.loc[named[0]]} if named else {}
    if len(found) < 2:
        raise InputError(f"worked: the amount of '{run}' is given, so no step leads to it")
    rows = []
    for step, values in found.items():
        words, say, end = STEPS[step]
        ends = "" if end(values.p5) == end(values.p95) else f"{end(values.p5)} to {end(values.p95)}"
        amounts = {"value": say(values.p50), "range": ends.replace("\u00a0", " ")}
        words = words if rows or words[0] != "=" else label(words[2:])
        about = {"label": words, "lead": words[0] not in "÷×", "median": values.p50}
        rows.append(about | amounts | dict(values / values.p50))
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
    on = ways.assign(x=ways["p50"], y=np.interp(ways["p50"], table["x"], table["p50"]))
    on["color"] = np.where(ways["lead"], ACCENT, QUIET)
    if half == half:
        on.loc["half", ["x", "y", "color"]] = half, HALF, INK
    top = sheet.panel(2.3)
    marks.curve(top, table, on[["x", "y", "color"]].astype({"x": float, "y": float}))
    top.set(ylim=(-0.02, 1), xlim=limits, xticks=[])
    top.axhline(HALF, color=INK, lw=1, ls=marks.DASHED, zorder=1)
    note = NOTE | {"size": NOTE["size"] * sheet.scale}
    for place, text, dy in ((0, "0%", 4), (HALF, "half", 4), (1, "100%", -12)):
        put(top, text, 0, place, dy=dy, edge=True, **note)
    if half == half:
        words = f"a majority from {ten(half)}"
        put(top, words, half, HALF, -8, 6, ha="right", **note | {"color": INK})
    rows = ways.assign(label=ways.index.map(label), value=on["y"].iloc[: len(ways)].map(share))
    drawn = marks.names(sheet, rows, above=0.12, top=2.42)
    marks.intervals(drawn, rows)
    marks.powers(drawn.ax, limits, " FLOP")
    case = "" if half == half else "never" if not len(over) else "always"
    factor = half / ways["p50"].iloc[0]
    return Drawn(table, rows, case, {"half": half, "factor": factor, "last": limits[1]})


@chart
def flop(sheet: Sheet, data: pd.DataFrame) -> Drawn:
    """Draw `closed_models.estimators`: p5, p50 and p95 of training FLOP, a row a method."""
    rows = data.assign(
        label=data.index.map(label),
        value=data["p50"].map(ten),
        range=[f"{ten(low)} to {ten(high)}" for low, high in data[["p5", "p95"]].to_numpy()],
        lead=np.arange(len(data)) == 0,
    )
    drawn = marks.names(sheet, rows, mark=0.32)
    marks.intervals(drawn, rows)
    limits = 0.8 * data["p5"].min(), 1.25 * data["p95"].max()
    marks.powers(drawn.ax, limits)
    factor = data["p95"].max() / data["p95"].min()
    return Drawn(data, rows, "", {"factor": factor})


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
    closed = closed.assign(label=closed.index.map(label), ha="center", dy=-52, at=closed["p50"])
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
