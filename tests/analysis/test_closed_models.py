"""The band around a regression's line."""

import numpy as np

import training_share as ts


def test_band_contains_the_line():
    line, band, _ = ts.closed_models.scaling_band("video")
    assert ((band["p5"] < band["flop"]) & (band["flop"] < band["p95"])).all()
    assert np.all(np.diff(band["size"]) > 0) and line.n == 18
