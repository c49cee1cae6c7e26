"""Calls that cannot be meant are refused: where, what and how to mend it. refused.csv has them,
each with a pattern that is found in its refusal."""

import pickle

import numpy as np
import pandas as pd
import pytest
from refusals import assert_refused, cases
from scipy import stats

import training_share as ts
from training_share.analysis.closed_models import leave_one_out
from training_share.inputs.notation import Exact, Uniform
from training_share.inputs.quantities import Empirical
from training_share.model.precision import quantile_error
from training_share.model.scaling import fit, used_points
from training_share.model.spending import as_date

RUN = {"model": "X", "released": "2025-07", "flop": 2e24}
YEAR = {"period_start": "2025-01-01", "period_end": "2025-12-31", "amount_millions": 100}
NAMES = {
    **{"ts": ts, "np": np, "pd": pd, "stats": stats, "pickle": pickle, "Uniform": Uniform},
    **{"Exact": Exact, "Empirical": Empirical},
    **{"as_date": as_date, "fit": fit, "used_points": used_points, "leave_one_out": leave_one_out},
    **{"quantile_error": quantile_error, "RUN": RUN, "OF_ZAI": RUN | {"company": "zai"}},
    **{"YEAR": YEAR, "MFU": "assumptions/mfu/value", "PAIR": ("mfu", "price_usd_per_gpu_hour")},
}
REFUSED = [(row["call"], row["told"]) for row in cases(__file__, "refused")]


@pytest.mark.parametrize(("call", "told"), REFUSED, ids=[f"{call:.60}" for call, _ in REFUSED])
def test_it_is_refused(call, told):
    with np.errstate(invalid="ignore"):  # between infinite samples
        assert_refused(told, eval, call, NAMES)
