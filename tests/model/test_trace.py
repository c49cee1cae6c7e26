"""A number can be walked back: steps multiply to the cost, hours are those of the chip, and sources
are the rows'."""

import numpy as np
import pytest

import training_share as ts
from training_share.errors import InputError

CASES = [
    (company, scenario)
    for company in ("openai", "minimax", "zai")
    for scenario in ("newsletter", "careful")
]


@pytest.mark.parametrize(("company", "scenario"), CASES)
def test_every_run_has_a_trace_that_ends_in_its_cost(company, scenario):
    est = ts.estimate(company, scenario, n_draws=1000)
    for run_id in est.runs:
        table = est.trace(run_id)
        np.testing.assert_allclose(
            table.loc["cost", ["p5", "p50", "p95"]].astype(float),
            est.cost_table().loc[run_id].astype(float) * 1e6,
            rtol=1e-12,
        )
        cells = [cell for cell in table["cell"] if cell]
        for cell in cells:  # each is there, with its source
            table_name, _, rest = cell.partition("/")
            rows = est.tables.texts[table_name]
            assert rest in rows or rest.rpartition("/")[0] in rows
        assert set(table.loc[table["cell"] != "", "source"]) - {""}


def test_a_trace_of_certain_inputs_multiplies_by_hand():
    exact = {"mfu": "0.25", "price_usd_per_gpu_hour": "2", "post_training_factor": "1.05"}
    table = ts.estimate("minimax", n_draws=20, **exact).trace("minimax-text-01")
    flop = 3.142e24 * 1.05
    hours = flop / (9.89e14 * 0.25 * 3600)
    expected = {"FLOP": flop, "GPU-hours": hours, "cost": 2 * hours, "MFU": 0.25, "price": 2}
    for step, value in expected.items():
        assert table.loc[step, "p50"] == pytest.approx(value, rel=1e-12)
    assert table.attrs["sentence"] == (
        "MiniMax-Text-01: 3.3e+24 FLOP / (9.89e+14 FLOP/s x 0.25 x 3600 s/h) = 3.71e+06 GPU-hours,"
        " x USD 2 = USD 7.41e+06 (medians, each of its own draws)."
    )


def test_gpu_hours_of_a_named_chip_are_those_of_the_same_peak():
    exact = {"mfu": "0.25", "price_usd_per_gpu_hour": "2"}
    est = ts.estimate("minimax", n_draws=20, **exact)
    own, same = est.gpu_hours(), est.gpu_hours("h800-sxm-bf16")
    ratio = same.loc["minimax-m2-pretraining", "p50"] / own.loc["minimax-m2-pretraining", "p50"]
    assert ratio == pytest.approx(1.513e15 / 9.89e14)
    assert own.loc["minimax-vl-01", "p50"] == pytest.approx(1.41e23 / (9.89e14 * 0.25 * 3600))
    assert "total" not in own.index, "hours of different chips do not add"
    assert same.loc["total", "p50"] >= same["p50"].drop("total").max()


def test_hours_of_a_run_known_by_its_cost_are_what_it_buys():
    est = ts.estimate("openai", n_draws=20, price_usd_per_gpu_hour="2")
    run_id = next(iter(est.runs))
    bought = np.quantile(est.cost_usd[run_id] / 2, 0.5)
    assert est.gpu_hours().loc[run_id, "p50"] == pytest.approx(bought)


def test_draws_are_a_tidy_frame():
    est = ts.estimate("zai", n_draws=30)
    frame = est.draws()
    assert list(frame["share"]) == list(est.share) and len(frame) == 30
    np.testing.assert_allclose(frame["training_cost_usd"] / frame["rd_compute_usd"], frame["share"])


def test_sources_are_those_of_the_rows():
    est = ts.estimate("zai", n_draws=20)
    spent = est.cite("rd_compute")
    assert list(spent["content"]) == ["603.237", "1552.832", "1145.124", "7.2"]
    assert spent["url"].str.startswith("https://").all()
    assert est.cite("mfu").index[0] == "assumptions/mfu/value"
    assert set(est.cite("glm-4.6").index) == {
        "training_runs/glm-4.6/fraction_of_base",
        "training_runs/glm-4.5/flop",
    }
    assert est.cite("hardware/h800-sxm-bf16")["content"].item() == "9.89e14"
    with pytest.raises(InputError, match=r"cite: no 'mfuu'; did you mean 'mfu'"):
        est.cite("mfuu")
