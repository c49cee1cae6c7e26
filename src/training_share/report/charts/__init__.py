"""Charts: tables in, a `Figure` out. They compute nothing, show nothing and save nothing."""

from training_share.report.charts.bars import ratio
from training_share.report.charts.changes import effects, waterfall
from training_share.report.charts.costs import cost, dollars
from training_share.report.charts.dots import distributions, pairs
from training_share.report.charts.measured import next_share, over_time, pattern
from training_share.report.charts.regression import flop, leave_one_out, scaling
from training_share.report.charts.sensitivity import breaking, lags, settling, surface
from training_share.report.charts.shares import intervals, scenarios
from training_share.report.figure import Figure
