"""What disclosed amounts must mean together: whichever way periods are added and subtracted, the
same days give the same amount, in one currency that has one rate."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator

from training_share.errors import nearest
from training_share.inputs.checks import contents, twice
from training_share.inputs.schema import Rows, Spending, chip_of

TOTALS = {"rd_compute": "rd_total", "training_compute": "total_compute"}  # line -> what holds it
Reached = tuple[float, float, list[str]]  # amount that leads to a day, its rounding, by which rows
Periods = dict[str, Spending]  # of one line of one company, by key


def by_line(rows: Rows) -> dict[str, Periods]:
    """Return the rows of spending by company/line."""
    lines: dict[str, Periods] = {}
    for key, row in rows.spending.items():
        lines.setdefault(f"{row.company}/{row.line}", {})[key] = row
    return lines


def _first(periods: Periods) -> Spending:
    return next(iter(periods.values()))


def periods(rows: Rows) -> Iterator[str]:
    """The days of a line stand once, and a part is no larger than what holds it, be that a longer
    period or the line's total."""
    days = ("company", "line", "period_start", "period_end")
    for key, twin in twice(rows.spending, lambda row: tuple(getattr(row, name) for name in days)):
        yield (
            f"spending.csv, row {key}: the same days as row {twin}; overlapping disclosures of one "
            "line are ambiguous, keep one"
        )
    lines = {
        line: {
            (row.period_start, row.period_end): (row.amount_millions.quantile(0.5), key)
            for key, row in own.items()
        }
        for line, own in by_line(rows).items()
    }
    for line, amounts in lines.items():
        for (outer, (whole, _)), (inner, (part, _)) in itertools.permutations(amounts.items(), 2):
            if outer[0] <= inner[0] and inner[1] <= outer[1] and part > whole:
                yield (
                    f"spending.csv, {line}: {inner[0]} to {inner[1]} ({part:g}) lies inside "
                    f"{outer[0]} to {outer[1]} ({whole:g}) but is larger; check both amounts"
                )
        company, _, name = line.partition("/")
        totals = lines.get(f"{company}/{TOTALS.get(name)}", {})
        for dates in amounts.keys() & totals.keys():
            (part, key), (whole, total) = amounts[dates], totals[dates]
            if part > whole:
                yield (
                    f"spending.csv, row {key}: {part:g} is more than the {whole:g} of row {total}, "
                    "of which it is a part; check the decimal point"
                )


def paths(rows: Rows) -> Iterator[str]:
    """Every way to add and subtract periods to a window has to give the same amount.

    Periods are edges between days; each day gets the amount that leads to it from the first, and a
    period that leads to a day with another amount contradicts the periods before it.
    """
    for line, left in by_line(rows).items():
        reached: dict[int, Reached] = {}
        queue: deque[int] = deque()
        while left:
            if not queue:  # the first of the periods that hang together
                first = _first(left).period_start.toordinal()
                reached, queue = {first: (0.0, 0.0, [])}, deque([first])
            here = queue.popleft()
            amount, slack, path = reached[here]
            for key, row in list(left.items()):
                start, end = row.period_start.toordinal(), row.period_end.toordinal() + 1
                if here not in (start, end):
                    continue
                del left[key]
                sign, there = (1, end) if here == start else (-1, start)
                low, middle, high = (row.amount_millions.quantile(p) for p in (0.05, 0.5, 0.95))
                last_digit = 10.0 ** -len(f"{middle:.12g}".partition(".")[2])
                rounding = slack + max(high - low, last_digit) / 2
                if there not in reached:
                    reached[there] = amount + sign * middle, rounding, [*path, key]
                    queue.append(there)
                    continue
                known, known_slack, known_path = reached[there]
                if abs(known - (amount + sign * middle)) > known_slack + rounding:
                    others = sorted({*known_path} ^ {*path, key} - {key})
                    yield (
                        f"spending.csv, row {key}: {middle:g} disagrees with {', '.join(others)}, "
                        f"which give {abs(known - amount):g} for the same days; {line} would "
                        "depend on the order of rows, correct or remove one"
                    )


def currencies(rows: Rows) -> Iterator[str]:
    """A company reports in one currency, which has one rate a year; hours are of a known chip."""
    for company, row in rows.companies.items():
        own = {key: one.currency for key, one in rows.spending.items() if one.company == company}
        money = {key: unit for key, unit in own.items() if not chip_of(unit)}
        strange = {key: unit for key, unit in money.items() if unit != row.currency}
        if chip_of(row.currency) or not strange:
            continue
        if len(strange) == len(own):
            yield (
                f"companies.csv, row {company}, column currency: {row.currency}, but all its rows "
                f"of spending.csv are in {next(iter(own.values()))}"
            )
            continue
        for key, unit in strange.items():
            yield (
                f"spending.csv, row {key}, column currency: {unit}, but companies.csv says that "
                f"{company} reports in {row.currency}"
            )
    rates = contents(rows, "fx", "currency")
    chips = {key.rsplit("-", 1)[0] for key in rows.texts["hardware"]}
    for line, disclosed in by_line(rows).items():
        where, unit = f"spending.csv, {line}, column currency", _first(disclosed).currency
        chip = chip_of(unit)
        if chip and not any(f"{key}-".startswith(f"{chip}-") for key in chips):
            near = nearest(chip, {key.split("-")[0] for key in chips})
            yield f"{where}: {unit}: hardware.csv has no chip '{chip}'{near}"
        elif not chip and unit not in {"USD", *rates}:
            yield f"{where}: fx.csv has no rate for {unit}; add a row"
    for (one, a), (two, b) in itertools.combinations(rows.fx.items(), 2):
        (first, last), (start, end) = (map(int, row.period.split("/")) for row in (a, b))
        overlap = max(first, start) <= min(last, end)
        if a.currency == b.currency and overlap and a.per_usd != b.per_usd:
            yield (
                f"fx.csv, row {two}: {b.per_usd} for years in which row {one} has {a.per_usd}; one "
                "rate a year, narrow or remove one"
            )


RULES = (periods, paths, currencies)
