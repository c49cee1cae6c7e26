"""Charts: tables in, a `Figure` out. They compute nothing, show nothing and save nothing."""

from training_share.report.charts.audit import denominators, effects, waterfall
from training_share.report.charts.measured import next_share, over_time, pattern
from training_share.report.charts.regression import flop, leave_one_out, scaling
from training_share.report.charts.sensitivity import breaking, lags, surface
from training_share.report.charts.shares import cost, dollars, intervals, ratio
from training_share.report.charts.variance import drivers
from training_share.report.figure import Figure

__all__ = [
    "Figure",
    "breaking",
    "cost",
    "denominators",
    "dollars",
    "drivers",
    "effects",
    "flop",
    "intervals",
    "lags",
    "leave_one_out",
    "next_share",
    "over_time",
    "pattern",
    "ratio",
    "scaling",
    "surface",
    "waterfall",
]
