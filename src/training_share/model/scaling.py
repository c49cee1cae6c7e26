"""Training FLOP of closed models: log-log regressions by modality with a vectorised bootstrap.

The line is ordinary least squares of log10(training FLOP) on log10(size), with size = parameters x
width x height for video and image and parameters x sample rate for speech.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from training_share.errors import InputError, require_known
from training_share.inputs.notation import Distribution, Uniform
from training_share.inputs.quantities import Empirical
from training_share.inputs.tables import Tables
from training_share.model.draws import Quantity, drawn, generator, kept, normals, one, read_only
from training_share.model.precision import PARTS

if TYPE_CHECKING:
    from training_share.model.world import World

MODALITIES = ("video", "image", "speech")


@dataclass(frozen=True, eq=False)
class ScalingFit:
    """A fitted line. `models` holds model, family, log10_size, log10_flop, fitted and residual, one
    row a point."""

    modality: str
    slope: float
    intercept: float
    r_squared: float
    residual_sd: float  # of log10 FLOP, with n - 2 degrees of freedom
    n: int
    models: pd.DataFrame = field(repr=False)

    def predict(self, size: float | np.ndarray) -> float | np.ndarray:
        """Return the line's training FLOP at a size (parameters x pixels, or parameters x Hz)."""
        return 10 ** (self.intercept + self.slope * np.log10(size))


def size_per_parameter(row: Any) -> float:
    """Return what a model's parameters are multiplied by: pixels, or samples per second."""
    return row.sample_rate_hz if row.modality == "speech" else row.width * row.height


def median_size(row: Any) -> float:
    """Return a closed model's size at its median parameters."""
    return row.parameters.quantile(0.5) * size_per_parameter(row)


def used_points(tables: Tables, modality: str) -> tuple:
    """Return the rows of a modality that its regression uses, by place, however they stand."""
    require_known(modality, MODALITIES, "modality")
    rows = tables.generative_models.values()
    used = [row for row in rows if row.modality == modality and row.used]
    return tuple(sorted(used, key=attrgetter("place")))


def fit(points: tuple) -> ScalingFit:
    """Fit the line to the points of one modality, of training FLOP without what is known to be
    finetuning; InputError below five, and where all have one size."""
    if len(points) < 5:
        raise InputError(
            f"generative_models.csv: {len(points)} used models; a regression needs at least five"
        )
    # math.log10, since NumPy's differs in the last bit between processors
    x = np.array([math.log10(row.parameters * size_per_parameter(row)) for row in points])
    y = np.array([math.log10(row.training_flop - (row.finetune_flop or 0.0)) for row in points])
    if np.ptp(x) < 1e-9:
        raise InputError(
            f"generative_models.csv: all used {points[0].modality} models have one size; a line"
            " needs different sizes, look at parameters, width and height"
        )
    slope, intercept = (float(values[0]) for values in _lines(np.ones((1, len(points))), x, y))
    names = {"model": [row.model for row in points], "family": [row.family for row in points]}
    models = pd.DataFrame({**names, "log10_size": x, "log10_flop": y})
    models["fitted"] = intercept + slope * x
    models["residual"] = y - models["fitted"]
    unexplained = (models["residual"].to_numpy() ** 2).sum()
    r_squared = float(1 - unexplained / ((y - y.mean()) ** 2).sum())
    scatter = float(np.sqrt(unexplained / (len(points) - 2)))
    how = points[0].modality, slope, intercept, r_squared, scatter, len(points)
    return ScalingFit(*how, models)


def _lines(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least squares for each row of `weights` (resamples x points): slopes and intercepts.

    A resample whose points all have one size has no line; it is given the slope NaN.
    """
    dx, dy = x - x.mean(), y - y.mean()  # centred, so that the sums of squares lose no digits
    columns = np.column_stack([np.ones_like(dx), dx, dy, dx * dx, dx * dy])
    n, sx, sy, sxx, sxy = (weights @ columns).T
    spread = sxx - sx * sx / n
    with np.errstate(invalid="ignore", divide="ignore"):
        slopes = np.where(spread > 1e-12, (sxy - sx * sy / n) / spread, np.nan)
    return slopes, sy / n + y.mean() - slopes * (sx / n + x.mean())


# --- resampling -----------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Lines:
    """A line, and its refits to resamples of its points: slopes and intercepts, read-only."""

    line: ScalingFit
    slopes: np.ndarray
    intercepts: np.ndarray

    @property
    def nbytes(self) -> int:
        """What keeping them takes."""
        return self.slopes.nbytes + self.intercepts.nbytes

    def flop(
        self, row: Any, parameters: Quantity, at: Any = slice(None), scatter: Any = None
    ) -> np.ndarray:
        """Return a closed model's training FLOP by the refits at some places, with draws of its
        parameters and, where a single model is meant, of its standard normal scatter."""
        size = np.log10(parameters * size_per_parameter(row))
        log_flop = self.intercepts[at] + self.slopes[at] * size
        if scatter is not None:
            log_flop += self.line.residual_sd * scatter
        return 10**log_flop


@kept("bootstrap")
def bootstrap(points: tuple, resamples: int, seed: int, unit: str) -> Lines:
    """Refit the line to `resamples` resamples of the points with replacement.

    `unit` is model (each point on its own) or family (a lineage is drawn as a whole: Cameron,
    Gelbach and Miller 2008, "Bootstrap-based improvements for inference with clustered errors"). A
    degenerate resample keeps the line of all points.
    """
    line = fit(points)
    x, y = (line.models[column].to_numpy() for column in ("log10_size", "log10_flop"))
    names = line.models["family"] if unit == "family" else range(len(points))
    unit_of_point = np.unique(np.asarray(names), return_inverse=True)[1]
    units = int(unit_of_point.max()) + 1
    chosen = generator(seed, f"bootstrap/{line.modality}").integers(0, units, (resamples, units))
    flat = (chosen + units * np.arange(resamples)[:, None]).ravel()
    counts = np.bincount(flat, minlength=resamples * units).reshape(resamples, units)
    slopes, intercepts = _lines(counts[:, unit_of_point].astype(float), x, y)
    lost = np.isnan(slopes)
    slopes = read_only(np.where(lost, line.slope, slopes))
    return Lines(line, slopes, read_only(np.where(lost, line.intercept, intercepts)))


def bootstrapped(tables: Tables, modality: str, seed: int) -> tuple:
    """Return the arguments of `bootstrap` for a modality, as the tables choose them."""
    points, unit = used_points(tables, modality), tables.choice("bootstrap_unit")
    return points, tables.resamples, seed, unit


def ranked_lines(tables: Tables, modality: str, seed: int, part: int | None = None) -> Lines:
    """Return a modality's refits ranked by what they predict at the mean size of the closed models
    of runs, for draws in which one line serves all; with `part`, one part of the resamples."""
    taken = {run.flop for run in tables.training_runs.values() if isinstance(run.flop, str)}
    rows = [row for key, row in tables.closed_models.items() if key in taken]
    sizes = [math.log10(median_size(row)) for row in rows if row.modality == modality]
    size = math.fsum(sizes) / len(sizes)  # in whatever order
    return _ranked(bootstrapped(tables, modality, seed), size, part)


@kept("ranked")
def _ranked(how: tuple, log10_size: float, part: int | None) -> Lines:
    lines, some = bootstrap(*how), slice(None) if part is None else slice(part, None, PARTS)
    slopes, intercepts = lines.slopes[some], lines.intercepts[some]
    order = np.argsort(intercepts + slopes * log10_size, kind="stable")
    return Lines(lines.line, slopes[order], intercepts[order])


class Predictions(Empirical):
    """Predicted training FLOP of a closed model, one value a resample, as a distribution."""

    @property
    def nbytes(self) -> int:
        """What keeping them takes: as they are, in order, and in order by parts."""
        return 3 * self.draws.nbytes

    @cached_property
    def interval(self) -> Uniform:
        """All values between the 5th and the 95th percentile equally likely."""
        return Uniform(*map(float, np.quantile(self.draws, [0.05, 0.95])))

    @cached_property
    def parts(self) -> tuple["Predictions", ...]:
        """What each part of the resamples says (see `precision.resampling_error`)."""
        return tuple(Predictions(self.draws[place::PARTS]) for place in range(PARTS))


@kept("predictions")
def predictions(how: tuple, row: Any, predictive: bool) -> Predictions:
    """Return a closed model's predicted training FLOP, one value a resample of `bootstrapped`, its
    parameters drawn anew each time; where `predictive`, each a normal draw of the regression's
    scatter off its line, so that the spread is that of a model and not of an average."""
    _, n, seed, _ = how
    parameters = drawn(seed, one(f"parameters/{row.model}"), n, row.parameters)
    scatter = normals(seed, f"residual/{row.model}", n) if predictive else None
    return Predictions(read_only(bootstrap(*how).flop(row, parameters, scatter=scatter)))


def predicted(tables: Tables, model: str, seed: int) -> Predictions:
    """Return the predictions for a closed model under the tables' choices of method, in FLOP."""
    row = tables.closed_models[model]
    predictive = tables.choice("closed_model_interval") == "predictive"
    return predictions(bootstrapped(tables, row.modality, seed), row, predictive)


def predicted_flop(world: "World", key: str) -> Quantity:
    """Return a closed model's FLOP in the draws of a world: from its own distribution, or along one
    line a draw that all models of its modality share."""
    tables, row = world.tables, world.tables.closed_models[key]
    if tables.choice("closed_model_line") == "per-model":
        found = closed_model_distribution(tables, key, world.seed, world.resample_part)
        return world.draw(found, one(f"flop/{key}"))
    lines = ranked_lines(tables, row.modality, world.seed, world.resample_part)
    rank = ndtr(world.normal(f"line/{row.modality}")) * lines.slopes.size
    at = np.minimum(rank.astype(np.intp), lines.slopes.size - 1)
    parameters = world.cell("closed_models", key, "parameters", one(f"parameters/{key}"))
    predictive = tables.choice("closed_model_interval") == "predictive"
    return lines.flop(row, parameters, at, world.normal(f"residual/{key}") if predictive else None)


def closed_model_distribution(
    tables: Tables, model: str, seed: int, part: int | None = None
) -> Distribution:
    """Return the distribution that the Monte Carlo draws a closed model's FLOP from: its bootstrap
    predictions, or a uniform between their 5th and 95th percentile; with `part`, what one part of
    the resamples says."""
    found = predicted(tables, model, seed)
    found = found if part is None else found.parts[part]
    uniform = tables.choice("closed_model_distribution") == "uniform-p5-p95"
    return found.interval if uniform else found
