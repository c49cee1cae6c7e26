"""What each table holds: one pydantic model a table, one described field a column.

The models are the single statement of the columns: `tables` reads CSV files through them, and the
data dictionary is generated from them. A field's description is what its reader is told.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cached_property
from typing import Annotated, ClassVar, Literal

import pandas as pd
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    model_validator,
)

from training_share.inputs.distributions import Exact, Given, parse
from training_share.inputs.observable import Observable, Observed, parse_observable, parse_observed


def _blank_to_none(value: str) -> str | None:
    return None if value == "" else value


def _filled(value: str) -> str:
    if not value:
        raise ValueError("the cell is empty; fill it in")
    return value


def _key(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", value):
        raise ValueError(
            "a key has letters, digits, '-', '_' and '.' only, and begins with one of the first two"
        )
    return value


def _amount(value: str) -> Given | None:
    return None if value == "" else parse(value)


def _amount_or_key(value: str) -> Given | str | None:
    if re.fullmatch(r"[a-z][a-z0-9._-]*", value) and value not in ("nan", "inf", "infinity"):
        return value
    return _amount(value)


def _required_amount(value: str) -> Given:
    return parse(value)


def _zero_or_amount(value: str) -> Given:
    return Exact(0.0) if value in ("0", "0.0") else parse(value)


def _fraction(value: Given | str | None) -> Given | str | None:
    highest = value.value if isinstance(value, Exact) else getattr(value, "high", 0)
    if highest > 1:
        raise ValueError(f"a fraction cannot exceed 1, got {highest:g}; write 5% as 0.05")
    return value


def _yes_no(value: str) -> bool:
    if value not in ("yes", "no"):
        raise ValueError("write yes or no")
    return value == "yes"


def _month(value: str) -> pd.Period:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])(-\d{2})?", value):
        raise ValueError("write the release as YYYY-MM or YYYY-MM-DD")
    if len(value) > 7:
        date.fromisoformat(value)
    return pd.Period(value[:7], freq="M")


def _months(value: str) -> tuple[pd.Period, pd.Period] | None:
    if value == "":
        return None
    match = re.fullmatch(r"(\d{4}-(?:0[1-9]|1[0-2])) to (\d{4}-(?:0[1-9]|1[0-2]))", value)
    if not match:
        raise ValueError("write the first and the last month, as in 2024-04 to 2025-03")
    first, last = (pd.Period(month, freq="M") for month in match.groups())
    if last < first:
        raise ValueError(f"the last month, {last}, is before the first, {first}")
    return first, last


def _date(value: str) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("write the date as YYYY-MM-DD")
    return date.fromisoformat(value)


def chip_of(unit: str) -> str:
    """Return the chip of a unit such as H100-hours as keys of hardware begin (h100), or "" for a
    currency.

    >>> chip_of("H100-hours"), chip_of("USD")
    ('h100', '')
    """
    return unit.removesuffix("-hours").lower() if unit.endswith("-hours") else ""


Filled = Annotated[str, AfterValidator(_filled)]
Key = Annotated[str, AfterValidator(_filled), AfterValidator(_key)]  # also part of file names
Amount = Annotated[Given, BeforeValidator(_required_amount)]
AmountOrZero = Annotated[Given, BeforeValidator(_zero_or_amount)]
MaybeAmount = Annotated[Given | None, BeforeValidator(_amount)]
AmountOrKey = Annotated[Given | str | None, BeforeValidator(_amount_or_key)]
FractionOrKey = Annotated[
    Given | str | None, BeforeValidator(_amount_or_key), AfterValidator(_fraction)
]
WhatIsObserved = Annotated[Observable, BeforeValidator(parse_observable)]
ObservedAmount = Annotated[Observed, BeforeValidator(parse_observed)]
YesNo = Annotated[bool, BeforeValidator(_yes_no)]
Month = Annotated[pd.Period, BeforeValidator(_month)]
MaybeMonths = Annotated[tuple[pd.Period, pd.Period] | None, BeforeValidator(_months)]
Date = Annotated[date, BeforeValidator(_date)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
MaybeFloat = Annotated[Positive | None, BeforeValidator(_blank_to_none)]
MaybeText = Annotated[str | None, BeforeValidator(_blank_to_none)]
PlainFloat = Annotated[FiniteFloat | None, BeforeValidator(_blank_to_none)]


class Row(BaseModel):
    """A row of a table; `key` joins the key columns by a slash, the form in which corrections name
    it."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    key_columns: ClassVar[tuple[str, ...]]


class Company(Row):
    """One row is a company whose share is estimated."""

    key_columns = ("company",)
    company: Key = Field(description="Key of the company.")
    display_name: Filled = Field(description="Name as shown.")
    spending_start: Date = Field(description="First day of the spending window.")
    spending_end: Date = Field(description="Last day of the spending window.")
    release_lag_months: Annotated[int, Field(ge=0, le=36)] = Field(
        description="Months by which the release window follows the spending window."
    )
    currency: Key = Field(
        description="Currency of the company's disclosures, ISO 4217, or hours of a chip such as "
        "H100-hours."
    )
    color: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] = Field(
        description="Colour in figures."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Company:
        if self.spending_end < self.spending_start:
            raise ValueError("spending_end lies before spending_start; swap the dates")
        return self


class TrainingRun(Row):
    """One row is one counted piece of compute: pretraining, supervised finetuning (SFT) and
    reinforcement learning (RL) are separate rows. Exactly one of flop, gpu_hours, cost_usd or
    base_run with fraction_of_base is filled."""

    key_columns = ("run_id",)
    run_id: Key = Field(description="Key of the run.")
    company: Key = Field(description="Key in companies.")
    model: Filled = Field(description="Released model the run belongs to.")
    stage: Filled = Field(description="What the run did, in words.")
    released: Month = Field(
        description="Release as YYYY-MM or YYYY-MM-DD; its month decides whether the run counts."
    )
    covers: MaybeMonths = Field(
        description="Blank, or the months of release that one row stands for together, as in "
        "2024-04 to 2025-03; it fits that release window alone."
    )
    flop: AmountOrKey = Field(
        description="Training compute in FLOP: a distribution, or a key in closed_models."
    )
    gpu_hours: MaybeAmount = Field(
        description="Training compute in GPU-hours: a distribution; priced without any MFU."
    )
    cost_usd: MaybeAmount = Field(
        description="Training cost in USD: a distribution; taken as it is."
    )
    base_run: MaybeText = Field(description="Run whose compute this run's is a fraction of.")
    fraction_of_base: FractionOrKey = Field(
        description="Fraction of the base run's compute: a distribution, or the name of an "
        "assumption."
    )
    post_training: MaybeText = Field(
        description="Blank, or the name of the assumption that multiplies the FLOP."
    )
    workload: Literal["pretraining", "rl"] = Field(
        description="Which utilization applies: pretraining (mfu) or rl (mfu_rl)."
    )
    hardware: MaybeText = Field(description="Key in hardware.")
    counted: YesNo = Field(
        description="yes where the run enters the numerator; no where it only serves as a base "
        "or waits for a correction."
    )
    group: str = Field(
        description="Name by which runs can be left out together, such as hailuo; or blank."
    )
    evidence: Literal["reported", "regression", "judgement"] = Field(
        description="How the amount is known: reported, regression or judgement."
    )
    source_id: Key = Field(description="Key in sources.")
    note: str = Field(description="What a reader should know.")

    @model_validator(mode="after")
    def _one_size(self) -> TrainingRun:
        pair = (self.base_run is not None, self.fraction_of_base is not None)
        filled = [
            name for name in ("flop", "gpu_hours", "cost_usd") if getattr(self, name) is not None
        ]
        filled += ["base_run + fraction_of_base"] * any(pair)
        if any(pair) and not all(pair):
            raise ValueError("base_run and fraction_of_base belong together; fill both or neither")
        if len(filled) != 1:
            raise ValueError(
                "fill exactly one of flop, gpu_hours, cost_usd, base_run + fraction_of_base; "
                f"filled: {', '.join(filled) or 'none'}"
            )
        if self.covers and not self.covers[0] <= self.released <= self.covers[1]:
            raise ValueError(f"released {self.released} lies outside what the row covers")
        if self.post_training and self.flop is None:
            raise ValueError("post_training multiplies a FLOP figure; leave it blank or give flop")
        if self.hardware is None and self.flop is not None:
            raise ValueError("a run in FLOP needs its hardware; fill the column hardware")
        return self


class Spending(Row):
    """One row is a disclosed amount for one period."""

    key_columns = ("company", "line", "period")
    company: Key = Field(description="Key in companies.")
    line: Key = Field(description="What was spent on: rd_compute, inference_compute and so on.")
    period: Filled = Field(description="Name of the period as disclosed, such as FY2024 or 9M2025.")
    period_start: Date = Field(description="First day of the period.")
    period_end: Date = Field(description="Last day of the period.")
    amount_millions: AmountOrZero = Field(
        description="Amount in millions of the currency: a distribution or zero."
    )
    currency: Key = Field(
        description="ISO 4217 code, or hours of a chip such as H100-hours: then the share needs "
        "neither price nor utilization."
    )
    source_id: Key = Field(description="Key in sources.")
    note: str = Field(
        description="How far a second source confirms the amount, or how it was derived."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Spending:
        if self.period_end < self.period_start:
            raise ValueError("period_end lies before period_start; swap the dates")
        return self

    @property
    def inferred(self) -> bool:
        """Whether the amount is our own judgement rather than disclosed or reported."""
        return self.source_id == "own-judgement"


class FxRate(Row):
    """One row is an exchange rate."""

    key_columns = ("currency", "period")
    currency: Key = Field(description="ISO 4217 code.")
    period: Annotated[str, Field(pattern=r"^\d{4}/\d{4}$")] = Field(
        description="First and last calendar year the rate is used for, as 2022/2025."
    )
    per_usd: Amount = Field(description="Units of the currency for one USD: a distribution.")
    source_id: Key = Field(description="Key in sources.")


class Assumption(Row):
    """One row is an uncertain input or a choice of method."""

    key_columns = ("name",)
    name: Key = Field(description="Key; also the keyword that overrides the value.")
    label: Filled = Field(description="Name as charts and controls show it.")
    value: Filled = Field(description="A distribution, a number or a word.")
    unit: Filled = Field(description="Unit of the value; `choice` for a word.")
    correlation: Literal["shared", "per-company", "per-run", ""] = Field(
        description="Who shares a draw: shared by all, per-company or per-run; blank for a choice "
        "of method."
    )
    source_id: Key = Field(description="Key in sources.")
    note: str = Field(description="Meaning, evidence and, for a choice, the words allowed.")

    @cached_property
    def amount(self) -> Given:
        """The value as a distribution; InputError for a word."""
        return parse(self.value)


class Hardware(Row):
    """One row is a peak rate of a chip at one precision, dense."""

    key_columns = ("hardware",)
    hardware: Key = Field(
        description="Key: device, form factor and precision, such as h800-sxm-bf16."
    )
    peak_flop_per_s: Amount = Field(description="Dense peak in FLOP per second.")
    source_id: Key = Field(description="Key in sources.")


class GenerativeModel(Row):
    """One row is a point of a scaling regression."""

    key_columns = ("modality", "model")
    modality: Literal["video", "image", "speech"] = Field(description="video, image or speech.")
    model: Filled = Field(description="Name of the model.")
    parameters: Positive = Field(description="Number of parameters.")
    training_flop: MaybeFloat = Field(description="Total training compute in FLOP.")
    finetune_flop: MaybeFloat = Field(
        description="Part of it spent on finetuning, FLOP; subtracted where known."
    )
    width: MaybeFloat = Field(description="Output width in pixels (video and image).")
    height: MaybeFloat = Field(description="Output height in pixels (video and image).")
    sample_rate_hz: MaybeFloat = Field(description="Output sample rate in Hz (speech).")
    used: YesNo = Field(description="yes where the regression uses the point.")
    family: Filled = Field(description="Lineage; the unit of the clustered bootstrap.")
    remark: str = Field(description="What checking the point against its sources showed.")
    source_id: Key = Field(description="Key in sources.")


class ClosedModel(Row):
    """One row is a model whose training compute is predicted by a scaling regression."""

    key_columns = ("model",)
    model: Key = Field(description="Key.")
    modality: Literal["video", "image", "speech"] = Field(
        description="Which regression predicts it."
    )
    parameters: Amount = Field(description="Number of parameters: a distribution.")
    width: MaybeFloat = Field(description="Output width in pixels (video and image).")
    height: MaybeFloat = Field(description="Output height in pixels (video and image).")
    sample_rate_hz: MaybeFloat = Field(description="Output sample rate in Hz (speech).")
    predecessor: MaybeText = Field(
        description="The closed model it follows, where its vendor states by how much."
    )
    predecessor_factor: MaybeFloat = Field(
        description="Training FLOP as a multiple of the predecessor's, by the vendor's statement: "
        "that of parameters times that of data."
    )
    statement_id: MaybeText = Field(description="Key in sources: where the vendor states it.")
    source_id: Key = Field(description="Key in sources.")

    @model_validator(mode="after")
    def _whole_statement(self) -> ClosedModel:
        stated = self.predecessor, self.predecessor_factor, self.statement_id
        if any(cell is not None for cell in stated) and None in stated:
            raise ValueError(
                "predecessor, predecessor_factor and statement_id belong together; fill all or none"
            )
        return self


class Correction(Row):
    """One row is one changed cell of another table, under a correction's name."""

    key_columns = ("correction", "table", "key", "column")
    correction: Key = Field(description="Name of the correction; it may change several cells.")
    table: Filled = Field(description="Table whose cell changes.")
    key: Filled = Field(description="Key of the row; composite keys are joined by a slash.")
    column: Filled = Field(description="Column of the cell.")
    value: str = Field(description="New content of the cell; blank empties it.")
    denominator: str = Field(
        description="Where it is another way to count R&D compute: its name beside the others; or "
        "blank."
    )
    reason: Filled = Field(description="Why a careful reader would change it.")
    source_id: Key = Field(description="Key in sources.")


class Evidence(Row):
    """One row is something observed that the model also predicts: where it is in force, a draw
    weighs as much as the observation is likely at what the draw predicts. Rows of one name go
    together."""

    key_columns = ("evidence", "company")
    evidence: Key = Field(description="Name of the evidence; it may have a row a company.")
    company: Key = Field(description="Key in companies: whose quantity it is.")
    quantity: WhatIsObserved = Field(
        description="What was observed: share, largest run (as a fraction of R&D compute), "
        "`assumption NAME`, or flop, gpu_hours or cost_usd `of` runs or groups joined by ` + `; "
        "` / ` between two makes a ratio."
    )
    value: ObservedAmount = Field(
        description="What it was found to be: a distribution, or a limit (`at most` or `at least` "
        "an amount, soft where the amount is a distribution)."
    )
    source_id: Key = Field(description="Key in sources.")
    note: str = Field(description="Why it is believed, and to within how much.")


class Scenario(Row):
    """One row is one correction, or one piece of evidence, considered for a named scenario."""

    key_columns = ("scenario", "correction")
    scenario: Key = Field(description="Name of the scenario.")
    correction: str = Field(
        description="Name of a correction or of a piece of evidence; blank in the row of the base "
        "tables themselves."
    )
    order: Annotated[int | None, BeforeValidator(_blank_to_none)] = Field(
        description="Place in which it is applied, which matters for corrections alone; blank "
        "where it was considered and left out."
    )
    why: str = Field(description="One sentence: why it is in, or why it is left out.")


class Published(Row):
    """One row is a figure the newsletter, or its authors' code, prints, kept apart from all
    inputs."""

    key_columns = ("claim_id",)
    claim_id: Key = Field(description="Key.")
    company: Key = Field(description="Key in companies.")
    scenario: Key = Field(description="Scenario whose settings the figure has.")
    quantity: Filled = Field(description="What the figure is.")
    value: PlainFloat = Field(description="Printed central figure.")
    p5: PlainFloat = Field(description="Printed lower end of the 90% interval.")
    p95: PlainFloat = Field(description="Printed upper end of the 90% interval.")
    unit: Filled = Field(description="Unit of the three figures.")
    decimals: Annotated[int, Field(ge=0)] = Field(description="Decimals printed.")
    source_id: Key = Field(description="Key in sources.")
    status: Literal["reproduced", "within Monte Carlo error", "differs", "context"] = Field(
        description="reproduced to the printed digits, within Monte Carlo error of them, differs, "
        "or context only."
    )
    explanation: str = Field(description="Why ours differs, or what to know.")


class MeasuredCase(Row):
    """One row is what a developer measured, or let others measure, of its own development compute:
    the share of final runs, given as two amounts of one unit, as a fraction, or by the company
    under which its runs and hours stand."""

    key_columns = ("case",)
    case: Filled = Field(description="Key.")
    company: MaybeText = Field(
        description="Key in companies where the runs and hours stand there; else blank."
    )
    organisation: Filled = Field(description="Who developed the models.")
    models: Filled = Field(description="What was developed.")
    period: Filled = Field(description="When, as exact as known.")
    scope: Literal["one recipe", "intermediate models", "full pipeline", "cluster"] = Field(
        description="What the total covers: one recipe with its ablations, a project with large "
        "intermediate models, a full pipeline with reinforcement learning, or a cluster's jobs."
    )
    unit: Filled = Field(description="Unit of both amounts.")
    final_amount: MaybeAmount = Field(
        description="What final training runs took: a distribution in the unit."
    )
    total_amount: MaybeAmount = Field(
        description="What the whole development took, final runs included: a distribution in the "
        "same unit."
    )
    final_share: Annotated[MaybeAmount, AfterValidator(_fraction)] = Field(
        description="The share itself where no amounts are given: a distribution, as a fraction."
    )
    grade: Literal["measured", "disclosed estimate", "inferred", "bound"] = Field(
        description="How the share is known; a bound caps what final runs can have taken."
    )
    used: YesNo = Field(
        description="yes where the case informs the next company's share; no where it is context."
    )
    in_scope: Filled = Field(description="What is counted beside the final runs.")
    out_of_scope: Filled = Field(description="What is not counted.")
    source_id: Filled = Field(description="Key in sources.")
    remark: str = Field(description="How it was read, and what to know.")

    @model_validator(mode="after")
    def _one_share(self) -> MeasuredCase:
        amounts = (self.final_amount is not None, self.total_amount is not None)
        if any(amounts) and not all(amounts):
            raise ValueError("final_amount and total_amount belong together; fill both or neither")
        if (self.company is not None) + any(amounts) + (self.final_share is not None) != 1:
            raise ValueError(
                "fill exactly one of company, final_amount + total_amount, final_share"
            )
        final, total = self.final_amount, self.total_amount
        if final and total and final.quantile(0.5) > total.quantile(0.5):
            raise ValueError("final_amount exceeds total_amount; the total contains it")
        return self


class Source(Row):
    """One row is a citation."""

    key_columns = ("source_id",)
    source_id: Key = Field(description="Key.")
    title: Filled = Field(description="Title.")
    publisher: Filled = Field(description="Publisher or authors.")
    date: Filled = Field(description="Date of publication, as exact as known.")
    url: str = Field(
        pattern=r"^(https?://\S+)?$", description="Public address; blank for our own judgement."
    )
    locator: str = Field(description="Where in it: page, table or section.")
    licence: Filled = Field(description="Licence or rights.")


MODELS: dict[str, type[Row]] = {
    "companies": Company,
    "training_runs": TrainingRun,
    "spending": Spending,
    "fx": FxRate,
    "assumptions": Assumption,
    "hardware": Hardware,
    "generative_models": GenerativeModel,
    "closed_models": ClosedModel,
    "evidence": Evidence,
    "corrections": Correction,
    "scenarios": Scenario,
    "published": Published,
    "measured_cases": MeasuredCase,
    "sources": Source,
}

# Words a choice of method may take; an assumption that is not listed here is a distribution.
CHOICES: dict[str, tuple[str, ...]] = {
    "closed_model_distribution": ("uniform-p5-p95", "bootstrap"),
    "closed_model_interval": ("line", "predictive"),
    "closed_model_line": ("per-model", "common"),
    "bootstrap_unit": ("model", "family"),
    "rl_fraction_basis": ("flop", "gpu-hours"),
}
