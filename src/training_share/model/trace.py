"""Where an estimate's numbers come from: the steps of a run's cost, the cells that a number rests
on with their sources, and GPU-hours.

A `Told` is a world whose quantities remember how they came about. The steps are those of the
functions that make the estimate, evaluated once more, so that a trace cannot tell another formula.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from training_share.errors import InputError, nearest, require_known
from training_share.inputs.tables import PRICE
from training_share.model.draws import Mix
from training_share.model.named import Named
from training_share.model.precision import QUANTILES, quantiles
from training_share.model.world import World

if TYPE_CHECKING:
    from training_share.model.estimate import Estimate

UNITS = {  # of steps that stand in no row of assumptions.csv, by how their names begin
    "flop": "FLOP",
    "predicted flop": "FLOP",
    "gpu_hours": "GPU-hours",
    "cost_usd": "USD",
    "peak_flop_per_s": "FLOP/s",
    PRICE: "USD per chip-hour",
    "fraction_of_base": "fraction of the base run",
}


@dataclass(frozen=True, eq=False, repr=False)
class Told(World):
    """A world of named quantities; those of the run `told` are called without its key."""

    told: str = ""

    def cell(self, table: str, key: str, column: str, mix: Mix) -> Any:
        name, owner = key if table == "assumptions" else column, mix[-1][1].partition("/")[2]
        if table == "assumptions" and owner in self.tables.training_runs:
            name = self._name(key, owner)  # a base's draw is not the run's own
        if table == "training_runs":
            before = column == "flop" and self.tables.training_runs[key].post_training
            name = self._name("flop before post-training" if before else column, key)
        return Named(super().cell(table, key, column, mix), name, f"{table}/{key}/{column}")

    def closed_model(self, key: str) -> Any:
        cell = f"closed_models/{key}/parameters"
        return Named(self.like(World).closed_model(key), f"predicted flop of {key}", cell)

    def flop_of(self, run_id: str) -> Any:
        return self._step("flop", run_id, super().flop_of(run_id))

    def gpu_hours_of(self, run_id: str) -> Any:
        return self._step("gpu_hours", run_id, super().gpu_hours_of(run_id))

    def cost_usd_of(self, run_id: str) -> Any:
        return self._step("cost_usd", run_id, super().cost_usd_of(run_id))

    def _step(self, what: str, run_id: str, made: Any) -> Named | None:
        return None if made is None else replace(made, name=self._name(what, run_id))

    def _name(self, what: str, run_id: str) -> str:
        return what if run_id == self.told else f"{what} of {run_id}"


def trace(est: "Estimate", run_id: str) -> pd.DataFrame:
    """Return the steps of a run's chain, from its size to its cost: step, expression (of a cell its
    content), p5, p50 and p95, unit, the cell that a step is read from and that cell's source.

    `table.attrs["sentence"]` works the chain out at the medians of its inputs, so that it can be
    checked by hand. Raises InputError for a run that is not counted.
    """
    require_known(run_id, est.runs, f"counted run of {est.company}")
    rows = {}
    for step in est.like(Told, told=run_id).amount_of(run_id).steps():
        cell = _cell(est, step.cell) if step.cell else {"content": "", "title": ""}
        values = quantiles(np.broadcast_to(step.value, est.n_draws), est.weights)
        rows[step.name] = {
            "expression": step.expression(lambda named: named.name) or cell["content"],
            **dict(zip(QUANTILES, values, strict=True)),
            "unit": _unit(est, step),
            "cell": step.cell,
            "source": cell["title"],
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("step")
    cost = est.like(Told, told=run_id, n_draws=1, at_medians=True).amount_of(run_id)
    steps = {step.name: step for step in cost.steps() if step is cost or not step.cell}
    worked = [
        " = ".join(filter(None, [name, step.expression(_number), _number(step)]))
        for name, step in steps.items()
    ]
    sentence = f"{est.runs[run_id].model}: {'; '.join(worked)} (each input at its median)."
    table.attrs["sentence"] = sentence
    return table


def _number(named: Named) -> str:
    return f"{np.ravel(named.value)[0]:.4g}"


def _unit(est: "Estimate", step: Named) -> str:
    table, _, rest = step.cell.partition("/")
    if table == "assumptions":
        return est.tables.assumptions[rest.partition("/")[0]].unit
    return next(unit for name, unit in UNITS.items() if step.name.startswith(name))


def _cell(est: "Estimate", address: str) -> dict[str, str]:
    """Return what a cell holds, or how it is predicted from it, and where that is from."""
    table, _, rest = address.partition("/")
    key, _, column = rest.rpartition("/")
    row = est.tables[table][key]
    source_id = row.price_source_id if (table, column) == ("hardware", PRICE) else row.source_id
    source, content = est.tables.sources[source_id], est.tables.texts[table][key][column]
    if table == "closed_models":
        content = f"{content} parameters, by the line of {row.modality} models"
    names = ("title", "publisher", "date", "url", "locator")
    about = {name: getattr(source, name) for name in names}
    if est.set_by_hand(table, key, column):
        about = dict.fromkeys(about, "") | {"title": "set in this call"}
    return {"content": str(content), **about}


def cite(est: "Estimate", what: str) -> pd.DataFrame:
    """Return the cells that a number is computed from, each with its content and its source's
    title, publisher, date, url and locator.

    `what` is a counted run's key, a spending line (`rd_compute`), an assumption (`mfu`), or the
    address of a row as `hardware/h800-sxm-bf16`. Raises InputError for anything else.
    """
    what, lines, window = str(what), est.tables.lines(est.company), est.denominator_window
    table, _, key = what.partition("/")
    if what in lines or what in est.runs:
        told = est.like(Told, told=what)
        made = told.spent([what], *window) if what in lines else told.amount_of(what)
        cells = [step.cell for step in made.steps() if step.cell]
    elif what in est.tables.assumptions:
        cells = [f"assumptions/{what}/value"]
    elif key in est.tables.texts.get(table, ()):
        keys = est.tables.schema[table].keys
        column = next(name for name in est.tables.texts[table][key] if name not in keys)
        cells = [f"{what}/{column}"]
    else:
        known = [*lines, *est.tables.assumptions, *est.runs]
        raise InputError(f"cite: no '{what}'{nearest(what, known)}")
    rows = {cell: _cell(est, cell) for cell in cells}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("cell")


def require_mixed(estimates: Iterable["Estimate"]) -> None:
    """Raise InputError for correlated assumptions of which no run of some estimates draws both: the
    correlation would move nothing."""
    estimates = list(estimates)
    drawn = [{name for name in est.correlate if _reads(est, name)} for est in estimates]
    moved = {name for names in drawn if len(names) > 1 for name in names}
    if still := sorted(estimates[0].correlate.keys() - moved):
        of = " and ".join(est.company for est in estimates)
        raise InputError(f"correlate: {still[0]} moves nothing, as no run of {of} draws both")


def _reads(est: "Estimate", assumption: str) -> bool:
    """Whether the cost of any counted run is computed from an assumption."""
    cell = f"assumptions/{assumption}/value"
    told = (est.like(Told, told=run_id, n_draws=1, at_medians=True) for run_id in est.runs)
    return any(cell == step.cell for one in told for step in one.amount_of(one.told).steps())


def gpu_hours(est: "Estimate", hardware: str = "") -> pd.DataFrame:
    """Return p5, p50 and p95 of the GPU-hours of each counted run and of their total.

    Each run's are of its own chip at its own precision (column `hardware`); with `hardware`, a key
    of hardware.csv, all are hours of that chip, by the ratio of the peaks. A run of which only the
    cost is known has those that its cost buys. Raises InputError for an unknown chip.
    """
    if hardware:
        require_known(hardware, est.tables.hardware, "hardware")
    peaks = {key: row.peak_flop_per_s.quantile(0.5) for key, row in est.tables.hardware.items()}
    chips = {run_id: est.chip_of_run(run_id) or "" for run_id in est.runs}
    hours = {}
    for run_id, chip in chips.items():
        own = est.gpu_hours_of(run_id)
        if own is None:
            own = est.cost_usd_of(run_id) / est.price_of(run_id)
        same = peaks[chip] / peaks[hardware] if hardware and chip else 1.0
        hours[run_id] = np.broadcast_to(own * same, est.n_draws)
    if hardware or len(set(chips.values())) == 1:
        hours["total"] = np.sum(list(hours.values()), axis=0)
        chips["total"] = next(iter(chips.values()))
    columns = {run_id: quantiles(draws, est.weights) for run_id, draws in hours.items()}
    frame = pd.DataFrame(columns, index=list(QUANTILES)).T.rename_axis("run_id")
    return frame.assign(hardware=[hardware or chips[run_id] for run_id in frame.index])
