"""The explorer without its widgets: one place that holds what is set, and how a change follows."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from training_share.explorer.controls import ASSUMED, WINDOW, Offer
from training_share.inputs.tables import Tables
from training_share.model.case import NO_EVIDENCE, Case

# Named in every command, whatever a notebook's defaults become.
ALWAYS_NAMED = ("scenario", "n_draws", "seed")
FIXED = ("company", "scenario", "n_draws", "seed", "corrections", "evidence", "exclude_groups")


@dataclass(frozen=True)
class Settings:
    """What is set. `offer` holds the company and all corrections in force, the scenario's own
    first; `given` the values set by hand, as text by parameter."""

    offer: Offer
    scenario: str
    n_draws: int | str
    seed: int | str
    exclude_groups: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()  # in force, the scenario's own or others
    given: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, case: Case) -> Settings:
        """Return the settings that ask for a case; what does nothing for its company is dropped."""
        named = (*case.base.scenario_corrections(case.scenario), *case.corrections)
        offer = Offer(case.base, case.company, named)
        evidence = case.evidence
        if evidence is None:
            evidence = tuple(case.base.scenario_evidence(case.scenario))
        bare = cls(offer, case.scenario, case.n_draws, case.seed, case.excluded, evidence)
        return follow(bare, case.settings)

    @property
    def company(self) -> str:
        """Key of the company."""
        return self.offer.company

    @property
    def own(self) -> tuple[str, ...]:
        """The scenario's own corrections."""
        return tuple(self.offer.base.scenario_corrections(self.scenario))

    @property
    def left_out(self) -> tuple[str, ...]:
        """The scenario's own corrections that are not in force."""
        return tuple(name for name in self.own if name not in self.offer.corrections)

    @property
    def ticked(self) -> dict[str, tuple[str, ...]]:
        """The lists that are made by ticking their entries, by parameter."""
        return {
            "corrections": self.offer.corrections,
            "evidence": self.evidence,
            "exclude_groups": self.exclude_groups,
        }

    @property
    def untouched(self) -> Settings:
        """The same company, scenario, draws and seed with nothing else set."""
        offer = self.offer
        if offer.corrections != self.own:
            offer = replace(offer, corrections=self.own)
        evidence = tuple(offer.base.scenario_evidence(self.scenario))
        return Settings(offer, self.scenario, self.n_draws, self.seed, (), evidence)

    @property
    def parameters(self) -> dict[str, str | int]:
        """The parameters of the company's notebook by name; blank is as the scenario says.

        A scenario without one of its corrections is the bare tables with the others.
        """
        base, extra = self.offer.base, self.offer.corrections
        scenario = self.scenario
        if self.left_out:
            scenario = next(name for name in base.scenario_names if not _own(base, name))
        else:
            extra = tuple(name for name in extra if name not in self.own)
        return {
            "scenario": scenario,
            "n_draws": self.n_draws,
            "seed": self.seed,
            "corrections": ",".join(extra),
            "evidence": self._evidence_of(scenario),
            "exclude_groups": ",".join(self.exclude_groups),
            **_blank(self),
            **self.given,
        }

    def _evidence_of(self, scenario: str) -> str:
        """Return the evidence in force as a parameter; blank where it is the scenario's own."""
        if list(self.evidence) == self.offer.base.scenario_evidence(scenario):
            return ""
        return ",".join(self.evidence) or NO_EVIDENCE

    @property
    def told(self) -> dict[str, str | int]:
        """The parameters that a command names: those that are set, and some always."""
        parameters = self.parameters.items()
        return {name: value for name, value in parameters if name in ALWAYS_NAMED or value != ""}


def follow(settings: Settings, change: Mapping[str, object]) -> Settings:
    """Return the settings after a change of some parameters, with everything else in line.

    Another scenario brings its corrections and evidence and takes those of the one before. A
    correction takes those it excludes. Values, groups and further corrections that do nothing for
    the company go.
    """
    scenario = change.get("scenario", settings.scenario)
    company = change.get("company", settings.company)
    given = {**settings.given, **{key: text for key, text in change.items() if key not in FIXED}}
    offer = Offer(settings.offer.base, company, _corrections(settings, scenario, change))
    if company != settings.company:
        touching = {name for rows in offer.listed.values() for name in rows}
        own = _own(offer.base, scenario)
        kept = tuple(name for name in offer.corrections if name in own or name in touching)
        offer = replace(offer, corrections=kept)
    if offer == settings.offer:
        offer = settings.offer  # with what it has worked out
    groups = change.get("exclude_groups", settings.exclude_groups)
    texts = {name: str(text).strip() for name, text in given.items() if name in offer.controls}
    return Settings(
        offer,
        scenario,
        change.get("n_draws", settings.n_draws),
        _whole(change.get("seed", settings.seed)),
        tuple(group for group in groups if group in offer.groups),
        _evidence(settings, scenario, change),
        MappingProxyType(
            {
                name: text
                for name, text in texts.items()
                if text not in ("", offer.controls[name].own)
            }
        ),
    )


def _corrections(
    settings: Settings, scenario: str, change: Mapping[str, object]
) -> tuple[str, ...]:
    offer, before = settings.offer, settings.offer.corrections
    own = _own(offer.base, scenario)
    if scenario != settings.scenario:
        further = [name for name in before if name not in (*settings.own, *own)]
        return (*own, *(name for name in further if not offer.excluded(name, own)))
    after = list(change.get("corrections", before))
    for name in [name for name in after if name not in before]:
        after = [other for other in after if not offer.excluded(other, [name])]
    return tuple(sorted(after, key=lambda name: own.index(name) if name in own else len(own)))


def _evidence(settings: Settings, scenario: str, change: Mapping[str, object]) -> tuple[str, ...]:
    """Return the evidence in force, in the table's order; another scenario brings its own."""
    base = settings.offer.base
    if scenario != settings.scenario:
        return tuple(base.scenario_evidence(scenario))
    named = change.get("evidence", settings.evidence)
    return tuple(name for name in base.evidence_names if name in named)


def _whole(text: object) -> object:
    """Return digits as a number, and anything else as it is, to be refused by the model."""
    return int(text) if isinstance(text, str) and text.strip().isdecimal() else text


def _own(base: Tables, scenario: str) -> list[str]:
    return base.scenario_corrections(scenario)


def _blank(settings: Settings) -> dict[str, str]:
    names = ("release_lag_months", *WINDOW, *ASSUMED, *settings.offer.base.rates())
    return dict.fromkeys(names, "")


# --- what a reader takes along --------------------------------------------------------------------
def command(settings: Settings) -> str:
    """Return the papermill command, for a shell in the project's folder, that reproduces the
    settings; its figures go to a folder of their own."""
    company = settings.company
    words = ["papermill", f"notebooks/{company}.ipynb", f"explored_{company}.ipynb"]
    for name, value in {**settings.told, "figures_dir": f"explored_{company}"}.items():
        words += ["-p", name, str(value)]
    return shlex.join(words)


def call(settings: Settings) -> str:
    """Return the Python call that gives the settings' estimate."""
    words = [f"{name}={value!r}" for name, value in settings.told.items()]
    return f"ts.estimate({', '.join([repr(settings.company), *words])})"


def parameters_yaml(settings: Settings) -> str:
    """Return the command's parameters as a YAML file for `papermill -f`; text is quoted, so that it
    stays text."""
    company = settings.company
    told = {**settings.told, "figures_dir": f"explored_{company}"}
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in told.items()]
    head = f"# papermill notebooks/{company}.ipynb explored_{company}.ipynb -f THIS_FILE"
    return "\n".join([head, *lines]) + "\n"


def in_words(message: str, settings: Settings) -> str:
    """Return a refusal in the words of the controls instead of those of the tables."""
    offer, name = settings.offer, settings.offer.base.companies[settings.company].display_name
    controls = offer.controls.values()
    message = message.replace(f"{settings.company}, rd_compute", f"{name}, R&D compute")
    for cell, label in [(control.cell, control.label) for control in controls]:
        message = message.replace(cell, label)
    message = message.replace(f"companies.csv, row {settings.company}", "Spending window")
    words = {control.name: control.label for control in controls}
    words |= {settings.company: name, "seed": "Seed", "n_draws": "Draws"}
    return re.sub(r"\b\w+\b", lambda word: words.get(word[0], word[0]), message)
