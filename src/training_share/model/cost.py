"""FLOP to GPU-hours to USD, draw by draw.

    cost = FLOP / (peak FLOP/s x MFU x 3600 s/h) x price per GPU-hour

MFU is model FLOP utilization (Chowdhery et al. 2022, PaLM, appendix B). Every quantity below is a
float where all its inputs are exact and else an array, one value a draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from training_share.inputs.distributions import Exact
from training_share.inputs.schema import Given, TrainingRun, chip_of
from training_share.inputs.tables import Tables
from training_share.model.scaling import Lines, closed_model_distribution
from training_share.model.streams import AnyStreams, draw

Quantity = float | np.ndarray
SECONDS_PER_HOUR = 3600
MFU_OF_WORKLOAD = {"pretraining": "mfu", "rl": "mfu_rl"}


@dataclass
class CostModel:
    """The compute and cost of one company's runs for one block of draws.

    `streams` gives standard normals by name (`Streams` or its like); `seed` is that of the
    regressions, and `part` the part of their resamples that closed models are drawn from, all by
    default.
    """

    tables: Tables
    company: str
    streams: AnyStreams
    seed: int
    part: int | None = None
    _flop: dict[str, Quantity | None] = field(default_factory=dict, init=False)

    def flop(self, run_id: str) -> Quantity | None:
        """Return the training compute in FLOP of one run alone, without its base's; None where it
        is known, or a fraction of its base, in GPU-hours or USD."""
        if run_id not in self._flop:
            self._flop[run_id] = self._compute_flop(self._run(run_id))
        return self._flop[run_id]

    def gpu_hours(self, run_id: str) -> Quantity | None:
        """Return a run's GPU-hours; None where only its cost in USD is known."""
        run = self._run(run_id)
        if run.gpu_hours is not None:
            return draw(self.streams, f"gpu_hours/{run_id}", run.gpu_hours)
        flop = self.flop(run_id)
        if flop is not None:
            return flop / (self.utilization(run) * (self.peak(run) * SECONDS_PER_HOUR))
        hours = None if run.base_run is None else self.gpu_hours(run.base_run)
        return None if hours is None else hours * self.fraction(run)

    def cost_usd(self, run_id: str) -> Quantity:
        """Return a run's cost in USD at the shared rental price."""
        run = self._run(run_id)
        if run.cost_usd is not None:
            return self._given_cost(run_id, run.cost_usd)
        hours = self.gpu_hours(run_id)
        if hours is not None:
            return hours * self.assumption("price_usd_per_gpu_hour", run_id)
        assert run.base_run is not None  # the only size left: a fraction of a run known in USD
        return self.cost_usd(run.base_run) * self.fraction(run)

    def amount(self, run_id: str, unit: str) -> Quantity:
        """Return a run's cost in USD, or its GPU-hours where the unit is hours of a chip: hours
        meet no price."""
        if not chip_of(unit):
            return self.cost_usd(run_id)
        hours = self.gpu_hours(run_id)
        assert hours is not None  # `Case.require_one_unit` refuses a run that is given in USD
        return hours

    def assumption(self, name: str, run_id: str) -> Quantity:
        """Return draws of an assumption for a run; its `correlation` says whose draw it is."""
        row = self.tables.assumptions[name]
        if row.correlation == "shared":
            return draw(self.streams, name, row.amount)
        owner = self.company if row.correlation == "per-company" else run_id
        return draw(self.streams, f"{name}/{owner}", row.amount)

    def _run(self, run_id: str) -> TrainingRun:
        return self.tables.training_runs[run_id]

    def peak(self, run: TrainingRun) -> Quantity:
        """Return the dense peak of a run's chip in FLOP per second."""
        while run.hardware is None:  # a run that names none is on its base's
            assert run.base_run is not None
            run = self._run(run.base_run)
        row = self.tables.hardware[run.hardware]
        return draw(self.streams, f"hardware/{row.hardware}", row.peak_flop_per_s)

    def utilization(self, run: TrainingRun) -> Quantity:
        """Return the MFU of a run, a fraction of the peak, by its workload."""
        return self.assumption(MFU_OF_WORKLOAD[run.workload], run.run_id)

    def fraction(self, run: TrainingRun) -> Quantity:
        """Return which fraction of its base a run is."""
        fraction = run.fraction_of_base
        if isinstance(fraction, str):
            return self.assumption(fraction, run.run_id)
        assert fraction is not None
        return draw(self.streams, f"fraction_of_base/{run.run_id}", fraction)

    def _compute_flop(self, run: TrainingRun) -> Quantity | None:
        if run.base_run is not None:
            in_hours = (
                run.workload == "rl" and self.tables.choice("rl_fraction_basis") == "gpu-hours"
            )
            base = None if in_hours else self.flop(run.base_run)
            return None if base is None else base * self.fraction(run)
        if run.flop is None:
            return None
        if isinstance(run.flop, str):
            flop = self._closed_model(run.flop)
        else:
            flop = draw(self.streams, f"flop/{run.run_id}", run.flop)
        if run.post_training:
            flop = flop * self.assumption(run.post_training, run.run_id)
        return flop

    def _closed_model(self, model: str) -> Quantity:
        """A closed model's FLOP, from what its modality's regression predicts."""
        how = self.seed, self.part
        if self.tables.choice("closed_model_line") == "common":
            row = self.tables.closed_models[model]
            return Lines.of(self.tables, row.modality, *how).flop(row, self.streams)
        predicted = closed_model_distribution(self.tables, model, *how)
        return draw(self.streams, f"flop/{model}", predicted)

    def _given_cost(self, run_id: str, cost: Given) -> Quantity:
        """Costs given in USD share `usd_run_correlation` of their draw within the company (a
        Gaussian copula)."""
        rho = float(self.tables.choice("usd_run_correlation"))
        if isinstance(cost, Exact):
            return cost.value
        shared, own = f"cost_usd/{self.company}", f"cost_usd/{run_id}"
        if rho in (0.0, 1.0):  # so that no draw is made that has no part in the cost
            return draw(self.streams, own if rho == 0 else shared, cost)
        of_company, of_run = self.streams.normal(shared), self.streams.normal(own)
        return cost.from_normal(math.sqrt(rho) * of_company + math.sqrt(1 - rho) * of_run)
