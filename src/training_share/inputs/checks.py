"""What the rows of the tables must mean together: references that resolve, no cycles, words that
exist."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from training_share.errors import InputError, nearest
from training_share.inputs import schema
from training_share.inputs.distributions import LogNormal

Texts = Mapping[str, Mapping[str, Mapping[str, str]]]  # table -> key -> column -> content


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of every table as typed values, by key."""

    companies: Mapping[str, schema.Company] = field(repr=False)
    training_runs: Mapping[str, schema.TrainingRun] = field(repr=False)
    spending: Mapping[str, schema.Spending] = field(repr=False)
    fx: Mapping[str, schema.FxRate] = field(repr=False)
    assumptions: Mapping[str, schema.Assumption] = field(repr=False)
    hardware: Mapping[str, schema.Hardware] = field(repr=False)
    generative_models: Mapping[str, schema.GenerativeModel] = field(repr=False)
    closed_models: Mapping[str, schema.ClosedModel] = field(repr=False)
    corrections: Mapping[str, schema.Correction] = field(repr=False)
    scenarios: Mapping[str, schema.Scenario] = field(repr=False)
    published: Mapping[str, schema.Published] = field(repr=False)
    measured_cases: Mapping[str, schema.MeasuredCase] = field(repr=False)
    sources: Mapping[str, schema.Source] = field(repr=False)


# column -> table it refers to, for every table that has the column
REFERENCES = {
    "source_id": "sources",
    "company": "companies",
    "hardware": "hardware",
    "base_run": "training_runs",
    "post_training": "assumptions",
}
NEEDED = (  # rows of assumptions.csv that the computation asks for by name
    *schema.CHOICES,
    "usd_run_correlation",
    "bootstrap_resamples",
    "denominator_lines",
    "denominator_window",
    "mfu",
    "mfu_rl",
    "price_usd_per_gpu_hour",
    "next_case_mean_scale",
    "next_case_spread_scale",
)


def cross_faults(rows: Rows, texts: Texts) -> list[str]:
    """Return every fault that needs more than one cell to see, as messages.

    References are looked up in `texts`, which also holds the rows that have a fault of their own.
    """
    return [
        *_references(rows, texts),
        *_keys_or_amounts(rows, texts),
        *_cycles(rows.training_runs),
        *_assumptions(rows, texts),
        *_sizes(rows),
        *_spending(rows, texts),
        *_scenarios(rows, texts),
    ]


def _unresolved(
    table: str, key: str, column: str, kind: str, value: str, options: Iterable[str]
) -> str:
    return f"{table}.csv, row {key}, column {column}: no {kind} '{value}'{nearest(value, options)}"


def _references(rows: Rows, texts: Texts) -> Iterator[str]:
    kinds = {"training_runs": "run", "companies": "company"}
    for table, model in schema.MODELS.items():
        columns = {name: to for name, to in REFERENCES.items() if name in model.model_fields}
        columns = {name: to for name, to in columns.items() if to != table or name == "base_run"}
        for key, row in getattr(rows, table).items():
            for column, target in columns.items():
                value = getattr(row, column)
                if value is not None and value not in texts[target]:
                    kind = kinds.get(target, target.removesuffix("s"))
                    yield _unresolved(table, key, column, kind, value, texts[target])


def _keys_or_amounts(rows: Rows, texts: Texts) -> Iterator[str]:
    for key, run in rows.training_runs.items():
        for column, value, kind, target in (
            ("flop", run.flop, "closed model", "closed_models"),
            ("fraction_of_base", run.fraction_of_base, "assumption", "assumptions"),
        ):
            if isinstance(value, str) and value not in texts[target]:
                yield _unresolved("training_runs", key, column, kind, value, texts[target])


def _cycles(runs: Mapping[str, schema.TrainingRun]) -> Iterator[str]:
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


# --- assumptions: what each row's value may be ----------------------------------------------------
def _correlation(row: schema.Assumption) -> str:
    return "" if 0 <= _number(row.value) <= 1 else "expected a correlation from 0 to 1"


def _resamples(row: schema.Assumption) -> str:
    number = _number(row.value)
    whole = number.is_integer() and number >= 100
    return "" if whole else "expected a whole number of at least 100"


def _word(row: schema.Assumption) -> str:
    words = schema.CHOICES[row.name]
    if row.value in words:
        return ""
    return f"not one of the words {', '.join(words)}{nearest(row.value, words)}"


RULES: dict[str, Callable[[schema.Assumption], str]] = {
    "usd_run_correlation": _correlation,
    "bootstrap_resamples": _resamples,
    **dict.fromkeys(schema.CHOICES, _word),
}


def _assumptions(rows: Rows, texts: Texts) -> Iterator[str]:
    used = {run.fraction_of_base for run in rows.training_runs.values()}
    for name, row in rows.assumptions.items():
        where = f"assumptions.csv, row {name}, column"
        if name in RULES:
            fault = RULES[name](row)
            if fault:
                yield f"{where} value: {row.value!r}: {fault}"
        elif row.unit != "choice":
            try:
                amount = row.amount
            except InputError as error:
                yield f"{where} value: {error}"
                continue
            highest = max(amount.quantile(0.5), getattr(amount, "high", 0))
            if (name in used or row.unit.startswith("fraction")) and highest > 1:
                yield f"{where} value: {row.value!r}: a fraction cannot exceed 1; write 5% as 0.05"
            if isinstance(amount, LogNormal) and not row.correlation:
                yield f"{where} correlation: empty; write shared, per-company or per-run"
    for name in NEEDED:
        if name not in texts["assumptions"]:
            yield f"assumptions.csv: the row '{name}' is missing; the computation needs it"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


# --- sizes of models, spending, scenarios ---------------------------------------------------------
def _sizes(rows: Rows) -> Iterator[str]:
    for table, models in (
        ("closed_models", rows.closed_models),
        ("generative_models", rows.generative_models),
    ):
        for key, row in models.items():
            needed = ["sample_rate_hz"] if row.modality == "speech" else ["width", "height"]
            if isinstance(row, schema.GenerativeModel):
                needed = [*needed, "training_flop"] if row.used else []
            for column in needed:
                if getattr(row, column) is None:
                    yield (
                        f"{table}.csv, row {key}, column {column}: empty, but a {row.modality} "
                        "model needs it"
                    )
    for key, point in rows.generative_models.items():
        part, total = point.finetune_flop, point.training_flop
        if point.used and part and total is not None and part >= total:
            yield (
                f"generative_models.csv, row {key}, column finetune_flop: not below training_flop; "
                "training_flop is the total, of which finetune_flop is a part"
            )


def _spending(rows: Rows, texts: Texts) -> Iterator[str]:
    """Disclosed periods of a line share a currency and dates stand once; periods that cover each
    other agree."""
    lines: dict[tuple[str, str], dict[tuple[date, date], tuple[str, schema.Spending]]] = {}
    for key, row in rows.spending.items():
        periods = lines.setdefault((row.company, row.line), {})
        dates = (row.period_start, row.period_end)
        if dates in periods:
            yield (
                f"spending.csv, row {key}: the same days as row {periods[dates][0]}; overlapping "
                "disclosures of one line are ambiguous, keep one"
            )
        periods[dates] = (key, row)
        first, other = next(iter(periods.values()))
        if other.currency != row.currency:
            yield (
                f"spending.csv, row {key}, column currency: {row.currency}, but row {first} is in "
                f"{other.currency}"
            )
    rates = {rate["currency"] for rate in texts["fx"].values()}
    for (company, line), periods in lines.items():
        where = f"spending.csv, {company}/{line}"
        currency = next(iter(periods.values()))[1].currency
        if chip := schema.chip_of(currency):
            chips = {key.rsplit("-", 1)[0] for key in texts["hardware"]}
            if not any(f"{key}-".startswith(f"{chip}-") for key in chips):
                yield (
                    f"{where}, column currency: {currency}: hardware.csv has no chip '{chip}'"
                    f"{nearest(chip, {key.split('-')[0] for key in chips})}"
                )
        elif currency != "USD" and currency not in rates:
            yield f"{where}, column currency: fx.csv has no rate for {currency}; add a row"
        amounts = {dates: row.amount_millions.quantile(0.5) for dates, (_, row) in periods.items()}
        yield from _contradictions(where, amounts)


def _contradictions(where: str, amounts: Mapping[tuple[date, date], float]) -> Iterator[str]:
    """Yield where a period lies inside another and is larger, or where two parts miss their sum."""
    for (start, end), whole in amounts.items():
        for (inner_start, inner_end), part in amounts.items():
            if start <= inner_start and inner_end <= end and part > whole:
                yield (
                    f"{where}: {inner_start} to {inner_end} ({part:g}) lies inside {start} to "
                    f"{end} ({whole:g}) but is larger; check both amounts"
                )
            rest = amounts.get((inner_end + timedelta(days=1), end))
            if (
                inner_start == start
                and rest is not None
                and abs(part + rest - whole) > 0.005 * whole
            ):
                yield (
                    f"{where}: the parts of {start} to {end} add to {part + rest:g}, not "
                    f"{whole:g}; check the amounts"
                )


def _scenarios(rows: Rows, texts: Texts) -> Iterator[str]:
    corrections = {row["correction"] for row in texts["corrections"].values()}
    orders: dict[tuple[str, int], str] = {}
    for key, row in rows.scenarios.items():
        if row.correction and row.correction not in corrections:
            yield _unresolved(
                "scenarios", key, "correction", "correction", row.correction, corrections
            )
        if row.order is not None and orders.setdefault((row.scenario, row.order), key) != key:
            yield (
                f"scenarios.csv, row {key}, column order: {row.order} stands twice in "
                f"'{row.scenario}'"
            )
