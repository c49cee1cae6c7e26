"""What a reader takes away: complete, with units, the same numbers each time, and nothing half
written."""

import io
import subprocess
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest
from packages import needed

from training_share.errors import InputError
from training_share.files import repo_root
from training_share.inputs.tables import load
from training_share.model.comparison import compare
from training_share.model.estimate import estimate
from training_share.site.downloads import csv_of, workbook, write_downloads

openpyxl, pq = needed("openpyxl"), needed("pyarrow.parquet")
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
        table["cost_usd/hailuo-02-sft"].to_numpy(), est.costs["hailuo-02-sft"], rtol=1e-6
    )
    facts = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert (facts["company"], facts["scenario"], facts["seed"], facts["draws"]) == (
        "minimax",
        "newsletter",
        "7",
        "500",
    )


def test_weighted_draws_have_their_weight(tmp_path):
    write_downloads(tmp_path, "minimax", "careful", n_draws=2000, draws_by_run=False)
    draws = pd.read_parquet(tmp_path / "draws_minimax_careful.parquet")
    names = ["draw", "training_cost_usd", "rd_compute_usd", "training_share", "weight"]
    assert list(draws) == names and len(draws) == 2000
    est = estimate("minimax", "careful", n_draws=2000)
    median = np.quantile(
        draws["training_share"], 0.5, weights=draws["weight"], method="inverted_cdf"
    )
    assert median == pytest.approx(est.summary()["share_p50"], rel=1e-2)


@pytest.mark.parametrize("folder", ["", "   "])
def test_no_folder_is_refused(folder):
    with pytest.raises(InputError, match="name the folder"):
        write_downloads(folder)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "taken").write_text("x")
    with pytest.raises(InputError, match=r"taken.*choose another folder"):
        write_downloads(tmp_path / "taken", **SETTINGS)
    with pytest.raises(InputError, match=r"choose another folder"):
        write_downloads(tmp_path / "taken" / "below", **SETTINGS)


def test_nothing_is_written_for_a_bad_company(tmp_path):
    with pytest.raises(InputError, match="did you mean"):
        write_downloads(tmp_path, "minmax")
    assert not list(tmp_path.iterdir())


def test_text_that_looks_like_a_formula_stays_text():
    content = workbook({"one": pd.DataFrame({"a": ["=1+1", "-2", 3.5]})})
    sheet = openpyxl.load_workbook(io.BytesIO(content))["one"]
    assert [sheet[f"A{row}"].value for row in (2, 3, 4)] == ["=1+1", "-2", 3.5]
    assert sheet["A2"].data_type == "s"


def test_no_text_in_a_csv_is_a_formula():
    table = pd.DataFrame(
        {
            "name": ["=cmd|'/c calc'!A1", "+1+2", "-cost", "@SUM(A1)", "\t=1", "plain, -1", "x\ny"],
            "value": [-1.5, 2e-9, -3e20, 4.0, 5.0, 6.0, 7.0],
        }
    )
    back = pd.read_csv(io.BytesIO(csv_of(table)))
    dangerous = table["name"].iloc[:5]
    assert list(back["name"].iloc[:5]) == ["'" + name for name in dangerous]
    assert list(back["name"].iloc[5:]) == ["plain, -1", "x\ny"]
    np.testing.assert_array_equal(back["value"], table["value"])


@pytest.mark.parametrize(
    ("text", "fault"),
    [("MiniMax-\x0bText-01", "a control character"), ("x" * 40_000, "40,000 characters")],
)
def test_text_that_a_cell_cannot_hold_is_refused_by_place(text, fault):
    with pytest.raises(InputError, match=rf"sheet one, row 3, column b: {fault}"):
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


SET = [
    ({"cny_per_usd": 5}, "cny_per_usd = 5", "none"),
    ({"release_lag_months": 0}, "release_lag_months = 0", "lower bound"),
    (
        {"spending_start": "2024-01-01", "spending_end": "2024-12-31"},
        "spending_start = 2024-01-01; spending_end = 2024-12-31",
        "lower bound",
    ),
    ({"mfu": 0.3, "seed": 9}, "mfu = 0.3", "none"),
    ({"corrections": "appendix-rl"}, "corrections = appendix-rl", "none"),
    (
        {"changes": {"hardware/h800-fp8/peak_flop_per_s": "1e15"}},
        "changes = hardware/h800-fp8/peak_flop_per_s: 1e15",
        "none",
    ),
    ({}, "nothing", "none"),
]


@pytest.mark.parametrize(("asked", "told", "caveat"), SET)
def test_every_file_says_what_was_set(tmp_path, asked, told, caveat):
    files = {path.suffix: path for path in write_downloads(tmp_path, "zai", n_draws=200, **asked)}
    book = openpyxl.load_workbook(files[".xlsx"])
    about = {row[0].value: row[1].value for row in book["about"].iter_rows(min_row=2)}
    draws = pq.read_schema(files[".parquet"]).metadata
    for name in ("comparison", "costs_zai"):
        table = pd.read_csv(tmp_path / f"{name}_newsletter.csv")
        assert set(table["set in the call"]) == {told} and set(table["caveat"]) == {caveat}
    assert about["set in the call"] == told == draws[b"set in the call"].decode()
    assert about["caveat"] == f"zai: {caveat}" and draws[b"caveat"].decode() == caveat


@pytest.mark.parametrize(("asked", "rate"), [({}, "7.2"), ({"cny_per_usd": 5}, "5.0")])
def test_the_workbook_has_the_exchange_rate_in_force(tmp_path, asked, rate):
    write_downloads(tmp_path, "zai", n_draws=200, **asked)
    inputs = pd.read_excel(tmp_path / "training_share_newsletter.xlsx", "inputs", dtype=str)
    row = inputs[inputs["unit"] == "CNY per USD"].iloc[0]
    assert float(row["value"]) == float(rate) and row["source"] == "newsletter-appendix"


def test_groups_left_out_stand_in_every_file_of_their_company(tmp_path):
    write_downloads(tmp_path, "zai,minimax", n_draws=200, exclude_groups="hailuo")
    told = pd.read_csv(tmp_path / "comparison_newsletter.csv").set_index("company")
    assert list(told["set in the call"]) == ["nothing", "exclude_groups = hailuo"]


def test_versions_tables_and_commit_travel_with_the_numbers(files):
    book = openpyxl.load_workbook(files["training_share_newsletter.xlsx"])
    about = {row[0].value: row[1].value for row in book["about"].iter_rows(min_row=2)}
    assert about["numpy"] == np.__version__ and about["pandas"] == pd.__version__
    assert about["version"] == version("training_share")
    assert about["tables (SHA-256)"] == load().digest
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=repo_root(), capture_output=True, text=True
    )
    assert about["commit"].removesuffix("-dirty") == (head.stdout.strip() or "unknown")


def test_all_files_are_written_or_none(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("training_share.site.downloads.move_all", full)
    with pytest.raises(InputError, match="No space left"):
        write_downloads(tmp_path, **SETTINGS)
    assert not list(tmp_path.iterdir())


def test_a_home_folder_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    written = write_downloads("~/mine", "zai", n_draws=200)
    assert written[0].parent == tmp_path / "mine" and written[0].is_file()


def test_by_default_the_companies_that_disclose_spending(tmp_path):
    write_downloads(tmp_path, n_draws=200, draws_by_run=False)
    told = pd.read_csv(tmp_path / "comparison_newsletter.csv")
    assert tuple(told["company"]) == load().with_spending
