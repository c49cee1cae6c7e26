"""Tables as a person reads them."""

import numpy as np
import pandas as pd
import pytest

import training_share as ts
from training_share.model.estimates import QUANTILES, spread
from training_share.model.precision import quantile_error, with_error
from training_share.report.display import with_errors
from training_share.report.text import money, number, percent, points, usd


def test_tables_show_every_quantile_with_its_error():
    draws = np.random.default_rng(1).standard_normal(10_000)
    table = pd.DataFrame({"one": {**spread(draws), "note": "words"}}).T
    assert [table.loc["one", f"{name}_error"] for name in QUANTILES] == pytest.approx(
        quantile_error(draws, [0.05, 0.5, 0.95])
    )
    shown = with_errors(table)
    assert list(shown) == [*QUANTILES, "note"]
    assert shown.loc["one", "p95"] == with_error(
        np.quantile(draws, 0.95), quantile_error(draws, 0.95)
    )
    assert with_errors(table, percent=True).loc["one", "p95"].endswith("%")


def test_large_numbers_of_a_table_are_shown_with_an_exponent(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    numbers = [4160443100932876298878976.0, -2.5e9, 999999999.0, 1234.5, 0.12345, np.nan]
    ts.show_table(pd.DataFrame({"flop": numbers}), "FLOP")
    for text in shown[0].values():
        for words in ("4.16e+24", "-2.50e+09", "999,999,999", "1,234", "0.123"):
            assert words in text
        assert "4,160" not in text and "nan" not in text.lower()


def test_a_figure_is_shown_with_its_words_as_alternative_text_and_caption(monkeypatch, tmp_path):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    figure = ts.charts.intervals(pd.DataFrame({"p5": [0.1], "p50": [0.2], "p95": [0.4]}, ["a"]))
    ts.show(figure, "name", tmp_path)
    image, caption = shown
    assert image.alt == figure.alt and caption.data == f"*Figure `name`.* {figure.alt}"
    assert {file.name for file in tmp_path.iterdir()} == {"name.png", "name.svg", "name.csv"}


@pytest.mark.parametrize(
    ("as_text", "value", "text"),
    [
        (percent, 0.2266, "22.7%"),
        (percent, -0.0001, "0.0%"),
        (points, 0.0123, "+1.2"),
        (points, -0.0001, "+0.0"),
        (money, 9.96, "USD 10.0 million"),
        (money, 41.2, "USD 41 million"),
        (money, 4999.0, "USD 5.0 billion"),
        (usd, 999.6, r"\$1B"),
        (usd, 41.2, r"\$41M"),
        (usd, 0.0005, r"\$500"),
        (number, 1234.5, "1,234"),
    ],
)
def test_each_kind_of_number_is_written_in_one_way(as_text, value, text):
    assert as_text(value) == text
