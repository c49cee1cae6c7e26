"""Sentences say the numbers, and what to know about them."""

import training_share as ts


def test_the_answer_says_the_share():
    est = ts.estimate("zai", n_draws=1000)
    assert f"{100 * est.summary()['share_p50']:.1f}%" in ts.sentences.answer(est)


def test_months_without_collected_runs_are_said():
    whole = ts.estimate("minimax", n_draws=10)
    assert whole.months_not_collected == 0 and "lower bound" not in ts.sentences.answer(whole)
    late = ts.estimate("minimax", n_draws=10, release_lag_months=6)
    assert late.months_not_collected == 3 and "lower bound" in ts.shares.remark(late)
    assert "A lower bound" in ts.sentences.answer(late)
    assert ts.shares.chart_row(late)["label"] == "MiniMax, lower bound"


def test_a_measured_share_says_hours_and_its_rounding():
    told = ts.sentences.measured_answer(ts.estimate("ai2", n_draws=1000))
    assert "17.8% of the compute" in told and "1.49 million H100-hours of 8.34 million" in told
    assert "17.80% to 17.82%" in told and "USD" not in told
    assert "1.49 million H100-hours" in ts.sentences.answer(ts.estimate("ai2", n_draws=1000))


def test_the_pattern_says_how_many_are_measured_and_their_range():
    told = ts.sentences.pattern_answer(ts.pattern(n_draws=1000))
    assert told.startswith("**3 company-years are modelled; 4 projects were measured and 2 estim")
    assert "to 66.5%" in told and "full pipeline 18%; intermediate models 30% to 37%" in told


def test_all_r_and_d_expenses_are_a_ceiling():
    est = ts.estimate("openai", n_draws=1000)
    floor = est.summary()["training_cost_p50"] / 7810
    told = ts.sentences.ceiling(est)
    assert "USD 7.8 billion, staff included" in told and f"{100 * floor:.1f}% a floor" in told
