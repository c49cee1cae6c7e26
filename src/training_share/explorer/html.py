"""What the explorer shows as HTML beside its chart: the sentence, refusals, texts to copy, the table
of runs as lines, one run's chain."""

from __future__ import annotations

import re
from html import escape

import pandas as pd

from training_share.model.estimates import Estimate
from training_share.model.precision import QUANTILES
from training_share.report.display import with_errors
from training_share.report.tables import runs_table

STEPS = {
    "flop": ("Compute", "FLOP"),
    "gpu_hours": ("GPU time", "GPU-hours"),
    "cost_usd": ("Cost", "USD"),
}
# A page that is not served from this machine or by HTTPS has no clipboard of its own.
COPY = """(async b => { const text = b.dataset.text, told = b.textContent;
try { await navigator.clipboard.writeText(text) } catch { const area = document.createElement('textarea');
area.value = text; document.body.append(area); area.select(); document.execCommand('copy'); area.remove() }
b.textContent = 'Copied'; setTimeout(() => b.textContent = told, 1200) })(this)"""
RUN_WIDTH, NUMBER_WIDTH = 36, 10  # characters of the table of runs


def sentence_html(markdown: str) -> str:
    """Return a generated sentence as HTML: bold and code are the only marks it has."""
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(markdown, quote=False))
    text = re.sub(r"`(.+?)`", r"<code>\1</code>", text)
    return f'<p style="margin:0;line-height:1.4">{text}</p>'


def message_html(message: str) -> str:
    """Return a refusal for display in place; nothing where all is well."""
    if not message:
        return ""
    return (
        '<div role="alert" style="line-height:1.4;padding:4px 8px;border-left:4px solid'
        ' #B00020;background:#FDECEA;color:#5F0010;white-space:pre-wrap"><b>Not shown:</b>'
        f" {escape(message)}. The chart keeps the last settings that worked.</div>"
    )


def copy_html(texts: dict[str, str]) -> str:
    """Return a button a text, which copies it: what is copied -> the text."""
    return "".join(
        f'<button class="jupyter-button ts-copy" data-text="{escape(text)}" onclick="{COPY}">'
        f"Copy {what}</button>"
        for what, text in texts.items()
    )


def text_html(texts: dict[str, str]) -> str:
    """Return texts to read and copy by hand, each under its heading."""
    return "".join(
        f"<p><b>{escape(head)}</b></p><pre>{escape(text)}</pre>" for head, text in texts.items()
    )


def amount(value: float) -> str:
    """Return a positive amount with three significant digits."""
    if value >= 1000:
        return f"{value:.3g}" if value >= 1e12 else f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:#.3g}".rstrip(".") if value >= 0.001 else f"{value:.2g}"


def run_line(name: str, low: float, middle: float, high: float) -> str:
    """Return one line of the table of runs: name, p5, p50 and p95 in columns of fixed width."""
    shown = name if len(name) <= RUN_WIDTH else name[: RUN_WIDTH - 1] + "…"
    cells = "".join(amount(value).rjust(NUMBER_WIDTH) for value in (low, middle, high))
    return (shown.ljust(RUN_WIDTH) + cells).replace(" ", "\N{NO-BREAK SPACE}")


def run_lines(costs: pd.DataFrame) -> list[tuple[str, str]]:
    """Return `Estimate.cost_table()` as (line, run_id), without the total."""
    return [
        (run_line(row.Index, row.p5, row.p50, row.p95), row.Index)
        for row in costs.drop(index="total").itertuples()
    ]


def head_html(costs: pd.DataFrame) -> str:
    """Return the two lines above the table of runs: the names of its columns, and the total."""
    columns = "run".ljust(RUN_WIDTH) + "".join(name.rjust(NUMBER_WIDTH) for name in QUANTILES)
    total = run_line("total", *costs.loc["total"])
    return (
        '<pre style="margin:0;padding:0 4px;font-size:12px;line-height:1.5;background:none">'
        f"{columns}\n<b>{total}</b></pre>"
    )


def chain_table(est: Estimate, run_id: str) -> pd.DataFrame:
    """Return p5, p50 and p95 of a run's FLOP, GPU-hours and USD with their Monte Carlo standard
    errors; a step the run does not have is left out."""
    draws = est.chain(run_id)
    rows = {
        f"{STEPS[step][0]} ({STEPS[step][1]})": est.spread_of(
            lambda one, step=step: one.chain(run_id)[step].to_numpy()
        )
        for step in draws
    }
    return pd.DataFrame(rows).T.rename_axis("step")


def chain_html(est: Estimate, run_id: str) -> str:
    """Return a run's chain from FLOP to USD, how good the evidence is, and the link to its
    source."""
    run, source = (
        runs_table(est).loc[run_id],
        est.tables["sources"][est.tables["training_runs"][run_id].source_id],
    )
    table = with_errors(chain_table(est, run_id))
    html = table.reset_index().to_html(index=False, border=0, justify="left")
    link = escape(source.title)
    if source.url:
        link = f'<a href="{escape(source.url)}" target="_blank" rel="noopener">{link}</a>'
    facts = [
        f"<b>{escape(run.model)}</b>, {escape(run.stage)}, released {run.released}",
        f"Given: {escape(run.amount)}",
        f"Hardware: {escape(run.hardware)}" if run.hardware else "",
        f"Evidence: <b>{escape(run.evidence)}</b>",
        f"Source: {link} ({escape(source.locator)})" if source.locator else f"Source: {link}",
    ]
    return (
        '<div class="training-share-chain"'
        f' style="line-height:1.5">{"<br>".join(filter(None, facts))}{html}</div>'
    )
