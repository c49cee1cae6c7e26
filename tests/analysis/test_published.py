"""The newsletter's figures: each row's status is what its numbers say; known figures by hand."""

import math

import pandas as pd
import pytest
from arithmetic import lognormal
from refusals import assert_refused

import training_share as ts
from training_share.inputs.tables import load

FIGURES = (("value", "our_value"), ("p5", "our_p5"), ("p95", "our_p95"))
CLAIMS = load()["published"]


@pytest.fixture(scope="module")
def table():
    return ts.published.published_table()


def matches(row) -> list[bool]:
    """Whether each printed figure is ours rounded to the printed decimals."""
    printed = [pair for pair in FIGURES if not math.isnan(row[pair[0]])]
    return [round(row[ours], row["decimals"]) == row[theirs] for theirs, ours in printed]


def within(row) -> list[bool]:
    """Whether ours lies as near to each printed figure, before it was rounded, as two runs of this
    size lie to each other in 19 of 20 pairs of seeds."""
    half = 0.5 * 10.0 ** -row["decimals"]
    return [
        abs(row[mine] - row[printed]) - half <= 1.96 * math.sqrt(2) * row[f"{mine}_error"]
        for printed, mine in FIGURES
        if not math.isnan(row[printed])
    ]


def test_the_table_holds_every_published_figure(table):
    assert list(table.index) == list(CLAIMS) and table.index.name == "claim_id"
    ends = {name for pair in FIGURES for name in pair}
    told = {"company", "quantity", "unit", "status", "explanation"}
    assert ends | told <= set(table.columns)


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_a_figure_s_status_is_what_the_numbers_say(table, claim_id):
    row = table.loc[claim_id]
    if row["status"] == "context":
        assert math.isnan(row["our_value"]) and row["explanation"]
    elif row["status"] == "reproduced":
        assert matches(row) and all(matches(row))
    elif row["status"] == "within Monte Carlo error":
        assert not all(matches(row)), "it agrees; call it reproduced"
        assert all(within(row)), "it differs; say so"
    else:
        assert not all(within(row)), "it is within Monte Carlo error; call it so"
        assert len(row["explanation"]) > 40 and row["explanation"].endswith(".")


@pytest.mark.parametrize(
    ("claim_id", "column", "value", "error"),
    [
        ("share-minimax", "our_value", 22.6, 0.3),
        ("share-minimax-no-hailuo", "our_value", 12.2, 0.3),
        ("share-minimax-no-hailuo", "our_p5", 6.4, 0.3),
        ("share-minimax-no-hailuo", "our_p95", 23.5, 0.3),
        ("cost-hailuo-02", "our_value", 18, 1),
        ("cost-hailuo-02", "our_p5", 5, 1),
        ("cost-hailuo-02", "our_p95", 51, 1),
        ("share-hailuo-02", "our_value", 45, 5),
        ("share-zai", "our_value", 11.8, 0.1),
        ("rd-openai-2024", "our_value", 5, 0),
        ("rd-minimax-2024", "our_value", 140.642, 1e-9),
        ("rd-zai-2024", "our_value", 1552.832 / 7.2, 1e-9),
    ],
)
def test_our_figures(table, claim_id, column, value, error):
    assert table.loc[claim_id, column] == pytest.approx(value, abs=error)


def test_the_authors_later_revision_is_what_the_settings_give(table):
    assert "Nothing was tuned" in table.loc["share-zai", "explanation"]
    for claim_id, row in table[table.index.str.match("revision|march")].iterrows():
        assert row["our_value"] == pytest.approx(row["value"], abs=0.3), claim_id
        if not math.isnan(row["p5"]):
            assert row["our_p5"] == pytest.approx(row["p5"], abs=0.3), claim_id
            assert row["our_p95"] == pytest.approx(row["p95"], abs=0.6), claim_id


def test_openai_is_a_sum_of_point_estimates(table):
    row = table.loc["share-openai"]
    assert row["value"] == 100 * (400 + 80) / 5000
    assert "sum of point estimates" in row["explanation"]
    low, high = 50 * row["our_p5"], 50 * row["our_p95"]  # USD million of 5000
    assert low == pytest.approx(170 + 24, rel=0.02) and high == pytest.approx(890 + 435, rel=0.02)
    medians = lognormal(170, 890, 0.05).quantile(0.5) + lognormal(24, 435, 0.05).quantile(0.5)
    assert 50 * row["our_value"] == pytest.approx(medians, rel=0.02)
    assert row["our_value"] > row["value"]


def test_the_printed_interval_of_hailuo_02_is_wider_than_the_90_percent_one(table):
    row = table.loc["flop-hailuo-02-interval"]
    assert row["p5"] < row["our_p5"] < row["our_value"] < row["our_p95"] < row["p95"]


def test_a_figure_without_a_formula_is_refused_unless_it_is_context(data_copy):
    data_copy.add_like("published", "share-zai", claim_id="again", quantity="share of all revenue")
    few = {"company": "zai", "n_draws": 5, "data_dir": data_copy.folder}
    told = r"published.csv, row again, column status: differs, but published"
    assert_refused(told, ts.published.published_table, **few)
    data_copy.edit("published", "again", "status", "context")
    assert math.isnan(ts.published.published_table(**few).loc["again", "our_value"])


def test_one_company_s_figures_are_those_of_the_whole_table(table):
    some = ts.published.published_table(company="minimax")
    pd.testing.assert_frame_equal(some, table[table["company"] == "minimax"])


def test_the_figures_follow_the_tables(data_copy):
    data_copy.edit("fx", "CNY/2022/2025", "per_usd", "7.0")
    few = {"n_draws": 5, "data_dir": data_copy.folder}
    table = ts.published.published_table(company="zai", **few)
    assert table.loc["rd-zai-2024", "our_value"] == pytest.approx(1552.832 / 7.0, rel=1e-12)
    told = "unknown company 'nobody'; known: ai2"
    assert_refused(told, ts.published.published_table, company="nobody", **few)
