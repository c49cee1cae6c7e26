"""The explorer without a browser: what follows its widgets, refusals, and no hidden state."""

import asyncio
import re
from html import unescape

import nbformat
import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup
from refusals import assert_refused

from training_share.explorer import app, explore
from training_share.explorer.html import chain_table, run_lines, sentence_html
from training_share.explorer.settings import call, command
from training_share.model.comparison import compare
from training_share.model.estimate import estimate
from training_share.report.sentences import answer
from training_share.report.shares import published_share
from training_share.report.text import percent
from training_share.run import canonical

FEW = {"n_draws": 500}
MFU = "0.2 to 0.3 (p10-p90 lognormal)"


@pytest.fixture
def explorer(tmp_path):
    return explore("minimax", figures_dir=tmp_path, **FEW)


def slide(explorer, name: str, *values: float) -> None:
    slider = explorer.panel.sliders[name]
    places = [[value for _, value in slider.options].index(value) for value in values]
    slider.index = tuple(places) if len(places) == 2 else places[0]


def tick(explorer, kind: str, name: str, value: bool = True) -> None:
    explorer.panel.boxes[kind][name].value = value


def bars(explorer) -> list[list[str]]:
    """Return label, share and interval of each bar of the chart."""
    page = BeautifulSoup(explorer.chart.value, "html.parser")
    cells = [cell for cell in page.div.find_all("span", recursive=False)]
    rows = [cells[place : place + 3] for place in range(0, len(cells) - 3, 3)]
    return [[row[0].contents[0], row[2].b.text, row[2].contents[1].strip()] for row in rows]


def styles(explorer, name: str) -> list[str]:
    page = BeautifulSoup(explorer.chart.value, "html.parser")
    return [part["style"] for part in page.select(f".{name}")]


# --- the numbers ----------------------------------------------------------------------------------
def test_the_chart_says_what_compare_says(explorer):
    slide(explorer, "mfu", 0.2, 0.3)
    table = compare(["minimax"], mfu=MFU, **FEW).table.loc["minimax"]
    shares = [100 * table[f"share_{name}"] for name in ("p5", "p50", "p95")]
    bare = estimate("minimax", mfu=MFU, **FEW).without("hailuo").summary()
    own = estimate("minimax", **FEW).summary()
    told = [
        (label, f"{middle:.1f}%", f"({low:.1f} to {high:.1f})")
        for label, (low, middle, high) in {
            "As set here": shares,
            "As set, without Hailuo": 100 * bare[["share_p5", "share_p50", "share_p95"]],
            "newsletter, unchanged": 100 * own[["share_p5", "share_p50", "share_p95"]],
        }.items()
    ]
    assert list(map(tuple, bars(explorer))) == told
    assert styles(explorer, "ts-fill")[0] == f"width:{shares[1]:.2f}%;background:#D55E00"
    assert styles(explorer, "ts-line")[0] == (
        f"left:{shares[0]:.2f}%;width:{shares[2] - shares[0]:.2f}%"
    )


def test_the_chart_has_the_printed_figure_the_half_and_a_text_for_who_cannot_see_it(explorer):
    printed = 100 * published_share(estimate("minimax", **FEW))
    assert styles(explorer, "ts-mark") == [f"left:{printed:.2f}%"] * 2
    page = BeautifulSoup(explorer.chart.value, "html.parser")
    assert page.div["role"] == "img" and re.search(r"As set here \d", page.div["aria-label"])
    assert len(page.select(".ts-half")) == 3 and "<img" not in explorer.chart.value
    explorer.panel.menus["scenario"].value = "careful"
    assert not styles(explorer, "ts-mark") and "Diamond" not in explorer.chart.value


def test_beyond_100_percent_there_is_an_arrow_and_a_sentence(explorer):
    assert "▶" not in explorer.chart.value and "Beyond" not in explorer.chart.value
    explorer.panel.texts["mfu"].value = "0.03"
    share = estimate("minimax", mfu="0.03", **FEW).share
    assert np.quantile(share, 0.5) > 1
    assert f"Beyond 100%: in {percent((share > 1).mean())} of the draws" in explorer.chart.value
    assert explorer.chart.value.count("▶") == 2  # without Hailuo too
    assert styles(explorer, "ts-fill")[0].startswith("width:100.00%;")
    assert explorer.save()  # the saved chart ends at the edge as well


def test_slider_and_text_follow_each_other_and_the_scenario(explorer):
    sliders, texts = explorer.panel.sliders, explorer.panel.texts
    slide(explorer, "mfu", 0.2, 0.3)
    assert texts["mfu"].value == MFU
    est = estimate("minimax", mfu=MFU, **FEW)
    assert explorer.sentence.value == sentence_html(answer(est))
    assert list(explorer.runs.options) == run_lines(est.cost_table())
    explorer.panel.menus["scenario"].value = "appendix"
    assert (sliders["mfu_rl"].value, sliders["mfu"].value) == ((0.01, 0.1), (0.2, 0.3))
    texts["mfu"].value = "0.25"
    assert sliders["mfu"].value == (0.25, 0.25)
    slide(explorer, "mfu", 0.15, 0.35)
    assert texts["mfu"].value == ""


@pytest.mark.slow
def test_same_settings_give_the_same_page_whatever_came_before(explorer):
    def page():
        parts = (explorer.chart, explorer.sentence, explorer.copies, explorer.texts)
        return [part.value for part in parts], explorer.runs.options

    first = page()
    slide(explorer, "mfu", 0.3, 0.5)
    for name, value in (("scenario", "careful"), ("company", "zai")):
        explorer.panel.menus[name].value = value
    assert page() != first
    for name, value in (("company", "minimax"), ("scenario", "newsletter")):
        explorer.panel.menus[name].value = value
    tick(explorer, "exclude_groups", "hailuo")
    explorer.reset.click()
    assert page() == first


def test_only_what_does_something_is_shown_and_counted():
    panel = explore("openai", **FEW).panel
    rows = panel.box.children[0].children[0].children
    assert [row.children[0].description for row in rows] == ["Release lag (months)"]
    assert not panel.boxes["exclude_groups"]
    panel.boxes["corrections"]["release-lag"].value = True
    panel.boxes["evidence"]["other-rd-flat"].value = True
    assert panel.accordion.titles == (
        "Corrections: 1 of 4 in force",
        f"Evidence: 1 of {len(panel.boxes['evidence'])} in force",
    )


# --- corrections and groups -----------------------------------------------------------------------
def test_a_correction_of_the_scenario_can_be_unticked(explorer):
    explorer.panel.menus["scenario"].value = "careful"
    own = estimate("minimax", "careful", **FEW)
    assert explorer.panel.boxes["corrections"]["m1-rl-reported-hours"].value
    tick(explorer, "corrections", "m1-rl-reported-hours", False)
    kept = [name for name in own.corrections if name != "m1-rl-reported-hours"]
    est = estimate("minimax", corrections=kept, evidence=own.evidence, **FEW)
    assert explorer.sentence.value == sentence_html(answer(est))
    assert "Without m1-rl-reported-hours of careful" in explorer.chart.value
    assert not styles(explorer, "ts-mark")  # it is run as newsletter, and is not the newsletter's
    assert bars(explorer)[-1][:2] == ["careful, unchanged", percent(own.summary().share_p50)]


def test_a_group_is_left_out_and_its_bar_goes(explorer):
    tick(explorer, "exclude_groups", "hailuo")
    est = estimate("minimax", exclude_groups="hailuo", **FEW)
    assert explorer.sentence.value == sentence_html(answer(est))
    assert [label for label, *_ in bars(explorer)] == ["As set here", "newsletter, unchanged"]
    height = re.search(r"min-height:\d+px", explorer.chart.value)[0]
    tick(explorer, "exclude_groups", "hailuo", False)
    assert height in explorer.chart.value  # the place stays empty, so nothing jumps


# --- refusals -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "name", "text", "said"),
    [
        ("texts", "price_usd_per_gpu_hour", "cheap", "GPU price (USD per H800-hour): 'cheap'"),
        ("menus", "seed", "-1", "Seed: expected a whole number of at least 0"),
        ("menus", "spending_end", "2023-12-31", "Spending window"),
    ],
)
def test_a_refused_value_is_told_in_place_and_the_chart_stays(explorer, kind, name, text, said):
    chart, control = explorer.chart.value, getattr(explorer.panel, kind)[name]
    before, control.value = control.value, text
    assert said in unescape(explorer.message.value) and control.value == text
    assert explorer.chart.value == chart and explorer.save_button.disabled
    assert explorer.copies.value == explorer.texts.value == ""
    control.value = before
    assert not explorer.message.value and not explorer.save_button.disabled
    assert explorer.chart.value == chart and explorer.copies.value


@pytest.mark.parametrize(
    ("company", "settings", "told"),
    [
        ("minimax", {"mfu": "0.4 to 0.2 (p10-p90 lognormal)"}, "is not below the high"),
        ("deepseek", {}, "its spending is missing"),
        ("minimax", {"changes": {"companies/zai/color": "#000000"}}, "not among its controls"),
    ],
)
def test_first_settings_have_to_be_good(company, settings, told):
    assert_refused(told, explore, company, **settings)


# --- many draws, and what follows when the changes pause ------------------------------------------
@pytest.mark.slow
def test_many_draws_come_when_the_slider_rests(monkeypatch):
    monkeypatch.setattr(app, "FEW", 400)
    monkeypatch.setattr(app, "PAUSE", 0.01)
    explorer = explore("minimax", n_draws=3_000)

    async def drag():
        slide(explorer, "mfu", 0.15, 0.3)  # and is not shown, since more follows
        slide(explorer, "mfu", 0.2, 0.3)
        moving = explorer.chart.value, explorer.sentence.value
        await explorer._rest
        return moving

    chart, sentence = asyncio.run(drag())
    few, whole = (estimate("minimax", n_draws=n, mfu=MFU) for n in (400, 3_000))
    assert "the first 400 of 3,000 draws; all of them when you stop" in chart
    assert sentence == sentence_html(answer(few))
    assert explorer.sentence.value == sentence_html(answer(whole))
    assert "While you move" not in explorer.chart.value
    assert bars(explorer)[0][1] == percent(whole.summary().share_p50)
    assert explorer._whole(explorer.settings.untouched) is None  # no longer asked


# --- run by run, and what is taken along ----------------------------------------------------------
@pytest.mark.slow
def test_the_chain_of_a_run_is_the_estimates(explorer):
    explorer.runs.value = "hailuo-02-pretraining"
    est = estimate("minimax", **FEW)
    assert "Hailuo 02" in explorer.chain.value and "regression" in explorer.chain.value
    assert 'href="http' in explorer.chain.value
    table = chain_table(est, "hailuo-02-pretraining")
    assert list(table.index) == ["Compute (FLOP)", "GPU time (GPU-hours)", "Cost (USD)"]
    assert table.loc["Cost (USD)", "p50"] / 1e6 == pytest.approx(
        est.cost_table().loc["hailuo-02-pretraining", "p50"]
    )
    slide(explorer, "mfu", 0.2, 0.3)
    assert explorer.runs.value == "hailuo-02-pretraining"
    tick(explorer, "exclude_groups", "hailuo")
    assert explorer.runs.value == "minimax-text-01" and "Text-01" in explorer.chain.value


def test_a_run_known_only_in_usd_has_one_step():
    assert list(chain_table(estimate("openai", **FEW), "openai-gpt-4.5").index) == ["Cost (USD)"]


def test_texts_to_copy(explorer):
    slide(explorer, "mfu", 0.2, 0.3)
    page = BeautifulSoup(explorer.copies.value, "html.parser")
    texts = {button.text: button["data-text"] for button in page.find_all("button")}
    assert texts == {
        "Copy papermill command": command(explorer.settings),
        "Copy Python call": call(explorer.settings),
        "Copy sentence": answer(estimate("minimax", mfu=MFU, **FEW)).replace("**", ""),
    }
    assert command(explorer.settings) in unescape(explorer.texts.value)


def test_saving_writes_figure_parameters_and_command(explorer, tmp_path):
    kinds = [path.name.removeprefix("explorer_minimax.") for path in explorer.save()]
    assert kinds == ["png", "svg", "csv", "yaml", "txt"]
    assert yaml.safe_load((tmp_path / "explorer_minimax.yaml").read_text())["n_draws"] == 500
    told = (tmp_path / "explorer_minimax.txt").read_text().strip()
    assert told == command(explorer.settings)
    assert "As set here" in (tmp_path / "explorer_minimax.csv").read_text()


def test_a_folder_that_cannot_be_written_is_told(explorer, tmp_path):
    (tmp_path / "file").write_text("")
    explorer.figures = tmp_path / "file" / "below"
    assert explorer.save() == [] and "cannot be written" in explorer.saved.value


def test_canonical_copy_keeps_the_still_picture_and_drops_the_live_view():
    view = {
        "application/vnd.jupyter.widget-view+json": {
            "model_id": "1",
            "version_major": 2,
            "version_minor": 0,
        }
    }
    new = nbformat.v4.new_output
    outputs = [
        new("display_data", {**view, "text/plain": "", "image/png": "aGk="}),
        new("display_data", {**view, "text/plain": "VBox()"}),
        new("display_data", {"text/plain": "kept"}),
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=outputs)])
    text = canonical(notebook)
    left = nbformat.reads(text, as_version=4)
    kinds = [sorted(output.data) for output in left.cells[0].outputs]
    assert kinds == [["image/png", "text/plain"], ["text/plain"]]
    assert canonical(left) == text
