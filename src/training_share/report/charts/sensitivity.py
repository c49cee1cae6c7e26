"""Charts of the sensitivity notebook: a table in, Axes out."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from training_share.report.charts.style import INK, despine, error_note, interval_chart, theme

LABELS = {
    "mfu": "MFU",
    "mfu_rl": "RL MFU",
    "price_usd_per_gpu_hour": "Price (USD per GPU-hour)",
    "rl_fraction": "RL compute as a fraction of the base run's",
}


def surface_chart(tables: dict[str, pd.DataFrame], threshold: float = 0.5) -> np.ndarray:
    """Draw `sensitivity.surface` of several companies side by side: the median share in percent by
    two assumptions.

    Cells above `threshold` are framed, so that the crossing shows without colour.
    """
    theme()
    _, axes = plt.subplots(
        1, len(tables), figsize=(5.4 * len(tables) + 0.6, 4.3), squeeze=False, layout="constrained"
    )
    for ax, (name, table) in zip(axes[0], tables.items(), strict=True):
        shown = 100 * table.iloc[::-1]
        sns.heatmap(
            shown,
            ax=ax,
            annot=True,
            fmt=".0f",
            vmin=0,
            vmax=100,
            cmap="cividis",
            cbar=False,
            linewidths=1,
            annot_kws={"fontsize": 9},
        )
        for row, column in zip(*np.where(shown.to_numpy() > 100 * threshold), strict=True):
            ax.add_patch(
                plt.Rectangle((column, row), 1, 1, fill=False, ec="#D55E00", lw=2.4, clip_on=False)
            )
        ax.set_title(f"{name}: median share in %")
        ax.set_xlabel(LABELS.get(table.columns.name, table.columns.name))
        ax.set_ylabel(LABELS.get(table.index.name, table.index.name))
        ax.tick_params(axis="y", rotation=0)
    return axes[0]


def breaking_chart(tables: dict[str, pd.DataFrame], colors: dict[str, str]) -> Axes:
    """Draw `sensitivity.breaking_points`: the factor by which one assumption alone would have to be
    off."""
    theme()
    names = list(
        dict.fromkeys(
            name for table in tables.values() for name in table.dropna(subset=["factor"]).index
        )
    )
    _, ax = plt.subplots(figsize=(9.6, 0.62 * len(names) + 1.3), layout="constrained")
    for offset, (company, table) in enumerate(tables.items()):
        factors = table["factor"].reindex(names)
        places = np.arange(len(names)) + 0.28 * (offset - (len(tables) - 1) / 2)
        ax.hlines(places, 1, factors, color=colors[company], lw=2)
        ax.plot(factors, places, "os^D"[offset % 4], color=colors[company], ms=8, label=company)
        for place, factor in zip(places, factors, strict=True):
            if factor == factor:
                ax.annotate(
                    f"x {factor:.2g}",
                    (factor, place),
                    xytext=(8 if factor > 1 else -8, 0),
                    va="center",
                    textcoords="offset points",
                    ha="left" if factor > 1 else "right",
                    fontsize=9,
                )
    ax.axvline(1, color=INK, lw=0.9)
    ax.set_xscale("log")
    ax.set_yticks(np.arange(len(names)), [LABELS.get(name, name) for name in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.margins(x=0.15)
    ax.set_xlabel("Factor on the median assumption at which the median share would be 50%")
    ax.legend(loc="lower right", fontsize=9)
    ax.grid(axis="y", visible=False)
    despine(ax, left=True)
    return ax


def lag_chart(tables: dict[str, pd.DataFrame], colors: dict[str, str]) -> np.ndarray:
    """Draw `sensitivity.lag_and_window` of several companies; hollow dots are lower bounds."""
    theme()
    heights = [len(table) for table in tables.values()]
    _, axes = plt.subplots(
        len(tables),
        1,
        figsize=(9.6, 0.36 * sum(heights) + 0.8 * len(tables)),
        squeeze=False,
        height_ratios=heights,
        layout="constrained",
    )
    for ax, (name, table) in zip(axes[:, 0], tables.items(), strict=True):
        flat = table.set_axis([f"{window}, lag {lag}" for window, lag in table.index])
        interval_chart(flat, "Share", color=colors[name], ax=ax)
        ax.tick_params(labelsize=9)
        ax.set_title(name)
        ax.set_xlabel("")
    bottom = axes[-1, 0]
    bottom.set_xlabel(
        "Share of R&D compute: median and 90% interval (hollow: a lower bound)"
        f"{error_note(pd.concat(tables))}",
        fontsize=9,
    )
    return axes[:, 0]
