"""Tables as a person reads them."""

import numpy as np
import pandas as pd
import pytest

from training_share.model.estimates import QUANTILES, spread
from training_share.model.precision import quantile_error, with_error
from training_share.report.display import with_errors


def test_tables_show_every_quantile_with_its_error():
    draws = np.random.default_rng(1).standard_normal(10_000)
    table = pd.DataFrame({"one": {**spread(draws), "note": "words"}}).T
    assert [table.loc["one", f"{name}_error"] for name in QUANTILES] == pytest.approx(
        quantile_error(draws, [0.05, 0.5, 0.95])
    )
    shown = with_errors(table)
    assert list(shown) == [*QUANTILES, "note"]
    assert shown.loc["one", "p95"] == with_error(
        np.quantile(draws, 0.95), quantile_error(draws, 0.95)
    )
    assert with_errors(table, percent=True).loc["one", "p95"].endswith("%")
