"""Where a reader finds what a key or a number rests on: addresses of rows and formulas."""

import posixpath
import re
from collections.abc import Mapping

import pandas as pd
from bs4 import BeautifulSoup, Tag

from training_share.errors import InputError
from training_share.inputs.columns import COLUMNS
from training_share.inputs.tables import Tables
from training_share.site.dictionary import TEMPLATES

# tables whose keys are linked wherever they stand: others have keys that read as plain words
LINKED = [
    name
    for name in COLUMNS
    if name not in ("spending", "fx", "generative_models", "measured_cases")
]
# tables of which several rows share a name -> its column
GROUPED = {"corrections": "correction", "evidence": "evidence", "scenarios": "scenario"}
TOKEN = re.compile(r"([A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9])")
SHORT = 100  # characters of a cell in which keys are looked for

# heading of docs/method.md that gives a formula -> the tables its inputs stand in, and the calls of
# notebooks that use it
FORMULAS = pd.read_csv(TEMPLATES / "formulas.csv", index_col="heading").map(str.split)
HEADINGS = {call: heading for heading, calls in FORMULAS["calls"].items() for call in calls}


def slug(text: str) -> str:
    """Return text as the end of an address: letters, digits, dots, underscores and hyphens."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-")


def formula_of(source: str) -> tuple[str, list[str]]:
    """Return the heading and the input tables for a cell of code, by the first call in it that is
    known, or the table that it shows. InputError where none is: another formula would be told."""
    calls = re.findall(r"([A-Za-z_]\w*)\(", source)
    calls += re.findall(r"show_table\((\w+)", source)  # a table made in an earlier cell
    calls += re.findall(r"^(\w+)$", source, re.M)  # a cell that ends in a name
    for call in calls:
        if heading := HEADINGS.get(call):
            return heading, FORMULAS.loc[heading, "inputs"]
    known = "add one of them to formulas.csv, at the heading of docs/method.md that has its formula"
    raise InputError(f"no formula is known of {', '.join(calls)}; {known}")


def addresses(tables: Tables) -> dict[str, str]:
    """Return key, or name of a group of rows -> address of its row, and NAME.csv -> its page."""
    found = {f"{at}{name}.csv": f"data-{name}.html" for name in COLUMNS for at in ("", "data/")}
    for table in reversed(LINKED):
        for key, row in tables[table].items():
            name = getattr(row, GROUPED[table]) if table in GROUPED else key
            found[name] = f"data-{table}.html#{slug(name)}"
    return found


def link_files(
    soup: BeautifulSoup, source: str, of_key: Mapping[str, str], pages: Mapping[str, str]
) -> None:
    """Turn relative links of a file of the project into links to pages, or to the row of a table
    whose key is their text, and those to nowhere into text. `pages` maps files to pages."""
    for link in soup.find_all("a", href=re.compile(r"^(?![a-z]+:|#|figures/|[\w.-]+\.html)")):
        path, hash_, fragment = link["href"].partition("#")
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        page = pages.get(file) or of_key.get(file)
        row = of_key.get(link.get_text().strip(), "")
        if page is None:
            link.unwrap()
        else:
            link["href"] = row if row.startswith(f"{page}#") else page + hash_ + fragment


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
            keys = {part for part in parts if part in of_key and re.search(r"[-_]", part)}
            if keys:
                node.clear()
                node.extend(
                    soup.new_tag("a", href=of_key[part], string=part) if part in keys else part
                    for part in parts
                )


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


def _wrap(soup: BeautifulSoup, node: Tag, address: str) -> None:
    link = soup.new_tag("a", href=address)
    if node.name == "code":
        node.wrap(link)
    else:
        link.extend(list(node.contents))
        node.append(link)
