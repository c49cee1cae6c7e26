"""Training FLOP of closed models: log-log regressions by modality with a vectorised bootstrap.

The line is ordinary least squares of log10(training FLOP) on log10(size), with size = parameters x
width x height for video and image and parameters x sample rate for speech.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from training_share.errors import InputError, require_known, whole_number
from training_share.inputs.distributions import Distribution, Empirical, Uniform
from training_share.inputs.schema import ClosedModel, GenerativeModel
from training_share.inputs.tables import Tables, for_scenario
from training_share.model.streams import AnyStreams, Streams, draw, generator, ranks, read_only

MODALITIES = ("video", "image", "speech")
PARTS = 20  # into which the resamples are split to see how far they are to be trusted


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


def size_per_parameter(row: GenerativeModel | ClosedModel) -> float:
    """Return what parameters are multiplied by: pixels, or samples per second."""
    if row.modality == "speech":
        return required(row.sample_rate_hz)
    return required(row.width) * required(row.height)


def median_size(row: ClosedModel) -> float:
    """Return a closed model's size at its median parameters."""
    return row.parameters.quantile(0.5) * size_per_parameter(row)


def net_flop(row: GenerativeModel) -> float:
    """Return a point's training FLOP without what is known to be finetuning."""
    return required(row.training_flop) - (row.finetune_flop or 0.0)


def required(cell: float | None) -> float:
    """Return a cell that the tables' checks guarantee to be filled."""
    assert cell is not None
    return cell


def fit(points: tuple[GenerativeModel, ...]) -> ScalingFit:
    """Fit the line to the points of one modality; InputError below five, and where all have one
    size."""
    if len(points) < 5:
        raise InputError(
            f"generative_models.csv: {len(points)} used models; a regression needs at least five"
        )
    # math.log10, since NumPy's differs in the last bit between processors
    x = np.array([math.log10(row.parameters * size_per_parameter(row)) for row in points])
    y = np.array([math.log10(net_flop(row)) for row in points])
    if np.ptp(x) < 1e-9:
        raise InputError(
            f"generative_models.csv: all used {points[0].modality} models have one size; a line"
            " needs different sizes, look at parameters, width and height"
        )
    slope, intercept = _lines(np.ones((1, len(points))), x, y)
    fitted = intercept[0] + slope[0] * x
    residual = y - fitted
    r_squared = 1 - (residual**2).sum() / ((y - y.mean()) ** 2).sum()
    models = pd.DataFrame(
        {
            "model": [row.model for row in points],
            "family": [row.family for row in points],
            "log10_size": x,
            "log10_flop": y,
            "fitted": fitted,
            "residual": residual,
        }
    )
    residual_sd = float(np.sqrt((residual**2).sum() / (len(points) - 2)))
    return ScalingFit(
        points[0].modality,
        float(slope[0]),
        float(intercept[0]),
        float(r_squared),
        residual_sd,
        len(points),
        models,
    )


def _lines(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least squares for each row of `weights` (resamples x points): slopes and intercepts.

    A resample whose points all have one size has no line; it is given the slope NaN.
    """
    dx, dy = x - x.mean(), y - y.mean()  # centred, so that the sums of squares lose no digits
    n, sx, sy, sxx, sxy = (
        weights @ np.column_stack([np.ones_like(dx), dx, dy, dx * dx, dx * dy])
    ).T
    spread = sxx - sx * sx / n
    with np.errstate(invalid="ignore", divide="ignore"):
        slopes = np.where(spread > 1e-12, (sxy - sx * sy / n) / spread, np.nan)
    intercepts = sy / n + y.mean() - slopes * (sx / n + x.mean())
    return slopes, intercepts


@dataclass(frozen=True, eq=False)
class Refits:
    """A line, and its refits to resamples of its points: slopes and intercepts, read-only."""

    line: ScalingFit
    slopes: np.ndarray
    intercepts: np.ndarray

    @cached_property
    def _lines(self) -> dict[tuple[float, bool, int | None], Lines]:
        return {}

    def lines(self, log10_size: float, predictive: bool, part: int | None = None) -> Lines:
        """Return the refits ranked by what they predict for a size; with `part`, those of one part
        of the resamples."""
        asked = log10_size, predictive, part
        if asked not in self._lines:
            slopes, intercepts = self.slopes[part::PARTS], self.intercepts[part::PARTS]
            if part is None:
                slopes, intercepts = self.slopes, self.intercepts
            ranked = np.argsort(intercepts + slopes * log10_size, kind="stable")
            scatter = self.line.residual_sd if predictive else 0.0
            self._lines[asked] = Lines(
                self.line.modality, slopes[ranked], intercepts[ranked], scatter
            )
        return self._lines[asked]


@lru_cache(maxsize=32)
def bootstrap(points: tuple[GenerativeModel, ...], resamples: int, seed: int, unit: str) -> Refits:
    """Refit the line to `resamples` resamples of the points with replacement.

    `unit` is model (each point on its own) or family (a lineage is drawn as a whole: Cameron,
    Gelbach and Miller 2008, "Bootstrap-based improvements for inference with clustered errors"). A
    degenerate resample keeps the line of all points.
    """
    line = fit(points)
    x, y = (line.models[column].to_numpy() for column in ("log10_size", "log10_flop"))
    names = line.models[unit].to_numpy()
    unit_of_point = (
        np.unique(names, return_inverse=True)[1] if unit == "family" else np.arange(len(points))
    )
    n_units = int(unit_of_point.max()) + 1
    chosen = generator(seed, f"bootstrap/{line.modality}").integers(
        0, n_units, size=(resamples, n_units)
    )
    flat = (chosen + n_units * np.arange(resamples)[:, None]).ravel()
    counts = np.bincount(flat, minlength=resamples * n_units).reshape(resamples, n_units)
    slopes, intercepts = _lines(counts[:, unit_of_point].astype(float), x, y)
    lost = np.isnan(slopes)
    return Refits(
        line,
        read_only(np.where(lost, line.slope, slopes)),
        read_only(np.where(lost, line.intercept, intercepts)),
    )


class Predictions(Empirical):
    """Predicted training FLOP of a closed model, one value a resample, as a distribution."""

    @cached_property
    def interval(self) -> Uniform:
        """All values between the 5th and the 95th percentile equally likely."""
        return Uniform(*map(float, np.quantile(self.draws, [0.05, 0.95])))

    @cached_property
    def parts(self) -> tuple[Predictions, ...]:
        """What each part of the resamples says (see `precision.resampling_error`)."""
        return tuple(Predictions(self.draws[place::PARTS]) for place in range(PARTS))


@lru_cache(maxsize=128)
def predictions(
    points: tuple[GenerativeModel, ...],
    model: ClosedModel,
    resamples: int,
    seed: int,
    unit: str,
    interval: str,
) -> Predictions:
    """Return one predicted training FLOP of a closed model for each resample, its parameters drawn
    anew each time.

    `interval` is line (uncertainty of the line alone) or predictive (a normal draw of the
    regression's residual scatter on top, so that the spread is that of a model and not of an
    average).
    """
    refits, streams = bootstrap(points, resamples, seed, unit), Streams(seed)
    log_flop = np.empty(resamples)
    scatter = refits.line.residual_sd if interval == "predictive" else 0.0
    for block in streams.blocks(resamples):
        parameters = draw(streams, f"parameters/{model.model}", model.parameters)
        log_flop[block] = refits.intercepts[block] + refits.slopes[block] * np.log10(
            parameters * size_per_parameter(model)
        )
        if scatter:
            log_flop[block] += scatter * streams.normal(f"residual/{model.model}")
    return Predictions(read_only(10**log_flop))


def used_points(tables: Tables, modality: str) -> tuple[GenerativeModel, ...]:
    """Return the regression's points of a modality."""
    require_known(modality, MODALITIES, "modality")
    rows = tables.generative_models.values()
    return tuple(row for row in rows if row.modality == modality and row.used)


def closed_model_draws(
    tables: Tables, model: str, seed: int, resamples: int | None = None
) -> np.ndarray:
    """Return the bootstrap predictions of a closed model under the tables' choices of method, in
    FLOP, read-only."""
    return _predicted(tables, model, seed, resamples).draws


def _predicted(tables: Tables, model: str, seed: int, resamples: int | None = None) -> Predictions:
    row = tables.closed_models[model]
    return predictions(
        used_points(tables, row.modality),
        row,
        resamples or tables.resamples,
        seed,
        tables.choice("bootstrap_unit"),
        tables.choice("closed_model_interval"),
    )


def closed_model_distribution(
    tables: Tables, model: str, seed: int, part: int | None = None
) -> Distribution:
    """Return the distribution that the Monte Carlo draws a closed model's FLOP from; with `part`,
    what one of the `PARTS` parts of the resamples says (see `precision.resampling_error`)."""
    predicted = _predicted(tables, model, seed)
    predicted = predicted if part is None else predicted.parts[part]
    bootstrapped = tables.choice("closed_model_distribution") == "bootstrap"
    return predicted if bootstrapped else predicted.interval


@dataclass(frozen=True, eq=False)
class Lines:
    """The resampled lines of a modality, lower predictions first, for draws in which one line
    serves all models."""

    modality: str
    slopes: np.ndarray
    intercepts: np.ndarray
    scatter: float  # of single models around a line, in log10 FLOP

    @classmethod
    def of(cls, tables: Tables, modality: str, seed: int, part: int | None = None) -> Lines:
        """Return the lines under the tables' choices of method; with `part`, those of one part of
        the resamples."""
        points, unit = used_points(tables, modality), tables.choice("bootstrap_unit")
        refits = bootstrap(points, tables.resamples, seed, unit)
        sizes = [
            math.log10(median_size(row))
            for row in tables.closed_models.values()
            if row.modality == modality
        ]
        predictive = tables.choice("closed_model_interval") == "predictive"
        return refits.lines(float(np.mean(sizes)), predictive, part)

    def flop(self, row: ClosedModel, streams: AnyStreams) -> np.ndarray:
        """Return a closed model's training FLOP: the line is the modality's one draw, parameters
        and scatter are the model's own."""
        key = self, row.model, row.parameters, size_per_parameter(row)
        return streams.kept(key, lambda: self._flop(row, streams))

    def _flop(self, row: ClosedModel, streams: AnyStreams) -> np.ndarray:
        place = ranks(streams, f"line/{self.modality}") * self.slopes.size
        line = np.minimum(place.astype(np.intp), self.slopes.size - 1)
        parameters = draw(streams, f"parameters/{row.model}", row.parameters)
        size = np.log10(parameters * size_per_parameter(row))
        log_flop = self.intercepts[line] + self.slopes[line] * size
        if self.scatter:
            log_flop += self.scatter * streams.normal(f"residual/{row.model}")
        return 10**log_flop


def closed_model_flop(
    model: str,
    n_draws: int = 20_000,
    seed: int = 42,
    scenario: str = "newsletter",
    corrections: Iterable[str] = (),
    data_dir: str | Path | None = None,
) -> np.ndarray:
    """Return `n_draws` bootstrap predictions of a closed model's training FLOP.

    Raises InputError for an unknown model, scenario or correction.

    >>> bool(1e24 < np.median(closed_model_flop("hailuo-02")) < 2e25)
    True
    """
    tables = for_scenario(scenario, corrections, data_dir=data_dir)
    require_known(model, tables.closed_models, "closed model")
    return closed_model_draws(
        tables, model, whole_number(seed, "seed", 0), whole_number(n_draws, "n_draws")
    ).copy()


def fit_scaling(
    modality: str,
    scenario: str = "newsletter",
    corrections: Iterable[str] = (),
    data_dir: str | Path | None = None,
) -> ScalingFit:
    """Return the fitted line of a modality: slope, intercept, r_squared, residual_sd (log10 FLOP),
    n and models. Raises InputError for an unknown modality and below five models.

    >>> fit_scaling("video").n
    18
    """
    return fit(used_points(for_scenario(scenario, corrections, data_dir=data_dir), modality))
