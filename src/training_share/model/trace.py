"""Where an estimate's numbers come from: GPU-hours, the steps of a run's chain, the periods of a
spending window, sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from training_share.errors import InputError, nearest, require_known
from training_share.inputs.schema import TrainingRun
from training_share.inputs.tables import load
from training_share.model.case import Case
from training_share.model.cost import MFU_OF_WORKLOAD, CostModel, Quantity
from training_share.model.precision import QUANTILES, quantiles
from training_share.model.simulation import blocks
from training_share.model.spending import as_date, disclosed_lines, rate, signed_periods

HOUR = "3600 s/h"


@dataclass(frozen=True)
class Step:
    """One step of a run's chain: what it is, how it comes from the steps above, the cell it stands
    in, or "", and how draws of it are had."""

    step: str
    expression: str
    unit: str
    cell: str
    source_id: str = ""


def gpu_hours(case: Case, weights: np.ndarray | None, hardware: str = "") -> pd.DataFrame:
    """Return p5, p50 and p95 of the GPU-hours of each counted run and of their total.

    Each run's are of its own chip at its own precision (column `hardware`); with `hardware`, a key
    of hardware.csv, all are hours of that chip, by the ratio of the peaks. A run of which only the
    cost is known has those that its cost buys. Raises InputError for an unknown chip.
    """
    if hardware:
        require_known(hardware, case.tables.hardware, "hardware")
    rows = {run_id: np.empty(case.n_draws) for run_id in case.runs}
    chips = {run_id: _chip(case, run) for run_id, run in case.runs.items()}
    for block, model in blocks(case):
        for run_id in rows:
            hours = _hours(model, run_id)
            if hardware and chips[run_id]:
                hours = hours * (_peak(case, chips[run_id]) / _peak(case, hardware))
            rows[run_id][block] = hours
    values = dict(rows)
    if hardware or len(set(chips.values())) == 1:
        values["total"] = np.sum(list(values.values()), axis=0)
        chips["total"] = next(iter(chips.values()))
    table = {run_id: quantiles(draws, weights) for run_id, draws in values.items()}
    frame = pd.DataFrame(table, index=list(QUANTILES)).T.rename_axis("run_id")
    frame["hardware"] = [hardware or chips[run_id] for run_id in frame.index]
    return frame


def _peak(case: Case, hardware: str) -> float:
    return case.tables.hardware[hardware].peak_flop_per_s.quantile(0.5)


def _hours(model: CostModel, run_id: str) -> Quantity:
    hours = model.gpu_hours(run_id)
    if hours is not None:
        return hours
    return model.cost_usd(run_id) / model.assumption("price_usd_per_gpu_hour", run_id)


def _chip(case: Case, run: TrainingRun) -> str:
    while run.hardware is None and run.base_run is not None:
        run = case.tables.training_runs[run.base_run]
    return run.hardware or ""


# --- trace ----------------------------------------------------------------------------------------
def trace(case: Case, weights: np.ndarray | None, run_id: str) -> pd.DataFrame:
    """Return the steps of a run's chain, from its size to its cost: step, expression, p5, p50 and
    p95, unit, the cell it stands in and that cell's source.

    `table.attrs["sentence"]` tells the medians as one calculation that can be checked by hand.
    Raises InputError for a run that is not counted.
    """
    require_known(run_id, case.runs, f"counted run of {case.company}")
    steps = list(_steps(case, case.runs[run_id]))
    values = {step.step: np.empty(case.n_draws) for step in steps}
    for block, model in blocks(case):
        for step in steps:
            values[step.step][block] = _value(model, case.runs[run_id], step)
    rows = []
    for step in steps:
        low, middle, high = quantiles(values[step.step], weights)
        rows.append(
            {
                "step": step.step,
                "expression": step.expression,
                "p5": low,
                "p50": middle,
                "p95": high,
                "unit": step.unit,
                "cell": step.cell,
                "source": case.tables.sources[step.source_id].title if step.source_id else "",
            }
        )
    table = pd.DataFrame(rows).set_index("step")
    table.attrs["sentence"] = _sentence(case.runs[run_id].model, table)
    return table


def _steps(case: Case, run: TrainingRun) -> Iterator[Step]:
    """Yield the steps that a run has, in the order of the calculation."""
    row = f"training_runs/{run.run_id}"
    price = _assumption(case, "price_usd_per_gpu_hour", "price")
    if run.cost_usd is not None:
        yield Step("cost", "as stated", "USD", f"{row}/cost_usd", run.source_id)
        return
    if run.gpu_hours is not None:
        yield Step("GPU-hours", "as stated", "GPU-hours", f"{row}/gpu_hours", run.source_id)
        yield price
        yield Step("cost", "GPU-hours x price", "USD", "")
        return
    if run.base_run is not None:
        yield from _of_base(case, run)
    elif isinstance(run.flop, str):
        model = case.tables.closed_models[run.flop]
        what = f"predicted from size by the {model.modality} models' line"
        yield Step("FLOP before post-training" if run.post_training else "FLOP", what, "FLOP",
                   f"closed_models/{run.flop}/parameters", model.source_id)  # fmt: skip
    else:
        yield Step("FLOP before post-training" if run.post_training else "FLOP", "as stated",
                   "FLOP", f"{row}/flop", run.source_id)  # fmt: skip
    if run.post_training:
        yield _assumption(case, run.post_training, "post-training factor")
        yield Step("FLOP", "FLOP before post-training x factor", "FLOP", "")
    basis = case.basis(run.run_id)
    if basis == "FLOP":
        chip = case.tables.hardware[_chip(case, run)]
        yield Step("peak", "dense peak of the chip", "FLOP/s",
                   f"hardware/{chip.hardware}/peak_flop_per_s", chip.source_id)  # fmt: skip
        yield _assumption(case, MFU_OF_WORKLOAD[run.workload], "MFU")
        yield Step("GPU-hours", f"FLOP / (peak x MFU x {HOUR})", "GPU-hours", "")
    elif basis == "GPU-hours":
        yield Step("GPU-hours", "GPU-hours of base x fraction", "GPU-hours", "")
    else:
        yield Step("cost", "cost of base x fraction", "USD", "")
        return
    yield price
    yield Step("cost", "GPU-hours x price", "USD", "")


def _of_base(case: Case, run: TrainingRun) -> Iterator[Step]:
    assert run.base_run is not None
    base = case.tables.training_runs[run.base_run]
    unit = case.basis(run.run_id)
    what = "cost" if unit == "USD" else unit
    yield Step(f"{what} of base", f"the whole of {base.run_id}", unit,
               f"training_runs/{base.run_id}", base.source_id)  # fmt: skip
    if isinstance(run.fraction_of_base, str):
        yield _assumption(case, run.fraction_of_base, "fraction")
    else:
        cell = f"training_runs/{run.run_id}/fraction_of_base"
        yield Step("fraction", "as stated", "fraction of base", cell, run.source_id)
    if what == "FLOP":
        yield Step("FLOP", "FLOP of base x fraction", "FLOP", "")


def _assumption(case: Case, name: str, step: str) -> Step:
    row = case.tables.assumptions[name]
    return Step(step, row.value, row.unit, f"assumptions/{name}/value", row.source_id)


def _value(model: CostModel, run: TrainingRun, step: Step) -> Quantity:
    """Return a step's draws, from the model that makes the cost."""
    of_base = run.base_run or run.run_id
    quantities = {
        "FLOP": lambda: model.flop(run.run_id),
        "FLOP of base": lambda: model.flop(of_base),
        "GPU-hours": lambda: model.gpu_hours(run.run_id),
        "GPU-hours of base": lambda: model.gpu_hours(of_base),
        "cost": lambda: model.cost_usd(run.run_id),
        "cost of base": lambda: model.cost_usd(of_base),
        "price": lambda: model.assumption("price_usd_per_gpu_hour", run.run_id),
        "MFU": lambda: model.utilization(run),
        "peak": lambda: model.peak(run),
        "fraction": lambda: model.fraction(run),
        "post-training factor": lambda: model.assumption(str(run.post_training), run.run_id),
        "FLOP before post-training": lambda: _quotient(
            model.flop(run.run_id), model.assumption(str(run.post_training), run.run_id)
        ),
    }
    value = quantities[step.step]()
    assert value is not None  # a step that the run has
    return value


def _quotient(whole: Quantity | None, factor: Quantity) -> Quantity:
    assert whole is not None
    return whole / factor


def _sentence(model: str, table: pd.DataFrame) -> str:
    """Tell the medians of a trace as one calculation."""
    middle = {step: f"{value:.3g}" for step, value in table["p50"].items()}
    parts = []
    if "FLOP of base" in middle:
        parts.append(f"{middle['FLOP of base']} FLOP x {middle['fraction']}")
    elif "FLOP" in middle:
        parts.append(f"{middle['FLOP']} FLOP")
    if "MFU" in middle:
        parts.append(f"/ ({middle['peak']} FLOP/s x {middle['MFU']} x 3600 s/h)")
    if "GPU-hours" in middle:
        hours = middle["GPU-hours"]
        parts.append(f"= {hours} GPU-hours, x USD {middle['price']}" if parts else
                     f"{hours} GPU-hours x USD {middle['price']}")  # fmt: skip
    parts.append(f"= USD {middle['cost']}" if parts else f"USD {middle['cost']}, as stated")
    return f"{model}: {' '.join(parts)} (medians, each of its own draws)."


# --- spending -------------------------------------------------------------------------------------
class WindowSpending(NamedTuple):
    """Signed periods that cover a window, their sum in millions (medians where uncertain), and the
    currency."""

    table: pd.DataFrame
    amount_millions: float
    currency: str

    def __repr__(self) -> str:
        signs = self.table["sign"].map({1: "+", -1: "-"})
        terms = " ".join(signs + " " + self.table["period"])
        return f"<WindowSpending {terms} = {self.amount_millions:g} million {self.currency}>"


def window_spending(
    company: str, line: str, start: str | date, end: str | date, data_dir: str | Path | None = None
) -> WindowSpending:
    """Return the signed disclosed periods of a line that cover a window, their sum and their
    currency.

    The table has one row a period: sign, period, period_start, period_end, amount_millions,
    source_id. Raises InputError for an unknown company or line and for a window that the
    disclosures cannot cover.

    >>> found = window_spending("minimax", "rd_compute", "2024-10-01", "2025-09-30")
    >>> round(found.amount_millions, 3), found.currency
    (179.925, 'USD')
    """
    tables = load(data_dir)
    require_known(company, tables.companies, "company")
    require_known(line, disclosed_lines(tables, company), f"spending line of {company}")
    periods = signed_periods(tables, company, line, as_date(start, "start"), as_date(end, "end"))
    table = pd.DataFrame(
        [
            {
                "sign": sign,
                "period": row.period,
                "period_start": row.period_start,
                "period_end": row.period_end,
                "amount_millions": row.amount_millions.quantile(0.5),
                "source_id": row.source_id,
            }
            for sign, row in periods
        ]
    )
    amount = float((table["sign"] * table["amount_millions"]).sum())
    return WindowSpending(table, amount, periods[0][1].currency)


# --- sources --------------------------------------------------------------------------------------
def cite(case: Case, what: str) -> pd.DataFrame:
    """Return what a number rests on: cell, content, title, publisher, date, url and locator.

    `what` is a spending line (`rd_compute`), an assumption (`mfu`), a run's key, or the address of
    a row as `hardware/h800-sxm-bf16`. Raises InputError for anything else.
    """
    rows = []
    for table, key, column in _rests_on(case, what):
        row = case.tables[table][key]
        source = case.tables.sources[row.source_id]
        rows.append(
            {
                "cell": f"{table}/{key}/{column}",
                "content": case.tables.texts[table][key][column],
                "title": source.title,
                "publisher": source.publisher,
                "date": source.date,
                "url": source.url,
                "locator": source.locator,
            }
        )
    return pd.DataFrame(rows).set_index("cell")


def _rests_on(case: Case, what: str) -> list[tuple[str, str, str]]:
    tables = case.tables
    lines = [row.line for row in tables.spending.values() if row.company == case.company]
    if what in lines:
        start, end = case.denominator_window
        periods = signed_periods(tables, case.company, what, start, end)
        found = [("spending", f"{row.company}/{row.line}/{row.period}") for _, row in periods]
        cells = [(table, key, "amount_millions") for table, key in found]
        fx = rate(tables, periods[0][1].currency, start, end)
        return cells + ([("fx", f"{fx.currency}/{fx.period}", "per_usd")] if fx else [])
    if what in tables.assumptions:
        return [("assumptions", what, "value")]
    if what in tables.training_runs:
        run = tables.training_runs[what]
        text = tables.texts["training_runs"][what]
        sizes = ("flop", "gpu_hours", "cost_usd", "fraction_of_base")
        column = next(name for name in sizes if text[name])
        own = [("training_runs", what, column)]
        if isinstance(run.flop, str):
            own.append(("closed_models", run.flop, "parameters"))
        return own + (_rests_on(case, run.base_run) if run.base_run else [])
    table, _, key = what.partition("/")
    if table in tables.texts and key in tables.texts[table]:
        column = next(
            name
            for name in tables.texts[table][key]
            if name not in type(tables[table][key]).key_columns
        )
        return [(table, key, column)]
    known = [*lines, *tables.assumptions, *case.runs]
    raise InputError(f"cite: no '{what}'{nearest(what, known)}")
