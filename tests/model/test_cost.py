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
    assert_close,
    assert_quantiles,
    lognormal,
)

import training_share as ts
from training_share.inputs.tables import for_scenario, load
from training_share.model.cost import CostModel
from training_share.model.drivers import GivenStreams
from training_share.model.streams import BLOCK, Streams, generator

N = BLOCK
RUNS = "training_runs"


def model_of(company: str, tables=None, seed: int = 42, n: int = N) -> CostModel:
    """The cost model of a company for the first block of draws."""
    streams = Streams(seed)
    next(streams.blocks(n))
    return CostModel(tables or load(), company, streams, seed)


def assumed(name: str, form, n: int = N, seed: int = 42) -> np.ndarray:
    """Draws of a lognormal from the stream of its name."""
    return np.exp(form.mu + form.sigma * generator(seed, name).standard_normal(n))


# --- closed forms ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("company", "run_id", "form"),
    [
        ("minimax", "minimax-vl-01", PRICE * 1.41e23 / BF16 / MFU),
        ("minimax", "minimax-m1-continued-pretraining", PRICE * 2.0655e24 / BF16 / MFU),
        ("minimax", "minimax-text-01", PRICE * 3.142e24 / BF16 / MFU * POST_TRAINING),
        ("minimax", "minimax-m1-80k-rl", PRICE * 2.756e23 / BF16 / MFU_RL),
        ("zai", "glm-4.5", PRICE * 4.42e24 / BF16 / MFU * POST_TRAINING),
        ("zai", "glm-4.6", PRICE * 4.42e24 / BF16 / MFU_RL * POST_TRAINING * RL_FRACTION),
        (
            "zai",
            "autoglm-rumination",
            PRICE * 2.88e24 / BF16 / MFU_RL * POST_TRAINING * RL_FRACTION * RL_FRACTION,
        ),
        ("openai", "openai-gpt-4.5", lognormal(1.7e8, 8.9e8, 0.05)),
        ("openai", "openai-other-models", lognormal(2.4e7, 4.35e8, 0.05)),
    ],
)
def test_a_run_has_the_quantiles_of_a_product_of_lognormals(company, run_id, form):
    assert_quantiles(model_of(company).cost_usd(run_id), form)


def test_a_run_with_uniform_flop_has_the_distribution_of_the_integral():
    cost = model_of("minimax").cost_usd("minimax-m2-pretraining")
    per_flop = PRICE / (1.513e15 * 3600) / MFU
    flop = 6e23 + (1.5e24 - 6e23) * (np.arange(2000) + 0.5) / 2000
    for p in PROBABILITIES:
        z = (np.log(np.quantile(cost, p)) - per_flop.mu - np.log(flop)) / per_flop.sigma
        below = np.mean([NORMAL.cdf(value) for value in z])
        assert abs(below - p) < 4 * math.sqrt(p * (1 - p) / N)


def test_every_draw_is_flop_over_effective_rate_times_price():
    model = model_of("minimax")
    mfu, price = assumed("mfu", MFU), assumed("price_usd_per_gpu_hour", PRICE)
    hours = 1.41e23 / (9.89e14 * mfu * 3600)
    assert model.flop("minimax-vl-01") == 1.41e23
    assert_close(model.gpu_hours("minimax-vl-01"), hours)
    assert_close(model.cost_usd("minimax-vl-01"), hours * price)


def test_medians_by_hand():
    model = CostModel(load(), "minimax", GivenStreams({}).at(1), 42)
    mfu, price = math.sqrt(0.15 * 0.35), math.sqrt(1.5 * 3.0)
    assert_close(model.cost_usd("minimax-vl-01")[0], 1.41e23 / (9.89e14 * 3600 * mfu) * price)
    m2_rl = 1.05e24 * math.sqrt(0.05 * 0.15) / (1.513e15 * 3600 * math.sqrt(0.05 * 0.20)) * price
    assert_close(model.cost_usd("minimax-m2-rl")[0], m2_rl)


# --- whose draw -----------------------------------------------------------------------------------
def test_pretraining_shares_one_utilization_and_rl_runs_draw_their_own():
    model = model_of("minimax")
    ratio = model.gpu_hours("minimax-m1-continued-pretraining") / model.gpu_hours("minimax-vl-01")
    assert_close(ratio, 2.0655e24 / 1.41e23)
    own = []
    for run_id, flop in (("minimax-m1-80k-rl", 2.756e23), ("minimax-m1-40k-rl", 1.378e23)):
        own.append(flop / BF16 / model.gpu_hours(run_id))
        assert_close(own[-1], assumed(f"mfu_rl/{run_id}", MFU_RL))
    assert abs(np.corrcoef(np.log(own))[0, 1]) < 4 / math.sqrt(N)


def test_price_and_utilization_are_shared_by_companies():
    minimax = model_of("minimax").cost_usd("minimax-vl-01") / 1.41e23
    zai = model_of("zai").cost_usd("glm-4.5v") / 1.44e23
    assert_close(minimax, zai)


@pytest.mark.parametrize(
    ("company", "run_id", "base", "name"),
    [
        ("minimax", "hailuo-02-sft", "hailuo-02-pretraining", "sft_fraction"),
        ("minimax", "hailuo-i2v-01-director", "hailuo-01-pretraining", "sft_fraction"),
        ("minimax", "hailuo-t2v-01-director", "hailuo-01-pretraining", "sft_fraction"),
        ("zai", "glm-4-voice-sft", "glm-4-voice-pretraining", "sft_fraction"),
    ],
)
def test_a_finetune_costs_its_fraction_of_the_bases_own_draw(company, run_id, base, name):
    model = model_of(company)
    fraction = assumed(f"{name}/{run_id}", lognormal(0.001, 0.05))
    assert_close(model.flop(run_id) / model.flop(base), fraction)
    assert_close(model.cost_usd(run_id) / model.cost_usd(base), fraction)


def test_an_rl_run_takes_a_fraction_of_the_bases_flop_at_its_own_utilization():
    model = model_of("zai")
    fraction = assumed("rl_fraction/glm-4.6", RL_FRACTION)
    slower = assumed("mfu", MFU) / assumed("mfu_rl/glm-4.6", MFU_RL)
    assert_close(model.flop("glm-4.6") / model.flop("glm-4.5"), fraction)
    assert_close(model.gpu_hours("glm-4.6") / model.gpu_hours("glm-4.5"), fraction * slower)


def test_rl_fraction_of_gpu_hours_needs_no_rl_utilization():
    tables = for_scenario(cells=(("assumptions", "rl_fraction_basis", "value", "gpu-hours"),))
    slow = tables.changed([("assumptions", "mfu_rl", "value", "0.001")])
    fraction = assumed("rl_fraction/glm-4.6", RL_FRACTION)
    for model in (model_of("zai", tables), model_of("zai", slow)):
        assert_close(model.gpu_hours("glm-4.6") / model.gpu_hours("glm-4.5"), fraction)
        assert model.flop("glm-4.6") is None
    expected = PRICE * 4.42e24 / BF16 / MFU * POST_TRAINING * RL_FRACTION
    assert_quantiles(model_of("zai", tables).cost_usd("glm-4.6"), expected)


def test_rl_fraction_of_gpu_hours_leaves_supervised_finetuning_alone():
    tables = for_scenario(cells=(("assumptions", "rl_fraction_basis", "value", "gpu-hours"),))
    assert (
        model_of("zai", tables).cost_usd("cogvideox-sft")
        == model_of("zai").cost_usd("cogvideox-sft")
    ).all()


def test_row_order_changes_no_draw(data_copy):
    before = {
        company: ts.estimate(company, n_draws=500) for company in ("openai", "minimax", "zai")
    }
    lines = data_copy.read(RUNS)
    order = np.random.default_rng(0).permutation(len(lines) - 1) + 1
    data_copy.write(RUNS, [lines[0], *(lines[i] for i in order)])
    for company, est in before.items():
        shuffled = ts.estimate(company, n_draws=500, data_dir=data_copy.folder)
        assert list(shuffled.cost_usd) != list(est.cost_usd) or company == "openai"
        assert (shuffled.cost_usd[list(est.cost_usd)] == est.cost_usd).all(axis=None)
        assert shuffled.share == pytest.approx(est.share, rel=1e-13)


def test_a_new_run_changes_no_draw_of_the_others(data_copy):
    data_copy.add_like(RUNS, "glm-4.6", run_id="glm-4.6-copy", model="Copy")
    before, after = (
        ts.estimate("zai", n_draws=500),
        ts.estimate("zai", n_draws=500, data_dir=data_copy.folder),
    )
    assert (after.cost_usd[list(before.cost_usd)] == before.cost_usd).all(axis=None)
    assert set(after.cost_usd) - set(before.cost_usd) == {"glm-4.6-copy"}


# --- runs known in GPU-hours or USD ---------------------------------------------------------------
def with_run(data_copy, **cells):
    """Tables with one more run of Z.ai, like GLM-4.5 but sized by `cells`."""
    blank = {"flop": "", "post_training": "", "hardware": ""}
    data_copy.add_like(RUNS, "glm-4.5", **{**blank, "run_id": "new", **cells})
    return load(data_copy.folder)


def test_a_run_in_gpu_hours_uses_no_utilization(data_copy):
    tables = with_run(data_copy, gpu_hours="1e6 to 2e6 (p10-p90 lognormal)")
    slow = tables.changed(
        [("assumptions", "mfu", "value", "0.001"), ("assumptions", "mfu_rl", "value", "0.001")]
    )
    cost = model_of("zai", tables).cost_usd("new")
    assert model_of("zai", tables).flop("new") is None
    assert (model_of("zai", slow).cost_usd("new") == cost).all()
    assert_quantiles(cost, lognormal(1e6, 2e6) * PRICE)


def test_a_run_in_usd_uses_neither_utilization_nor_price(data_copy):
    tables = with_run(data_copy, cost_usd="1e6 to 2e6 (p10-p90 lognormal)")
    other = tables.changed([("assumptions", "price_usd_per_gpu_hour", "value", "99")])
    model = model_of("zai", tables)
    assert model.flop("new") is None and model.gpu_hours("new") is None
    assert (model_of("zai", other).cost_usd("new") == model.cost_usd("new")).all()
    assert_quantiles(model.cost_usd("new"), lognormal(1e6, 2e6))


def test_an_exact_cost_is_taken_as_it_is(data_copy):
    assert model_of("zai", with_run(data_copy, cost_usd="534700")).cost_usd("new") == 534700


@pytest.mark.parametrize("workload", ["pretraining", "rl"])
@pytest.mark.parametrize(("size", "value"), [("gpu_hours", "258048"), ("cost_usd", "534700")])
def test_a_finetune_of_a_run_in_gpu_hours_or_usd_is_a_fraction_of_it(
    data_copy, size, value, workload
):
    with_run(data_copy, **{size: value})
    data_copy.add_like(
        RUNS,
        "glm-4.6",
        run_id="newer",
        base_run="new",
        fraction_of_base="0.25",
        hardware="",
        workload=workload,
    )
    model = model_of("zai", load(data_copy.folder))
    assert_close(model.cost_usd("newer"), 0.25 * model.cost_usd("new"))


def test_a_finetune_without_hardware_runs_on_its_bases(data_copy):
    data_copy.edit("hardware", "h800-fp8", "peak_flop_per_s", "1e15 to 2e15 (min-max uniform)")
    data_copy.add_like(
        RUNS,
        "minimax-m2-rl",
        run_id="second",
        hardware="",
        fraction_of_base="0.5",
        workload="pretraining",
    )
    data_copy.add_like(
        RUNS,
        "minimax-m2-rl",
        run_id="third",
        hardware="",
        base_run="second",
        fraction_of_base="0.5",
        workload="pretraining",
    )
    model = model_of("minimax", load(data_copy.folder))
    base = model.cost_usd("minimax-m2-pretraining")
    assert_close(model.cost_usd("second"), base / 2)
    assert_close(model.cost_usd("third"), base / 4)


def test_a_finetune_with_hardware_of_its_own_runs_on_it(data_copy):
    changes = {"fraction_of_base": "0.5", "workload": "pretraining", "hardware": "h800-fp8"}
    data_copy.add_like(RUNS, "glm-4.6", run_id="faster", **changes)
    model = model_of("zai", load(data_copy.folder))
    assert_close(model.cost_usd("faster"), model.cost_usd("glm-4.5") / 2 * 9.89e14 / 1.513e15)


def test_stated_fractions_of_one_base_are_drawn_apart(data_copy):
    for run_id in ("one", "other"):
        fraction = "0.05 to 0.15 (p10-p90 lognormal)"
        cells = {"run_id": run_id, "model": run_id, "fraction_of_base": fraction}
        data_copy.add_like(RUNS, "glm-4.6", **cells)
    model = model_of("zai", load(data_copy.folder))
    one, other = (model.flop(run_id) / model.flop("glm-4.5") for run_id in ("one", "other"))
    assert_close(one, assumed("fraction_of_base/one", RL_FRACTION))
    assert abs(np.corrcoef(np.log(one), np.log(other))[0, 1]) < 4 / math.sqrt(N)


@pytest.mark.parametrize("rho", ["0", "0.5", "0.9", "1"])
def test_costs_in_usd_correlate_as_the_assumption_says(rho):
    tables, r = (
        for_scenario(cells=(("assumptions", "usd_run_correlation", "value", rho),)),
        float(rho),
    )
    forms = [lognormal(1.7e8, 8.9e8, 0.05), lognormal(2.4e7, 4.35e8, 0.05)]
    model = model_of("openai", tables)
    costs = [model.cost_usd(run_id) for run_id in ("openai-gpt-4.5", "openai-other-models")]
    for cost, form in zip(costs, forms, strict=True):
        assert_quantiles(cost, form)
    assert abs(np.corrcoef(np.log(costs))[0, 1] - r) < 4 * (1 - r**2) / math.sqrt(N) + 1e-12
    log_sum = np.log(costs).sum(axis=0)
    variance = sum(form.sigma**2 for form in forms) + 2 * r * forms[0].sigma * forms[1].sigma
    assert abs(log_sum.var() / variance - 1) < 4 * math.sqrt(2 / N)


def test_at_full_correlation_percentiles_of_the_sum_are_sums_of_percentiles():
    share = ts.estimate("openai", n_draws=N).total_cost_usd
    forms = [lognormal(1.7e8, 8.9e8, 0.05), lognormal(2.4e7, 4.35e8, 0.05)]
    for p in PROBABILITIES:
        below = (share < sum(form.quantile(p) for form in forms)).mean()
        assert abs(below - p) < 4 * math.sqrt(p * (1 - p) / N)
