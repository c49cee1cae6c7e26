"""The explorer without its widgets: settings as text, dials, and the papermill command that
reproduces a state."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from functools import lru_cache

from training_share.errors import InputError
from training_share.inputs.distributions import parse
from training_share.inputs.tables import Tables, for_scenario, load
from training_share.model.case import listed
from training_share.model.estimates import Estimate, estimate

ALWAYS_NAMED = (
    "scenario",
    "n_draws",
    "seed",
)  # named in every command, whatever a notebook's defaults become
CACHED = 8  # estimates kept; one of 50,000 draws and 22 runs is about 10 MB


@dataclass(frozen=True)
class Settings:
    """What the widgets say, under the names of the company notebooks' parameters. Empty: as the
    scenario says."""

    company: str = "minimax"
    scenario: str = "newsletter"
    n_draws: int = 50_000
    seed: int = 42
    corrections: str = ""
    exclude_groups: str = ""
    release_lag_months: str = ""
    spending_start: str = ""
    spending_end: str = ""
    mfu: str = ""
    mfu_rl: str = ""
    price_usd_per_gpu_hour: str = ""
    rl_fraction: str = ""
    sft_fraction: str = ""
    cny_per_usd: str = ""

    @property
    def parameters(self) -> dict[str, str | int]:
        """The parameters of the company's notebook, by name."""
        return {name: value for name, value in asdict(self).items() if name != "company"}

    @property
    def untouched(self) -> Settings:
        """The same company, scenario, draws and seed with nothing else set."""
        return Settings(self.company, self.scenario, self.n_draws, self.seed)


@dataclass(frozen=True)
class Dial:
    """A slider with a text field: a parameter, its label with unit, and the slider's fixed ends and
    step.

    `kind` is range (two handles, the p10 and p90 of a lognormal) or number (one handle).
    """

    name: str
    label: str
    low: float
    high: float
    step: float
    kind: str = "range"

    @property
    def decimals(self) -> int:
        """Decimals of the step."""
        return len(f"{self.step:.10f}".rstrip("0").partition(".")[2])

    def position(self, text: str) -> tuple[float, float] | float:
        """Return where the handles stand for a value in the notation, within the slider's ends."""
        if self.kind == "range":
            value = parse(text)
            return self._place(value.quantile(0.1)), self._place(value.quantile(0.9))
        return self._place(
            float(text) if text.isdigit() else parse(text).quantile(0.5)
        )  # a release lag may be 0

    def _place(self, value: float) -> float:
        return round(min(max(value, self.low), self.high), self.decimals)

    def text(self, position: tuple[float, float] | float) -> str:
        """Return the notation for a position of the handles."""
        if self.kind == "number":
            return f"{round(position, self.decimals):g}"
        low, high = (f"{round(place, self.decimals):g}" for place in position)
        return f"{low} to {high} (p10-p90 lognormal)"


DIALS = (
    Dial("mfu", "MFU, pretraining (of peak)", 0.01, 0.70, 0.01),
    Dial("mfu_rl", "MFU, RL (of peak)", 0.01, 0.50, 0.01),
    Dial("price_usd_per_gpu_hour", "Price (USD per H800-hour)", 0.50, 6.00, 0.05),
    Dial("rl_fraction", "RL fraction (of base run)", 0.01, 0.50, 0.01),
    Dial("sft_fraction", "SFT fraction (of base run)", 0.001, 0.150, 0.001),
    Dial("cny_per_usd", "Exchange rate (CNY per USD)", 6.0, 8.0, 0.05, "number"),
    Dial("release_lag_months", "Release lag (months)", 0, 12, 1, "number"),
)


def companies_with_spending() -> dict[str, str]:
    """Return display name -> key of the companies that disclose spending in money, whose share is
    modelled."""
    tables = load()
    return {
        row.display_name: key
        for key, row in tables["companies"].items()
        if key in tables.with_spending
    }


def groups_of(company: str) -> list[str]:
    """Return the named groups of a company's counted runs."""
    runs = load()["training_runs"].values()
    return sorted({run.group for run in runs if run.company == company and run.counted} - {""})


def scenario_tables(settings: Settings) -> Tables:
    """Return the tables under the scenario and the further corrections, without the settings of
    single values."""
    return for_scenario(settings.scenario, listed(settings.corrections))


def own_text(tables: Tables, company: str, name: str) -> str:
    """Return the value of a parameter where nothing is set, in the notation."""
    row = tables["companies"][company]
    if name == "cny_per_usd":
        return next(str(rate.per_usd) for rate in tables["fx"].values() if rate.currency == "CNY")
    if name in ("release_lag_months", "spending_start", "spending_end"):
        return str(getattr(row, name))
    return tables["assumptions"][name].value


def dial_text(dial: Dial, position: tuple[float, float] | float, own: str) -> str:
    """Return the parameter for a position: empty where the handles stand where the scenario's own
    value puts them."""
    return (
        ""
        if position_or_none(dial, own) == dial.position(dial.text(position))
        else dial.text(position)
    )


def position_or_none(dial: Dial, text: str) -> tuple[float, float] | float | None:
    """Return where the handles stand for a text, or None for one that cannot be read."""
    try:
        return dial.position(text)
    except ValueError:  # InputError is one
        return None


def estimate_of(settings: Settings) -> Estimate:
    """Return the estimate of a state; the last few are kept until a table changes. InputError as
    `estimate`."""
    return _estimate_of(settings, load())


@lru_cache(maxsize=CACHED)
def _estimate_of(
    settings: Settings, base: Tables
) -> Estimate:  # `base` makes an edited table a new entry
    est = estimate(settings.company, **settings.parameters)
    if not est.has_spending:
        raise InputError(
            f"{est.company}: discloses no spending, so it has no share; choose a company with rows"
            " in spending.csv"
        )
    _ = est.share  # refuse now what only drawing finds out
    return est


def command(settings: Settings) -> str:
    """Return the papermill command, for a shell in the project's folder, that reproduces a state.

    It names what is set and leaves the rest to the scenario; its figures go to a folder of their
    own.
    """
    words = [
        "papermill",
        f"notebooks/{settings.company}.ipynb",
        f"explored_{settings.company}.ipynb",
    ]
    for name, value in _told(settings).items():
        words += ["-p", name, str(value)]
    return shlex.join(words)


def _told(settings: Settings) -> dict[str, str | int]:
    told = {
        name: value
        for name, value in settings.parameters.items()
        if name in ALWAYS_NAMED or value != ""
    }
    return told | {"figures_dir": f"explored_{settings.company}"}


def parameters_yaml(settings: Settings) -> str:
    """Return the parameters of a state as a YAML file for `papermill -f`; text is quoted, so that
    it stays text."""
    lines = [
        f"{name}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in (
            settings.parameters | {"figures_dir": f"explored_{settings.company}"}
        ).items()
    ]
    head = (
        f"# papermill notebooks/{settings.company}.ipynb explored_{settings.company}.ipynb -f"
        " THIS_FILE"
    )
    return "\n".join([head, *lines]) + "\n"
