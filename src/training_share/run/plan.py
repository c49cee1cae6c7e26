"""What there is to execute: notebooks, their parameters, and where the results go; checked before
anything runs."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from training_share.errors import InputError, nearest, require_known
from training_share.files import repo_root, require_writable
from training_share.inputs.tables import load
from training_share.model.case import listed
from training_share.model.comparison import compare
from training_share.model.estimate import estimate
from training_share.report.parameters import edited
from training_share.run.notebooks import parameters_of

MOST_RUNS = 2_000  # of a grid; a day's work


@dataclass(frozen=True)
class Job:
    """One notebook to execute: its source, parameters and where its results go.

    `parameters` are those given that the notebook has, `settings` all that it runs with, its own
    defaults included, and `without` names those given that it does not have.
    """

    source: Path
    parameters: Mapping[str, object]
    settings: Mapping[str, object]
    rendered: Path  # folder of executed notebooks
    figures: Path
    without: tuple[str, ...]


def prepare(
    names: Sequence[str] = (),
    parameters: Mapping[str, object] | None = None,
    out: str | Path | None = None,
    notebooks_dir: str | Path | None = None,
) -> list[Job]:
    """Check names and values, and return what there is to execute. Raises InputError as `run.run`
    does; nothing is written."""
    folder = Path(notebooks_dir).expanduser() if notebooks_dir else repo_root() / "notebooks"
    chosen = _chosen(folder, names)
    known = {name: parameters_of(source) for name, source in chosen.items()}
    given = {name: value for name, value in (parameters or {}).items() if value is not None}
    if given and out is None:
        raise InputError(
            "parameters change what the notebooks show; add --out FOLDER, so that the project's"
            " own rendered notebooks and figures keep standing for the defaults"
        )
    checked = _check_parameters(known, given)
    if out is None:
        _refuse_edited(known)
    rendered, figures = _targets(folder, out)
    return [
        Job(
            source.absolute(),
            checked[name],
            known[name] | checked[name],
            rendered,
            figures,
            tuple(one for one in given if one not in known[name]),
        )
        for name, source in chosen.items()
    ]


def make_folders(jobs: Sequence[Job]) -> list[Path]:
    """Make the folders that jobs write to, and return them. InputError for one that cannot be."""
    folders = list(dict.fromkeys(path for job in jobs for path in (job.rendered, job.figures)))
    for folder in folders:
        require_writable(folder)
    return folders


def _chosen(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """Return the notebooks asked for, each once, name -> source; all where none is named."""
    sources = {
        path.stem: path
        for path in sorted(folder.glob("*.ipynb"))
        if not path.stem.endswith(".failed")
    }
    if not sources:
        raise InputError(f"{folder}: holds no notebooks; say where they are with --notebooks-dir")
    asked = dict.fromkeys(name.removesuffix(".ipynb") for name in names) or sources
    for name in asked:
        require_known(name, sources, "notebook")
    return {name: sources[name] for name in asked}


def _refuse_edited(known: Mapping[str, dict[str, object]]) -> None:
    for name, parameters in known.items():
        if changes := edited(parameters):
            pairs = " ".join(f"-p {one} '{value}'" for one, value in changes.items())
            raise InputError(
                f"{name}.ipynb, parameters cell: {', '.join(changes)} differ from the defaults, for"
                f" which rendered/ and figures/ stand; put them back, or keep the notebook as it"
                f" is and add --out FOLDER (or give {pairs} --out FOLDER)"
            )


def _targets(folder: Path, out: str | Path | None) -> tuple[Path, Path]:
    """Return the folders of executed notebooks and figures."""
    own = (folder / "rendered").resolve(), (folder.parent / "figures").resolve()
    if out is None:
        return own
    root = repo_root()
    others = (root / "notebooks" / "rendered").resolve(), (root / "figures").resolve()
    place = Path(out).expanduser()
    targets = (place / "rendered").resolve(), (place / "figures").resolve()
    for target in targets:
        if target in own + others:
            raise InputError(
                f"--out {out}: {target} holds the project's own results, which stand"
                " for the defaults; choose a folder of its own, such as --out my_scenario"
            )
    return targets


# --- parameters -----------------------------------------------------------------------------------
def _check_parameters(
    known: Mapping[str, dict[str, object]], given: Mapping[str, object]
) -> dict[str, dict[str, object]]:
    """Return each notebook's typed parameters: those of the given ones that it has."""
    if "figures_dir" in given:
        raise InputError(
            "figures_dir: use --out FOLDER, which places figures and notebooks together"
        )
    every = {name for defaults in known.values() for name in defaults} - {"figures_dir"}
    for name in given:
        if name not in every:
            raise InputError(f"no parameter '{name}' in {', '.join(known)}{nearest(name, every)}")
    checked = {}
    for notebook, defaults in known.items():
        checked[notebook] = {
            name: _typed(name, value, defaults[name])
            for name, value in given.items()
            if name in defaults
        }
        if given:
            _try(notebook, defaults | checked[notebook])
    return checked


def _typed(name: str, value: object, default: object) -> object:
    if isinstance(default, int):
        try:
            return int(str(value).replace("_", ""))
        except ValueError:
            raise InputError(f"parameter {name}: expected a whole number, got '{value}'") from None
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _try(notebook: str, parameters: Mapping[str, object]) -> None:
    """Refuse values that the estimate itself would refuse, by making it without drawing
    anything."""
    settings = estimate_settings(parameters)
    scenarios = listed(str(parameters.get("scenarios", ""))) or (
        str(settings.pop("scenario", "newsletter")),
    )
    settings.pop("scenario", None)
    for scenario in scenarios:
        if notebook in load()["companies"]:
            estimate(notebook, scenario, **settings)
        elif "companies" in parameters:
            compare(listed(str(parameters["companies"])) or None, scenario, **settings)
        else:
            load().for_scenario(scenario, listed(str(settings.get("corrections", ""))))


def estimate_settings(parameters: Mapping[str, object]) -> dict[str, object]:
    """Return those parameters of a notebook that `estimate` takes beside the company."""
    others = ("figures_dir", "scenarios", "company", "companies")
    return {name: value for name, value in parameters.items() if name not in others}


# --- grids ----------------------------------------------------------------------------------------
def read_grid(path: str | Path) -> dict[str, list[object]]:
    """Return the parameters in a YAML file, each with its list of values. InputError for a file
    that is not such a list, and for more combinations than anybody waits for."""
    path = Path(path).expanduser()
    try:
        grid = yaml.load(path.read_text(encoding="utf-8"), _PlainYaml)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{path}: not a readable YAML file ({error})") from error
    if not isinstance(grid, dict) or not all(
        isinstance(values, list) and values for values in grid.values()
    ):
        raise InputError(
            f"{path}: write one parameter a line with its list of values, as in 'scenario:"
            " [newsletter, appendix]'"
        )
    if (count := math.prod(map(len, grid.values()))) > MOST_RUNS:
        raise InputError(
            f"{path}: {count:,} combinations; {MOST_RUNS:,} at most. ts.sweep computes more,"
            " without notebooks"
        )
    return {str(name): values for name, values in grid.items()}


class _PlainYaml(yaml.SafeLoader):
    """YAML without aliases, with which a file of a few lines can grow beyond memory."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not taken; write the values out")
        return super().compose_node(parent, index)


def combinations(grid: Mapping[str, list[object]]) -> dict[str, dict[str, object]]:
    """Return the parameters of every combination by its name, which is its folder's and holds its
    number and its values, as `0002_careful_mfu_0.3`."""
    named = {}
    varied = [name for name, values in grid.items() if len(values) > 1]
    for number, values in enumerate(itertools.product(*grid.values()), start=1):
        given = dict(zip(grid, values, strict=True))
        words = [f"{name}_{given[name] or 'default'}" for name in varied]
        name = re.sub(r"[^A-Za-z0-9.,=+-]+", "_", "_".join([f"{number:04d}", *words]))
        named[name[:80].strip("_.")] = given
    return named
