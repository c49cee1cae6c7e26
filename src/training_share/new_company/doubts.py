"""What a model's record leaves open, as questions for a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import pandas as pd

from training_share.new_company.epoch_csv import plain

_HOURS = re.compile(
    r"[\d.,]+\s*[kKmM]?(?:illion)?\s*(?:[A-Z]+\d+\w*\s+)?"
    r"(?:GPU|TPU|chip|device|[A-Z]{1,3}\d{2,4}\w*)[- ]?(?:hours?|days?)",
    re.I,
)


def doubts(
    row: pd.Series, others: Iterable[str], number: Callable[[str], float | None]
) -> Iterator[str]:
    """Yield the questions about a record that hold whatever was drafted from it; `others` are the
    company's other models, and `number` reads a column of the record."""
    yield from _base_in_notes(row, others)
    after = number("post_flop")
    if after:
        yield (
            f"Post-training: the file gives {after:.4g} FLOP for {row['model']}. Is it part of its"
            " compute? If not, add a run of the stage rl, and empty post_training."
        )
    low, high = number("low"), number("high")
    if low and high and low < high:
        yield (
            f"Range: the file bounds the compute of {row['model']} by {low:.4g} and {high:.4g};"
            f" write '{low:.4g} to {high:.4g} (min-max uniform)' if both ends are meant."
        )
    yield from _hours(row, number)


def _base_in_notes(row: pd.Series, others: Iterable[str]) -> Iterator[str]:
    """Ask where the notes on a model without a base name another model of the company."""
    if row["base_model"]:
        return
    notes, own = plain(f"{row['flop_notes']} {row['finetune_notes']}"), plain(row["model"])
    named = [
        other
        for other in dict.fromkeys(others)
        if len(key := plain(other)) >= 4 and key in notes and key not in own and own not in key
    ]
    if named:
        yield (
            f"Base in the notes? {row['model']} (record {row.name}) has no base model, but its"
            f" notes name {', '.join(named[:4])}: '{' '.join(row['flop_notes'].split())[:200]}'. Is"
            " its compute counted on top of theirs?"
        )


def _hours(row: pd.Series, number: Callable[[str], float | None]) -> Iterator[str]:
    use = "use gpu_hours instead of flop if a report confirms it."
    in_file, hours, quantity = number("chip_hours"), number("hours"), number("quantity")
    if in_file:
        yield f"GPU-hours: the file gives {in_file:.4g} chip-hours for {row['model']}; {use}"
    if hours and quantity:
        yield (
            f"GPU-hours: {row['model']} ran for {hours:g} hours on {quantity:g} chips by the file,"
            f" {hours * quantity:.4g} chip-hours, if both are of the same run; {use}"
        )
    notes = " ".join(f"{row.hours_notes} {row.flop_notes} {row.finetune_notes}".split())
    for stated in list(dict.fromkeys(match.group(0) for match in _HOURS.finditer(notes)))[:5]:
        yield f"GPU-hours: the notes on {row['model']} speak of '{stated}'; {use}"
