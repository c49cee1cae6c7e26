"""A number can be walked back: a trace is the formula itself, evaluated once more, with sources."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from arithmetic import assert_close, assert_sentence_adds_up, computed

import training_share as ts
from training_share.inputs.tables import load
from training_share.model.precision import quantiles
from training_share.model.world import World

RUNNING = sorted({run.company for run in load().training_runs.values()})
ALL = [(company, scenario) for scenario in load().scenario_names for company in RUNNING]
P = ["p5", "p50", "p95"]


# --- the formula stands once ----------------------------------------------------------------------
CHANGED = {  # by what a trace tells of it
    "1.1 x (flop / (mfu x peak_flop_per_s x 3600))": (
        lambda flop, peak, mfu: 1.1 * (flop / (mfu * (peak * 3600)))
    ),
    "flop / (minimum(mfu, 0.3) x peak_flop_per_s x 3600)": (
        lambda flop, peak, mfu: flop / (np.minimum(mfu, 0.3) * (peak * 3600))
    ),
    "(gpu_hours x price_usd_per_gpu_hour) + 50000": lambda hours, price: hours * price + 50_000,
}


@pytest.mark.parametrize("text", CHANGED)
def test_a_changed_formula_moves_cost_table_chain_and_trace_together(monkeypatch, text):
    name = "cost_usd" if "price" in text else "gpu_hours"
    run_id, before = "minimax-vl-01", ts.estimate("minimax", n_draws=2000)
    was = before.costs[run_id]
    monkeypatch.setattr(f"training_share.model.cost.{name}", CHANGED[text])
    est = before.again()
    chain, trace = est.chain(run_id), est.trace(run_id)
    assert trace.loc[name, "expression"] == text
    inputs = {key: est.assumption(key) for key in ("mfu", "price_usd_per_gpu_hour")}
    for step in ("gpu_hours", "cost_usd"):  # each text computes its numbers
        values = computed(trace.loc[step, "expression"], peak_flop_per_s=9.89e14, **inputs, **chain)
        assert_close(chain[step], values)
        assert_close(trace.loc[step, P].to_numpy(float), quantiles(values))
    assert (chain["cost_usd"] >= was).all() and (chain["cost_usd"] > was).any()
    assert (ts.cost(1.41e23, n_draws=2000) == chain[["gpu_hours", "cost_usd"]]).all(axis=None)
    assert_close(est.cost_table().loc[run_id], quantiles(chain["cost_usd"]) / 1e6)
    at_medians = replace(est, n_draws=1, at_medians=True).cost_usd_of(run_id)
    assert_sentence_adds_up(trace.attrs["sentence"], at_medians[0])


# --- of every run ---------------------------------------------------------------------------------
class Reading(World):
    """A world that says which cells were read."""

    read: ClassVar[set[str]] = set()

    def cell(self, table, key, column, mix):
        self.read.add(f"{table}/{key}/{column}")
        return super().cell(table, key, column, mix)

    def closed_model(self, key):
        self.read.add(f"closed_models/{key}/parameters")
        return super().closed_model(key)


def cells_read(est: ts.Estimate, quantity) -> set[str]:
    """The cells that a quantity is computed from, found by computing it."""
    Reading.read.clear()
    quantity(est.like(Reading))
    return set(Reading.read)


@pytest.mark.parametrize(("company", "scenario"), ALL)
def test_every_trace_ends_in_the_runs_own_cost_and_names_the_cells_it_read(company, scenario):
    est = ts.estimate(company, scenario, n_draws=1000, bootstrap_resamples=1000)
    at_medians = replace(est, n_draws=1, at_medians=True)
    last = "gpu_hours" if company == "ai2" else "cost_usd"
    for run_id in est.runs:
        table = est.trace(run_id)
        assert table.index[-1] == last and table.index.is_unique
        assert (table.loc[last, P] == quantiles(est.costs[run_id], est.weights)).all()
        assert_sentence_adds_up(table.attrs["sentence"], np.ravel(at_medians.amount_of(run_id))[0])
        assert (table[["expression", "unit"]] != "").all(axis=None)
        read = table[table["cell"] != ""]
        for cell, source in zip(read["cell"], read["source"], strict=True):
            name, _, rest = cell.partition("/")
            key, _, column = rest.rpartition("/")
            row = est.tables.texts[name][key]
            assert column in row and source == est.tables.sources[row["source_id"]].title
        cells = cells_read(est, lambda world, run_id=run_id: world.amount_of(run_id))
        assert cells == set(read["cell"]) == set(est.cite(run_id).index)


def test_a_trace_of_certain_inputs_multiplies_by_hand():
    exact = {"mfu": "0.25", "price_usd_per_gpu_hour": "2", "post_training_factor": "1.05"}
    table = ts.estimate("minimax", n_draws=20, **exact).trace("minimax-text-01")
    hours = 3.142e24 * 1.05 / (9.89e14 * 0.25 * 3600)
    steps = {
        "flop before post-training": (3.142e24, "FLOP"),
        "post_training_factor": (1.05, "multiple of the base FLOP"),
        "flop": (3.142e24 * 1.05, "FLOP"),
        "mfu": (0.25, "fraction of peak"),
        "peak_flop_per_s": (9.89e14, "FLOP/s"),
        "gpu_hours": (hours, "GPU-hours"),
        "price_usd_per_gpu_hour": (2, "USD per H800-hour"),
        "cost_usd": (2 * hours, "USD"),
    }
    assert dict(zip(table.index, zip(table["p50"], table["unit"], strict=True), strict=True)) == {
        step: (pytest.approx(value, rel=1e-12), unit) for step, (value, unit) in steps.items()
    }
    assert (table["p5"] == table["p95"]).all()
    assert table.loc["flop before post-training", "expression"] == "3.142e24"
    assert table.attrs["sentence"] == (
        "MiniMax-Text-01: flop = 3.142e+24 x 1.05 = 3.299e+24; gpu_hours = 3.299e+24 / (0.25 x "
        "9.89e+14 x 3600) = 3.706e+06; cost_usd = 3.706e+06 x 2 = 7.413e+06 (each input at its "
        "median)."
    )


def test_a_bases_draws_stand_beside_the_runs_own():
    est, base = ts.estimate("zai", n_draws=500), "glm-z1-rumination-32b-0414"
    table = est.trace("autoglm-rumination")
    for step, run in (("rl_fraction", "autoglm-rumination"), (f"rl_fraction of {base}", base)):
        expected = quantiles(est.assumption("rl_fraction", run))
        assert_close(table.loc[step, P].to_numpy(float), expected)
    assert table.loc["flop", "expression"] == f"flop of {base} x rl_fraction"


def test_a_closed_models_flop_are_told_as_predicted_and_may_be_multiplied():
    post = {"training_runs/hailuo-02-pretraining/post_training": "post_training_factor"}
    table = ts.estimate("minimax", n_draws=50, changes=post).trace("hailuo-02-pretraining")
    predicted = table.loc["predicted flop of hailuo-02", ["expression", "unit"]].to_list()
    told = "15e9 to 30e9 (min-max uniform) parameters, by the line of video models"
    assert predicted == [told, "FLOP"]
    assert table.loc["flop", "expression"] == "predicted flop of hailuo-02 x post_training_factor"


# --- sources --------------------------------------------------------------------------------------
def test_sources_are_those_of_the_rows():
    est = ts.estimate("zai", n_draws=20)
    spent = est.cite("rd_compute")
    assert list(spent["content"]) == ["603.237", "7.2", "1552.832", "1145.124"]
    assert spent["url"].str.startswith("https://").all()
    assert set(spent.index) == cells_read(est, lambda world: world.rd_compute)
    assert est.cite("mfu").index[0] == "assumptions/mfu/value"
    assert est.cite("hardware/h800-sxm-bf16")["content"].item() == "9.89e14"
    assert "training_runs/glm-4.5/flop" in est.cite("glm-4.6").index, "its base's"


# --- GPU-hours ------------------------------------------------------------------------------------
def test_gpu_hours_of_a_named_chip_are_those_of_the_same_peak():
    est = ts.estimate("minimax", n_draws=20, mfu="0.25", price_usd_per_gpu_hour="2")
    own, same = est.gpu_hours(), est.gpu_hours("h800-sxm-bf16")
    ratio = same.loc["minimax-m2-pretraining", "p50"] / own.loc["minimax-m2-pretraining", "p50"]
    assert ratio == pytest.approx(1.513e15 / 9.89e14)
    assert own.loc["minimax-vl-01", "p50"] == pytest.approx(1.41e23 / (9.89e14 * 0.25 * 3600))
    assert own.loc["minimax-m2-pretraining", "hardware"] == "h800-fp8"
    assert set(same["hardware"]) == {"h800-sxm-bf16"}
    assert "total" not in own.index, "hours of different chips do not add"
    assert same.loc["total", "p50"] >= same["p50"].drop("total").max()


def test_hours_of_a_run_known_by_its_cost_are_what_it_buys():
    est = ts.estimate("openai", n_draws=20, price_usd_per_gpu_hour="2")
    bought = np.quantile(est.costs["openai-gpt-4.5"] / 2, 0.5)
    assert est.gpu_hours().loc["openai-gpt-4.5", "p50"] == pytest.approx(bought)


def test_what_was_set_by_hand_is_credited_to_the_call():
    run = {"model": "X", "released": "2025-07", "flop": "2e24"}
    spending = "spending/zai/rd_compute/*/amount_millions = x 1.2"
    est = ts.estimate("zai", n_draws=50, runs=[run], changes=spending, mfu=0.3)
    spent = est.cite("rd_compute")["title"]
    assert set(spent[spent.index.str.startswith("spending/")]) == {"set in this call"}
    assert "set in this call" not in set(spent[spent.index.str.startswith("fx/")])
    cells = est.cite("own-x")["title"]
    own = {"training_runs/own-x/flop", "assumptions/mfu/value"}
    assert set(cells[cells == "set in this call"].index) == own
    assert (est.inputs()["source"] == "set in this call").sum() == 1
