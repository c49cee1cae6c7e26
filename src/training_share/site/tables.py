"""Tables as pages show them: each fits its page, and what is the key of a row is a link to it."""

import re
from collections.abc import Mapping

from bs4 import BeautifulSoup, Tag

from training_share.inputs.tables import Tables
from training_share.report.display import NUMERIC

GROUPED = ("corrections", "evidence", "scenarios")  # tables of which several rows share a name
PROSE = 60  # characters of a cell from which its column is set below the rows
PHONE, PAGE = 3, 8  # columns beside each other; a row of a wider table is a card


def slug(text: str) -> str:
    """Return text as the end of an address: letters, digits, dots, underscores and hyphens."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text.replace("+", "-plus")).strip("-")


def addresses(tables: Tables) -> dict[tuple[str, str], str]:
    """Return where the row is that a cell names: (column, text) -> address. The column "" stands
    for a name in prose."""
    found: dict[tuple[str, str], str] = {}
    columns = [column for table in tables.schema.values() for column in table.columns.values()]
    for name, layout in reversed(tables.schema.items()):
        naming = {layout.keys[0], *(column.name for column in columns if name in column.refers_to)}
        for key, row in reversed(tables.texts[name].items()):
            address = f"data-{name}.html#{slug(key)}"
            found[layout.keys[-1], key] = address
            if len(layout.keys) == 1 or name in GROUPED:
                found |= {(column, row[layout.keys[0]]): address for column in {*naming, ""}}
            if name == "published":
                company = tables.companies[row["company"]].display_name
                found["figure", f"{company}: {row['quantity']}"] = address
    return found


def tidy(soup: BeautifulSoup, links: Mapping[tuple[str, str], str], company: str = "") -> None:
    """Give every table a caption, one header row with scopes, numbers at the right, links from keys
    to their rows, and its prose below the rows, so that it fits its page; a table that is too wide
    is shown as cards, a row each, on phones or everywhere."""
    for number, table in enumerate(soup.find_all("table"), start=1):
        if table.caption is None:  # those who go from table to table need a name
            above = table.find_previous(re.compile("^h[1-6]$"))
            name = f"{text_of(above) if above else 'Table'} ({number})"
            table.insert(0, soup.new_tag("caption", string=name, attrs={"class": "unseen"}))
        for details in table.select("td details"):  # a reason is read where it stands
            details.summary.append(" ")
            details.summary.unwrap()
            details.unwrap()
        names, rows = _header(table), []
        for row in table.select("tbody > tr") if names else ():
            cells = row.find_all(["th", "td"], recursive=False)
            rows.append(dict(zip(names[len(names) - len(cells) :], cells, strict=True)))
        below, numeric = [], []
        for name in names[1:]:
            texts = [text for row in rows if name in row and (text := text_of(row[name]))]
            if len(names) > 2 and max(map(len, texts), default=0) > PROSE:
                below.append(name)
            elif all(map(NUMERIC.fullmatch, texts)):
                numeric.append(name)
        for row in rows:
            _finish(row, below, links, company)
            for name in numeric:
                row[name].attrs.setdefault("class", "num")
        for head, name in zip(table.select("thead tr > *"), names, strict=True):
            if name in below:
                head.decompose()
            elif name in numeric:
                head["class"] = "num"
        columns = len(names) - len(below)
        shape = "cards wide" if columns > PAGE else "cards" if columns > PHONE else "plain"
        table["class"] = shape
        table.wrap(soup.new_tag("div", attrs={"class": f"table {shape}"}))


def text_of(tag: Tag) -> str:
    """Return the text of a tag with single blanks."""
    return " ".join(tag.get_text().split())


def _header(table: Tag) -> list[str]:
    """Join the two rows in which pandas writes the names of columns and of levels of the index, set
    the scopes, and return the names of the columns."""
    above, *under = [row.find_all(["th", "td"]) for row in table.select("thead > tr")] or [[]]
    for row in under:
        for cell, lower in zip(above, row, strict=True):
            cell.string = text_of(cell) or text_of(lower)
        row[0].parent.decompose()
    for cell in above:
        cell.attrs = {"scope": "col"} if text_of(cell) else {}
        cell.name = "th" if text_of(cell) else "td"
    return [text_of(cell) for cell in above]


def _finish(
    row: Mapping[str, Tag], below: list[str], links: Mapping[tuple[str, str], str], company: str
) -> None:
    """Make each cell of a row that names a row of the data a link to it, name the cells by their
    columns, for cards, and set the prose in a row below."""
    tag, line = next(iter(row.values())).parent, row.get("line")
    words = Tag(name="td", attrs={"colspan": str(len(row) - len(below))})
    for name, cell in row.items():
        text, label = text_of(cell), name.replace("_", " ")
        keys = [(name, text), (name, f"{company}/{line and text_of(line)}/{text}")]
        keys += [("", text)] if cell.name == "th" else []
        address = next((links[key] for key in keys if key in links), "")
        if address and not cell.a:
            cell.string = ""
            cell.append(Tag(name="a", attrs={"href": address}))
            cell.a.string = text
        if name in below:
            part = Tag(name="p")
            part.extend([f"{label}: ", *list(cell.contents)])
            words.append(part) if text else None
            cell.decompose()
        elif cell.name == "th":
            cell["scope"] = "rowgroup" if cell.has_attr("rowspan") else "row"
        else:
            cell.attrs |= {"data-column": label} if text else {"class": "blank"}
    if words.contents:
        tag["class"], aside = "noted", Tag(name="tr", attrs={"class": "aside"})
        aside.append(words)
        tag.insert_after(aside)
