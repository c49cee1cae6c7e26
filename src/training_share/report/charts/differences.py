"""Charts of two runs side by side, and of the runs of a grid."""

from __future__ import annotations

import pandas as pd

from training_share.analysis.differences import Difference
from training_share.report.charts.style import (
    INK,
    REST,
    beside,
    chart,
    percent_axis,
    rows_of,
    sheet,
)
from training_share.report.figure import Figure
from training_share.report.text import percent, points


@chart
def difference(found: Difference) -> Figure:
    """Draw each company's median share before and after, an arrow between them, and its change in
    points."""
    table = found.shares
    colors = [est.company_row.color for est in found.after.estimates.values()]
    ((ax,),) = sheet(7, 1.1 + 0.55 * len(table))
    for place, (row, color) in enumerate(zip(table.itertuples(), colors, strict=True)):
        ends = (row.share_before, row.share_after)
        arrow = {"arrowstyle": "-|>", "color": color, "shrinkA": 4, "shrinkB": 4}
        ax.annotate("", (ends[1], place), (ends[0], place), arrowprops=arrow)
        ax.plot(ends[0], place, "o", ms=8, mfc="white", mec=color, mew=1.6)
        ax.plot(ends[1], place, "o", ms=8, color=color)
        text = f"{percent(ends[0])} → {percent(ends[1])} ({points(ends[1] - ends[0])} points)"
        beside(ax, text, max(ends), place, 9, color=INK)
    rows_of(ax, table["display_name"])
    ax.set_xlim(0, 1.45 * max(0.05, table[["share_before", "share_after"]].to_numpy().max()))
    percent_axis(ax)
    ax.set_xlabel("median training share of R&D compute; open: before, filled: after")
    told = ", ".join(
        f"{row.display_name} from {percent(row.share_before)} to {percent(row.share_after)}"
        for row in table.itertuples()
    )
    cells = len(found.inputs)
    ax.set_title(f"What {cells} changed cell{'s' * (cells != 1)} do to the share")
    return Figure((ax,), table, f"Median training share of R&D compute before and after: {told}.")


@chart
def combinations(results: pd.DataFrame) -> Figure:
    """Draw the shares of a run's or a grid's combinations, a dot with its 90% interval each, beside
    the default, a hollow mark; `results` as `run.runs.results` makes them."""
    results = results.sort_values(["company", "combination"])
    labels = [
        f"{row.company}  {row.combination[5:].replace('_', ' ')}".strip()
        + (f"  ({row.caveat})" if row.caveat else "")
        for row in results.itertuples()
    ]
    ((ax,),) = sheet(8, 1.0 + 0.32 * len(results))
    for place, row in enumerate(results.itertuples()):
        ax.hlines(place, row.share_p5, row.share_p95, color=REST, lw=4, zorder=2)
        ax.plot(row.default_p50, place, "o", ms=7, mfc="white", mec=INK, mew=1.2, zorder=3)
        ax.plot(row.share_p50, place, "o", ms=6, color=INK, zorder=4)
        beside(ax, percent(row.share_p50), max(row.share_p95, row.default_p50), place)
    rows_of(ax, labels)
    ax.set_xlim(left=0)
    percent_axis(ax)
    ax.set_xlabel("training share, 90% interval; open mark: defaults")
    told = "; ".join(
        f"{label} {percent(share)}"
        for label, share in zip(labels, results["share_p50"], strict=True)
    )
    return Figure((ax,), results, f"Median training share of R&D compute by combination: {told}.")
