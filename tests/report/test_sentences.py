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
