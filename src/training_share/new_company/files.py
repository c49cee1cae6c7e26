"""Drafts on disk: `data/drafts/NAME/` holds tables the loader never reads, until a person accepts
them. A draft is made once; what a person wrote into it is never overwritten."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from training_share.errors import InputError, require_known
from training_share.files import folder_aside, move_all
from training_share.inputs.columns import COLUMNS, package_of, schema_of
from training_share.inputs.tables import load, read_texts
from training_share.model.estimate import Estimate, estimate
from training_share.new_company.epoch_csv import plain

QUESTIONS = tomllib.loads(Path(__file__).with_name("questions.toml").read_text(encoding="utf-8"))
WINDOW = "window.json"  # the cells of companies.csv that the models were chosen for
DRAWS = 1_000  # of the estimate that a draft has to make before it is accepted
PLAUSIBLE_FLOP = 1e15, 1e30  # a run outside is a slip of the exponent
Cells = Mapping[str, str]  # column -> content
Tables = dict[str, list[Cells]]


class Draft:
    """Draft rows by table, as text, and the questions only a person can answer; `facts` stand above
    the questions."""

    def __init__(self, about: str) -> None:
        self.about = about
        self.tables: Tables = {}
        self.questions: list[str] = []
        self.facts: list[str] = []

    def add(self, table: str, **cells: str) -> None:
        """Append a row; columns that are not named stay blank."""
        self.tables.setdefault(table, []).append(cells)

    def ask(self, name: str, **of: object) -> None:
        """Append a question of `questions.toml`, once."""
        question = QUESTIONS[name].format(**of)
        if question not in self.questions:
            self.questions.append(question)

    def save(self, folder: Path, **texts: str) -> None:
        """Write the draft and further files, in the place of an older draft, all or none."""
        lines = [f"# Questions about {self.about}", "", *self.facts]
        texts["questions.md"] = "\n".join([*lines, *(f"- {q}" for q in self.questions)]) + "\n"
        try:
            with folder_aside(folder) as aside:
                for table, rows in self.tables.items():
                    _write(table, rows, aside)
                for name, text in texts.items():
                    (aside / name).write_text(text, encoding="utf-8")
        except InputError as error:
            why = getattr(error.__cause__, "strerror", error)
            told = f"drafts/{folder.name}: cannot be written ({why}); choose another --data-dir"
            raise InputError(told) from error


def draft_folder(name: str, data: Path, free: bool = False) -> Path:
    """Return the folder of a draft. InputError for a name that is no key, and for a draft that is
    there where it has to be `free`."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise InputError(
            f"NAME: '{name}' is not a key; use small letters, digits and hyphens, as in moonshot"
        )
    folder = data / "drafts" / name
    if free and folder.exists():
        raise InputError(
            f"drafts/{name}: a draft is there already; complete it, or replace it with --force"
            " (what was written into it is lost)"
        )
    return folder


def _write(table: str, rows: list[Cells], folder: Path) -> None:
    frame = pd.DataFrame(rows, columns=list(COLUMNS[table]))
    frame.to_csv(folder / f"{table}.csv", index=False, lineterminator="\n")


@contextmanager
def _changed(data: Path, tables: Tables) -> Iterator[tuple[Path, dict[Path, Path]]]:
    """Give a temporary copy of the data, some tables with other rows, and the moves that bring
    these back; where the block ends well they are made, all or none."""
    try:
        with tempfile.TemporaryDirectory() as name:
            aside = Path(name)
            for table in COLUMNS:
                shutil.copy(data / f"{table}.csv", aside)
            for table, rows in tables.items():
                _write(table, rows, aside)
            moves = {aside / f"{table}.csv": data / f"{table}.csv" for table in tables}
            yield aside, moves
            move_all(moves)
    except OSError as error:
        raise InputError(
            f"{error.filename}: cannot be written ({error.strerror}); everything is as it was"
        ) from error


# --- accept ---------------------------------------------------------------------------------------
def accept(name: str, data: Path, notebooks: Path, without_spending: bool = False) -> list[str]:
    """Add the rows of a completed draft to the tables and its notebook to the notebooks, all or
    none; return what was done.

    Rows whose key the tables already have stay as the tables have them. Raises InputError, with
    nothing written, for a missing draft, one whose window was changed after its models were chosen,
    and one that is not complete: the tables with it must load and the company must estimate.
    """
    folder = draft_folder(name, data)
    if not folder.is_dir():
        told = f"{data.name}/drafts/{name}: no such draft"
        raise InputError(f"{told}; make it first with --models or --hardware-csv")
    have, told, changed = load(data).texts, [], {}
    for table in COLUMNS:
        draft = _draft_rows(folder, table, without_spending)
        new = {key: row for key, row in draft.items() if key not in have[table]}
        told += [
            f"{table}.csv, row {key}: the draft differs from the table, whose row stays"
            for key, row in draft.items()
            if have[table].get(key, row) != row
        ]
        if new:
            changed[table] = [*have[table].values(), *new.values()]
            told.append(f"{table}.csv: {len(new)} rows added")
        if table == "training_runs":
            _refuse_known_models(have[table], new)
    with _changed(data, changed) as (aside, moves):
        if est := _estimated(folder, aside):
            told += [*_told(est), *_notebook(est, folder, notebooks, moves)]
    return told or ["nothing to add"]


def _draft_rows(folder: Path, table: str, without_spending: bool) -> dict[str, Cells]:
    path = folder / f"{table}.csv"
    if not path.is_file() or (without_spending and table == "spending"):
        return {}
    rows, faults = read_texts(path.read_bytes(), path.name, schema_of(package_of())[table])
    if faults:
        raise InputError(f"drafts/{folder.name}/" + "\n".join(faults))
    blank = without_spending and table == "sources"  # the filing's source
    return {key: row for key, row in rows.items() if not blank or row["title"]}


def _refuse_known_models(have: Mapping[str, Cells], new: Mapping[str, Cells]) -> None:
    """A company may be drafted again, but no model must enter under a second key."""
    faults = []
    for key, row in new.items():
        model = row["company"], plain(row["model"])
        there = [old for old, run in have.items() if (run["company"], plain(run["model"])) == model]
        if there and row["counted"] == "yes":
            known = f"training_runs.csv has {row['model']} already, as {', '.join(there)}"
            faults.append(f"\n  {key}: {known}")
    if faults:
        raise InputError(
            "delete these rows from the draft (or edit the tables themselves), they would count"
            f" twice:{''.join(faults)}"
        )


def _estimated(folder: Path, data: Path) -> Estimate | None:
    """Return the company's estimate from the tables with the draft; None for a draft of chips."""
    name, path = folder.name, folder / WINDOW
    try:
        tables = load(data)
        if name not in tables.companies:
            return None
        est = estimate(name, n_draws=DRAWS, data_dir=data)
        _ = est.summary() if est.has_spending else est.cost_table()
    except InputError as error:
        raise InputError(
            f"drafts/{name} is not complete; fill in or delete what is named, or leave out the"
            f" spending with --without-spending. {error}"
        ) from None
    drafted = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if not drafted.items() <= tables.texts["companies"][name].items():
        raise InputError(
            f"drafts/{name}/companies.csv: the models were chosen for {drafted}; models of another"
            " window are missing. Draft again with the new dates (--force replaces the draft)"
        )
    return est


def _told(est: Estimate) -> Iterator[str]:
    """Yield what an accepted company comes to, and what of it looks like a slip."""
    total = est.cost_table().loc["total"]
    yield (
        f"training cost: USD {total.p50:,.4g} million (90% interval {total.p5:,.4g} to"
        f" {total.p95:,.4g}), {len(est.runs)} runs"
    )
    if est.has_spending:
        row = est.summary()
        yield (
            f"training share: {row.share_p50:.1%} (90% interval {row.share_p5:.1%} to"
            f" {row.share_p95:.1%}) of USD {row.rd_compute:,.4g} million"
        )
        if not 1e-3 < row.share_p50 < 1:
            yield "look again: a share below 0.1% or above 100% is more likely a slip"
    low, high = PLAUSIBLE_FLOP
    for key, run in est.runs.items():
        flop = run.flop.quantile(0.5) if run.flop and not isinstance(run.flop, str) else low
        if not low <= flop <= high:
            yield f"look again: {key} has {flop:g} FLOP; no run lies below 1e15 or above 1e30"


def _notebook(
    est: Estimate, folder: Path, notebooks: Path, moves: dict[Path, Path]
) -> Iterator[str]:
    """Let the draft's notebook move too, where there is a share to show."""
    source, target = (place / f"{est.company}.ipynb" for place in (folder, notebooks))
    if not est.has_spending:
        yield (
            "without spending only the cost can be estimated, so no notebook:"
            f" ts.estimate('{est.company}').cost_table() and"
            f" ts.implied_rd_compute('{est.company}')"
        )
    elif source.is_file() and target.exists():
        yield f"{notebooks.name}/{target.name}: already there, left as it is"
    elif source.is_file():
        moves[source] = target
        yield f"{notebooks.name}/{target.name}: written"


# --- remove ---------------------------------------------------------------------------------------
def remove(name: str, data: Path, notebooks: Path) -> list[str]:
    """Take a company out of the tables, with its runs, spending and sources that nothing else
    cites, its notebook, rendered copy and figures; return what was done.

    Raises InputError, with nothing written, for an unknown company, and where another row needs
    what would go: a base run, a correction.
    """
    base = load(data)
    require_known(name, base.companies, "company")
    rows = {table: list(of_table.values()) for table, of_table in base.texts.items()}
    left = {table: [row for row in rows[table] if row.get("company") != name] for table in rows}
    gone = _cited(rows) - _cited(left)  # by the company alone
    left["sources"] = [row for row in rows["sources"] if row["source_id"] not in gone]
    changed = {table: left[table] for table in rows if len(left[table]) < len(rows[table])}
    with _changed(data, changed) as (aside, _):
        try:
            load(aside)
        except InputError as error:
            raise InputError(f"{name} cannot be removed: {error}") from None
    told = [f"{table}.csv: {len(rows[table]) - len(left[table])} rows removed" for table in changed]
    outputs = [notebooks / f"{name}.ipynb", notebooks / "rendered" / f"{name}.ipynb"]
    outputs += sorted((notebooks.parent / "figures").glob(f"{name}_*"))
    for path in filter(Path.is_file, outputs):
        path.unlink()
        told.append(f"{path.parent.name}/{path.name}: removed")
    return [*told, "next: python -m training_share.pipeline, for what shows all companies"]


def _cited(tables: Tables) -> set[str]:
    rows = [row for table in tables if table != "sources" for row in tables[table]]
    return {row["source_id"] for row in rows if "source_id" in row}
