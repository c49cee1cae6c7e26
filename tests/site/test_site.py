"""The site opens from disk with the network off, breaks no link, and is readable by everyone."""

import itertools
import re
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup

from training_share.errors import InputError
from training_share.files import repo_root
from training_share.inputs.schema import MODELS
from training_share.inputs.tables import load
from training_share.site.links import FORMULAS, formula_of, slug
from training_share.site.pages import MARK, answer_text, build, slim

AXE = "4.14.1"  # of the npm package axe-core
CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome", "chrome")
        if (found := shutil.which(name))
    ),
    None,
)
SECONDS, BYTES = 20, 5_000_000


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "site"
    start = time.perf_counter()
    index = build(out=folder)
    assert time.perf_counter() - start < SECONDS
    return index.parent


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
        *(f"data-{name}.html" for name in MODELS),
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
        assert page.html["lang"] == "en" and len(page.select("nav a[aria-current=page]")) == (
            not name.startswith("docs-")
        ), name
        for image in page.find_all("img"):
            drawn = re.fullmatch(r"figures/.+\.svg", image["src"])
            assert re.search(r"\d", image["alt"]) and (drawn or name == "explorer.html")
    assert pages["comparison.html"].find("details", class_="code").get("open") is None


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
    for table in MODELS:
        rows = pages[f"data-{table}.html"].select("main tbody")
        assert len(rows) == len(load()[table])
        if (
            "source_id" in type(next(iter(load()[table].values()))).model_fields
            and table != "sources"
        ):
            assert all(
                row.select_one("a[href^='data-sources.html#']") and row.select_one(".source")
                for row in rows
            )
    method = pages["method.html"]
    for heading, tables in FORMULAS.values():
        assert method.find(id=slug(heading)) and set(tables) <= set(MODELS)


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


def test_every_function_named_in_the_formulas_is_found_first():
    assert (
        formula_of("shares = ts.shares.company_ratio_table(est)\nts.charts.ratio(shares)")[0]
        == "The chart"
    )
    assert formula_of("ts.something_new()")[0] == "The ratio"


def test_the_answer_follows_the_numbers():
    import pandas as pd

    ratios = pd.DataFrame(
        {
            "scenario": ["newsletter"] * 2,
            "company": ["a", "b"],
            "label": ["A", "B"],
            "share_p5": [0.1, 0.2],
            "share_p50": [0.2, 0.6],
            "share_p95": [0.3, 0.9],
        }
    )
    assert answer_text(ratios).startswith(
        "Not always a minority: 20.0% at A (90% interval 10.0% to 30.0%) and 60.0% at B"
    )
    assert answer_text(ratios.iloc[:1]).startswith("A minority: 20.0% at A")


def test_drawings_lose_digits_but_no_scale():
    svg = (
        '<path d="M 1.23456 7.5" transform="translate(3.14159 2) scale(0.015625 -0.015625)"/><use'
        ' x="10.0009"/>'
    )
    assert (
        slim(svg)
        == '<path d="M 1.23 7.5" transform="translate(3.14 2) scale(0.015625 -0.015625)"/><use'
        ' x="10"/>'
    )


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="something else than an earlier site"):
        build(out=tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "keep"
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="something else"):
        build(out=tmp_path / "file")


def test_nothing_to_render_is_said(tmp_path):
    with pytest.raises(
        InputError, match=r"nothing to render; run python -m training_share\.pipeline"
    ):
        build(rendered=tmp_path, out=tmp_path / "site")


def test_an_earlier_site_is_marked(site):
    assert (site / MARK).is_file()


# --- in a browser ---------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def axe(request):
    """Return the source of axe-core, fetched once with npm into pytest's cache."""
    if not shutil.which("npm"):
        pytest.skip("npm is missing; it fetches axe-core, which checks accessibility")
    folder = Path(request.config.cache.mkdir("axe-core"))
    script = folder / f"axe-{AXE}" / "package" / "axe.min.js"
    if not script.is_file():
        script.parents[1].mkdir(exist_ok=True)
        try:
            subprocess.run(
                ["npm", "pack", f"axe-core@{AXE}", "--silent"],
                cwd=script.parents[1],
                check=True,
                timeout=60,
                capture_output=True,
            )
        except (subprocess.SubprocessError, OSError) as error:
            pytest.skip(f"npm could not fetch axe-core {AXE}: {error}")
        shutil.unpack_archive(
            next(script.parents[1].glob("*.tgz")), script.parents[1], filter="data"
        )
    return script.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright drives the browser; pip install playwright"
    )
    if not CHROMIUM:
        pytest.skip("no chromium found; install it to check the pages in a browser")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


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
    # tables of data look alike, so some stand for all; in the dark only colours differ
    names = [
        "index.html",
        "minimax.html",
        "comparison.html",
        "method.html",
        "data-training_runs.html",
        "downloads.html",
    ]
    if scheme == "light":
        names = [
            path.name for path in sorted(site.glob("*.html")) if not path.name.startswith("data-")
        ]
        names += ["data-corrections.html", "data-spending.html", "data-sources.html"]
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
    page.keyboard.press("Tab")  # the first control of the content
    assert page.evaluate("document.activeElement.className") == "all-code"
    page.keyboard.press("Space")
    assert page.evaluate("[...document.querySelectorAll('details.code')].every(part => part.open)")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.tagName") != "SUMMARY":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")


def test_no_page_scrolls_sideways_on_a_phone_or_on_paper(site, browser):
    page = browser.new_context(offline=True, viewport={"width": 390, "height": 800}).new_page()
    for name in ("index.html", "minimax.html", "data-training_runs.html", "method.html"):
        page.goto((site / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 690, "height": 1000})  # A4 less its margins
    for path in sorted(site.glob("*.html")):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 690, path.name
        assert not page.evaluate(
            "[...document.querySelectorAll('details.code, nav')].some(part => part.offsetParent)"
        )
