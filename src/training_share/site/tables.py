"""Tables for reading: those of notebooks made safe and accessible, and the rows of `data/`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag
from pydantic.fields import FieldInfo

from training_share.inputs import schema
from training_share.inputs.schema import Source
from training_share.inputs.tables import Tables
from training_share.site.datapackage import kinds_of
from training_share.site.links import GROUPED, slug

ALLOWED = {  # tags of a table that a notebook shows, and their attributes; anything else is text
    "table": (),
    "caption": (),
    "thead": (),
    "tbody": (),
    "tr": (),
    "th": ("rowspan", "colspan", "style"),
    "td": ("rowspan", "colspan", "style"),
    "details": (),
    "summary": (),
    "a": ("href",),
}
LONG = 60  # characters from which a cell is prose
WIDE = 8  # columns from which a table is set smaller
ASIDE = ("note", "remark", "explanation", "reason", "why", "source_id")  # set below their row


def safe(html: str) -> str:
    """Return the HTML of a notebook's table with nothing in it but a table's own tags."""
    soup = BeautifulSoup(html, "html.parser")
    for node in soup.find_all(True):
        if node.name in ("script", "style"):
            node.decompose()
        elif node.name not in ALLOWED:
            node.unwrap()
        else:
            kept = {name: node[name] for name in ALLOWED[node.name] if node.has_attr(name)}
            if not re.match(r"https?://|#", kept.get("href", "#")):
                kept.pop("href")
            node.attrs = kept
    return str(soup)


def tidy(soup: BeautifulSoup) -> None:
    """Give every table one header row, scopes, aligned numbers, and a frame that scrolls; one with
    prose in it can be set as cards, a row each, where a page is narrow."""
    labels: list[str] = []
    for table in soup.find_all("table"):
        _one_header(table)
        for cell in table.find_all(["th", "td"]):
            if "right" in cell.attrs.pop("style", ""):
                cell["class"] = "num"
            elif len(cell.get_text()) >= LONG:
                cell["class"] = "text"
        for cell in table.select("thead th"):
            if cell.get_text(strip=True):
                cell["scope"] = "col"
            else:
                cell.name = "td"
        for cell in table.select("tbody th"):
            cell["scope"] = "rowgroup" if cell.has_attr("rowspan") else "row"
        heads = [cell.get_text(strip=True) for cell in table.select("thead > tr:last-child > *")]
        if not table.select("tbody [rowspan]") and table.select(".text"):
            table["class"] = "rows"
            for row in table.select("tbody > tr"):
                cells = row.find_all(["th", "td"], recursive=False)
                for head, cell in zip(heads, cells, strict=False):
                    if not cell.get_text(strip=True):
                        cell["class"] = "blank"
                    elif len(cells) == len(heads) and cell.name == "td":
                        cell["data-column"] = head.replace("_", " ")
        if len(heads) > WIDE:
            table["class"] = [*table.get_attribute_list("class"), "wide"]
        caption = table.find("caption")
        label = caption.get_text(strip=True) if caption else f"Table {len(labels) + 1}"
        labels.append(label)
        label += f" ({labels.count(label)})" if labels.count(label) > 1 else ""
        frame = {"class": "table", "role": "region", "tabindex": "0", "aria-label": label}
        table.wrap(soup.new_tag("div", attrs=frame))


def _one_header(table: Tag) -> None:
    """Join the two rows in which pandas writes the names of columns and of levels of the index."""
    rows = [row.find_all(["th", "td"]) for row in table.select("thead > tr")]
    if len(rows) != 2 or len(rows[0]) != len(rows[1]):
        return
    for above, below in zip(*rows, strict=True):
        above.string = above.get_text(strip=True) or below.get_text(strip=True)
    table.select("thead > tr")[1].decompose()


@dataclass
class Cell:
    """What stands in a row of `data/` under a column."""

    column: str
    text: str
    number: bool = False
    source: Source | None = None  # where the text names one


@dataclass
class Row:
    """A row of `data/` as its page shows it: anchors, cells, and what is set below them."""

    anchors: list[str]  # its key, and before it the name of a group that it is the first of
    cells: list[Cell]
    aside: list[Cell]


def columns_of(tables: Tables, name: str) -> tuple[list[str], list[str]]:
    """Return the columns of a table that have content, those shown as such and those set below a
    row."""
    used = [
        column
        for column in schema.MODELS[name].model_fields
        if any(row[column] for row in tables.texts[name].values())
    ]
    aside = [column for column in used if column in ASIDE and name != "sources"]
    return [column for column in used if column not in aside], aside


def rows_of(tables: Tables, name: str) -> Iterator[Row]:
    """Yield the rows of a table of `data/`."""
    shown, aside = columns_of(tables, name)
    fields, seen = schema.MODELS[name].model_fields, set()
    for key, row in tables.texts[name].items():
        group = [row[shown[0]]] if name in GROUPED and row[shown[0]] not in seen else []
        seen.update(group)
        anchors = list(dict.fromkeys(map(slug, [*group, key])))
        cells, below = (
            [_cell(tables, name, column, row[column], fields[column]) for column in columns]
            for columns in (shown, aside)
        )
        yield Row(anchors, cells, [cell for cell in below if cell.text])


def _cell(tables: Tables, name: str, column: str, text: str, field: FieldInfo) -> Cell:
    number = not {float, int}.isdisjoint(kinds_of(field.annotation))
    named = column == "source_id" and name != "sources"
    return Cell(column, text, number, tables.sources.get(text) if named else None)
