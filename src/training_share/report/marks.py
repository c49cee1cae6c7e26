"""The marks: each draws one tidy table on one panel, by seaborn where seaborn has the mark.

Rows are labelled by `names`, which reads the columns label, value, range and note (texts) and lead
(whether a row takes the accent); a column `group` sets a heading over its rows. Where a panel has
rows, its vertical unit is an inch.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from training_share.report.figure import ACCENT, HAIR, HEAT, INK, QUIET, REST, rounded, width
from training_share.report.frame import NAME, NOTE, NUMBER, PLAIN, Sheet, put, run, wrapped
from training_share.report.shares import HALF
from training_share.report.text import ten

MOST = 2.8  # inches of a name beside its row
GAP = 0.13  # inches between texts
FONTS = {"label": NAME, "value": NUMBER, "range": NOTE, "note": NOTE}
DASHED = (0, (2, 2))
LEADER = {"arrowstyle": "-", "color": HAIR, "lw": 0.8, "shrinkA": 0, "relpos": (0, 1)}
POINT = {"zorder": 5, "legend": False, "edgecolor": "white", "linewidth": 0.8}
PARTS = {0: "0%", HALF: "half", 1: "100%"}  # of R&D compute, under an axis
TICKS = 0.28  # inches below a panel for the words of its axis


@dataclass
class Rows:
    """Where the rows of a panel stand: its axes, the middle of each row's mark, the height of the
    panel, and how far a vertical line may reach from a row without meeting its texts, in inches."""

    ax: Axes
    y: np.ndarray
    height: float
    reach: float = np.inf


def names(
    sheet: Sheet,
    table: pd.DataFrame,
    mark: float = 0.29,
    above: float = 0,
    size: float = 11.5,
    top: float = 0,
    ticks: float = TICKS,
) -> Rows:
    """Return a panel whose rows, each `mark` high, have their texts beside them.

    Where the panel is small, or a height `above` is given for the marks of such rows, texts stand
    over the rows. Lengths are inches.
    """
    over, mark = bool(above) or sheet.small, above or (0.15 if sheet.small else mark)
    blank = dict.fromkeys(FONTS, "") | {"lead": "lead" not in table, "group": ""}
    rows = pd.DataFrame(blank, table.index).assign(**table[table.columns.intersection(list(blank))])
    sizes = {"label": size, "value": size, "range": 10.5, "note": 10.5}
    fonts = {text: FONTS[text] | {"size": sizes[text] * sheet.scale} for text in FONTS}
    long = {text: max(width(word, **fonts[text]) for word in rows[text]) for text in FONTS}
    column, line = min(long["label"], MOST), 0.19 * sheet.scale * size / 11.5
    left = 0 if over else column + long["value"] + 2 * GAP
    right = 0 if over else sum(long[text] + GAP for text in ("range", "note") if long[text])
    pieces, middles, place, heads = [], [], 0.02, {""}  # a piece: text, font, edge, across, down
    for row in rows.itertuples():
        if row.group not in heads:
            heads.add(row.group)
            place += 0.1 if middles else 0
            bold = sheet.sized(NAME) | {"weight": "bold"}
            pieces.append((row.group, bold, 0, -left, place + 0.08, "left"))
            place += 0.27
        weight = {"weight": "semibold" if row.lead else "normal"}
        own = {text: (getattr(row, text), fonts[text]) for text in FONTS}
        own["label"] = row.label, fonts["label"] | weight
        own["value"] = row.value, fonts["value"] | {"color": ACCENT if row.lead else INK}
        if over:
            for parts, end in _lines_over(own, sheet.room):
                place, start = place + line, 0.0
                for text, font in parts:
                    pieces.append((text, font, 0, start, place - 0.45 * line, "left"))
                    start += width(text, **font) + 0.1
                pieces += [(*part, 1, 0, place - 0.45 * line, "right") for part in end]
            middles.append(place + 0.05 + mark / 2)
            place += mark + 0.11
            continue
        label = wrapped(row.label, column, own["label"][1])
        middles.append(place + mark / 2 + 0.09 * (len(label) - 1))
        place += mark + 0.18 * (len(label) - 1)
        at = middles[-1] - 0.09 * (len(label) - 1)
        for i, text in enumerate(label):
            pieces.append((text, own["label"][1], 0, -left, at + 0.18 * i, "left"))
        pieces.append((*own["value"], 0, -GAP, middles[-1], "right"))
        pieces.append((*own["range"], 1, GAP, middles[-1], "left"))
        past = GAP + (long["range"] + GAP if long["range"] else 0)
        pieces.append((*own["note"], 1, past, middles[-1], "left"))
    ax = sheet.panel(place, left, right, top, ticks)
    for text, font, edge, across, down, side in pieces:
        put(ax, text, edge, down, 72 * across, edge=True, ha=side, va="center_baseline", **font)
    ax.set(ylim=(place, 0), yticks=[], xlabel="", ylabel="")
    return Rows(ax, np.array(middles), place, mark / 2 if over else np.inf)


def _lines_over(own: dict, room: float) -> list[tuple[list, list]]:
    """Return the lines over a row, each the parts at its left and those at its right: as few as
    hold its texts within `room` inches."""

    def fits(*parts: tuple) -> bool:
        return sum(width(text, **font) + 0.1 for text, font in parts) <= room

    font = own["label"][1]
    *lines, last = [[(text, font)] for text in wrapped(own["label"][0], room, font)]
    for part in (own["value"], own["range"], own["note"]):
        if fits(*last, part):
            last = [*last, part]
        elif part[0]:
            *more, rest = wrapped(part[0], room, part[1])
            lines, last = [*lines, last, *([(text, part[1])] for text in more)], [(rest, part[1])]
    # the last text of the first line stands at the right where the others leave it room
    first, *others = *lines, last
    alone = len(first) > 2 and not others
    return [(first[:-1], first[-1:]) if alone else (first, []), *((line, []) for line in others)]


def whiskers(ax, table, y, high=np.inf, color=INK, cap=4.5, lw=1.6) -> None:
    """Draw p5 to p95 of each row; a line that leaves the panel ends in an arrow."""
    low, end = np.minimum(table[["p5", "p95"]].to_numpy(float), high).T
    known = ~np.isnan(low) & (end > 1.005 * low)  # else it is shorter than wide
    if known.any():
        ax.hlines(np.asarray(y)[known], low[known], end[known], color=color, lw=lw, zorder=3)
    past = (table["p95"] > high).to_numpy()
    for ends, have in ((low, known), (end, known & ~past)) if cap else ():
        marks = {"marker": "|", "ms": 2 * cap, "mew": lw, "color": color, "ls": "", "zorder": 3}
        ax.plot(ends[have], np.asarray(y)[have], **marks) if have.any() else None
    if past.any():
        ax.plot([high] * past.sum(), np.asarray(y)[past], ">", color=color, ms=6, clip_on=False)


def bars(rows: Rows, table, high: float, whole=None, thick: float = 0.15) -> None:
    """Draw bars of `p50`, inside a grey `whole`, with p5 to p95 as a line where the table has them.
    Lengths are cut at `high`; `thick` is the height of a bar in inches."""
    import seaborn as sns  # here, since half a second of imports is for charts alone

    table, ax = rounded(table), rows.ax
    pitch = np.diff(np.sort(rows.y)).min() if len(rows.y) > 1 else 1.0
    look = {"orient": "h", "native_scale": True, "saturation": 1, "errorbar": None, "ax": ax}
    lengths = [] if whole is None else [(np.broadcast_to(whole, len(table)), REST)]
    for x, color in [*lengths, (table["p50"].clip(upper=high).to_numpy(), ACCENT)]:
        sns.barplot(x=x, y=rows.y, color=color, width=thick / pitch, **look)
    if "p5" in table:
        whiskers(ax, table, rows.y, high)
    ax.set(xlim=(0, high), xlabel="", ylabel="", xticks=[], yticks=[])


def intervals(rows: Rows, table, high: float = np.inf, lw: float = 3) -> None:
    """Draw a dot at `p50` on a line from `p5` to `p95`, rows with `lead` in the accent."""
    import seaborn as sns

    table = rounded(table)
    lead = table.get("lead", pd.Series(False, table.index)).to_numpy(bool)
    for color, part in ((HAIR, ~lead), (ACCENT, lead)):
        whiskers(rows.ax, table[part], rows.y[part], high, color, cap=0, lw=lw)
    tint, x = np.where(lead, ACCENT, QUIET), table["p50"].to_numpy()
    if (inside := x <= high).any():
        look = POINT | {"s": 52, "clip_on": False, "ax": rows.ax}
        sns.scatterplot(x=x[inside], y=rows.y[inside], c=list(tint[inside]), **look)
    rows.ax.set(xlabel="", ylabel="", yticks=[])


def shares(rows: Rows) -> None:
    """Let x run from none to all of R&D compute, in words, with a dashed line at one half."""
    axis(rows.ax, PARTS, (0, 1))
    line(rows, HALF, ls=DASHED)


def powers(ax: Axes, limits: tuple[float, float], unit: str = "") -> None:
    """Give a panel a logarithmic axis in powers of ten, the first with its unit."""
    ax.set_xscale("log")
    whole = np.arange(np.ceil(np.log10(limits[0])), np.floor(np.log10(limits[1])) + 1)
    words = {10.0**power: ten(10.0**power, unit if power == whole[0] else "") for power in whole}
    axis(ax, words, limits)


def line(rows: Rows, x: float, **look) -> None:
    """Draw a vertical line across the panel, or across each row where texts stand over the rows."""
    low, top = np.maximum(rows.y - rows.reach, 0), np.minimum(rows.y + rows.reach, rows.height)
    across = rows.reach > rows.height
    ends = ([0], [rows.height]) if across else (low, top)
    rows.ax.vlines([x] * len(ends[0]), *ends, color=INK, lw=1, zorder=1 if across else 3, **look)


def axis(ax: Axes, ticks: dict[float, str], limits: tuple[float, float]) -> None:
    """Write words under the axis; those at its ends stay within the panel."""
    ax.minorticks_off()
    ax.set_xlim(limits)
    ax.set_xticks(list(ticks), list(ticks.values()), parse_math=False)
    sides = {limits[0]: "left", limits[1]: "right"}
    for x, text in zip(ticks, ax.get_xticklabels(), strict=True):
        text.set_horizontalalignment(sides.get(x, "center"))


def dots(rows: Rows, table, x: str) -> None:
    """Draw a swarm of equally likely values `x` a `label`, those above zero in the accent."""
    import seaborn as sns

    table = rounded(table)
    y = table["label"].map(dict(zip(table["label"].unique(), rows.y, strict=True)))
    tint = {"hue": table[x] > 0, "palette": {True: ACCENT, False: HAIR}, "legend": False}
    look = {"orient": "h", "native_scale": True, "size": 4, "ax": rows.ax}
    sns.swarmplot(x=table[x], y=y, **look, **tint)
    line(rows, 0)
    rows.ax.set(xlabel="", ylabel="", yticks=[])


def curve(ax: Axes, table, points: pd.DataFrame) -> None:
    """Draw a line of `p50` over `x`, its band from p5 to p95, and `points` on it, each in its
    `color`."""
    import seaborn as sns

    table, points = rounded(table), rounded(points)
    x = np.geomspace(table["x"].min(), table["x"].max(), 150)  # on a logarithmic axis
    p5, p50, p95 = (np.interp(x, table["x"], table[p]) for p in ("p5", "p50", "p95"))
    ax.fill_between(x, p5, p95, color=REST, lw=0)
    sns.lineplot(x=x, y=p50, color=ACCENT, lw=2.4, ax=ax, errorbar=None)
    sns.scatterplot(points, x="x", y="y", c=list(points["color"]), s=60, ax=ax, **POINT)
    ax.set(xscale="log", xlabel="", ylabel="", yticks=[])
    ax.minorticks_off()


def waffle(sheet: Sheet, table, unit: float) -> None:
    """Draw squares of `unit` each, `part` of `whole` in the accent: a block a row of the table, its
    texts above it; blocks fill lines from the left."""
    import seaborn as sns

    tall, columns = (20, 28) if sheet.small else (10, 51)
    pitch, squares, texts, top, left = sheet.room / columns, [], [], 2.0, 0.0
    for row in rounded(table).itertuples():
        cells = np.arange(max(round(row.whole / unit), 1))
        parts = [(getattr(row, text), sheet.sized(FONTS[text])) for text in FONTS]
        across = max(cells[-1] // tall, sum(width(t, **font) + 0.1 for t, font in parts) / pitch)
        if left and left + across > columns:
            top, left = top + tall + 3.5, 0.0
        block = pd.DataFrame({"x": left + cells // tall, "y": top + cells % tall})
        filled = cells < max(round(row.part / unit), row.part > 0)
        squares.append(block.assign(color=np.where(filled, ACCENT, REST)))
        texts.append((parts, left - 0.5, top - 1))
        left += across + 2
    squares = pd.concat(squares)
    high = squares["y"].max() + 0.6
    ax = sheet.panel(pitch * high)
    look = {"marker": "s", "s": (72 * pitch * 0.86) ** 2, "linewidth": 0, "legend": False, "ax": ax}
    sns.scatterplot(squares, x="x", y="y", c=list(squares["color"]), **look)
    for parts, x, y in texts:
        run(ax, parts, x, y)
    ax.set(xlim=(-0.5, columns - 0.5), ylim=(high, 0), xticks=[], yticks=[], xlabel="", ylabel="")


def heat(ax: Axes, table: pd.DataFrame) -> None:
    """Draw shares by two assumptions, a tenth a colour, those above one half framed together."""
    import seaborn as sns

    look = {"cmap": ListedColormap(HEAT), "vmin": 0, "vmax": 1, "cbar": False, "linewidths": 1.5}
    look |= {"xticklabels": True, "yticklabels": True}
    table = rounded(table)
    sns.heatmap(table, ax=ax, annot=True, fmt=".0%", annot_kws={"size": 10.5}, **look)
    values = table.to_numpy()
    for text, value in zip(ax.texts, values[~np.isnan(values)], strict=True):
        text.set_color("white" if value >= HALF else INK)
    over = np.pad(values > HALF, 1)
    line = {"color": INK, "lw": 2.2, "clip_on": False, "capstyle": "projecting"}
    down, across = np.argwhere(over[:, 1:] != over[:, :-1]), np.argwhere(over[1:] != over[:-1])
    ax.vlines(down[:, 1], down[:, 0] - 1, down[:, 0], **line)
    ax.hlines(across[:, 0], across[:, 1] - 1, across[:, 1], **line)
    ax.tick_params(labelrotation=0, length=0)
    ax.set(xlabel="", ylabel="")


def cloud(ax: Axes, points, band, closed) -> None:
    """Draw points `x`, `p50` on two log axes, a line with its band, and predictions in the accent;
    a `label` stands at the side `ha` of its point, `dy` points above the height `at`."""
    import seaborn as sns

    points, band, closed = map(rounded, (points, band, closed))
    ax.fill_between(band["x"], band["p5"], band["p95"], color=REST, lw=0)
    sns.lineplot(band.iloc[[0, -1]], x="x", y="p50", color=HAIR, lw=1.8, ax=ax)
    ax.vlines(closed["x"], closed["p5"], closed["p95"], color=ACCENT, lw=3, zorder=3)
    for table, color, size, font in ((points, QUIET, 30, NOTE), (closed, ACCENT, 62, NUMBER)):
        look = {"color": color, "s": size, "edgecolor": "white", "linewidth": 0.6, "zorder": 4}
        sns.scatterplot(table, x="x", y="p50", ax=ax, **look)
        for row in table.itertuples():
            dx = {"left": 8, "right": -8, "center": 0}[row.ha]
            side = {"ha": row.ha, "va": "center_baseline"}
            side |= {"arrowprops": LEADER | {"relpos": (0.5, 1)}} if abs(row.dy) > 30 else {}
            put(ax, row.label, row.x, row.at, dx, row.dy, **side, **font)
    ax.set(xscale="log", yscale="log", xlabel="", ylabel="")
    ax.minorticks_off()


def timeline(sheet: Sheet, spans: pd.DataFrame, events: pd.DataFrame) -> None:
    """Draw a pair of spans `start` to `end` for each `row`, what leads and what follows (`lead`),
    and events on the second: dots of an area `size`, their labels below, each where it has room."""
    days, across = dates.date2num, sheet.room
    limits = days(spans["start"].min()), days(spans["end"].max())
    inch = across / (limits[1] - limits[0])  # of a day
    note = sheet.sized(NOTE)
    placed, bands, top = [], {}, 0.0
    for row in spans["row"].unique():
        bands[row], lines = top + 0.33, [across + 9]  # where the leftmost label of a line starts
        mine = events[events["row"] == row].sort_values("day", ascending=False)
        for event in mine.itertuples():
            at, long = inch * (days(event.day) - limits[0]), width(event.label, **note) + 0.1
            start = min(at, across - long)
            line = next((i for i, left in enumerate(lines) if start + long <= left), len(lines))
            lines[line:] = [start, *lines[line + 1 :]] if event.label else lines[line:]
            placed.append((event, at, start, line))
        top += 0.98 + 0.19 * (len(lines) if len(mine[mine["label"] != ""]) else 0)
    ax = sheet.panel(top - 0.1, top=0.25)
    for span in spans.itertuples():
        y, start = bands[span.row] + 0.27 * span.lead, days(span.start)
        color = HEAT[2] if span.lead else REST
        ax.barh(y, days(span.end) - start, 0.22, start, color=color)
        put(ax, span.text, start, y, 5, va="center_baseline", **note)
        put(ax, "" if span.lead else span.row, start, y - 0.17, **NAME)
    for event, at, start, line in placed:
        y = bands[event.row] + 0.27
        look = {"color": ACCENT, "lw": 0.8, "edgecolor": "white", "zorder": 5}
        ax.scatter(days(event.day), y, event.size, **look)
        shift = 72 * (start - at), -27 - 14 * line
        put(ax, event.label, days(event.day), y, *shift, **note, arrowprops=LEADER)
    ax.set(ylim=(top - 0.1, 0), yticks=[])
    ax.xaxis.tick_top()
    months = pd.date_range(spans["start"].min(), spans["end"].max(), freq="6MS").normalize()
    axis(ax, {days(month): f"{month:%b %Y}" for month in months}, limits)
    for text in ax.get_xticklabels():
        text.set_horizontalalignment("left")
    ax.tick_params(labelsize=PLAIN["size"] * sheet.scale)
