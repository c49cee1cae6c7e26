"""What a reader takes away: complete, with units, the same numbers each time, and nothing half
written."""

import io
import subprocess
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest
from packages import needed
from refusals import assert_refused

from training_share.errors import InputError
from training_share.files import repo_root
from training_share.inputs.tables import load
from training_share.model.comparison import compare
from training_share.model.estimate import estimate
from training_share.site.downloads import csv_of, in_numbers, workbook, write_downloads

openpyxl = needed("openpyxl")
needed("pyarrow")
FP8 = "hardware/h800-fp8/peak_flop_per_s"
SETTINGS = {"companies": "openai,minimax", "n_draws": 500, "seed": 7}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("downloads") / "new"
    return {path.name: path for path in write_downloads(folder, **SETTINGS)}


def about(book) -> dict[str, str]:
    """Return the facts of a workbook's last sheet."""
    return {row[0].value: row[1].value for row in book["about"].iter_rows(min_row=2)}


def test_comparison_and_costs_are_the_estimates(files):
    comparison = compare(**SETTINGS)
    table = pd.read_csv(files["comparison_newsletter.csv"]).set_index("company")
    for name, column in (
        ("share_p50", "training share p50 (fraction of R&D compute)"),
        ("training_cost_p95", "training cost p95 (USD million)"),
        ("rd_compute", "R&D compute (USD million)"),
    ):
        np.testing.assert_allclose(table[column], comparison.table[name].astype(float), rtol=1e-8)
    costs = pd.read_csv(files["costs_minimax_newsletter.csv"]).set_index("run_id")
    expected = comparison.estimates["minimax"].cost_table()
    assert list(costs.index) == list(expected.index)
    np.testing.assert_allclose(costs["cost p50 (USD million)"], expected["p50"], rtol=1e-8)
    assert set(costs["scenario"]) == {"newsletter"} and set(costs["seed"]) == {7}
    assert costs["source_title"].drop("total").str.len().min() > 10


def test_workbook_has_the_sheets_and_numbers_as_numbers(files):
    book = openpyxl.load_workbook(files["training_share_newsletter.xlsx"])
    costs = ["costs openai", "costs minimax"]
    tables = ["assumptions", "fx", "spending", "sources"]
    assert book.sheetnames == ["comparison", *costs, *tables, "about"]
    for sheet in book:
        assert all(cell.value for cell in sheet[1])
        assert sheet.max_row > 1 and sheet.freeze_panes == "B2"
        assert not any(cell.data_type == "f" for row in sheet for cell in row)
    assert isinstance(book["costs openai"]["B2"].value, float)
    assert book["costs openai"]["B1"].value == "cost p5 (USD million)"
    facts = about(book)
    assert facts["scenario"] == "newsletter" and facts["seed"] == "7"
    assert "Epoch AI" in facts["data"]


def test_draws_are_the_draws_with_their_settings(files):
    names = [name for name in files if name.endswith("parquet")]
    assert names == ["draws_openai_newsletter.parquet", "draws_minimax_newsletter.parquet"]
    table = pd.read_parquet(files["draws_minimax_newsletter.parquet"])
    est = compare(**SETTINGS).estimates["minimax"]
    np.testing.assert_allclose(table["training_share"], est.share, rtol=1e-6)
    costs = table["cost_usd/hailuo-02-sft"]
    np.testing.assert_allclose(costs, est.costs["hailuo-02-sft"], rtol=1e-6)
    facts = [table.attrs[name] for name in ("company", "scenario", "seed", "draws")]
    assert facts == ["minimax", "newsletter", 7, 500]


def test_weighted_draws_have_their_weight(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_downloads("~", "minimax", "careful", n_draws=2000, draws_by_run=False)
    draws = pd.read_parquet(tmp_path / "draws_minimax_careful.parquet")
    names = {"draw", "training_cost_usd", "rd_compute_usd", "training_share", "weight"}
    est = estimate("minimax", "careful", n_draws=2000)
    assert set(draws) == names
    np.testing.assert_allclose(draws["weight"], est.weights, rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize(
    ("folder", "companies", "told"),
    [
        ("  ", "zai", "name the folder"),
        ("{}/taken", "zai", r"taken.*choose another folder"),
        ("{}/taken/below", "zai", r"choose another folder"),
        ("{}", "minmax", "did you mean"),
    ],
)
def test_where_nothing_can_be_written_nothing_is(tmp_path, folder, companies, told):
    (tmp_path / "taken").write_text("x")
    assert_refused(told, write_downloads, folder.format(tmp_path), companies, n_draws=200)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_text_that_looks_like_a_formula_stays_text():
    content = workbook({"one": pd.DataFrame({"a": ["=1+1", "-2", 3.5]})})
    sheet = openpyxl.load_workbook(io.BytesIO(content))["one"]
    assert [sheet[f"A{row}"].value for row in (2, 3, 4)] == ["=1+1", "-2", 3.5]
    assert sheet["A2"].data_type == "s"


def test_no_text_in_a_csv_is_a_formula():
    dangerous, plain = ["=cmd|'/c calc'!A1", "+1+2", "-cost", "@SUM(A1)", "\t=1"], ["a, -1", "x\ny"]
    values = [-1.5, 2e-9, -3e20, 4.0, 5.0, 6.0, 7.0]
    table = pd.DataFrame({"name": dangerous + plain, "value": values})
    back = pd.read_csv(io.BytesIO(csv_of(table)))
    assert list(back["name"]) == [*("'" + name for name in dangerous), *plain]
    np.testing.assert_array_equal(back["value"], table["value"])


@pytest.mark.parametrize("text", ["MiniMax-\x0bText-01", "x" * 40_000])
def test_text_that_a_cell_cannot_hold_is_refused_by_place(text):
    told = r"sheet one, row 3, column b: a control character, or more than 32,767"
    with pytest.raises(InputError, match=told):
        workbook({"one": pd.DataFrame({"a": [1, 2], "b": ["fine", text]})})


def test_numbers_have_ten_digits_in_csv_and_workbook(files):
    """So that they are the same on processors that differ in the last bit."""
    lines = files["costs_minimax_newsletter.csv"].read_text().splitlines()
    texts = [cell for line in lines[1:] for cell in line.split(",")[1:7]]
    book = openpyxl.load_workbook(files["training_share_newsletter.xlsx"])
    rows = book["costs minimax"].iter_rows(min_row=2, min_col=2, max_col=7, values_only=True)
    numbers = [value for row in rows for value in row]
    assert [float(text) for text in texts] == numbers
    assert numbers == [float(f"{value:.10g}") for value in numbers]


@pytest.mark.parametrize(
    ("asked", "told", "caveat"),
    [
        ({"release_lag_months": 0}, "newsletter, changed: release lag months 0", "lower bound"),
        ({"changes": {FP8: "1e15"}}, "newsletter, changed: h800-fp8 peak_flop_per_s 1e15", "none"),
        ({}, "nothing", "none"),
    ],
)
def test_every_file_says_what_was_set(tmp_path, asked, told, caveat):
    files = {path.suffix: path for path in write_downloads(tmp_path, "zai", n_draws=200, **asked)}
    draws = pd.read_parquet(files[".parquet"]).attrs
    caveat = caveat if caveat == "none" else f"zai: {caveat}"
    for name in ("comparison", "costs_zai"):
        table = pd.read_csv(tmp_path / f"{name}_newsletter.csv")
        assert set(table["set in the call"]) == {told} and set(table["caveat"]) == {caveat}
    facts = about(openpyxl.load_workbook(files[".xlsx"]))
    for one in (facts, draws):
        assert one["set in the call"] == told and one["caveat"] == caveat


def test_the_rate_in_force_and_what_was_set_for_a_company_are_told(tmp_path):
    some = {"cny_per_usd": 5, "exclude_groups": "hailuo"}
    write_downloads(tmp_path, "zai,minimax", n_draws=200, **some)
    rates = pd.read_excel(tmp_path / "training_share_newsletter.xlsx", "fx", dtype=str)
    assert "5" in set(rates.query("currency == 'CNY'")["per_usd"])
    told = pd.read_csv(tmp_path / "comparison_newsletter.csv").set_index("company")
    rate = "newsletter, changed: cny per usd 5"
    assert list(told["set in the call"]) == [rate, f"{rate}; without Hailuo"]


def test_versions_tables_and_commit_travel_with_the_numbers(files):
    facts = about(openpyxl.load_workbook(files["training_share_newsletter.xlsx"]))
    assert facts["numpy"] == np.__version__ and facts["pandas"] == pd.__version__
    assert facts["version"] == version("training_share")
    assert facts["tables (SHA-256)"] == load().digest
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=repo_root(), stdout=subprocess.PIPE, text=True
    )
    assert facts["commit"].removesuffix("-dirty") == (head.stdout.strip() or "unknown")


def test_all_files_are_written_or_none(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("training_share.files.move_all", full)
    assert_refused("No space left", write_downloads, tmp_path, "zai", n_draws=200)
    assert not list(tmp_path.iterdir())


def test_quantities_open_as_numbers_beside_their_text():
    values = ["0.1 to 0.2 (p10-p90 lognormal)", "6e23 to 1.5e+24 (min-max uniform)", "3e24", ""]
    table = in_numbers(pd.DataFrame({"value": values, "note": "1 to 2"}))
    assert list(table) == ["value", "value_low", "value_high", "note"]
    assert table["value_low"].dropna().to_list() == [0.1, 6e23]
    assert table["value_high"].dropna().to_list() == [0.2, 1.5e24]
