"""The data dictionary, `data/README.md`: what `data/datapackage.json` says of tables, for people.

`python -m training_share.site.dictionary` writes it.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from training_share.files import repo_root, write_all
from training_share.inputs.columns import Column, package_of, schema_of

TEMPLATES = Path(__file__).parent / "templates"


def main() -> None:
    """Write `data/README.md`."""
    write_all(repo_root() / "data", {"README.md": dictionary().encode()})


def dictionary() -> str:
    """Return the data dictionary in Markdown: the introduction, then one section a table."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES), trim_blocks=True, keep_trailing_newline=True
    )
    template = templates.get_template("dictionary.md.j2")
    return template.render(tables=schema_of(package_of()), content_of=_content)


def _content(column: Column) -> str:
    """Return what a cell of a column may hold, in words."""
    kind = column.kind.removeprefix("one of ")
    tables = dict.fromkeys(name.partition(".")[0] for name in column.refers_to)
    refers = " or ".join(f"[{table}]({table}.csv)" for table in tables)
    if kind != column.kind:
        kind = " or ".join(f"`{word}`" for word in kind.split("|"))
    elif refers:
        kind = f"{kind} in {refers}" if kind.endswith(" or key") else f"key in {refers}"
    elif kind.startswith("like "):
        kind = "text"
    return kind + ("" if column.required else ", or blank")


if __name__ == "__main__":
    main()
