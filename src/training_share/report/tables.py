"""Tables as people read them: amounts as text with their units, links to sources."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from training_share.analysis.implied import ImpliedCompute
from training_share.errors import require_known
from training_share.inputs.tables import for_scenario, load
from training_share.model.estimates import Estimate
from training_share.model.spending import signed_periods
from training_share.report.text import FLOP, chance, held, interval, money, number


def runs_table(est: Estimate) -> pd.DataFrame:
    """Return the counted runs as the tables give them: model, stage, release, amount, evidence and
    source link."""
    rows = {}
    for run_id, run in est.runs.items():
        amounts = {"FLOP": run.flop, "GPU-hours": run.gpu_hours, "USD": run.cost_usd}
        given = [
            f"regression, closed model {value}"
            if isinstance(value, str)
            else in_words(str(value), unit)
            for unit, value in amounts.items()
            if value is not None
        ]
        amount = (
            given[0]
            if given
            else f"{run.fraction_of_base} of the {est.case.basis(run_id)} of {run.base_run}"
        )
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


def in_words(amount: str, unit: str) -> str:
    """Return an amount of the tables with its unit and its large numbers in words; a FLOP keeps its
    power of ten.

    >>> in_words("1.7e8 to 8.9e8 (p5-p95 lognormal)", "USD")
    'USD 170 to 890 million (p5-p95 lognormal)'
    >>> in_words("3.142e24", "FLOP")
    '3.142e24 FLOP'
    """
    text, opening, meaning = amount.replace("e+", "e").partition(" (")
    ends = [float(part) for part in text.split(" to ")]
    if 1e6 <= max(ends) < FLOP:
        words = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
        scale, word = next(item for item in words if max(ends) >= item[0])
        text = f"{' to '.join(f'{value / scale:.4g}' for value in ends)} {word}"
    return (f"{unit} {text}" if unit == "USD" else f"{text} {unit}") + opening + meaning


def denominator_table(est: Estimate) -> pd.DataFrame:
    """Return the signed disclosed periods that make up the company's R&D compute, with links to
    their sources; below them their sum, as in force, and the exchange rate it rests on."""
    sources = est.tables["sources"]
    rows = [
        {
            "line": line,
            "sign": f"{sign:+d}",
            "period": row.period,
            "from": str(row.period_start),
            "to": str(row.period_end),
            "amount (millions)": str(row.amount_millions),
            "currency": row.currency,
            "note": row.note,
            "source": sources[row.source_id].url,
        }
        for line in est.denominator_lines
        for sign, row in signed_periods(est.tables, est.company, line, *est.denominator_window)
    ]
    start, end = est.denominator_window
    rates = [
        rate for rate in est.tables["fx"].values() if rate.currency in {r["currency"] for r in rows}
    ]
    at = "; ".join(f"{rate.per_usd} {rate.currency} for a dollar" for rate in rates)
    total = {
        "line": "sum",
        "from": str(start),
        "to": str(end),
        "amount (millions)": f"{est.summary()['rd_compute']:,.1f}",
        "currency": "USD",
        "note": f"at {at}" if at else "",
        "source": sources[rates[0].source_id].url if rates else "",
    }
    return pd.DataFrame([*rows, total]).fillna("").set_index("line")


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
    to the digits that hold."""
    return pd.DataFrame(
        {
            "company": table["label"],
            "share (%)": _held(table, "share_p50", 100),
            "90% interval (%)": _ends(table, "share", 100),
            "training cost (USD million)": _held(table, "training_cost_p50"),
            "90% interval (USD million)": _ends(table, "training_cost"),
            "R&D compute (USD million)": table["rd_compute"].map("{:,.0f}".format),
            "spending": table["spending_window"],
            "releases": table["release_window"],
            "over half": table["over_half"].map(chance),
            "effective draws": table["effective_draws"].map("{:,.0f}".format),
        }
    ).set_index(pd.Index(table["scenario"], name="scenario"))


def _held(table: pd.DataFrame, column: str, scale: float = 1) -> list[str]:
    pairs = zip(table[column], table[f"{column}_error"], strict=True)
    return [held(scale * value, scale * error) for value, error in pairs]


def _ends(table: pd.DataFrame, quantity: str, scale: float = 1) -> list[str]:
    low, high = (_held(table, f"{quantity}_{name}", scale) for name in ("p5", "p95"))
    return [f"{one} to {other}" for one, other in zip(low, high, strict=True)]


def exact_table(precision: pd.DataFrame) -> pd.DataFrame:
    """Return `shares.precision_table` for reading: each quantile in words and numbers, and in a
    column of its own the Monte Carlo standard error of the median."""
    return pd.DataFrame(
        {
            "median": _held(precision, "p50"),
            "90% interval": [
                f"{one} to {other}"
                for one, other in zip(_held(precision, "p5"), _held(precision, "p95"), strict=True)
            ],
            "standard error of the median": precision["p50_error"].map("{:.1g}".format),
            "of the lower end": precision["p5_error"].map("{:.1g}".format),
            "of the upper end": precision["p95_error"].map("{:.1g}".format),
        },
        index=precision.index,
    )


def implied_text_table(implied: ImpliedCompute) -> pd.DataFrame:
    """Return `ImpliedCompute.table` for reading."""
    rows = implied.table.drop(columns="unit").astype(float).T
    cost, share, rd_compute = (rows[name] for name in ("training_cost", "share", "rd_compute"))
    told = {
        "training cost": interval(cost, money),
        "share borrowed from the others": interval(share),
        "implied R&D compute": interval(rd_compute, money),
    }
    return pd.Series(told, name="median (90% interval)").to_frame().rename_axis("quantity")


def higher_text_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `shares.who_is_higher` for reading: one row a pair, one column a correlation."""
    short = table.map(
        lambda odds: chance(odds).replace("more than ", ">").replace("less than ", "<")
    )
    shown = short.rename(columns="{:g}".format).rename_axis(columns=None)
    shown.index = pd.Index([f"{one} above {other}" for one, other in table.index], name="pair")
    return shown


def published_text_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `published_table` for reading: printed beside ours to the digits that hold, and why
    they differ. Where an interval is printed, both have one."""
    rows = {}
    for claim_id, row in table.iterrows():
        printed = {
            name: ""
            if pd.isna(value)
            else f"{value:.{row.decimals}f}"
            if abs(value) < 1e6
            else number(value)
            for name, value in (("p5", row.p5), ("p50", row.value), ("p95", row.p95))
        }
        ours = {
            name: held(row[column], row[f"{column}_error"])
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


def implied_costs_table(table: pd.DataFrame) -> pd.DataFrame:
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
