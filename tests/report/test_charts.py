"""Charts draw what their tables say, and say it in words."""

import numpy as np
import pandas as pd
import pytest

import training_share as ts
from training_share.report.figure import Figure

ROW = pd.DataFrame({"p5": [0.1], "p50": [0.2], "p95": [0.4]}, index=pd.Index(["a"], name="row"))


def words(ax) -> str:
    return " / ".join(text.get_text() for text in ax.texts)


@pytest.fixture(scope="module")
def est():
    return ts.estimate("zai", n_draws=1000)


def test_ratio_bars_are_the_medians():
    table = ts.shares.ratio_table("minimax,zai", "newsletter", n_draws=2000)
    figure = ts.charts.ratio(table)
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    assert widths[0::2] == [1.0] * len(table)
    assert widths[1::2] == pytest.approx(list(table["share_p50"]))
    for row in table.itertuples():
        assert f"{row.label} {100 * row.share_p50:.1f}% (" in figure.alt


def test_cost_starts_with_the_total_and_names_the_costliest_runs(est):
    cost, figure = est.cost_table(), ts.charts.cost(est)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    dearest = cost.drop(index="total")["p50"].idxmax()
    assert labels[:2] == ["total", dearest] and set(labels) == set(cost.index)
    assert f"Total USD {cost.loc['total', 'p50']:.0f} million" in figure.alt
    assert f"costliest runs: {dearest} USD" in figure.alt
    pd.testing.assert_frame_equal(figure.table, cost, rtol=1e-9)


def test_intervals_leave_out_what_is_unknown_and_say_what_a_hollow_dot_is():
    unknown = pd.DataFrame({"p5": np.nan, "p50": np.nan, "p95": np.nan}, index=["b"])
    figure = ts.charts.intervals(pd.concat([ROW, unknown]))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a"]
    assert figure.alt.endswith(": a 20.0% (10.0% to 40.0%).") and len(figure.table) == 2
    assert "hollow" not in figure.axes[0].get_xlabel()
    hollow = ts.charts.intervals(ROW.assign(incomplete=True))
    assert "hollow: a lower bound" in hollow.axes[0].get_xlabel()


def test_scaling_names_every_model():
    line, band, predicted = ts.closed_models.scaling_band("video")
    figure = ts.charts.scaling(line, band, predicted)
    for name in [*line.models["model"], *predicted.index]:
        assert name in words(figure.axes[0])
    assert all(name in figure.alt for name in predicted.index)
    assert figure.axes[0].get_xlabel() == "Parameters x pixels"


def test_drivers_show_both_tables_and_change_neither():
    est = ts.estimate("minimax", n_draws=2000)
    table, tornado = est.drivers(n=128), est.tornado()
    copies = table.copy(), tornado.copy()
    left, right = ts.charts.drivers(table, tornado).axes
    assert table.equals(copies[0]) and tornado.equals(copies[1])
    assert [tick.get_text() for tick in left.get_yticklabels()] == list(table["driver"].head(8))
    row = tornado.set_index("driver").loc[table["driver"][0]]
    for end, share in (("p10", row.share_low), ("p90", row.share_high)):
        assert f"{end} {100 * share:.1f}%" in words(left)
    assert right.get_xlim()[0] == 0


def test_surface_writes_every_cell_and_frames_those_above_the_threshold():
    cells = pd.DataFrame([[0.1, 0.6], [0.3, 0.76]], index=pd.Index([1, 2], name="mfu"))
    figure = ts.charts.surface({"A": cells.rename_axis(columns="rl_fraction")})
    (ax,) = figure.axes
    assert words(ax) == "30 / 76 / 10 / 60"
    assert [frame.get_xy() for frame in ax.patches] == [(1, 0), (1, 1)]
    assert "A: 10.0% to 76.0%, above 50% in 2 of 4 cells" in figure.alt


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
        ts.charts.denominators({"Z.ai": ts.corrections.denominators("zai", **few)}, color),
        ts.charts.lags({"Z.ai": ts.sensitivity.lag_and_window("zai", **few)}, color),
        ts.charts.breaking({"Z.ai": ts.sensitivity.breaking_points("zai", **few)}, color),
        ts.charts.flop(ts.closed_models.estimators()),
        ts.charts.dollars(ts.shares.dollars_table("zai", **few)),
    ]
    for figure in figures:
        assert isinstance(figure, Figure) and any(letter.isdigit() for letter in figure.alt)
        assert figure.alt.endswith(".") and not figure.table.empty


def test_charts_leave_pyplot_alone(est):
    """No figure is kept for a window that never opens, or drawn a second time under its cell."""
    import matplotlib.pyplot as plt

    ts.charts.cost(est)
    assert plt.get_fignums() == []


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


def test_what_is_inferred_is_drawn_hollow():
    table = ts.measured.over_time(n_draws=300)
    assert table["inferred"].tolist() == table["incomplete"].tolist() == [0, 0, 1, 0, 1]
    figure = ts.charts.over_time(table)
    hollow = [
        line.get_markerfacecolor() == "white"
        for ax in figure.axes
        for line in ax.lines
        if line.get_marker() == "o"
    ]
    assert hollow == table["inferred"].tolist()
    assert figure.alt.count("%, spending partly inferred, a lower bound") == 2
    careful = ts.measured.over_time(scenario="careful", n_draws=300)  # no owned compute of H2 2025
    assert careful["company"].tolist() == ["openai", "minimax", "minimax", "zai"]


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
    assert "Measured" in figure.axes[0].get_title(loc="left")
