"""What `load` hands out is what the next caller gets: it cannot be changed."""

import pickle

import pytest
from refusals import assert_refused

import training_share as ts
from training_share.model.case import listed


@pytest.mark.parametrize(
    "change",
    [
        lambda tables: tables.cells_of.clear(),
        lambda tables: tables.companies.pop("zai"),
        lambda tables: tables.texts["companies"]["zai"].update(currency="USD"),
        lambda tables: tables.schema.clear(),
        lambda tables: tables.schema["companies"].columns.clear(),
        lambda tables: tables.schema["companies"].keys.append("color"),
        lambda tables: tables.given.update({("fx", "CNY/2022/2025", "per_usd"): 1}),
        lambda tables: tables.cells_of["predictive-interval"].clear(),
        lambda tables: setattr(tables.companies["zai"], "currency", "USD"),
    ],
)
def test_nothing_of_it_can_be_changed(change):
    with pytest.raises((TypeError, AttributeError)):
        change(ts.load())


def test_what_is_made_anew_is_the_caller_s_own():
    ts.load().rates().clear()
    frame = ts.load().frame("fx")
    frame["per_usd"] = "1"
    assert "cny_per_usd" in ts.load().rates() and ts.load().fx["CNY/2022/2025"].per_usd.value == 7.2
    assert pickle.loads(pickle.dumps(ts.load().schema))["fx"].keys == ("currency", "period")


def test_groups_of_no_company_are_refused():
    assert_refused(
        "unknown company 'minimaxx'; did you mean 'minimax'", ts.load().groups, ["minimaxx"]
    )


@pytest.mark.parametrize(
    "text", ['["minimax","zai"]', "['minimax', 'zai']", "[minimax, zai]", "('minimax', 'zai')"]
)
def test_a_list_may_be_text_as_a_command_line_hands_it_on(text):
    assert listed(text) == ("minimax", "zai")
    assert list(ts.compare(text, n_draws=20).estimates) == ["minimax", "zai"]
    assert_refused("companies: expected a list", ts.compare, 3)
