"""What the rows of the tables must mean together: references resolve, words exist, names are meant.

Beside what cannot be computed with, the rules refuse slips of the hand: cells that are well formed
and cannot be meant (a unit of another table, a year mistyped, a name with a letter missing), each
of which would change a result without a word. A rule looks at all rows and yields its faults, as
messages that say where, what and how to mend it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any

from training_share.errors import InputError, nearest
from training_share.inputs.distributions import Exact, LogNormal
from training_share.inputs.schema import CHOICES, MODELS, AnyRow, Rows, Texts

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
OR_AMOUNT = {"flop": "closed_models", "fraction_of_base": "assumptions"}  # refer, or hold an amount
KINDS = {"company": "company", "base_run": "run", "flop": "closed model"}  # what columns refer to
NEEDED = (  # rows of assumptions.csv that the computation asks for by name
    *CHOICES,
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
NAMES = {  # columns whose names tie rows together, and are defined nowhere else
    "corrections": "correction",
    "generative_models": "family",
    "scenarios": "scenario",
    "spending": "line",
    "training_runs": "group",
}
LONGEST_NAME = 60  # characters of a name in a chart
NO_FONT = 0x2E80  # from here on (Chinese, Japanese, Korean) DejaVu Sans has no letters
FIRST_YEAR = 2010  # no model of these tables is older
SIZE_FACTOR = 100.0  # how far a model may lie outside the sizes its regression has seen


# --- what rules are made of -----------------------------------------------------------------------
def cells(rows: Rows, *columns: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield of each cell of some columns, as in spending.line, where it stands, what it holds, and
    its row."""
    for table, column in (name.split(".") for name in columns):
        for key, row in rows[table].items():
            yield f"{table}.csv, row {key}, column {column}", getattr(row, column), row


def contents(rows: Rows, table: str, column: str) -> set[str]:
    """Return what the cells of a column say, those of faulty rows too."""
    return {row[column] for row in rows.texts[table].values()}


def twice(
    rows: Mapping[str, AnyRow], what: Callable[[AnyRow], Hashable]
) -> Iterator[tuple[str, str]]:
    """Yield the key of each row that is what an earlier one is, with the key of that one."""
    first: dict[Hashable, str] = {}
    for key, row in rows.items():
        if first.setdefault(what(row), key) != key:
            yield key, first[what(row)]


def missing_cell(texts: Texts, table: str, key: str, column: str) -> str:
    """Say why a cell does not exist, or return an empty string where it does."""
    if table not in texts:
        return f"no table '{table}'{nearest(table, texts)}"
    if key not in texts[table]:
        return f"{table}.csv has no row '{key}'{nearest(key, texts[table])}"
    others = [name for name in MODELS[table].model_fields if name not in MODELS[table].key_columns]
    if column not in others:
        return f"{table}.csv has no column '{column}' that can be changed{nearest(column, others)}"
    return ""


def _unresolved(where: str, kind: str, value: str, options: Iterable[str]) -> str:
    return f"{where}: no {kind} '{value}'{nearest(value, options)}"


# --- any table ------------------------------------------------------------------------------------
def references(rows: Rows) -> Iterator[str]:
    """Rows are looked up in the texts, which also hold those with a fault of their own."""
    for table, model in MODELS.items():
        for column, target in {**REFERENCES, **OR_AMOUNT}.items():
            own_key = table == target and column in model.key_columns
            if own_key or column not in model.model_fields:
                continue
            for where, value, _ in cells(rows, f"{table}.{column}"):
                if isinstance(value, str) and value not in rows.texts[target]:
                    kind = KINDS.get(column, target.removesuffix("s"))
                    yield _unresolved(where, kind, value, rows.texts[target])


def dates(rows: Rows) -> Iterator[str]:
    """Nothing can be known before it happens: dates lie before the newest source, a year aside."""
    years = re.findall(r"20\d\d", " ".join(row.date for row in rows.sources.values()))
    last = max(map(int, years), default=FIRST_YEAR) + 1
    ends = ("training_runs.released", "spending.period_end", "companies.spending_end")
    for where, date, _ in cells(rows, *ends):
        if not FIRST_YEAR <= date.year <= last:
            yield (
                f"{where}: {date} lies outside {FIRST_YEAR} to {last}, the year after the newest "
                "source; check the year"
            )


def shown(rows: Rows) -> Iterator[str]:
    """What is shown has to fit into a chart, and to be drawn as it is written."""
    for where, name, _ in cells(rows, "companies.display_name", "training_runs.model"):
        if "$" in name:
            yield f"{where}: '{name}': a chart reads mathematics into dollar signs; write USD"
        if len(name) > LONGEST_NAME:
            yield f"{where}: {len(name)} characters; a chart holds {LONGEST_NAME}, shorten it"
    for where, name, _ in cells(rows, "companies.display_name"):
        if any(ord(letter) >= NO_FONT for letter in name):
            yield (
                f"{where}: '{name}': the charts' font has no such letters, and would draw boxes; "
                "write the name in Latin letters"
            )


def lonely_names(texts: Texts) -> Iterator[str]:
    """Names that stand once and are a letter away from one that stands elsewhere."""
    for table, column in NAMES.items():
        names = Counter(row[column] for row in texts[table].values() if row[column])
        for key, row in texts[table].items():
            name = row[column]
            near = [other for other in names if names[name] == 1 and _a_letter_away(name, other)]
            if near:
                yield (
                    f"{table}.csv, row {key}, column {column}: '{name}' stands here alone; did you "
                    f"mean '{near[0]}'?"
                )


def _a_letter_away(one: str, two: str) -> bool:
    """Whether two names differ by a letter that is missing, wrong or in the wrong place. Digits
    tell names apart."""
    if abs(len(one) - len(two)) > 1 or min(len(one), len(two)) < 4:
        return False
    if re.sub(r"\D", "", one) != re.sub(r"\D", "", two):
        return False
    while one[:1] == two[:1] != "":
        one, two = one[1:], two[1:]
    while one[-1:] == two[-1:] != "":
        one, two = one[:-1], two[:-1]
    return max(len(one), len(two)) == 1 or (len(one) == 2 and one == two[::-1])


# --- runs -----------------------------------------------------------------------------------------
def cycles(rows: Rows) -> Iterator[str]:
    """A base must not rest on its own finetune; each cycle is told once."""
    runs, reported = rows.training_runs, set[str]()
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


def runs(rows: Rows) -> Iterator[str]:
    """A base is of the same company, an assumption is of the kind that its column takes, a run
    stands once, and no run takes a closed model's draws."""
    for where, name, run in cells(rows, "training_runs.base_run"):
        base = rows.training_runs.get(name)
        if base and base.company != run.company and base.company in rows.companies:
            yield (
                f"{where}: {name} is a run of {base.company}; a base is of the run's own company, "
                f"{run.company}"
            )
    for column, kind in (("fraction_of_base", "fraction"), ("post_training", "multiple")):
        right = [name for name, row in rows.assumptions.items() if row.unit.startswith(kind)]
        for where, name, _ in cells(rows, f"training_runs.{column}"):
            if name in rows.assumptions and name not in right:
                yield (
                    f"{where}: '{name}' is in '{rows.assumptions[name].unit}'; a {kind} stands "
                    f"here, such as {' or '.join(right)}"
                )
    for key, run in rows.training_runs.items():
        if key in rows.closed_models and not isinstance(run.flop, str | Exact):
            yield (
                f"training_runs.csv, row {key}: closed_models.csv has a model of this key, and the "
                "two would share their draws; rename the run"
            )
    counted = {key: run for key, run in rows.training_runs.items() if run.counted}
    size = ("flop", "gpu_hours", "cost_usd", "base_run", "fraction_of_base")
    what = ("company", "model", "stage", *size)
    for key, twin in twice(counted, lambda run: tuple(getattr(run, name) for name in what)):
        yield (
            f"training_runs.csv, row {key}: the same model, stage and size as row {twin}, so the "
            "run counts twice; drop one, or set counted to no"
        )


# --- assumptions ----------------------------------------------------------------------------------
def assumptions(rows: Rows) -> Iterator[str]:
    """What the value of each row may be."""
    fractions = {run.fraction_of_base for run in rows.training_runs.values()}
    for where, value, row in cells(rows, "assumptions.value"):
        if row.name in CHOICES:
            words = CHOICES[row.name]
            if value not in words:
                told = f"not one of the words {', '.join(words)}{nearest(value, words)}"
                yield f"{where}: {value!r}: {told}"
        elif row.name == "usd_run_correlation":
            if not 0 <= _number(value) <= 1:
                yield f"{where}: {value!r}: expected a correlation from 0 to 1"
        elif row.name == "bootstrap_resamples":
            if not (_number(value).is_integer() and 100 <= _number(value) <= 1_000_000):
                yield f"{where}: {value!r}: expected a whole number from 100 to 1,000,000"
        elif row.unit != "choice":
            try:
                middle = row.amount.quantile(0.5)
            except InputError as error:
                yield f"{where}: {error}"
                continue
            lowest = getattr(row.amount, "low", middle)
            highest = max(middle, getattr(row.amount, "high", middle))
            fraction = row.unit.startswith("fraction")
            if highest > 1 and (fraction or row.name in fractions):
                yield f"{where}: {value!r}: a fraction cannot exceed 1; write 5% as 0.05"
            if fraction and lowest < 1e-6:
                yield f"{where}: '{value}' is below a millionth; check the exponent"
            if row.unit.startswith("multiple") and lowest < 1:
                yield (
                    f"{where}: '{value}' goes below 1; a multiple holds what it multiplies, write "
                    "1.05 for 5% more"
                )
            if isinstance(row.amount, LogNormal) and not row.correlation:
                yield (
                    f"assumptions.csv, row {row.name}, column correlation: empty; write shared, "
                    "per-company or per-run"
                )
    for name in NEEDED:
        if name not in rows.texts["assumptions"]:
            yield f"assumptions.csv: the row '{name}' is missing; the computation needs it"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def choices(rows: Rows) -> Iterator[str]:
    """A uniform between percentiles stands for an average: single models and lines do not fit. The
    lines of the denominator are disclosed, and stand once."""
    chosen = {name: row.value for name, row in rows.assumptions.items()}
    uniform = chosen.get("closed_model_distribution") == "uniform-p5-p95"
    for name, word in (("closed_model_interval", "predictive"), ("closed_model_line", "common")):
        if uniform and chosen.get(name) == word:
            yield (
                f"assumptions.csv, row {name}, column value: '{word}' needs the predictions "
                "themselves, and row closed_model_distribution replaces them by a uniform; set "
                "that to bootstrap"
            )
    disclosed = {row.line for row in rows.spending.values()}
    named = chosen.get("denominator_lines")
    lines = [line.strip() for line in named.split("+")] if named else []
    where = "assumptions.csv, row denominator_lines, column value"
    for line in dict.fromkeys(lines):
        if lines.count(line) > 1:
            yield f"{where}: {line} stands twice, and would be counted twice"
        elif line not in disclosed:
            yield f"{where}: no company discloses '{line}'{nearest(line, disclosed)}"


# --- models of the regressions --------------------------------------------------------------------
def sizes(rows: Rows) -> Iterator[str]:
    """A model has the sizes that its regression takes, within what that has seen."""
    points = {key: row for key, row in rows.generative_models.items() if row.used}
    for table, models, more in (
        ("closed_models", rows.closed_models, []),
        ("generative_models", points, ["training_flop"]),
    ):
        for key, model in models.items():
            size = ["sample_rate_hz"] if model.modality == "speech" else ["width", "height"]
            for column in [*size, *more]:
                if getattr(model, column) is None:
                    yield (
                        f"{table}.csv, row {key}, column {column}: empty, but a {model.modality} "
                        "model needs it"
                    )
    for key, point in points.items():
        if (point.finetune_flop or 0) >= (point.training_flop or math.inf):
            yield (
                f"generative_models.csv, row {key}, column finetune_flop: not below training_flop; "
                "training_flop is the total, of which finetune_flop is a part"
            )
    for where, parameters, model in cells(rows, "closed_models.parameters"):
        seen = [point.parameters for point in points.values() if point.modality == model.modality]
        size = parameters.quantile(0.5)
        if seen and not min(seen) / SIZE_FACTOR <= size <= max(seen) * SIZE_FACTOR:
            yield (
                f"{where}: {size:g} is far outside the {min(seen):g} to {max(seen):g} of the "
                f"{model.modality} models that predict it; write a number of parameters, not "
                "billions"
            )


# --- evidence, corrections, scenarios -------------------------------------------------------------
def evidence(rows: Rows) -> Iterator[str]:
    """Evidence names runs and groups of its company, and assumptions that have one draw for it."""
    for where, quantity, row in cells(rows, "evidence.quantity"):
        runs = rows.texts["training_runs"].items()
        own = {key: run["group"] for key, run in runs if run["company"] == row.company}
        for kind, name in ((of.kind, name) for of in quantity.terms for name in of.names):
            known = {*own, *own.values()} - {""}
            if kind != "assumption" and name not in known:
                yield _unresolved(where, "run or group", name, known)
            if kind == "assumption" and name not in rows.texts["assumptions"]:
                yield _unresolved(where, "assumption", name, rows.texts["assumptions"])
            if kind == "assumption" and name in rows.assumptions:
                correlation = rows.assumptions[name].correlation or "blank"
                if correlation not in ("shared", "per-company"):
                    yield (
                        f"{where}: '{name}' has no one draw for {row.company} (correlation "
                        f"{correlation}); name a run's flop, gpu_hours or cost_usd instead"
                    )


def scenarios(rows: Rows) -> Iterator[str]:
    """Corrections change cells that exist; scenarios take corrections and evidence that exist, each
    in a place of its own; printed figures are of a scenario that exists."""
    for key, correction in rows.corrections.items():
        fault = missing_cell(rows.texts, correction.table, correction.key, correction.column)
        if fault:
            yield f"corrections.csv, row {key}: {fault}"
    corrected = contents(rows, "corrections", "correction")
    observed = contents(rows, "evidence", "evidence")
    for name in sorted(corrected & observed):
        yield (
            f"evidence.csv, {name}: corrections.csv has a correction of this name, and a scenario "
            "could not tell them apart; rename one"
        )
    for where, name, _ in cells(rows, "scenarios.correction"):
        if name and name not in corrected | observed:
            yield _unresolved(where, "correction or evidence", name, corrected | observed)
    steps = {key: row for key, row in rows.scenarios.items() if row.order is not None}
    for key, _ in twice(steps, lambda row: (row.scenario, row.order)):
        order, scenario = steps[key].order, steps[key].scenario
        yield f"scenarios.csv, row {key}, column order: {order} stands twice in '{scenario}'"
    known = contents(rows, "scenarios", "scenario")
    for where, name, _ in cells(rows, "published.scenario"):
        if name not in known:
            yield _unresolved(where, "scenario", name, known)


RULES = (references, dates, shown, cycles, runs, assumptions, choices, sizes, evidence, scenarios)
