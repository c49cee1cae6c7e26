"""Charts of measured cases: the pattern, the next company's share, and companies over time."""

import pandas as pd

from training_share.report.charts import marks
from training_share.report.charts.doubts import share_rows
from training_share.report.charts.frame import NOTE, NUMBER, Drawn, Sheet, chart, put
from training_share.report.figure import ACCENT, HAIR, REST
from training_share.report.shares import window_text
from training_share.report.text import listed
from training_share.report.words import share, templates


@chart
def pattern(sheet: Sheet, data: pd.DataFrame) -> Drawn:
    """Draw `Pattern.table()`: a row a case under what is counted; what is modelled in the accent."""
    scopes, scope = templates()["scopes"], data["scope"]
    rows = data.assign(
        p5=data["p5"].where(scope != "cluster", 0),
        label=data["label"].str.replace(r", 20\d.*", "", regex=True),
        group=scope.map(lambda name: scopes.get(name, name)),
        lead=scope == "company-year",
    )
    rows, _ = share_rows(sheet, rows, mark=0.22, wide=data["p95"] - data["p5"] > 0.01)
    used = data[data["used"]].groupby("scope")["p50"].agg(["min", "max"])
    (low, high), (least, most) = (used.reindex([n]).iloc[0] for n in ("company-year", "one recipe"))
    numbers = {"low": low, "high": high, "least": least, "most": most}
    return Drawn(data, rows, "" if least == least else "short", numbers)


@chart
def next_share(sheet: Sheet, data: pd.DataFrame) -> Drawn:
    """Draw the shares of `Pattern.prior_and_posterior()`: how likely each share of the next
    company-year is, before the cases and after them."""
    import seaborn as sns

    rows = data[data["quantity"] == "share"].eval("middle = (low + high) / 2")
    bins = [*rows["low"], rows["high"].iloc[-1]]
    ax = sheet.panel(2.0, ticks=marks.TICKS)
    before = {"color": REST, "alpha": 1, "linewidth": 0}
    after = {"color": ACCENT, "fill": False, "linewidth": 2.2}
    for when, look in (("prior", before), ("posterior", after)):  # middles fall into their bins
        sns.histplot(rows, x="middle", weights=when, bins=bins, element="step", ax=ax, **look)
    ax.set(xlabel="", ylabel="", yticks=[])
    marks.axis(ax, {0: "0%", 0.5: "half", 1: "100%"}, (0, 1))
    top = rows.loc[rows["posterior"].idxmax()]
    put(ax, "after the cases", top.middle, top.posterior, 26, -8, **NUMBER)
    put(ax, "before", 0.8, rows["prior"].iloc[-8], 0, 5, **NOTE)
    ax.axhline(0, color=HAIR, lw=1)
    told = pd.DataFrame({"label": ["most often after the cases"], "value": [share(top.middle)]})
    return Drawn(data, told, "", {"mode": top.middle})


@chart
def over_time(sheet: Sheet, data: pd.DataFrame) -> Drawn:
    """Draw `measured.windows`, or `over_time` of one company: the share of each window of spending;
    inferred spending is told."""
    windows = [window_text(*map(pd.Timestamp, ends)) for ends in data[["start", "end"]].to_numpy()]
    inferred = data["inferred"].astype(bool)
    told = pd.Series(windows, data.index) + inferred.map({True: ", partly inferred", False: ""})
    rows = data.assign(group=data["label"], label=told, lead=~inferred)
    rows, numbers = share_rows(sheet, rows)
    later = data[data["variant"].astype(bool)]
    shown = later if len(later) else data
    each = [f"{share(row.p50)} at {row.label}" for row in shown.itertuples()]
    return Drawn(data, rows, "" if len(later) else "none", numbers | {"listed": listed(each)})
