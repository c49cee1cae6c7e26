"""Draft a company: its rows, the questions about them, and its notebook."""

from __future__ import annotations

import json
import re
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

from training_share.errors import InputError, require_known, whole_number
from training_share.inputs.tables import Tables, load
from training_share.model.case import listed
from training_share.model.spending import as_date
from training_share.new_company.epoch_csv import MODELS_URL, Snapshot, match_organizations
from training_share.new_company.files import WINDOW, draft_folder
from training_share.new_company.runs import CompanyDraft

TEMPLATE = Path(__file__).with_name("company.ipynb")
# what of a company decides which models belong to it
DECIDES = ("spending_start", "spending_end", "release_lag_months")
# colour-blind safe (Okabe and Ito)
COLORS = ("#56B4E9", "#CC79A7", "#E69F00", "#999999", "#F0E442", "#000000")


def draft_company(asked: Namespace, data: Path) -> list[str]:
    """Write the draft of a company as asked on the command line; return what to tell of it.

    Raises InputError, with nothing written, for a file that cannot be read, for anything unknown,
    and where a draft is there already and not `force`.
    """
    folder, tables = draft_folder(asked.name, data, free=not asked.force), load(data)
    require_known(asked.hardware, tables.hardware, "hardware")
    company = _company(asked, tables)
    file = Snapshot(asked.models)
    draft = CompanyDraft(company, file, asked.hardware, tables.hardware)
    names = listed(",".join(asked.organization)) or (company.display_name,)
    own, matched = match_organizations(file, names, draft.ask)
    chosen = draft.choose(own)
    draft.add("companies", **{column: str(cell) for column, cell in vars(company).items()})
    for row in sorted(chosen, key=lambda row: row.base_model != ""):  # bases first
        draft.add_model(row)
    file.refuse_faults()
    _add_sources_and_spending(draft)
    if company.currency not in {"USD", *(rate.currency for rate in tables.fx.values())}:
        _add_rate(draft)
    spelled = ", ".join(f"{name} ({count} rows)" for name, count in matched.items())
    released = ", ".join(f"{row.model} ({row.released})" for row in chosen)
    draft.facts = [f"Organisations matched: {spelled}.", f"Released in the window: {released}.", ""]
    window = json.dumps({name: str(getattr(company, name)) for name in DECIDES}) + "\n"
    draft.save(folder, **{f"{asked.name}.ipynb": _notebook(company), WINDOW: window})
    runs = draft.tables["training_runs"]
    blank = [run for run in runs if not (run["flop"] or run.get("base_run"))]
    return [
        f"matched: {spelled}",
        f"models in the release window: {len(chosen)}; runs drafted: {len(runs)}, of"
        f" which {len(blank)} still need an amount",
        f"questions: {len(draft.questions)}, in {folder / 'questions.md'}",
        f"next: complete {folder}, then training-share new-company {asked.name} --accept",
    ]


def _company(asked: Namespace, tables: Tables) -> SimpleNamespace:
    """Return the row of companies.csv; what else may be wrong with it is told on accepting."""
    start = as_date(asked.spending_start, "spending_start")
    end = as_date(asked.spending_end, "spending_end")
    if end < start:
        raise InputError(f"spending_end {end} lies before spending_start {start}; swap the dates")
    if not re.fullmatch(r"[A-Z]{3}", asked.currency):
        raise InputError(
            f"currency: '{asked.currency}' is not an ISO 4217 code; write USD, CNY or the like"
        )
    taken = [row.color for key, row in tables.companies.items() if key != asked.name]
    return SimpleNamespace(
        company=asked.name,
        display_name=asked.display_name or asked.name,
        spending_start=start,
        spending_end=end,
        release_lag_months=whole_number(asked.release_lag_months, "release_lag_months", 0),
        currency=asked.currency,
        color=next((color for color in COLORS if color not in taken), COLORS[-1]),
    )


def _add_sources_and_spending(draft: CompanyDraft) -> None:
    """Draft the source of the models, and the spending and its source for a person to fill in."""
    company, filing = draft.company, f"{draft.company.company}-filing"
    draft.add(
        "sources",
        source_id=draft.source_id,
        title="Data on AI models",
        publisher="Epoch AI",
        date=f"snapshot {draft.file.date}",
        url=MODELS_URL,
        licence="CC BY 4.0",
        locator="columns for training compute, finetune compute and base model, and their notes",
    )
    draft.add("sources", source_id=filing)
    draft.add(
        "spending",
        company=company.company,
        line="rd_compute",
        period="window",
        period_start=str(company.spending_start),
        period_end=str(company.spending_end),
        currency=company.currency,
        source_id=filing,
    )
    draft.ask("spending", company=company, source=filing)
    if draft.file.date not in draft.file.name:
        draft.ask("date", file=draft.file)


def _add_rate(draft: CompanyDraft) -> None:
    """Draft the exchange rates of a new currency, a row a calendar year of the window."""
    company, source = draft.company, f"{draft.company.currency.lower()}-rate"
    years = range(company.spending_start.year, company.spending_end.year + 1)
    for year in years:
        draft.add("fx", currency=company.currency, period=f"{year}/{year}", source_id=source)
    draft.add("sources", source_id=source)
    span, named = f"{years[0]}/{years[-1]}", " and ".join(map(str, years))
    draft.ask("currency", company=company, years=named, span=span, source=source)


def _notebook(company: SimpleNamespace) -> str:
    """Return the text of a company's notebook, made from the common skeleton."""
    text = TEMPLATE.read_text(encoding="utf-8")
    for name in ("company", "display_name"):
        value = json.dumps(getattr(company, name), ensure_ascii=False)[1:-1]
        text = text.replace(f"{{{{{name}}}}}", value)
    return text
