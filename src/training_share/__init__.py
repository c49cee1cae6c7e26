"""Which share of an AI company's R&D compute spending goes to the final training runs of the models it releases?"""

from importlib import import_module

from . import views, words
from .audit import audit, denominators, effects_alone, minority, moving, ranking
from .chips import hardware_rows
from .compare import Comparison, compare
from .diagnostics import estimators, leave_one_out, residuals
from .distributions import parse
from .downloads import write_downloads
from .drivers import drivers, tornado
from .errors import InputError
from .estimate import Estimate, estimate
from .figures import save_figure, say, show_figure, show_table
from .implied import ImpliedCompute, implied_rd_compute
from .precision import certain_digits, quantile_error, round_certain
from .published import published_table
from .scaling import closed_model_flop, fit_scaling
from .sensitivity import breaking_points, lag_and_window, surface
from .spending import window_spending
from .sweep import sweep
from .tables import load

# Charts bring matplotlib and seaborn, a second of imports that sweeps and the pipeline can do without.
_ON_FIRST_USE = {"plots": "plots", "plots_audit": "plots_audit", "plots_sensitivity": "plots_sensitivity",
                 "drivers_chart": "plots_drivers"}


def __getattr__(name: str) -> object:
    if name not in _ON_FIRST_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f".{_ON_FIRST_USE[name]}", __name__)
    return module if name == _ON_FIRST_USE[name] else getattr(module, name)


__all__ = [
    "Comparison", "Estimate", "ImpliedCompute", "InputError", "audit", "breaking_points", "certain_digits",
    "closed_model_flop", "compare", "denominators", "drivers", "drivers_chart", "effects_alone", "estimate",
    "estimators", "fit_scaling", "hardware_rows", "implied_rd_compute", "lag_and_window", "leave_one_out", "load",
    "minority", "moving", "parse", "plots", "plots_audit", "plots_sensitivity", "published_table",
    "quantile_error", "ranking", "residuals", "round_certain", "save_figure", "say", "show_figure", "show_table",
    "surface", "sweep", "tornado", "views", "window_spending", "words", "write_downloads",
]
