"""Fiscal arithmetic: disclosed periods are added and subtracted until they cover a window."""

from collections import deque
from collections.abc import Iterable
from datetime import date, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from training_share.errors import InputError
from training_share.inputs.columns import reader
from training_share.inputs.quantities import clean
from training_share.inputs.tables import Tables, chip_of
from training_share.model.draws import Quantity, one, total

if TYPE_CHECKING:
    from training_share.model.world import World

_DAY = timedelta(days=1)


def as_date(value: object, name: str) -> date:
    """Return a calendar date from a date or 'YYYY-MM-DD'; InputError otherwise."""
    try:
        return reader("date")(str(clean(value)))
    except ValueError:
        raise InputError(f"{name}: '{value}' is not a date; write it as YYYY-MM-DD") from None


def signed_periods(
    tables: Tables, company: str, line: str, start: date, end: date
) -> list[tuple[int, Any]]:
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
    rows = tables.lines(company).get(line, ())
    rows = sorted(rows, key=attrgetter("period_start", "period_end"))  # however they stand
    edges = [(1, row.period_start, row.period_end + _DAY, row) for row in rows]
    edges = [edge for sign, a, b, row in edges for edge in ((sign, a, b, row), (-sign, b, a, row))]
    goal = end + _DAY
    reached: dict[date, list[tuple[int, Any]]] = {start: []}
    queue = deque([start])
    while queue and goal not in reached:
        here = queue.popleft()
        for sign, origin, target, row in edges:
            if origin == here and target not in reached:
                reached[target] = [*reached[here], (sign, row)]
                queue.append(target)
    if goal not in reached:
        told = "; ".join(f"{row.period} ({row.period_start} to {row.period_end})" for row in rows)
        raise InputError(
            f"{company}, {line}: the disclosed periods cannot be combined to {start} to {end}; "
            f"disclosed: {told or 'nothing'}. Choose a window that these add or subtract to"
        )
    return reached[goal]


def rate(tables: Tables, currency: str, start: date, end: date) -> Any | None:
    """Return the row of the exchange rate whose years cover a period, or None for USD and for
    hours."""
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


def spent(world: "World", lines: Iterable[str], start: date, end: date) -> Quantity:
    """Return a company's spending on some lines from day to day, in USD at each period's own rate,
    or in the chip's hours; InputError where it is in another unit or not above zero."""
    company, unit = world.company, world.unit
    start, end = as_date(start, "start"), as_date(end, "end")
    amounts: list[Quantity] = [0.0]
    for line in lines:
        for sign, row in signed_periods(world.tables, company, line, start, end):
            if (chip_of(row.currency) or chip_of(unit)) and row.currency != unit:
                raise InputError(
                    f"{company}: {line} is given in {row.currency}, and cannot be put in {unit}: "
                    "hours of a chip have no price here, and money no hours; name other lines"
                )
            key = f"{company}/{line}/{row.period}"
            millions = world.cell("spending", key, "amount_millions", one(f"spending/{key}"))
            amount = sign * 1e6 * millions
            if fx := rate(world.tables, row.currency, row.period_start, row.period_end):
                key = f"{fx.currency}/{fx.period}"
                amount = amount / world.cell("fx", key, "per_usd", one(f"fx/{key}"))
            amounts.append(amount)
    if np.min(spending := total(amounts)) <= 0:
        raise InputError(
            f"{company}: spending on {' + '.join(lines)} from {start} to {end} comes out at or "
            f"below zero{' in some draws' if np.max(spending) > 0 else ''}"
        )
    return spending
