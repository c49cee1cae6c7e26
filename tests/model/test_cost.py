"""What a run costs: by hand, by closed forms, and whose draw each input is."""

import itertools
import math

import numpy as np
import pytest
from arithmetic import (
    BF16,
    MFU,
    MFU_RL,
    NORMAL,
    POST_TRAINING,
    PRICE,
    PROBABILITIES,
    RL_FRACTION,
    LogNormalForm,
    assert_close,
    assert_quantiles,
    assert_uniform,
    lognormal,
)
from recomputed import Recomputed

import training_share as ts
from training_share.inputs.notation import Exact, LogNormal
from training_share.inputs.tables import load
from training_share.model.draws import generator

N = 16_000
RL_OF_RL = RL_FRACTION * RL_FRACTION  # two draws


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    return np.corrcoef(np.log(one), np.log(other))[0, 1]


# --- one run by the formula -----------------------------------------------------------------------


@pytest.mark.parametrize("form", [float, str, Exact])
def test_a_cost_of_exact_inputs_is_one_row_by_hand(form):
    given = {"flop": form(1e25), "mfu": form(0.4), "price_usd_per_gpu_hour": form(2)}
    for chip, peak in (("h800-sxm-bf16", 9.89e14), ("h800-fp8", 1.513e15)):
        table = ts.cost(**given, hardware=chip)
        assert list(table) == ["gpu_hours", "cost_usd"] and list(table.index) == [0]
        assert table["gpu_hours"].item() == pytest.approx(1e25 / (0.4 * peak * 3600), rel=1e-15)
        assert table["cost_usd"].item() == 2 * table["gpu_hours"].item()


@pytest.mark.parametrize(
    ("given", "hours", "usd"),
    [
        ({}, 1 / MFU, PRICE / MFU),
        ({"mfu": ""}, 1 / MFU, PRICE / MFU),
        ({"mfu": 0.4}, None, 1 / 0.4 * PRICE),
        ({"price_usd_per_gpu_hour": 2}, 1 / MFU, 2 / MFU),
        ({"flop": LogNormal(1e24, 1e26, 0.1, 0.9)}, lognormal(0.1, 10) / MFU, None),
        ({"mfu": "0.05 to 0.20 (p10-p90 lognormal)"}, 1 / MFU_RL, PRICE / MFU_RL),
    ],
)
def test_a_cost_has_closed_form_quantiles_and_blanks_are_the_assumptions(given, hours, usd):
    table = ts.cost(**{"flop": 1e25, "n_draws": N} | given)
    assert len(table) == N and table.index.name == "draw"
    for column, form in (("gpu_hours", hours), ("cost_usd", usd)):
        if form is not None:
            assert_quantiles(table[column].to_numpy(), 1e25 / BF16 * form)


@pytest.mark.parametrize("seed", [42, 7])
def test_every_draw_is_flop_over_effective_rate_times_price_as_an_estimate_draws_it(seed):
    table = ts.cost("1.41e23", n_draws=N, seed=seed)
    hours = 1.41e23 / (9.89e14 * assumed("mfu", MFU, seed) * 3600)
    assert_close(table["gpu_hours"], hours)
    assert_close(table["cost_usd"], hours * assumed("price_usd_per_gpu_hour", PRICE, seed))
    chain = ts.estimate("minimax", n_draws=N, seed=seed).chain("minimax-vl-01")
    assert (chain["flop"] == 1.41e23).all() and (chain[list(table)] == table).all(axis=None)
    assert (ts.cost(1.41e23, n_draws=9, seed=seed) == table.head(9)).all(axis=None)


def test_a_cost_reads_the_tables_of_its_folder(data_copy):
    data_copy.edit("assumptions", "mfu", "value", "0.5")
    data_copy.edit("hardware", "h800-fp8", "peak_flop_per_s", "1e15 to 2e15 (min-max uniform)")
    hours = ts.cost(3.6e24, "h800-fp8", n_draws=N, data_dir=data_copy.folder)["gpu_hours"]
    assert_uniform(3.6e24 / (0.5 * 3600 * hours), 1e15, 2e15)


# --- closed forms of an estimate's runs -----------------------------------------------------------
@pytest.mark.parametrize(
    ("run_id", "form"),
    [
        ("minimax-vl-01", PRICE * 1.41e23 / BF16 / MFU),
        ("minimax-m1-continued-pretraining", PRICE * 2.0655e24 / BF16 / MFU),
        ("minimax-text-01", PRICE * 3.142e24 / BF16 / MFU * POST_TRAINING),
        ("minimax-m1-80k-rl", PRICE * 2.756e23 / BF16 / MFU_RL),
        ("glm-4.5", PRICE * 4.42e24 / BF16 / MFU * POST_TRAINING),
        ("glm-4.6", PRICE * 4.42e24 / BF16 / MFU_RL * POST_TRAINING * RL_FRACTION),
        ("autoglm-rumination", PRICE * 2.88e24 / BF16 / MFU_RL * POST_TRAINING * RL_OF_RL),
        ("openai-gpt-4.5", lognormal(1.7e8, 8.9e8, 0.05)),
        ("openai-other-models", lognormal(2.4e7, 4.35e8, 0.05)),
    ],
)
def test_a_run_has_the_quantiles_of_a_product_of_lognormals(run_id, form):
    est = ts.estimate(load().training_runs[run_id].company, n_draws=N)
    assert_quantiles(est.cost_usd_of(run_id), form)


def test_a_run_with_uniform_flop_has_the_distribution_of_the_integral():
    cost = ts.estimate("minimax", n_draws=N).cost_usd_of("minimax-m2-pretraining")
    per_flop = PRICE / (1.513e15 * 3600) / MFU
    flop = 6e23 + (1.5e24 - 6e23) * (np.arange(2000) + 0.5) / 2000
    for p in PROBABILITIES:
        z = (np.log(np.quantile(cost, p)) - per_flop.mu - np.log(flop)) / per_flop.sigma
        below = np.mean([NORMAL.cdf(value) for value in z])
        assert abs(below - p) < 4 * math.sqrt(p * (1 - p) / N)


# --- whose draw -----------------------------------------------------------------------------------
def assumed(name: str, form: LogNormalForm, seed: int = 42) -> np.ndarray:
    """Draws of a lognormal from the normals of its name."""
    return np.exp(form.mu + form.sigma * generator(seed, name).standard_normal(N))


SOME = "1e6 to 2e6 (p10-p90 lognormal)"
TENTH = {"fraction_of_base": "0.05 to 0.15 (p10-p90 lognormal)"}
OWN = [  # whatever a run may be known by, and finetunes of it
    {"run_id": "hours", "gpu_hours": SOME},
    {"run_id": "usd", "cost_usd": SOME},
    *(
        {"run_id": f"{base}-{work}", "base_run": base, "workload": work} | TENTH
        for base, work in itertools.product(["hours", "usd", "fp8"], ["pretraining", "rl"])
    ),
    {"run_id": "fp8", "flop": "1e24 to 2e24 (min-max uniform)", "hardware": "h800-fp8"},
    {"run_id": "again", "base_run": "fp8-rl"} | TENTH,
    {"run_id": "bf16", "base_run": "fp8", "hardware": "h800-sxm-bf16"} | TENTH,
]
OWN = [{"model": run["run_id"], "released": "2025-07"} | run for run in OWN]
PEAK = {"hardware/h800-fp8/peak_flop_per_s": "1e15 to 2e15 (min-max uniform)"}


@pytest.mark.parametrize(
    ("company", "settings"),
    [
        ("openai", {"usd_run_correlation": 0.5}),
        ("minimax", {}),
        ("minimax", {"scenario": "careful", "evidence": "none"}),
        ("minimax", {"runs": OWN, "changes": PEAK}),
        ("zai", {}),
        ("zai", {"corrections": "independent-market"}),
        ("zai", {"corrections": "half-shared-market"}),
        ("zai", {"runs": OWN, "rl_fraction_basis": "gpu-hours"}),
    ],
)
def test_every_run_is_worked_out_by_hand(company, settings):
    """Step by step: what is shared is the same draw, and what is not has one of its own."""
    est = ts.estimate(company, n_draws=N, **settings)
    by_hand = Recomputed(
        est.tables, lambda name: generator(42, name).standard_normal(N), est.closed_model
    )
    for run_id, run in est.runs.items():
        steps = by_hand.flop(run), by_hand.hours(run), by_hand.usd(run)
        found = est.flop_of(run_id), est.gpu_hours_of(run_id), est.cost_usd_of(run_id)
        for one, other in zip(found, steps, strict=True):
            if one is not None or other is not None:
                assert_close(one, other)
        base = by_hand.runs[run.base_run] if run.base_run else run
        known = [name for name in ("cost_usd", "gpu_hours") if getattr(base, name) is not None]
        words = {"cost_usd": "USD", "gpu_hours": "GPU-hours"}
        if known or steps[0] is not None:
            assert est.basis(run_id) == words.get("".join(known), "FLOP")
