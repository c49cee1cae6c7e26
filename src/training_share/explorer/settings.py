"""The explorer without its widgets: one place that holds what is set, and how a change follows."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from training_share.explorer.controls import ASSUMED, WINDOW, Offer, excluded, offer_of
from training_share.inputs.tables import Tables
from training_share.model.case import NO_EVIDENCE, Case


@dataclass(frozen=True)
class Settings:
    """What is set. `corrections` are all in force, the scenario's own first; `given` holds the
    values set by hand, as text by parameter."""

    base: Tables = field(repr=False)
    company: str
    scenario: str
    corrections: tuple[str, ...]
    n_draws: int
    seed: int | str
    exclude_groups: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()  # in force, the scenario's own or others
    given: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, case: Case) -> Settings:
        """Return the settings that ask for a case; what does nothing for its company is dropped."""
        asked = (case.n_draws, case.seed, case.excluded, case.evidence)
        bare = cls(case.base, case.company, case.scenario, case.corrections, *asked)
        named = ("release_lag_months", *WINDOW, *ASSUMED, *case.base.rates())
        return follow(bare, {name: case.call[name] or "" for name in named if name in case.call})

    @property
    def offer(self) -> Offer:
        """What can be set for the company under the corrections in force."""
        return offer_of(self.base, self.company, self.corrections)

    @property
    def own(self) -> tuple[str, ...]:
        """The scenario's own corrections."""
        return tuple(self.base.scenario_corrections(self.scenario))

    @property
    def left_out(self) -> tuple[str, ...]:
        """The scenario's own corrections that are not in force."""
        return tuple(name for name in self.own if name not in self.corrections)

    @property
    def untouched(self) -> Settings:
        """The same company, scenario, draws and seed with nothing else set."""
        bare = replace(self, corrections=self.own, exclude_groups=(), given={})
        return replace(bare, evidence=tuple(self.base.scenario_evidence(self.scenario)))

    @property
    def parameters(self) -> dict[str, str | int]:
        """The parameters of the company's notebook by name; blank is as the scenario says.

        A scenario without one of its corrections is the bare tables with the others.
        """
        base, scenario, extra = self.base, self.scenario, self.corrections
        if self.left_out:
            names = base.scenario_names
            scenario = next(name for name in names if not base.scenario_corrections(name))
        else:
            extra = tuple(name for name in extra if name not in self.own)
        evidence = ",".join(self.evidence) or NO_EVIDENCE
        if {*self.evidence} == {*base.scenario_evidence(scenario)}:
            evidence = ""
        return {
            "scenario": scenario,
            "n_draws": self.n_draws,
            "seed": self.seed,
            "corrections": ",".join(extra),
            "evidence": evidence,
            "exclude_groups": ",".join(self.exclude_groups),
            **dict.fromkeys(("release_lag_months", *WINDOW, *ASSUMED, *base.rates()), ""),
            **self.given,
        }

    @property
    def told(self) -> dict[str, str | int]:
        """The parameters that a command names: those that are not blank, so scenario, draws and
        seed always."""
        return {name: value for name, value in self.parameters.items() if value != ""}


def follow(settings: Settings, change: Mapping[str, object]) -> Settings:
    """Return the settings after a change of some parameters, with everything else in line.

    Another scenario brings its corrections and evidence and takes those of the one before. A
    correction takes those it excludes. Values, groups and further corrections that do nothing for
    the company go.
    """
    base, asked = settings.base, {**vars(settings), **change}
    company, scenario, evidence, seed = map(asked.get, ("company", "scenario", "evidence", "seed"))
    corrections = _corrections(settings, scenario, asked["corrections"])
    if company != settings.company:
        listed = offer_of(base, company, corrections).listed.values()
        touching = {
            *base.scenario_corrections(scenario),
            *(name for rows in listed for name in rows),
        }
        corrections = tuple(name for name in corrections if name in touching)
    if scenario != settings.scenario:
        evidence = base.scenario_evidence(scenario)
    if isinstance(seed, str) and seed.strip().isdecimal():
        seed = int(seed)  # anything else is refused by the model
    offer = offer_of(base, company, corrections)
    texts = {name: str(text).strip() for name, text in {**settings.given, **change}.items()}
    return Settings(
        base,
        company,
        scenario,
        corrections,
        asked["n_draws"],
        seed,
        tuple(group for group in asked["exclude_groups"] if group in offer.groups),
        tuple(name for name in base.evidence_names if name in evidence),
        {
            name: text
            for name, text in texts.items()
            if name in offer.controls and text not in ("", offer.controls[name].own)
        },
    )


def _corrections(settings: Settings, scenario: str, asked: Iterable[str]) -> tuple[str, ...]:
    """Return the corrections in force, the scenario's own first; what is new excludes what was."""
    base, before, after = settings.base, settings.corrections, list(asked)
    own = base.scenario_corrections(scenario)
    if scenario != settings.scenario:
        further = [name for name in before if name not in (*settings.own, *own)]
        return (*own, *(name for name in further if not excluded(base, name, own)))
    for name in [name for name in after if name not in before]:
        after = [other for other in after if not excluded(base, other, [name])]
    return tuple(sorted(after, key=lambda name: own.index(name) if name in own else len(own)))


# --- what a reader takes along --------------------------------------------------------------------
def _with_figures(settings: Settings) -> dict[str, str | int]:
    """Return what a command names, figures in a folder of their own."""
    return {**settings.told, "figures_dir": f"explored_{settings.company}"}


def command(settings: Settings) -> str:
    """Return the papermill command, for a shell in the project's folder, that reproduces the
    settings; its figures go to a folder of their own."""
    company = settings.company
    words = ["papermill", f"notebooks/{company}.ipynb", f"explored_{company}.ipynb"]
    for name, value in _with_figures(settings).items():
        words += ["-p", name, str(value)]
    return shlex.join(words)


def call(settings: Settings) -> str:
    """Return the Python call that gives the settings' estimate."""
    words = [f"{name}={value!r}" for name, value in settings.told.items()]
    return f"ts.estimate({', '.join([repr(settings.company), *words])})"


def parameters_yaml(settings: Settings) -> str:
    """Return the command's parameters as a YAML file for `papermill -f`; text is quoted, so that it
    stays text."""
    company, told = settings.company, _with_figures(settings)
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in told.items()]
    head = f"# papermill notebooks/{company}.ipynb explored_{company}.ipynb -f THIS_FILE"
    return "\n".join([head, *lines]) + "\n"


def in_words(message: str, settings: Settings) -> str:
    """Return a refusal in the words of the controls instead of those of the tables."""
    controls = settings.offer.controls.values()
    name = settings.base.companies[settings.company].display_name
    message = message.replace(f"{settings.company}, rd_compute", f"{name}, R&D compute")
    for control in controls:
        message = message.replace(control.cell, control.label)
    message = message.replace(f"companies.csv, row {settings.company}", "Spending window")
    words = {control.name: control.label for control in controls}
    words |= {settings.company: name, "seed": "Seed", "n_draws": "Draws"}
    return re.sub(r"\b\w+\b", lambda word: words.get(word[0], word[0]), message)
