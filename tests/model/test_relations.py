"""What has to hold between two requests, whatever the numbers are: doubling, splitting, sorting,
renaming, another currency, and another way to ask the same."""

import csv
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from arithmetic import DATA, assert_close
from hypothesis import given, settings
from hypothesis import strategies as st

import training_share as ts
from training_share.inputs.tables import Tables, load

N = 200
Rows = list[dict[str, str]]
FACTORS = st.floats(0.5, 2.5).map(lambda factor: float(f"{factor:.3g}"))
PARTS = st.floats(0.1, 0.9).map(lambda part: float(f"{part:.2g}"))
few = settings(max_examples=6)


def edited(edit: Callable[[str, Rows], Rows]) -> Tables:
    """Return the tables that a folder holds whose rows went through `edit`, table by table."""
    with tempfile.TemporaryDirectory() as folder:
        for path in DATA.iterdir():
            target = Path(folder, path.name)
            if path.suffix != ".csv":
                shutil.copy(path, target)
                continue
            with path.open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file)
                rows = edit(path.stem, list(reader))
            with target.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, reader.fieldnames, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        return load(folder)


def estimated(company: str, tables: Tables | None = None, **asked: object) -> ts.Estimate:
    return ts.estimate(company, base=tables, **{"n_draws": N, **asked})


# --- doubling -------------------------------------------------------------------------------------
@few
@given(company=st.sampled_from(["openai", "zai"]), factor=FACTORS)
def test_spending_by_a_factor_is_the_share_divided_by_it(company, factor):
    more = estimated(company, changes=f"spending/{company}/rd_*/amount_millions = x{factor}")
    assert_close(more.share, estimated(company).share / factor, 1e-11)


@few
@given(run=st.sampled_from(["glm-4.5", "glm-4.5v", "glm-4-32b-0414"]), factor=FACTORS)
def test_flop_by_a_factor_is_the_cost_of_the_run_and_of_what_rests_on_it_by_it(run, factor):
    base = estimated("zai")
    more = estimated("zai", changes={f"training_runs/{run}/flop": f"x {factor}"})
    for key in base.runs:
        moved = factor if run in {base.run_id for base in base.with_bases(key)} else 1.0
        assert_close(more.costs[key], base.costs[key] * moved, 1e-11)


@few
@given(factor=FACTORS)
def test_dearer_hours_cost_as_much_more_and_better_used_ones_as_much_less(factor):
    base = estimated("minimax")
    dear = base.again(changes=f"assumptions/price_usd_per_gpu_hour/value = x {factor}")
    assert_close(dear.total_cost, factor * base.total_cost, 1e-11)
    both = "; ".join(f"assumptions/{name}/value = x {factor}" for name in ("mfu", "mfu_rl"))
    assert_close(base.again(changes=both).share, base.share / factor, 1e-11)


# --- splitting ------------------------------------------------------------------------------------
@few
@given(part=PARTS)
def test_a_run_in_two_parts_costs_what_it_cost(part):
    flop = 1.44e23
    halves = [
        {"model": f"part {i}", "released": "2025-08", "flop": flop * size, "stage": "finetune"}
        for i, size in enumerate((part, 1 - part))
    ]
    split = estimated("zai", runs=halves, changes="training_runs/glm-4.5v/counted = no")
    assert_close(split.total_cost, estimated("zai").total_cost, 1e-11)


@few
@given(part=PARTS)
def test_a_period_in_two_parts_is_as_much_spent(part):
    def halved(table: str, rows: Rows) -> Rows:
        if table in ("corrections", "scenarios"):  # two of which change the row
            return [row for row in rows if "openai-amortisation" not in row["correction"]]
        for row in rows if table == "spending" else ():
            if (row["company"], row["line"]) == ("openai", "rd_compute"):
                second = {"period": "H2", "period_start": "2024-07-01"}
                rows = [*rows, row | second | {"amount_millions": repr(5000 * (1 - part))}]
                row |= {"period_end": "2024-06-30", "amount_millions": repr(5000 * part)}
        return rows

    assert_close(estimated("openai", edited(halved)).share, estimated("openai").share, 1e-11)


# --- sorting --------------------------------------------------------------------------------------
@settings(max_examples=2)
@given(seed=st.integers(0, 99))
@pytest.mark.parametrize("scenario", ["newsletter", "careful"])
def test_rows_may_stand_in_any_order(scenario, seed):
    asked = {"scenario": scenario, "n_draws": 2000, "bootstrap_resamples": 500}
    mixed = edited(lambda table, rows: random.Random(seed).sample(rows, len(rows)))
    for company in ("openai", "minimax", "zai"):
        base, other = estimated(company, **asked), estimated(company, mixed, **asked)
        for run_id in base.runs:  # a draw belongs to a name, to its last bit
            assert (other.costs[run_id] == base.costs[run_id]).all(), run_id
        assert_close(other.share, base.share, 1e-12)
        assert other.corrections == base.corrections, "in the order that they say"
        if base.weights is not None:
            assert_close(other.weights, base.weights, 1e-9)


def test_a_closed_model_that_no_run_takes_moves_nothing():
    def larger(table: str, rows: Rows) -> Rows:
        more = {"model": "unused", "parameters": "2e11", "predecessor": ""}
        more |= {"predecessor_factor": "", "statement_id": ""}
        return [*rows, rows[0] | more] if table == "closed_models" else rows

    asked = {"corrections": "common-line, bootstrap-draws"}
    base, other = estimated("minimax", **asked), estimated("minimax", edited(larger), **asked)
    assert (other.share == base.share).all()


# --- renaming -------------------------------------------------------------------------------------
def test_a_company_of_another_key_and_name_has_the_same_share():
    def renamed(table: str, rows: Rows) -> Rows:
        for row in rows:
            for column, cell in row.items():
                if cell == "zai" or (column == "key" and cell.startswith("zai/")):
                    row[column] = cell.replace("zai", "zed", 1)
                row[column] = (
                    "Zed AI" if column == "display_name" and cell == "Z.ai" else row[column]
                )
        return rows

    base, other = estimated("zai"), estimated("zed", edited(renamed))
    assert (other.share == base.share).all()
    assert "Zed AI" in ts.sentences.answer(other) and "Z.ai" not in ts.sentences.answer(other)


# --- another currency -----------------------------------------------------------------------------
@few
@given(rate=st.floats(0.5, 2000).map(lambda rate: float(f"{rate:.4g}")))
def test_spending_in_another_currency_at_its_rate_is_the_same_spending(rate):
    def in_yen(table: str, rows: Rows) -> Rows:
        if table == "fx":
            return [*rows, rows[0] | {"currency": "JPY", "per_usd": repr(rate)}]
        for row in rows:
            if row.get("company") == "openai" and row.get("currency") == "USD":
                row["currency"] = "JPY"
                if table == "spending":
                    row["amount_millions"] = f"{float(row['amount_millions']) * rate:.17g} checked"
        return rows

    assert_close(estimated("openai", edited(in_yen)).share, estimated("openai").share, 1e-11)
    dearer = estimated("openai", edited(in_yen), jpy_per_usd=2 * rate)
    assert_close(dearer.share, 2 * estimated("openai").share, 1e-11)


# --- another way to ask ---------------------------------------------------------------------------
@few
@given(
    name=st.sampled_from(["mfu", "mfu_rl", "price_usd_per_gpu_hour", "rl_fraction"]),
    low=st.floats(0.11, 0.4).map(lambda low: f"{low:.3g}"),
    scenario=st.sampled_from(["newsletter", "appendix"]),
)
def test_argument_change_and_edited_table_are_one_request(name, low, scenario):
    content = f"{low} to 0.5 (p10-p90 lognormal)"

    def written(table: str, rows: Rows) -> Rows:
        for row in rows if table == "assumptions" else ():
            row["value"] = content if row["name"] == name else row["value"]
        return [
            row for row in rows if (row.get("correction"), row.get("key")) != ("appendix-rl", name)
        ]

    named = estimated("zai", scenario=scenario, **{name: content})
    cell = f"assumptions/{name}/value"
    by_change = estimated("zai", scenario=scenario, changes=f"{cell} = {content}")
    by_table = estimated("zai", edited(written), scenario=scenario)
    assert (named.share == by_change.share).all() and (named.share == by_table.share).all()
