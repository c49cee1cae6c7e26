import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_share.inputs.distributions import Exact, LogNormal, Uniform
from training_share.model.drivers import GivenStreams
from training_share.model.streams import BLOCK, Drawn, Streams, draw, generator


def drawn(name: str, n_draws: int, seed: int = 42, others: tuple[str, ...] = ()) -> np.ndarray:
    """Draws of `name` over all blocks, with `others` asked for before it in every block."""
    streams, values = Streams(seed), np.empty(n_draws)
    for block in streams.blocks(n_draws):
        for other in others:
            streams.normal(other)
        values[block] = streams.normal(name)
    return values


def test_first_draws_are_pinned():
    assert drawn("mfu", 3) == pytest.approx(
        [-1.2663163499890868, 1.3915578602017271, -0.3205782058438134], rel=1e-14
    )
    assert drawn("price_usd_per_gpu_hour", 1, seed=0) == pytest.approx(
        [1.3532881367626353], rel=1e-14
    )


def test_same_name_and_seed_give_the_same_draws():
    assert (drawn("mfu", 100) == drawn("mfu", 100)).all()
    assert (drawn("mfu", 100) != drawn("mfu", 100, seed=43)).all()


@given(
    st.lists(
        st.text(min_size=1, max_size=8).filter(lambda name: name != "mfu"), max_size=5, unique=True
    )
)
def test_other_names_before_it_change_nothing(others):
    assert (drawn("mfu", 50, others=tuple(others)) == drawn("mfu", 50)).all()


def test_asking_twice_in_a_block_gives_the_same_array():
    streams = Streams(1)
    for _ in streams.blocks(10):
        assert streams.normal("a") is streams.normal("a")


@pytest.mark.parametrize(
    ("short", "long"),
    [
        (1, 2),
        (100, 250),
        (BLOCK - 1, BLOCK),
        (BLOCK, BLOCK + 1),
        (BLOCK + 1, 2 * BLOCK),
        (2 * BLOCK, 3 * BLOCK + 5),
    ],
)
def test_a_longer_run_extends_a_shorter_one(short, long):
    assert (drawn("mfu", long)[:short] == drawn("mfu", short)).all()


@pytest.mark.parametrize("n_draws", [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
def test_blocks_cover_every_draw_once(n_draws):
    for streams in (Streams(0), GivenStreams({})):
        covered = np.concatenate(
            [np.arange(block.start, block.stop) for block in streams.blocks(n_draws)]
        )
        assert (covered == np.arange(n_draws)).all()


def test_blocks_continue_the_generator_of_the_name():
    assert (drawn("x", 2 * BLOCK) == generator(42, "x").standard_normal(2 * BLOCK)).all()


@given(st.lists(st.text(max_size=12), min_size=2, max_size=12, unique=True), st.integers(0, 2**32))
def test_different_names_have_different_draws(names, seed):
    assert len({generator(seed, name).standard_normal() for name in names}) == len(names)


def test_different_names_are_uncorrelated():
    n = 20_000
    draws = np.array([drawn(f"mfu_rl/run-{i}", n) for i in range(8)])
    correlation = np.corrcoef(draws) - np.eye(len(draws))
    assert abs(correlation).max() < 4.5 / np.sqrt(n)


def test_draws_are_standard_normal():
    n = 40_000
    values = drawn("sft_fraction/hailuo-02-sft", n)
    assert abs(values.mean()) < 4 / np.sqrt(n)
    assert abs(values.var() - 1) < 4 * np.sqrt(2 / n)


def test_given_streams_serve_what_is_given_and_zero_elsewhere():
    z = np.arange(BLOCK + 3.0)
    streams, served = GivenStreams({"a": z}), []
    for _ in streams.blocks(BLOCK + 3):
        served.append(streams.normal("a").copy())
        assert not streams.normal("b").any()
    assert (np.concatenate(served) == z).all()
    assert list(streams.asked) == ["a", "b"]


def test_given_streams_at_serve_one_block():
    streams = GivenStreams({"a": np.array([1.0, 2.0, 3.0])}).at(2)
    assert list(streams.normal("a")) == [1.0, 2.0]
    assert list(streams.normal("b")) == [0.0, 0.0]


def test_draw_of_an_exact_value_stays_a_float_and_asks_no_stream():
    streams = GivenStreams({}).at(4)
    assert draw(streams, "a", Exact(3.0)) == 3.0
    assert not streams.asked


def test_draw_transforms_the_stream_of_its_name():
    distribution = LogNormal(0.15, 0.35, 0.1, 0.9)
    streams = Streams(42)
    for _ in streams.blocks(20):
        values = draw(streams, "mfu", distribution)
        assert (values == distribution.from_normal(streams.normal("mfu"))).all()


@pytest.mark.parametrize("asked", [{5}, {0, 6}, {4, 6, 7}])
def test_a_name_has_its_numbers_whenever_it_is_asked_for(asked):
    whole, some = Streams(1), Streams(1)
    for place, _ in enumerate(zip(whole.blocks(8 * BLOCK), some.blocks(8 * BLOCK), strict=True)):
        expected = whole.normal("mfu")
        if place in asked:
            assert (some.normal("mfu") == expected).all()


# --- what is kept ---------------------------------------------------------------------------------
def asked(drawn: Drawn, *keys: str, size: int = 3) -> list[str]:
    """Ask for keys one after the other and return those whose values had to be made."""
    made = []

    def make(key: str) -> np.ndarray:
        made.append(key)
        return np.full(size, float(len(key)))

    for key in keys:
        values = drawn.values(key, size, lambda key=key: make(key))
        assert (values == len(key)).all() and values.size == size
        assert not values.flags.writeable
    return made


def test_values_are_made_once_and_anew_where_too_few_are_at_hand():
    drawn = Drawn()
    assert asked(drawn, "a", "bb", "a", "bb") == ["a", "bb"]
    assert asked(drawn, "a", size=2) == []
    assert asked(drawn, "a", "a", size=4) == ["a"]


def test_a_variant_takes_over_what_it_uses_and_nothing_else():
    first = Drawn()
    asked(first, "same", "other")
    second = Drawn(first)
    assert asked(second, "same", "new", "same") == ["new"]
    assert asked(first, "new") == ["new"]  # what a variant makes is its own
    third = Drawn(second)
    assert asked(third, "same", "other") == ["other"]


def test_streams_give_the_same_values_kept_or_not():
    price, drawn = LogNormal(0.75, 3, 0.1, 0.9), Drawn()
    for n_draws in (100, BLOCK + 7, 100, 5 * BLOCK, BLOCK + 7):
        kept, own = Streams(42, drawn), Streams(42)
        for one, _ in zip(kept.blocks(n_draws), own.blocks(n_draws), strict=True):
            for distribution in (price, Uniform(2, 3), Uniform(5, 9)):
                values = draw(kept, "price", distribution)
                assert values.size == one.stop - one.start
                assert (values == distribution.from_normal(own.normal("price"))).all()
