"""What a run costs: by hand, by closed forms, and whose draw each input is."""

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
    SFT_FRACTION,
    LogNormalForm,
    assert_close,
    assert_quantiles,
    assert_uniform,
    lognormal,
)

import training_share as ts
from training_share.inputs.notation import Exact, LogNormal
from training_share.inputs.tables import load
from training_share.model.draws import generator

N = 16_000
RL_OF_RL = RL_FRACTION * RL_FRACTION  # two draws


def estimated(company: str, *runs: dict[str, str], **settings) -> ts.Estimate:
    """An estimate with further runs of July 2025."""
    runs = [{"model": run["run_id"], "released": "2025-07"} | run for run in runs]
    return ts.estimate(company, n_draws=N, runs=runs, **settings)


def assumed(name: str, form: LogNormalForm, seed: int = 42) -> np.ndarray:
    """Draws of a lognormal from the normals of its name."""
    return np.exp(form.mu + form.sigma * generator(seed, name).standard_normal(N))


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    return np.corrcoef(np.log(one), np.log(other))[0, 1]


# --- one run by the formula -----------------------------------------------------------------------
def test_the_formula_by_hand():
    hours = ts.gpu_hours(3.6e24, 1e15, 0.25)
    assert hours == pytest.approx(4e6, rel=1e-15) and ts.cost_usd(hours, 2.5) == 2.5 * hours
    several = ts.gpu_hours(np.array([3.6e24, 7.2e24]), 1e15, np.array([0.25, 0.5]))
    assert several == pytest.approx([4e6, 4e6], rel=1e-15)


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
    est = estimated(load().training_runs[run_id].company)
    assert_quantiles(est.cost_usd_of(run_id), form)


def test_a_run_with_uniform_flop_has_the_distribution_of_the_integral():
    cost = estimated("minimax").cost_usd_of("minimax-m2-pretraining")
    per_flop = PRICE / (1.513e15 * 3600) / MFU
    flop = 6e23 + (1.5e24 - 6e23) * (np.arange(2000) + 0.5) / 2000
    for p in PROBABILITIES:
        z = (np.log(np.quantile(cost, p)) - per_flop.mu - np.log(flop)) / per_flop.sigma
        below = np.mean([NORMAL.cdf(value) for value in z])
        assert abs(below - p) < 4 * math.sqrt(p * (1 - p) / N)


# --- whose draw -----------------------------------------------------------------------------------
def test_pretraining_shares_one_utilization_and_rl_runs_draw_their_own():
    est = estimated("minimax")
    m1, vl = map(est.gpu_hours_of, ("minimax-m1-continued-pretraining", "minimax-vl-01"))
    assert_close(m1 / vl, 2.0655e24 / 1.41e23)
    own = []
    for run_id, flop in (("minimax-m1-80k-rl", 2.756e23), ("minimax-m1-40k-rl", 1.378e23)):
        own.append(flop / BF16 / est.gpu_hours_of(run_id))
        assert_close(own[-1], assumed(f"mfu_rl/{run_id}", MFU_RL))
    assert abs(correlation(*own)) < 4 / math.sqrt(N)


def test_price_and_utilization_are_shared_by_companies_unless_they_are_their_own():
    def cost_of_flop(corrections: str) -> list[np.ndarray]:
        minimax, zai = (estimated(name, corrections=corrections) for name in ("minimax", "zai"))
        return minimax.cost_usd_of("minimax-vl-01") / 1.41e23, zai.cost_usd_of("glm-4.5v") / 1.44e23

    assert_close(*cost_of_flop(""))
    minimax, zai = cost_of_flop("independent-market")
    assert abs(correlation(minimax, zai)) < 4 / math.sqrt(N)
    assert_close(zai, assumed("price_usd_per_gpu_hour/zai", PRICE) / BF16 / assumed("mfu/zai", MFU))


@pytest.mark.parametrize("run_id", ["hailuo-02-sft", "hailuo-i2v-01-director", "glm-4-voice-sft"])
def test_a_finetune_costs_its_fraction_of_the_bases_own_draw(run_id):
    run, fraction = load().training_runs[run_id], assumed(f"sft_fraction/{run_id}", SFT_FRACTION)
    est = estimated(run.company)
    assert_close(est.flop_of(run_id) / est.flop_of(run.base_run), fraction)
    assert_close(est.cost_usd_of(run_id) / est.cost_usd_of(run.base_run), fraction)


def test_an_rl_run_takes_a_fraction_of_the_bases_flop_at_its_own_utilization():
    est, fraction = estimated("zai"), assumed("rl_fraction/glm-4.6", RL_FRACTION)
    slower = assumed("mfu", MFU) / assumed("mfu_rl/glm-4.6", MFU_RL)
    assert_close(est.flop_of("glm-4.6") / est.flop_of("glm-4.5"), fraction)
    assert_close(est.gpu_hours_of("glm-4.6") / est.gpu_hours_of("glm-4.5"), fraction * slower)


@pytest.mark.parametrize("settings", [{}, {"mfu_rl": "0.002"}])
def test_rl_fraction_of_gpu_hours_needs_no_rl_utilization(settings):
    est = estimated("zai", rl_fraction_basis="gpu-hours", **settings)
    fraction = assumed("rl_fraction/glm-4.6", RL_FRACTION)
    assert_close(est.gpu_hours_of("glm-4.6") / est.gpu_hours_of("glm-4.5"), fraction)
    assert est.flop_of("glm-4.6") is None and est.basis("glm-4.6") == "GPU-hours"
    form = PRICE * 4.42e24 / BF16 / MFU * POST_TRAINING * RL_FRACTION
    assert_quantiles(est.cost_usd_of("glm-4.6"), form)
    assert est.basis("cogvideox-sft") == estimated("zai").basis("glm-4.6") == "FLOP"


# --- runs known in GPU-hours or USD ---------------------------------------------------------------
def test_a_run_in_gpu_hours_uses_no_utilization():
    new = {"run_id": "new", "gpu_hours": "1e6 to 2e6 (p10-p90 lognormal)"}
    est = estimated("zai", new, mfu="0.001 checked", mfu_rl="0.001")
    assert est.flop_of("new") is None and est.basis("new") == "GPU-hours"
    assert_quantiles(est.cost_usd_of("new"), lognormal(1e6, 2e6) * PRICE)


def test_a_run_in_usd_uses_neither_utilization_nor_price():
    new = {"run_id": "new", "cost_usd": "1e6 to 2e6 (p10-p90 lognormal)"}
    est = estimated("zai", new, mfu="0.01", price_usd_per_gpu_hour="29")
    assert est.flop_of("new") is None and est.gpu_hours_of("new") is None
    assert_quantiles(est.cost_usd_of("new"), lognormal(1e6, 2e6))
    assert estimated("zai", new | {"cost_usd": "534700"}).cost_usd_of("new") == 534700


@pytest.mark.parametrize("workload", ["pretraining", "rl"])
@pytest.mark.parametrize(("size", "basis"), [("gpu_hours", "GPU-hours"), ("cost_usd", "USD")])
def test_a_finetune_of_a_run_in_gpu_hours_or_usd_is_a_fraction_of_it(size, basis, workload):
    newer = {"run_id": "newer", "base_run": "new", "fraction_of_base": "0.25", "workload": workload}
    est = estimated("zai", {"run_id": "new", size: "258048"}, newer)
    assert est.basis("newer") == basis
    assert_close(est.cost_usd_of("newer"), 0.25 * est.cost_usd_of("new"))


def test_a_finetune_without_hardware_runs_on_its_bases():
    half = {"base_run": "minimax-m2-pretraining", "fraction_of_base": "0.5"}
    second, third = {"run_id": "second"} | half, {"run_id": "third"} | half | {"base_run": "second"}
    peak = {"hardware/h800-fp8/peak_flop_per_s": "1e15 to 2e15 (min-max uniform)"}
    est = estimated("minimax", second, third, changes=peak)
    base = est.cost_usd_of("minimax-m2-pretraining")
    assert_close(est.cost_usd_of("second"), base / 2)
    assert_close(est.cost_usd_of("third"), base / 4)
    own = estimated("minimax", second | {"hardware": "h800-sxm-bf16"})
    bf16, fp8 = own.cost_usd_of("second"), own.cost_usd_of("minimax-m2-pretraining") / 2
    assert_close(bf16 * 9.89e14, fp8 * 1.513e15)


def test_stated_fractions_of_one_base_are_drawn_apart():
    base = {"base_run": "glm-4.5", "fraction_of_base": "0.05 to 0.15 (p10-p90 lognormal)"}
    est = estimated("zai", {"run_id": "one"} | base, {"run_id": "other"} | base)
    one, other = (est.flop_of(run_id) / est.flop_of("glm-4.5") for run_id in ("one", "other"))
    assert_close(one, assumed("fraction_of_base/one", RL_FRACTION))
    assert abs(correlation(one, other)) < 4 / math.sqrt(N)


@pytest.mark.parametrize("rho", [0, 0.5, 0.9, 1])
def test_costs_in_usd_correlate_as_the_assumption_says(rho):
    forms = [lognormal(1.7e8, 8.9e8, 0.05), lognormal(2.4e7, 4.35e8, 0.05)]
    est = estimated("openai", usd_run_correlation=rho)
    costs = [est.cost_usd_of(run_id) for run_id in ("openai-gpt-4.5", "openai-other-models")]
    for cost, form in zip(costs, forms, strict=True):
        assert_quantiles(cost, form)
    assert abs(correlation(*costs) - rho) < 4 * (1 - rho**2) / math.sqrt(N) + 1e-12
    variance = sum(form.sigma**2 for form in forms) + 2 * rho * forms[0].sigma * forms[1].sigma
    log_sum = np.log(costs).sum(axis=0)
    assert abs(log_sum.var() / variance - 1) < 4 * math.sqrt(2 / N)
    if rho == 1:  # percentiles of the sum are sums of percentiles
        for p in PROBABILITIES:
            below = (est.total_cost < sum(form.quantile(p) for form in forms)).mean()
            assert abs(below - p) < 4 * math.sqrt(p * (1 - p) / N)


def test_costs_in_usd_of_two_companies_have_draws_of_their_own():
    cost = {"released": "2025-07", "cost_usd": "1e6 to 2e6 (p10-p90 lognormal)"}
    drawn = [
        ts.estimate(
            company, n_draws=2_000, usd_run_correlation=1, runs=[cost | {"model": company}]
        ).chain(f"own-{company}")["cost_usd"]
        for company in ("minimax", "zai")
    ]
    assert abs(np.corrcoef(*drawn)[0, 1]) < 0.1
