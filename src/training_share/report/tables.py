"""Tables as people read them: amounts as text with their units, links to sources."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from training_share.errors import require_known
from training_share.inputs.tables import for_scenario, load
from training_share.model.estimates import Estimate
from training_share.model.precision import QUANTILES, with_error
from training_share.model.spending import signed_periods
from training_share.report.text import interval


def runs_table(est: Estimate) -> pd.DataFrame:
    """Return the counted runs as the tables give them: model, stage, release, amount, evidence and
    source link."""
    rows = {}
    for run_id, run in est.runs.items():
        amounts = {"FLOP": run.flop, "GPU-hours": run.gpu_hours, "USD": run.cost_usd}
        given = [f"{value} {unit}" for unit, value in amounts.items() if value is not None]
        amount = given[0] if given else f"{run.fraction_of_base} of {run.base_run}"
        if isinstance(run.flop, str):
            amount = f"regression, closed model {run.flop}"
        rows[run_id] = {
            "model": run.model,
            "stage": run.stage,
            "released": str(run.released),
            "amount": amount + (f" x {run.post_training}" if run.post_training else ""),
            "hardware": run.hardware or "",
            "evidence": run.evidence,
            "source": est.tables["sources"][run.source_id].url,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("run_id")


def denominator_table(est: Estimate) -> pd.DataFrame:
    """Return the signed disclosed periods that make up the company's R&D compute, with links to
    their sources."""
    sources = est.tables["sources"]
    rows = [
        {
            "line": line,
            "sign": f"{sign:+d}",
            "period": row.period,
            "from": row.period_start,
            "to": row.period_end,
            "amount (millions)": str(row.amount_millions),
            "currency": row.currency,
            "note": row.note,
            "source": sources[row.source_id].url,
        }
        for line in est.denominator_lines
        for sign, row in signed_periods(est.tables, est.company, line, *est.denominator_window)
    ]
    return pd.DataFrame(rows).set_index("line")


def scenario_table(scenario: str, data_dir=None) -> pd.DataFrame:
    """Return what was considered for a scenario: whether each correction is in, why, and its
    reason."""
    tables = for_scenario(scenario, data_dir=data_dir)
    reasons: dict[str, list[str]] = {}
    for row in tables["corrections"].values():
        told = reasons.setdefault(row.correction, [])
        told += [] if row.reason in told else [row.reason]
    rows = [
        {
            "correction": row.correction,
            "in": "left out" if row.order is None else f"step {row.order}",
            "why": row.why,
            "what it corrects": " ".join(reasons.get(row.correction, [])),
        }
        for row in tables["scenarios"].values()
        if row.scenario == scenario
    ]
    return pd.DataFrame(rows).set_index("correction")


def ratio_text_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `ratio_table` for reading, with both windows: shares in percent, money in USD million,
    each with its Monte Carlo standard error."""

    def shown(quantity: str, scale: float) -> tuple[list[str], list[str]]:
        low, middle, high = (
            [
                with_error(scale * value, scale * error)
                for value, error in zip(
                    table[f"{quantity}_{name}"], table[f"{quantity}_{name}_error"], strict=True
                )
            ]
            for name in QUANTILES
        )
        return middle, [f"{one} to {other}" for one, other in zip(low, high, strict=True)]

    share, cost = shown("share", 100), shown("training_cost", 1)
    return pd.DataFrame(
        {
            "company": table["label"],
            "share (%)": share[0],
            "90% interval (%)": share[1],
            "training cost (USD million)": cost[0],
            "90% interval (USD million)": cost[1],
            "R&D compute (USD million)": table["rd_compute"].map("{:,.0f}".format),
            "spending": table["spending_window"],
            "releases": table["release_window"],
            "draws kept": table["kept"].map("{:.1%}".format),
        }
    ).set_index(pd.Index(table["scenario"], name="scenario"))


def published_text_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `published_table` for reading: printed beside ours with its Monte Carlo standard
    error, and why they differ. Where an interval is printed, both have one."""
    rows = {}
    for claim_id, row in table.iterrows():
        printed = {
            name: ""
            if pd.isna(value)
            else f"{value:.{row.decimals}f}"
            if abs(value) < 1e6
            else f"{value:.3g}"
            for name, value in (("p5", row.p5), ("p50", row.value), ("p95", row.p95))
        }
        ours = {
            name: with_error(row[column], row[f"{column}_error"])
            for name, column in (("p5", "our_p5"), ("p50", "our_value"), ("p95", "our_p95"))
        }
        rows[claim_id] = {
            "quantity": row.quantity,
            "printed": _interval(printed, bool(printed["p5"])),
            "ours": _interval(ours, bool(printed["p5"])),
            "unit": row.unit,
            "status": row.status,
            "explanation": row.explanation,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("claim_id")


def _interval(text: dict[str, str], whole: bool) -> str:
    """Return a median, with its interval in brackets if it is to be whole; the interval alone
    without a median."""
    ends = f"{text['p5']} to {text['p95']}" if whole and text["p5"] else ""
    return f"{text['p50']} ({ends})" if text["p50"] and ends else text["p50"] or ends


def cases_text_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `Pattern.table()` as text: the share with its interval, how it is known, and what is
    counted and what is not."""
    rows = {
        row.label: {
            "share": interval(row),
            "known by": "the model" if row.kind == "modelled" else f"{row.grade}, {row.unit}",
            "counted beside final runs": row.in_scope,
            "not counted": row.out_of_scope,
            "source": row.source,
        }
        for row in table.itertuples()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("case")


def dependence_text_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `Pattern.dependence()` as text, the scales of the prior of tau side by side."""
    texts = table.apply(interval, axis=1)
    return texts.unstack().rename(columns="scale {:g}".format)


def implied_text_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `implied_training_costs` as text in USD billion, with two significant digits: so few
    cases tell no more."""
    rows = {
        (row.company, row.source): {
            "R&D compute (USD billion)": f"{table.loc[row.Index, 'R&D compute']:.3g}",
            "final training runs (USD billion)": interval(row, "{:.2g}".format),
        }
        for row in table.itertuples()
    }
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.index = pd.MultiIndex.from_tuples(rows, names=["company", "R&D compute by"])
    return frame.reset_index().set_index("company")


def reasons_table(correction: str, data_dir: str | Path | None = None) -> pd.DataFrame:
    """Return the cells that a correction changes, with the reasons, one row a reason."""
    tables = load(data_dir)
    require_known(correction, tables.cells_of, "correction")
    rows: dict[str, dict[str, str]] = {}
    for row in tables.corrections.values():
        if row.correction == correction:
            told = rows.setdefault(row.reason, {"row": row.key, "columns": row.column})
            if row.column not in told["columns"]:
                told["columns"] += f", {row.column}"
    frame = pd.DataFrame([told | {"why": reason} for reason, told in rows.items()])
    return frame.set_index("row")
