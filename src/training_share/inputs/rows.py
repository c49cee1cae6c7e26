"""The rows of all tables, as text and as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from training_share.inputs import schema

Texts = Mapping[str, Mapping[str, Mapping[str, str]]]  # table -> key -> column -> content


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of every table as typed values, by key."""

    companies: Mapping[str, schema.Company] = field(repr=False)
    training_runs: Mapping[str, schema.TrainingRun] = field(repr=False)
    spending: Mapping[str, schema.Spending] = field(repr=False)
    fx: Mapping[str, schema.FxRate] = field(repr=False)
    assumptions: Mapping[str, schema.Assumption] = field(repr=False)
    hardware: Mapping[str, schema.Hardware] = field(repr=False)
    generative_models: Mapping[str, schema.GenerativeModel] = field(repr=False)
    closed_models: Mapping[str, schema.ClosedModel] = field(repr=False)
    evidence: Mapping[str, schema.Evidence] = field(repr=False)
    corrections: Mapping[str, schema.Correction] = field(repr=False)
    scenarios: Mapping[str, schema.Scenario] = field(repr=False)
    published: Mapping[str, schema.Published] = field(repr=False)
    measured_cases: Mapping[str, schema.MeasuredCase] = field(repr=False)
    sources: Mapping[str, schema.Source] = field(repr=False)
