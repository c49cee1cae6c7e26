"""Charts draw what their tables say, and say it in words."""

import numpy as np
import pandas as pd
import pytest
from arithmetic import NEWSLETTER
from matplotlib.colors import to_hex, to_rgb

import training_share as ts
from training_share.report.figure import Figure

ROW = pd.DataFrame({"p5": [0.1], "p50": [0.2], "p95": [0.4]}, index=pd.Index(["a"], name="row"))


def words(ax) -> str:
    return " / ".join(text.get_text() for text in ax.texts)


@pytest.fixture(scope="module")
def est():
    return ts.estimate("zai", n_draws=1000)


@pytest.fixture(scope="module")
def comparison():
    return ts.compare(ts.shares.printed(), n_draws=2000)


@pytest.fixture(scope="module")
def settings():
    return ts.shares.ratio_table("minimax,zai", n_draws=500)


def test_ratio_bars_are_the_medians(comparison):
    table = ts.shares.headline(comparison)
    figure = ts.charts.ratio(table)
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    assert widths[0::2] == [1.0] * len(table)
    assert widths[1::2] == pytest.approx(list(table["share_p50"]))
    diamonds = [line.get_xdata() for line in figure.axes[0].lines if line.get_marker() == "D"]
    assert [float(x[0]) for x in diamonds] == pytest.approx(list(table["published"]))
    for row in table.itertuples():
        assert f"{row.label} {100 * row.share_p50:.1f}% (" in figure.alt
        assert f"{row.label} {100 * row.published:.1f}%" in figure.alt
        assert f"{100 * row.share_p50:.1f}%" in words(figure.axes[0])


@pytest.mark.parametrize(
    ("medians", "finding"),
    [
        ((0.1, 0.2, 0.3), "Final training runs take a minority of R&D compute at all three"),
        ((0.1, 0.6, 0.3), "Final training runs take a minority of R&D compute at two of three"),
        ((0.7, 0.6, 0.8), "Final training runs take more than half of R&D compute at all three"),
    ],
)
def test_the_title_of_the_ratio_chart_changes_with_its_numbers(comparison, medians, finding):
    table = ts.shares.headline(comparison).assign(share_p50=medians)
    figure = ts.charts.ratio(table)
    assert figure.title == f"{finding} companies"
    written = " ".join(text.get_text().replace("\n", " ") for text in figure.drawing.texts)
    assert figure.title in written and figure.subtitle in written and figure.source in written


def test_an_interval_beyond_all_of_the_compute_ends_in_an_arrow(comparison):
    table = ts.shares.headline(comparison)
    for high, arrows in ((0.9, 0), (1.7, 1)):
        one = table.head(1).assign(share_p95=high)
        ax = ts.charts.ratio(one).axes[0]
        assert sum(line.get_marker() == ">" for line in ax.lines) == arrows
        assert f"{100 * high:.0f}%" in words(ax)


def test_every_setting_has_its_dot_and_its_chance_of_more_than_half(settings):
    figure = ts.charts.scenarios(settings)
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [float(dot.get_xdata()[0]) for dot in dots] == pytest.approx(
        [
            share
            for _, rows in settings.groupby("company", sort=False)
            for share in rows["share_p50"]
        ]
    )
    worst = settings.loc[settings["over_half"].idxmax()]
    assert f"{worst.label} is over half in {100 * worst.over_half:.0f}%" in figure.title
    above = ts.charts.scenarios(settings.assign(share_p50=0.6))
    assert above.title.startswith("Over half in the median: MiniMax, newsletter")


def test_cost_ranks_the_largest_runs_by_name_and_pools_the_small_ones():
    est = ts.estimate("minimax", n_draws=1000)
    every, figure = est.cost_table(), ts.charts.cost(est)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    table = figure.table
    assert labels[0] == f"Total of {len(est.runs)} runs" and table["runs"].iloc[1:].sum() == len(
        est.runs
    )
    assert table["p50"].iloc[0] == pytest.approx(every.loc["total", "p50"])
    named = table.iloc[1:-1]
    assert named["p50"].is_monotonic_decreasing and named["runs"].eq(1).all()
    largest = every.drop(index="total")["p50"].nlargest(len(named)).index
    assert est.runs[largest[0]].model == labels[1]
    pooled = est.costs.drop(columns=largest).sum(axis=1) / 1e6
    assert table["p50"].iloc[-1] == pytest.approx(np.median(pooled))
    assert f"Total USD {every.loc['total', 'p50']:.0f} million" in figure.alt
    assert f"costliest runs: {labels[1]} USD" in figure.alt


def test_no_run_is_pooled_alone(est):
    """A company of two runs has both by name."""
    openai = ts.shares.largest_runs(ts.estimate("openai", n_draws=1000), most=1)
    assert list(openai["runs"]) == [2, 1, 1] and "smaller" not in openai.index[-1]
    assert not (ts.shares.largest_runs(est)["runs"].iloc[1:-1] != 1).any()


def test_intervals_leave_out_what_is_unknown_and_say_what_a_hollow_dot_is():
    unknown = pd.DataFrame({"p5": np.nan, "p50": np.nan, "p95": np.nan}, index=["b"])
    figure = ts.charts.intervals(pd.concat([ROW, unknown]))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a", "b"]
    assert "no estimate" in words(figure.axes[0])
    assert ": a 20.0% (10% to 40%)." in figure.alt and "Without an estimate: b." in figure.alt
    assert len(figure.table) == 2 and "hollow" not in figure.axes[0].get_xlabel()
    hollow = ts.charts.intervals(ROW.assign(caveat="lower bound"))
    assert "(hollow: lower bound)" in hollow.axes[0].get_xlabel()
    told = pd.concat([ROW, ROW.set_axis(["b"])]).assign(caveat=["", "lower bound"])
    dots = ts.charts.intervals(told).axes[0].lines
    white = [dot.get_ydata().tolist() for dot in dots if dot.get_markerfacecolor() == "white"]
    assert white == [[1]]


def test_dots_are_the_draws_and_count_as_probabilities(comparison):
    table = ts.shares.share_dots(comparison.estimates.values())
    figure = ts.charts.distributions(table)
    for ax, (name, est) in zip(figure.axes, comparison.estimates.items(), strict=True):
        dots = ax.collections[0].get_offsets()
        own = table[table["label"] == est.company_row.display_name]["value"]
        assert len(dots) == len(own) == ts.shares.DOTS, name
        step = 1 / 64
        assert np.abs(np.sort(dots[:, 0]) - np.sort(own)).max() <= step / 2 + 1e-9
        assert len({(round(x, 9), y) for x, y in dots}) == len(dots), "no dot hides another"
        assert abs((own > 0.5).mean() - (est.share > 0.5).mean()) <= 1 / ts.shares.DOTS


def test_a_pair_of_dots_has_the_colour_of_who_is_higher(comparison):
    table = ts.shares.pair_dots(comparison)
    figure = ts.charts.pairs(table)
    for ax, ((higher, lower), rows) in zip(
        figure.axes, table.groupby(["higher", "lower"], sort=False), strict=True
    ):
        dots = ax.collections[0]
        right = np.asarray(dots.get_offsets())[:, 0] > 0
        above = rows["value"].to_numpy() > 0
        assert (right == above).all(), "no bin holds dots of both signs"
        first = rows.iloc[0]
        for side, color in ((right, first["higher_color"]), (~right, first["lower_color"])):
            assert {to_hex(one) for one in dots.get_facecolors()[side]} <= {color.lower()}
        assert above.mean() == pytest.approx(rows["probability"].iloc[0], abs=1 / ts.shares.DOTS)
        assert f"{higher} above {lower}" in figure.alt


def test_a_changed_run_says_so_on_its_chart_in_its_words_and_in_its_numbers(est):
    changed = est.again(mfu="0.30 to 0.50 (p10-p90 lognormal)")
    told = "newsletter, changed: MFU 0.30 to 0.50"
    for figure in (
        ts.charts.cost(changed),
        ts.charts.ratio(ts.shares.company_ratio_table(changed), changed=ts.shares.changes(changed)),
    ):
        assert told.capitalize()[:10] + told[10:] in [t.get_text() for t in figure.drawing.texts]
        assert figure.alt.startswith(f"Changed run ({told}). ")
        assert (figure.table["changed"] == told).all()
    same = ts.charts.cost(est)
    assert "hanged" not in same.alt and "changed" not in same.table


def test_scaling_names_every_model():
    line, band, predicted = ts.closed_models.scaling_band(ts.estimate("minimax"), "video")
    figure = ts.charts.scaling(line, band, predicted)
    for name in [*line.models["model"], *predicted.index]:
        assert name in words(figure.axes[0])
    assert all(name in figure.alt for name in predicted.index)
    assert figure.axes[0].get_xlabel() == "Parameters x pixels"


def test_what_would_settle_stands_beside_what_is_known_now():
    table = pd.DataFrame({"width": [0.1, 0.3], "now": [0.4, 0.4]}, index=["cost of X", "price"])
    figure = ts.charts.settling({"A": table, "B": table}, {"A": "#0072B2", "B": "#D55E00"})
    assert figure.title.startswith("Cost of X would take A's interval from 40 points to 10; cost")
    assert "A: 40 points now; cost of X 10, price 30." in figure.alt
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    assert widths == pytest.approx([40, 40, 10, 30])


def test_breaking_points_fill_what_is_likely_and_leave_out_what_cannot_be():
    columns = ["label", "median", "value", "factor", "chance", "chance_predictive"]
    rows = [
        ("Price", 2.0, 4.0, 2.0, 0.002, np.nan),
        ("FLOP of X", 1e24, 4e24, 4.0, 0.0, 0.16),
        ("Fraction", 0.1, np.nan, np.nan, np.nan, np.nan),
        ("R&D compute", 100.0, 40.0, 0.4, np.nan, np.nan),
    ]
    table = pd.DataFrame(rows, columns=columns)
    figure = ts.charts.breaking({"A": table}, {"A": "#0072B2"})
    marks = {line.get_xdata()[0]: line for line in figure.axes[0].lines if len(line.get_xdata())}
    filled = {factor: marks[factor].get_markerfacecolor() for factor in (2.0, 4.0, 0.4)}
    assert filled == {2.0: "white", 4.0: "#0072B2", 0.4: "white"}
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"x 2 (<1%)", "x 4 (<1%, 16% of one model)", "x 0.4 (taken as exact)"} <= texts
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert labels == ["Price", "R&D compute", "FLOP of X"]
    assert figure.title.startswith("FLOP of X may be") and "Fraction" not in figure.alt
    assert ts.charts.breaking({"A": table.head(1)}, {"A": "red"}).title.startswith("No single")


def test_surface_writes_every_cell_and_frames_those_above_the_threshold():
    cells = pd.DataFrame([[0.1, 0.6], [0.3, 0.76]], index=pd.Index([1, 2], name="mfu"))
    figure = ts.charts.surface({"A": cells.rename_axis(columns="rl_fraction")})
    (ax,) = figure.axes
    assert words(ax) == "30 / 76 / 10 / 60"
    assert [frame.get_xy() for frame in ax.patches] == [(1, 0), (1, 1)]
    assert "A: 10.0% to 76.0%, above 50% in 2 of 4 cells" in figure.alt


def test_the_digits_of_a_surface_contrast_with_their_cells():
    """At least 4.5 to 1, as the web's guidelines ask of small text."""
    cells = pd.DataFrame(np.linspace(0, 1, 51)[None, :])
    (ax,) = ts.charts.surface({"A": cells}).axes
    for text, fill in zip(ax.texts, ax.collections[0].get_facecolors(), strict=True):
        light, dark = sorted(map(luminance, (text.get_color(), fill)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, text


def luminance(color) -> float:
    """Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    channels = np.array(to_rgb(color))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_equal_ratios_keep_the_order_of_the_table():
    names = ["none", *"bcad"]
    table = pd.DataFrame({"ratio": [1.0, 0.9, 1.2, 0.9 + 1e-15, 0.9 - 1e-15]}, index=names)
    residuals = pd.DataFrame({"residual": 0.1}, index=names[1:])
    figure = ts.charts.leave_one_out(table, residuals)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list("badc")


@pytest.mark.slow
def test_every_chart_has_numbers_in_its_words(est):
    few = {"n_draws": 500}
    steps = ts.corrections.moving(ts.audit("zai", **few))
    color = {"Z.ai": "#0072B2"}
    figures = [
        ts.charts.waterfall(steps, "Z.ai"),
        ts.charts.effects({"Z.ai": ts.corrections.effects_alone("zai", **few)}),
        ts.charts.lags({"Z.ai": ts.sensitivity.lag_and_window("zai", **few)}, color),
        ts.charts.breaking({"Z.ai": ts.sensitivity.breaking_points("zai", **few)}, color),
        ts.charts.flop(ts.closed_models.estimators(est)),
        ts.charts.dollars(ts.shares.dollars_table("zai", **few)),
        ts.charts.distributions(ts.shares.share_dots([est])),
    ]
    for figure in figures:
        assert isinstance(figure, Figure) and any(letter.isdigit() for letter in figure.alt)
        assert figure.alt.endswith(".") and not figure.table.empty


def test_charts_leave_pyplot_alone_and_seaborn_brings_no_style_of_its_own(est, found):
    """No figure is kept for a window that never opens, or drawn a second time under its cell."""
    import matplotlib.pyplot as plt

    ts.charts.cost(est)
    before = dict(plt.rcParams)
    ts.charts.next_share(found.prior_and_posterior())
    ts.charts.surface({"A": pd.DataFrame([[0.1, 0.6]])})
    assert dict(plt.rcParams) == before and plt.get_fignums() == []


# --- measured cases -------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def found():
    return ts.pattern(n_draws=2000)


def test_the_pattern_has_every_case_under_what_it_counts(found):
    table = found.table()
    figure = ts.charts.pattern(table)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert [label for label in labels if label] == list(table["label"])
    assert labels.count("") == table["scope"].nunique()
    shown = [text.get_text() for text in figure.axes[0].texts if text.get_text().endswith("%")]
    assert [text for text in shown if not text.startswith("\N{LESS-THAN OR EQUAL TO}")] == [
        f"{100 * share:.1f}%" for share in table.loc[table["grade"] != "bound", "p50"]
    ]
    assert "A full pipeline with reasoning RL: Olmo 3, data generation counted 15.8%" in figure.alt


def test_the_next_share_is_drawn_before_and_after(found):
    table = found.prior_and_posterior()
    figure = ts.charts.next_share(table)
    assert [ax.get_xlabel() for ax in figure.axes] == [
        "Share of the next company",
        "Spread between cases, in logits",
    ]
    for column in ("prior", "posterior"):
        assert table.query("quantity == 'share'")[column].sum() == pytest.approx(1)
    assert "the prior spreads both far wider" in figure.alt
    for ax, (_, rows) in zip(figure.axes, table.groupby("quantity", sort=False), strict=True):
        (line,) = ax.lines
        assert line.get_xdata() == pytest.approx([*rows["low"], rows["high"].iloc[-1]])
        assert line.get_ydata()[:-1] == pytest.approx(rows["posterior"], rel=1e-8)
        tops = ax.collections[0].get_paths()[0].vertices[:, 1]
        assert tops.max() == pytest.approx(rows["prior"].max(), rel=1e-8)


def test_what_is_inferred_is_drawn_hollow():
    table = ts.measured.windows(companies=NEWSLETTER, n_draws=300)
    assert table["inferred"].tolist() == [0, 0, 1, 0, 1]
    assert table["caveat"].tolist() == ["", "", "lower bound", "", "lower bound"]
    figure = ts.charts.over_time(table)
    hollow = [
        line.get_markerfacecolor() == "white"
        for ax in figure.axes
        for line in ax.lines
        if line.get_marker() == "o"
    ]
    assert hollow == table["inferred"].tolist()
    assert figure.alt.count("%, spending partly inferred, lower bound") == 2
    careful = ts.measured.windows(companies=NEWSLETTER, scenario="careful", n_draws=1000)
    assert careful["company"].tolist() == ["openai", "minimax", "minimax", "zai", "zai"]


def test_hours_are_never_written_as_dollars():
    est = ts.estimate("ai2", n_draws=300)
    for figure in (
        ts.charts.cost(est),
        ts.charts.ratio(ts.shares.company_ratio_table(est, ts.shares.chart_row)),
    ):
        figure.drawing.draw_without_rendering()
        ax = figure.axes[0]
        told = [words(ax), figure.alt, *(tick.get_text() for tick in ax.get_xticklabels())]
        assert not any("$" in text or "USD" in text for text in told) and "M h" in told[0]
