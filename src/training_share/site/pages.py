"""The executed notebooks, the method and the data as a small static site that opens from disk.

`build` writes plain HTML without a script and without any address outside the folder but the links
to sources. Every figure and table says where its formula and its inputs stand; every key leads to
its row, and every row names its source.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bs4 import BeautifulSoup
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from training_share.analysis.shares import printed
from training_share.errors import InputError
from training_share.files import folder_aside, repo_root
from training_share.inputs import schema
from training_share.inputs.tables import Tables, load
from training_share.model.case import listed
from training_share.model.comparison import Comparison, compare
from training_share.report import sentences
from training_share.site.downloads import commit, downloads, harmless, package_version
from training_share.site.links import addresses, link_files, link_keys, link_periods, slug
from training_share.site.notebook import Notebook, markdown, opening, read, title
from training_share.site.tables import columns_of, rows_of, tidy

TEMPLATES = Path(__file__).parent / "templates"
MARK = ".training_share-site"  # a folder without it is never replaced
CHART = "training_share"  # of the index page; with _narrow the one for phones
SETTINGS = "training_share_settings"  # below it, the same under other settings
MAIN, LIVE = "comparison", "explorer"  # notebooks with a page of another kind
FIRST = ("method.html", "data.html", "downloads.html", "explorer.html")  # of their group
GROUPS = ("Answer", "Companies", "Doubts", "Data and method")
NAMED = {"data/README.md": ("data.html", "Data"), "docs/method.md": ("method.html", "Method")}
SAYS = {  # what a download holds, by the first word of its name
    "comparison": "All companies side by side.",
    "costs": "Cost of each training run of one company.",
    "training": "All of it in one Excel workbook, with inputs, sources and settings.",
    "draws": "The draws of one company: training cost, R&D compute, share (Parquet).",
}


@dataclass
class Page:
    """One page: its file, its place in the menu (a group, or "" for none), its text and its
    body."""

    file: str
    label: str
    title: str
    description: str
    body: str
    group: str = ""
    source: str = ""  # path of the notebook or document in the project
    here: str = ""  # page of the menu that it belongs to


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the site of the project, or of a run made with --out, and return the exit status: 0
    done, 2 refused."""
    parser = argparse.ArgumentParser(
        prog="training-share site", description="Build the pages to read, from what has run."
    )
    parser.add_argument("run", nargs="?", help="folder of a run made with --out; then RUN/site")
    parser.add_argument("--out", help="folder of the site (default: site/)")
    parser.add_argument("--base-url", default="", help="address of the site, for previews of links")
    options = parser.parse_args(arguments)
    try:
        folder = Path(options.run).expanduser() if options.run else None
        where = (folder / "rendered", folder / "figures") if folder else ("", "")
        out = options.out or (folder / "site" if folder else "")
        print(f"site: {build(*where, out, base_url=options.base_url)}")
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def build(
    rendered: str | Path = "",
    figures: str | Path = "",
    out: str | Path = "",
    *,
    data_dir: str | Path | None = None,
    base_url: str = "",
) -> Path:
    """Write the site of executed notebooks into `out` (default: `site/` of the project) and return
    its index page; the folder changes at once when all is written, or not at all.

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
    if target.exists() and not (
        target.is_dir() and ((target / MARK).is_file() or not any(target.iterdir()))
    ):
        raise InputError(
            f"{target}: holds something else than an earlier site; choose an empty or new folder"
        )
    tables = load(data_dir)
    notebooks = {one.stem: one for one in map(read, _executed(rendered)) if _current(one, tables)}
    if MAIN not in notebooks:
        raise InputError(
            f"{rendered}: no {MAIN}.ipynb, so nothing to render; run python -m"
            " training_share.pipeline first"
        )
    comparison = _comparison(notebooks[MAIN], data_dir)
    files = {f"downloads/{name}": content for name, content in downloads(comparison, False).items()}
    maker = _Maker(tables, figures)
    pages = [
        maker.index(notebooks[MAIN], comparison),
        *(maker.notebook(one) for one in _ordered(notebooks, tables)),
        *(maker.document(path) for path in sorted(root.glob("docs/*.md"))),
        *(maker.document(path) for path in sorted(root.glob("data/*.md"))),
        maker.downloads(files),
        *(maker.table(name) for name in schema.MODELS),
    ]
    pages[0].body = maker.render("index.html.j2", **maker.front, groups=_menu(pages))
    for page in pages:
        files[page.file] = maker.finished(page, pages, base_url).encode()
    shown = {name for page in pages for name in re.findall(r'="figures/([^"]+)\.svg"', page.body)}
    for name in sorted(shown):
        files[f"figures/{name}.svg"] = slim(_figure(figures, name, "svg")).encode()
        files[f"figures/{name}.csv"] = harmless(_figure(figures, name, "csv")).encode()
    for name in schema.MODELS:
        lines = tables.frame(name).to_csv(index=False, lineterminator="\n")
        files[f"data/{name}.csv"] = harmless(lines).encode()
    with folder_aside(target) as aside:
        for name, content in files.items():
            (aside / name).parent.mkdir(exist_ok=True)
            (aside / name).write_bytes(content)
        shutil.copyfile(TEMPLATES / "style.css", aside / "style.css")
        shutil.copyfile(figures / f"{CHART}.png", aside / "figures" / f"{CHART}.png")
        (aside / MARK).touch()
    return target / "index.html"


# --- what there is --------------------------------------------------------------------------------
def _executed(rendered: Path) -> list[Path]:
    """Return the executed notebooks of a folder; those of the project have a source beside it."""
    sources = {path.name for path in rendered.parent.glob("*.ipynb")}
    found = [path for path in sorted(rendered.glob("*.ipynb")) if ".failed" not in path.suffixes]
    return [path for path in found if not sources or path.name in sources]


def _current(notebook: Notebook, tables: Tables) -> bool:
    return notebook.companies <= set(tables.companies)


def _comparison(notebook: Notebook, data_dir: str | Path | None) -> Comparison:
    """Return the comparison that a notebook shows, from the parameters it ran with."""
    settings = dict(notebook.settings)
    companies = listed(str(settings.pop("companies", ""))) or printed(data_dir)
    settings = {
        name: value
        for name, value in settings.items()
        if name not in ("figures_dir", "scenarios") and value != ""
    }
    try:
        return compare(companies, data_dir=data_dir, **settings)
    except InputError as error:
        raise InputError(
            f"{notebook.stem}.ipynb was run with other tables ({error}); run the pipeline again"
        ) from error


def _ordered(notebooks: Mapping[str, Notebook], tables: Tables) -> list[Notebook]:
    order = [MAIN, *tables.companies]
    place = {name: number for number, name in enumerate(order)}
    names = sorted(notebooks, key=lambda name: (place.get(name, len(order)), name))
    return [notebooks[name] for name in names]


def _menu(pages: Sequence[Page]) -> list[tuple[str, list[Page]]]:
    order = {file: place for place, file in enumerate(FIRST)}
    pages = sorted(pages, key=lambda page: order.get(page.file, len(order)))
    return [(group, [page for page in pages if page.group == group]) for group in GROUPS]


def _figure(figures: Path, name: str, kind: str) -> str:
    try:
        return (figures / f"{name}.{kind}").read_text(encoding="utf-8")
    except OSError:
        raise InputError(
            f"{figures / name}.{kind}: missing; run python -m training_share.pipeline to draw it"
        ) from None


def slim(svg: str) -> str:
    """Return an SVG drawing in two thirds of its bytes: coordinates to a hundredth of a point,
    which no eye can tell from more, and no blanks, comments or metadata."""
    svg = re.sub(r"<metadata>.*?</metadata>\s*|<!--.*?-->\s*", "", svg, flags=re.S)
    svg = re.sub(r'\s(?:(?:d|x|y|points)="[^"]*|transform="translate\([^)]*)', _rounded, svg)
    svg = re.sub(r'\sd="[^"]*', _joined, svg)
    return re.sub(r'xlink:href="(#\w+)" transform="translate\((\S+) 0\)"', r'href="\1" x="\2"', svg)


def _joined(path: re.Match[str]) -> str:
    return ' d="' + re.sub(r"\s*([A-Za-z])\s*", r"\1", path[0][4:])


def _rounded(part: re.Match[str]) -> str:
    def short(number: re.Match[str]) -> str:
        return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")

    return re.sub(r"\d+\.\d{3,}", short, part[0])


# --- pages ----------------------------------------------------------------------------------------
class _Maker:
    """Makes pages of one set of tables and one folder of figures."""

    def __init__(self, tables: Tables, figures: Path) -> None:
        self.tables, self.figures = tables, figures
        self.addresses = addresses(tables)
        self.templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.filters |= {"slug": slug, "words": lambda name: name.replace("_", " ")}
        self.templates.globals |= {
            "size": self._size,
            "narrow": self._narrow,
            "tables": list(schema.MODELS),
        }
        self.front: dict[str, object] = {}

    def render(self, template: str, **values: object) -> Markup:
        """Return a filled template."""
        return Markup(self.templates.get_template(template).render(**values))

    def _size(self, name: str) -> list[int]:
        """Return width and height of a drawing in pixels, so that a page does not jump."""
        head = _figure(self.figures, name, "svg")[:2000]
        found = re.findall(r'\s(?:width|height)="([\d.]+)pt"', head)[:2]
        return [round(float(points) * 4 / 3) for points in found]

    def _narrow(self, name: str) -> str:
        """Return the name of a drawing for phones, or "" where it has none."""
        name = f"{name}_narrow"
        return name if (self.figures / f"{name}.svg").is_file() else ""

    def index(self, notebook: Notebook, comparison: Comparison) -> Page:
        """Return the page of the answer: what the notebook of the comparison says and shows."""
        said = next((one.body for one in notebook.outputs if one.kind == "said"), Markup(""))
        charts = {one.name: one for one in notebook.outputs if one.name}
        if CHART not in charts:
            raise InputError(f"{notebook.stem}.ipynb: shows no figure {CHART}; run it again")
        row = self.tables.sources[sentences.SOURCE]
        day = date.fromisoformat(row.date)
        question = title(notebook.prose)
        self.front = {
            "title": question,
            "answer": said,
            "chart": charts[CHART],
            "settings": charts.get(SETTINGS),
            "newsletter": row,
            "day": f"{day.day} {day:%B %Y}",
            "n_draws": next(iter(comparison.estimates.values())).n_draws,
        }
        return Page("index.html", "In short", question, opening(said), "", GROUPS[0])

    def notebook(self, notebook: Notebook) -> Page:
        """Return the page of an executed notebook."""
        row = self.tables.companies.get(notebook.stem)
        label = row.display_name if row else notebook.stem.replace("_", " ").capitalize()
        group = GROUPS[1] if row else GROUPS[2]
        group = {MAIN: GROUPS[0], LIVE: GROUPS[3]}.get(notebook.stem, group)
        body = self.render(
            "notebook.html.j2",
            notebook=notebook,
            live=notebook.stem == LIVE,
            own="## Inputs" in notebook.prose,
        )
        said = [one.body for one in notebook.outputs if one.kind == "said"]
        told = opening(said[0] if said else markdown(notebook.prose))
        file, source = f"{slug(notebook.stem)}.html", f"notebooks/{notebook.stem}.ipynb"
        return Page(file, label, title(notebook.prose), told, body, group, source)

    def document(self, path: Path) -> Page:
        """Return the page of a Markdown file of docs/ or data/."""
        text, name = path.read_text(encoding="utf-8"), f"{path.parent.name}/{path.name}"
        other = (f"{path.parent.name}-{slug(path.stem.lower())}.html", title(text))
        file, label = NAMED.get(name, other)
        body = markdown(text)
        told = opening(body)
        if name == "data/README.md":
            body = body.replace("</h1>", f"</h1>{self.render('tables.html.j2')}", 1)
        group = "" if path.stem == "LICENSE" else GROUPS[3]
        page = Page(file, label, title(text), told, body, group, name)
        page.here = "" if group else "data.html"
        return page

    def downloads(self, files: Mapping[str, bytes]) -> Page:
        """Return the page of the downloads."""
        told = [
            (path, re.split("[/_]", path)[1], len(content) / 1000)
            for path, content in files.items()
        ]
        body = self.render("downloads.html.j2", files=told, says=SAYS)
        text = "The results as CSV, Excel and Parquet files."
        return Page("downloads.html", "Downloads", "Downloads", text, body, GROUPS[3])

    def table(self, name: str) -> Page:
        """Return the page of a table of `data/`."""
        doc = " ".join((schema.MODELS[name].__doc__ or "").split())
        shown, _ = columns_of(self.tables, name)
        body = self.render(
            "table.html.j2",
            name=name,
            doc=doc,
            columns=shown,
            rows=list(rows_of(self.tables, name)),
        )
        heading = f"Data: {name.replace('_', ' ')}"
        return Page(f"data-{name}.html", "", heading, doc, body, here="data.html")

    def finished(self, page: Page, pages: Sequence[Page], base_url: str) -> str:
        """Return the HTML of a page, its links, tables and headings made."""
        soup = BeautifulSoup(page.body, "html.parser")
        if page.source:
            files = {name: one.file for one in pages for name in (one.file, *_names(one.source))}
            link_files(soup, self.addresses, files)
        for heading in soup.find_all(re.compile("^h[1-6]$")):
            heading["id"] = slug(heading.get_text())
        tidy(soup)
        link_periods(soup, self.tables, Path(page.source).stem)
        link_keys(soup, self.addresses)
        return self.render(
            "page.html.j2",
            page=page,
            body=Markup(str(soup)),
            here=page.here or page.file,
            groups=_menu(pages),
            base_url=base_url,
            image_alt=self.front["chart"].alt,
            version=package_version(),
            commit=commit()[:7],
        )


def _names(source: str) -> list[str]:
    """Return the names by which files of the project link to one of them."""
    return [source, Path(source).name] if source and not source.startswith("data/") else [source]
