"""Charts draw what their table says, and files are the same to the byte."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import training_share as ts
from training_share.report.display import save_figure


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_ratio_chart_bars_are_the_medians():
    table = ts.shares.ratio_table("minimax,zai", "newsletter", n_draws=2000)
    axes = ts.plots.ratio_chart(table)
    widths = [bar.get_width() for bar in axes[0].patches]
    assert widths[0::2] == [1.0] * len(table)
    assert widths[1::2] == pytest.approx(list(table["share_p50"]))


def test_ratio_table_has_the_rows_of_the_issue():
    table = ts.shares.ratio_table(n_draws=1000)
    assert list(table["label"][:4]) == ["OpenAI", "MiniMax", "MiniMax without Hailuo", "Z.ai"]
    assert list(table["scenario"].unique()) == ["newsletter", "appendix", "careful"]
    newsletter = table[table["scenario"] == "newsletter"].set_index("label")
    printed = {"OpenAI": 0.096, "MiniMax": 0.226, "Z.ai": 0.123}
    assert newsletter["published"].dropna().to_dict() == pytest.approx(printed)


def test_saved_files_are_identical_and_hold_the_numbers(tmp_path):
    table = pd.DataFrame(
        {"p5": [0.1], "p50": [0.2], "p95": [0.4]}, index=pd.Index(["a"], name="row")
    )
    for folder in ("one", "two"):
        save_figure(ts.plots.interval_chart(table, "Share"), "chart", table, tmp_path / folder)
    for kind in ("png", "svg", "csv"):
        first, second = (
            (tmp_path / folder / f"chart.{kind}").read_bytes() for folder in ("one", "two")
        )
        assert first == second
    assert pd.read_csv(tmp_path / "one/chart.csv", index_col="row").equals(table)


def test_scaling_chart_names_every_model():
    line, band, predicted = ts.closed_models.scaling_band("video")
    ax = ts.plots.scaling_chart(line, band, predicted, "Parameters x pixels")
    words = " / ".join(text.get_text() for text in ax.texts)
    for name in [*line.models["model"], *predicted.index]:
        assert name in words


def test_band_contains_the_line_and_equals_the_bootstrap_at_a_point():
    line, band, _ = ts.closed_models.scaling_band("video")
    assert ((band["p5"] < band["flop"]) & (band["flop"] < band["p95"])).all()
    assert np.all(np.diff(band["size"]) > 0) and line.n == 18


def test_unwritable_folder_is_a_clear_error(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    table = pd.DataFrame({"p5": [0.1], "p50": [0.2], "p95": [0.4]}, index=["a"])
    with pytest.raises(ts.InputError, match="cannot be written"):
        save_figure(ts.plots.interval_chart(table, "Share"), "chart", table, blocker / "figures")


def test_alternative_texts_name_the_numbers_of_the_table():
    est = ts.estimate("zai", n_draws=1000)
    cost, share = est.cost_table(), est.summary()
    assert f"USD {cost.loc['total', 'p50']:.0f} million" in ts.sentences.cost_alt(cost)
    assert f"{100 * share['share_p50']:.1f}%" in ts.sentences.answer(est)


def test_months_without_collected_runs_are_said():
    assert ts.estimate("minimax", n_draws=10).months_not_collected == 0
    late = ts.estimate("minimax", n_draws=10, release_lag_months=6)
    assert late.months_not_collected == 3 and "lower bound" in ts.shares.remark(late)
    assert "A lower bound" in ts.sentences.answer(
        late
    ) and "lower bound" not in ts.sentences.answer(ts.estimate("minimax", n_draws=10))
    assert ts.shares.chart_row(late)["label"] == "MiniMax, lower bound"
    variants = ts.shares.variants_table(ts.estimate("minimax", n_draws=500))
    assert "hollow: a lower bound" in ts.plots.interval_chart(variants, "Share").get_xlabel()


def test_estimates_say_what_they_are_in_a_line():
    assert len(repr(ts.estimate("minimax"))) < 200 and len(repr(ts.compare())) < 200


def test_large_numbers_of_a_table_are_shown_with_an_exponent(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    ts.show_table(
        pd.DataFrame({"flop": [4160443100932876298878976.0, -2.5e9, 999999999.0, 1234.5, 0.12345]}),
        "FLOP",
    )
    for text in shown[0].values():
        for words in ("4.16e+24", "-2.50e+09", "999,999,999", "1,234", "0.123"):
            assert words in text
        assert "4,160" not in text
