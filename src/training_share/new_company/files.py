"""Drafts on disk: `data/drafts/NAME/` holds tables the loader never reads, until a person accepts
them. A draft is made once; what a person wrote into it is never overwritten."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from training_share.errors import InputError, require_known
from training_share.files import move_all, repo_root
from training_share.inputs.schema import MODELS, TrainingRun
from training_share.inputs.tables import Tables, load, read_texts
from training_share.model.estimates import Estimate, estimate
from training_share.new_company.epoch_csv import plain

TEMPLATE = Path(__file__).parent / "company.ipynb"
WINDOW = "window.json"  # what the models were drafted for
DRAWS = 1_000  # of the estimate that a draft has to make before it is accepted
FLOP = 1e15, 1e30  # a run outside is a slip of the exponent
Rows = Mapping[str, Mapping[str, str]]


def data_folder(data_dir: str | Path | None) -> Path:
    """Return the folder of the tables: the one given, or the project's."""
    return Path(data_dir).expanduser() if data_dir else repo_root() / "data"


def notebooks_folder(notebooks_dir: str | Path | None, data: Path) -> Path:
    """Return the folder of the notebooks: the one given, or the one beside the tables."""
    return Path(notebooks_dir).expanduser() if notebooks_dir else data.parent / "notebooks"


def draft_folder(name: str, data_dir: str | Path | None) -> Path:
    """Return the folder of a draft. InputError for a name that is no key."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise InputError(
            f"NAME: '{name}' is not a key; use small letters, digits and hyphens, as in moonshot"
        )
    return data_folder(data_dir) / "drafts" / name


def save(
    folder: Path, tables: Mapping[str, list[dict[str, str]]], texts: Mapping[str, str]
) -> None:
    """Write a draft as a new folder: aside, then renamed. The folder must not be there."""
    folder.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as aside:
        made = Path(aside) / folder.name
        made.mkdir()
        for table, rows in tables.items():
            (made / f"{table}.csv").write_text(_table_text(table, rows), encoding="utf-8")
        for name, text in texts.items():
            (made / name).write_text(text, encoding="utf-8")
        made.rename(folder)


def _table_text(
    table: str, rows: Iterable[Mapping[str, str]], columns: list[str] | None = None
) -> str:
    """Return rows as the text of a CSV file with a header, or without one in the order of
    `columns`."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns or list(MODELS[table].model_fields), lineterminator="\n")
    if columns is None:
        writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


# --- accept ---------------------------------------------------------------------------------------
@dataclass
class Accepted:
    """What accepting a draft would write, and what to tell of it."""

    files: dict[Path, str]
    told: list[str]


def accept(
    name: str,
    data_dir: str | Path | None = None,
    notebooks_dir: str | Path | None = None,
    without_spending: bool = False,
) -> list[str]:
    """Add the rows of a completed draft to the tables and its notebook to the notebooks, all or
    none; return what was done.

    Rows whose key the tables already have stay as the tables have them. Raises InputError, with
    nothing written, for a missing draft, one whose window was changed after its models were chosen,
    and one that is not complete: the tables with it must load and the company must estimate.
    """
    folder, data = draft_folder(name, data_dir), data_folder(data_dir)
    if not folder.is_dir():
        raise InputError(
            f"{data.name}/drafts/{name}: no such draft; make it first with --models or"
            " --hardware-csv"
        )
    base, made = load(data), Accepted({}, [])
    for table in MODELS:
        _add_rows(made, base, data, table, _draft_rows(folder, table, without_spending))
    est = _estimated(name, data, made.files)
    if est is not None:
        _refuse_another_window(folder, est)
        made.told += _told(est)
        _add_notebook(made, folder, notebooks_folder(notebooks_dir, data), est)
    _write(made.files)
    return made.told or ["nothing to add"]


def _draft_rows(folder: Path, table: str, without_spending: bool) -> Rows:
    """Return a draft table's rows by key; InputError for a broken one."""
    path = folder / f"{table}.csv"
    if not path.is_file() or (without_spending and table == "spending"):
        return {}
    rows, faults = read_texts(path.read_bytes(), path.name, MODELS[table])
    if faults:
        raise InputError(f"drafts/{folder.name}/" + "\n".join(faults))
    if without_spending and table == "sources":
        return {key: row for key, row in rows.items() if row["title"]}
    return rows


def _add_rows(made: Accepted, base: Tables, data: Path, table: str, draft: Rows) -> None:
    have = base.texts[table]
    new = {key: row for key, row in draft.items() if key not in have}
    made.told += [
        f"{table}.csv, row {key}: the draft differs from the table, whose row stays"
        for key, row in draft.items()
        if have.get(key, row) != row
    ]
    if table == "training_runs":
        _refuse_known_models(base, new)
    if new:
        path = data / f"{table}.csv"
        text = path.read_text(encoding="utf-8-sig")
        columns = next(csv.reader([text.partition("\n")[0]]))
        end = "" if text.endswith("\n") else "\n"
        made.files[path] = text + end + _table_text(table, new.values(), columns)
        made.told.append(f"{table}.csv: {len(new)} rows added")


def _refuse_known_models(base: Tables, new: Rows) -> None:
    """A company may be drafted again from a newer file, but a model must not enter under a second
    key."""
    have: dict[tuple[str, str], list[str]] = {}
    for key, run in base.training_runs.items():
        have.setdefault((run.company, plain(run.model)), []).append(key)
    faults = [
        f"{key}: training_runs.csv has {row['model']} already, as {', '.join(there)}"
        for key, row in new.items()
        if row["counted"] == "yes" and (there := have.get((row["company"], plain(row["model"]))))
    ]
    if faults:
        raise InputError(
            "delete these rows from the draft (or edit the tables themselves), they would count"
            " twice:\n  " + "\n  ".join(faults)
        )


@contextmanager
def _tables_with(data: Path, files: Mapping[Path, str]) -> Iterator[str]:
    """Yield a temporary folder that holds the tables, with `files` in place of theirs."""
    with tempfile.TemporaryDirectory() as aside:
        for table in MODELS:
            shutil.copy(data / f"{table}.csv", aside)
        for path, text in files.items():
            (Path(aside) / path.name).write_text(text, encoding="utf-8")
        yield aside


def _estimated(name: str, data: Path, files: Mapping[Path, str]) -> Estimate | None:
    """Return the company's estimate from the tables with the draft; None for a draft of chips."""
    with _tables_with(data, files) as aside:
        try:
            if name not in load(aside).companies:
                return None
            est = estimate(name, n_draws=DRAWS, data_dir=aside)
            _ = est.summary() if est.has_spending else est.cost_table()
            return est
        except InputError as error:
            raise InputError(
                f"drafts/{name} is not complete; fill in or delete what is named, or leave out the "
                f"spending with --without-spending. {error}"
            ) from None


def _refuse_another_window(folder: Path, est: Estimate) -> None:
    path = folder / WINDOW
    drafted = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    if drafted and drafted != window_of(est.case.company_row):
        raise InputError(
            f"drafts/{folder.name}/companies.csv: the models were chosen for {drafted}; models of"
            " another window are missing. Draft again with the new dates (--force replaces the"
            " draft)"
        )


def window_of(row: object) -> dict[str, str]:
    """Return what decides which models belong to a company, as text."""
    names = ("spending_start", "spending_end", "release_lag_months")
    return {name: str(getattr(row, name)) for name in names}


def _told(est: Estimate) -> list[str]:
    """Return what an accepted company comes to, and what of it looks like a slip."""
    total = est.cost_table().loc["total"]
    told = [
        f"training cost: USD {total.p50:,.4g} million (90% interval {total.p5:,.4g} to"
        f" {total.p95:,.4g}), {len(est.runs)} runs"
    ]
    if est.has_spending:
        row = est.summary()
        told.append(
            f"training share: {row.share_p50:.1%} (90% interval {row.share_p5:.1%} to"
            f" {row.share_p95:.1%}) of USD {row.rd_compute:,.4g} million"
        )
        if not 1e-3 < row.share_p50 < 1:
            told.append("look again: a share below 0.1% or above 100% is more likely a slip")
    for run in est.runs.values():
        told += _odd_amount(run)
    return told


def _odd_amount(run: TrainingRun) -> list[str]:
    size = run.flop.quantile(0.5) if run.flop and not isinstance(run.flop, str) else None
    if size is None or FLOP[0] <= size <= FLOP[1]:
        return []
    return [f"look again: {run.run_id} has {size:g} FLOP; no run lies below 1e15 or above 1e30"]


def _add_notebook(made: Accepted, folder: Path, notebooks: Path, est: Estimate) -> None:
    notebook, target = folder / f"{folder.name}.ipynb", notebooks / f"{folder.name}.ipynb"
    if not est.has_spending:
        made.told.append(
            "without spending only the cost can be estimated, so no notebook:"
            f" ts.estimate('{est.company}').cost_table() and"
            f" ts.implied_rd_compute('{est.company}')"
        )
    elif notebook.is_file() and target.exists():
        made.told.append(f"{notebooks.name}/{target.name}: already there, left as it is")
    elif notebook.is_file():
        made.files[target] = notebook.read_text(encoding="utf-8")
        made.told.append(f"{notebooks.name}/{target.name}: written")


def _write(files: Mapping[Path, str]) -> None:
    """Move texts into place, all or none."""
    with tempfile.TemporaryDirectory() as aside:
        moves = {}
        for number, (path, text) in enumerate(files.items()):
            source = Path(aside) / str(number)
            source.write_text(text, encoding="utf-8")
            moves[source] = path
        try:
            move_all(moves)
        except OSError as error:
            raise InputError(
                f"{error.filename}: cannot be written ({error.strerror}); everything is as it was"
            ) from error


# --- remove ---------------------------------------------------------------------------------------
def remove(
    name: str, data_dir: str | Path | None = None, notebooks_dir: str | Path | None = None
) -> list[str]:
    """Take a company out of the tables, with its runs, spending and sources that nothing else
    cites, its notebook, rendered copy and figures; return what was done.

    Raises InputError, with nothing written, for an unknown company, and where another row needs
    what would go: a base run, a correction.
    """
    data = data_folder(data_dir)
    base = load(data)
    require_known(name, base.companies, "company")
    frames = {table: base.frame(table) for table in MODELS}
    left = {
        table: frame[frame["company"] != name] if "company" in frame else frame
        for table, frame in frames.items()
    }
    cited = {key for frame in left.values() if "source_id" in frame for key in frame["source_id"]
             if frame is not left["sources"]}  # fmt: skip
    before = {key for frame in frames.values() if "source_id" in frame for key in frame["source_id"]
              if frame is not frames["sources"]}  # fmt: skip
    gone = before - cited  # cited by the company alone
    left["sources"] = frames["sources"][~frames["sources"]["source_id"].isin(gone)]
    files = {
        data / f"{table}.csv": left[table].to_csv(index=False, lineterminator="\n")
        for table in MODELS
        if len(left[table]) < len(frames[table])
    }
    with _tables_with(data, files) as aside:
        try:
            load(aside)
        except InputError as error:
            raise InputError(f"{name} cannot be removed: {error}") from None
    _write(files)
    told = [f"{path.name}: {len(frames[path.stem]) - len(left[path.stem])} rows removed"
            for path in files]  # fmt: skip
    notebooks = notebooks_folder(notebooks_dir, data)
    outputs = [notebooks / f"{name}.ipynb", notebooks / "rendered" / f"{name}.ipynb"]
    outputs += sorted((notebooks.parent / "figures").glob(f"{name}_*"))
    for path in filter(Path.is_file, outputs):
        path.unlink()
        told.append(f"{path.parent.name}/{path.name}: removed")
    return [*told, "next: python -m training_share.pipeline, for what shows all companies"]
