"""Cells, rows and rows of different tables that cannot be meant are refused: where, what and how to
mend it. What is meant is accepted."""

import csv
from pathlib import Path

import pytest
from refusals import assert_refused

import training_share as ts
from training_share.errors import InputError
from training_share.inputs.notation import Beta
from training_share.inputs.tables import load

RUNS, SPENDING, LINE = "training_runs", "spending", "minimax/rd_compute"
with Path(__file__).with_name("refusals.csv").open(encoding="utf-8", newline="") as file:
    REFUSALS = list(csv.DictReader(file))


def refusal(data_copy) -> str:
    with pytest.raises(InputError) as caught:
        load(data_copy.folder)
    return str(caught.value)


def period(data_copy, name, start, end, amount):
    days = {"period_start": start, "period_end": end}
    like = f"{LINE}/9M2024"
    data_copy.add_like(SPENDING, like, period=name, amount_millions=amount, **days)


# --- one changed cell -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "row", REFUSALS, ids=lambda row: "{table}-{column}-{value:.20}".format(**row)
)
def test_a_bad_cell_is_refused_with_its_place_and_a_mend(row):
    cell = row["table"], row["key"], row["column"], row["value"]
    with pytest.raises(InputError) as caught:
        load().changed([cell])
    message = str(caught.value)
    assert message.startswith(f"{row['table']}.csv, row {row['key']}") and row["told"] in message
    assert row["column"] in message.replace("column value", "column value, by its kind")
    assert "\n" not in message, "one fault is one message"


def test_a_file_is_checked_as_a_changed_cell_is(data_copy):
    data_copy.edit(RUNS, "glm-4.5", "counted", "maybe")
    assert refusal(data_copy) == (
        "training_runs.csv, row glm-4.5, column counted: 'maybe': write yes or no"
    )


@pytest.mark.parametrize(
    ("table", "key", "column"),
    [
        (RUNS, "minimax-m2-pretraining", "flop"),
        (RUNS, "openai-gpt-4.5", "cost_usd"),
        ("assumptions", "mfu", "value"),
        ("hardware", "h800-sxm-bf16", "peak_flop_per_s"),
        ("fx", "CNY/2022/2025", "per_usd"),
        ("closed_models", "hailuo-02", "parameters"),
        (SPENDING, f"{LINE}/FY2024", "amount_millions"),
    ],
)
def test_no_amount_is_a_word_and_only_spending_may_be_zero(table, key, column):
    told = f"{table}.csv, row {key}, column {column}: '12 apples' is not an amount"
    assert_refused(told, load().changed, [(table, key, column, "12 apples")])
    if table != SPENDING:
        with pytest.raises(
            InputError, match=f"column {column}: '0': expected a finite amount above zero"
        ):
            load().changed([(table, key, column, "0")])


def test_a_spending_amount_may_be_zero():
    assert load().spending["minimax/inference_compute/FY2022"].amount_millions.value == 0


@pytest.mark.parametrize("word", ["nan", "inf"])
def test_a_word_for_no_number_is_not_taken_for_the_name_of_a_closed_model(word):
    with pytest.raises(InputError, match=f"row cogvideox, column flop: '{word}': expected a fin"):
        load().changed([(RUNS, "cogvideox", "flop", word)])


@pytest.mark.parametrize(
    ("cell", "means"),
    [
        (("companies", "zai", "release_lag_months", "6.0"), 6),
        (("assumptions", "bootstrap_resamples", "value", "1e4"), "1e4"),
        (("published", "share-zai", "p5", "-1.5e-3"), -0.0015),
        (("measured_cases", "acme-seren", "final_share", "0 to 1 (1-2 beta)"), Beta(0, 1, 1, 2)),
        (("assumptions", "mfu", "value", "0 to 1 (1-2 beta)"), "0 to 1 (1-2 beta)"),
        (("assumptions", "usd_run_correlation", "value", "0"), "0"),
        ((RUNS, "glm-4.5", "group", ""), ""),
        ((RUNS, "glm-4.5", "post_training", ""), None),
    ],
)
def test_what_is_meant_is_read(cell, means):
    table, key, column, _ = cell
    assert getattr(load().changed([cell])[table][key], column) == means


def test_an_assumption_is_of_its_kind():
    rows = load().assumptions
    assert rows["mfu"].kind == "fraction 0.01 to 1" and rows["mfu"].amount.high == 0.35
    assert rows["bootstrap_resamples"].amount.value == load().resamples == 20_000
    assert rows["usd_run_correlation"].amount.value == 1
    assert rows["bootstrap_unit"].amount is None and rows["bootstrap_unit"].value == "model"
    with pytest.raises(InputError, match="correlation is empty; write shared, per-company or per"):
        load().changed(
            [("assumptions", "next_case_mean_scale", "value", "1 to 2 (min-max uniform)")]
        )
    kinds = [("assumptions", "mfu", "kind", "amount"), ("assumptions", "mfu", "value", "3")]
    assert load().changed(kinds).assumptions["mfu"].amount.value == 3


# --- rows together --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "cycle",
    [["glm-4.6"], ["glm-4.6", "cogvideox-sft"], ["glm-4.6", "cogvideox-sft", "glm-z1-32b-0414-rl"]],
)
def test_a_cycle_of_bases_is_refused_once(cycle):
    bases = [*cycle[1:], cycle[0]]
    with pytest.raises(InputError) as caught:
        load().changed(
            [(RUNS, *pair[:1], "base_run", pair[1]) for pair in zip(cycle, bases, strict=True)]
        )
    message = str(caught.value)
    assert "column base_run: a cycle of bases" in message and "\n" not in message
    assert all(run in message for run in cycle)


@pytest.mark.parametrize(
    ("table", "key", "cells", "told"),
    [
        (RUNS, "glm-4.6", {"run_id": "again"}, "again: the same model, stage and size as glm-4.6"),
        (
            RUNS,
            "minimax-vl-01",
            {"run_id": "hailuo-02", "model": "X", "flop": "1e24 to 2e24 (min-max uniform)"},
            "row hailuo-02: a closed model has this key",
        ),
        (
            SPENDING,
            f"{LINE}/FY2024",
            {"period": "the year 2024", "amount_millions": "140"},
            f"period_start, period_end as row {LINE}/FY2024; mend or keep one",
        ),
        ("fx", "CNY/2022/2025", {"period": "2025/2025", "per_usd": "8"}, "8 for years in which"),
        ("evidence", "hailuo-ratio/minimax", {"evidence": "m2.1-fp8"}, "corrections.csv has this"),
    ],
)
def test_a_row_that_stands_twice_is_refused(data_copy, table, key, cells, told):
    data_copy.add_like(table, key, **cells)
    assert told in refusal(data_copy)


# --- the census of releases -----------------------------------------------------------------------
def test_a_counted_run_is_of_a_release_where_they_are_listed(data_copy):
    data_copy.edit(RUNS, "glm-4.6", "model", "GLM-4.66")
    data_copy.edit(RUNS, "deepseek-v3-pretraining", "model", "V3")  # whose releases are not listed
    data_copy.edit("releases", "zai/GLM-4.6", "counted_as", "GLM-4.66")
    load(data_copy.folder)
    data_copy.drop("releases", "zai/GLM-4.6")
    told = "training_runs.csv, row glm-4.6, column model: releases.csv lacks 'GLM-4.66'"
    assert refusal(data_copy).startswith(told)
    more = [("training_runs", {**load().texts[RUNS]["glm-4.6"], "run_id": "own", "model": "X"})]
    assert "own" in load().changed((), more).training_runs  # a run of one's own is no release


@pytest.mark.parametrize(
    ("key", "column", "value", "told"),
    [
        ("zai/GLM-4.6", "counted_as", "GLM-4.7x", "no model 'GLM-4.7x'; did you mean 'GLM-4.7'?"),
        ("zai/GLM-4.6", "reason", "unknown", "fill exactly one of counted_as, reason; filled: co"),
        ("zai/GLM-ASR", "reason", "", "fill exactly one of counted_as, reason; filled: none"),
        ("zai/GLM-ASR", "released", "2205-04", "check the year"),
    ],
)
def test_a_release_says_what_counts_it_or_why_nothing_does(key, column, value, told):
    with pytest.raises(InputError) as caught:
        load().changed([("releases", key, column, value)])
    assert told in str(caught.value)


def test_what_counts_a_release_is_counted_and_what_has_a_reason_is_not():
    counted = {(run.company, run.model) for run in load().training_runs.values() if run.counted}
    for row in load().releases.values():
        assert ((row.company, row.counted_as or row.model) in counted) == bool(row.counted_as), row


def test_a_run_that_is_not_counted_may_stand_twice(data_copy):
    data_copy.add_like(RUNS, "glm-4.6", run_id="again", counted="no")
    data_copy.add_like("fx", "CNY/2022/2025", period="2027/2027", per_usd="8")
    assert len(load(data_copy.folder).fx) == 3


def test_a_base_of_another_company_is_refused():
    with pytest.raises(
        InputError, match=r"glm-4\.5 is a run of zai; a base is of the run's own comp"
    ):
        load().changed([(RUNS, "minimax-m2-rl", "base_run", "glm-4.5")])


@pytest.mark.parametrize("name", ["mfu", "price_usd_per_gpu_hour", "denominator_lines"])
def test_a_missing_assumption_is_named(data_copy, name):
    data_copy.drop("assumptions", name)
    assert f"assumptions.csv: the row '{name}' is missing" in refusal(data_copy)


def test_a_correction_whose_row_was_deleted_is_refused_by_name(data_copy):
    data_copy.drop(RUNS, "glm-z1-9b-0414-rl")
    message = refusal(data_copy)
    assert "corrections.csv, row add-glm-z1/training_runs/glm-z1-9b-0414-rl/counted" in message
    assert "training_runs.csv has no row 'glm-z1-9b-0414-rl'" in message


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("key", "h800-fp9", "hardware.csv has no row 'h800-fp9'; did you mean 'h800-fp8'?"),
        ("table", "hardwares", "no table 'hardwares'; did you mean 'hardware'?"),
        ("column", "peak_flop_per_h", "that can be changed; did you mean 'peak_flop_per_s'?"),
        ("column", "hardware", "has no column 'hardware' that can be changed"),
    ],
)
def test_a_correction_of_a_cell_that_does_not_exist_is_refused(data_copy, column, value, told):
    data_copy.edit("corrections", "fp8-sxm-peak/hardware/h800-fp8/peak_flop_per_s", column, value)
    message = refusal(data_copy)
    assert message.startswith("corrections.csv, row fp8-sxm-peak/") and told in message


def test_a_scenario_with_an_unknown_correction_is_refused(data_copy):
    data_copy.edit("scenarios", "careful/fp8-sxm-peak", "correction", "fp8-sxm-peek")
    told = "no correction or evidence 'fp8-sxm-peek'; did you mean 'fp8-sxm-peak'?"
    assert told in refusal(data_copy)


@pytest.mark.parametrize(
    ("table", "column", "wrong", "right"),
    [
        (RUNS, "group", "hailou", "hailuo"),
        ("scenarios", "scenario", "carefull", "careful"),
        (SPENDING, "line", "rd_comptue", "rd_compute"),
    ],
)
def test_a_name_that_stands_once_beside_its_like_is_refused(data_copy, table, column, wrong, right):
    lines = data_copy.read(table)
    place = lines[0].index(column)
    row = next(line for line in lines[1:] if line[place] == right)
    row[place] = wrong
    data_copy.write(table, lines)
    assert f"'{wrong}' stands here alone; did you mean '{right}'?" in refusal(data_copy)


def test_names_told_apart_by_a_digit_are_two_names(data_copy):
    """openai-amortisation-1y and -3y stand in the tables; so may a second scenario."""
    data_copy.add_like("scenarios", "appendix/appendix-rl", scenario="appendix2")
    assert "appendix2" in load(data_copy.folder).scenario_names


def test_several_faults_are_told_together_and_a_faulty_row_is_still_referred_to(data_copy):
    data_copy.edit("hardware", "h800-sxm-bf16", "peak_flop_per_s", "0")
    data_copy.edit("companies", "zai", "color", "red")
    data_copy.edit("sources", "newsletter-body", "title", "")
    data_copy.edit(SPENDING, f"{LINE}/9M2024", "amount_millions", "141")
    message = refusal(data_copy)
    assert message.startswith("4 faults in the tables:\n  companies.csv, row zai, column color")
    for words in ("row h800-sxm-bf16", "row newsletter-body", "141 is more than the 140.642"):
        assert words in message


# --- what is disclosed ----------------------------------------------------------------------------
@pytest.mark.parametrize(("amount", "told"), [("50", "37.528"), ("37.528", ""), ("37.529", "")])
def test_parts_have_to_add_up_to_their_last_digit(data_copy, amount, told):
    period(data_copy, "Q4 2024", "2024-10-01", "2024-12-31", amount)
    if not told:
        load(data_copy.folder)
        return
    message = refusal(data_copy)
    assert f"row {LINE}/Q4 2024: 50 disagrees with {LINE}/9M2024, {LINE}/FY2024, which" in message
    assert told in message and "\n" not in message


def test_a_shorter_path_with_another_sum_is_refused(data_copy):
    before = ts.estimate("minimax", n_draws=500).summary()["rd_compute"]
    period(data_copy, "LTM", "2024-10-01", "2025-09-30", "179.9")
    after = ts.estimate("minimax", n_draws=500, data_dir=data_copy.folder).summary()["rd_compute"]
    assert after == pytest.approx(before, rel=5e-4)
    data_copy.edit(SPENDING, f"{LINE}/LTM", "amount_millions", "900")
    told = refusal(data_copy)
    assert f"{LINE}/LTM: 900 disagrees with" in told and "which give 179.925" in told


def test_the_order_of_rows_does_not_decide(data_copy):
    """Two half years beside a year and nine months: a contradiction in whatever order."""
    period(data_copy, "Q4 2024", "2024-10-01", "2024-12-31", "50")
    period(data_copy, "H2", "2025-01-01", "2025-09-30", "50")
    header, *rows = data_copy.read(SPENDING)
    for order in (rows, rows[::-1]):
        data_copy.write(SPENDING, [header, *order])
        assert "disagrees with" in refusal(data_copy)


def test_a_missing_period_leaves_the_window_uncovered(data_copy):
    data_copy.drop(SPENDING, f"{LINE}/9M2024")
    with pytest.raises(InputError) as caught:
        ts.estimate("minimax", data_dir=data_copy.folder)
    message = str(caught.value)
    assert "cannot be combined to 2024-10-01 to 2025-09-30" in message
    assert "FY2024 (2024-01-01 to 2024-12-31)" in message


def test_a_company_reports_in_one_currency_that_has_a_rate(data_copy):
    data_copy.edit("companies", "zai", "currency", "USD")
    told = " more): CNY, but companies.csv, row zai, column currency says USD; make them agree"
    assert refusal(data_copy).startswith("spending.csv, row zai/") and told in refusal(data_copy)
    data_copy.edit("companies", "zai", "currency", "CNY")
    lines = data_copy.read(SPENDING)
    place = lines[0].index("currency")
    for line in lines:
        line[place] = "SGD" if line[0] == "minimax" else line[place]
    data_copy.write(SPENDING, lines)
    assert " more): SGD: fx.csv has no rate for it; add a row" in refusal(data_copy)


def test_an_exchange_rate_set_by_hand_holds_in_every_year(data_copy):
    data_copy.edit("fx", "CNY/2022/2025", "period", "2020/2023")
    data_copy.add_like("fx", "CNY/2020/2023", period="2024/2025", per_usd="7.1")
    shares = [
        ts.estimate("zai", n_draws=500, cny_per_usd=14.4, data_dir=folder).summary()["share_p50"]
        for folder in (None, data_copy.folder)
    ]
    assert shares[0] == shares[1]


@pytest.mark.parametrize(
    ("table", "key", "told"),
    [
        (
            "corrections",
            "appendix-rl/assumptions/mfu_rl/value",
            "'apendix'; did you mean 'appendix",
        ),
        ("evidence", "price-minimax/minimax", "'apendix'; did you mean"),
    ],
)
def test_a_name_that_no_scenario_considers_is_refused(data_copy, table, key, told):
    """Of a correction of several rows, one whose name is mistyped would else be left out."""
    lines = data_copy.read(table)
    lines[data_copy.line_of(table, key)][0] = "apendix"
    data_copy.write(table, lines)
    assert f"no row of scenarios.csv that uses, or leaves out, {told}" in refusal(data_copy)
