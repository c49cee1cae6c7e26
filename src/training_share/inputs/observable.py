"""What a row of evidence is about, read from words.

share                                     assumption price_usd_per_gpu_hour
largest run                               cost_usd of hailuo
flop of hailuo-02-pretraining / flop of hailuo-01-pretraining
gpu_hours of minimax-text-01 + minimax-vl-01
"""

from __future__ import annotations

from dataclasses import dataclass

from training_share.errors import InputError, nearest

STEPS = ("flop", "gpu_hours", "cost_usd")  # of a run, each a step of its cost
WHOLE = ("share", "largest run")
_HOW = (
    "write share, largest run, 'assumption NAME', or flop, gpu_hours or cost_usd of runs or groups "
    "joined by ' + '; and ' / ' between two of them for a ratio"
)


@dataclass(frozen=True)
class Term:
    """One quantity: `kind` is a word of WHOLE or STEPS, or assumption; `names` are runs and groups,
    whose sum it is, or the assumption."""

    kind: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observable:
    """A quantity that a draw predicts: one term, or the ratio of two."""

    text: str
    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return self.text


def parse_observable(text: str) -> Observable:
    """Read a quantity; InputError for words that are none."""
    parts = text.split(" / ")
    if len(parts) > 2:
        raise InputError(f"'{text}': a ratio has two sides; {_HOW}")
    return Observable(text, tuple(_term(part.strip(), text) for part in parts))


def _term(words: str, text: str) -> Term:
    if words in WHOLE:
        return Term(words)
    kind, _, rest = words.partition(" ")
    if kind == "assumption" and rest and " " not in rest:
        return Term(kind, (rest,))
    if kind in STEPS and rest.startswith("of "):
        return Term(kind, tuple(name.strip() for name in rest.removeprefix("of ").split(" + ")))
    raise InputError(f"'{text}'{nearest(words, [*WHOLE, *STEPS, 'assumption'])}; {_HOW}")
