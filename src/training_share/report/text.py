"""Numbers as text, each kind of number in one way, and never with more digits than hold."""

import math
from collections.abc import Callable, Iterable

import pandas as pd

LARGE = {1e12: "trillion", 1e9: "billion"}  # a count above is written in words, a FLOP is not
FLOP = 1e15  # from here on with a power of ten


def percent(fraction: float) -> str:
    """Return a fraction as a percentage with one decimal."""
    return f"{round(100 * fraction, 1) + 0:.1f}%"  # adding zero takes the sign from a zero


def end(fraction: float) -> str:
    """Return an end of an interval of fractions as a percentage: whole from ten percent on, with
    one decimal below, since more digits of it do not hold."""
    return percent(fraction) if abs(fraction) < 0.0995 else f"{100 * fraction:.0f}%"


def chance(probability: float) -> str:
    """Return a probability as a whole percentage, and what rounds to none or to all as a bound."""
    if 0 < probability < 0.005 or 0.995 < probability < 1:
        return "less than 1%" if probability < 0.5 else "more than 99%"
    return f"{100 * probability:.0f}%"


def brief_chance(probability: float) -> str:
    """Return `chance` in short for a column, as in '<1%'."""
    return chance(probability).replace("less than ", "<").replace("more than ", ">")


def amount(millions: float, unit: str = "USD") -> str:
    """Return millions of USD, or of hours of a chip, in words: 'USD 41 million', 'USD 5.0 billion',
    '1.49 million H100-hours'."""
    if unit != "USD":
        return f"{millions:.3g} million {unit}"
    if millions >= 1000:
        return f"USD {millions / 1000:.1f} billion"
    return f"USD {millions:.{0 if millions >= 10 else 1}f} million"


def short(millions: float, unit: str = "USD") -> str:
    """Return millions of USD, or of hours of a chip, in short for a chart: '$41M', '7.13k h'."""
    if unit != "USD":
        return f"{millions:.3g}M h" if millions >= 0.9995 else f"{1e3 * millions:.3g}k h"
    for letter, scale in (("B", 1e3), ("M", 1.0), ("k", 1e-3)):
        if millions >= scale * 0.9995:
            value = millions / scale
            number = f"{value:.0f}" if value >= 9.95 else f"{value:.1f}".removesuffix(".0")
            return f"${number}{letter}"
    return f"${millions * 1e6:.0f}"


def hours(value: float) -> str:
    """Return a number of hours in short, as in '4.1 million'."""
    return f"{value / 1e6:.1f} million" if value >= 1e6 else f"{value:,.0f}"


def number(value: float) -> str:
    """Return a number with three significant digits: all digits before the point from a thousand
    on, in words from a billion on, with a power of ten from 1e15 on."""
    size = abs(value)
    if size >= FLOP:
        return f"{value:.2e}".replace("e+", "e")
    for scale, word in LARGE.items():
        if size >= scale:
            return f"{value / scale:.3g} {word}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:.3g}"


def held(value: float, error: float) -> str:
    """Return a number to the digits that its standard error leaves standing: one of the last digit
    is at least half the error. Without an error above zero it is written as `number`."""
    if math.isnan(value) or not error > 0:
        return "" if math.isnan(value) else number(value)
    decimals = math.floor(-math.log10(error / 2))
    if abs(value) >= min(LARGE):
        return number(value)
    return f"{round(value, decimals):,.{max(decimals, 0)}f}"


def held_column(table: pd.DataFrame, column: str, scale: float = 1) -> list[str]:
    """Return a column of a table to the digits that the errors in COLUMN_error leave standing."""
    return list(map(held, scale * table[column], scale * table[f"{column}_error"]))


def listed(names: Iterable[str]) -> str:
    """Return names as a list in a sentence, as in 'OpenAI, MiniMax and Z.ai'; "" of none."""
    *first, last = [*names] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def counted(number: int) -> str:
    """Return a small number as a word."""
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    return words[number] if number < len(words) else str(number)


def interval(row, as_text: Callable[[float], str] = percent, prefix: str = "") -> str:
    """Return the median of a row with its 90% interval, as in '22.7% (16% to 33%)'. The
    row has p5, p50 and p95, with `prefix` before each name; where its ends read the same, the
    median stands for all."""
    ends = end if as_text is percent else as_text
    low, middle, high = (getattr(row, f"{prefix}{name}") for name in ("p5", "p50", "p95"))
    first, last = ends(low), ends(high)
    return as_text(middle) + (f" ({first} to {last})" if first != last else "")
