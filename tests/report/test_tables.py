"""Tables as people read them."""

import pytest

import training_share as ts


def test_cases_say_what_is_counted_and_how_they_are_known():
    table = ts.tables.cases_text_table(ts.pattern(n_draws=500).table())
    row = table.loc["BLOOM 176B"]
    assert row["share"] == "37.2%" and row["known by"] == "measured, kWh"
    assert row["not counted"] == "serving" and row["source"].startswith("https://arxiv.org")
    assert set(table["known by"]) > {"the model"}


def test_implied_cost_has_two_digits():
    table = ts.tables.implied_text_table(ts.implied_training_costs(2025, n_draws=2000))
    assert list(table.index) == ["OpenAI", "OpenAI", "Anthropic"]
    assert table["R&D compute (USD billion)"].tolist() == ["8.3", "10.6", "4.1"]
    for text in table["final training runs (USD billion)"]:
        numbers = text.replace("(", "").replace(")", "").replace(" to ", " ").split()
        assert len(numbers) == 3 and all(len(number.strip("0.")) <= 3 for number in numbers)


def test_scales_of_the_prior_stand_side_by_side():
    table = ts.tables.dependence_text_table(ts.pattern(n_draws=500).dependence((0.5, 2.0)))
    assert list(table.columns) == ["scale 0.5", "scale 2"] and len(table) == 3


def test_a_correction_says_what_it_leaves_out():
    table = ts.tables.reasons_table("calendar-2025")
    assert "Hailuo 2.3" in table.loc["minimax", "why"] and "lower bound" in table.loc["zai", "why"]
    assert table.loc["minimax", "columns"] == "spending_start, spending_end"
    with pytest.raises(ts.InputError, match="did you mean 'calendar-2025'"):
        ts.tables.reasons_table("calendar-2024")
