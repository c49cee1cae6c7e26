"""Charts of measured cases: the pattern, what it says of the next company, companies over time."""

from __future__ import annotations

import matplotlib.dates as mdates
import pandas as pd
from matplotlib.axes import Axes

from training_share.report.charts.style import (
    BLUE,
    INK,
    REST,
    chart,
    despine,
    percent_axis,
    rows_of,
    sheet,
)
from training_share.report.figure import Figure
from training_share.report.text import percent

SCOPES = {  # scope: what is counted, and colour
    "company-year": ("All R&D compute of a company in twelve months", INK),
    "full pipeline": ("A full pipeline with reasoning RL", "#117733"),
    "intermediate models": ("A project with large intermediate models", "#AA4499"),
    "one recipe": ("One recipe and its ablations", "#999933"),
    "cluster": ("Bounds: all pretraining in a cluster", INK),
}


@chart
def pattern(table: pd.DataFrame) -> Figure:
    """Draw `Pattern.table()`: one row a case under the scope of what is counted.

    A full dot is measured or modelled, a hollow one context; lines are 90% intervals, and an
    arrow to the left a bound.
    """
    scopes = list(table.groupby("scope", sort=False))
    ax = sheet(9.6, 0.36 * (len(table) + len(scopes)) + 0.8)[0, 0]
    labels, place = [], 0
    for scope, rows in scopes:
        title, color = SCOPES[scope]
        labels.append("")
        ax.text(0, place, title, color=color, fontweight="bold", va="center", clip_on=False)
        for row in rows.itertuples():
            place += 1
            labels.append(row.label)
            _case(ax, place, row, color)
        place += 1
    rows_of(ax, labels)
    ax.tick_params(axis="y", labelsize=9, length=0)
    ax.set_xlim(0, 1)
    percent_axis(ax)
    ax.set_xlabel(
        "Final training runs as a share of the compute counted (hollow: context; arrow: at most)",
        fontsize=9,
    )
    parts = [
        f"{SCOPES[scope][0]}: "
        + ", ".join(f"{row.label} {percent(row.p50)}" for row in rows.itertuples())
        for scope, rows in scopes
    ]
    return Figure((ax,), table, f"Shares by what is counted. {'; '.join(parts)}.")


def _case(ax: Axes, place: int, row, color: str) -> None:
    if row.grade == "bound":
        arrow = {"arrowstyle": "->", "color": color}
        ax.annotate("", (row.p50 - 0.06, place), (row.p50, place), arrowprops=arrow)
        ax.plot(row.p50, place, "|", color=color, ms=10)
    else:
        ax.hlines(place, row.p5, row.p95, color=color, lw=2.2, alpha=0.55)
        ax.plot(row.p50, place, "o", color=color, mfc=color if row.used else "white", ms=7)
    how = row.grade if row.kind == "modelled" else f"{row.grade}, {row.unit}"
    share = ("\u2264 " if row.grade == "bound" else "") + percent(row.p50)
    text = ax.annotate(
        share,
        (1, place),
        (9, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="center",
        fontweight="bold",
        annotation_clip=False,
    )
    ax.annotate(f" {how}", (1, 0.5), xycoords=text, fontsize=9, va="center", annotation_clip=False)


@chart
def next_share(table: pd.DataFrame) -> Figure:
    """Draw `Pattern.prior_and_posterior()`: the next company's share at the left, the spread
    between cases at the right, before the cases (grey) and after them (blue)."""
    axes = sheet(9.6, 3.2, columns=2)[0]
    names = {"share": "Share of the next company", "tau": "Spread between cases, in logits"}
    for ax, (quantity, name) in zip(axes, names.items(), strict=True):
        rows = table[table["quantity"] == quantity]
        edges = [*rows["low"], rows["high"].iloc[-1]]
        ax.stairs(rows["prior"], edges, fill=True, color=REST, label="before the cases")
        ax.stairs(rows["posterior"], edges, color=BLUE, lw=2, label="after them")
        ax.set_xlabel(name, fontsize=10)
        ax.set_yticks([])
        ax.set_xlim(edges[0], edges[-1])
        despine(ax, left=True)
    percent_axis(axes[0])
    axes[0].legend(frameon=False)
    axes[0].set_title("Prior and posterior")
    modes = {
        quantity: table[table["quantity"] == quantity].set_index("low")["posterior"].idxmax()
        for quantity in names
    }
    alt = (
        "Histograms before and after the cases. Afterwards the next company's share is most often "
        f"near {modes['share']:.0%} and the spread between cases near {modes['tau']:.1f} logits; "
        "the prior spreads both far wider."
    )
    return Figure(tuple(axes), table, alt)


@chart
def over_time(table: pd.DataFrame) -> Figure:
    """Draw `measured.over_time`: one bar of the window at the share, one panel a company, with the
    90% interval; hollow where spending is inferred, dashed where the runs do not fit the window."""
    companies = list(table.groupby("company", sort=False))
    axes = sheet(9.6, 3.4, columns=len(companies), sharey=True)[0]
    starts, ends = (pd.to_datetime(table[name]) for name in ("start", "end"))
    for ax, (_, rows) in zip(axes, companies, strict=True):
        for row in rows.itertuples():
            _window(ax, row)
        ax.set_title(rows["label"].iloc[0])
        ax.set_xlim(starts.min() - pd.Timedelta(days=30), ends.max() + pd.Timedelta(days=30))
        ax.xaxis.set_major_locator(mdates.MonthLocator((1, 7)))
        ax.xaxis.set_major_formatter(mdates.DateFormatter("%b\n%Y"))
        ax.tick_params(labelsize=9)
        ax.grid(axis="x", visible=False)
        despine(ax, left=True)
    axes[0].set_ylim(0, 1.1 * table["p95"].max())
    axes[0].yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes[0].set_ylabel("Share of R&D compute", fontsize=9)
    axes[0].get_figure().supxlabel(
        "Spending window. Dot and line: median and 90% interval; hollow: spending partly inferred; "
        f"dashed: {' or '.join(filter(None, table['caveat'].unique())) or 'none'}",
        fontsize=9,
    )
    parts = [
        f"{row.label} {row.start:%b %Y} to {row.end:%b %Y} {percent(row.p50)}"
        f"{', spending partly inferred' if row.inferred else ''}"
        f"{f', {row.caveat}' if row.caveat else ''}"
        for row in table.itertuples()
    ]
    return Figure(tuple(axes), table, f"Share by spending window: {'; '.join(parts)}.")


def _window(ax: Axes, row) -> None:
    start, end = pd.Timestamp(row.start), pd.Timestamp(row.end)
    middle, style = start + (end - start) / 2, "--" if row.caveat else "-"
    ax.hlines(row.p50, start, end, color=row.color, lw=2.5, ls=style)
    ax.vlines(middle, row.p5, row.p95, color=row.color, lw=1.3, alpha=0.7, ls=style)
    ax.plot(middle, row.p50, "o", color=row.color, mfc="white" if row.inferred else row.color, ms=7)
    ax.annotate(
        percent(row.p50),
        (middle, row.p50),
        (8, 6) if row.variant else (-8, 6),
        ha="left" if row.variant else "right",
        textcoords="offset points",
        fontsize=9,
        fontweight="bold",
    )
