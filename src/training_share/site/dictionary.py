"""The data dictionary, `data/README.md`: what `data/datapackage.json` says of tables, for people.

`python -m training_share.site.dictionary` writes the sections of the tables; what stands above the
first of them is written by hand, in the file itself.
"""

from training_share.files import repo_root, write_all
from training_share.inputs.columns import package_of, schema_of
from training_share.site.words import TEMPLATES


def dictionary() -> str:
    """Return the data dictionary in Markdown: its introduction as it stands, then a section a
    table."""
    tables = schema_of(package_of())
    written = (repo_root() / "data" / "README.md").read_text(encoding="utf-8")
    introduction = written.partition(f"\n## {next(iter(tables))}\n")[0]
    return introduction + TEMPLATES.get_template("dictionary.md.j2").render(tables=tables)


if __name__ == "__main__":
    write_all(repo_root() / "data", {"README.md": dictionary().encode()})
