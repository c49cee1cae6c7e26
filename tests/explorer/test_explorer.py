"""The explorer without a browser: settings, dials, command and parameters file, refusals, and no
hidden state."""

import shlex

import nbformat
import pytest
import yaml

from training_share.errors import InputError
from training_share.explorer.app import explore
from training_share.explorer.chart import chart_png, explorer_chart, explorer_table
from training_share.explorer.html import chain_table, run_lines, sentence_html
from training_share.explorer.settings import (
    DIALS,
    Settings,
    command,
    companies_with_spending,
    dial_text,
    estimate_of,
    groups_of,
    own_text,
    parameters_yaml,
    scenario_tables,
)
from training_share.files import repo_root
from training_share.model.estimates import estimate
from training_share.report.sentences import answer
from training_share.run.notebooks import LIVE, canonical, parameters_of

NOTEBOOKS = repo_root() / "notebooks"
FEW = {"n_draws": 500}
DIAL = {dial.name: dial for dial in DIALS}


@pytest.fixture
def explorer(tmp_path):
    return explore("minimax", figures_dir=tmp_path, **FEW)


def test_settings_are_the_parameters_of_every_company_notebook():
    for company in companies_with_spending().values():
        assert set(parameters_of(NOTEBOOKS / f"{company}.ipynb")) == {
            *Settings().parameters,
            "figures_dir",
        }


def test_explorer_notebook_takes_the_same_parameters():
    assert set(parameters_of(NOTEBOOKS / "explorer.ipynb")) == {
        "company",
        "figures_dir",
        *Settings().parameters,
    }


def test_a_slider_at_the_scenarios_value_sets_nothing():
    for company in companies_with_spending().values():
        for scenario in ("newsletter", "appendix", "careful"):
            tables = scenario_tables(Settings(company, scenario))
            for dial in DIALS:
                own = own_text(tables, company, dial.name)
                assert dial_text(dial, dial.position(own), own) == "", (
                    company,
                    scenario,
                    dial.name,
                )


@pytest.mark.parametrize(
    ("name", "position", "text"),
    [
        ("mfu", (0.15, 0.4), "0.15 to 0.4 (p10-p90 lognormal)"),
        ("mfu", (0.15000000000000002, 0.30000000000000004), "0.15 to 0.3 (p10-p90 lognormal)"),
        ("sft_fraction", (0.002, 0.05), "0.002 to 0.05 (p10-p90 lognormal)"),
        ("cny_per_usd", 7.1000000000000005, "7.1"),
        ("release_lag_months", 0, "0"),
        ("release_lag_months", 12, "12"),
    ],
)
def test_a_position_reads_as_notation_and_back(name, position, text):
    dial = DIAL[name]
    assert dial.text(position) == text
    assert dial.text(dial.position(text)) == text


def test_positions_stay_within_the_slider():
    assert DIAL["mfu"].position("0.001 to 3 (p10-p90 lognormal)") == (0.01, 0.70)
    assert DIAL["release_lag_months"].position("40") == 12


def test_command_reads_in_a_shell_and_reproduces_the_settings():
    settings = Settings(
        "zai",
        "appendix",
        2000,
        7,
        corrections="add-glm-z1,m1-rl-reported-hours",
        mfu="0.2 to 0.3 (p10-p90 lognormal)",
        cny_per_usd="7.1",
        release_lag_months="0",
        spending_start="2024-01-01",
        spending_end="2024-12-31",
    )
    words = shlex.split(command(settings))
    assert words[:3] == ["papermill", "notebooks/zai.ipynb", "explored_zai.ipynb"]
    from papermill.cli import _resolve_type

    given = {
        name: _resolve_type(value) for name, value in zip(words[4::3], words[5::3], strict=True)
    }
    assert given.pop("figures_dir") == "explored_zai"
    assert estimate("zai", **given).summary().equals(estimate_of(settings).summary())


@pytest.mark.parametrize(
    "settings",
    [
        Settings(**FEW),
        Settings("openai", "careful", 500, mfu="1e-1", seed=0),
        Settings(
            exclude_groups="hailuo",
            spending_start="2024-01-01",
            spending_end="2024-12-31",
            rl_fraction="0.1",
            **FEW,
        ),
    ],
)
def test_parameters_file_gives_every_parameter_its_own_type(settings):
    given = yaml.safe_load(parameters_yaml(settings))
    assert given.pop("figures_dir") == f"explored_{settings.company}"
    assert given == settings.parameters


def test_same_settings_give_the_same_picture_whatever_came_before(explorer):
    first = (
        explorer.chart.value,
        explorer.sentence.value,
        explorer.runs.options,
        explorer.command.value,
    )
    explorer.controls.sliders["mfu"].value = (0.3, 0.5)
    explorer.controls.scenario.value = "careful"
    explorer.controls.company.value = "zai"
    assert explorer.chart.value != first[0]
    explorer.controls.company.value = "minimax"
    explorer.controls.scenario.value = "newsletter"
    explorer.controls.reset.click()
    assert (
        explorer.chart.value,
        explorer.sentence.value,
        explorer.runs.options,
        explorer.command.value,
    ) == first


def test_a_slider_writes_the_notation_and_the_numbers_follow(explorer):
    explorer.controls.sliders["mfu"].value = (0.2, 0.3)
    assert explorer.controls.texts["mfu"].value == "0.2 to 0.3 (p10-p90 lognormal)"
    est = estimate("minimax", mfu="0.2 to 0.3 (p10-p90 lognormal)", **FEW)
    assert explorer.sentence.value == sentence_html(answer(est))
    assert list(explorer.runs.options) == run_lines(est.cost_table())
    explorer.controls.sliders["mfu"].value = (0.15, 0.35)
    assert explorer.controls.texts["mfu"].value == ""


def test_sliders_follow_the_scenario_unless_set(explorer):
    controls = explorer.controls
    controls.sliders["mfu"].value = (0.2, 0.3)
    controls.scenario.value = "appendix"
    assert controls.sliders["mfu_rl"].value == (0.01, 0.1)
    assert controls.sliders["mfu"].value == (0.2, 0.3)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mfu", "0.4 to 0.2 (p10-p90 lognormal)"),
        ("mfu", "0.1 to 0.2"),
        ("price_usd_per_gpu_hour", "cheap"),
        ("release_lag_months", "2.5"),
        ("cny_per_usd", "0"),
    ],
)
def test_a_refused_value_shows_the_packages_message_and_keeps_the_chart(explorer, name, text):
    chart = explorer.chart.value
    explorer.controls.texts[name].value = text
    with pytest.raises(InputError) as refusal:
        estimate("minimax", **{name: text}, **FEW)
    from html import escape

    assert escape(str(refusal.value)) in explorer.message.value
    assert (
        explorer.chart.value == chart
        and explorer.command.value == ""
        and explorer.save_button.disabled
    )
    explorer.controls.texts[name].value = ""
    assert (
        "Not shown" not in explorer.message.value
        and explorer.command.value
        and not explorer.save_button.disabled
    )


def test_a_window_nothing_discloses_is_refused_in_place(explorer):
    from datetime import date

    explorer.controls.start.value = date(2024, 2, 1)
    assert "cannot be combined" in explorer.message.value
    explorer.controls.start.value = date(2024, 10, 1)
    assert "cannot be combined" not in explorer.message.value


def test_a_correction_of_the_scenario_cannot_be_applied_twice(explorer):
    explorer.controls.corrections["m1-rl-reported-hours"].value = True
    assert "m1-rl-reported-hours" in explorer.command.value
    explorer.controls.scenario.value = "careful"
    assert explorer.controls.corrections["m1-rl-reported-hours"].disabled
    assert "Not shown" not in explorer.message.value


def test_a_group_is_left_out_and_its_row_goes(explorer):
    explorer.controls.groups["hailuo"].value = True
    est = estimate("minimax", exclude_groups="hailuo", **FEW)
    assert explorer.sentence.value == sentence_html(answer(est))
    table = explorer_table(explorer.shown)
    assert list(table["slot"]) == [0, 2]  # the place between stays empty, so nothing jumps
    assert explorer.runs.value in est.runs


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
    explorer.controls.sliders["mfu"].value = (0.2, 0.3)
    assert explorer.runs.value == "hailuo-02-pretraining"


def test_a_run_known_only_in_usd_has_one_step():
    assert list(chain_table(estimate("openai", **FEW), "openai-gpt-4.5").index) == ["Cost (USD)"]


def test_axes_never_move():
    for mfu in ("", "0.02 to 0.05 (p10-p90 lognormal)", "0.6 to 0.7 (p10-p90 lognormal)"):
        ax = explorer_chart(explorer_table(Settings(mfu=mfu, **FEW)))
        assert ax.get_xlim() == (0, 1) and ax.get_ylim() == (2.5, -0.5)
        assert tuple(ax.figure.get_size_inches()) == (8.6, pytest.approx(3 * 0.56 + 0.66))
        assert chart_png(ax).startswith(b"\x89PNG")


def test_saving_writes_figure_parameters_and_command(explorer, tmp_path):
    kinds = [path.name.removeprefix("explorer_minimax.") for path in explorer.save()]
    assert kinds == ["png", "svg", "csv", "yaml", "txt"]
    assert yaml.safe_load((tmp_path / "explorer_minimax.yaml").read_text())["n_draws"] == 500
    assert (tmp_path / "explorer_minimax.txt").read_text().strip() == explorer.command.value


def test_a_folder_that_cannot_be_written_is_told(explorer, tmp_path):
    (tmp_path / "file").write_text("")
    explorer.figures_dir = tmp_path / "file" / "below"
    assert explorer.save() == [] and "cannot be written" in explorer.saved.value


def test_groups_and_companies_come_from_the_tables():
    assert groups_of("minimax") == ["hailuo"] and groups_of("openai") == []
    assert companies_with_spending() == {"OpenAI": "openai", "MiniMax": "minimax", "Z.ai": "zai"}


def test_first_settings_have_to_be_good():
    with pytest.raises(InputError, match="the low is above the high"):
        explore("minimax", mfu="0.4 to 0.2 (p10-p90 lognormal)")
    with pytest.raises(InputError, match="unknown company 'minmax'; did you mean 'minimax'"):
        explore("minmax")


def test_canonical_copy_keeps_the_still_picture_and_drops_the_live_view(tmp_path):
    view = {LIVE[0]: {"model_id": "1", "version_major": 2, "version_minor": 0}}
    new = nbformat.v4.new_output
    outputs = [
        new("display_data", {**view, "text/plain": "", "image/png": "aGk="}),
        new("display_data", {**view, "text/plain": "VBox()"}),
        new("display_data", {"text/plain": "kept"}),
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=outputs)])
    nbformat.write(notebook, tmp_path / "n.ipynb")
    (tmp_path / "n.ipynb").write_text(canonical(tmp_path / "n.ipynb"), encoding="utf-8")
    left = nbformat.read(tmp_path / "n.ipynb", as_version=4).cells[0].outputs
    assert [sorted(output.data) for output in left] == [["image/png", "text/plain"], ["text/plain"]]
    assert canonical(tmp_path / "n.ipynb") == (tmp_path / "n.ipynb").read_text(encoding="utf-8")
