"""What can be set: one list of controls, each a widget with the name of its argument of `estimate`
(and of its parameter in the notebooks).

A control's `value` is that argument. An empty text leaves the scenario's value, which its
`placeholder` shows.
"""

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache, partial

import ipywidgets as widgets
import pandas as pd
import traitlets

import training_share as ts
from training_share.analysis.variants import DAY, edges_of
from training_share.inputs.notation import Distribution, parse
from training_share.inputs.tables import Tables
from training_share.model.case import NO_EVIDENCE, WINDOW

FEW = {"n_draws": 20, "evidence": NO_EVIDENCE}  # enough to see what a share rests on
WRAP = {"flex_flow": "row wrap", "grid_gap": "2px 16px"}


def controls_of(base: Tables) -> dict[str, widgets.Widget]:
    """Return all controls: what each company, assumption, rate, group, correction and row of
    evidence in the tables needs, and nothing else."""
    companies = {base.companies[key].display_name: key for key in base.with_spending}
    drawn = [row for row in base.assumptions.values() if row.name in cells_of(base)]
    rates = {name: base.fx[keys[0]] for name, keys in base.rates().items()}
    reasons = {row.correction: row.reason for row in reversed(base.corrections.values())}
    observed = {r.evidence: f"{r.quantity} {r.value}" for r in reversed(base.evidence.values())}
    days = partial(widgets.Combobox, continuous_update=False)  # answers when one leaves the field
    return {
        "company": widgets.Dropdown(**look("Company", "180px"), options=companies),
        "scenario": widgets.Dropdown(**look("Scenario", "190px"), options=base.scenario_names),
        "n_draws": widgets.IntText(**look("Draws", "130px")),
        "seed": widgets.IntText(**look("Seed", "110px")),
        "release_lag_months": days(**look("Release lag (months)", "210px")),
        "spending_start": days(**look("Spending from", "220px")),
        "spending_end": days(**look("Spending to", "200px")),
        **{row.name: Amount(row.label, row.amount, row.kind, row.unit) for row in drawn},
        **{name: Amount(f"{row.currency} per USD", row.per_usd) for name, row in rates.items()},
        "exclude_groups": Ticks({g: f"Leave out {g.title()}" for g in base.groups(base.companies)}),
        "corrections": Ticks({name: f"{name}: {reasons[name]}" for name in base.cells_of}),
        "evidence": Ticks({name: f"{name}: {observed[name]}" for name in base.evidence_names}),
    }


def cells_of(base: Tables) -> dict[str, list[str]]:
    """Return the addresses of the cells that each amount sets: of an assumption that is drawn
    (the others are choices of method), or of an exchange rate."""
    drawn = [row.name for row in base.assumptions.values() if row.correlation]
    cells = {name: [f"assumptions/{name}/value"] for name in drawn}
    return cells | {n: [f"fx/{key}/per_usd" for key in keys] for n, keys in base.rates().items()}


def look(label: str, width: str, label_width: str = "auto") -> dict[str, object]:
    """Return what a field is made with."""
    style, layout = {"description_width": label_width}, {"width": width}
    return {"description": label, "style": style, "layout": layout}


class Amount(widgets.Text):
    """A field for any amount in the notation; its `row` has a slider beside it, whose handles are
    the p10 and the p90 of a lognormal, and at the same place an exact value. The slider ends at
    twice the p90 of what is usual, that of a fraction at one. It follows the field, or what holds
    where that is empty; moved, it writes into it."""

    def __init__(self, label: str, usual: Distribution, kind: str = "", unit: str = "") -> None:
        top = min(2 * usual.quantile(0.9), 1.0 if kind.startswith("fraction") else math.inf)
        step = 10.0 ** math.floor(math.log10(top / 50))
        ends = {"min": step, "max": math.ceil(round(top / step, 6)) * step, "step": step}
        label = label[0].upper() + label[1:] + (f" ({unit})" if kind.startswith("amount ") else "")
        super().__init__(**look(label, "455px", "222px"), continuous_update=False)
        self.slider = widgets.FloatRangeSlider(**ends, readout=False, layout={"flex": "1 1 240px"})
        self.row = widgets.HBox([self, self.slider], layout=WRAP)
        self.observe(self._follow, ["value", "placeholder"])
        self.slider.observe(self._write, "value")

    def _places(self, values: Iterable[float]) -> list[float]:
        low, high, step = self.slider.min, self.slider.max, self.slider.step
        return [round(round(min(max(v, low), high) / step) * step, 9) for v in values]

    def _places_of(self, text: str) -> list[float]:
        """Return the places of the handles for a text; none where it cannot be read."""
        try:
            return self._places(map(parse(text).quantile, (0.1, 0.9)))
        except ts.InputError:
            return []

    def _follow(self, _: object) -> None:
        places = self._places_of(self.value or self.placeholder)
        if places and places != self._places(self.slider.value):
            self.slider.value = places

    def _write(self, _: object) -> None:
        places = self._places(self.slider.value)
        if places != self._places_of(self.value or self.placeholder):  # else it only followed
            low, *high = dict.fromkeys(f"{place:g}" for place in places)
            text = f"{low} to {high[0]} (p10-p90 lognormal)" if high else low
            self.value = "" if places == self._places_of(self.placeholder) else text


class Ticks(widgets.VBox):
    """Boxes to tick, each with a sentence; `value` is the names of those ticked."""

    value = traitlets.Tuple()

    def __init__(self, sentences: Mapping[str, str]) -> None:
        texts = sentences.items()
        self.boxes = {n: widgets.Checkbox(description=text, indent=False) for n, text in texts}
        super().__init__([*self.boxes.values()])
        for box in self.children:
            box.observe(self._ticked, "value")

    def _ticked(self, _: object) -> None:
        self.value = tuple(name for name, box in self.boxes.items() if box.value)

    def show(self, ticked: Iterable[str], offered: Iterable[str]) -> None:
        """Tick some boxes, and show those that are offered."""
        for name, box in self.boxes.items():
            box.value, box.layout.display = name in ticked, None if name in offered else "none"


# --- what is offered for a company ----------------------------------------------------------------
@lru_cache(64)
def own_of(base: Tables, **asked: object) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return what holds where nothing is set, by control: of the company's window, and of each
    amount that its share is computed from. Return too on which days a window can begin and end:
    where disclosed periods do. InputError as `estimate`."""
    est = ts.estimate(**{**asked, **FEW}, base=base)
    row = est.again(**dict.fromkeys(WINDOW, "")).tables.texts["companies"][est.company]
    own, lines = {name: row[name] for name in WINDOW}, est.denominator_lines
    cited = pd.concat([est.cite(what) for what in (*est.runs, *lines)])["content"].to_dict()
    for name, cells in cells_of(base).items():
        own.update([(name, cited[cell]) for cell in cells if cell in cited])
    edges = edges_of(row for line in lines for row in base.lines(est.company)[line])
    starts, ends = [str(edge) for edge in edges[:-1]], [str(edge - DAY) for edge in edges[1:]]
    return own, {"spending_start": starts, "spending_end": ends}


@lru_cache(16)
def touching(base: Tables, company: str) -> list[str]:
    """Return the corrections that, each alone, move a company's share, or that it refuses."""
    est = ts.estimate(company, base=base, **FEW)
    table = ts.variants(est, {name: {"corrections": [name]} for name in base.cells_of})
    return list(table.index[table["moved"] != 0])
