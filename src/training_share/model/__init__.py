"""Beliefs to draws: the formula, all quantities of a case, one company's share or several."""

from training_share.model.comparison import Comparison, compare
from training_share.model.cost import cost_usd, gpu_hours
from training_share.model.estimate import Estimate

__all__ = ["Comparison", "Estimate", "compare", "cost_usd", "gpu_hours"]
