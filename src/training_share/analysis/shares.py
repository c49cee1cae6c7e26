"""The tables that notebooks show and charts draw, made from estimates. Shares are fractions, money
is USD million."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from training_share.errors import InputError
from training_share.model.case import listed
from training_share.model.comparison import compare
from training_share.model.estimates import Estimate
from training_share.model.precision import QUANTILES
from training_share.model.spending import spending_usd

TOTAL = "total (USD million)"  # row of `precision_table`
PANELS = {
    "newsletter": "Newsletter: the settings of its body text",
    "appendix": "Appendix: lower RL utilization, wider RL fraction",
    "careful": "Careful: the corrections we would defend",
}


def window_text(start, end) -> str:
    """Return a spending window in words, as in 'Oct 2024 to Sep 2025'."""
    return f"{start:%b %Y} to {end:%b %Y}"


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
    bound = ", lower bound" if est.months_not_collected else ""
    bound += ", measured" if est.case.measured else ""
    return {
        "company": est.company,
        "label": (label or est.company_row.display_name) + bound,
        "color": est.company_row.color,
        "kind": "measured" if est.case.measured else "modelled",
        "unit": est.unit,
        **est.summary(),
        "spending_window": window_text(*est.denominator_window),
        "release_window": f"{first:%b %Y} to {last:%b %Y}",
        "kept": float(est.kept.mean()),
    }


def ratio_table(
    companies: Iterable[str] | str = ("openai", "minimax", "zai"),
    scenarios: Iterable[str] | str = ("newsletter", "appendix", "careful"),
    **settings,
) -> pd.DataFrame:
    """Return the rows of the ratio comparison chart: every scenario, every company, and each with
    runs in a named group once more without that group. `settings` go to `compare`. A measured
    company, whose share no scenario moves, comes once, in a last panel of its own."""
    rows: list[pd.DataFrame] = []
    measured: dict[str, pd.DataFrame] = {}
    for scenario in listed(scenarios):
        for est in compare(companies, scenario, **settings).estimates.values():
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
    rows = [panel | row(est) | {"published": published_share(est)}]
    for group in sorted({run.group for run in est.runs.values()} - {""}):
        label = f"{est.company_row.display_name} without {group.title()}"
        rows.append(panel | row(est.without(group), label) | {"published": np.nan})
    return pd.DataFrame(rows)


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
    companies: Iterable[str] | str = ("openai", "minimax", "zai"),
    scenario: str = "newsletter",
    **settings,
) -> pd.DataFrame:
    """Return final training, other R&D and inference compute of each company in USD million, over
    its spending window. Training is the median; other R&D is the rest of R&D compute. A company in
    hours of a chip has no dollars and is left out."""
    rows = []
    for est in compare(companies, scenario, **settings).estimates.values():
        if est.unit != "USD":
            continue
        summary = est.summary()
        inference = spending_usd(
            est.tables, est.company, ["inference_compute"], *est.denominator_window
        )
        rows.append(
            {
                "company": est.company,
                "label": est.company_row.display_name,
                "final_training": summary["training_cost_p50"],
                "other_rd": summary["rd_compute"] - summary["training_cost_p50"],
                "inference": inference / 1e6,
                "spending_window": window_text(*est.denominator_window),
            }
        )
    return pd.DataFrame(rows)


def variants_table(est: Estimate, lags: Iterable[int] = (0, 3, 6)) -> pd.DataFrame:
    """Return the share as estimated and with one choice changed at a time; a variant that cannot be
    estimated says why.

    Variants are the other scenarios, each release lag, each group left out, and spending in
    calendar 2024 as the denominator; everything else stays as `est` was called.
    """
    scenarios = dict.fromkeys(row.scenario for row in est.tables["scenarios"].values())
    changes = {f"scenario {name}": {"scenario": name} for name in scenarios if name != est.scenario}
    changes |= {
        f"release lag of {lag} months": {"release_lag_months": lag}
        for lag in lags
        if lag != est.company_row.release_lag_months
    }
    changes |= {
        f"without {group}": {"exclude_groups": [*est.excluded, group]}
        for group in sorted({run.group for run in est.runs.values()} - {""})
    }
    changes |= {
        "over spending of calendar 2024": {"denominator_window": "2024-01-01 to 2024-12-31"}
    }
    rows = {"as set above": variant_row(est)}
    for label, change in changes.items():
        try:
            rows[label] = variant_row(est.again(**change))
        except InputError as error:
            rows[label] = impossible_row(error)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("variant")


def remark(est: Estimate) -> str:
    """Return what a reader of the estimate should know: months without collected runs, draws left
    out; or ""."""
    parts = []
    if est.months_not_collected:
        parts.append(
            f"a lower bound: no runs collected for {est.months_not_collected} of the release"
            " window's months"
        )
    if not est.kept.all():
        parts.append(f"{est.kept.mean():.1%} of draws kept")
    return "; ".join(parts)


def variant_row(est: Estimate) -> dict[str, object]:
    """Return p5, p50 and p95 of the share with their Monte Carlo standard errors, the fraction of
    draws kept, whether the numerator is a lower bound, and a remark."""
    return est.spread() | {
        "kept": float(est.kept.mean()),
        "incomplete": est.months_not_collected > 0,
        "note": remark(est),
    }


def impossible_row(error: InputError) -> dict[str, object]:
    """Return the row of a variant that cannot be estimated, with the reason as its remark."""
    unknown = [*QUANTILES, *(f"{name}_error" for name in QUANTILES), "kept"]
    return dict.fromkeys(unknown, np.nan) | {"incomplete": False, "note": str(error)}
