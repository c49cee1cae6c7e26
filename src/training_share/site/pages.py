"""The executed notebooks, the method and the data as a small static site that opens from disk.

`build` writes plain HTML without a script and without any address outside the folder but the links
to sources. A notebook's cells pass one nbconvert template, and what they show is cleaned; each page
says once where its formulas and its inputs stand; every key leads to its row, and every row names
its source. The words are in `templates/words.toml`.
"""

import io
import itertools
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from html import escape
from importlib.metadata import version
from pathlib import Path

import bleach
import font_source_sans_pro
import nbformat
import pandas as pd
from bs4 import BeautifulSoup
from fontTools import subset, ttLib
from jinja2 import FileSystemLoader
from nbconvert import HTMLExporter
from nbconvert.filters import markdown2html

from training_share.errors import InputError
from training_share.files import SITE_RECORD, repo_root, write_all
from training_share.inputs.tables import Tables, load
from training_share.model.comparison import Comparison, compare
from training_share.report.figure import dark
from training_share.report.parameters import literals
from training_share.report.shares import headline
from training_share.report.text import chance
from training_share.site.downloads import csv_of, downloads, in_numbers
from training_share.site.tables import addresses, slug, text_of, tidy
from training_share.site.words import FOLDER, TEMPLATES, WORDS

MAIN, CHART, SOURCE = "comparison", "training_share", "newsletter-body"
NAMED = {
    "README": ("data", "Data"),
    "LICENSE": ("data-license", ""),
    "method": ("method", "Method"),
}
ABOUT = {stem: about for pages in WORDS["menu"].values() for stem, about in pages.items()}
ABOUT["index"] = WORDS["index"]["about"]
TAGS = "br caption details div h1 h2 h3 h4 hr img p pre span summary table tbody td th thead tr"
TAGS = {*bleach.ALLOWED_TAGS, *TAGS.split(" ")}
ATTRIBUTES = {"a": ["href"], "img": ["src", "alt"], "*": ["rowspan", "colspan", "class"]}
CLEANER = bleach.Cleaner(TAGS, ATTRIBUTES)  # anything else is shown as text
DROPPED = re.compile(r'<style.*?</style>|<a class="anchor-link".*?</a>', re.S)
CAPTION = re.compile(r"\*Figure `([\w.-]+)`\.\*.*", re.S)
COLOUR = re.compile(r"(#[0-9a-fA-F]{6})\b")
PLACE = re.compile(r'<svg data-chart="([\w.-]+)"></svg>')  # of a chart in a page
LINK = re.compile(r"^(?![a-z]+:|#|(?:data|downloads)/|[\w.-]+\.html)")  # to a file of the project
LETTERS = [*itertools.chain(range(0x20, 0x7F), range(0xA0, 0x180), range(0x2010, 0x2266))]


@dataclass(eq=False)
class Page:
    """A page: its file, its HTML, the path of what it is made of in the project, its name in the
    menu, and the parameters that its notebook ran with."""

    file: str
    body: str
    source: str = ""
    label: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.soup = BeautifulSoup(self.body, "html.parser")
        self.stem, self.title = Path(self.file).stem, text_of(self.soup.h1 or self.soup)
        self.label = self.label or self.title
        self.about = ABOUT.get(self.stem) or text_of(self.soup.p or self.soup)[:200]


def build(rendered: str | Path = "", figures: str | Path = "", out: str | Path = "") -> Path:
    """Write the site of executed notebooks into `out` (default: `site/` of the project) and return
    its index page: all files or none, in place of those of an earlier build.

    `rendered` and `figures` are the folders the pipeline filled. Downloads have the settings that
    the notebook `comparison` ran with. Notebooks without a source, or about a company that the
    tables do not have, are left out. Raises InputError where there is nothing to render, where a
    figure lacks its files, and for a folder that holds anything but an earlier site.
    """
    root = repo_root()
    rendered = Path(rendered or root / "notebooks" / "rendered").expanduser()
    target = Path(out or root / "site").expanduser().resolve()
    earlier = target.is_dir() and ((target / SITE_RECORD).is_file() or not any(target.iterdir()))
    if target.exists() and not earlier:
        told = "holds something else than an earlier site; choose an empty or new folder"
        raise InputError(f"{target}: {told}")
    tables = load()
    maker = _Maker(tables, Path(figures or root / "figures").expanduser())
    sources = {path.name for path in rendered.parent.glob("*.ipynb")}  # none of a run's folder
    for path in sorted(rendered.glob("*.ipynb")):
        if ".failed" not in path.suffixes and (not sources or path.name in sources):
            maker.add_notebook(path)
    if f"{MAIN}.html" not in maker.pages:
        todo = "nothing to render; run python -m training_share.pipeline first"
        raise InputError(f"{rendered}: no {MAIN}.ipynb, so {todo}")
    comparison = _comparison(maker.pages[f"{MAIN}.html"])
    files = {f"downloads/{name}": content for name, content in downloads(comparison, False).items()}
    maker.add("downloads.html", "downloads", files=files)
    for path in sorted([*root.glob("docs/*.md"), *root.glob("data/*.md")]):
        maker.add_document(path)
    for name in tables.texts:
        maker.add(f"data-{name}.html", "table", name=name, tables=tables)
        files[f"data/{name}.csv"] = csv_of(in_numbers(tables.frame(name)))
    files |= {name: page.encode() for name, page in maker.finished(comparison).items()}
    for name in maker.charts:  # their numbers, in which no text is a formula to a spreadsheet
        numbers = pd.read_csv(io.BytesIO(maker.figure(name, "csv")), dtype=str, na_filter=False)
        files[f"figures/{name}.csv"] = csv_of(numbers)
    files |= {path.name: path.read_bytes() for path in root.glob("docs/*.svg")}
    files |= {f"{weight}.woff": font(weight) for weight in ("Regular", "Semibold")}
    files["style.css"] = (FOLDER / "style.css").read_bytes()
    files[f"figures/{CHART}.png"] = maker.figure(CHART, "png")
    write_all(target, files, record=SITE_RECORD)
    return target / "index.html"


def _comparison(page: Page) -> Comparison:
    """Return the comparison that a notebook shows, from the parameters it ran with."""
    settings = {name: value for name, value in page.settings.items() if name != "figures_dir"}
    try:
        return compare(**settings)
    except InputError as error:
        told = f"was run with other tables ({error}); run the pipeline again"
        raise InputError(f"{page.source} {told}") from error


@lru_cache
def font(weight: str) -> bytes:
    """Return the letters of pages and charts in a weight of Source Sans Pro, as WOFF."""
    path = Path(font_source_sans_pro.font_directory, f"SourceSansPro-{weight}.ttf")
    letters, stream = ttLib.TTFont(path), io.BytesIO()
    few = subset.Subsetter(subset.Options(hinting=False, layout_features=["kern", "tnum"]))
    few.populate(unicodes=LETTERS)
    few.subset(letters)
    letters.flavor = "woff"
    letters.save(stream)
    return stream.getvalue()


def clean(html: str) -> str:
    """Return HTML with nothing alive in it: what is no text, table, link or picture is shown as
    text."""
    return CLEANER.clean(DROPPED.sub("", html))


def inline(svg: bytes, name: str, alt: str, kind: str) -> str:
    """Return a drawing to stand in a page: its text in the page's font, its colours those of a
    light or a dark page, its ids its own."""
    light, other = (COLOUR.split(each.decode()) for each in (svg, dark(svg)))
    both = zip(light, other, strict=True)  # dark changes colours alone
    text = "".join(one if one == two else f"light-dark({one}, {two})" for one, two in both)
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.S)
    text = re.sub(r'(id="|href="#|url\(#)', rf"\1{name}-", text)
    return text.replace("<svg", f'<svg role="img" class="{kind}" aria-label="{escape(alt)}"', 1)


class _Maker:
    """Makes pages of one set of tables and one folder of figures."""

    def __init__(self, tables: Tables, figures: Path) -> None:
        self.tables, self.figures = tables, figures
        self.pages: dict[str, Page] = {}
        self.charts: dict[str, str] = {}  # name -> drawing, of those that pages show
        self.exporter = HTMLExporter(
            extra_loaders=[FileSystemLoader(FOLDER)],
            template_file="notebook.html.j2",
            filters={"clean": clean, "chart": self._chart},
        )
        TEMPLATES.filters |= {"slug": slug, "chance": chance}
        TEMPLATES.filters["day"] = lambda text: f"{date.fromisoformat(text):%-d %B %Y}"

    def add(self, file: str, template: str, **values: object) -> None:
        """Add the page of a filled template."""
        body = TEMPLATES.get_template(f"{template}.html.j2").render(**values)
        self.pages[file] = Page(file, body)

    def add_notebook(self, path: Path) -> None:
        """Add the page of an executed notebook, if the tables have the companies it is about.
        InputError for a file that is none."""
        try:
            notebook = nbformat.read(path, as_version=4)
        except Exception as error:  # nbformat has many
            raise InputError(f"{path}: not a notebook ({error}); run the pipeline again") from error
        settings, companies = {}, set()
        for cell in notebook.cells:
            companies |= {*re.findall(r'^\w+ = ts\.estimate\(\s*"([^"]+)"', cell.source, re.M)}
            if {"parameters", "injected-parameters"} & {*cell.metadata.get("tags", ())}:
                settings |= literals(cell.source)
            for image, below in itertools.pairwise(cell.get("outputs", [])):
                caption = CAPTION.fullmatch(below.get("data", {}).get("text/markdown", ""))
                if caption and "image/png" in image.get("data", {}):
                    image.metadata["figure"], below.data = caption[1], {}
        if companies <= {*self.tables.companies}:
            given = {"words": WORDS["page"], "live": path.stem == "explorer"}
            body, _ = self.exporter.from_notebook_node(notebook, given)
            row = self.tables.companies.get(path.stem)
            label = row.display_name if row else path.stem.replace("_", " ").capitalize()
            file, source = f"{slug(path.stem)}.html", f"notebooks/{path.name}"
            self.pages[file] = Page(file, body, source, label, settings)

    def add_document(self, path: Path) -> None:
        """Add the page of a Markdown file of docs/ or data/."""
        stem, label = NAMED.get(path.stem, (path.stem, ""))
        file, body = f"{slug(stem)}.html", clean(markdown2html(path.read_text(encoding="utf-8")))
        self.pages[file] = Page(file, body, f"{path.parent.name}/{path.name}", label)

    def figure(self, name: str, kind: str) -> bytes:
        """Return the content of a file of a figure; InputError where it is missing."""
        path = self.figures / f"{name}.{kind}"
        if not path.is_file():
            raise InputError(f"{path}: missing; run python -m training_share.pipeline to draw it")
        return path.read_bytes()

    def _chart(self, name: str, alt: str) -> str:
        """Return the place of a chart in a page, and keep its drawing: inline, so that it has the
        page's font and colours, and a second one for phones where there is one."""
        twins = {name: "broad", f"{name}_narrow": "narrow"}
        twins = twins if (self.figures / f"{name}_narrow.svg").is_file() else {name: "chart"}
        drawn = (inline(self.figure(file, "svg"), file, alt, kind) for file, kind in twins.items())
        self.charts[name] = "".join(drawn)
        return f'<svg data-chart="{name}"></svg>'

    def finished(self, comparison: Comparison) -> dict[str, str]:
        """Return the HTML of all pages by file, an index among them, with their links, tables and
        menu made."""
        main, links = self.pages[f"{MAIN}.html"], addresses(self.tables)
        said = {"menu": self._menu(), "version": version("training_share")}
        said["preview"] = text_of(main.soup.find(id=CHART).p)
        source, n_draws = self.tables.sources[SOURCE], next(iter(comparison.values())).n_draws
        index = {"main": main.soup, "newsletter": source, "n_draws": n_draws, "pages": self.pages}
        self.add("index.html", "index", rows=headline(comparison), **index, **said)
        for page in self.pages.values():
            self._link(page, links)
            tidy(page.soup, links, page.stem)
        template, files = TEMPLATES.get_template("page.html.j2"), {}
        for file, page in self.pages.items():
            html = template.render(page=page, **said)
            files[file] = PLACE.sub(lambda place: self.charts[place[1]], html)
        return files

    def _menu(self) -> dict[str, list[Page]]:
        """Return the groups of the menu and their pages; those that no group names are in the
        last, companies among the companies."""
        menu = {group: [*stems] for group, stems in WORDS["menu"].items()}
        for page in self.pages.values():
            if page.stem not in ABOUT and not page.stem.startswith("data-"):
                group = "Companies" if page.stem in self.tables.companies else [*menu][-1]
                menu[group].append(page.stem)
        found = {page.stem: page for page in self.pages.values()}
        return {name: [found[one] for one in stems if one in found] for name, stems in menu.items()}

    def _link(self, page: Page, links: Mapping[tuple[str, str], str]) -> None:
        """Turn links to files of the project into links to pages, or to the row that their text
        names, those to nowhere into text, and names in prose into links; give headings an id."""
        of_source = {one.source: one.file for one in self.pages.values()}
        for link in page.soup.find_all("a", href=LINK):
            path, _, fragment = link["href"].partition("#")
            path = posixpath.normpath(posixpath.join(posixpath.dirname(page.source), path))
            table = f"data-{Path(path).stem}.html"
            file = of_source.get(path) or (table if table in self.pages else "")
            row = links.get(("", link.get_text()), "")
            if not file:
                link.unwrap()
            elif row.startswith(f"{file}#"):
                link["href"] = row
            else:
                link["href"] = f"{file}#{fragment}" if fragment else file
        for code in page.soup.find_all("code"):
            address = links.get(("", code.get_text()))
            if address and not code.find_parent(["a", "pre"]):
                code.wrap(page.soup.new_tag("a", href=address))
        for heading in page.soup.find_all(re.compile("^h[1-6]$")):
            heading["id"] = slug(heading.get_text())
