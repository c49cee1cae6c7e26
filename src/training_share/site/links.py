"""Where a reader finds what a key or a number rests on: addresses of rows and formulas in the
site."""

from __future__ import annotations

import re
from functools import cached_property

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
    "scenarios",
    "companies",
)

# what a notebook calls -> heading of docs/method.md that gives its formula, and the tables its
# inputs stand in
_COST = ("training_runs", "assumptions", "hardware", "closed_models")
_SHARE = (*_COST, "spending", "companies")
_LINE = ("generative_models", "closed_models", "assumptions")
FORMULAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ratio": ("The chart", _SHARE),
    "ratio_text_table": ("The ratio", _SHARE),
    "dollars_table": ("R&D compute over a window", ("spending", *_COST)),
    "probabilities": ("Draws and correlation", _SHARE),
    "ranking": ("Draws and correlation", _SHARE),
    "minority": ("The ratio", ("scenarios", *_SHARE)),
    "published_table": ("Where this differs from the newsletter", ("published", *_SHARE)),
    "answer": ("The ratio", _SHARE),
    "runs_table": ("The FLOP of a run", ("training_runs", "closed_models")),
    "inputs": ("From FLOP to USD", ("assumptions",)),
    "denominator_table": ("R&D compute over a window", ("spending", "fx", "companies")),
    "cost_table": ("From FLOP to USD", _COST),
    "cost": ("From FLOP to USD", _COST),
    "drivers": ("What drives the spread", _SHARE),
    "tornado": ("What drives the spread", _SHARE),
    "correlation_table": ("OpenAI", ("training_runs", "assumptions", "spending")),
    "variants_table": ("Scenarios and corrections", ("scenarios", "corrections", *_SHARE)),
    "variants": ("Scenarios and corrections", ("scenarios", "corrections", *_SHARE)),
    "scenario_table": ("Scenarios and corrections", ("scenarios", "corrections")),
    "pattern": ("Measured cases and the next share", ("measured_cases", *_SHARE)),
    "cases_text_table": ("Measured cases and the next share", ("measured_cases",)),
    "next_share": ("Measured cases and the next share", ("measured_cases", "assumptions")),
    "dependence_text_table": ("Measured cases and the next share", ("assumptions",)),
    "implied_text_table": ("Measured cases and the next share", ("spending", "measured_cases")),
    "over_time": ("R&D compute over a window", ("spending", "fx", "companies", *_COST)),
    "reasons_table": ("Scenarios and corrections", ("corrections",)),
    "measured_answer": ("Hours of a chip", ("training_runs", "spending")),
    "audit": ("Scenarios and corrections", ("corrections", "scenarios", *_SHARE)),
    "steps": ("Scenarios and corrections", ("corrections", "scenarios", *_SHARE)),
    "effects_alone": ("Scenarios and corrections", ("corrections", "scenarios", *_SHARE)),
    "denominators": ("R&D compute over a window", _SHARE),
    "scaling_band": ("Closed models", _LINE),
    "predictions": ("Closed models", _LINE),
    "predictions_table": ("Closed models", _LINE),
    "points_table": ("Closed models", _LINE),
    "leave_one_out": ("Closed models", _LINE),
    "estimators": ("Closed models", _LINE),
    "surface": ("Sweeps", _SHARE),
    "lag_and_window": ("Which models count", _SHARE),
    "breaking_points": ("Sweeps", _SHARE),
    "sweep": ("Sweeps", _SHARE),
    "implied_rd_compute": ("The ratio", _SHARE),
}
ANYTHING = ("The ratio", _SHARE)


def slug(text: str) -> str:
    """Return text as the end of an address: letters, digits, dots, underscores and hyphens."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-")


def formula_of(source: str) -> tuple[str, tuple[str, ...]]:
    """Return the heading and the input tables for a cell of code, by the first call in it that is
    known."""
    for word in re.findall(r"[A-Za-z_]\w*", source):
        if word in FORMULAS:
            return FORMULAS[word]
    return ANYTHING


class Links:
    """Addresses of the rows of all tables."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    @cached_property
    def of_key(self) -> dict[str, str]:
        """Key or name -> address of its row."""
        found: dict[str, str] = {}
        for table in reversed(LINKED):
            for key, row in self.tables[table].items():
                name = getattr(row, table[:-1]) if table in ("corrections", "scenarios") else key
                if (
                    table == "scenarios"
                    and name in found
                    and found[name].startswith("data-scenarios")
                ):
                    continue
                found[name] = f"data-{table}.html#{slug(name)}"
        return {name: address for name, address in found.items() if name}

    def period(self, company: str, line: str, period: str) -> str | None:
        """Return the address of a disclosed period, or None where the tables have none."""
        key = f"{company}/{line}/{period}"
        return f"data-spending.html#{slug(key)}" if key in self.tables["spending"] else None

    def file(self, address: str, text: str, pages: dict[str, str]) -> str | None:
        """Return where a relative link of a Markdown file or notebook leads in the site; None where
        nowhere.

        `pages` maps file names (`closed_models.ipynb`, `method.md`, `README.md` of data/) to pages.
        """
        path, _, fragment = address.partition("#")
        name = path.rsplit("/", 1)[-1]
        if name.endswith(".csv") and name[:-4] in MODELS:
            page = f"data-{name[:-4]}.html"
            row = self.of_key.get(text, "")
            return row if row.startswith(page) else page + (f"#{fragment}" if fragment else "")
        page = pages.get("/".join(path.split("/")[-2:])) or pages.get(name)
        return page and page + (f"#{fragment}" if fragment else "")


def link_keys(soup: BeautifulSoup, links: Links, here: str = "") -> None:
    """Link every table cell and every piece of code that is a key, and keys inside short cells, to
    their rows."""
    of_key = links.of_key
    for node in soup.select("tbody td, tbody th, :not(pre) > code"):
        if node.find_parent("a") or node.find("a") or node.find("code"):
            continue
        text = node.get_text().strip()
        if text in of_key:
            if not (node.name == "th" and of_key[text].startswith(f"{here}#")):
                _wrap(soup, node, of_key[text])
        elif node.name in ("td", "th") and len(text) < 100 and node.string:
            _link_tokens(soup, node, of_key)
        elif (
            node.name == "code"
            and (table := re.fullmatch(r"(?:data/)?(\w+)\.csv", text))
            and table[1] in MODELS
        ):
            _wrap(soup, node, f"data-{table[1]}.html")


def _link_tokens(soup: BeautifulSoup, node: Tag, of_key: dict[str, str]) -> None:
    parts = re.split(r"([A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9])", str(node.string))
    if not any(part in of_key and re.search(r"[-_]", part) for part in parts):
        return
    node.clear()
    for part in parts:
        if part in of_key and re.search(r"[-_]", part):
            link = soup.new_tag("a", href=of_key[part])
            link.string = part
            node.append(link)
        elif part:
            node.append(part)


def _wrap(soup: BeautifulSoup, node: Tag, address: str) -> None:
    link = soup.new_tag("a", href=address)
    if node.name == "code":
        node.wrap(link)
        return
    for child in list(node.contents):
        link.append(child.extract())
    node.append(link)


def link_periods(soup: BeautifulSoup, links: Links, company: str) -> None:
    """In a table with the columns line and period, link each period to its row in spending."""
    for table in soup.find_all("table"):
        head = [cell.get_text().strip() for cell in table.select("thead th")]
        if "period" not in head or "line" not in head or company not in links.tables["companies"]:
            continue
        line = ""
        for row in table.select("tbody tr"):
            cells = row.find_all(["th", "td"], recursive=False)
            line = cells[0].get_text().strip() if len(cells) == len(head) else line
            cell = cells[head.index("period") - len(head)]
            address = links.period(company, line, cell.get_text().strip())
            if address:
                _wrap(soup, cell, address)
