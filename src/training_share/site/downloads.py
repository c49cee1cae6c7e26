"""Estimates to take away: CSV files, one Excel workbook, and the draws as Parquet.

Units stand in the headers; what was asked, versions and sources travel with the numbers, which have
ten significant digits in CSV and workbook.
"""

import csv
import io
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from training_share.errors import InputError
from training_share.files import repo_root, write_all
from training_share.inputs.columns import CHECKED
from training_share.inputs.notation import parse
from training_share.inputs.observable import ends
from training_share.inputs.quantities import clean
from training_share.inputs.tables import LONGEST
from training_share.model.comparison import Comparison, compare
from training_share.model.estimate import Estimate
from training_share.model.precision import QUANTILES
from training_share.report.figure import rounded
from training_share.report.shares import error_columns
from training_share.report.tables import denominator_table

WIDEST = 60  # characters of an Excel column
ERROR = "Monte Carlo standard error"
LIBRARIES = ("numpy", "scipy", "pandas")  # numbers pass through these
# by a spreadsheet: a text that begins with =, +, -, @ or a tab and is no number
CALCULATED = re.compile(r"(?![+-]?[\d.]+(e[+-]?\d+)?\Z)[=+@\t\r-]", re.I)


def write_downloads(
    folder: str | Path,
    companies: Iterable[str] | str | None = None,
    scenario: str = "newsletter",
    n_draws: int = 50_000,
    seed: int = 42,
    *,
    draws_by_run: bool = True,
    **settings,
) -> list[Path]:
    """Write what estimates give into `folder`, all files or none, and return them.

    Companies are by default those that disclose spending; `settings` go to `compare`. Raises
    InputError as `compare` does, for a company without spending, and for a folder that cannot be
    written; nothing is written then.
    """
    if not str(folder).strip():
        raise InputError("folder: name the folder for the downloads, such as downloads/")
    files = downloads(compare(companies, scenario, n_draws, seed, **settings), draws_by_run)
    target = Path(folder).expanduser()
    write_all(target, files)
    return [target / name for name in files]


def downloads(comparison: Comparison, draws_by_run: bool = True) -> dict[str, bytes]:
    """Return the files of a comparison by name.

    `comparison_SCENARIO.csv`, `costs_COMPANY_SCENARIO.csv`, `training_share_SCENARIO.xlsx` (sheets
    comparison, costs of each company, inputs, sources, about) and `draws_COMPANY_SCENARIO.parquet`
    (a row a draw: training_cost_usd, rd_compute_usd, training_share, its weight where there is
    evidence, and with `draws_by_run` cost_usd/RUN_ID, in single precision).
    """
    estimates, first = comparison.estimates, next(iter(comparison.estimates.values()))
    tables = {"comparison": comparison_table(comparison)}
    tables |= {f"costs_{company}": costs_table(est) for company, est in estimates.items()}
    tables = {name: rounded(table) for name, table in tables.items()}
    sheets = {name.replace("_", " "): table for name, table in tables.items()}
    sheets |= {
        "inputs": inputs_table(comparison),
        "sources": first.tables.frame("sources"),
        "about": about(comparison),
    }
    files = {f"{name}_{first.scenario}.csv": csv_of(table) for name, table in tables.items()}
    files[f"training_share_{first.scenario}.xlsx"] = workbook(sheets)
    for company, est in estimates.items():
        files[f"draws_{company}_{first.scenario}.parquet"] = parquet(est, draws_by_run)
    return files


# --- what it rests on -----------------------------------------------------------------------------
def provenance(est: Estimate) -> dict[str, object]:
    """Return what makes an estimate: what was asked, the tables, the rates, the code."""
    return {
        "scenario": est.scenario,
        "draws": est.n_draws,
        "seed": est.seed,
        "evidence": ", ".join(est.evidence) or "none",
        "set in the call": "; ".join(set_in_call(est)) or "nothing",
        "caveat": est.caveat or "none",
        "version": version("training_share"),
        "commit": commit(),
        "tables (SHA-256)": est.base.digest,
    }


def set_in_call(est: Estimate) -> list[str]:
    """Return what an estimate was asked beside company, scenario, draws and seed, as name =
    value."""
    usual = ("company", "scenario", "n_draws", "seed")
    told = {name: _words(value) for name, value in est.call.items() if name not in usual}
    return [f"{name} = {words}" for name, words in told.items() if words]


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {content}" for name, content in value.items() if content)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_words, value))
    if isinstance(value, pd.DataFrame):
        return f"{len(value):,} rows of {', '.join(map(str, value))}"
    return "" if value is None else str(clean(value))


def commit() -> str:
    """Return the commit of the checkout, with "-dirty" where files differ from it; or "unknown"."""
    asked = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        told = subprocess.run(asked, cwd=repo_root(), capture_output=True, text=True).stdout
    except (OSError, InputError):
        told = ""
    return told.strip() or "unknown"


# --- tables ---------------------------------------------------------------------------------------
def comparison_table(comparison: Comparison) -> pd.DataFrame:
    """Return `Comparison.table` with units in the headers, Monte Carlo standard errors, and what
    makes it in every row."""
    estimates = comparison.estimates
    errors = {company: error_columns(est) for company, est in estimates.items()}
    table = comparison.table.join(pd.DataFrame.from_dict(errors, orient="index"))
    table["sources of R&D compute"] = [
        "; ".join(_periods(est)["source"].unique()) for est in estimates.values()
    ]
    units = {
        "rd_compute": "R&D compute (USD million)",
        "spending_start": "spending window, first day",
        "spending_end": "spending window, last day",
        "release_start": "release window, first month",
        "release_end": "release window, last month",
        "effective_draws": "effective draws",
        "months_not_collected": "months of the release window without collected runs",
        "months_out_of_window": "months outside the release window that a run stands for too",
    }
    units |= _headers("training share", "fraction of R&D compute", "share_")
    units |= _headers("training cost", "USD million", "training_cost_")
    made = pd.DataFrame([provenance(est) for est in estimates.values()], index=table.index)
    return table.drop(columns="caveat").rename(columns=units).join(made).reset_index()


def _headers(name: str, unit: str, prefix: str = "") -> dict[str, str]:
    """Return headers with the unit for the columns of quantiles and of their errors."""
    values = {f"{prefix}{p}": f"{name} {p} ({unit})" for p in QUANTILES}
    errors = {f"{prefix}{p}_error": f"{name} {p}, {ERROR} ({unit})" for p in QUANTILES}
    return values | errors


def costs_table(est: Estimate) -> pd.DataFrame:
    """Return the cost of each run and of their total with units in the headers and Monte Carlo
    standard errors, what it rests on and its source."""
    headers = _headers("cost", "USD million")
    rows = {run_id: est.spread(run_id) for run_id in est.runs}
    cost = pd.DataFrame(rows | {"total": est.spread("training_cost")}).T.rename(columns=headers)
    runs = est.tables.frame("training_runs").set_index("run_id").loc[list(est.runs)]
    sources = est.tables.frame("sources").set_index("source_id").loc[runs["source_id"]]
    amounts = {"flop": "FLOP", "gpu_hours": "GPU-hours", "cost_usd": "cost (USD)"}
    columns = ["model", "stage", "released", *amounts, "base_run", "fraction_of_base"]
    columns += ["post_training", "workload", "hardware", "group", "evidence", "source_id"]
    given = {name: f"{unit}, as given" for name, unit in amounts.items()}
    told = runs[columns].rename(columns=given)
    cited = sources["title"] + ", " + sources["publisher"] + ", " + sources["date"]
    told["source"] = (cited + ": " + sources["locator"]).to_numpy()
    told["url"] = sources["url"].to_numpy()
    joined = cost.loc[[*est.runs, "total"]].join(told).astype(object).fillna("")
    return joined.rename_axis("run_id").reset_index().assign(**provenance(est))


def inputs_table(comparison: Comparison) -> pd.DataFrame:
    """Return the assumptions, exchange rates and closed models in force, and the disclosed periods
    behind R&D compute, each with unit and source."""
    first = next(iter(comparison.estimates.values()))
    fx = first.tables.frame("fx")
    unit = fx["currency"] + " per USD"
    rates = {"name": unit + ", " + fx["period"], "value": fx["per_usd"], "unit": unit}
    rates = pd.DataFrame({**rates, "source": fx["source_id"]})
    common = pd.concat([first.inputs().reset_index(), rates]).assign(company="all")
    periods = [_periods(est) for est in comparison.estimates.values()]
    columns = ["company", "name", "value", "unit", "correlation", "source", "note"]
    table = pd.concat([common, *periods], ignore_index=True)[columns].fillna("")
    return typed(table, "value")


def typed(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Give a table the parts of each quantity in `columns`, as numbers behind its text, and return
    it: NAME_low and NAME_high, which its notation names, and NAME_family; blank where none is."""
    for name in columns:
        parts = [_parts(str(text)) for text in table[name]]
        place = table.columns.get_loc(name) + 1
        for at, part in enumerate(("low", "high", "family")):
            table.insert(place + at, f"{name}_{part}", [values[at] for values in parts])
    return table


def _parts(text: str) -> tuple[object, object, str]:
    try:
        quantity = parse(text.lstrip("+-").removesuffix(CHECKED))
    except InputError:
        return "", "", ""
    low, high = ends(quantity)
    return low, high, type(quantity).__name__.lower()


def _periods(est: Estimate) -> pd.DataFrame:
    """Return the disclosed periods that add up to a company's R&D compute."""
    rows = denominator_table(est).drop(index="sum").reset_index()
    return rows.assign(
        company=est.company,
        name=rows["line"] + ", " + rows["period"],
        value=rows["sign"].str[0] + rows["amount (millions)"],
        unit=rows["currency"] + " million",
    )


def about(comparison: Comparison) -> pd.DataFrame:
    """Return what a stranger to the workbook must know, one fact a row."""
    estimates, first = comparison.estimates, next(iter(comparison.estimates.values()))
    asked = dict.fromkeys(item for est in estimates.values() for item in set_in_call(est))
    caveats = [f"{name}: {provenance(est)['caveat']}" for name, est in estimates.items()]
    newsletter = first.tables.sources["newsletter-body"]
    facts = {
        "question": "Which share of a company's R&D compute spending went to the final training"
        " runs of the models it released?",
        "formula": "training share = cost of final training runs (USD) / R&D compute spending"
        " (USD); cost = FLOP / (peak FLOP/s x MFU x 3600 s/h) x price per GPU-hour",
        "p5, p50, p95": "percentiles of the draws; p5 to p95 is the 90% interval. They do not add"
        " up.",
        **provenance(first),
        "set in the call": "; ".join(asked) or "nothing",
        "corrections in force": ", ".join(first.corrections) or "none",
        "caveat": "; ".join(caveats),
        "Python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "after": f"{newsletter.title}, {newsletter.publisher}, {newsletter.date}, {newsletter.url}",
        "data": "Epoch AI, Data on AI models and Data on machine learning hardware, epoch.ai/data"
        " (CC BY 4.0), and the filings and reports in the sheet sources",
    }
    return pd.DataFrame({"what": list(facts), "content": [str(value) for value in facts.values()]})


# --- files ----------------------------------------------------------------------------------------
def csv_of(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in which no text is a formula to a spreadsheet."""
    return harmless(table.to_csv(index=False, lineterminator="\n")).encode()


def harmless(text: str) -> str:
    """Return CSV with an apostrophe before each text that a spreadsheet would calculate."""
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(
        ["'" + cell if CALCULATED.match(cell) else cell for cell in row]
        for row in csv.reader(io.StringIO(text, newline=""))
    )
    return lines.getvalue()


def workbook(sheets: Mapping[str, pd.DataFrame]) -> bytes:
    """Return an Excel workbook, one sheet a table: header in bold and frozen, text never read as a
    formula. InputError for text that Excel cannot hold."""
    from openpyxl.styles import Alignment

    for name, table in sheets.items():
        _require_fit(name, table)
    stream = io.BytesIO()
    with pd.ExcelWriter(stream, engine="openpyxl") as writer:
        for name, table in sheets.items():
            table.to_excel(writer, sheet_name=name[:31], index=False, freeze_panes=(1, 1))
            sheet = writer.sheets[name[:31]]
            for cells in sheet.columns:
                width = max(len(str(cell.value)) for cell in cells) + 2
                sheet.column_dimensions[cells[0].column_letter].width = min(width, WIDEST)
                for cell in cells:
                    cell.alignment = Alignment(wrap_text=True, vertical="top")
                    if cell.data_type == "f":
                        cell.data_type = "s"
    return stream.getvalue()


def _require_fit(name: str, table: pd.DataFrame) -> None:
    """Raise InputError for a text, of a header or below it, that a cell of a workbook cannot
    hold."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    for column in table:
        for row, text in enumerate(map(str, [column, *table[column]]), start=1):
            where = f"sheet {name}, row {row}, column {column}"
            if len(text) > LONGEST:
                raise InputError(
                    f"{where}: {len(text):,} characters, more than the {LONGEST:,} of a cell;"
                    " shorten the text"
                )
            if ILLEGAL_CHARACTERS_RE.search(text):
                raise InputError(f"{where}: a control character; take it out of the text")


def parquet(est: Estimate, by_run: bool = True) -> bytes:
    """Return the draws as Parquet, with what makes them and their units as metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    draws = est.draws(weighted=est.weights is not None).rename(columns={"share": "training_share"})
    draws.insert(2, "training_share", draws.pop("training_share"))
    if by_run:
        draws = draws.join(est.costs[list(est.runs)].add_prefix("cost_usd/"))
    facts = {
        "company": est.company,
        **provenance(est),
        "corrections in force": ", ".join(est.corrections),
        "units": "USD, except training_share: fraction of R&D compute",
    }
    columns = {"draw": np.arange(est.n_draws, dtype=np.int32)}
    columns |= {name: values.to_numpy(np.float32) for name, values in draws.items()}
    told = {name: str(value) for name, value in facts.items()}
    table = pa.table(columns).replace_schema_metadata(told)
    varied = [name for name in draws if name != "rd_compute_usd"]
    encodings = {"draw": "DELTA_BINARY_PACKED"} | dict.fromkeys(varied, "BYTE_STREAM_SPLIT")
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=19,
        use_dictionary=["rd_compute_usd"],
        column_encoding=encodings,
    )
    return sink.getvalue().to_pybytes()
