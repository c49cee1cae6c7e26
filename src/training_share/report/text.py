"""Numbers as text, each kind of number in one way. (`with_error` writes a number with its standard
error.)"""

from __future__ import annotations

from collections.abc import Callable


def percent(fraction: float) -> str:
    """Return a fraction as a percentage with one decimal."""
    return f"{_tenths(fraction):.1f}%"


def points(move: float) -> str:
    """Return the move of a fraction in percentage points, with its sign and one decimal."""
    return f"{_tenths(move):+.1f}"


def _tenths(fraction: float) -> float:
    return round(100 * fraction, 1) + 0  # adding zero takes the sign from a zero


def money(usd_million: float) -> str:
    """Return an amount of USD million in words, as in 'USD 41 million' or 'USD 5.0 billion'."""
    if usd_million >= 1000:
        return f"USD {usd_million / 1000:.1f} billion"
    return (
        f"USD {usd_million:.0f} million" if usd_million >= 10 else f"USD {usd_million:.1f} million"
    )


def usd(usd_million: float) -> str:
    """Return an amount of USD million in short for a chart, as in '$41M'. The dollar sign is
    escaped, so that matplotlib reads no mathematics into it."""
    for unit, scale in (("B", 1e3), ("M", 1.0), ("k", 1e-3)):
        if usd_million >= scale * 0.9995:
            value = usd_million / scale
            number = f"{value:.0f}" if value >= 9.95 else f"{value:.1f}".removesuffix(".0")
            return rf"\${number}{unit}"
    return rf"\${usd_million * 1e6:.0f}"


def amount(millions: float, unit: str = "USD") -> str:
    """Return millions of USD, or of hours of a chip, in words: '1.49 million H100-hours'."""
    return money(millions) if unit == "USD" else f"{millions:.3g} million {unit}"


def short(millions: float, unit: str = "USD") -> str:
    """Return millions of USD, or of hours of a chip, in short for a chart: '1.49M h', '7.13k h'."""
    if unit == "USD":
        return usd(millions)
    return f"{millions:.3g}M h" if millions >= 0.9995 else f"{1e3 * millions:.3g}k h"


def number(value: float) -> str:
    """Return a number with three significant digits: all digits before the point from a thousand
    on, a power of ten from 1e9 on."""
    if abs(value) >= 1e9:
        return f"{value:.2e}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def interval(row, as_text: Callable[[float], str] = percent, prefix: str = "") -> str:
    """Return the median of a row with its 90% interval, as in '22.7% (15.7% to 33.1%)'.

    The row has p5, p50 and p95, with `prefix` before each name; where the three read the same, one
    stands for all.
    """
    low, middle, high = (as_text(getattr(row, f"{prefix}{name}")) for name in ("p5", "p50", "p95"))
    return middle if low == middle == high else f"{middle} ({low} to {high})"
