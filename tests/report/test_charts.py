"""Charts draw what their tables say, and say it in words."""

import itertools
import re
import string

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure as Sheet
from matplotlib.text import Text

import training_share as ts
from training_share.report import words
from training_share.report.figure import ACCENT, DARK, HEAT, IN_THE_DARK, INK, REST, look
from training_share.report.text import reach, share, signed, ten, times

FEW = {"n_draws": 1000}
ROW = pd.DataFrame({"p5": [0.1], "p50": [0.2], "p95": [0.4]}, index=pd.Index(["a"], name="row"))


def texts(figure) -> list[str]:
    found = figure.drawing.findobj(Text)
    return [text.get_text() for text in found if text.get_visible() and text.get_text().strip()]


@pytest.fixture(scope="module")
def minimax():
    return ts.estimate("minimax", **FEW)


@pytest.fixture(scope="module")
def comparison():
    return ts.compare(ts.shares.printed(), **FEW)


def both(table_of, *arguments) -> dict[str, pd.DataFrame]:
    names = {"MiniMax": "minimax", "Z.ai": "zai"}
    return {name: table_of(key, *arguments, n_draws=500) for name, key in names.items()}


MARKET = ("mfu", [0.1, 0.2]), ("price_usd_per_gpu_hour", [2.0, 4.0])
NAMES = {"minimax": "MiniMax", "zai": "Z.ai", "openai": "OpenAI", "ai2": "Ai2"}
MADE = {  # a chart by an estimate of MiniMax and a comparison: its function and what it takes
    "ratio": lambda est, three: (three,),
    "ratio of one": lambda est, three: (est,),
    "ratio, careful": lambda est, three: (est.again(scenario="careful"),),
    "ratio beyond all": lambda est, three: (est.again(mfu="0.04"),),
    "ratio, measured": lambda est, three: (ts.estimate("ai2", **FEW),),
    "scenarios": lambda est, three: (ts.shares.ratio_table(three),),
    "variants": lambda est, three: (ts.shares.variants_table(est), est),
    "intervals": lambda est, three: (ts.corrections.beliefs("minimax", **FEW),),
    "steps": lambda est, three: (ts.audit("minimax", **FEW), "MiniMax"),
    "effects": lambda est, three: (both(ts.corrections.effects_alone),),
    "cost": lambda est, three: (est,),
    "cost in hours": lambda est, three: (ts.estimate("ai2", **FEW),),
    "worked": lambda est, three: (est, "minimax-text-01"),
    "hailuo": lambda est, three: (est,),
    "hailuo, careful": lambda est, three: (est.again(scenario="careful"),),
    "chances": lambda est, three: (ts.corrections.how_sure(three),),
    "higher": lambda est, three: (three,),
    "dollars": lambda est, three: (three,),
    "dollars of one": lambda est, three: (est,),
    "calendar": lambda est, three: (three,),
    "surface": lambda est, three: (both(ts.sensitivity.surface, *MARKET),),
    "settling": lambda est, three: ({"MiniMax": ts.information.what_would_settle(est)},),
    "breaking": lambda est, three: (both(ts.sensitivity.breaking_points),),
    "scaling": lambda est, three: ts.closed_models.scaling_band(est, "video"),
    "pattern": lambda est, three: (ts.pattern(**FEW).table(),),
    "next_share": lambda est, three: (ts.pattern(**FEW).prior_and_posterior(),),
    "over_time": lambda est, three: (ts.measured.windows(n_draws=500),),
}


def faults(figure, pixels: int) -> list[str]:
    """Return texts that are cut, that overlap, that are below 9 px on a page so many pixels wide,
    or that are keys of the tables."""
    with look():
        figure.drawing.draw_without_rendering()
        wide, high = figure.drawing.get_size_inches() * figure.drawing.dpi
        found = [text for text in figure.drawing.findobj(Text) if text.get_text().strip()]
        boxes = [(text.get_text(), Text.get_window_extent(text)) for text in found]
    inches = figure.drawing.get_figwidth()
    small = [t.get_text() for t in found if t.get_fontsize() / 72 / inches * pixels < 9]
    inside = [b.x0 >= 0 and b.y0 >= 0 and b.x1 <= wide + 0.5 and b.y1 <= high for _, b in boxes]
    cut = [text for (text, _), within in zip(boxes, inside, strict=True) if not within]
    over = [
        f"{one} / {two}"
        for (one, a), (two, b) in itertools.combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 3
    ]
    keys = {*ts.load().cells_of, *ts.load().evidence_names, "newsletter", "careful", "appendix"}
    named = [text for text, _ in boxes if text in keys or re.search(r"\w_\w|nan\b", text)]
    return [*small, *cut, *over, *named]


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE)
def test_every_chart_reads_on_a_page_and_on_a_phone(name, minimax, comparison):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    draw, given = getattr(ts.charts, re.split("[ ,]", name)[0]), MADE[name](minimax, comparison)
    figure = draw(*given)
    assert faults(figure, 600) == [] and faults(draw(*given, narrow=True), 390) == []
    assert figure.title and figure.title in figure.alt and figure.alt.endswith(".")
    assert any(letter.isdigit() for letter in figure.alt) and not figure.table.empty
    assert not re.search(r"nan|None|\{|\}|  ", f"{figure.alt} {figure.source}")
    written = re.sub(r"\s+", "", "".join(texts(figure)))
    for words_ in (figure.title, figure.subtitle, figure.source):
        assert re.sub(r"\s+", "", words_) in written
    assert dict(mpl.rcParams) == before


# --- words ----------------------------------------------------------------------------------------
FIELDS = {  # by kind: numbers that a chart or a sentence may meet
    "share": [0.0, 0.0004, 0.004, 0.09, 0.5, 1.0, 1.73],
    "chance": [0.0, 0.001, 0.07, 0.999, 1.0],
    "times": [1.0, 1.4, 2.0, 12.3],
    "counted": [0, 1, 2, 4, 12],
    "listed": [["A"], ["A", "B"], ["A", "B", "C"]],
    "|": [0, 1, 2],
    "": ["some words"],
    "lower": ["Words"],
    "number": [0.4, 2.26, 39.0, 1e24],  # of any other kind
}
FAULT = r"[{}]|nan|\b1\.0\b|  |\n\n\n| [.,;:)]|\(\)|\b(one|1)( training)? (?!of|believes)[a-z]+s\b"


def fields(template: str):
    """The fields of a template with their kinds, and those inside of others."""
    for _, name, spec, _ in string.Formatter().parse(template):
        if name:
            yield name, "?" if spec[:1] == "?" else "|" if "|" in spec else spec
            yield from fields(spec)


def numbers_for(template: str, turn: int) -> dict:
    """What may fill a template; of what is not always said, also nothing."""
    found, numbers = list(fields(template)), {}
    for name in dict(found):
        kinds = {kind for other, kind in found if other == name}
        values = next((FIELDS[kind] for kind in FIELDS if kind in kinds), FIELDS["number"])
        values = [*values, type(values[0])()] if "?" in kinds else values
        if kinds != {""} or name not in words.templates()["common"]:
            numbers[name] = values[turn % len(values)]
    return numbers


def test_every_template_reads_for_every_number():
    found = []
    for chart, parts in words.templates().items():
        for key in parts if "title" in parts else ():
            case, kinds = key.partition("_")[2], ("title", "about", "source")
            used = " ".join(parts.get(f"{kind}_{case}", parts.get(kind, "")) for kind in kinds)
            for turn in range(7):
                found += words.words_of(chart, case, numbers_for(used, turn))
    assert all(text[:1] == text[:1].upper() for text in found)
    for template in words.templates()["sentences"].values():
        found += [words.fill(template, numbers_for(template, turn)) for turn in range(7)]
    for text in found:
        assert text == text.strip() and not re.search(FAULT, text), text


def test_numbers_in_words():
    assert [share(x) for x in (0.0004, 0.004, 0.096, 1)] == ["under 0.1%", "0.4%", "10%", "100%"]
    assert reach(0.04, 0.27) == "4 to 27%" and reach(0.178, 0.179) == ""
    assert reach(0.9, 1.62) == "90 to 162%" and reach(0.004, 0.02) == "0.4 to 2%"
    assert ten(3.3e24, " FLOP").replace("\u00a0", " ") == "3.3 × 10²⁴ FLOP"
    assert [times(x) for x in (1.02, 2.0, 12.4)] == ["about", "twice", "12\u00a0times"]
    assert words.fill("{n:a run|runs} of {n:counted}", {"n": 1}) == "a run of one"
    assert [signed(x) for x in (-0.04, 1.25, -4.0)] == ["+0.0", "+1.2", "−4.0"]
    assert words.label("rl-mfu-measured") == "RL uses GPUs as poorly as was measured"
    assert words.label("a choice of mine") == "A choice of mine"
    assert {*ts.load().cells_of, *ts.load().evidence_names} <= {*words.templates()["labels"]}


# --- what single charts say -----------------------------------------------------------------------
def test_ratio_bars_are_the_medians_and_the_printed_share_stands_beside_the_name(comparison):
    figure = ts.charts.ratio(comparison)
    bars = {color: [] for color in (REST, ACCENT)}
    for bar in figure.axes[0].patches:
        bars[to_hex(bar.get_facecolor())].append(bar.get_width())
    assert bars == {REST: [1, 1, 1], ACCENT: pytest.approx(list(figure.table["share_p50"]))}
    for name, printed in (("OpenAI", "9.6"), ("MiniMax", "22.6"), ("Z.ai", "12.3")):
        assert name in texts(figure) and f"Epoch AI: {printed}%" in figure.alt


@pytest.mark.parametrize(
    ("companies", "share", "title"),
    [
        (1, 0.227, "About 23% of MiniMax's R&D compute spending went to final training runs"),
        (1, 1.04, "At these settings MiniMax's final training runs would have cost 104% of"),
        (2, 0.004, "Final training runs probably took less than half of R&D compute: 0.4% at"),
        (2, 0.6, "Share of R&D compute that went to final training runs: about 60% at MiniMax"),
        (5, 0.3, "Final training runs took 30% to 30% of R&D compute at five companies"),
    ],
)
def test_the_title_of_the_ratio_chart_is_what_its_numbers_say(comparison, companies, share, title):
    rows = ts.shares.headline(comparison).iloc[[1, 2, 1, 2, 1]]
    rows = rows.assign(share_p50=share, share_p95=share + 0.1)
    rows["company"] = list("abcde")
    assert ts.charts.ratio(rows.head(companies)).title.startswith(title)
    bound = rows.head(1).assign(caveat="lower bound", share_p50=0.2)
    assert ts.charts.ratio(bound).title.startswith("At least 20% of MiniMax's")


def test_an_interval_beyond_all_of_the_compute_ends_in_an_arrow():
    for high, arrows in ((0.9, 0), (1.7, 1)):
        figure = ts.charts.intervals(ROW.assign(p95=high))
        assert sum(line.get_marker() == ">" for line in figure.axes[0].lines) == arrows
        assert f"10 to {100 * high:.0f}%" in texts(figure)
        assert ("An arrow: beyond 100%" in figure.subtitle) == bool(arrows)


def test_what_is_unknown_and_what_is_a_bound_is_told():
    unknown = pd.DataFrame({"p5": np.nan, "p50": np.nan, "p95": np.nan}, index=["b"])
    bound = ROW.set_axis(["c"]).assign(caveat="lower bound")
    figure = ts.charts.intervals(pd.concat([ROW.assign(caveat=""), unknown, bound]))
    assert {"A", "B", "no estimate", "C, at least"} <= set(texts(figure))
    assert "A, 20%, 10 to 40%; B, no estimate; C, at least, 20%" in figure.alt


def test_a_changed_run_says_so_on_its_chart_in_its_words_and_in_its_numbers(minimax):
    changed = minimax.again(mfu="0.30 to 0.50 (p10-p90 lognormal)")
    told = "newsletter, changed: MFU 0.30 to 0.50"
    table = pd.DataFrame({"width": [0.1], "now": [0.4]}, index=["GPU price"])
    for figure in (
        ts.charts.cost(changed),
        ts.charts.ratio(changed),
        ts.charts.settling({"MiniMax": table}, changed=told),
    ):
        assert told.capitalize()[:10] + told[10:] in texts(figure)
        assert figure.alt.startswith(f"Changed run ({told}). ")
        assert (figure.table["changed"] == told).all()
    same = ts.charts.cost(minimax)
    assert "hanged" not in same.alt and "changed" not in same.table
    other = ts.charts.cost(minimax.again(scenario="appendix"))
    assert other.alt.startswith("The newsletter's appendix. ") and "changed" not in other.table
    assert "The newsletter's appendix" in texts(other)
    assert "The newsletter's text" not in texts(same)


def test_cost_ranks_the_largest_runs_and_pools_the_small_ones(minimax):
    figure, costs = ts.charts.cost(minimax), minimax.cost_table()["p50"]
    table = figure.table
    assert table["p50"].iloc[0] == costs["total"] and table["runs"].iloc[1:].sum() == 22
    assert figure.title.startswith("Hailuo 02 is MiniMax's costliest run: $1")
    assert table["p50"].iloc[1:-1].is_monotonic_decreasing and "14 smaller runs" in texts(figure)


def test_hours_are_never_written_as_dollars():
    est = ts.estimate("ai2", **FEW)
    for figure in (ts.charts.cost(est), ts.charts.ratio(est)):
        told = " ".join([*texts(figure), figure.alt])
        assert "$" not in told and "USD" not in told and "M h" in told


def test_the_chain_of_a_run_is_its_trace(minimax):
    figure, trace = ts.charts.worked(minimax, "minimax-text-01"), minimax.trace("minimax-text-01")
    assert list(figure.table.index) == ["flop", "mfu", "gpu_hours", *trace.index[-2:]]
    for step, row in figure.table.iterrows():
        assert row["median"] == trace.loc[step, "p50"]
        assert row["p95"] == pytest.approx(trace.loc[step, "p95"] / trace.loc[step, "p50"])
    with pytest.raises(ts.InputError, match="no step leads to it"):
        ts.charts.worked(ts.estimate("openai", **FEW), "openai-gpt-4.5")


def test_a_majority_by_hailuos_compute_is_where_the_median_passes_half(minimax):
    figure = ts.charts.hailuo(minimax)
    told = re.search(r"take ([\d.]+) × 10²⁵ FLOP", figure.title.replace("\u00a0", " "))
    there = minimax.with_cells(("training_runs", "hailuo-02-pretraining", "flop", f"{told[1]}e25"))
    assert np.median(there.share) == pytest.approx(0.5, abs=0.02)
    with pytest.raises(ts.InputError, match="zai has no Hailuo 02"):
        ts.charts.hailuo(ts.estimate("zai", **FEW))


def test_squares_count_the_dollars_on_one_scale(comparison):
    figure = ts.charts.dollars(comparison)
    (squares,) = figure.axes[0].collections
    colors = [to_hex(color) for color in squares.get_facecolors()]
    squares = (figure.table[["final_training", "other_rd"]].cumsum(axis=1) / 10).round().sum()
    assert [colors.count(ACCENT), len(colors)] == list(squares)
    assert "Each square is $10M" in figure.subtitle


def test_dots_are_draws_of_who_is_higher_in_the_accent(comparison):
    figure = ts.charts.higher(comparison)
    figure.drawing.draw_without_rendering()
    for (_, rows), dots in zip(
        figure.table.groupby("label", sort=False), figure.axes[0].collections, strict=False
    ):
        above = rows["value"].to_numpy() > 0
        assert len(dots.get_offsets()) == ts.shares.DOTS
        assert above.mean() == pytest.approx(rows["probability"].iloc[0], abs=1.5 / len(above))
        assert {to_hex(c) for c in dots.get_facecolors()[above]} <= {ACCENT}


def test_weights_of_evidence_move_what_is_drawn(minimax):
    careful = minimax.again(scenario="careful")
    table = ts.charts.ratio(careful).table
    assert table["share_p50"].iloc[0] == careful.share_quantiles["p50"] != np.median(careful.share)
    assert "“Our corrections”: simulations that agree" in ts.charts.ratio(careful).source


def test_breaking_points_lead_where_they_are_likely_and_leave_out_what_cannot_be():
    columns = ["label", "factor", "chance", "chance_predictive"]
    rows = [("GPU price", 2.0, 0.002, np.nan), ("FLOP of X", 4.0, 0.0, 0.16)]
    rows += [("RL fractions", np.nan, np.nan, np.nan), ("R&D compute", 0.4, np.nan, np.nan)]
    figure = ts.charts.breaking({"A": pd.DataFrame(rows, columns=columns)})
    title = figure.title.replace("\u00a0", " ")
    assert title.endswith(
        "X is the most likely to be so far off that A's final runs pass half: a chance of 16%"
    )
    assert {"× 2", "<1%", "÷ 2.5", "taken as exact", "16%"} <= set(texts(figure))
    assert "Size of RL" not in texts(figure)


def test_a_surface_frames_what_is_above_half_and_its_digits_contrast_with_their_cells():
    """At least 4.5 to 1, as the web's guidelines ask of small text, light and dark."""
    cells = pd.DataFrame(np.linspace(0, 1.2, 49)[None, :])
    figure = ts.charts.surface(cells.rename_axis(index="mfu", columns="rl_fraction"))
    (ax,) = figure.axes
    fills = ax.collections[0].get_facecolors()
    for text, fill in zip(ax.texts, fills, strict=True):
        shades = [to_hex(text.get_color()), to_hex(fill)]
        for one, two in (shades, [IN_THE_DARK[shade] for shade in shades]):
            light, dark = sorted(map(luminance, (one, two)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, text
    framed = [path for lines in ax.collections[1:] for path in lines.get_paths()]
    assert len(framed) == 2 + 2 * int((cells > 0.5).to_numpy().sum())
    assert len(HEAT) == 10 and len(DARK) == len(IN_THE_DARK) and INK in IN_THE_DARK


def luminance(color) -> float:
    """Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    channels = np.array(to_rgb(color))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_a_chart_on_given_axes_keeps_their_font_and_fits_85_millimetres(minimax):
    import matplotlib as mpl

    with mpl.rc_context({"font.family": "serif"}):
        sheet = Sheet(figsize=(85 / 25.4, 3.2))
        ax = sheet.subplots()
    figure = ts.charts.ratio(minimax, ax=ax)
    assert figure.drawing is sheet and figure.axes == (ax,)
    assert {text.get_fontfamily()[0] for text in ax.texts} == {"serif"}
    box = ax.get_position().width * sheet.get_figwidth() * sheet.dpi
    assert all(Text.get_window_extent(text).width <= box for text in ax.texts)
    with pytest.raises(ts.InputError, match="the chart has 1 panels, and 2 axes"):
        ts.charts.ratio(minimax, ax=list(Sheet().subplots(1, 2)))
    with pytest.raises(ts.InputError, match="more than 1 panels"):
        ts.charts.hailuo(minimax, ax=Sheet().subplots())
