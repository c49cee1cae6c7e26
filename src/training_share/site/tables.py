"""Tables as pages show them: each fits its page, and what is the key of a row is a link to it."""

import re
from collections.abc import Mapping

from bs4 import BeautifulSoup, Tag
from bs4.element import PreformattedString

from training_share.inputs.tables import Tables
from training_share.report.display import NUMERIC
from training_share.site.words import TEMPLATES

PROSE = 60  # characters of a cell from which its column is set below the rows
PHONE, PAGE = 3, 8  # columns beside each other; a row of a wider table is a card
Links = Mapping[tuple[str, str], str]


def slug(text: str) -> str:
    """Return text as the end of an address: letters, digits, dots, underscores and hyphens."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text.replace("+", "-plus")).strip("-")


def text_of(tag: Tag) -> str:
    """Return the text of a tag with single blanks."""
    return " ".join(tag.get_text().split())


def addresses(tables: Tables) -> Links:
    """Return where the row is that a text names: (column, text) -> address. The column "" stands
    for any; a column of keys is there by its name too, as two rows may share theirs."""
    found: dict[tuple[str, str], str] = {}
    columns = [column for table in tables.schema.values() for column in table.columns.values()]
    for name, layout in reversed(tables.schema.items()):
        own = {"", layout.keys[-1], *(one.name for one in columns if name in one.refers_to)}
        group = f"{name}.{layout.keys[0]}"  # a part of the key that names rows where a column says
        part = layout.keys[0] if any(group in one.refers_to for one in columns) else ""
        for key, row in reversed(tables.texts[name].items()):
            texts = [key, row[part]] if part else [key]
            if name == "published":
                company = tables.companies[row["company"]].display_name
                texts.append(f"{company}: {row['quantity']}")
            address = f"data-{name}.html#{slug(key)}"
            found |= {(column, text): address for column in own for text in texts}
    return found


def tidy(soup: BeautifulSoup, links: Links, page: str = "") -> None:
    """Give every table a caption, one header row with scopes, numbers at the right, links from keys
    to their rows, and its prose below the rows, so that it fits its page; a table that is too wide
    is shown as cards, a row each, on phones or everywhere."""

    def address(row: list[tuple[str, Tag]], name: str, cell: Tag) -> str:
        text, line = text_of(cell), dict(row).get("line")
        keys = [(name, text), ("", text), ("", f"{page}/{line and text_of(line)}/{text}")]
        return "" if cell.a else next((links[key] for key in keys if key in links), "")

    for number, table in enumerate(soup.find_all("table"), start=1):
        above = table.find_previous(re.compile("^h[1-6]$"))
        unseen = f"{text_of(above) if above else 'Table'} ({number})"  # for who goes table to table
        heads = [row.find_all(["th", "td"]) for row in table.select("thead > tr")]
        # pandas writes the names of columns and those of levels of the index in a row each
        columns = zip(*heads, strict=True)
        names = [next(filter(None, map(text_of, column)), "") for column in columns]
        rows = []
        for row in table.select("tbody > tr") if names else ():
            cells = row.find_all(["th", "td"], recursive=False)
            rows.append(list(zip(names[-len(cells) :], cells, strict=True)))
        flat = [pair for row in rows for pair in row]
        texts = {one: [text_of(cell) for name, cell in flat if name == one] for one in names[1:]}
        lengths = {name: max(map(len, column), default=0) for name, column in texts.items()}
        below = [name for name in texts if len(names) > 2 and lengths[name] > PROSE]
        numeric = [name for name in texts if all(map(NUMERIC.fullmatch, texts[name]))]
        width = sum(name not in below for name in names)
        shape = "cards wide" if width > PAGE else "cards" if width > PHONE else "plain"
        given = {"table": table, "unseen": unseen, "shape": shape, "names": names, "rows": rows}
        given |= {"below": below, "numeric": numeric, "address": address}
        html = TEMPLATES.get_template("rows.html.j2").render(given)
        table.replace_with(PreformattedString(html))


TEMPLATES.filters |= {"slug": slug, "text": text_of}
