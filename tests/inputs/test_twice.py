"""What is given twice is refused with both places: the last would win, and both would be told."""

import pytest
from refusals import assert_refused

import training_share as ts

HAILUO = "closed_models/hailuo-02/parameters"
MFU = "assumptions/mfu/value"
RUN = {"model": "X", "released": "2025-07", "flop": "2e24"}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"changes": f"{HAILUO} = x 2; {HAILUO} = x 3"}, "'x 2' and as 'x 3'; keep one"),
        ({"changes": f"{HAILUO} = 1; {HAILUO} = 1"}, "is given twice"),
        (
            {"changes": {"assumptions/mfu*/value": "x 2", MFU: "x 2"}},
            r"'assumptions/mfu\*/value', and changes, 'assumptions/mfu/value': both set assumpt",
        ),
        ({"mfu": 0.5, "changes": {MFU: "0.2"}}, "^mfu, and changes, 'assumptions/mfu/value'"),
        (
            {"release_lag_months": 0, "changes": {"companies/minimax/release_lag_months": 3}},
            "^release_lag_months, and changes",
        ),
        (
            {"cny_per_usd": 7, "changes": "fx/CNY/2022/2025/per_usd = 7"},
            "^cny_per_usd, and changes",
        ),
        ({"runs": "model = X, released = 2025-07, flop = 2e24, flop = 9e24"}, "'flop' is given tw"),
        ({"runs": [RUN, RUN]}, "row own-x-2: the same model, stage and size as own-x"),
        ({"runs": [RUN | {"run_id": "x"}, RUN | {"run_id": "x"}]}, "the key 'x' exists"),
    ],
)
def test_it_is_refused(asked, told):
    assert_refused(told, ts.estimate, "minimax", n_draws=20, **asked)


def test_a_correction_and_what_is_set_on_top_of_it_are_no_two_of_a_kind():
    est = ts.estimate("minimax", n_draws=20, corrections="appendix-rl", mfu_rl=0.2)
    assert est.inputs().loc["mfu_rl", "value"] == "0.2"


def test_the_last_of_two_calls_counts():
    est = ts.estimate("zai", n_draws=20, mfu=0.5)
    assert est.again(mfu=0.2).inputs().loc["mfu", "value"] == "0.2"
    assert_refused("^mfu, and changes", est.again, changes={MFU: "0.2"})
