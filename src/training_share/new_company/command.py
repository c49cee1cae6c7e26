"""Draft the next company: `training-share new-company NAME --models CSV ...`.

The draft goes to `data/drafts/NAME/`: tables, questions and a notebook, for a person to complete.
`--accept` checks it and moves it into `data/` and `notebooks/`; `--remove` takes a company out.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from training_share.errors import InputError, require_known, whole_number
from training_share.inputs.tables import load
from training_share.model.case import listed
from training_share.model.spending import as_date
from training_share.new_company.drafting import draft_rows
from training_share.new_company.epoch_csv import MODELS_URL, file_date, read_models, snapshot_date
from training_share.new_company.files import (
    TEMPLATE,
    WINDOW,
    accept,
    draft_folder,
    remove,
    save,
    window_of,
)
from training_share.new_company.hardware import hardware_rows
from training_share.new_company.plan import Draft, Plan


def draft_company(
    name: str,
    models: str | Path,
    organization: Iterable[str] | str,
    spending_start: object,
    spending_end: object,
    *,
    release_lag_months: int = 3,
    currency: str = "USD",
    display_name: str = "",
    hardware: str = "h800-sxm-bf16",
    data_dir: str | Path | None = None,
    force: bool = False,
) -> tuple[Path, Draft, dict[str, int]]:
    """Write the draft of a company; return its folder, its content and the organisations matched
    (with rows).

    `models` is any published variant of Epoch AI's models CSV; `organization` one or more
    spellings. Raises InputError, with nothing written, for a file that cannot be read, for anything
    unknown, and where a draft is there already and not `force`.
    """
    folder = _free(draft_folder(name, data_dir), force)
    tables, path = load(data_dir), Path(models).expanduser()
    require_known(hardware, tables.hardware, "hardware")
    plan = _plan(name, display_name, spending_start, spending_end, release_lag_months, currency,
                 hardware, path)  # fmt: skip
    frame = read_models(path)
    taken = {row.color for key, row in tables.companies.items() if key != name}
    asked = listed(organization) or (plan.display_name,)
    draft, matched = draft_rows(plan, frame, asked, tables.hardware, taken, path.name)
    if not snapshot_date(path):
        draft.ask(
            f"Date: the name of {path.name} holds no date, so the day it was changed,"
            f" {plan.snapshot}, stands for that of the snapshot; correct the source if it is older."
        )
    if currency != "USD" and currency not in {rate.currency for rate in tables.fx.values()}:
        _draft_rate(draft, plan)
    texts = {
        "questions.md": _questions(plan.display_name, matched, draft),
        f"{name}.ipynb": notebook(name, plan.display_name),
        WINDOW: json.dumps(window_of(plan)) + "\n",
    }
    _replace(folder, draft, texts)
    return folder, draft, matched


def _plan(
    name: str,
    display_name: str,
    spending_start: object,
    spending_end: object,
    release_lag_months: int,
    currency: str,
    hardware: str,
    path: Path,
) -> Plan:
    start, end = as_date(spending_start, "spending_start"), as_date(spending_end, "spending_end")
    if end < start:
        raise InputError(f"spending_end {end} lies before spending_start {start}; swap the dates")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise InputError(
            f"currency: '{currency}' is not an ISO 4217 code; write USD, CNY or the like"
        )
    lag = whole_number(release_lag_months, "release_lag_months", 0)
    snapshot = file_date(path) if path.is_file() else ""
    return Plan(name, display_name or name, start, end, lag, currency, hardware, snapshot)


def _draft_rate(draft: Draft, plan: Plan) -> None:
    """Draft the exchange rates of a new currency, a row a calendar year of the window."""
    years = range(plan.spending_start.year, plan.spending_end.year + 1)
    source = f"{plan.currency.lower()}-rate"
    for year in years:
        draft.add("fx", currency=plan.currency, period=f"{year}/{year}", source_id=source)
    draft.add("sources", source_id=source)
    draft.ask(
        f"Currency: data/fx.csv has no rate for {plan.currency}. Give the average of"
        f" {' and '.join(map(str, years))} in fx.csv of the draft (one row may span them, as"
        f" {years[0]}/{years[-1]}), and its source {source}."
    )


def _free(folder: Path, force: bool) -> Path:
    if folder.exists() and not force:
        raise InputError(
            f"drafts/{folder.name}: a draft is there already; complete it, or replace it with"
            " --force (what was written into it is lost)"
        )
    return folder


def _replace(folder: Path, draft: Draft, texts: dict[str, str]) -> None:
    """Write a draft in the place of another, which stays until the new one is there."""
    before = folder.with_name(f".{folder.name}.before")
    if folder.exists():
        folder.rename(before)
    try:
        save(folder, draft.tables, texts)
    except OSError as error:
        if before.exists():
            before.rename(folder)
        raise InputError(
            f"drafts/{folder.name}: cannot be written ({error.strerror}); choose another --data-dir"
        ) from error
    shutil.rmtree(before, ignore_errors=True)


def notebook(company: str, display_name: str) -> str:
    """Return the text of a company's notebook, made from the common skeleton."""
    text = TEMPLATE.read_text(encoding="utf-8")
    for mark, value in (("{{company}}", company), ("{{display_name}}", display_name)):
        text = text.replace(mark, json.dumps(value, ensure_ascii=False)[1:-1])
    return text


def draft_hardware(
    path: str | Path, data_dir: str | Path | None = None, force: bool = False
) -> tuple[Path, Draft]:
    """Write drafts of peaks for chips that `hardware` lacks, in `drafts/hardware/`; return the
    folder and the content. See `hardware_rows`."""
    folder = _free(draft_folder("hardware", data_dir), force)
    frame, questions = hardware_rows(path, data_dir)
    draft = Draft(questions=questions)
    for row in frame.to_dict("records"):
        draft.add("hardware", **row)
    draft.add(
        "sources",
        source_id=f"epoch-hardware-{file_date(path)}",
        title="Data on machine learning hardware",
        publisher="Epoch AI",
        date=f"snapshot {file_date(path)}",
        url="https://epoch.ai/data/machine-learning-hardware",
        locator="columns for dense FP16/BF16 and FP8 peaks",
        licence="CC BY 4.0",
    )
    lines = ["# Questions about chips", "", *(f"- {question}" for question in questions)]
    _replace(folder, draft, {"questions.md": "\n".join(lines) + "\n"})
    return folder, draft


def _questions(display_name: str, matched: dict[str, int], draft: Draft) -> str:
    spelled = ", ".join(f"{spelling} ({count} rows)" for spelling, count in matched.items())
    lines = [
        f"# Questions about {display_name}",
        "",
        f"Organisations matched: {spelled}.",
        f"Released in the window: {', '.join(draft.selected)}.",
        "",
        *(f"- {question}" for question in draft.questions),
    ]
    return "\n".join(lines) + "\n"


# --- the command line -----------------------------------------------------------------------------
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 2 after an InputError, whose message goes to standard error."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        if given.remove:
            told = remove(given.remove, given.data_dir, given.notebooks_dir)
        elif given.accept:
            name = given.name or "hardware"
            told = accept(name, given.data_dir, given.notebooks_dir, given.without_spending)
        else:
            told = _drafts(parser, given)
    except InputError as error:
        print(f"Nothing was written. {error}", file=sys.stderr)
        return 2
    print("\n".join(told))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="training-share new-company",
        description=f"Draft the next company from Epoch AI's data on AI models ({MODELS_URL}).",
    )
    add = parser.add_argument
    add("name", nargs="?", default="", help="key of the company, in small letters")
    add("--models", help="CSV of Epoch AI's models dataset, any variant")
    add("--organization", action="append", default=[],
        help="its name in the file; repeat it or use commas for aliases")  # fmt: skip
    add("--spending-start", help="first day of the spending window, YYYY-MM-DD")
    add("--spending-end", help="last day of the spending window, YYYY-MM-DD")
    add("--release-lag-months", type=int, default=3)
    add("--currency", default="USD", help="currency of the disclosures, ISO 4217")
    add("--display-name", default="", help="name as shown")
    add("--hardware", default="h800-sxm-bf16",
        help="chip where the file names none (a key in data/hardware.csv)")  # fmt: skip
    add("--hardware-csv", help="CSV of Epoch AI's hardware dataset: draft peaks of missing chips")
    add("--force", action="store_true", help="replace a draft that is there already")
    add("--accept", action="store_true", help="move a completed draft into data/ and notebooks/")
    add("--without-spending", action="store_true",
        help="with --accept: leave the spending out, cost only")  # fmt: skip
    add("--remove", metavar="NAME", help="take a company out of tables, notebooks and figures")
    add("--data-dir", help="folder of the tables; default: data/ of the project")
    add("--notebooks-dir", help="folder of the notebooks; default: beside the tables")
    return parser


def _drafts(parser: argparse.ArgumentParser, given: argparse.Namespace) -> list[str]:
    told = []
    if not given.models and not given.hardware_csv:
        parser.error("give --models or --hardware-csv (or --accept, or --remove NAME)")
    if given.models:
        if not (given.name and given.spending_start and given.spending_end):
            parser.error("--models needs NAME, --spending-start and --spending-end")
        folder, draft, matched = draft_company(
            given.name,
            given.models,
            ",".join(given.organization),
            given.spending_start,
            given.spending_end,
            release_lag_months=given.release_lag_months,
            currency=given.currency,
            display_name=given.display_name,
            hardware=given.hardware,
            data_dir=given.data_dir,
            force=given.force,
        )
        runs = draft.tables["training_runs"]
        blank = sum(not (run["flop"] or run["base_run"]) for run in runs)
        told += [
            f"matched: {', '.join(f'{name} ({count} rows)' for name, count in matched.items())}",
            f"models in the release window: {len(draft.selected)}; runs drafted: {len(runs)}, of"
            f" which {blank} still need an amount",
            f"questions: {len(draft.questions)}, in {folder / 'questions.md'}",
            f"next: complete {folder}, then training-share new-company {given.name} --accept",
        ]
    if given.hardware_csv:
        folder, draft = draft_hardware(given.hardware_csv, given.data_dir, given.force)
        told.append(
            f"peaks drafted: {len(draft.tables.get('hardware', []))}; questions:"
            f" {len(draft.questions)}, in {folder / 'questions.md'}; next: complete {folder}, then"
            " training-share new-company --accept"
        )
    return told
