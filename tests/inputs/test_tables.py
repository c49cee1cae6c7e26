import csv
import io

import pytest

import training_share as ts
from training_share.errors import InputError
from training_share.files import repo_root
from training_share.inputs.schema import MODELS
from training_share.inputs.tables import for_scenario, load

RUNS = "training_runs"
LINE = "minimax/rd_compute"


def refusal(data_copy) -> str:
    with pytest.raises(InputError) as caught:
        load(data_copy.folder)
    return str(caught.value)


def test_the_tables_load_and_hold_what_the_files_hold():
    tables = load()
    for table in MODELS:
        assert len(tables[table]) == len(tables.frame(table)) > 0
        assert list(tables.frame(table).columns) == list(MODELS[table].model_fields)


def test_a_copy_loads(data_copy):
    assert load(data_copy.folder).texts == load().texts


# --- single cells ---------------------------------------------------------------------------------
AMOUNT_CELLS = [
    (RUNS, "minimax-m2-pretraining", "flop"),
    (RUNS, "openai-gpt-4.5", "cost_usd"),
    ("assumptions", "mfu", "value"),
    ("hardware", "h800-sxm-bf16", "peak_flop_per_s"),
    ("fx", "CNY/2022/2025", "per_usd"),
    ("closed_models", "hailuo-02", "parameters"),
    ("spending", f"{LINE}/FY2024", "amount_millions"),
]


# what else is no amount, the tests of `parse` say
@pytest.mark.parametrize("cell", AMOUNT_CELLS)
def test_a_bad_amount_is_refused_with_its_place(data_copy, cell):
    table, key, column = cell
    data_copy.edit(*cell, "12 apples")
    message = refusal(data_copy)
    assert message.startswith(f"{table}.csv, row {key}, column {column}: '12 apples' is not an ")
    assert "\n" not in message


@pytest.mark.parametrize("word", ["nan", "inf"])
def test_a_word_for_no_number_is_not_taken_for_the_name_of_a_closed_model(data_copy, word):
    data_copy.edit(RUNS, "cogvideox", "flop", word)
    assert f"row cogvideox, column flop: '{word}': expected a finite" in refusal(data_copy)


@pytest.mark.parametrize("cell", [cell for cell in AMOUNT_CELLS if cell[0] != "spending"])
def test_zero_is_refused(data_copy, cell):
    data_copy.edit(*cell, "0")
    assert "column " + cell[2] in refusal(data_copy)


@pytest.mark.parametrize("cell", [cell for cell in AMOUNT_CELLS if cell[0] != RUNS])
def test_an_empty_amount_is_refused(data_copy, cell):
    data_copy.edit(*cell, "")
    message = refusal(data_copy)
    assert f"{cell[0]}.csv, row {cell[1]}, column {cell[2]}: " in message and "empty" in message


def test_a_spending_amount_may_be_zero():
    assert load()["spending"]["minimax/inference_compute/FY2022"].amount_millions.value == 0


BAD_CELLS = [
    # unknown names, with the nearest right one
    (RUNS, "glm-4.6", "base_run", "glm-4.55", "no run 'glm-4.55'; did you mean 'glm-4.5"),
    (RUNS, "glm-4.5", "company", "zia", "no company 'zia'; did you mean 'zai'?"),
    (
        RUNS,
        "glm-4.5",
        "hardware",
        "h800-sxm-bf61",
        "no hardware 'h800-sxm-bf61'; did you mean 'h800-sxm-bf16'?",
    ),
    (
        RUNS,
        "glm-4.5",
        "source_id",
        "glm-4.5-papr",
        "no source 'glm-4.5-papr'; did you mean 'glm-4.5-paper'?",
    ),
    (
        RUNS,
        "glm-4.6",
        "fraction_of_base",
        "rl_fracton",
        "no assumption 'rl_fracton'; did you mean 'rl_fraction'?",
    ),
    (RUNS, "glm-4.5", "post_training", "post_factor", "did you mean 'post_training_factor'?"),
    (
        RUNS,
        "cogvideox",
        "flop",
        "cogvideo",
        "no closed model 'cogvideo'; did you mean 'cogvideox'?",
    ),
    (
        "spending",
        f"{LINE}/FY2024",
        "source_id",
        "prospectus",
        "no source 'prospectus'; did you mean",
    ),
    ("published", "share-zai", "company", "z.ai", "no company 'z.ai'; did you mean 'zai'?"),
    # fractions
    (
        RUNS,
        "glm-4.6",
        "fraction_of_base",
        "5",
        "a fraction cannot exceed 1, got 5; write 5% as 0.05",
    ),
    (
        RUNS,
        "glm-4.6",
        "fraction_of_base",
        "0.5 to 1.5 (p10-p90 lognormal)",
        "got 1.5; write 5% as 0.05",
    ),
    ("assumptions", "rl_fraction", "value", "5 to 15 (p10-p90 lognormal)", "write 5% as 0.05"),
    ("assumptions", "mfu", "value", "35", "write 5% as 0.05"),
    # words
    (RUNS, "glm-4.5", "workload", "sft", "'pretraining' or 'rl'"),
    (RUNS, "glm-4.5", "counted", "maybe", "write yes or no"),
    (RUNS, "glm-4.5", "evidence", "rumour", "'reported', 'regression' or 'judgement'"),
    (
        "assumptions",
        "bootstrap_unit",
        "value",
        "famly",
        "not one of the words model, family; did you mean 'family'?",
    ),
    ("assumptions", "closed_model_line", "value", "shared", "per-model, common"),
    (
        "assumptions",
        "closed_model_interval",
        "value",
        "predictive",
        "needs the predictions themselves",
    ),
    ("evidence", "hailuo-ratio/minimax", "quantity", "sahre", "did you mean 'share'?"),
    ("evidence", "hailuo-ratio/minimax", "quantity", "share / share / share", "two sides"),
    ("evidence", "hailuo-ratio/minimax", "quantity", "flop of hailuo-03", "no run or group"),
    ("evidence", "hailuo-ratio/minimax", "quantity", "flop of glm-4.5", "no run or group"),
    ("evidence", "price-minimax/minimax", "quantity", "assumption price", "no assumption 'price'"),
    ("evidence", "price-minimax/minimax", "quantity", "assumption mfu_rl", "has no one draw"),
    ("evidence", "price-minimax/minimax", "value", "2.07", "give it a range"),
    ("evidence", "price-minimax/minimax", "value", "at most", "is not an amount"),
    ("evidence", "other-rd-beta-1-2/minimax", "value", "0 to 1 (1-0 beta)", "above zero"),
    ("assumptions", "mfu", "correlation", "common", "'shared', 'per-company', 'per-run'"),
    ("assumptions", "mfu", "correlation", "", "write shared, per-company or per-run"),
    ("assumptions", "usd_run_correlation", "value", "1.5", "a correlation from 0 to 1"),
    ("assumptions", "usd_run_correlation", "value", "nan", "a correlation from 0 to 1"),
    ("assumptions", "bootstrap_resamples", "value", "2.5", "whole number from 100 to 1,000,000"),
    ("assumptions", "bootstrap_resamples", "value", "99", "whole number from 100 to 1,000,000"),
    ("assumptions", "bootstrap_resamples", "value", "1e7", "whole number from 100 to 1,000,000"),
    ("assumptions", "bootstrap_resamples", "value", "many", "whole number from 100 to 1,000,000"),
    ("closed_models", "hailuo-02", "modality", "text", "'video', 'image' or 'speech'"),
    (
        "published",
        "share-zai",
        "status",
        "ok",
        "'reproduced', 'within Monte Carlo error', 'differs' or 'context'",
    ),
    # dates and whole numbers
    (RUNS, "glm-4.5", "released", "August 2025", "YYYY-MM"),
    (RUNS, "glm-4.5", "released", "2025-13", "YYYY-MM"),
    (RUNS, "glm-4.5", "released", "2025-02-30", "day is out of range"),
    ("companies", "zai", "spending_start", "1.7.2024", "YYYY-MM-DD"),
    ("companies", "zai", "release_lag_months", "2.5", "write a whole number"),
    ("companies", "zai", "release_lag_months", "-1", "greater than or equal to 0"),
    ("companies", "zai", "release_lag_months", "many", "write a whole number"),
    ("companies", "zai", "color", "red", "#[0-9A-Fa-f]"),
    ("companies", "zai", "display_name", "", "the cell is empty; fill it in"),
    ("scenarios", "careful/m2.1-fp8", "order", "first", "write a whole number"),
    ("scenarios", "careful/m2.1-fp8", "order", "1", "1 stands twice in 'careful'"),
    ("sources", "newsletter-body", "url", "www.example.org", "https?"),
    # regression points
    ("generative_models", "video/Genie", "parameters", "nan", "write a finite number"),
    ("generative_models", "video/Genie", "parameters", "0", "above zero"),
    ("generative_models", "video/Genie", "parameters", "-1e9", "above zero"),
    ("generative_models", "video/Genie", "parameters", "1,000", "without thousands separators"),
    ("generative_models", "video/Genie", "training_flop", "inf", "write a finite number"),
    ("generative_models", "video/Genie", "training_flop", "", "empty, but a video model needs it"),
    ("generative_models", "video/Genie", "width", "", "empty, but a video model needs it"),
    (
        "generative_models",
        "speech/Kokoro v1.0",
        "sample_rate_hz",
        "",
        "empty, but a speech model needs it",
    ),
    ("generative_models", "video/Emu3.5", "finetune_flop", "1e26", "not below training_flop"),
    ("closed_models", "hailuo-02", "height", "", "empty, but a video model needs it"),
    # corrections of cells that are not there
    ("spending", f"{LINE}/FY2024", "currency", "EUR", "reports in USD"),
]


@pytest.mark.parametrize(("table", "key", "column", "value", "told"), BAD_CELLS)
def test_a_bad_cell_is_refused_with_its_place_and_a_mend(
    data_copy, table, key, column, value, told
):
    data_copy.edit(table, key, column, value)
    message = refusal(data_copy)
    assert f"{table}.csv, row {key}, column {column}: " in message
    assert told in message
    assert "\n" not in message, "one fault is one message"


BAD_ROWS = [
    (
        RUNS,
        "glm-4.5",
        "gpu_hours",
        "5",
        "fill exactly one of flop, gpu_hours, cost_usd",
        "filled: flop, gpu_hours",
    ),
    (RUNS, "glm-4.5", "flop", "", "fill exactly one of", "filled: none"),
    (RUNS, "glm-4.5", "base_run", "glm-4.6", "base_run and fraction_of_base belong together"),
    (RUNS, "glm-4.6", "fraction_of_base", "", "base_run and fraction_of_base belong together"),
    (RUNS, "glm-4.5", "hardware", "", "a run in FLOP needs its hardware"),
    (RUNS, "glm-4.6", "post_training", "post_training_factor", "leave it blank or give flop"),
    ("companies", "zai", "spending_end", "2020-01-01", "swap the dates"),
    ("spending", f"{LINE}/FY2024", "period_end", "2023-12-31", "swap the dates"),
]


@pytest.mark.parametrize(
    ("table", "key", "column", "value", "told"), [(*row[:4], row[4:]) for row in BAD_ROWS]
)
def test_a_row_that_contradicts_itself_is_refused(data_copy, table, key, column, value, told):
    data_copy.edit(table, key, column, value)
    message = refusal(data_copy)
    assert message.startswith(f"{table}.csv, row {key}: ")
    assert all(words in message for words in told)


# --- relations between rows -----------------------------------------------------------------------
@pytest.mark.parametrize(
    "cycle",
    [["glm-4.6"], ["glm-4.6", "cogvideox-sft"], ["glm-4.6", "cogvideox-sft", "glm-z1-32b-0414-rl"]],
)
def test_a_cycle_of_bases_is_refused_once(data_copy, cycle):
    for run, base in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
        data_copy.edit(RUNS, run, "base_run", base)
    message = refusal(data_copy)
    assert "column base_run: a cycle of bases" in message
    assert all(run in message for run in cycle)
    assert "\n" not in message


def test_the_same_days_twice_are_refused(data_copy):
    data_copy.add_like("spending", f"{LINE}/FY2024", period="the year 2024", amount_millions="140")
    message = refusal(data_copy)
    assert (
        f"row {LINE}/the year 2024" in message and f"the same days as row {LINE}/FY2024" in message
    )
    assert "keep one" in message


def test_a_part_larger_than_the_whole_is_refused(data_copy):
    data_copy.edit("spending", f"{LINE}/9M2024", "amount_millions", "141")
    message = refusal(data_copy)
    assert (
        "lies inside 2024-01-01 to 2024-12-31 (140.642) but is larger; check both amounts"
        in message
    )


def test_parts_that_do_not_add_up_are_refused(data_copy):
    data_copy.add_like(
        "spending",
        f"{LINE}/9M2024",
        period="Q4 2024",
        period_start="2024-10-01",
        period_end="2024-12-31",
        amount_millions="50",
    )
    told = refusal(data_copy)
    assert "row minimax/rd_compute/Q4 2024: 50 disagrees with" in told
    assert "minimax/rd_compute/9M2024, minimax/rd_compute/FY2024, which give 37.528" in told


def test_a_base_of_another_company_is_refused(data_copy):
    data_copy.edit(RUNS, "minimax-m2-rl", "base_run", "glm-4.5")
    assert "glm-4.5 is a run of zai; a base is of the run's own company" in refusal(data_copy)


def test_a_run_that_stands_twice_is_refused(data_copy):
    data_copy.add_like(RUNS, "glm-4.6", run_id="glm-4.6-again")
    assert "row glm-4.6-again: the same model, stage and size as row glm-4.6" in refusal(data_copy)


def test_a_run_with_a_closed_models_key_is_refused(data_copy):
    data_copy.add_like(
        RUNS,
        "minimax-vl-01",
        run_id="hailuo-02",
        model="Another",
        flop="1e24 to 2e24 (min-max uniform)",
    )
    assert "would share their draws; rename the run" in refusal(data_copy)


def test_a_name_of_both_a_correction_and_evidence_is_refused(data_copy):
    data_copy.edit("evidence", "hailuo-ratio/minimax", "evidence", "fp8-sxm-peak")
    assert "could not tell them apart" in refusal(data_copy)


def test_parts_that_add_up_are_accepted(data_copy):
    data_copy.add_like(
        "spending",
        f"{LINE}/9M2024",
        period="Q4 2024",
        period_start="2024-10-01",
        period_end="2024-12-31",
        amount_millions="37.528",
    )
    load(data_copy.folder)


def test_a_missing_period_leaves_the_window_uncovered(data_copy):
    data_copy.drop("spending", f"{LINE}/9M2024")
    with pytest.raises(InputError) as caught:
        ts.estimate("minimax", data_dir=data_copy.folder)
    message = str(caught.value)
    assert "cannot be combined to 2024-10-01 to 2025-09-30" in message
    assert "FY2024 (2024-01-01 to 2024-12-31)" in message


def test_a_currency_without_a_rate_is_refused(data_copy):
    for period in ("FY2022", "FY2023", "9M2024", "FY2024", "9M2025"):
        data_copy.edit("spending", f"{LINE}/{period}", "currency", "SGD")
    assert "fx.csv has no rate for SGD; add a row" in refusal(data_copy)


@pytest.mark.parametrize(
    "name", ["mfu", "mfu_rl", "price_usd_per_gpu_hour", "bootstrap_unit", "denominator_lines"]
)
def test_a_missing_assumption_is_named(data_copy, name):
    data_copy.drop("assumptions", name)
    assert f"assumptions.csv: the row '{name}' is missing" in refusal(data_copy)


def test_a_faulty_row_does_not_make_those_that_refer_to_it_faulty(data_copy):
    data_copy.edit("hardware", "h800-sxm-bf16", "peak_flop_per_s", "0")
    data_copy.edit("companies", "zai", "color", "red")
    data_copy.edit("sources", "newsletter-body", "title", "")
    assert refusal(data_copy).startswith("3 faults in the tables:\n")


def test_several_faults_are_reported_together(data_copy):
    data_copy.edit(RUNS, "glm-4.6", "base_run", "glm-4.55")
    data_copy.edit(RUNS, "glm-4.5", "counted", "maybe")
    data_copy.edit("fx", "CNY/2022/2025", "per_usd", "-7")
    data_copy.edit("spending", f"{LINE}/9M2024", "amount_millions", "141")
    message = refusal(data_copy)
    assert message.startswith("4 faults in the tables:\n")
    for words in (
        "row glm-4.6, column base_run",
        "row glm-4.5, column counted",
        "row CNY/2022/2025",
        "lies inside 2024-01-01",
    ):
        assert words in message


# --- files ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("table", list(MODELS))
def test_every_table_refuses_a_missing_an_extra_and_a_repeated_column(data_copy, table):
    lines = data_copy.read(table)
    last = lines[0][-1]
    data_copy.write(table, [line[:-1] for line in lines])
    assert refusal(data_copy).startswith(f"{table}.csv, header: missing '{last}'; the columns are ")
    data_copy.write(table, [[*line, "colour" if i == 0 else ""] for i, line in enumerate(lines)])
    assert refusal(data_copy).startswith(f"{table}.csv, header: unknown 'colour'; the columns are ")
    data_copy.write(table, [[*line, line[0]] for line in lines])
    assert refusal(data_copy).startswith(
        f"{table}.csv, header: repeated '{lines[0][0]}'; the columns are "
    )


@pytest.mark.parametrize("table", list(MODELS))
def test_every_table_refuses_a_key_twice(data_copy, table):
    lines = data_copy.read(table)
    data_copy.write(table, [*lines, lines[1]])
    message = refusal(data_copy)
    assert message.startswith(f"{table}.csv, line ") and "stands twice; keys are unique" in message


def test_columns_may_stand_in_any_order(data_copy):
    data_copy.write(RUNS, [line[::-1] for line in data_copy.read(RUNS)])
    assert load(data_copy.folder).texts == load().texts


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda raw: raw.replace(b"Wan 2", b"Wan\x0b2", 1), "a control character, '\\x0b'"),
        (lambda raw: raw.replace(b"Emu", b"Emu" * 11_000, 1), "characters; a spreadsheet's cell"),
        (lambda raw: raw.replace(b"\nvideo", b"\n<<<<<<< HEAD\nvideo", 1), "a mark of a merge"),
        (lambda raw: raw.decode().encode("latin-1", "replace"), "not UTF-8 (Latin-1"),
        (lambda raw: raw + b'"', "unclosed quotation mark"),
        (lambda raw: b"", "header: missing 'modality'"),
    ],
)
def test_a_file_saved_the_wrong_way_is_refused(data_copy, spoil, told):
    path = data_copy.path("generative_models")
    path.write_bytes(spoil(path.read_bytes()))
    message = refusal(data_copy)
    assert message.startswith("generative_models.csv") and told in message


@pytest.mark.parametrize(
    "save",
    [
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: raw.replace(b"\n", b"\r\n"),
        lambda raw: raw + b"\n\n",
    ],
)
def test_what_a_spreadsheet_saves_is_read_as_it_was(data_copy, save):
    path = data_copy.path("generative_models")
    path.write_bytes(save(path.read_bytes()))
    assert load(data_copy.folder).digest == load().digest


def test_a_table_with_semicolons_is_read_as_it_was(data_copy):
    raw = data_copy.path("spending").read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(raw)))
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    data_copy.path("spending").write_bytes(b"\xef\xbb\xbf" + out.getvalue().encode())
    assert load(data_copy.folder).digest == load().digest


def test_an_unquoted_thousands_separator_is_refused_with_its_line(data_copy):
    path = data_copy.path("hardware")
    path.write_text(
        path.read_text(encoding="utf-8").replace("9.89e14,", "989,000,000,000,000,", 1),
        encoding="utf-8",
    )
    message = refusal(data_copy)
    assert (
        message.startswith("hardware.csv, line 2: 7 cells, expected 3;")
        and "thousands separator" in message
    )


def test_a_missing_file_is_named(data_copy):
    data_copy.path("fx").unlink()
    data_copy.path("sources").unlink()
    assert "missing fx.csv, sources.csv" in refusal(data_copy)


def test_a_folder_without_tables_is_refused(tmp_path):
    with pytest.raises(InputError, match="a data folder holds one CSV a table"):
        load(tmp_path)


def test_an_edited_file_is_read_again(data_copy):
    assert load(data_copy.folder)["assumptions"]["usd_run_correlation"].value == "1"
    data_copy.edit("assumptions", "usd_run_correlation", "value", "0.25")
    assert load(data_copy.folder)["assumptions"]["usd_run_correlation"].value == "0.25"


# --- names in calls -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: ts.estimate("minmax"), "unknown company 'minmax'; did you mean 'minimax'?"),
        (
            lambda: ts.estimate("zai", scenario="carefull"),
            "unknown scenario 'carefull'; did you mean 'careful'?",
        ),
        (
            lambda: ts.estimate("zai", corrections="drop-glm-46"),
            "correction 'drop-glm-46'; did you mean 'drop-glm-4.6'?",
        ),
        (
            lambda: ts.estimate("zai", mfu_lr="0.1"),
            "unknown assumption 'mfu_lr'; did you mean 'mfu_rl'?",
        ),
        (
            lambda: ts.estimate("minimax", exclude_groups="hailou"),
            "unknown group of minimax 'hailou'; did you mean",
        ),
        (lambda: ts.estimate("minimax").without("hailou"), "did you mean 'hailuo'?"),
        (lambda: ts.estimate("minimax").chain("minimax-m3"), "did you mean 'minimax-"),
        (
            lambda: ts.closed_model_flop("hailuo-2"),
            "unknown closed model 'hailuo-2'; did you mean 'hailuo-02'?",
        ),
        (lambda: ts.fit_scaling("vidio"), "unknown modality 'vidio'; did you mean 'video'?"),
        (
            lambda: ts.window_spending("zai", "rd_computing", "2024-01-01", "2024-12-31"),
            "did you mean 'rd_compute'?",
        ),
        (
            lambda: load()["training_run"],
            "unknown table 'training_run'; did you mean 'training_runs'?",
        ),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(call, told):
    with pytest.raises(InputError) as caught:
        call()
    assert told in str(caught.value)


# --- corrections and scenarios --------------------------------------------------------------------
CORRECTIONS = sorted(load().cells_of)
# a cell set to what it is, so that two corrections that contradict each other meet in it
LOCKS = {"glm-4.6-full-run": [("training_runs", "glm-4.6", "counted")]}


@pytest.mark.parametrize("name", CORRECTIONS)
def test_every_correction_applies_alone_and_changes_its_cells_only(name):
    base = load()
    corrected = base.corrected([name])
    changed = {(table, key, column): value for table, key, column, value in base.cells_of[name]}
    idle = [
        cell for cell, value in changed.items() if base.texts[cell[0]][cell[1]][cell[2]] == value
    ]
    assert idle == LOCKS.get(name, []), "a cell that changes nothing"
    for table, rows in base.texts.items():
        for key, row in rows.items():
            for column, value in row.items():
                assert corrected.texts[table][key][column] == changed.get(
                    (table, key, column), value
                )


def test_a_correction_leaves_the_base_tables_alone():
    base = load()
    before = base.texts["hardware"]["h800-fp8"]["peak_flop_per_s"]
    base.corrected(["fp8-sxm-peak"])
    assert base.texts["hardware"]["h800-fp8"]["peak_flop_per_s"] == before == "1.513e15"


@pytest.mark.parametrize("scenario", ["newsletter", "appendix", "careful"])
def test_the_scenarios_load_in_their_order(scenario):
    base = load()
    order = base.scenario_corrections(scenario)
    rows = [
        row
        for row in base["scenarios"].values()
        if row.scenario == scenario and row.order is not None
    ]
    named = [row.correction for row in sorted(rows, key=lambda row: row.order)]
    assert [*order, *base.scenario_evidence(scenario)] == named
    texts = for_scenario(scenario).texts
    for name in order:
        for table, key, column, value in base.cells_of[name]:
            assert texts[table][key][column] == value


def test_the_newsletter_is_the_base_and_the_careful_scenario_judges_every_correction():
    base = load()
    assert base.scenario_corrections("newsletter") == []
    assert for_scenario("newsletter").texts == base.texts
    judged = {row.correction for row in base["scenarios"].values() if row.scenario == "careful"}
    assert judged == set(CORRECTIONS) | set(base.evidence_names)


@pytest.mark.parametrize(
    ("pair", "cell"),
    [
        (("glm-4.6-full-run", "drop-glm-4.6"), "training_runs.csv, row glm-4.6, column counted"),
        (
            ("openai-amortisation-1y", "openai-amortisation-3y"),
            "row openai/rd_compute/CY2024, column amount_millions",
        ),
    ],
)
def test_corrections_that_exclude_each_other_are_refused_by_name(pair, cell):
    for order in (pair, pair[::-1]):
        with pytest.raises(InputError) as caught:
            load().corrected(order)
        message = str(caught.value)
        assert f"corrections '{order[0]}' and '{order[1]}' exclude each other" in message
        assert cell in message and "choose one" in message


def test_a_correction_applied_twice_is_refused_by_name():
    with pytest.raises(
        InputError, match="correction 'fp8-sxm-peak' is applied twice; name it once"
    ):
        load().corrected(["fp8-sxm-peak", "m2.1-fp8", "fp8-sxm-peak"])
    with pytest.raises(
        InputError, match=r"'m2\.1-fp8' is applied twice: scenario 'careful' already has it"
    ):
        for_scenario("careful", ["m2.1-fp8"])


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("key", "h800-fp9", "hardware.csv has no row 'h800-fp9'; did you mean 'h800-fp8'?"),
        ("table", "hardwares", "no table 'hardwares'; did you mean 'hardware'?"),
        ("column", "peak_flop_per_h", "that can be changed; did you mean 'peak_flop_per_s'?"),
        ("column", "hardware", "has no column 'hardware' that can be changed"),
    ],
)
def test_a_correction_of_a_cell_that_does_not_exist_is_refused_by_name(
    data_copy, column, value, told
):
    data_copy.edit("corrections", "fp8-sxm-peak/hardware/h800-fp8/peak_flop_per_s", column, value)
    message = refusal(data_copy)
    assert message.startswith("corrections.csv, row fp8-sxm-peak/") and told in message


def test_a_correction_whose_row_was_deleted_is_refused_by_name(data_copy):
    data_copy.drop(RUNS, "glm-z1-9b-0414-rl")
    message = refusal(data_copy)
    assert "corrections.csv, row add-glm-z1/training_runs/glm-z1-9b-0414-rl/counted" in message
    assert "training_runs.csv has no row 'glm-z1-9b-0414-rl'" in message


def test_a_scenario_with_an_unknown_correction_is_refused(data_copy):
    data_copy.edit("scenarios", "careful/fp8-sxm-peak", "correction", "fp8-sxm-peek")
    assert "no correction or evidence 'fp8-sxm-peek'; did you mean 'fp8-sxm-peak'?" in refusal(
        data_copy
    )


def test_a_corrected_value_is_checked_like_a_typed_one(data_copy):
    data_copy.edit("corrections", "fp8-sxm-peak/hardware/h800-fp8/peak_flop_per_s", "value", "-1")
    tables = load(data_copy.folder)
    with pytest.raises(InputError, match="row h800-fp8, column peak_flop_per_s: '-1'"):
        tables.corrected(["fp8-sxm-peak"])


def test_the_tables_are_written_plainly():
    for table in MODELS:
        path = repo_root() / "data" / f"{table}.csv"
        raw = path.read_bytes()
        assert b"\r" not in raw and raw.endswith(b"\n") and not raw.startswith(b"\xef\xbb\xbf")
        for line in csv.reader(raw.decode("utf-8").splitlines()):
            assert all(cell == cell.strip() for cell in line)
