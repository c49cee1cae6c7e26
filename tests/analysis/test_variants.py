"""The one verb: rows by arithmetic, reasons in place of numbers, and what is said with it."""

import numpy as np
import pandas as pd
import pytest
from refusals import assert_refused

import training_share as ts
from training_share.errors import UnknownName

FEW = {"n_draws": 2000, "seed": 3}


@pytest.fixture(scope="module")
def openai() -> ts.Estimate:
    return ts.estimate("openai", **FEW)


def test_a_row_is_the_estimate_of_its_arguments(openai):
    spent = {"spending/openai/rd_compute/CY2024/amount_millions": "4000"}
    table = ts.variants(openai, {"as it is": {}, "less spent": {"changes": spent}})
    ends = np.quantile(openai.share, [0.05, 0.5, 0.95])
    assert table.loc["as it is", ["p5", "p50", "p95"]].to_list() == list(ends)
    less = table.loc["less spent"]
    assert less[["p5", "p50", "p95"]].to_list() == pytest.approx(list(5 / 4 * ends))
    assert less["moved"] == pytest.approx(ends[1] / 4) and table.loc["as it is", "moved"] == 0
    assert less["over_half"] == np.mean(5 / 4 * openai.share > 0.5)
    assert (table["effective_draws"] == 2000).all() and (table["note"] == "").all()


def test_labels_of_two_parts_make_a_table_of_two_sides():
    est = ts.estimate("zai", **FEW)
    price = "price_usd_per_gpu_hour"
    cells = {(mfu, usd): {"mfu": mfu, price: usd} for mfu in (0.4, 0.2) for usd in (3.0, 1.0)}
    table = ts.variants(est, cells)["p50"].unstack()
    assert table[3.0].to_numpy() == pytest.approx(3 * table[1.0].to_numpy())
    assert ts.variants(est, {}).empty


def test_what_cannot_be_estimated_says_why_and_stops_nothing(openai):
    changes = {
        "a window": {"spending_start": "2024-02-01"},
        "no lag": {"release_lag_months": 0},
        "evidence": {"evidence": "price-minimax"},
    }
    table = ts.variants(openai, changes)
    numbers = table[["p5", "p50", "p95", "effective_draws", "over_half", "moved"]]
    assert numbers.isna().all(axis=1).to_list() == [True, False, False]
    assert "the disclosed periods cannot be combined" in table.loc["a window", "note"]
    assert table.loc["no lag", "caveat"] == "mismatched window"
    assert "too high or too low" in table.loc["no lag", "note"]
    left = table.loc["evidence", "effective_draws"]
    assert table.loc["evidence", "note"] == f"evidence leaves {left:,.0f} effective draws"
    with pytest.raises(UnknownName, match="did you mean 'careful'"):
        ts.variants(openai, {"a slip": {"scenario": "carefull"}})


def test_rows_are_the_same_whatever_stands_beside_them(openai):
    lags = {lag: {"release_lag_months": lag} for lag in (0, 3, 6)}
    table = ts.variants(openai, lags)
    backwards = ts.variants(openai, dict(reversed(lags.items())))
    pd.testing.assert_frame_equal(table, backwards.iloc[::-1])


def test_one_choice_at_a_time_keeps_the_others(openai):
    est = ts.estimate("minimax", mfu=0.3, **FEW)
    table = ts.shares.variants_table(est)
    assert table.index[0] == "as set above" and "without Hailuo" in table.index
    assert table.loc["without Hailuo", "p50"] == est.without("hailuo").share_quantiles["p50"]
    careful = ts.estimate("minimax", "careful", mfu=0.3, **FEW).share_quantiles
    assert table.loc["scenario careful", "p50"] == careful["p50"]
    assert "release lag of 3 months" not in table.index  # the company's own


def test_costs_in_dollars_that_go_together_widen_the_share(openai):
    together = {rho: {"usd_run_correlation": rho} for rho in (1, 0.5, 0)}
    table = ts.variants(openai, together)
    assert table.loc[1, "p50"] == openai.share_quantiles["p50"]
    assert (np.diff(table["p95"] - table["p5"]) < 0).all()


def test_a_variant_may_be_of_any_quantity_of_a_comparison():
    both = ts.compare("minimax,zai", n_draws=500)
    changes = {"as it is": {}, "faster": {"mfu": 0.4}, "later": {"release_lag_months": 6}}
    table = ts.variants(both, changes, of=lambda two: two["minimax"].share - two["zai"].share)
    for label, change in changes.items():
        one, two = (ts.estimate(name, n_draws=500, **change).share for name in ("minimax", "zai"))
        assert table.loc[label, "p50"] == pytest.approx(np.median(one - two), rel=1e-12)
    assert table.loc["as it is", "moved"] == 0
    assert table.loc["later", "caveat"] == "minimax: lower bound; zai: lower bound"
    assert_refused("say of what", ts.variants, both, changes)


def test_a_sweep_takes_windows_in_pairs():
    windows = [("2024-01-01", "2024-12-31"), ("2024-10-01", "2025-09-30")]
    grid = {("spending_start", "spending_end"): windows, "mfu": [0.2, 0.3]}
    table = ts.sweep(grid, "minimax", n_jobs=1, n_draws=200)
    assert len(table) == 4 and list(table["spending_end"].unique()) == [end for _, end in windows]
    assert_refused("expected tuples of 2", ts.sweep, {("mfu", "mfu_rl"): [0.2]}, "zai", n_jobs=1)


def test_a_rolling_year_goes_as_far_as_the_disclosures():
    table = ts.over_time("minimax", n_draws=200)
    for row in table.itertuples():
        window = {"spending_start": row.start, "spending_end": row.end}
        assert ts.estimate("minimax", n_draws=200, **window).summary()["share_p50"] == row.p50
    assert list(table["start"].astype(str)) == ["2024-01-01", "2024-10-01", "2025-01-01"]
    assert_refused("cover no window of 7 months", ts.over_time, "openai", 7, n_draws=200)
