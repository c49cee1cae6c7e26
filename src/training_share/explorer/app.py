"""The live explorer of JupyterLab: controls, and what follows them.

A change is answered at once with sentence and chart. What takes longer (all draws where they are
many, standard errors, the cost of each run, texts to copy) follows on another thread when the
changes pause, so that a slider is never held up by it. Each part is displayed with what it shows as
static content beside it, for a copy of the notebook without a kernel.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import ipywidgets as widgets
import pandas as pd
from IPython.display import Javascript, display

from training_share.errors import InputError
from training_share.explorer import html
from training_share.explorer.panel import Panel
from training_share.explorer.settings import (
    Settings,
    call,
    command,
    follow,
    in_words,
    parameters_yaml,
)
from training_share.files import repo_root, write_all
from training_share.model.estimate import Estimate, estimate
from training_share.report import charts
from training_share.report.display import folder_given, save
from training_share.report.figure import png_of
from training_share.report.sentences import answer

FEW = 50_000  # draws while a slider moves
PAUSE = 0.25  # seconds without a change, after which the rest follows
KEPT = 2  # estimates: with few draws and with all
WRAP = {"flex_flow": "row wrap", "grid_gap": "0 24px"}


class Explorer:
    """Controls, and what follows them: sentence, ratio chart, cost of each run, texts to copy.

    `settings` is all the state there is; they begin as those of an estimate. A refusal is shown in
    place.
    """

    def __init__(self, first: Estimate, figures_dir: str | Path = "") -> None:
        self.figures = Path(folder_given(figures_dir) or repo_root() / "figures").expanduser()
        # as the controls say, and the last ones that worked
        self.settings = self.shown = settings = Settings.of(first)
        self._again = lru_cache(KEPT)(first.again)
        self._unchanged = lru_cache(KEPT)(lambda **asked: html.unchanged_row(first.again(**asked)))
        self._worker = ThreadPoolExecutor(1)
        self._rest: asyncio.Task | None = None
        self.sentence, self.message, self.runs_head = (widgets.HTML() for _ in range(3))
        self.copies, self.saved, self.texts = (widgets.HTML() for _ in range(3))
        self.chart = widgets.HTML(layout={"flex": "1 1 560px", "min_width": "0"})
        self.chain = widgets.HTML(layout={"flex": "1 1 300px"})
        self.runs = widgets.Select(
            rows=12,
            layout={"width": "510px", "max_width": "100%"},
            tooltip="Training runs: p5, p50 and p95 of the cost in USD million",
        )
        self.runs.add_class("training-share-runs")
        self.panel = Panel(settings, self.change)
        self.save_button = widgets.Button(
            description="Save figure", icon="save", layout={"width": "auto"}
        )
        self.reset = widgets.Button(
            description="As the scenario says",
            icon="undo",
            layout={"width": "auto"},
            tooltip="Undo every setting but company, scenario, draws and seed",
        )
        self.save_button.on_click(lambda _: self.save())
        self.reset.on_click(lambda _: self._set(self.settings.untouched))
        self.runs.observe(self._show_chain, "value")
        self._answer(settings)
        self._complete(self._whole(settings))

    def estimate_of(self, settings: Settings, few: bool = False) -> Estimate:
        """Return the estimate of settings, with at most `FEW` draws where asked. InputError as
        `estimate`."""
        est = self._again(**_asked(settings, few))
        _ = est.share, est.weights  # refuse now what only drawing finds out
        return est

    def table(self, settings: Settings, few: bool = False) -> pd.DataFrame:
        """Return the numbers of the chart."""
        est = self.estimate_of(settings, few)
        return html.explorer_table(est, self._unchanged(**_asked(settings.untouched, few)))

    # --- what follows the controls ----------------------------------------------------------------
    def change(self, change: Mapping[str, object]) -> None:
        """Take a change of the controls and show what follows."""
        self._set(follow(self.settings, change))

    def _set(self, settings: Settings) -> None:
        self.settings = settings
        if self._rest:
            self._rest.cancel()
        try:
            self._answer(settings)  # first: the chart is what one waits for
        except InputError as error:
            self.message.value = html.part("refusal", in_words(str(error), settings))
            self.copies.value = self.texts.value = ""
            self.save_button.disabled = True
            return
        finally:
            self.panel.place(settings)
        try:
            self._rest = asyncio.get_running_loop().create_task(self._later(settings))
        except RuntimeError:  # no loop, no browser that waits
            self._complete(self._whole(settings))

    def _answer(self, settings: Settings) -> None:
        """Show sentence and chart of the settings, with `FEW` draws at most."""
        for widget, content in self._seen(settings, few=True).items():
            widget.value = content
        self.message.value, self.saved.value, self.save_button.disabled = "", "", False
        self.shown = settings

    def _seen(self, settings: Settings, few: bool) -> dict[widgets.HTML, str]:
        """Return chart and sentence of the settings."""
        est, table, notes = self.estimate_of(settings, few), self.table(settings, few), []
        if est.n_draws != settings.n_draws:
            notes = [
                f"While you move: the first {est.n_draws:,} of {settings.n_draws:,} draws; all of"
                " them when you stop."
            ]
        if settings.left_out:
            notes.append(f"Without {', '.join(settings.left_out)} of {settings.scenario}.")
        rows = 2 + len(settings.offer.groups)
        chart = html.chart_html(table, " ".join([*notes, html.beyond(table, est)]), rows)
        return {self.chart: chart, self.sentence: html.sentence_html(answer(est))}

    async def _later(self, settings: Settings) -> None:
        """Show the rest when nothing has changed for a while; a change cancels this."""
        await asyncio.sleep(PAUSE)
        loop = asyncio.get_running_loop()
        self._complete(await loop.run_in_executor(self._worker, self._whole, settings))

    def _whole(self, settings: Settings) -> tuple[dict[widgets.HTML, str], list, str] | None:
        """Work out all that is shown of settings: the parts of the page, the lines of the table of
        runs, and which of them is chosen; None as soon as other settings are set."""
        est = self.estimate_of(settings)
        for one in est.parts:
            if self.settings is not settings:
                return None
            _ = one.share
        costs = est.cost_table()
        run_id = self.runs.value if self.runs.value in est.runs else next(iter(est.runs))
        told = {"papermill command": command(settings), "Python call": call(settings)}
        seen = {
            **self._seen(settings, few=False),
            self.copies: html.part("copies", {**told, "sentence": answer(est).replace("**", "")}),
            self.texts: html.part(
                "readable", {**told, "Parameters file": parameters_yaml(settings)}
            ),
            self.runs_head: html.head_html(costs),
            self.chain: html.chain_html(est, run_id),
        }
        return seen, html.run_lines(costs), run_id

    def _complete(self, whole: tuple[dict[widgets.HTML, str], list, str] | None) -> None:
        if whole is None:
            return
        seen, lines, run_id = whole
        for widget, content in seen.items():
            widget.value = content
        self.runs.unobserve(self._show_chain, "value")  # new lines choose the first for a moment
        with self.runs.hold_sync():
            self.runs.options, self.runs.value = lines, run_id
        self.runs.observe(self._show_chain, "value")

    def _show_chain(self, _=None) -> None:
        est = self.estimate_of(self.shown)
        if self.runs.value in est.runs:
            self.chain.value = html.chain_html(est, self.runs.value)

    def save(self) -> list[Path]:
        """Write chart (PNG, SVG, CSV), parameters (YAML) and command (TXT); return their paths."""
        name, folder = f"explorer_{self.shown.company}", self.figures
        try:
            save(charts.ratio(self.table(self.shown)), name, folder, overwrite=True)
            texts = {"yaml": parameters_yaml(self.shown), "txt": f"{command(self.shown)}\n"}
            write_all(folder, {f"{name}.{kind}": text.encode() for kind, text in texts.items()})
        except InputError as error:
            self.saved.value = html.part("refusal", str(error))
            return []
        paths = [folder / f"{name}.{kind}" for kind in ("png", "svg", "csv", "yaml", "txt")]
        names = ", ".join(f"`{path.name}`" for path in paths)
        self.saved.value = html.sentence_html(f"Saved to `{folder}`: {names}.")
        return paths

    # --- the parts of the notebook ----------------------------------------------------------------
    def show(self) -> None:
        """Display the sentence, the chart, the controls and what to take along."""
        figure = charts.ratio(self.table(self.shown))
        display(Javascript(html.part("keys")))
        _show(self.sentence, {"text/markdown": answer(self.estimate_of(self.shown))})
        take = [self.reset, self.save_button, self.copies, self.saved]
        box = widgets.VBox(
            [
                widgets.HTML(html.part("style"), layout={"display": "none"}),
                self.message,
                widgets.HBox([self.chart, self.panel.box], layout=WRAP),
                widgets.HBox(take, layout=WRAP),
                self.panel.accordion,
            ]
        )
        image = b64encode(png_of(figure.drawing, 100)).decode()
        _show(box, {"image/png": image, "text/plain": figure.alt}, image_alt=figure.alt)

    def show_runs(self) -> None:
        """Display the cost table, and the chain of the run chosen in it."""
        table = widgets.VBox([self.runs_head, self.runs])
        box = widgets.HBox([table, self.chain], layout={**WRAP, "grid_gap": "20px"})
        costs = self.estimate_of(self.shown).cost_table().map(html.amount)
        static = costs.to_html(border=0, justify="left") + self.chain.value
        _show(box, {"text/html": static, "text/plain": costs.to_string()})

    def show_command(self) -> None:
        """Display the papermill command, the Python call and the parameters file."""
        text = f"{command(self.shown)}\n\n{call(self.shown)}\n\n{parameters_yaml(self.shown)}"
        _show(self.texts, {"text/markdown": f"```\n{text}```", "text/plain": text})


def explore(
    company: str = "minimax", *, figures_dir: str | Path = "", **settings: str | int
) -> Explorer:
    """Return the explorer with its controls at `settings`, the arguments of `estimate`; its `show`
    methods display the parts.

    Raises InputError where the estimate of these settings is refused, or has no share.
    """
    first = estimate(company, **settings)
    if first.call["changes"] or first.added:
        raise InputError("explore: changes and runs are not among its controls; leave them out")
    _ = first.share
    return Explorer(first, figures_dir)


def _asked(settings: Settings, few: bool) -> dict[str, object]:
    """Return the arguments of the estimate of settings, with at most `FEW` draws where asked."""
    draws = min(settings.n_draws, FEW) if few else settings.n_draws
    return {"company": settings.company, **settings.parameters, "n_draws": draws}


def _show(widget: widgets.Widget, static: Mapping[str, str], image_alt: str = "") -> None:
    """Display a widget, with what stands in its place where widgets do not run, by MIME type."""
    metadata = {"image/png": {"alt": image_alt}} if image_alt else None
    display({**widget._repr_mimebundle_(), "text/plain": "", **static}, raw=True, metadata=metadata)
