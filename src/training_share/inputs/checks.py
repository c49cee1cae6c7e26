"""What the rows of the tables must mean together: references that resolve, no cycles, words that
exist."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import timedelta

from training_share.errors import InputError, nearest
from training_share.inputs.distributions import LogNormal, parse
from training_share.inputs.schema import CHOICES, Row

Rows = Mapping[str, Mapping[str, Row]]
Texts = Mapping[str, Mapping[str, Mapping[str, str]]]

# column -> table it refers to, for every table that has the column
REFERENCES = {
    "source_id": "sources",
    "company": "companies",
    "hardware": "hardware",
    "base_run": "training_runs",
    "post_training": "assumptions",
}


def cross_faults(rows: Rows, texts: Texts) -> list[str]:
    """Return every fault that needs more than one cell to see, as messages.

    References are looked up in `texts`, which also holds the rows that have a fault of their own.
    """
    return [
        *_references(rows, texts),
        *_keys_or_amounts(rows, texts),
        *_cycles(rows),
        *_assumptions(rows, texts),
        *_sizes(rows),
        *_spending(rows, texts),
        *_scenarios(rows, texts),
    ]


def _unresolved(table: str, key: str, column: str, kind: str, value: str, options) -> str:
    return f"{table}.csv, row {key}, column {column}: no {kind} '{value}'{nearest(value, options)}"


def _references(rows: Rows, texts: Texts) -> Iterator[str]:
    for table, content in rows.items():
        for key, row in content.items():
            for column, target in REFERENCES.items():
                value = getattr(row, column, None)
                own_key = target == table and column != "base_run"
                if value is not None and not own_key and value not in texts[target]:
                    kind = {"training_runs": "run", "companies": "company"}.get(
                        target, target.removesuffix("s")
                    )
                    yield _unresolved(table, key, column, kind, value, texts[target])


def _keys_or_amounts(rows: Rows, texts: Texts) -> Iterator[str]:
    for key, run in rows["training_runs"].items():
        if isinstance(run.flop, str) and run.flop not in texts["closed_models"]:
            yield _unresolved(
                "training_runs", key, "flop", "closed model", run.flop, texts["closed_models"]
            )
        fraction = run.fraction_of_base
        if isinstance(fraction, str) and fraction not in texts["assumptions"]:
            yield _unresolved(
                "training_runs",
                key,
                "fraction_of_base",
                "assumption",
                fraction,
                texts["assumptions"],
            )


def _cycles(rows: Rows) -> Iterator[str]:
    runs = rows["training_runs"]
    reported: set[str] = set()
    for key in runs:
        path = [key]
        while (base := getattr(runs.get(path[-1]), "base_run", None)) and base not in path:
            path.append(base)
        if base and not reported & set(path):
            reported.update(path)
            yield (
                f"training_runs.csv, row {key}, column base_run: a cycle of bases "
                f"({' -> '.join([*path, base])}); a base must not rest on its own finetune"
            )


def _assumptions(rows: Rows, texts: Texts) -> Iterator[str]:
    used = {run.fraction_of_base for run in rows["training_runs"].values()}
    for name, row in rows["assumptions"].items():
        where = f"assumptions.csv, row {name}, column value: {row.value!r}"
        if name in CHOICES:
            if row.value not in CHOICES[name]:
                yield f"{where}: not one of the words {', '.join(CHOICES[name])}{nearest(row.value, CHOICES[name])}"
            continue
        if name == "usd_run_correlation":
            if not 0 <= _number(row.value) <= 1:
                yield f"{where}: expected a correlation from 0 to 1"
            continue
        if name == "bootstrap_resamples":
            if not (_number(row.value).is_integer() and _number(row.value) >= 100):
                yield f"{where}: expected a whole number of at least 100"
            continue
        if row.unit == "choice":
            continue
        try:
            distribution = parse(row.value)
        except InputError as error:
            yield f"assumptions.csv, row {name}, column value: {error}"
            continue
        fraction = name in used or row.unit.startswith("fraction")
        if (fraction and distribution.quantile(0.5) > 1) or (
            fraction and getattr(distribution, "high", 0) > 1
        ):
            yield f"{where}: a fraction cannot exceed 1; write 5% as 0.05"
        if isinstance(distribution, LogNormal) and not row.correlation:
            yield f"assumptions.csv, row {name}, column correlation: empty; write shared, per-company or per-run"
    for name in (
        *CHOICES,
        "usd_run_correlation",
        "bootstrap_resamples",
        "denominator_lines",
        "denominator_window",
        "mfu",
        "mfu_rl",
        "price_usd_per_gpu_hour",
    ):
        if name not in texts["assumptions"]:
            yield f"assumptions.csv: the row '{name}' is missing; the computation needs it"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _sizes(rows: Rows) -> Iterator[str]:
    for table in ("closed_models", "generative_models"):
        for key, row in rows[table].items():
            needed = ("sample_rate_hz",) if row.modality == "speech" else ("width", "height")
            if table == "generative_models":
                needed = (*needed, "training_flop") if row.used else ()
            for column in needed:
                if getattr(row, column) is None:
                    yield f"{table}.csv, row {key}, column {column}: empty, but a {row.modality} model needs it"
            if (
                table == "generative_models"
                and row.finetune_flop
                and row.used
                and (row.training_flop is not None and row.finetune_flop >= row.training_flop)
            ):
                yield (
                    f"{table}.csv, row {key}, column finetune_flop: not below training_flop; "
                    "training_flop is the total, of which finetune_flop is a part"
                )


def _spending(rows: Rows, texts: Texts) -> Iterator[str]:
    """Disclosed periods of a line share a currency and dates stand once; periods that cover each
    other agree."""
    seen: dict[tuple, str] = {}
    currencies: dict[tuple, tuple[str, str]] = {}
    for key, row in rows["spending"].items():
        dates = (row.company, row.line, row.period_start, row.period_end)
        if dates in seen:
            yield (
                f"spending.csv, row {key}: the same days as row {seen[dates]}; overlapping disclosures of one "
                "line are ambiguous, keep one"
            )
        seen[dates] = key
        first, currency = currencies.setdefault(dates[:2], (key, row.currency))
        if currency != row.currency:
            yield f"spending.csv, row {key}, column currency: {row.currency}, but row {first} is in {currency}"
    for (company, line), (_, currency) in currencies.items():
        if currency != "USD" and currency not in {fx["currency"] for fx in texts["fx"].values()}:
            yield f"spending.csv, {company}/{line}, column currency: fx.csv has no rate for {currency}; add a row"
        amounts = {
            (row.period_start, row.period_end): row.amount_millions.quantile(0.5)
            for row in rows["spending"].values()
            if (row.company, row.line) == (company, line)
        }
        for (start, end), whole in amounts.items():
            for (inner_start, inner_end), part in amounts.items():
                inside = start <= inner_start and inner_end <= end
                if inside and part > whole:
                    yield (
                        f"spending.csv, {company}/{line}: {inner_start} to {inner_end} ({part:g}) lies inside "
                        f"{start} to {end} ({whole:g}) but is larger; check both amounts"
                    )
                rest = (
                    amounts.get((inner_end + timedelta(days=1), end))
                    if inner_start == start
                    else None
                )
                if rest is not None and abs(part + rest - whole) > 0.005 * whole:
                    yield (
                        f"spending.csv, {company}/{line}: the parts of {start} to {end} add to {part + rest:g}, "
                        f"not {whole:g}; check the amounts"
                    )


def _scenarios(rows: Rows, texts: Texts) -> Iterator[str]:
    corrections = {row["correction"] for row in texts["corrections"].values()}
    orders: dict[tuple[str, int], str] = {}
    for key, row in rows["scenarios"].items():
        if row.correction and row.correction not in corrections:
            yield _unresolved(
                "scenarios", key, "correction", "correction", row.correction, corrections
            )
        if row.order is not None and orders.setdefault((row.scenario, row.order), key) != key:
            yield f"scenarios.csv, row {key}, column order: {row.order} stands twice in '{row.scenario}'"
