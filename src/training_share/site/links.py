"""Where a reader finds what a key or a number rests on: addresses of rows and formulas."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bs4 import BeautifulSoup, Tag

from training_share.inputs.schema import MODELS
from training_share.inputs.tables import Tables

# tables whose keys are linked wherever they stand; the first to have a key wins
LINKED = (
    "training_runs",
    "assumptions",
    "hardware",
    "closed_models",
    "sources",
    "published",
    "corrections",
    "evidence",
    "scenarios",
    "companies",
)
# tables of which several rows share a name -> its column
GROUPED = {"corrections": "correction", "evidence": "evidence", "scenarios": "scenario"}
TOKEN = re.compile(r"([A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9])")
SHORT = 100  # characters of a cell in which keys are looked for

# heading of docs/method.md that gives a formula -> the tables its inputs stand in, and the calls of
# notebooks that use it
_COST = ("training_runs", "assumptions", "hardware", "closed_models")
_SHARE = (*_COST, "spending", "companies")
_LINE = ("generative_models", "closed_models", "assumptions")
FORMULAS: dict[str, tuple[tuple[str, ...], str]] = {
    "The ratio": (_SHARE, "answer comparison_answer implied_answer ratio_text_table dots in_flop"),
    "The chart": (_SHARE, "ratio"),
    "From FLOP to USD": (_COST, "cost_answer cost cost_table every_run inputs chain gpu_hours"),
    "The FLOP of a run": (("training_runs", "closed_models"), "runs_table"),
    "R&D compute over a window": (
        ("spending", "fx", *_SHARE),
        "denominator_table dollars dollars_table denominators",
    ),
    "Draws and correlation": (
        _SHARE,
        "distributions share_dots pairs pair_dots who_is_higher higher_text_table catch_up"
        " exactness exact_table precision_table probabilities ranking",
    ),
    "What drives the spread": (_SHARE, "drivers tornado settling what_would_settle"),
    "Scenarios and corrections": (
        ("corrections", "evidence", "scenarios", *_SHARE),
        "variants variants_table scenarios scenario_table audit audit_conclusion steps waterfall"
        " effects effects_alone minority",
    ),
    "Closed models": (
        _LINE,
        "scaling scaling_band predictions predictions_table points_table leave_one_out residuals"
        " estimators flop",
    ),
    "Which models count": (_SHARE, "lags lag_and_window"),
    "Measured cases and the next share": (
        ("measured_cases", *_SHARE),
        "pattern cases_text_table next_share dependence_text_table implied_costs_table over_time",
    ),
    "Hours of a chip": (("training_runs", "spending"), "measured_answer"),
    "Sweeps": (_SHARE, "surface breaking breaking_points breaking_conclusion sweep"),
    "OpenAI": (("training_runs", "assumptions", "spending"), "correlation_table joint"),
    "Where this differs from the newsletter": (
        ("published", *_SHARE),
        "published_table published_text_table",
    ),
}
HEADINGS = {call: heading for heading, (_, calls) in FORMULAS.items() for call in calls.split()}


def slug(text: str) -> str:
    """Return text as the end of an address: letters, digits, dots, underscores and hyphens."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-")


def formula_of(source: str) -> tuple[str, tuple[str, ...]]:
    """Return the heading and the input tables for a cell of code, by the first call in it that is
    known."""
    calls = re.findall(r"([A-Za-z_]\w*)\(", source)
    heading = next((HEADINGS[call] for call in calls if call in HEADINGS), "The ratio")
    return heading, FORMULAS[heading][0]


def addresses(tables: Tables) -> dict[str, str]:
    """Return key, or name of a group of rows -> address of its row, and NAME.csv -> its page."""
    found: dict[str, str] = {}
    for table in reversed(LINKED):
        own: dict[str, str] = {}
        for key, row in tables[table].items():
            name = getattr(row, GROUPED[table]) if table in GROUPED else key
            own.setdefault(name, f"data-{table}.html#{slug(name)}")
        found |= own
    pages = {name: f"data-{name}.html" for name in MODELS}
    return found | {f"{at}{name}.csv": page for name, page in pages.items() for at in ("", "data/")}


def link_files(soup: BeautifulSoup, of_key: Mapping[str, str], pages: Mapping[str, str]) -> None:
    """Turn relative links of notebooks and Markdown into links to pages, and those to nowhere into
    text. `pages` maps file names (`closed_models.ipynb`, `docs/method.md`) to pages."""
    for link in soup.find_all("a", href=re.compile(r"^(?![a-z]+:|#|figures/)")):
        path, _, fragment = link["href"].partition("#")
        name, text = path.rsplit("/", 1)[-1], link.get_text().strip()
        page = pages.get("/".join(path.split("/")[-2:])) or pages.get(name) or of_key.get(name)
        if page is None:
            link.unwrap()
        elif name.endswith(".csv") and of_key.get(text, "").startswith(page):
            link["href"] = of_key[text]
        else:
            link["href"] = page + (f"#{fragment}" if fragment else "")


def link_keys(soup: BeautifulSoup, of_key: Mapping[str, str]) -> None:
    """Link every cell and piece of code that is a key, and keys inside short cells, to their
    rows."""
    for node in soup.select("tbody td, tbody th, :not(pre) > code"):
        if node.find_parent("a") or node.find(["a", "code", "details"]):
            continue
        text = node.get_text().strip()
        if text in of_key:
            _wrap(soup, node, of_key[text])
        elif node.name != "code" and node.string and len(text) < SHORT:
            parts = TOKEN.split(str(node.string))
            linked = [part in of_key and bool(re.search(r"[-_]", part)) for part in parts]
            if any(linked):
                node.clear()
                for part, key in zip(parts, linked, strict=True):
                    node.append(_link(soup, of_key[part], part) if key else part)


def link_periods(soup: BeautifulSoup, tables: Tables, company: str) -> None:
    """In a table with the columns line and period, link each period to its row in spending."""
    for table in soup.find_all("table"):
        head = [cell.get_text().strip() for cell in table.select("thead tr > *")]
        if company not in tables.companies or not {"line", "period"} <= set(head):
            continue
        line = ""
        for row in table.select("tbody tr"):
            cells = row.find_all(["th", "td"], recursive=False)
            line = cells[0].get_text().strip() if len(cells) == len(head) else line
            cell = cells[head.index("period") - len(head)]
            key = f"{company}/{line}/{cell.get_text().strip()}"
            if key in tables.spending:
                _wrap(soup, cell, f"data-spending.html#{slug(key)}")


def _link(soup: BeautifulSoup, address: str, text: str) -> Tag:
    link = soup.new_tag("a", href=address)
    link.string = text
    return link


def _wrap(soup: BeautifulSoup, node: Tag, address: str) -> None:
    link = soup.new_tag("a", href=address)
    if node.name == "code":
        node.wrap(link)
        return
    link.extend(list(node.contents))
    node.append(link)
