"""Drafting a company: made-up CSVs for every oddity that the public files have shown."""

import csv
import json
import os
import re
import shutil
from collections import Counter
from pathlib import Path

import new_company
import pytest

import training_share as ts

HERE = Path(__file__).parent


def cases(name: str) -> list[list[str]]:
    """Return the header and the cases of a CSV beside this file; all are made up."""
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


HEADER = cases("all_ai_models_2026-03")[0]
NOTES, BASE, CHIP, FORMAT = (HEADER[n] for n in (4, 7, 11, 12))


def model(name, day="2025-03-01", flop="1e24", **cells):
    """A record with some cells, by the header's words."""
    usual = dict(zip(HEADER, (name, "Acme AI", day, flop), strict=False)) | {"Confidence": "Likely"}
    return list((dict.fromkeys(HEADER, "") | usual | cells).values())


def write(path: Path, rows, header=HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


class Maker:
    """Runs the tool on a copy of the data; `told` and `error` are what it printed last."""

    def __init__(self, data_copy, capsys) -> None:
        self.data, self.capsys = data_copy.folder, capsys
        self.folder = data_copy.folder.parent / "drafts"  # no other than the last draft's
        self.models = Path(shutil.copy(HERE / "all_ai_models_2026-03.csv", self.data.parent))

    def run(self, *arguments, name="acme") -> int:
        given = ["--data-dir", self.data, "--out", self.folder, *arguments]
        status = new_company.main([name, *map(str, given)])
        self.told, self.error = self.capsys.readouterr()
        return status

    def draft(self, path, *more, organization="Acme", start="2024-10-01", **named) -> int:
        window = ("--spending-start", start, "--spending-end", "2025-09-30")
        return self.run("--models", path, "--organization", organization, *window, *more, **named)

    def asked(self, *rows, header=HEADER, **settings) -> str:
        """Draft some models, and return the questions."""
        path = write(self.data.parent / "all_ai_models_2026-07.csv", rows, header)
        assert self.draft(path, **settings) == 0, self.error
        return (self.folder / "questions.md").read_text()

    def rows(self, table="training_runs") -> dict[str, dict[str, str]]:
        with (self.folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            return {next(iter(row.values())): row for row in csv.DictReader(file)}

    def edit(self, table, old, new) -> None:
        path = self.folder / f"{table}.csv"
        assert re.search(old, path.read_text())
        path.write_text(re.sub(old, new, path.read_text()))

    def complete(self, amount="100") -> None:
        """Draft, and do what a person does: delete what cannot be known, fill in the spending."""
        assert self.draft(self.models) == 0
        self.edit("training_runs", r"(?m)^acme-(lost|secret).*\n", "")
        self.edit("spending", "2025-09-30,,USD", f"2025-09-30,{amount},USD")
        self.edit("sources", "acme-filing,,,,,,", "acme-filing,Filing,Acme,2026,,p. 1,unknown")

    def everything(self) -> dict[Path, bytes]:
        files = self.data.parent.rglob("*")
        return {path: path.read_bytes() for path in files if path.is_file()}


@pytest.fixture
def maker(data_copy, capsys) -> Maker:
    return Maker(data_copy, capsys)


# --- a draft --------------------------------------------------------------------------------------
def test_the_draft_says_what_the_file_says_and_asks_the_rest(maker):
    before = maker.everything()
    assert maker.draft(maker.models, "--display-name", 'The "Acme" Lab') == 0
    runs, asked = maker.rows(), (maker.folder / "questions.md").read_text()
    first, think = runs["acme-1-pretraining"], runs["acme-1-think-finetune"]
    assert first["source_id"] == "epoch-models-acme-2026-03" and "2026-03" in first["note"]
    columns = ("flop", "hardware", "post_training", "evidence")
    expected = ("3e24", "h100-sxm-bf16", "post_training_factor", "reported")
    assert tuple(map(first.get, columns)) == expected
    assert (think["flop"], think["workload"], think["evidence"]) == ("2e23", "rl", "judgement")
    assert runs["acme-1-vl-sft"]["base_run"] == "acme-1-pretraining"
    assert runs["acme-1-vl-sft"]["fraction_of_base"] == "sft_fraction"
    uncounted = {key for key, run in runs.items() if run["counted"] == "no"}
    assert uncounted == {"acme-1-may-pretraining", "acme-old-pretraining"}
    assert runs["acme-lost-sft"]["base_run"] == runs["acme-secret-pretraining"]["flop"] == ""
    assert "acme-when-pretraining" not in runs
    for words in (
        "Organisations matched: Acme AI (8 models), ACME (1 models), acme (1 models).",
        "Joint work: Acme-1,",
        "1474560 chip-hours if both",
        "Base: Acme-Lost, built on Nowhere-7B; the file leads to no model",
        "No compute known: Acme-Secret.",
        "Duplicate: acme_secret,",
        "Release: Acme-When, without a month",
        "Base: Acme-Old-Chat, built on Acme-Old (2023-01-01), of another window",
        "Hardware: the file names no chip for Acme-1 (May), Acme-Secret, Acme-1-VL",
        "RL or SFT? Acme-1-VL, on Acme-1: drafted by sft_fraction",
    ):
        assert words in asked
    assert maker.rows("spending")["acme"]["amount_millions"] == ""
    notebook = (maker.folder / "acme.ipynb").read_text()
    assert "{{" not in notebook and 'The "Acme" Lab: what' in str(json.loads(notebook))
    assert maker.draft(maker.models) == 2 and "is there already" in maker.error
    assert {*maker.everything()} - {*maker.folder.iterdir()} == {*before}


def put(old, new):
    return lambda text: text.replace(old, new)


BROKEN = {
    "no intact CSV in UTF-8 (unexpected end of data)": lambda text: text[: text.index("10e12")],
    "has 2 cells, the header 13": lambda text: text[: text.index("Acme-Old-Chat") + 16],
    "no column for model; no column for organization": put(",", ";"),
    "between commas stand <!DOCTYPE": lambda text: "<!DOCTYPE html>\n<body>Sign in</body>\n",
    "no rows under a header": lambda text: text.splitlines()[0],
    "two for organization, delete one": put("Numerical format", "organisation"),
    "two for model, delete one": put("Numerical format", "Model"),
    "field larger than field limit": put("10e12", "1" * 200_000),
    "record 1, flop: '3,1e24' is not": put("2025-02-03,3e24", '2025-02-03,"3,1e24"'),
    "'inf' is not a positive": put("2025-02-03,3e24", "2025-02-03,inf"),
    "may be day/month or month/day": put("2025-02-03", "02/03/2025"),
    "'early 2025' is not a date": put("2025-02-03", "early 2025"),
    "no 'Acme'; did you mean 'Acne'?": lambda text: re.sub("(?i)acme( AI)?,", "Acne,", text),
    "no new one released from 2025-01 to 2025-12": put("2025-", "2021-"),
    "models_2026-03.csv: no intact CSV in UTF-8 ('utf-8' codec": lambda text: "Modèle,b\n",
}


@pytest.mark.parametrize("told", BROKEN)
def test_a_broken_file_is_named_and_nothing_is_written(told, maker):
    encoding = "latin-1" if "codec" in told else "utf-8"
    maker.models.write_text(BROKEN[told](maker.models.read_text()), encoding=encoding)
    before = maker.everything()
    assert maker.draft(maker.models) == 2 and told in maker.error and "2026-03.csv" in maker.error
    assert maker.everything() == before


def test_settings_that_cannot_be_meant_write_nothing(maker):
    before = maker.everything()
    for told, more, named in (
        ("'../x' is not a key", (), {"name": "../x"}),
        ("unknown hardware 'h900'", ("--hardware", "h900"), {}),
        ("No such file", ("--models", "absent.csv"), {}),
        ("none.csv: no intact CSV", ("--hardware-csv", "none.csv"), {}),
        ("no new one released", (), {"start": "2026-01-01"}),
        ("no draft of this tool", ("--write",), {}),
    ):
        assert maker.draft(maker.models, *more, **named) == 2 and told in maker.error
    for arguments in (["--help"], ["--spending-start", "soon"]):
        with pytest.raises(SystemExit):
            maker.run(*arguments)
    assert maker.everything() == before


# --- dates and names ------------------------------------------------------------------------------
@pytest.mark.parametrize(("text", "day"), cases("days")[1:])
def test_days_are_read_as_they_are_written(text, day):
    assert new_company.as_day(text) == day


@pytest.mark.parametrize(("asked", "organization"), cases("spelled")[1:])
def test_an_organisation_is_matched_by_its_letters(asked, organization, maker):
    rows = [model("M", Organization=organization), model("N", Organization="Metal Works")]
    maker.asked(*rows, organization=asked)
    assert [run["model"] for run in maker.rows().values()] == ["M"]


@pytest.mark.parametrize("near", ["LG AI Research", "IBM Labs", "Acmeslab"])
def test_a_near_name_that_is_left_out_is_told(near, maker):
    asked = near.split()[0].removesuffix("lab")
    rows = [model(one, Organization=one) for one in (asked, near, "Algae")]
    assert f"but near in name: {near}." in maker.asked(*rows, organization=asked)


@pytest.mark.parametrize("names", [("Elk R", "Elk R+"), ("C", "C++"), ("V3", "V3+"),
    ("文心一言", "通义千问"), ("Éléphant", "Elephant")])  # fmt: skip
def test_different_names_stay_different(names, maker):
    rows = [model(name, flop=f"{n}e24", **{NOTES: name}) for n, name in enumerate(names, 1)]
    asked = maker.asked(*rows)
    assert [run["model"] for run in maker.rows().values()] == list(names)
    assert "Duplicate" not in asked and "Base in the notes" not in asked


def test_the_window_has_its_first_and_its_last_month(maker):
    days = ("2024-12-31", "2025-01", "2025-01-01", "2025-12-31", "2025-12", "2026-01-01")
    maker.asked(*(model(f"Elk {n}", day, f"{n + 1}e24") for n, day in enumerate(days)))
    assert {run["released"] for run in maker.rows().values()} == set(days[1:-1])


# --- runs and doubts ------------------------------------------------------------------------------


@pytest.mark.parametrize(("notes", "factor"), cases("factors")[1:])
def test_the_factor_is_for_parameters_times_tokens(notes, factor, maker):
    maker.asked(model("Elk", **{NOTES: notes}))
    assert maker.rows()["acme-elk-pretraining"]["post_training"] == factor


def test_rl_is_told_by_name_and_notes_and_not_by_the_task(maker):
    tuned = [[*model(name, flop="", **{BASE: "Elk"}), "Reasoning"] for name in ("A", "A Thinking")]
    maker.asked([*model("Elk"), ""], *tuned, header=[*HEADER, "Task"])
    assert {"acme-a-sft", "acme-a-thinking-rl"} < maker.rows().keys()


def test_a_question_is_asked_once_for_all_of_whom_it_is_the_same(maker):
    rows = [model(f"Elk {n}", flop=f"{n}e24", **{CHIP: "NVIDIA H20"}) for n in range(1, 6)]
    asked = maker.asked(*rows)
    assert asked.count("Price: ") == 1 and "Elk 1, Elk 2, Elk 3, Elk 4, Elk 5, trained" in asked


def test_what_the_tables_have_is_not_drafted_and_not_asked(maker):
    known = model("MiniMax-Text-01", "2025-01-15", "3e24", Organization="MiniMax")
    tuned = model("M-Chat", "2025-02-01", "", Organization="MiniMax", **{BASE: "MiniMax-M2"})
    asked = maker.asked(known, tuned, organization="MiniMax", name="minimax")
    assert "Already in training_runs.csv, so not drafted: MiniMax-Text-01." in asked
    assert "Spending: " not in asked and "Base: " not in asked
    (run,) = maker.rows().values()
    assert run["base_run"] == "minimax-m2-pretraining"


DOUBTS = dict[str, list[list[str]]]()  # words of a question -> the models that raise it
for question, *cells in cases("doubts")[1:]:
    DOUBTS.setdefault(question, []).append(cells)


@pytest.mark.parametrize("question", DOUBTS)
def test_doubts_are_asked(question, maker):
    assert question in maker.asked(*DOUBTS[question], organization="Acme,Acne Inc")
    assert "twice" not in question or "no" in {run["counted"] for run in maker.rows().values()}


def test_a_file_without_some_columns_and_without_a_date(maker, tmp_path):
    places = [n for n, name in enumerate(HEADER) if name not in (BASE, CHIP, FORMAT)]
    lines = [[line[n] for n in places] for line in (model("Elk"), HEADER)]
    assert maker.draft(write(tmp_path / "models.csv", lines[:1], lines[1])) == 0
    asked = (maker.folder / "questions.md").read_text()
    assert "models.csv has no column of base models" in asked
    assert "the file names no chip for Elk; h800-sxm-bf16 is drafted" in asked
    assert "Date: the name of models.csv has no date" in asked


# --- chips, peaks and currencies ------------------------------------------------------------------
@pytest.mark.parametrize(("chip", "form", "key", "asked"), cases("chips")[1:])
def test_the_chip_decides_peak_and_price_or_is_asked(chip, form, key, asked, maker):
    told = maker.asked(model("Elk", **{CHIP: chip, FORMAT: form}))
    assert maker.rows()["acme-elk-pretraining"]["hardware"] == key
    assert all(words in told for words in asked.split("|"))
    of_chips = re.findall("- (Format|Price|Peak|Hardware):", told)
    assert len(of_chips) == len([words for words in asked.split("|") if words])


@pytest.mark.parametrize("case", cases("peaks")[1:])
@pytest.mark.parametrize("whole", [True, False])  # FP8 has a column since late 2025
def test_a_missing_peak_is_drafted_where_it_is_dense(whole, case, maker):
    form, peak, told, *chip = case
    filled = [n for n, cell in enumerate(chip) if cell or whole]
    lines = [[line[n] for n in filled] for line in (cases("peaks")[0][3:], chip)]
    path = write(maker.data.parent / "chips_2026-07.csv", lines[1:], lines[0])
    models = [model("Elk", **{CHIP: "Acme X1", FORMAT: form})]
    assert maker.draft(write(path.with_name("m.csv"), models), "--hardware-csv", path) == 0
    assert told in (maker.folder / "questions.md").read_text()
    row = maker.rows("hardware")[f"acme-x1-{form.lower()}"]
    assert row["peak_flop_per_s"] == peak
    assert (row["source_id"] in maker.rows("sources")) is bool(peak)


@pytest.mark.parametrize("currency", ["JPY", "CNY", "H100-hours"])
def test_a_rate_is_asked_where_the_tables_have_none(currency, maker):
    assert maker.draft(maker.models, "--currency", currency) == 0
    path = maker.folder / "fx.csv"
    drafted = path.read_text().splitlines()[1:] if path.exists() else []
    assert drafted == (["JPY,2024/2025,,JPY-rate"] if currency == "JPY" else [])


# --- into the tables ------------------------------------------------------------------------------
@pytest.mark.slow
def test_a_completed_draft_is_written_once_and_estimated(maker):
    maker.draft(maker.models)
    before = maker.everything()
    assert maker.run("--write") == 2 and maker.everything() == before
    for words in ("not complete; fill in or delete", "acme-secret-pretraining", "amount_millions"):
        assert words in maker.error
    shutil.rmtree(maker.folder)
    maker.complete()
    given = {"n_draws": 50, "data_dir": maker.data}
    old, table = ts.estimate("zai", **given).share, before[maker.data / "training_runs.csv"]
    assert maker.run("--write") == 0, maker.error
    for words in ("runs.csv: 6 rows", "share: ", "moved: implied R&D compute of deepseek, USD "):
        assert words in maker.told
    assert (maker.data / "training_runs.csv").read_bytes().startswith(table)
    est, models = ts.estimate("acme", **given), {"Acme-1", "Acme-1-Think", "Acme-1-VL"}
    assert {run.model for run in est.runs.values()} == models | {"Acme-Old-Chat"}
    assert est.rd_compute == 100e6 and (est.share > 0).all()
    assert (ts.estimate("zai", **given).share == old).all()
    assert "acme" in ts.compare(**given).estimates
    after = maker.everything()
    assert maker.data.parent / "notebooks/acme.ipynb" in after
    assert maker.run("--write") == 0 and maker.everything() == after
    assert "nothing to append" in maker.told and "moved" not in maker.told


@pytest.mark.slow
def test_a_draft_is_refused_until_it_can_be_meant_and_fits_what_a_spreadsheet_saved(maker):
    """A share beyond belief, models of another window, a source that is there already."""
    maker.complete("0.01")
    for table in ("sources", "spending"):
        maker.edit(table, "acme-filing", "newsletter-body")
    path = maker.data / "companies.csv"
    text = path.read_text().replace(",", ";").replace("\n", "\r\n")
    path.write_bytes(text.encode("utf-8-sig"))
    before = maker.everything()
    assert maker.run("--write") == 2 and "no part exceeds the whole" in maker.error
    for table in ("companies", "spending"):
        maker.edit(table, "2024-10-01", "2024-07-01")
    assert maker.run("--write") == 2 and "companies.csv has another window" in maker.error
    for table in ("companies", "spending"):
        maker.edit(table, "2024-07-01", "2024-10-01")
    assert {path: maker.everything()[path] for path in before} == before
    maker.edit("spending", ",0.01,", ",1e6,")
    assert maker.run("--write") == 0, maker.error
    assert "look again: a share below 0.1%" in maker.told
    assert "sources.csv, row newsletter-body: another than the draft's, and stays" in maker.told
    assert ts.load(maker.data).companies["acme"].release_lag_months == 3


@pytest.mark.slow
def test_without_spending_there_is_a_cost(maker):
    maker.complete()
    (maker.folder / "spending.csv").unlink()
    assert maker.run("--write") == 0 and "no spending, so no share" in maker.told
    assert not (maker.data.parent / "notebooks").exists()


# --- real snapshots -------------------------------------------------------------------------------
FILES = sorted(Path(os.environ.get("EPOCH_SNAPSHOTS", "/none")).glob("*ai_models*.csv"))


@pytest.mark.slow
@pytest.mark.skipif(not FILES, reason="EPOCH_SNAPSHOTS names no folder of CSVs from epoch.ai/data")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_drafts_of_real_files_have_no_slip_in_flop_and_dates(path, maker):
    file = new_company.Snapshot(path, new_company.WORDS["models"])
    records = {row.model: file.typed(row) for row in file.rows}
    late = [row for row in records.values() if row.released >= "2023-04"]
    names = Counter(name for row in late for name in row.organization.split(","))
    for name, _ in names.most_common(20):
        assert maker.draft(path, organization=name, start="2023-01-01") == 0, maker.error
        for run in maker.rows().values():
            row = records[run["model"]]
            flop = row.finetune_flop if run["stage"] == "finetune" else row.flop
            expected = 0 if run["fraction_of_base"] else flop or row.finetune_flop
            assert float(run["flop"] or 0) == pytest.approx(expected, rel=1e-6), run
            assert run["released"] == row.released
        shutil.rmtree(maker.folder)
