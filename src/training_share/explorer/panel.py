"""The controls as widgets of JupyterLab. They hold nothing: `place` shows settings, and a change of
a value is handed on as parameter and value."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ipywidgets as widgets

from training_share.explorer.controls import WINDOW, Control, Offer, with_spending
from training_share.explorer.settings import Settings

DRAWS = (1_000, 10_000, 50_000, 200_000, 1_000_000)
WRAP = {"flex_flow": "row wrap", "grid_gap": "2px 16px"}
MENU = {"style": {"description_width": "104px"}, "layout": {"width": "228px"}}


class Panel:
    """Widgets for all controls: `box` in two columns, and the corrections in `accordion`. `changed`
    is called with each change of a value."""

    def __init__(self, settings: Settings, changed: Callable[[Mapping[str, object]], None]) -> None:
        self._changed, self._quiet = changed, False
        self._offer: Offer | None = None
        self._made: dict[str, widgets.Widget] = {}  # each once, so that the focus stays
        base = settings.base
        draws = {f"{n:,}": n for n in sorted({*DRAWS, settings.n_draws})}
        self.menus: dict[str, widgets.Widget] = {
            "company": _menu("Company", with_spending(base)),
            "scenario": _menu("Scenario", list(base.scenario_names)),
            "n_draws": _menu("Draws", draws),
            "seed": widgets.Text(description="Seed", continuous_update=False, **MENU),
            **{name: _menu(label, []) for name, label in WINDOW.items()},
        }
        for name, menu in self.menus.items():
            menu.observe(lambda event, name=name: self._tell({name: event.new}), "value")
        self.sliders: dict[str, widgets.Widget] = {}
        self.texts: dict[str, widgets.Text] = {}
        # boxes by the parameter they make a list of, and by name
        self.boxes: dict[str, dict[str, widgets.Checkbox]] = {}
        self._rows, self._groups = widgets.VBox(), widgets.HBox(layout=WRAP)
        self._corrections, self._evidence = widgets.VBox(), widgets.VBox()
        self.accordion = widgets.Accordion([self._corrections, self._evidence], selected_index=None)
        wide, narrow = {"flex": "1 1 500px", "min_width": "0"}, {"flex": "0 1 230px"}
        columns = [
            widgets.VBox([self._rows, self._groups], layout=wide),
            widgets.VBox(list(self.menus.values()), layout=narrow),
        ]
        self.box = widgets.HBox(columns, layout={**WRAP, "flex": "1 1 780px"})
        self.place(settings)

    # --- from settings to widgets -----------------------------------------------------------------
    def place(self, settings: Settings) -> None:
        """Show settings, without a call of `changed`."""
        self._quiet = True
        try:
            self._place(settings)
        finally:
            self._quiet = False

    def _place(self, settings: Settings) -> None:
        if settings.offer is not self._offer:  # another company, or other corrections
            self._lay_out(settings.offer)
        for name in ("company", "scenario", "n_draws"):
            self.menus[name].value = getattr(settings, name)
        self.menus["seed"].value = str(settings.seed)
        for name, control in settings.offer.controls.items():
            text = settings.given.get(name, "")
            if not control.handles:
                self.menus[name].value = text
                continue
            self.texts[name].value, self.texts[name].placeholder = text, control.own
            places = control.places(text or control.own)
            if places is not None:
                self.sliders[name].index = places if control.handles == 2 else places[0]
        for kind, boxes in self.boxes.items():
            for name, box in boxes.items():
                box.value = name in getattr(settings, kind)
        self.accordion.titles = tuple(
            f"{kind.capitalize()}: {sum(box.value for box in self.boxes[kind].values())} of"
            f" {len(self.boxes[kind])} in force"
            for kind in ("corrections", "evidence")
        )

    def _lay_out(self, offer: Offer) -> None:
        self._offer = offer
        self._rows.children = [self._row(one) for one in offer.controls.values() if one.handles]
        for name in WINDOW:
            control = offer.controls[name]
            days = {day: "" if day == control.own else day for day in control.options}
            self.menus[name].options = days
        labels = {group: f"Leave out {group.title()}" for group in offer.groups}
        self._groups.children = self._tick("exclude_groups", {"": labels})
        self._corrections.children = self._tick("corrections", offer.listed)
        self._evidence.children = self._tick("evidence", {"": offer.observed})

    def _row(self, control: Control) -> widgets.Widget:
        name = control.name
        if name not in self._made:
            self.sliders[name] = slider = _slider(control)
            self.texts[name] = text = widgets.Text(
                continuous_update=False,
                tooltip=f"{control.label}, in the notation; empty: as the scenario says",
                layout={"width": "228px"},
            )
            slider.observe(lambda _: self._slid(name), "index")
            text.observe(lambda event: self._tell({name: event.new}), "value")
            self._made[name] = widgets.HBox([slider, text])
        return self._made[name]

    def _tick(self, kind: str, headed: Mapping[str, Mapping[str, str]]) -> list[widgets.Widget]:
        """Return a box for each entry of a list (heading -> name -> sentence), under headings."""
        self.boxes[kind], shown = {}, []
        for heading, sentences in headed.items():
            if heading:
                title = widgets.HTML(f"<b>{heading}</b>")
                shown.append(self._made.setdefault(f"{kind}/{heading}", title))
            for name, sentence in sentences.items():
                shown.append(self._box(kind, name, sentence))
                self.boxes[kind][name] = shown[-1]
        return shown

    def _box(self, kind: str, name: str, sentence: str) -> widgets.Checkbox:
        if f"{kind}/{name}" not in self._made:
            box = widgets.Checkbox(
                description=sentence, indent=False, layout={"width": "auto"}, tooltip=name
            )
            box.add_class("ts-tick")
            box.observe(lambda _: self._ticked(kind), "value")
            self._made[f"{kind}/{name}"] = box
        return self._made[f"{kind}/{name}"]

    # --- from widgets to changes ------------------------------------------------------------------
    def _tell(self, change: Mapping[str, object]) -> None:
        if not self._quiet:
            self._changed(change)

    def _slid(self, name: str) -> None:
        index = self.sliders[name].index
        places = index if isinstance(index, tuple) else (index,)
        self._tell({name: self._offer.controls[name].text(places)})

    def _ticked(self, kind: str) -> None:
        """Tell the whole list; what has no box, since it does not touch the company, stays."""
        boxes = self.boxes[kind]
        unseen = [name for name in self._offer.corrections if name not in boxes]
        ticked = [name for name, box in boxes.items() if box.value]
        self._tell({kind: [*(unseen if kind == "corrections" else ()), *ticked]})


def _menu(label: str, options: object) -> widgets.Dropdown:
    return widgets.Dropdown(description=label, options=options, **MENU)


def _slider(control: Control) -> widgets.Widget:
    kind = widgets.SelectionRangeSlider if control.handles == 2 else widgets.SelectionSlider
    return kind(
        options=[(f"{value:g}", value) for value in control.options],
        description=control.label,
        readout=False,  # the field beside it says the same, and more
        continuous_update=True,
        style={"description_width": "212px"},
        layout={"flex": "1 1 280px", "width": "auto", "min_width": "0"},
        tooltip=control.note or control.label,
    )
