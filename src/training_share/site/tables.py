"""Tables for reading: those of notebooks made safe, and all of them accessible."""

import re

from bs4 import BeautifulSoup, Tag

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
