"""Charts: an estimate, a comparison or a table in, a `Figure` out. They show and save nothing."""

from training_share.report.charts.cases import next_share, over_time, pattern
from training_share.report.charts.companies import (
    calendar,
    chances,
    dollars,
    higher,
    ratio,
    scenarios,
)
from training_share.report.charts.doubts import (
    breaking,
    effects,
    intervals,
    settling,
    steps,
    surface,
    variants,
)
from training_share.report.charts.runs import cost, flop, hailuo, scaling, worked
from training_share.report.figure import Figure
