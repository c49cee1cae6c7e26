"""A figure is the same files on every machine, and the same on a dark page."""

import re

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import training_share as ts
from training_share.report.display import save
from training_share.report.figure import IN_THE_DARK, dark, rounded, written

TABLE = pd.DataFrame(
    {"p5": [0.1, 0.2], "p50": [0.2, 1 / 3], "p95": [0.4, 0.7], "known": [True, False]},
    index=pd.Index(["a", "b"], name="row"),
)


def test_saved_files_hold_the_numbers_and_its_last_bits_change_none(tmp_path):
    other = TABLE.assign(**{name: np.nextafter(TABLE[name], 1) for name in ("p5", "p50", "p95")})
    assert not other.equals(TABLE)
    for table, folder in ((TABLE, "one"), (other, "two")):
        save(ts.charts.intervals(table), "chart", tmp_path / folder)
        save(ts.charts.intervals(table), "chart.pdf", tmp_path / folder)
    for kind in ("png", "svg", "csv", "pdf"):
        one, two = (tmp_path / folder / f"chart.{kind}" for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    kept = pd.read_csv(tmp_path / "one" / "chart.csv", index_col="row")
    pd.testing.assert_frame_equal(kept, TABLE, rtol=1e-9)


def test_tables_are_rounded_to_ten_digits_and_all_else_is_kept():
    table = pd.DataFrame({"x": [1 / 3, np.nan], "n": [123456789012, 2], "word": ["a", None]})
    result = rounded(table)
    assert result["x"][0] == 0.3333333333 and np.isnan(result["x"][1])
    pd.testing.assert_frame_equal(result[["n", "word"]], table[["n", "word"]])
    assert result["n"].dtype == table["n"].dtype


def test_the_text_of_an_svg_is_text_of_its_width_and_every_reference_finds_its_id():
    svg = written(ts.charts.intervals(TABLE).drawing, "svg").decode()
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    ids = re.findall(r'id="([^"]+)"', svg)
    assert used and used <= set(ids) and len(ids) == len(set(ids))
    assert not re.search(r'"[pmh][0-9a-f]{10}"', svg)
    texts = re.findall(r'<text textLength="([\d.]+)" [^>]*>([^<]+)</text>', svg)
    assert {"A", "20%", "10 to 40%", "half"} <= {text for _, text in texts}
    assert svg.count("<text") == len(texts) and all(float(long) > 0 for long, _ in texts)
    assert "'Source Sans Pro', 'Source Sans 3', 'Helvetica Neue', Arial, sans-serif" in svg


def test_a_dark_page_has_the_same_svg_in_other_colours(tmp_path):
    chart = ts.charts.intervals(TABLE)
    paths = save(chart, "chart", tmp_path, dark_too=True)
    assert [path.name for path in paths][-1] == "chart_dark.svg"
    light, night = (path.read_text() for path in (paths[1], paths[-1]))
    assert dark(light.encode()).decode() == night
    colours = set(re.findall(r"#[0-9a-f]{6}\b", light))
    assert colours <= set(IN_THE_DARK), "a colour that a dark page does not know"
    assert not colours & set(re.findall(r"#[0-9a-f]{6}\b", night))
    assert re.sub(r"#[0-9a-f]{6}\b", "", light) == re.sub(r"#[0-9a-f]{6}\b", "", night)
    assert 'style="fill: #ffffff"/' not in light[:1500], "nothing behind the chart"


def test_a_figure_shows_itself_as_the_last_line_of_a_cell_and_saves_itself(tmp_path):
    chart = ts.charts.intervals(TABLE)
    assert chart._repr_png_().startswith(b"\x89PNG")
    chart.savefig(tmp_path / "mine.png")
    assert (tmp_path / "mine.png").read_bytes().startswith(b"\x89PNG")


def test_a_script_saves_where_it_works_and_overwrites_nothing_unasked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chart = ts.charts.intervals(TABLE)
    assert {path.name for path in save(chart, "chart")} == {"chart.png", "chart.svg", "chart.csv"}
    (tmp_path / "chart.svg").write_text("mine")
    with pytest.raises(ts.InputError, match=r"chart\.svg: is there already; overwrite=True"):
        save(chart, "chart.svg")
    assert (tmp_path / "chart.svg").read_text() == "mine"
    save(chart, "chart.svg", overwrite=True)
    assert (tmp_path / "chart.svg").read_text() != "mine"


def test_unwritable_folder_is_a_clear_error(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(ts.InputError, match="cannot be written"):
        save(ts.charts.intervals(TABLE), "chart", blocker / "figures")


def test_a_chart_leaves_the_process_as_it_is_and_keeps_what_the_user_has_set(tmp_path):
    import matplotlib.pyplot as plt

    before = dict(mpl.rcParams)
    save(ts.charts.intervals(TABLE), "chart", tmp_path)
    assert dict(mpl.rcParams) == before and plt.get_fignums() == []
    with mpl.rc_context({"font.family": ["DejaVu Sans"]}):
        chart = ts.charts.intervals(TABLE)
    assert {text.get_fontfamily()[0] for text in chart.axes[0].texts} == {"DejaVu Sans"}
