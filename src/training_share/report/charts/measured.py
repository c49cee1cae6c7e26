"""Charts of measured cases: the pattern, what it says of the next company, companies over time."""

import matplotlib.dates as mdates
import pandas as pd
from matplotlib.axes import Axes

from training_share.report.charts import style
from training_share.report.charts.style import BLUE, EDGE, INK, REST, beside
from training_share.report.figure import Figure
from training_share.report.text import by_name, percent

SCOPES = {  # scope: what is counted, and colour
    "company-year": ("All R&D compute of a company in twelve months", INK),
    "full pipeline": ("A full pipeline with reasoning RL", "#117733"),
    "intermediate models": ("A project with large intermediate models", "#AA4499"),
    "one recipe": ("One recipe and its ablations", "#999933"),
    "cluster": ("Bounds: all pretraining in a cluster", INK),
}
QUANTITIES = {"share": "Share of the next company", "tau": "Spread between cases, in logits"}


@style.chart
def pattern(table: pd.DataFrame) -> Figure:
    """Draw `Pattern.table()`: one row a case under the scope of what is counted. A full dot is
    measured or modelled, a hollow one context; lines are 90% intervals, and an arrow to the left a
    bound."""
    scopes = [(*SCOPES[scope], rows) for scope, rows in table.groupby("scope", sort=False)]
    ax = style.sheet(9.6, 0.36 * (len(table) + len(scopes)) + 0.8)[0, 0]
    labels: list[str] = []
    for title, color, rows in scopes:
        ax.text(0, len(labels), title, color=color, fontweight="bold", va="center")
        labels.append("")
        for row in rows.itertuples():
            _case(ax, len(labels), row, color)
            labels.append(row.label)
    style.rows_of(ax, labels, fontsize=9)
    ax.set_xlim(0, 1)
    style.percent_axis(ax)
    ax.set_xlabel(
        "Final training runs as a share of the compute counted (hollow: context; arrow: at most)"
    )
    told = by_name(
        ((title, rows) for title, _, rows in scopes),
        lambda row: f"{row.label} {percent(row.p50)}",
        "; ",
    )
    return Figure((ax,), table, f"Shares by what is counted. {told}.")


def _case(ax: Axes, place: int, row, color: str) -> None:
    """Draw a case, and write its share and how it is known at the right."""
    share = percent(row.p50)
    if row.grade == "bound":
        share = f"≤ {share}"
        arrow = {"arrowstyle": "->", "color": color}
        ax.annotate("", (row.p50 - 0.06, place), (row.p50, place), arrowprops=arrow)
        ax.plot(row.p50, place, "|", color=color, ms=10)
    else:
        ax.hlines(place, row.p5, row.p95, color=color, lw=2.2, alpha=0.55)
        ax.plot(row.p50, place, "o", color=color, mfc=color if row.used else "white", ms=7)
    how = row.grade if row.kind == "modelled" else f"{row.grade}, {row.unit}"
    text = beside(ax, share, 1, place, 9, xycoords=EDGE, fontsize=10, fontweight="bold")
    beside(ax, f" {how}", 1, 0.5, 0, xycoords=text)


@style.chart
def next_share(table: pd.DataFrame) -> Figure:
    """Draw `Pattern.prior_and_posterior()`: the next company's share at the left, the spread
    between cases at the right, before the cases (grey) and after them (blue)."""
    import seaborn as sns  # here, since half a second of imports is for two charts alone

    axes = style.sheet(style.WIDE, 2.8, columns=2)[0]
    before = {"label": "before the cases", "color": REST, "alpha": 1, "linewidth": 0}
    after = {"label": "after them", "color": BLUE, "fill": False, "linewidth": 2}
    modes = {}
    for ax, (quantity, name) in zip(axes, QUANTITIES.items(), strict=True):
        rows = table[table["quantity"] == quantity].eval("middle = (low + high) / 2")
        edges = [*rows["low"], rows["high"].iloc[-1]]
        for when, look in (("prior", before), ("posterior", after)):  # middles fall into their bins
            sns.histplot(rows, x="middle", weights=when, bins=edges, element="step", ax=ax, **look)
        ax.set(xlabel=name, ylabel="", yticks=[], xlim=edges[:: len(rows)])
        modes[quantity] = rows.set_index("low")["posterior"].idxmax()
    style.percent_axis(axes[0])
    axes[0].legend()
    axes[0].set_title("Prior and posterior")
    alt = (
        "Histograms before and after the cases. Afterwards the next company's share is most often "
        f"near {modes['share']:.0%} and the spread between cases near {modes['tau']:.1f} logits; "
        "the prior spreads both far wider."
    )
    return Figure(tuple(axes), table, alt)


@style.chart
def over_time(table: pd.DataFrame) -> Figure:
    """Draw `measured.windows` or `over_time`, a panel a company: one bar of the window at the
    share, with the 90% interval; hollow where spending is inferred, dashed where the runs do not
    fit the window."""
    companies = list(table.groupby("company", sort=False))
    axes = style.sheet(9.6, 3.4, columns=len(companies), sharey=True)[0]
    month = pd.Timedelta(days=30)
    ends = (table["start"].min() - month, table["end"].max() + month)
    for ax, (_, rows) in zip(axes, companies, strict=True):
        for row in rows.itertuples():
            _window(ax, row)
        ax.set(title=rows["label"].iloc[0], xlim=ends)
        ax.xaxis.set_major_locator(mdates.MonthLocator((1, 7)))
        ax.xaxis.set_major_formatter(mdates.DateFormatter("%b\n%Y"))
        ax.tick_params(labelsize=9)
        ax.grid(visible=False, axis="x")
        ax.grid(visible=True, axis="y")
    axes[0].set(ylim=(0, 1.1 * table["p95"].max()), ylabel="Share of R&D compute")
    axes[0].yaxis.set_major_formatter("{x:.0%}")
    axes[0].figure.supxlabel(
        "Spending window. Dot and line: median and 90% interval; hollow: spending partly inferred; "
        f"dashed: {' or '.join(filter(None, table['caveat'].unique())) or 'none'}"
    )
    told = "; ".join(
        f"{row.label} {row.start:%b %Y} to {row.end:%b %Y} {percent(row.p50)}"
        f"{', spending partly inferred' if row.inferred else ''}"
        f"{f', {row.caveat}' if row.caveat else ''}"
        for row in table.itertuples()
    )
    return Figure(tuple(axes), table, f"Share by spending window: {told}.")


def _window(ax: Axes, row) -> None:
    """Draw the share of one spending window."""
    start, end, color = pd.Timestamp(row.start), pd.Timestamp(row.end), row.color
    middle, dashes = start + (end - start) / 2, "--" if row.caveat else "-"
    ax.hlines(row.p50, start, end, color=color, lw=2.5, ls=dashes)
    ax.vlines(middle, row.p5, row.p95, color=color, lw=1.3, alpha=0.7, ls=dashes)
    ax.plot(middle, row.p50, "o", color=color, mfc="white" if row.inferred else color, ms=7)
    look = {"va": "baseline", "fontweight": "bold"}
    beside(ax, percent(row.p50), middle, row.p50, 8 if row.variant else -8, 6, **look)
