"""Add and subtract disclosed fiscal periods until they cover a window exactly; convert
currencies."""

from __future__ import annotations

from collections import deque
from datetime import date, datetime, timedelta

import numpy as np

from training_share.errors import InputError
from training_share.inputs.distributions import Distribution
from training_share.inputs.schema import FxRate, Spending, chip_of
from training_share.inputs.tables import Tables
from training_share.model.streams import AnyStreams, draw

_DAY = timedelta(days=1)


def as_date(value: object, name: str) -> date:
    """Return a calendar date from a date or 'YYYY-MM-DD'; InputError otherwise."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return datetime.strptime(str(value).strip(), "%Y-%m-%d").date()
    except ValueError:
        raise InputError(f"{name}: '{value}' is not a date; write it as YYYY-MM-DD") from None


def signed_periods(
    tables: Tables, company: str, line: str, start: date, end: date
) -> list[tuple[int, Spending]]:
    """Return the fewest disclosed periods, each with sign +1 or -1, whose sum covers `start` to
    `end` exactly.

    Periods are edges between the day they start and the day after they end; the window is a path
    between its own two days, found breadth first. Raises InputError naming what is disclosed where
    no path exists.
    """
    if end < start:
        raise InputError(
            f"{company}, {line}: the window {start} to {end} ends before it starts; swap the dates"
        )
    rows = [row for row in tables.spending.values() if (row.company, row.line) == (company, line)]
    goal = end + _DAY
    reached: dict[date, list[tuple[int, Spending]]] = {start: []}
    queue = deque([start])
    while queue and goal not in reached:
        here = queue.popleft()
        for row in rows:
            after = row.period_end + _DAY
            for sign, origin, target in (
                (1, row.period_start, after),
                (-1, after, row.period_start),
            ):
                if origin == here and target not in reached:
                    reached[target] = [*reached[here], (sign, row)]
                    queue.append(target)
    if goal not in reached:
        disclosed = "; ".join(
            f"{row.period} ({row.period_start} to {row.period_end})" for row in rows
        )
        raise InputError(
            f"{company}, {line}: the disclosed periods cannot be combined to {start} to {end}; "
            f"disclosed: {disclosed or 'nothing'}. Choose a window that these add or subtract to"
        )
    return reached[goal]


def rate(tables: Tables, currency: str, start: date, end: date) -> FxRate | None:
    """Return the exchange rate whose years cover a period, or None for USD and for hours."""
    if currency == "USD" or chip_of(currency):
        return None
    rates = [row for row in tables.fx.values() if row.currency == currency]
    for row in rates:
        first, last = map(int, row.period.split("/"))
        if first <= start.year and end.year <= last:
            return row
    known = ", ".join(row.period for row in rates) or "none"
    years = f"{start.year}" if start.year == end.year else f"{start.year} to {end.year}"
    raise InputError(
        f"fx.csv: no {currency} rate for {years} (there: {known}); add a row that covers the "
        f"period from {start} to {end}"
    )


def spending_in(
    unit: str,
    tables: Tables,
    company: str,
    lines: list[str],
    start: date,
    end: date,
    streams: AnyStreams | None = None,
) -> float | np.ndarray:
    """Return a company's spending on `lines` in a window, in USD or in hours of a chip such as
    H100-hours: a float, or draws where an input is uncertain.

    Each period is converted at the rate of its own years. Without `streams`, uncertain amounts
    stand at their medians. Raises InputError where
    hours would have to become money, or money hours.
    """

    def value(name: str, distribution: Distribution) -> float | np.ndarray:
        return distribution.quantile(0.5) if streams is None else draw(streams, name, distribution)

    total: float | np.ndarray = 0.0
    for line in lines:
        for sign, row in signed_periods(tables, company, line, start, end):
            if (chip_of(row.currency) or chip_of(unit)) and row.currency != unit:
                raise InputError(
                    f"{company}: {line} is given in {row.currency} and cannot be told in {unit}; "
                    "hours of a chip have no price here, and money no hours"
                )
            fx = rate(tables, row.currency, row.period_start, row.period_end)
            period = f"spending/{company}/{line}/{row.period}"
            amount = sign * 1e6 * value(period, row.amount_millions)
            if fx is not None:
                amount = amount / value(f"fx/{fx.currency}/{fx.period}", fx.per_usd)
            total = total + amount
    if np.min(total) <= 0:
        draws = " in some draws" if np.max(total) > 0 else ""
        raise InputError(
            f"{company}: spending on {' + '.join(lines)} from {start} to {end} comes out at or "
            f"below zero{draws}"
        )
    return total


def disclosed_lines(tables: Tables, company: str) -> list[str]:
    """Return the names of the spending lines a company discloses."""
    return list(
        dict.fromkeys(row.line for row in tables.spending.values() if row.company == company)
    )
