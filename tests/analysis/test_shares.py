"""The tables that notebooks show and charts draw."""

import pytest

import training_share as ts


def test_ratio_table_has_every_company_scenario_and_group_and_the_printed_shares():
    table = ts.shares.ratio_table(n_draws=1000)
    assert list(table["label"][:4]) == ["OpenAI", "MiniMax", "MiniMax without Hailuo", "Z.ai"]
    assert list(table["scenario"].unique()) == ["newsletter", "appendix", "careful"]
    newsletter = table[table["scenario"] == "newsletter"].set_index("label")
    printed = {"OpenAI": 0.096, "MiniMax": 0.226, "Z.ai": 0.123}
    assert newsletter["published"].dropna().to_dict() == pytest.approx(printed)
