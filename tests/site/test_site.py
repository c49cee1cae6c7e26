"""The site opens from disk with the network off, breaks no link, cuts no table, and is readable by
everyone."""

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

AXE = "4.14.1"  # of the npm package axe-core
for package in ("openpyxl", "pyarrow", "nbconvert", "bleach"):
    needed(package)
from training_share.site.pages import build  # noqa: E402
from training_share.site.tables import tidy  # noqa: E402
from training_share.site.words import WORDS  # noqa: E402

BYTES = 5_000_000
RENDERED, FIGURES = repo_root() / "notebooks" / "rendered", repo_root() / "figures"
pytestmark = pytest.mark.slow  # the whole site is built


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site") / "site"
    return build(out=out).parent


@pytest.fixture(scope="module")
def pages(site):
    return {
        path.name: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.glob("*.html"))
    }


# --- what there is --------------------------------------------------------------------------------
def test_it_has_a_page_for_everything_and_is_small(site, pages):
    named = {"index", "method", "data", "downloads", *(f"data-{name}" for name in COLUMNS)}
    named |= {path.stem for path in RENDERED.glob("*.ipynb") if ".failed" not in path.suffixes}
    assert {f"{name}.html" for name in named} <= set(pages)
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < BYTES


def test_every_link_and_file_exists_and_no_id_is_there_twice(site, pages):
    ids = {name: [node["id"] for node in page.find_all(id=True)] for name, page in pages.items()}
    broken = [(name, one) for name, all_ in ids.items() for one in all_ if all_.count(one) > 1]
    for name, page in pages.items():
        for node in page.find_all(["a", "img", "link", "script"]):
            address = node.get("href") or node.get("src") or ""
            if re.match(r"https?:|data:", address) and node.name != "script":
                continue
            path, _, fragment = unquote(address).partition("#")
            there = (site / (path or name)).is_file()
            if not there or (fragment and fragment not in ids[path or name]):
                broken.append((name, address))
    assert not broken


def test_head_headings_and_alternative_texts(pages):
    for name, page in pages.items():
        metas = page.find_all("meta")
        head = {one.get("name") or one.get("property"): one.get("content") for one in metas}
        assert page.title.text and head["description"] and head["og:title"], name
        assert head["og:image"] == "figures/training_share.png"
        assert re.search(r"\d", head["og:image:alt"])
        levels = [int(heading.name[1]) for heading in page.find_all(re.compile("^h[1-6]$"))]
        assert levels.count(1) == 1 and levels[0] == 1, name
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), name
        assert page.html["lang"] == "en"
        assert len(page.select("nav [aria-current=page]")) == 1, name
        for image in page.select("main img, main figure > svg"):
            text = image.get("alt") or image["aria-label"]
            assert len(text) > 40 and not re.search("&(#|amp|quot)", text), name
        for table in page.find_all("table"):
            assert table.caption.text and table.select("th[scope=col]"), name


def test_no_page_asks_for_anything_outside_and_nothing_runs(site, pages):
    for path in [*site.glob("*.html"), *site.glob("*.css")]:
        text = path.read_text(encoding="utf-8")
        asks = r"<script|@import|url\(['\"]?https?:|<(?:img|iframe)[^>]+https?:"
        assert not re.search(asks, text)
    for name, page in pages.items():
        assert not [node for node in page.find_all(True) if any(a[:2] == "on" for a in node.attrs)]
        policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
        assert policy.startswith("default-src 'none'") and "script" not in policy, name


# --- from a number to its source ------------------------------------------------------------------
HOURS = "rl-fraction-as-gpu-hours"


def test_a_page_says_once_how_it_is_made_and_every_row_names_its_source(pages):
    for path in RENDERED.glob("*.ipynb"):
        (line,) = pages[f"{path.stem}.html"].select("p.made")
        leads = [link["href"] for link in line.find_all("a")]
        assert leads[0].startswith("method.html#") and f"notebooks/{path.name}" in line.text
        assert any(address.startswith("data-") for address in leads)
        charts = pages[f"{path.stem}.html"].select("main figure[id]")
        assert {f"figures/{chart['id']}.csv" for chart in charts} <= set(leads)
    for table in COLUMNS:
        rows = pages[f"data-{table}.html"].select("main tbody > tr[id]")
        assert len(rows) == len(load()[table])
        for row in rows if "source_id" in COLUMNS[table] and table != "sources" else ():
            assert row.select_one("a[href^='data-sources.html#']")
            assert row.find_next_sibling("tr").select_one("a[href^=http], p").text


@pytest.mark.parametrize(
    ("page", "text", "row"),
    [
        ("minimax", "hailuo-02-pretraining", "data-training_runs.html#hailuo-02-pretraining"),
        ("minimax", "9M2024", "data-spending.html#minimax-rd_compute-9M2024"),
        ("zai", "rl_fraction", "data-assumptions.html#rl_fraction"),
        ("audit", HOURS, f"data-corrections.html#{HOURS}-assumptions-rl_fraction_basis-value"),
        ("method", "mfu", "data-assumptions.html#mfu"),
        ("data-training_runs", "own-judgement", "data-sources.html#own-judgement"),
    ],
)
def test_keys_lead_to_their_rows(pages, page, text, row):
    links = pages[f"{page}.html"].find_all("a")
    assert row in {link["href"] for link in links if link.get_text().strip() == text}


def test_links_between_files_are_links_between_pages(pages):
    assert pages["minimax.html"].select_one("main a[href='closed_models.html']")
    leads = {link["href"] for page in pages.values() for link in page.find_all("a")}
    assert not [address for address in leads if re.match(r"(?!http).*\.(ipynb|md)\b", address)]
    leads = {link["href"] for link in pages["data.html"].main.find_all("a")}
    assert {f"data-{name}.html" for name in COLUMNS} | {"data-license.html"} <= leads


# --- what a reader sees ---------------------------------------------------------------------------
def test_the_index_says_question_answer_doubt_and_source(pages):
    index, comparison = pages["index.html"], pages["comparison.html"]
    assert index.h1.text == comparison.select_one(".said strong").text.rstrip(".")
    sure = comparison.select(".said")[1].find_all(["p", "li"])
    assert len(sure) > 4 and {p.text for p in sure} <= {p.text for p in index.find_all(["p", "li"])}
    for chart in ("minimax_hailuo", "comparison_higher", "pattern"):
        assert index.find("figure", id=chart)
    assert index.find("figure", id="training_share")
    rows = index.select("main table tbody tr")
    assert [row.th.text for row in rows] == ["OpenAI", "MiniMax", "Z.ai"]
    row = load()["sources"]["newsletter-body"]
    link = index.find("a", href=row.url)
    assert link.text == "Epoch AI's newsletter of 23 March 2026"
    described = {one for pages_ in WORDS["menu"].values() for one in pages_}
    assert {path.stem for path in RENDERED.glob("*.ipynb")} <= described, "see words.toml"
    cards = {card.a["href"]: card.text for card in index.select(".list li")}
    assert WORDS["menu"]["Companies"]["minimax"] in cards["minimax.html"]


def test_the_menu_has_the_companies_of_the_tables(pages):
    menu = pages["index.html"].nav
    groups = {
        button.text: [link.text for link in menu.find(id=button["popovertarget"]).find_all("a")]
        for button in menu.find_all("button")
    }
    assert list(groups) == ["Results", "Companies", "Checks", "Method"]
    rendered = {path.stem for path in RENDERED.glob("*.ipynb")}
    companies = [row.display_name for key, row in load().companies.items() if key in rendered]
    assert sorted(groups["Companies"]) == sorted(companies)
    assert groups["Method"][:4] == ["Method", "Data", "Downloads", "Explorer"]


def test_code_is_folded_and_the_explorer_says_where_it_lives(pages):
    for page in pages.values():
        assert not page.select("details[open]")
    assert pages["minimax.html"].select_one(".said").find_next("details", class_="code")
    explorer = pages["explorer.html"]
    assert "JupyterLab" in explorer.select_one(".note").text and "<br" not in explorer.main.text


def made_page(tmp_path, source, *outputs):
    """Return the body of the page of one notebook with a cell of such outputs."""
    folder = rendered_copy(tmp_path, n_draws=300, companies="zai")
    made_notebook(folder / "made.ipynb", source, *outputs)
    page = build(folder, FIGURES, tmp_path / "site").with_name("made.html")
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").main


EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def test_what_comes_from_tables_and_parameters_is_text(tmp_path):
    new = nbformat.v4.new_output
    table = f'<table onclick="x()"><tr><td>{EVIL}<a href="javascript:x()">go</a></td></tr></table>'
    page = made_page(
        tmp_path,
        f"'{EVIL}'",
        new("display_data", {"text/markdown": f"**{EVIL}** [go](javascript:alert(3))"}),
        new("display_data", {"text/html": f"<style>td {{ color: red }}</style>{table}"}),
        new("stream", text=f"\x1b[31mred\x1b[0m{EVIL}"),
    )
    assert not page.find(["script", "style"]) and page.text.count("<script>alert(1)</script>") == 4
    assert not [node for node in page.find_all(True) if "onerror" in node.attrs]
    assert not [link for link in page.find_all("a") if "javascript" in link.get("href", "")]
    assert not page.find(onclick=True) and "color: red" not in page.text
    assert "red<script>" in page.text


def test_a_table_with_prose_sets_it_below_its_rows(tmp_path):
    long = "A sentence that is longer than what a cell of a table holds without breaking a line. "
    head = "<thead><tr><th></th><th>amount</th><th>note</th></tr></thead>"
    folded = f"<details><summary>{long}</summary>The rest.</details>"
    rows = f"<tr><th>a</th><td>1.5</td><td>{folded}</td></tr>"
    rows += "<tr><th>b<br>c</th><td></td><td></td></tr>"
    html = {"text/html": f"<table>{head}<tbody>{rows}</tbody></table>"}
    page = made_page(tmp_path, "1", nbformat.v4.new_output("display_data", html))
    first, below, second = page.select("tbody tr")
    assert [cell.text for cell in page.select("thead > tr > *")] == ["", "amount"]
    assert below.text.split() == f"note: {long} The rest.".split()
    assert first.td["class"] == ["num"] and first.td["data-column"] == "amount"
    assert second.td["class"] == ["blank"] and second.th.br


def test_levels_of_an_index_without_names_all_stay():
    table = pd.DataFrame({"x": [1]}, index=[["a"], ["b"]])
    soup = BeautifulSoup(table.to_html(), "html.parser")
    tidy(soup, {})
    assert BeautifulSoup(str(soup), "html.parser").tbody.text.split() == ["a", "b", "1"]


# --- of which run, and in place of what -----------------------------------------------------------
def rendered_copy(tmp_path, **changed):
    """Return a folder of the executed comparison alone, run with some parameters of its own."""
    notebook = nbformat.read(RENDERED / "comparison.ipynb", as_version=4)
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
    site = build(folder, FIGURES, tmp_path / "site").parent
    assert (site / "stays.html").is_file()
    assert not (site / "gone.html").exists() and not (site / "without_source.html").exists()
    files = ["comparison_careful.csv", "costs_zai_careful.csv", "draws_zai_careful.parquet"]
    files += ["training_share_careful.xlsx"]
    assert sorted(path.name for path in (site / "downloads").iterdir()) == files
    row = pd.read_csv(site / "downloads" / "comparison_careful.csv").iloc[0]
    assert row["draws"] == 300 and row["set in the call"] == "careful, changed: MFU 0.3"
    other = rendered_copy(tmp_path / "other", companies="zai,gone")
    assert_refused(r"'gone'.*run the pipeline again", build, other, FIGURES, tmp_path / "none")
    (other / "torn.ipynb").write_text("{")
    assert_refused(r"torn.ipynb: not a notebook", build, other, FIGURES, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_what_cannot_be_built_is_refused_and_leaves_what_was_there(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    assert_refused("something else than an earlier site", build, out=tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "keep"
    assert_refused("something else", build, out=tmp_path / "mine.txt")
    told = r"nothing to render; run python -m training_share\.pipeline"
    assert_refused(told, build, rendered=tmp_path, out=tmp_path / "site")


def test_an_earlier_site_stays_until_the_new_one_is_whole(tmp_path, monkeypatch, capsys):
    folder = rendered_copy(tmp_path, n_draws=300, companies="zai").parent
    site = folder / "site"
    assert cli.main(["site", str(folder)]) == 2
    assert ".svg: missing" in capsys.readouterr().err and not site.exists()
    (folder / "figures").symlink_to(FIGURES)
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


RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# what sticks out of the page's text or of its own box, in sight or not
CUT = """[...document.querySelectorAll('main *')].filter(one => !one.closest('svg, .unseen')
  && one.checkVisibility() && (one.scrollWidth > one.clientWidth + 1 && one.clientWidth
  && getComputedStyle(one).display != 'inline' || one.getBoundingClientRect().right >
  document.querySelector('main').getBoundingClientRect().right + 1)).map(one => one.outerHTML)"""


SOME = ["index.html", "minimax.html", "comparison.html", "audit.html", "data-published.html"]


@pytest.mark.parametrize(
    ("width", "scheme", "media"),
    [
        (1280, "light", "screen"),
        (1280, "dark", "screen"),
        (320, "light", "screen"),
        (390, "dark", "screen"),
        (1920, "light", "screen"),
        (690, "light", "print"),  # A4 less its margins
    ],
)
def test_every_page_is_readable_by_everyone(site, axe, browser, width, scheme, media):
    """With the network off and folded parts open: nothing is cut or makes a page scroll sideways,
    axe-core finds nothing (on some pages in the dark and on a phone, where colours and sizes alone
    differ), no message on the console, no request."""
    size = {"width": width, "height": 900}
    context = browser.new_context(color_scheme=scheme, offline=True, viewport=size)
    page, requests, faults = context.new_page(), [], []
    page.emulate_media(media=media)
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: faults.append(message.text))
    for path in sorted(site.glob("*.html")):
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        wide = page.evaluate("document.documentElement.scrollWidth")
        cut = page.evaluate(CUT)
        if wide > width or cut:
            faults.append(f"{path.name}: {wide} px, cut: {cut[:1]}")
        everywhere = (width, scheme) == (1280, "light") and not path.name.startswith("data-")
        if everywhere or (width in (320, 1280) and path.name in SOME):
            page.evaluate(axe)
            options = {"runOnly": RULES, "elementRef": False, "preload": False}
            result = page.evaluate("options => axe.run(document, options)", options)
            for one in result["violations"]:
                faults.append(f"{path.name}: {one['id']}: {one['nodes'][0]['html'][:200]}")
    context.close()
    assert not faults
    assert not [url for url in requests if not url.startswith(("file:", "data:"))]


def test_the_keyboard_reaches_and_opens_everything_and_esc_closes_a_menu(site, browser):
    page = browser.new_context(offline=True).new_page()
    page.goto((site / "minimax.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    while page.evaluate("document.activeElement.tagName") != "SUMMARY":
        page.keyboard.press("Tab")
        assert page.evaluate("!!document.activeElement.closest('main')")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")
    page.goto((site / "minimax.html").as_uri())
    for _ in range(3):
        page.keyboard.press("Tab")  # past the skip link and the start, to the first menu
    page.keyboard.press("Enter")
    assert page.locator("ul:popover-open").count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "comparison.html"
    page.keyboard.press("Escape")
    assert page.locator("ul:popover-open").count() == 0


def test_charts_have_the_font_and_the_colours_of_the_page(site, browser):
    look = """() => [document.fonts.check('1em "Source Sans Pro"'),
      [...document.querySelectorAll('#training_share svg *')].map(
        one => getComputedStyle(one).fill)]"""
    seen = {}
    for scheme in ("light", "dark"):
        page = browser.new_context(offline=True, color_scheme=scheme).new_page()
        page.goto((site / "index.html").as_uri())
        page.wait_for_function("document.fonts.status == 'loaded'")
        loaded, seen[scheme] = page.evaluate(look)
        assert loaded
    assert len(seen["light"]) == len(seen["dark"]) and seen["light"] != seen["dark"]
    assert "rgb(255, 255, 255)" not in seen["dark"][:3], "a white card in the dark"
