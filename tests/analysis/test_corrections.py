"""What each correction does, by arithmetic that does not use the package."""

import math

import numpy as np
import pytest
from arithmetic import (
    BF16,
    MFU,
    MFU_RL,
    POST_TRAINING,
    PRICE,
    RL_FRACTION,
    assert_close,
    assert_quantiles,
    lognormal,
    median_error,
    regression_points,
)

import training_share as ts
from training_share.errors import InputError
from training_share.inputs.tables import load
from training_share.model.simulation import blocks
from training_share.model.streams import BLOCK, Streams

N = BLOCK
COMPANIES = ("openai", "minimax", "zai")


def corrected(company: str, *names: str, n_draws: int = N, **settings) -> ts.Estimate:
    return ts.estimate(company, n_draws=n_draws, corrections=names, **settings)


@pytest.fixture(scope="module")
def base() -> dict[str, ts.Estimate]:
    return {company: ts.estimate(company, n_draws=N) for company in COMPANIES}


def assert_only(before: ts.Estimate, after: ts.Estimate, ratios: dict[str, float]) -> None:
    """Fail unless, draw by draw, the cost of each run is as before or scaled by its ratio."""
    assert list(after.cost_usd) == list(before.cost_usd)
    for run_id, cost in after.cost_usd.items():
        if run_id in ratios:
            assert_close(cost.to_numpy(), before.cost_usd[run_id].to_numpy() * ratios[run_id])
        else:
            assert (cost == before.cost_usd[run_id]).all()


# --- results without corrections ------------------------------------------------------------------
@pytest.mark.parametrize(
    ("scenario", "company", "p5", "p50", "p95"),
    [
        ("newsletter", "openai", 0.0385295178340226, 0.0985327605546078, 0.26607093039565965),
        ("newsletter", "minimax", 0.10632787715173764, 0.22717973903724875, 0.49168593634184315),
        ("newsletter", "zai", 0.061601080084294345, 0.11806939860660452, 0.2280229374226029),
        ("appendix", "openai", 0.0385295178340226, 0.0985327605546078, 0.26607093039565965),
        ("appendix", "minimax", 0.1349860217116032, 0.28139330256703443, 0.5908349974655606),
        ("appendix", "zai", 0.06445247080241588, 0.1302862307503442, 0.2770703360767237),
    ],
)
def test_the_published_scenarios_stay_as_they_are(scenario, company, p5, p50, p95):
    summary = ts.estimate(company, scenario, n_draws=50_000, seed=42).summary()
    assert_close(summary[["share_p5", "share_p50", "share_p95"]].tolist(), [p5, p50, p95])


# --- whom a correction concerns -------------------------------------------------------------------
MOVES = {
    "appendix-rl": "minimax zai",
    "rl-mfu-measured": "minimax zai",
    "add-unlisted-releases": "minimax zai",
    "m1-rl-reported-hours": "minimax",
    "m1-40k-is-a-checkpoint": "minimax",
    "shared-rl-mfu": "minimax zai",
    "post-training-as-rl": "minimax zai",
    "rl-fraction-as-gpu-hours": "minimax zai",
    "common-line": "minimax zai",
    "fp8-sxm-peak": "minimax",
    "m2.1-fp8": "minimax",
    "m2-disclosed-tokens": "minimax",
    "add-glm-z1": "zai",
    "glm-4.6-full-run": "zai",
    "drop-glm-4.6": "zai",
    "drop-glm-4-9b-pretraining": "zai",
    "cogvideox-1.5": "",
    "bootstrap-draws": "minimax zai",
    "predictive-interval": "minimax zai",
    "emu3.5-multimodal-stage": "minimax zai",
    "cosmos-duplicates": "minimax zai",
    "movie-gen-resolution": "minimax zai",
    "kokoro-duplicate": "minimax",
    "clustered-bootstrap": "minimax zai",
    "openai-amortisation-1y": "openai",
    "openai-amortisation-3y": "openai",
    "openai-joint-interval": "openai",
    "zai-owned-compute": "zai",
    "fy2024-denominator": "minimax zai",
    "release-lag": "openai minimax zai",
    "independent-market": "minimax zai",
    "calendar-2025": "minimax zai",
}


def test_every_correction_is_known_here():
    assert set(MOVES) == set(load().cells_of)


@pytest.mark.parametrize("name", MOVES)
def test_a_correction_moves_the_companies_it_concerns_and_no_other(name):
    for company in COMPANIES:
        before, after = ts.estimate(company, n_draws=100), corrected(company, name, n_draws=100)
        same = after.share.shape == before.share.shape and (after.share == before.share).all()
        assert same != (company in MOVES[name].split())


# --- MiniMax --------------------------------------------------------------------------------------
def test_reported_hours_are_priced_without_utilization(base):
    after, hours = corrected("minimax", "m1-rl-reported-hours"), 512 * 3 * 7 * 24  # GPUs, weeks
    assert_quantiles(after.cost_usd["minimax-m1-80k-rl"], hours * PRICE)
    assert_quantiles(after.cost_usd["minimax-m1-40k-rl"], hours / 2 * PRICE)
    ratio = after.cost_usd["minimax-m1-80k-rl"] / after.cost_usd["minimax-m1-40k-rl"]
    assert_close(ratio.to_numpy(), np.full(N, 2.0))
    others = [run for run in after.cost_usd if not run.endswith("k-rl")]
    assert (after.cost_usd[others] == base["minimax"].cost_usd[others]).all(axis=None)


def test_the_checkpoint_goes_and_nothing_else(base):
    before, after = base["minimax"], corrected("minimax", "m1-40k-is-a-checkpoint")
    rest = before.cost_usd.drop(columns="minimax-m1-40k-rl")
    assert list(after.cost_usd) == list(rest) and (after.cost_usd == rest).all(axis=None)


def test_a_higher_fp8_peak_makes_m2_cheaper_in_proportion(base):
    ratio = 1.513 / 1.979
    assert_only(
        base["minimax"],
        corrected("minimax", "fp8-sxm-peak"),
        {"minimax-m2-pretraining": ratio, "minimax-m2-rl": ratio},
    )


def test_m2_1_in_fp8_is_cheaper_by_the_ratio_of_the_peaks(base):
    assert_only(
        base["minimax"], corrected("minimax", "m2.1-fp8"), {"minimax-m2.1-rl": 9.89e14 / 1.513e15}
    )


def test_both_fp8_corrections_together(base):
    assert_only(
        base["minimax"],
        corrected("minimax", "m2.1-fp8", "fp8-sxm-peak"),
        {
            "minimax-m2.1-rl": 9.89e14 / 1.979e15,
            "minimax-m2-pretraining": 1.513 / 1.979,
            "minimax-m2-rl": 1.513 / 1.979,
        },
    )


def test_disclosed_tokens_give_six_times_parameters_times_tokens():
    after = corrected("minimax", "m2-disclosed-tokens")
    flop = 6 * 9.8e9 * 29.2e12
    assert after.chain("minimax-m2-pretraining")["flop"].to_numpy() == pytest.approx(
        np.full(N, flop), rel=1e-3
    )
    fp8 = 1.513e15 * 3600
    assert_quantiles(after.cost_usd["minimax-m2-pretraining"], PRICE * flop / fp8 / MFU)
    assert_quantiles(after.cost_usd["minimax-m2-rl"], PRICE * flop / fp8 / MFU_RL * RL_FRACTION)


# --- reinforcement learning -----------------------------------------------------------------------
def test_the_appendix_lowers_utilization_and_fraction():
    after = corrected("zai", "appendix-rl")
    slow, small = lognormal(0.01, 0.10), lognormal(0.01, 0.10)
    assert_quantiles(
        after.cost_usd["glm-4.6"], PRICE * 4.42e24 / BF16 / slow * POST_TRAINING * small
    )


def test_one_utilization_for_all_rl_runs():
    after = corrected("minimax", "shared-rl-mfu")
    ratio = after.cost_usd["minimax-m1-80k-rl"] / after.cost_usd["minimax-m1-40k-rl"]
    assert_close(ratio.to_numpy(), np.full(N, 2.756 / 1.378))
    assert_quantiles(after.cost_usd["minimax-m1-80k-rl"], PRICE * 2.756e23 / BF16 / MFU_RL)


def test_fractions_of_gpu_hours_are_priced_like_the_base():
    after = corrected("zai", "rl-fraction-as-gpu-hours")
    assert_quantiles(
        after.cost_usd["glm-4.6"], PRICE * 4.42e24 / BF16 / MFU * POST_TRAINING * RL_FRACTION
    )
    assert_quantiles(after.cost_usd["glm-4.6"] / after.cost_usd["glm-4.5"], RL_FRACTION)
    assert_quantiles(
        after.cost_usd["autoglm-rumination"] / after.cost_usd["glm-4-32b-0414"],
        RL_FRACTION * RL_FRACTION,
    )


def test_post_training_becomes_a_run_of_its_own(base):
    after, fraction = corrected("zai", "post-training-as-rl"), lognormal(0.01, 0.10)
    assert_quantiles(after.cost_usd["glm-4.5"], PRICE * 4.42e24 / BF16 / MFU)
    assert_quantiles(
        after.cost_usd["glm-4.5-post-training"], PRICE * 4.42e24 / BF16 / MFU_RL * fraction
    )
    added = {
        f"{run}-post-training"
        for run in ("glm-4.5", "glm-4.5-air", "glm-4-32b-0414", "glm-4-9b-0414")
    }
    assert set(after.cost_usd) - set(base["zai"].cost_usd) == added
    minimax = corrected("minimax", "post-training-as-rl")
    assert set(minimax.cost_usd) - set(base["minimax"].cost_usd) == {
        "minimax-text-01-post-training"
    }
    assert_quantiles(minimax.cost_usd["minimax-text-01"], PRICE * 3.142e24 / BF16 / MFU)


# --- Z.ai -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "run_id"),
    [("drop-glm-4.6", "glm-4.6"), ("drop-glm-4-9b-pretraining", "glm-4-9b-0414")],
)
def test_a_dropped_run_goes_and_nothing_else(base, name, run_id):
    after, rest = corrected("zai", name), base["zai"].cost_usd.drop(columns=run_id)
    assert list(after.cost_usd) == list(rest) and (after.cost_usd == rest).all(axis=None)


def test_glm_4_6_as_a_full_run():
    assert_quantiles(
        corrected("zai", "glm-4.6-full-run").cost_usd["glm-4.6"], PRICE * 4.42e24 / BF16 / MFU
    )


def test_glm_z1_adds_two_rl_runs(base):
    after = corrected("zai", "add-glm-z1")
    assert set(after.cost_usd) - set(base["zai"].cost_usd) == {
        "glm-z1-32b-0414-rl",
        "glm-z1-9b-0414-rl",
    }
    assert (after.cost_usd[list(base["zai"].cost_usd)] == base["zai"].cost_usd).all(axis=None)
    for run_id, flop in (("glm-z1-32b-0414-rl", 2.88e24), ("glm-z1-9b-0414-rl", 8.1e23)):
        assert_quantiles(
            after.cost_usd[run_id], PRICE * flop / BF16 / MFU_RL * POST_TRAINING * RL_FRACTION
        )


def test_the_name_of_cogvideox_moves_no_number(base):
    after = corrected("zai", "cogvideox-1.5")
    assert_only(base["zai"], after, {})
    assert after.runs["cogvideox"].model == "CogVideoX1.5-5B"


# --- OpenAI ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "ratio"), [("openai-amortisation-1y", 5 / 4), ("openai-amortisation-3y", 5 / 6)]
)
def test_amortisation_scales_the_share(base, name, ratio):
    after = corrected("openai", name)
    assert_close(after.share, base["openai"].share * ratio)
    assert (after.total_cost_usd == base["openai"].total_cost_usd).all()


def test_independent_errors_narrow_the_interval_of_openai(base):
    after, n = corrected("openai", "openai-joint-interval"), 1_000_000
    forms = [lognormal(1.7e8, 8.9e8, 0.05), lognormal(2.4e7, 4.35e8, 0.05)]
    z = np.random.default_rng(2025).standard_normal((2, n))
    share = sum(np.exp(form.mu + form.sigma * z[i]) for i, form in enumerate(forms)) / 5e9
    for p in (0.05, 0.5, 0.95):
        below = (after.share < np.quantile(share, p)).mean()
        assert abs(below - p) < 4 * math.sqrt(p * (1 - p) * (1 / N + 1 / n))
    assert np.ptp(np.quantile(after.share, [0.05, 0.95])) < np.ptp(
        np.quantile(base["openai"].share, [0.05, 0.95])
    )


# --- spending and windows -------------------------------------------------------------------------
def test_the_fiscal_year_2024_as_denominator(base):
    expected = {"openai": 5e9, "minimax": 140.642e6, "zai": 1552.832e6 / 7.2}
    for company, usd in expected.items():
        after = corrected(company, "fy2024-denominator")
        assert_close(after.rd_compute_usd, usd)
        assert (after.total_cost_usd == base[company].total_cost_usd).all()
        assert_close(after.share, base[company].total_cost_usd / usd)


def test_owned_compute_enters_the_denominator_of_zai(base):
    after = corrected("zai", "zai-owned-compute")
    owned = 7.2 * after.rd_compute_usd / 1e6 - 2094.719
    guess = 222.393 + 110.675 - owned
    assert 55.6 <= guess.min() < 56 and 110.8 < guess.max() <= 111.2
    assert abs(guess.mean() - 83.4) < 4 * (111.2 - 55.6) / math.sqrt(12 * N)
    assert (after.total_cost_usd == base["zai"].total_cost_usd).all()


def test_no_lag_counts_releases_of_the_spending_window(base):
    gone = {
        company: set(base[company].cost_usd)
        - set(corrected(company, "release-lag", n_draws=5).cost_usd)
        for company in COMPANIES
    }
    assert gone["openai"] == {"openai-gpt-4.5"}
    assert gone["minimax"] == {"minimax-m2-pretraining", "minimax-m2-rl", "minimax-m2.1-rl"}
    assert gone["zai"] == {"glm-4.5", "glm-4.5-air", "glm-4.5v", "glm-4.1v-thinking", "glm-4.6"}


# --- regressions ----------------------------------------------------------------------------------
def line_of(points: dict) -> tuple[float, float]:
    x, y, _ = zip(*points.values(), strict=True)
    slope, intercept = np.polyfit(x, y, 1)
    return float(slope), float(intercept)


def assert_line(modality: str, points: dict, *names: str) -> None:
    found = ts.fit_scaling(modality, corrections=names)
    assert (found.slope, found.intercept) == pytest.approx(line_of(points), rel=1e-9)
    assert found.n == len(points)
    assert line_of(points) != pytest.approx(line_of(regression_points(modality)), rel=1e-3)


def test_movie_gen_at_its_trained_resolution():
    points = regression_points("video")
    points["Movie Gen Video"] = (math.log10(3e10 * 768 * 768), math.log10(1.65e24), "")
    assert_line("video", points, "movie-gen-resolution")


def test_emu_by_its_multimodal_stage():
    points = regression_points("video")
    points["Emu3.5"] = (math.log10(3.41e10 * 1280 * 720), math.log10(2.78256e24), "")
    assert_line("video", points, "emu3.5-multimodal-stage")


def test_cosmos_models_count_once():
    points = regression_points("video")
    del points["Cosmos-Diffusion-14B-Video2World"], points["Cosmos-Transfer1-7B"]
    assert_line("video", points, "cosmos-duplicates")


def test_kokoro_counts_once():
    points = regression_points("speech")
    del points["Kokoro v0.19"]
    assert_line("speech", points, "kokoro-duplicate")


def test_all_corrections_of_the_video_points_together():
    points = regression_points("video")
    points["Movie Gen Video"] = (math.log10(3e10 * 768 * 768), math.log10(1.65e24), "")
    points["Emu3.5"] = (math.log10(3.41e10 * 1280 * 720), math.log10(2.78256e24), "")
    del points["Cosmos-Diffusion-14B-Video2World"], points["Cosmos-Transfer1-7B"]
    assert_line(
        "video", points, "movie-gen-resolution", "emu3.5-multimodal-stage", "cosmos-duplicates"
    )


def test_bootstrap_draws_have_the_median_of_the_predictions(base):
    after = np.log10(corrected("minimax", "bootstrap-draws").chain("hailuo-02-pretraining")["flop"])
    assert abs(np.median(after) - math.log10(3.98e24)) < 0.005 + 4 * median_error(after)
    uniform = base["minimax"].chain("hailuo-02-pretraining")["flop"]
    assert np.median(uniform) == pytest.approx(7.4e24, rel=0.05), (
        "the middle of the uniform lies far above"
    )


def test_the_predictive_interval_is_the_bootstrap_with_the_scatter_of_single_models():
    together = corrected("minimax", "bootstrap-draws", "predictive-interval")
    alone = corrected("minimax", "predictive-interval")
    assert (alone.share == together.share).all(), "one decision: it contains the other"
    flop = np.log10(alone.chain("hailuo-02-pretraining")["flop"])
    line = np.log10(corrected("minimax", "bootstrap-draws").chain("hailuo-02-pretraining")["flop"])
    scatter = ts.fit_scaling("video").residual_sd
    assert np.std(flop) ** 2 == pytest.approx(np.std(line) ** 2 + scatter**2, rel=0.03)


def test_a_common_line_leaves_each_models_distribution_and_ties_them_together():
    def log_flop(est: ts.Estimate) -> list[np.ndarray]:
        runs = ("hailuo-02-pretraining", "hailuo-01-pretraining")
        blocks_of = blocks(est.case, Streams(est.seed), N)
        return [np.log10(model.flop(run)) for _, model in blocks_of for run in runs]

    loose = log_flop(corrected("minimax", "bootstrap-draws"))
    tied = log_flop(corrected("minimax", "bootstrap-draws", "common-line"))
    for one, other in zip(loose, tied, strict=True):
        assert np.quantile(other, [0.25, 0.5, 0.75]) == pytest.approx(
            np.quantile(one, [0.25, 0.5, 0.75]), abs=4 * median_error(one) + 0.01
        )
    assert abs(np.corrcoef(*loose)[0, 1]) < 0.05 and np.corrcoef(*tied)[0, 1] > 0.2


# --- independent markets --------------------------------------------------------------------------
def test_independent_markets_keep_each_companys_own_distribution():
    for company, run_id, flop in (
        ("minimax", "minimax-vl-01", 1.41e23),
        ("zai", "glm-4.5v", 1.44e23),
    ):
        assert_quantiles(
            corrected(company, "independent-market").cost_usd[run_id], PRICE * flop / BF16 / MFU
        )


# --- combinations ---------------------------------------------------------------------------------
def test_order_does_not_matter_where_corrections_do_not_meet():
    names = load().scenario_corrections("careful")
    forward, backward = (
        corrected("minimax", *order, n_draws=300) for order in (names, names[::-1])
    )
    assert (forward.share == backward.share).all()
    careful = ts.estimate("minimax", "careful", n_draws=300)
    assert (careful.share == forward.share).all()


@pytest.mark.parametrize(
    "pair",
    [("glm-4.6-full-run", "drop-glm-4.6"), ("openai-amortisation-1y", "openai-amortisation-3y")],
)
def test_contradicting_corrections_are_refused(pair):
    with pytest.raises(InputError, match=f"'{pair[0]}' and '{pair[1]}' exclude each other"):
        ts.estimate("zai", corrections=pair)


# --- calendar 2025 --------------------------------------------------------------------------------
def test_calendar_2025_of_minimax_by_hand():
    """Nine months as disclosed, and 71% to 85% of the R&D expenses of the fourth quarter."""
    est = ts.estimate("minimax", n_draws=4000, corrections="calendar-2025")
    fourth = 252.8 - 180.0
    spent = est.rd_compute_usd / 1e6
    assert spent.min() == pytest.approx(142.397 + 0.71 * fourth, abs=0.1)
    assert spent.max() == pytest.approx(142.397 + 0.85 * fourth, abs=0.1)
    assert 199 < np.median(spent) < 200
    assert {run.model for run in est.runs.values()} >= {"MiniMax-M2.5", "MiniMax-M2.7"}
    flop = est.chain("minimax-m2-pretraining")["flop"]
    assert flop.unique() == pytest.approx([6 * 9.8e9 * 29.2e12], rel=1e-4)
    assert est.months_not_collected == 1 and "lower bound" in ts.shares.remark(est)


def test_calendar_2025_of_zai_by_hand():
    """The first half as disclosed, the second at the share of compute of the first, with all R&D
    expenses as its 99th percentile."""
    est = ts.estimate("zai", n_draws=20_000, corrections="calendar-2025")
    yuan = est.rd_compute_usd * 7.2 / 1e6
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


def test_ai2_stands_beside_the_three_where_it_is_asked_for():
    rows = ts.shares.ratio_table("openai,minimax,zai,ai2", "newsletter,careful", n_draws=200)
    assert rows.groupby("kind")["company"].unique().map(sorted).to_dict() == {
        "measured": ["ai2"],
        "modelled": ["minimax", "openai", "zai"],
    }
    measured = rows[rows["kind"] == "measured"]
    assert measured["unit"].tolist() == ["H100-hours"]  # once: no scenario moves it
    assert measured.index.tolist() == [len(rows) - 1]
    assert measured["label"].tolist() == ["Ai2, measured"]
    assert set(ts.shares.ratio_table(n_draws=50, scenarios="newsletter")["kind"]) == {"modelled"}
    assert ts.shares.dollars_table("zai,ai2", n_draws=50)["company"].tolist() == ["zai"]
