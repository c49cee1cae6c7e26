"""What can be set for a company: labels, ranges and corrections, from the tables."""

import numpy as np
import pytest

from training_share.explorer.controls import controls_of, own_of, touching
from training_share.inputs.notation import parse
from training_share.inputs.tables import load
from training_share.model.estimate import estimate

BASE = load()
CONTROLS = controls_of(BASE)
DRAWN = [row.name for row in BASE.assumptions.values() if row.correlation]
FEW = 2_000


def test_companies_and_labels_are_those_of_the_tables():
    companies = dict(CONTROLS["company"].options)
    assert list(companies.values()) == list(BASE.with_spending)
    assert companies["MiniMax"] == "minimax"
    assert CONTROLS["mfu"].description == BASE.assumptions["mfu"].label
    assert CONTROLS["price_usd_per_gpu_hour"].description == "GPU price (USD per H800-hour)"
    assert CONTROLS["cny_per_usd"].description == "CNY per USD"


@pytest.mark.parametrize("company", BASE.with_spending)
@pytest.mark.parametrize("scenario", BASE.scenario_names)
def test_an_amount_is_offered_where_it_moves_the_share_and_only_there(company, scenario):
    before = estimate(company, scenario, FEW).share
    own, _ = own_of(BASE, company=company, scenario=scenario)
    for name in (*DRAWN, *BASE.rates()):
        after = estimate(company, scenario, FEW, **{name: "1"}).share
        assert (name in own) == (not np.array_equal(after, before)), name


def test_what_holds_where_nothing_is_set_is_the_scenarios():
    own, _ = own_of(BASE, company="minimax", scenario="newsletter", corrections="appendix-rl")
    assert own["mfu_rl"] == "0.01 to 0.10 (p10-p90 lognormal)"
    moved, _ = own_of(BASE, company="minimax", scenario="newsletter", release_lag_months="0")
    assert moved["release_lag_months"] == own["release_lag_months"] == "3"
    assert "cny_per_usd" not in own


def test_a_new_assumption_and_a_new_currency_get_their_controls(data_copy):
    """A company that reports in yen, and a renamed assumption."""
    data_copy.edit("companies", "minimax", "currency", "JPY")
    for line in data_copy.read("spending"):
        if line[0] == "minimax":
            data_copy.edit("spending", "/".join(line[:3]), "currency", "JPY")
    for line in data_copy.read("fx")[1:]:
        data_copy.add_like("fx", "/".join(line[:2]), currency="JPY", per_usd="150")
    data_copy.add_like("assumptions", "sft_fraction", name="distilled", label="distilled parts")
    data_copy.edit("training_runs", "hailuo-02-sft", "fraction_of_base", "distilled")
    tables = load(data_copy.folder)
    controls = controls_of(tables)
    assert controls["jpy_per_usd"].description == "JPY per USD"
    assert controls["distilled"].description == "Distilled parts"
    own, _ = own_of(tables, company="minimax", scenario="newsletter")
    assert (own["jpy_per_usd"], own["distilled"]) == ("150", own["sft_fraction"])
    assert "cny_per_usd" not in own


def test_days_are_those_on_which_disclosed_periods_begin_and_end():
    _, days = own_of(BASE, company="openai", scenario="newsletter")
    assert days == {"spending_start": ["2024-01-01"], "spending_end": ["2024-12-31"]}
    _, days = own_of(BASE, company="minimax", scenario="newsletter")
    assert "2024-10-01" in days["spending_start"] and "2024-09-30" in days["spending_end"]


# --- amounts: a field and a slider ----------------------------------------------------------------
@pytest.fixture
def mfu():
    amount = controls_of(BASE)["mfu"]
    amount.placeholder = "0.15 to 0.35 (p10-p90 lognormal)"
    return amount


@pytest.mark.parametrize("name", [*DRAWN, *BASE.rates()])
def test_a_slider_reaches_every_value_that_the_tables_or_a_correction_give(name):
    cells = [cell for cells in BASE.cells_of.values() for cell in cells]
    texts = [text for table, key, column, text in cells if (key, column) == (name, "value")]
    texts += [BASE.assumptions[name].value if name in DRAWN else "7.2"]
    slider = CONTROLS[name].slider
    for value in map(parse, texts):
        assert value.quantile(0.9) < slider.max and value.quantile(0.1) >= slider.min
    assert slider.max <= 1 or "fraction" not in name


@pytest.mark.parametrize(
    ("places", "text"),
    [
        ((0.15, 0.4), "0.15 to 0.4 (p10-p90 lognormal)"),
        ((0.2, 0.2), "0.2"),  # equal handles: an exact value
        ((0.15, 0.35), ""),  # as the scenario says
    ],
)
def test_a_slider_writes_the_notation_and_follows_it(mfu, places, text):
    mfu.value = "0.5"
    mfu.slider.value = places
    assert mfu.value == text and mfu.slider.value == places


def test_a_slider_stands_at_its_nearest_places_and_what_was_typed_stays(mfu):
    mfu.value = "0.123 to 3 (p10-p90 lognormal)"
    assert mfu.slider.value == (0.12, 0.7)
    assert mfu.value == "0.123 to 3 (p10-p90 lognormal)"
    mfu.value = "cheap"
    assert mfu.slider.value == (0.12, 0.7)
    mfu.value = ""
    assert mfu.slider.value == (0.15, 0.35)


# --- corrections ----------------------------------------------------------------------------------
@pytest.mark.parametrize("company", BASE.with_spending)
def test_every_correction_that_moves_a_draw_is_offered(company):
    offered, before = touching(BASE, company), estimate(company, n_draws=FEW).share
    for name in BASE.cells_of:
        after = estimate(company, n_draws=FEW, corrections=[name]).share
        assert (name in offered) == (not np.array_equal(after, before)), name


def test_a_correction_of_a_closed_model_is_offered_for_its_company_alone(data_copy):
    cell = ["closed_models", "hailuo-02", "parameters", "20e9"]
    row = ["smaller", *cell, "", "It is.", "own-judgement"]
    data_copy.write("corrections", [*data_copy.read("corrections"), row])
    step = ["careful", "smaller", "", "Considered by this test."]
    data_copy.write("scenarios", [*data_copy.read("scenarios"), step])
    base = load(data_copy.folder)
    assert controls_of(base)["corrections"].boxes["smaller"].description == "smaller: It is."
    assert "smaller" in touching(base, "minimax") and "smaller" not in touching(base, "zai")
