"""Sentences made from numbers, so that no number is ever typed into prose. Each reads as English
for every number it can meet; the words of charts are in words.toml."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from training_share.analysis.closed_models import leave_one_out
from training_share.analysis.corrections import name_of, require_two, without_groups
from training_share.analysis.information import in_flop
from training_share.analysis.measured import COMPANY, ImpliedCompute, Pattern
from training_share.analysis.variants import HALF, TOLD_FROM, groups_of, over_half
from training_share.inputs.tables import Tables
from training_share.model import scaling
from training_share.model.comparison import Comparison
from training_share.model.estimate import Estimate, estimate
from training_share.model.precision import QUANTILES, quantiles
from training_share.report.parameters import DEFAULTS
from training_share.report.shares import changes, window_text
from training_share.report.text import amount, chance, counted, listed, number, percent
from training_share.report.words import label, share, templates, ten, times

MONEY = ("training_cost", 1, "USD million")
EVEN = 0.12  # of a probability from one half: close to even
RARE = 0.01  # chance below which an input is not called likely to be so wrong


# --- one company ----------------------------------------------------------------------------------
def answer(est: Estimate) -> str:
    """Return the answer for a company: share, likely range, amounts, chance of a majority, main
    doubt, and what to keep in mind."""
    low, middle, high = est.share_quantiles.values()
    cost, spent = _sums(est)
    likely = _range(low, high)
    about, ends = ("About ", f"; the likely range is {likely}") if likely else ("", "")
    told = (
        f"{_changed(est)}**{about}{share(middle)} of {name_of(est)}'s R&D compute went to final "
        f"training runs{ends}.** That is {cost} of the {spent} spent from "
        f"{window_text(*est.denominator_window)}, for {_runs(est)}."
    )
    if likely:
        told += f" The chance that they took more than half is {chance(over_half(est))}."
    return "\n\n".join(filter(None, [told, doubt(est), " ".join(_remarks(est))]))


def measured_answer(est: Estimate) -> str:
    """Return the answer for a company whose hours were counted: a share without any model."""
    low, middle, high = est.share_quantiles.values()
    cost, spent = _sums(est)
    return (
        f"**{percent(middle)} of the compute behind the whole development went into the final "
        f"training runs**: {cost} of {spent}. {name_of(est)} counted both, so neither a price nor "
        f"a utilization enters; rounding leaves {low:.2%} to {high:.2%}."
    )


def _sums(est: Estimate) -> list[str]:
    """Return the median cost of the final runs and the R&D compute, as amounts."""
    return [amount(x, est.unit) for x in est.summary()[["training_cost_p50", "rd_compute"]]]


def cost_answer(est: Estimate) -> str:
    """Return the answer for a company whose spending is unknown: the cost of its final runs."""
    low, middle, high = (amount(est.spread("training_cost")[name]) for name in QUANTILES)
    return (
        f"{_changed(est)}**{name_of(est)}'s final training runs cost about {middle} at "
        f"rental prices; the likely range is {low} to {high}.** That is for {_runs(est)}."
    )


def doubt(est: Estimate) -> str:
    """Return the main doubt about a company's share: runs whose compute is predicted from other
    models, and the share without their group; "" where no group has such runs."""
    told = []
    for group, closed in _closed(est).items():
        kinds, company = sorted(set(closed.values())), est.company_row.display_name
        points = scaling.used_points(est.tables, kinds[0])
        factor, many = 10 ** scaling.fit(points).residual_sd, len(closed) > 1
        told.append(
            f"**Main doubt:** {listed(closed)}, {company}'s {listed(kinds)} "
            f"model{'s' if many else ''}. {company} has not said how much compute "
            f"{'they' if many else 'it'} used; we estimate it from open {listed(kinds)} models, "
            f"which miss their trend by a typical factor of {factor:.1f}. Without its "
            f"{group.title()} models, {company}'s share is {_without(est, group)}."
        )
    return " ".join(told)


def doubts(*estimates: Estimate) -> str:
    """Return the main doubts about several companies' shares in short, as a chart has them."""
    return " ".join(
        f"{est.company_row.display_name} rests on {listed(closed)}, whose compute it has not "
        f"disclosed; without its {group.title()} models its share is {_without(est, group)}."
        for est in estimates
        for group, closed in _closed(est).items()
    )


def _closed(est: Estimate) -> dict[str, dict[str, str]]:
    """Return by group the models whose compute is predicted from others, and of which kind."""
    found: dict[str, dict[str, str]] = {}
    for run in est.runs.values():
        if isinstance(run.flop, str) and run.group in groups_of(est):
            modality = est.tables.closed_models[run.flop].modality
            found.setdefault(run.group, {})[run.model] = modality
    return found


def _without(est: Estimate, group: str) -> str:
    return share(est.without(group).share_quantiles["p50"])


def above_all(est: Estimate) -> str:
    """Return how often the runs would cost more than all R&D compute, and the share without such
    simulations; "" where that is rare."""
    inside = est.share <= 1
    if (above := est.mean(~inside)) < TOLD_FROM:
        return ""
    told = (
        f"In {percent(above)} of simulations final runs cost more than all R&D compute. That "
        "cannot be, so a price, a size or the window is off there"
    )
    if above > 0.95:
        return f"{told}."
    weights = np.full(est.n_draws, 1.0) if est.weights is None else est.weights
    kept = weights[inside] / weights[inside].sum()
    low, middle, high = quantiles(est.share[inside], kept)
    return f"{told}; without them the share is {share(middle)} ({_range(low, high)})."


def left_out(est: Estimate) -> str:
    """Return the releases of the window of which no run is counted."""
    if not (names := est.uncounted_models):
        return ""
    company = est.company_row.display_name
    return (
        f"{company} also released {listed(names)} in these months. They are not counted, since "
        "their size is not known, so the share is too low by an unknown amount."
    )


def expensed(est: Estimate) -> str:
    """Return how much of the R&D compute that a company incurred its R&D expenses hold, where a
    part of it is amortised."""
    window, company = est.denominator_window, est.company_row.display_name
    charged = ["training_compute", "research_compute_amortised_charge"]
    spent = (est.median(est.spent(lines, *window)) / 1e6 for lines in (["rd_total"], charged))
    total, held_in = map(amount, spent)
    return (
        f"{company} expensed {total} of R&D from {window_text(*window)}, staff included. That "
        f"holds {held_in} of the {amount(est.summary()['rd_compute'])} of R&D compute that it "
        "incurred; the rest is expensed in other years. So the expense is no ceiling for what was "
        "incurred, which depends on how long research compute is amortised."
    )


def _changed(*estimates: Estimate) -> str:
    told = changes(*estimates)
    return f"Changed run ({told}). " if told else ""


def _runs(est: Estimate) -> str:
    runs = "1 training run" if len(est.runs) == 1 else f"{len(est.runs)} training runs"
    return f"{runs} of models released {window_text(*est.release_window)}"


def _remarks(est: Estimate) -> list[str]:
    """Return what to keep in mind about a share, each in a sentence."""
    told = []
    if est.caveat == "lower bound":
        months = "1 month" if (n := est.months_not_collected) == 1 else f"{n} months"
        told.append(f"**This is a lower bound**: the runs of {months} have not been collected.")
    elif est.caveat:
        told.append(
            "**The windows do not match**: one run also stands for models released in "
            f"{est.months_out_of_window} other months, so the share may be too high or too low."
        )
    told.append(above_all(est))
    if est.unpriced:
        chips, chip = listed(sorted(set(est.unpriced.values()))), est.tables.priced_chip
        told.append(f"We have no rental price for {chips} and take that of an {chip}.")
    rl = [run for run in est.runs.values() if run.workload == "rl"]
    own = [run.model for run in rl if run.fraction_of_base != "rl_fraction"]
    if own and est.set_by_hand("assumptions", "rl_fraction", "value"):
        told.append(f"`rl_fraction` does not change the RL of {listed(own)}, whose size is known.")
    told.append(left_out(est))
    if est.weights is not None:
        names = listed(label(name).lower() for name in est.evidence)
        told.append(
            f"Simulations that agree with what was observed ({names}) count more, which leaves as "
            f"much as {est.effective_draws:,.0f} of {est.n_draws:,}."
        )
    return list(filter(None, told))


def _range(low: float, high: float) -> str:
    """Return an interval of fractions, as in '4% to 27%'; "" where its ends read the same."""
    first, last = share(low), share(high)
    return "" if first == last else f"{first} to {last}"


def notes(table: pd.DataFrame) -> str:
    """Return why rows of a table of variants have no estimate; "" where all have one."""
    told = table.loc[table["p50"].isna(), "note"]
    return bullets(f"*{label}*: {note}." for label, note in told.items())


def bullets(sentences: Iterable[str]) -> str:
    """Return sentences as a Markdown list."""
    return "\n".join(f"- {sentence}" for sentence in sentences)


def exactness(*estimates: Estimate) -> str:
    """Return how exact the digits of a notebook are: the errors of its least exact estimate; before
    it, for a changed run, its shares beside those of the defaults."""
    first = estimates[0]
    quantity, scale, unit = ("share", 100, "points") if first.has_spending else MONEY
    spreads = [est.spread(quantity) for est in estimates]
    errors = [[scale * spread[f"{name}_error"] for name in QUANTILES] for spread in spreads]
    low, middle, high = np.max(errors, axis=0).clip(min=0.01)
    told = f"{_against_defaults(estimates)}These numbers come from {first.n_draws:,} simulations"
    if np.isnan(errors).any():
        return f"{told}, too few to say how exact they are."
    return (
        f"{told} with seed {first.seed}. Another seed would move a median by about {middle:.1g} "
        f"{unit} or less, and the ends of a range by {low:.1g} and {high:.1g} (Monte Carlo "
        "standard errors). That says nothing about the inputs."
    )


def _against_defaults(estimates: Iterable[Estimate]) -> str:
    """Return the median shares of a changed run beside the defaults', on the same draws; "" where
    nothing is changed or no share is known."""
    told = []
    for est in estimates:
        known = est.has_spending and est.company in est.base.companies
        if known and (est.scenario != DEFAULTS["scenario"] or changes(est)):
            usual = estimate(est.company, n_draws=est.n_draws, seed=est.seed, base=est.base)
            after, before = (percent(one.share_quantiles["p50"]) for one in (est, usual))
            told.append(f"{after} for {name_of(est)} instead of {before}")
    return f"Against the defaults: {'; '.join(told)}. " if told else ""


# --- several companies ----------------------------------------------------------------------------
def comparison_answer(comparison: Comparison, sure: pd.DataFrame) -> str:
    """Return the answer of a comparison: the shares, how sure it is that they are a minority (from
    `corrections.how_sure`), and the main doubts."""
    estimates = list(comparison.values())
    parts = [share(est.share_quantiles["p50"]) for est in estimates]
    parts[0] += " of R&D compute"
    shares = listed(f"{part} at {name_of(e)}" for part, e in zip(parts, estimates, strict=True))
    told = f"{_changed(*estimates)}**About {shares} went to final training runs.**"
    main_doubts = " ".join(filter(None, map(doubt, estimates)))
    return "\n\n".join(filter(None, [told, how_sure(sure, comparison), main_doubts]))


def how_sure(table: pd.DataFrame, comparison: Comparison) -> str:
    """Return, from `corrections.how_sure`, the chance that final runs are a minority at each
    company by the choices that choices.csv has for the headline: one number where most of them
    agree, else each with the choice that it follows from."""
    rows, told = comparison.first.base.choices.values(), []
    table = table.loc[[r.label for r in rows if r.headline and r.question == "how-sure"]]
    for name in [column for column in table if not column.endswith("_error")]:
        odds = (1 - table[name]).map(chance)
        usual = odds.mode().iloc[0]
        rest = odds[odds != usual] if (odds == usual).mean() > HALF else odds
        others = [f"{odd} {label[0].lower()}{label[1:]}" for label, odd in rest.items()]
        words = filter(None, [usual if len(rest) < len(odds) else "", listed(others)])
        told.append(f"At {name} in {', but '.join(words)}.")
    sure = " ".join(told).replace(" RL ", " reinforcement learning (RL) ", 1)
    return f"**How sure is it a minority?** In simulations, final runs took less than half: {sure}"


def catch_up(comparison: Comparison) -> str:
    """Return whether the simulations bear out that companies which catch up spend a larger share on
    final runs than the one that spends most on R&D compute."""
    require_two(comparison)
    leader = max(comparison, key=lambda name: comparison[name].summary()["rd_compute"])
    without, told = without_groups(comparison), []
    odds = comparison.probabilities[leader].drop(leader)
    for name, probability in odds.items():
        words = f"{name_of(comparison[name])} in {chance(probability)} of simulations"
        if without[name].excluded != comparison[name].excluded:
            other = without.probabilities.loc[name, leader]
            left = name_of(without[name]).partition(" without ")[2]
            words += f" ({chance(other)} without {left})"
        told.append(words)
    even = [name_of(comparison[name]) for name in odds.index[(odds - HALF).abs() < EVEN]]
    verdict = "That is what one would expect."
    if odds.min() < 0.9:
        verdict = "So the simulations lean that way, without settling it."
    if odds.min() < HALF:
        verdict = "So the simulations do not bear it out."
    verdict += f" For {listed(even)} it is close to even." if even else ""
    return (
        "If catching up saves experiments, a company that catches up spends a larger share on "
        f"final runs than {comparison[leader].company_row.display_name}, the largest spender. The "
        f"share is larger at {listed(told)}. {verdict}"
    )


def accounting(*estimates: Estimate) -> str:
    """Return of which kind each company's spending is, and why the amounts that the newsletter's
    text quotes are other ones."""
    kinds, quoted = [], []
    for est in estimates:
        name = est.company_row.display_name
        if basis := est.company_row.rd_compute_basis:
            kinds.append(f"{name}: {basis[0].lower()}{basis[1:]}")
        claim = est.tables.published.get(f"rd-{est.company}-2024")
        spent = est.summary()["rd_compute"]
        if claim and claim.unit == "USD million" and round(claim.value) != round(spent):
            quoted.append(f"{amount(claim.value)} for {name}, not {amount(spent)}")
    told = f"**What the spending is.** {' '.join(kinds)}" if kinds else ""
    if quoted:
        told += (
            f" The newsletter's text quotes {listed(quoted)}: that is fiscal year 2024, while the "
            "share divides by twelve months that begin a quarter before the releases it counts."
        )
    return told.strip()


# --- do the claims survive? -----------------------------------------------------------------------
def survival(sure: pd.DataFrame, higher: pd.DataFrame) -> str:
    """Return whether the two claims survive, from `corrections.how_sure` and `who_is_higher`: the
    least chance of a minority by any choice, and how often each first share is above the second."""
    least = {name: 1 - sure[name].max() for name in sure if not name.endswith("_error")}
    parts = listed(f"{chance(odds)} at {name}" for name, odds in least.items())
    pairs = [
        f"{first} above {second} in {_chances(row)}" for (first, second), row in higher.iterrows()
    ]
    return (
        f"**A minority?** Whatever is assumed, in at least {parts} of simulations.\n\n"
        f"**Who is higher?** By what runs have in common: {'; '.join(pairs)}."
    )


def _chances(odds: pd.Series) -> str:
    low, high = chance(odds.min()), chance(odds.max())
    return low if low == high else f"{low} to {high}"


def largest_effect(effects: Mapping[str, pd.DataFrame], tables: Tables) -> str:
    """Return which single change moves a median most, for companies' tables of
    `corrections.effects_alone`, what it does to the chance of a majority, and why our corrections
    take it or leave it out."""
    name = max(effects, key=lambda one: effects[one]["alone"].abs().max())
    table = effects[name]
    change = table["alone"].abs().idxmax()
    row = table.loc[change]
    why = next((r.why for r in tables.scenarios.values() if r.correction == change), "")
    return (
        f"**The largest effect of any single change** is “{label(change)}” (`{change}`): it takes "
        f"{name}'s share from {share(row.p50 - row.alone)} to {share(row.p50)} and the chance of a "
        f"majority to {chance(row.over_half)}. {why}"
    )


def beliefs_conclusion(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return, from `corrections.beliefs` of each company, how far the chance of a majority and the
    upper end of the range depend on what is believed."""
    lines = []
    for name, table in tables.items():
        least, most = table[["p50", "p95"]].agg(["min", "max"]).map(share).to_numpy()
        line = (
            f"**{name}**: by what is believed, the median lies between {least[0]} and {most[0]} "
            f"and the upper end of the range between {least[1]} and {most[1]}."
        )
        odds = table["over_half"].dropna().sort_values(kind="stable").map(chance)
        if odds.iloc[0] != odds.iloc[-1]:
            first, last = (f"{odds[belief]} (“{belief}”)" for belief in odds.index[[0, -1]])
            line += f" The chance of a majority goes from {first} to {last}."
        lines.append(line)
    return "\n\n".join(lines)


# --- what would have to be wrong ------------------------------------------------------------------
def breaking_conclusion(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return, from `sensitivity.breaking_points` of each company, the likeliest way to a majority
    and the one that takes the smallest error."""
    lines = []
    for name, table in tables.items():
        found = table.dropna(subset=["factor"])
        chances = found[["chance", "chance_predictive"]].max(axis=1).fillna(0.0)
        if found.empty:
            lines.append(f"**{name}**: no single input could make it a majority.")
            continue
        likeliest, nearest = chances.idxmax(), np.log(found["factor"]).abs().idxmin()
        odds = f"a chance of {chance(chances.max())} by its own range or trend"
        line = f"the likeliest way to a majority is {_failure(found.loc[likeliest])}, {odds}."
        if rare := chances.max() < RARE:
            line = "by its own range no input is likely to be so wrong that final runs pass half."
        if rare or likeliest != nearest:
            line += f" The smallest error that would do it is {_failure(found.loc[nearest])}."
        lines.append(f"**{name}**: {line}")
    return "\n\n".join(lines)


def _failure(row: pd.Series) -> str:
    value, median = (_with_unit(row[name], row["unit"]) for name in ("value", "median"))
    return f"{row['label'].removeprefix('FLOP of ')} at {value} instead of {median}"


def _with_unit(value: float, unit: str) -> str:
    if unit == "FLOP":
        return ten(value, " FLOP")
    if unit.endswith(" million"):
        return amount(value, unit.removesuffix(" million"))
    return f"{number(value)} {unit}" if unit else number(value)


def flop_conclusion(est: Estimate, ratio: float = 0.5) -> str:
    """Return what a share is in FLOP instead of dollars, if other R&D has `ratio` times the
    utilization of final runs, and from which such ratio on it would be a majority."""
    half, middle = in_flop(est, [ratio]).iloc[0], est.share_quantiles["p50"]
    told = (
        f"If experiments use GPUs {ratio:.0%} as efficiently as final runs do, {name_of(est)}'s "
        f"share in FLOP is {share(half.p50)} ({_range(half.p5, half.p95)})"
    )
    if middle >= HALF:
        return f"{told}."
    return f"{told}; below {share(middle / (1 - middle))} it passes half."


def closed_answer(est: Estimate, model: str, correction: str) -> str:
    """Return what a uniform between the ends of the predictions does to a closed model's compute,
    what taking the predictions (`correction`) does to the share, and how much size explains."""
    if correction in est.corrections:
        est = est.again(scenario=DEFAULTS["scenario"], corrections=())
    row = est.tables.closed_models[model]
    predicted = scaling.predicted(est.tables, model, est.seed)
    uniform, median = predicted.interval.quantile(0.5), predicted.quantile(0.5)
    other = est.again(corrections=[*est.further, correction])
    moved = 100 * (est.share_quantiles["p50"] - other.share_quantiles["p50"])
    fit = scaling.fit(scaling.used_points(est.tables, row.modality))
    name = next(run.model for run in est.tables.training_runs.values() if run.flop == model)
    without = leave_one_out(est, model)["flop"]
    return (
        f"**The newsletter uses {ten(uniform, ' FLOP')} for {name}, {times(uniform / median)} the "
        "median that its trend predicts**, because it takes all values between the 5th and the "
        f"95th percentile as equally likely. The median is {ten(median, ' FLOP')}. The difference "
        f"is worth {moved:.0f} points of {est.company_row.display_name}'s share. Size explains "
        f"{share(fit.r_squared)} of the variance among {fit.n} open {row.modality} models; without "
        f"any one of them the trend predicts {ten(without.min())} to {ten(without.max(), ' FLOP')}."
    )


# --- the next company -----------------------------------------------------------------------------
def pattern_answer(found: Pattern) -> str:
    """Return the range of company-years, that of what is counted most narrowly, what the next
    company-year's share would be, and which draws were left out."""
    rows = found.table().query("used").groupby("scope", sort=False)["p50"]
    ends = {scope: (p.min(), p.max()) for scope, p in rows}
    ranges = {scope: _range(*both) or share(both[0]) for scope, both in ends.items()}
    years, scopes, told = ranges.pop(COMPANY), templates()["scopes"], []
    for scope, part in ranges.items():
        name = scopes.get(scope, scope).partition(", ")[0]
        told.append(f"{part} of {name[0].lower()}{name[1:]}")
    low, middle, high = quantiles(found.next_share["share"])
    dropped = [
        f"{percent(part)} of {est.company_row.display_name}'s"
        for est in found.known.values()
        if (part := est.mean(est.share > 1)) >= TOLD_FROM
    ]
    left = f" Left out are {listed(dropped)} simulations, above all R&D compute." if dropped else ""
    return (
        f"**At {counted(len(found.known))} companies final training runs took {years} of a year's "
        f"R&D compute (medians).** Developers who measured their own projects find {listed(told)}: "
        f"what is counted decides the share. After these companies, the next one's share would be "
        f"{share(middle)}, and anything from {_range(low, high)} is likely.{left}"
    )


def implied_answer(implied: ImpliedCompute) -> str:
    """Return what a training cost implies for R&D compute, as the illustration that it is."""
    row = implied.table.loc["rd_compute"]
    known = [est.company_row.display_name for est in implied.pattern.known.estimates.values()]
    return (
        f"If its share were that of the next company after {listed(known)}, its R&D compute would "
        f"be about {amount(row.p50)} (likely {amount(row.p5)} to {amount(row.p95)}). That is an "
        "illustration, not an estimate."
    )


def implied_caveats(implied: ImpliedCompute) -> str:
    """Return what a reader has to be told with an implied R&D compute, as a list."""
    known, own = len(implied.pattern.known), implied.estimate.company_row.display_name
    companies = "one company" if known == 1 else f"{counted(known)} companies"
    return bullets(
        [
            f"The share is that of a next company after {companies}. So few hardly tell how far "
            "companies differ, and what one believes of that beforehand moves the range.",
            f"{own} discloses no spending, so nothing here can be checked.",
            f"The cost covers the runs in training_runs.csv. Any release of {own} that is missing "
            "there makes the implied spending too low.",
            "The known shares are of other years and other kinds of company.",
        ]
    )
