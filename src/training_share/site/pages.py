"""The executed notebooks, the method and the data as a small static site that opens from disk.

`build` writes plain HTML without a script and without any address outside the folder but the links
to sources. Cells pass one template, and what they show is cleaned; each page says once where its
formulas and its inputs stand; every key leads to its row, and every row names its source. The words
are in `templates/words.toml`.
"""

import io
import re
from collections import ChainMap
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

import bleach
import font_source_sans_pro
import nbformat
import pandas as pd
from bs4 import BeautifulSoup
from bs4.element import PreformattedString
from fontTools import subset
from nbconvert.filters import Highlight2HTML, markdown2html, strip_ansi

from training_share.errors import InputError
from training_share.files import SITE_RECORD, repo_root, write_all
from training_share.inputs.tables import Tables, load
from training_share.model.comparison import Comparison, compare
from training_share.report.figure import dark
from training_share.report.parameters import literals
from training_share.report.shares import headline
from training_share.report.text import chance
from training_share.site.downloads import csv_of, downloads, in_numbers
from training_share.site.tables import Links, addresses, slug, tidy
from training_share.site.words import FOLDER, TEMPLATES, WORDS

MAIN, CHART, SOURCE = "comparison", "training_share", "newsletter-body"
ABOUT = {"index": WORDS["index"]["about"], **ChainMap(*WORDS["menu"].values())}
DOCUMENTS = {"data": "data/README.md", "data-license": "data/LICENSE.md"}  # beside those of docs/
TAGS = "br caption details div h1 h2 h3 h4 hr img p pre span summary table tbody td th thead tr"
ATTRIBUTES = {"a": ["href"], "img": ["src", "alt"], "*": ["rowspan", "colspan", "class"]}
CLEANER = bleach.Cleaner({*bleach.ALLOWED_TAGS, *TAGS.split()}, ATTRIBUTES)
DROPPED = re.compile(r'<style.*?</style>|<a class="anchor-link".*?</a>', re.S)
LINK = re.compile(r"^(?![a-z]+:|#|(?:data|downloads)/|[\w.-]+\.html)")  # to a file of the project
LETTERS = [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x2010, 0x2266)]


class Page(NamedTuple):
    """A page: its HTML, and the path of what it is made of in the project."""

    soup: BeautifulSoup
    source: str


def build(rendered: str | Path = "", figures: str | Path = "", out: str | Path = "") -> Path:
    """Write the site of executed notebooks into `out` (default: `site/` of the project) and return
    its index page: all files or none, in place of those of an earlier build.

    `rendered` and `figures` are the folders the pipeline filled. Downloads have the settings that
    the notebook `comparison` ran with. Notebooks without a source, or about a company that the
    tables do not have, are left out. Raises InputError where there is nothing to render, where a
    figure lacks its files, and for a folder that holds anything but an earlier site.
    """
    root, tables = repo_root(), load()
    rendered = Path(rendered or root / "notebooks" / "rendered").expanduser()
    figures = Path(figures or root / "figures").expanduser()
    target = Path(out or root / "site").expanduser().resolve()
    earlier = target.is_dir() and ((target / SITE_RECORD).is_file() or not any(target.iterdir()))
    if target.exists() and not earlier:
        told = "holds something else than an earlier site; choose an empty or new folder"
        raise InputError(f"{target}: {told}")
    pages, comparison = _notebooks(rendered, tables)
    files = {f"downloads/{name}": content for name, content in downloads(comparison, False).items()}
    pages["downloads"] = page("downloads", files=files)
    documents = DOCUMENTS | {path.stem: f"docs/{path.name}" for path in root.glob("docs/*.md")}
    for stem, source in sorted(documents.items()):
        text = nbformat.v4.new_markdown_cell((root / source).read_text(encoding="utf-8"))
        pages[stem] = page("notebook", source, cells=[text])
    for name in tables.texts:
        pages[f"data-{name}"] = page("table", f"data/{name}.csv", name=name, tables=tables)
        files[f"data/{name}.csv"] = csv_of(in_numbers(tables.frame(name)))
    try:
        files |= finished(pages, tables, comparison, figures)
        files[f"figures/{CHART}.png"] = (figures / f"{CHART}.png").read_bytes()
    except FileNotFoundError as error:
        told = "missing; run python -m training_share.pipeline to draw it"
        raise InputError(f"{error.filename}: {told}") from error
    files |= {path.name: path.read_bytes() for path in root.glob("docs/*.svg")}
    files |= {f"{weight}.woff": font(weight) for weight in ("Regular", "Semibold")}
    files["style.css"] = (FOLDER / "style.css").read_bytes()
    write_all(target, files, record=SITE_RECORD)
    return target / "index.html"


# --- what a page is made of -----------------------------------------------------------------------
def page(template: str, source: str = "", **values: object) -> Page:
    """Return the page of a filled template."""
    html = TEMPLATES.get_template(f"{template}.html.j2").render(values, source=source)
    return Page(BeautifulSoup(html, "html.parser"), source)


def _notebooks(folder: Path, tables: Tables) -> tuple[dict[str, Page], Comparison]:
    """Return the pages of the executed notebooks of a folder by stem, if the tables have the
    companies they are about, and the comparison that one of them shows."""
    sources, pages = {path.name for path in folder.parent.glob("*.ipynb")}, {}
    for path in sorted(folder.glob("*.ipynb")):
        if ".failed" in path.suffixes or (sources and path.name not in sources):
            continue  # sources: none of a run's folder
        try:
            cells = nbformat.read(path, as_version=4).cells
        except Exception as error:  # nbformat has many
            raise InputError(f"{path}: not a notebook ({error}); run the pipeline again") from error
        code = "\n".join(cell.source for cell in cells)
        if {*re.findall(r'^\w+ = ts\.estimate\(\s*"([^"]+)"', code, re.M)} <= {*tables.companies}:
            pages[slug(path.stem)] = page("notebook", f"notebooks/{path.name}", cells=cells)
        if path.stem == MAIN:
            given = [one.source for one in cells if "parameters" in str(one.metadata.get("tags"))]
            settings = literals("\n".join(given))
    if MAIN not in pages:
        todo = "nothing to render; run python -m training_share.pipeline first"
        raise InputError(f"{folder}: no {MAIN}.ipynb, so {todo}")
    settings.pop("figures_dir", None)
    try:
        return pages, compare(**settings)
    except InputError as error:
        told = f"was run with other tables ({error}); run the pipeline again"
        raise InputError(f"{pages[MAIN].source} {told}") from error


def clean(html: str) -> str:
    """Return HTML with nothing alive in it: what is no text, table, link or picture is shown as
    text."""
    return CLEANER.clean(DROPPED.sub("", html))


TEMPLATES.filters |= {"clean": clean, "markdown": markdown2html, "strip_ansi": strip_ansi}
TEMPLATES.filters |= {"code": Highlight2HTML(pygments_lexer="python"), "chance": chance}
TEMPLATES.filters["day"] = lambda text: f"{pd.Timestamp(text):%-d %B %Y}"


def font(weight: str) -> bytes:
    """Return the letters of pages and charts in a weight of Source Sans Pro, as WOFF."""
    path, stream = Path(font_source_sans_pro.font_directory), io.BytesIO()
    options = subset.Options(flavor="woff", hinting=False, layout_features=["kern", "tnum"])
    letters = subset.load_font(path / f"SourceSansPro-{weight}.ttf", options)
    few = subset.Subsetter(options)
    few.populate(unicodes=LETTERS)
    few.subset(letters)
    subset.save_font(letters, stream, options)
    return stream.getvalue()


# --- what all pages have --------------------------------------------------------------------------
def finished(
    pages: dict[str, Page], tables: Tables, comparison: Comparison, figures: Path
) -> dict[str, bytes]:
    """Return the files of pages, an index among them, with their links, charts, tables and menu
    made, and of the numbers of their charts."""
    menu = {group: [*stems] for group, stems in WORDS["menu"].items()}
    for stem in pages:  # those that no group names are in the last, companies among the companies
        if stem not in ABOUT and not stem.startswith("data-"):
            menu["Companies" if stem in tables.companies else [*menu][-1]].append(stem)
    labels = {stem: stem.replace("_", " ").capitalize() for stem in pages}
    labels |= {company: row.display_name for company, row in tables.companies.items()}
    said = {"menu": menu, "labels": labels, "about": ABOUT, "pages": pages}
    said |= {"main": pages[MAIN].soup, "version": version("training_share")}
    index = {"newsletter": tables.sources[SOURCE], "rows": headline(comparison)}
    pages["index"] = page("index", estimates=[*comparison.values()], **index, **said)
    template, files = TEMPLATES.get_template("page.html.j2"), {}
    links, made = addresses(tables), {one.source: f"{stem}.html" for stem, one in pages.items()}
    for stem, one in pages.items():
        _link(one, links, made)
        for place in one.soup.select("svg[data-chart]"):
            name = place["data-chart"]
            place.replace_with(PreformattedString(_chart(figures, name, place["aria-label"])))
            numbers = pd.read_csv(figures / f"{name}.csv", dtype=str, na_filter=False)
            files[f"figures/{name}.csv"] = csv_of(numbers)
        tidy(one.soup, links, stem)
        html = template.render(page=one, stem=stem, **said)
        files[f"{stem}.html"] = html.encode()
    return files


def _chart(figures: Path, name: str, alt: str) -> str:
    """Return the drawing of a chart to stand in a page, and a second one for phones where there is
    one: text in the page's font, colours of a light or a dark page, ids of its own."""
    twins = {name: "broad", f"{name}_narrow": "narrow"}
    twins = twins if (figures / f"{name}_narrow.svg").is_file() else {name: "chart"}
    drawn = ""
    for file, kind in twins.items():
        svg = dark((figures / f"{file}.svg").read_bytes(), "light-dark({0}, {1})").decode()
        svg = re.sub(r"<metadata>.*?</metadata>", "", svg.partition("<svg")[2], flags=re.S)
        svg = re.sub(r'(id="|href="#|url\(#)', rf"\1{file}-", svg)
        drawn += f'<svg role="img" class="{kind}" aria-label="{escape(alt)}"{svg}'
    return drawn


def _link(one: Page, links: Links, made: dict[str, str]) -> None:
    """Turn links to files of the project into links to pages, or to the row that their text names,
    those to nowhere into text, and names in prose into links; give headings an id."""
    for link in one.soup.find_all("a", href=LINK):
        path, mark, fragment = urljoin(one.source, link["href"]).partition("#")
        row = links.get(("", link.get_text()), "")
        if path not in made:
            link.unwrap()
        elif row.startswith(f"{made[path]}#"):
            link["href"] = row
        else:
            link["href"] = f"{made[path]}{mark}{fragment}"
    for code in one.soup.find_all("code"):
        address = links.get(("", code.get_text()))
        if address and not code.find_parent(["a", "pre"]):
            code.wrap(one.soup.new_tag("a", href=address))
    for heading in one.soup.find_all(re.compile("^h[1-6]$")):
        heading["id"] = slug(heading.get_text())
