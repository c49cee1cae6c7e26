"""The notation for uncertainty: what it says, how it draws, how it is read and refused."""

import math
from statistics import NormalDist

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from refusals import assert_refused, cases

from training_share.errors import InputError
from training_share.inputs.notation import Exact, LogNormal, Uniform, parse
from training_share.inputs.observable import Observed, parse_observed
from training_share.inputs.quantities import Empirical

NORMAL = NormalDist()
AMOUNTS = st.floats(min_value=1e-12, max_value=1e30).map(lambda x: float(f"{x:.12g}"))
PAIRS = st.tuples(AMOUNTS, AMOUNTS).filter(lambda pair: pair[0] < pair[1])
MARKS = st.tuples(st.integers(1, 499), st.integers(500, 999)).map(
    lambda pair: tuple(n / 10 / 100 for n in pair)
)
REFUSALS = [(row["words"], row["told"]) for row in cases(__file__, "notation")]


@st.composite
def distributions(draw, pairs=PAIRS, marks=MARKS):
    family = draw(st.sampled_from(["exact", "uniform", "lognormal"]))
    if family == "exact":
        return Exact(draw(AMOUNTS))
    low, high = draw(pairs)
    return Uniform(low, high) if family == "uniform" else LogNormal(low, high, *draw(marks))


# narrow enough for six standard deviations to stay a floating-point number
NARROW = distributions(PAIRS.filter(lambda pair: pair[1] < 1e6 * pair[0]), st.just((0.1, 0.9)))


@pytest.mark.parametrize(
    ("words", "quantiles"),
    [
        ("7", {0.01: 7, 0.99: 7}),
        ("0.15 to 0.35 (p10-p90 lognormal)", {0.1: 0.15, 0.9: 0.35, 0.5: math.sqrt(0.15 * 0.35)}),
        ("2 to 10 (p5-p75 lognormal)", {0.05: 2, 0.75: 10}),
        ("6e23 to 1.5e24 (min-max uniform)", {0: 6e23, 0.5: 1.05e24, 1: 1.5e24}),
    ],
)
def test_what_is_read_passes_through_its_quantiles(words, quantiles):
    read = parse(words)
    found = [read.quantile(p) for p in quantiles]
    assert found == pytest.approx(list(quantiles.values()), rel=1e-12)


@given(NARROW, st.lists(st.floats(-6, 6), min_size=2, max_size=30))
def test_a_draw_is_the_quantile_of_its_rank_and_leaves_its_normal_alone(distribution, z):
    normals = np.sort(z)
    values = np.broadcast_to(distribution.from_normal(normals), len(z))
    assert (np.diff(values) >= 0).all() and (normals == np.sort(z)).all()
    middle = float(np.clip(normals[len(z) // 2], -3, 3))
    assert np.ravel(distribution.from_normal(np.array([middle])))[0] == pytest.approx(
        distribution.quantile(NORMAL.cdf(middle)), rel=1e-9
    )


@given(distributions())
def test_printing_reads_back(distribution):
    assert parse(str(distribution)) == distribution


def test_empirical_interpolates_between_ordered_draws():
    empirical = Empirical(np.array([3.0, 1.0, 2.0]))
    z = np.array([NORMAL.inv_cdf(p) for p in (0.25, 0.5, 0.75)])
    assert empirical.from_normal(z) == pytest.approx([1.5, 2.0, 2.5])
    assert empirical.quantile(0.25) == pytest.approx(1.5)
    assert empirical.from_normal(np.array([-40.0, 40.0])) == pytest.approx([1.0, 3.0])


@given(
    st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=20),
    st.lists(st.floats(-8, 8), min_size=1, max_size=20),
)
def test_empirical_stays_within_its_draws_and_is_monotone(draws, z):
    values = Empirical(np.array(draws)).from_normal(np.sort(z))
    assert values.min() >= min(draws) * (1 - 1e-12) and values.max() <= max(draws) * (1 + 1e-12)
    assert (np.diff(values) >= -1e-9 * max(draws)).all()


@pytest.mark.parametrize(
    "words",
    [
        "0.15  to  0.35(p10-p90  lognormal)",
        " .15 to +0.35 (p10-p90 lognormal) ",
        "1.5e-1 to 3.5E-1 (p10.0-p90 lognormal)",
    ],
)
def test_spacing_and_number_forms_do_not_matter(words):
    assert parse(words) == LogNormal(0.15, 0.35, 0.1, 0.9)


@pytest.mark.parametrize(("words", "told"), REFUSALS)
def test_bad_notation_is_refused_and_the_text_is_shown(words, told):
    message = assert_refused("", parse, words)
    assert told in message and words.split(" ")[0] in message


@pytest.mark.slow
@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_never_anything_else(text):
    try:
        read = parse(text)
    except InputError:
        return
    assert read.quantile(0.5) > 0


# --- beta distributions and what was observed -----------------------------------------------------
@pytest.mark.parametrize(
    ("text", "a", "b"), [("0 to 1 (1-2 beta)", 1, 2), ("0.2 to 0.8 (2.5-3 beta)", 2.5, 3)]
)
def test_a_beta_is_stretched_between_its_ends(text, a, b):
    value = parse(text)
    assert str(value) == text
    form = scipy.stats.beta(a, b, loc=value.low, scale=value.high - value.low)
    for p in (0.05, 0.5, 0.95):
        assert value.quantile(p) == pytest.approx(form.ppf(p), rel=1e-12)
        z = np.array([NORMAL.inv_cdf(p)])
        assert value.from_normal(z) == pytest.approx([form.ppf(p)], rel=1e-9)
    x = np.linspace(value.low + 0.01, value.high - 0.01, 9)
    seen = Observed(value)
    moves = seen.log_likelihood(x) - form.logpdf(x)
    assert moves == pytest.approx(np.full(9, moves[0]), abs=1e-9)
    assert (seen.log_likelihood(np.array([value.low - 0.1, value.high + 0.1])) == -np.inf).all()


@pytest.mark.parametrize(
    ("text", "beyond"),
    [
        ("at most 2", lambda x: (x <= 2).astype(float)),
        ("at least 2", lambda x: (x >= 2).astype(float)),
        ("at most 1 to 3 (min-max uniform)", lambda x: np.clip((3 - x) / 2, 0, 1)),
        ("at least 1 to 3 (min-max uniform)", lambda x: np.clip((x - 1) / 2, 0, 1)),
        (
            "at most 1 to 4 (p10-p90 lognormal)",
            scipy.stats.lognorm(math.log(2) / NORMAL.inv_cdf(0.9), scale=2).sf,
        ),
        ("at least 0 to 1 (1-2 beta)", scipy.stats.beta(1, 2).cdf),
    ],
)
def test_a_limit_is_as_likely_as_it_leaves_room(text, beyond):
    value, x = parse_observed(text), np.array([0.1, 0.9, 1.5, 2.5, 2.9])
    assert str(value) == text
    assert np.exp(value.log_likelihood(x)) == pytest.approx(beyond(x), abs=1e-12)


@pytest.mark.parametrize("text", ["2.07", "at most", "at most nothing", "most 2"])
def test_an_observation_without_a_spread_is_refused(text):
    assert_refused("", parse_observed, text)
