"""The parameters of a notebook: their defaults, whether one was changed, and where its figures go.

A blank means the default; those that are not blank stand here. So a notebook's parameters cell
shows a reader what can be set, and cannot quietly say something else than the default.
"""

import ast
import re
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from training_share.errors import InputError, nearest
from training_share.files import repo_root
from training_share.report.display import CHANGED_FOLDER, folder_given, keep_in

DEFAULTS = {"scenario": "newsletter", "company": "minimax", "n_draws": 50_000, "seed": 42}
FORM = ("scenario", "n_draws", "seed", "figures_dir")  # of which a cell of parameters has several
LONGEST = 80  # letters of a folder's name
SET = re.compile(rf"^({'|'.join(FORM)})\b.*=", re.M)


def edited(parameters: Mapping[str, object]) -> dict[str, object]:
    """Return the parameters that differ from their defaults, without `figures_dir`."""
    return {
        name: value
        for name, value in parameters.items()
        if name != "figures_dir" and value not in (DEFAULTS.get(name, ""), "")
    }


def literals(source: str) -> dict[str, object]:
    """Return the names and values that a cell of parameters assigns, one 'name: type = value' or
    'name = value' a line. ValueError, saying the line, for anything else."""
    found: dict[str, object] = {}
    for statement in ast.parse(source).body:
        target = getattr(statement, "target", None) or getattr(statement, "targets", [None])[0]
        if not isinstance(target, ast.Name) or getattr(statement, "value", None) is None:
            raise ValueError(f"line {statement.lineno}: write one 'name: type = value'")
        try:
            found[target.id] = ast.literal_eval(statement.value)
        except ValueError:
            raise ValueError(f"line {statement.lineno}: the value must be a literal") from None
    return found


def begin() -> dict[str, object]:
    """Return the parameters of the notebook that calls it, by name, with the values that they have
    now, papermill's included; `figures_dir` is not among them. Outside a notebook there are none.

    A parameter that papermill injected and the notebook does not have is refused. `show` then
    writes figures to `figures_dir`; else where the pipeline said; else to the project's `figures/`
    while every parameter stands at its default, and beside the run where one does not, in a folder
    named after the change, with a line saying so.
    """
    from IPython import get_ipython

    held = getattr(get_ipython(), "user_ns", {})
    form, injected = _cells_run(held.get("In", []))
    for name in injected:
        if name not in form:
            raise InputError(f"this notebook has no parameter '{name}'{nearest(name, form)}")
    now = {name: held.get(name, written) for name, written in (form | injected).items()}
    folder, here = folder_given(str(now.pop("figures_dir", ""))), Path.cwd()
    if form and not folder:
        folder = str(repo_root() / "figures")
        if changed := edited(now):
            own = f"{CHANGED_FOLDER}/{_folder_of(changed)}"  # what another run changed has another
            place = Path("../figures" if here.name == "rendered" else own)
            folder = str((here / place).resolve())
            print(f"changed: {', '.join(changed)}; figures are saved in {place.as_posix()}/")
    keep_in(folder)
    return now


def _folder_of(changed: Mapping[str, object]) -> str:
    """Return what was changed as the name of a folder."""
    told = "_".join(f"{name}-{value}" for name, value in changed.items())
    name = re.sub(r"[^\w.+-]+", "-", told)
    return name if len(name) <= LONGEST else f"{name[:LONGEST]}-{zlib.crc32(told.encode()):x}"


def _cells_run(sources: Iterable[str]) -> tuple[dict[str, object], dict[str, object]]:
    """Return what the notebook's parameters cell assigned and what papermill injected, as the
    kernel ran them last."""
    form: dict[str, object] = {}
    injected: dict[str, object] = {}
    for source in sources:
        try:
            found = literals(source)
        except (ValueError, SyntaxError) as error:
            if len({*SET.findall(source)}) > 1:
                raise InputError(f"the cell of parameters, {error}") from None
            continue
        if source.lstrip().startswith("# Parameters"):  # papermill's own mark
            injected = found
        elif len(found.keys() & {*FORM}) > 1:
            form, injected = found, {}
    return form, injected
