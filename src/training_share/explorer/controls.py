"""The explorer's controls: menus, sliders with text fields, check boxes; their values are the
settings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from datetime import date

import ipywidgets as widgets

from training_share.errors import InputError
from training_share.explorer.settings import (
    DIALS,
    Dial,
    Settings,
    companies_with_spending,
    dial_text,
    groups_of,
    own_text,
    position_or_none,
    scenario_tables,
)
from training_share.inputs.tables import load
from training_share.model.case import listed

DRAWS = (1_000, 10_000, 50_000, 200_000)
LABEL, ROW = (
    {"description_width": "205px"},
    {"flex": "1 1 330px", "width": "auto", "max_width": "560px"},
)
SMALL = {"description_width": "125px"}
WRAP = {"flex_flow": "row wrap", "grid_gap": "2px 12px"}


class Controls:
    """Widgets for every parameter of the company notebooks. `changed` is called after each change
    of a value."""

    def __init__(self, settings: Settings, changed: Callable[[], None]) -> None:
        self._changed, self._quiet = changed, False
        tables = load()
        scenarios = dict.fromkeys(row.scenario for row in tables["scenarios"].values())
        draws = {f"{n:,}": n for n in sorted({*DRAWS, settings.n_draws})}
        menu = {"style": SMALL, "layout": {"width": "268px"}}
        self.company = widgets.Dropdown(
            description="Company", options=companies_with_spending(), value=settings.company, **menu
        )
        self.scenario = widgets.Dropdown(
            description="Scenario", options=list(scenarios), value=settings.scenario, **menu
        )
        self.n_draws = widgets.Dropdown(
            description="Draws (count)", options=draws, value=settings.n_draws, **menu
        )
        self.seed = widgets.BoundedIntText(
            description="Seed", min=0, max=2**31 - 1, value=settings.seed, **menu
        )
        self.start = widgets.DatePicker(
            description="Spending, first day", value=_day(settings.spending_start), **menu
        )
        self.end = widgets.DatePicker(
            description="Spending, last day", value=_day(settings.spending_end), **menu
        )
        self.own_window = widgets.HTML()
        self.sliders = {dial.name: _slider(dial) for dial in DIALS}
        self.texts = {
            dial.name: widgets.Text(
                value=str(getattr(settings, dial.name)),
                continuous_update=False,
                tooltip=f"{dial.label}, in the notation; empty: as the scenario says",
                layout={"width": "228px"},
            )
            for dial in DIALS
        }
        self.texts["evidence"] = widgets.Text(
            value=settings.evidence,
            description="Evidence",
            continuous_update=False,
            placeholder="as the scenario says",
            tooltip="Names in data/evidence.csv, comma-separated; none: without any",
            **menu,
        )
        names = dict.fromkeys(row.correction for row in tables["corrections"].values())
        chosen, excluded = listed(settings.corrections), listed(settings.exclude_groups)
        self.corrections = {name: _box(name, name in chosen, "260px") for name in names}
        self.groups = {
            group: _box(f"Leave out {group.title()}", group in excluded, "200px")
            for company in companies_with_spending().values()
            for group in groups_of(company)
        }
        self.reset = widgets.Button(
            description="As the scenario says",
            icon="undo",
            layout={"width": "200px"},
            tooltip="Empty every setting but company, scenario, draws and seed",
        )
        self.box = self._layout()
        self._follow()
        self._observe()

    @property
    def settings(self) -> Settings:
        """What the widgets say."""

        def checked(boxes):
            return ",".join(name for name, box in boxes.items() if box.value and not box.disabled)

        return Settings(
            self.company.value,
            self.scenario.value,
            self.n_draws.value,
            self.seed.value,
            checked(self.corrections),
            checked(self.groups),
            spending_start=_text(self.start.value),
            spending_end=_text(self.end.value),
            **{name: text.value.strip() for name, text in self.texts.items()},
        )

    def _layout(self) -> widgets.VBox:
        menus = [self.company, self.scenario, self.n_draws, self.seed, self.start, self.end]
        rows = [
            widgets.HBox(
                [self.sliders[dial.name], self.texts[dial.name]], layout={"flex_flow": "row wrap"}
            )
            for dial in DIALS
        ]
        ticks = widgets.HBox(
            [*self.groups.values(), self.texts["evidence"], self.reset], layout=WRAP
        )
        accordion = widgets.Accordion(
            [widgets.HBox(list(self.corrections.values()), layout=WRAP)],
            titles=("Corrections on top of the scenario",),
            selected_index=None,
        )
        return widgets.VBox(
            [widgets.HBox(menus, layout=WRAP), self.own_window, *rows, ticks, accordion]
        )

    def _observe(self) -> None:
        for dial in DIALS:
            self.sliders[dial.name].observe(lambda _, dial=dial: self._slid(dial), "value")
        following = [self.company, self.scenario, *self.corrections.values(), *self.texts.values()]
        for widget in following:
            widget.observe(lambda _: self._tell(follow=True), "value")
        for widget in (self.n_draws, self.seed, self.start, self.end, *self.groups.values()):
            widget.observe(lambda _: self._tell(), "value")
        self.reset.on_click(lambda _: self._empty())

    # --- one change, one call ---------------------------------------------------------------------
    @contextmanager
    def _silence(self):
        """Set widgets from code without a call for each."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    def _tell(self, follow: bool = False) -> None:
        if self._quiet:
            return
        if follow:
            self._follow()
        self._changed()

    def _slid(self, dial: Dial) -> None:
        if self._quiet:
            return
        with self._silence():
            own = self.texts[dial.name].placeholder
            self.texts[dial.name].value = dial_text(dial, self.sliders[dial.name].value, own)
        self._changed()

    def _empty(self) -> None:
        with self._silence():
            for text in self.texts.values():
                text.value = ""
            for box in (*self.corrections.values(), *self.groups.values()):
                box.value = False
            self.start.value = self.end.value = None
        self._tell(follow=True)

    def _follow(self) -> None:
        """Bring what depends on other widgets in line: the scenario's own values, which boxes
        apply, the handles."""
        company, tables = self.company.value, load()
        with self._silence():
            included = tables.scenario_corrections(self.scenario.value)
            for name, box in self.corrections.items():
                box.disabled = name in included
                box.tooltip = (
                    "already in the scenario"
                    if box.disabled
                    else "applied after the scenario's own"
                )
            for group, box in self.groups.items():
                box.disabled = group not in groups_of(company)
            try:
                tables = scenario_tables(self.settings)
            except InputError:
                # corrections that exclude each other: the estimate says so, the handles stay
                return
            for dial in DIALS:
                self._place(dial, own_text(tables, company, dial.name))
            self.sliders["cny_per_usd"].disabled = tables["companies"][company].currency == "USD"
            window = [
                own_text(tables, company, name) for name in ("spending_start", "spending_end")
            ]
            self.own_window.value = (
                f"Empty fields: as the scenario says. Its spending window for this company is "
                f"{window[0]} to {window[1]}."
            )

    def _place(self, dial: Dial, own: str) -> None:
        slider, text = self.sliders[dial.name], self.texts[dial.name]
        text.placeholder = own
        place = position_or_none(dial, text.value.strip() or own)
        if place is not None:
            slider.value = place


def _slider(dial: Dial) -> widgets.Widget:
    kind = widgets.FloatRangeSlider if dial.kind == "range" else widgets.FloatSlider
    value = (dial.low, dial.high) if dial.kind == "range" else dial.low
    meaning = " p10 to p90 of a lognormal" if dial.kind == "range" else ""
    return kind(
        value=value,
        min=dial.low,
        max=dial.high,
        step=dial.step,
        description=dial.label,
        readout=False,
        continuous_update=False,
        style=LABEL,
        layout=ROW,
        tooltip=f"{dial.label}{meaning}",
    )


def _box(label: str, ticked: bool, width: str) -> widgets.Checkbox:
    return widgets.Checkbox(description=label, value=ticked, indent=False, layout={"width": width})


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _text(day: date | None) -> str:
    return "" if day is None else day.isoformat()
