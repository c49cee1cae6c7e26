"""What a reader takes away: complete, with units, the same bytes each time, and nothing half
written."""

import io

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from training_share.errors import InputError
from training_share.model.comparison import compare
from training_share.site.downloads import write_downloads

SETTINGS = {"companies": "openai,minimax", "n_draws": 500, "seed": 7}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("downloads") / "new"
    return {path.name: path for path in write_downloads(folder, **SETTINGS)}


def test_the_files_are_those_announced(files):
    assert sorted(files) == [
        "comparison_newsletter.csv",
        "costs_minimax_newsletter.csv",
        "costs_openai_newsletter.csv",
        "draws_minimax_newsletter.parquet",
        "draws_openai_newsletter.parquet",
        "training_share_newsletter.xlsx",
    ]


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
    assert costs["source"].drop("total").str.len().min() > 10


def test_workbook_has_the_sheets_and_numbers_as_numbers(files):
    book = openpyxl.load_workbook(files["training_share_newsletter.xlsx"])
    assert book.sheetnames == [
        "comparison",
        "costs openai",
        "costs minimax",
        "inputs",
        "sources",
        "about",
    ]
    for sheet in book:
        header = [cell.value for cell in sheet[1]]
        assert all(header) and sheet.max_row > 1 and sheet.freeze_panes == "B2"
        assert not any(cell.data_type == "f" for row in sheet for cell in row)
    assert isinstance(book["costs openai"]["B2"].value, float)
    assert book["costs openai"]["B1"].value == "cost p5 (USD million)"
    about = {row[0].value: row[1].value for row in book["about"].iter_rows(min_row=2)}
    assert (
        about["scenario"] == "newsletter" and about["seed"] == "7" and "Epoch AI" in about["data"]
    )


def test_draws_are_the_draws_with_their_settings(files):
    table = pq.read_table(files["draws_minimax_newsletter.parquet"])
    est = compare(**SETTINGS).estimates["minimax"]
    np.testing.assert_allclose(table["training_share"].to_numpy(), est.share, rtol=1e-6)
    np.testing.assert_allclose(
        table["cost_usd/hailuo-02-sft"].to_numpy(), est.cost_usd["hailuo-02-sft"], rtol=1e-6
    )
    facts = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert (facts["company"], facts["scenario"], facts["seed"], facts["draws"]) == (
        "minimax",
        "newsletter",
        "7",
        "500",
    )


def test_the_same_call_gives_the_same_bytes(files, tmp_path):
    for path in write_downloads(tmp_path, **SETTINGS):
        assert path.read_bytes() == files[path.name].read_bytes(), path.name


def test_conditioned_draws_keep_their_numbers(tmp_path):
    write_downloads(tmp_path, "minimax", "careful", n_draws=2000, draws_by_run=False)
    draws = pd.read_parquet(tmp_path / "draws_minimax_careful.parquet")
    assert list(draws) == ["draw", "training_cost_usd", "rd_compute_usd", "training_share"]
    assert (
        len(draws) < 2000
        and draws["draw"].is_monotonic_increasing
        and draws["training_share"].max() <= 1 + 1e-6
    )


@pytest.mark.parametrize("folder", ["", "   "])
def test_no_folder_is_refused(folder):
    with pytest.raises(InputError, match="name the folder"):
        write_downloads(folder)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "taken").write_text("x")
    with pytest.raises(InputError, match=r"taken.*choose a folder"):
        write_downloads(tmp_path / "taken", **SETTINGS)
    with pytest.raises(InputError, match=r"choose a folder"):
        write_downloads(tmp_path / "taken" / "below", **SETTINGS)


def test_nothing_is_written_for_a_bad_company(tmp_path):
    with pytest.raises(InputError, match="did you mean"):
        write_downloads(tmp_path, "minmax")
    assert not list(tmp_path.iterdir())


def test_text_that_looks_like_a_formula_stays_text():
    from training_share.site.downloads import workbook

    content = workbook({"one": pd.DataFrame({"a": ["=1+1", "-2", 3.5]})})
    sheet = openpyxl.load_workbook(io.BytesIO(content))["one"]
    assert [sheet[f"A{row}"].value for row in (2, 3, 4)] == ["=1+1", "-2", 3.5]
    assert sheet["A2"].data_type == "s"
