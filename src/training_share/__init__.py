"""Which share of an AI company's R&D compute spending goes to the final training runs of the models
it releases?"""

from importlib import import_module

from training_share.analysis import closed_models, shares
from training_share.analysis.closed_models import estimators, leave_one_out, residuals
from training_share.analysis.corrections import (
    audit,
    denominators,
    effects_alone,
    minority,
    moving,
    ranking,
)
from training_share.analysis.implied import ImpliedCompute, implied_rd_compute
from training_share.analysis.published import published_table
from training_share.analysis.sensitivity import breaking_points, lag_and_window, surface
from training_share.analysis.sweeps import sweep
from training_share.errors import InputError
from training_share.inputs.distributions import parse
from training_share.inputs.tables import load
from training_share.model.comparison import Comparison, compare
from training_share.model.estimates import Estimate, estimate
from training_share.model.precision import certain_digits, quantile_error, round_certain
from training_share.model.scaling import closed_model_flop, fit_scaling
from training_share.model.spending import window_spending
from training_share.report import sentences, tables
from training_share.report.display import save_figure, say, show_figure, show_table

# Charts bring matplotlib and seaborn, a second of imports that sweeps and the pipeline can do
# without.
_ON_FIRST_USE = {
    "plots": "report.charts.style",
    "plots_audit": "report.charts.audit",
    "plots_sensitivity": "report.charts.sensitivity",
    "drivers_chart": "report.charts.drivers",
}


def __getattr__(name: str) -> object:
    if name not in _ON_FIRST_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"training_share.{_ON_FIRST_USE[name]}")
    return getattr(module, name) if name == "drivers_chart" else module


__all__ = [
    "Comparison",
    "Estimate",
    "ImpliedCompute",
    "InputError",
    "audit",
    "breaking_points",
    "certain_digits",
    "closed_model_flop",
    "closed_models",
    "compare",
    "denominators",
    "drivers_chart",
    "effects_alone",
    "estimate",
    "estimators",
    "fit_scaling",
    "implied_rd_compute",
    "lag_and_window",
    "leave_one_out",
    "load",
    "minority",
    "moving",
    "parse",
    "plots",
    "plots_audit",
    "plots_sensitivity",
    "published_table",
    "quantile_error",
    "ranking",
    "residuals",
    "round_certain",
    "save_figure",
    "say",
    "sentences",
    "shares",
    "show_figure",
    "show_table",
    "surface",
    "sweep",
    "tables",
    "window_spending",
]
