"""Cells, rows and rows of different tables that cannot be meant are refused: where, what and how to
mend it. What is meant is accepted. refusals.csv has changed cells, spoilt.csv changed files."""

import pytest
from refusals import assert_refused, cases, refusal

import training_share as ts
from training_share.inputs.notation import Beta
from training_share.inputs.tables import load

RUNS, SPENDING, LINE = "training_runs", "spending", "minimax/rd_compute"


def period(data_copy, name, start, end, amount):
    days = {"period_start": start, "period_end": end}
    like = f"{LINE}/9M2024"
    data_copy.add_like(SPENDING, like, period=name, amount_millions=amount, **days)


# --- one changed cell -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "row", cases(__file__, "refusals"), ids=lambda row: "{table}-{column}-{value:.20}".format(**row)
)
def test_a_bad_cell_is_refused_with_its_place_and_a_mend(row):
    cell = row["table"], row["key"], row["column"], row["value"]
    message = assert_refused("", load().changed, [cell])
    assert message.startswith(f"{row['table']}.csv, row {row['key']}") and row["told"] in message
    assert row["column"] in message.replace("column value", "column value, by its kind")
    assert "\n" not in message, "one fault is one message"


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
    kinds = [("assumptions", "mfu", "kind", "amount"), ("assumptions", "mfu", "value", "3")]
    assert load().changed(kinds).assumptions["mfu"].amount.value == 3
    assert load().spending["minimax/inference_compute/FY2022"].amount_millions.value == 0


# --- rows together --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "row", cases(__file__, "spoilt"), ids=lambda row: "{do}-{table}-{cells}".format(**row)
)
def test_a_spoilt_file_is_refused(data_copy, row):
    cells = dict(cell.split("=") for cell in row["cells"].split("; ") if cell)
    if row["do"] == "drop":
        data_copy.drop(row["table"], row["key"])
    elif row["do"] == "add":
        data_copy.add_like(row["table"], row["key"], **cells)
    for column, value in cells.items() if row["do"] == "edit" else ():
        data_copy.edit(row["table"], row["key"], column, value)
    assert row["told"] in refusal(data_copy)


@pytest.mark.parametrize(
    "cycle",
    [["glm-4.6"], ["glm-4.6", "cogvideox-sft"], ["glm-4.6", "cogvideox-sft", "glm-z1-32b-0414-rl"]],
)
def test_a_cycle_of_bases_is_refused_once(cycle):
    pairs = zip(cycle, [*cycle[1:], cycle[0]], strict=True)
    cells = [(RUNS, run, "base_run", base) for run, base in pairs]
    message = assert_refused("column base_run: a cycle of bases", load().changed, cells)
    assert "\n" not in message
    assert all(run in message for run in cycle)


def test_several_faults_are_told_together_and_a_faulty_row_is_still_referred_to(data_copy):
    data_copy.edit("hardware", "h800-sxm-bf16", "peak_flop_per_s", "0")
    data_copy.edit("companies", "zai", "release_lag_months", "red")
    data_copy.edit("sources", "newsletter-body", "title", "")
    data_copy.edit(SPENDING, f"{LINE}/9M2024", "amount_millions", "141")
    message = refusal(data_copy)
    assert message.startswith("4 faults in the tables:\n  companies.csv, row zai, column release")
    for words in ("row h800-sxm-bf16", "row newsletter-body", "141 is more than the 140.642"):
        assert words in message


def test_what_only_looks_like_a_slip_is_taken(data_copy):
    """A run that is not counted stands twice, a rate holds for years of its own, a name differs by
    a digit, a run's release is listed under another name, or its company's are not listed."""
    data_copy.add_like(RUNS, "glm-4.6", run_id="again", counted="no")
    data_copy.add_like("fx", "CNY/2022/2025", period="2027/2027", per_usd="8")
    data_copy.add_like("scenarios", "appendix/appendix-rl", scenario="appendix2")
    data_copy.edit(RUNS, "glm-4.6", "model", "GLM-4.66")
    data_copy.edit("releases", "zai/GLM-4.6", "counted_as", "GLM-4.66")
    data_copy.edit(RUNS, "deepseek-v3-pretraining", "model", "V3")
    tables = load(data_copy.folder)
    assert len(tables.fx) == len(load().fx) + 1 and "appendix2" in tables.scenario_names
    more = [(RUNS, {**load().texts[RUNS]["glm-4.6"], "run_id": "own", "model": "X"})]
    assert "own" in load().changed((), more).training_runs  # a run of one's own is no release


def test_what_counts_a_release_is_counted_and_what_has_a_reason_is_not():
    counted = {(run.company, run.model) for run in load().training_runs.values() if run.counted}
    for row in load().releases.values():
        assert ((row.company, row.counted_as or row.model) in counted) == bool(row.counted_as), row


# --- what is disclosed ----------------------------------------------------------------------------
@pytest.mark.parametrize("amount", ["50", "37.528", "37.529"])
def test_parts_have_to_add_up_to_their_last_digit(data_copy, amount):
    period(data_copy, "Q4 2024", "2024-10-01", "2024-12-31", amount)
    if amount != "50":
        load(data_copy.folder)
        return
    message = refusal(data_copy)
    assert f"row {LINE}/Q4 2024: 50 disagrees with {LINE}/9M2024, {LINE}/FY2024, which" in message
    assert "37.528" in message and "\n" not in message


def test_a_shorter_path_with_another_sum_is_refused(data_copy):
    before = ts.estimate("minimax").rd_compute
    period(data_copy, "LTM", "2024-10-01", "2025-09-30", "179.9")
    after = ts.estimate("minimax", data_dir=data_copy.folder).rd_compute
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
    told = "cannot be combined to 2024-10-01 to 2025-09-30"
    message = assert_refused(told, ts.estimate, "minimax", data_dir=data_copy.folder)
    assert "FY2024 (2024-01-01 to 2024-12-31)" in message
