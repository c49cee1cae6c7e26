"""Charts of the regressions behind the closed models: the line, and how far to trust it."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from textalloc import allocate

from training_share.model.scaling import ScalingFit
from training_share.report.charts import style
from training_share.report.charts.style import BLUE, INK, ORANGE, beside
from training_share.report.figure import Figure, rounded
from training_share.report.text import interval

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
two_digits = "{:.2g}".format  # of FLOP


def power_of_ten(value: float, _: int = 0) -> str:
    """Return the label of a decade, as in 10²⁴: plain text, which draws ten times as fast as
    mathematics."""
    return "10" + str(round(math.log10(value))).translate(SUPERSCRIPT)


@style.chart
def scaling(line: ScalingFit, band: pd.DataFrame, predicted: pd.DataFrame) -> Figure:
    """Draw `closed_models.scaling_band`: points with names, line, bootstrap band, predictions with
    their 90% interval."""
    ax = style.sheet(9.6, 6.2)[0, 0]
    words = "5th to 95th percentile of the bootstrap lines"
    pale = {"color": BLUE, "alpha": 0.15, "lw": 0}
    ax.fill_between(band["size"], band["p5"], band["p95"], **pale, label=words)
    ends = band.iloc[[0, -1]]  # a straight line here: more points of it would only be noise
    ax.plot(ends["size"], ends["flop"], color=BLUE, lw=1.8, label="least-squares line")
    logs = line.models.set_index("model")[["log10_size", "log10_flop"]]
    points = rounded(10**logs).set_axis(["size", "flop"], axis=1)
    ax.plot(points["size"], points["flop"], "o", color="#555555", ms=5, label="models used")
    reach = [predicted["p50"] - predicted["p5"], predicted["p95"] - predicted["p50"]]
    look = {"fmt": "D", "color": ORANGE, "ms": 6, "capsize": 4, "zorder": 5}
    words = "closed models: prediction, 90% interval"
    ax.errorbar(predicted["size"], predicted["p50"], yerr=reach, **look, label=words)
    ax.set(xscale="log", yscale="log")
    size = "sample rate (Hz)" if line.modality == "speech" else "pixels"
    ax.set_xlabel(f"Parameters x {size}", fontsize=11)
    ax.set_ylabel("Training compute (FLOP)", fontsize=11)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(power_of_ten)
    ax.minorticks_off()  # the style shows none; laying them out takes longer than all the rest
    ax.legend(loc="upper left", fontsize=9, frameon=True)
    ax.margins(x=0.08)
    ax.grid(axis="y")
    ax.spines.left.set_visible(True)
    _name_points(ax, points, predicted)
    told = "; ".join(
        f"{name} {row.p50:.2g} FLOP ({row.p5:.2g} to {row.p95:.2g})"
        for name, row in predicted.iterrows()
    )
    alt = (
        f"Training FLOP against model size for {line.n} {line.modality} models with a fitted line, "
        f"slope {line.slope:.2f}, R-squared {line.r_squared:.3f}. Predictions: {told}."
    )
    return Figure((ax,), line.models, alt)


def _name_points(ax: Axes, points: pd.DataFrame, predicted: pd.DataFrame) -> None:
    """Write the names of models beside their points, placed where they do not overlap."""
    names = points.reset_index().groupby(["size", "flop"], sort=False)["model"].agg(" / ".join)
    x = [*names.index.get_level_values("size"), *predicted["size"]]
    y = [*names.index.get_level_values("flop"), *predicted["p50"]]
    drawn, found = len(names), len(predicted)
    sizes, inks = [8] * drawn + [10] * found, ["#333333"] * drawn + ["#A34700"] * found
    look = {"textsize": sizes, "textcolor": inks, "linecolor": "#999999", "linewidth": 0.6}
    room = {"margin": 0.006, "min_distance": 0.012, "max_distance": 0.25, "nbr_candidates": 300}
    taken = {
        "x_scatter": x,
        "y_scatter": y,
        "x_lines": [np.array([size, size]) for size in predicted["size"]],
        "y_lines": list(predicted[["p5", "p95"]].to_numpy()),
    }
    allocate(ax, x, y, [*names, *predicted.index], **look, **room, **taken)
    ax.figure.set_layout_engine("none")  # the names stand where this layout has room for them


@style.chart
def flop(table: pd.DataFrame) -> Figure:
    """Draw p5, p50 and p95 of training FLOP, one row a method, on a logarithmic axis."""
    ax = style.sheet(9.6, 0.5 * len(table) + 1.0)[0, 0]
    style.interval_rows(ax, table, above=0.7)
    for place, median in enumerate(table["p50"]):
        beside(ax, two_digits(median), median, place, 0, 7, ha="center", va="baseline")
    ax.set(xscale="log", xlabel="Training compute (FLOP): median and 90% interval")
    told = "; ".join(f"{name} {interval(row, two_digits)}" for name, row in table.iterrows())
    return Figure((ax,), table, f"Training FLOP by method, median with 90% interval: {told}.")


@style.chart
def leave_one_out(table: pd.DataFrame, residuals: pd.DataFrame) -> Figure:
    """Draw the prediction without each point (left, relative to all points) and the residuals
    (right)."""
    left, right = style.sheet(11.5, 0.29 * len(table) + 1.0, columns=2, sharey=True)[0]
    ratios = table["ratio"].drop("none").sort_values(kind="stable")
    factors = 10 ** residuals.loc[ratios.index, "residual"]
    for ax, values, color in ((left, ratios, BLUE), (right, factors, ORANGE)):
        ax.hlines(range(len(values)), 1, values, color=color, lw=2)
        ax.plot(values, range(len(values)), "o", color=color, ms=6)
        ax.axvline(1, color=INK, lw=0.9)
    left.set_yticks(range(len(ratios)), ratios.index, fontsize=9)
    left.set_xlabel("Prediction without the model / with all", fontsize=11)
    left.set_title("Leave one out")
    right.set_xscale("log")
    right.set_xlabel("FLOP / FLOP on the line (residual)", fontsize=11)
    right.set_title("Residuals")
    alt = (
        "Prediction without each model relative to that with all, and each model's residual. "
        f"Lowest without {ratios.index[0]} (x {ratios.iloc[0]:.2f}), highest without "
        f"{ratios.index[-1]} (x {ratios.iloc[-1]:.2f})."
    )
    return Figure((left, right), table, alt)
