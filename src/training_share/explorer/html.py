"""What the explorer shows beside its controls: the rows of its chart, one run's chain, and both as
HTML, from templates/parts.html.j2."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from training_share.model.estimate import Estimate
from training_share.model.precision import QUANTILES
from training_share.report.charts.bars import ratio_alt
from training_share.report.shares import chart_row, company_ratio_table, published_share
from training_share.report.tables import runs_table
from training_share.report.text import held_column, percent, short

STEPS = {"flop": "Compute (FLOP)", "gpu_hours": "GPU time (GPU-hours)", "cost_usd": "Cost (USD)"}
RUN_WIDTH, NUMBER_WIDTH = 36, 10  # characters of the table of runs

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "percent": percent,
    "short": lambda amount: short(amount).replace("\\", ""),
    "place": lambda fraction: 100 * min(fraction, 1.0),  # on the chart, in percent of its width
}
_parts = _environment.get_template("parts.html.j2").module


def part(name: str, *values: object) -> str:
    """Return a part of the page: a macro of the template, filled in; all text in it is escaped."""
    return str(getattr(_parts, name)(*values))


def sentence_html(markdown: str) -> str:
    """Return a generated sentence as HTML: bold and code are the only marks it has."""
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(markdown, quote=False))
    text = re.sub(r"`(.+?)`", r"<code>\1</code>", text)
    return f'<p style="margin:0;line-height:1.4">{text}</p>'


# --- the chart ------------------------------------------------------------------------------------
def explorer_table(est: Estimate, unchanged: Mapping[str, object]) -> pd.DataFrame:
    """Return the rows of the chart: as set, as set without each group, and `unchanged`, which is
    `unchanged_row`."""
    company = est.company_row.display_name

    def row(one: Estimate, label: str = "") -> dict:
        return chart_row(one, "As set here" if one is est else label.replace(company, "As set,"))

    rows = company_ratio_table(est, row)
    rows.loc[0, "published"] = unchanged["published"]
    rows = pd.concat([rows, pd.DataFrame([unchanged])], ignore_index=True)
    return rows.assign(panel="As set in the explorer")


def unchanged_row(est: Estimate) -> dict[str, object]:
    """Return the row of a scenario with nothing changed."""
    row = chart_row(est, f"{est.scenario}, unchanged")
    return {"scenario": est.scenario, **row, "published": published_share(est)}


def beyond(table: pd.DataFrame, est: Estimate) -> str:
    """Return the sentence for a first row whose interval ends beyond 100%, or ""."""
    if not table.loc[0, "share_p95"] > 1:
        return ""
    over = est.mean(est.share > 1)
    return (
        f"Beyond 100%: in {percent(over)} of the draws training costs more than all R&D compute, "
        "which cannot be; settings and disclosed spending contradict each other."
    )


def chart_html(table: pd.DataFrame, note: str, rows: int) -> str:
    """Return `explorer_table` as a chart: one bar a row from 0 to 100% of R&D compute, on an axis
    that never moves, and a note below. The height is that of `rows` bars."""
    printed = table["published"].notna().any()
    height = 36 * rows + 56
    return part("chart", list(table.itertuples()), ratio_alt(table), note, printed, height)


# --- run by run -----------------------------------------------------------------------------------
def amount(value: float) -> str:
    """Return a positive amount with three significant digits."""
    if value >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:#.3g}".rstrip(".") if value >= 0.001 else f"{value:.2g}"


def run_line(name: str, low: float, middle: float, high: float) -> str:
    """Return one line of the table of runs: name, p5, p50 and p95 in columns of fixed width."""
    shown = name if len(name) <= RUN_WIDTH else name[: RUN_WIDTH - 1] + "…"
    cells = "".join(amount(value).rjust(NUMBER_WIDTH) for value in (low, middle, high))
    return (shown.ljust(RUN_WIDTH) + cells).replace(" ", "\N{NO-BREAK SPACE}")


def run_lines(costs: pd.DataFrame) -> list[tuple[str, str]]:
    """Return `Estimate.cost_table()` as (line, run_id), without the total."""
    return [(run_line(*row), row[0]) for row in costs.drop(index="total").itertuples()]


def head_html(costs: pd.DataFrame) -> str:
    """Return the two lines above the table of runs: the names of its columns, and the total."""
    columns = "run".ljust(RUN_WIDTH) + "".join(name.rjust(NUMBER_WIDTH) for name in QUANTILES)
    return part("head", columns, run_line("total", *costs.loc["total"]))


def chain_table(est: Estimate, run_id: str) -> pd.DataFrame:
    """Return p5, p50 and p95 of a run's FLOP, GPU-hours and USD with their Monte Carlo standard
    errors; a step the run does not have is left out."""
    rows = {
        STEPS[step]: est.spread_of(lambda one, step=step: one.chain(run_id)[step].to_numpy())
        for step in est.chain(run_id)
    }
    return pd.DataFrame(rows).T.rename_axis("step")


def chain_html(est: Estimate, run_id: str) -> str:
    """Return a run's chain from FLOP to USD, how good the evidence is, and the link to its
    source."""
    table = chain_table(est, run_id)
    held = pd.DataFrame({name: held_column(table, name) for name in QUANTILES}, table.index)
    html = Markup(held.reset_index().to_html(index=False, border=0, justify="left"))
    source = est.tables.sources[est.tables.training_runs[run_id].source_id]
    return part("chain", runs_table(est).loc[run_id], source, html)
