"""The controls as widgets of JupyterLab. They hold nothing: `place` shows settings, and a change of
a value is handed on as parameter and value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager

import ipywidgets as widgets

from training_share.explorer.controls import WINDOW, Control, with_spending
from training_share.explorer.settings import Settings

DRAWS = (1_000, 10_000, 50_000, 200_000, 1_000_000)
LABEL = {"description_width": "212px"}
WRAP = {"flex_flow": "row wrap", "grid_gap": "2px 16px"}
MENU = {"style": {"description_width": "104px"}, "layout": {"width": "228px"}}


class Panel:
    """Widgets for all controls, in two columns, and the corrections below. `changed` is called with
    each change of a value."""

    def __init__(self, settings: Settings, changed: Callable[[Mapping[str, object]], None]) -> None:
        self._changed, self._quiet = changed, False
        base = settings.offer.base
        draws = {f"{n:,}": n for n in sorted({*DRAWS, settings.n_draws})}
        self.menus: dict[str, widgets.Widget] = {
            "company": _menu("Company", with_spending(base)),
            "scenario": _menu("Scenario", list(base.scenario_names)),
            "n_draws": _menu("Draws", draws),
            "seed": widgets.Text(description="Seed", continuous_update=False, **MENU),
            **{name: _menu(label, []) for name, label in WINDOW.items()},
        }
        self.sliders: dict[str, widgets.Widget] = {}
        self.texts: dict[str, widgets.Text] = {}
        self.groups: dict[str, widgets.Checkbox] = {}
        self.corrections: dict[str, widgets.Checkbox] = {}
        self._made: dict[str, widgets.Widget] = {}  # each once, so that the focus stays
        self.reset = widgets.Button(
            description="As the scenario says",
            icon="undo",
            layout={"width": "auto"},
            tooltip="Undo every setting but company, scenario, draws and seed",
        )
        self._rows = widgets.VBox(layout={"flex": "1 1 500px", "min_width": "0"})
        self._ticks = widgets.VBox()
        self._listed = widgets.VBox()
        self._accordion = widgets.Accordion([self._listed], selected_index=None)
        self._accordion.layout.flex = "1 1 100%"
        column = widgets.VBox([*self.menus.values(), self._ticks], layout={"flex": "0 1 230px"})
        self.box = widgets.HBox([self._rows, column, self._accordion], layout=WRAP)
        for name, menu in self.menus.items():
            menu.observe(lambda event, name=name: self._tell({name: _read(name, event)}), "value")
        self._offer: object = None
        self.place(settings)

    # --- from settings to widgets -----------------------------------------------------------------
    def place(self, settings: Settings) -> None:
        """Show settings, without a call of `changed`."""
        offer = settings.offer
        with self._silence():
            if offer is not self._offer:  # another company, or other corrections
                self._lay_out(settings)
                self._offer = offer
            for name in ("company", "scenario", "n_draws"):
                self.menus[name].value = getattr(settings, name)
            self.menus["seed"].value = str(settings.seed)
            for name in WINDOW:
                self.menus[name].value = settings.given.get(name, "")
            for name, slider in self.sliders.items():
                if name in offer.controls:
                    self._stand(slider, offer.controls[name], settings.given.get(name, ""))
            for group, box in self.groups.items():
                box.value = group in settings.exclude_groups
            for name, box in self.corrections.items():
                box.value = name in offer.corrections

    def _stand(self, slider: widgets.Widget, control: Control, text: str) -> None:
        self.texts[control.name].value = text
        self.texts[control.name].placeholder = control.own
        places = control.places(text or control.own)
        if places is not None:
            slider.index = places if control.handles == 2 else places[0]

    def _lay_out(self, settings: Settings) -> None:
        offer, controls = settings.offer, settings.offer.controls.values()
        rows = [self._row(control) for control in controls if control.handles]
        if self._rows.children != tuple(rows):
            self._rows.children = rows
        for name in WINDOW:
            control = offer.controls[name]
            days = {day: "" if day == control.own else day for day in control.options}
            self.menus[name].options = days
        self.groups = {
            group: self._box(f"Leave out {group.title()}", "groups") for group in offer.groups
        }
        self._ticks.children = list(self.groups.values())
        self.corrections, listed = {}, []
        for heading, sentences in offer.listed.items():
            listed.append(self._heading(heading))
            for name, sentence in sentences.items():
                self.corrections[name] = self._box(f"{sentence} ({name})", "corrections")
            listed += [self.corrections[name] for name in sentences]
        self._listed.children = listed
        force = [name for name in self.corrections if name in offer.corrections]
        self._accordion.titles = (f"Corrections: {len(force)} of {len(self.corrections)} in force",)

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

    def _box(self, label: str, kind: str) -> widgets.Widget:
        if label not in self._made:
            box = widgets.Checkbox(description=label, indent=False, layout={"width": "auto"})
            box.add_class("training-share-tick")
            box.observe(lambda _: self._ticked(kind), "value")
            self._made[label] = box
        return self._made[label]

    def _heading(self, text: str) -> widgets.Widget:
        return self._made.setdefault(text, widgets.HTML(f"<b>{text}</b>"))

    # --- from widgets to changes ------------------------------------------------------------------
    @contextmanager
    def _silence(self):
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    def _tell(self, change: Mapping[str, object]) -> None:
        if not self._quiet:
            self._changed(change)

    def _slid(self, name: str) -> None:
        index = self.sliders[name].index
        places = index if isinstance(index, tuple) else (index,)
        self._tell({name: self._offer.controls[name].text(places)})

    def _ticked(self, kind: str) -> None:
        if kind == "groups":
            chosen = [group for group, box in self.groups.items() if box.value]
            self._tell({"exclude_groups": chosen})
            return
        # those that do not touch the company have no box, and stay
        force = [name for name in self._offer.corrections if name not in self.corrections]
        force += [name for name, box in self.corrections.items() if box.value]
        self._tell({"corrections": force})


def _read(name: str, event) -> object:
    return int(event.new) if name == "seed" and event.new.strip().isdigit() else event.new


def _menu(label: str, options: object) -> widgets.Dropdown:
    return widgets.Dropdown(description=label, options=options, **MENU)


def _slider(control: Control) -> widgets.Widget:
    kind = widgets.SelectionRangeSlider if control.handles == 2 else widgets.SelectionSlider
    return kind(
        options=[(f"{value:g}", value) for value in control.options],
        description=control.label,
        readout=False,  # the field beside it says the same, and more
        continuous_update=True,
        style=LABEL,
        layout={"flex": "1 1 280px", "width": "auto", "min_width": "0"},
        tooltip=control.note or control.label,
    )
