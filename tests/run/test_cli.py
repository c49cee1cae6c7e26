"""The command line: what it answers, and what it refuses."""

import pytest

import training_share as ts
from training_share import cli


def test_an_estimate_is_its_answer(capsys):
    assert cli.main(["estimate", "zai", "--mfu", "0.4", "--n-draws", "500"]) == 0
    est = ts.estimate("zai", mfu=0.4, n_draws=500)
    assert capsys.readouterr().out.strip() == ts.sentences.answer(est).replace("**", "")
    assert cli.main(["estimate", "deepseek", "--n-draws", "500"]) == 0
    assert "final training runs cost about" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["minimx"], "did you mean 'minimax'"),
        (["zai", "--mfuu", "0.4"], "did you mean 'mfu'"),
        (["zai", "--mfu"], "--mfu: write each setting once"),
        (["zai", "mfu", "0.4"], "mfu: write each setting once"),
        (["zai", "--mfu", "0.4", "--mfu", "0.3"], "--mfu: write each setting once"),
        (["zai", "--n_draws", "many"], "n_draws: expected a whole number"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(capsys, settings, words):
    assert cli.main(["estimate", *settings]) == 2
    assert words in capsys.readouterr().err
