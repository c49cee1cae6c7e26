import numpy as np
import pandas as pd
import pytest

import training_share as ts
from training_share.errors import InputError
from training_share.inputs.tables import load
from training_share.model.drivers import GivenStreams
from training_share.model.simulation import simulate
from training_share.model.streams import BLOCK

N = 400
COMPANIES = ("openai", "minimax", "zai")


@pytest.fixture(scope="module")
def minimax():
    return ts.estimate("minimax", n_draws=N)


def runs_released(company: str, first: str, last: str) -> list[str]:
    """Counted runs of a company released in the months from first to last, by the table's text."""
    return [
        key
        for key, row in load().texts["training_runs"].items()
        if row["company"] == company
        and row["counted"] == "yes"
        and first <= row["released"][:7] <= last
    ]


# --- totals ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("scenario", ["newsletter", "appendix"])
def test_total_minus_a_group_is_the_estimate_without_it(scenario):
    whole = ts.estimate("minimax", scenario, n_draws=N)
    hailuo = [run for run, row in whole.runs.items() if row.group == "hailuo"]
    assert len(hailuo) == 4
    rest = whole.total_cost_usd - whole.cost_usd[hailuo].sum(axis=1).to_numpy()
    for other in (
        whole.without("hailuo"),
        ts.estimate("minimax", scenario, n_draws=N, exclude_groups=["hailuo"]),
        ts.estimate("minimax", scenario, n_draws=N, exclude_groups="hailuo"),
    ):
        assert other.total_cost_usd == pytest.approx(rest, rel=1e-12)
        assert not set(hailuo) & set(other.cost_usd)
        assert (other.cost_usd == whole.cost_usd[list(other.cost_usd)]).all(axis=None)


@pytest.mark.parametrize("company", COMPANIES)
def test_total_is_the_sum_of_the_runs_and_share_the_ratio(company):
    est = ts.estimate(company, n_draws=N)
    total = est.cost_usd.sum(axis=1).to_numpy()
    assert est.total_cost_usd == pytest.approx(total, rel=1e-12)
    assert est.share == pytest.approx(total / est.rd_compute_usd, rel=1e-12)
    assert est.cost_usd.shape == (N, len(est.runs)) and est.share.shape == (N,)


def test_without_leaves_the_first_estimate_alone(minimax):
    before = minimax.share.copy()
    assert (minimax.without("hailuo").share < before).all()
    assert (minimax.share == before).all()


def test_again_repeats_the_call_with_changes(minimax):
    assert (minimax.again().share == minimax.share).all()
    assert minimax.again(scenario="appendix").scenario == "appendix"
    rest = minimax.without("hailuo")
    assert (rest.again().share == rest.share).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"mfu": "0.3"},
        {"scenario": "careful"},
        {"corrections": ["bootstrap-draws"]},
        {"company": "zai", "evidence": "price-minimax"},
        {"seed": 7},
        {"n_draws": 4 * BLOCK + 9},
    ],
    ids=str,
)
def test_a_variant_is_what_a_call_of_its_own_gives(changes):
    """Whatever was drawn before it, and whatever of that it takes over."""
    asked = {"company": "minimax", "n_draws": BLOCK + 5}
    first, alone = ts.estimate(**asked), ts.estimate(**asked | changes)
    _ = first.share, first.spread()
    once, twice = first.again(**changes), first.again(**changes)
    for variant in (once, twice, twice.again()):
        assert (variant.share == alone.share).all()
        assert np.array_equal(variant.weights, alone.weights)
        assert (variant.costs == alone.costs).all(axis=None)
        assert variant.spread() == alone.spread()


def test_groups_are_left_out_one_after_the_other(data_copy):
    data_copy.edit("training_runs", "minimax-m1-80k-rl", "group", "reasoning")
    est = ts.estimate("minimax", n_draws=10, data_dir=data_copy.folder)
    both = est.without("hailuo").without("reasoning")
    assert (both.share == est.without("hailuo", "reasoning").share).all()
    assert both.case.excluded == ("hailuo", "reasoning")


def test_excluding_every_run_is_refused(data_copy):
    for run in runs_released("openai", "2024-01", "2025-12"):
        data_copy.edit("training_runs", run, "group", "everything")
    est = ts.estimate("openai", n_draws=10, data_dir=data_copy.folder)
    for call in (
        lambda: est.without("everything"),
        lambda: ts.estimate("openai", exclude_groups="everything", data_dir=data_copy.folder),
    ):
        with pytest.raises(
            InputError, match="a share of nothing is not zero: widen the window or exclude less"
        ):
            call()


def test_a_company_without_counted_runs_is_refused(data_copy):
    for run in runs_released("openai", "2024-01", "2025-12"):
        data_copy.edit("training_runs", run, "counted", "no")
    with pytest.raises(InputError, match="openai: no counted run released from 2024-04 to 2025-03"):
        ts.estimate("openai", data_dir=data_copy.folder)


# --- draws and seed -------------------------------------------------------------------------------
@pytest.mark.parametrize("n_draws", [0, -1, 2.5, "many", True, None, "", float("nan"), 1e4])
def test_a_number_of_draws_that_is_none_is_refused(n_draws):
    with pytest.raises(InputError, match="n_draws: expected a whole number of at least 1, got "):
        ts.estimate("zai", n_draws=n_draws)


def test_more_draws_than_memory_are_refused():
    with pytest.raises(InputError, match="would not fit into memory; 100,000,000 at most"):
        ts.estimate("zai", n_draws=10**9)


@pytest.mark.parametrize("names", [pd.Series(["hailuo"]), pd.Index(["hailuo"]), ("hailuo",)])
def test_names_may_stand_in_any_container(names):
    whole = ts.estimate("minimax", n_draws=50)
    alone = ts.estimate("minimax", n_draws=50, exclude_groups=names)
    assert (alone.share < whole.share).all()


@pytest.mark.parametrize("seed", [-1, 2.5, "lucky", None, True])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(InputError, match="seed: expected a whole number of at least 0, got "):
        ts.estimate("zai", seed=seed)


def test_numpy_integers_are_whole_numbers():
    a, b = (
        ts.estimate("openai", n_draws=np.int64(20), seed=np.uint8(7)),
        ts.estimate("openai", n_draws=20, seed=7),
    )
    assert (a.share == b.share).all()


def test_the_seed_decides_every_draw():
    first, same, other = (ts.estimate("openai", n_draws=N, seed=seed).share for seed in (1, 1, 2))
    assert (first == same).all() and (first != other).all()


@pytest.mark.parametrize("company", COMPANIES)
def test_a_longer_run_extends_a_shorter_one(company):
    short, long = (ts.estimate(company, n_draws=n) for n in (BLOCK - 1, BLOCK + 2))
    assert (long.share[: BLOCK - 1] == short.share).all()


def test_given_streams_replace_the_draws(minimax):
    groups, rd_compute = simulate(minimax.case, GivenStreams({}), 3)
    assert set(groups) == {"", "hailuo"} and all(np.ptp(costs) == 0 for costs in groups.values())
    assert rd_compute == pytest.approx(np.full(3, 179.925e6), rel=1e-12)


# --- windows --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("company", "lag", "first", "last"),
    [
        ("minimax", 0, "2024-10", "2025-09"),
        ("minimax", 1, "2024-11", "2025-10"),
        ("minimax", 3, "2025-01", "2025-12"),
        ("zai", 0, "2024-07", "2025-06"),
        ("zai", 2, "2024-09", "2025-08"),
        ("zai", 3, "2024-10", "2025-09"),
        ("openai", 1, "2024-02", "2025-01"),
        ("openai", 3, "2024-04", "2025-03"),
    ],
)
def test_the_release_lag_selects_runs_by_month(company, lag, first, last):
    est = ts.estimate(company, n_draws=5, release_lag_months=lag)
    assert [str(month) for month in est.release_window] == [first, last]
    assert list(est.runs) == runs_released(company, first, last)
    assert list(est.cost_usd) == list(est.runs)


def test_the_lag_does_not_move_the_spending():
    assert ts.estimate("zai", n_draws=5, release_lag_months=0).rd_compute_usd == pytest.approx(
        2094.719e6 / 7.2
    )


def test_a_day_of_release_counts_with_its_month(data_copy):
    data_copy.edit("training_runs", "glm-4.6", "released", "2025-09-30")
    assert "glm-4.6" in ts.estimate("zai", n_draws=5, data_dir=data_copy.folder).runs
    data_copy.edit("training_runs", "glm-4.6", "released", "2025-10-01")
    assert "glm-4.6" not in ts.estimate("zai", n_draws=5, data_dir=data_copy.folder).runs


def test_a_run_that_is_only_a_base_costs_nothing(minimax):
    assert "hailuo-01-pretraining" not in minimax.runs
    assert {"hailuo-i2v-01-director", "hailuo-t2v-01-director"} <= set(minimax.runs)


def test_the_spending_window_moves_both_windows():
    est = ts.estimate("minimax", n_draws=5, spending_start="2024-01-01", spending_end="2024-12-31")
    assert est.rd_compute_usd == pytest.approx(140.642e6, rel=1e-12)
    assert [str(month) for month in est.release_window] == ["2024-04", "2025-03"]
    assert list(est.runs) == runs_released("minimax", "2024-04", "2025-03")


@pytest.mark.parametrize(("lag", "missing", "beyond"), [(0, 3, 3), (2, 1, 1), (6, 3, 3), (8, 5, 5)])
def test_a_row_that_stands_for_a_window_fits_no_other(lag, missing, beyond):
    est = ts.estimate("openai", n_draws=10, release_lag_months=lag)
    assert (est.months_not_collected, est.months_out_of_window) == (missing, beyond)
    assert est.caveat == "mismatched window" and "lower bound" not in f"{est!r}"
    assert "mismatched window, " not in f"{est!r}" and "mismatched window" in f"{est!r}"
    summary = est.summary()
    assert summary["months_out_of_window"] == beyond
    assert ts.compare(["openai"], n_draws=10, release_lag_months=lag).table["caveat"].item() == (
        "mismatched window"
    )


def test_a_row_that_stands_for_no_month_of_the_window_leaves_a_lower_bound():
    late = ts.estimate("openai", n_draws=10, release_lag_months=12)  # December 2024 is outside
    assert "openai-other-models" not in late.runs
    assert (late.months_out_of_window, late.caveat) == (0, "lower bound")


def test_what_a_row_covers_comes_with_its_release(data_copy):
    data_copy.edit("training_runs", "openai-other-models", "released", "2025-04")
    with pytest.raises(ts.InputError, match="released 2025-04 lies outside what the row covers"):
        ts.load(data_copy.folder)


@pytest.mark.parametrize("text", ["2024", "2024-04", "2025-03 to 2024-04", "2024-4 to 2025-3"])
def test_what_a_row_covers_is_two_months_in_order(data_copy, text):
    data_copy.edit("training_runs", "openai-other-models", "covers", text)
    with pytest.raises(ts.InputError, match=r"openai-other-models, column covers: .*month"):
        ts.load(data_copy.folder)


def test_a_denominator_window_of_its_own_leaves_the_runs_alone(minimax):
    est = ts.estimate("minimax", n_draws=N, denominator_window="2024-01-01 to 2024-12-31")
    assert est.rd_compute_usd == pytest.approx(140.642e6, rel=1e-12)
    assert (est.total_cost_usd == minimax.total_cost_usd).all()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"release_lag_months": 2.5}, "column release_lag_months"),
        ({"release_lag_months": -1}, "column release_lag_months"),
        ({"release_lag_months": "many"}, "column release_lag_months: 'many'"),
        ({"spending_start": "October"}, "spending_start: 'October' is not a date"),
        ({"spending_start": "2026-01-01"}, "swap the dates"),
        ({"denominator_window": "last year"}, "assumptions.csv, row denominator_window: "),
        ({"mfu": "0.15 to 0.35"}, "row mfu, column value: '0.15 to 0.35': the bracket is missing"),
        ({"mfu": 15}, "write 5% as 0.05"),
        ({"mfu": -0.3}, "above zero"),
        ({"bootstrap_unit": "famly"}, "did you mean 'family'?"),
        ({"cny_per_usd": 0}, "row CNY/2022/2025, column per_usd"),
        ({"eur_per_usd": 1}, "did you mean 'cny_per_usd'?"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, told):
    with pytest.raises(InputError) as caught:
        ts.estimate("minimax", **settings)
    assert told in str(caught.value)


# --- overrides ------------------------------------------------------------------------------------
def test_an_override_equals_the_edited_table(data_copy):
    words = "0.2 to 0.4 (p5-p95 lognormal)"
    data_copy.edit("assumptions", "mfu", "value", words)
    edited = ts.estimate("zai", n_draws=N, data_dir=data_copy.folder)
    assert (ts.estimate("zai", n_draws=N, mfu=words).share == edited.share).all()


def test_an_exact_override_scales_by_arithmetic():
    cheap, dear = (
        ts.estimate("minimax", n_draws=N, price_usd_per_gpu_hour=price).share for price in (1.5, 3)
    )
    assert dear == pytest.approx(2 * cheap, rel=1e-12)


def test_blank_overrides_mean_as_the_scenario_says(minimax):
    blank = ts.estimate(
        "minimax",
        "",
        N,
        release_lag_months="",
        spending_start=None,
        mfu="",
        mfu_rl=None,
        corrections="",
        exclude_groups="",
    )
    assert (blank.share == minimax.share).all()
    assert blank.inputs().equals(minimax.inputs())


def test_overrides_come_on_top_of_scenario_and_corrections():
    est = ts.estimate("zai", "appendix", N, corrections="add-glm-z1", rl_fraction=0.5)
    assert est.corrections == ("appendix-rl", "add-glm-z1")
    assert est.inputs().loc["rl_fraction", "value"] == "0.5"
    assert est.inputs().loc["mfu_rl", "value"] == "0.01 to 0.10 (p10-p90 lognormal)"
    assert "glm-z1-9b-0414-rl" in est.runs


def test_an_edited_table_is_read_again(data_copy):
    before = ts.estimate("zai", n_draws=N, data_dir=data_copy.folder).share
    data_copy.edit("fx", "CNY/2022/2025", "per_usd", "14.4")
    after = ts.estimate("zai", n_draws=N, data_dir=data_copy.folder).share
    assert after == pytest.approx(2 * before, rel=1e-12)


# --- numbers that would be wrong without a word ---------------------------------------------------
def test_a_rate_set_by_hand_sets_every_period(data_copy):
    data_copy.edit("fx", "CNY/2022/2025", "period", "2022/2024")
    data_copy.add_like("fx", "CNY/2022/2024", period="2024/2025")
    est = ts.estimate("zai", n_draws=5, cny_per_usd=14.4, data_dir=data_copy.folder)
    assert est.rd_compute_usd == pytest.approx(2094.719e6 / 14.4)


def test_windows_of_other_lengths_are_refused():
    settings = {"n_draws": 5, "spending_start": "2025-01-01", "spending_end": "2025-09-30"}
    with pytest.raises(InputError, match=r"12 months .* under the models of 9 months"):
        ts.estimate("minimax", corrections="fy2024-denominator", **settings)
    assert ts.estimate("minimax", **settings).share.size == 5


def test_releases_that_are_not_counted_are_named():
    base, more = (
        ts.estimate("minimax", n_draws=50, corrections=names)
        for names in ("", "add-unlisted-releases")
    )
    assert base.case.uncounted_models == [
        "Hailuo 2.3",
        "Hailuo 2.3-Fast",
        "Speech 2.5",
        "Speech 2.6",
    ]
    assert "Hailuo 2.3, Hailuo 2.3-Fast" in ts.sentences.answer(base)
    assert more.case.uncounted_models == [] and "incomplete" not in ts.sentences.answer(more)


def test_the_basis_of_a_fraction_is_said():
    assert ts.estimate("zai", n_draws=5).case.basis("glm-4.6") == "FLOP"
    careful = ts.estimate("zai", "careful", n_draws=5)
    assert careful.case.basis("glm-4.6") == "GPU-hours"
    deepseek = ts.estimate("deepseek", n_draws=5)
    assert deepseek.case.basis("deepseek-r1-0528-rl") == "GPU-hours"
    told = ts.tables.runs_table(deepseek).loc["deepseek-r1-0528-rl", "amount"]
    assert told == "rl_fraction of the GPU-hours of deepseek-v3-pretraining"


# --- what it returns ------------------------------------------------------------------------------
def test_summary_holds_the_quantiles_of_the_draws(minimax):
    summary = minimax.summary()
    assert list(summary.index) == [
        "training_cost_p5",
        "training_cost_p50",
        "training_cost_p95",
        "rd_compute",
        "share_p5",
        "share_p50",
        "share_p95",
        "effective_draws",
        "months_not_collected",
        "months_out_of_window",
    ]
    assert (summary["effective_draws"], summary["months_not_collected"]) == (N, 0)
    assert summary.name == "minimax"
    for p, name in ((5, "p5"), (50, "p50"), (95, "p95")):
        assert summary[f"share_{name}"] == pytest.approx(np.percentile(minimax.share, p), rel=1e-12)
        assert summary[f"training_cost_{name}"] == pytest.approx(
            np.percentile(minimax.total_cost_usd, p) / 1e6
        )
    assert summary["rd_compute"] == pytest.approx(179.925)


def test_cost_table_has_a_row_a_run_and_a_total(minimax):
    table = minimax.cost_table()
    assert list(table.columns) == ["p5", "p50", "p95"] and table.index.name == "run_id"
    assert list(table.index) == [*minimax.runs, "total"]
    assert (table["p5"] < table["p50"]).all() and (table["p50"] < table["p95"]).all()
    assert table.loc["minimax-vl-01", "p50"] == pytest.approx(
        minimax.cost_usd["minimax-vl-01"].median() / 1e6
    )
    assert table.loc["total", "p50"] == pytest.approx(minimax.summary()["training_cost_p50"])
    assert table["p95"][:-1].sum() > table.loc["total", "p95"], "percentiles are not added"


def test_inputs_show_the_assumptions_in_force(minimax):
    inputs = minimax.inputs()
    assert list(inputs.columns) == ["value", "unit", "correlation", "source", "note"]
    assert list(inputs.index) == list(load()["assumptions"])
    changed = ts.estimate("minimax", n_draws=5, mfu=0.3).inputs()
    assert changed.loc["mfu", ["value", "source"]].tolist() == ["0.3", "set in this call"]
    assert (changed["source"] == "set in this call").sum() == 1


def test_chain_shows_flop_hours_and_cost(minimax):
    chain = minimax.chain("minimax-m2-rl")
    assert list(chain.columns) == ["flop", "gpu_hours", "cost_usd"] and len(chain) == N
    assert (chain["cost_usd"] == minimax.cost_usd["minimax-m2-rl"]).all()
    assert list(ts.estimate("openai", n_draws=5).chain("openai-gpt-4.5")) == ["cost_usd"]
    hours = ts.estimate("minimax", n_draws=5, corrections="m1-rl-reported-hours").chain(
        "minimax-m1-80k-rl"
    )
    assert list(hours) == ["gpu_hours", "cost_usd"] and (hours["gpu_hours"] == 258048).all()


def test_cost_usd_is_a_frame_of_draws_by_runs(minimax):
    assert isinstance(minimax.cost_usd, pd.DataFrame)
    assert minimax.cost_usd.index.name == "draw" and minimax.cost_usd.columns.name == "run_id"
    assert (minimax.cost_usd > 0).all(axis=None)
