"""The rows that notebooks show and charts draw, made from estimates: numbers with the names, words
and colours they are shown by. Shares are fractions, money is USD million."""

import re
from collections.abc import Iterable
from contextlib import suppress

import numpy as np
import pandas as pd

from training_share.analysis.closed_models import estimators
from training_share.analysis.corrections import name_of, pairs
from training_share.analysis.variants import HALF, groups_of, over_half, variants_table
from training_share.errors import InputError, require_known
from training_share.inputs.tables import Tables, load
from training_share.model.case import listed
from training_share.model.comparison import Comparison
from training_share.model.estimate import Estimate
from training_share.model.precision import QUANTILES
from training_share.report.words import templates

__all__ = ["HALF", "variants_table"]  # offered here too
DOTS = 25  # of a distribution, each one draw in as many
LARGEST, SMALL = 8, 0.01  # runs that a chart of costs names, each at least this part of the total
STAGES = {"rl": "reinforcement learning", "sft": "finetuning"}  # as a reader has them
HAILUO, HAILUO_FLOP = "hailuo-02-pretraining", (1.5e23, 1e26, 25)  # lowest, highest, how many
WHOLE = ("pretraining", "final training run", "final training runs")  # need no word more


def window_text(start, end) -> str:
    """Return a spending window in words, as in 'Oct 2024 to Sep 2025'."""
    return f"{start:%b %Y} to {end:%b %Y}"


def estimates_of(data: object) -> list[Estimate]:
    """Return the estimates of an estimate or a comparison; none of a table."""
    if isinstance(data, Comparison):
        return list(data.values())
    return [data] if isinstance(data, Estimate) else []


def changes(*estimates: Estimate) -> str:
    """Return how a run departs from its scenario, as in 'newsletter, changed: MFU 0.30 to 0.50', or
    "" where it does not; of several estimates of one run, the one that departs most.

    Corrections on top, groups left out, and every value or window set by hand to something else
    than the scenario has count; draws and seed do not.
    """
    return max(map(_changes, estimates), key=len, default="")


def _of(estimates: Iterable[Estimate], table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that says of what run it is, so that its chart does; see `frame.chart`."""
    table.attrs["changed"] = changes(*estimates)
    return table


def _changes(est: Estimate) -> str:
    own = est.base.for_scenario(est.scenario)
    told = dict.fromkeys(_set_by_hand(own, *cell) for cell in est.cells)
    told |= dict.fromkeys(f"with {name}" for name in est.further)
    if set(est.evidence) != set(own.scenario_evidence(est.scenario)):
        told[f"evidence {', '.join(est.evidence) or 'none'}"] = None
    for table, row in est.added:
        if table != "training_runs":
            told[f"with rows of {table}"] = None
        elif row["run_id"] in est.window_runs:
            told[f"with the run {row['model']}"] = None
    pairs = (est.call.get("correlate") or {}).items()
    told |= {f"{' and '.join(pair)} correlated {rho:g}": None for pair, rho in pairs}
    told |= dict.fromkeys(f"without {group.title()}" for group in est.excluded)
    words = "; ".join(filter(None, told))
    return f"{est.scenario}, changed: {words}" if words else ""


def _set_by_hand(own: Tables, table: str, key: str, column: str, content: object) -> str:
    """Return a cell set by hand in words, or "" where the scenario has it so."""
    row = own.texts[table].get(key, {column: str(content)})  # else of a row that was added
    if row[column] == str(content):
        return ""
    labels = {"assumptions": row.get("label"), "companies": column.replace("_", " ")}
    labels["fx"] = f"{key[:3].lower()} per usd"
    return f"{labels.get(table, f'{key} {column}')} {str(content).partition(' (')[0]}"


def printed() -> list[str]:
    """Return the companies that the newsletter prints a share of, in its order."""
    tables = load()
    return [company for company in tables.companies if f"share-{company}" in tables.published]


def _ratio_row(est: Estimate) -> dict:
    """Return the row of the ratio chart for one estimate. `kind` is measured where hours were
    counted, else modelled; cost and R&D compute are in millions of `unit`."""
    told = [name_of(est), est.caveat, "measured" if est.measured else ""]
    return {
        "company": est.company,
        "label": ", ".join(filter(None, told)),
        "color": est.company_row.color,
        "kind": "measured" if est.measured else "modelled",
        "unit": est.unit,
        **est.summary().drop("over_all"),
        "caveat": est.caveat,
        "spending_window": window_text(*est.denominator_window),
        "release_window": window_text(*est.release_window),
        "over_half": over_half(est),
        "evidence": ", ".join(est.evidence),
    }


def error_columns(est: Estimate) -> dict[str, float]:
    """Return the Monte Carlo standard errors of share and training cost under the names of the
    columns they belong to, as in share_p50_error."""
    return {
        f"{quantity}_{name}": value
        for quantity in ("share", "training_cost")
        for name, value in est.spread(quantity).items()
        if name.endswith("_error")
    }


def company_ratio_table(est: Estimate, errors: bool = False) -> pd.DataFrame:
    """Return the rows of the ratio chart for one company: as estimated, and without each of its
    named groups; with standard `errors`, which cost as much again."""
    panel = templates()["panels"].get("measured" if est.measured else est.scenario, est.scenario)
    rows = [
        {"scenario": est.scenario, "panel": panel}
        | _ratio_row(one)
        | (error_columns(one) if errors else {})
        | {"without": "" if one is est else one.excluded[-1]}
        | {"published": published_share(est) if one is est else np.nan}
        for one in (est, *map(est.without, groups_of(est)))
    ]
    return _of([est], pd.DataFrame(rows))


def published_share(est: Estimate) -> float:
    """Return the share the newsletter prints for a company as a fraction; NaN without one and in
    other scenarios."""
    claim = est.tables.published.get(f"share-{est.company}")
    return claim.value / 100 if claim and est.scenario == "newsletter" else np.nan


def headline(comparison: Comparison) -> pd.DataFrame:
    """Return the rows of the ratio chart that are the answer: each company once, with all the runs
    that its estimate counts."""
    rows = [company_ratio_table(est).head(1) for est in comparison.values()]
    return _of(comparison.values(), pd.concat(rows, ignore_index=True))


def ratio_table(comparison: Comparison, scenarios: Iterable[str] | str = "") -> pd.DataFrame:
    """Return the rows of the chart of settings: every company under every scenario (blank means
    all), and each with runs in a named group once more without that group. A measured company,
    whose share no scenario moves, comes once, in a last panel of its own."""
    first, shown = comparison.first, {}
    for scenario in listed(scenarios) or first.base.scenario_names:
        own = first.base.scenario_corrections(scenario)
        further = [name for name in first.further if name not in own]
        for est in comparison.again(scenario=scenario, corrections=further).values():
            shown.setdefault((est.company, "" if est.measured else scenario), est)
    ordered = sorted(shown.values(), key=lambda est: est.measured)
    table = pd.concat([company_ratio_table(est, True) for est in ordered], ignore_index=True)
    return _of(ordered, table)


def example(est: Estimate) -> str:
    """Return the run that best shows how a cost is worked out: the costliest whose compute is
    reported, or else the costliest of all."""
    costs = est.cost_table()["p50"].drop(index="total")
    told = [
        key
        for key, run in est.runs.items()
        if run.evidence == "reported" and (run.flop or run.gpu_hours)
    ]
    return costs[told or costs.index].idxmax()


def largest_runs(est: Estimate, most: int = LARGEST) -> pd.DataFrame:
    """Return the cost of all runs, of the largest by their models' names, and of the others pooled
    draw by draw: p5, p50 and p95 in USD million with their errors, and how many `runs` a row holds.
    Medians do not add up to the median of the total."""
    costs = est.cost_table()["p50"]
    ranked = costs.drop(index="total").sort_values(ascending=False, kind="stable")
    named = [run_id for run_id in ranked.index[:most] if ranked[run_id] >= SMALL * costs["total"]]
    pooled = [run_id for run_id in est.runs if run_id not in named]
    if len(pooled) == 1:
        named, pooled = [*named, *pooled], []
    rows = {f"Total of {len(est.runs)} runs": est.spread("training_cost") | {"runs": len(est.runs)}}
    for run_id in named:
        run = est.runs[run_id]
        stage = re.sub(r"\w+", lambda word: STAGES.get(word[0], word[0]), run.stage)
        label = run.model if run.stage in WHOLE else f"{run.model}, {stage}"
        rows[label] = est.spread(run_id) | {"runs": 1}
    if pooled:
        spread = est.spread_of(lambda one: one.costs[pooled].sum(axis=1).to_numpy() / 1e6)
        rows[f"{len(pooled)} smaller runs"] = spread | {"runs": len(pooled)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("run").astype({"runs": int})


def dollars_table(estimates: Iterable[Estimate]) -> pd.DataFrame:
    """Return final training, other R&D and inference compute of each company in USD million, over
    its spending window. Training is the median; other R&D is the rest of R&D compute; inference is
    NaN where none is disclosed for the window. Estimates that count hours are left out."""
    rows = []
    for est in estimates:
        if est.unit != "USD":
            continue
        cost, rd_compute = est.summary()[["training_cost_p50", "rd_compute"]]
        window, inference = est.denominator_window, np.nan
        with suppress(InputError):
            inference = est.median(est.spent(["inference_compute"], *window))
        rows.append(
            {
                "company": est.company,
                "label": name_of(est),
                "color": est.company_row.color,
                "final_training": cost,
                "other_rd": rd_compute - cost,
                "inference": inference / 1e6,
                "spending_window": window_text(*window),
            }
        )
    return pd.DataFrame(rows)


def pair_dots(comparison: Comparison) -> pd.DataFrame:
    """Return for each of `pairs` by how much the first share exceeds the second in the same draw,
    as dots that each stand for an equal part of the draws: a row a dot."""
    rows, places = [], list((np.arange(DOTS) + 0.5) / DOTS)
    for higher, lower, probability in pairs(comparison):
        values = comparison.quantile(higher.share - lower.share, places)
        row = {"probability": probability, "higher": name_of(higher), "lower": name_of(lower)}
        rows.append(pd.DataFrame({"value": values}).assign(**row))
    return _of(comparison.values(), pd.concat(rows, ignore_index=True))


def hailuo_tables(est: Estimate) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the share of MiniMax (p5, p50 and p95) by the compute of Hailuo 02, `x` in FLOP, and
    what is held of that compute: p5, p50 and p95 in FLOP, with `lead` for what the newsletter
    takes. InputError for a company without that run; a compute that evidence rules out is left out.
    """
    require_known(HAILUO, est.tables.training_runs, "training run")
    if est.tables.training_runs[HAILUO].company != est.company:
        raise InputError(f"hailuo: {est.company} has no Hailuo 02; give an estimate of minimax")
    rows = []
    for flop in np.geomspace(*HAILUO_FLOP):
        with suppress(InputError):
            one = est.with_cells(("training_runs", HAILUO, "flop", f"{flop:.6g}"))
            rows.append({"x": flop, **one.share_quantiles})
    ways = estimators(est)[list(QUANTILES)]
    line, off = ways.loc["line interval, resampling model"], "predictive interval, resampling model"
    ways.loc["uniform"] = line["p5"] + pd.Series(QUANTILES) * (line["p95"] - line["p5"])
    order = [line.name, "uniform", *(name for name in ways.index if "vendor" in name), off]
    return pd.DataFrame(rows), ways.loc[order].assign(lead=lambda rows: rows.index == "uniform")
