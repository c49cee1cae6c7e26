"""What each table holds: one pydantic model a table, one described column a line.

The models are the single statement of the columns: `tables` reads CSV files through them, and the
data dictionary is generated from them. A column's description is what its reader is told. Here a
row is judged by itself; what rows must mean together, `checks` says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args, get_type_hints

import pandas as pd
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    PlainValidator,
    model_validator,
)

from training_share.errors import require_known
from training_share.inputs.distributions import Exact, Given, parse
from training_share.inputs.observable import Observable, Observed, parse_observable, parse_observed

KEY = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
MONTH = r"\d{4}-(?:0[1-9]|1[0-2])"
T = TypeVar("T")


# --- what a cell may hold -------------------------------------------------------------------------
def _yes_no(cell: str) -> bool:
    if cell not in ("yes", "no"):
        raise ValueError("write yes or no")
    return cell == "yes"


def _date(cell: str) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell):
        raise ValueError("write the date as YYYY-MM-DD")
    return date.fromisoformat(cell)


def _month(cell: str) -> pd.Period:
    if not re.fullmatch(rf"{MONTH}(-\d{{2}})?", cell):
        raise ValueError("write the release as YYYY-MM or YYYY-MM-DD")
    day = date.fromisoformat(cell if len(cell) > 7 else f"{cell}-01")
    return pd.Period(year=day.year, month=day.month, freq="M")


def _months(cell: str) -> tuple[pd.Period, pd.Period]:
    if not re.fullmatch(f"{MONTH} to {MONTH}", cell):
        raise ValueError("write the first and the last month, as in 2024-04 to 2025-03")
    first, last = map(_month, cell.split(" to "))
    if last < first:
        raise ValueError(f"the last month, {last}, is before the first, {first}")
    return first, last


def _amount_or_zero(cell: str) -> Given:
    return Exact(0.0) if cell in ("0", "0.0") else parse(cell)


def _amount_or_key(cell: str) -> Given | str:
    key = re.fullmatch(r"[a-z][a-z0-9._-]*", cell) and cell not in ("nan", "inf", "infinity")
    return cell if key else parse(cell)


def _fraction(value: Given | str) -> Given | str:
    highest = value.value if isinstance(value, Exact) else getattr(value, "high", 0)
    if highest > 1:
        raise ValueError(f"a fraction cannot exceed 1, got {highest:g}; write 5% as 0.05")
    return value


def chip_of(unit: str) -> str:
    """Return the chip of a unit such as H100-hours as keys of hardware begin (h100), or "" for a
    currency.

    >>> chip_of("H100-hours"), chip_of("USD")
    ('h100', '')
    """
    return unit.removesuffix("-hours").lower() if unit.endswith("-hours") else ""


Maybe = Annotated[T | None, BeforeValidator(lambda cell: None if cell == "" else cell)]
Filled = Annotated[str, Field(min_length=1)]
Key = Annotated[Filled, Field(pattern=KEY)]  # also part of file names
YesNo = Annotated[bool, PlainValidator(_yes_no)]
Date = Annotated[date, PlainValidator(_date)]
Month = Annotated[pd.Period, PlainValidator(_month)]
Months = Annotated[tuple[pd.Period, pd.Period], PlainValidator(_months)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Amount = Annotated[Given, PlainValidator(parse)]
AmountOrZero = Annotated[Given, PlainValidator(_amount_or_zero)]
AmountOrKey = Annotated[Given | str, PlainValidator(_amount_or_key)]
Quantity = Annotated[Observable, PlainValidator(parse_observable)]
Finding = Annotated[Observed, PlainValidator(parse_observed)]
Modality = Literal["video", "image", "speech"]


def says(description: str, **limits: Any) -> Any:
    """Return what a column's reader is told of it and, as in pydantic, what limits it."""
    return Field(description=description, **limits)


# columns of more than one table
CompanyKey = Annotated[Key, says("Key in companies.")]
SourceKey = Annotated[Key, says("Key in sources.")]
Width = Annotated[Maybe[Positive], says("Output width in pixels (video and image).")]
Height = Annotated[Maybe[Positive], says("Output height in pixels (video and image).")]
SampleRate = Annotated[Maybe[Positive], says("Output sample rate in Hz (speech).")]


# --- the tables -----------------------------------------------------------------------------------
class Row(BaseModel):
    """A row of a table; its key joins the key columns by a slash, the form in which corrections
    name it."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    key_columns: ClassVar[tuple[str, ...]]

    def _together(self, *columns: str) -> bool:
        """Whether columns that belong together are filled; ValueError where only some are."""
        filled = [getattr(self, name) is not None for name in columns]
        if any(filled) and not all(filled):
            mend = "both or neither" if len(columns) == 2 else "all or none"
            names = f"{', '.join(columns[:-1])} and {columns[-1]}"
            raise ValueError(f"{names} belong together; fill {mend}")
        return all(filled)


class Company(Row):
    """One row is a company whose share is estimated."""

    key_columns = ("company",)
    company: Key = says("Key of the company.")
    display_name: Filled = says("Name as shown.")
    spending_start: Date = says("First day of the spending window.")
    spending_end: Date = says("Last day of the spending window.")
    release_lag_months: int = says(
        "Months by which the release window follows the spending window.", ge=0, le=36
    )
    currency: Key = says(
        "Currency of the company's disclosures, ISO 4217, or hours of a chip such as H100-hours."
    )
    color: str = says("Colour in figures.", pattern=r"^#[0-9A-Fa-f]{6}$")

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
    run_id: Key = says("Key of the run.")
    company: CompanyKey
    model: Filled = says("Released model the run belongs to.")
    stage: Filled = says("What the run did, in words.")
    released: Month = says(
        "Release as YYYY-MM or YYYY-MM-DD; its month decides whether the run counts."
    )
    covers: Maybe[Months] = says(
        "Blank, or the months of release that one row stands for together, as in 2024-04 to "
        "2025-03; it fits that release window alone."
    )
    flop: Maybe[AmountOrKey] = says(
        "Training compute in FLOP: a distribution, or a key in closed_models."
    )
    gpu_hours: Maybe[Amount] = says(
        "Training compute in GPU-hours: a distribution; priced without any MFU."
    )
    cost_usd: Maybe[Amount] = says("Training cost in USD: a distribution; taken as it is.")
    base_run: Maybe[str] = says("Run whose compute this run's is a fraction of.")
    fraction_of_base: Maybe[Annotated[AmountOrKey, AfterValidator(_fraction)]] = says(
        "Fraction of the base run's compute: a distribution, or the name of an assumption."
    )
    post_training: Maybe[str] = says(
        "Blank, or the name of the assumption that multiplies the FLOP."
    )
    workload: Literal["pretraining", "rl"] = says(
        "Which utilization applies: pretraining (mfu) or rl (mfu_rl)."
    )
    hardware: Maybe[str] = says("Key in hardware.")
    counted: YesNo = says(
        "yes where the run enters the numerator; no where it only serves as a base or waits for a "
        "correction."
    )
    group: str = says("Name by which runs can be left out together, such as hailuo; or blank.")
    evidence: Literal["reported", "regression", "judgement"] = says(
        "How the amount is known: reported, regression or judgement."
    )
    source_id: SourceKey
    note: str = says("What a reader should know.")

    @model_validator(mode="after")
    def _one_size(self) -> TrainingRun:
        sizes = ("flop", "gpu_hours", "cost_usd")
        filled = [name for name in sizes if getattr(self, name) is not None]
        if self._together("base_run", "fraction_of_base"):
            filled.append("base_run + fraction_of_base")
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
    company: CompanyKey
    line: Key = says("What was spent on: rd_compute, inference_compute and so on.")
    period: Filled = says("Name of the period as disclosed, such as FY2024 or 9M2025.")
    period_start: Date = says("First day of the period.")
    period_end: Date = says("Last day of the period.")
    amount_millions: AmountOrZero = says(
        "Amount in millions of the currency: a distribution or zero."
    )
    currency: Key = says(
        "ISO 4217 code, or hours of a chip such as H100-hours: then the share needs neither price "
        "nor utilization."
    )
    source_id: SourceKey
    note: str = says("How far a second source confirms the amount, or how it was derived.")

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
    currency: Key = says("ISO 4217 code.")
    period: str = says(
        "First and last calendar year the rate is used for, as 2022/2025.", pattern=r"^\d{4}/\d{4}$"
    )
    per_usd: Amount = says("Units of the currency for one USD: a distribution.")
    source_id: SourceKey


class Assumption(Row):
    """One row is an uncertain input or a choice of method."""

    key_columns = ("name",)
    name: Key = says("Key; also the keyword that overrides the value.")
    label: Filled = says("Name as charts and controls show it.")
    value: Filled = says("A distribution, a number or a word.")
    unit: Filled = says("Unit of the value; `choice` for a word.")
    correlation: Literal["shared", "per-company", "per-run", ""] = says(
        "Who shares a draw: shared by all, per-company or per-run; blank for a choice of method."
    )
    source_id: SourceKey
    note: str = says("Meaning, evidence and, for a choice, the words allowed.")

    @cached_property
    def amount(self) -> Given:
        """The value as a distribution; InputError for a word."""
        return parse(self.value)


class Hardware(Row):
    """One row is a peak rate of a chip at one precision, dense."""

    key_columns = ("hardware",)
    hardware: Key = says("Key: device, form factor and precision, such as h800-sxm-bf16.")
    peak_flop_per_s: Amount = says("Dense peak in FLOP per second.")
    source_id: SourceKey


class GenerativeModel(Row):
    """One row is a point of a scaling regression."""

    key_columns = ("modality", "model")
    modality: Modality = says("video, image or speech.")
    model: Filled = says("Name of the model.")
    parameters: Positive = says("Number of parameters.")
    training_flop: Maybe[Positive] = says("Total training compute in FLOP.")
    finetune_flop: Maybe[Positive] = says(
        "Part of it spent on finetuning, FLOP; subtracted where known."
    )
    width: Width
    height: Height
    sample_rate_hz: SampleRate
    used: YesNo = says("yes where the regression uses the point.")
    family: Filled = says("Lineage; the unit of the clustered bootstrap.")
    remark: str = says("What checking the point against its sources showed.")
    source_id: SourceKey


class ClosedModel(Row):
    """One row is a model whose training compute is predicted by a scaling regression."""

    key_columns = ("model",)
    model: Key = says("Key.")
    modality: Modality = says("Which regression predicts it.")
    parameters: Amount = says("Number of parameters: a distribution.")
    width: Width
    height: Height
    sample_rate_hz: SampleRate
    predecessor: Maybe[str] = says(
        "The closed model it follows, where its vendor states by how much."
    )
    predecessor_factor: Maybe[Positive] = says(
        "Training FLOP as a multiple of the predecessor's, by the vendor's statement: that of "
        "parameters times that of data."
    )
    statement_id: Maybe[str] = says("Key in sources: where the vendor states it.")
    source_id: SourceKey

    @model_validator(mode="after")
    def _whole_statement(self) -> ClosedModel:
        self._together("predecessor", "predecessor_factor", "statement_id")
        return self


class Correction(Row):
    """One row is one changed cell of another table, under a correction's name."""

    key_columns = ("correction", "table", "key", "column")
    correction: Key = says("Name of the correction; it may change several cells.")
    table: Filled = says("Table whose cell changes.")
    key: Filled = says("Key of the row; composite keys are joined by a slash.")
    column: Filled = says("Column of the cell.")
    value: str = says("New content of the cell; blank empties it.")
    denominator: str = says(
        "Where it is another way to count R&D compute: its name beside the others; or blank."
    )
    reason: Filled = says("Why a careful reader would change it.")
    source_id: SourceKey


class Evidence(Row):
    """One row is something observed that the model also predicts: where it is in force, a draw
    weighs as much as the observation is likely at what the draw predicts. Rows of one name go
    together."""

    key_columns = ("evidence", "company")
    evidence: Key = says("Name of the evidence; it may have a row a company.")
    company: Key = says("Key in companies: whose quantity it is.")
    quantity: Quantity = says(
        "What was observed: share, largest run (as a fraction of R&D compute), `assumption NAME`, "
        "or flop, gpu_hours or cost_usd `of` runs or groups joined by ` + `; ` / ` between two "
        "makes a ratio."
    )
    value: Finding = says(
        "What it was found to be: a distribution, or a limit (`at most` or `at least` an amount, "
        "soft where the amount is a distribution)."
    )
    source_id: SourceKey
    note: str = says("Why it is believed, and to within how much.")


class Scenario(Row):
    """One row is one correction, or one piece of evidence, considered for a named scenario."""

    key_columns = ("scenario", "correction")
    scenario: Key = says("Name of the scenario.")
    correction: str = says(
        "Name of a correction or of a piece of evidence; blank in the row of the base tables "
        "themselves."
    )
    order: Maybe[int] = says(
        "Place in which it is applied, which matters for corrections alone; blank where it was "
        "considered and left out."
    )
    why: str = says("One sentence: why it is in, or why it is left out.")


class Published(Row):
    """One row is a figure the newsletter, or its authors' code, prints, kept apart from all
    inputs."""

    key_columns = ("claim_id",)
    claim_id: Key = says("Key.")
    company: CompanyKey
    scenario: Key = says("Scenario whose settings the figure has.")
    quantity: Filled = says("What the figure is.")
    value: Maybe[FiniteFloat] = says("Printed central figure.")
    p5: Maybe[FiniteFloat] = says("Printed lower end of the 90% interval.")
    p95: Maybe[FiniteFloat] = says("Printed upper end of the 90% interval.")
    unit: Filled = says("Unit of the three figures.")
    decimals: int = says("Decimals printed.", ge=0)
    source_id: SourceKey
    status: Literal["reproduced", "within Monte Carlo error", "differs", "context"] = says(
        "reproduced to the printed digits, within Monte Carlo error of them, differs, or context "
        "only."
    )
    explanation: str = says("Why ours differs, or what to know.")


class MeasuredCase(Row):
    """One row is what a developer measured, or let others measure, of its own development compute:
    the share of final runs, given as two amounts of one unit, as a fraction, or by the company
    under which its runs and hours stand."""

    key_columns = ("case",)
    case: Filled = says("Key.")
    company: Maybe[str] = says("Key in companies where the runs and hours stand there; else blank.")
    organisation: Filled = says("Who developed the models.")
    models: Filled = says("What was developed.")
    period: Filled = says("When, as exact as known.")
    scope: Literal["one recipe", "intermediate models", "full pipeline", "cluster"] = says(
        "What the total covers: one recipe with its ablations, a project with large intermediate "
        "models, a full pipeline with reinforcement learning, or a cluster's jobs."
    )
    unit: Filled = says("Unit of both amounts.")
    final_amount: Maybe[Amount] = says("What final training runs took: a distribution in the unit.")
    total_amount: Maybe[Amount] = says(
        "What the whole development took, final runs included: a distribution in the same unit."
    )
    final_share: Maybe[Annotated[Amount, AfterValidator(_fraction)]] = says(
        "The share itself where no amounts are given: a distribution, as a fraction."
    )
    grade: Literal["measured", "disclosed estimate", "inferred", "bound"] = says(
        "How the share is known; a bound caps what final runs can have taken."
    )
    used: YesNo = says(
        "yes where the case informs the next company's share; no where it is context."
    )
    in_scope: Filled = says("What is counted beside the final runs.")
    out_of_scope: Filled = says("What is not counted.")
    source_id: Filled = says("Key in sources.")
    remark: str = says("How it was read, and what to know.")

    @model_validator(mode="after")
    def _one_share(self) -> MeasuredCase:
        amounts = self._together("final_amount", "total_amount")
        if (self.company is not None) + amounts + (self.final_share is not None) != 1:
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
    source_id: Key = says("Key.")
    title: Filled = says("Title.")
    publisher: Filled = says("Publisher or authors.")
    date: Filled = says("Date of publication, as exact as known.")
    url: str = says("Public address; blank for our own judgement.", pattern=r"^(https?://\S+)?$")
    locator: str = says("Where in it: page, table or section.")
    licence: Filled = says("Licence or rights.")


# what to write instead, by pydantic's name of a fault or by the pattern that a cell fails
MENDS = {
    KEY: "a key has letters, digits, '-', '_' and '.' only, and begins with one of the first two",
    "string_too_short": "the cell is empty; fill it in",
    "float_parsing": "not a number; write it like 1234.5 or 1.2e24, without thousands separators",
    "finite_number": "write a finite number",
    "greater_than": "write a number above zero",
    "int_parsing": "write a whole number such as 3",
    "int_from_float": "write a whole number such as 3",
}

# Words a choice of method may take; an assumption that is not listed here is a distribution.
CHOICES: dict[str, tuple[str, ...]] = {
    "closed_model_distribution": ("uniform-p5-p95", "bootstrap"),
    "closed_model_interval": ("line", "predictive"),
    "closed_model_line": ("per-model", "common"),
    "bootstrap_unit": ("model", "family"),
    "rl_fraction_basis": ("flop", "gpu-hours"),
}


# --- all of them ----------------------------------------------------------------------------------
Texts = Mapping[str, Mapping[str, Mapping[str, str]]]  # table -> key -> column -> content
AnyRow = TypeVar("AnyRow", bound=Row)


@dataclass(frozen=True, eq=False, repr=False)
class Rows:
    """The rows of every table as typed values, by key, and all tables as text."""

    companies: Mapping[str, Company]
    training_runs: Mapping[str, TrainingRun]
    spending: Mapping[str, Spending]
    fx: Mapping[str, FxRate]
    assumptions: Mapping[str, Assumption]
    hardware: Mapping[str, Hardware]
    generative_models: Mapping[str, GenerativeModel]
    closed_models: Mapping[str, ClosedModel]
    evidence: Mapping[str, Evidence]
    corrections: Mapping[str, Correction]
    scenarios: Mapping[str, Scenario]
    published: Mapping[str, Published]
    measured_cases: Mapping[str, MeasuredCase]
    sources: Mapping[str, Source]
    texts: Texts

    def __getitem__(self, table: str) -> Mapping[str, Any]:
        require_known(table, MODELS, "table")
        return getattr(self, table)


MODELS: dict[str, type[Row]] = {
    table: get_args(kind)[1] for table, kind in get_type_hints(Rows).items() if table != "texts"
}
