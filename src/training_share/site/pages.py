"""The executed notebooks, the method and the data as a small static site that opens from disk.

`build` writes plain HTML without any address outside the folder but the links to sources. Every
figure and table says where its formula and its inputs stand; every key leads to its row, and every
row names its source.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path

import nbformat
import pandas as pd
from bs4 import BeautifulSoup
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from training_share.errors import InputError
from training_share.files import repo_root
from training_share.inputs import schema
from training_share.inputs.tables import Tables, load
from training_share.report.charts.shares import ratio_alt
from training_share.report.tables import ratio_text_table
from training_share.report.text import percent
from training_share.site.downloads import package_version, write_downloads
from training_share.site.links import Links, formula_of, link_keys, link_periods, slug
from training_share.site.tables import table_page, tidy

TEMPLATES = Path(__file__).parent / "templates"
SITE_NAME = "Training share"
MARK = ".training_share-site"  # a folder without it is never replaced
CAPTION = re.compile(r"\*Figure `([\w.-]+)`\.\*\s*(.*)", re.S)


@dataclass
class Page:
    """One page: its file, the text of its title and description, and its body in HTML."""

    file: str
    label: str  # in the menu
    title: str
    description: str
    body: str
    source: str = ""  # stem of the notebook, if it is one
    menu_file: str = ""  # page of the menu it belongs to
    has_code: bool = False


def build(
    rendered: str | Path = "",
    figures: str | Path = "",
    out: str | Path = "",
    *,
    data_dir: str | Path | None = None,
    base_url: str = "",
    settings: Mapping[str, object] | None = None,
) -> Path:
    """Write the site of executed notebooks into `out` (default: `site/` of the project) and return
    its index page.

    `rendered` and `figures` are the folders the pipeline filled; `settings` go to the downloads
    (companies default to those of the comparison chart). `base_url`, ending in a slash, makes
    addresses for previews absolute. Raises InputError where there is nothing to render, where a
    figure lacks its files, and for a folder that holds anything but an earlier site.
    """
    root = repo_root()
    rendered, figures = (
        Path(rendered or root / "notebooks" / "rendered"),
        Path(figures or root / "figures"),
    )
    target = Path(out or root / "site").resolve()
    _require_replaceable(target)
    sources = sorted(path for path in rendered.glob("*.ipynb") if not path.stem.endswith(".failed"))
    chart = figures / "training_share.csv"
    if not sources or not chart.is_file():
        raise InputError(
            f"{rendered if not sources else chart}: nothing to render; run python -m"
            " training_share.pipeline first"
        )
    ratios = pd.read_csv(chart)
    tables = load(data_dir)
    chosen = {
        "companies": list(dict.fromkeys(ratios["company"])),
        "draws_by_run": False,
        **(settings or {}),
    }
    with tempfile.TemporaryDirectory(prefix="training_share-") as scratch:
        aside = Path(scratch) / "site"
        (aside / "figures").mkdir(parents=True)
        (aside / MARK).touch()
        downloads = write_downloads(
            aside / "downloads", **({"data_dir": data_dir} if data_dir else {}), **chosen
        )
        pages = _pages(root, sources, figures, tables, ratios, downloads)
        _write(aside, pages, figures, tables, ratio_alt(ratios), base_url)
        try:
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(aside, target)
        except (OSError, shutil.Error) as error:
            raise InputError(
                f"{target}: cannot be written ({error}); choose another folder"
            ) from error
    return target / "index.html"


def _require_replaceable(target: Path) -> None:
    if target.exists() and not (
        target.is_dir() and ((target / MARK).is_file() or not any(target.iterdir()))
    ):
        raise InputError(
            f"{target}: holds something else than an earlier site; choose an empty or new folder"
        )


def _pages(
    root: Path,
    sources: list[Path],
    figures: Path,
    tables: Tables,
    ratios: pd.DataFrame,
    downloads: list[Path],
) -> list[Page]:
    """Return all pages in the order of the menu."""
    order = ["comparison", *tables["companies"]]
    notebooks = sorted(
        sources, key=lambda path: (order.index(path.stem) if path.stem in order else 99, path.stem)
    )
    pages = [_notebook_page(path, figures, tables) for path in notebooks]
    texts = {f"docs/{path.name}": path for path in sorted((root / "docs").glob("*.md"))}
    texts |= {f"data/{path.name}": path for path in sorted((root / "data").glob("*.md"))}
    documents = [_document_page(name, path) for name, path in texts.items()]
    documents.sort(key=lambda page: (page.file != "method.html", page.file != "data.html"))
    index = _index_page(pages, documents, ratios)
    rows = [
        Page(
            f"data-{name}.html",
            "",
            f"Data: {name.replace('_', ' ')}",
            f"The table {name}.csv: every row with its source.",
            table_page(tables, name),
            menu_file="data.html",
        )
        for name in schema.MODELS
    ]
    return [index, *pages, *documents, _downloads_page(downloads), *rows]


def _write(
    folder: Path, pages: list[Page], figures: Path, tables: Tables, image_alt: str, base_url: str
) -> None:
    """Finish all pages (links, tables, headings), and write them with the files they need."""
    links = Links(tables)
    addresses = {f"{page.source}.ipynb": page.file for page in pages if page.source}
    addresses |= {page.source: page.file for page in pages if page.source.endswith(".md")}
    addresses |= {
        page.source.split("/")[-1]: page.file for page in pages if page.source.startswith("docs/")
    }
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, keep_trailing_newline=True
    )
    template = environment.get_template("page.html.j2")
    menu = [page for page in pages if page.label]
    final = {page.file for page in pages}
    for page in pages:
        soup = BeautifulSoup(page.body, "html.parser")
        for link in soup.find_all("a", href=True) if page.source else ():
            path = link["href"].split("#")[0]
            if re.match(r"[a-z]+:|$", path) or path in final or path.startswith("figures/"):
                continue
            address = links.file(link["href"], link.get_text().strip(), addresses)
            if address:
                link["href"] = address
            else:  # a file of the repository that the site does not have
                link.unwrap()
        for heading in soup.find_all(re.compile("h[1-6]")):
            heading["id"] = slug(heading.get_text())
        tidy(soup)
        link_periods(soup, links, page.source)
        link_keys(soup, links, page.file)
        page.menu_file = page.menu_file or page.file
        html = template.render(
            page=page,
            body=Markup(str(soup)),
            menu=menu,
            site_name=SITE_NAME,
            base_url=base_url,
            image_alt=image_alt,
            version=package_version(),
        )
        (folder / page.file).write_text(html, encoding="utf-8")
    shutil.copyfile(TEMPLATES / "style.css", folder / "style.css")
    shutil.copyfile(figures / "training_share.png", folder / "figures" / "training_share.png")
    for name in sorted(
        {name for page in pages for name in re.findall(r'src="figures/([\w.-]+)\.svg"', page.body)}
    ):
        (folder / "figures" / f"{name}.svg").write_text(
            slim(_figure_file(figures, name, "svg")), encoding="utf-8"
        )
        shutil.copyfile(figures / f"{name}.csv", folder / "figures" / f"{name}.csv")
    (folder / "data").mkdir()
    for name in schema.MODELS:
        lines = tables.frame(name).to_csv(index=False, lineterminator="\n")
        (folder / "data" / f"{name}.csv").write_text(lines, encoding="utf-8")


def _figure_file(figures: Path, name: str, kind: str) -> str:
    try:
        return (figures / f"{name}.{kind}").read_text(encoding="utf-8")
    except OSError:
        raise InputError(
            f"{figures / name}.{kind}: missing; run python -m training_share.pipeline to draw it"
        ) from None


def slim(svg: str) -> str:
    """Return an SVG drawing with its coordinates to a hundredth of a point, which no eye can tell
    from more."""

    def rounded(part: re.Match) -> str:
        return re.sub(
            r"\d+\.\d{3,}",
            lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."),
            part[0],
        )

    return re.sub(r'\s(?:(?:d|x|y|points)="[^"]*|transform="translate\([^)]*)', rounded, svg)


# --- pages ----------------------------------------------------------------------------------------
def _notebook_page(path: Path, figures: Path, tables: Tables) -> Page:
    notebook = nbformat.read(path, as_version=4)
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    title = next(
        (line[2:].strip() for text in prose for line in text.splitlines() if line.startswith("# ")),
        path.stem,
    )
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _shown(cell.outputs, figures)
    filters = {
        "provenance": partial(_provenance, names=_headings(prose)),
        "summary_of_code": _summary_of_code,
        "colour_code": _colour_code,
        "markdown2html": _markdown,
    }
    exporter = HTMLExporter(
        template_name=TEMPLATES.name,
        extra_template_basedirs=[str(TEMPLATES.parent)],
        filters=filters,
        mathjax_url="",
        require_js_url="",
        jquery_url="",
        mermaid_js_url="",
    )
    body, _ = exporter.from_notebook_node(notebook)
    button = (
        '<button type="button" class="all-code" aria-pressed="false" hidden>Show all code</button>'
    )
    body = body.replace("</h1>", f"</h1>\n<p>{button}</p>", 1)
    company = tables["companies"].get(path.stem)
    label = company.display_name if company else path.stem.replace("_", " ").capitalize()
    return Page(
        f"{slug(path.stem)}.html",
        label,
        _plain(title),
        _opening("\n\n".join(prose)),
        body,
        path.stem,
        has_code=True,
    )


def _shown(outputs: list, figures: Path) -> list:
    """Return a cell's outputs with each image and its caption made one figure, and the rest in one
    form each."""
    shown = []
    for output in outputs:
        caption = CAPTION.fullmatch(output.get("data", {}).get("text/markdown", "").strip())
        if caption and shown and "image/png" in shown[-1].get("data", {}):
            image = shown.pop()
            shown.append(_html_output(_figure(caption[1], caption[2], image, figures)))
        elif "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
            shown.append(_html_output("<p>Interactive: open this notebook in JupyterLab.</p>"))
        else:
            shown.append(output)
    for place, output in enumerate(shown):
        if "image/png" in output.get("data", {}):
            alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
            picture = output["data"]["image/png"].replace("\n", "")
            shown[place] = _html_output(
                f'<figure><img src="data:image/png;base64,{picture}" alt="{escape(alt)}"></figure>'
            )
    return shown


def _html_output(html: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", {"text/html": html})


def _figure(name: str, caption: str, image, figures: Path) -> str:
    alt = image.get("metadata", {}).get("image/png", {}).get("alt") or caption
    head = _figure_file(figures, name, "svg")[:2000]
    size = [
        round(float(value) * 4 / 3)
        for value in re.findall(r'\s(?:width|height)="([\d.]+)pt"', head)[:2]
    ]
    sized = f' width="{size[0]}" height="{size[1]}"' if len(size) == 2 else ""
    return (
        f'<figure><img src="figures/{name}.svg" alt="{escape(alt)}"{sized}><figcaption>Figure'
        f' {escape(name)}: <a href="figures/{name}.svg">drawing (SVG)</a>, <a'
        f' href="figures/{name}.csv">its numbers (CSV)</a><details><summary>The figure'
        f" {escape(name)} in words</summary>{escape(alt)}</details></figcaption></figure>"
    )


def _provenance(cell, names: set[str]) -> str:
    if not any("data" in output for output in cell.outputs):
        return ""
    heading, inputs = formula_of(cell.source)
    own = '<a href="#Inputs">of this page</a>, ' if "Inputs" in names else ""
    listed = ", ".join(
        f'<a href="data-{table}.html">{table.replace("_", " ")}</a>' for table in inputs
    )
    return (
        f'<p class="made">Formula: <a href="method.html#{slug(heading)}">{escape(heading)}</a>. '
        f"Inputs and sources: {own}{listed}.</p>"
    )


def _summary_of_code(cell) -> str:
    return "Code: the parameters" if "parameters" in cell.metadata.get("tags", []) else "Code"


def _colour_code(source: str) -> str:
    """Return Python as HTML with comments, words of the language and texts marked."""
    from pygments import lex
    from pygments.lexers import PythonLexer
    from pygments.token import Comment, Keyword, String

    kinds = ((Comment, "c"), (Keyword, "k"), (String, "s"))
    parts = []
    for token, text in lex(source, PythonLexer(stripnl=False, ensurenl=False)):
        kind = next((name for group, name in kinds if token in group), "")
        parts.append(f'<span class="{kind}">{escape(text)}</span>' if kind else escape(text))
    return "".join(parts)


def _document_page(name: str, path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    title = next(
        (line[2:].strip() for line in text.splitlines() if line.startswith("# ")), path.stem
    )
    known = {"data/README.md": ("data.html", "Data"), "docs/method.md": ("method.html", "Method")}
    folder = name.split("/")[0]
    file, label = known.get(name, (f"{slug(folder + '-' + path.stem.lower())}.html", ""))
    body = _markdown(text)
    if name == "data/README.md":
        listed = "".join(
            f'<li><a href="data-{table}.html">{table.replace("_", " ")}</a></li>'
            for table in schema.MODELS
        )
        body = body.replace(
            "</h1>", f"</h1>\n<p>The tables, every row with its source:</p>\n<ul>{listed}</ul>", 1
        )
    menu_file = "data.html" if folder == "data" else ""
    return Page(file, label, _plain(title), _opening(text), body, name, menu_file=menu_file)


def _index_page(pages: list[Page], documents: list[Page], ratios: pd.DataFrame) -> Page:
    question = (
        "Which share of an AI company's R&D compute goes to the final training runs of the models"
        " it releases?"
    )
    answer = answer_text(ratios)
    others = [page for page in documents if page.file not in ("data.html",)]
    table = _numbers(ratios).to_html(border=0)
    table = table.replace(
        "<thead>",
        "<caption>The numbers of the chart, ± the Monte Carlo standard error</caption><thead>",
        1,
    )
    picture = (
        '<figure><img src="figures/training_share.svg" width="960" alt="'
        + escape(ratio_alt(ratios))
        + '"><figcaption>Coloured: final training runs, the median. Line: the 90% interval.'
        ' Diamond: as the newsletter prints it. <a href="figures/training_share.svg">Drawing'
        ' (SVG)</a>, <a href="figures/training_share.csv">its numbers'
        " (CSV)</a></figcaption></figure>"
    )
    made = (
        '<p class="made">Formula: <a href="method.html#The-ratio">The ratio</a>. Inputs and'
        " sources: "
        + ", ".join(
            f'<a href="data-{name}.html">{name.replace("_", " ")}</a>'
            for name in ("training_runs", "assumptions", "spending", "companies", "scenarios")
        )
        + ".</p>"
    )
    listed = "".join(
        f'<li><a href="{page.file}">{escape(page.title)}</a><br>{escape(page.description)}</li>'
        for page in [*pages, *others]
    )
    body = (
        f"<h1>{escape(question)}</h1>\n<p"
        f' class="answer">{escape(answer)}</p>\n{picture}\n{made}\n{table}\n<p>What the three'
        f" settings are: {_panels(ratios)}. A median is the middle of the draws; in nine draws of"
        " ten the share lies in the 90% interval.</p>\n<h2>The notebooks and the method</h2>\n<ul"
        f' class="cards">{listed}</ul>\n<h2>To check a number</h2>\n<p>Below each figure and table'
        " stand its formula and its inputs. A name in a table, such as <code>mfu</code>, leads to"
        ' its row in the data, and each row names its source. <a href="data.html">The data'
        ' dictionary</a> lists all tables; <a href="downloads.html">downloads</a> has the results'
        " as CSV, Excel and Parquet.</p>"
    )
    return Page("index.html", "Answer", question, answer, body)


def _numbers(ratios: pd.DataFrame) -> pd.DataFrame:
    shown = ratio_text_table(ratios).drop(
        columns=["90% interval (USD million)", "releases", "effective draws"]
    )
    printed = ["" if pd.isna(value) else f"{100 * value:.1f}" for value in ratios["published"]]
    shown.insert(shown.columns.get_loc("90% interval (%)") + 1, "as printed (%)", printed)
    return shown.reset_index().set_index("company")


def _panels(ratios: pd.DataFrame) -> str:
    return "; ".join(
        f"{escape(panel[0].lower() + panel[1:])} (<code>{escape(scenario)}</code>)"
        for scenario, panel in (
            ratios[["scenario", "panel"]].drop_duplicates().itertuples(index=False)
        )
    )


def answer_text(ratios: pd.DataFrame) -> str:
    """Return the answer of the index page, made from the numbers of the comparison chart."""
    first = ratios[ratios["scenario"] == ratios["scenario"].iloc[0]]
    parts = [
        f"{percent(row.share_p50)} at {row.label} (90% interval {percent(row.share_p5)} to"
        f" {percent(row.share_p95)})"
        for row in first.drop_duplicates("company").itertuples()
    ]
    joined = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    top, widest = ratios.loc[ratios["share_p50"].idxmax()], ratios.loc[ratios["share_p95"].idxmax()]
    size = "A minority" if top.share_p50 < 0.5 else "Not always a minority"
    return (
        f"{size}: {joined}, under the settings of the scenario {first['scenario'].iloc[0]}. In all"
        f" settings together the highest median is {percent(top.share_p50)} ({top.label},"
        f" {top.scenario}), and the highest end of a 90% interval {percent(widest.share_p95)}"
        f" ({widest.label}, {widest.scenario})."
    )


def _downloads_page(files: list[Path]) -> Page:
    meaning = {
        "comparison": "All companies side by side.",
        "costs": "Cost of each training run of one company.",
        "training": "All of it in one Excel workbook, with inputs, sources and settings.",
        "draws": "The draws of one company: training cost, R&D compute, share (Parquet).",
    }
    rows = "".join(
        f'<tr><td><a href="downloads/{file.name}">{file.name}</a></td><td>'
        f"{escape(meaning[file.name.split('_')[0]])}</td><td>{file.stat().st_size / 1000:,.0f}"
        " kB</td></tr>"
        for file in files
    )
    body = (
        "<h1>Downloads</h1>\n<p>Units stand in the headers. Scenario, number of draws, seed and"
        " version travel with the "
        'numbers. Formula: <a href="method.html">method</a>; inputs: <a'
        ' href="data.html">data</a>.</p>\n<table>'
        "<caption>Files</caption><thead><tr><th>file</th><th>what it"
        " holds</th><th>size</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>\n<p>Other settings: "
        '<code>training_share.site.downloads.write_downloads("folder", '
        'scenario="careful")</code>. The tables themselves: <a href="data.html">data</a>.</p>'
    )
    return Page(
        "downloads.html",
        "Downloads",
        "Downloads",
        "The results as CSV, Excel and Parquet files.",
        body,
    )


# --- text -----------------------------------------------------------------------------------------
def _markdown(text: str) -> str:
    return str(
        MarkdownWithMath(renderer=IPythonRenderer(escape=False, exclude_anchor_links=True)).render(
            text
        )
    ).replace("<pre>", '<pre tabindex="0">')


def _plain(markdown: str) -> str:
    return BeautifulSoup(_markdown(markdown), "html.parser").get_text().strip()


def _headings(prose: list[str]) -> set[str]:
    return {
        line.lstrip("# ").strip()
        for text in prose
        for line in text.splitlines()
        if line.startswith("## ")
    }


def _opening(markdown: str, most: int = 240) -> str:
    """Return the first paragraph of prose, cut after a sentence."""
    soup = BeautifulSoup(_markdown(markdown), "html.parser")
    first = next(
        (
            " ".join(part.get_text().split())
            for part in soup.find_all("p")
            if part.get_text().strip()
        ),
        "",
    )
    if len(first) <= most:
        return first
    sentences = re.split(r"(?<=[.?!]) ", first)
    kept = sentences[0]
    for sentence in sentences[1:]:
        if len(kept) + len(sentence) >= most:
            break
        kept += f" {sentence}"
    return kept
