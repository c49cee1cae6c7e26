"""What is asked: draws, windows, groups and settings, what they count, and what is refused."""

import json

import numpy as np
import pandas as pd
import pytest
from refusals import assert_refused

import training_share as ts
from training_share.inputs.tables import load
from training_share.model.case import listed

N = 400


def runs_released(company: str, first: str, last: str) -> list[str]:
    """Counted runs of a company released in the months from first to last, by the table's text."""
    rows, like = load().texts["training_runs"].items(), {"company": company, "counted": "yes"}
    rows = [(key, row["released"][:7]) for key, row in rows if like.items() <= row.items()]
    return [key for key, month in rows if first <= month <= last]


# --- the request ----------------------------------------------------------------------------------


def test_the_seed_decides_every_draw_and_numpy_integers_are_whole_numbers():
    first = ts.estimate("openai", n_draws=N, seed=7)
    assert (first.share == ts.estimate("openai", "", np.int64(N), np.uint8(7)).share).all()
    assert (first.share != first.again(seed=8).share).all()


@pytest.mark.parametrize("kind", [pd.Series, pd.Index, tuple, ", ".join, iter, str, json.dumps])
def test_names_may_stand_in_any_container_and_are_kept(kind):
    est = ts.estimate("minimax", n_draws=50, exclude_groups=kind(["hailuo"]))
    assert est.excluded == est.again().excluded == ("hailuo",)
    assert listed(kind([" a", "b", ""])) == ("a", "b") and listed(None) == ()


def test_an_iterator_serves_every_company_and_every_variant():
    names = {"corrections": ["bootstrap-draws"], "evidence": ["price-minimax"]}
    run = {"model": "New", "released": "2025-07", "flop": "1e24", "company": "zai"}
    first = ts.compare(["minimax", "zai"], n_draws=N, **{key: iter(v) for key, v in names.items()})
    both = first.again(runs=iter([run]))
    for est in (*first.estimates.values(), *both.estimates.values()):
        for same in (est, est.again()):
            assert {key: [*getattr(same, key)] for key in names} == names
            assert len(same.added) == len(est.added)
    assert "own-new" in both.estimates["zai"].again().runs


# --- windows --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("company", "start"), [("openai", "2024-01"), ("minimax", "2024-10"), ("zai", "2024-07")]
)
def test_the_release_lag_selects_runs_by_month_and_leaves_the_spending(company, start):
    for lag in range(4):
        months = [str(pd.Period(start, "M") + lag + further) for further in (0, 11)]
        est = ts.estimate(company, n_draws=5, release_lag_months=lag)
        assert [str(month) for month in est.release_window] == months
        assert list(est.costs) == list(est.runs) == runs_released(company, *months)
        assert est.rd_compute == ts.estimate(company, n_draws=5).rd_compute


def test_a_day_of_release_counts_with_its_month():
    for day, counts in (("2025-09-30", True), ("2025-10-01", False)):
        released = {"training_runs/glm-4.6/released": day}
        assert ("glm-4.6" in ts.estimate("zai", n_draws=5, changes=released).runs) == counts


def test_the_spending_window_moves_both_windows_and_that_of_the_denominator_one():
    year = {"spending_start": "2024-01-01", "spending_end": "2024-12-31"}
    base = ts.estimate("minimax", n_draws=N)
    both, one = base.again(**year), base.again(denominator_window="2024-01-01 to 2024-12-31")
    for est in (both, one):
        assert est.rd_compute == pytest.approx(140.642e6, rel=1e-12)
        assert list(map(str, est.denominator_window)) == list(year.values())
    assert [str(month) for month in both.release_window] == ["2024-04", "2025-03"]
    assert list(both.runs) == runs_released("minimax", "2024-04", "2025-03")
    assert (one.total_cost == base.total_cost).all()


@pytest.mark.parametrize("scenario", ["newsletter", "careful"])  # without and with evidence
def test_a_window_set_by_changes_is_one_set_by_arguments(scenario):
    est = ts.estimate("minimax", scenario, n_draws=1000, bootstrap_resamples=500)
    year = {"spending_start": pd.Timestamp("2024-01-01"), "spending_end": "2024-12-31"}
    for asked in ({"release_lag_months": 1}, year, {"release_lag_months": 4} | year):
        cells = {f"companies/minimax/{name}": value for name, value in asked.items()}
        named, changed = est.again(**asked), est.again(changes=cells)
        assert named.release_window == changed.release_window != est.release_window
        assert named.denominator_window == changed.denominator_window
        assert list(named.costs) == list(changed.costs) and named.caveat == changed.caveat
        assert (named.share == changed.share).all()
        for one in (named, changed):
            assert np.array_equal(one.weights, est.weights), "evidence stays in its own window"


# --- caveats --------------------------------------------------------------------------------------
@pytest.mark.parametrize(("lag", "missing", "beyond"), [(0, 3, 3), (2, 1, 1), (6, 3, 3), (8, 5, 5)])
def test_a_row_that_stands_for_a_window_fits_no_other(lag, missing, beyond):
    est = ts.estimate("openai", n_draws=10, release_lag_months=lag)
    assert (est.months_not_collected, est.months_out_of_window) == (missing, beyond)
    summary, table = est.summary(), ts.compare(["openai"], n_draws=10, release_lag_months=lag).table
    assert summary["months_not_collected"] == missing and summary["months_out_of_window"] == beyond
    assert est.caveat == table["caveat"].item() == "mismatched window"
    assert "mismatched window" in f"{est!r}" and "lower bound" not in f"{est!r}"


def test_a_row_that_stands_for_no_month_of_the_window_leaves_a_lower_bound():
    late = ts.estimate("openai", n_draws=10, release_lag_months=12)  # December 2024 is outside
    assert "openai-other-models" not in late.runs
    assert (late.months_out_of_window, late.caveat) == (0, "lower bound")
    assert ts.estimate("openai", n_draws=10).caveat == ""


def test_releases_that_are_not_counted_are_named():
    """Those of releases.csv in the window, whose models no counted run has; a stage that a
    correction drops, of a release that is counted otherwise, is none."""
    for company, none_for_want_of_a_size in (("minimax", []), ("zai", ["AutoGLM", "GLM-4V-Flash"])):
        base = ts.estimate(company, n_draws=50)
        rows = [row for row in load().releases.values() if row.company == company and row.reason]
        first, last = base.release_window
        named = [row.model for row in rows if first <= row.released <= last]
        assert base.uncounted_models == named
        more = base.again(corrections="uncounted-releases")
        assert more.uncounted_models == none_for_want_of_a_size
    careful = ts.estimate("minimax", "careful", n_draws=50)
    assert "MiniMax-M1-40k" not in careful.uncounted_models
    assert "Music 1.5" in careful.uncounted_models


# --- no run is left -------------------------------------------------------------------------------
def test_a_company_without_counted_runs_is_refused(data_copy):
    for run in runs_released("openai", "2024-01", "2025-12"):
        data_copy.edit("training_runs", run, "group", "everything")
    est = ts.estimate("openai", n_draws=10, data_dir=data_copy.folder)
    told = "openai: no counted run released from 2024-04 to 2025-03"
    outside = f"{told} outside the groups everything; widen the window or exclude less"
    assert_refused(outside, est.without, "everything")
    assert_refused(outside, est.again, exclude_groups="everything")
    data_copy.count_only("glm-4.5v")
    assert_refused(told, est.again, data_dir=data_copy.folder)


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", [None, ""])
def test_blank_overrides_mean_as_the_scenario_says(nothing):
    names = ("release_lag_months", "spending_start", "mfu", "mfu_rl", "cny_per_usd")
    lists = ("corrections", "exclude_groups", "evidence", "changes", "runs")
    plain = ts.estimate("minimax", n_draws=N)
    blank = ts.estimate("minimax", nothing, N, **dict.fromkeys((*names, *lists), nothing))
    assert (blank.share == plain.share).all() and blank.cells == ()
    assert blank.inputs().equals(plain.inputs())


def test_overrides_come_on_top_of_scenario_and_corrections():
    est = ts.estimate("zai", "appendix", N, corrections="add-glm-z1", rl_fraction=0.5)
    assert est.corrections == ("appendix-rl", "add-glm-z1")
    assert est.inputs().loc["rl_fraction", "value"] == "0.5"
    assert est.inputs().loc["mfu_rl", "value"] == "0.01 to 0.10 (p10-p90 lognormal)"
    assert "glm-z1-9b-0414-rl" in est.runs


def test_a_rate_set_by_hand_sets_every_period(data_copy):
    data_copy.edit("fx", "CNY/2022/2025", "period", "2022/2024")
    data_copy.add_like("fx", "CNY/2022/2024", period="2024/2025")
    est = ts.estimate("zai", n_draws=5, cny_per_usd=14.4, data_dir=data_copy.folder)
    assert est.rd_compute == pytest.approx(2094.719e6 / 14.4)
