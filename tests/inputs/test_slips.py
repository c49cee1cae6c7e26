"""Slips of the hand that change a number without a word are refused, with the row they disagree
with; what is meant is accepted."""

import csv
import io

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


# --- disclosures that disagree --------------------------------------------------------------------
def period(data_copy, name, start, end, amount):
    data_copy.add_like(
        "spending",
        "minimax/rd_compute/9M2024",
        period=name,
        period_start=start,
        period_end=end,
        amount_millions=amount,
    )


def test_a_shorter_path_with_another_sum_is_refused(data_copy):
    period(data_copy, "LTM", "2024-10-01", "2025-09-30", "900")
    told = refusal(data_copy)
    assert "disagrees with" in told and "minimax/rd_compute/LTM" in told and "862.472" in told


def test_a_path_that_agrees_to_its_last_digit_is_accepted(data_copy):
    before = ts.estimate("minimax", n_draws=500).summary()["rd_compute"]
    period(data_copy, "LTM", "2024-10-01", "2025-09-30", "179.9")
    after = ts.estimate("minimax", n_draws=500, data_dir=data_copy.folder).summary()["rd_compute"]
    assert after == pytest.approx(before, rel=5e-4)


def test_the_order_of_rows_does_not_decide(data_copy):
    """Two half years beside a year and nine months: a contradiction in whatever order."""
    period(data_copy, "Q4 2024", "2024-10-01", "2024-12-31", "50")
    period(data_copy, "H2", "2025-01-01", "2025-09-30", "50")
    header, *rows = data_copy.read("spending")
    for order in (rows, rows[::-1]):
        data_copy.write("spending", [header, *order])
        assert "disagree" in refusal(data_copy) or "same days" in refusal(data_copy)


def test_two_rates_for_one_year_are_refused_and_for_two_are_not(data_copy):
    data_copy.add_like("fx", "CNY/2022/2025", period="2025/2025", per_usd="8")
    assert "row CNY/2025/2025: 8 for years in which row CNY/2022/2025 has 7.2" in refusal(data_copy)
    data_copy.drop("fx", "CNY/2025/2025")
    data_copy.add_like("fx", "CNY/2022/2025", period="2027/2027", per_usd="8")
    assert len(load(data_copy.folder).fx) == 3


def test_an_exchange_rate_set_by_hand_holds_in_every_year(data_copy):
    data_copy.edit("fx", "CNY/2022/2025", "period", "2020/2023")
    data_copy.add_like("fx", "CNY/2020/2023", period="2024/2025", per_usd="7.1")
    shares = [
        ts.estimate("zai", n_draws=500, cny_per_usd=14.4, data_dir=folder).summary()["share_p50"]
        for folder in (None, data_copy.folder)
    ]
    assert shares[0] == shares[1]


def test_the_tables_as_text_round_trip(data_copy):
    """What a spreadsheet saves is read as what it was."""
    raw = data_copy.path("spending").read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(raw)))
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    data_copy.path("spending").write_bytes(b"\xef\xbb\xbf" + out.getvalue().encode())
    assert load(data_copy.folder).digest == load().digest
