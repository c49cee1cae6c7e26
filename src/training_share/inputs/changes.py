"""What may be changed for one analysis: any cell of any table, given as Python values or as text,
the form that papermill and the command line take."""

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from training_share.errors import InputError
from training_share.inputs.columns import CHECKED, at
from training_share.inputs.notation import parse
from training_share.inputs.quantities import Content, clean
from training_share.inputs.rules import missing_cell
from training_share.inputs.tables import Cell, Tables

Changes = Mapping[str, object] | str | None


def cells_of(
    changes: Changes, tables: Tables, arguments: Mapping[str, tuple[str, object]] | None = None
) -> tuple[Cell, ...]:
    """Return the cells to change, from `{"table/key/column": content}` or the text
    `table/key/column = content; ...`; before them those of `arguments`, each an address and its
    content.

    A star in the key matches anything, and a content that begins with `x` multiplies the amount
    in the cell: `spending/zai/rd_compute/*/amount_millions = x 1.2`. InputError for a cell
    that does not exist or is set twice, and for an amount that cannot be multiplied.

    >>> from training_share.inputs.tables import load
    >>> cells_of("closed_models/hailuo-02/parameters = x 2", load())
    (('closed_models', 'hailuo-02', 'parameters', '30000000000 to 60000000000 (min-max uniform)'),)
    """
    pairs = pairs_of(changes, "changes", "table/key/column = content").items()
    asked = {f"changes, '{address}'": (address, content) for address, content in pairs}
    cells: dict[tuple[str, str, str], tuple[str, Content]] = {}  # and by what they are set
    for place, (address, content) in {**(arguments or {}), **asked}.items():
        table, _, rest = address.partition("/")
        pattern, _, column = rest.rpartition("/")
        if not column or not pattern:
            raise InputError(f"changes: '{address}' is no cell; write table/key/column")
        keys = fnmatch.filter(tables.texts.get(table, ()), pattern) if "*" in pattern else [pattern]
        for key in keys or [pattern]:
            if fault := missing_cell(tables, table, key, column):
                raise InputError(f"{place}: {fault}")
            cell = table, key, column
            if cell in cells:
                raise InputError(f"{cells[cell][0]}, and {place}: both set {at(*cell)}; keep one")
            before = tables.given.get(cell, tables.texts[table][key][column])
            cells[cell] = place, _content(clean(content, place), before, address)
    return tuple((*cell, content) for cell, (_, content) in cells.items())


def _content(content: Content, before: Content, address: str) -> Content:
    """Return a cell's new content; `x 1.2` multiplies the amount that stood there."""
    factor = re.fullmatch(rf"x\s*([\d.]+(?:e[+-]?\d+)?)({CHECKED})?", str(content))
    if not factor:
        return content
    stood = before.removesuffix(CHECKED) if isinstance(before, str) else before
    try:
        amount, times = parse(stood), float(factor[1])
    except ValueError as error:
        raise InputError(f"changes, '{address}': cannot be multiplied; {error}") from None
    scaled = [name for name in ("value", "low", "high", "draws") if hasattr(amount, name)]
    amount = replace(amount, **{name: getattr(amount, name) * times for name in scaled})  # type: ignore[type-var]
    return f"{amount}{factor[2] or ''}" if isinstance(before, str) else amount


def pairs_of(given: Any, name: str, form: str, between: str = ";") -> dict[str, Content]:
    """Return the content of each entry of a mapping, or of text, by its name."""
    if isinstance(given, str | None):
        parts = list(filter(str.strip, re.split(rf"[{between}\n]", given or "")))
        if odd := [part.strip() for part in parts if "=" not in part]:
            raise InputError(f"{name}: '{odd[0]}' has no '='; write {form}")
        pairs: Iterable[Any] = (part.split("=", 1) for part in parts)
    elif isinstance(given, Mapping):
        pairs = given.items()
    else:
        raise InputError(f"{name}: expected a mapping, or text as {form}; got {given!r}")
    found: dict[str, Content] = {}
    for key, content in ((str(key).strip(), content) for key, content in pairs):
        content = clean(content, f"{name}, {key}")
        if key in found:
            told = f"'{key}' is given twice, as '{found[key]}' and as '{content}'"
            raise InputError(f"{name}: {told}; keep one")
        found[key] = content
    return found
