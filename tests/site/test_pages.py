"""What a page is made of: text that stays text, tables, formulas, drawings; and what is refused."""

import nbformat
import pytest
from bs4 import BeautifulSoup
from made_notebooks import made_notebook
from refusals import assert_refused

from training_share.errors import InputError
from training_share.site.links import formula_of
from training_share.site.notebook import markdown, read
from training_share.site.pages import build, slim
from training_share.site.tables import tidy


def test_every_function_named_in_the_formulas_is_found_first():
    assert (
        formula_of("shares = ts.shares.company_ratio_table(est)\nts.charts.ratio(shares)")[0]
        == "The chart"
    )
    assert formula_of('ts.show_table(methods, "made before")')[0] == "Closed models"
    assert_refused("no formula is known of something_new", formula_of, "ts.something_new()")


def test_drawings_lose_digits_but_no_scale():
    svg = (
        '<metadata>\nmade by\n</metadata>\n<!-- 0% --><path d="M 1.23456 7.5 \nL 2 -3 \nz\n"'
        ' transform="translate(3.14159 2) scale(0.015625 -0.015625)"/><use x="10.0009"/>'
        '<use xlink:href="#id24" transform="translate(777.891 0)"/>'
    )
    assert slim(svg) == (
        '<path d="M1.23 7.5L2 -3z" transform="translate(3.14 2) scale(0.015625 -0.015625)"/>'
        '<use x="10"/><use href="#id24" x="777.89"/>'
    )


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    assert_refused("something else than an earlier site", build, out=tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "keep"
    (tmp_path / "file").write_text("x")
    assert_refused("something else", build, out=tmp_path / "file")


def test_nothing_to_render_is_said(tmp_path):
    with pytest.raises(
        InputError, match=r"nothing to render; run python -m training_share\.pipeline"
    ):
        build(rendered=tmp_path, out=tmp_path / "site")


EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def test_what_comes_from_tables_and_parameters_is_text(tmp_path):
    new = nbformat.v4.new_output
    table = f'<table onclick="x()"><tr><td>{EVIL}<a href="javascript:x()">go</a></td></tr></table>'
    path = made_notebook(
        tmp_path / "evil.ipynb",
        "1",
        new("display_data", {"text/markdown": f"**{EVIL}** [go](javascript:alert(3))"}),
        new("display_data", {"text/html": table}),
        new("stream", text="\x1b[31mred\x1b[0m"),
    )
    notebook = read(path)
    said, shown, stream = notebook.outputs
    for html in (str(said.body), str(shown.body), str(markdown(notebook.prose))):
        soup = BeautifulSoup(html, "html.parser")
        assert not soup.find(["script", "img", "b"])
        assert not [link for link in soup.find_all("a") if "javascript" in link.get("href", "")]
        assert "onclick" not in html or "&" in html
    assert "<script>alert(1)</script>" in BeautifulSoup(str(said.body), "html.parser").text
    assert not BeautifulSoup(str(shown.body), "html.parser").table.attrs
    assert stream.body == "red"


def test_rows_with_prose_are_named_by_their_columns():
    """On a phone and on paper such a row is a card, so that no cell makes the others tall."""
    long = "A sentence that is longer than what a cell of a table holds without breaking a line."
    head = "<thead><tr><th>key</th><th>amount_usd</th><th>note</th></tr></thead>"
    rows = (
        f"<tbody><tr><th>a</th><td>1</td><td>{long}</td></tr><tr><th>b</th><td></td><td></td></tr>"
    )
    soup = BeautifulSoup(f"<table>{head}{rows}</tbody></table>", "html.parser")
    tidy(soup)
    first, second = soup.select("tbody tr")
    assert soup.table["class"] == ["rows"] or soup.table["class"] == "rows"
    assert [cell.get("data-column") for cell in first.find_all("td")] == ["amount usd", "note"]
    assert all(cell["class"] == "blank" for cell in second.find_all("td"))
