"""Tables are read, changed and checked as a whole; a file that cannot be read is refused."""

import copy
import csv
import io
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from refusals import assert_refused, refusal

from training_share.files import repo_root
from training_share.inputs.columns import COLUMNS, KEYS, VERSION
from training_share.inputs.notation import Exact, LogNormal
from training_share.inputs.quantities import Empirical
from training_share.inputs.tables import load

RUNS = "training_runs"
MFU = ("assumptions", "mfu", "value")


def test_the_tables_hold_what_the_files_hold(data_copy):
    tables = load()
    for table, columns in COLUMNS.items():
        raw = (repo_root() / "data" / f"{table}.csv").read_bytes()
        assert b"\r" not in raw and raw.endswith(b"\n") and not raw.startswith(b"\xef\xbb\xbf")
        header, *lines = csv.reader(raw.decode("utf-8").splitlines())
        assert all(cell == cell.strip() for line in lines for cell in line)
        assert len(tables[table]) == len(lines) and header == list(columns)
        assert tables.frame(table).to_numpy().tolist() == lines
    assert load(data_copy.folder).texts == tables.texts


# --- rows and tables as values --------------------------------------------------------------------
def test_a_row_has_typed_values():
    run = load().training_runs["glm-4.5"]
    assert run.released == pd.Period("2025-07", "M") and run.counted is True and run.covers is None
    assert isinstance(run.flop, Exact) and run.hardware == "h800-sxm-bf16" and run.base_run is None
    assert load().training_runs["cogvideox"].flop == "cogvideox"
    assert str(load().companies["zai"].spending_start) == "2024-07-01"
    assert repr(run) == "<training_runs glm-4.5>"
    own = {row.source_id for row in load().spending.values() if row.inferred}
    assert own == {"own-judgement"}


def test_rows_are_values_and_tables_pass_to_other_processes():
    tables = load()
    for copied in (pickle.loads(pickle.dumps(tables)), copy.deepcopy(tables)):
        assert copied.texts == tables.texts and copied.digest == tables.digest
        for table in KEYS:
            assert copied[table] == tables[table]
            rows = tables[table].values()
            assert set(map(hash, copied[table].values())) == set(map(hash, rows))
        assert copied.changed([(*MFU, "0.2")]).assumptions["mfu"].amount == Exact(0.2)
    assert tables.training_runs["glm-4.5"] != tables.training_runs["glm-4.6"]


@pytest.mark.parametrize(
    "change",
    [
        lambda tables: tables.cells_of.clear(),
        lambda tables: tables.cells_of["predictive-interval"].clear(),
        lambda tables: tables.companies.update(x=1),
        lambda tables: tables.companies.pop("zai"),
        lambda tables: tables.texts["companies"]["zai"].__setitem__("currency", "red"),
        lambda tables: tables.schema["companies"].columns.clear(),
        lambda tables: tables.schema["companies"].keys.append("currency"),
        lambda tables: tables.given.update({("fx", "CNY/2022/2025", "per_usd"): 1}),
        lambda tables: setattr(tables.companies["zai"], "currency", "USD"),
        lambda tables: setattr(tables, "companies", {}),
    ],
)
def test_tables_are_read_only_and_what_is_made_anew_is_the_caller_s_own(change):
    with pytest.raises((TypeError, AttributeError)):
        change(load())
    load().rates().clear()
    frame = load().frame("fx")
    frame["per_usd"] = "1"
    assert "cny_per_usd" in load().rates() and load().fx["CNY/2022/2025"].per_usd.value == 7.2


def test_a_changed_cell_leaves_the_rest_alone():
    base = load()
    own = base.texts[RUNS]["glm-4.5"] | {"run_id": "own", "model": "X"}
    changed = base.changed([(*MFU, "0.2")], [(RUNS, own)])
    assert base.assumptions["mfu"].value == "0.15 to 0.35 (p10-p90 lognormal)"
    assert changed.assumptions["mfu"].amount == Exact(0.2) and changed.digest != base.digest
    assert list(changed.training_runs)[-1] == "own" and "own" not in base.training_runs
    assert changed.training_runs["glm-4.5"] is base.training_runs["glm-4.5"]
    assert base.changed() is base


# --- distributions in place of text ---------------------------------------------------------------
def test_a_cell_takes_a_distribution_as_it_is():
    base, held = load(), LogNormal(0.1, 0.1 * (1 + 1e-14) * 2, 0.1, 0.9)
    tables = base.changed(
        [(*MFU, held), (RUNS, "glm-4.5", "flop", Empirical(np.array([1e24, 3e24])))]
    )
    assert tables.assumptions["mfu"].amount is held
    texts = tables.assumptions["mfu"].value, tables.texts["assumptions"]["mfu"]["value"]
    assert texts == (str(held), str(held))
    assert tables.training_runs["glm-4.5"].flop.quantile(0.5) == 2e24
    assert str(held) in tables.frame("assumptions")["value"].tolist()
    kept = tables.changed([("assumptions", "mfu", "label", "MFU!")])
    assert kept.assumptions["mfu"].amount is held, "another cell of the row changed"
    text = kept.changed([(*MFU, str(held))])
    assert text.assumptions["mfu"].amount != held, "text has twelve digits"
    assert text.digest == kept.digest


# --- what the columns hold ------------------------------------------------------------------------
def test_a_folder_may_have_a_data_package_of_its_own(data_copy):
    path = data_copy.folder / "datapackage.json"
    path.unlink()
    assert load(data_copy.folder).texts == load().texts
    own = json.loads((repo_root() / "data" / "datapackage.json").read_text(encoding="utf-8"))
    fields = own["resources"][0]["schema"]["fields"]
    fields.append({"name": "city", "type": "string", "description": "Where it is."})
    path.write_text(json.dumps(own), encoding="utf-8")
    assert "companies.csv, header: missing 'city'" in refusal(data_copy)
    data_copy.write("companies", [[*row, "city"] for row in data_copy.read("companies")])
    assert load(data_copy.folder).companies["zai"].city == "city"
    assert "city" not in COLUMNS["companies"]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (('"version": "3', '"version": "2'), f"of version 2{VERSION[1:]}, and {VERSION}"),
        ((f'"version": "{VERSION}",', ""), "of version None"),
        (("},", "}", 1), "datapackage.json: Expecting ',' delimiter: line 1"),
        (('"kind": "months"', '"kind": "moths"'), "no kind 'moths'; did you mean 'months'"),
    ],
)
def test_a_data_package_that_cannot_be_used_is_refused(data_copy, spoil, told):
    path = data_copy.folder / "datapackage.json"
    path.write_text(path.read_text(encoding="utf-8").replace(*spoil), encoding="utf-8")
    message = refusal(data_copy)
    assert "datapackage.json" in message and told in message


def test_every_column_says_what_it_holds():
    for table, columns in COLUMNS.items():
        assert set(KEYS[table]) <= set(columns)
        for name, column in columns.items():
            assert column.name == name and column.description.endswith(".")
            assert all(to.partition(".")[0] in COLUMNS for to in column.refers_to)


# --- files ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("table", list(COLUMNS))
def test_every_table_refuses_other_columns_and_a_key_twice(data_copy, table):
    lines = data_copy.read(table)
    first, *_, last = lines[0]
    for spoilt, told in (
        ([line[:-1] for line in lines], f"header: missing '{last}'; the columns are {first}, "),
        ([[*line, "colour"] for line in lines], "header: unknown 'colour'; the columns are "),
        ([[*line, line[0]] for line in lines], f"header: repeated '{first}'; the columns are "),
        ([*lines, lines[1]], f"line {len(lines) + 1}: the key '"),
    ):
        data_copy.write(table, spoilt)
        assert refusal(data_copy).startswith(f"{table}.csv, {told}")
    assert "' is there twice; keys are unique" in refusal(data_copy)


def test_columns_may_stand_in_any_order(data_copy):
    data_copy.write(RUNS, [line[::-1] for line in data_copy.read(RUNS)])
    assert load(data_copy.folder).texts == load().texts


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda raw: raw.replace(b"Wan 2", b"Wan\x0b2", 1), "a control character, '\\x0b'"),
        (lambda raw: raw.replace(b"Emu", b"Emu" * 11_000, 1), "a spreadsheet's cell holds 32,767"),
        (
            lambda raw: raw.replace(b"\nvideo", b"\n<<<<<<< HEAD\nvideo", 1),
            "resolve what git merges",
        ),
        (lambda raw: raw.decode().encode("latin-1", "replace"), "not UTF-8 (Latin-1"),
        (lambda raw: raw + b'"', "unclosed quotation mark"),
        (lambda raw: b"", "header: missing 'modality'"),
        (lambda raw: raw.replace(b"\nvideo", b"\nvideo,1,000", 1), "write no thousands separator"),
    ],
)
def test_a_file_saved_the_wrong_way_is_refused(data_copy, spoil, told):
    path = data_copy.path("generative_models")
    path.write_bytes(spoil(path.read_bytes()))
    message = refusal(data_copy)
    assert message.startswith("generative_models.csv") and told in message


def semicolons(raw: bytes) -> bytes:
    out = io.StringIO()
    rows = csv.reader(io.StringIO(raw.decode()))
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


@pytest.mark.parametrize(
    "save",
    [
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: raw.replace(b"\n", b"\r\n"),
        lambda raw: raw + b"\n\n",
        semicolons,
    ],
)
def test_what_a_spreadsheet_saves_is_read_as_it_was(data_copy, save):
    for table in ("generative_models", "spending"):
        path = data_copy.path(table)
        path.write_bytes(save(path.read_bytes()))
    assert load(data_copy.folder).digest == load().digest


def test_a_missing_file_is_named(data_copy, tmp_path):
    data_copy.path("fx").unlink()
    data_copy.path("sources").unlink()
    assert "missing fx.csv, sources.csv; a data folder holds one CSV a table" in refusal(data_copy)
    assert_refused(r"missing companies\.csv, ", load, tmp_path)


def test_an_edited_file_is_read_again_and_one_that_is_not_is_not(data_copy):
    assert load(data_copy.folder) is load(data_copy.folder)
    assert load(data_copy.folder).choice("usd_run_correlation") == "1"
    data_copy.edit("assumptions", "usd_run_correlation", "value", "0.25")
    assert load(data_copy.folder).choice("usd_run_correlation") == "0.25"


# --- corrections and scenarios --------------------------------------------------------------------
CORRECTIONS = sorted(load().cells_of)
# a cell set to what it is, so that two corrections that contradict each other meet in it
LOCKS = {"glm-4.6-full-run": [("training_runs", "glm-4.6", "counted")]}


def said(tables) -> dict[tuple[str, str, str], str]:
    """What every cell holds."""
    rows = ((table, key, row) for table, of in tables.texts.items() for key, row in of.items())
    return {(*where, column): cell for *where, row in rows for column, cell in row.items()}


@pytest.mark.parametrize("name", CORRECTIONS)
def test_every_correction_applies_alone_and_changes_its_cells_only(name):
    base, changed = said(load()), {tuple(cell): value for *cell, value in load().cells_of[name]}
    idle = [cell for cell, value in changed.items() if base[cell] == value]
    assert idle == LOCKS.get(name, []), "a cell that changes nothing"
    assert said(load().corrected([name])) == base | changed


@pytest.mark.parametrize("scenario", ["newsletter", "appendix", "careful"])
def test_the_scenarios_load_in_their_order(scenario):
    base = load()
    order = base.scenario_corrections(scenario)
    rows = [row for row in base["scenarios"].values() if row.scenario == scenario]
    steps = {row.order: row.correction for row in rows if row.order is not None}
    assert [*order, *base.scenario_evidence(scenario)] == [steps[at] for at in sorted(steps)]
    changed = {tuple(cell): value for name in order for *cell, value in base.cells_of[name]}
    assert said(base.for_scenario(scenario)) == said(base) | changed
    assert (scenario == "newsletter") == (order == [])
    if scenario == "careful":  # which judges every correction
        judged = {row.correction for row in rows}
        assert judged == set(CORRECTIONS) | set(base.evidence_names)


def test_a_scenario_with_the_same_wishes_is_the_same_object():
    base, cells, run = load(), [(*MFU, Exact(0.2))], dict(load().texts[RUNS]["glm-4.5"])
    runs = [(RUNS, run | {"run_id": "own", "model": "X"})]
    first = base.for_scenario("careful", ["fy2024-denominator"], cells, runs)
    assert base.for_scenario("careful", iter(["fy2024-denominator"]), iter(cells), runs) is first
    for other in (
        base.for_scenario("careful", [], cells, runs),
        base.for_scenario("careful", ["fy2024-denominator"], [(*MFU, Exact(0.3))], runs),
        base.for_scenario("careful", ["fy2024-denominator"], cells),
    ):
        assert other is not first and other.digest != first.digest
    assert base.for_scenario("newsletter") is base


def test_a_bad_value_of_a_correction_is_blamed_on_the_correction(data_copy):
    row = "m2-disclosed-tokens/training_runs/minimax-m2-pretraining/flop"
    data_copy.edit("corrections", row, "value", "about 2e24")
    told = r"^corrections\.csv, correction 'm2-disclosed-tokens': training_runs\.csv, row .*'about"
    corrected = load(data_copy.folder).corrected
    assert_refused(told, corrected, ["m2-disclosed-tokens"])
