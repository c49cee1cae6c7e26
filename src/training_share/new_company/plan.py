"""What a draft is made of: the plan a person gave, the rows drafted from it, the questions left."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import pandas as pd

from training_share.inputs.schema import MODELS


@dataclass
class Draft:
    """Draft rows by table, as text, and the questions only a person can answer."""

    tables: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)
    selected: list[str] = field(default_factory=list)

    def add(self, table: str, **cells: str) -> None:
        """Append a row; columns that are not named stay blank."""
        self.tables.setdefault(table, []).append(
            {column: "" for column in MODELS[table].model_fields} | cells
        )

    def ask(self, question: str) -> None:
        """Append a question once."""
        if question not in self.questions:
            self.questions.append(question)


@dataclass(frozen=True)
class Plan:
    """What the person said about the company."""

    company: str
    display_name: str
    spending_start: date
    spending_end: date
    release_lag_months: int
    currency: str
    hardware: str
    snapshot: str  # date of the file

    @cached_property
    def window(self) -> tuple[pd.Period, pd.Period]:
        """First and last month of release that counts."""
        first, last = (
            pd.Period(day, freq="M") + self.release_lag_months
            for day in (self.spending_start, self.spending_end)
        )
        return first, last

    @property
    def source_id(self) -> str:
        """Key of the snapshot in sources."""
        return f"epoch-models-{self.company}-{self.snapshot}"

    def run_id(self, model: str, stage: str, record: int) -> str:
        """Return the key of a run: company, model and stage, in the letters a key may have; a name
        with other letters has its record's number too."""
        words = model.casefold().replace("+", " plus ").replace("#", " sharp ")
        slug = re.sub(r"[^a-z0-9.]+", "-", words).strip("-.")
        if not words.isascii():
            slug = f"{slug}-{record}".strip("-")
        slug = slug if slug.startswith(self.company) else f"{self.company}-{slug}"
        return f"{slug}-{stage}"
