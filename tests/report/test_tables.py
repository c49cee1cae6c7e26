"""Tables as a person reads them: sums, rates, words for large numbers."""

import pandas as pd
import pytest
from refusals import assert_refused

import training_share as ts

RUN = {"model": "X", "released": "2026-08", "flop": "1e24"}


@pytest.fixture(scope="module")
def zai():
    return ts.estimate("zai", n_draws=1000)


def test_spending_ends_in_its_sum_and_the_rate_it_rests_on(zai):
    table = ts.tables.denominator_table(zai)
    periods, total = table.iloc[:-1], table.iloc[-1]
    in_yuan = sum(int(row.sign) * float(row["amount (millions)"]) for _, row in periods.iterrows())
    rate = float(total["note"].split()[1])
    assert total.name == "sum" and total["currency"] == "USD"
    assert float(total["amount (millions)"]) == pytest.approx(in_yuan / rate, abs=0.05)
    assert total["source"].startswith("http")
    assert set(periods["currency"]) == {"CNY"} and "CNY for a dollar" in total["note"]


@pytest.mark.parametrize(
    ("start", "rates"),
    [
        ("2025-01-01", "at 7.2 CNY for a dollar; 6.9074 CNY for a dollar"),
        ("2026-01-01", "at 6.9074 CNY for a dollar"),
    ],
)
def test_only_the_rates_of_the_years_summed_are_listed(zai, start, rates):
    assert ts.tables.denominator_table(zai).iloc[-1]["note"] == "at 7.2 CNY for a dollar"
    half = {"line": "rd_compute", "period": "H1 2026", "currency": "CNY"}
    half |= {"source_id": "own-judgement"}
    half |= {"period_start": "2026-01-01", "period_end": "2026-06-30", "amount_millions": "900"}
    later = zai.again(spending=[half], spending_start=start, spending_end="2026-06-30", runs=[RUN])
    assert ts.tables.denominator_table(later).iloc[-1]["note"] == rates


def test_a_company_that_files_in_dollars_needs_no_rate():
    total = ts.tables.denominator_table(ts.estimate("minimax", n_draws=10)).iloc[-1]
    assert total["amount (millions)"] == "179.9" and total["note"] == "" == total["source"]


def test_runs_have_amounts_in_words_and_flop_with_their_exponent(zai):
    openai = ts.tables.runs_table(ts.estimate("openai", n_draws=10))
    assert openai.loc["openai-gpt-4.5", "amount"] == "USD 170 to 890 million (p5-p95 lognormal)"
    runs = ts.tables.runs_table(zai)
    assert runs.loc["glm-4.5", "amount"] == "4.42e24 FLOP x post_training_factor"
    assert runs.loc["cogvideox", "amount"] == "regression, closed model cogvideox"
    assert runs.loc["glm-4.6", "amount"] == "rl_fraction of the FLOP of glm-4.5"


def test_the_numbers_of_a_setting_agree_with_its_chart():
    table = ts.shares.ratio_table(ts.compare("minimax", n_draws=2000), "newsletter")
    shown = ts.tables.ratio_text_table(table)
    assert list(shown["company"]) == list(table["label"])
    shares = shown["share (%)"].astype(float)
    assert shares.tolist() == pytest.approx(list(100 * table["share_p50"]), abs=0.5)
    assert table["over_half"].between(0, 1).all()
    assert not shown.map(lambda cell: "±" in cell).any(axis=None)


def test_who_is_higher_reads_as_pairs_and_markets():
    index = pd.MultiIndex.from_tuples([("A", "B")], names=["higher", "lower"])
    table = pd.DataFrame([[0.999, 0.86]], columns=["One market", "None"], index=index)
    shown = ts.tables.higher_text_table(table)
    assert shown.loc["A above B"].to_dict() == {"One market": ">99%", "None": "86%"}


def test_an_implied_spending_reads_in_one_column():
    shown = ts.tables.implied_text_table(ts.implied_rd_compute("deepseek", n_draws=1000))
    assert shown.shape == (2, 1) and shown.iloc[1, 0].startswith("USD ")
    assert "%" in shown.iloc[0, 0]


def test_cases_say_what_is_counted_and_how_they_are_known():
    table = ts.tables.cases_text_table(ts.pattern(n_draws=500).table())
    row = table.loc["BLOOM 176B"]
    assert row["share"] == "37.2%" and row["known by"] == "measured, kWh"
    assert row["not counted"] == "serving" and row["source"].startswith("https://arxiv.org")
    assert set(table["known by"]) > {"the model"}


def test_implied_cost_has_two_digits():
    table = ts.tables.implied_costs_table(ts.implied_training_costs(2025, n_draws=2000))
    table = table.loc[["OpenAI", "Anthropic"]]
    assert table["R&D compute (USD billion)"].tolist() == ["8.3", "10.6", "4.1"]
    for text in table["final training runs (USD billion)"]:
        numbers = text.replace("(", "").replace(")", "").replace(" to ", " ").split()
        assert len(numbers) == 3 and all(len(number.strip("0.")) <= 3 for number in numbers)


def test_what_the_next_share_depends_on_reads_in_two_columns():
    table = ts.tables.dependence_text_table(ts.pattern(n_draws=500).dependence())
    assert list(table.columns) == ["next company's share"] and len(table) == 12
    assert table.iloc[0, 0].count("%") == 3


def test_a_correction_says_what_it_leaves_out():
    table = ts.tables.reasons_table("calendar-2025")
    why = table["why"]
    assert all("releases.csv" in why[of] and "lower bound" in why[of] for of in ("minimax", "zai"))
    assert table.loc["minimax", "columns"] == "spending_start, spending_end"
    assert_refused("did you mean 'calendar-2025'", ts.tables.reasons_table, "calendar-2024")
