"""What the rows of the tables must mean together: references that resolve, no cycles, words that
exist."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

from training_share.errors import InputError, nearest
from training_share.inputs import schema
from training_share.inputs.distributions import Exact, LogNormal
from training_share.inputs.rows import Rows, Texts
from training_share.inputs.slips import slips

# column -> table it refers to, for every table that has the column
REFERENCES = {
    "source_id": "sources",
    "company": "companies",
    "hardware": "hardware",
    "base_run": "training_runs",
    "post_training": "assumptions",
    "predecessor": "closed_models",
    "statement_id": "sources",
}
WITHIN = ("base_run", "predecessor")  # columns that refer to a row of their own table
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


def cross_faults(rows: Rows, texts: Texts, names: bool = True) -> list[str]:
    """Return every fault that needs more than one cell to see, as messages.

    References are looked up in `texts`, which also holds the rows that have a fault of their own.
    `names` as in `slips`.
    """
    return [
        *_references(rows, texts),
        *_keys_or_amounts(rows, texts),
        *_cycles(rows.training_runs),
        *_runs(rows),
        *_assumptions(rows, texts),
        *_sizes(rows),
        *_spending(rows, texts),
        *_evidence(rows, texts),
        *_scenarios(rows, texts),
        *slips(rows, texts, names),
    ]


def _unresolved(
    table: str, key: str, column: str, kind: str, value: str, options: Iterable[str]
) -> str:
    return f"{table}.csv, row {key}, column {column}: no {kind} '{value}'{nearest(value, options)}"


def _references(rows: Rows, texts: Texts) -> Iterator[str]:
    kinds = {"training_runs": "run", "companies": "company"}
    for table, model in schema.MODELS.items():
        columns = {name: to for name, to in REFERENCES.items() if name in model.model_fields}
        columns = {name: to for name, to in columns.items() if to != table or name in WITHIN}
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


def _runs(rows: Rows) -> Iterator[str]:
    """A base is of the same company, a run stands once, and no run takes a closed model's draws."""
    first: dict[tuple[object, ...], str] = {}
    for key, run in rows.training_runs.items():
        base = rows.training_runs.get(run.base_run or "")
        if base is not None and base.company != run.company and base.company in rows.companies:
            yield (
                f"training_runs.csv, row {key}, column base_run: {run.base_run} is a run of "
                f"{base.company}; a base is of the run's own company, {run.company}"
            )
        if key in rows.closed_models and not isinstance(run.flop, str | Exact):
            yield (
                f"training_runs.csv, row {key}: closed_models.csv has a model of this key, and the "
                "two would share their draws; rename the run"
            )
        if run.counted:
            size = (run.flop, run.gpu_hours, run.cost_usd, run.base_run, run.fraction_of_base)
            twin = first.setdefault((run.company, run.model, run.stage, *size), key)
            if twin != key:
                yield (
                    f"training_runs.csv, row {key}: the same model, stage and size as row {twin}, "
                    "so the run counts twice; drop one, or set counted to no"
                )


# --- assumptions: what each row's value may be ----------------------------------------------------
def _correlation(row: schema.Assumption) -> str:
    return "" if 0 <= _number(row.value) <= 1 else "expected a correlation from 0 to 1"


def _resamples(row: schema.Assumption) -> str:
    number = _number(row.value)
    whole = number.is_integer() and 100 <= number <= 1_000_000
    return "" if whole else "expected a whole number from 100 to 1,000,000"


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
    yield from _closed_models(rows.assumptions)
    for name in NEEDED:
        if name not in texts["assumptions"]:
            yield f"assumptions.csv: the row '{name}' is missing; the computation needs it"


def _closed_models(assumptions: Mapping[str, schema.Assumption]) -> Iterator[str]:
    """A uniform between percentiles stands for an average: single models and lines do not fit."""
    if "closed_model_distribution" not in assumptions:
        return
    uniform = assumptions["closed_model_distribution"].value == "uniform-p5-p95"
    for name, word in (("closed_model_interval", "predictive"), ("closed_model_line", "common")):
        if uniform and name in assumptions and assumptions[name].value == word:
            yield (
                f"assumptions.csv, row {name}, column value: '{word}' needs the predictions "
                "themselves, and row closed_model_distribution replaces them by a uniform; set "
                "that to bootstrap"
            )


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
    """The dates of a line stand once, its currency has a rate, and no part exceeds what holds
    it."""
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
    """Yield where a period lies inside another and is larger."""
    for (start, end), whole in amounts.items():
        for (inner_start, inner_end), part in amounts.items():
            if start <= inner_start and inner_end <= end and part > whole:
                yield (
                    f"{where}: {inner_start} to {inner_end} ({part:g}) lies inside {start} to "
                    f"{end} ({whole:g}) but is larger; check both amounts"
                )


def _evidence(rows: Rows, texts: Texts) -> Iterator[str]:
    """Evidence names runs and groups of its company, and assumptions that have one draw for it."""
    for key, row in rows.evidence.items():
        runs = {
            name: run["group"]
            for name, run in texts["training_runs"].items()
            if run["company"] == row.company
        }
        known = {*runs, *filter(None, runs.values())}
        for term in row.quantity.terms:
            for name in term.names:
                kind, options = "run or group", known
                if term.kind == "assumption":
                    kind, options = "assumption", set(texts["assumptions"])
                    if name in rows.assumptions:
                        correlation = rows.assumptions[name].correlation
                        if correlation not in ("shared", "per-company"):
                            yield (
                                f"evidence.csv, row {key}, column quantity: '{name}' has no one "
                                f"draw for {row.company} (correlation {correlation or 'blank'}); "
                                "name a run's flop, gpu_hours or cost_usd instead"
                            )
                if name not in options:
                    yield _unresolved("evidence", key, "quantity", kind, name, options)
    both = {row["evidence"] for row in texts["evidence"].values()}
    both &= {row["correction"] for row in texts["corrections"].values()}
    for name in sorted(both):
        yield (
            f"evidence.csv, {name}: corrections.csv has a correction of this name, and a scenario "
            "could not tell them apart; rename one"
        )


def _scenarios(rows: Rows, texts: Texts) -> Iterator[str]:
    scenarios = {row["scenario"] for row in texts["scenarios"].values()}
    for key, claim in rows.published.items():
        if claim.scenario not in scenarios:
            yield _unresolved("published", key, "scenario", "scenario", claim.scenario, scenarios)
    corrections = {row["correction"] for row in texts["corrections"].values()}
    corrections |= {row["evidence"] for row in texts["evidence"].values()}
    orders: dict[tuple[str, int], str] = {}
    for key, row in rows.scenarios.items():
        if row.correction and row.correction not in corrections:
            kind = "correction or evidence"
            yield _unresolved("scenarios", key, "correction", kind, row.correction, corrections)
        if row.order is not None and orders.setdefault((row.scenario, row.order), key) != key:
            yield (
                f"scenarios.csv, row {key}, column order: {row.order} stands twice in "
                f"'{row.scenario}'"
            )
