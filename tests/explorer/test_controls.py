"""What can be set for a company: labels, ranges and corrections, from the tables."""

from dataclasses import replace

import numpy as np
import pytest

from training_share.explorer.controls import ASSUMED, Offer, excluded, rounds, with_spending
from training_share.inputs.notation import parse
from training_share.inputs.tables import load
from training_share.model.estimate import estimate

BASE = load()
COMPANIES = with_spending(BASE).values()
FEW = 2_000


def offer(company, scenario="newsletter"):
    return Offer(BASE, company, tuple(BASE.scenario_corrections(scenario)))


def test_companies_are_those_of_the_tables():
    assert list(with_spending(BASE).values()) == list(BASE.with_spending)
    assert with_spending(BASE)["MiniMax"] == "minimax"
    assert offer("minimax").groups == ["hailuo"] and offer("openai").groups == []


def test_labels_are_those_of_the_table_and_name_units_that_are_no_fraction():
    controls = offer("zai").controls
    assert controls["mfu"].label == BASE.assumptions["mfu"].label
    assert controls["price_usd_per_gpu_hour"].label == "GPU price (USD per H800-hour)"
    assert controls["cny_per_usd"].label == "CNY per USD"


@pytest.mark.parametrize("company", COMPANIES)
@pytest.mark.parametrize("scenario", BASE.scenario_names)
def test_a_slider_is_there_where_it_moves_the_share_and_only_there(company, scenario):
    before = estimate(company, scenario, FEW).share
    controls = offer(company, scenario).controls
    for name in (*ASSUMED, *BASE.rates()):
        text = "5" if name in BASE.rates() else "0.12 to 0.9 (p10-p90 lognormal)"
        after = estimate(company, scenario, FEW, **{name: text}).share
        moved = after.size != before.size or not np.array_equal(after, before)
        assert (name in controls) == moved, name


def test_a_company_that_reports_in_yen_gets_its_own_rate(data_copy):
    data_copy.edit("companies", "minimax", "currency", "JPY")
    for line in data_copy.read("spending"):
        if line[0] == "minimax":
            data_copy.edit("spending", "/".join(line[:3]), "currency", "JPY")
    for line in data_copy.read("fx")[1:]:
        data_copy.add_like("fx", "/".join(line[:2]), currency="JPY", per_usd="150")
    tables = load(data_copy.folder)
    controls = Offer(tables, "minimax", ()).controls
    assert "cny_per_usd" not in controls and "cny_per_usd" in Offer(tables, "zai", ()).controls
    yen = controls["jpy_per_usd"]
    assert (yen.label, yen.own) == ("JPY per USD", "150")
    assert (yen.options[0], yen.options[-1]) == (120, 187)


@pytest.mark.parametrize("company", COMPANIES)
@pytest.mark.parametrize("scenario", BASE.scenario_names)
def test_a_slider_at_the_scenarios_value_sets_nothing(company, scenario):
    for control in offer(company, scenario).controls.values():
        if control.handles:
            assert control.text(control.places(control.own)) == "", control


def test_ranges_hold_every_value_that_the_tables_or_a_correction_give():
    texts = {name: [BASE.assumptions[name].value] for name in ASSUMED}
    for _, key, column, value in (cell for cells in BASE.cells_of.values() for cell in cells):
        if key in texts and column == "value":
            texts[key].append(value)
    assert len(texts["mfu_rl"]) == 3  # the body's, the appendix's and that of public benchmarks
    for name, values in texts.items():
        options = offer("minimax").controls[name].options
        for value in map(parse, values):
            assert options[0] < value.quantile(0.1) / 2 and value.quantile(0.9) < options[-1]
        assert options[-1] <= 1 or name == "price_usd_per_gpu_hour"  # a fraction


def test_places_of_a_slider_have_two_digits():
    assert rounds(0.0982, 0.121) == (0.098, 0.099, 0.1, 0.11, 0.12)
    assert rounds(0.5, 0.52) == (0.5, 0.51, 0.52)
    assert rounds(5.76, 5.79, digits=3) == (5.76, 5.77, 5.78, 5.79)


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("mfu", (0.15, 0.4), "0.15 to 0.4 (p10-p90 lognormal)"),
        ("mfu", (0.2, 0.2), "0.2"),  # equal handles: an exact value
        ("sft_fraction", (0.002, 0.05), "0.002 to 0.05 (p10-p90 lognormal)"),
        ("cny_per_usd", (7.1,), "7.1"),
        ("release_lag_months", (0,), "0"),
        ("release_lag_months", (12,), "12"),
    ],
)
def test_places_read_as_notation_and_back(name, values, text):
    control = offer("zai").controls[name]
    places = tuple(control.options.index(value) for value in values)
    assert control.text(places) == text
    assert control.places(text) == places


def test_what_a_slider_cannot_say_stands_at_its_ends_or_nowhere():
    mfu = offer("minimax").controls["mfu"]
    assert mfu.places("0.001 to 3 (p10-p90 lognormal)") == (0, len(mfu.options) - 1)
    assert mfu.places("cheap") is None


def test_window_days_are_those_where_disclosed_periods_begin_and_end():
    controls = offer("openai").controls
    assert controls["spending_start"].options == ("2024-01-01",)
    assert controls["spending_end"].options == ("2024-12-31",)
    assert "2024-10-01" in offer("minimax").controls["spending_start"].options


# --- corrections ----------------------------------------------------------------------------------
@pytest.mark.parametrize("company", COMPANIES)
def test_every_correction_that_moves_a_draw_is_listed(company):
    listed = {name for rows in offer(company).listed.values() for name in rows}
    before = estimate(company, n_draws=FEW)
    for name in BASE.cells_of:
        after = estimate(company, n_draws=FEW, corrections=[name])
        moved = after.share.size != FEW or not np.array_equal(after.share, before.share)
        assert name in listed or not moved, name


def test_corrections_of_others_are_not_listed():
    listed = offer("openai").listed
    assert sorted(name for rows in listed.values() for name in rows) == [
        "openai-amortisation-1y",
        "openai-amortisation-3y",
        "openai-joint-interval",
        "release-lag",
    ]
    assert listed["Method"]["openai-joint-interval"].startswith("The published interval sums")


def test_a_correction_of_a_closed_model_is_listed_for_its_company_alone(data_copy):
    cell = ["closed_models", "hailuo-02", "parameters", "20e9"]
    row = ["smaller", *cell, "", "It is.", "own-judgement"]
    data_copy.write("corrections", [*data_copy.read("corrections"), row])
    step = ["careful", "smaller", "", "Considered by this test."]
    data_copy.write("scenarios", [*data_copy.read("scenarios"), step])
    base = load(data_copy.folder)
    listed = Offer(base, "minimax", ()).listed["Regressions of closed models"]
    assert listed["smaller"] == "It is."
    assert "smaller" not in str(Offer(base, "zai", ()).listed)


def test_corrections_that_set_a_cell_differently_exclude_each_other():
    assert excluded(BASE, "drop-glm-4.6", ["add-glm-z1", "glm-4.6-full-run"])
    assert not excluded(BASE, "drop-glm-4.6", ["add-glm-z1"])


def test_corrections_in_force_make_the_tables():
    some = replace(offer("minimax"), corrections=("appendix-rl",))
    assert some.controls["mfu_rl"].own == "0.01 to 0.10 (p10-p90 lognormal)"
