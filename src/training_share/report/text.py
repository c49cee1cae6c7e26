"""Numbers as text, each kind of number in one way, and never with more digits than hold. The kinds
of number in `words.toml` are these functions by their names."""

import math
from collections.abc import Callable, Iterable

import pandas as pd

LARGE = {1e12: "trillion", 1e9: "billion"}  # a count above is written in words, a FLOP is not
FLOP = 1e15  # from here on with a power of ten
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def percent(fraction: float) -> str:
    """Return a fraction as a percentage with one decimal."""
    return f"{round(100 * fraction, 1) + 0:.1f}%"  # adding zero takes the sign from a zero


def share(fraction: float) -> str:
    """Return a fraction in whole percent, with one decimal below one percent."""
    if 0 < fraction < 0.00095:
        return "under 0.1%"
    return f"{100 * fraction:.1f}%" if 0 < abs(fraction) < 0.0095 else f"{100 * fraction:.0f}%"


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


def in_unit(value: float, unit: str) -> str:
    """Return a number of any unit of the tables in a sentence, as in '4.1 USD per hour'."""
    if unit == "FLOP":
        return flop(value)
    if unit.endswith(" million"):
        return amount(value, unit.removesuffix(" million"))
    return f"{number(value)} {unit}".strip()


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


def in_words(given: str, unit: str) -> str:
    """Return an amount of the tables with its unit and its large numbers in words, as in 'USD 170
    to 890 million (p5-p95 lognormal)'; a FLOP keeps its power of ten."""
    digits, opening, meaning = given.replace("e+", "e").partition(" (")
    ends = [float(part) for part in digits.split(" to ")]
    if 1e6 <= max(ends) < FLOP:
        words = LARGE | {1e6: "million"}
        scale = next(scale for scale in words if max(ends) >= scale)
        digits = f"{' to '.join(f'{value / scale:.4g}' for value in ends)} {words[scale]}"
    return (f"{unit} {digits}" if unit == "USD" else f"{digits} {unit}") + opening + meaning


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


def ten(value: float, unit: str = "") -> str:
    """Return a number as a power of ten in one line, as in '3.3 × 10²⁴'."""
    digits, power = f"{value:.1e}".split("e")
    raised = "10" + str(int(power)).translate(SUPERSCRIPT)
    words = (raised if digits == "1.0" else f"{digits} × {raised}") + unit
    return words.replace(" ", "\u00a0")


def flop(value: float) -> str:
    """Return a number of FLOP in one line, as in '3.3 × 10²⁴ FLOP'."""
    return ten(value, " FLOP")


def times(factor: float) -> str:
    """Return a factor as it is said, as in 'twice' or '3.4 times'."""
    text = f"{factor:.0f}" if factor >= 9.95 else f"{factor:.1f}".removesuffix(".0")
    return {"1": "about", "2": "twice"}.get(text, f"{text}\u00a0times")


def plain(value: float) -> str:
    """Return a number to two digits."""
    return f"{value:.0f}" if abs(value) >= 9.95 else f"{value:.2g}"


def signed(move: float, digits: int = 1) -> str:
    """Return a move with its sign."""
    return f"{round(move, digits) + 0:+.{digits}f}".replace("-", "−")  # no minus before a zero


def lower(text: str) -> str:
    """Return a text with a lower-case letter first."""
    return text[:1].lower() + text[1:]


def upper(text: str) -> str:
    """Return a text with an upper-case letter first."""
    return text[:1].upper() + text[1:]


def listed(names: Iterable[str]) -> str:
    """Return names as a list in a sentence, as in 'OpenAI, MiniMax and Z.ai'; "" of none."""
    *first, last = [*names] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def counted(number: int) -> str:
    """Return a small number as a word."""
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    return words[number] if number < len(words) else str(number)


def between(low: float, high: float, as_text: Callable[[float], str] = share) -> str:
    """Return the ends of an interval, as in '4% to 27%'; "" where they read the same."""
    first, last = as_text(low), as_text(high)
    return "" if first == last else f"{first} to {last}"


def reach(low: float, high: float) -> str:
    """Return an interval of fractions in short, as in '4 to 27%'."""
    return between(low, high).replace("% to ", " to ")


def interval(row, as_text: Callable[[float], str] = percent, prefix: str = "") -> str:
    """Return the median of a row with its 90% interval, as in '22.7% (16% to 33%)'. The
    row has p5, p50 and p95, with `prefix` before each name; where its ends read the same, the
    median stands for all."""
    low, middle, high = (getattr(row, f"{prefix}{name}") for name in ("p5", "p50", "p95"))
    ends = between(low, high, end if as_text is percent else as_text)
    return f"{as_text(middle)} ({ends})" if ends else as_text(middle)
