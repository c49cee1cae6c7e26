"""Disclosures that disagree are refused, whatever the order of rows; those that agree are not."""

import pytest

import training_share as ts
from training_share.errors import InputError
from training_share.inputs.tables import load


def refusal(data_copy) -> str:
    with pytest.raises(InputError) as caught:
        load(data_copy.folder)
    return str(caught.value)


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
