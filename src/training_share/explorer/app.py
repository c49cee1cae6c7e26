"""The live explorer of JupyterLab: widgets whose values are all the state there is.

Each part is displayed with what it shows as static content beside it, so that a copy of the
notebook without a kernel still shows the chart, the sentence and the tables.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import ipywidgets as widgets
from IPython.display import Javascript, display

from training_share.analysis.shares import precision_table
from training_share.errors import InputError
from training_share.explorer.chart import (
    WIDTH,
    chart_alt,
    chart_png,
    explorer_chart,
    explorer_table,
)
from training_share.explorer.controls import Controls
from training_share.explorer.html import (
    chain_html,
    head_html,
    image_html,
    message_html,
    run_lines,
    sentence_html,
)
from training_share.explorer.settings import Settings, command, estimate_of, parameters_yaml
from training_share.files import write_aside
from training_share.report import sentences as words
from training_share.report.display import figures_folder, save, with_errors
from training_share.report.figure import Figure

STYLE = """<style>
.training-share-runs select, .training-share-text textarea { font: 12px/1.5 monospace }
.training-share-chain a { color: #0B5CAD; text-decoration: underline }
.training-share-chain td + td, .training-share-chain th + th { text-align: right !important; padding-left: 16px }
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


class Explorer:
    """Controls, and what follows them: sentence, ratio chart, cost table, one run's chain, the
    command.

    The first settings have to be good (InputError otherwise); later refusals are shown in place.
    """

    def __init__(self, settings: Settings, figures_dir: str | Path = "") -> None:
        self.figures_dir = figures_dir
        # the settings that chart and tables show: those of the widgets, or the last good ones
        self.shown = settings
        self.controls = Controls(settings, self.refresh)
        self.sentence = widgets.HTML()
        self.chart = widgets.HTML()
        self.message = widgets.HTML(layout={"min_height": "28px"})
        self.runs_head = widgets.HTML()
        self.runs = widgets.Select(
            options=[],
            rows=12,
            layout={"width": "510px", "max_width": "100%"},
            tooltip="Training runs: p5, p50 and p95 of the cost in USD million",
        )
        self.runs.add_class("training-share-runs")
        self.chain = widgets.HTML(layout={"flex": "1 1 300px"})
        self.command = _text_area("papermill command", 4)
        self.yaml = _text_area("Parameters file (YAML)", 10)
        self.save_button = widgets.Button(
            description="Save figure, parameters and command",
            icon="save",
            layout={"width": "300px"},
        )
        self.saved = widgets.HTML()
        self.runs.observe(self._show_chain, "value")
        self.save_button.on_click(lambda _: self.save())
        self._update(settings)

    # --- what follows the controls ----------------------------------------------------------------
    def refresh(self) -> None:
        """Show what the widgets say; where it is refused, say why and leave chart and tables as
        they are."""
        try:
            self._update(self.controls.settings)
        except InputError as error:
            self.message.value = message_html(str(error))
            self.command.value = self.yaml.value = ""
            self.save_button.disabled = True

    def _update(self, settings: Settings) -> None:
        est, table = estimate_of(settings), explorer_table(settings)
        png = chart_png(explorer_chart(table))
        self.shown = settings
        self.chart.value = image_html(png, chart_alt(table, est), int(WIDTH * 100))
        self.sentence.value = sentence_html(words.answer(est))
        self.message.value, self.saved.value = message_html(""), ""
        self.command.value, self.yaml.value = command(settings), parameters_yaml(settings)
        self.save_button.disabled = False
        self._show_runs()

    def _show_runs(self) -> None:
        costs, before = estimate_of(self.shown).cost_table(), self.runs.value
        self.runs_head.value = head_html(costs)
        lines = run_lines(costs)
        places = {run_id: place for place, (_, run_id) in enumerate(lines)}
        self.runs.unobserve(
            self._show_chain, "value"
        )  # new lines choose the first run for a moment
        with self.runs.hold_sync():
            self.runs.options = lines
            self.runs.index = places.get(before, 0)
        self.runs.observe(self._show_chain, "value")
        self._show_chain()

    def _show_chain(self, _=None) -> None:
        est = estimate_of(self.shown)
        if self.runs.value in est.runs:
            self.chain.value = chain_html(est, self.runs.value)

    def save(self) -> list[Path]:
        """Write the chart (PNG, SVG, CSV), the parameters (YAML) and the command (TXT); return
        their paths."""
        name, table = f"explorer_{self.shown.company}", explorer_table(self.shown)
        folder = figures_folder(self.figures_dir)
        try:
            save(Figure((explorer_chart(table),), table, ""), name, self.figures_dir)
            write_aside(folder / f"{name}.yaml", parameters_yaml(self.shown).encode())
            write_aside(folder / f"{name}.txt", f"{command(self.shown)}\n".encode())
        except InputError as error:
            self.saved.value = message_html(str(error))
            return []
        paths = [folder / f"{name}.{kind}" for kind in ("png", "svg", "csv", "yaml", "txt")]
        self.saved.value = sentence_html(
            f"Saved to `{folder}`: " + ", ".join(f"`{path.name}`" for path in paths) + "."
        )
        return paths

    # --- the parts of the notebook ----------------------------------------------------------------
    def show(self) -> None:
        """Display the sentence, the chart and the controls."""
        est, table = estimate_of(self.shown), explorer_table(self.shown)
        display(Javascript(KEYS_TO_WIDGETS))
        _show(self.sentence, {"text/markdown": words.answer(est)})
        image = b64encode(chart_png(explorer_chart(table))).decode()
        alt = chart_alt(table, est)
        _show(self.chart, {"image/png": image, "text/plain": alt}, {"image/png": {"alt": alt}})
        _show(widgets.VBox([widgets.HTML(STYLE), self.message, self.controls.box]))

    def show_runs(self) -> None:
        """Display the cost table, and the chain of the run chosen in it."""
        table = widgets.VBox([self.runs_head, self.runs])
        box = widgets.HBox(
            [table, self.chain], layout={"flex_flow": "row wrap", "grid_gap": "20px"}
        )
        costs = with_errors(precision_table(estimate_of(self.shown)))
        static = costs.to_html(border=0, justify="left") + self.chain.value
        _show(box, {"text/html": static, "text/plain": costs.to_string()})

    def show_command(self) -> None:
        """Display the papermill command and the parameters file of the state, and the button that
        saves."""
        box = widgets.VBox([self.command, self.yaml, self.save_button, self.saved])
        text = f"{command(self.shown)}\n\n{parameters_yaml(self.shown)}"
        _show(box, {"text/markdown": f"```\n{text}```", "text/plain": text})


def explore(
    company: str = "minimax", *, figures_dir: str | Path = "", **settings: str | int
) -> Explorer:
    """Return the explorer with its widgets at `settings` (see `Settings`); its `show` methods
    display the parts.

    Raises InputError where the estimate of these settings is refused.
    """
    first = Settings(company, **settings)
    _ = estimate_of(first)  # refuse before any widget is made
    return Explorer(first, figures_dir)


def _text_area(description: str, rows: int) -> widgets.Textarea:
    area = widgets.Textarea(
        description=description,
        rows=rows,
        style={"description_width": "170px"},
        layout={"width": "100%", "max_width": "900px"},
    )
    area.add_class("training-share-text")
    return area


def _show(
    widget: widgets.Widget,
    static: Mapping[str, str] = MappingProxyType({}),
    metadata: Mapping | None = None,
) -> None:
    """Display a widget, with what stands in its place where widgets do not run, by MIME type."""
    display({**widget._repr_mimebundle_(), "text/plain": "", **static}, raw=True, metadata=metadata)
