"""Fiscal arithmetic: periods add and subtract to a window, in dollars or in hours of a chip."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from arithmetic import assert_close, assert_uniform
from hypothesis import assume, given
from hypothesis import strategies as st
from refusals import assert_refused

import training_share as ts
from training_share.inputs.tables import load
from training_share.model.draws import drawn, one
from training_share.model.spending import as_date, signed_periods

WINDOWS = {  # signs as the path through the periods finds them, amounts by hand
    ("minimax", "2024-10-01", "2025-09-30"): ("- 9M2024 + FY2024 + 9M2025", 179.925, "USD"),
    ("minimax", "2022-01-01", "2024-09-30"): ("+ FY2022 + FY2023 + 9M2024", 154.492, "USD"),
    ("zai", "2024-07-01", "2025-06-30"): ("- H1 2024 + FY2024 + H1 2025", 2094.719, "CNY"),
    ("openai", "2024-01-01", "2024-12-31"): ("+ CY2024", 5000, "USD"),
    ("ai2", "2025-01-01", "2025-11-30"): ("+ Olmo 3", 8.34, "H100-hours"),
}


@pytest.mark.parametrize("window", WINDOWS)
def test_windows_by_hand(window):
    company, *days = window
    terms, amount, currency = WINDOWS[window]
    asked = [date.fromisoformat(day) for day in days]
    signed = signed_periods(load(), company, "rd_compute", *asked)
    assert " ".join(f"{'+-'[sign < 0]} {row.period}" for sign, row in signed) == terms
    assert {row.currency for _, row in signed} == {currency}
    at_medians = replace(ts.estimate(company), at_medians=True)
    for start, end in (days, asked):
        found = at_medians.spent(["rd_compute"], start, end)
        assert_close(found, amount * 1e6 / (7.2 if currency == "CNY" else 1))
    assert_close(sum(sign * row.amount_millions.quantile(0.5) for sign, row in signed), amount)


def spent(company: str, lines: list[str], *window: date, **settings):
    est = ts.estimate(company, n_draws=4000, **settings)
    return est.spent(lines, *(window or est.denominator_window))


# --- dollars --------------------------------------------------------------------------------------
def test_yuan_are_converted_at_the_rate_in_force_and_dollars_at_none():
    inference = 25.966 - 18.37 + 37.988
    for company, lines, settings, usd in (
        ("zai", ["rd_compute"], {}, 2094.719 / 7.2),
        ("zai", ["rd_compute"], {"cny_per_usd": 7}, 2094.719 / 7),
        ("minimax", ["rd_compute"], {"cny_per_usd": 7}, 179.925),
        ("minimax", ["rd_compute", "inference_compute"], {}, 179.925 + inference),
    ):
        assert_close(spent(company, lines, **settings), usd * 1e6)
    yuan = 2094.719e6 / spent("zai", ["rd_compute"], cny_per_usd="7.0 to 7.4 (min-max uniform)")
    assert_uniform(yuan, 7.0, 7.4)


def test_owned_compute_makes_the_denominator_of_zai_uncertain():
    owned = {"corrections": "zai-owned-compute"}
    est, known = ts.estimate("zai", n_draws=4000, **owned), 2094.719 + 222.393 + 110.675
    assert est.denominator_lines == ["rd_compute", "owned_compute_proxy"]
    assert_uniform(est.rd_compute, (known - 111.2) / 7.2e-6, (known - 55.6) / 7.2e-6)
    assert_close(ts.estimate("minimax", n_draws=10, **owned).rd_compute, 179.925e6)


def test_a_window_over_two_rates_is_converted_period_by_period(data_copy):
    """H2 2025 at the rate of 2025 and H1 2026 at that of 2026: neither rate for both."""
    later = {"period": "H1 2026", "period_start": "2026-01-01", "period_end": "2026-06-30"}
    data_copy.add_like("spending", "zai/rd_compute/H1 2025", **later, amount_millions="1381.48")
    data_copy.edit("spending", "zai/rd_compute/H2 2025", "amount_millions", "720")
    asked = ["rd_compute"], date(2025, 7, 1), date(2026, 6, 30)
    for settings, usd in (({}, 720 / 7.2 + 1381.48 / 6.9074), ({"cny_per_usd": 7}, 2101.48 / 7)):
        assert_close(spent("zai", *asked, **settings, data_dir=data_copy.folder), usd * 1e6)


# --- refusals -------------------------------------------------------------------------------------


def test_a_company_without_spending_has_a_cost_and_no_share():
    est = ts.estimate("deepseek", n_draws=10)
    assert not est.has_spending and est.unit == "USD" and (est.total_cost > 0).all()


def test_a_year_or_a_period_without_a_rate_is_refused(data_copy):
    rate, told = ("fx", "CNY/2022/2025", "period"), "fx.csv: no CNY rate for 2025"
    for end, years, further in (
        ("2026-06-30", "2022/2025", " to 2026 .* add .* from 2025-07-01 to 2026-06-30"),
        ("2025-12-31", "2022/2024", r" \(there: 2022/2024, 2026/2026\); add a row"),
    ):
        data_copy.edit("spending", "zai/rd_compute/H2 2025", "period_end", end)
        data_copy.edit(*rate, years)
        est = ts.estimate("deepseek", data_dir=data_copy.folder).beside("zai")
        window = date(2025, 7, 1), date.fromisoformat(end)
        assert_refused(told + further, est.spent, ["rd_compute"], *window)


# --- hours of a chip ------------------------------------------------------------------------------
def test_ai2_by_hand():
    est = ts.estimate("ai2", n_draws=4000)
    assert est.unit == "H100-hours" and est.measured
    assert_close(est.total_cost, 1_485_329)
    assert_uniform(est.rd_compute, 8.335e6, 8.345e6)  # the rounding of 8.34 alone
    assert np.median(est.share) == pytest.approx(1_485_329 / 8.34e6, abs=2e-5)
    assert f"{est.share.min():.1%}" == f"{est.share.max():.1%}" == "17.8%"


def test_hours_never_meet_a_price():
    est = ts.estimate("ai2", n_draws=50)
    for setting in ({"price_usd_per_gpu_hour": "30"}, {"mfu": "0.01", "mfu_rl": "0.01"}):
        assert (est.again(**setting).share == est.share).all()
    assert all(isinstance(amount, float) for amount in est.amounts.values())
    line = load().spending["ai2/rd_compute/Olmo 3"].amount_millions
    assert_close(est.rd_compute, 1e6 * drawn(42, one("spending/ai2/rd_compute/Olmo 3"), 50, line))
    assert list(est.chain("olmo-3-32b-think")) == ["gpu_hours"]
    hours = ["training_cost_h100_hours", "rd_compute_h100_hours"]
    assert list(est.draws()) == ["share", *hours]


def test_any_company_may_be_in_hours_and_flop_become_hours_by_the_mfu_alone(data_copy):
    for row in [key for key in load().spending if key.startswith("zai/rd_compute/")]:
        data_copy.drop("spending", row)
    cells = {"company": "zai", "currency": "H800-hours", "amount_millions": "100"}
    window = {"period_start": "2024-07-01", "period_end": "2025-06-30"}
    data_copy.add_like("spending", "ai2/rd_compute/Olmo 3", **cells, **window)
    data_copy.edit("companies", "zai", "currency", "H800-hours")
    data_copy.count_only("glm-4.5v", "deepseek-v3-pretraining")
    est = ts.estimate("zai", n_draws=10, mfu="0.25", data_dir=data_copy.folder)
    assert_close(est.share, 1.44e23 / (9.89e14 * 0.25 * 3600) / 100e6)
    assert est.unit == "H800-hours" and not est.measured
    told = "inference_compute is given in CNY, and cannot be put in H800-hours: hours of a chip"
    assert_refused(told, est.spent, ["inference_compute"], *est.denominator_window)


def test_lines_in_two_units_do_not_add(data_copy):
    other = {"line": "data", "currency": "USD", "amount_millions": "1"}
    data_copy.add_like("spending", "ai2/rd_compute/Olmo 3", **other)
    first = ts.estimate("ai2", n_draws=5, data_dir=data_copy.folder)
    data_copy.edit("companies", "ai2", "currency", "USD")
    other = first.again(data_dir=data_copy.folder)
    for est, unit, told in (
        (first, "H100-hours", "data is given in USD, and cannot be put in H100-hours"),
        (other, "USD", "rd_compute is given in H100-hours, and cannot be put in USD"),
    ):
        assert est.unit == unit
        for lines in ("rd_compute + data", told.partition(" ")[0]):
            assert_refused(told, getattr, est.again(denominator_lines=lines), "share")


# --- dates ----------------------------------------------------------------------------------------


def test_a_date_is_read_whatever_holds_it():
    for word in ("2024-07-01", " 2024-07-01 ", date(2024, 7, 1), datetime(2024, 7, 1, 12, 30)):
        read = as_date(word, "start")
        assert read == date(2024, 7, 1) and type(read) is date


# --- any chain of periods -------------------------------------------------------------------------
def periods_of(spans: list[tuple[date, date, float]], first: date, end: date) -> list[tuple]:
    """The signed periods for a window that ends the day before `end`, where `spans` are disclosed,
    each to the day before its end."""
    day = timedelta(days=1)
    rows = [
        SimpleNamespace(period=i, period_start=a, period_end=b - day, amount=amount)
        for i, (a, b, amount) in enumerate(spans)
    ]
    tables = SimpleNamespace(lines={"x": {"rd_compute": rows}}.get)
    return signed_periods(tables, "x", "rd_compute", first, end - day)


@st.composite
def chains(draw):
    """What is disclosed, the edges of its periods, and a window between two of them with its
    amount: one period ends at every edge, each begins at an earlier one, in any order. Quarters,
    years and years to date are all of this kind."""
    lengths = draw(st.lists(st.integers(1, 400), min_size=1, max_size=9))
    edges = [date(2020, 1, 1) + timedelta(days=sum(lengths[:n])) for n in range(len(lengths) + 1)]
    amounts = draw(st.lists(st.integers(1, 10**6), min_size=len(lengths), max_size=len(lengths)))
    spans = draw(st.permutations([(draw(st.integers(0, b - 1)), b) for b in range(1, len(edges))]))
    last = draw(st.integers(1, len(lengths)))
    first = draw(st.integers(0, last - 1))
    disclosed = [(edges[a], edges[b], float(sum(amounts[a:b]))) for a, b in spans]
    return disclosed, edges, (edges[first], edges[last], float(sum(amounts[first:last])))


@given(chains())
def test_any_window_between_edges_is_found_by_the_fewest_periods_and_equals_the_direct_sum(chain):
    disclosed, _, (first, end, amount) = chain
    found = periods_of(disclosed, first, end)
    assert sum(sign * row.amount for sign, row in found) == amount
    assert len({row.period for _, row in found}) == len(found)
    ((sign, row),) = periods_of([*disclosed, (first, end, amount)], first, end)
    assert sign == 1 and (row.period_start, row.amount) == (first, amount)


@given(chains(), st.integers(0, 400))
def test_a_window_off_the_edges_is_refused(chain, days):
    disclosed, edges, (first, end, _) = chain
    off = end + timedelta(days=days)
    assume(off not in edges)
    assert_refused("cannot be combined", periods_of, disclosed, first, off)
