"""Beliefs to draws: named streams, cost, spending, and one company's share or several."""

from training_share.model.case import Case
from training_share.model.comparison import Comparison, compare
from training_share.model.estimates import Estimate, estimate
from training_share.model.scaling import closed_model_flop, fit_scaling
from training_share.model.trace import window_spending

__all__ = [
    "Case",
    "Comparison",
    "Estimate",
    "closed_model_flop",
    "compare",
    "estimate",
    "fit_scaling",
    "window_spending",
]
