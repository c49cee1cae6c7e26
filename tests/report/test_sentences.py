"""Sentences say the numbers, and what to know about them."""

import numpy as np
import pandas as pd
import pytest
from arithmetic import NEWSLETTER

import training_share as ts
from training_share.report import sentences


@pytest.fixture(scope="module")
def comparison():
    return ts.compare(ts.shares.printed(), n_draws=2000)


def note(est: ts.Estimate) -> str:
    return ts.variants(est, {"as it is": {}})["note"].item()


def test_the_answer_says_the_share():
    est = ts.estimate("zai", n_draws=1000)
    assert f"{100 * est.summary()['share_p50']:.1f}%" in ts.sentences.answer(est)


def test_months_without_collected_runs_are_said():
    whole = ts.estimate("minimax", n_draws=10)
    assert whole.months_not_collected == 0 and "lower bound" not in ts.sentences.answer(whole)
    late = ts.estimate("minimax", n_draws=10, release_lag_months=6)
    assert late.months_not_collected == 3 and "lower bound" in note(late)
    assert "A lower bound" in ts.sentences.answer(late)
    assert ts.shares.chart_row(late)["label"] == "MiniMax, lower bound"


def test_a_mismatched_window_is_no_bound():
    late = ts.estimate("openai", n_draws=10, release_lag_months=6)
    for told in (ts.sentences.answer(late), note(late)):
        assert "too high or too low" in told and "lower bound" not in told
    assert ts.shares.chart_row(late)["label"] == "OpenAI, mismatched window"
    first = ts.estimate("openai", n_draws=10, release_lag_months=0)
    assert "for 1 training run of models" in ts.sentences.answer(first)


def test_a_changed_run_is_named_before_its_answer():
    est = ts.estimate(
        "zai",
        n_draws=10,
        mfu="0.30 to 0.50 (p10-p90 lognormal)",
        mfu_rl="0.05 to 0.20 (p10-p90 lognormal)",  # as the scenario has it
        cny_per_usd="7.1",
        corrections="drop-glm-4.6",
        release_lag_months=6,
        changes={"training_runs/glm-4.5/flop": "4e24"},
        runs=[{"model": "X", "released": "2025-07", "flop": "2e24"}],
    )
    told = ts.shares.changes(est)
    opening, _, parts = told.partition("changed: ")
    assert opening == "newsletter, " and set(parts.split("; ")) == {
        "MFU 0.30 to 0.50",
        "cny per usd 7.1",
        "release lag months 6",
        "glm-4.5 flop 4e24",
        "with drop-glm-4.6",
        "with the run X",
    }
    assert sentences.answer(est).startswith(f"Changed run ({told}). **Z.ai")
    assert sentences.cost_answer(est).startswith("Changed run (")
    untouched = ts.estimate("zai", n_draws=10, seed=7)
    assert ts.shares.changes(untouched) == "" and "hanged" not in sentences.answer(untouched)
    without = ts.estimate("minimax", n_draws=10, exclude_groups="hailuo")
    assert ts.shares.changes(untouched, without) == "newsletter, changed: without Hailuo"


def test_the_answer_of_the_comparison_follows_its_numbers(comparison):
    rows = ts.shares.headline(comparison)
    text = sentences.comparison_answer(rows, rows)
    assert text.startswith("**A minority: final training runs took ")
    for row in rows.itertuples():
        assert f"{100 * row.share_p50:.1f}% at {row.label}" in text
    assert sentences.comparison_answer(rows, rows, "so").startswith("Changed run (so). **A min")
    assert sentences.comparison_answer(rows, rows, doubts="A doubt.").endswith(".\n\nA doubt.")
    above = sentences.comparison_answer(rows.assign(share_p50=0.6), rows)
    assert above.startswith("**Not everywhere a minority")
    worse = rows.assign(scenario="other", panel="Other: by us", over_half=[0.0, 0.5, 0.0])
    assert ", or 50% under the setting *other*." in sentences.comparison_answer(rows, worse)
    elsewhere = worse.assign(over_half=[0.5, 0.0, 0.0])
    assert "at OpenAI under the setting *other*." in sentences.comparison_answer(rows, elsewhere)


def test_the_doubt_names_the_closed_model_and_the_share_without_it(comparison):
    minimax, zai = comparison.estimates["minimax"], comparison.estimates["zai"]
    share = minimax.without("hailuo").summary()["share_p50"]
    text = sentences.doubt(minimax)
    assert (
        "Hailuo 02, whose compute is not published" in text and f"is at {100 * share:.1f}%." in text
    )
    assert sentences.doubt(zai) == ""
    assert sentences.doubts(minimax, zai) == text


def test_catch_up_is_judged_by_the_draws(comparison):
    text = sentences.catch_up(comparison)
    assert "larger share than OpenAI's, the largest spender" in text
    for name, odds in comparison.probabilities["openai"].dropna().items():
        label = comparison.estimates[name].company_row.display_name
        assert f"{label} in {100 * odds:.0f}% of draws" in text
    assert "MiniMax without Hailuo" in text


def test_a_variant_without_an_estimate_says_why():
    table = pd.DataFrame(
        {"p50": [0.1, np.nan], "note": ["dropped", "no spending"]}, index=["a", "b"]
    )
    assert sentences.notes(table) == "- *b*: no spending."
    assert sentences.notes(table.head(1)) == ""


def test_exactness_is_that_of_the_least_exact(comparison):
    text = sentences.exactness(*comparison.estimates.values())
    errors = [100 * est.spread()["p50_error"] for est in comparison.estimates.values()]
    assert f"at most {max(errors):.1g} points" in text and "2,000 draws, seed 42" in text
    few = ts.estimate("zai", n_draws=10)
    assert "too few" in sentences.exactness(few)


def test_an_implied_spending_is_called_an_illustration():
    implied = ts.implied_rd_compute("deepseek", n_draws=1000)
    text = sentences.implied_answer(implied)
    assert f"USD {implied.table.loc['rd_compute', 'p50']:.0f} million" in text
    assert "an illustration, not an estimate" in text


def test_the_audit_s_conclusion_follows_its_numbers():
    names = {"a": "A & Co", "b": "B"}
    minority = pd.DataFrame({"plain": [0.02, 0.001], "wide": [0.11, 0.002]}, index=["a", "b"])
    pair = {"higher": "a", "lower": "b"}
    ranking = pd.DataFrame(
        [
            pair | {"scenario": "plain", "shared": 0.95, "independent": 0.80},
            pair | {"scenario": "wide", "shared": 0.999, "independent": 0.90},
        ]
    )
    steps = {"B": pd.DataFrame({"p50": [0.2, 0.3], "in_sequence": [np.nan, 0.1]}, ["plain", "c"])}
    effects = {"B": pd.DataFrame({"p50": [0.3, 0.55], "x": [1.0, 0.6]}, ["c", "d"])}
    told = sentences.audit_conclusion(minority, ranking, steps, effects, names)
    assert told.startswith("**A minority.**")
    assert "at A & Co, in 2% (plain) and 11% (wide) of the draws; at no other in more" in told
    assert "Applied alone, `d` takes the median of B to 55.0%." in told
    assert "**A & Co above B** in 95% to more than 99% of draws; in 80% to 90%, if each" in told
    assert "**B** goes from a median of 20.0% to 30.0%; the step that moves it most is `c`" in told
    ranking["independent"] = ranking["shared"]
    effects["B"]["p50"] = 0.3
    told = sentences.audit_conclusion(5 * minority, ranking, steps, effects, names)
    assert told.startswith("**Not everywhere a minority.**")
    assert "No correction alone takes a median above one half." in told and "if each" not in told


def test_the_nearest_and_the_likeliest_failure_are_named():
    columns = ["label", "median", "value", "factor", "chance", "chance_predictive"]
    rows = [
        ("Price", 2.0, 4.0, 2.0, 0.03, np.nan),
        ("FLOP of X", 1e24, 4e24, 4.0, 0.0, 0.16),
        ("Fraction", 0.1, np.nan, np.nan, np.nan, np.nan),
    ]
    table = pd.DataFrame(rows, index=["price", "x", "fraction"], columns=columns)
    told = sentences.breaking_conclusion({"A": table})
    assert "nearest single failure is Price at 4 instead of 2 (a factor of 2); 3% of its" in told
    assert "likeliest is FLOP of X at 4.00e24 instead of 1.00e24 (a factor of 4); none of" in told
    assert told.endswith("a single model strays so far with a chance of 16%.")
    unlikely = table.assign(chance=0.001, chance_predictive=np.nan)
    assert "in one draw of 100" in sentences.breaking_conclusion({"A": unlikely})
    beyond = table.assign(factor=np.nan)
    assert "no input alone" in sentences.breaking_conclusion({"A": beyond})


def test_how_far_each_of_two_assumptions_moves_the_median_is_said():
    table = pd.DataFrame([[0.1, 0.2], [0.3, 0.8]], pd.Index([1, 2], name="a"), [5.0, 6.0])
    labels = {"a": "MFU", "b": "price"}
    told = sentences.surface_conclusion({"A": table.rename_axis(columns="b")}, labels)
    assert told == (
        "- **A**: MFU alone moves the median from 20.0% to 80.0% (at price 6), price alone from "
        "30.0% to 80.0% (at MFU 2), both together from 10.0% to 80.0%."
    )


def test_a_measured_share_says_hours_and_its_rounding():
    told = ts.sentences.measured_answer(ts.estimate("ai2", n_draws=1000))
    assert "17.8% of the compute" in told and "1.49 million H100-hours of 8.34 million" in told
    assert "17.80% to 17.82%" in told and "USD" not in told
    assert "1.49 million H100-hours" in ts.sentences.answer(ts.estimate("ai2", n_draws=1000))


def test_the_pattern_says_how_many_are_measured_and_their_range():
    told = ts.sentences.pattern_answer(ts.pattern(NEWSLETTER, n_draws=1000))
    assert told.startswith("**3 company-years are modelled; 4 projects were measured and 2 estim")
    assert "to 66.5%" in told and "full pipeline 18%; intermediate models 30% to 37%" in told


def test_all_r_and_d_expenses_are_a_ceiling():
    est = ts.estimate("openai", n_draws=1000)
    floor = est.summary()["training_cost_p50"] / 7810
    told = ts.sentences.ceiling(est)
    assert "USD 7.8 billion, staff included" in told and f"{100 * floor:.1f}% a floor" in told


def test_a_changed_run_ends_beside_the_defaults():
    changed, usual = ts.estimate("zai", n_draws=500, mfu="0.5"), ts.estimate("zai", n_draws=500)
    pair = [f"{100 * est.summary()['share_p50']:.1f}%" for est in (changed, usual)]
    told = sentences.exactness(changed)
    assert told.startswith(f"Against the defaults: Z.ai {pair[0]}, not {pair[1]}. How exact: ")
    assert sentences.exactness(usual).startswith("How exact: ")
