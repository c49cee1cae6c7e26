"""A draw belongs to a name, and what is drawn is kept once, within so many bytes."""

import math
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import training_share as ts
from training_share.inputs.notation import Exact, LogNormal, Uniform
from training_share.inputs.tables import load
from training_share.model.draws import KEPT_BYTES, correlated, drawn, kept, normals, one, total
from training_share.model.scaling import bootstrap, predicted, used_points

N = 20_000
NAMES = st.text("abz09/-_. é中", max_size=12)
ALONE = one("mfu")
PRICE = LogNormal(1.5, 3.0, 0.1, 0.9)


# --- of a name ------------------------------------------------------------------------------------
def test_first_draws_are_pinned():
    for seed, name, first in (
        (42, "mfu", [-1.2663163499890868, 1.3915578602017271, -0.3205782058438134]),
        (0, "price_usd_per_gpu_hour", [1.3532881367626353]),
    ):
        assert normals(seed, name, len(first)) == pytest.approx(first, rel=1e-14)


@given(NAMES, st.integers(0, 2**32), st.integers(1, 300), st.integers(1, 300))
def test_a_longer_run_extends_a_shorter_one(name, seed, n, more):
    short, long = normals(seed, name, n), normals(seed, name, n + more)
    assert long.size == n + more and (long[:n] == short).all()


@given(st.lists(NAMES, min_size=2, max_size=12, unique=True), st.integers(0, 2**32))
def test_names_and_seeds_have_draws_of_their_own(names, seed):
    first = [normals(seed + more, name, 1)[0] for name in names for more in (0, 1)]
    assert len(set(first)) == len(first)


def test_draws_are_standard_normal_and_names_independent():
    draws = np.array([normals(42, f"mfu_rl/run-{i}", N) for i in range(8)])
    assert (abs(draws.mean(axis=1)) < 4 / math.sqrt(N)).all()
    assert (abs(draws.var(axis=1) - 1) < 4 * math.sqrt(2 / N)).all()
    assert abs(np.corrcoef(draws) - np.eye(8)).max() < 4.5 / math.sqrt(N)


# --- of a distribution ----------------------------------------------------------------------------
def test_a_distribution_is_drawn_rank_by_rank_from_the_normals_of_its_name():
    for believed in (PRICE, Uniform(2, 3), Uniform(5, 9)):
        values = drawn(42, ALONE, 50, believed)
        assert (values == believed.from_normal(normals(42, "mfu", 50))).all()
        assert (np.argsort(values) == np.argsort(normals(42, "mfu", 50))).all()
    exact = drawn(42, ALONE, 50, Exact(3.0))
    assert exact == 3.0 and isinstance(exact, float)


class Standard:
    from_normal = staticmethod(np.copy)


@given(st.floats(0, 1))
def test_two_inputs_correlate_as_stated_and_stay_standard_normal(rho):
    mixes = [correlated(rho, "shared", own) for own in ("one", "other")]
    for mix in mixes:
        assert sum(part**2 for part, _ in mix) == pytest.approx(1, rel=1e-12)
        assert all(part > 0 for part, _ in mix), "what has no part is not drawn"
    values = [drawn(7, mix, N, Standard) for mix in mixes]
    assert abs(np.var(values, axis=1) - 1).max() < 5 * math.sqrt(2 / N)
    assert abs(np.corrcoef(values)[0, 1] - rho) < 5 * (1 - rho**2) / math.sqrt(N) + 1e-12


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=30))
def test_a_sum_keeps_its_order_to_the_last_bit(numbers):
    assert total(iter(numbers)) == np.cumsum(numbers)[-1]


# --- what is kept ---------------------------------------------------------------------------------
def test_draws_are_made_once_and_cannot_be_written_into():
    for make in (lambda: normals(1, "a", 10), lambda: drawn(1, ALONE, 10, PRICE)):
        assert make() is make()
        with pytest.raises(ValueError, match="read-only"):
            make()[0] = 0


def test_what_is_kept_belongs_to_function_and_arguments_within_so_many_bytes():
    made = []

    @kept("large, for a test")
    def large(value):
        made.append(value)
        return SimpleNamespace(nbytes=2 * KEPT_BYTES // 5)

    @kept("small, for a test")
    def small(value):
        return value

    for value in (1, 2, 1, 3, 1, 2):  # a third has no room: the one used longest ago makes it
        assert large(value) is large(value) and small(value) == value
        assert normals.cache.currsize <= normals.cache.maxsize == KEPT_BYTES
    assert made == [1, 2, 3, 2]
    normals.cache.clear()


def test_everything_kept_counts_with_its_size():
    speech, thousand = used_points(load(), "speech"), ("bootstrap_resamples", "value", "1000")
    tables = load().for_scenario(cells=[("assumptions", *thousand)])
    for make, size in (
        (lambda: normals(3, "a", 1000), 8_000),
        (lambda: drawn(3, ALONE, 1000, PRICE), 16_000),  # and its normals
        (lambda: bootstrap(speech, 1000, 3, "model"), 16_000),  # slopes and intercepts
        (lambda: predicted(tables, "speech-01-hd", 3), 40_000),  # those, parameters, itself
    ):
        normals.cache.clear()
        make()
        assert size <= normals.cache.currsize < 2 * size


def test_threads_draw_what_one_thread_does():
    def shares(seed: int) -> float:
        return ts.estimate("minimax", n_draws=50, seed=seed, bootstrap_resamples=100).share.sum()

    normals.cache.clear()
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(shares, [*range(6)] * 2))
    normals.cache.clear()
    assert together == [shares(seed) for seed in range(6)] * 2
