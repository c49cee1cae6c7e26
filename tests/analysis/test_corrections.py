"""What each correction does, by arithmetic that does not use the package."""

import math

import numpy as np
import pytest
from arithmetic import (
    BF16,
    MFU,
    MFU_RL,
    NEWSLETTER,
    POST_TRAINING,
    PRICE,
    RL_FRACTION,
    SFT_FRACTION,
    assert_close,
    assert_quantiles,
    lognormal,
    regression_points,
)

import training_share as ts
from training_share.inputs.tables import load
from training_share.model.scaling import fit, used_points

N = 16_384


def corrected(company: str, *names: str, n_draws: int = N, **settings) -> ts.Estimate:
    return ts.estimate(company, n_draws=n_draws, corrections=names, **settings)


@pytest.fixture(scope="module")
def base() -> dict[str, ts.Estimate]:
    return {company: ts.estimate(company, n_draws=N) for company in NEWSLETTER}


# --- results without corrections ------------------------------------------------------------------
@pytest.mark.parametrize(
    ("scenario", "company", "ends"),
    [
        ("newsletter", "openai", [0.0385295178340226, 0.0985327605546078, 0.26607093039565965]),
        ("newsletter", "minimax", [0.10632787715173764, 0.22717973903724875, 0.49168593634184315]),
        ("newsletter", "zai", [0.061601080084294345, 0.11806939860660452, 0.2280229374226029]),
        ("appendix", "openai", [0.0385295178340226, 0.0985327605546078, 0.26607093039565965]),
        ("appendix", "minimax", [0.1349860217116032, 0.28139330256703443, 0.5908349974655606]),
        ("appendix", "zai", [0.06445247080241588, 0.1302862307503442, 0.2770703360767237]),
    ],
)
def test_the_published_scenarios_stay_as_they_are(scenario, company, ends):
    summary = ts.estimate(company, scenario, n_draws=50_000, seed=42).summary()
    assert_close(summary[["share_p5", "share_p50", "share_p95"]].tolist(), ends)


# --- whom a correction concerns -------------------------------------------------------------------
MOVES = {
    "openai minimax zai": "release-lag",
    "minimax zai": "appendix-rl rl-mfu-measured uncounted-releases shared-rl-mfu common-line "
    "post-training-as-rl rl-fraction-as-gpu-hours bootstrap-draws predictive-interval "
    "emu3.5-multimodal-stage cosmos-duplicates movie-gen-resolution clustered-bootstrap "
    "fy2024-denominator independent-market half-shared-market per-run-market calendar-2025",
    "minimax": "m1-rl-reported-hours m1-40k-is-a-checkpoint fp8-sxm-peak m2.1-fp8 "
    "m2-disclosed-tokens kokoro-duplicate hailuo-2.3-full-run",
    "zai": "add-glm-z1 glm-4.6-full-run drop-glm-4.6 drop-glm-4-9b-pretraining zai-owned-compute",
    "openai": "openai-amortisation-1y openai-amortisation-3y openai-joint-interval",
    "": "cogvideox-1.5",
}
CONCERNS = {name: companies for companies, names in MOVES.items() for name in names.split()}


def test_every_correction_is_known_here():
    assert set(CONCERNS) == set(load().cells_of)


@pytest.mark.parametrize("name", CONCERNS)
def test_a_correction_moves_the_companies_it_concerns_and_no_other(name):
    for company in NEWSLETTER:
        before, after = ts.estimate(company, n_draws=100), corrected(company, name, n_draws=100)
        same = after.share.shape == before.share.shape and (after.share == before.share).all()
        assert same != (company in CONCERNS[name].split())


# --- runs whose cost becomes another closed form --------------------------------------------------
HOURS = 512 * 3 * 7 * 24  # GPUs, three weeks
M2 = 6 * 9.8e9 * 29.2e12  # FLOP: six times parameters times tokens
FP8 = 1.513e15 * 3600
FEW, SLOW = lognormal(0.01, 0.10), lognormal(0.01, 0.10)  # fractions and MFU of the appendix
GLM = 4.42e24  # FLOP of GLM-4.5
RL, RL_OF_BASE = PRICE / BF16 / MFU_RL, RL_FRACTION / MFU_RL
POST_TRAINED = POST_TRAINING * RL_FRACTION
PRETRAINED = PRICE / BF16 / MFU


@pytest.mark.parametrize(
    ("company", "name", "run_id", "cost"),
    [
        ("minimax", "m1-rl-reported-hours", "minimax-m1-80k-rl", HOURS * PRICE),
        ("minimax", "m1-rl-reported-hours", "minimax-m1-40k-rl", HOURS / 2 * PRICE),
        ("minimax", "m2-disclosed-tokens", "minimax-m2-pretraining", PRICE * M2 / FP8 / MFU),
        ("minimax", "m2-disclosed-tokens", "minimax-m2-rl", PRICE * M2 / FP8 * RL_OF_BASE),
        ("zai", "appendix-rl", "glm-4.6", PRICE * GLM / BF16 / SLOW * POST_TRAINING * FEW),
        ("minimax", "shared-rl-mfu", "minimax-m1-80k-rl", 2.756e23 * RL),
        ("zai", "rl-fraction-as-gpu-hours", "glm-4.6", GLM * PRETRAINED * POST_TRAINED),
        ("zai", "post-training-as-rl", "glm-4.5", GLM * PRETRAINED),
        ("zai", "post-training-as-rl", "glm-4.5-post-training", GLM * RL * FEW),
        ("minimax", "post-training-as-rl", "minimax-text-01", 3.142e24 * PRETRAINED),
        ("zai", "glm-4.6-full-run", "glm-4.6", GLM * PRETRAINED),
        (
            "zai",
            "uncounted-releases",
            "cogagent-9b-20241220-sft",
            6 * 9e9 * 10e12 * PRETRAINED * SFT_FRACTION,
        ),
        ("zai", "add-glm-z1", "glm-z1-32b-0414-rl", 2.88e24 * RL * POST_TRAINED),
        ("zai", "add-glm-z1", "glm-z1-9b-0414-rl", 8.1e23 * RL * POST_TRAINED),
        ("minimax", "independent-market", "minimax-vl-01", 1.41e23 * PRETRAINED),
        ("zai", "independent-market", "glm-4.5v", 1.44e23 * PRETRAINED),
    ],
)
def test_the_cost_of_a_run_is_the_closed_form(company, name, run_id, cost):
    assert_quantiles(corrected(company, name).costs[run_id], cost)


TWICE = RL_FRACTION * RL_FRACTION  # a fraction of a fraction
UPDATE = lognormal(0.05, 0.15)  # of the compute of Hailuo 02


@pytest.mark.parametrize(
    ("company", "name", "run_id", "over", "ratio"),
    [
        ("zai", "rl-fraction-as-gpu-hours", "glm-4.6", "glm-4.5", RL_FRACTION),
        ("zai", "rl-fraction-as-gpu-hours", "autoglm-rumination", "glm-4-32b-0414", TWICE),
        ("minimax", "m1-rl-reported-hours", "minimax-m1-80k-rl", "minimax-m1-40k-rl", 2.0),
        ("minimax", "shared-rl-mfu", "minimax-m1-80k-rl", "minimax-m1-40k-rl", 2.756 / 1.378),
        ("minimax", "uncounted-releases", "hailuo-2.3", "hailuo-02-pretraining", UPDATE),
        ("minimax", "uncounted-releases", "music-1.5", "speech-02-hd-pretraining", 1.0),
        ("minimax", "hailuo-2.3-full-run", "hailuo-2.3", "hailuo-02-pretraining", 1.0),
    ],
)
def test_two_runs_stand_in_a_closed_form_ratio(company, name, run_id, over, ratio):
    cost = corrected(company, name).costs
    found = (cost[run_id] / cost[over]).to_numpy()
    if isinstance(ratio, float):
        assert_close(found, np.full(N, ratio))
    else:
        assert_quantiles(found, ratio)


# --- runs that come, go, or are scaled, and nothing else ------------------------------------------
BF16_OVER_FP8, SXM = 9.89e14 / 1.513e15, 1.513 / 1.979
M2_SXM = {"minimax-m2-pretraining": SXM, "minimax-m2-rl": SXM}


@pytest.mark.parametrize(
    ("company", "names", "ratios"),
    [
        ("minimax", ["fp8-sxm-peak"], M2_SXM),
        ("minimax", ["m2.1-fp8"], {"minimax-m2.1-rl": BF16_OVER_FP8}),
        (
            "minimax",
            ["m2.1-fp8", "fp8-sxm-peak"],
            M2_SXM | {"minimax-m2.1-rl": BF16_OVER_FP8 * SXM},
        ),
        ("zai", ["cogvideox-1.5"], {}),
        ("openai", ["fy2024-denominator"], {}),
        ("minimax", ["fy2024-denominator"], {}),
        ("zai", ["fy2024-denominator"], {}),
        ("zai", ["zai-owned-compute"], {}),
        ("openai", ["openai-amortisation-1y"], {}),
        ("openai", ["openai-amortisation-3y"], {}),
    ],
)
def test_the_costs_are_scaled_by_their_ratio_draw_by_draw_and_no_other(
    base, company, names, ratios
):
    before, after = base[company].costs, corrected(company, *names).costs
    assert list(after) == list(before)
    for run_id, cost in after.items():
        if run_id in ratios:
            assert_close(cost.to_numpy(), before[run_id].to_numpy() * ratios[run_id])
        else:
            assert (cost == before[run_id]).all()


Z1 = {"glm-z1-32b-0414-rl", "glm-z1-9b-0414-rl"}
AFTER = {"glm-4.5", "glm-4.5-air", "glm-4-32b-0414", "glm-4-9b-0414"}
LATE = {"glm-4.5", "glm-4.5-air", "glm-4.5v", "glm-4.1v-thinking", "glm-4.6"}


@pytest.mark.parametrize(
    ("company", "name", "gone", "come"),
    [
        ("minimax", "m1-40k-is-a-checkpoint", {"minimax-m1-40k-rl"}, set()),
        ("zai", "drop-glm-4.6", {"glm-4.6"}, set()),
        ("zai", "drop-glm-4-9b-pretraining", {"glm-4-9b-0414"}, set()),
        ("zai", "add-glm-z1", set(), Z1),
        ("zai", "post-training-as-rl", set(), {f"{run}-post-training" for run in AFTER}),
        ("minimax", "post-training-as-rl", set(), {"minimax-text-01-post-training"}),
        ("openai", "release-lag", {"openai-gpt-4.5"}, None),
        ("minimax", "release-lag", {*M2_SXM, "minimax-m2.1-rl"}, None),
        ("zai", "release-lag", LATE, None),
    ],
)
def test_runs_go_and_come_and_the_others_stay(base, company, name, gone, come):
    before, after = base[company].costs, corrected(company, name).costs
    assert set(before) - set(after) == gone
    if come is not None:  # another window has further runs
        assert set(after) - set(before) == come
    if name != "post-training-as-rl":  # which takes a factor from the runs it is a part of
        stay = [run_id for run_id in before if run_id in after]
        assert (after[stay] == before[stay]).all(axis=None)


def test_reported_hours_leave_the_other_runs(base):
    before, after = base["minimax"].costs, corrected("minimax", "m1-rl-reported-hours").costs
    others = [run for run in after if not run.endswith("k-rl")]
    assert list(after) == list(before) and (after[others] == before[others]).all(axis=None)


def test_another_name_moves_no_number():
    assert corrected("zai", "cogvideox-1.5", n_draws=5).runs["cogvideox"].model == "CogVideoX1.5-5B"


def test_disclosed_tokens_give_six_times_parameters_times_tokens():
    flop = corrected("minimax", "m2-disclosed-tokens").chain("minimax-m2-pretraining")["flop"]
    assert flop.to_numpy() == pytest.approx(np.full(N, M2), rel=1e-3)


# --- spending -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("company", "name", "millions"),
    [
        ("openai", "fy2024-denominator", 5000),
        ("minimax", "fy2024-denominator", 140.642),
        ("zai", "fy2024-denominator", 1552.832 / 7.2),
        ("openai", "openai-amortisation-1y", 4000),
        ("openai", "openai-amortisation-3y", 6000),
    ],
)
def test_another_denominator_scales_the_share(base, company, name, millions):
    after = corrected(company, name)
    assert_close(after.rd_compute, 1e6 * millions)
    assert_close(after.share, base[company].total_cost / (1e6 * millions))


def test_independent_errors_narrow_the_interval_of_openai(base):
    after, n = corrected("openai", "openai-joint-interval"), 1_000_000
    forms = [lognormal(1.7e8, 8.9e8, 0.05), lognormal(2.4e7, 4.35e8, 0.05)]
    z = np.random.default_rng(2025).standard_normal((2, n))
    share = sum(np.exp(form.mu + form.sigma * z[i]) for i, form in enumerate(forms)) / 5e9
    for p in (0.05, 0.5, 0.95):
        below = (after.share < np.quantile(share, p)).mean()
        assert abs(below - p) < 4 * math.sqrt(p * (1 - p) * (1 / N + 1 / n))
    wide, narrow = (np.quantile(est.share, [0.05, 0.95]) for est in (base["openai"], after))
    assert np.ptp(narrow) < np.ptp(wide)


# --- regressions ----------------------------------------------------------------------------------
MOVIE_GEN = {"Movie Gen Video": (math.log10(3e10 * 768 * 768), math.log10(1.65e24), "")}
EMU = {"Emu3.5": (math.log10(3.41e10 * 1280 * 720), math.log10(2.78256e24), "")}
COSMOS = dict.fromkeys(["Cosmos-Diffusion-14B-Video2World", "Cosmos-Transfer1-7B"])
VIDEO = {"movie-gen-resolution": MOVIE_GEN, "emu3.5-multimodal-stage": EMU}
VIDEO["cosmos-duplicates"] = COSMOS


@pytest.mark.parametrize(
    ("modality", "points"),
    [
        *(("video", {name: points}) for name, points in VIDEO.items()),
        ("speech", {"kokoro-duplicate": {"Kokoro v0.19": None}}),
        ("video", VIDEO),
    ],
)
def test_a_line_through_corrected_points_is_that_of_the_points_by_hand(modality, points):
    def line(of: dict) -> list[float]:
        x, y, _ = zip(*of.values(), strict=True)
        return list(np.polyfit(x, y, 1))

    before = regression_points(modality)
    after = before | {model: point for some in points.values() for model, point in some.items()}
    after = {model: point for model, point in after.items() if point}
    found = fit(used_points(load().corrected(points), modality))
    assert [found.slope, found.intercept] == pytest.approx(line(after), rel=1e-9)
    assert found.n == len(after) and line(after) != pytest.approx(line(before), rel=1e-3)


def test_the_predictive_interval_contains_the_bootstrap():
    together = corrected("minimax", "bootstrap-draws", "predictive-interval")
    assert (corrected("minimax", "predictive-interval").share == together.share).all()


# --- combinations ---------------------------------------------------------------------------------
def test_order_does_not_matter_where_corrections_do_not_meet():
    names = load().scenario_corrections("careful")
    careful = ts.estimate("minimax", "careful", n_draws=300).share
    for order in (names, names[::-1]):
        assert (corrected("minimax", *order, n_draws=300).share == careful).all()


# --- calendar 2025 --------------------------------------------------------------------------------
def test_calendar_2025_of_minimax_by_hand():
    """Nine months as disclosed, and 71% to 85% of the R&D expenses of the fourth quarter."""
    est = ts.estimate("minimax", n_draws=4000, corrections="calendar-2025")
    fourth, spent = 252.8 - 180.0, est.rd_compute / 1e6
    ends = [142.397 + 0.71 * fourth, 142.397 + 0.85 * fourth]
    assert [spent.min(), spent.max()] == pytest.approx(ends, abs=0.1)
    assert 199 < np.median(spent) < 200
    assert {run.model for run in est.runs.values()} >= {"MiniMax-M2.5", "MiniMax-M2.7"}
    flop = est.chain("minimax-m2-pretraining")["flop"]
    assert flop.unique() == pytest.approx([M2], rel=1e-4)
    assert est.months_not_collected == 1 and est.caveat == "lower bound"


def test_calendar_2025_of_zai_by_hand():
    """The first half as disclosed, the second at the share of compute of the first, with all R&D
    expenses as its 99th percentile."""
    est = ts.estimate("zai", n_draws=20_000, corrections="calendar-2025")
    yuan = est.rd_compute * 7.2 / 1e6
    second = (3180.443 - 1594.7) * 1145.124 / 1594.7
    assert np.median(yuan) == pytest.approx(1145.124 + second, rel=0.003)
    assert np.mean(yuan > 1145.124 + 3180.443 - 1594.7) == pytest.approx(0.01, abs=0.003)
    flop = est.chain("glm-5")["flop"] / (6 * 40e9 * 28.5e12)
    low, high = flop.quantile([0.1, 0.9])  # the post-training factor
    assert (low, high) == pytest.approx((1.01, 1.10), abs=0.005)
    assert "glm-4.7-rl" in est.runs and "cogvideox" not in est.runs
    assert est.months_not_collected == 4


def test_what_calendar_2025_adds_is_counted_nowhere_else():
    for company, added in (("minimax", "minimax-m2.5-rl"), ("zai", "glm-5")):
        est = ts.estimate(company, n_draws=10, release_lag_months=6)
        assert added not in est.runs and added in est.tables.training_runs
