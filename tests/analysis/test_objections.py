"""The numbers of docs/objections.md are those of today's tables."""

import re

import numpy as np
import pytest

import training_share as ts
from training_share.files import repo_root
from training_share.report.text import brief_chance

pytestmark = pytest.mark.slow
PAGE = repo_root() / "docs" / "objections.md"


def percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def ends(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {percent(high)}"


def row(est: ts.Estimate) -> str:
    """Share, interval and chance, as a row of a Markdown table has them."""
    low, middle, high = est.share_quantiles.values()
    odds = brief_chance(est.mean(est.share > 0.5))
    return f"{percent(middle)} | {ends(low, high)} | {odds}"


@pytest.fixture(scope="module")
def told() -> str:
    return " ".join(PAGE.read_text(encoding="utf-8").split())


def test_beliefs(told):
    est = ts.estimate("minimax", "careful")
    labels = {
        "corrections and observations": "Our corrections",
        "the same, cut at 100%": "Cut at 100%",
        "with a Beta(1, 2) on the share, melded": "Other R&D took some, counted half",
        "with the same Beta(1, 2), multiplied in": "Other R&D took some, counted in full",
    }
    for words, label in labels.items():
        one = est.again(**est.base.choices_of("beliefs")[label])
        assert f"| {words} | {row(one)} |" in told


def test_markets(told):
    three = ts.compare()
    for correction, words in (("", "instead of {}"), ("half-shared-market", "is {} instead")):
        low, _, high = three.again(corrections=correction)["minimax"].share_quantiles.values()
        assert words.format(ends(low, high)) in told
    own = three.again(corrections="per-run-market")["minimax"].share_quantiles
    assert f"in common it is {ends(own['p5'], own['p95'])}" in told
    odds = ts.corrections.who_is_higher(three).loc[("MiniMax", "Z.ai")].map(percent)
    first, half, company, _ = odds
    assert f"in {first} of draws with one market, in {half} with half" in told
    assert f"in {company} if each company has its own" in told


def test_reinforcement_learning(told):
    three = ts.compare()
    slow = three.again(corrections="rl-mfu-measured")
    shares = [percent(one["minimax"].share_quantiles["p50"]) for one in (three, slow)]
    odds = [percent(one["minimax"].mean(one["minimax"].share > 0.5)) for one in (three, slow)]
    zai = percent(slow["zai"].mean(slow["zai"].share > 0.5))
    words = f"takes MiniMax from {' to '.join(shares)} and the chance of more than half from "
    assert f"{words}{' to '.join(odds)}; at Z.ai that chance becomes {zai}." in told


def test_the_next_company(told):
    found = ts.pattern()
    table = found.dependence()

    def interval(place: tuple[str, str]) -> str:
        low, middle, high = table.loc[place, ["p5", "p50", "p95"]]
        return f"{percent(middle)} ({ends(low, high)})"

    assert f"company-years alone: {interval(('as chosen', 'by default'))}." in told
    assert f"where they give {interval(('cases', 'companies and projects'))}." in told
    mean, spread = (
        table.loc[f"prior of the {name}, its scale in logits"] for name in ("mean", "spread")
    )
    medians, upper = (
        list(map(percent, values.iloc[[0, -1]])) for values in (mean["p50"], spread["p95"])
    )
    assert f"moves the median from {' to '.join(medians)}" in told
    assert f"the upper end from {' to '.join(upper)}." in told
    cost = ts.implied_training_costs(2025).loc["openai/rd_compute_by_epoch/CY2025"]
    own, other = (
        f"{cost[f'{of}p50']:.2f} ({cost[f'{of}p5']:.2f} to {cost[f'{of}p95']:.1f})"
        for of in ("own_", "")
    )
    assert f"USD {own} billion of final runs instead of {other}." in told


def test_what_is_left_out(told):
    est = ts.estimate("minimax")
    for correction, words in (
        ("uncounted-releases", "takes MiniMax to {}"),
        ("hailuo-2.3-full-run", "the upper bound, {}."),
    ):
        low, middle, high = est.again(corrections=correction).share_quantiles.values()
        assert words.format(f"{percent(middle)} ({ends(low, high)})") in told


def test_no_number_is_left_to_fill_in(told):
    assert not re.search(r"\{\w+\}", told)
    assert len(re.findall(r"\d", told)) > 100 and np.isfinite(len(told))
