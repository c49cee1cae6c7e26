"""The runs of the tables worked out from their rows, once more, for draws of any generator."""

from collections.abc import Callable
from typing import Any

import numpy as np

Amount = float | np.ndarray
WORKLOADS = {"pretraining": "mfu", "rl": "mfu_rl"}


class Recomputed:
    """FLOP, hours and dollars of runs. `normal` gives the normals that belong to a name, and
    `closed_model` the FLOP of a model that the regressions predict."""

    def __init__(
        self,
        tables: Any,
        normal: Callable[[str], np.ndarray],
        closed_model: Callable[[str], Amount],
    ) -> None:
        self.tables, self.runs = tables, tables.training_runs
        self.normal, self.closed_model = normal, closed_model

    def drawn(self, distribution: Any, *mix: tuple[float, str]) -> Amount:
        """Draws of a distribution from parts of the normals of some names."""
        return distribution.from_normal(sum(part * self.normal(name) for part, name in mix if part))

    def assumed(self, name: str, run: Any) -> Amount:
        row, whose = self.tables.assumptions[name], {"shared": "", "per-company": run.company}
        owners = [(part, whose.get(who, run.run_id)) for part, who in row.correlation]
        mix = [(part, f"{name}/{owner}".strip("/")) for part, owner in owners]
        return self.drawn(row.amount, *mix)

    def given(self, run: Any, column: str) -> Amount:
        return self.drawn(getattr(run, column), (1, f"{column}/{run.run_id}"))

    def fraction(self, run: Any) -> Amount:
        if isinstance(run.fraction_of_base, str):
            return self.assumed(run.fraction_of_base, run)
        return self.given(run, "fraction_of_base")

    def chip(self, run: Any) -> str:
        return run.hardware or self.chip(self.runs[run.base_run])

    def flop(self, run: Any) -> Amount | None:
        if run.base_run:
            base = self.flop(self.runs[run.base_run])
            in_hours = self.tables.choice("rl_fraction_basis") == "gpu-hours"
            in_hours = in_hours and run.workload == "rl"
            return None if base is None or in_hours else base * self.fraction(run)
        if run.flop is None:
            return None
        closed = isinstance(run.flop, str)  # see test_scaling.py
        flop = self.closed_model(run.flop) if closed else self.given(run, "flop")
        return flop * (self.assumed(run.post_training, run) if run.post_training else 1)

    def hours(self, run: Any) -> Amount | None:
        if run.gpu_hours is not None or run.cost_usd is not None:
            return None if run.gpu_hours is None else self.given(run, "gpu_hours")
        if (flop := self.flop(run)) is None:
            hours = self.hours(self.runs[run.base_run])
            return None if hours is None else hours * self.fraction(run)
        peak = self.tables.hardware[self.chip(run)].peak_flop_per_s
        mfu = self.assumed(WORKLOADS[run.workload], run)
        return flop / (self.drawn(peak, (1, f"hardware/{self.chip(run)}")) * mfu * 3600)

    def usd(self, run: Any) -> Amount:
        if run.cost_usd is not None:
            rho = float(self.tables.choice("usd_run_correlation"))
            own, common = f"cost_usd/{run.run_id}", f"cost_usd/{run.company}"
            return self.drawn(run.cost_usd, (rho**0.5, common), ((1 - rho) ** 0.5, own))
        if (hours := self.hours(run)) is None:
            return self.usd(self.runs[run.base_run]) * self.fraction(run)
        return hours * self.assumed("price_usd_per_gpu_hour", run)
