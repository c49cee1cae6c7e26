"""Tables as a person reads them. written.csv has numbers, and how they are written."""

import ast

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from refusals import cases

import training_share as ts
import training_share.report.text
from training_share.files import repo_root
from training_share.model.precision import QUANTILES, spread
from training_share.report.display import CHANGED_FOLDER, keep_in
from training_share.report.text import held


@pytest.fixture
def shown(monkeypatch) -> list:
    """Collect what a notebook would display."""
    kept = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw=False: kept.append(data))
    return kept


def test_large_numbers_of_a_table_are_in_words_and_flop_have_an_exponent(shown):
    numbers = [4160443100932876298878976.0, -2.5e9, 999999999.0, 1234.5, 0.12345, np.nan]
    ts.show_table(pd.DataFrame({"flop": numbers}), "FLOP")
    for text in shown[0].values():
        for words in ("4.16e24", "-2.5 billion", "999,999,999", "1,234", "0.123"):
            assert words in text
        assert "4,160" not in text and "nan" not in text.lower()


def test_a_table_for_reading_has_the_digits_that_hold_and_no_error_beside_them(shown):
    draws = np.random.default_rng(1).lognormal(size=10_000)
    table = pd.DataFrame({"one & two": spread(draws) | {"note": "words"}}).T.rename_axis("run")
    ts.show_table(table, "a caption", fold=True)
    html = BeautifulSoup(shown[0]["text/html"], "html.parser")
    assert "±" not in html.get_text() and html.find("summary").get_text() == "a caption"
    heads = [cell.get_text() for cell in html.select("thead th")]
    assert heads == ["run", "p5", "p50", "p95", "note"], "one row of heads, the index's first"
    cells = html.select("tbody td")
    assert [cell["style"].split()[-1] for cell in cells] == ["right"] * 3 + ["left"]
    assert html.select("tbody th")[0].get_text() == "one & two"
    for cell, name in zip(cells, QUANTILES, strict=False):
        value, error = table.loc["one & two", name], table.loc["one & two", f"{name}_error"]
        last = 10.0 ** -len(cell.get_text().partition(".")[2])
        assert abs(float(cell.get_text()) - value) <= last / 2 + 1e-12
        assert error / 2 <= last < 10 * error, "no digit that does not hold, and none too few"


def test_a_long_text_is_folded_behind_its_first_sentence(shown):
    text = "The first sentence. " + "And more <b>. " * 20
    address = "https://example.org/a/very/long/path.pdf"
    table = pd.DataFrame({"why": [text, "Short. And clear."], "source": [address, ""]})
    ts.show_table(table, "words")
    html = BeautifulSoup(shown[0]["text/html"], "html.parser")
    (folded,) = html.find_all("details")
    assert folded.find("summary").get_text() == "The first sentence."
    assert folded.get_text().count("<b>") == 20 and not html.find("b")
    link = html.find("a")
    assert link["href"] == address and link.get_text() == "example.org"


def test_a_figure_is_shown_with_its_words_as_alternative_text_and_caption(shown, tmp_path):
    figure = ts.charts.intervals(pd.DataFrame({"p5": [0.1], "p50": [0.2], "p95": [0.4]}, ["a"]))
    keep_in(tmp_path)
    ts.show(figure, "name", narrow=True)
    keep_in("")
    image, caption = shown
    assert image.alt == figure.alt
    assert caption.data.startswith("*Figure `name`.* <details>")
    assert BeautifulSoup(caption.data, "html.parser").get_text().endswith(figure.alt)
    files = {"name.png", "name.svg", "name.csv", "name_narrow.svg"}
    assert {file.name for file in tmp_path.iterdir()} == files


def test_a_changed_chart_is_kept_out_of_the_figures_of_the_project(shown, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keep_in(repo_root() / "figures")
    ts.show(ts.charts.ratio(ts.estimate("zai", n_draws=50, mfu=0.4)), "zai_share")
    keep_in("")
    assert (tmp_path / CHANGED_FOLDER / "zai_share.png").is_file()


@pytest.mark.parametrize("row", cases(__file__, "written"), ids=lambda row: row["text"])
def test_each_kind_of_number_is_written_in_one_way(row):
    as_text = getattr(training_share.report.text, row["kind"])
    assert as_text(ast.literal_eval(row["value"])) == row["text"]


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (22.718, 0.13, "22.7"),
        (49.17, 0.41, "49"),
        (0.0314, 0.0003, "0.031"),
        (1234.5, 30.0, "1,200"),
        (3.988e24, 2.2e22, "3.99e24"),
        (5.0, np.nan, "5"),
        (np.nan, 0.1, ""),
    ],
)
def test_a_number_keeps_the_digits_its_error_leaves(value, error, text):
    assert held(value, error) == text
