"""What the cells of a row, and rows of different tables, must mean together.

Beside what cannot be computed with, the rules refuse slips of the hand: cells that are well formed
and cannot be meant (a unit of another table, a year mistyped, a name with a letter missing), each
of which would change a result without a word. A rule looks at all tables and yields their faults.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from itertools import combinations, permutations
from typing import Any

import numpy as np

from training_share.errors import nearest
from training_share.inputs.columns import Layout, Row, at, chip_of
from training_share.inputs.notation import Exact

Tables = Any  # `inputs.tables.Tables`, whose module takes the rules from here
NEEDED = (  # rows of assumptions.csv that the computation asks for by name
    *("closed_model_distribution", "closed_model_interval", "closed_model_line", "bootstrap_unit"),
    *("bootstrap_resamples", "rl_fraction_basis", "usd_run_correlation", "denominator_lines"),
    *("denominator_window", "mfu", "mfu_rl", "price_usd_per_gpu_hour", "next_case_mean_scale"),
    "next_case_spread_scale",
)
NAMES = ("correction", "family", "group", "line", "scenario")  # columns that tie rows together
TOTALS = {"rd_compute": "rd_total", "training_compute": "total_compute"}  # line -> what holds it
FIRST_YEAR = 2010  # no model of these tables is older


def cells(tables: Tables, table: str, column: str) -> Iterator[tuple[str, Any, Row]]:
    """Yield the place, the meaning and the row of each filled cell of a column."""
    for key, row in tables[table].items():
        if (value := getattr(row, column)) is not None:
            yield at(table, key, column), value, row


def twice(rows: Mapping[str, Row], *columns: str) -> Iterator[tuple[str, str]]:
    """Yield the key of each row that is in some columns as an earlier one, and that one's key;
    rows with a blank there aside."""
    first: dict[tuple[Any, ...], str] = {}
    for key, row in rows.items():
        what = tuple(getattr(row, column) for column in columns)
        if None not in what and first.setdefault(what, key) != key:
            yield key, first[what]


def missing_cell(tables: Tables, table: str, key: str, column: str) -> str:
    """Say why a cell does not exist, or return an empty string where it does."""
    if table not in tables.schema:
        return f"no table '{table}'{nearest(table, tables.schema)}"
    if key not in tables.texts[table]:
        return f"{table}.csv has no row '{key}'{nearest(key, tables.texts[table])}"
    layout = tables.schema[table]
    others = [name for name in layout.columns if name not in layout.keys]
    if column not in others:
        return f"{table}.csv has no column '{column}' that can be changed{nearest(column, others)}"
    return ""


# --- a row by itself ------------------------------------------------------------------------------
def within(layout: Layout, row: Row) -> Iterator[str]:
    """Yield what is wrong between the cells of one row."""
    table, said = layout.table, vars(row).items()
    filled = {name for name, value in said if value is not None and value != ""}
    for names in layout.together:
        if 0 < len(filled & {*names}) < len(names):
            yield f"{' and '.join(names)} belong together; fill all or none"
    for names in layout.one_of:
        if len(told := [name for name in names if name in filled]) != 1:
            yield f"fill exactly one of {', '.join(names)}; filled: {', '.join(told) or 'none'}"
    if table == "companies" and row.spending_end < row.spending_start:
        yield "spending_end lies before spending_start; swap the dates"
    if table == "spending" and row.period_end < row.period_start:
        yield "period_end lies before period_start; swap the dates"
    if table == "training_runs":
        if row.covers and not row.covers[0] <= row.released <= row.covers[1]:
            yield f"released {row.released} lies outside what the row covers; mend one of them"
        if row.post_training and row.flop is None:
            yield "post_training multiplies a FLOP figure; leave it blank or give flop"
        if row.flop is not None and row.hardware is None:
            yield "a run in FLOP needs its hardware; fill the column hardware"
    if table == "measured_cases" and filled >= {"final_amount", "total_amount"}:
        final, total = (amount.quantile(0.5) for amount in (row.final_amount, row.total_amount))
        if final > total:
            yield "final_amount exceeds total_amount; the total contains it"
    if table == "assumptions" and not (row.correlation or isinstance(row.amount, Exact | None)):
        yield "correlation is empty; write shared, per-company or per-run"
    if table in ("closed_models", "generative_models") and getattr(row, "used", True):
        needed = {"sample_rate_hz"} if row.modality == "speech" else {"width", "height"}
        needed |= {"training_flop", "place"} if table == "generative_models" else set()
        if empty := " and ".join(sorted(needed - filled)):
            yield f"{empty} empty, but a {row.modality} model needs it; fill it in"
        elif table == "generative_models" and (row.finetune_flop or 0) >= row.training_flop:
            yield "finetune_flop is not below training_flop, the total of which it is a part"


# --- runs and models ------------------------------------------------------------------------------
def runs(tables: Tables) -> Iterator[str]:
    """A base is of the run's own company and does not rest on its own finetune, an assumption is of
    the kind that its column takes, a run counts once, and takes no closed model's draws."""
    runs = tables.training_runs
    for where, name, run in cells(tables, "training_runs", "base_run"):
        if name in runs and runs[name].company != run.company:
            told = f"{name} is a run of {runs[name].company}"
            yield f"{where}: {told}; a base is of the run's own company, {run.company}"
    try:
        TopologicalSorter({key: {run.base_run} - {None} for key, run in runs.items()}).prepare()
    except CycleError as error:
        cycle = error.args[1][::-1]
        where = at("training_runs", cycle[0], "base_run")
        yield f"{where}: a cycle of bases ({' -> '.join(cycle)}); no base rests on its own finetune"
    for column, kind in (("fraction_of_base", "fraction"), ("post_training", "multiple")):
        right = [name for name, row in tables.assumptions.items() if row.kind.split()[0] == kind]
        for where, name, _ in cells(tables, "training_runs", column):
            if name in tables.assumptions and name not in right:
                other = tables.assumptions[name].kind
                yield f"{where}: '{name}' is no {kind} but {other}; write {' or '.join(right)}"
    for key in runs.keys() & tables.closed_models.keys():
        if not isinstance(runs[key].flop, str | Exact):
            where = at("training_runs", key)
            yield f"{where}: a closed model has this key, and would share draws; rename the run"
    counted = {key: run for key, run in runs.items() if run.counted}
    for size in ("flop", "gpu_hours", "cost_usd", "base_run"):
        more = ["fraction_of_base"] if size == "base_run" else []
        for key, twin in twice(counted, "company", "model", "stage", size, *more):
            where = at("training_runs", key)
            yield f"{where}: the same model, stage and size as {twin}; set counted of one to no"


def releases(tables: Tables) -> Iterator[str]:
    """Where the releases of a company are listed, every counted run is of one of them."""
    listed: dict[str, set[str]] = {}
    for row in tables.releases.values():
        listed.setdefault(row.company, set()).update({row.model, row.counted_as or row.model})
    for where, model, run in cells(tables, "training_runs", "model"):
        known = listed.get(run.company, {model})
        if run.counted and model not in known:
            yield f"{where}: releases.csv lacks '{model}'{nearest(model, known)}; add the release"


# --- assumptions ----------------------------------------------------------------------------------
def assumptions(tables: Tables) -> Iterator[str]:
    """The rows that the model needs exist. A uniform between percentiles replaces the predictions,
    so single models and common lines do not go with it. The lines of the denominator are disclosed,
    each named once."""
    for name in NEEDED:
        if name not in tables.texts["assumptions"]:
            yield f"assumptions.csv: the row '{name}' is missing; the computation needs it"
    chosen = {name: row.value for name, row in tables.assumptions.items()}
    if chosen.get("closed_model_distribution") == "uniform-p5-p95":
        told = "needs the predictions themselves; set closed_model_distribution to bootstrap"
        words = {"closed_model_interval": "predictive", "closed_model_line": "common"}
        for name in [name for name in words if chosen.get(name) == words[name]]:
            yield f"{at('assumptions', name, 'value')}: '{words[name]}' {told}"
    where = at("assumptions", "denominator_lines", "value")
    disclosed = {row.line for row in tables.spending.values()}
    named = chosen.get("denominator_lines", "rd_compute").split("+")
    for line, times in Counter(map(str.strip, named)).items():
        if times > 1:
            yield f"{where}: {line} is there twice, and would count twice; name it once"
        if line not in disclosed:
            yield f"{where}: no company discloses '{line}'{nearest(line, disclosed)}"


# --- names and dates ------------------------------------------------------------------------------
def unique(tables: Tables) -> Iterator[str]:
    """No two rows of a table are alike in columns that tell them apart."""
    for table, layout in tables.schema.items():
        for columns in layout.unique:
            for key, twin in twice(tables[table], *columns):
                where = at(table, key, columns[-1])
                yield f"{where}: the same {', '.join(columns)} as row {twin}; mend or keep one"


def dates(tables: Tables) -> Iterator[str]:
    """Nothing can be known before it happens: dates lie before the newest source, a year aside."""
    years = re.findall(r"20\d\d", " ".join(row.date for row in tables.sources.values()))
    last = max(map(int, years), default=FIRST_YEAR) + 1
    ends = ["training_runs.released", "releases.released"]
    ends += ["spending.period_end", "companies.spending_end"]
    for where, day, _ in (cell for end in ends for cell in cells(tables, *end.split("."))):
        if not FIRST_YEAR <= day.year <= last:
            told = f"outside {FIRST_YEAR} to {last}, the year after the newest source"
            yield f"{where}: {day} lies {told}; check the year"


def lonely_names(tables: Tables) -> Iterator[str]:
    """A name that ties rows together is in one row alone, and differs from another by a letter that
    is missing, wrong or in the wrong place. Names that differ in digits are different."""
    for table, layout in tables.schema.items():
        for column in [name for name in NAMES if name in layout.columns]:
            rows = {} if layout.columns[column].refers_to else tables.texts[table]
            names = Counter(row[column] for row in rows.values())
            less = {name: {name, *_less_a_letter(name)} for name in names if len(name) > 3}
            for key, row in rows.items():
                name = row[column]
                for near in less if name in less and names[name] == 1 else ():
                    if near != name and not less[near].isdisjoint(less[name]):
                        where = at(table, key, column)
                        yield f"{where}: '{name}' is in no other row; did you mean '{near}'?"


def _less_a_letter(name: str) -> Iterator[str]:
    return (name[:i] + name[i + 1 :] for i, letter in enumerate(name) if not letter.isdigit())


def evidence(tables: Tables) -> Iterator[str]:
    """Evidence names runs and groups of its company, and assumptions that have one draw for it."""
    assumed, runs = tables.texts["assumptions"], tables.texts["training_runs"].items()
    for where, quantity, row in cells(tables, "evidence", "quantity"):
        own = {key: run["group"] for key, run in runs if run["company"] == row.company}
        names = {*own, *own.values()} - {""}
        named = [(term, name) for term in quantity.terms for name in term.names]
        for term, name in named:
            is_run = term.kind != "assumption"
            if name not in (known := names if is_run else set(assumed)):
                noun = "run or group" if is_run else "assumption"
                yield f"{where}: no {noun} '{name}'{nearest(name, known)}"
            elif not is_run and not assumed[name]["correlation"]:
                yield f"{where}: '{name}' is a choice of method, which no draw tells"
            elif not is_run and not term.run and "per-run" in assumed[name]["correlation"]:
                told = f"'{name}' has no one draw for {row.company}"
                yield f"{where}: {told}; say of which run, as in 'assumption {name} of RUN'"
        for name in {term.run for term, _ in named} - {"", *own}:
            yield f"{where}: no run '{name}'{nearest(name, own)}"


def choices(tables: Tables) -> Iterator[str]:
    """A choice takes evidence that is there."""
    known = {row["evidence"] for row in tables.texts["evidence"].values()}
    for where, names, _ in cells(tables, "choices", "evidence"):
        for name in map(str.strip, names.split(",")):
            if name not in (*known, "none", ""):
                yield f"{where}: no evidence '{name}'{nearest(name, known)}"


def corrections(tables: Tables) -> Iterator[str]:
    """Corrections change cells that exist, and have other names than evidence."""
    observed = {row["evidence"] for row in tables.texts["evidence"].values()}
    for key, row in tables.corrections.items():
        if fault := missing_cell(tables, row.table, row.key, row.column):
            yield f"{at('corrections', key)}: {fault}"
    for name in observed & {row["correction"] for row in tables.texts["corrections"].values()}:
        yield f"evidence.csv, {name}: corrections.csv has this name too; rename one of them"


# --- what is disclosed ----------------------------------------------------------------------------
def _by_line(tables: Tables) -> dict[tuple[str, str], dict[str, Row]]:
    """Return the rows of spending by company and line, and by key."""
    lines: dict[tuple[str, str], dict[str, Row]] = {}
    for key, row in tables.spending.items():
        lines.setdefault((row.company, row.line), {})[key] = row
    return lines


def parts(tables: Tables) -> Iterator[str]:
    """A part is no larger than what holds it: a longer period, or the line's total."""
    lines = _by_line(tables)
    for (company, line), rows in lines.items():
        wholes = rows | lines.get((company, TOTALS.get(line, "")), {})
        for (key, part), (outer, whole) in permutations(wholes.items(), 2):
            inside = whole.period_start <= part.period_start and part.period_end <= whole.period_end
            amount, total = (row.amount_millions.quantile(0.5) for row in (part, whole))
            if key in rows and inside and amount > total:
                where = f"{at('spending', key, 'amount_millions')}: {amount:g} is more than"
                yield f"{where} the {total:g} of row {outer}, of which it is a part; check both"


def paths(tables: Tables) -> Iterator[str]:
    """Every way to add and subtract periods to a window has to give the same amount."""
    for rows in _by_line(tables).values():
        yield from _disagreements(tuple(rows), tuple(rows.values()))


@lru_cache(maxsize=256)
def _disagreements(keys: tuple[str, ...], rows: tuple[Row, ...]) -> list[str]:
    """Return which periods disagree with those before them. A period leads from its first day to
    the day after its last; where earlier ones, added and subtracted, lead between the same days,
    they have to give its amount, but for rounding."""
    days = [(row.period_start.toordinal(), row.period_end.toordinal() + 1) for row in rows]
    known = sorted({*sum(days, ())})
    leads = np.zeros((len(rows), len(known)))
    for lead, (start, end) in zip(leads, days, strict=True):
        lead[known.index(start)], lead[known.index(end)] = -1, 1
    quantiles = [[row.amount_millions.quantile(p) for row in rows] for p in (0.05, 0.5, 0.95)]
    low, amount, high = np.array(quantiles)
    digits = [10.0 ** -len(f"{one:.12g}".partition(".")[2]) for one in amount]
    rounding = np.maximum(high - low, digits) / 2
    faults = []
    for i in range(1, len(rows)):
        by = np.linalg.lstsq(leads[:i].T, leads[i])[0].round(9)
        error = abs(by @ amount[:i] - amount[i])
        if np.allclose(by @ leads[:i], leads[i]) and error > abs(by) @ rounding[:i] + rounding[i]:
            others = ", ".join(key for key, part in zip(keys, by, strict=False) if part)
            told = f"{amount[i]:g} disagrees with {others}, which give {by @ amount[:i]:g}"
            faults.append(f"{at('spending', keys[i])}: {told} for the same days; correct one")
    return faults


def currencies(tables: Tables) -> Iterator[str]:
    """A company reports in one currency, which has one rate a year; hours are of a known chip."""
    money = {"USD", *(row["currency"] for row in tables.texts["fx"].values())}
    chips = {key.rsplit("-", 1)[0] for key in tables.texts["hardware"]}
    for company, row in tables.companies.items():
        own = {key: one.currency for key, one in tables.spending.items() if one.company == company}
        for unit in sorted({*own.values()}):
            chip, keys = chip_of(unit), [key for key in own if own[key] == unit]
            more = f" (and {len(keys) - 1} more)" if len(keys) > 1 else ""
            where = f"{at('spending', keys[0], 'currency')}{more}: {unit}"
            if chip and not any(f"{key}-".startswith(f"{chip}-") for key in chips):
                near = nearest(chip, {key.split("-")[0] for key in chips})
                yield f"{where}: hardware.csv has no chip '{chip}'{near}"
            disagrees = not (chip or chip_of(row.currency)) and unit != row.currency
            if disagrees and (unit in money or len({*own.values()}) > 1):
                there = at("companies", company, "currency")
                yield f"{where}, but {there} says {row.currency}; make them agree"
            elif not chip and unit not in money:
                yield f"{where}: fx.csv has no rate for it; add a row"
    for (one, a), (two, b) in combinations(tables.fx.items(), 2):
        (first, last), (start, end) = (row.period.split("/") for row in (a, b))
        overlap = max(first, start) <= min(last, end)
        if a.currency == b.currency and overlap and a.per_usd != b.per_usd:
            told = f"{b.per_usd} for years in which row {one} has {a.per_usd}"
            yield f"{at('fx', two)}: {told}; one rate a year, narrow or remove one"


RULES = (unique, runs, assumptions, dates, evidence, corrections, choices, parts, paths, currencies)
OF_FILES = (lonely_names, releases)  # not of changed tables
