"""Charts of two runs side by side, and of the runs of a grid."""

from __future__ import annotations

import pandas as pd

from training_share.analysis.differences import Difference
from training_share.report.charts import style
from training_share.report.charts.style import INK, beside
from training_share.report.figure import Figure
from training_share.report.text import percent, points


@style.chart
def difference(found: Difference) -> Figure:
    """Draw each company's median share before and after, an arrow between them, and its change in
    points."""
    table, cells = found.shares, len(found.inputs)
    ax = style.sheet(7, 1.1 + 0.55 * len(table))[0, 0]
    for place, row in enumerate(table.itertuples()):
        before, after = row.share_before, row.share_after
        color = found.after.estimates[row.Index].company_row.color
        arrow = {"arrowstyle": "-|>", "color": color, "shrinkA": 4, "shrinkB": 4}
        ax.annotate("", (after, place), (before, place), arrowprops=arrow)
        ax.plot(before, place, "o", ms=8, mfc="white", mec=color, mew=1.6)
        ax.plot(after, place, "o", ms=8, color=color)
        text = f"{percent(before)} → {percent(after)} ({points(after - before)} points)"
        beside(ax, text, max(before, after), place, 9, color=INK)
    style.rows_of(ax, table["display_name"])
    style.percent_axis(ax)
    ax.set_xlim(0, 1.45 * max(0.05, table[["share_before", "share_after"]].to_numpy().max()))
    ax.set_xlabel("median training share of R&D compute; open: before, filled: after", fontsize=11)
    ax.set_title(f"What {cells} changed cell{'s' * (cells != 1)} do to the share")
    told = ", ".join(
        f"{row.display_name} from {percent(row.share_before)} to {percent(row.share_after)}"
        for row in table.itertuples()
    )
    return Figure((ax,), table, f"Median training share of R&D compute before and after: {told}.")


@style.chart
def combinations(results: pd.DataFrame) -> Figure:
    """Draw the shares of a run's or a grid's combinations, a dot with its 90% interval each, beside
    the default, a hollow mark; `results` as `run.runs.results` makes them."""
    results = results.sort_values(["company", "combination"])
    labels = [
        f"{row.company}  {row.combination[5:].replace('_', ' ')}".strip()
        + (f"  ({row.caveat})" if row.caveat else "")
        for row in results.itertuples()
    ]
    ax = style.sheet(8, 1.0 + 0.32 * len(results))[0, 0]
    for place, row in enumerate(results.itertuples()):
        ax.hlines(place, row.share_p5, row.share_p95, color=style.REST, lw=4, zorder=2)
        ax.plot(row.default_p50, place, "o", ms=7, mfc="white", mec=INK, mew=1.2, zorder=3)
        ax.plot(row.share_p50, place, "o", ms=6, color=INK, zorder=4)
        beside(ax, percent(row.share_p50), max(row.share_p95, row.default_p50), place)
    style.rows_of(ax, labels)
    style.percent_axis(ax)
    ax.set_xlim(left=0)
    ax.set_xlabel("training share, 90% interval; open mark: defaults", fontsize=11)
    shares = zip(labels, map(percent, results["share_p50"]), strict=True)
    told = "; ".join(map(" ".join, shares))
    return Figure((ax,), results, f"Median training share of R&D compute by combination: {told}.")
