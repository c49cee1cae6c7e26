"""Tables as people read them: amounts as text with their units, links to sources."""

import pandas as pd

from training_share.analysis.measured import ImpliedCompute
from training_share.errors import require_known
from training_share.inputs.tables import load
from training_share.model.estimate import Estimate
from training_share.model.spending import rate, signed_periods
from training_share.report import text


def runs_table(est: Estimate) -> pd.DataFrame:
    """Return the counted runs as the tables give them: model, stage, release, amount, what they
    cost (median and 90% interval, in millions of the unit), evidence and source link."""
    runs = est.tables.frame("training_runs").set_index("run_id").loc[list(est.runs)]
    costs, cost = est.cost_table().loc[runs.index], f"{est.unit} million"
    runs["amount"] = [_given(est, run_id) for run_id in runs.index]
    runs[cost] = costs.apply(text.interval, axis=1, args=["{:.2g}".format])
    runs["released"] = runs["released"].str[:7]  # the month
    runs["source"] = runs["source_id"].map(lambda key: est.tables.sources[key].url)
    columns = ["model", "stage", "released", "amount", "hardware", cost, "evidence", "source"]
    return runs[columns]


def _given(est: Estimate, run_id: str) -> str:
    """Return the amount of a run as its row gives it."""
    run = est.runs[run_id]
    factor = f" x {run.post_training}" if run.post_training else ""
    for value, unit in ((run.flop, "FLOP"), (run.gpu_hours, "GPU-hours"), (run.cost_usd, "USD")):
        if isinstance(value, str):
            return f"regression, closed model {value}{factor}"
        if value is not None:
            return text.in_words(str(value), unit) + factor
    return f"{run.fraction_of_base} of the {est.basis(run_id)} of {run.base_run}{factor}"


def denominator_table(est: Estimate) -> pd.DataFrame:
    """Return the signed disclosed periods that make up the company's R&D compute, with links to
    their sources; below them their sum, and the exchange rates it rests on."""
    sources, (start, end) = est.tables["sources"], est.denominator_window
    rows, used = [], {}
    for line in est.denominator_lines:
        for sign, row in signed_periods(est.tables, est.company, line, start, end):
            used[rate(est.tables, row.currency, row.period_start, row.period_end)] = None
            source = sources[row.source_id].url
            dates = {"period": row.period, "from": row.period_start, "to": row.period_end}
            money = {"amount (millions)": row.amount_millions, "currency": row.currency}
            about = {"line": line, "sign": f"{sign:+d}"} | dates | money
            rows.append(about | {"note": row.note, "source": source})
    rates = list(filter(None, used))
    at = "; ".join(f"{fx.per_usd} {fx.currency} for a dollar" for fx in rates)
    total = {
        "line": "sum",
        "from": start,
        "to": end,
        "amount (millions)": f"{est.summary()['rd_compute']:,.1f}",
        "currency": "USD",
        "note": f"at {at}" if at else "",
        "source": sources[rates[0].source_id].url if rates else "",
    }
    return pd.DataFrame([*rows, total]).fillna("").astype(str).set_index("line")


def scenario_table(scenario: str) -> pd.DataFrame:
    """Return what was considered for a scenario: whether each correction is in, why, and its
    reason."""
    tables = load().for_scenario(scenario)
    reasons = tables.frame("corrections").groupby("correction")["reason"].unique().str.join(" ")
    rows = tables.frame("scenarios").query("scenario == @scenario").set_index("correction")
    steps = ("step " + rows["order"]).where(rows["order"] != "", "left out")
    shown = pd.DataFrame({"in": steps, "why": rows["why"], "what it corrects": reasons})
    return shown.loc[rows.index].fillna("")


def reasons_table(correction: str) -> pd.DataFrame:
    """Return the cells that a correction changes, with the reasons, one row a reason."""
    tables = load()
    require_known(correction, tables.cells_of, "correction")
    rows = tables.frame("corrections").query("correction == @correction")
    told = rows.groupby("reason", sort=False).agg(
        row=("key", "first"), columns=("column", lambda names: ", ".join(names.unique()))
    )
    return told.rename_axis("why").reset_index().set_index("row")[["columns", "why"]]


def ratio_text_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `ratio_table` for reading, with both windows: shares in percent, money in USD million,
    to the digits that hold."""
    columns = {
        "company": table["label"],
        "share (%)": text.held_column(table, "share_p50", 100),
        "90% interval (%)": _ends(table, "share_", 100),
        "training cost (USD million)": text.held_column(table, "training_cost_p50"),
        "90% interval (USD million)": _ends(table, "training_cost_"),
        "R&D compute (USD million)": table["rd_compute"].map("{:,.0f}".format),
        "spending": table["spending_window"],
        "releases": table["release_window"],
        "over half": table["over_half"].map(text.chance),
        "effective draws": table["effective_draws"].map("{:,.0f}".format),
    }
    return pd.DataFrame(columns).set_index(table["scenario"])


def _ends(table: pd.DataFrame, prefix: str, scale: float = 1) -> list[str]:
    low, high = (text.held_column(table, f"{prefix}{name}", scale) for name in ("p5", "p95"))
    return list(map("{} to {}".format, low, high))


def implied_text_table(implied: ImpliedCompute) -> pd.DataFrame:
    """Return `ImpliedCompute.table` for reading."""
    rows = implied.table.loc
    told = {
        "share borrowed from the others": text.interval(rows["share"]),
        "implied R&D compute": text.interval(rows["rd_compute"], text.amount),
    }
    return pd.Series(told, name="median (90% interval)").to_frame().rename_axis("quantity")


def higher_text_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `corrections.who_is_higher` for reading: one row a pair, one column a market."""
    shown = table.map(text.brief_chance).rename_axis(columns=None)
    return shown.set_index(pd.Index(map(" above ".join, table.index), name="pair"))


def published_text_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `published_table` for reading, a row a figure with its company and its unit: printed
    beside ours to the digits that hold, and why they differ. Where an interval is printed, both
    have one."""
    names = {key: row.display_name for key, row in load().companies.items()}
    rows = []
    for _, row in table.iterrows():
        printed, ours = {}, {}
        for name in ("value", "p5", "p95") if pd.notna(row.p5) else ("value",):
            as_text = text.number if row[name] >= 1e6 else f"{{:.{row.decimals}f}}".format
            printed[name] = as_text(row[name]) if pd.notna(row[name]) else ""
            ours[name] = text.held(row[f"our_{name}"], row[f"our_{name}_error"])
        about = {"figure": f"{names.get(row.company, row.company)}: {row.quantity}"}
        about |= {"unit": {"percent": "%"}.get(row.unit, row.unit)}
        about |= {"printed": _interval(**printed), "ours": _interval(**ours)}
        rows.append(about | dict(row[["status", "explanation"]]))
    return pd.DataFrame(rows).set_index("figure")


def _interval(value: str, p5: str = "", p95: str = "") -> str:
    """Return a median with its interval in brackets, or what there is of the two."""
    ends = f"{p5} to {p95}" if p5 else ""
    return f"{value} ({ends})" if value and ends else value or ends


def cases_text_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `Pattern.table()` as text: the share with its interval, how it is known, and what is
    counted and what is not."""
    measured = table["kind"] == "measured"
    columns = {
        "share": table.apply(text.interval, axis=1),
        "above 100%": table["over_all"].map(lambda part: text.brief_chance(part) if part else ""),
        "known by": (table["grade"] + ", " + table["unit"]).where(measured, "the model"),
        "counted beside final runs": table["in_scope"],
        "not counted": table["out_of_scope"],
        "source": table["source"],
    }
    return pd.DataFrame(columns).set_index(table["label"].rename("case"))


def dependence_text_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `Pattern.dependence()` as text, a row a change."""
    changed = [": ".join(key).replace(", its scale in logits", "") for key in table.index]
    share = table.apply(text.interval, axis=1).set_axis(pd.Index(changed, name="changed"))
    return share.to_frame("next company's share")


def implied_costs_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `implied_training_costs` as text in USD billion, with two significant digits: so few
    cases tell no more."""
    billion = "{:.2g}".format
    own = table.apply(text.interval, axis=1, args=[billion, "own_"])
    columns = {
        "R&D compute by": table["source"],
        "R&D compute (USD billion)": table["R&D compute"].map("{:.3g}".format),
        "final training runs (USD billion)": table.apply(text.interval, axis=1, args=[billion]),
        "at its own share (USD billion)": own.where(table["own_p50"].notna(), ""),
    }
    return pd.DataFrame(columns).set_index(table["company"])
