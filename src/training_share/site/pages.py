"""The executed notebooks, the method and the data as a small static site that opens from disk.

`build` writes plain HTML without a script and without any address outside the folder but the links
to sources. Every figure and table says where its formula and its inputs stand; every key leads to
its row, and every row names its source.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from bs4 import BeautifulSoup
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from training_share.errors import InputError
from training_share.files import SITE_RECORD, repo_root, write_all
from training_share.inputs.columns import COLUMNS
from training_share.inputs.tables import Tables, load
from training_share.model.case import listed
from training_share.model.comparison import Comparison, compare
from training_share.report.sentences import SOURCE
from training_share.report.shares import printed
from training_share.site import links
from training_share.site.dictionary import TEMPLATES
from training_share.site.downloads import commit, csv_of, downloads, harmless, typed
from training_share.site.links import slug
from training_share.site.notebook import Notebook, markdown, opening, pieces, read
from training_share.site.tables import tidy

CHART = "training_share"  # of the index page; with _narrow the one for phones
SETTINGS = "training_share_settings"  # below it, the same under other settings
MAIN, LIVE = "comparison", "explorer"  # notebooks with a page of another kind
GROUPS = ("Answer", "Companies", "Doubts", "Data and method")
LAST = ("method.html", "data.html", "downloads.html", f"{LIVE}.html")  # first of the last group
NAMED = {"data/README.md": ("data.html", "Data"), "docs/method.md": ("method.html", "Method")}
NUMBERS = ("number", "positive", "whole")  # kinds
ASIDE = ("note", "remark", "explanation", "reason", "why", "source_id")  # set below their row


@dataclass
class Page:
    """One page: its file, its body, what it says in a sentence, its name and its group in the menu
    (or "" for none). Its title is its first heading."""

    file: str
    body: str
    description: str
    label: str = ""
    group: str = ""
    source: str = ""  # path of the notebook or document in the project
    here: str = ""  # page of the menu that it belongs to

    def __post_init__(self) -> None:
        self.soup = BeautifulSoup(self.body, "html.parser")
        self.title = " ".join(self.soup.h1.get_text().split()) if self.soup.h1 else ""
        self.label, self.here = self.label or self.title, self.here or self.file


def build(
    rendered: str | Path = "",
    figures: str | Path = "",
    out: str | Path = "",
    *,
    data_dir: str | Path | None = None,
    base_url: str = "",
) -> Path:
    """Write the site of executed notebooks into `out` (default: `site/` of the project) and return
    its index page: all files or none, in place of those of an earlier build.

    `rendered` and `figures` are the folders the pipeline filled. Downloads have the settings that
    the notebook `comparison` ran with. Notebooks without a source, or about a company that the
    tables do not have, are left out. `base_url`, ending in a slash, makes addresses for previews
    absolute. Raises InputError where there is nothing to render, where a figure lacks its files,
    and for a folder that holds anything but an earlier site.
    """
    root = repo_root()
    rendered = Path(rendered or root / "notebooks" / "rendered").expanduser()
    figures = Path(figures or root / "figures").expanduser()
    target = Path(out or root / "site").expanduser().resolve()
    earlier = target.is_dir() and ((target / SITE_RECORD).is_file() or not any(target.iterdir()))
    if target.exists() and not earlier:
        raise InputError(
            f"{target}: holds something else than an earlier site; choose an empty or new folder"
        )
    tables = load(data_dir)
    notebooks = [one for one in _executed(rendered) if one.companies <= set(tables.companies)]
    main = next((one for one in notebooks if one.stem == MAIN), None)
    if main is None:
        raise InputError(
            f"{rendered}: no {MAIN}.ipynb, so nothing to render; run python -m"
            " training_share.pipeline first"
        )
    comparison = _comparison(main, data_dir)
    files = {f"downloads/{name}": content for name, content in downloads(comparison, False).items()}
    maker = _Maker(tables, figures, base_url)
    told = "The results as CSV, Excel and Parquet files."
    pages = [
        *(maker.notebook(one) for one in notebooks),
        *(maker.document(path) for path in sorted(root.glob("docs/*.md"))),
        *(maker.document(path) for path in sorted(root.glob("data/*.md"))),
        Page("downloads.html", maker.render("downloads", files=files), told, group=GROUPS[3]),
        *(maker.table(name) for name in COLUMNS),
    ]
    order = [f"{name}.html" for name in (MAIN, *tables.companies)] + [*LAST]
    pages.sort(key=lambda page: order.index(page.file) if page.file in order else len(order))
    pages.insert(0, maker.index(main, comparison, pages))
    for page in pages:
        files[page.file] = maker.finished(page, pages).encode()
    shown = {name for page in pages for name in re.findall(r'="figures/([^"]+)\.svg"', page.body)}
    for name in sorted(shown):
        files[f"figures/{name}.svg"] = slim(maker.figure(name, "svg")).encode()
        files[f"figures/{name}.csv"] = harmless(maker.figure(name, "csv")).encode()
    files |= {path.name: path.read_bytes() for path in root.glob("docs/*.svg")}
    for name, columns in COLUMNS.items():
        amounts = [column for column, of in columns.items() if of.kind.startswith("amount")]
        amounts += ["value"] if name == "assumptions" else []
        files[f"data/{name}.csv"] = csv_of(typed(tables.frame(name), *amounts))
    files["style.css"] = (TEMPLATES / "style.css").read_bytes()
    files[f"figures/{CHART}.png"] = (figures / f"{CHART}.png").read_bytes()
    write_all(target, files, record=SITE_RECORD)
    return target / "index.html"


def _executed(rendered: Path) -> list[Notebook]:
    """Return the executed notebooks of a folder; those of the project have a source beside it."""
    sources = {path.name for path in rendered.parent.glob("*.ipynb")}
    found = [path for path in sorted(rendered.glob("*.ipynb")) if ".failed" not in path.suffixes]
    return [read(path) for path in found if not sources or path.name in sources]


def _comparison(notebook: Notebook, data_dir: str | Path | None) -> Comparison:
    """Return the comparison that a notebook shows, from the parameters it ran with."""
    settings = {name: value for name, value in notebook.settings.items() if value != ""}
    companies = listed(str(settings.pop("companies", ""))) or printed(data_dir)
    for name in ("figures_dir", "scenarios"):
        settings.pop(name, None)
    try:
        return compare(companies, data_dir=data_dir, **settings)
    except InputError as error:
        raise InputError(
            f"{notebook.stem}.ipynb was run with other tables ({error}); run the pipeline again"
        ) from error


def slim(svg: str) -> str:
    """Return an SVG drawing in two thirds of its bytes: coordinates to a hundredth of a point,
    which no eye can tell from more, and no blanks, comments or metadata."""

    def rounded(part: re.Match[str]) -> str:
        return re.sub(r"\d+\.\d{3,}", lambda long: f"{round(float(long[0]), 2):.12g}", part[0])

    def joined(path: re.Match[str]) -> str:
        return ' d="' + re.sub(r"\s*([A-Za-z])\s*", r"\1", path[0][4:])

    svg = re.sub(r"<metadata>.*?</metadata>\s*|<!--.*?-->\s*", "", svg, flags=re.S)
    svg = re.sub(r'\s(?:(?:d|x|y|points)="[^"]*|transform="translate\([^)]*)', rounded, svg)
    svg = re.sub(r'\sd="[^"]*', joined, svg)
    return re.sub(r'xlink:href="(#\w+)" transform="translate\((\S+) 0\)"', r'href="\1" x="\2"', svg)


class _Maker:
    """Makes pages of one set of tables and one folder of figures."""

    def __init__(self, tables: Tables, figures: Path, base_url: str) -> None:
        self.tables, self.figures = tables, figures
        self.addresses = links.addresses(tables)
        self.templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.filters |= {
            "slug": slug,
            "words": lambda name: name.replace("_", " "),
            "markdown": markdown,
            "pieces": pieces,
            "formula": links.formula_of,
        }
        self.templates.globals |= {
            "size": self._size,
            "narrow": self._narrow,
            "tables": tables,
            "models": COLUMNS,
            "base_url": base_url,
            "version": version("training_share"),
            "commit": commit()[:7],
        }

    def figure(self, name: str, kind: str) -> str:
        """Return the content of a file of a figure; InputError where it is missing."""
        path = self.figures / f"{name}.{kind}"
        try:
            return path.read_text(encoding="utf-8")
        except OSError:
            raise InputError(
                f"{path}: missing; run python -m training_share.pipeline to draw it"
            ) from None

    def _size(self, name: str) -> list[int]:
        """Return width and height of a drawing in pixels, so that a page does not jump."""
        head = self.figure(name, "svg")[:2000]
        found = re.findall(r'\s(?:width|height)="([\d.]+)pt"', head)[:2]
        return [round(float(points) * 4 / 3) for points in found]

    def _narrow(self, name: str) -> str:
        """Return the name of a drawing for phones, or "" where it has none."""
        name = f"{name}_narrow"
        return name if (self.figures / f"{name}.svg").is_file() else ""

    def render(self, template: str, **values: object) -> Markup:
        """Return a filled template."""
        return Markup(self.templates.get_template(f"{template}.html.j2").render(**values))

    def index(self, notebook: Notebook, comparison: Comparison, pages: Sequence[Page]) -> Page:
        """Return the page of the answer: what the notebook of the comparison says and shows."""
        charts = {one.name: one for one in notebook.outputs if one.name}
        if CHART not in charts:
            raise InputError(f"{notebook.stem}.ipynb: shows no figure {CHART}; run it again")
        newsletter = self.tables.sources[SOURCE]
        self.templates.globals["preview"] = charts[CHART]
        body = self.render(
            "index",
            title=next(page.title for page in pages if page.file == f"{MAIN}.html"),
            answer=notebook.answer,
            chart=charts[CHART],
            settings=charts.get(SETTINGS),
            newsletter=newsletter,
            day=date.fromisoformat(newsletter.date),
            n_draws=next(iter(comparison.estimates.values())).n_draws,
            groups=_menu(pages),
        )
        return Page("index.html", body, opening(body), "In short", GROUPS[0])

    def notebook(self, notebook: Notebook) -> Page:
        """Return the page of an executed notebook."""
        stem, company = notebook.stem, self.tables.companies.get(notebook.stem)
        group = {MAIN: GROUPS[0], LIVE: GROUPS[3]}.get(stem, GROUPS[1] if company else GROUPS[2])
        body = self.render("notebook", notebook=notebook, live=stem == LIVE)
        label = company.display_name if company else stem.replace("_", " ").capitalize()
        source = f"notebooks/{stem}.ipynb"
        return Page(f"{slug(stem)}.html", body, opening(notebook.answer), label, group, source)

    def document(self, path: Path) -> Page:
        """Return the page of a Markdown file of docs/ or data/."""
        name = f"{path.parent.name}/{path.name}"
        file, label = NAMED.get(name, (f"{path.parent.name}-{slug(path.stem.lower())}.html", ""))
        body = markdown(path.read_text(encoding="utf-8"))
        told = opening(body)
        if name == "data/README.md":
            body = str(body).replace("</h1>", f"</h1>{self.render('tables')}", 1)
        if path.stem == "LICENSE":
            return Page(file, body, told, source=name, here="data.html")
        return Page(file, body, told, label, GROUPS[3], name)

    def table(self, name: str) -> Page:
        """Return the page of a table of `data/`; an empty column is not shown."""
        rows, layout, group = (
            self.tables.texts[name],
            self.tables.schema[name],
            links.GROUPED.get(name),
        )
        used = [column for column in layout.columns if any(row[column] for row in rows.values())]
        aside = [column for column in used if column in ASIDE and name != "sources"]
        body = self.render(
            "table",
            name=name,
            doc=layout.description,
            columns=[column for column in used if column not in aside],
            aside=aside,
            numbers=[column for column in used if layout.columns[column].kind.startswith(NUMBERS)],
            rows=rows,
            first={row[group]: key for key, row in reversed(rows.items())} if group else {},
        )
        return Page(f"data-{name}.html", body, layout.description, here="data.html")

    def finished(self, page: Page, pages: Sequence[Page]) -> str:
        """Return the HTML of a page, its links, tables and headings made."""
        soup = page.soup
        if page.source:
            pages_of = {one.source: one.file for one in pages}
            links.link_files(soup, page.source, self.addresses, pages_of)
        for heading in soup.find_all(re.compile("^h[1-6]$")):
            heading["id"] = slug(heading.get_text())
        tidy(soup)
        links.link_periods(soup, self.tables, Path(page.source).stem)
        links.link_keys(soup, self.addresses)
        return self.render("page", page=page, body=Markup(str(soup)), groups=_menu(pages))


def _menu(pages: Sequence[Page]) -> list[tuple[str, list[Page]]]:
    return [(group, [page for page in pages if page.group == group]) for group in GROUPS]
