"""Turn records of Epoch AI's models into draft rows of `training_runs`, and doubts into questions.

No number is made up: a compute that the file does not give stays blank, and a blank amount is
refused when the draft is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Any

import pandas as pd

from training_share.errors import InputError
from training_share.model.case import listed
from training_share.new_company.epoch_csv import Row, Snapshot, as_cell, makers, plain
from training_share.new_company.files import PLAUSIBLE_FLOP, Draft
from training_share.new_company.hardware import device_key, known_key

REPORTED = ("confident", "likely")  # any other confidence, Speculative too, is our judgement
PRICED = ("h800", "h100")  # rented at the price that assumptions.csv holds
_RL = re.compile(
    r"\breinforcement|\brl\b|\brlvr\b|reasoning|thinking|\br1\b|\bqwq\b|rumination|math|agent", re.I
)
_SIX_ND = re.compile(r"\b6\s*(?:[*×x·]|n\s*d\b|flops?\b)", re.I)
_POST = re.compile(r"post-?\s*train", re.I)
_HOURS = re.compile(
    r"[\d.,]+\s*[kKmM]?(?:illion)?\s*(?:[A-Z]+\d+\w*\s+)?"
    r"(?:GPU|TPU|chip|device|[A-Z]{1,3}\d{2,4}\w*)[- ]?(?:hours?|days?)",
    re.I,
)


class CompanyDraft(Draft):
    """A company's draft, which takes the models of a file one by one: what was drafted so far
    decides what is asked. `chip` is taken where the file names none; `known` are hardware's keys.
    """

    def __init__(self, company: Any, file: Snapshot, chip: str, known: Iterable[str]) -> None:
        super().__init__(company.display_name)
        self.company, self.file, self.chip, self.known = company, file, chip, known
        self.source_id = f"epoch-models-{company.company}-{file.date}"
        days = company.spending_start, company.spending_end
        months = [pd.Period(day, freq="M") + company.release_lag_months for day in days]
        self.first, self.last = map(str, months)
        self.own: list[Row] = []
        self.records = {plain(row.model): row for row in reversed(file.rows)}  # the first of a name
        self.records.pop("", None)  # what has no name is nobody's base
        self.keys: dict[int, str] = {}  # record -> run drafted from it
        self.sizes: dict[tuple[str, float], str] = {}  # base, FLOP to three digits -> first model

    def _dated(self, row: Row) -> Row:
        return row._replace(released=self.file.value(row, "released") or "")

    # --- which models -----------------------------------------------------------------------------
    def choose(self, own: list[Row]) -> list[Row]:
        """Return those of the company's models that were released in the window, oldest first, each
        name once."""
        self.own = [self._dated(row) for row in own]
        self.file.refuse_faults()
        if "base_model" in self.file.absent:
            self.ask("bases-unknown", file=self.file)
        for given, row in zip(own, self.own, strict=True):
            if not row.released:
                day = given.released or "no date"
                self.ask("release", row=row, day=day, first=self.first, last=self.last)
        chosen: dict[str, Row] = {}
        inside = [row for row in self.own if self._inside(row)]
        for row in sorted(inside, key=lambda row: (row.released, len(row.model))):
            first = chosen.setdefault(plain(row.model), row)
            if first is not row:
                self.ask("duplicate", row=row, first=first)
        if not chosen:
            raise InputError(
                f"{self.file.name}: {len(self.own)} models of this organisation, none released"
                f" from {self.first} to {self.last}; change the spending dates or"
                " --release-lag-months"
            )
        if joint := [row.model for row in chosen.values() if len(makers(row)) > 1]:
            self.ask("joint", models=", ".join(joint))
        return list(chosen.values())

    def _inside(self, row: Row) -> bool:
        return self.first <= row.released[:7] <= self.last

    # --- a run for each ---------------------------------------------------------------------------
    def add_model(self, row: Row) -> None:
        """Draft the run of one model in the window, and ask what its record leaves open."""
        total, finetune = self.file.value(row, "flop"), self.file.value(row, "finetune_flop")
        if row.base_model and finetune:
            self._finetune(row, total, finetune)
        elif row.base_model:
            self._fraction(row, total)
        else:
            self._pretraining(row, total, finetune)
        self._doubts(row)

    def _pretraining(self, row: Row, total: float | None, finetune: float | None) -> None:
        if finetune and not total:
            self.ask("base-of-finetune", row=row)
        run_id = self._run(row, "pretraining", "pretraining", total or finetune)
        if not (total or finetune):
            self.ask("unknown", row=row, run_id=run_id)

    def _finetune(self, row: Row, total: float | None, finetune: float) -> None:
        if total and finetune > total * 1.001:
            self.ask("finetune-above-total", row=row, finetune=finetune, total=total)
        by_tokens = _SIX_ND.search(row.finetune_notes)
        rl = _RL.search(f"{row.model} {row.finetune_notes}") and not by_tokens
        workload, mfu = ("rl", "mfu_rl") if rl else ("pretraining", "mfu")
        self._run(row, "finetune", workload, finetune)
        self.ask("workload", row=row, workload=workload, mfu=mfu)

    def _fraction(self, row: Row, total: float | None) -> None:
        """Draft a finetune of unknown compute as a fraction of the pretraining at the root of its
        lineage."""
        rl = _RL.search(f"{row.model} {row.task} {row.finetune_notes}")
        stage, workload = ("rl", "rl") if rl else ("sft", "pretraining")
        root, rule = self._root(row), f"{stage}_fraction"
        base_run = self._base_run(root, row) if root else ""
        if not root:
            self.ask("base-absent", row=row, run_id=self._key(row, stage))
        of = root.model if root else row.base_model
        note = (
            f"Finetune compute is not known; the general {stage.upper()} fraction of the"
            f" pretraining of {of} is used. Epoch AI, snapshot of {self.file.date}, names"
            f" {row.base_model} as its base. Released {row.released}."
        )
        self._run(row, stage, workload, base_run=base_run, fraction_of_base=rule, note=note)
        end = f". The file's total for it is {total:.4g}." if total else "."
        self.ask("fraction", row=row, rule=rule, of=of, end=end)

    def _run(
        self, row: Row, stage: str, workload: str, flop: float | None = None, **cells: str
    ) -> str:
        """Draft one run and return its key."""
        confidence = row.confidence.casefold() or "no"
        counted = self._counted(row, flop, cells.pop("counted", "yes")) if flop else "yes"
        base, notes = row.base_model, row.flop_notes
        factor = flop and not base and _SIX_ND.search(notes) and not _POST.search(notes)
        note = (
            f"Epoch AI, snapshot of {self.file.date}: {'finetune' if base else 'training'} compute"
            f" {f'{as_cell(flop)} FLOP' if flop else 'not given'}, confidence {confidence}"
        )
        if factor:
            note += "; from parameters and tokens, so without post-training, hence the factor"
        if base:
            note += f"; on top of {base}, not counted again"
        run = {
            "run_id": self._key(row, stage),
            "company": self.company.company,
            "model": row.model,
            "stage": stage,
            "released": row.released,
            "flop": as_cell(flop) if flop else "",
            "post_training": "post_training_factor" if factor else "",
            "workload": workload,
            "hardware": self._hardware(row),
            "counted": counted,
            "evidence": "reported" if flop and confidence in REPORTED else "judgement",
            "source_id": self.source_id,
            "note": f"{note}. Released {row.released}.",
        }
        self.add("training_runs", **run | cells)
        self.keys[row.record] = run["run_id"]
        return run["run_id"]

    def _key(self, row: Row, stage: str) -> str:
        """Return a key that no other run has: company, model and stage, in the letters a key may
        have; a name with other letters has its record's number too."""
        words = row.model.casefold().replace("+", " plus ").replace("#", " sharp ")
        slug = re.sub(r"[^a-z0-9.]+", "-", words).strip("-.")
        if not words.isascii():
            slug = f"{slug}-{row.record}".strip("-")
        company = self.company.company
        key = f"{slug if slug.startswith(company) else f'{company}-{slug}'}-{stage}"
        return f"{key}-{row.record}" if key in self.keys.values() else key

    # --- counted once -----------------------------------------------------------------------------
    def _counted(self, row: Row, flop: float, counted: str) -> str:
        """Return whether a run counts: not where another has its compute. Ask about its size."""
        base = plain(row.base_model)
        near = [
            model
            for (of, size), model in self.sizes.items()
            if base and of == base and 0.001 < abs(size / flop - 1) < 0.1
        ]
        if near:
            self.ask("shared-stages", row=row, near=", ".join(near))
        first = self.sizes.setdefault((base, float(f"{flop:.3g}")), row.model)
        twin = first if first != row.model else self._earlier(row, flop)
        if twin and counted == "yes":
            counted = "no"
            self.ask("twice", row=row, flop=flop, twin=twin)
        if not PLAUSIBLE_FLOP[0] <= flop <= PLAUSIBLE_FLOP[1]:
            self.ask("implausible", row=row, flop=flop)
        return counted

    def _earlier(self, row: Row, flop: float) -> str:
        """Return a model before the window, built on no other, with the same compute or the same
        notes on it; or ""."""
        notes = plain(row.flop_notes)
        for other in self.own:
            if not other.base_model and "" < other.released < self.first:
                same = f"{pd.to_numeric(other.flop, errors='coerce'):.3g}" == f"{flop:.3g}"
                if same or (len(notes) > 10 and plain(other.flop_notes) == notes):
                    return f"{other.model} ({other.released}, record {other.record})"
        return ""

    # --- bases ------------------------------------------------------------------------------------
    def _root(self, row: Row) -> Row | None:
        """Follow the base models to the first that has none; None where the file breaks off."""
        seen = {row.record}
        while row.base_model:
            names = [plain(name) for name in (row.base_model, *row.base_model.split(","))]
            keys = [key for name in names for key in (name, name.removesuffix("base"))]
            base = next((self.records[key] for key in keys if key in self.records), None)
            if base is None or base.record in seen:
                return None
            if "," in row.base_model:
                self.ask("bases", row=row, base=base)
            seen.add(base.record)
            row = base
        return row

    def _base_run(self, root: Row, row: Row) -> str:
        """Return the run that `row` is built on; one that is not of the window is drafted,
        uncounted."""
        if root.record in self.keys:
            return self.keys[root.record]
        flop, root = self.file.value(root, "flop"), self._dated(root)
        run_id = self._run(root, "pretraining", "pretraining", flop, counted="no")
        kind = "of another organisation" if self._inside(root) else "outside the window"
        end = "." if flop else " and has no compute in the file; give it one."
        day = root.released or "no date"
        self.ask("base-drafted", row=row, root=root, kind=kind, day=day, run_id=run_id, end=end)
        return run_id

    # --- chips ------------------------------------------------------------------------------------
    def _hardware(self, row: Row) -> str:
        """Return the key of a run's chip; ask where the file names none, several, one that the
        table lacks, or one whose rent is not that of an H800."""
        chips = listed(row.hardware)
        if not chips:
            if "hardware" not in self.file.absent:
                self.ask("chip-absent", row=row, chip=self.chip)
            return self.chip
        device, form = device_key(chips[0]), "fp8" if "fp8" in row.format.casefold() else "bf16"
        key = known_key(device, form, self.known)
        if len(chips) > 1 or not key:
            has = f"has {key}" if key else f"lacks {device}-{form}"
            taken = "The first chip" if key else self.chip
            form = row.format or "no number format given"
            self.ask("chips", row=row, form=form, has=has, taken=taken)
        if not device.startswith(PRICED):
            self.ask("price", row=row, chip=chips[0])
        return key or self.chip

    # --- what a record leaves open, whatever was drafted from it ----------------------------------
    def _doubts(self, row: Row) -> None:
        ask, value = partial(self.ask, row=row), partial(self.file.value, row)
        self._base_in_notes(row)
        if flop := value("post_flop"):
            ask("post-training", flop=flop)
        low, high = value("low"), value("high")
        if low and high and low < high:
            ask("range", low=low, high=high)
        if hours := value("chip_hours"):
            ask("gpu-hours", hours=hours)
        hours, chips = value("hours"), value("quantity")
        if hours and chips:
            ask("gpu-hours-of-chips", hours=hours, chips=chips, product=hours * chips)
        notes = " ".join(f"{row.hours_notes} {row.flop_notes} {row.finetune_notes}".split())
        for words in list(dict.fromkeys(_HOURS.findall(notes)))[:5]:
            ask("gpu-hours-in-notes", words=words)

    def _base_in_notes(self, row: Row) -> None:
        """Ask where the notes on a model without a base name another model of the company."""
        notes, own = plain(f"{row.flop_notes} {row.finetune_notes}"), plain(row.model)
        keys = {other.model: plain(other.model) for other in self.own}
        named = [
            name
            for name, key in keys.items()
            if len(key) >= 4 and key in notes and key not in own and own not in key
        ]
        if named and not row.base_model:
            quoted = " ".join(row.flop_notes.split())[:200]
            self.ask("base-in-notes", row=row, names=", ".join(named[:4]), notes=quoted)
