"""Drafting a company: made-up CSVs for every oddity, real snapshots where EPOCH_SNAPSHOTS names
their folder."""

import csv
import json
import os
import time
from pathlib import Path

import pytest

import training_share as ts
from training_share.new_company.__main__ import draft_company, draft_hardware, main
from training_share.new_company.epoch_csv import match_organizations, plain, read_models, released
from training_share.new_company.files import accept, merged
from training_share.new_company.hardware import device_key, hardware_rows

HEADER = [
    "Model",
    "Organization",
    "Publication date",
    "Training compute (FLOP)",
    "Training compute notes",
    "Finetune compute (FLOP)",
    "Finetune compute notes",
    "Base model",
    "Confidence",
    "Training time (hours)",
    "Hardware quantity",
    "Training hardware",
    "Numerical format",
]
MODELS = [
    [
        "Acme-1",
        "Acme AI,State University",
        "2025-02-03",
        "3e24",
        "6ND = 6 * 50e9 * 10e12\n= 3e24",
        "",
        "",
        "",
        "Confident",
        "720",
        "2048",
        "NVIDIA H100 SXM5 80GB",
        "BF16",
    ],
    ["Acme-1 (May)", "Acme AI", "2025-05-01", "3e24", "", "", "", "", "Likely", "", "", "", ""],
    [
        "Acme-1-Think",
        "ACME",
        "2025-03-01",
        "3.2e24",
        "",
        "2e23",
        "Reinforcement learning, 147k H800 GPU-hours",
        "Acme-1",
        "Speculative",
        "",
        "",
        "NVIDIA H20",
        "",
    ],
    ["Acme-1-VL", "acme", "2025-04", "", "", "", "", "Acme-1", "Likely", "", "", "", ""],
    [
        "Acme-Old-Chat",
        "Acme AI",
        "2025-06-01",
        "",
        "",
        "",
        "",
        "Acme-Old",
        "Likely",
        "",
        "",
        "",
        "",
    ],
    ["Acme-Old", "Acme AI", "2023-01-01", "1e23", "", "", "", "", "Confident", "", "", "", ""],
    ["Acme-Lost", "Acme AI", "2025-06-02", "", "", "", "", "Nowhere-7B", "Likely", "", "", "", ""],
    ["Acme-Secret", "Acme AI", "2025-06-03", "", "", "", "", "", "Unknown", "", "", "", ""],
    ["acme_secret", "Acme AI", "2025-06-03", "", "", "", "", "", "Unknown", "", "", "", ""],
    ["Acme-When", "Acme AI", "2025", "1e24", "", "", "", "", "Likely", "", "", "", ""],
    ["Broken elsewhere", "Other Lab", "someday", "plenty", "", "", "", "", "", "", "", "", ""],
]
DATES = ("2024-10-01", "2025-09-30")


def write(path: Path, rows=MODELS, header=HEADER, delimiter=",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows])
    return path


def draft(data_copy, path, name="acme", organization="Acme", **settings):
    return draft_company(name, path, organization, *DATES, data_dir=data_copy.folder, **settings)


def rows_of(folder: Path, table: str) -> dict[str, dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return {next(iter(row.values())): row for row in csv.DictReader(file)}


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def models(tmp_path) -> Path:
    return write(tmp_path / "all_ai_models_2026-03.csv")


def test_the_draft_says_what_the_file_says_and_asks_the_rest(data_copy, models):
    folder, made, matched = draft(data_copy, models, display_name='The "Acme" Lab')
    runs = rows_of(folder, "training_runs")
    assert set(matched) == {"Acme AI", "ACME", "acme"}
    first = runs["acme-1-pretraining"]
    assert (first["flop"], first["hardware"], first["post_training"], first["evidence"]) == (
        "3e24",
        "h100-sxm-bf16",
        "post_training_factor",
        "reported",
    )
    assert "2026-03" in first["note"] and first["source_id"] == "epoch-models-acme-2026-03"
    assert runs["acme-1-may-pretraining"]["counted"] == "no"
    think = runs["acme-1-think-finetune"]
    assert (think["flop"], think["workload"], think["evidence"]) == ("2e23", "rl", "judgement")
    vision = runs["acme-1-vl-sft"]
    assert (vision["base_run"], vision["fraction_of_base"], vision["flop"]) == (
        "acme-1-pretraining",
        "sft_fraction",
        "",
    )
    assert runs["acme-old-pretraining"]["counted"] == "no"
    assert runs["acme-lost-sft"]["base_run"] == ""
    assert runs["acme-secret-pretraining"]["flop"] == ""
    assert "acme-when-pretraining" not in runs
    asked = "\n".join(made.questions)
    for word in (
        "Joint work: Acme-1",
        "Counted twice? Acme-1 (May)",
        "'147k H800 GPU-hours'",
        "1.475e+06 chip-hours",
        "Nowhere-7B, which is not in the file",
        "No compute known: Acme-Secret",
        "Duplicate: 'acme_secret'",
        "Release: Acme-When (2025)",
        "Base outside the window: Acme-Old-Chat",
        "Hardware: Acme-1-Think",
        "RL or SFT? Acme-1-VL",
        "Spending: what did",
    ):
        assert word in asked
    assert rows_of(folder, "spending")["acme"]["amount_millions"] == ""
    cells = json.loads((folder / "acme.ipynb").read_text())["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    assert "{{" not in text and 'The "Acme" Lab' in text
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "Why",
        "What drives the spread",
        "How sure",
        "Variants",
        "Against the newsletter",
        "Caveats",
        "Inputs",
        "Parameters",
    ]
    ts.load(data_copy.folder)  # the drafts lie beside the tables and are not read


def complete(folder: Path, amount: str) -> None:
    """Do what a person does: delete what cannot be known, fill in the spending and its source."""
    runs = (folder / "training_runs.csv").read_text().splitlines()
    kept = [line for line in runs if not line.startswith(("acme-lost", "acme-secret"))]
    (folder / "training_runs.csv").write_text("\n".join(kept) + "\n")
    text = (
        (folder / "spending.csv").read_text().replace("2025-09-30,,USD", f"2025-09-30,{amount},USD")
    )
    (folder / "spending.csv").write_text(text)
    text = (folder / "sources.csv").read_text()
    assert "\nacme-filing,,,,,," in text
    (folder / "sources.csv").write_text(
        text.replace("acme-filing,,,,,,", "acme-filing,Filing,Acme,2026,,p. 1,unknown")
    )


def test_accept_refuses_the_incomplete_and_takes_the_complete(data_copy, models, capsys):
    folder, _, _ = draft(data_copy, models)
    before, notebooks = everything(data_copy.folder), data_copy.folder.parent / "notebooks"
    arguments = [
        "acme",
        "--accept",
        "--data-dir",
        str(data_copy.folder),
        "--notebooks-dir",
        str(notebooks),
    ]
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert (
        "Nothing was written" in told
        and "acme-secret-pretraining" in told
        and "amount_millions" in told
    )
    assert everything(data_copy.folder) == before and not notebooks.exists()
    complete(folder, "100")
    old = ts.estimate("zai", n_draws=50, data_dir=data_copy.folder).share
    assert main(arguments) == 0
    est = ts.estimate("acme", n_draws=50, data_dir=data_copy.folder)
    assert set(est.runs) == {
        "acme-1-pretraining",
        "acme-1-think-finetune",
        "acme-1-vl-sft",
        "acme-old-chat-sft",
    }
    assert est.rd_compute_usd == 100e6 and (est.share > 0).all()
    assert (notebooks / "acme.ipynb").is_file()
    assert (ts.estimate("zai", n_draws=50, data_dir=data_copy.folder).share == old).all()
    after = everything(data_copy.folder)
    assert main(arguments) == 0 and everything(data_copy.folder) == after


def test_accept_refuses_a_model_the_tables_have_under_another_key(data_copy, models):
    data_copy.add_like(
        "training_runs", "minimax-text-01", run_id="acme-by-hand", company="minimax", model="Acme 1"
    )
    folder, _, _ = draft(data_copy, models, name="minimax")
    assert rows_of(folder, "companies")  # a known company may be drafted, to compare
    with pytest.raises(ts.InputError, match="acme-by-hand"):
        accept("minimax", data_copy.folder)


def test_accept_without_spending_gives_a_cost_only(data_copy, models, capsys):
    folder, _, _ = draft(data_copy, models)
    complete(folder, "")
    (folder / "sources.csv").write_text(
        (folder / "sources.csv")
        .read_text()
        .replace("acme-filing,Filing,Acme,2026,,p. 1,unknown", "acme-filing,,,,,,")
    )
    assert (
        main(["acme", "--accept", "--without-spending", "--data-dir", str(data_copy.folder)]) == 0
    )
    assert "implied_rd_compute" in capsys.readouterr().out
    assert (
        ts.implied_rd_compute("acme", n_draws=20, data_dir=data_copy.folder).rd_compute_usd.min()
        > 0
    )


def test_running_again_keeps_what_a_person_changed(data_copy, models):
    folder, _, _ = draft(data_copy, models)
    complete(folder, "100")
    path = folder / "training_runs.csv"
    path.write_text(
        path.read_text().replace("3e24,,,,,post_training_factor", "2.9e24,,,,,post_training_factor")
    )
    questions = folder / "questions.md"
    questions.write_text(questions.read_text() + "\nJoint work: Acme paid.\n")
    newer = [
        ["Acme-2", "Acme AI", "2025-07-01", "9e24", "", "", "", "", "Likely", "", "", "", ""],
        *MODELS,
    ]
    newer[3] = [*newer[3][:5], "4e23", *newer[3][6:]]  # Acme-1-Think, revised
    draft(data_copy, write(models, newer))
    runs = rows_of(folder, "training_runs")
    assert runs["acme-1-pretraining"]["flop"] == "2.9e24"  # edited: kept
    assert runs["acme-1-think-finetune"]["flop"] == "4e23"  # untouched: follows the file
    assert (
        "acme-secret-pretraining" not in runs and "acme-2-pretraining" in runs
    )  # deleted stays so; new comes in
    assert rows_of(folder, "spending")["acme"]["amount_millions"] == "100"
    text = questions.read_text()
    assert "Acme paid." in text and "finetune of Acme-1-Think" in text
    before = everything(folder)
    draft(data_copy, models)
    assert everything(folder) == before


def test_merge_rules():
    before = {"a": {"x": "1"}, "b": {"x": "1"}, "gone": {"x": "1"}}
    hand = {"a": {"x": "1"}, "gone": {"x": "2"}, "own": {"x": "9"}}
    assert merged({"a": {"x": "5"}, "b": {"x": "5"}, "c": {"x": "5"}}, hand, before) == {
        "a": {"x": "5"},
        "gone": {"x": "2"},
        "own": {"x": "9"},
        "c": {"x": "5"},
    }


BROKEN = {
    "truncated in quotes": (lambda text: text[: text.index("10e12")], "cut off"),
    "truncated in a row": (
        lambda text: text[: text.index("Acme-Old-Chat") + 20],
        "cells, expected 13",
    ),
    "semicolons": (lambda text: text.replace(",", ";"), "semicolons"),
    "tabs": (lambda text: text.replace(",", "\t"), "tabs"),
    "web page": (lambda text: "<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
    "empty": (lambda text: "  \n", "empty"),
    "no rows": (lambda text: text.splitlines()[0], "no rows"),
    "column missing": (
        lambda text: text.replace("Publication date", "Day"),
        "no column for released",
    ),
    "column twice": (
        lambda text: text.replace("Numerical format", "organisation"),
        "both mean organization",
    ),
    "decimal comma": (
        lambda text: text.replace("2025-02-03,3e24", '2025-02-03,"3,1e24"'),
        "'3,1e24' is not",
    ),
    "words for FLOP": (
        lambda text: text.replace("2025-02-03,3e24", "2025-02-03,about 3e24"),
        "write it as 3.1e24",
    ),
    "infinite FLOP": (
        lambda text: text.replace("2025-02-03,3e24", "2025-02-03,inf"),
        "not a positive number",
    ),
    "negative FLOP": (
        lambda text: text.replace("2025-02-03,3e24", "2025-02-03,-3e24"),
        "not a positive number",
    ),
    "ambiguous date": (
        lambda text: text.replace("2025-02-03", "02/03/2025"),
        "write it as YYYY-MM-DD",
    ),
    "no date": (
        lambda text: text.replace("2025-02-03", "early 2025"),
        "'early 2025' is not a date",
    ),
    "no organisation": (
        lambda text: text.replace("Acme AI", "Acne AI").replace("ACME", "x").replace("acme", "x"),
        "did you mean 'Acne AI'",
    ),
    "nothing in window": (lambda text: text.replace("2025-", "2021-"), "none released from"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_files_are_named_and_nothing_is_written(fault, data_copy, models, capsys):
    spoil, told = BROKEN[fault]
    models.write_text(spoil(models.read_text()))
    before = everything(data_copy.folder)
    code = main(
        [
            "acme",
            "--models",
            str(models),
            "--organization",
            "Acme",
            "--spending-start",
            DATES[0],
            "--spending-end",
            DATES[1],
            "--data-dir",
            str(data_copy.folder),
        ]
    )
    message = capsys.readouterr().err
    assert code == 2 and told in message and (models.name in message)
    assert everything(data_copy.folder) == before


@pytest.mark.parametrize(
    ("raw", "told"), [(b"PK\x03\x04rest", "ZIP"), ("Modèle,b\n".encode("latin-1"), "not UTF-8")]
)
def test_other_formats_are_named(raw, told, tmp_path):
    (tmp_path / "models.csv").write_bytes(raw)
    with pytest.raises(ts.InputError, match=told):
        read_models(tmp_path / "models.csv")


@pytest.mark.parametrize(
    "settings",
    [
        {"name": "Acme!"},
        {"hardware": "h900"},
        {"currency": "dollars"},
        {"release_lag_months": -1},
        {"models": "absent.csv"},
        {"start": "2026-01-01"},
        {"start": "soon"},
    ],
)
def test_bad_settings(settings, data_copy, models):
    given = {"name": "acme", "models": models, "start": DATES[0]} | settings
    name, path, start = (given.pop(key) for key in ("name", "models", "start"))
    before = everything(data_copy.folder)
    with pytest.raises(ts.InputError):
        draft_company(name, path, "Acme", start, DATES[1], data_dir=data_copy.folder, **given)
    assert everything(data_copy.folder) == before


def test_a_failure_while_writing_leaves_the_old_draft(data_copy, models, monkeypatch):
    draft(data_copy, models)
    before = everything(data_copy.folder)
    monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError):
        draft(data_copy, write(models, MODELS[:3]))
    monkeypatch.undo()
    assert everything(data_copy.folder) == before


def test_ten_megabytes_with_line_breaks_in_notes(data_copy, tmp_path):
    filler = [f"{'Note, with breaks.'}\n" * 60] * 1
    rows = [
        [f"Other-{i}", "Other Lab", "2025-02-03", "1e20", *filler, *[""] * 8] for i in range(9500)
    ]
    path = write(tmp_path / "big.csv", rows + MODELS)
    assert path.stat().st_size > 10e6
    started = time.perf_counter()
    folder, _, _ = draft(data_copy, path)
    assert time.perf_counter() - started < 3
    assert rows_of(folder, "training_runs")["acme-1-pretraining"]["flop"] == "3e24"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-08-05", "2025-08-05"),
        ("2025-08", "2025-08"),
        ("2025", ""),
        ("", ""),
        ("2025/08/05", "2025-08-05"),
        ("25/08/2025", "2025-08-25"),
        ("8/25/2025", "2025-08-25"),
        ("05/05/2025", "2025-05-05"),
        ("5 August 2025", "2025-08-05"),
        ("Aug 5, 2025", "2025-08-05"),
        ("05.08.2025", "2025-08-05"),
        ("2025-08-05T00:00:00.000Z", "2025-08-05"),
        ("2025-08-05 00:00:00", "2025-08-05"),
    ],
)
def test_dates(text, day):
    assert released(text, "here") == day


@pytest.mark.parametrize(
    ("asked", "cell"),
    [
        ("Z.ai", "Z.ai (Zhipu AI),Tsinghua University"),
        ("zhipu", "Z.ai (Zhipu AI)"),
        ("Mistral", "Mistral AI"),
        ("meta ai", "Meta"),
        ("x-AI", "xAI"),
        ("DEEPSEEK", "DeepSeek"),
        ("Tsinghua University", "MIT; Tsinghua University"),
    ],
)
def test_organisations_are_matched_by_letters(asked, cell, tmp_path):
    frame = read_models(
        write(
            tmp_path / "m.csv",
            [
                ["M", cell, "2025-01-01", "1e24", *[""] * 9],
                ["N", "Metal Works", "2025-01-01", "1e24", *[""] * 9],
            ],
        )
    )
    mask, _ = match_organizations(frame, [asked], "m.csv")
    assert mask.tolist() == [True, False]


CHIPS = [
    "Hardware name",
    "Notes",
    "Tensor-FP16/BF16 performance (FLOP/s)",
    "FP8 performance (FLOP/s)",
    "TF32 (TensorFloat-32) performance (FLOP/s)",
    "INT8 performance (OP/s)",
]


def test_hardware_rows_take_dense_peaks_of_missing_chips_only(data_copy, tmp_path, capsys):
    path = write(
        tmp_path / "ml_hardware_2026-07.csv",
        [
            ["NVIDIA H800 SXM5", "", "9.89e14", "", "", "1.979e15"],
            ["NVIDIA B200", "", "2.25e15", "4.5e15", "", ""],
            ["Acme X1", "", "1e15", "2e15", "5e14", ""],
            ["Acme X2", "", "1e15", "4e15", "", ""],
            ["Acme X3", "", "1e15", "", "", "2e15"],
            ["Acme X4", "figures with sparsity", "1e15", "", "", ""],
        ],
        CHIPS,
    )
    frame, questions = hardware_rows(path, data_copy.folder)
    assert dict(zip(frame["hardware"], frame["peak_flop_per_s"], strict=True)) == {
        "acme-x1-bf16": "1e15",
        "acme-x1-fp8": "2e15",
        "acme-x2-bf16": "1e15",
        "acme-x3-bf16": "1e15",
        "acme-x4-bf16": "1e15",
    }
    assert [question.split(":")[0] for question in questions] == [
        "Dense? Acme X2",
        "FP8",
        "Dense? The notes on Acme X4 speak of sparsity; check its peaks.",
    ]
    draft_hardware(path, data_dir=data_copy.folder)
    assert main(["hardware", "--accept", "--data-dir", str(data_copy.folder)]) == 0
    assert ts.load(data_copy.folder)["hardware"]["acme-x1-fp8"].peak_flop_per_s.value == 2e15


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("NVIDIA H800 SXM5", "h800-sxm"),
        ("NVIDIA H100 SXM5 80GB", "h100-sxm"),
        ("Google TPU v7 Ironwood", "tpu-v7"),
        ("NVIDIA HGX H20", "h20-hgx"),
        ("NVIDIA L20 PCle", "l20-pcie"),
        ("NVIDIA GB300 (Blackwell Ultra)", "gb300"),
        ("AMD Instinct MI300X", "mi300x"),
        ("Huawei Ascend 910C", "ascend-910c"),
    ],
)
def test_device_keys(name, key):
    assert device_key(name) == key


# --- real snapshots -------------------------------------------------------------------------------
SNAPSHOTS = (
    Path(os.environ.get("EPOCH_SNAPSHOTS", "")) if os.environ.get("EPOCH_SNAPSHOTS") else None
)
FILES = sorted(SNAPSHOTS.glob("*ai_models*.csv")) if SNAPSHOTS else []
snapshots = pytest.mark.skipif(
    not FILES, reason="set EPOCH_SNAPSHOTS to a folder of CSVs from epoch.ai/data"
)
COMPANIES = {
    "alibaba": "Alibaba",
    "deepseek": "DeepSeek",
    "meta": "Meta,Meta AI",
    "minimax": "MiniMax",
    "mistral": "Mistral",
    "moonshot": "Moonshot AI",
    "xai": "xAI",
    "openai": "OpenAI",
    "zai": "Zhipu AI,Tsinghua University",
}
# (model in the file, its year-month of snapshot) -> (FLOP there, FLOP of the tables, why)
KNOWN_DIFFERENCES = {
    ("MiniMax-Text-01", "2025-12"): (
        1.98288e24,
        3.142e24,
        "Epoch AI raised it in May 2026, from 7.2T to 11.4T tokens",
    )
}
# what the tables split into several runs, or call by another name
SAME = {
    "minimaxm180k": ("minimax-m1-continued-pretraining", "minimax-m1-80k-rl"),
    "minimaxm140k": ("minimax-m1-continued-pretraining", "minimax-m1-40k-rl"),
    "glm41vthinking": ("glm-4.1v-thinking",),
}


@snapshots
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("company", COMPANIES)
def test_snapshots_draft_within_three_seconds(company, path, data_copy):
    started = time.perf_counter()
    _, made, _ = draft_company(
        company, path, COMPANIES[company], "2024-07-01", "2025-09-30", data_dir=data_copy.folder
    )
    assert time.perf_counter() - started < 3
    assert made.tables["training_runs"] and made.questions
    accepted = {row["run_id"]: row for row in made.tables["training_runs"]}
    assert len(accepted) == len(made.tables["training_runs"])  # no key stands twice


@snapshots
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("company", ["minimax", "zai"])
def test_snapshots_agree_with_the_tables_or_the_difference_is_listed(company, path, data_copy):
    tables = ts.load(data_copy.folder)
    row = tables["companies"][company]
    _, made, _ = draft_company(
        company,
        path,
        COMPANIES[company],
        row.spending_start,
        row.spending_end,
        data_dir=data_copy.folder,
    )
    ours = {
        plain(run.model): (key,)
        for key, run in reversed(list(tables["training_runs"].items()))
        if run.company == company and hasattr(run.flop, "value")
    } | SAME
    compared, differences = 0, {}
    for run in made.tables["training_runs"]:
        keys = ours.get(plain(run["model"]))
        if not run["flop"] or run["counted"] == "no" or keys is None:
            continue
        compared += 1
        expected = sum(tables["training_runs"][key].flop.value for key in keys)
        if abs(float(run["flop"]) / expected - 1) > 0.001:
            differences[run["model"], path.stem[-7:]] = (float(run["flop"]), expected)
    assert compared or "notable" in path.stem
    assert differences == {
        key: KNOWN_DIFFERENCES[key][:2] for key in differences if key in KNOWN_DIFFERENCES
    }
