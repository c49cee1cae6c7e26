"""The explorer without a browser: what follows its widgets, refusals, and no hidden state."""

import asyncio
import re
from html import unescape

import nbformat
import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup

from training_share.errors import InputError
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


def test_a_lower_bound_is_said(explorer):
    slide(explorer, "release_lag_months", 9)
    assert bars(explorer)[0][0] == "As set here, lower bound"


def test_a_slider_writes_the_notation_and_all_follows(explorer):
    slide(explorer, "mfu", 0.2, 0.3)
    assert explorer.panel.texts["mfu"].value == MFU
    est = estimate("minimax", mfu=MFU, **FEW)
    assert explorer.sentence.value == sentence_html(answer(est))
    assert list(explorer.runs.options) == run_lines(est.cost_table())
    slide(explorer, "mfu", 0.2, 0.2)
    assert explorer.panel.texts["mfu"].value == "0.2"
    slide(explorer, "mfu", 0.15, 0.35)
    assert explorer.panel.texts["mfu"].value == ""


def test_a_text_moves_the_handles(explorer):
    explorer.panel.texts["mfu"].value = MFU
    assert explorer.panel.sliders["mfu"].value == (0.2, 0.3)
    explorer.panel.texts["mfu"].value = "0.25"
    assert explorer.panel.sliders["mfu"].value == (0.25, 0.25)


def test_sliders_follow_the_scenario_unless_set(explorer):
    slide(explorer, "mfu", 0.2, 0.3)
    explorer.panel.menus["scenario"].value = "appendix"
    assert explorer.panel.sliders["mfu_rl"].value == (0.01, 0.1)
    assert explorer.panel.sliders["mfu"].value == (0.2, 0.3)


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


def test_only_what_does_something_is_shown(explorer):
    def shown():
        return [
            row.children[0].description
            for row in explorer.panel.box.children[0].children[0].children
        ]

    assert "RL MFU" in shown()
    explorer.panel.menus["company"].value = "openai"
    assert shown() == ["Release lag (months)"] and not explorer.panel.boxes["exclude_groups"]
    assert explorer.panel.accordion.titles == (
        "Corrections: 0 of 4 in force",
        f"Evidence: 0 of {len(explorer.panel.boxes['evidence'])} in force",
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


def test_titles_count_what_is_in_force(explorer):
    tick(explorer, "corrections", "predictive-interval")
    boxes = explorer.panel.boxes
    assert explorer.panel.accordion.titles == (
        f"Corrections: 1 of {len(boxes['corrections'])} in force",
        f"Evidence: 0 of {len(boxes['evidence'])} in force",
    )
    tick(explorer, "evidence", "other-rd-flat")
    assert explorer.panel.accordion.titles[1].startswith("Evidence: 1 of ")
    est = estimate("minimax", corrections="predictive-interval", evidence="other-rd-flat", **FEW)
    assert explorer.sentence.value == sentence_html(answer(est))


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
    ("name", "text", "said"),
    [
        ("mfu", "0.4 to 0.2 (p10-p90 lognormal)", "MFU: "),
        ("mfu", "0.1 to 0.2", "MFU: "),
        ("price_usd_per_gpu_hour", "cheap", "GPU price (USD per H800-hour): "),
        ("release_lag_months", "2.5", "Release lag (months): "),
    ],
)
def test_a_refused_value_is_told_in_place_and_the_chart_stays(explorer, name, text, said):
    chart = explorer.chart.value
    explorer.panel.texts[name].value = text
    with pytest.raises(InputError) as refusal:
        estimate("minimax", **{name: text}, **FEW)
    why = str(refusal.value).partition(": ")[2]
    assert f"{said}{why}" in unescape(explorer.message.value)
    assert explorer.chart.value == chart and explorer.save_button.disabled
    assert explorer.copies.value == explorer.texts.value == ""
    explorer.panel.texts[name].value = ""
    assert not explorer.message.value and not explorer.save_button.disabled
    assert explorer.copies.value


def test_a_bad_seed_is_refused_and_not_replaced(explorer):
    explorer.panel.menus["seed"].value = "-1"
    assert "Seed: expected a whole number of at least 0" in explorer.message.value
    assert explorer.panel.menus["seed"].value == "-1"
    explorer.panel.menus["seed"].value = "7"
    assert explorer.sentence.value == sentence_html(answer(estimate("minimax", seed=7, **FEW)))


def test_a_window_that_ends_before_it_starts_is_refused_in_place(explorer):
    explorer.panel.menus["spending_end"].value = "2023-12-31"
    assert "Spending window" in explorer.message.value
    explorer.panel.menus["spending_end"].value = ""
    assert not explorer.message.value


def test_first_settings_have_to_be_good():
    with pytest.raises(InputError, match="is not below the high"):
        explore("minimax", mfu="0.4 to 0.2 (p10-p90 lognormal)")
    with pytest.raises(InputError, match="unknown company 'minmax'; did you mean 'minimax'"):
        explore("minmax")
    with pytest.raises(InputError, match="its spending is missing"):
        explore("deepseek")
    with pytest.raises(InputError, match="not among its controls"):
        explore("minimax", changes={"closed_models/hailuo-02/parameters": "20e9"})


# --- many draws, and what follows when the changes pause ------------------------------------------
@pytest.mark.slow
def test_many_draws_come_when_the_slider_rests(monkeypatch):
    monkeypatch.setattr(app, "FEW", 400)
    monkeypatch.setattr(app, "PAUSE", 0.01)
    explorer = explore("minimax", n_draws=3_000)

    async def drag():
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


@pytest.mark.slow
def test_what_is_no_longer_asked_is_not_shown(monkeypatch):
    monkeypatch.setattr(app, "PAUSE", 0.01)
    explorer = explore("minimax", **FEW)

    async def drag():
        slide(explorer, "mfu", 0.2, 0.3)
        slide(explorer, "mfu", 0.25, 0.3)
        await explorer._rest

    asyncio.run(drag())
    est = estimate("minimax", mfu="0.25 to 0.3 (p10-p90 lognormal)", **FEW)
    assert explorer.sentence.value == sentence_html(answer(est))
    assert explorer._whole(explorer.settings.untouched) is None


@pytest.mark.slow
def test_few_estimates_are_kept(explorer):
    for high in (0.36, 0.37, 0.38, 0.39):
        slide(explorer, "mfu", 0.15, high)
    assert explorer._again.cache_info().currsize == 2


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
