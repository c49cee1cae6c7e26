"""What share of an AI company's R&D compute spending goes to the final training runs of the models
it releases?"""

from training_share.analysis import (
    closed_models,
    corrections,
    information,
    measured,
    published,
    sensitivity,
)
from training_share.analysis.corrections import audit
from training_share.analysis.differences import Difference, diff
from training_share.analysis.measured import (
    Pattern,
    implied_rd_compute,
    implied_training_costs,
    over_time,
    pattern,
)
from training_share.analysis.variants import sweep, variants
from training_share.errors import InputError
from training_share.inputs.tables import load
from training_share.model.comparison import Comparison, compare
from training_share.model.cost import cost, cost_usd, gpu_hours
from training_share.model.estimate import Estimate, estimate
from training_share.report import sentences, shares, tables
from training_share.report.display import save, say, show, show_table
from training_share.report.parameters import begin


def __getattr__(name: str) -> object:
    """Import on first use what brings more than it is worth: `charts` brings matplotlib, half a
    second that sweeps do without."""
    import importlib.metadata

    if name == "charts":
        return importlib.import_module("training_share.report.charts")
    if name == "__version__":
        return importlib.metadata.version("training_share")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), "__version__", "charts"]
