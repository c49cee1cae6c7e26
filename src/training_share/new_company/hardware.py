"""Epoch AI's hardware dataset as a source of dense peaks for chips that `hardware` lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from training_share.inputs.tables import load
from training_share.new_company.epoch_csv import Row, Snapshot, as_cell
from training_share.new_company.files import Draft, draft_folder

CHIP_COLUMNS = {
    "chip": ("hardwarename", "hardware", "name"),
    "bf16": ("tensorfp16bf16performanceflops", "tensorfp16bf16performance"),
    "fp8": ("fp8performanceflops", "fp8performance"),
    "tf32": ("tf32tensorfloat32performanceflops", "tf32performanceflops"),
    "int8": ("int8performanceops", "int8performance"),
    "notes": ("notes",),
}
_MAKERS = "nvidia|amd|google|huawei|intel|amazon|aws|microsoft|radeon|instinct|geforce|tesla|habana"
_FORMS = ("sxm", "hgx", "oam", "pcie")
_NO_BF16 = ("v100", "rtx-2080")  # tensor cores for FP16 only
# format, the one before it: how much faster it can plausibly be where both are dense
FASTEST = {("bf16", "tf32"): 2.5, ("fp8", "bf16"): 2.1}


def device_key(name: str) -> str:
    """Return a chip's key as `hardware` writes it: 'NVIDIA H100 SXM5 80GB' is h100-sxm, 'Google TPU
    v4' tpu-v4."""
    text = re.sub(r"\(.*?\)", " ", name.casefold()).replace("pcle", "pcie")
    text = re.sub(rf"\b({_MAKERS}|trillium|ironwood|\d+\s*gb)\b", " ", text)
    words = re.findall(r"[a-z0-9.]+", re.sub(r"\bsxm\d\b", "sxm", text))
    return "-".join([*words[1:], "hgx"] if words[:1] == ["hgx"] else words)


def known_key(device: str, form: str, known: Iterable[str]) -> str:
    """Return the key in hardware of a device, its form factor left open where the file leaves it
    open; "" where the table has none."""
    keys = [f"{device}-{form}", *(f"{device}-{factor}-{form}" for factor in _FORMS)]
    return next((key for key in keys if key in known), "")


def _same_chip(one: set[str], two: set[str]) -> bool:
    """Whether the words of two keys differ by a form factor that only one of them names."""
    return one ^ two <= set(_FORMS) and not (one - two and two - one)


def draft_hardware(path: str, data: Path, force: bool = False) -> list[str]:
    """Write drafts of peaks for chips that `hardware` lacks, in `drafts/hardware/`; return what to
    tell of them.

    Only columns for dense BF16 and FP8 are used: INT8 stands for FP8 on some chips and not on
    others, so it is a question, and so is a peak that looks sparse. Raises InputError for a file
    that is not the intact hardware dataset.
    """
    folder = draft_folder("hardware", data, free=not force)
    file = Snapshot(path, CHIP_COLUMNS, required=3)
    known = [set(key.split("-")[:-1]) for key in load(data).hardware]
    draft, peaks = Draft("chips"), dict[str, float]()
    for chip in file.rows:
        key = device_key(chip.chip)
        if key and not any(_same_chip(set(key.split("-")), other) for other in known):
            _take_peaks(draft, file, chip, key, peaks)
    file.refuse_faults()
    source = f"epoch-hardware-{file.date}"
    for key, peak in peaks.items():
        draft.add("hardware", hardware=key, peak_flop_per_s=as_cell(peak), source_id=source)
    draft.add(
        "sources",
        source_id=source,
        title="Data on machine learning hardware",
        publisher="Epoch AI",
        date=f"snapshot {file.date}",
        url="https://epoch.ai/data/machine-learning-hardware",
        locator="columns for dense FP16/BF16 and FP8 peaks",
        licence="CC BY 4.0",
    )
    draft.save(folder)
    return [
        f"peaks drafted: {len(peaks)}; questions: {len(draft.questions)}, in"
        f" {folder / 'questions.md'}; next: complete {folder}, then training-share new-company"
        " --accept"
    ]


def _take_peaks(draft: Draft, file: Snapshot, chip: Row, key: str, peaks: dict[str, float]) -> None:
    """Add the dense peaks of a chip, and ask about those that may be something else."""
    of = {form: file.value(chip, form) or 0.0 for form in ("bf16", "fp8", "tf32", "int8")}
    if not of["fp8"] and of["int8"] > of["bf16"] > 0:
        draft.ask("fp8", row=chip, int8=of["int8"])
    for (form, base), most in FASTEST.items():
        row = f"{key}-{'fp16' if form == 'bf16' and key.startswith(_NO_BF16) else form}"
        peak, ratio = of[form], of[form] / of[base] if of[base] else 0.0
        if ratio > most:
            draft.ask("sparse", row=chip, form=form, peak=peak, ratio=ratio, base=base)
        elif peak and peaks.setdefault(row, peak) != peak:
            draft.ask("two-peaks", row=chip, key=row, first=peaks[row], peak=peak)
    if "sparsity" in chip.notes.casefold() and "without" not in chip.notes.casefold():
        draft.ask("sparse-in-notes", row=chip)
