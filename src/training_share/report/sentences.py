"""Sentences made from numbers, so that no number is ever typed into prose. Here are the numbers and
which sentence says them; the sentences are in words.toml, under [sentences]."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from training_share.analysis.closed_models import leave_one_out
from training_share.analysis.corrections import name_of, require_two, without_groups
from training_share.analysis.information import in_flop
from training_share.analysis.measured import COMPANY, ImpliedCompute, Pattern
from training_share.analysis.variants import HALF, TOLD_FROM, groups_of, over_half
from training_share.errors import InputError
from training_share.inputs.tables import Tables
from training_share.model import scaling
from training_share.model.comparison import Comparison
from training_share.model.estimate import Estimate, estimate
from training_share.model.precision import QUANTILES, quantiles
from training_share.report.parameters import DEFAULTS
from training_share.report.shares import changes, window_text
from training_share.report.text import amount, between, chance, in_unit, interval, lower, share
from training_share.report.words import fill, label, templates

MONEY = ("training_cost", 1, "million USD")
WIDER = "predictive-interval"  # the correction by which single models may be off the trend
RARE = 0.01  # chance below which an input is not called likely to be so wrong
FACTS: dict[str, Callable[[Estimate], Any]] = {  # of an estimate, beside its own attributes
    "name": name_of,
    "company": lambda est: est.company_row.display_name,
    "changed": lambda est: _say("changed", run=changes(est)),
    "share": lambda est: est.share_quantiles["p50"],
    "likely": lambda est: between(est.share_quantiles["p5"], est.share_quantiles["p95"]),
    "over_half": over_half,
    "over_all": lambda est: est.mean(est.share > 1),
    "cost": lambda est: amount(est.median(est.total_cost / 1e6), est.unit),
    "spent": lambda est: amount(est.median(est.rd_compute) / 1e6, est.unit),
    "spending": lambda est: window_text(*est.denominator_window),
    "count": lambda est: len(est.runs),
    "released": lambda est: window_text(*est.release_window),
    "lag": lambda est: est.company_row.release_lag_months,
}


class _Facts(dict):
    """What fills a sentence: its numbers, and else what it says of the estimate among them."""

    def __missing__(self, name: str) -> Any:
        return FACTS[name](self["est"]) if name in FACTS else getattr(self["est"], name)


def _say(sentence: str, **numbers: Any) -> str:
    """Return a sentence of words.toml with its numbers and, of an estimate `est`, its facts."""
    return fill(templates()["sentences"][sentence], _Facts(numbers))


# --- one company ----------------------------------------------------------------------------------
def answer(est: Estimate, brief: bool = False) -> str:
    """Return the answer for a company: share, likely range, amounts, chance of a majority, main
    doubt, and what to keep in mind; if `brief`, without the releases that are `left_out`."""
    rl = [run for run in est.runs.values() if run.workload == "rl"]
    known = [run.model for run in rl if run.fraction_of_base != "rl_fraction"]
    numbers = {"doubt": doubt(est), "above_all": above_all(est)}
    numbers["left_out"] = "" if brief else left_out(est)
    numbers |= {"chips": sorted(set(est.unpriced.values())), "chip": est.tables.priced_chip}
    numbers["missing"] = est.months_not_collected if est.caveat == "lower bound" else 0
    numbers["known_rl"] = known if est.set_by_hand("assumptions", "rl_fraction", "value") else []
    numbers["observed"] = [f"“{label(name)}”" for name in est.evidence if est.weights is not None]
    return _say("answer", est=est, **numbers)


def measured_answer(est: Estimate) -> str:
    """Return the answer for a company whose hours were counted: a share without any model."""
    return _say("measured_answer", est=est, **est.share_quantiles)


def cost_answer(est: Estimate) -> str:
    """Return the answer for a company whose spending is unknown: the cost of its final runs."""
    return _say("cost_answer", est=est, **est.spread("training_cost"))


def doubt(est: Estimate) -> str:
    """Return the main doubt about a company's share: runs whose compute is predicted from other
    models, and the share without their group; "" where no group has such runs."""
    return " ".join(_doubts("doubt", est))


def doubts(*estimates: Estimate) -> str:
    """Return the main doubts about several companies' shares in short, as a chart has them."""
    return " ".join(text for est in estimates for text in _doubts("doubt_brief", est))


def _doubts(sentence: str, est: Estimate) -> Iterator[str]:
    """Yield a sentence about each group with models whose compute is predicted from others."""
    for group in groups_of(est):
        runs = [run for run in est.runs.values() if run.group == group]
        closed = {run.model: run.flop for run in runs if isinstance(run.flop, str)}
        if closed:
            kinds = sorted({est.tables.closed_models[flop].modality for flop in closed.values()})
            fit = scaling.fit(scaling.used_points(est.tables, kinds[0]))
            without = est.without(group).share_quantiles["p50"]
            numbers = {"models": closed, "many": len(closed), "kinds": kinds, "wider": 0.0}
            numbers |= {"group": group.title(), "factor": 10**fit.residual_sd, "without": without}
            with suppress(InputError):  # counted already, or not to be had
                wide = over_half(est.again(corrections=[*est.further, WIDER]))
                numbers["wider"] = wide if chance(wide) != chance(over_half(est)) else 0
            yield _say(sentence, est=est, **numbers)


def above_all(est: Estimate) -> str:
    """Return how often the runs would cost more than all R&D compute, and the share without such
    simulations; "" where that is rare."""
    inside, rest = est.share <= 1, ""
    if (above := est.mean(~inside)) < TOLD_FROM:
        return ""
    if above <= 0.95:
        weights = np.full(est.n_draws, 1.0) if est.weights is None else est.weights
        kept = quantiles(est.share[inside], weights[inside] / weights[inside].sum())
        rest = interval(pd.Series(kept, list(QUANTILES)), share)
    return _say("above_all", est=est, rest=rest)


def left_out(est: Estimate) -> str:
    """Return the releases of the window of which no run is counted."""
    return _say("left_out", est=est) if est.uncounted_models else ""


def expensed(est: Estimate) -> str:
    """Return how much of the R&D compute that a company incurred its R&D expenses hold, where a
    part of it is amortised."""
    lines = ["rd_total"], ["training_compute", "research_compute_amortised_charge"]
    total, held = (est.median(est.spent(part, *est.denominator_window)) / 1e6 for part in lines)
    return _say("expensed", est=est, total=total, held=held)


def notes(table: pd.DataFrame) -> str:
    """Return why rows of a table of variants have no estimate; "" where all have one."""
    told = table.loc[table["p50"].isna(), "note"]
    return bullets(_say("note", label=label, note=note) for label, note in told.items())


def bullets(sentences: Iterable[str]) -> str:
    """Return sentences as a Markdown list."""
    return "\n".join(f"- {sentence}" for sentence in sentences)


def exactness(*estimates: Estimate) -> str:
    """Return how exact the digits of a notebook are: the errors of its least exact estimate; before
    it, for a changed run, its shares beside those of the defaults."""
    first = estimates[0]
    quantity, scale, unit = ("share", 100, "percentage points") if first.has_spending else MONEY
    spreads = pd.DataFrame([est.spread(quantity) for est in estimates])
    errors = (scale * spreads.max(skipna=False)).clip(lower=0.01)
    sentence = "exactness_unknown" if errors.isna().any() else "exactness"
    against = _say("against", runs="; ".join(_against_defaults(estimates)))
    return _say(sentence, est=first, against=against, unit=unit, **errors)


def _against_defaults(estimates: Iterable[Estimate]) -> Iterator[str]:
    """Yield the median share of each changed run beside the defaults', on the same draws."""
    for est in estimates:
        known = est.has_spending and est.company in est.base.companies
        if known and (est.scenario != DEFAULTS["scenario"] or changes(est)):
            usual = estimate(est.company, n_draws=est.n_draws, seed=est.seed, base=est.base)
            yield _say("against_run", est=est, usual=usual.share_quantiles["p50"])


# --- several companies ----------------------------------------------------------------------------
def comparison_answer(comparison: Comparison) -> str:
    """Return the answer of a comparison: the shares, and whether those who catch up spend more."""
    estimates, first = list(comparison.values()), comparison.first
    shares = [_say("comparison_share", est=est, first=est is first) for est in estimates]
    parts = {"changed": _say("changed", run=changes(*estimates))}
    parts["catch_up"] = catch_up(comparison) if len(estimates) > 1 else ""
    return _say("comparison_answer", shares=shares, **parts)


def how_sure(table: pd.DataFrame, comparison: Comparison) -> str:
    """Return, from `corrections.how_sure`, the chance that final runs are a minority at each
    company by the choices that choices.csv has for the headline: one number where most of them
    agree, else each with the choice that it follows from; and the main doubts about the shares."""
    rows, told = comparison.first.base.choices.values(), []
    table = table.loc[[r.label for r in rows if r.headline and r.question == "how-sure"]]
    for name in [column for column in table if not column.endswith("_error")]:
        odds = (1 - table[name].sort_values(kind="stable")).map(chance)
        usual = odds.mode().iloc[0]
        agreed = (odds == usual).mean() > HALF
        rest = odds[odds != usual] if agreed else odds
        others = [f"{odd} {lower(label)}" for label, odd in rest.items()]
        told.append(_say("sure" if agreed else "sure_each", name=name, usual=usual, others=others))
    companies = "\n".join(told).replace(" RL ", " reinforcement learning (RL) ", 1)
    return _say("how_sure", companies=companies, doubts=" ".join(map(doubt, comparison.values())))


def catch_up(comparison: Comparison) -> str:
    """Return whether the simulations bear out that companies which catch up spend a larger share on
    final runs than the one that spends most on R&D compute."""
    require_two(comparison)
    leader = max(comparison, key=lambda name: comparison[name].summary()["rd_compute"])
    without, others = without_groups(comparison), []
    odds = comparison.probabilities[leader].drop(leader)
    for name, probability in odds.items():
        numbers = {"odds": probability, "other": without.probabilities.loc[name, leader]}
        numbers["leader"] = comparison[leader].company_row.display_name
        numbers["left"] = without[name].excluded != comparison[name].excluded
        numbers["group"] = name_of(without[name]).partition(" without ")[2]
        words = "catch_up_other" if others else "catch_up_first"
        others.append(_say(words, est=comparison[name], **numbers))
    case = "fails" if odds.min() < HALF else "leans" if odds.min() < 0.9 else "holds"
    verdict = _say(f"catch_up_{case}")
    return _say("catch_up", others=others, verdict=verdict)


def accounting(*estimates: Estimate) -> str:
    """Return of which kind each company's spending is, and why the amounts that the newsletter's
    text quotes are other ones."""
    kinds, quoted = [], []
    for est in estimates:
        if basis := est.company_row.rd_compute_basis:
            kinds.append(_say("accounting_kind", est=est, basis=basis))
        claim = est.tables.published.get(f"rd-{est.company}-2024")
        spent = est.median(est.rd_compute) / 1e6
        if claim and claim.unit == "USD million" and round(claim.value) != round(spent):
            quoted.append(_say("accounting_quoted", est=est, claim=claim.value))
    return _say("accounting", kinds=" ".join(kinds), quoted=quoted)


# --- do the claims survive? -----------------------------------------------------------------------
def survival(sure: pd.DataFrame, higher: pd.DataFrame) -> str:
    """Return whether the two claims survive, from `corrections.how_sure` and `who_is_higher`: the
    least chance of a minority by any choice, and how often each first share is above the second."""
    least = {name: 1 - sure[name].max() for name in sure if not name.endswith("_error")}
    parts = [_say("survival_least", name=name, odds=odds) for name, odds in least.items()]
    pairs = []
    for (first, second), row in higher.iterrows():
        odds = between(row.min(), row.max(), chance) or chance(row.min())
        pairs.append(_say("survival_pair", first=first, second=second, odds=odds))
    return _say("survival", least=parts, pairs="; ".join(pairs))


def largest_effect(effects: Mapping[str, pd.DataFrame], tables: Tables) -> str:
    """Return which single change moves a median most, for companies' tables of
    `corrections.effects_alone`, what it does to the chance of a majority, and why our corrections
    take it or leave it out."""
    name = max(effects, key=lambda one: effects[one]["alone"].abs().max())
    change = effects[name]["alone"].abs().idxmax()
    row = effects[name].loc[change]
    why = next((r.why for r in tables.scenarios.values() if r.correction == change), "")
    about = {"name": name, "change": change, "label": label(change), "why": why}
    return _say("largest_effect", before=row.p50 - row.alone, **about, **row[["p50", "over_half"]])


def beliefs_conclusion(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return, from `corrections.beliefs` of each company, how far the chance of a majority and the
    upper end of the range depend on what is believed."""
    lines = []
    for name, table in tables.items():
        odds = table["over_half"].dropna().sort_values(kind="stable").map(chance)
        first, last = (f"{odds[belief]} (“{belief}”)" for belief in odds.index[[0, -1]])
        numbers = {"first": first, "last": last, "differ": odds.iloc[0] != odds.iloc[-1]}
        for p in ("p50", "p95"):
            numbers |= {f"{p}_least": table[p].min(), f"{p}_most": table[p].max()}
        lines.append(_say("beliefs", name=name, **numbers))
    return "\n\n".join(lines)


# --- what would have to be wrong ------------------------------------------------------------------
def breaking_conclusion(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return, from `sensitivity.breaking_points` of each company, the likeliest way to a majority
    and the one that takes the smallest error."""
    lines = []
    for name, table in tables.items():
        found = table.dropna(subset=["factor"])
        if found.empty:
            lines.append(_say("breaking_none", name=name))
            continue
        chances = found[["chance", "chance_predictive"]].max(axis=1).fillna(0.0)
        likeliest, nearest = chances.idxmax(), np.log(found["factor"]).abs().idxmin()
        told = {"likeliest": _failure(found.loc[likeliest]), "odds": chances.max(), "nearest": ""}
        if (rare := chances.max() < RARE) or likeliest != nearest:
            told["nearest"] = _failure(found.loc[nearest])
        lines.append(_say("breaking_rare" if rare else "breaking", name=name, **told))
    return "\n\n".join(lines)


def _failure(row: pd.Series) -> str:
    value, median = (in_unit(row[name], row["unit"]) for name in ("value", "median"))
    return _say("failure", label=row["label"].removeprefix("FLOP of "), value=value, median=median)


def flop_conclusion(est: Estimate, ratio: float = 0.5) -> str:
    """Return what a share is in FLOP instead of dollars, if other R&D has `ratio` times the
    utilization of final runs, and from which such ratio on it would be a majority."""
    half, middle = in_flop(est, [ratio]).iloc[0], est.share_quantiles["p50"]
    turn = middle / (1 - middle) if middle < HALF else 0
    return _say("flop", est=est, ratio=ratio, in_flop=interval(half, share), turn=turn)


def closed_answer(est: Estimate, model: str, correction: str) -> str:
    """Return what a uniform between the ends of the predictions does to a closed model's compute,
    what taking the predictions (`correction`) does to the share, and how much size explains."""
    if correction in est.corrections:
        est = est.again(scenario=DEFAULTS["scenario"], corrections=())
    row = est.tables.closed_models[model]
    predicted = scaling.predicted(est.tables, model, est.seed)
    other = est.again(corrections=[*est.further, correction])
    fit = scaling.fit(scaling.used_points(est.tables, row.modality))
    without = leave_one_out(est, model)["flop"]
    name = next(run.model for run in est.tables.training_runs.values() if run.flop == model)
    numbers = {"uniform": predicted.interval.quantile(0.5), "median": predicted.quantile(0.5)}
    numbers["factor"] = numbers["uniform"] / numbers["median"]
    numbers["moved"] = 100 * (est.share_quantiles["p50"] - other.share_quantiles["p50"])
    numbers |= {"explained": fit.r_squared, "models": fit.n, "modality": row.modality}
    numbers |= {"low": without.min(), "high": without.max()}
    return _say("closed_answer", est=est, model=name, **numbers)


# --- the next company -----------------------------------------------------------------------------
def pattern_answer(found: Pattern) -> str:
    """Return the range of company-years, that of what is counted most narrowly, what the next
    company-year's share would be, and which draws were left out."""
    rows = found.table().query("used").groupby("scope", sort=False)["p50"]
    ends = {scope: between(p.min(), p.max()) or share(p.min()) for scope, p in rows}
    years, scopes, others = ends.pop(COMPANY), templates()["scopes"], []
    for scope, part in ends.items():
        name = scopes.get(scope, scope).partition(", ")[0]
        others.append(_say("pattern_scope", ends=part, scope=name))
    above = [est for est in found.known.values() if est.mean(est.share > 1) >= TOLD_FROM]
    numbers = dict(zip(QUANTILES, quantiles(found.next_share["share"]), strict=True))
    numbers |= {"companies": len(found.known), "years": years, "others": others}
    dropped = [_say("pattern_dropped", est=est) for est in above]
    return _say("pattern_answer", dropped=dropped, **numbers)


def implied_answer(implied: ImpliedCompute) -> str:
    """Return what a training cost implies for R&D compute, as the illustration that it is."""
    known = [est.company_row.display_name for est in implied.pattern.known.estimates.values()]
    return _say("implied_answer", known=known, **implied.table.loc["rd_compute"])


def implied_caveats(implied: ImpliedCompute) -> str:
    """Return what a reader has to be told with an implied R&D compute, as a list."""
    return _say("implied_caveats", est=implied.estimate, known=len(implied.pattern.known))
