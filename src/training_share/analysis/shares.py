"""The tables that notebooks show and charts draw, made from estimates. Shares are fractions, money
is USD million."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd

from training_share.errors import InputError
from training_share.inputs.tables import load
from training_share.model.case import listed
from training_share.model.comparison import Comparison, compare
from training_share.model.estimates import Estimate
from training_share.model.precision import QUANTILES
from training_share.model.simulation import simulate, total
from training_share.model.spending import spending_in
from training_share.model.streams import Drawn, Streams

TOTAL = "total (USD million)"  # row of `precision_table`
PANELS = {
    "newsletter": "Newsletter: the settings of its body text",
    "appendix": "Appendix: the newsletter's other settings for reinforcement learning",
    "careful": "Careful: with our corrections",
}
HALF = 0.5  # of R&D compute: the claim is that final training runs take less
DOTS = 50  # of a distribution, each one draw in fifty
LARGEST = 8  # runs that a chart of costs names; the others are pooled
SMALL = 0.01  # of the total: a run below it is pooled too
STAGES = {"rl": "reinforcement learning", "sft": "finetuning"}  # as a reader has them
WHOLE = ("pretraining", "final training run", "final training runs")  # need no word more
MARKET = ("mfu", "price_usd_per_gpu_hour")  # streams that companies which rent share


def window_text(start, end) -> str:
    """Return a spending window in words, as in 'Oct 2024 to Sep 2025'."""
    return f"{start:%b %Y} to {end:%b %Y}"


def changes(*estimates: Estimate) -> str:
    """Return how a run departs from its scenario, as in 'newsletter, changed: MFU 0.30 to 0.50', or
    "" where it does not; of several estimates of one run, the one that departs most.

    Corrections on top, groups left out, and every value or window set by hand to something else
    than the scenario has count; draws and seed do not.
    """
    return max(map(_changes, estimates), key=len)


def _changes(est: Estimate) -> str:
    case, told = est.case, []
    own = case.base.for_scenario(case.scenario)
    rates, window = own.rates(), own.companies[case.company]
    for name, text in case.settings.items():
        label = name.replace("_", " ")
        if name in own.assumptions:
            label, given = own.assumptions[name].label, {own.assumptions[name].value}
        elif name in rates:
            given = {str(own["fx"][key].per_usd) for key in rates[name]}
        else:
            given = {str(getattr(window, name))}
        told += [f"{label} {text.partition(' (')[0]}"] if {text} != given else []
    told += [f"{key} {column} {content}" for _, key, column, content in case.changes]
    told += [f"with {name}" for name in case.corrections]
    own_evidence = tuple(case.base.scenario_evidence(case.scenario))
    if case.evidence is not None and case.evidence != own_evidence:
        told.append(f"evidence {', '.join(case.evidence) or 'none'}")
    told += [f"with the run {run['model']}" for run in case.added]
    told += [f"without {group.title()}" for group in case.excluded]
    return f"{case.scenario}, changed: {'; '.join(told)}" if told else ""


def over_half(est: Estimate) -> float:
    """Return the probability that final training runs took more than half of R&D compute."""
    return est.mean(est.share > HALF)


def ratio_row(est: Estimate, label: str = "") -> dict:
    """Return the row of the ratio chart for one estimate, with the Monte Carlo standard errors of
    share and cost."""
    return chart_row(est, label) | error_columns(est)


def error_columns(est: Estimate) -> dict[str, float]:
    """Return the Monte Carlo standard errors of share and training cost under the names of the
    columns they belong to, as in share_p50_error."""
    return {
        f"{quantity}_{name}_error": errors[name]
        for quantity, errors in est.precision().iterrows()
        for name in QUANTILES
    }


def chart_row(est: Estimate, label: str = "") -> dict:
    """Return the row of the ratio chart for one estimate, without the standard errors, which cost
    as much again. `kind` is measured where hours were counted, else modelled; cost and R&D compute
    are in millions of `unit`."""
    first, last = est.release_window
    told = f", {est.caveat}" if est.caveat else ""
    told += ", measured" if est.case.measured else ""
    return {
        "company": est.company,
        "label": (label or est.company_row.display_name) + told,
        "color": est.company_row.color,
        "kind": "measured" if est.case.measured else "modelled",
        "unit": est.unit,
        **est.summary(),
        "caveat": est.caveat,
        "spending_window": window_text(*est.denominator_window),
        "release_window": f"{first:%b %Y} to {last:%b %Y}",
        "over_half": over_half(est),
        "evidence": ", ".join(est.evidence),
    }


def printed(data_dir=None) -> list[str]:
    """Return the companies that the newsletter prints a share of, in its order."""
    tables = load(data_dir)
    return [company for company in tables.companies if f"share-{company}" in tables["published"]]


def ratio_table(
    companies: Iterable[str] | str = "", scenarios: Iterable[str] | str = "", **settings
) -> pd.DataFrame:
    """Return the rows of the ratio comparison chart: every scenario, every company, and each with
    runs in a named group once more without that group. `settings` go to `compare`. A measured
    company, whose share no scenario moves, comes once, in a last panel of its own.

    Blank means the companies that the newsletter prints a share of, and all scenarios.
    """
    data_dir = settings.get("data_dir")
    first, *others = listed(scenarios) or load(data_dir).scenario_names
    found = compare(listed(companies) or printed(data_dir), first, **settings)
    rows: list[pd.DataFrame] = []
    measured: dict[str, pd.DataFrame] = {}
    for one in (found, *(found.again(scenario=scenario) for scenario in others)):
        for est in one.estimates.values():
            if not est.case.measured:
                rows.append(company_ratio_table(est))
            elif est.company not in measured:
                measured[est.company] = company_ratio_table(est)
    return pd.concat([*rows, *measured.values()], ignore_index=True)


def company_ratio_table(est: Estimate, row: Callable[..., dict] = ratio_row) -> pd.DataFrame:
    """Return the rows of the ratio chart for one company: as estimated, and without each of its
    named groups.

    `row` makes one row of an estimate and its label: `ratio_row`, or `chart_row` where no errors
    are asked for.
    """
    title = "Measured: hours that the developer counted" if est.case.measured else ""
    panel = {"scenario": est.scenario, "panel": title or PANELS.get(est.scenario, est.scenario)}
    rows = []
    for one in versions(est):
        left = "" if one is est else one.excluded[-1]
        printed = np.nan if left else published_share(est)
        rows.append(panel | row(one, name_of(one)) | {"without": left, "published": printed})
    return pd.DataFrame(rows)


def groups_of(est: Estimate) -> list[str]:
    """Return the named groups of runs that an estimate counts beside runs of no group: those that
    can be left out."""
    groups = {run.group for run in est.runs.values()}
    return sorted(groups - {""}) if "" in groups else []


def name_of(est: Estimate) -> str:
    """Return an estimate's company as shown, with the groups of runs it leaves out."""
    left = " and ".join(group.title() for group in est.excluded)
    return est.company_row.display_name + (f" without {left}" if left else "")


def versions(est: Estimate) -> list[Estimate]:
    """Return an estimate, and it again without each of its named groups of runs."""
    return [est, *(est.without(group) for group in groups_of(est))]


def headline(comparison: Comparison) -> pd.DataFrame:
    """Return the rows of the ratio chart that are the answer: each company once, with all the runs
    that its estimate counts."""
    return pd.concat(
        [company_ratio_table(est).head(1) for est in comparison.estimates.values()],
        ignore_index=True,
    )


def largest_runs(est: Estimate, most: int = LARGEST) -> pd.DataFrame:
    """Return the cost of all runs, of the largest by their models' names, and of the others pooled
    draw by draw: p5, p50 and p95 in USD million with their errors, and how many `runs` a row holds.

    Medians do not add up to the median of the total.
    """
    costs = est.cost_table()["p50"]
    ranked = costs.drop(index="total").sort_values(ascending=False, kind="stable")
    named = [run_id for run_id in ranked.index[:most] if ranked[run_id] >= SMALL * costs["total"]]
    pooled = [run_id for run_id in est.runs if run_id not in named]
    if len(pooled) == 1:
        named, pooled = [*named, *pooled], []
    rows = {f"Total of {len(est.runs)} runs": est.spread("training_cost") | {"runs": len(est.runs)}}
    for run_id in named:
        run = est.runs[run_id]
        words = [STAGES.get(word, word) for word in run.stage.split()]
        stage = "" if run.stage in WHOLE else f", {' '.join(words)}"
        rows[run.model + stage] = est.spread(run_id) | {"runs": 1}
    if pooled:
        spread = est.spread_of(lambda one: one.cost_usd[pooled].sum(axis=1).to_numpy() / 1e6)
        rows[f"{len(pooled)} smaller runs"] = spread | {"runs": len(pooled)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("run").astype({"runs": int})


def dots(draws: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the quantiles of draws that stand for equal parts of them, `DOTS` in number."""
    places = (np.arange(DOTS) + 0.5) / DOTS
    return np.quantile(draws, places, weights=weights, method="inverted_cdf")


def share_dots(estimates: Iterable[Estimate]) -> pd.DataFrame:
    """Return shares as dots, each standing for an equal part of the draws: one row a dot, with its
    company's name and colour and the probability of more than half."""
    rows = [
        pd.DataFrame({"value": dots(est.share, est.weights)}).assign(
            label=name_of(est), color=est.company_row.color, over_half=over_half(est)
        )
        for est in estimates
    ]
    return pd.concat(rows, ignore_index=True)


def without_groups(comparison: Comparison) -> Comparison:
    """Return a comparison on the same draws without any named group of runs."""
    estimates = comparison.estimates.items()
    return Comparison({name: est.without(*groups_of(est)) for name, est in estimates})


def require_two(comparison: Comparison) -> None:
    """Raise InputError for a single company, of which nothing is higher or lower."""
    if len(comparison.estimates) < 2:
        raise InputError(
            f"companies: {', '.join(comparison.estimates)} alone cannot be higher or lower; name a "
            "second one, or see the notebook of the company"
        )


def pairs(comparison: Comparison) -> list[tuple[Comparison, str, str]]:
    """Return each pair of companies, the one that is higher more often first; pairs in which a
    company has a named group of runs once more without it. InputError for a single company."""
    require_two(comparison)
    found = []
    without = without_groups(comparison)
    for one, other in combinations(comparison.estimates, 2):
        named = any(groups_of(comparison.estimates[name]) for name in (one, other))
        for among in (comparison, without) if named else (comparison,):
            first = among.probabilities.loc[one, other] >= 0.5
            found.append((among, *((one, other) if first else (other, one))))
    return found


def pair_dots(comparison: Comparison) -> pd.DataFrame:
    """Return for each of `pairs` by how much the first share exceeds the second in the same draw,
    as dots like `share_dots`."""
    rows = []
    for among, higher, lower in pairs(comparison):
        draws = (among.draws[higher] - among.draws[lower]).to_numpy()
        row: dict[str, object] = {"probability": among.probabilities.loc[higher, lower]}
        for role, name in (("higher", higher), ("lower", lower)):
            est = among.estimates[name]
            row |= {role: name_of(est), f"{role}_color": est.company_row.color}
        values = dots(draws, among.weights)
        rows.append(pd.DataFrame({"value": values}).assign(**row))
    return pd.concat(rows, ignore_index=True)


class _Tied(Streams):
    """Draws of one company whose market, utilization and price, goes with the others' only in
    part."""

    def __init__(self, est: Estimate, correlation: float) -> None:
        super().__init__(est.seed, Drawn(est.case.drawn))
        self._company, self._correlation = est.company, correlation

    def normal(self, name: str) -> np.ndarray:
        shared = super().normal(name)
        if name not in MARKET:
            return shared
        rho, own = self._correlation, super().normal(f"{name}/{self._company}")
        return np.sqrt(rho) * shared + np.sqrt(1 - rho) * own

    def kept(self, key: tuple, make: Callable[[], np.ndarray]) -> np.ndarray:
        return super().kept((key, "tied") if key[0] in MARKET else key, make)


def who_is_higher(
    comparison: Comparison, correlations: Iterable[float] = (1.0, 0.75, 0.5, 0.25, 0.0)
) -> pd.DataFrame:
    """Return for each of `pairs` the probability that the first share exceeds the second, by how
    far utilization and price go together across companies: at 1 they are the same in each draw, at
    0 each company's are its own (the correction `independent-market`).

    Indexed by both names; one column a correlation. A scenario whose evidence weights draws has the
    first column alone, since another market would give other weights.
    """
    found = pairs(comparison)
    both = [(among.estimates[one], among.estimates[other]) for among, one, other in found]
    columns = {}
    for rho in correlations:
        if rho == 1:
            columns[rho] = [among.probabilities.loc[one, other] for among, one, other in found]
        elif comparison.weights is None:
            drawn = {
                company: simulate(est.simulation.case, _Tied(est, rho), est.n_draws)
                for company, est in comparison.estimates.items()
            }
            shares = ([_tied_share(est, *drawn[est.company]) for est in pair] for pair in both)
            columns[rho] = [float((above > below).mean()) for above, below in shares]
    names = [(name_of(above), name_of(below)) for above, below in both]
    index = pd.MultiIndex.from_tuples(names, names=["higher", "lower"])
    return pd.DataFrame(columns, index).rename_axis(columns="correlation")


def _tied_share(est: Estimate, groups: dict[str, np.ndarray], rd_compute: np.ndarray) -> np.ndarray:
    return total(groups[group] for group in groups if group not in est.excluded) / rd_compute


def precision_table(est: Estimate) -> pd.DataFrame:
    """Return p5, p50 and p95 of each run's cost, of the total (USD million) and of the share
    (percent), and their Monte Carlo standard errors (see `Estimate.spread`)."""
    rows = {run_id: est.spread(run_id) for run_id in est.runs} | {
        TOTAL: est.spread("training_cost")
    }
    if est.has_spending:
        rows["share (percent)"] = {name: 100 * value for name, value in est.spread().items()}
    return pd.DataFrame(rows).T.rename_axis("run_id")


def correlation_table(
    est: Estimate, correlations: Iterable[float] = (1.0, 0.5, 0.0)
) -> pd.DataFrame:
    """Return the share for several correlations between runs given in USD (see
    `usd_run_correlation`)."""
    rows = {
        f"correlation {rho:g}": est.again(usd_run_correlation=f"{rho:g}").spread()
        for rho in correlations
    }
    return pd.DataFrame(rows).T.rename_axis("drawn")


def stacked(tables: dict[str, pd.DataFrame], name: str) -> pd.DataFrame:
    """Return several tables as one, with a first index level `name` that tells them apart."""
    return pd.concat(tables, names=[name]).reset_index()


def published_share(est: Estimate) -> float:
    """Return the share the newsletter prints for a company as a fraction; NaN without one and in
    other scenarios."""
    claim = est.tables["published"].get(f"share-{est.company}")
    return claim.value / 100 if claim and est.scenario == "newsletter" else np.nan


def dollars_table(
    companies: Iterable[str] | str = "", scenario: str = "newsletter", **settings
) -> pd.DataFrame:
    """Return final training, other R&D and inference compute of each company in USD million, over
    its spending window. Training is the median; other R&D is the rest of R&D compute; inference is
    NaN where none is disclosed for the window. Blank means the companies that the newsletter prints
    a share of."""
    rows = []
    names = listed(companies) or printed(settings.get("data_dir"))
    for est in compare(names, scenario, **settings).estimates.values():
        if est.unit != "USD":
            continue
        summary = est.summary()
        window, inference = est.denominator_window, np.nan
        with suppress(InputError):
            inference = spending_in("USD", est.tables, est.company, ["inference_compute"], *window)
        rows.append(
            {
                "company": est.company,
                "label": name_of(est),
                "color": est.company_row.color,
                "final_training": summary["training_cost_p50"],
                "other_rd": summary["rd_compute"] - summary["training_cost_p50"],
                "inference": inference / 1e6,
                "spending_window": window_text(*window),
            }
        )
    return pd.DataFrame(rows)


def variants_table(est: Estimate, lags: Iterable[int] = (0, 3, 6)) -> pd.DataFrame:
    """Return the share as estimated and with one choice changed at a time; a variant that cannot be
    estimated says why.

    Variants are the other scenarios, each release lag, each group left out, and spending in
    calendar 2024 as the denominator; everything else stays as `est` was called.
    """
    names = est.tables.scenario_names
    changes = {f"scenario {name}": {"scenario": name} for name in names if name != est.scenario}
    changes |= {
        f"release lag of {lag} months": {"release_lag_months": lag}
        for lag in lags
        if lag != est.company_row.release_lag_months
    }
    made = {label: partial(est.again, **change) for label, change in changes.items()}
    made |= {  # on the draws at hand
        f"without {group.title()}": partial(est.without, group) for group in groups_of(est)
    }
    made["over spending of calendar 2024"] = partial(
        est.again, denominator_window="2024-01-01 to 2024-12-31"
    )
    rows = {"as set above": variant_row(est)}
    rows |= {label: row_or_reason(make) for label, make in made.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("variant")


def remark(est: Estimate) -> str:
    """Return what a reader of the estimate should know: how its runs fit the release window, how
    many draws the evidence leaves; or ""."""
    parts = []
    if est.caveat == "lower bound":
        parts.append(
            f"a lower bound: no runs collected for {est.months_not_collected} of the release"
            " window's months"
        )
    elif est.caveat:
        parts.append(
            f"mismatched window: a run stands for {est.months_out_of_window} months outside the"
            " release window too, so the share may be too high or too low"
        )
    if est.weights is not None:
        parts.append(f"evidence leaves {est.effective_draws:,.0f} effective draws")
    return "; ".join(parts)


def variant_row(est: Estimate) -> dict[str, object]:
    """Return p5, p50 and p95 of the share, the number of effective draws, the caveat that the
    window makes (see `Case.caveat`), and a remark."""
    return est.share_quantiles | {
        "effective_draws": round(est.effective_draws),
        "caveat": est.caveat,
        "note": remark(est),
    }


def row_or_reason(make: Callable[[], Estimate]) -> dict[str, object]:
    """Return the row of a variant, or of one that cannot be estimated the reason as its remark."""
    try:
        return variant_row(make())
    except InputError as error:
        unknown = dict.fromkeys([*QUANTILES, "effective_draws"], np.nan)
        return unknown | {"caveat": "", "note": str(error)}
