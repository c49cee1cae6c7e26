"""What we believe: the tables, their one notation for uncertainty, and what they must mean."""

from training_share.inputs.notation import Beta, Exact, LogNormal, Uniform, parse
from training_share.inputs.tables import Tables, load

__all__ = ["Beta", "Exact", "LogNormal", "Tables", "Uniform", "load", "parse"]
