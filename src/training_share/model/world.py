"""All quantities of a case, each a function of named normals: FLOP to GPU-hours to USD, spending,
and their ratio.

A quantity is a float where all its inputs are exact, else an array with one value a draw.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from training_share.inputs.notation import Distribution
from training_share.inputs.tables import PRICE, chip_of
from training_share.model import cost
from training_share.model.case import Case
from training_share.model.draws import Mix, Quantity, correlated, drawn, normals, one, total
from training_share.model.scaling import predicted_flop
from training_share.model.spending import spent

MFU_OF_WORKLOAD = {"pretraining": "mfu", "rl": "mfu_rl"}


@dataclass(frozen=True, eq=False, repr=False)
class World(Case):
    """A case with its draws; `at_medians` every input is at its median instead."""

    at_medians: bool = False
    _flop: dict[str, Quantity | None] = field(default_factory=dict, init=False)

    # --- draws ------------------------------------------------------------------------------------
    def cell(self, table: str, key: str, column: str, mix: Mix) -> Quantity:
        """Return the draws of a cell that holds a distribution."""
        row = self.tables[table][key]
        return self.draw(row.amount if table == "assumptions" else getattr(row, column), mix)

    def draw(self, distribution: Distribution, mix: Mix) -> Quantity:
        """Return the draws of a distribution by a mix of normals; an exact value stays a float."""
        if self.at_medians:
            return distribution.from_normal(np.zeros(1))
        mix = one(joint) if (joint := getattr(distribution, "joint", "")) else mix
        return drawn(self.seed, mix, self.n_draws, distribution)

    def normal(self, name: str) -> np.ndarray:
        """Return the standard normals of a name."""
        return np.zeros(1) if self.at_medians else normals(self.seed, name, self.n_draws)

    def mix(self, name: str, run_id: str) -> Mix:
        """Return whose normals an assumption takes for a run: its own, shared as its `correlation`
        says, and those of the assumptions that it is correlated with."""
        owner = {"shared": "", "per-company": f"/{self.company}", "per-run": f"/{run_id}"}
        return tuple(
            (part * of_it, of + owner[who])
            for of, part in self.correlate.get(name, {name: 1.0}).items()
            for of_it, who in self.tables.assumptions[of].correlation or ((1.0, "per-run"),)
        )

    # --- of a run ---------------------------------------------------------------------------------
    def assumption(self, name: str, run_id: str = "") -> Quantity:
        """Return an assumption as a run draws it."""
        return self.cell("assumptions", name, "value", self.mix(name, run_id))

    def flop_of(self, run_id: str) -> Quantity | None:
        """Return the training compute of a run alone, without its base's; None where that is known,
        or a fraction of its base, in GPU-hours or USD."""
        if run_id not in self._flop:
            self._flop[run_id] = self._made_flop(self.tables.training_runs[run_id])
        return self._flop[run_id]

    def _made_flop(self, run: Any) -> Quantity | None:
        if run.base_run is not None:
            base = self.flop_of(run.base_run) if self.basis(run.run_id) == "FLOP" else None
            return None if base is None else base * self.fraction(run)
        if run.flop is None:
            return None
        known = not isinstance(run.flop, str)
        flop = self._given(run, "flop") if known else self.closed_model(run.flop)
        return flop * self.assumption(run.post_training, run.run_id) if run.post_training else flop

    def gpu_hours_of(self, run_id: str) -> Quantity | None:
        """Return a run's hours of its own chip; None where only its cost in USD is known."""
        run = self.tables.training_runs[run_id]
        if run.gpu_hours is not None:
            return self._given(run, "gpu_hours")
        if (flop := self.flop_of(run_id)) is not None:
            mfu = self.assumption(MFU_OF_WORKLOAD[run.workload], run_id)
            return cost.gpu_hours(flop, self.peak(run), mfu)
        hours = None if run.base_run is None else self.gpu_hours_of(run.base_run)
        return None if hours is None else hours * self.fraction(run)

    def cost_usd_of(self, run_id: str) -> Quantity:
        """Return a run's cost in USD."""
        run = self.tables.training_runs[run_id]
        if run.cost_usd is not None:
            rho = float(self.tables.choice("usd_run_correlation"))
            mix = correlated(rho, f"cost_usd/{self.company}", f"cost_usd/{run_id}")
            return self.cell("training_runs", run_id, "cost_usd", mix)
        if (hours := self.gpu_hours_of(run_id)) is not None:
            return cost.cost_usd(hours, self.price_of(run_id))
        return self.cost_usd_of(str(run.base_run)) * self.fraction(run)

    def price_of(self, run_id: str) -> Quantity:
        """Return the price of an hour of a run's chip in USD."""
        cell = self.tables.price_cell(self.chip_of_run(run_id))
        return self.cell(*cell, self.mix(PRICE, run_id))

    def amount_of(self, run_id: str) -> Any:
        """Return what the share counts: USD, or hours where R&D compute is in hours of a chip."""
        return self.gpu_hours_of(run_id) if chip_of(self.unit) else self.cost_usd_of(run_id)

    def fraction(self, run: Any) -> Quantity:
        """Return which fraction of its base's compute a run takes."""
        if isinstance(run.fraction_of_base, str):
            return self.assumption(run.fraction_of_base, run.run_id)
        return self._given(run, "fraction_of_base")

    def peak(self, run: Any) -> Quantity:
        """Return the dense peak of a run's chip in FLOP per second."""
        chip = str(self.chip_of_run(run.run_id))
        return self.cell("hardware", chip, "peak_flop_per_s", one(f"hardware/{chip}"))

    def _given(self, run: Any, column: str) -> Quantity:
        return self.cell("training_runs", run.run_id, column, one(f"{column}/{run.run_id}"))

    closed_model = predicted_flop  # by a regression

    # --- of the company ---------------------------------------------------------------------------
    @cached_property
    def amounts(self) -> dict[str, Quantity]:
        """What each counted run of the window takes, those of excluded groups too."""
        return {run_id: self.amount_of(run_id) for run_id in self.window_runs}

    def total(self, runs: Mapping[str, Any]) -> Quantity:
        """Return what some counted runs take together, summed within groups and then over them."""
        groups: dict[str, list[Quantity]] = {}
        for run_id, run in runs.items():
            groups.setdefault(run.group, [0.0]).append(self.amounts[run_id])
        return total(total(groups[group]) for group in sorted(groups))

    @cached_property
    def rd_compute(self) -> Quantity:
        """R&D compute of the window in the case's unit. InputError for a company without
        spending."""
        return self.spent(self.denominator_lines, *self.denominator_window)

    spent = spent
