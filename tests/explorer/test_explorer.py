"""The explorer without a browser: what follows its controls, refusals, and no hidden state."""

import asyncio
import json
import re
import shlex
from html import unescape

import numpy as np
import pytest
from arithmetic import NEWSLETTER
from bs4 import BeautifulSoup
from refusals import assert_refused

import training_share as ts
from training_share.explorer import Explorer
from training_share.files import repo_root
from training_share.inputs.tables import load
from training_share.report.shares import published_share
from training_share.report.text import number, percent
from training_share.run import parameters_of

BASE = load()
FEW = {"n_draws": 500}
MFU = "0.2 to 0.3 (p10-p90 lognormal)"
UNTICKED = "m1-rl-reported-hours"  # of careful's corrections


@pytest.fixture
def explorer(tmp_path):
    one = Explorer("minimax", **FEW)
    one.figures = tmp_path
    return one


def put(explorer, **values) -> None:
    for name, value in values.items():
        explorer.controls[name].value = value


def tick(explorer, kind: str, name: str, value: bool = True) -> None:
    explorer.controls[kind].boxes[name].value = value


def text_of(widget) -> str:
    html = widget.value.replace("</p><p>", " ")
    return " ".join(BeautifulSoup(html, "html.parser").get_text().split())


def assert_shown(explorer, company="minimax", **settings) -> None:
    """The page says what the estimate of these settings says: sentence, chart, runs, chain."""
    est = ts.estimate(company, **FEW | settings)
    np.testing.assert_array_equal(explorer.estimate.share, est.share)
    sentence = re.sub(r"[*`]", "", ts.sentences.answer(est))
    assert text_of(explorer.sentence) == " ".join(sentence.split())
    assert bars(explorer)[0][1] == percent(est.summary().share_p50)
    page = BeautifulSoup(explorer.runs.value, "html.parser")
    costs = est.cost_table()
    assert [row.th.text for row in page.tbody.find_all("tr")] == list(costs.index)
    assert page.tbody.find_all("td")[1].text == number(costs["p50"].iloc[0])
    assert est.trace(explorer.run.value).attrs["sentence"] in text_of(explorer.chain)


def bars(explorer) -> list[list[str]]:
    """Return label, share and interval of each bar of the chart."""
    page = BeautifulSoup(explorer.chart.value, "html.parser")
    cells = page.div.find_all("span", recursive=False)
    rows = [cells[place : place + 3] for place in range(0, len(cells) - 2, 3)]
    return [[row[0].contents[0], row[2].b.text, row[2].contents[1].strip()] for row in rows]


def styles(explorer, name: str) -> list[str]:
    page = BeautifulSoup(explorer.chart.value, "html.parser")
    return [part["style"] for part in page.select(f".{name}")]


# --- the numbers ----------------------------------------------------------------------------------
def test_the_chart_says_what_compare_says(explorer):
    explorer.controls["mfu"].slider.value = (0.2, 0.3)
    names = ["share_p5", "share_p50", "share_p95"]
    shares = 100 * ts.compare(["minimax"], mfu=MFU, **FEW).table.loc["minimax", names]
    bare = 100 * ts.estimate("minimax", mfu=MFU, **FEW).without("hailuo").summary()[names]
    own = 100 * ts.estimate("minimax", **FEW).summary()[names]
    labels = ["MiniMax", "MiniMax without Hailuo", "newsletter, unchanged"]
    assert bars(explorer) == [
        [label, f"{middle:.1f}%", f"({low:.1f} to {high:.1f})"]
        for label, (low, middle, high) in zip(labels, (shares, bare, own), strict=True)
    ]
    low, middle, high = (round(value, 2) for value in shares)
    assert styles(explorer, "ts-fill")[0] == f"width:{middle}%"
    place, width = re.findall(r"[\d.]+", styles(explorer, "ts-line")[0])
    assert (float(place), float(width)) == pytest.approx((low, high - low), abs=0.011)


def test_the_chart_has_the_printed_figure_the_half_and_a_text_for_who_cannot_see_it(explorer):
    printed = 100 * published_share(ts.estimate("minimax", **FEW))
    assert styles(explorer, "ts-mark") == [f"left:{printed:.1f}%"] * 2
    page = BeautifulSoup(explorer.chart.value, "html.parser")
    assert page.div["role"] == "img" and re.search(r"MiniMax \d", page.div["aria-label"])
    assert len(page.select(".ts-half")) == 3
    put(explorer, scenario="careful")
    assert not styles(explorer, "ts-mark") and "Diamond" not in explorer.chart.value


def test_above_100_percent_the_chart_ends_and_says_why(explorer):
    assert "Beyond" not in explorer.chart.value
    put(explorer, mfu="0.03")
    share = ts.estimate("minimax", mfu="0.03", **FEW).share
    assert np.quantile(share, 0.5) > 1
    said = f"Beyond 100%: in {percent((share > 1).mean())} of the draws"
    assert said in text_of(explorer.chart)
    assert explorer.chart.value.count("ts-open") == 2  # without Hailuo too
    assert styles(explorer, "ts-fill")[0] == "width:100%"
    explorer.save()  # the saved chart ends at the edge as well
    assert "Saved" in explorer.message.value


def test_a_caveat_is_told_in_sentence_and_chart(explorer):
    put(explorer, release_lag_months="0")
    assert_shown(explorer, release_lag_months=0)
    assert bars(explorer)[0][0] == "MiniMax, lower bound"


# --- what a change brings along -------------------------------------------------------------------
def test_sliders_follow_the_scenario_and_what_is_set_stays(explorer):
    explorer.controls["mfu"].slider.value = (0.2, 0.3)
    assert_shown(explorer, mfu=MFU)
    tick(explorer, "exclude_groups", "hailuo")
    put(explorer, scenario="appendix")
    assert explorer.controls["mfu_rl"].slider.value == (0.01, 0.1)
    assert_shown(explorer, scenario="appendix", mfu=MFU, exclude_groups="hailuo")


def test_a_scenario_brings_its_ticks_and_takes_those_of_the_one_before(explorer):
    tick(explorer, "corrections", "release-lag")
    put(explorer, scenario="careful")
    assert_shown(explorer, scenario="careful")
    put(explorer, scenario="newsletter")
    assert_shown(explorer)


def test_another_company_takes_what_does_nothing_for_it(explorer):
    put(explorer, mfu=MFU)
    for kind, name in (("exclude_groups", "hailuo"), ("corrections", "m2.1-fp8")):
        tick(explorer, kind, name)
    tick(explorer, "corrections", "release-lag")
    put(explorer, company="openai")
    assert_shown(explorer, "openai", corrections="release-lag")
    others = {"company", "scenario", "seed", "corrections", "evidence"}
    assert set(explorer.parameters()) == {*FEW, *others}
    boxes = explorer.controls["corrections"].boxes.items()
    shown = {name for name, box in boxes if not box.layout.display}
    assert shown - {"release-lag"} == {name for name in BASE.cells_of if "openai" in name}
    assert not any(explorer.controls[name].placeholder for name in explorer.cells)


def test_a_correction_of_the_scenario_can_be_unticked(explorer):
    put(explorer, scenario="careful")
    own = ts.estimate("minimax", "careful", **FEW)
    tick(explorer, "corrections", UNTICKED, False)
    kept = [name for name in BASE.cells_of if name in own.corrections and name != UNTICKED]
    assert_shown(explorer, corrections=kept, evidence=own.evidence)
    assert not styles(explorer, "ts-mark")  # it is run as newsletter, and is not the newsletter's
    assert bars(explorer)[-1][:2] == ["careful, unchanged", percent(own.summary().share_p50)]
    tick(explorer, "corrections", UNTICKED)
    assert_shown(explorer, scenario="careful")


def test_evidence_is_the_scenarios_until_it_is_changed(explorer):
    put(explorer, scenario="careful")
    own = BASE.scenario_evidence("careful")
    tick(explorer, "evidence", own[0], False)
    assert_shown(explorer, scenario="careful", evidence=own[1:])
    for name in own[1:]:
        tick(explorer, "evidence", name, False)
    assert explorer.estimate.weights is None
    put(explorer, scenario="newsletter")
    tick(explorer, "evidence", "other-rd-flat")
    assert_shown(explorer, evidence="other-rd-flat")


def test_a_group_is_left_out_its_bar_goes_and_the_chosen_run_with_it(explorer):
    explorer.run.value = "hailuo-02-pretraining"
    assert_shown(explorer)
    assert "regression" in explorer.chain.value and 'href="http' in explorer.chain.value
    put(explorer, mfu=MFU)
    assert explorer.run.value == "hailuo-02-pretraining"
    tick(explorer, "corrections", "uncounted-releases")  # a longer list
    assert explorer.run.value == "hailuo-02-pretraining"
    tick(explorer, "exclude_groups", "hailuo")
    assert_shown(explorer, mfu=MFU, corrections="uncounted-releases", exclude_groups="hailuo")
    left = ["MiniMax without Hailuo", "newsletter, unchanged"]
    assert [label for label, *_ in bars(explorer)] == left
    assert explorer.run.value == "minimax-text-01"


@pytest.mark.slow
def test_same_settings_give_the_same_page_whatever_came_before(explorer):
    def page():
        parts = (explorer.chart, explorer.sentence, explorer.runs, explorer.texts, explorer.chain)
        return [part.value for part in parts]

    first = page()
    put(explorer, mfu="0.3", scenario="careful", company="zai", cny_per_usd="7.1")
    assert page() != first
    put(explorer, company="minimax", scenario="newsletter")
    put(explorer, release_lag_months="0", spending_end="x")
    tick(explorer, "exclude_groups", "hailuo")
    tick(explorer, "evidence", "other-rd-flat")
    explorer.reset.click()
    assert page() == first and not explorer.message.value


# --- refusals -------------------------------------------------------------------------------------
REFUSED = [
    ("mfu", "0.4 to 0.2 (p10-p90 lognormal)", "MFU: '0.4 to 0.2 (p10-p90 lognormal)'"),
    ("price_usd_per_gpu_hour", "cheap", "GPU price (USD per H800-hour): 'cheap'"),
    ("release_lag_months", "2.5", "Z.ai, column Release lag (months): '2.5'"),
    ("cny_per_usd", "0", "CNY/2022/2025, column per_usd: '0'"),
    ("seed", -1, "Seed: expected a whole number of at least 0"),
    ("n_draws", 2_000_000, "Draws: 2,000,000 would not fit into memory"),
    ("spending_start", "2024-02-01", "Z.ai, rd_compute: the disclosed periods cannot be"),
    ("spending_end", "2023-12-31", "Z.ai: Spending to lies before Spending from"),
]


def test_a_refused_value_is_told_in_place_and_the_answer_stays():
    explorer = Explorer("zai", **FEW)
    for name, value, said in REFUSED:
        shown, before = explorer.chart.value, explorer.controls[name].value
        texts = explorer.texts.value
        put(explorer, **{name: value})
        told = unescape(explorer.message.value)
        assert f"</b> {said}" in told
        assert 'role="alert"' in told and ".csv" not in told
        assert explorer.controls[name].value == value
        assert explorer.chart.value == shown and explorer.texts.value == texts
        put(explorer, **{name: before})
        assert not explorer.message.value and explorer.chart.value == shown


def test_corrections_that_exclude_each_other_are_told(explorer):
    put(explorer, company="zai")
    tick(explorer, "corrections", "drop-glm-4.6")
    tick(explorer, "corrections", "glm-4.6-full-run")
    assert "exclude each other" in explorer.message.value
    tick(explorer, "corrections", "drop-glm-4.6", False)
    assert_shown(explorer, "zai", corrections="glm-4.6-full-run")


def test_first_settings_have_to_be_good():
    for told, company, settings in (
        ("is not below the high", "minimax", {"mfu": "0.4 to 0.2 (p10-p90 lognormal)"}),
        ("did you mean 'price-minimax'", "minimax", {"evidence": "price-minimux"}),
        ("its spending is missing", "deepseek", {}),
        ("not among its controls", "minimax", {"changes": {"companies/zai/display_name": "Z"}}),
    ):
        assert_refused(told, Explorer, company, **settings)


# --- what follows when the changes pause ----------------------------------------------------------
def test_the_runs_come_when_the_slider_rests(explorer):
    async def drag():
        before = explorer.runs.value
        for end in (0.3, 0.31, 0.32):
            explorer.controls["mfu"].slider.value = (0.15, end)
        moving = explorer.runs.value == before, explorer.controls["mfu"].value
        await asyncio.sleep(0.5)
        return moving

    assert asyncio.run(drag()) == (True, "0.15 to 0.32 (p10-p90 lognormal)")
    assert_shown(explorer, mfu="0.15 to 0.32 (p10-p90 lognormal)")


# --- what is taken along --------------------------------------------------------------------------
YEAR = {"spending_start": "2024-01-01", "spending_end": "2024-12-31", "release_lag_months": 0}
AMOUNTS = {"mfu": MFU, "cny_per_usd": 7.1, "post_training_factor": "1.2"}
CHOSEN = {"scenario": "appendix", "seed": 7, "corrections": "add-glm-z1"}
EXAMPLES = [
    {"company": "minimax"},
    {"company": "openai", "scenario": "careful", "seed": 0},
    {"company": "zai"} | YEAR | AMOUNTS | CHOSEN,
    {"company": "minimax", "exclude_groups": "hailuo", "evidence": "other-rd-flat"},
]


@pytest.mark.parametrize("asked", EXAMPLES)
@pytest.mark.parametrize("named", [True, False])
def test_command_file_and_call_reproduce_the_settings(asked, named):
    """Named in this notebook's call, and so parameters of the others; or set later."""
    from papermill.cli import _resolve_type

    first = asked if named else {"company": asked["company"]}
    explorer, company = Explorer(**FEW | first), asked["company"]
    for name, value in asked.items() if not named else ():
        control = explorer.controls[name]
        if hasattr(control, "boxes"):
            tick(explorer, name, value)
        else:
            control.value = type(control.value)(value)
    share = ts.estimate(**FEW | asked).share
    command, call, file = explorer.taken().values()
    words = shlex.split(command)
    assert words[:3] == ["papermill", f"notebooks/{company}.ipynb", f"explored_{company}.ipynb"]
    given = dict(zip(words[4::3], map(_resolve_type, words[5::3]), strict=True))
    assert json.loads(file) == {
        n: v if n in ("n_draws", "seed") else str(v) for n, v in given.items()
    }
    assert given.pop("figures_dir") == f"explored_{company}"
    if not named:
        assert given.keys() <= parameters_of(repo_root() / f"notebooks/{company}.ipynb").keys()
    for same in (ts.estimate(company, **given), eval(call, {"ts": ts}), explorer.estimate):
        np.testing.assert_array_equal(same.share, share)


def test_the_notebook_names_parameters_that_every_company_has():
    told = set(parameters_of(repo_root() / "notebooks" / "explorer.ipynb"))
    assert told - {"figures_dir"} <= Explorer("minimax", **FEW).controls.keys()
    for company in NEWSLETTER:
        assert told - {"company"} <= set(parameters_of(repo_root() / f"notebooks/{company}.ipynb"))


def test_saving_writes_figure_parameters_and_command(explorer, tmp_path):
    put(explorer, mfu=MFU)
    explorer.saving.click()
    kinds = {path.name.removeprefix("explorer_minimax.") for path in tmp_path.iterdir()}
    assert kinds == {"png", "svg", "csv", "yaml", "txt"} and "Saved" in explorer.message.value
    command, _, file = explorer.taken().values()
    assert (tmp_path / "explorer_minimax.txt").read_text() == command
    assert (tmp_path / "explorer_minimax.yaml").read_text() == file
    assert "MiniMax without Hailuo" in (tmp_path / "explorer_minimax.csv").read_text()
    (tmp_path / "file").write_text("")
    explorer.figures = tmp_path / "file" / "below"
    explorer.saving.click()
    assert "cannot be written" in explorer.message.value
