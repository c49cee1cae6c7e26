"""Each sentence says what its numbers say: recomputed here, and another where they differ."""

import numpy as np
import pandas as pd
import pytest
from arithmetic import NEWSLETTER

import training_share as ts
from training_share.report import sentences
from training_share.report.text import share


@pytest.fixture(scope="module")
def comparison():
    return ts.compare(ts.shares.printed(), n_draws=2000)


def whole(fraction: float) -> str:
    return f"{100 * fraction:.0f}%"


# --- one company ----------------------------------------------------------------------------------
@pytest.mark.parametrize("company", NEWSLETTER)
def test_the_answer_is_share_range_amounts_and_chance(comparison, company):
    est = comparison[company]
    low, middle, high = np.quantile(est.share, [0.05, 0.5, 0.95])
    told, name = sentences.answer(est), est.company_row.display_name
    assert told.startswith(f"**About {whole(middle)} of {name}'s R&D compute went to final ")
    assert f"likely range is {whole(low)} to {whole(high)}.**" in told
    assert f"for {len(est.runs)} training runs of models released" in told
    odds = np.mean(est.share > 0.5)
    assert f"more than half is {'less than 1%' if 0 < odds < 0.005 else whole(odds)}." in told
    other = est.again(price_usd_per_gpu_hour=1, changes="training_runs/openai-*/cost_usd = 1e8")
    assert sentences.answer(other) != told


def test_the_doubt_names_the_closed_model_and_the_share_without_it(comparison):
    minimax, zai = comparison["minimax"], comparison["zai"]
    without = whole(minimax.without("hailuo").share_quantiles["p50"])
    told = sentences.doubt(minimax)
    assert told.startswith("**Main doubt:** Hailuo 02, MiniMax's video model. MiniMax has not said")
    assert f"Without its Hailuo models, MiniMax's share is {without}." in told
    assert f"typically off by a factor of {10**0.757:.1f}. The likely range leaves" in told
    assert sentences.doubt(zai) == "" == sentences.doubts(zai)
    brief = sentences.doubts(minimax, zai)
    assert brief.startswith("Main doubt: MiniMax has not") and f"share is {without}; with" in brief


def test_simulations_above_all_of_rd_are_said_with_the_share_without_them():
    est = ts.estimate("minimax", n_draws=3000, price_usd_per_gpu_hour=9)
    above, inside = np.mean(est.share > 1), est.share[est.share <= 1]
    low, middle, high = (whole(p) for p in np.quantile(inside, [0.05, 0.5, 0.95]))
    told = sentences.above_all(est)
    assert told.startswith(f"In {100 * above:.1f}% of simulations final runs cost more than all")
    assert told.endswith(f"without those simulations the share is {middle} ({low} to {high}).")
    assert told in sentences.answer(est)
    weighted = ts.estimate("minimax", "careful", n_draws=3000)
    part = weighted.weights[weighted.share > 1].sum()
    assert sentences.above_all(weighted).startswith(f"In {100 * part:.1f}% of simulations")
    cut = weighted.again(evidence="price-minimax, hailuo-ratio, other-rd-flat")
    assert sentences.above_all(cut) == ""
    far = ts.estimate("minimax", n_draws=300, price_usd_per_gpu_hour="25")
    assert "without them" not in sentences.above_all(far.again(mfu=0.02))


def test_what_the_runs_do_not_cover_is_said():
    late = ts.estimate("minimax", n_draws=10, release_lag_months=6)
    assert late.months_not_collected == 3
    assert "**This is a lower bound**" in sentences.answer(late)
    assert "3 of the" in ts.variants(late, {"as it is": {}})["note"].item()
    mismatched = ts.estimate("openai", n_draws=10, release_lag_months=6)
    assert "too high or too low" in sentences.answer(mismatched)
    first = ts.estimate("openai", n_draws=10, release_lag_months=0)
    assert "for 1 training run of models" in sentences.answer(first)
    usual = ts.estimate("zai", n_draws=10)
    assert "lower bound" not in sentences.answer(usual)
    assert "CogView4-6B" in sentences.left_out(usual)
    assert sentences.left_out(ts.estimate("openai", n_draws=10)) == ""


def test_a_changed_run_is_named_before_its_answer():
    est = ts.estimate(
        "zai",
        n_draws=10,
        mfu="0.30 to 0.50 (p10-p90 lognormal)",
        mfu_rl="0.05 to 0.20 (p10-p90 lognormal)",  # as the scenario has it
        cny_per_usd="7.1",
        corrections="drop-glm-4.6",
        release_lag_months=6,
        changes={"training_runs/glm-4.5/flop": "4e24"},
        runs=[{"model": "X", "released": "2025-07", "flop": "2e24"}],
    )
    told = ts.shares.changes(est)
    opening, _, parts = told.partition("changed: ")
    assert opening == "newsletter, " and set(parts.split("; ")) == {
        "MFU 0.30 to 0.50",
        "cny per usd 7.1",
        "release lag months 6",
        "glm-4.5 flop 4e24",
        "with drop-glm-4.6",
        "with the run X",
    }
    assert sentences.answer(est).startswith(f"Changed run ({told}). **About ")
    assert sentences.cost_answer(est).startswith("Changed run (")
    untouched = ts.estimate("zai", n_draws=10, seed=7)
    assert ts.shares.changes(untouched) == "" and "hanged" not in sentences.answer(untouched)
    without = ts.estimate("minimax", n_draws=10, exclude_groups="hailuo")
    assert ts.shares.changes(untouched, without) == "newsletter, changed: without Hailuo"


def test_a_measured_share_says_hours_and_its_rounding():
    told = sentences.measured_answer(ts.estimate("ai2", n_draws=1000))
    assert told.startswith("**17.8% of the compute behind the whole development")
    assert "1.49 million H100-hours of 8.34 million" in told
    assert "17.80% to 17.82%" in told and "USD" not in told


def test_a_part_of_what_was_incurred_was_expensed():
    told = sentences.expensed(ts.estimate("openai", n_draws=1000))
    assert "expensed USD 7.8 billion" in told and "USD 4.0 billion of the USD 5.0 billion" in told


def test_how_exact_the_least_exact_is_and_what_a_changed_run_changes(comparison):
    told = sentences.exactness(*comparison.values())
    errors = [100 * est.spread()["p50_error"] for est in comparison.values()]
    assert (
        f"are {max(errors):.1g} percentage points or less for a median" in told
        and "2,000 simulations with seed 42" in told
    )
    assert "too few" in sentences.exactness(ts.estimate("zai", n_draws=10))
    changed, usual = ts.estimate("zai", n_draws=500, mfu="0.5"), ts.estimate("zai", n_draws=500)
    pair = [f"{100 * est.share_quantiles['p50']:.1f}%" for est in (changed, usual)]
    opening = f"Against the defaults: {pair[0]} for Z.ai instead of {pair[1]}. We ran 500 "
    assert sentences.exactness(changed).startswith(opening)
    assert sentences.exactness(usual).startswith("We ran 500 simulations with seed 42.")


def test_a_variant_without_an_estimate_says_why():
    notes = {"p50": [0.1, np.nan], "note": ["dropped", "no spending"]}
    table = pd.DataFrame(notes, index=["a", "b"])
    assert sentences.notes(table) == "- *b*: no spending."
    assert sentences.notes(table.head(1)) == ""


# --- several companies ----------------------------------------------------------------------------
def test_the_comparison_says_shares_and_who_is_higher(comparison):
    told = sentences.comparison_answer(comparison)
    first, *others = (whole(np.median(comparison[name].share)) for name in comparison)
    assert told.startswith(f"**About {first} of R&D compute at OpenAI, {others[0]} at MiniMax and ")
    assert told.endswith(f"runs.** {sentences.catch_up(comparison)}")
    assert sentences.comparison_answer(ts.compare("zai", n_draws=50)).startswith("**About ")


def test_how_sure_gives_one_number_where_choices_agree_and_each_where_they_do_not(comparison):
    rows = [row for row in ts.load().choices.values() if row.headline]
    labels = [row.label for row in rows]
    table = pd.DataFrame({"A": 0.0, "B": 0.0, "C": [0.05, 0.21, 0.47, 0.12]}, labels)
    table.loc[labels[2], "B"] = 0.18
    told = sentences.how_sure(table.assign(A_error=0.1), comparison)
    assert "less than half of R&D compute in this share of simulations, each case by" in told
    assert "itself:\n\n- **A**: 100%.\n- **B**: 100%, but 82% if" in told
    assert "82% if reinforcement learning (RL) uses" in told
    ordered = [labels[0], labels[3], labels[1], labels[2]]
    odds = zip(("95%", "88%", "79%", "53%"), ordered, strict=True)
    *three, last = (f"{odd} {label[0].lower()}{label[1:]}" for odd, label in odds)
    assert f"- **C**: {', '.join(three)} and {last}.\n\n**Main doubt:** Hailuo 02" in told


def test_catch_up_is_judged_by_the_simulations(comparison):
    told = sentences.catch_up(comparison)
    assert told.startswith(
        "MiniMax's share is larger than that of OpenAI, the largest spender, in "
    )
    for name, odds in comparison.probabilities["openai"].dropna().items():
        label = comparison[name].company_row.display_name
        assert f"{label}'s" in told and f" in {100 * odds:.0f}%" in told
    without = np.mean(comparison["minimax"].without("hailuo").share > comparison["openai"].share)
    assert f"({whole(without)} without its Hailuo models)" in told
    assert "we would expect larger shares, but the simulations do not settle it." in told
    poor = comparison.again(changes="spending/openai/rd_compute/CY2024/amount_millions = 2000")
    assert "do not bear it out." in sentences.catch_up(poor)


def test_the_kind_of_spending_and_the_amounts_that_the_newsletter_quotes_are_said(comparison):
    told = sentences.accounting(*comparison.values())
    assert "OpenAI: an estimate of what was incurred" in told and "Z.ai: the filed" in told
    for name, quoted, spent in (("MiniMax", 141, 180), ("Z.ai", 216, 291)):
        assert f"USD {quoted} million for {name} (here USD {spent} million from " in told
    assert "quotes" not in sentences.accounting(comparison["openai"])
    year = {"spending_start": "2024-01-01", "spending_end": "2024-12-31"}
    assert "quotes" not in sentences.accounting(ts.estimate("minimax", n_draws=10, **year))


# --- do the claims survive? -----------------------------------------------------------------------
def test_whether_the_claims_survive():
    sure = pd.DataFrame({"A": [0.05, 0.47], "A_error": [0.6, 0.6], "B": [0.0, 0.001]})
    index = pd.MultiIndex.from_tuples([("A", "B"), ("B", "C")])
    higher = pd.DataFrame({"one": [0.997, 0.6], "none": [0.86, 0.6]}, index)
    told = sentences.survival(sure, higher)
    assert "in this share of simulations: 53% at A and more than 99% at B." in told
    assert told.endswith("A above B in 86% to more than 99%; B above C in 60%.")


def test_the_largest_effect_is_named_with_what_it_does_and_why_it_is_out():
    columns = {"p50": [0.3, 0.48], "alone": [0.07, 0.25], "over_half": [0.1, 0.47]}
    tables = {"A": pd.DataFrame(columns, ["appendix-rl", "rl-mfu-measured"])}
    tables["B"] = tables["A"] * 0.5
    told = sentences.largest_effect(tables, ts.load())
    name = "“RL uses GPUs as poorly as was measured” (`rl-mfu-measured`)"
    assert f"{name}: it takes A's share from 23% to 48%" in told
    assert "chance of a majority to 47%. We leave it out for one reason:" in told
    tables["A"].loc["appendix-rl", "alone"] = -0.3
    assert "(`appendix-rl`)" in sentences.largest_effect(tables, ts.load())


def test_beliefs_have_their_ends_from_all_rows():
    columns = {"p50": [0.2, 0.16], "p95": [1.8, 0.36], "over_half": [0.2, 0.006]}
    table = pd.DataFrame(columns, ["nothing", "a quarter"])
    told = sentences.beliefs_conclusion({"A": table, "B": table.assign(over_half=0.0)})
    first, second = told.split("\n\n")
    assert "between 16% and 20% and the upper end of the range between 36% and 180%" in first
    assert "goes from 1% (“a quarter”) to 20% (“nothing”)" in first and "chance" not in second


# --- what would have to be wrong ------------------------------------------------------------------
def test_the_likeliest_and_the_smallest_failure_are_named():
    columns = ["label", "unit", "median", "value", "factor", "chance", "chance_predictive"]
    rows = [
        ("Price", "USD per hour", 2.0, 4.0, 2.0, 0.03, np.nan),
        ("FLOP of X", "FLOP", 1e24, 4e24, 4.0, 0.0, 0.16),
        ("R&D compute", "USD million", 180.0, np.nan, np.nan, np.nan, np.nan),
    ]
    table = pd.DataFrame(rows, index=["price", "x", "rd"], columns=columns)
    told = sentences.breaking_conclusion({"A": table}).replace("\u00a0", " ")
    assert "likely to make it a majority is X at 4.0 × 10²⁴ FLOP instead of 10²⁴ FLOP" in told
    assert "Its chance is 16%, by the input's own range or trend. The smallest error that" in told
    assert "is Price at 4 USD per hour instead of 2 USD per hour." in told
    unlikely = table.assign(chance=0.001, chance_predictive=np.nan)
    assert "by its own range, no single input is likely" in sentences.breaking_conclusion(
        {"A": unlikely}
    )
    none = {"A": table.assign(factor=np.nan)}
    assert "no single input could" in sentences.breaking_conclusion(none)
    spent = table.assign(value=[4.0, 4e24, 82.0], factor=[2.0, 4.0, 1.5])
    told = sentences.breaking_conclusion({"A": spent})
    assert told.endswith("R&D compute at USD 82 million instead of USD 180 million.")


def test_a_share_in_flop_and_where_it_turns():
    est = ts.estimate("zai", n_draws=2000)
    middle = np.median(est.share)
    told = sentences.flop_conclusion(est)
    assert f"share in FLOP is {whole(middle / (middle + (1 - middle) / 2))} (" in told
    assert told.endswith(f"less than {whole(middle / (1 - middle))} as efficient, it passes half.")
    high = ts.estimate("minimax", n_draws=500, price_usd_per_gpu_hour=8)
    assert "passes half" not in sentences.flop_conclusion(high)


def test_a_uniform_between_the_ends_doubles_what_size_predicts():
    est = ts.estimate("minimax", n_draws=2000)
    told = sentences.closed_answer(est, "hailuo-02", "bootstrap-draws").replace("\u00a0", " ")
    line = ts.closed_models.estimators(est).loc["line interval, resampling model"]
    factor = (line["p5"] + line["p95"]) / 2 / line["p50"]
    assert f"for Hailuo 02, {factor:.1f} times the median that its trend predicts**" in told
    other = est.again(corrections="bootstrap-draws")
    moved = est.share_quantiles["p50"] - other.share_quantiles["p50"]
    assert f"worth {100 * moved:.0f} points of MiniMax's share" in told
    assert "explains 69% of the variance among 18 open video models; without any" in told


# --- the next company -----------------------------------------------------------------------------
def test_the_pattern_leads_with_company_years_and_says_what_was_left_out():
    found = ts.pattern(NEWSLETTER, n_draws=2000)
    table, told = found.table().query("used"), sentences.pattern_answer(found)
    years = table.loc[table["scope"] == "company-year", "p50"]
    ends = f"{whole(years.min())} to {whole(years.max())}"
    opening = f"**At three companies final training runs took {ends} of a year's R&D compute"
    assert told.startswith(opening)
    assert "find 18% of a whole project, 30% to 37% of a project with its large" in told
    low, middle, high = np.quantile(found.next_share["share"], [0.05, 0.5, 0.95])
    assert f"would be {share(middle)}, and anything from {share(low)} to {share(high)}" in told
    assert "Left out" not in told
    careful = ts.pattern(NEWSLETTER, scenario="careful", n_draws=2000)
    above = careful.known["minimax"].mean(careful.known["minimax"].share > 1)
    dropped = f"Left out are {100 * above:.1f}% of MiniMax's simulations"
    assert dropped in sentences.pattern_answer(careful)


def test_an_implied_spending_is_called_an_illustration():
    implied = ts.implied_rd_compute("deepseek", n_draws=1000)
    told = sentences.implied_answer(implied)
    assert f"USD {implied.table.loc['rd_compute', 'p50']:.0f} million" in told
    assert "an illustration, not an estimate" in told
