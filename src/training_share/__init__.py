"""Which share of an AI company's R&D compute spending goes to the final training runs of the models it releases?"""

from .compare import Comparison, compare
from .distributions import parse
from .errors import InputError
from .estimate import Estimate, estimate
from .scaling import closed_model_flop, fit_scaling
from .spending import window_spending
from .tables import load

__all__ = ["Comparison", "Estimate", "InputError", "closed_model_flop", "compare", "estimate", "fit_scaling", "load",
           "parse", "window_spending"]
