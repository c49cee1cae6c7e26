"""Tables for reading: the HTML of notebook tables made accessible, and a page for each table of
`data/`."""

from __future__ import annotations

import re
from html import escape

from bs4 import BeautifulSoup, Tag

from training_share.inputs import schema
from training_share.inputs.tables import Tables
from training_share.site.links import NAMED, slug

NUMBER = re.compile(r"[+-]?[\d.,]+(e[+-]?\d+)?%?|")
LONG = 60  # characters from which a cell is prose
ASIDE = (
    "note",
    "remark",
    "explanation",
    "reason",
    "why",
    "source_id",
)  # columns set below their row
TOGETHER = (
    "flop",
    "gpu_hours",
    "cost_usd",
    "base_run",
    "fraction_of_base",
    "post_training",
)  # shown in one column
WIDE = 6  # columns from which they are


def tidy(soup: BeautifulSoup) -> None:
    """Give every table one header row, scopes, aligned numbers, short addresses and a frame that
    scrolls."""
    for number, table in enumerate(soup.find_all("table"), start=1):
        for node in (table, *table.find_all(True)):
            for name in ("border", "style", "valign", "class"):
                if name != "class" or "dataframe" in node.get("class", []):
                    node.attrs.pop(name, None)
        _one_header(table)
        _label(table)
        for cell in table.select("tbody td"):
            _kind(cell)
        _align_headers(table)
        _frame(soup, table, number)


def _one_header(table: Tag) -> None:
    rows = table.select("thead > tr")
    if len(rows) != 2:
        return
    above, below = (row.find_all("th") for row in rows)
    if len(above) == len(below) and all(
        not (a.text.strip() and b.text.strip()) for a, b in zip(above, below, strict=True)
    ):
        for a, b in zip(above, below, strict=True):
            a.string = a.text.strip() or b.text.strip()
        rows[1].decompose()


def _label(table: Tag) -> None:
    for cell in table.select("thead th"):
        if cell.text.strip():
            cell["scope"] = "col"
        else:
            cell.name = "td"
    for cell in table.select("tbody th"):
        cell["scope"] = "rowgroup" if cell.has_attr("rowspan") else "row"


def _kind(cell: Tag) -> None:
    text = cell.get_text().strip()
    link = cell.find("a")
    if link and link.get("href", "").startswith("http") and link.text.strip() == link["href"]:
        link.string = link["href"].split("://")[1].rstrip("/")
        cell["class"] = "link"
    elif NUMBER.fullmatch(text):
        cell["class"] = "num"
        if text.count(",") > 3:  # a count of FLOP written out
            cell.string = f"{float(text.replace(',', '')):.3g}"
    elif len(text) >= LONG:
        cell["class"] = "text"


def _align_headers(table: Tag) -> None:
    """Set headers of number columns to the right, like their numbers; counted from the end, as rows
    that a spanning cell reaches into are short."""
    rows = [
        [cell for cell in row.contents if isinstance(cell, Tag)]
        for row in table.select("tbody > tr")
    ]
    heads = table.select("thead > tr > *")
    for place in range(1, len(heads) + 1):
        cells = [row[-place] for row in rows if len(row) >= place]
        kinds = [
            cell.get("class") == "num"
            for cell in cells
            if cell.name == "td" and not cell.has_attr("colspan")
        ]
        if kinds and all(kinds) and any(cell.get_text().strip() for cell in cells):
            heads[-place]["class"] = "num"
        else:
            for cell in cells:
                if cell.get("class") == "num":
                    del cell["class"]


def _frame(soup: BeautifulSoup, table: Tag, number: int) -> None:
    caption = table.find("caption")
    label = caption.get_text().strip() if caption else f"Table {number}"
    labels = [frame["aria-label"] for frame in soup.select("div.table")]
    label = f"{label} ({labels.count(label) + 1})" if label in labels else label
    if len(table.select("thead > tr > *")) > WIDE + 2:
        table["class"] = "wide"
    table.wrap(
        soup.new_tag(
            "div", attrs={"class": "table", "role": "region", "tabindex": "0", "aria-label": label}
        )
    )


def table_page(tables: Tables, name: str) -> str:
    """Return the body of the page of one table: what a row is, the table with an anchor a row, the
    file."""
    model = schema.MODELS[name]
    columns = list(model.model_fields)
    rows = tables.texts[name]
    columns = [column for column in columns if any(row[column] for row in rows.values())]
    aside = [column for column in ASIDE if column in columns] if len(columns) > WIDE else []
    shown = [column for column in columns if column not in aside]
    key = shown[0]
    if name == "training_runs":
        together = [column for column in shown if column in TOGETHER]
        rows = {
            row_key: {
                **row,
                "compute": "; ".join(
                    f"{column}: {row[column]}" for column in together if row[column]
                ),
            }
            for row_key, row in rows.items()
        }
        shown = [
            column
            for column in ["run_id", "model", "stage", "released", "compute", *shown[4:]]
            if column not in TOGETHER
        ]
    head = "".join(f"<th>{escape(column)}</th>" for column in dict.fromkeys(shown))
    body, named = [], set()
    for row_key, row in rows.items():
        name_of_row = row[key] if name in NAMED and row[key] not in named else ""
        named.add(row[key])
        body.append(
            _row(tables, name, row_key, row, list(dict.fromkeys(shown)), aside, name_of_row)
        )
    doc = " ".join((model.__doc__ or "").split())
    return (
        f"<h1>Data: {escape(name.replace('_', ' '))}</h1>\n<p>{escape(doc)} What each column"
        " means: "
        f'<a href="data.html#{slug(name)}">data dictionary</a>. How it enters a number: <a'
        ' href="method.html">method</a>. '
        f'The file: <a href="data/{name}.csv">{name}.csv</a>.</p>\n'
        f"<table><caption>{escape(name)}.csv, {len(rows)}"
        f" rows</caption><thead><tr>{head}</tr></thead>\n" + "\n".join(body) + "\n</table>"
    )


def _row(
    tables: Tables, table: str, key: str, row: dict, shown: list[str], aside: list[str], name: str
) -> str:
    cells = []
    for place, column in enumerate(shown):
        tag = "th" if place == 0 else "td"
        anchor = (
            f'<span id="{slug(name)}"></span>'
            if name and place == 0 and slug(name) != slug(key)
            else ""
        )
        cells.append(f"<{tag}>{anchor}{_cell(tables, table, column, row[column])}</{tag}>")
    words = " ".join(_cell(tables, table, column, row[column]) for column in aside if row[column])
    noted = ' class="noted"' if words else ""
    extra = (
        f'<tr class="note"><td colspan="{len(shown)}"><div class="words">{words}</div></td></tr>'
        if words
        else ""
    )
    return f'<tbody id="{slug(key)}"><tr{noted}>{"".join(cells)}</tr>{extra}</tbody>'


def _cell(tables: Tables, table: str, column: str, text: str) -> str:
    if column == "source_id" and table != "sources" and text in tables["sources"]:
        source = tables["sources"][text]
        link = f' <a href="{escape(source.url)}">open</a>' if source.url else ""
        return (
            f'<a href="data-sources.html#{slug(text)}">{escape(text)}</a><span'
            f' class="source">{escape(source.title)}, {escape(source.publisher)},'
            f" {escape(source.date)}: {escape(source.locator)}{link}</span>"
        )
    if text.startswith("http"):
        return f'<a href="{escape(text)}">{escape(text)}</a>'
    return escape(text)
