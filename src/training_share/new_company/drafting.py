"""Turn rows of Epoch AI's models dataset into draft rows of the tables, and doubts into questions.

No number is made up: a compute that the file does not give stays blank, and a blank amount is
refused when the draft is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

import pandas as pd

from training_share.errors import InputError
from training_share.new_company.doubts import doubts
from training_share.new_company.epoch_csv import match_organizations, number, plain, released
from training_share.new_company.hardware import device_key
from training_share.new_company.plan import Draft, Plan

EVIDENCE = {
    "confident": "reported",
    "likely": "reported",
}  # anything else, Speculative too, is our judgement
COLORS = (
    "#56B4E9",
    "#CC79A7",
    "#E69F00",
    "#999999",
    "#F0E442",
    "#000000",
)  # colour-blind safe (Okabe and Ito)
PRICED = ("h800", "h100")  # rented at the price that assumptions.csv holds
_RL = re.compile(
    r"\breinforcement|\brl\b|\brlvr\b|reasoning|thinking|\br1\b|\bqwq\b|rumination|math|agent", re.I
)
_SIX_ND = re.compile(r"\b6\s*(?:[*×x·]|n\s*d\b|flops?\b)", re.I)
_POST = re.compile(r"post-?\s*train", re.I)


def draft_rows(
    plan: Plan,
    models: pd.DataFrame,
    organizations: Iterable[str],
    known_hardware: Iterable[str],
    taken_colors: Iterable[str],
    file_name: str,
) -> tuple[Draft, dict[str, int]]:
    """Return the draft of a company from all `models`, and the spellings of its `organizations`
    matched, with their numbers of rows.

    Raises InputError listing every unreadable date or number of the rows it needs, and where no
    model is left.
    """
    own, matched, asks = match_organizations(models, organizations, file_name)
    maker = _Drafter(plan, models, set(known_hardware), file_name)
    draft, taken = maker.draft, set(taken_colors)
    draft.questions += asks
    chosen = maker.choose(own)
    draft.add(
        "companies",
        company=plan.company,
        display_name=plan.display_name,
        spending_start=str(plan.spending_start),
        spending_end=str(plan.spending_end),
        release_lag_months=str(plan.release_lag_months),
        currency=plan.currency,
        color=next((color for color in COLORS if color not in taken), COLORS[-1]),
    )
    for row in sorted(
        chosen, key=lambda row: bool(row["base_model"])
    ):  # bases before what is built on them
        maker.add_model(row)
    maker.stop_on_faults()
    draft.add(
        "sources",
        source_id=plan.source_id,
        title="Data on AI models",
        publisher="Epoch AI",
        date=f"snapshot {plan.snapshot}",
        url="https://epoch.ai/data/ai-models",
        licence="CC BY 4.0",
        locator="columns for training compute, finetune compute and base model, and their notes",
    )
    filing = f"{plan.company}-filing"
    draft.add("sources", source_id=filing)
    draft.add(
        "spending",
        company=plan.company,
        line="rd_compute",
        period="window",
        period_start=str(plan.spending_start),
        period_end=str(plan.spending_end),
        currency=plan.currency,
        source_id=filing,
    )
    draft.ask(
        f"Spending: what did {plan.display_name} spend on R&D compute from {plan.spending_start} to"
        f" {plan.spending_end}, in millions of {plan.currency}? Fill in spending.csv (several"
        f" periods may add or subtract to the window) and the source {filing} in sources.csv, or"
        " accept --without-spending."
    )
    return draft, matched


class _Drafter:
    """The models of one file on their way into runs; keeps what has been drafted, asked and found
    wrong."""

    def __init__(
        self, plan: Plan, models: pd.DataFrame, known_hardware: set[str], file_name: str
    ) -> None:
        self.plan, self.models, self.known_hardware, self.file_name = (
            plan,
            models,
            known_hardware,
            file_name,
        )
        self.draft, self.faults = Draft(), []
        self._main: dict[int, str] = {}  # record -> run drafted from it
        self._sizes: dict[
            tuple[str, float], str
        ] = {}  # (base, FLOP to four digits) -> first model of that size

    @cached_property
    def _records(self) -> dict[str, int]:
        """Record by plain model name; the first of several."""
        names = self.models["model"].map(plain)
        return {name: record for record, name in reversed(list(names.items())) if name}

    def _where(self, row: pd.Series, column: str) -> str:
        return f"{self.file_name}, record {row.name} ({row['model'][:40]}), {column}"

    def _number(self, row: pd.Series, column: str) -> float | None:
        try:
            return number(row[column], self._where(row, column))
        except InputError as error:
            self.faults.append(str(error))
            return None

    def stop_on_faults(self) -> None:
        """Raise one InputError with every unreadable cell met so far."""
        faults = list(dict.fromkeys(self.faults))
        if faults:
            more = f"\n  and {len(faults) - 20} more" if len(faults) > 20 else ""
            raise InputError(
                faults[0]
                if len(faults) == 1
                else f"{len(faults)} cells cannot be read:\n  " + "\n  ".join(faults[:20]) + more
            )

    def choose(self, own: pd.Series) -> list[pd.Series]:
        """Return the company's models released in the window, oldest first, each name once."""
        self._own = self.models[own]
        if "base_model" in self.models.attrs.get("absent", ()):
            self.draft.ask(
                f"Bases: {self.file_name} has no column of base models, so every model is drafted"
                " as if it were trained from nothing. Which are built on others?"
            )
        rows, undated, seen = [], [], {}
        first, last = self.plan.window
        for _, row in self.models[own].iterrows():
            try:
                day = released(row["released"], self._where(row, "released"))
            except InputError as error:
                self.faults.append(str(error))
                continue
            if not day:
                undated.append(f"{row['model']} ({row['released'] or 'no date'})")
            elif first <= pd.Period(day[:7], freq="M") <= last:
                rows.append((day, len(row["model"]), row))
        self.stop_on_faults()
        for name in undated:
            self.draft.ask(
                f"Release: {name} has no month; does it fall in {first} to {last}? It is not"
                " drafted."
            )
        chosen = []
        for day, _, row in sorted(rows, key=lambda item: item[:2]):
            if (name := plain(row["model"])) in seen:
                self.draft.ask(
                    f"Duplicate: '{row['model']}' stands twice, records {seen[name]} and"
                    f" {row.name}; only the first is drafted. Which is right?"
                )
                continue
            seen[name] = row.name
            chosen.append(pd.concat([row, pd.Series({"day": day})]).rename(row.name))
        if not chosen:
            raise InputError(
                f"{self.file_name}: {int(own.sum())} models of this organisation, none released"
                f" from {first} to {last}; change the spending dates or --release-lag-months"
            )
        joint = [row["model"] for row in chosen if re.search(r"[,;]", row["organization"])]
        if joint:
            self.draft.ask(
                f"Joint work: {', '.join(joint)} were made with others; who paid for the compute?"
            )
        self.draft.selected = [f"{row['model']} ({row['day']})" for row in chosen]
        return chosen

    def add_model(self, row: pd.Series) -> None:
        """Draft the run of one model in the window."""
        total, finetune = self._number(row, "flop"), self._number(row, "finetune_flop")
        name, base = row["model"], row["base_model"]
        words = " ".join((name, row["task"], row["finetune_notes"]))
        if base and finetune:
            if total and finetune > total * 1.001:
                self.draft.ask(
                    f"Compute: {name} has more finetune compute ({finetune:.4g}) than compute in"
                    f" all ({total:.4g}); which is right?"
                )
            by_rl = bool(_RL.search(f"{name} {row['finetune_notes']}")) and not _SIX_ND.search(
                row["finetune_notes"]
            )
            self._run(row, "finetune", "rl" if by_rl else "pretraining", base, finetune)
            self.draft.ask(
                f"Workload: the finetune of {name} is drafted as {'rl' if by_rl else 'pretraining'}"
                f" (mfu{'_rl' if by_rl else ''} applies); change it, or split the row, if it was"
                " something else."
            )
        elif base:
            self._fraction(row, total, _RL.search(words) is not None)
        elif total or finetune:
            if not total:
                self.draft.ask(
                    f"Base: {name} has finetune compute, no base model and no total; what was it"
                    " built on?"
                )
            self._run(row, "pretraining", "pretraining", "", total or finetune)
        else:
            run_id = self._run(row, "pretraining", "pretraining", "", None)
            self.draft.ask(
                f"No compute known: {name} ({row['day']}). Give run {run_id} a flop, gpu_hours or"
                " cost_usd with a source (6 x parameters x tokens where both are known), or delete"
                " the row."
            )
        others = [other for other in self._own["model"] if other != name]
        for question in doubts(row, others, lambda column: self._number(row, column)):
            self.draft.ask(question)

    def _run(
        self, row: pd.Series, stage: str, workload: str, base: str, flop: float | None, **cells: str
    ) -> str:
        """Draft one run and return its key; a size already seen on the same base is drafted
        uncounted."""
        run_id, counted = self._key(row, stage), cells.pop("counted", "yes")
        if flop:
            near = [
                model
                for (of, size), model in self._sizes.items()
                if base and of == plain(base) and 0.001 < abs(size / flop - 1) < 0.1
            ]
            if near:
                self.draft.ask(
                    f"Shared stages? {row['model']} and {', '.join(near)} are finetunes of {base}"
                    " with nearly the same compute; what both went through counts once. Split the"
                    " rows if so."
                )
            first = self._sizes.setdefault((plain(base), float(f"{flop:.3g}")), row["model"])
            if first == row["model"] and counted == "yes":
                first = self._same_before(row, flop) or first
            if first != row["model"] and counted == "yes":
                counted = "no"
                self.draft.ask(
                    f"Counted twice? {row['model']} has the same compute ({flop:.4g}) as {first}."
                    " It is drafted with counted = no; say yes if it is a run of its own."
                )
            if not 1e15 <= flop <= 1e30:
                self.draft.ask(
                    f"Compute: {row['model']} has {flop:.4g} FLOP in the file, record {row.name};"
                    " no known run lies below 1e15 or above 1e30. Is the exponent right?"
                )
        notes = row["flop_notes"]
        six_nd = (
            stage == "pretraining"
            and bool(flop)
            and _SIX_ND.search(notes)
            and not _POST.search(notes)
        )
        confidence = row["confidence"] or "no"
        kind = "finetune" if stage == "finetune" else "training"
        facts = [
            f"Epoch AI, snapshot of {self.plan.snapshot}: {kind} compute "
            + (f"{flop:.7g} FLOP".replace("e+", "e") if flop else "not given")
            + f", confidence {confidence.lower()}"
        ]
        facts += (
            ["from parameters and tokens, so without post-training, hence the factor"]
            if six_nd
            else []
        )
        facts += [f"on top of {base}, not counted again"] if base and flop else []
        amount = {"flop": f"{flop:.7g}".replace("e+", "e")} if flop else {}
        note = "; ".join(facts) + f". Released {row['day']}."
        run = (
            {
                "run_id": run_id,
                "company": self.plan.company,
                "model": row["model"],
                "stage": stage,
                "released": row["day"],
                "post_training": "post_training_factor" if six_nd else "",
                "workload": workload,
                "hardware": self._hardware(row),
                "counted": counted,
                "evidence": EVIDENCE.get(row["confidence"].casefold() if flop else "", "judgement"),
                "source_id": self.plan.source_id,
                "note": note,
            }
            | amount
            | cells
        )
        self.draft.add("training_runs", **run)
        self._main[row.name] = run_id
        return run_id

    def _key(self, row: pd.Series, stage: str) -> str:
        """Return a key for a run that no other run has."""
        key = self.plan.run_id(row["model"], stage, int(row.name))
        taken = {run["run_id"] for run in self.draft.tables.get("training_runs", ())}
        return key if key not in taken else f"{key}-{row.name}"

    @cached_property
    def _earlier(self) -> list[tuple[str, float | None, str]]:
        """The company's models of any date before the window that are built on no other: what to
        call each, its compute and the notes on it, by their letters."""
        first, _ = self.plan.window
        found = []
        for record, row in self._own[self._own["base_model"] == ""].iterrows():
            try:
                day = released(row["released"], "")
                size = number(row["flop"], "")
            except InputError:  # told where the model itself is drafted
                continue
            if day and pd.Period(day[:7], freq="M") < first:
                label = f"{row['model']} ({day}, record {record})"
                found.append((label, size, plain(row["flop_notes"])))
        return found

    def _same_before(self, row: pd.Series, flop: float) -> str:
        """Return an earlier model with the same compute or the same notes on it, or ""."""
        notes = plain(row["flop_notes"])
        for label, size, words in self._earlier:
            same = size is not None and f"{size:.3g}" == f"{flop:.3g}"
            if same or (len(notes) > 10 and words == notes):
                return label
        return ""

    def _fraction(self, row: pd.Series, total: float | None, by_rl: bool) -> None:
        """Draft a finetune of unknown compute as a fraction of the pretraining at the root of its
        lineage."""
        rule, stage, workload = (
            ("rl_fraction", "rl", "rl") if by_rl else ("sft_fraction", "sft", "pretraining")
        )
        name, root = row["model"], self._root(row)
        base_run = self._base_run(root, name, row["base_model"]) if root is not None else ""
        if root is None:
            self.draft.ask(
                f"Base: {name} is built on {row['base_model']}, which is not in the file; give its"
                " run and name it in base_run of"
                f" {self.plan.run_id(name, stage, int(row.name))}, or give that run an amount."
            )
        of = root["model"] if root is not None else row["base_model"]
        note = (
            f"Finetune compute is not known; the general {'RL' if by_rl else 'SFT'} fraction of the"
            f" pretraining of {of} is used. Epoch AI, snapshot of {self.plan.snapshot}, names"
            f" {row['base_model']} as its base. Released {row['day']}."
        )
        self._run(
            row,
            stage,
            workload,
            row["base_model"],
            None,
            base_run=base_run,
            fraction_of_base=rule,
            evidence="judgement",
            note=note,
        )
        self.draft.ask(
            f"RL or SFT? {name} is drafted by {rule} of {of}; change the rule if that is not what"
            " was done" + (f". The file's total for it is {total:.4g}." if total else ".")
        )

    def _root(self, row: pd.Series) -> pd.Series | None:
        """Follow the base models to the first that has none; None where the file breaks off."""
        seen = {row.name}
        while row["base_model"]:
            names = [row["base_model"], *row["base_model"].split(",")]
            keys = [
                key for name in names for key in (plain(name), plain(name).removesuffix("base"))
            ]
            record = next((self._records[key] for key in keys if key in self._records), None)
            if record is None or record in seen:
                return None
            if "," in row["base_model"]:
                self.draft.ask(
                    f"Bases: {row['model']} has several ({row['base_model']}); "
                    f"{self.models.loc[record, 'model']} is taken."
                )
            seen.add(record)
            row = self.models.loc[record]
        return row

    def _base_run(self, root: pd.Series, name: str, base: str) -> str:
        if root.name in self._main:
            return self._main[root.name]
        first, last = self.plan.window
        flop = self._number(root, "flop")
        try:
            day = released(root["released"], self._where(root, "released"))
        except InputError as error:
            self.faults.append(str(error))
            return ""
        root = pd.concat([root, pd.Series({"day": day})]).rename(root.name)
        inside = bool(day) and first <= pd.Period(day[:7], freq="M") <= last
        run_id = self._run(root, "pretraining", "pretraining", "", flop, counted="no")
        self.draft.ask(
            f"Base {'of another organisation' if inside else 'outside the window'}: {name} is built"
            f" on {base}; {root['model']} ({day or 'no date'}) is drafted as {run_id} with counted"
            " = no" + ("." if flop else " and has no compute in the file; give it one.")
        )
        return run_id

    def _hardware(self, row: pd.Series) -> str:
        """Return the key of a run's chip; ask where the file names none, several, one that the
        table lacks, or one whose rent is not that of an H800."""
        if not row["hardware"]:
            if "hardware" not in self.models.attrs.get("absent", ()):
                self.draft.ask(
                    f"Hardware: the file names no chip for {row['model']}; {self.plan.hardware} is"
                    " drafted."
                )
            return self.plan.hardware
        chips = [chip.strip() for chip in row["hardware"].split(",") if chip.strip()]
        form = "fp8" if "fp8" in row["format"].casefold() else "bf16"
        key = self._known_chip(device_key(chips[0]), form)
        if len(chips) > 1 or not key:
            self.draft.ask(
                f"Hardware: {row['model']} was trained on {row['hardware']}"
                f" ({row['format'] or 'no number format given'}); data/hardware.csv"
                f" {f'has {key}' if key else f'lacks {device_key(chips[0])}-{form}'}."
                f" {'The first chip' if key else self.plan.hardware} is drafted."
            )
        if not device_key(chips[0]).startswith(PRICED):
            self.draft.ask(
                f"Price: {row['model']} was trained on {chips[0]}, but the price of a GPU-hour in"
                " assumptions.csv is an H800's. Give cost_usd, or say in the note why the price"
                " holds."
            )
        return key or self.plan.hardware

    def _known_chip(self, device: str, form: str) -> str:
        """Return the key in hardware of a device, its form factor left open where the file leaves
        it open; "" where the table has none."""
        if f"{device}-{form}" in self.known_hardware:
            return f"{device}-{form}"
        forms = [f"{device}-{factor}-{form}" for factor in ("sxm", "hgx", "oam", "pcie")]
        return next((key for key in forms if key in self.known_hardware), "")
