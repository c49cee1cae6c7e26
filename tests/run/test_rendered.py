"""The committed notebooks show everything on a code host, and are what code and tables give
today."""

import itertools
import json
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import training_share as ts
from training_share.files import repo_root
from training_share.report.text import brief_chance, percent, share
from training_share.run import canonical, run

ROOT = Path(repo_root())
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
RENDERED = [ROOT / f"notebooks/rendered/{name}.ipynb" for name in NAMES]
SHOWN = {"image/png", "text/html", "text/markdown", "text/plain"}  # without widgets
OTHER_PROCESSORS = (  # each executes every other notebook, which thereby depends on none
    {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL"},
    {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL", "OPENBLAS_CORETYPE": "Nehalem"},
)


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """All notebooks, as processors without AVX-512 and without AVX2 execute them."""
    out = tmp_path_factory.mktemp("executed")
    for place, settings in enumerate(OTHER_PROCESSORS):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            assert not any(run(NAMES[place::2], out=out).values())
    return out


@pytest.fixture(scope="module", params=RENDERED, ids=NAMES)
def committed(request):
    return request.param, nbformat.read(request.param, as_version=4)


def test_a_code_host_shows_it_whole(committed):
    path, notebook = committed
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < 1_000_000, "above 1 MB a code host shows no notebook"
    assert canonical(notebook) == text
    nbformat.validate(notebook)
    assert "widgets" not in notebook.metadata
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    headings = {one.strip().replace(" ", "-") for one in re.findall(r"^#+ (.*)", prose, re.M)}
    assert {*re.findall(r"\]\(#([^)]+)\)", prose)} <= headings, "a link to no heading"
    for cell in notebook.cells:
        assert cell.get("execution_count", 1), f"did not run: {cell.source}"
        shown = "".join(cell.source) if cell.cell_type == "markdown" else ""
        for output in cell.get("outputs", []):
            assert output.output_type in ("display_data", "execute_result", "stream"), cell.source
            data = output.get("data", {})
            assert output.output_type == "stream" or SHOWN & set(data) - {"text/plain"}, (
                f"widget or object: {cell.source}"
            )
            assert "application/vnd.jupyter.widget-view+json" not in data
            shown += str(data.get("text/html", "")) + str(data.get("text/markdown", ""))
        for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", shown):
            assert (path.parent / link).exists(), f"{link} leads nowhere from {path.parent.name}/"
        assert not re.search(r"<img|!\[|<script|<iframe|<link", shown), (
            "only captured figures, no remote parts"
        )
        assert not re.search(r" at 0x[0-9a-f]{6,}", json.dumps(cell)), (
            "an object's address differs from run to run"
        )


def test_every_figure_has_its_text_and_its_files(committed):
    path, notebook = committed
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        for output, below in itertools.zip_longest(outputs, outputs[1:]):
            if "image/png" not in output.get("data", {}):
                continue
            alt = output.metadata["image/png"]["alt"]
            if cell.source.startswith("# "):  # a plot to play with
                assert alt == cell.source.split("\n")[0].removeprefix("# ")
                continue
            assert re.search(r"\d", alt)
            if path.stem != "explorer":  # its picture is what the widgets would show
                told = r"\*Figure `(\w+)`\.\* (.*)"
                caption = re.fullmatch(told, below.data["text/markdown"], re.S)
                words = BeautifulSoup(caption[2], "html.parser").find("details")
                assert words.get_text().endswith(alt)
                for kind in ("svg", "png", "csv"):
                    assert (ROOT / "figures" / f"{caption[1]}.{kind}").is_file()


def test_tables_and_sentences_show_no_error_and_one_line_says_how_exact(committed):
    """The explorer, which says the error of what is set, aside."""
    path, notebook = committed
    if path.stem == "explorer":
        return
    cells = notebook.cells
    shown = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    for data in shown:
        for kind in ("text/html", "text/markdown"):
            text = BeautifulSoup(data.get(kind, ""), "html.parser")
            for caption in text.find_all(["caption", "summary"]):
                caption.decompose()
            assert "±" not in text.get_text()
    if any("answer(" in cell.source for cell in cells):
        texts = [data.get("text/markdown", "") for data in shown]
        assert sum("Monte Carlo standard errors are" in text for text in texts) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_committed_outputs_are_what_code_and_tables_give(executed, name):
    paths = ROOT / f"notebooks/rendered/{name}.ipynb", executed / f"rendered/{name}.ipynb"
    ours, theirs = (nbformat.read(path, as_version=4) for path in paths)
    for one, two in zip(ours.cells, theirs.cells, strict=True):
        assert one == two, (
            f"{name}: run python -m training_share.pipeline; this cell differs:\n{two.source}"
        )
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.slow
def test_committed_figures_show_the_numbers_of_today(executed):
    figures = sorted((executed / "figures").iterdir(), key=lambda path: path.suffix != ".csv")
    assert len(figures) > 100  # as CSV, PNG and SVG
    for fresh in figures:
        assert (ROOT / "figures" / fresh.name).read_bytes() == fresh.read_bytes(), fresh.name


def test_the_readme_tells_the_numbers_of_the_charts():
    """Every number of its answer, its table and the reasons for differences."""
    told = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    rows = pd.read_csv(ROOT / "figures/training_share.csv", index_col="label")
    odds = pd.read_csv(ROOT / "figures/training_share_chances.csv", index_col="choice")
    chances = odds[list(rows.index)].map(brief_chance)
    keys = ["as-printed", "observations", "off-trend", "rl-benchmarks"]  # of choices.csv
    *columns, off_trend, slow = [ts.load().choices[key].label for key in keys]
    for name, row in rows.iterrows():
        low, middle, high = map(share, row[["share_p5", "share_p50", "share_p95"]])
        cells = [middle, f"{low} to {high}", percent(row.published), *chances.loc[columns, name]]
        assert f"| {name} | {' | '.join(cells)} |" in told
    one, other = chances.loc[slow, ["MiniMax", "Z.ai"]]
    assert f"chance of over half is {chances.loc[off_trend, 'MiniMax']} with wider" in told
    assert f"undisclosed models, or {one} (Z.ai: {other}) if reinforcement" in told
    answer = "About {} at OpenAI, {} at MiniMax and {} at Z.ai: probably".format
    assert answer(*map(share, rows["share_p50"])) in told
    assert "our shares are {}, {} and {}.".format(*map(percent, rows["share_p50"])) in told
    assert told.partition("## Run it")[0].count("%") == 3 + 6 * len(rows) + 3, "one untested"
