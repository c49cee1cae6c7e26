"""Drafts on disk: `data/drafts/NAME/` holds tables the loader never reads, until a person accepts
them.

Beside what a person edits, `.drafted/` keeps what the program last wrote; the difference between
the two is the hand's, and a new draft leaves it alone.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from training_share.errors import InputError
from training_share.files import repo_root
from training_share.inputs.schema import MODELS
from training_share.inputs.tables import Tables, load, read_texts
from training_share.model.estimates import estimate
from training_share.new_company.epoch_csv import plain

BASELINE = ".drafted"
TEMPLATE = Path(__file__).parent / "company.ipynb"
Rows = dict[str, dict[str, str]]


def data_folder(data_dir: str | Path | None) -> Path:
    """Return the folder of the tables: the one given, or the project's."""
    return Path(data_dir) if data_dir else repo_root() / "data"


def table_text(
    table: str, rows: Rows, columns: list[str] | None = None, header: bool = True
) -> str:
    """Return rows as the text of a CSV file, in the order of `columns` (default: the table's)."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns or list(MODELS[table].model_fields), lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows(rows.values())
    return out.getvalue()


def keyed(table: str, rows: list[dict[str, str]]) -> Rows:
    """Return rows by their key; the first of several with one key."""
    found: Rows = {}
    for row in rows:
        found.setdefault("/".join(row[column] for column in MODELS[table].key_columns), row)
    return found


def read_rows(path: Path) -> Rows:
    """Return the rows of a draft table by key; blank where there is no file. InputError for a
    broken one."""
    if not path.is_file():
        return {}
    rows, faults = read_texts(path.read_bytes(), path.name, MODELS[path.stem])
    if faults:
        raise InputError(f"{path.parent.name}/" + "\n".join(faults))
    return rows


def merged(new: Rows, hand: Rows, before: Rows) -> Rows:
    """Return the new draft with a person's edits: changed and added rows stay, deleted rows stay
    deleted."""
    kept = {key: row for key, row in hand.items() if key in new or row != before.get(key)}
    untouched = {key for key in hand if hand[key] == before.get(key)}
    result = {key: new[key] if key in untouched else row for key, row in kept.items()}
    return result | {
        key: row for key, row in new.items() if key not in result and key not in before
    }


def save(
    name: str, tables: Mapping[str, list[dict[str, str]]], texts: Mapping[str, str], data_dir=None
) -> Path:
    """Write a draft, keeping what was edited by hand since the last one, and return its folder.

    Everything is written aside first and moved into place as one folder; a failure leaves the old
    draft as it was.
    """
    folder = data_folder(data_dir) / "drafts" / name
    before = folder / BASELINE
    folder.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}-") as aside:
        made = Path(aside) / "new"
        if folder.is_dir():
            shutil.copytree(folder, made)
        (made / BASELINE).mkdir(parents=True, exist_ok=True)
        for table in {
            **tables,
            **{path.stem: [] for path in folder.glob("*.csv") if path.stem in MODELS},
        }:
            new, last = (
                keyed(table, list(tables.get(table, []))),
                read_rows(before / f"{table}.csv"),
            )
            rows = merged(new, read_rows(folder / f"{table}.csv"), last)
            (made / f"{table}.csv").write_text(table_text(table, rows), encoding="utf-8")
            (made / BASELINE / f"{table}.csv").write_text(
                table_text(table, {**last, **new}), encoding="utf-8"
            )
        for file, text in texts.items():
            last = (
                (before / file).read_text(encoding="utf-8") if (before / file).is_file() else None
            )
            hand = (
                (folder / file).read_text(encoding="utf-8") if (folder / file).is_file() else last
            )
            if hand != last and file.endswith(".md"):
                added = [
                    line for line in text.splitlines() if line not in (last or "").splitlines()
                ]
                (made / file).write_text(
                    "\n".join([hand.rstrip("\n"), *added]) + "\n", encoding="utf-8"
                )
            elif hand == last:
                (made / file).write_text(text, encoding="utf-8")
            (made / BASELINE / file).write_text(text, encoding="utf-8")
        if folder.is_dir():
            folder.rename(Path(aside) / "old")
        try:
            made.rename(folder)
        except OSError:
            if (Path(aside) / "old").is_dir():
                (Path(aside) / "old").rename(folder)
            raise
    return folder


def accept(
    name: str, data_dir=None, notebooks_dir=None, without_spending: bool = False
) -> list[str]:
    """Add the rows of a completed draft to the tables and its notebook to the notebooks; return
    what was done.

    Rows whose key the tables already have stay as the tables have them. Raises InputError, with
    nothing written, for a missing draft and for one that is not complete: the tables with it must
    load and the company must estimate.
    """
    data = data_folder(data_dir)
    folder = data / "drafts" / name
    if not folder.is_dir():
        raise InputError(
            f"{data.name}/drafts/{name}: no such draft; make it first with --models or"
            " --hardware-csv"
        )
    base, told, files = load(data), [], {}
    with tempfile.TemporaryDirectory() as aside:
        for table in MODELS:
            shutil.copy(data / f"{table}.csv", aside)
            draft = _complete(table, read_rows(folder / f"{table}.csv"), without_spending)
            new = {key: row for key, row in draft.items() if key not in base.texts[table]}
            told += [
                f"{table}.csv, row {key}: the draft differs from the table, whose row stays"
                for key, row in draft.items()
                if base.texts[table].get(key, row) != row
            ]
            if table == "training_runs":
                _refuse_known_models(base, new)
            if new:
                told.append(f"{table}.csv: {len(new)} rows added")
                files[data / f"{table}.csv"] = _appended(data / f"{table}.csv", table, new)
                (Path(aside) / f"{table}.csv").write_text(
                    files[data / f"{table}.csv"], encoding="utf-8"
                )
        try:
            made = (
                estimate(name, n_draws=1, data_dir=aside)
                if name in load(aside)["companies"]
                else None
            )
        except InputError as error:
            raise InputError(
                f"drafts/{name} is not complete; fill in or delete what is named, or leave out the "
                f"spending with --without-spending. {error}"
            ) from None
    notebooks = Path(notebooks_dir) if notebooks_dir else data.parent / "notebooks"
    notebook, target = folder / f"{name}.ipynb", notebooks / f"{name}.ipynb"
    if made is not None and not made.has_spending:
        told.append(
            "without spending only the cost can be estimated, so no notebook:"
            f" ts.estimate('{name}').cost_table() and ts.implied_rd_compute('{name}')"
        )
    elif notebook.is_file() and target.exists():
        told.append(f"{notebooks.name}/{target.name}: already there, left as it is")
    elif notebook.is_file():
        files[target] = notebook.read_text(encoding="utf-8")
        told.append(f"{notebooks.name}/{target.name}: written")
    _replace_all(files)
    return told or ["nothing to add"]


def _refuse_known_models(base: Tables, new: Rows) -> None:
    """A company may be drafted again from a newer file, but a model must not enter under a second
    key."""
    have: dict[tuple[str, str], list[str]] = {}
    for key, run in base["training_runs"].items():
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


def _complete(table: str, rows: Rows, without_spending: bool) -> Rows:
    if without_spending and table == "spending":
        return {}
    if without_spending and table == "sources":
        return {key: row for key, row in rows.items() if row["title"]}
    return rows


def _appended(path: Path, table: str, rows: Rows) -> str:
    text = path.read_text(encoding="utf-8")
    columns = next(csv.reader([text.partition("\n")[0]]))
    return (
        text
        + ("" if text.endswith("\n") else "\n")
        + table_text(table, rows, columns, header=False)
    )


def _replace_all(files: Mapping[Path, str]) -> None:
    """Write every file aside, then move all into place; on a failure put back those already
    moved."""
    with ExitStack() as stack:
        aside = {}
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(dir=path.parent, prefix=".accept-"))
            )
            (folder / "new").write_text(text, encoding="utf-8")
            if path.exists():
                shutil.copy2(path, folder / "old")
            aside[path] = folder
        moved = []
        try:
            for path, folder in aside.items():
                os.replace(folder / "new", path)
                moved.append(path)
        except OSError:
            for path in moved:
                old = aside[path] / "old"
                if old.exists():
                    os.replace(old, path)
                else:
                    path.unlink()
            raise
