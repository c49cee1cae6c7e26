"""Epoch AI's hardware dataset as a source of dense peaks for chips that `hardware` lacks."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from training_share.errors import InputError
from training_share.inputs.tables import load
from training_share.new_company.epoch_csv import file_date, number, read_csv

CHIP_COLUMNS = {
    "chip": ("hardwarename", "hardware", "name"),
    "bf16": ("tensorfp16bf16performanceflops", "tensorfp16bf16performance"),
    "fp8": ("fp8performanceflops", "fp8performance"),
    "tf32": ("tf32tensorfloat32performanceflops", "tf32performanceflops"),
    "int8": ("int8performanceops", "int8performance"),
    "notes": ("notes",),
}
_MAKERS = (
    r"\b(nvidia|amd|google|huawei|intel|amazon|aws|microsoft|radeon|instinct|geforce|tesla|habana)"
    r"\b"
)
# how much faster a dense number format can plausibly be than the one before it
MOST_FP8_TO_BF16, MOST_BF16_TO_TF32 = 2.1, 2.5
_NO_BF16 = ("v100", "rtx-2080")  # tensor cores for FP16 only
_FORM = {"sxm", "hgx", "oam", "pcie"}


def device_key(name: str) -> str:
    """Return a chip's key as `hardware` writes it: 'NVIDIA H100 SXM5 80GB' is h100-sxm, 'Google TPU
    v4' tpu-v4."""
    text = re.sub(r"\(.*?\)", " ", name.casefold()).replace("pcle", "pcie")
    text = re.sub(_MAKERS, " ", text)
    text = re.sub(r"\b\d+\s*gb\b", " ", text)
    text = re.sub(r"\bsxm\d\b", "sxm", text)
    text = re.sub(r"\b(trillium|ironwood)\b", " ", text)
    words = re.findall(r"[a-z0-9.]+", text)
    if words[:1] == ["hgx"]:
        words = [*words[1:], "hgx"]
    return "-".join(words)


def _same_chip(key: str, known: dict[str, set[str]]) -> bool:
    """Whether a key, but for its form factor where only one of the two names it, stands in the
    table already."""
    words = set(key.split("-"))
    for other in known.values():
        if words - _FORM == other - _FORM and (
            words & _FORM == other & _FORM or not (words & _FORM and other & _FORM)
        ):
            return True
    return False


def hardware_rows(
    path: str | Path, data_dir: str | Path | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Return draft rows of `hardware` for chips it lacks, and questions about peaks that were not
    taken.

    The rows have the table's columns; their source is `epoch-hardware-DATE`. Only columns for dense
    BF16 and FP8 are used: INT8 stands for FP8 on some chips and not on others, so it is a question,
    and so is a peak that looks sparse. Raises InputError for a file that is not the intact hardware
    dataset.
    """
    chips = read_csv(path, CHIP_COLUMNS, ("chip", "bf16", "fp8"))
    known = {
        key: set(key.split("-"))
        for key in (name.rsplit("-", 1)[0] for name in load(data_dir)["hardware"])
    }
    rows, questions, faults, name = {}, [], [], Path(path).name
    for record, chip in chips.iterrows():
        key = device_key(chip["chip"])
        if not key or _same_chip(key, known):
            continue
        try:
            peak = {
                form: number(chip[form], f"{name}, record {record} ({chip['chip']}), {form}")
                for form in ("bf16", "fp8", "tf32", "int8")
            }
        except InputError as error:
            faults.append(str(error))
            continue
        if peak["fp8"] is None and peak["int8"] and peak["bf16"] and peak["int8"] > peak["bf16"]:
            questions.append(
                f"FP8: {chip['chip']} has INT8 of {peak['int8']:g} and no FP8 peak; take it only if"
                " a datasheet says that the chip computes in FP8."
            )
        for form, limit, base in (
            ("bf16", MOST_BF16_TO_TF32, "tf32"),
            ("fp8", MOST_FP8_TO_BF16, "bf16"),
        ):
            if not peak[form]:
                continue
            if peak[base] and peak[form] > limit * peak[base]:
                questions.append(
                    f"Dense? {chip['chip']}: {form} of {peak[form]:g} is"
                    f" {peak[form] / peak[base]:.2g} times its {base}; perhaps with sparsity. Not"
                    " drafted; look in the datasheet."
                )
                continue
            row = f"{key}-{'fp16' if form == 'bf16' and key.startswith(_NO_BF16) else form}"
            if rows.setdefault(row, peak[form]) != peak[form]:
                questions.append(
                    f"Duplicate: {row} is {rows[row]:g} in one row and {peak[form]:g} in another "
                    f"({chip['chip']}); the first is drafted."
                )
        if "sparsity" in chip["notes"].casefold() and "without" not in chip["notes"].casefold():
            questions.append(
                f"Dense? The notes on {chip['chip']} speak of sparsity; check its peaks."
            )
    if faults:
        raise InputError("\n".join(faults[:20]))
    source = f"epoch-hardware-{file_date(path)}"
    frame = pd.DataFrame(
        [
            {
                "hardware": key,
                "peak_flop_per_s": f"{peak:.6g}".replace("e+", "e"),
                "source_id": source,
            }
            for key, peak in rows.items()
        ],
        columns=["hardware", "peak_flop_per_s", "source_id"],
    )
    return frame, questions
