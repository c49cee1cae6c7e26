"""Estimates to take away: CSV files, one Excel workbook, and the draws as Parquet.

Units stand in the headers; what was asked, versions and sources travel with the numbers, which have
ten significant digits in CSV and workbook.
"""

import io
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from training_share.errors import InputError
from training_share.files import repo_root, write_all
from training_share.inputs.tables import CONTROL, LONGEST
from training_share.model.comparison import Comparison, compare
from training_share.model.estimate import Estimate
from training_share.report.figure import rounded
from training_share.report.shares import changes, error_columns
from training_share.site.words import WORDS

WIDEST = 60  # characters of an Excel column
IN_FORCE = ("assumptions", "fx", "spending", "sources")  # tables that the workbook has
DISTRIBUTION = r"^(?P<low>[\d.e+-]+) to (?P<high>[\d.e+-]+) \("  # as inputs.notation writes it
# by a spreadsheet: where a text begins that begins with =, +, -, @ or a tab and is no number
CALCULATED = r"(?i)\A(?=[=+@\t\r-])(?![+-]?[\d.]+(e[+-]?\d+)?\Z)"


def write_downloads(
    folder: str | Path, *arguments, draws_by_run: bool = True, **settings
) -> list[Path]:
    """Write what the estimates of `compare(*arguments, **settings)` give into `folder`, all files
    or none, and return them. Raises InputError as `compare` does, and for a folder that cannot be
    written; nothing is written then."""
    if not str(folder).strip():
        raise InputError("folder: name the folder for the downloads, such as downloads/")
    files = downloads(compare(*arguments, **settings), draws_by_run)
    target = Path(folder).expanduser()
    write_all(target, files)
    return [target / name for name in files]


def downloads(comparison: Comparison, draws_by_run: bool = True) -> dict[str, bytes]:
    """Return the files of a comparison by name: `comparison_SCENARIO.csv`, of each company
    `costs_COMPANY_SCENARIO.csv` and `draws_COMPANY_SCENARIO.parquet`, and all but the draws with
    the tables in force in `training_share_SCENARIO.xlsx`.

    A row of draws has its training_cost_usd, rd_compute_usd and training_share, its weight where
    there is evidence, and with `draws_by_run` cost_usd/RUN_ID, in single precision.
    """
    estimates = list(comparison.values())
    scenario, tables = estimates[0].scenario, estimates[0].tables
    sheets = {"comparison": rounded(comparison_table(comparison))}
    sheets |= {f"costs {est.company}": rounded(costs_table(est)) for est in estimates}
    names = {name: f"{name.replace(' ', '_')}_{scenario}.csv" for name in sheets}
    files = {names[name]: csv_of(table) for name, table in sheets.items()}
    sheets |= {name: in_numbers(tables.frame(name)) for name in IN_FORCE}
    facts = WORDS["workbook"] | provenance(*estimates)
    facts |= {name: version(name) for name in ("numpy", "scipy", "pandas")}
    facts |= {"corrections in force": ", ".join(estimates[0].corrections) or "none"}
    sheets["about"] = pd.DataFrame({"what": list(facts), "content": map(str, facts.values())})
    files[f"training_share_{scenario}.xlsx"] = workbook(sheets)
    for est in estimates:
        files[f"draws_{est.company}_{scenario}.parquet"] = parquet(est, draws_by_run)
    return files


# --- tables ---------------------------------------------------------------------------------------
def provenance(*estimates: Estimate) -> dict[str, object]:
    """Return what makes an estimate, or several of one run: what was asked, the tables, the code,
    with "-dirty" where files differ from the commit."""
    first = estimates[0]
    caveats = "; ".join(f"{one.company}: {one.caveat}" for one in estimates if one.caveat)
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        commit = subprocess.run(command, cwd=repo_root(), capture_output=True, text=True).stdout
    except (OSError, InputError):
        commit = ""
    return {
        "scenario": first.scenario,
        "draws": first.n_draws,
        "seed": first.seed,
        "evidence": ", ".join(first.evidence) or "none",
        "set in the call": changes(*estimates) or "nothing",
        "caveat": caveats or "none",
        "version": version("training_share"),
        "commit": commit.strip() or "unknown",
        "Python": platform.python_version(),
        "tables (SHA-256)": first.base.digest,
    }


def comparison_table(comparison: Comparison) -> pd.DataFrame:
    """Return `Comparison.table` with units in the headers, Monte Carlo standard errors, and what
    makes it in every row."""
    more = {est.company: error_columns(est) | provenance(est) for est in comparison.values()}
    table = comparison.table.drop(columns="caveat").join(pd.DataFrame(more).T)
    return table.rename(columns=WORDS["headers"]).reset_index()


def costs_table(est: Estimate) -> pd.DataFrame:
    """Return the cost of each run and of their total with units in the headers and Monte Carlo
    standard errors, what it rests on and its source."""
    costs = pd.DataFrame({run_id: est.spread(run_id) for run_id in est.runs}).T
    costs.loc["total"] = est.spread("training_cost")
    runs = est.tables.frame("training_runs").set_index("run_id").loc[list(est.runs)]
    sources = est.tables.frame("sources").set_index("source_id").add_prefix("source_")
    runs = runs.drop(columns=["company", "counted", "note"]).join(sources, on="source_id")
    table = costs.join(runs.rename(columns=WORDS["given"])).rename(columns=WORDS["headers"])
    table = table.astype(object).fillna("").rename_axis("run_id")
    return table.reset_index().assign(**provenance(est))


def in_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the two amounts that each distribution in it names as numbers too, behind
    the text: NAME_low and NAME_high; blank where a cell is no distribution."""
    columns = []
    for name, cells in table.items():
        ends = cells.str.extract(DISTRIBUTION).dropna(axis=1, how="all").astype(float)
        columns += [cells, ends.add_prefix(f"{name}_")]
    return pd.concat(columns, axis=1)


# --- files ----------------------------------------------------------------------------------------
def csv_of(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in which no text is a formula to a spreadsheet."""
    harmless = table.replace(CALCULATED, "'", regex=True)
    return harmless.to_csv(index=False, lineterminator="\n").encode()


def workbook(sheets: Mapping[str, pd.DataFrame]) -> bytes:
    """Return an Excel workbook, one sheet a table: header in bold and frozen, text never read as a
    formula. InputError for text that Excel cannot hold."""
    for name, table in sheets.items():
        bad = table.map(lambda cell: len(str(cell)) > LONGEST or bool(CONTROL.search(str(cell))))
        for row, column in np.argwhere(bad.to_numpy()):
            where = f"sheet {name}, row {row + 2}, column {table.columns[column]}"
            told = f"a control character, or more than {LONGEST:,} of a cell; shorten the text"
            raise InputError(f"{where}: {told}")
    stream = io.BytesIO()
    with pd.ExcelWriter(stream, engine="openpyxl") as writer:
        for name, table in sheets.items():
            table.to_excel(writer, sheet_name=name[:31], index=False, freeze_panes=(1, 1))
            for cells in writer.sheets[name[:31]].columns:
                longest = max(len(str(cell.value)) for cell in cells)
                column = writer.sheets[name[:31]].column_dimensions[cells[0].column_letter]
                column.width = min(longest + 2, WIDEST)
                for cell in cells:
                    cell.data_type = "s" if cell.data_type == "f" else cell.data_type
    return stream.getvalue()


def parquet(est: Estimate, by_run: bool = True) -> bytes:
    """Return the draws as Parquet, with what makes them and their units in `attrs`, where pandas
    reads them back."""
    draws = est.draws(weighted=est.weights is not None).rename(columns={"share": "training_share"})
    if by_run:
        draws = draws.join(est.costs[list(est.runs)].add_prefix("cost_usd/"))
    draws = draws.astype(np.float32).rename_axis("draw").reset_index()
    units = "USD, except training_share: fraction of R&D compute"
    draws.attrs = {"company": est.company, **provenance(est), "units": units}
    return draws.to_parquet(compression="zstd", use_dictionary=False, use_byte_stream_split=True)
