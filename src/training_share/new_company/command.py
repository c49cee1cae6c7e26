"""Draft the next company: `training-share new-company NAME --models CSV ...`.

The draft goes to `data/drafts/NAME/`: tables, questions and a notebook, for a person to complete.
`--accept` checks it and moves it into `data/` and `notebooks/`; `--remove` takes a company out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from training_share.errors import InputError
from training_share.files import repo_root
from training_share.new_company.drafting import draft_company
from training_share.new_company.epoch_csv import MODELS_URL
from training_share.new_company.files import accept, remove
from training_share.new_company.hardware import draft_hardware


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 2 after an InputError, whose message goes to standard error."""
    try:
        told = done(arguments)
    except InputError as error:
        print(f"Nothing was written. {error}", file=sys.stderr)
        return 2
    print("\n".join(told))
    return 0


def done(arguments: Sequence[str] | None = None) -> list[str]:
    """Draft, accept or remove, as the arguments ask; return what to tell of it."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    data = Path(asked.data_dir).expanduser() if asked.data_dir else repo_root() / "data"
    notebooks = Path(asked.notebooks_dir or data.parent / "notebooks").expanduser()
    if asked.remove:
        return remove(asked.remove, data, notebooks)
    if asked.accept:
        return accept(asked.name or "hardware", data, notebooks, asked.without_spending)
    if not (asked.models or asked.hardware_csv):
        parser.error("give --models or --hardware-csv (or --accept, or --remove NAME)")
    if asked.models and not (asked.name and asked.spending_start and asked.spending_end):
        parser.error("--models needs NAME, --spending-start and --spending-end")
    told = draft_company(asked, data) if asked.models else []
    if asked.hardware_csv:
        told += draft_hardware(asked.hardware_csv, data, asked.force)
    return told


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
