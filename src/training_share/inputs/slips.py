"""Slips of the hand: cells that are well formed and cannot be meant.

A decimal point lost, a unit of another table, a name typed once with a letter missing: each would
change a result without a word, so each is refused with the row that it disagrees with.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta

from training_share.errors import nearest
from training_share.inputs import schema
from training_share.inputs.rows import Rows, Texts

LONGEST_NAME = 60  # characters of a name in a chart
NO_FONT = 0x2E80  # from here on (Chinese, Japanese, Korean) DejaVu Sans has no letters
FIRST_YEAR = 2010  # no model of these tables is older
SIZE_FACTOR = 100.0  # how far a model may lie outside the sizes its regression has seen
Reached = tuple[float, float, list[str]]  # amount that leads to a day, its rounding, by which rows
TOTALS = {"rd_compute": "rd_total", "training_compute": "total_compute"}  # line -> what holds it


def slips(rows: Rows, texts: Texts, names: bool = True) -> list[str]:
    """Return every slip found, as messages that name the rows that disagree; with `names`, those of
    names too, which no single changed cell can bring in."""
    rules: tuple[Callable[[Rows, Texts], Iterator[str]], ...] = (
        _disagreeing_periods,
        _disagreeing_rates,
        _parts_above_their_total,
        _currencies,
        _dates,
        _sizes,
        _kinds,
        _lines,
        _shown,
        *((_names,) if names else ()),
    )
    return [fault for rule in rules for fault in rule(rows, texts)]


# --- disclosures ----------------------------------------------------------------------------------
def _disagreeing_periods(rows: Rows, _: Texts) -> Iterator[str]:
    """Every way to add and subtract periods to a window has to give the same amount.

    Periods are edges between days; each day gets the amount that leads to it from the first, and a
    period that leads to a day with another amount contradicts the periods before it.
    """
    lines: dict[str, dict[str, schema.Spending]] = {}
    for key, row in rows.spending.items():
        lines.setdefault(f"{row.company}/{row.line}", {})[key] = row
    for where, periods in lines.items():
        while periods:  # those that hang together
            first = next(iter(periods.values())).period_start
            reached: dict[date, Reached] = {first: (0.0, 0.0, [])}
            queue = deque([first])
            while queue:
                yield from _follow(queue.popleft(), periods, reached, queue, where)


def _follow(
    here: date,
    periods: dict[str, schema.Spending],
    reached: dict[date, Reached],
    queue: deque[date],
    where: str,
) -> Iterator[str]:
    """Reach the days that periods lead to from `here`; used periods are taken out."""
    amount, slack, path = reached[here]
    for key, row in list(periods.items()):
        after = row.period_end + timedelta(days=1)
        if here not in (row.period_start, after):
            continue
        del periods[key]
        sign, there = (1, after) if here == row.period_start else (-1, row.period_start)
        low, middle, high = (row.amount_millions.quantile(p) for p in (0.05, 0.5, 0.95))
        rounding = max(high - low, _last_digit(middle)) / 2
        told = (amount + sign * middle, slack + rounding, [*path, key])
        if there not in reached:
            reached[there] = told
            queue.append(there)
        elif abs(reached[there][0] - told[0]) > reached[there][1] + told[1]:
            others = sorted(set(reached[there][2]) ^ set(told[2]) - {key})
            yield (
                f"spending.csv, row {key}: {middle:g} disagrees with {', '.join(others)}, which"
                f" give {abs(reached[there][0] - amount):g} for the same days; {where} would depend"
                " on the order of rows, correct or remove one"
            )


def _last_digit(amount: float) -> float:
    """Return one unit of the last digit an amount is given to."""
    decimals = len(f"{amount:.12g}".partition(".")[2])
    return 10.0**-decimals


def _disagreeing_rates(rows: Rows, _: Texts) -> Iterator[str]:
    for (one, a), (two, b) in itertools.combinations(rows.fx.items(), 2):
        years = [tuple(map(int, row.period.split("/"))) for row in (a, b)]
        overlap = max(first for first, _ in years) <= min(last for _, last in years)
        if a.currency == b.currency and overlap and a.per_usd != b.per_usd:
            yield (
                f"fx.csv, row {two}: {b.per_usd} for years in which row {one} has {a.per_usd};"
                " one rate a year, narrow or remove one"
            )


def _parts_above_their_total(rows: Rows, _: Texts) -> Iterator[str]:
    stated = {
        (row.company, row.line, row.period_start, row.period_end): (key, row)
        for key, row in rows.spending.items()
    }
    for key, row in rows.spending.items():
        line = TOTALS.get(row.line, "")
        total = stated.get((row.company, line, row.period_start, row.period_end))
        part = row.amount_millions.quantile(0.5)
        if total and part > (whole := total[1].amount_millions.quantile(0.5)):
            yield (
                f"spending.csv, row {key}: {part:g} is more than the {whole:g} of row {total[0]},"
                " of which it is a part; check the decimal point"
            )


def _currencies(rows: Rows, _: Texts) -> Iterator[str]:
    for company, row in rows.companies.items():
        own = {key: one for key, one in rows.spending.items() if one.company == company}
        strange = {
            key: one
            for key, one in own.items()
            if one.currency != row.currency
            and not (schema.chip_of(one.currency) or schema.chip_of(row.currency))
        }
        if own and len(strange) == len(own):
            yield (
                f"companies.csv, row {company}, column currency: {row.currency}, but all its rows"
                f" of spending.csv are in {next(iter(own.values())).currency}"
            )
            continue
        for key, one in strange.items():
            yield (
                f"spending.csv, row {key}, column currency: {one.currency}, but companies.csv says"
                f" that {company} reports in {row.currency}"
            )


# --- amounts of the wrong kind --------------------------------------------------------------------
def _dates(rows: Rows, _: Texts) -> Iterator[str]:
    """Nothing can be known before it happens: dates lie before the newest source, a year aside."""
    years = [int(year) for row in rows.sources.values() for year in re.findall(r"20\d\d", row.date)]
    last = max(years, default=FIRST_YEAR) + 1
    columns = (
        ("training_runs", rows.training_runs, "released"),
        ("spending", rows.spending, "period_end"),
        ("companies", rows.companies, "spending_end"),
    )
    for (table, key, column), value in (
        ((table, key, column), getattr(row, column))
        for table, of_table, column in columns
        for key, row in of_table.items()
    ):
        if not FIRST_YEAR <= value.year <= last:
            yield (
                f"{table}.csv, row {key}, column {column}: {value} lies outside {FIRST_YEAR} to"
                f" {last}, the year after the newest source; check the year"
            )


def _sizes(rows: Rows, _: Texts) -> Iterator[str]:
    for key, model in rows.closed_models.items():
        seen = [
            point.parameters
            for point in rows.generative_models.values()
            if point.used and point.modality == model.modality
        ]
        size = model.parameters.quantile(0.5)
        if seen and not min(seen) / SIZE_FACTOR <= size <= max(seen) * SIZE_FACTOR:
            yield (
                f"closed_models.csv, row {key}, column parameters: {size:g} is far outside the"
                f" {min(seen):g} to {max(seen):g} of the {model.modality} models that predict it;"
                " write a number of parameters, not billions"
            )


def _kinds(rows: Rows, _: Texts) -> Iterator[str]:
    """An assumption has a kind, its unit, and only the right kind stands where one is named."""
    kinds = {"fraction_of_base": "fraction", "post_training": "multiple"}
    for (key, run), (column, kind) in itertools.product(rows.training_runs.items(), kinds.items()):
        named = rows.assumptions.get(str(getattr(run, column)))
        if named and not named.unit.startswith(kind):
            right = [name for name, row in rows.assumptions.items() if row.unit.startswith(kind)]
            yield (
                f"training_runs.csv, row {key}, column {column}: '{named.name}' is in"
                f" '{named.unit}'; a {kind} stands here, such as {' or '.join(right)}"
            )
    for name, row in rows.assumptions.items():
        try:
            lowest = getattr(row.amount, "low", row.amount.quantile(0.5))
        except ValueError:  # a word, or told elsewhere
            continue
        if row.unit.startswith("multiple") and lowest < 1:
            yield (
                f"assumptions.csv, row {name}, column value: '{row.value}' goes below 1; a multiple"
                " holds what it multiplies, write 1.05 for 5% more"
            )
        if row.unit.startswith("fraction") and lowest < 1e-6:
            yield (
                f"assumptions.csv, row {name}, column value: '{row.value}' is below a millionth;"
                " check the exponent"
            )


# --- names ----------------------------------------------------------------------------------------
def _shown(rows: Rows, _: Texts) -> Iterator[str]:
    """What is shown has to fit into a chart, and to be drawn as it is written."""
    names = [
        ("companies", key, "display_name", row.display_name) for key, row in rows.companies.items()
    ]
    names += [("training_runs", key, "model", row.model) for key, row in rows.training_runs.items()]
    for table, key, column, name in names:
        where = f"{table}.csv, row {key}, column {column}"
        if "$" in name:
            yield f"{where}: '{name}': a chart reads mathematics into dollar signs; write USD"
        if len(name) > LONGEST_NAME:
            yield f"{where}: {len(name)} characters; a chart holds {LONGEST_NAME}, shorten it"
        if column == "display_name" and any(ord(letter) >= NO_FONT for letter in name):
            yield (
                f"{where}: '{name}': the charts' font has no such letters, and would draw boxes;"
                " write the name in Latin letters"
            )


def _lines(rows: Rows, _: Texts) -> Iterator[str]:
    row = rows.assumptions.get("denominator_lines")
    named = [line.strip() for line in row.value.split("+")] if row else []
    disclosed = {spending.line for spending in rows.spending.values()}
    for line in dict.fromkeys(named):
        where = "assumptions.csv, row denominator_lines, column value"
        if named.count(line) > 1:
            yield f"{where}: {line} stands twice, and would be counted twice"
        elif line not in disclosed:
            yield f"{where}: no company discloses '{line}'{nearest(line, disclosed)}"


def _names(rows: Rows, texts: Texts) -> Iterator[str]:
    """A name that occurs once and is a letter away from one that stands elsewhere."""
    columns = {
        ("scenarios", "scenario"),
        ("corrections", "correction"),
        ("training_runs", "group"),
        ("spending", "line"),
        ("generative_models", "family"),
    }
    for table, column in sorted(columns):
        places: dict[str, list[str]] = {}
        for key, cells in texts[table].items():
            if cells[column]:
                places.setdefault(cells[column], []).append(key)
        for name, keys in places.items():
            near = _a_letter_away(name, places) if len(keys) == 1 else ""
            if near:
                yield (
                    f"{table}.csv, row {keys[0]}, column {column}: '{name}' stands here alone;"
                    f" did you mean '{near}'?"
                )


def _a_letter_away(name: str, others: Iterable[str]) -> str:
    """Return the first of `others` that differs from a name by one letter missing, doubled, wrong
    or in the wrong place; "" where none does. Digits tell names apart."""
    return next((other for other in others if other != name and _slip(name, other)), "")


def _slip(one: str, two: str) -> bool:
    if abs(len(one) - len(two)) > 1 or min(len(one), len(two)) < 4:
        return False
    if re.sub(r"\D", "", one) != re.sub(r"\D", "", two):
        return False
    short, long = sorted((one, two), key=len)
    first = next(
        (i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short)
    )
    rest, other = short[first:], long[first:]
    if len(short) < len(long):
        return rest == other[1:]
    swapped = rest[1::-1] + rest[2:] == other if len(rest) > 1 else False
    return swapped or rest[1:] == other[1:]
