from datetime import date, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import training_share as ts
from training_share.errors import InputError
from training_share.inputs.schema import Spending
from training_share.inputs.tables import for_scenario, load
from training_share.model.drivers import GivenStreams
from training_share.model.spending import as_date, signed_periods, spending_in

MINIMAX = ("minimax", "rd_compute", "2024-10-01", "2025-09-30")
ZAI = ("zai", "rd_compute", "2024-07-01", "2025-06-30")


def test_minimax_window_by_hand():
    window = ts.window_spending(*MINIMAX)
    signed = dict(zip(window.table["period"], window.table["sign"], strict=True))
    assert signed == {"FY2024": 1, "9M2024": -1, "9M2025": 1}
    assert window.amount_millions == pytest.approx(140.642 - 103.114 + 142.397, rel=1e-12)
    assert window.amount_millions == pytest.approx(179.925, rel=1e-12)
    assert window.currency == "USD"


def test_zai_window_by_hand():
    window = ts.window_spending(*ZAI)
    signed = dict(zip(window.table["period"], window.table["sign"], strict=True))
    assert signed == {"FY2024": 1, "H1 2024": -1, "H1 2025": 1}
    assert window.amount_millions == pytest.approx(1552.832 - 603.237 + 1145.124, rel=1e-12)
    assert window.currency == "CNY"


def test_openai_window_is_the_disclosed_year():
    window = ts.window_spending("openai", "rd_compute", "2024-01-01", "2024-12-31")
    assert list(window.table["sign"]) == [1] and window.amount_millions == 5000


def test_several_years_add_up():
    window = ts.window_spending("minimax", "rd_compute", date(2022, 1, 1), date(2024, 9, 30))
    assert window.amount_millions == pytest.approx(4.149 + 47.229 + 103.114, rel=1e-12)
    assert (window.table["sign"] == 1).all()


def test_yuan_are_converted_at_the_rate_in_force():
    window = (date(2024, 7, 1), date(2025, 6, 30))
    assert spending_in("USD", load(), "zai", ["rd_compute"], *window) == pytest.approx(
        2094.719e6 / 7.2, rel=1e-12
    )
    est = ts.estimate("zai", n_draws=10, cny_per_usd=7.0)
    assert est.rd_compute_usd == pytest.approx(2094.719e6 / 7.0, rel=1e-12)


def test_an_uncertain_rate_makes_the_denominator_uncertain():
    est = ts.estimate("zai", n_draws=2000, cny_per_usd="7.0 to 7.4 (min-max uniform)")
    yuan_per_usd = 2094.719e6 / est.rd_compute_usd
    assert 7.0 < yuan_per_usd.min() < 7.01 and 7.39 < yuan_per_usd.max() < 7.4


def test_dollars_need_no_rate():
    window = (date(2024, 10, 1), date(2025, 9, 30))
    assert spending_in("USD", load(), "minimax", ["rd_compute"], *window) == pytest.approx(
        179.925e6, rel=1e-12
    )


def test_lines_add_up():
    window = (date(2024, 10, 1), date(2025, 9, 30))
    inference = 25.966 - 18.37 + 37.988
    total = spending_in("USD", load(), "minimax", ["rd_compute", "inference_compute"], *window)
    assert total == pytest.approx((179.925 + inference) * 1e6, rel=1e-12)


def test_owned_compute_makes_the_denominator_of_zai_uncertain():
    est = ts.estimate("zai", n_draws=4000, corrections="zai-owned-compute")
    fees, owned = 2094.719, 222.393 + 110.675
    low, high = (fees + owned - 111.2) / 7.2e-6, (fees + owned - 55.6) / 7.2e-6
    draws = est.rd_compute_usd
    assert draws.shape == (4000,) and low < draws.min() and draws.max() < high
    assert draws.min() - low < 0.01 * (high - low) and high - draws.max() < 0.01 * (high - low)
    middle, error = (low + high) / 2, (high - low) / (2 * np.sqrt(4000))
    assert abs(np.median(draws) - middle) < 4 * error
    untouched = ts.estimate("minimax", n_draws=10, corrections="zai-owned-compute")
    assert untouched.rd_compute_usd == pytest.approx(179.925e6, rel=1e-12)


def test_uncertain_amounts_stand_at_their_median_without_streams():
    tables, window = (
        for_scenario("newsletter", ["zai-owned-compute"]),
        (date(2024, 7, 1), date(2025, 6, 30)),
    )
    lines = ["rd_compute", "owned_compute_proxy"]
    median = (2094.719 + 222.393 - 83.4 + 110.675) / 7.2e-6
    assert spending_in("USD", tables, "zai", lines, *window) == pytest.approx(median, rel=1e-12)
    assert spending_in(
        "USD", tables, "zai", lines, *window, GivenStreams({}).at(1)
    ) == pytest.approx([median], rel=1e-12)


# --- windows that no disclosure covers ------------------------------------------------------------
@pytest.mark.parametrize(
    ("company", "line", "start", "end", "told"),
    [
        (
            "minimax",
            "rd_compute",
            "2024-04-01",
            "2025-03-31",
            ["9M2025 (2025-01-01 to 2025-09-30)", "FY2022"],
        ),
        ("zai", "rd_compute", "2024-10-01", "2025-06-30", ["H1 2025 (2025-01-01 to 2025-06-30)"]),
        ("openai", "rd_compute", "2023-01-01", "2023-12-31", ["CY2024 (2024-01-01 to 2024-12-31)"]),
        (
            "minimax",
            "rd_compute",
            "2024-10-01",
            "2025-09-29",
            ["cannot be combined to 2024-10-01 to 2025-09-29"],
        ),
        (
            "minimax",
            "rd_compute",
            "2025-09-30",
            "2024-10-01",
            ["ends before it starts; swap the dates"],
        ),
    ],
)
def test_an_uncovered_window_is_refused_and_says_what_is_disclosed(company, line, start, end, told):
    with pytest.raises(InputError) as caught:
        ts.window_spending(company, line, start, end)
    assert all(words in str(caught.value) for words in [company, line, *told])


def test_estimate_refuses_an_uncovered_window_before_drawing():
    with pytest.raises(
        InputError, match="zai, rd_compute: the disclosed periods cannot be combined"
    ):
        ts.estimate("zai", spending_start="2024-04-01")


def test_a_line_nobody_discloses_is_refused():
    with pytest.raises(
        InputError, match="no company discloses 'rd_computing'; did you mean 'rd_compute'"
    ):
        ts.estimate("zai", denominator_lines="rd_computing")


def test_a_year_without_a_rate_is_refused(data_copy):
    data_copy.edit("fx", "CNY/2022/2025", "period", "2022/2024")
    with pytest.raises(
        InputError, match=r"fx.csv: no CNY rate for 2025 \(there: 2022/2024, 2026/2026\); add a row"
    ):
        ts.estimate("zai", data_dir=data_copy.folder)


def test_a_window_over_two_rates_is_converted_period_by_period(data_copy):
    """H2 2025 at the rate of 2025 and H1 2026 at that of 2026: neither rate for both."""
    data_copy.add_like(
        "spending",
        "zai/rd_compute/H1 2025",
        period="H1 2026",
        period_start="2026-01-01",
        period_end="2026-06-30",
        amount_millions="1381.48",
    )
    data_copy.edit("spending", "zai/rd_compute/H2 2025", "amount_millions", "720")
    tables, window = load(data_copy.folder), (date(2025, 7, 1), date(2026, 6, 30))
    total = spending_in("USD", tables, "zai", ["rd_compute"], *window)
    assert total == pytest.approx((720 / 7.2 + 1381.48 / 6.9074) * 1e6, rel=1e-12)
    assert total == pytest.approx(300e6, rel=1e-12)
    by_hand = {"spending_start": window[0], "spending_end": window[1], "release_lag_months": 0}
    est = ts.estimate("zai", n_draws=2, data_dir=data_copy.folder, cny_per_usd="7", **by_hand)
    assert est.rd_compute_usd == pytest.approx((720 + 1381.48) / 7 * 1e6, rel=1e-12)


def test_a_period_that_no_rate_covers_alone_is_refused(data_copy):
    data_copy.add_like(
        "spending",
        "zai/rd_compute/H1 2025",
        period="FY2026",
        period_start="2025-07-01",
        period_end="2026-06-30",
    )
    data_copy.drop("spending", "zai/rd_compute/H2 2025")
    with pytest.raises(InputError, match=r"no CNY rate for 2025 to 2026 .* 2025-07-01 to 2026-06"):
        spending_in(
            "USD",
            load(data_copy.folder),
            "zai",
            ["rd_compute"],
            date(2025, 7, 1),
            date(2026, 6, 30),
        )


# --- hours of a chip ------------------------------------------------------------------------------
AI2 = ("ai2", "rd_compute", "2025-01-01", "2025-11-30")


def test_ai2_by_hand():
    est = ts.estimate("ai2", n_draws=4000)
    assert est.unit == "H100-hours" and est.case.measured
    assert est.total_cost == pytest.approx(1_485_329, rel=1e-12)
    assert np.median(est.rd_compute) == pytest.approx(8.34e6, rel=1e-4)
    assert np.median(est.share) == pytest.approx(1_485_329 / 8.34e6, abs=2e-5)
    assert f"{np.median(est.share):.1%}" == "17.8%"
    assert 0.1778 < est.share.min() < est.share.max() < 0.1783  # the rounding of 8.34 alone
    assert ts.window_spending(*AI2).currency == "H100-hours"


def test_hours_never_meet_a_price():
    est = ts.estimate("ai2", n_draws=50)
    for setting in ({"price_usd_per_gpu_hour": "1000"}, {"mfu": "0.01", "mfu_rl": "0.01"}):
        np.testing.assert_array_equal(est.again(**setting).share, est.share)
    assert not [row for row in est.rank_correlations()["stream"] if "price" in row or "mfu" in row]
    assert list(est.chain("olmo-3-32b-think")) == ["gpu_hours"]
    for ask in ("cost_usd", "total_cost_usd", "rd_compute_usd"):
        with pytest.raises(InputError, match="ai2: its R&D compute is in H100-hours, which meet"):
            getattr(est, ask)
    with pytest.raises(InputError, match="given in H100-hours and cannot be told in USD"):
        spending_in("USD", load(), "ai2", ["rd_compute"], date(2025, 1, 1), date(2025, 11, 30))


def in_hours(data_copy, amount: str, unit: str = "H800-hours") -> None:
    """Give Z.ai's R&D compute in hours of the chip its runs are on."""
    for row in [key for key in load().spending if key.startswith("zai/rd_compute/")]:
        data_copy.drop("spending", row)
    data_copy.add_like(
        "spending",
        "ai2/rd_compute/Olmo 3",
        company="zai",
        period="project",
        period_start="2024-07-01",
        period_end="2025-06-30",
        amount_millions=amount,
        currency=unit,
    )


def test_any_company_may_be_in_hours_and_flop_become_hours_by_the_mfu_alone(data_copy):
    in_hours(data_copy, "100")
    data_copy.count_only("glm-4.5v", "deepseek-v3-pretraining")
    est = ts.estimate("zai", n_draws=10, mfu="0.25", data_dir=data_copy.folder)
    hours = 1.44e23 / (9.89e14 * 0.25 * 3600)
    assert est.share == pytest.approx(hours / 100e6, rel=1e-12) and not est.case.measured
    assert load(data_copy.folder).with_spending == ("openai", "minimax")


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"gpu_hours": "", "cost_usd": "1e6"}, "cost_usd: the run is given in USD, but R&D"),
        ({"hardware": "h800-sxm-bf16"}, "hardware: h800-sxm-bf16, but .* hours of two chips do no"),
        ({"hardware": ""}, "hardware: empty, but .* name the chip whose hours these are"),
        (
            {"gpu_hours": "", "base_run": "deepseek-v3-pretraining", "fraction_of_base": "0.1"},
            "deepseek-v3-pretraining is a run of deepseek; a base is of the run's own company",
        ),
    ],
)
def test_a_run_in_another_unit_is_refused(data_copy, cells, told):
    for column, value in cells.items():
        data_copy.edit("training_runs", "olmo-3-32b-think", column, value)
    with pytest.raises(InputError, match=told):
        ts.estimate("ai2", n_draws=10, data_dir=data_copy.folder)


def test_lines_in_two_units_do_not_add(data_copy):
    data_copy.add_like(
        "spending", "ai2/rd_compute/Olmo 3", line="data", currency="USD", amount_millions="1"
    )
    with pytest.raises(InputError, match="given in H100-hours and USD, which do not add; name lin"):
        ts.estimate("ai2", denominator_lines="rd_compute + data", data_dir=data_copy.folder)
    assert ts.estimate("ai2", n_draws=5, data_dir=data_copy.folder).unit == "H100-hours"
    assert ts.estimate("zai", n_draws=5, data_dir=data_copy.folder).unit == "USD"


def test_hours_of_an_unknown_chip_are_refused(data_copy):
    data_copy.edit("spending", "ai2/rd_compute/Olmo 3", "currency", "H1000-hours")
    with pytest.raises(InputError, match="no chip 'h1000'; did you mean 'h100'"):
        load(data_copy.folder)


def test_spending_of_zero_is_no_denominator():
    with pytest.raises(InputError, match="at or below zero"):
        ts.estimate(
            "minimax",
            denominator_lines="inference_compute",
            denominator_window="2022-01-01 to 2022-12-31",
        )


@pytest.mark.parametrize(
    "word",
    [
        "",
        "yesterday",
        "2024-13-01",
        "2023-02-29",
        "01.02.2024",
        "20240101",
        "2024-W01-1",
        None,
        20240101.5,
    ],
)
def test_what_is_not_a_date_is_refused(word):
    with pytest.raises(InputError, match="write it as YYYY-MM-DD"):
        as_date(word, "start")


@pytest.mark.parametrize(
    "word", ["2024-07-01", " 2024-07-01 ", date(2024, 7, 1), datetime(2024, 7, 1, 12, 30)]
)
def test_a_date_is_read_whatever_holds_it(word):
    read = as_date(word, "start")
    assert read == date(2024, 7, 1) and type(read) is date


# --- any chain of periods -------------------------------------------------------------------------
def disclosures(periods: list[tuple[date, date, float]]) -> SimpleNamespace:
    rows = {
        str(i): Spending(
            company="x",
            line="rd_compute",
            period=str(i),
            period_start=str(start),
            period_end=str(end - timedelta(days=1)),
            amount_millions=repr(amount),
            currency="USD",
            source_id="s",
            note="",
        )
        for i, (start, end, amount) in enumerate(periods)
    }
    return SimpleNamespace(spending=rows)


@st.composite
def chains(draw):
    """Edges of adjacent periods, the amount of each, and what is disclosed: one period ending at
    every edge, each from an earlier edge, in any order. Amounts of quarters, years and years to
    date are all of this kind."""
    lengths = draw(st.lists(st.integers(1, 400), min_size=1, max_size=9))
    edges = [date(2020, 1, 1)]
    for length in lengths:
        edges.append(edges[-1] + timedelta(days=length))
    amounts = draw(st.lists(st.integers(1, 10**6), min_size=len(lengths), max_size=len(lengths)))
    spans = [(draw(st.integers(0, end - 1)), end) for end in range(1, len(edges))]
    spans = draw(st.permutations(spans))
    window = draw(
        st.tuples(st.integers(0, len(lengths) - 1), st.integers(1, len(lengths))).filter(
            lambda pair: pair[0] < pair[1]
        )
    )
    return edges, amounts, spans, window


def total(periods) -> float:
    return sum(sign * row.amount_millions.quantile(0.5) for sign, row in periods)


@given(chains())
def test_any_window_between_edges_is_found_and_equals_the_direct_sum(chain):
    edges, amounts, spans, (first, last) = chain
    tables = disclosures([(edges[a], edges[b], float(sum(amounts[a:b]))) for a, b in spans])
    found = signed_periods(tables, "x", "rd_compute", edges[first], edges[last] - timedelta(days=1))
    assert total(found) == sum(amounts[first:last])
    assert len({row.period for _, row in found}) == len(found)


@given(chains(), st.data())
def test_a_window_off_the_edges_is_refused(chain, data):
    edges, amounts, spans, (first, last) = chain
    tables = disclosures([(edges[a], edges[b], float(sum(amounts[a:b]))) for a, b in spans])
    end = edges[last] + timedelta(days=data.draw(st.integers(0, 400)))
    if end + timedelta(days=1) in edges:
        return
    with pytest.raises(InputError, match="cannot be combined"):
        signed_periods(tables, "x", "rd_compute", edges[first], end)


@given(chains())
def test_the_fewest_periods_are_taken(chain):
    edges, amounts, spans, (first, last) = chain
    direct = (edges[first], edges[last], float(sum(amounts[first:last])))
    tables = disclosures(
        [*((edges[a], edges[b], float(sum(amounts[a:b]))) for a, b in spans), direct]
    )
    found = signed_periods(tables, "x", "rd_compute", edges[first], edges[last] - timedelta(days=1))
    assert len(found) == 1 and found[0][0] == 1
