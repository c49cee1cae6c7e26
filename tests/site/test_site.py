"""The site opens from disk with the network off, breaks no link, and is readable by everyone."""

import itertools
import re
import shutil
import subprocess
from urllib.parse import unquote

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from lab import FLAGS, chromium
from made_notebooks import made_notebook
from packages import needed
from refusals import assert_refused

from training_share import cli
from training_share.files import SITE_RECORD, recorded, repo_root
from training_share.inputs.columns import COLUMNS
from training_share.inputs.tables import load
from training_share.site.links import FORMULAS, slug
from training_share.site.pages import build

AXE = "4.14.1"  # of the npm package axe-core
needed("openpyxl")  # for the downloads
needed("pyarrow")
BYTES = 5_000_000
pytestmark = pytest.mark.slow  # the whole site is built


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return build(out=tmp_path_factory.mktemp("site") / "site").parent


@pytest.fixture(scope="module")
def pages(site):
    return {
        path.name: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.glob("*.html"))
    }


def test_it_has_a_page_for_everything_and_is_small(site, pages):
    notebooks = (repo_root() / "notebooks" / "rendered").glob("*.ipynb")
    assert {f"{path.stem}.html" for path in notebooks if not path.stem.endswith(".failed")} <= set(
        pages
    )
    assert {
        "index.html",
        "method.html",
        "data.html",
        "downloads.html",
        *(f"data-{name}.html" for name in COLUMNS),
    } <= set(pages)
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < BYTES


def test_every_link_and_file_exists(site, pages):
    anchors = {
        name: {node["id"] for node in page.find_all(id=True)} for name, page in pages.items()
    }
    broken = []
    for name, page in pages.items():
        ids = [node["id"] for node in page.find_all(id=True)]
        broken += [f"{name}: id {one} twice" for one in {one for one in ids if ids.count(one) > 1}]
        for node in page.find_all(["a", "img", "link", "script"]):
            address = node.get("href") or node.get("src") or ""
            if (
                (re.match(r"https?:", address) and node.name == "a")
                or address.startswith("data:")
                or not address
            ):
                continue
            path, _, fragment = unquote(address).partition("#")
            target = path or name
            if not (site / target).is_file() or (
                fragment and fragment not in anchors.get(target, ())
            ):
                broken.append(f"{name}: {address}")
    assert not broken


def test_head_headings_and_alternative_texts(pages):
    for name, page in pages.items():
        head = {
            meta.get("name") or meta.get("property"): meta.get("content")
            for meta in page.find_all("meta")
        }
        assert (
            page.title.text.strip()
            and head["description"].strip()
            and head["og:title"]
            and head["og:description"]
        ), name
        assert head["og:image"].endswith("figures/training_share.png") and re.search(
            r"\d", head["og:image:alt"]
        )
        levels = [int(heading.name[1]) for heading in page.find_all(re.compile("^h[1-6]$"))]
        assert levels.count(1) == 1 and levels[0] == 1, name
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), name
        assert page.html["lang"] == "en"
        assert len(page.select("nav a[aria-current=page]")) == 1, name
        for image in page.find_all("img"):
            assert len(image["alt"]) > 40, name
            if image["src"] != "architecture.svg":
                drawn = re.fullmatch(r"figures/.+\.svg", image["src"])
                assert re.search(r"\d", image["alt"]) and (drawn or name == "explorer.html")


def test_no_page_asks_for_anything_outside(site):
    for path in [*site.glob("*.html"), *site.glob("*.css"), *site.glob("figures/*.svg")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"<script[^>]+src|@import|url\(['\"]?https?:|<(?:img|link|iframe)[^>]+(?:src|href)=['\"]https?:",
            text,
        )


def test_every_number_has_formula_inputs_and_source_within_two_clicks(pages):
    """One click from a table or figure: its formula and its input tables. There every row shows its
    source."""
    for name, page in pages.items():
        for cell in page.select("section.cell"):
            if cell.select_one("figure, .table, .said"):
                targets = [link["href"] for link in cell.select("p.made a")]
                assert targets[0].startswith("method.html#") and any(
                    one.startswith("data-") for one in targets
                ), name
    for table in COLUMNS:
        rows = pages[f"data-{table}.html"].select("main tbody")
        assert len(rows) == len(load()[table])
        if "source_id" in COLUMNS[table] and table != "sources":
            assert all(
                row.select_one("a[href^='data-sources.html#']") and row.select_one(".source")
                for row in rows
            )
    for heading, tables in FORMULAS["inputs"].items():
        assert pages["method.html"].find(id=slug(heading)) and set(tables) <= set(COLUMNS)


@pytest.mark.parametrize(
    ("page", "text", "row"),
    [
        ("minimax.html", "hailuo-02-pretraining", "data-training_runs.html#hailuo-02-pretraining"),
        ("minimax.html", "9M2024", "data-spending.html#minimax-rd_compute-9M2024"),
        ("zai.html", "rl_fraction", "data-assumptions.html#rl_fraction"),
        (
            "audit.html",
            "rl-fraction-as-gpu-hours",
            "data-corrections.html#rl-fraction-as-gpu-hours",
        ),
        ("comparison.html", "share-zai", "data-published.html#share-zai"),
        ("method.html", "mfu", "data-assumptions.html#mfu"),
        ("data-training_runs.html", "own-judgement", "data-sources.html#own-judgement"),
    ],
)
def test_keys_lead_to_their_rows(pages, page, text, row):
    assert row in {
        link["href"] for link in pages[page].find_all("a") if link.get_text().strip() == text
    }


def test_links_between_notebooks_are_links_between_pages(pages):
    assert pages["minimax.html"].select_one("main a[href='closed_models.html']")
    assert not [
        link
        for page in pages.values()
        for link in page.find_all("a")
        if ".ipynb" in link.get("href", "")
    ]


def test_the_data_page_leads_to_every_table_and_to_the_licence(pages):
    page = pages["data.html"]
    assert page.h1.text == "Data dictionary"
    leads = {link["href"] for link in page.main.find_all("a")}
    assert {f"data-{name}.html" for name in COLUMNS} | {"data-license.html"} <= leads
    lists = [link["href"] for link in page.h1.find_next_sibling("ul").find_all("a")]
    assert lists == [f"data-{name}.html" for name in COLUMNS]


def test_the_index_says_question_answer_doubt_and_source(pages):
    index, comparison = pages["index.html"], pages["comparison.html"]
    assert index.h1.text.endswith("?")
    assert index.select_one(".answer").text.strip() == comparison.select_one(".said").text.strip()
    assert index.select_one("figure img")["src"] == "figures/training_share.svg"
    row = load()["sources"]["newsletter-body"]
    link = index.find("a", href=row.url)
    assert link.text == row.title
    assert "Epoch AI" in link.parent.text and "23 March 2026" in link.parent.text
    assert "Main doubt" in index.main.text


def test_the_menu_has_four_groups_and_the_companies_of_the_tables(pages):
    groups = {
        group.summary.text: [link.text for link in group.find_all("a")]
        for group in pages["index.html"].select("nav details")
    }
    assert list(groups) == ["Answer", "Companies", "Doubts", "Data and method"]
    rendered = {path.stem for path in (repo_root() / "notebooks/rendered").glob("*.ipynb")}
    companies = load().companies.items()
    assert groups["Companies"] == [row.display_name for key, row in companies if key in rendered]
    assert groups["Data and method"][:4] == ["Method", "Data", "Downloads", "Explorer"]
    for page in pages.values():
        assert len(page.select("nav details")) == 4


def test_answers_come_before_code(pages):
    for name in ("minimax.html", "comparison.html"):
        for cell in pages[name].select("section.cell:not(.silent)"):
            code = cell.select_one("details.code")
            assert code.find_previous_sibling(class_="made") and code.get("open") is None
    assert "lives in JupyterLab" in pages["explorer.html"].select_one(".note").text


# --- what runs, and what is shown of it -----------------------------------------------------------
def rendered_copy(tmp_path, **changed):
    """Return a folder of the executed comparison alone, run with some parameters of its own."""
    source = repo_root() / "notebooks" / "rendered" / "comparison.ipynb"
    notebook = nbformat.read(source, as_version=4)
    lines = "\n".join(f"{name} = {value!r}" for name, value in changed.items())
    injected = nbformat.v4.new_code_cell(f"# Parameters\n{lines}")
    injected.metadata["tags"] = ["injected-parameters"]
    notebook.cells.insert(2, injected)
    folder = tmp_path / "run" / "rendered"
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / "comparison.ipynb")
    return folder


def test_a_site_is_of_one_run_and_of_the_companies_of_the_tables(tmp_path):
    folder = rendered_copy(tmp_path, scenario="careful", n_draws=300, mfu=0.3, companies="zai")
    for name, company in (("gone", "gone"), ("without_source", "zai"), ("stays", "zai")):
        source = f'est = ts.estimate(\n    "{company}", scenario, n_draws)'
        made_notebook(folder / f"{name}.ipynb", source)
    for name in ("comparison", "gone", "stays"):
        (folder.parent / f"{name}.ipynb").touch()
    site = build(folder, repo_root() / "figures", tmp_path / "site").parent
    assert (site / "stays.html").is_file()
    assert not (site / "gone.html").exists() and not (site / "without_source.html").exists()
    assert {path.name for path in (site / "downloads").iterdir()} == {
        "comparison_careful.csv",
        "costs_zai_careful.csv",
        "draws_zai_careful.parquet",
        "training_share_careful.xlsx",
    }
    row = pd.read_csv(site / "downloads" / "comparison_careful.csv").iloc[0]
    assert row["draws"] == 300 and row["set in the call"] == "mfu = 0.3"
    other = rendered_copy(tmp_path / "other", companies="zai,gone")
    told = r"'gone'.*run the pipeline again"
    assert_refused(told, build, other, repo_root() / "figures", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_no_page_has_a_script_or_lets_one_run(site, pages):
    for name, page in pages.items():
        assert not page.find("script"), name
        assert not [node for node in page.find_all(True) if any(a[:2] == "on" for a in node.attrs)]
        policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
        assert "script-src 'none'" in policy["content"]


def test_an_earlier_site_stays_until_the_new_one_is_whole(tmp_path, monkeypatch, capsys):
    folder = rendered_copy(tmp_path, n_draws=300, companies="zai").parent
    site = folder / "site"
    assert cli.main(["site", str(folder)]) == 2
    assert "training_share.svg: missing" in capsys.readouterr().err and not site.exists()
    (folder / "figures").symlink_to(repo_root() / "figures")
    assert cli.main(["site", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == f"site: {site / 'index.html'}"
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    assert {*recorded(site / SITE_RECORD)} == before.keys()
    (site / "own.txt").touch()
    made_notebook(folder / "rendered/new.ipynb", 'est = ts.estimate("zai", scenario, n_draws)')

    def interrupted(*_):
        raise KeyboardInterrupt

    again = {"rendered": folder / "rendered", "figures": folder / "figures", "out": site}
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("training_share.files.move_all", interrupted)
        build(**again)
    assert before.items() <= {path: path.read_bytes() for path in before}.items()
    assert not (site / "new.html").exists()
    build(**again)
    assert (site / "new.html").is_file()
    (folder / "rendered/new.ipynb").unlink()
    build(**again)
    assert not (site / "new.html").exists() and (site / "own.txt").is_file()


# --- in a browser ---------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def axe(request, tmp_path_factory):
    """Return the source of axe-core, fetched with npm, once where pytest keeps a cache."""
    if not shutil.which("npm"):
        pytest.skip("npm is missing; it fetches axe-core, which checks accessibility")
    cache = getattr(request.config, "cache", None)
    folder = cache.mkdir(f"axe-core-{AXE}") if cache else tmp_path_factory.mktemp("axe-core")
    script = folder / "package" / "axe.min.js"
    if not script.is_file():
        fetch = ["npm", "pack", f"axe-core@{AXE}", "--silent"]
        try:
            subprocess.run(fetch, cwd=folder, check=True, timeout=60, capture_output=True)
        except (subprocess.SubprocessError, OSError) as error:
            pytest.skip(f"npm could not fetch axe-core {AXE}: {error}")
        shutil.unpack_archive(next(folder.glob("*.tgz")), folder, filter="data")
    return script.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser():
    playwright = needed("playwright.sync_api")
    path = chromium()
    if not path:
        pytest.skip("no Chromium found: install Debian's chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


SOME = ["index.html", "minimax.html", "comparison.html", "method.html", "data-training_runs.html"]


def looked_at(site) -> list[str]:
    """Return the pages of a site but tables of data, which look alike: some stand for all."""
    names = [path.name for path in sorted(site.glob("*.html"))]
    tables = ["data-corrections.html", "data-spending.html", "data-sources.html"]
    return [name for name in names if not name.startswith("data-")] + tables


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible_from_disk_with_the_network_off(site, axe, browser, scheme):
    """No serious or critical finding of axe-core, no message on the console, no request; folded
    parts opened."""
    context = browser.new_context(color_scheme=scheme, offline=True)
    page = context.new_page()
    requests, messages, findings = [], [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    names = looked_at(site) if scheme == "light" else SOME  # in the dark only colours differ
    for name in names:
        page.goto((site / name).as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        page.evaluate(axe)
        result = page.evaluate(
            "axe.run(document, {resultTypes: ['violations'], elementRef: false, preload: false})"
        )
        findings += [
            f"{name}: {one['id']} ({one['impact']}): {one['nodes'][0]['html'][:200]}"
            for one in result["violations"]
            if one["impact"] in ("serious", "critical")
        ]
    context.close()
    assert not findings
    assert not messages
    assert not [url for url in requests if not url.startswith(("file:", "data:"))]


def test_the_keyboard_reaches_and_opens_everything(site, browser):
    page = browser.new_context(offline=True).new_page()
    page.goto((site / "minimax.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('main')")
    while page.evaluate("document.activeElement.tagName") != "SUMMARY":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")
    page.goto((site / "minimax.html").as_uri())
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # the menu: a group opens, and its pages follow
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "index.html"


# rows of a table that are taller than half a phone although nothing in them is
TALL = """[...document.querySelectorAll('main tbody tr')].filter(row => row.offsetHeight > 420 &&
  [...row.children].every(cell => cell.textContent.trim().length < 300)).length"""


def test_no_page_scrolls_sideways_on_a_phone_or_on_paper(site, browser):
    page = browser.new_context(offline=True, viewport={"width": 390, "height": 800}).new_page()
    for name in SOME:
        page.goto((site / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        assert not page.evaluate(TALL), name
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 690, "height": 1000})  # A4 less its margins
    for name in looked_at(site):
        page.goto((site / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 690, name
        assert not page.evaluate(
            "[...document.querySelectorAll('details.code, nav')].some(part => part.offsetParent)"
        )
