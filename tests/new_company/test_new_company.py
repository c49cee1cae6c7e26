"""Drafting a company: made-up CSVs for every oddity that the public files have shown."""

import csv
import json
import re
from pathlib import Path

import pytest

import training_share as ts
from training_share.new_company.command import done, main
from training_share.new_company.epoch_csv import Snapshot, as_day, match_organizations
from training_share.new_company.files import QUESTIONS
from training_share.new_company.hardware import device_key

HEADER = ["Model", "Organization", "Publication date", "Training compute (FLOP)",
          "Training compute notes", "Finetune compute (FLOP)", "Finetune compute notes",
          "Base model", "Confidence", "Training time (hours)", "Hardware quantity",
          "Training hardware", "Numerical format"]  # fmt: skip


def model(name, day="2025-03-01", flop="1e24", **cells):
    """A record with some cells, by the header's words."""
    row = dict.fromkeys(HEADER, "") | {
        "Model": name,
        "Organization": "Acme AI",
        "Publication date": day,
        "Training compute (FLOP)": flop,
        "Confidence": "Likely",
    }
    return list((row | cells).values())


MODELS = [
    model(
        "Acme-1",
        "2025-02-03",
        "3e24",
        Organization="Acme AI,State University",
        Confidence="Confident",
        **{
            "Training compute notes": "6ND = 6 * 50e9 * 10e12\n= 3e24",
            "Training time (hours)": "720",
            "Hardware quantity": "2048",
            "Training hardware": "NVIDIA H100 SXM5 80GB",
            "Numerical format": "BF16",
        },
    ),
    model("Acme-1 (May)", "2025-05-01", "3e24"),
    model(
        "Acme-1-Think",
        "2025-03-01",
        "3.2e24",
        Organization="ACME",
        Confidence="Speculative",
        **{
            "Finetune compute (FLOP)": "2e23",
            "Finetune compute notes": "Reinforcement learning, 147k H800 GPU-hours",
            "Base model": "Acme-1",
            "Training hardware": "NVIDIA H20",
        },
    ),
    model("Acme-1-VL", "2025-04", "", Organization="acme", **{"Base model": "Acme-1"}),
    model("Acme-Old-Chat", "2025-06-01", "", **{"Base model": "Acme-Old"}),
    model("Acme-Old", "2023-01-01", "1e23", Confidence="Confident"),
    model("Acme-Lost", "2025-06-02", "", **{"Base model": "Nowhere-7B"}),
    model("Acme-Secret", "2025-06-03", "", Confidence="Unknown"),
    model("acme_secret", "2025-06-03", "", Confidence="Unknown"),
    model("Acme-When", "2025"),
    model("Broken elsewhere", "someday", "plenty", Organization="Other Lab"),
]
DATES = ("2024-10-01", "2025-09-30")


def write(path: Path, rows=MODELS, header=HEADER, delimiter=",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows])
    return path


def tell(data_copy, *arguments) -> str:
    """Return what the command tells; a refusal is raised."""
    return "\n".join(done([*map(str, arguments), "--data-dir", str(data_copy.folder)]))


def draft(data_copy, path, *more, name="acme", organization="Acme", dates=DATES):
    """Draft a company; return the draft's folder and its questions."""
    window = ("--spending-start", dates[0], "--spending-end", dates[1])
    tell(data_copy, name, "--models", path, "--organization", organization, *window, *more)
    folder = data_copy.folder / "drafts" / name
    return folder, (folder / "questions.md").read_text()


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
    folder, asked = draft(data_copy, models, "--display-name", 'The "Acme" Lab')
    runs = rows_of(folder, "training_runs")
    assert "Organisations matched: Acme AI (8 rows), ACME (1 rows), acme (1 rows)." in asked
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
        "Price: Acme-1-Think was trained on NVIDIA H20",
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
        "What would settle it",
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
    folder, _ = draft(data_copy, models)
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
        "Nothing was written. drafts/acme is not complete; fill in or delete what is named" in told
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
    assert est.rd_compute == 100e6 and (est.share > 0).all()
    assert (notebooks / "acme.ipynb").is_file()
    assert (ts.estimate("zai", n_draws=50, data_dir=data_copy.folder).share == old).all()
    after = everything(data_copy.folder)
    assert main(arguments) == 0 and everything(data_copy.folder) == after


def test_accept_refuses_a_model_the_tables_have_under_another_key(data_copy, models):
    data_copy.add_like(
        "training_runs", "minimax-text-01", run_id="acme-by-hand", company="minimax", model="Acme 1"
    )
    folder, _ = draft(data_copy, models, name="minimax")
    assert rows_of(folder, "companies")  # a known company may be drafted, to compare
    with pytest.raises(ts.InputError, match="acme-by-hand"):
        tell(data_copy, "minimax", "--accept")


def test_accept_without_spending_gives_a_cost_only(data_copy, models):
    folder, _ = draft(data_copy, models)
    complete(folder, "")
    (folder / "sources.csv").write_text(
        (folder / "sources.csv")
        .read_text()
        .replace("acme-filing,Filing,Acme,2026,,p. 1,unknown", "acme-filing,,,,,,")
    )
    assert "implied_rd_compute" in tell(data_copy, "acme", "--accept", "--without-spending")
    implied = ts.implied_rd_compute("acme", n_draws=20, data_dir=data_copy.folder)
    assert implied.draws()["rd_compute"].min() > 0


def test_a_draft_is_never_overwritten_unless_told(data_copy, models):
    folder, _ = draft(data_copy, models)
    (folder / "spending.csv").write_text("what a person wrote")
    before = everything(folder)
    with pytest.raises(ts.InputError, match="a draft is there already; complete it, or replace"):
        draft(data_copy, models)
    assert everything(folder) == before
    draft(data_copy, models, "--force")
    assert rows_of(folder, "spending")["acme"]["amount_millions"] == ""
    assert [path.name for path in folder.parent.iterdir()] == ["acme"]


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
        Snapshot(tmp_path / "models.csv")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"name": "Acme!"}, "is not a key"),
        ({"more": ("--hardware", "h900")}, "unknown hardware 'h900'"),
        ({"more": ("--currency", "dollars")}, "not an ISO 4217 code"),
        ({"more": ("--release-lag-months", "-1")}, "release_lag_months: expected a whole number"),
        ({"path": "absent.csv"}, "no such file"),
        ({"dates": ("2026-01-01", DATES[1])}, "lies before spending_start"),
        ({"dates": ("soon", DATES[1])}, "'soon' is not a date"),
    ],
)
def test_bad_settings(settings, told, data_copy, models):
    given = {"path": models, "more": ()} | settings
    before = everything(data_copy.folder)
    with pytest.raises(ts.InputError, match=told):
        draft(data_copy, given.pop("path"), *given.pop("more"), **given)
    assert everything(data_copy.folder) == before


def test_a_failure_while_writing_leaves_the_old_draft(data_copy, models, monkeypatch):
    draft(data_copy, models)
    before, write_text = everything(data_copy.folder), Path.write_text

    def full(path, *args, **options):
        if path.name == "questions.md":
            raise OSError(28, "No space left on device")
        return write_text(path, *args, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ts.InputError, match="cannot be written"):
        draft(data_copy, models, "--force")
    monkeypatch.undo()
    assert everything(data_copy.folder) == before


@pytest.mark.slow
def test_ten_megabytes_with_line_breaks_in_notes(data_copy, tmp_path):
    filler = [f"{'Note, with breaks.'}\n" * 60] * 1
    rows = [
        [f"Other-{i}", "Other Lab", "2025-02-03", "1e20", *filler, *[""] * 8] for i in range(9500)
    ]
    path = write(tmp_path / "big.csv", rows + MODELS)
    assert path.stat().st_size > 10e6
    folder, _ = draft(data_copy, path)
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
    assert as_day(text) == day


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
    rows = [[name, made_by, "2025-01-01", "1e24", *[""] * 9]
            for name, made_by in (("M", cell), ("N", "Metal Works"))]  # fmt: skip
    own, _ = match_organizations(Snapshot(write(tmp_path / "m.csv", rows)), [asked], dict)
    assert [row.model for row in own] == ["M"]


CHIPS = [
    "Hardware name",
    "Notes",
    "Tensor-FP16/BF16 performance (FLOP/s)",
    "FP8 performance (FLOP/s)",
    "TF32 (TensorFloat-32) performance (FLOP/s)",
    "INT8 performance (OP/s)",
]


def test_hardware_rows_take_dense_peaks_of_missing_chips_only(data_copy, tmp_path):
    path = write(
        tmp_path / "ml_hardware_2026-07.csv",
        [
            ["NVIDIA H800 SXM5", "", "9.89e14", "", "", "1.979e15"],
            ["NVIDIA B200", "", "2.25e15", "4.5e15", "", ""],
            ["Acme X1", "", "1e15", "2e15", "5e14", ""],
            ["Acme X2", "", "1e15", "4e15", "", ""],
            ["Acme X3", "", "1e15", "", "", "2e15"],
            ["Acme X4", "figures with sparsity", "1e15", "", "", ""],
            ["Acme X5", "", "3e15", "", "1e15", ""],
            ["Acme X1", "", "1.1e15", "", "", ""],
            ["NVIDIA RTX 2080 Ti", "without sparsity", "1.1e14", "", "", ""],
            ["NVIDIA H100 OAM", "", "7e14", "", "", ""],
        ],
        CHIPS,
    )
    assert "peaks drafted: 7; questions: 5" in tell(data_copy, "--hardware-csv", path)
    drafted = rows_of(data_copy.folder / "drafts/hardware", "hardware")
    assert {key: row["peak_flop_per_s"] for key, row in drafted.items()} == {
        "acme-x1-bf16": "1e15",
        "acme-x1-fp8": "2e15",
        "acme-x2-bf16": "1e15",
        "acme-x3-bf16": "1e15",
        "acme-x4-bf16": "1e15",
        "rtx-2080-ti-fp16": "1.1e14",
        "h100-oam-bf16": "7e14",
    }
    asked = (data_copy.folder / "drafts/hardware/questions.md").read_text().splitlines()
    assert [line.split(":")[0] for line in asked if line.startswith("- ")] == [
        "- Dense? Acme X2",
        "- FP8",
        "- Dense? The notes on Acme X4 speak of sparsity; check its peaks.",
        "- Dense? Acme X5",
        "- Duplicate",
    ]
    tell(data_copy, "hardware", "--accept")
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


# --- what public files have shown -----------------------------------------------------------------
def drafted(data_copy, tmp_path, *rows, header=HEADER, **settings):
    path = write(tmp_path / "all_ai_models_2026-07.csv", rows, header)
    folder, asked = draft(data_copy, path, **settings)
    return rows_of(folder, "training_runs"), asked


@pytest.mark.parametrize(
    "names",
    [
        ("Elk R", "Elk R+"),
        ("C", "C++"),
        ("V3", "V3+"),
        ("文心一言", "通义千问"),
        ("Éléphant", "Elephant"),
    ],
)
def test_different_names_stay_different(data_copy, tmp_path, names):
    rows = [model(name, flop=f"{place + 1}e24") for place, name in enumerate(names)]
    runs, asked = drafted(data_copy, tmp_path, *rows)
    assert {run["model"] for run in runs.values()} == set(names) and "Duplicate" not in asked
    ts.load(data_copy.folder)


def test_the_window_has_its_first_and_its_last_month(data_copy, tmp_path):
    days = ("2024-12-31", "2025-01", "2025-01-01", "2025-12-31", "2025-12", "2026-01-01")
    rows = [model(f"Elk {place}", day, f"{place + 1}e24") for place, day in enumerate(days)]
    runs, _ = drafted(data_copy, tmp_path, *rows)
    assert {run["released"] for run in runs.values()} == set(days[1:-1])


SIX_ND = {"Training compute notes": "6ND = 6 * 7e9 * 2.4e13"}


@pytest.mark.parametrize(
    "earlier",
    [
        model("Gnu-0", "2022-03-01"),
        model(
            "Gnu-0", "2022-03-01", "3e23", **{"Training compute notes": "6ND = 6 * 7e9 * 2.4e13"}
        ),
    ],
)
def test_an_earlier_model_with_its_compute_or_its_notes_is_asked_about(
    data_copy, tmp_path, earlier
):
    later = model("Gnu-1", **SIX_ND)
    runs, asked = drafted(data_copy, tmp_path, later, earlier)
    assert "Counted twice? Gnu-1 has the same compute (1e+24) as Gnu-0 (2022-03-01" in asked
    assert runs["acme-gnu-1-pretraining"]["counted"] == "no"


def test_a_base_named_in_the_notes_alone_is_asked_about(data_copy, tmp_path):
    notes = {"Training compute notes": "Elk Base was trained with 9e23 FLOP; chat adds 1e23"}
    _, asked = drafted(
        data_copy, tmp_path, model("Elk Chat", **notes), model("Elk Base", flop="9e23")
    )
    assert "Base in the notes? Elk Chat (record 1)" in asked and "chat adds 1e23" in asked


def test_a_missing_column_of_bases_is_told(data_copy, tmp_path):
    place = HEADER.index("Base model")
    header = [name for name in HEADER if name != "Base model"]
    row = model("Elk Chat")
    _, asked = drafted(data_copy, tmp_path, [*row[:place], *row[place + 1 :]], header=header)
    assert "has no column of base models" in asked


def test_amounts_beyond_belief_are_asked_about(data_copy, tmp_path):
    _, asked = drafted(data_copy, tmp_path, model("Elk", flop="24.5"))
    assert "Elk has 24.5 FLOP in the file, record 1" in asked


def test_a_finetune_of_zero_is_no_finetune(data_copy, tmp_path):
    runs, _ = drafted(data_copy, tmp_path, model("Elk", **{"Finetune compute (FLOP)": "0"}))
    assert runs["acme-elk-pretraining"]["flop"] == "1e24"


@pytest.mark.parametrize("words", ["5.0M H100-hours", "490 TPU days", "147k H800 GPU-hours"])
def test_hours_in_the_notes_are_read(data_copy, tmp_path, words):
    notes = {"Training compute notes": f"It took {words} in all."}
    assert f"'{words}'" in drafted(data_copy, tmp_path, model("Elk", **notes))[1]


def test_columns_that_some_files_have_are_used(data_copy, tmp_path):
    header = [*HEADER, "Training chip-hours", "Post-training compute (FLOP)",
              "Training compute lower bound", "Training compute upper bound"]  # fmt: skip
    _, asked = drafted(
        data_copy, tmp_path, [*model("Elk"), "2e6", "1e22", "5e23", "2e24"], header=header
    )
    assert "the file gives 2e+06 chip-hours for Elk" in asked
    assert "Post-training: the file gives 1e+22 FLOP for Elk" in asked
    assert "'5e+23 to 2e+24 (min-max uniform)'" in asked


@pytest.mark.parametrize(
    ("chip", "key", "word"),
    [
        ("Google TPU v4", "tpu-v4-bf16", "Price: Elk was trained on Google TPU v4"),
        ("NVIDIA A100", "a100-sxm-bf16", "Price"),
        ("", "h800-sxm-bf16", "Hardware: the file names no chip for Elk"),
    ],
)
def test_the_chip_decides_peak_and_price_or_is_asked(data_copy, tmp_path, chip, key, word):
    tables = ts.load(data_copy.folder)
    row = model("Elk", **{"Training hardware": chip})
    runs, asked = drafted(data_copy, tmp_path, row)
    expected = key if key in tables.hardware else "h800-sxm-bf16"
    assert runs["acme-elk-pretraining"]["hardware"] == expected and word in asked


def test_a_spelling_that_is_not_there_does_not_refuse_the_others(data_copy, tmp_path):
    other = model("Elk Two", **{"Organization": "Acme AI Research Lab"})
    runs, asked = drafted(data_copy, tmp_path, model("Elk"), other, organization="Acme AI,Acne Inc")
    assert set(runs) == {"acme-elk-pretraining"}
    assert "Organisation: no 'Acne Inc' in the file" in asked
    assert "left out, but near in name: Acme AI Research Lab" in asked


def test_a_file_without_a_date_is_asked_about(data_copy, tmp_path):
    _, asked = draft(data_copy, write(tmp_path / "models.csv", [model("Elk")]))
    assert "Date: the name of models.csv holds no date" in asked


def test_a_new_currency_gets_a_row_a_year(data_copy, tmp_path):
    path = write(tmp_path / "models_2026-07.csv", [model("Elk")])
    folder, _ = draft(data_copy, path, "--currency", "JPY")
    text = (folder / "fx.csv").read_text()
    assert "JPY,2024/2024,,jpy-rate" in text and "JPY,2025/2025,,jpy-rate" in text


def test_accept_refuses_models_of_another_window(data_copy, models):
    folder, _ = draft(data_copy, models)
    complete(folder, "100")
    for name in ("companies.csv", "spending.csv"):
        text = (folder / name).read_text()
        (folder / name).write_text(text.replace("2024-10-01", "2024-07-01"))
    with pytest.raises(ts.InputError, match=r"models of another window are missing. Draft again"):
        tell(data_copy, "acme", "--accept")


@pytest.mark.parametrize("amount", ["0.01", "1e6"])
def test_accept_tells_the_share_and_what_looks_like_a_slip(data_copy, models, amount):
    folder, _ = draft(data_copy, models)
    complete(folder, amount)
    told = tell(data_copy, "acme", "--accept")
    assert "training share: " in told and "look again: a share below 0.1% or above 100%" in told


@pytest.mark.parametrize("name", ["../../../x", "/tmp/x", "a/b", "A"])
def test_names_stay_in_their_folder(data_copy, name):
    with pytest.raises(ts.InputError, match="is not a key"):
        tell(data_copy, name, "--accept")


def test_chips_leave_a_companys_draft_alone(data_copy, models, tmp_path):
    folder, _ = draft(data_copy, models)
    before = everything(folder)
    chips = write(tmp_path / "chips_2026-07.csv", [["Acme X1", "", "1e15", "", "", ""]], CHIPS)
    tell(data_copy, "--hardware-csv", chips)
    assert (data_copy.folder / "drafts/hardware/hardware.csv").is_file()
    assert everything(folder) == before


def test_a_company_that_is_removed_leaves_nothing(data_copy, models):
    notebooks = data_copy.folder.parent / "notebooks"
    folder, _ = draft(data_copy, models)
    complete(folder, "100")
    before = {path.name: path.read_text() for path in data_copy.folder.glob("*.csv")}
    tell(data_copy, "acme", "--accept")
    (notebooks / "rendered").mkdir()
    (notebooks / "rendered/acme.ipynb").write_text("rendered")
    told = tell(data_copy, "--remove", "acme")
    assert {path.name: path.read_text() for path in data_copy.folder.glob("*.csv")} == before
    assert not list(notebooks.rglob("*.ipynb")) and "training_runs.csv: 6 rows removed" in told


def test_a_company_that_others_need_is_not_removed(data_copy):
    before = everything(data_copy.folder)
    with pytest.raises(ts.InputError, match="minimax cannot be removed"):
        tell(data_copy, "--remove", "minimax")
    assert everything(data_copy.folder) == before


# --- every question -------------------------------------------------------------------------------
BUILT = {"Base model": "Elk", "Finetune compute (FLOP)": "2e23"}
DOUBTS = {
    "Shared stages? Elk B and Elk A are finetunes of Elk": [
        model("Elk"),
        model("Elk A", **BUILT),
        model("Elk B", **BUILT | {"Finetune compute (FLOP)": "2.1e23"}),
    ],
    "Counted twice? Elk B has the same compute (2e+23) as Elk A": [
        model("Elk"),
        model("Elk A", **BUILT),
        model("Elk B", "2025-04-01", **BUILT),
    ],
    "Compute: Elk A has more finetune compute (2e+23) than compute in all (1e+23)": [
        model("Elk"),
        model("Elk A", flop="1e23", **BUILT),
    ],
    "Base: Elk A has finetune compute, no base model and no total": [
        model("Elk A", flop="", **BUILT | {"Base model": ""})
    ],
    "Workload: the finetune of Elk A is drafted as pretraining (mfu applies)": [
        model("Elk"),
        model("Elk A", **BUILT | {"Finetune compute notes": "RL, 6ND = 6 * 7e9 * 1e12"}),
    ],
    "Bases: Elk M has several (Elk,Elk 2); Elk is taken": [
        model("Elk"),
        model("Elk 2", flop="2e24"),
        model("Elk M", flop="3e20", **{"Base model": "Elk,Elk 2"}),
    ],
    "Elk R is built on Big, which is not in the file; give its run and name it in base_run of": [
        model("Elk R", flop="", **{"Base model": "Big"}),
        model("Big", flop="", **{"Base model": "Elk R"}),
    ],
    "Base of another organisation: Elk R is built on Big-Base; Big (2025-03-01) is drafted": [
        model("Elk R", flop="", **{"Base model": "Big-Base"}),
        model("Big", Organization="Big Lab"),
    ],
    "and has no compute in the file; give it one": [
        model("Elk R", flop="", **{"Base model": "Old"}),
        model("Old", "2020-01-01", ""),
    ],
    "data/hardware.csv has h100-sxm-fp8. The first chip is drafted": [
        model("Elk", **{"Training hardware": "NVIDIA H100,H20", "Numerical format": "FP8"})
    ],
    "data/hardware.csv lacks elk-1-bf16. h800-sxm-bf16 is drafted": [
        model("Elk", **{"Training hardware": "Elk 1"})
    ],
}


@pytest.mark.parametrize("question", DOUBTS)
def test_doubts_are_asked(data_copy, tmp_path, question):
    assert question in drafted(data_copy, tmp_path, *DOUBTS[question])[1]


def test_a_base_of_another_organisation_is_drafted_and_not_counted(data_copy, tmp_path):
    tune = model("Elk R", flop="", **{"Base model": "Big"})
    runs, _ = drafted(data_copy, tmp_path, tune, model("Big", Organization="Big Lab"))
    assert (runs["acme-elk-r-sft"]["counted"], runs["acme-elk-r-sft"]["base_run"]) == (
        "yes",
        "acme-big-pretraining",
    )
    assert runs["acme-big-pretraining"]["counted"] == "no"


def test_every_question_is_asked_somewhere():
    folder = Path(ts.__file__).parent / "new_company"
    code = "".join(path.read_text() for path in folder.glob("*.py"))
    assert set(re.findall(r'\bask\(\s*"([a-z0-9-]+)"', code)) == set(QUESTIONS)
