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
# Colours of the page's theme, so that all reads in a dark one too.
STYLE = """<style>
.ts-chart { display: grid; grid-template-columns: minmax(120px, 190px) 1fr minmax(120px, 180px);
  column-gap: 12px; row-gap: 2px; line-height: 1.3; align-items: center; padding: 4px 0;
  color: var(--jp-ui-font-color1, #222); font-size: 13px }
.ts-chart small { font-size: 12px; color: var(--jp-ui-font-color1, #222); opacity: .85 }
.ts-chart > :nth-child(3n+1) { text-align: right }
.ts-bar { position: relative; height: 24px; background: rgba(128, 128, 128, .28) }
.ts-bar > * { position: absolute; box-sizing: border-box }
.ts-fill { top: 0; bottom: 0; left: 0 }
.ts-line { top: 7px; height: 10px; border: solid var(--jp-ui-font-color0, #000); border-width: 0 2px;
  background: linear-gradient(var(--jp-ui-font-color0, #000), var(--jp-ui-font-color0, #000)) center / 100% 2px no-repeat }
.ts-line.ts-open { border-right: 0 }
.ts-arrow { right: -11px; top: 2px; color: var(--jp-ui-font-color0, #000) }
.ts-half { left: 50%; top: -8px; bottom: -8px; border-left: 1px dashed var(--jp-ui-font-color1, #222) }
.ts-mark { width: 11px; height: 11px; top: 6px; margin-left: -6px; transform: rotate(45deg);
  background: #fff; border: 2px solid #222 }
.ts-axis { position: relative; height: 14px; font-size: 12px }
.ts-axis span { position: absolute; transform: translateX(-50%) }
.ts-key { min-height: 32px; grid-column: 1 / -1; text-align: left !important }
.training-share-runs select { font: 12px/1.5 monospace }
.training-share-chain a { color: var(--jp-content-link-color, #0B5CAD); text-decoration: underline }
.training-share-chain td + td, .training-share-chain th + th { text-align: right !important; padding-left: 16px }
.ts-tick, .ts-tick label { height: auto !important; white-space: normal !important; line-height: 1.35 }
.ts-copy { width: auto; margin: 0 6px 0 0; cursor: pointer }
</style>"""

# JupyterLab moves between cells on the arrow keys even while a menu has the focus; this attribute
# leaves the keys to it.
KEYS_TO_WIDGETS = """
if (!window.trainingShareKeys) {
  window.trainingShareKeys = true;
  document.addEventListener("focusin", event => {
    if (event.target.closest(".jupyter-widgets")) event.target.setAttribute("data-lm-suppress-shortcuts", "true");
  });
}
"""
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
