"""A named quantity has the value of the plain one, and its text computes that value."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_share.model.named import Named

NAMES = "abcde"
SIGNS = (np.add, np.subtract, np.multiply, np.true_divide, np.minimum, np.maximum)
NAMESPACE = {"minimum": np.minimum, "maximum": np.maximum, "float64": np.float64}
SIGN, NUMBER = st.sampled_from(SIGNS), st.integers(1, 9)


def combined(parts):
    """A function of two formulas, or of a formula and a whole number."""
    return st.tuples(SIGN, parts, parts | NUMBER) | st.tuples(SIGN, NUMBER, parts)


FORMULAS = combined(st.recursive(st.sampled_from(NAMES), combined, max_leaves=10))
VALUES = st.fixed_dictionaries({name: st.floats(0.5, 2).map(np.float64) for name in NAMES})


def worked(formula, values):
    if isinstance(formula, tuple):
        function, one, other = formula
        return function(worked(one, values), worked(other, values))
    return values[formula] if isinstance(formula, str) else formula


def evaluated(text: str, values):
    """Evaluate a text in NumPy's numbers, which divide by zero without a word."""
    code = re.sub(r"\b(\d)\b", r"float64(\1)", text.replace(" x ", " * "))
    return eval(code, {"__builtins__": {}}, {**values, **NAMESPACE})


@given(FORMULAS, VALUES)
def test_any_formula_has_the_plain_value_and_a_text_that_computes_it(formula, values):
    leaves = {name: Named(value, name) for name, value in values.items()}
    with np.errstate(all="ignore"):
        plain, named = worked(formula, values), worked(formula, leaves)
        assert np.array_equal(named.value, plain, equal_nan=True)
        text = named.expression(lambda one: one.name)
        assert evaluated(text, values) == pytest.approx(plain, rel=1e-9, abs=1e-9, nan_ok=True)
    assert {step.name for step in named.steps()} == set(re.findall(r"\b[a-e]\b", text))


def test_brackets_stand_where_the_order_needs_them():
    a, b, c = (Named(value, name) for value, name in zip((2.0, 3.0, 5.0), "abc", strict=True))
    texts = {
        "a / (b x c)": a / (b * c),
        "(a / b) x c": a / b * c,
        "a x b x c": a * (b * c),
        "a - (b - c)": a - (b - c),
        "(a + b) x c": (a + b) * c,
        "(2 x a) + 1": 2 * a + 1,
        "minimum(a, 0.3) / b": np.minimum(a, 0.3) / b,
        "a / (b x 3600)": a / (b * 3600),
    }
    for text, named in texts.items():
        assert named.expression(lambda one: one.name) == text


def test_what_has_a_name_hides_what_it_is_made_of():
    hours = replace(6.0 / Named(2.0, "mfu"), name="hours")
    cost = hours * Named(4.0, "price")
    assert cost.value == 12 and cost.expression(lambda one: one.name) == "hours x price"
    assert [step.name for step in cost.steps()] == ["mfu", "hours", "price"]
    assert cost.expression(lambda one: f"{one.value:g}") == "3 x 4"
    shifted = Named(np.arange(3.0), "draws") + np.ones(3)
    assert (shifted.value == [1, 2, 3]).all()
    assert shifted.expression(lambda one: one.name) == "draws + numbers"
    assert bool(hours > 1) and not bool(hours > 3), "as true as its value"
