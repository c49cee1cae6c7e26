"""An amount outside the range of its column is asked about, and `checked` behind it is the answer,
wherever amounts are written."""

import numpy as np
import pytest

import training_share as ts
from training_share.inputs.columns import reader
from training_share.inputs.notation import Exact
from training_share.inputs.quantities import Empirical

FLOP = "amount 1e18 to 1e29 FLOP"


@pytest.mark.parametrize("amount", ["2.4", "1e17 to 1e20 (p10-p90 lognormal)", "1e30", Exact(24.5)])
def test_the_refusal_names_range_and_unit_and_how_to_insist(amount):
    told = r"outside 1e\+18 to 1e\+29 FLOP, .*mend unit or exponent, or insist: '.* checked'"
    with pytest.raises(ValueError, match=told):
        reader(FLOP)(amount)
    assert reader(FLOP)(f"{amount} checked") == reader("amount")(amount)


def test_what_a_hand_wrote_is_asked_about_and_no_tail():
    wide = reader(FLOP)("1e19 to 1e28 (p40-p60 lognormal)")
    assert wide.quantile(0.01) < 1e18 and wide.quantile(0.99) > 1e29
    with pytest.raises(ValueError, match="outside"):
        reader(FLOP)(Empirical(np.array([1.0, 2.0, 3.0])))
    assert reader("amount or zero 0.01 to 1e6 millions")("0") == Exact(0.0)
    assert reader("fraction 0.01 to 1")("0 to 1 (1-2 beta)").high == 1  # a beta may begin at zero


def test_the_word_does_the_same_in_a_cell_in_python_and_as_text(data_copy):
    by_name = ts.estimate("zai", n_draws=50, mfu="0.002 checked")
    by_change = ts.estimate("zai", n_draws=50, changes="assumptions/mfu/value = 0.002 checked")
    smaller = by_change.again(changes={"assumptions/mfu/value": "x 1e-9 checked"})
    data_copy.edit("assumptions", "mfu", "value", "0.002 checked")
    edited = ts.estimate("zai", n_draws=50, data_dir=data_copy.folder)
    assert (by_name.share == edited.share).all() and (by_change.share == edited.share).all()
    assert smaller.share.min() > edited.share.max()
    again = edited.again(changes="assumptions/mfu/value = x 2 checked")
    np.testing.assert_allclose(again.assumption("mfu"), 0.004)
    assert ts.cost("24.5 checked", mfu=0.4, price_usd_per_gpu_hour=2).size == 2
