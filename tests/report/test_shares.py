"""The rows that notebooks show and charts draw."""

import pytest

import training_share as ts


def test_company_that_discloses_no_inference_is_in_the_tables(data_copy):
    lines = [row for row in data_copy.read("spending") if row[:2] != ["zai", "inference_compute"]]
    data_copy.write("spending", lines)
    some = {"companies": "minimax,zai", "n_draws": 500, "data_dir": data_copy.folder}
    table = ts.shares.dollars_table(ts.compare(**some).values()).set_index("company")
    assert table.loc["zai", ["final_training", "other_rd"]].sum() == pytest.approx(2094.719 / 7.2)
    assert ts.shares.ratio_table(ts.compare(**some))["share_p50"].notna().all()
    figure = ts.charts.dollars(ts.compare(**some))
    assert "Z.ai spent $291M" in figure.title and "nan" not in figure.alt


def test_ratio_table_has_every_company_scenario_and_group_and_the_printed_shares():
    table = ts.shares.ratio_table(ts.compare(ts.shares.printed(), n_draws=1000))
    assert list(table["label"][:4]) == ["OpenAI", "MiniMax", "MiniMax without Hailuo", "Z.ai"]
    assert list(table["scenario"].unique()) == ["newsletter", "appendix", "careful"]
    newsletter = table[table["scenario"] == "newsletter"].set_index("label")
    printed = {"OpenAI": 0.096, "MiniMax": 0.226, "Z.ai": 0.123}
    assert newsletter["published"].dropna().to_dict() == pytest.approx(printed)
    assert list(table["without"][:4]) == ["", "", "hailuo", ""]


@pytest.fixture(scope="module")
def comparison():
    return ts.compare("minimax,zai", n_draws=4000)


def test_the_headline_is_each_company_once(comparison):
    rows = ts.shares.headline(comparison)
    assert list(rows["label"]) == ["MiniMax", "Z.ai"] and (rows["without"] == "").all()
    for row, est in zip(rows.itertuples(), comparison.estimates.values(), strict=True):
        assert row.share_p50 == est.summary()["share_p50"]
        assert row.over_half == (est.share > 0.5).mean()


def test_a_blank_company_is_each_with_a_printed_share():
    assert ts.shares.printed() == ["openai", "minimax", "zai"]


def test_small_runs_are_pooled_however_many_are_named():
    table = ts.shares.largest_runs(ts.estimate("zai", n_draws=500), most=99)
    assert (table.query("runs == 1")["p50"] >= 0.01 * table["p50"].iloc[0]).all()
    assert table.index[-1].endswith("smaller runs")


@pytest.mark.parametrize(
    "ask", [ts.shares.pair_dots, ts.corrections.who_is_higher, ts.sentences.catch_up]
)
def test_one_company_alone_is_not_higher_than_another(ask):
    with pytest.raises(ts.InputError, match="minimax alone cannot be higher or lower"):
        ask(ts.compare(["minimax"], n_draws=100))


def test_a_company_whose_runs_are_all_in_one_group_is_shown_with_it(data_copy):
    for run in ("openai-gpt-4.5", "openai-other-models"):
        data_copy.edit("training_runs", run, "group", "everything")
    est = ts.estimate("openai", n_draws=200, data_dir=data_copy.folder)
    assert len(ts.shares.company_ratio_table(est)) == 1
    assert "Main doubt" not in ts.sentences.answer(est)


def test_ai2_stands_beside_the_three_where_it_is_asked_for():
    four = ts.compare("openai,minimax,zai,ai2", n_draws=200)
    rows = ts.shares.ratio_table(four, "newsletter,careful")
    kinds = rows.groupby("kind")["company"].unique().map(sorted).to_dict()
    assert kinds == {"measured": ["ai2"], "modelled": ["minimax", "openai", "zai"]}
    measured = rows[rows["kind"] == "measured"]
    assert measured["unit"].tolist() == ["H100-hours"]  # once: no scenario moves it
    assert measured.index.tolist() == [len(rows) - 1]
    assert measured["label"].tolist() == ["Ai2, measured"]
    both = ts.compare("zai,ai2", n_draws=50).values()
    assert ts.shares.dollars_table(both)["company"].tolist() == ["zai"]
