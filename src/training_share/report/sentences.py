"""Sentences made from numbers, so that no number is ever typed into prose."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from training_share.analysis.corrections import name_of, require_two, without_groups
from training_share.analysis.measured import ImpliedCompute, Pattern
from training_share.analysis.variants import HALF, excess, groups_of, misfit, over_half
from training_share.model.comparison import Comparison
from training_share.model.estimate import Estimate, estimate
from training_share.model.precision import QUANTILES, quantiles
from training_share.report.parameters import DEFAULTS
from training_share.report.shares import changes, window_text
from training_share.report.text import amount, chance, end, listed, number, percent, points

SOURCE = "newsletter-body"  # the row of sources.csv that the settings are from
SURE = 0.9  # from here on the draws are called agreed
MONEY = ("training_cost", 1, "USD million")
NOISE = 0.02  # of a probability: two markets drawn anew differ by as much
MATTERS = 1.5  # factor between the ends of intervals above which a belief is said to decide them
RARE = 0.01  # chance below which an input is not called likely to be so wrong


def answer(est: Estimate) -> str:
    """Return the answer of a company notebook: share, amounts, how sure, and what was changed."""
    s = est.summary()
    told = [
        f"{_told(changes(est))}**{name_of(est)}: final training runs took "
        f"{percent(s['share_p50'])} of R&D compute spending** (nine in ten draws of the uncertain "
        f"inputs give {end(s['share_p5'])} to {end(s['share_p95'])}).",
        f"That is {_amounts(est)} spent from {window_text(*est.denominator_window)}, for "
        f"{_runs(est)}.",
        f"The share is over half in {chance(over_half(est))} of the draws.",
        *_remarks(est),
    ]
    return "\n\n".join(filter(None, [" ".join(told), doubt(est)]))


def measured_answer(est: Estimate) -> str:
    """Return the answer of a company whose hours were counted: a share without any model."""
    s = est.summary()
    return (
        f"**{est.company_row.display_name}: final training runs took {percent(s['share_p50'])} of "
        f"the compute of the whole development**, {_amounts(est)}. Both are counted, so neither a "
        f"price nor a utilization enters; the rounding of the figures leaves "
        f"{100 * s['share_p5']:.2f}% to {100 * s['share_p95']:.2f}%."
    )


def pattern_answer(found: Pattern) -> str:
    """Return how many cases are measured, their range by what is counted, and what the next
    company's share would be."""
    rows = found.table().query("used")
    ranges = [f"{name} {_range(part['p50'])}" for name, part in rows.groupby("scope", sort=False)]
    grades = rows["grade"].value_counts()
    low, middle, high = map(percent, quantiles(found.next_share["share"]))
    return (
        f"**{grades['modelled']} company-years are modelled; {grades['measured']} projects were "
        f"measured and {grades['disclosed estimate']} estimated by those who ran them. The shares "
        f"run from {percent(rows['p50'].min())} to {percent(rows['p50'].max())}, and what is "
        f"counted decides where a case lies**: {'; '.join(ranges)}. For the next company-year they "
        f"leave {middle} ({low} to {high})."
    )


def ceiling(est: Estimate) -> str:
    """Return what total R&D expenses, a ceiling for R&D compute, say of a company's share."""
    window, s = est.denominator_window, est.summary()
    total = est.median(est.spent(["rd_total"], *window)) / 1e6
    return (
        f"{est.company_row.display_name}'s total R&D expenses from {window_text(*window)} were "
        f"{amount(total)}, staff included: a ceiling for its R&D compute of "
        f"{amount(s['rd_compute'])}, and {percent(s['training_cost_p50'] / total)} a floor "
        "for the share at the median cost of its final runs."
    )


def cost_answer(est: Estimate) -> str:
    """Return the answer of a company whose spending is unknown: the cost of its final runs."""
    cost = est.spread("training_cost")
    low, middle, high = (amount(cost[name]) for name in QUANTILES)
    return (
        f"{_told(changes(est))}**{name_of(est)}: final training runs cost about {middle}** at "
        f"rental prices (nine in ten draws of the uncertain inputs give {low} to {high}), for "
        f"{_runs(est)}."
    )


def comparison_answer(
    rows: pd.DataFrame, settings: pd.DataFrame, changed: str = "", doubts: str = ""
) -> str:
    """Return the answer of the comparison: what was `changed`, the shares of `shares.headline`, how
    often the share exceeds half there and in `shares.ratio_table`, and the `doubts`."""
    found = "A minority" if (rows["share_p50"] < HALF).all() else "Not everywhere a minority"
    shares = listed(f"{percent(row.share_p50)} at {row.label}" for row in rows.itertuples())
    first, worst = (table.loc[table["over_half"].idxmax()] for table in (rows, settings))
    more = ""
    if worst.over_half > first.over_half:
        where = "" if worst.label == first.label else f" at {worst.label}"
        more = f", or {chance(worst.over_half)}{where} under the setting *{worst.scenario}*"
    told = [
        f"{_told(changed)}**{found}: final training runs took {shares}.**",
        f"How sure? The chance of more than half is highest at {first.label}: "
        f"{chance(first.over_half)}{more}.",
        doubts,
    ]
    return "\n\n".join(filter(None, told))


def doubt(est: Estimate) -> str:
    """Return the main doubt about a company's share: what it would be without each named group of
    runs whose FLOP rest on a regression; or ""."""
    told = []
    for group in groups_of(est):
        closed = {
            run.model: est.tables.closed_models[run.flop].modality
            for run in est.runs.values()
            if run.group == group and isinstance(run.flop, str)
        }
        if closed:
            kinds = listed(sorted(set(closed.values())))
            share = percent(est.without(group).summary()["share_p50"])
            told.append(
                f"Main doubt: {listed(closed)}, whose compute is not published but read off a line "
                f"through open {kinds} models, and may have been far more; without "
                f"{group.title()}, {est.company_row.display_name} is at {share}."
            )
    return " ".join(told)


def doubts(*estimates: Estimate) -> str:
    """Return the main doubts about several companies' shares, each in a sentence; or ""."""
    return " ".join(filter(None, map(doubt, estimates)))


def implied_answer(implied: ImpliedCompute) -> str:
    """Return what a training cost implies for R&D compute, as the illustration that it is."""
    row = implied.table.loc["rd_compute"]
    known = [est.company_row.display_name for est in implied.pattern.known.estimates.values()]
    return (
        f"If its share were that of the next case after those known ({listed(known)}, and projects"
        f" that measured theirs), its R&D compute would be about {amount(row.p50)} (nine draws in"
        f" ten: {amount(row.p5)} to {amount(row.p95)}); an illustration, not an estimate."
    )


def implied_caveats(implied: ImpliedCompute) -> str:
    """Return what a reader has to be told with an implied R&D compute, as a list."""
    known = [est.company_row.display_name for est in implied.pattern.known.estimates.values()]
    own, cases = implied.estimate.company_row.display_name, len(implied.pattern.shares.columns)
    companies = f"{len(known)} {'company' if len(known) == 1 else 'companies'}"
    return bullets(
        [
            f"The share is that of a next company after {companies} ({', '.join(known)}) and"
            f" {cases - len(known)} measured projects; so few hardly tell how far companies differ,"
            " and the prior of that spread decides how wide the interval is.",
            f"{own} discloses no spending, so nothing here tests the result: it is an"
            " illustration, not an estimate of what was spent.",
            f"The training cost covers only the runs in training_runs.csv; any release of {own}"
            " that is missing there makes the implied spending too low.",
            "The known shares belong to other years and to other kinds of company; a company"
            " that experiments more for each final run spends more than this says.",
        ]
    )


def notes(table: pd.DataFrame) -> str:
    """Return why rows of a table of variants have no estimate; "" where all have one."""
    told = table.loc[table["p50"].isna(), "note"]
    return bullets(f"*{label}*: {note}." for label, note in told.items())


def exactness(*estimates: Estimate) -> str:
    """Return how exact the digits of a notebook are, in one line: the errors of its least exact
    estimate; before it, for a changed run, its shares beside those of the defaults."""
    first = estimates[0]
    quantity, scale, unit = ("share", 100, "points") if first.has_spending else MONEY
    spreads = [est.spread(quantity) for est in estimates]
    errors = [[scale * spread[f"{name}_error"] for name in QUANTILES] for spread in spreads]
    low, middle, high = np.max(errors, axis=0)
    told = f"{_against_defaults(estimates)}How exact: {first.n_draws:,} draws, seed {first.seed}"
    if np.isnan(errors).any():
        return f"{told}; too few for a Monte Carlo standard error."
    return (
        f"{told}. The Monte Carlo standard error of a median is at most {middle:.1g} {unit}, of"
        f" the ends of its interval {low:.1g} and {high:.1g}. Two seeds differ by 1.4 standard"
        " errors (root mean square), half of all pairs by about one or more. It says nothing about"
        " the inputs."
    )


def _against_defaults(estimates: Iterable[Estimate]) -> str:
    """Return the median shares of a changed run beside the defaults', on the same draws; "" where
    nothing is changed or no share is known."""
    told = []
    for est in estimates:
        if est.has_spending and (est.scenario != DEFAULTS["scenario"] or changes(est)):
            usual = estimate(est.company, n_draws=est.n_draws, seed=est.seed)
            after, before = (percent(one.share_quantiles["p50"]) for one in (est, usual))
            told.append(f"{name_of(est)} {after}, not {before}")
    return f"Against the defaults: {'; '.join(told)}. " if told else ""


def _told(changed: str) -> str:
    return f"Changed run ({changed}). " if changed else ""


def _amounts(est: Estimate) -> str:
    s = est.summary()
    return f"{amount(s['training_cost_p50'], est.unit)} of {amount(s['rd_compute'], est.unit)}"


def _runs(est: Estimate) -> str:
    count, (first, last) = len(est.runs), est.release_window
    runs = "training run" if count == 1 else "training runs"
    return f"{count} {runs} of models released {first:%b %Y} to {last:%b %Y}"


def _remarks(est: Estimate) -> list[str]:
    """Return what to keep in mind about a share, each in a sentence."""
    names = est.uncounted_models
    told = [f"**A {est.caveat}**: {misfit(est)}."] if est.caveat else []
    told += [f"**Contradiction**: {words}." for words in [excess(est)] if words]
    if est.unpriced:
        chips, chip = listed(sorted(set(est.unpriced.values()))), est.tables.priced_chip
        told.append(f"An hour of {chips} has no price of its own here, and costs as an {chip}'s.")
    rl = [run for run in est.runs.values() if run.workload == "rl"]
    own = [run.model for run in rl if run.fraction_of_base != "rl_fraction"]
    if own and est.set_by_hand("assumptions", "rl_fraction", "value"):
        told.append(f"`rl_fraction` does not reach the RL of {listed(own)}, whose size is known.")
    if names:
        told.append(
            f"The numerator may be incomplete: {listed(names)} came out in the window and "
            f"{'is' if len(names) == 1 else 'are'} not counted."
        )
    if est.weights is not None:
        told.append(
            f"Draws are weighed by the evidence {listed(f'`{name}`' for name in est.evidence)}, "
            f"which leaves {est.effective_draws:,.0f} effective draws."
        )
    return told


def catch_up(comparison: Comparison) -> str:
    """Return whether the draws bear out that companies which catch up spend a larger share on final
    runs than the company that spends most on R&D compute, and what the order rests on."""
    estimates = comparison.estimates
    require_two(comparison)
    leader = max(estimates, key=lambda name: estimates[name].summary()["rd_compute"])
    without = without_groups(comparison)
    odds = {
        name_of(among.estimates[name]): among.probabilities.loc[name, leader]
        for name in estimates
        for among in (comparison, without)
        if name != leader
    }
    told = listed(f"{name} in {chance(odd)} of draws" for name, odd in odds.items())
    sure = [odd > SURE for odd in odds.values()]
    verdict = "the draws agree" if all(sure) else "not borne out"
    if not all(sure) and min(odds.values(), default=0) > 0.5:
        verdict = "all lean that way, but not surely"
    return (
        f"**Catch-up predicts a larger share than {estimates[leader].company_row.display_name}'s,"
        f" the largest spender.** Above it: {told}; {verdict}."
    )


def bullets(sentences: Iterable[str]) -> str:
    """Return sentences as a Markdown list."""
    return "\n".join(f"- {sentence}" for sentence in sentences)


def audit_conclusion(
    minority: pd.DataFrame,
    ranking: pd.DataFrame,
    steps: dict[str, pd.DataFrame],
    effects: dict[str, pd.DataFrame],
    names: Mapping[str, str],
) -> str:
    """Return the closing paragraphs of the audit, made from its tables; `steps` and `effects` are
    by companies' names as shown, which `names` has by their keys."""
    worst = minority.max(axis=1).sort_values(ascending=False, kind="stable")
    first, others = worst.index[0], worst.iloc[1:]
    claim = "A minority" if worst.iloc[0] < HALF else "Not everywhere a minority"
    odds = listed(f"{chance(value)} ({name})" for name, value in minority.loc[first].items())
    line = (
        f"**{claim}.** The share exceeds half most often at {names[first]}, in {odds} of the draws"
    )
    if len(others):
        line += f"; at no other in more than {chance(max(others.max(), 0.01))}"
    lines = [f"{line}."]
    above = "; ".join(
        f"`{correction}` takes the median of {name} to {percent(row.p50)}"
        for name, table in effects.items()
        for correction, row in table[table["p50"] > HALF].iterrows()
    )
    none = "No correction alone takes a median above one half."
    lines.append(f"Applied alone, {above}." if above else none)
    for (higher, lower), rows in ranking.groupby(["higher", "lower"], sort=False):
        line = f"**{names[higher]} above {names[lower]}** in {_range(rows['shared'])} of draws"
        if (rows["shared"] - rows["independent"]).abs().max() > NOISE:
            line += f"; in {_range(rows['independent'])}, if each had a market of its own"
        lines.append(f"{line}.")
    for name, table in steps.items():
        step = table["in_sequence"].abs().idxmax()
        before, after = map(percent, table["p50"].iloc[[0, -1]])
        lines.append(
            f"**{name}** goes from a median of {before} to {after}; the step that moves it most is "
            f"`{step}` ({points(table.loc[step, 'in_sequence'])} points)."
        )
    return "\n\n".join(lines)


def _range(probabilities: pd.Series) -> str:
    """Return the lowest and the highest of several probabilities in words."""
    low, high = chance(probabilities.min()), chance(probabilities.max())
    return low if low == high else f"{low} to {high}"


def _moves(values: pd.Series | np.ndarray) -> str:
    """Return the lowest and the highest of several shares."""
    return f"from {percent(values.min())} to {percent(values.max())}"


def surface_conclusion(tables: dict[str, pd.DataFrame], labels: Mapping[str, str]) -> str:
    """Return how far each of two assumptions moves the median alone, from its first value to its
    last, the other at the middle of its own, and both together, from `sensitivity.surface`."""
    lines = []
    for name, table in tables.items():
        row, column = (labels[axis] for axis in (table.index.name, table.columns.name))
        down, across = table.iloc[:, table.shape[1] // 2], table.iloc[len(table) // 2]
        lines.append(
            f"**{name}**: {row} alone moves the median {_moves(down)} (at {column} {down.name:g}), "
            f"{column} alone {_moves(across)} (at {row} {across.name:g}), both together "
            f"{_moves(table.to_numpy())}."
        )
    return bullets(lines)


def beliefs_conclusion(tables: dict[str, pd.DataFrame]) -> str:
    """Return what is left to belief: how far the median and the upper end move between the rows of
    `corrections.beliefs`, for each company."""
    lines = []
    for name, table in tables.items():
        own, others = table.iloc[0], table.iloc[1:]
        ends = others.loc[others["p95"] <= 1, "p95"]
        verdict = "What is believed about the rest matters little here."
        if ends.max() > MATTERS * ends.min():
            verdict = "It is the prior, more than the runs, that decides it."
        lines.append(
            f"**{name}**: the median stays between {percent(others['p50'].min())} and "
            f"{percent(others['p50'].max())} whatever is believed about the rest of R&D "
            f"({percent(own['p50'])} as chosen); the upper end of the 90% interval lies anywhere "
            f"{_moves(ends)}. {verdict}"
        )
    return "\n\n".join(lines)


def breaking_conclusion(tables: dict[str, pd.DataFrame]) -> str:
    """Return which input would have to be wrong for the claim to fail: the one that would have to
    be least wrong, and the one that is most probably so wrong."""
    lines = []
    for name, table in tables.items():
        found = table.dropna(subset=["factor"])
        if found.empty:
            lines.append(f"**{name}**: no input alone brings the median to 50%.")
            continue
        nearest = found.loc[np.log(found["factor"]).abs().sort_values(kind="stable").index[0]]
        line = f"**{name}**: the nearest single failure is {_failure(nearest)}."
        chances = found[["chance", "chance_predictive"]].max(axis=1).fillna(0.0)
        if chances.max() < RARE:
            line += " No uncertain input is as far off as it would have to be in one draw of 100."
        elif chances.idxmax() != nearest.name:
            line += f" The likeliest is {_failure(found.loc[chances.idxmax()])}."
        lines.append(line)
    return "\n\n".join(lines)


def _failure(row: pd.Series) -> str:
    told = (
        f"{row.label} at {number(row['value'])} instead of {number(row['median'])} (a factor of "
        f"{row.factor:.2g})"
    )
    if np.isnan(row.chance):
        return f"{told}, which is taken as exact"
    told += f"; {chance(row.chance) if row.chance else 'none'} of its draws here are as far off"
    if not np.isnan(row.chance_predictive):
        odds = chance(row.chance_predictive)
        told += f", but a single model strays so far with a chance of {odds}"
    return told
