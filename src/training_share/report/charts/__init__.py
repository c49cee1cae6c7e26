"""Charts: tables in, a `Figure` out. They compute nothing, show nothing and save nothing."""

from training_share.report.charts.audit import denominators, effects, waterfall
from training_share.report.charts.bars import ratio
from training_share.report.charts.costs import cost, dollars, every_run
from training_share.report.charts.differences import combinations, difference
from training_share.report.charts.dots import distributions, pairs
from training_share.report.charts.measured import next_share, over_time, pattern
from training_share.report.charts.regression import flop, leave_one_out, scaling
from training_share.report.charts.sensitivity import breaking, lags, settling, surface
from training_share.report.charts.shares import intervals, scenarios
from training_share.report.charts.variance import drivers
from training_share.report.figure import Figure

__all__ = [
    "Figure",
    "breaking",
    "combinations",
    "cost",
    "denominators",
    "difference",
    "distributions",
    "dollars",
    "drivers",
    "effects",
    "every_run",
    "flop",
    "intervals",
    "lags",
    "leave_one_out",
    "next_share",
    "over_time",
    "pairs",
    "pattern",
    "ratio",
    "scaling",
    "scenarios",
    "settling",
    "surface",
    "waterfall",
]
