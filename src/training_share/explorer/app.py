"""The live explorer of JupyterLab: controls, and what follows a change of one.

Sentence and chart follow at once. What takes longer (the cost of each run, texts to copy) follows
when the changes pause, so that a slider is never held up by it.
"""

import asyncio
import json
import re
import shlex
from functools import lru_cache
from html import escape
from pathlib import Path

import ipywidgets as widgets
import pandas as pd
from IPython.display import Javascript, display
from jinja2 import Environment, PackageLoader

import training_share as ts
from training_share.explorer import controls as offer
from training_share.explorer.controls import WINDOW, WRAP, Ticks
from training_share.files import repo_root, write_all
from training_share.inputs.tables import Tables
from training_share.model.case import NO_EVIDENCE
from training_share.report import display as figures
from training_share.report import text
from training_share.report.charts import ratio_alt

PAUSE = 0.25  # seconds without a change, after which the rest follows
TABLE = {"border": 0, "justify": "left", "float_format": text.number, "index_names": False}

_templates = Environment(loader=PackageLoader(__package__), autoescape=True, trim_blocks=True)
parts = _templates.get_template("parts.html.j2", globals={"text": text}).module  # macros


class Explorer:
    """All controls, at first at `settings`, the arguments of `estimate`, and what follows them.

    `controls` alone hold the settings; `estimate` is the last answer that worked. Raises InputError
    if the first one is refused, has no share, or has a setting without a control.
    """

    def __init__(self, company: str, **settings: object) -> None:
        self.estimate = est = ts.estimate(company, **settings)
        self.figures = Path(figures.kept_in() or repo_root() / "figures")
        _ = est.rd_compute  # refuses a company without spending
        self.base, self.controls = est.base, offer.controls_of(est.base)
        self.cells, self.named = offer.cells_of(est.base), settings.keys()
        for name in self.named - self.controls.keys() - {"base", "data_dir"}:
            raise ts.InputError(f"explore: '{name}' is not among its controls; leave it out")
        self.chart, self.message, self.sentence = (widgets.HTML() for _ in range(3))
        self.runs, self.chain, self.texts = (widgets.HTML() for _ in range(3))
        self.run = widgets.Dropdown(**offer.look("Run, worked out", "420px"))
        self.reset = widgets.Button(description="As the scenario says", icon="undo")
        self.saving = widgets.Button(description="Save figure", icon="save")
        lists = [self.controls["corrections"], self.controls["evidence"]]
        self.lists = widgets.Accordion(lists, titles=("Corrections", "Evidence"))
        self._following, self._later = False, None
        ticked = {"corrections": est.corrections, "exclude_groups": est.excluded}
        given = {**est.call, **ticked, "evidence": est.evidence}
        for name, control in self.controls.items():
            if isinstance(control, Ticks):
                control.show(given[name], ())
            elif given.get(name) not in (None, ""):
                control.value = type(control.value)(given[name])
            control.observe(self.follow, "value")
        self.reset.on_click(self.follow)
        self.saving.on_click(self.save)
        self.run.observe(self._work_out, "value")
        self.follow()

    def parameters(self) -> dict[str, str | int]:
        """Return the arguments of `estimate` that are set. A scenario without one of its own
        corrections is the one that has none, with the others."""
        asked = {name: control.value for name, control in self.controls.items()}
        own, ticked = self.base.scenario_corrections, asked["corrections"]
        if {*own(asked["scenario"])} - {*ticked}:
            asked["scenario"] = next(name for name in self.base.scenario_names if not own(name))
        asked["corrections"] = ",".join(n for n in ticked if n not in own(asked["scenario"]))
        asked["exclude_groups"] = ",".join(asked["exclude_groups"])
        asked["evidence"] = ",".join(asked["evidence"]) or NO_EVIDENCE
        return {name: value for name, value in asked.items() if value != ""}

    # --- what follows a change --------------------------------------------------------------------
    def follow(self, change: object = None) -> None:
        """Show what follows a change; on a refusal, show why and keep the last good answer."""
        if self._following:  # what the change itself brings along
            return
        if self._later:
            self._later.cancel()
        self._following = True
        try:
            self._arrange(getattr(change, "owner", change))
            self._answer()
            self._later = asyncio.get_running_loop().call_later(PAUSE, self._complete)
        except ts.InputError as error:
            self.message.value = parts.refusal(self._in_words(str(error)))
        except RuntimeError:  # no loop, so no browser that waits
            self._complete()
        finally:
            self._following = False

    def _arrange(self, changed: object) -> None:
        """Set what a change brings along (a scenario its ticks, the button all that it says), and
        show what can be set for the company; what cannot is unset."""
        base, controls, names = self.base, self.controls, (*WINDOW, *self.cells)
        company, scenario = controls["company"].value, controls["scenario"].value
        for kind, own, offered in (
            ("corrections", base.scenario_corrections(scenario), offer.touching(base, company)),
            ("evidence", base.scenario_evidence(scenario), base.evidence_names),
            ("exclude_groups", (), base.groups([company])),
        ):
            anew = changed is controls["scenario"] and kind != "exclude_groups"
            kept = {*controls[kind].value} & {*offered, *own}
            controls[kind].show(own if anew or changed is self.reset else kept, offered)
        for name in names if changed is self.reset else ():
            controls[name].value = ""
        asked = {n: value for n, value in self.parameters().items() if n not in self.cells}
        own, days = offer.own_of(base, **asked)
        for name in names:
            controls[name].placeholder = own.get(name, "")  # without, an amount is not shown
            controls[name].value = controls[name].value if name in own else ""
        for name, options in days.items():
            controls[name].options = options

    def _answer(self) -> None:
        """Show sentence and chart of what is set."""
        est, scenario = ts.estimate(**self.parameters(), base=self.base), self.controls["scenario"]
        rows = ts.shares.company_ratio_table(est)
        below = _unchanged(self.base, est.company, scenario.value, est.n_draws, est.seed)
        table, sentence = pd.concat([rows, below], ignore_index=True), ts.sentences.answer(est)
        rows, beyond = [*table.itertuples()], est.mean(est.share > 1)
        self.chart.value = parts.chart(rows, ratio_alt(table), beyond)
        self.sentence.value, self.table, self.estimate = _html(sentence), table, est
        self.message.value = ""

    def _complete(self) -> None:
        """Show what takes longer than a slider may wait."""
        self.texts.value = parts.copies(self.taken())
        self.runs.value = parts.runs(self.estimate.cost_table().to_html(**TABLE))
        runs, chosen = tuple(self.estimate.runs), self.run.value
        self.run.options = runs
        self.run.value = chosen if chosen in runs else runs[0]
        self._work_out()

    def _work_out(self, _: object = None) -> None:
        """Show how the size of the chosen run becomes its cost."""
        if run := self.estimate.runs.get(self.run.value):
            steps, source = self.estimate.trace(run.run_id), self.base.sources[run.source_id]
            table = steps.drop(columns=["cell", "source"]).to_html(**TABLE)
            self.chain.value = parts.chain(run, source, steps.attrs["sentence"], table)

    def _in_words(self, message: str) -> str:
        """Return a refusal in the words of the controls in place of those of the tables."""
        words = {name: getattr(it, "description", name) for name, it in self.controls.items()}
        words |= {key: row.display_name for key, row in self.base.companies.items()}
        message = re.sub(r"\w+\.csv, row |, column value", "", message)
        return re.sub(r"\b\w+\b", lambda word: words.get(word[0], word[0]), message)

    # --- what a reader takes along, and sees ------------------------------------------------------
    def taken(self) -> dict[str, str]:
        """Return what gives the same estimate again: a papermill command for the company's own
        notebook, a Python call, and the command's parameters as a file. An amount that this
        notebook has no parameter for is none there either: it goes into the `changes`."""
        call, company = self.estimate.call, self.estimate.company
        asked = {n: call[n] for n in call if n in self.controls and call[n] not in ("", ())}
        others = [name for name in self.cells if name in asked and name not in self.named]
        changes = "; ".join(f"{cell} = {asked[n]}" for n in others for cell in self.cells[n])
        given = {name: asked[name] for name in asked if name not in ("company", *others)}
        given |= ({"changes": changes} if others else {}) | {"figures_dir": f"explored_{company}"}
        words = ["papermill", f"notebooks/{company}.ipynb", f"explored_{company}.ipynb"]
        words += [word for name, value in given.items() for word in ("-p", name, str(value))]
        return {
            "papermill command": shlex.join(words),
            "Python call": f"ts.estimate({', '.join(f'{n}={v!r}' for n, v in asked.items())})",
            "parameters file": json.dumps(given, indent=1, ensure_ascii=False),
        }

    def save(self, _: object = None) -> None:
        """Write chart (PNG, SVG, CSV), parameters (YAML) and command (TXT)."""
        name, folder = f"explorer_{self.estimate.company}", self.figures
        command, _, parameters = self.taken().values()
        try:
            figures.save(ts.charts.ratio(self.table), name, folder, overwrite=True)
            texts = {f"{name}.yaml": parameters.encode(), f"{name}.txt": command.encode()}
            write_all(folder, texts)
            self.message.value = _html(f"Saved `{name}` (PNG, SVG, CSV, YAML, TXT) in `{folder}`.")
        except ts.InputError as error:
            self.message.value = parts.refusal(str(error))

    def _ipython_display_(self) -> None:
        """Display all, in two parts; each with what stands in its place where no widgets run."""
        self._complete()
        controls, figure = self.controls, ts.charts.ratio(self.table)
        menus = [controls[name] for name in ("company", "scenario", "n_draws", "seed", *WINDOW)]
        buttons = [controls["exclude_groups"], self.reset, self.saving]
        runs = [self.runs, widgets.VBox([self.run, self.chain])]
        menus, buttons, runs = (widgets.HBox(each, layout=WRAP) for each in (menus, buttons, runs))
        amounts, style = [controls[name].row for name in self.cells], widgets.HTML(parts.style())
        html = "".join(each.value for each in (self.sentence, self.runs, self.chain, self.texts))
        picture = {"image/png": figure._repr_png_(), "text/plain": figure.alt}
        about = {"image/png": {"alt": figure.alt}}
        display(Javascript(parts.names()))
        for shown, still in (
            ([style, menus, self.chart, *amounts, buttons, self.message], picture),
            ([self.sentence, self.lists, runs, self.texts], {"text/html": html, "text/plain": ""}),
        ):
            box = widgets.VBox(shown).add_class("ts-explorer")
            display(box._repr_mimebundle_() | still, raw=True, metadata=about)


@lru_cache(16)
def _unchanged(base: Tables, company: str, scenario: str, *exactness: int) -> pd.DataFrame:
    est = ts.estimate(company, scenario, *exactness, base=base)
    row = ts.shares.company_ratio_table(est).head(1)
    return row.assign(label=f"{scenario}, unchanged")


def _html(markdown: str) -> str:
    """Return generated sentences as HTML; paragraphs, bold and code are all the marks they have."""
    text = re.sub(r"\*\*(.+?)\*\*|`(.+?)`", r"<b>\1\2</b>", escape(markdown, quote=False))
    return "<p>" + text.replace("\n\n", "</p><p>") + "</p>"
