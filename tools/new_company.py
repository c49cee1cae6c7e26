"""Draft the rows of the next company from Epoch AI's data on AI models, and what to ask about them.

    python tools/new_company.py NAME --models CSV --spending-start 2024-10-01 --spending-end ...
    python tools/new_company.py NAME --write

The first makes a folder of rows and questions, which a person completes with any editor. The second
appends the rows to the tables, if these load with them and the company can be estimated. No number
is made up: what the file does not say stays blank, and the tables refuse a blank amount. What rows
and questions say stands in new_company.toml. See docs/new_company.md.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import re
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace as Row

import pandas as pd

import training_share as ts
from training_share.errors import InputError, nearest, require_known
from training_share.files import write_all
from training_share.inputs.columns import chip_of
from training_share.inputs.tables import Tables, read_texts

TOOLS = Path(__file__).resolve().parent
WORDS = tomllib.loads((TOOLS / "new_company.toml").read_text(encoding="utf-8"))
PATTERNS = {name: re.compile(text, re.IGNORECASE) for name, text in WORDS["patterns"].items()}
AGAIN = "download it again from epoch.ai/data, unchanged"
REPORTED = ("confident", "likely")  # any other confidence, Speculative too, is our judgement
PLAUSIBLE_FLOP = 1e15, 1e30  # a run outside is a slip of the exponent
FACTORS = ("", "-sxm", "-hgx", "-oam", "-pcie")  # forms of a chip, which a file may leave open
FASTEST = {"bf16": ("tf32", 2.5), "fp8": ("bf16", 2.1)}  # a peak is so many times another, if dense
WINDOW = ("spending_start", "spending_end", "release_lag_months")  # decide which models belong
DRAWS = 10_000  # of the estimates that are printed


# --- cells of Epoch AI's files --------------------------------------------------------------------
def plain(text: str) -> str:
    """Return a name by its letters, digits, + and # alone, in lower case: C and C++ are two."""
    return re.sub(r"[^\w+#]|_", "", text.casefold())


def as_day(text: str) -> str:
    """Return a date as YYYY-MM-DD or YYYY-MM; blank for a bare year or none. InputError for what is
    no date, and where day and month may be exchanged."""
    text = re.sub(r"[T ]\d\d:\d\d.*$", "", text)
    if re.fullmatch(r"(\d{4}(-(0[1-9]|1[0-2]))?)?", text):
        return text if len(text) > 4 else ""
    days = set()
    for form in WORDS["days"]:
        with suppress(ValueError):
            days.add(datetime.strptime(text, form).date().isoformat())
    if len(days) != 1:
        fault = "may be day/month or month/day" if days else "is not a date"
        raise InputError(f"'{text[:60]}' {fault}; write it as YYYY-MM-DD")
    return days.pop()


def as_amount(text: str) -> float:
    """Return a positive number, 0 where the cell is blank; InputError for '3,1e24' and words."""
    with suppress(ValueError):
        if 0 <= (amount := float(text.replace("_", "?") or 0)) < math.inf:
            return amount
    raise InputError(f"'{text[:60]}' is not a positive number; write it as 3.1e24, or empty it")


def as_cell(amount: float) -> str:
    """Return a number as a table's cell has it, such as 3.142e24."""
    return f"{amount:.7g}".replace("e+", "e")


READERS = {"text": str, "day": as_day, "amount": as_amount}  # by kind of column


class Snapshot:
    """The records of a CSV as text, under our names for its columns; those it lacks are `absent`,
    and blank. `columns` are those of new_company.toml: how a header may spell each, by its kind.

    Raises InputError, naming the file and where it breaks, for anything that is no intact CSV with
    the required columns.
    """

    def __init__(self, path: Path, columns: dict[str, dict]) -> None:
        self.name, (header, *lines) = path.name, _lines(path)
        self.kinds = {name: kind for kind in READERS for name in columns.get(kind, ())}
        ours = {one: name for name, kind in self.kinds.items() for one in columns[kind][name]}
        names = [ours.get(plain(theirs), "") for theirs in header]
        faults = [f"no column for {name}" for name in columns["required"] if name not in names]
        faults += [f"two for {name}, delete one" for name in self.kinds if names.count(name) > 1]
        if faults:
            there = f"between commas stand {' | '.join(header)[:300]}"
            raise InputError(f"{self.name}, header: {'; '.join(faults)}; {there}; {AGAIN}")
        self.absent = self.kinds.keys() - names
        blank = dict.fromkeys(self.kinds, "")
        self.rows = [
            Row(**blank | dict(zip(names, cells, strict=True)) | {"record": record})
            for record, cells in enumerate(lines, start=1)
        ]
        self.dated = re.search(r"20\d\d-[01]\d(-[0-3]\d)?", path.stem)  # by its name
        self.date = (self.dated or [str(date.fromtimestamp(path.stat().st_mtime))])[0]

    def typed(self, row: Row) -> Row:
        """Return a record with days and amounts as they are read; InputError where they cannot."""
        cells = dict(vars(row))
        for column, kind in self.kinds.items():
            try:
                cells[column] = READERS[kind](cells[column])
            except InputError as error:
                raise InputError(f"{self.name}, record {row.record}, {column}: {error}") from None
        return Row(**cells)


def _lines(path: Path) -> list[list[str]]:
    """Return the cells of the header and of each record, every white space a single blank."""
    try:
        text = io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")
        reader = csv.reader(text, strict=True)
        lines = [[" ".join(cell.split()) for cell in cells] for cells in reader if cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: no intact CSV in UTF-8 ({error}); {AGAIN}") from error
    if len(lines) < 2:
        raise InputError(f"{path.name}: no rows under a header; {AGAIN}")
    for record, cells in enumerate(lines):
        if len(cells) != len(lines[0]):
            told = f"record {record} has {len(cells)} cells, the header {len(lines[0])}"
            raise InputError(f"{path.name}: {told}; {AGAIN}")
    return lines


# --- names of organisations and chips -------------------------------------------------------------
def makers(row: Row) -> list[str]:
    """Return the organisations that made a model, of "A & B" also each by itself."""
    listed = [part.strip() for part in re.split("[,;]", row.organization) if part.strip()]
    parts = [part for one in listed for part in re.split(r" (?:&|\+|and) ", one)]
    return list(dict.fromkeys(listed + parts))


def spellings(name: str) -> set[str]:
    """Return how one organisation may be spelled: 'Z.ai (Zhipu AI)' is zai, zhipuai and zhipu."""
    found = set()
    for part in (name, *re.split(r"[()\[\]/]", name)):
        words = [word for word in re.split(r"[\W_]+", part.casefold()) if word]
        found.add("".join(words))
        while len(words) > 1 and words[-1] in WORDS["generic"]:
            words = words[:-1]
        found.add("".join(words) if len("".join(words)) > 2 else "")
    return found - {""}


def akin(one: str, two: str) -> bool:
    """Return whether one name stands in the other: as a word, LG in LG AI Research, or anywhere if
    it has five letters."""
    short, long = sorted((one.casefold(), two.casefold()), key=len)
    is_word = re.search(rf"(?<!\w){re.escape(short)}(?!\w)", long)
    return bool(is_word) or (len(plain(short)) >= 5 and plain(short) in plain(long))


def device_of(chip: str) -> str:
    """Return a chip as keys of hardware.csv begin: 'NVIDIA H100 SXM5 80GB' is h100-sxm."""
    text = re.sub(r"\(.*?\)", " ", chip.casefold()).replace("pcle", "pcie")
    text = re.sub(r"\bsxm\d\b", "sxm", PATTERNS["not_of_a_chip"].sub(" ", text))
    words = re.findall(r"[a-z0-9.]+", text)
    return "-".join([*words[1:], "hgx"] if words[:1] == ["hgx"] else words)


# --- from records to rows and questions -----------------------------------------------------------
class Draft:
    """The rows of one company by table, and the questions about them. Models are taken one by one:
    what was drafted so far decides what is asked."""

    def __init__(self, options: argparse.Namespace, tables: Tables) -> None:
        self.options, self.tables, self.company = options, tables, options.name
        self.models = Snapshot(options.models, WORDS["models"])
        self.chips = options.hardware_csv and Snapshot(options.hardware_csv, WORDS["chips"])
        days, lag = (options.spending_start, options.spending_end), options.release_lag_months
        self.first, self.last = (str(pd.Period(day, freq="M") + lag) for day in days)
        self.source = f"epoch-models-{self.company}-{self.models.date}"
        self.rows: dict[str, list[dict[str, str]]] = {}
        self.asked: dict[tuple, list[str]] = {}  # question and what it is of -> models
        self.keys: dict[int, str] = {}  # record -> run drafted from it
        self.sizes: dict[tuple[str, str], str] = {}  # base, FLOP to three digits -> first model
        runs = [run for run in tables.training_runs.values() if run.company == self.company]
        self.known = {plain(run.model) for run in runs}
        self.bases = {plain(run.model): run for run in reversed(runs) if run.base_run is None}
        self.records = {plain(row.model): row for row in reversed(self.models.rows) if row.model}
        for name, run in self.bases.items():  # what the file may not have
            cells = dict.fromkeys(self.models.kinds, "") | {"model": run.model}
            row = self.records.setdefault(name, Row(record=run.run_id, **cells))
            self.keys[row.record] = run.run_id
        self._add_company()
        self.own = self._own_models()
        self.chosen = self._released_in_window()
        for row in sorted(self.chosen, key=lambda row: row.base_model != ""):  # bases first
            self._add_model(row)

    def ask(self, question: str, model: str = "", **of: str) -> None:
        """Ask a question of new_company.toml about a model, together with all models of which the
        same is asked."""
        models = self.asked.setdefault((question, *of.items()), [])
        if model not in models:
            models.append(model)

    def _add(self, table: str, kind: str, given: Mapping[str, str], **more: str) -> dict[str, str]:
        """Append a row as new_company.toml has it, unless it was drafted before, and return it;
        columns that it does not name stay blank."""
        row = {column: text.format(**given) for column, text in WORDS["rows"][kind].items()} | more
        if row not in (rows := self.rows.setdefault(table, [])):
            rows.append(row)
        return row

    # --- the company ------------------------------------------------------------------------------
    def _add_company(self) -> None:
        """Draft the company and the source of its runs; spending and a rate where the tables have
        none."""
        given = {name: str(of) for name, of in vars(self.options).items() if name != "models"}
        given["years"] = f"{given['spending_start'][:4]}/{given['spending_end'][:4]}"
        given |= {"date": self.models.date, "file": self.models.name, "source": self.source}
        self._add("companies", "company", given)
        self._add("sources", "models", given)
        if not self.tables.lines(self.company):
            self._add("spending", "spending", given)
            self._add("sources", "filing", given)
            self.ask("spending", **given)
        rates = {"USD", *(rate.currency for rate in self.tables.fx.values())}
        if given["currency"] not in rates and not chip_of(given["currency"]):
            self._add("fx", "rate", given)
            self._add("sources", "source_of_rate", given)
            self.ask("rate", **given)
        if not self.models.dated:
            self.ask("snapshot", **given)

    # --- which models -----------------------------------------------------------------------------
    def _own_models(self) -> list[Row]:
        """Return the models of the organisations asked for; ask about names that are not in the
        file, and near ones left out. InputError where none is in the file."""
        given = ",".join(self.options.organization or ()).split(",")
        asked = [name.strip() for name in given if name.strip()] or [self.options.display_name]
        counts = Counter(maker for row in self.models.rows for maker in makers(row))
        self.matched = dict[str, int]()
        for name in asked:
            found = {one: counts[one] for one in counts if spellings(one) & spellings(name)}
            self.matched |= found
            near = nearest(name, counts).partition("; known")[0] or "; look it up there"
            if not found:
                self.ask("no-organization", one=name, near=near)
        if not self.matched:
            raise InputError(f"{self.models.name}, column organization: no '{name}'{near}")
        own = [row for row in self.models.rows if self.matched.keys() & makers(row)]
        beside = {maker for row in own for maker in makers(row)}
        for one in [one for one in counts if one not in beside]:
            if any(akin(one, name) for name in asked):
                self.ask("near-organization", one)
        return [self.models.typed(row) for row in own]

    def _released_in_window(self) -> list[Row]:
        """Return those models that were released in the window, oldest first, each name once, and
        none that the tables have."""
        if "base_model" in self.models.absent:
            self.ask("no-bases", file=self.models.name)
        chosen: dict[str, Row] = {}
        for row in sorted(self.own, key=lambda row: (row.released, len(row.model))):
            if not row.released:
                self.ask("no-month", row.model, first=self.first, last=self.last)
            elif not self.first <= row.released[:7] <= self.last:
                continue
            elif plain(row.model) in self.known:
                self.ask("known", row.model)
            elif chosen.setdefault(plain(row.model), row) is not row:
                self.ask("duplicate", row.model)
            elif len(makers(row)) > 1:
                self.ask("joint", row.model)
        if not chosen:
            none = f"{len(self.own)} models of this organisation, no new one released from"
            mend = "change the spending dates or --release-lag-months"
            raise InputError(f"{self.models.name}: {none} {self.first} to {self.last}; {mend}")
        return list(chosen.values())

    # --- a run for each ---------------------------------------------------------------------------
    def _add_model(self, row: Row) -> None:
        """Draft the run of one model, and ask what its record leaves open."""
        if row.base_model and row.finetune_flop:
            if 0 < row.flop * 1.001 < row.finetune_flop:
                self.ask("finetune-above-total", row.model, total=as_cell(row.flop))
            by_tokens = PATTERNS["six_nd"].search(row.finetune_notes)
            is_rl = not by_tokens and PATTERNS["rl"].search(f"{row.model} {row.finetune_notes}")
            workload, mfu = ("rl", "mfu_rl") if is_rl else ("pretraining", "mfu")
            self._add_run(row, "finetune", workload, row.finetune_flop)
            self.ask("workload", row.model, workload=workload, mfu=mfu)
        elif row.base_model:
            self._add_fraction(row)
        else:
            if not row.flop:
                self.ask("base-of-finetune" if row.finetune_flop else "unknown", row.model)
            self._add_run(row, "pretraining", "pretraining", row.flop or row.finetune_flop)
            self._ask_of_base_in_notes(row)
        notes = f"{row.hours_notes} {row.flop_notes} {row.finetune_notes}"
        hours = [f"'{words}' in its notes" for words in PATTERNS["gpu_hours"].findall(notes)]
        if row.hours and row.quantity:
            product = f"{as_cell(row.hours * row.quantity)} chip-hours if both are of one run"
            hours.insert(0, f"{row.hours:g} hours on {row.quantity:g} chips, {product}")
        if hours:
            self.ask("gpu-hours", f"{row.model} ({'; '.join(dict.fromkeys(hours[:5]))})")

    def _add_fraction(self, row: Row) -> None:
        """Draft a finetune of unknown compute as a fraction of the pretraining at the root of its
        lineage."""
        is_rl = PATTERNS["rl"].search(f"{row.model} {row.finetune_notes}")
        stage, workload = ("rl", "rl") if is_rl else ("sft", "pretraining")
        root, rule = self._root(row), f"{stage}_fraction"
        of, base_run = (root.model, self._base_run(root, row)) if root else (row.base_model, "")
        if not root:
            self.ask("base-absent", row.model, base=row.base_model)
        given = vars(row) | {"stage": stage.upper(), "of": of, "date": self.models.date}
        note = WORDS["notes"]["fraction"].format(**given)
        self._add_run(row, stage, workload, base_run=base_run, fraction_of_base=rule, note=note)
        self.ask("stage", row.model, of=of, rule=rule)

    def _add_run(self, row: Row, stage: str, workload: str, flop: float = 0, **cells: str) -> str:
        """Draft one run and return its key."""
        by_tokens = flop and not row.base_model and PATTERNS["six_nd"].search(row.flop_notes)
        factor = bool(by_tokens) and not PATTERNS["post_training"].search(row.flop_notes)
        given = vars(row) | {"stage": stage, "workload": workload, "source": self.source}
        given |= {"company": self.company, "key": self._key(row, stage), "date": self.models.date}
        given |= {"amount": as_cell(flop) if flop else "", "chip": self._hardware(row)}
        given["confidence"] = row.confidence.casefold() or "no"
        given["evidence"] = "reported" if flop and given["confidence"] in REPORTED else "judgement"
        given["kind"] = "finetune" if row.base_model else "training"
        if "counted" not in cells:
            cells["counted"] = "no" if flop and self._is_elsewhere(row, flop) else "yes"
        given["factor"] = "post_training_factor" if factor else ""
        parts = {"compute": flop, "no_compute": not flop, "factor": factor, "base": row.base_model}
        note = "".join(WORDS["notes"][part] for part in [*filter(parts.get, parts), "end"])
        given["note"] = note.format(**given)
        run = self._add("training_runs", "run", given, **cells)
        self.keys[row.record] = run["run_id"]
        return run["run_id"]

    def _key(self, row: Row, stage: str) -> str:
        """Return a key that no other run has: company, model and stage, in the letters a key may
        have; a name with other letters has its record's number too."""
        words = row.model.casefold().replace("+", " plus ").replace("#", " sharp ")
        slug = re.sub(r"[^a-z0-9.]+", "-", words).strip("-.")
        slug = slug if words.isascii() else f"{slug}-{row.record}".strip("-")
        key = f"{slug if slug.startswith(self.company) else f'{self.company}-{slug}'}-{stage}"
        taken = {*self.keys.values(), *self.tables.training_runs}
        return f"{key}-{row.record}" if key in taken else key

    def _is_elsewhere(self, row: Row, flop: float) -> bool:
        """Return whether another run has this compute already; ask about its size."""
        base, size, notes = plain(row.base_model), f"{flop:.2e}", plain(row.flop_notes)
        if not PLAUSIBLE_FLOP[0] <= flop <= PLAUSIBLE_FLOP[1]:
            self.ask("implausible", f"{row.model} ({as_cell(flop)})")
        for (of, other), model in self.sizes.items():
            if base and of == base and 0.001 < abs(float(other) / flop - 1) < 0.1:
                self.ask("shared", f"{model} and {row.model}")
        twin = self.sizes.setdefault((base, size), row.model)
        twins = [twin] if twin != row.model else []
        for other in self.own:
            if not other.base_model and "" < other.released[:7] < self.first:
                noted = len(notes) > 10 and plain(other.flop_notes) == notes
                if noted or (other.flop and f"{other.flop:.2e}" == size):
                    twins.append(f"{other.model} ({other.released})")
        if twins:
            self.ask("twice", row.model, twin=twins[0])
        return bool(twins)

    # --- bases ------------------------------------------------------------------------------------
    def _root(self, row: Row) -> Row | None:
        """Follow the base models to the first that has none, or of which the tables have a run;
        None where the file breaks off."""
        seen = {row.record}
        while row.base_model and plain(row.model) not in self.bases:
            names = [plain(name) for name in (row.base_model, *row.base_model.split(","))]
            names = [one for name in names for one in (name, name.removesuffix("base"))]
            base = next((self.records[name] for name in names if name in self.records), None)
            if base is None or base.record in seen:
                return None
            if "," in row.base_model:
                self.ask("bases", row.model, bases=row.base_model, base=base.model)
            seen.add(base.record)
            row = self.models.typed(base)
        return row

    def _base_run(self, root: Row, row: Row) -> str:
        """Return the run that `row` is built on; one that is neither drafted nor in the tables is
        drafted, uncounted."""
        if root.record in self.keys:
            return self.keys[root.record]
        end = "." if root.flop else " and has no compute in the file; give it one."
        self.ask("base-drafted", row.model, base=root.model, day=root.released, end=end)
        return self._add_run(root, "pretraining", "pretraining", root.flop, counted="no")

    def _ask_of_base_in_notes(self, row: Row) -> None:
        """Ask where the notes on a model without a base name another model of the company."""
        own = plain(row.model)
        notes = plain(f"{row.flop_notes} {row.finetune_notes}").replace(own, " ")
        others = {other.model: plain(other.model) for other in self.own if other is not row}
        named = [name for name, key in others.items() if len(key) >= 4 and key in notes]
        if names := ", ".join(named[:4]):
            self.ask("base-in-notes", row.model, names=names, notes=row.flop_notes[:200])

    # --- chips ------------------------------------------------------------------------------------
    def _hardware(self, row: Row) -> str:
        """Return the key of a run's chip; ask where the file leaves chip, peak or price open."""
        chips = [chip.strip() for chip in row.hardware.split(",") if chip.strip()]
        if not chips:
            self.ask("no-chip", row.model, key=self.options.hardware)
            return self.options.hardware
        known, devices = self.tables.hardware, [device_of(chips[0]) + one for one in FACTORS]
        peaks = {WORDS["peaks"].get(plain(form), "") for form in row.format.split(",")}
        peak = "fp8" if "fp8" in peaks else "bf16"
        forms = [peak, "fp16"] if peak == "bf16" else [peak]  # older chips have tensors in FP16
        wanted = [f"{one}-{form}" for form in forms for one in devices]
        others = [key for key in known if key.rpartition("-")[0] in devices]
        key = next((key for key in [*wanted, *others] if key in known), wanted[0])
        if len(chips) > 1:
            self.ask("chips", row.model, chips=row.hardware, key=key)
        if key not in known:
            self.ask("no-peak", row.model, key=key, peak=self._add_peak(key, devices, peak))
        if (key in known and key not in wanted) or len(peaks) > 1 or "" in peaks:
            self.ask("format", row.model, format=row.format, key=key)
        if not (key in known and self.tables.is_priced(key)):
            self.ask("price", row.model, chip=key.rpartition("-")[0])
        return key

    def _add_peak(self, key: str, devices: list[str], form: str) -> str:
        """Draft the peak of a chip that the tables lack, by the hardware file where it is dense;
        return what is left to do."""
        file, amount, told = self.chips, "", "fill in its dense peak and a source."
        found = [row for row in file.rows if device_of(row.model) in devices] if file else []
        for chip in map(file.typed, found[:1]) if file else ():
            (slower, most), peak = FASTEST[form], getattr(chip, form)
            too_fast = 0 < most * getattr(chip, slower) < peak
            if peak and not (too_fast or PATTERNS["sparse"].search(chip.notes)):
                amount, told = as_cell(peak), f"{as_cell(peak)} is drafted, from {file.name}."
                self._add("sources", "chips", {"date": file.date})
            elif peak:
                told += f" {file.name} has {as_cell(peak)}, perhaps with sparsity."
            elif chip.int8:
                told += f" {file.name} has INT8 of {as_cell(chip.int8)} and no FP8."
        source = f"epoch-hardware-{file.date}" if amount else ""
        self._add("hardware", "peak", {"key": key, "amount": amount, "source": source})
        return told


# --- the draft's folder ---------------------------------------------------------------------------
def draft(options: argparse.Namespace) -> list[str]:
    """Write the draft of a company to a new folder; return what to tell of it.

    Raises InputError, with nothing written, for a file that cannot be read, for anything unknown,
    and where the folder is there already.
    """
    folder, tables = options.out, ts.load(options.data_dir)
    if folder.exists():
        raise InputError(f"{folder}: is there already; delete it, or name another with --out")
    if not (options.models and options.spending_start and options.spending_end):
        raise InputError("give --models, --spending-start and --spending-end; or --write")
    require_known(options.hardware, tables.hardware, "hardware")
    made = Draft(options, tables)
    matched = ", ".join(f"{name} ({count} models)" for name, count in made.matched.items())
    released = ", ".join(f"{row.model} ({row.released})" for row in made.chosen)
    notebook = (TOOLS / "company.ipynb").read_text(encoding="utf-8")
    for name, value in (("company", options.name), ("display_name", options.display_name)):
        said = json.dumps(value, ensure_ascii=False)[1:-1]
        notebook = notebook.replace(f"{{{{{name}}}}}", said)
    asked = [
        f"- {WORDS['questions'][question].format(models=', '.join(models), **dict(of))}\n"
        for (question, *of), models in made.asked.items()
    ]
    files = {
        f"{options.name}.ipynb": notebook,
        "questions.md": f"# Questions about {options.display_name}\n\n"
        f"Organisations matched: {matched}.\n\n"
        f"Released from {made.first} to {made.last}: {released}.\n\n{''.join(asked)}",
    }
    for table, rows in made.rows.items():
        frame = pd.DataFrame(rows, columns=list(tables.schema[table].columns))
        files[f"{table}.csv"] = frame.to_csv(index=False, lineterminator="\n")
    files["window.json"] = json.dumps({name: str(getattr(options, name)) for name in WINDOW})
    write_all(folder, {name: text.encode() for name, text in files.items()})
    runs = f"{len(made.rows['training_runs'])} runs and {len(made.asked)} questions, in {folder}"
    return [f"matched: {matched}", f"{runs}; answer them, then --write"]


# --- into the tables ------------------------------------------------------------------------------
def append(options: argparse.Namespace) -> list[str]:
    """Append a completed draft to the tables, and its notebook to the notebooks; return what it
    comes to, and what else moved. Rows whose key a table has stay as they are there.

    Raises InputError, with nothing written, where the tables do not load with the draft, the
    company cannot be estimated, or its models were chosen for another window.
    """
    name, folder, data = options.name, options.out, options.data_dir
    if not (folder / "window.json").is_file():
        raise InputError(f"{folder}: no draft of this tool; make one with --models")
    tables, told, files = ts.load(data), [], dict[Path, bytes]()
    for table, layout in tables.schema.items():
        path, have = data / f"{table}.csv", tables.texts[table]
        if not (folder / path.name).is_file():
            continue
        rows, faults = read_texts((folder / path.name).read_bytes(), path.name, layout)
        if faults:
            raise InputError(f"{folder}: " + "\n  ".join(faults))
        differ = [key for key, row in rows.items() if have.get(key, row) != row]
        told += [f"{path.name}, row {key}: another than the draft's, and stays" for key in differ]
        if new := [row for key, row in rows.items() if key not in have]:
            content = path.read_bytes()
            header = content.decode("utf-8-sig").splitlines()[0]
            mark = next(mark for mark in ",;\t" if mark in header)  # a spreadsheet's, perhaps
            frame = pd.DataFrame(new, columns=header.split(mark))
            lines = frame.to_csv(sep=mark, header=False, index=False, lineterminator="\n")
            files[path] = content.rstrip(b"\r\n") + f"\n{lines}".encode()
            told.append(f"{path.name}: {len(new)} rows appended")
    with tempfile.TemporaryDirectory() as scratch:
        for path in filter(Path.is_file, data.iterdir()):
            Path(scratch, path.name).write_bytes(files.get(path) or path.read_bytes())
        told += _estimated(name, folder, Path(scratch))
        before, after = _of_others(name, data), _of_others(name, Path(scratch))
    moved = [what for what in before if after[what] != before[what]]
    told += [f"moved: {what}, {before[what]} before, {after[what]} now" for what in moved]
    notebook = data.resolve().parent / "notebooks" / f"{name}.ipynb"
    if (folder / "spending.csv").is_file() and not notebook.exists():
        files[notebook] = (folder / notebook.name).read_bytes()
        told.append(f"{notebook.parent.name}/{notebook.name}: written")
    root = data.resolve().parent
    write_all(root, {str(path.resolve().relative_to(root)): of for path, of in files.items()})
    return [*told, "git diff shows it" if files else "nothing to append"]


def _estimated(name: str, folder: Path, data: Path) -> list[str]:
    """Return what a company comes to, by tables that hold its draft, and what looks like a slip."""
    try:
        est = ts.estimate(name, n_draws=DRAWS, data_dir=data)
        total, share = est.cost_table().loc["total"], est.summary() if est.has_spending else None
    except InputError as error:
        told = f"{folder} is not complete; fill in or delete what is named. {error}"
        raise InputError(told) from None
    window = json.loads((folder / "window.json").read_text(encoding="utf-8"))
    if not window.items() <= est.tables.texts["companies"][name].items():
        told = f"its models were chosen for {window}, and companies.csv has another window"
        raise InputError(f"{folder}: {told}; delete the draft, and draft again")
    cost = f"{est.unit} {total.p50:,.4g} million (90% interval {total.p5:,.4g} to {total.p95:,.4g})"
    told = [f"training cost: {cost}, {len(est.runs)} runs"]
    if share is None:
        return [*told, f"no spending, so no share; see ts.implied_rd_compute('{name}')"]
    interval = f"90% interval {share.share_p5:.1%} to {share.share_p95:.1%}"
    told.append(f"training share: {share.share_p50:.1%} ({interval})")
    if share.share_p50 >= 1:
        raise InputError(f"{folder}: {told[0]}; {told[1]}; no part exceeds the whole, mend a slip")
    if share.share_p50 < 1e-3:
        told.append("look again: a share below 0.1% is more likely a slip")
    return told


def _of_others(name: str, data: Path) -> dict[str, str]:
    """Return what is said of others and depends on which companies are known: the next company's
    share, and the R&D compute that it implies."""
    tables, given = ts.load(data), {"n_draws": DRAWS, "data_dir": data}
    share = ts.pattern(**given).next_share["share"].median()
    found = {"the next company's share": f"{share:.1%}"}
    for other in dict.fromkeys(run.company for run in tables.training_runs.values()):
        if other != name and not tables.lines(other):
            implied = ts.implied_rd_compute(other, **given).draws()["rd_compute"].median()
            found[f"implied R&D compute of {other}"] = f"USD {implied:,.3g} million"
    return found


# --- the command ----------------------------------------------------------------------------------
def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 0, or 2 after a refusal, whose reason goes to standard error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add, day = parser.add_argument, date.fromisoformat
    add("name", help="key of the company, in small letters")
    add("--models", type=Path, help="CSV of Epoch AI's models dataset, any variant")
    add("--organization", action="append", help="its names in the file, with commas between them")
    add("--spending-start", type=day, help="first day of the disclosed spending, YYYY-MM-DD")
    add("--spending-end", type=day, help="last day of it")
    add("--release-lag-months", type=int, default=3, help="months from spending to release (3)")
    add("--currency", default="USD", help="of the spending, such as CNY or H100-hours (USD)")
    add("--display-name", default="", help="its name as it is shown")
    add("--hardware", default="h800-sxm-bf16", help="if the file names no chip (h800-sxm-bf16)")
    add("--hardware-csv", type=Path, help="CSV of Epoch AI's hardware dataset, for missing peaks")
    add("--write", action="store_true", help="append the completed draft to the tables")
    add("--out", type=Path, help="folder of the draft (drafts/NAME)")
    add("--data-dir", type=Path, default=TOOLS.parent / "data", help="folder of the tables (data)")
    options = parser.parse_args(arguments)
    options.display_name = options.display_name or options.name
    options.out = options.out or options.data_dir.resolve().parent / "drafts" / options.name
    try:
        if not re.fullmatch(r"[a-z][a-z0-9-]*", options.name):
            raise InputError(f"'{options.name}' is not a key; use small letters, digits, hyphens")
        told = append(options) if options.write else draft(options)
    except (InputError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("\n".join(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
