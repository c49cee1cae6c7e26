"""The explorer without its widgets: one place that holds what is set, and how a change follows."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from training_share.explorer.controls import ASSUMED, WINDOW, Offer
from training_share.inputs.tables import Tables
from training_share.model.case import listed

# Named in every command, whatever a notebook's defaults become.
ALWAYS_NAMED = ("scenario", "n_draws", "seed")
FIXED = ("company", "scenario", "n_draws", "seed", "corrections", "exclude_groups")


@dataclass(frozen=True)
class Settings:
    """What is set. `offer` holds the company and all corrections in force, the scenario's own
    first; `given` the values set by hand, as text by parameter."""

    offer: Offer
    scenario: str
    n_draws: int | str
    seed: int | str
    exclude_groups: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(
        cls,
        base: Tables,
        company: str,
        scenario: str = "newsletter",
        n_draws: int = 50_000,
        seed: int = 42,
        *,
        corrections: Iterable[str] | str = (),
        exclude_groups: Iterable[str] | str = (),
        **given: object,
    ) -> Settings:
        """Return the settings of a call of `estimate`; what does nothing for the company is
        dropped."""
        named = (*base.scenario_corrections(scenario), *listed(corrections))
        bare = cls(Offer(base, company, named), scenario, n_draws, seed, listed(exclude_groups))
        return follow(bare, given)

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
    def untouched(self) -> Settings:
        """The same company, scenario, draws and seed with nothing else set."""
        return follow(self, {"corrections": self.own, "exclude_groups": (), **_blank(self)})

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
            "exclude_groups": ",".join(self.exclude_groups),
            **_blank(self),
            **self.given,
        }

    @property
    def told(self) -> dict[str, str | int]:
        """The parameters that a command names: those that are set, and some always."""
        parameters = self.parameters.items()
        return {name: value for name, value in parameters if name in ALWAYS_NAMED or value != ""}


def follow(settings: Settings, change: Mapping[str, object]) -> Settings:
    """Return the settings after a change of some parameters, with everything else in line.

    Another scenario brings its corrections and takes those of the one before. A correction brings
    those it belongs with and takes those it excludes. Values, groups and further corrections that
    do nothing for the company go.
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
        change.get("seed", settings.seed),
        tuple(group for group in groups if group in offer.groups),
        MappingProxyType(
            {name: text for name, text in texts.items() if text not in ("", _held(offer, name))}
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
        others = [other for other in after if not offer.excluded(other, [name])]
        after = list(dict.fromkeys([*others, *sorted(offer.companions(name))]))
    whole = [name for name in after if offer.companions(name) <= set(after)]
    return tuple(sorted(whole, key=lambda name: own.index(name) if name in own else len(own)))


def _own(base: Tables, scenario: str) -> list[str]:
    return base.scenario_corrections(scenario)


def _held(offer: Offer, name: str) -> str:
    return offer.controls[name].own


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
    offer = settings.offer
    words = {control.cell: control.label for control in offer.controls.values()}
    words |= {name: control.label for name, control in offer.controls.items()}
    words |= {
        f"companies.csv, row {settings.company}": "Spending window",
        f"{settings.company}, ": f"{offer.base.companies[settings.company].display_name}, ",
        f"{settings.company}: ": f"{offer.base.companies[settings.company].display_name}: ",
        "seed: ": "Seed: ",
        "n_draws: ": "Draws: ",
    }
    for said, word in words.items():  # cells first: they contain the names
        message = message.replace(said, word)
    return message
