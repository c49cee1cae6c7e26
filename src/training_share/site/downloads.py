"""Estimates to take away: CSV files, one Excel workbook, and the draws as Parquet.

Units stand in the headers; scenario, draws, seed and sources travel with the numbers. The same call
gives the same bytes (for one version of openpyxl and pyarrow).
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd

from training_share.analysis.shares import TOTAL, error_columns, precision_table
from training_share.errors import InputError
from training_share.files import write_aside
from training_share.model.comparison import Comparison, compare
from training_share.model.estimates import Estimate
from training_share.model.precision import QUANTILES
from training_share.report.tables import denominator_table, runs_table

STAMP = (  # in place of the time of writing, which would differ from run to run
    "2026-01-01T00:00:00Z"
)
WIDEST = 60  # characters of an Excel column
ERROR = "Monte Carlo standard error"


def write_downloads(
    folder: str | Path,
    companies: Iterable[str] | str = ("openai", "minimax", "zai"),
    scenario: str = "newsletter",
    n_draws: int | str = 50_000,
    seed: int = 42,
    *,
    draws_by_run: bool = True,
    **settings,
) -> list[Path]:
    """Write what an estimate gives into `folder` and return the files written.

    `comparison_SCENARIO.csv`, `costs_COMPANY_SCENARIO.csv`, `training_share_SCENARIO.xlsx` (sheets
    comparison, costs of each company, inputs, sources, about) and `draws_COMPANY_SCENARIO.parquet`
    (a row a draw: training_cost_usd, rd_compute_usd, training_share, its weight where there is
    evidence, and with `draws_by_run` cost_usd/RUN_ID, in single precision). `settings` go to
    `compare`. Raises InputError as `compare` does, for a company without spending, and for a folder
    that cannot be written; nothing is written then.
    """
    target = _writable(folder)
    comparison = compare(companies, scenario, n_draws, seed, **settings)
    word = next(iter(comparison.estimates.values())).scenario
    tables = {"comparison": comparison_table(comparison)}
    tables |= {
        f"costs_{company}": costs_table(est) for company, est in comparison.estimates.items()
    }
    files = {
        f"{name}_{word}.csv": (
            table.to_csv(index=False, float_format="%.10g", lineterminator="\n").encode()
        )
        for name, table in tables.items()
    }
    sheets = {name.replace("_", " "): table for name, table in tables.items()}
    sheets |= {
        "inputs": inputs_table(comparison),
        "sources": sources_table(comparison),
        "about": about(comparison),
    }
    files[f"training_share_{word}.xlsx"] = workbook(sheets)
    files |= {
        f"draws_{company}_{word}.parquet": parquet(est, draws_by_run)
        for company, est in comparison.estimates.items()
    }
    for name, content in files.items():
        write_aside(target / name, content)
    return [target / name for name in files]


def _writable(folder: str | Path) -> Path:
    if not str(folder).strip():
        raise InputError("folder: name the folder for the downloads, such as downloads/")
    path = Path(folder).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); choose a folder you may write to"
        ) from error
    return path


def comparison_table(comparison: Comparison) -> pd.DataFrame:
    """Return `Comparison.table` with units in the headers and Monte Carlo standard errors, and
    scenario, draws and seed in every row."""
    errors = {company: error_columns(est) for company, est in comparison.estimates.items()}
    table = comparison.table.join(pd.DataFrame.from_dict(errors, orient="index"))
    units = {}
    for quantity, name, unit in (
        ("share", "training share", "fraction of R&D compute"),
        ("training_cost", "training cost", "USD million"),
    ):
        for p in QUANTILES:
            units |= {
                f"{quantity}_{p}": f"{name} {p} ({unit})",
                f"{quantity}_{p}_error": f"{name} {p}, {ERROR} ({unit})",
            }
    units |= {
        "rd_compute": "R&D compute (USD million)",
        "spending_start": "spending window, first day",
        "spending_end": "spending window, last day",
        "release_start": "release window, first month",
        "release_end": "release window, last month",
        "effective_draws": "effective draws",
        "months_not_collected": "months of the release window without collected runs",
    }
    named = table.rename(columns=units).reset_index()
    sources = [_spending_sources(est) for est in comparison.estimates.values()]
    return named.assign(
        **{"sources of R&D compute": sources}, **_setting(next(iter(comparison.estimates.values())))
    )


def costs_table(est: Estimate) -> pd.DataFrame:
    """Return the cost of each run and of their total with units in the headers and Monte Carlo
    standard errors, what it rests on and its source."""
    names = {p: f"cost {p} (USD million)" for p in QUANTILES} | {
        f"{p}_error": f"cost {p}, {ERROR} (USD million)" for p in QUANTILES
    }
    cost = (
        precision_table(est).rename(index={TOTAL: "total"}, columns=names).loc[[*est.runs, "total"]]
    )
    runs = runs_table(est).drop(columns="source")
    source = {run_id: est.tables["sources"][run.source_id] for run_id, run in est.runs.items()}
    runs["source"] = [
        f"{row.title}, {row.publisher}, {row.date}: {row.locator}" for row in source.values()
    ]
    runs["url"] = [row.url for row in source.values()]
    joined = cost.join(
        runs.rename(columns={"amount": "amount (a distribution where it is a range)"})
    )
    return joined.fillna("").reset_index().assign(**_setting(est))


def inputs_table(comparison: Comparison) -> pd.DataFrame:
    """Return the assumptions in force and the disclosed periods behind R&D compute, each with unit
    and source."""
    first = next(iter(comparison.estimates.values()))
    parts = [first.inputs().reset_index().assign(company="all")]
    for company, est in comparison.estimates.items():
        periods = denominator_table(est).reset_index()
        parts.append(
            pd.DataFrame(
                {
                    "company": company,
                    "name": periods["line"] + ", " + periods["period"],
                    "value": periods["sign"].str[0] + periods["amount (millions)"],
                    "unit": periods["currency"] + " million",
                    "correlation": "",
                    "source": periods["source"],
                    "note": periods["note"],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)[
        ["company", "name", "value", "unit", "correlation", "source", "note"]
    ]


def sources_table(comparison: Comparison) -> pd.DataFrame:
    """Return the table of sources."""
    return next(iter(comparison.estimates.values())).tables.frame("sources")


def about(comparison: Comparison) -> pd.DataFrame:
    """Return what a stranger to the workbook must know, one fact a row."""
    first = next(iter(comparison.estimates.values()))
    facts = {
        "question": (
            "Which share of a company's R&D compute spending went to the final training runs of the"
            " models it released?"
        ),
        "formula": (
            "training share = cost of final training runs (USD) / R&D compute spending (USD); "
            "cost = FLOP / (peak FLOP/s x MFU x 3600 s/h) x price per GPU-hour"
        ),
        "p5, p50, p95": (
            "percentiles of the draws; p5 to p95 is the 90% interval. They do not add up."
        ),
        **_setting(first),
        "corrections": ", ".join(first.corrections) or "none",
        "left out": (
            "; ".join(
                f"{name}: {', '.join(est.excluded)}"
                for name, est in comparison.estimates.items()
                if est.excluded
            )
            or "nothing"
        ),
        "set in the call": ", ".join(first.overridden) or "nothing",
        "data": (
            "Epoch AI, Data on AI models and Data on machine learning hardware, epoch.ai/data (CC"
            " BY 4.0), and the filings and reports in the sheet sources"
        ),
    }
    return pd.DataFrame({"what": list(facts), "content": [str(value) for value in facts.values()]})


def _setting(est: Estimate) -> dict[str, object]:
    return {
        "scenario": est.scenario,
        "draws": est.n_draws,
        "seed": est.seed,
        "version": package_version(),
    }


def _spending_sources(est: Estimate) -> str:
    return "; ".join(dict.fromkeys(denominator_table(est)["source"]))


def package_version() -> str:
    """Return the version of this package as installed, or "unknown"."""
    try:
        return version("training_share")
    except PackageNotFoundError:
        return "unknown"


def workbook(sheets: dict[str, pd.DataFrame]) -> bytes:
    """Return an Excel workbook, one sheet a table: header in bold and frozen, text never read as a
    formula."""
    from openpyxl import Workbook  # here, so that the package's own import stays quick
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.active)
    for name, table in sheets.items():
        sheet = book.create_sheet(name[:31])
        sheet.append([str(column) for column in table])
        for row in table.astype(object).itertuples(index=False):
            sheet.append([None if pd.isna(value) else value for value in row])
        for number, column in enumerate(sheet.columns, start=1):
            width = max(len(str(cell.value if cell.value is not None else "")) for cell in column)
            sheet.column_dimensions[get_column_letter(number)].width = min(width + 2, WIDEST)
            for cell in column:
                cell.alignment = Alignment(wrap_text=True, vertical="top")
                if cell.data_type == "f":
                    cell.data_type = "s"
            column[0].font = Font(bold=True)
        sheet.freeze_panes = "B2"
    stream = io.BytesIO()
    book.save(stream)
    return _without_times(stream.getvalue())


def _without_times(content: bytes) -> bytes:
    """Return a workbook with fixed times in its properties and its archive."""
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename == "docProps/core.xml":
                data = re.sub(
                    rb"(<dcterms:(created|modified)[^>]*>)[^<]*", rb"\g<1>" + STAMP.encode(), data
                )
            fixed = zipfile.ZipInfo(entry.filename, date_time=(1980, 1, 1, 0, 0, 0))
            fixed.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(fixed, data)
    return result.getvalue()


def parquet(est: Estimate, by_run: bool = True) -> bytes:
    """Return the draws as Parquet, with company, scenario, seed, draws, version and units as
    metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "draw": np.arange(est.n_draws, dtype=np.int32),
        "training_cost_usd": est.total_cost_usd.astype(np.float32),
        "rd_compute_usd": np.broadcast_to(est.rd_compute_usd, est.share.shape).astype(np.float32),
        "training_share": est.share.astype(np.float32),
    }
    if est.weights is not None:
        columns["weight"] = est.weights.astype(np.float32)
    if by_run:
        columns |= {
            f"cost_usd/{run_id}": est.cost_usd[run_id].to_numpy(np.float32) for run_id in est.runs
        }
    facts = {
        "company": est.company,
        **_setting(est),
        "corrections": ", ".join(est.corrections),
        "evidence": ", ".join(est.evidence),
        "excluded groups": ", ".join(est.excluded),
        "overridden assumptions": ", ".join(est.overridden),
        "units": "USD, except training_share: fraction of R&D compute",
    }
    table = pa.table(columns).replace_schema_metadata(
        {name: str(value) for name, value in facts.items()}
    )
    sink = pa.BufferOutputStream()
    encodings = dict.fromkeys(
        [name for name in columns if name not in ("draw", "rd_compute_usd")], "BYTE_STREAM_SPLIT"
    )
    pq.write_table(
        table,
        sink,
        compression="zstd",
        use_dictionary=["rd_compute_usd"],
        column_encoding={**encodings, "draw": "DELTA_BINARY_PACKED"},
    )
    return sink.getvalue().to_pybytes()
