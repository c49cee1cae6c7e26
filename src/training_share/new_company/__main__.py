"""Draft the next company from Epoch AI's models dataset: `python -m training_share.new_company NAME
--models CSV ...`.

The draft goes to `data/drafts/NAME/`: tables, questions and a notebook, for a person to complete.
`--accept` checks it and moves it into `data/` and `notebooks/`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from training_share.errors import InputError, require_known, whole_number
from training_share.inputs.tables import load
from training_share.model.case import listed
from training_share.model.spending import as_date
from training_share.new_company.drafting import Draft, Plan, draft_rows
from training_share.new_company.epoch_csv import file_date, match_organizations, read_models
from training_share.new_company.files import TEMPLATE, accept, save
from training_share.new_company.hardware import hardware_rows


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
    data_dir=None,
) -> tuple[Path, Draft, dict[str, int]]:
    """Write the draft of a company; return its folder, its content and the organisations matched
    (with rows).

    `models` is any published variant of Epoch AI's models CSV; `organization` one or more
    spellings. Raises InputError, with nothing written, for a file that cannot be read and for
    anything unknown.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise InputError(
            f"NAME: '{name}' is not a key; use small letters, digits and hyphens, as in moonshot"
        )
    start, end = as_date(spending_start, "spending_start"), as_date(spending_end, "spending_end")
    if end < start:
        raise InputError(f"spending_end {end} lies before spending_start {start}; swap the dates")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise InputError(
            f"currency: '{currency}' is not an ISO 4217 code; write USD, CNY or the like"
        )
    tables, path = load(data_dir), Path(models)
    require_known(hardware, tables["hardware"], "hardware")
    plan = Plan(
        name,
        display_name or name,
        start,
        end,
        whole_number(release_lag_months, "release_lag_months", 0),
        currency,
        hardware,
        file_date(path) if path.is_file() else "",
    )
    frame = read_models(path)
    own, matched = match_organizations(
        frame, listed(organization) or (plan.display_name,), path.name
    )
    draft = draft_rows(
        plan,
        frame,
        own,
        tables["hardware"],
        {row.color for key, row in tables["companies"].items() if key != name},
        path.name,
    )
    if currency != "USD" and currency not in {rate.currency for rate in tables["fx"].values()}:
        draft.ask(f"Currency: data/fx.csv has no rate for {currency}; add a row with its source.")
    texts = {
        "questions.md": _questions(plan.display_name, matched, draft),
        f"{name}.ipynb": notebook(name, plan.display_name),
    }
    return save(name, draft.tables, texts, data_dir), draft, matched


def notebook(company: str, display_name: str) -> str:
    """Return the text of a company's notebook, made from the common skeleton."""
    text = TEMPLATE.read_text(encoding="utf-8")
    for mark, value in (("{{company}}", company), ("{{display_name}}", display_name)):
        text = text.replace(mark, json.dumps(value, ensure_ascii=False)[1:-1])
    return text


def draft_hardware(path: str | Path, name: str = "hardware", data_dir=None) -> tuple[Path, Draft]:
    """Write drafts of peaks for chips that `hardware` lacks; return the folder and the content. See
    `hardware_rows`."""
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
    text = (
        "\n".join(["# Questions about chips", "", *(f"- {question}" for question in questions)])
        + "\n"
    )
    return save(name, draft.tables, {"questions_hardware.md": text}, data_dir), draft


def _questions(display_name: str, matched: dict[str, int], draft: Draft) -> str:
    spelled = ", ".join(f"{spelling} ({count} rows)" for spelling, count in matched.items())
    return (
        "\n".join(
            [
                f"# Questions about {display_name}",
                "",
                f"Organisations matched: {spelled}.",
                f"Released in the window: {', '.join(draft.selected)}.",
                "",
                *(f"- {question}" for question in draft.questions),
            ]
        )
        + "\n"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training_share.new_company", description=__doc__.split("\n\n")[0]
    )
    add = parser.add_argument
    add("name", nargs="?", default="", help="key of the company, in small letters")
    add("--models", help="CSV of Epoch AI's models dataset, any variant")
    add(
        "--organization",
        action="append",
        default=[],
        help="its name in the file; repeat it or use commas for aliases",
    )
    add("--spending-start", help="first day of the spending window, YYYY-MM-DD")
    add("--spending-end", help="last day of the spending window, YYYY-MM-DD")
    add("--release-lag-months", type=int, default=3)
    add("--currency", default="USD", help="currency of the disclosures, ISO 4217")
    add("--display-name", default="", help="name as shown")
    add(
        "--hardware",
        default="h800-sxm-bf16",
        help="chip where the file names none (a key in data/hardware.csv)",
    )
    add("--hardware-csv", help="CSV of Epoch AI's hardware dataset: draft peaks of missing chips")
    add("--accept", action="store_true", help="move a completed draft into data/ and notebooks/")
    add(
        "--without-spending",
        action="store_true",
        help="with --accept: leave the spending out, cost only",
    )
    add("--data-dir", help="folder of the tables; default: data/ of the project")
    add(
        "--notebooks-dir", help="with --accept: folder of the notebooks; default: beside the tables"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 2 after an InputError, whose message goes to standard error."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        if given.accept:
            told = accept(
                given.name or "hardware",
                given.data_dir,
                given.notebooks_dir,
                given.without_spending,
            )
        else:
            told = _draft(parser, given)
    except InputError as error:
        print(f"Nothing was written. {error}", file=sys.stderr)
        return 2
    print("\n".join(told))
    return 0


def _draft(parser: argparse.ArgumentParser, given: argparse.Namespace) -> list[str]:
    told = []
    if not given.models and not given.hardware_csv:
        parser.error("give --models or --hardware-csv (or --accept)")
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
        )
        runs = draft.tables["training_runs"]
        told += [
            f"matched: {', '.join(f'{name} ({count} rows)' for name, count in matched.items())}",
            (
                f"models in the release window: {len(draft.selected)}; runs drafted: {len(runs)},"
                f" of which {sum(not (run['flop'] or run['base_run']) for run in runs)} still need"
                " an amount"
            ),
            f"questions: {len(draft.questions)}, in {folder / 'questions.md'}",
            (
                f"next: complete {folder}, then python -m training_share.new_company {given.name}"
                " --accept"
            ),
        ]
    if given.hardware_csv:
        folder, draft = draft_hardware(given.hardware_csv, given.name or "hardware", given.data_dir)
        told += [
            f"peaks drafted: {len(draft.tables.get('hardware', []))}; questions:"
            f" {len(draft.questions)}, in {folder / 'questions_hardware.md'}"
        ]
    return told


if __name__ == "__main__":
    sys.exit(main())
