import math
from statistics import NormalDist

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from training_share.errors import InputError
from training_share.inputs.notation import Exact, LogNormal, Uniform, parse
from training_share.inputs.observable import Observed, parse_observed
from training_share.inputs.quantities import Empirical

AMOUNTS = st.floats(min_value=1e-12, max_value=1e30).map(lambda x: float(f"{x:.12g}"))
PAIRS = st.tuples(AMOUNTS, AMOUNTS).filter(lambda pair: pair[0] < pair[1])
MARKS = st.tuples(st.integers(1, 499), st.integers(500, 999)).map(
    lambda pair: tuple(n / 10 / 100 for n in pair)
)


@st.composite
def distributions(draw, pairs=PAIRS, marks=MARKS):
    family = draw(st.sampled_from(["exact", "uniform", "lognormal"]))
    if family == "exact":
        return Exact(draw(AMOUNTS))
    low, high = draw(pairs)
    return Uniform(low, high) if family == "uniform" else LogNormal(low, high, *draw(marks))


# narrow enough for six standard deviations to stay a floating-point number
NARROW = distributions(PAIRS.filter(lambda pair: pair[1] < 1e6 * pair[0]), st.just((0.1, 0.9)))


def test_bare_number_is_exact():
    assert parse("3.142e24") == Exact(3.142e24)
    assert parse(2.5) == Exact(2.5)
    assert parse("7").quantile(0.01) == parse("7").quantile(0.99) == 7


def test_lognormal_passes_through_its_quantiles():
    read = parse("0.15 to 0.35 (p10-p90 lognormal)")
    assert read.quantile(0.10) == pytest.approx(0.15, rel=1e-12)
    assert read.quantile(0.90) == pytest.approx(0.35, rel=1e-12)
    assert read.quantile(0.50) == pytest.approx(math.sqrt(0.15 * 0.35), rel=1e-12)
    assert read.sigma == pytest.approx(
        math.log(0.35 / 0.15) / (2 * NormalDist().inv_cdf(0.9)), rel=1e-12
    )


def test_lognormal_with_unequal_tails():
    read = parse("2 to 10 (p5-p75 lognormal)")
    assert read.quantile(0.05) == pytest.approx(2, rel=1e-12)
    assert read.quantile(0.75) == pytest.approx(10, rel=1e-12)


def test_uniform_is_linear_in_probability():
    read = parse("6e23 to 1.5e24 (min-max uniform)")
    assert [read.quantile(p) for p in (0, 0.5, 1)] == pytest.approx(
        [6e23, 1.05e24, 1.5e24], rel=1e-14
    )


@given(NARROW, st.floats(0.001, 0.999))
def test_from_normal_agrees_with_quantile(distribution, p):
    z = np.array([NormalDist().inv_cdf(p)])
    assert np.ravel(distribution.from_normal(z))[0] == pytest.approx(
        distribution.quantile(p), rel=1e-9
    )


@given(distributions())
def test_printing_reads_back(distribution):
    assert parse(str(distribution)) == distribution


@given(NARROW, st.lists(st.floats(-6, 6), min_size=2, max_size=30))
def test_from_normal_is_monotone(distribution, z):
    values = np.broadcast_to(distribution.from_normal(np.sort(z)), len(z))
    assert (np.diff(values) >= 0).all()


@given(NARROW, st.floats(-6, 6))
def test_from_normal_leaves_its_input_alone(distribution, z):
    given_draws = np.array([z])
    distribution.from_normal(given_draws)
    assert given_draws[0] == z


def test_empirical_interpolates_between_ordered_draws():
    empirical = Empirical(np.array([3.0, 1.0, 2.0]))
    z = np.array([NormalDist().inv_cdf(p) for p in (0.25, 0.5, 0.75)])
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
        "0.15 to 0.35 (p10-p90 lognormal)",
        "0.15  to  0.35(p10-p90  lognormal)",
        " .15 to +0.35 (p10-p90 lognormal) ",
        "1.5e-1 to 3.5E-1 (p10.0-p90 lognormal)",
    ],
)
def test_spacing_and_number_forms_do_not_matter(words):
    assert parse(words) == LogNormal(0.15, 0.35, 0.1, 0.9)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "empty cell"),
        ("   ", "empty cell"),
        ("many", "not an amount"),
        ("-3", "above zero"),
        ("0", "above zero"),
        ("nan", "above zero, 1e-40 to 1e+40"),
        ("NaN", "above zero, 1e-40 to 1e+40"),
        ("inf", "above zero, 1e-40 to 1e+40"),
        ("-inf", "above zero, 1e-40 to 1e+40"),
        ("1e999", "above zero, 1e-40 to 1e+40"),
        ("1,000", "without thousands separators"),
        ("0,15", "decimal commas"),
        ("1_000", "not an amount"),
        ("1 000", "not an amount"),
        ("15%", "not an amount"),
        ("$5", "not an amount"),
        ("0x10", "not an amount"),
        ("6e23-1.5e24", "not an amount"),
        ("0.35 to 0.15 (p10-p90 lognormal)", "is not below the high"),
        ("1.5e24 to 6e23 (min-max uniform)", "is not below the high"),
        ("0.15 to 0.15 (p10-p90 lognormal)", "is not below the high"),
        ("0 to 1 (min-max uniform)", "above zero"),
        ("0 to 1 (p10-p90 lognormal)", "above zero"),
        ("-1 to 1 (min-max uniform)", "above zero"),
        ("1 to 1e999 (min-max uniform)", "above zero, 1e-40 to 1e+40"),
        ("0.15 to 0.35", "bracket is missing"),
        ("0.15 to 0.35 (p50-p50 lognormal)", "two different ones"),
        ("0.15 to 0.35 (p90-p10 lognormal)", "lower first"),
        ("0.15 to 0.35 (p0-p100 lognormal)", "between p0 and p100"),
        ("0.15 to 0.35 (p10-p900 lognormal)", "between p0 and p100"),
        ("0.15 to 0.35 (min-max lognormal)", "uniform takes min-max"),
        ("0.15 to 0.35 (p10-max lognormal)", "uniform takes min-max"),
        ("0.15 to 0.35 (p10-p90 uniform)", "uniform takes min-max"),
        ("0.15 to 0.35 (p10-p90 normal)", "uniform takes min-max"),
        ("0.15 to 0.35 (p10-p90)", "not an amount"),
        ("0.15 to 0.35 (lognormal)", "not an amount"),
        ("0.15 to 0.35 p10-p90 lognormal", "not an amount"),
        ("0.15 to 0.35 (p10-p90 lognormal", "not an amount"),
        ("0.15 0.35 (p10-p90 lognormal)", "not an amount"),
        ("0.15 - 0.35 (p10-p90 lognormal)", "not an amount"),
        ("0,15 to 0,35 (p10-p90 lognormal)", "decimal commas"),
        ("1,500 to 3,000 (min-max uniform)", "thousands separators"),
        ("nan to 3 (min-max uniform)", "not an amount"),
        ("3 to inf (min-max uniform)", "not an amount"),
    ],
)
def test_bad_notation_is_refused_and_the_text_is_shown(words, told):
    with pytest.raises(InputError) as caught:
        parse(words)
    assert told in str(caught.value)
    assert words.strip() in str(caught.value) or words.split(" ")[0] in str(caught.value)


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
    assert str(value) == text and parse(str(value)) == value
    form = scipy.stats.beta(a, b, loc=value.low, scale=value.high - value.low)
    for p in (0.05, 0.5, 0.95):
        assert value.quantile(p) == pytest.approx(form.ppf(p), rel=1e-12)
        z = np.array([NormalDist().inv_cdf(p)])
        assert value.from_normal(z) == pytest.approx([form.ppf(p)], rel=1e-9)
    x = np.linspace(value.low + 0.01, value.high - 0.01, 9)
    seen = Observed(value)
    moves = seen.log_likelihood(x) - form.logpdf(x)
    assert moves == pytest.approx(np.full(9, moves[0]), abs=1e-9)
    assert (seen.log_likelihood(np.array([value.low - 0.1, value.high + 0.1])) == -np.inf).all()


@pytest.mark.parametrize("text", ["0 to 1 (min-max beta)", "0 to 1 (p5-p95 beta)", "0 to 1"])
def test_a_beta_has_two_exponents(text):
    with pytest.raises(InputError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "beyond"),
    [
        ("at most 2", lambda x: (x <= 2).astype(float)),
        ("at least 2", lambda x: (x >= 2).astype(float)),
        ("at most 1 to 3 (min-max uniform)", lambda x: np.clip((3 - x) / 2, 0, 1)),
        ("at least 1 to 3 (min-max uniform)", lambda x: np.clip((x - 1) / 2, 0, 1)),
        (
            "at most 1 to 4 (p10-p90 lognormal)",
            scipy.stats.lognorm(math.log(2) / NormalDist().inv_cdf(0.9), scale=2).sf,
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
    with pytest.raises(InputError):
        parse_observed(text)
