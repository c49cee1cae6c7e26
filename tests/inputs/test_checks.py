"""Slips of the hand that change a number without a word are refused, with the row they disagree
with; what is meant is accepted."""

import pytest

import training_share as ts
from training_share.errors import InputError
from training_share.inputs.tables import load

# table, key, column, new content, what is told
SLIPS = [
    ("spending", "minimax/rd_compute/FY2024", "amount_millions", "140642", "more than the 189"),
    ("spending", "zai/rd_compute/FY2024", "amount_millions", "15528.32", "more than the 2195.4"),
    ("training_runs", "minimax-m2-pretraining", "released", "2052-10", "check the year"),
    ("companies", "zai", "spending_end", "9999-12-31", "check the year"),
    ("spending", "zai/rd_total/FY2024", "period_end", "9999-12-31", "check the year"),
    ("companies", "zai", "currency", "USD", "USD, but all its rows of spending.csv are in CNY"),
    ("closed_models", "hailuo-02", "parameters", "15 to 30 (p10-p90 lognormal)", "not billions"),
    ("assumptions", "post_training_factor", "value", "0.05", "write 1.05 for 5% more"),
    ("assumptions", "mfu", "value", "1e-320", "an amount from 1e-40"),
    ("assumptions", "mfu", "value", "1e-12", "check the exponent"),
    ("spending", "minimax/rd_compute/FY2024", "amount_millions", "1e308", "1e+40"),
    (
        "training_runs",
        "glm-4.6",
        "fraction_of_base",
        "bootstrap_resamples",
        "'bootstrap_resamples' is in 'count'; a fraction stands here",
    ),
    (
        "training_runs",
        "minimax-text-01",
        "post_training",
        "price_usd_per_gpu_hour",
        "a multiple stands here, such as post_training_factor",
    ),
    ("assumptions", "denominator_lines", "value", "rd_compute + rd_compute", "stands twice"),
    ("assumptions", "denominator_lines", "value", "rd_compute + owned_compute_prxy", "proxy"),
]


def refusal(data_copy) -> str:
    with pytest.raises(InputError) as caught:
        load(data_copy.folder)
    return str(caught.value)


@pytest.mark.parametrize(("table", "key", "column", "value", "told"), SLIPS)
def test_a_slip_is_refused(data_copy, table, key, column, value, told):
    data_copy.edit(table, key, column, value)
    message = refusal(data_copy)
    assert told in message and f"{table}.csv, row " in message


@pytest.mark.parametrize(
    ("table", "column", "wrong", "right"),
    [
        ("training_runs", "group", "hailou", "hailuo"),
        ("scenarios", "scenario", "carefull", "careful"),
        ("corrections", "correction", "apendix-rl", "appendix-rl"),
        ("spending", "line", "rd_comptue", "rd_compute"),
    ],
)
def test_a_name_that_stands_once_beside_its_like_is_refused(data_copy, table, column, wrong, right):
    lines = data_copy.read(table)
    place = lines[0].index(column)
    row = next(line for line in lines[1:] if line[place] == right)
    row[place] = wrong
    data_copy.write(table, lines)
    assert f"'{wrong}' stands here alone; did you mean '{right}'?" in refusal(data_copy)


def test_names_told_apart_by_a_digit_are_two_names(data_copy):
    """openai-amortisation-1y and -3y stand in the tables; so may a second scenario."""
    data_copy.add_like("scenarios", "appendix/appendix-rl", scenario="appendix2")
    assert "appendix2" in load(data_copy.folder).scenario_names


@pytest.mark.parametrize(
    ("table", "key", "column", "name", "told"),
    [
        ("companies", "zai", "display_name", "Z$ai$", "reads mathematics into dollar signs"),
        ("companies", "zai", "display_name", "智谱", "write the name in Latin letters"),
        ("companies", "zai", "display_name", "Z" * 100, "a chart holds 60, shorten it"),
        ("training_runs", "glm-4.5", "model", "GLM " * 40, "a chart holds 60, shorten it"),
    ],
)
def test_a_name_that_no_chart_can_show_is_refused(data_copy, table, key, column, name, told):
    data_copy.edit(table, key, column, name)
    assert told in refusal(data_copy)


def test_a_bad_value_of_a_correction_is_blamed_on_the_correction(data_copy):
    lines = data_copy.read("corrections")
    place = lines[0].index("value")
    row = next(line for line in lines if line[0] == "m2-disclosed-tokens" and line[3] == "flop")
    row[place] = "about 2e24"
    data_copy.write("corrections", lines)
    with pytest.raises(InputError, match=r"^corrections\.csv, correction 'm2-disclosed-tokens': "):
        ts.estimate("minimax", corrections="m2-disclosed-tokens", data_dir=data_copy.folder)
