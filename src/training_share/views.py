"""The tables that notebooks show and charts draw, made from estimates. Shares are fractions, money is USD million."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from .compare import compare
from .errors import InputError
from .estimate import QUANTILES, Estimate, listed, quantiles, spread
from .precision import with_error
from .scaling import (
    ScalingFit,
    bootstrap,
    closed_model_distribution,
    closed_model_draws,
    fit,
    size_per_parameter,
    used_points,
)
from .spending import signed_periods, spending_usd
from .tables import for_scenario

TOTAL = "total (USD million)"  # row of `precision_table`
PANELS = {"newsletter": "Newsletter: the settings of its body text",
          "appendix": "Appendix: lower RL utilization, wider RL fraction",
          "careful": "Careful: the corrections we would defend"}


def runs_table(est: Estimate) -> pd.DataFrame:
    """Return the counted runs as the tables give them: model, stage, release, amount, evidence and source link."""
    rows = {}
    for run_id, run in est.runs.items():
        amounts = {"FLOP": run.flop, "GPU-hours": run.gpu_hours, "USD": run.cost_usd}
        given = [f"{value} {unit}" for unit, value in amounts.items() if value is not None]
        amount = given[0] if given else f"{run.fraction_of_base} of {run.base_run}"
        if isinstance(run.flop, str):
            amount = f"regression, closed model {run.flop}"
        rows[run_id] = {"model": run.model, "stage": run.stage, "released": str(run.released),
                        "amount": amount + (f" x {run.post_training}" if run.post_training else ""),
                        "hardware": run.hardware or "", "evidence": run.evidence,
                        "source": est.tables["sources"][run.source_id].url}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("run_id")


def window_text(start, end) -> str:
    """Return a spending window in words, as in 'Oct 2024 to Sep 2025'."""
    return f"{start:%b %Y} to {end:%b %Y}"


def ratio_row(est: Estimate, label: str = "") -> dict:
    """Return the row of the ratio chart for one estimate, with the Monte Carlo standard errors of share and cost."""
    return chart_row(est, label) | error_columns(est)


def error_columns(est: Estimate) -> dict[str, float]:
    """Return the Monte Carlo standard errors of share and training cost under the names of the columns they belong to,
    as in share_p50_error."""
    return {f"{quantity}_{name}_error": errors[name]
            for quantity, errors in est.precision().iterrows() for name in QUANTILES}


def chart_row(est: Estimate, label: str = "") -> dict:
    """Return the row of the ratio chart for one estimate, without the standard errors, which cost as much again."""
    first, last = est.release_window
    bound = ", lower bound" if est.months_not_collected else ""
    return {"company": est.company, "label": (label or est.company_row.display_name) + bound, "color": est.company_row.color,
            **est.summary(),
            "spending_window": window_text(*est.denominator_window),
            "release_window": f"{first:%b %Y} to {last:%b %Y}", "kept": float(est.kept.mean())}


def ratio_table(companies: Iterable[str] | str = ("openai", "minimax", "zai"),
                scenarios: Iterable[str] | str = ("newsletter", "appendix", "careful"), **settings) -> pd.DataFrame:
    """Return the rows of the ratio comparison chart: every scenario, every company, and each with runs in a named
    group once more without that group. `settings` go to `compare`."""
    return pd.concat([company_ratio_table(est) for scenario in listed(scenarios)
                      for est in compare(companies, scenario, **settings).estimates.values()], ignore_index=True)


def company_ratio_table(est: Estimate, row: Callable[..., dict] = ratio_row) -> pd.DataFrame:
    """Return the rows of the ratio chart for one company: as estimated, and without each of its named groups.

    `row` makes one row of an estimate and its label: `ratio_row`, or `chart_row` where no errors are asked for.
    """
    panel = {"scenario": est.scenario, "panel": PANELS.get(est.scenario, est.scenario)}
    rows = [panel | row(est) | {"published": published_share(est)}]
    for group in sorted({run.group for run in est.runs.values()} - {""}):
        label = f"{est.company_row.display_name} without {group.title()}"
        rows.append(panel | row(est.without(group), label) | {"published": np.nan})
    return pd.DataFrame(rows)


def precision_table(est: Estimate) -> pd.DataFrame:
    """Return p5, p50 and p95 of each run's cost, of the total (USD million) and of the share (percent), and their
    Monte Carlo standard errors (see `Estimate.spread`)."""
    rows = {run_id: est.spread(run_id) for run_id in est.runs} | {TOTAL: est.spread("training_cost")}
    if est.has_spending:
        rows["share (percent)"] = {name: 100 * value for name, value in est.spread().items()}
    return pd.DataFrame(rows).T.rename_axis("run_id")


def ratio_text_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `ratio_table` for reading, with both windows: shares in percent, money in USD million, each with its
    Monte Carlo standard error."""
    def shown(quantity: str, scale: float) -> tuple[list[str], list[str]]:
        low, middle, high = ([with_error(scale * value, scale * error) for value, error in
                              zip(table[f"{quantity}_{name}"], table[f"{quantity}_{name}_error"], strict=True)]
                             for name in QUANTILES)
        return middle, [f"{one} to {other}" for one, other in zip(low, high, strict=True)]

    share, cost = shown("share", 100), shown("training_cost", 1)
    return pd.DataFrame({
        "company": table["label"], "share (%)": share[0], "90% interval (%)": share[1],
        "training cost (USD million)": cost[0], "90% interval (USD million)": cost[1],
        "R&D compute (USD million)": table["rd_compute"].map("{:,.0f}".format), "spending": table["spending_window"],
        "releases": table["release_window"], "draws kept": table["kept"].map("{:.1%}".format),
    }).set_index(pd.Index(table["scenario"], name="scenario"))


def published_text_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `published_table` for reading: printed beside ours with its Monte Carlo standard error, and why they
    differ. Where an interval is printed, both have one."""
    rows = {}
    for claim_id, row in table.iterrows():
        printed = {name: "" if pd.isna(value) else f"{value:.{row.decimals}f}" if abs(value) < 1e6 else f"{value:.3g}"
                   for name, value in (("p5", row.p5), ("p50", row.value), ("p95", row.p95))}
        ours = {name: with_error(row[column], row[f"{column}_error"])
                for name, column in (("p5", "our_p5"), ("p50", "our_value"), ("p95", "our_p95"))}
        rows[claim_id] = {"quantity": row.quantity, "printed": _interval(printed, bool(printed["p5"])),
                          "ours": _interval(ours, bool(printed["p5"])), "unit": row.unit, "status": row.status,
                          "explanation": row.explanation}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("claim_id")


def _interval(text: dict[str, str], whole: bool) -> str:
    """Return a median, with its interval in brackets if it is to be whole; the interval alone without a median."""
    ends = f"{text['p5']} to {text['p95']}" if whole and text["p5"] else ""
    return f"{text['p50']} ({ends})" if text["p50"] and ends else text["p50"] or ends


def denominator_table(est: Estimate) -> pd.DataFrame:
    """Return the signed disclosed periods that make up the company's R&D compute, with links to their sources."""
    sources = est.tables["sources"]
    rows = [{"line": line, "sign": f"{sign:+d}", "period": row.period, "from": row.period_start, "to": row.period_end,
             "amount (millions)": str(row.amount_millions), "currency": row.currency, "note": row.note,
             "source": sources[row.source_id].url}
            for line in est.denominator_lines
            for sign, row in signed_periods(est.tables, est.company, line, *est.denominator_window)]
    return pd.DataFrame(rows).set_index("line")


def correlation_table(est: Estimate, correlations: Iterable[float] = (1.0, 0.5, 0.0)) -> pd.DataFrame:
    """Return the share for several correlations between runs given in USD (see `usd_run_correlation`)."""
    rows = {f"correlation {rho:g}": est.again(usd_run_correlation=f"{rho:g}").spread() for rho in correlations}
    return pd.DataFrame(rows).T.rename_axis("drawn")


def predictions_table(scenario: str = "newsletter", seed: int = 42, corrections: Iterable[str] | str = (),
                      data_dir=None) -> pd.DataFrame:
    """Return p5, p50 and p95 of each closed model's bootstrap predictions in FLOP with their standard errors, and the
    median of the distribution that enters the Monte Carlo."""
    tables = for_scenario(scenario, listed(corrections), data_dir=data_dir)
    rows = {}
    for key, row in tables["closed_models"].items():
        used = closed_model_distribution(tables, key, seed)
        rows[key] = {"modality": row.modality, "parameters": str(row.parameters),
                     **spread(closed_model_draws(tables, key, seed)), "median in the Monte Carlo": f"{used.quantile(0.5):.3g}"}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")


def points_table(scenario: str = "newsletter", corrections: Iterable[str] | str = (), data_dir=None) -> pd.DataFrame:
    """Return the points of the three regressions with their remarks."""
    frame = for_scenario(scenario, listed(corrections), data_dir=data_dir).frame("generative_models")
    return frame.drop(columns=["source_id"]).set_index("modality")


def scenario_table(scenario: str, data_dir=None) -> pd.DataFrame:
    """Return what was considered for a scenario: whether each correction is in, why, and its reason."""
    tables = for_scenario(scenario, data_dir=data_dir)
    reasons: dict[str, list[str]] = {}
    for row in tables["corrections"].values():
        told = reasons.setdefault(row.correction, [])
        told += [] if row.reason in told else [row.reason]
    rows = [{"correction": row.correction, "in": "left out" if row.order is None else f"step {row.order}",
             "why": row.why, "what it corrects": " ".join(reasons.get(row.correction, []))}
            for row in tables["scenarios"].values() if row.scenario == scenario]
    return pd.DataFrame(rows).set_index("correction")


def stacked(tables: dict[str, pd.DataFrame], name: str) -> pd.DataFrame:
    """Return several tables as one, with a first index level `name` that tells them apart."""
    return pd.concat(tables, names=[name]).reset_index()


def published_share(est: Estimate) -> float:
    """Return the share the newsletter prints for a company as a fraction; NaN without one and in other scenarios."""
    claim = est.tables["published"].get(f"share-{est.company}")
    return claim.value / 100 if claim and est.scenario == "newsletter" else np.nan


def dollars_table(companies: Iterable[str] | str = ("openai", "minimax", "zai"), scenario: str = "newsletter",
                  **settings) -> pd.DataFrame:
    """Return final training, other R&D and inference compute of each company in USD million, over its spending
    window. Training is the median; other R&D is the rest of R&D compute."""
    rows = []
    for est in compare(companies, scenario, **settings).estimates.values():
        summary = est.summary()
        inference = spending_usd(est.tables, est.company, ["inference_compute"], *est.denominator_window)
        rows.append({"company": est.company, "label": est.company_row.display_name,
                     "final_training": summary["training_cost_p50"],
                     "other_rd": summary["rd_compute"] - summary["training_cost_p50"],
                     "inference": inference / 1e6, "spending_window": window_text(*est.denominator_window)})
    return pd.DataFrame(rows)


def variants_table(est: Estimate, lags: Iterable[int] = (0, 3, 6)) -> pd.DataFrame:
    """Return the share as estimated and with one choice changed at a time; a variant that cannot be estimated says why.

    Variants are the other scenarios, each release lag, each group left out, and spending in calendar 2024 as the
    denominator; everything else stays as `est` was called.
    """
    scenarios = dict.fromkeys(row.scenario for row in est.tables["scenarios"].values())
    changes = {f"scenario {name}": {"scenario": name} for name in scenarios if name != est.scenario}
    changes |= {f"release lag of {lag} months": {"release_lag_months": lag} for lag in lags
                if lag != est.company_row.release_lag_months}
    changes |= {f"without {group}": {"exclude_groups": [*est.excluded, group]}
                for group in sorted({run.group for run in est.runs.values()} - {""})}
    changes |= {"over spending of calendar 2024": {"denominator_window": "2024-01-01 to 2024-12-31"}}
    rows = {"as set above": variant_row(est)}
    for label, change in changes.items():
        try:
            rows[label] = variant_row(est.again(**change))
        except InputError as error:
            rows[label] = impossible_row(error)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("variant")


def remark(est: Estimate) -> str:
    """Return what a reader of the estimate should know: months without collected runs, draws left out; or ""."""
    parts = []
    if est.months_not_collected:
        parts.append(f"a lower bound: no runs collected for {est.months_not_collected} of the release window's months")
    if not est.kept.all():
        parts.append(f"{est.kept.mean():.1%} of draws kept")
    return "; ".join(parts)


def variant_row(est: Estimate) -> dict[str, object]:
    """Return p5, p50 and p95 of the share with their Monte Carlo standard errors, the fraction of draws kept, whether
    the numerator is a lower bound, and a remark."""
    return est.spread() | {"kept": float(est.kept.mean()), "incomplete": est.months_not_collected > 0,
                                "note": remark(est)}


def impossible_row(error: InputError) -> dict[str, object]:
    """Return the row of a variant that cannot be estimated, with the reason as its remark."""
    unknown = [*QUANTILES, *(f"{name}_error" for name in QUANTILES), "kept"]
    return dict.fromkeys(unknown, np.nan) | {"incomplete": False, "note": str(error)}


def scaling_band(modality: str, scenario: str = "newsletter", seed: int = 42, corrections: Iterable[str] | str = (),
                 data_dir=None, n_sizes: int = 60) -> tuple[ScalingFit, pd.DataFrame, pd.DataFrame]:
    """Return a modality's fit, its line with the pointwise 5th-95th percentile bootstrap band (columns size, flop,
    p5, p95), and the predictions of its closed models (size, p5, p50, p95 in FLOP; size at the median parameters)."""
    tables = for_scenario(scenario, listed(corrections), data_dir=data_dir)
    points = used_points(tables, modality)
    line = fit(points)
    resamples = int(float(tables.choice("bootstrap_resamples")))
    slopes, intercepts = bootstrap(points, resamples, seed, tables.choice("bootstrap_unit"))
    closed = {key: row for key, row in tables["closed_models"].items() if row.modality == modality}
    sizes = {key: row.parameters.quantile(0.5) * size_per_parameter(row) for key, row in closed.items()}
    logs = np.append(line.models["log10_size"], np.log10(list(sizes.values())))
    grid = np.linspace(logs.min() - 0.2, logs.max() + 0.2, n_sizes)
    low, high = np.array([np.quantile(intercepts + slopes * x, [0.05, 0.95]) for x in grid]).T
    band = pd.DataFrame({"size": 10**grid, "flop": line.predict(10**grid), "p5": 10**low, "p95": 10**high})
    predicted = pd.DataFrame({key: quantiles(closed_model_draws(tables, key, seed)) for key in closed},
                             index=list(QUANTILES)).T.rename_axis("model")
    predicted.insert(0, "size", pd.Series(sizes))
    return line, band, predicted
