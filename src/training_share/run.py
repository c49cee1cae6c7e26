"""Execute the notebooks through papermill, with other parameters or a grid of them.

Names, values and shares are settled before anything runs. Each notebook has a kernel of its own and
works in a hidden folder; its copy and its figures are moved into place when all cells have run, so
that a signal, a full disk or a failing cell leaves what was there. A folder given with `out`
belongs to one run, whose record lists what it wrote: nothing else is ever replaced or removed.
"""

import errno
import itertools
import json
import math
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import nbformat
import pandas as pd
import psutil
import yaml

from training_share import files
from training_share.errors import InputError, require_known, whole_number
from training_share.inputs.tables import load
from training_share.model.case import argument_names, listed
from training_share.model.comparison import compare
from training_share.report.display import FOLDER_VARIABLE
from training_share.report.parameters import edited, literals
from training_share.report.text import percent

RECORD = "parameters.yaml"  # in the folder of a run: its parameters, and the files it wrote
PROJECT = {".git", "benchmarks", "data", "docs", "figures", "notebooks", "src", "tests", "tools"}
LIVE = {"application/vnd.jupyter.widget-view+json", "application/javascript"}  # need a kernel
KERNEL_OPTIONS = [
    "--IPKernelApp.log_level=50",  # silences a warning for each kernel
    # looking for garbage in all that was imported takes a tenth of a kernel's time
    "--IPKernelApp.exec_lines=__import__('gc').set_threshold(20_000)",
    # what matplotlib finds on a machine, such as no place for its cache, is no output
    "--IPKernelApp.exec_lines=__import__('logging').getLogger('matplotlib').setLevel('ERROR')",
]
EARLIER = "earlier"  # in the hidden folder: what a run that is being replaced wrote
MOST_RUNS = 2_000  # of a grid; a day's work
SHARES = ("share_p5", "share_p50", "share_p95", "default_p50")
Grid = Mapping[str, Sequence[object]]  # parameter -> its values


@dataclass(frozen=True, eq=False)
class Job:
    """A notebook to execute, the parameters to inject, all that it runs with, and the folders of
    its executed copy and its figures."""

    source: Path
    given: Mapping[str, object]
    settings: Mapping[str, object]
    rendered: Path
    figures: Path


def run(
    names: Sequence[str] = (),
    grid: Grid | None = None,
    out: str | Path | None = None,
    *,
    replace: bool = False,
    at_once: int | None = None,
    notebooks_dir: str | Path | None = None,
) -> dict[Job, str]:
    """Execute notebooks by name (default: all that take the parameters), once for each combination
    of the parameters in `grid`, name -> values; return what went wrong with each, or "".

    `out` receives `rendered/` and `figures/`, in a numbered folder a combination where there are
    several, `parameters.yaml` and `results.csv`, the shares of each combination beside the
    defaults. Parameters need it, so that the project's own results are the defaults'. It is a new
    or empty folder, or that of an earlier run with the same parameters, which is added to;
    `replace` first removes what that run wrote. `at_once` notebooks run beside each other.

    Raises InputError before anything runs for an unknown notebook or parameter, a value that the
    estimate refuses, a source that is not at its defaults, and a folder that is the project's,
    somebody's, in use by another run or not writable.
    """
    grid, out = dict(grid or {}), Path(out).expanduser().absolute() if out else None
    notebooks = Path(notebooks_dir or files.repo_root() / "notebooks").expanduser().resolve()
    at_once = whole_number((os.cpu_count() or 1) + 1 if at_once is None else at_once, "--jobs")
    if grid and not out:
        raise InputError(
            "parameters change what the notebooks show; add --out FOLDER, so that the project's own"
            " results keep standing for the defaults"
        )
    plan = plan_of(notebooks, names, grid, out)
    table = results(plan)
    shown = table.reindex(columns=[*grid, "scenario", "company", *SHARES, "unit", "caveat"])
    if not table.empty:
        _say(shown.to_string(index=False, formatters=dict.fromkeys(SHARES, percent)), "stdout")
    if out:
        _refuse_foreign(out, grid, replace)
    base = out or notebooks.parent
    with files.folder_aside(base) as aside, files.alone_in(base):
        for left in {*base.glob(f"{files.ASIDE}*")} - {aside}:  # by a run that was killed
            _put_back(left, base)
            shutil.rmtree(left)
        try:
            if out:
                _take_away(out, aside) if replace else None
                table.to_csv(aside / "results.csv", index=False, lineterminator="\n")
                _move({aside / "results.csv": out / "results.csv"}, aside, out, grid)
            faults = _execute_all(plan, aside, out, grid, at_once)
            if replace and out and not any(faults.values()):
                shutil.rmtree(aside / EARLIER, ignore_errors=True)
                there = filter(Path.exists, files.recorded(out / RECORD))
                files.move_all(_record(there, aside, out, grid))
            return faults
        finally:  # whatever ends it: what there was stays until all of the new is there
            _put_back(aside, base)


# --- what there is to run -------------------------------------------------------------------------
def grid_of(pairs: Sequence[tuple[str, str]] = (), path: str | Path | None = None) -> Grid:
    """Return parameters and their values: one each from `-p NAME VALUE`, lists from a YAML file.
    InputError for a name given twice, and for a file of anything else."""
    lists: list[tuple[str, list[object]]] = [(name, [value]) for name, value in pairs]
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8") if path else "{}"
        values = yaml.safe_load(text)
        lists += [(name.value, values[name.value]) for name, _ in yaml.compose(text).value]
    except (OSError, ValueError, AttributeError, TypeError, KeyError, yaml.YAMLError) as error:
        raise InputError(f"{path}: not YAML with one parameter a line ({error!r})") from error
    for name, values in lists:
        if not isinstance(values, list) or not values or any(isinstance(v, list) for v in values):
            raise InputError(f"{path}: {name}: write a list of values, as in 'seed: [1, 2]'")
        if [other for other, _ in lists].count(name) > 1:
            raise InputError(f"{path or '-p'}: {name} is given twice; leave one of the two out")
    if (count := math.prod(len(values) for _, values in lists)) > MOST_RUNS:
        raise InputError(f"{path}: {count:,} combinations, {MOST_RUNS:,} at most; see ts.sweep")
    return dict(lists)


def parameters_of(path: Path) -> dict[str, object]:
    """Return names and defaults of a notebook's cell tagged `parameters`. InputError where the file
    is no notebook or an executed copy, or has not one such cell, of literals."""
    try:
        cells = nbformat.read(path, as_version=4).cells
        tags = [tag for cell in cells for tag in cell.metadata.get("tags", ())]
        if "injected-parameters" in tags:
            raise ValueError("is an executed copy; put the source back, as by git checkout")
        if tags.count("parameters") != 1:
            raise ValueError(f"{tags.count('parameters')} cells are tagged 'parameters'; tag one")
        (form,) = (cell for cell in cells if "parameters" in cell.metadata.get("tags", ()))
        return literals(form.source)
    except Exception as error:  # nbformat has many; what a merge leaves behind is no JSON
        raise InputError(f"{path.name}: no notebook with parameters: {error!s:.200}") from error


def plan_of(notebooks: Path, names: Sequence[str], grid: Grid, out: Path | None) -> list[Job]:
    """Return a job for each combination and notebook. InputError as `run` raises it."""
    names = [name.removesuffix(".ipynb") for name in names]
    sources = {path.stem: path for path in sorted(notebooks.glob("*.ipynb"))}
    for name in names:
        require_known(name, sources, "notebook")
    forms = {name: parameters_of(sources[name]) for name in names or sources}
    for parameter in grid:
        require_known(parameter, {*itertools.chain(*forms.values())} - {"figures_dir"}, "parameter")
    if not names:
        forms = {name: form for name, form in forms.items() if grid.keys() <= form.keys()}
    if not forms:
        raise InputError(f"{notebooks}: holds no notebooks to run; name another --notebooks-dir")
    for name, form in forms.items():
        if lacking := grid.keys() - form:
            raise InputError(f"{name} takes no {', '.join(lacking)}; leave the notebook out")
        if not out and edited(form):
            raise InputError(
                f"{name}.ipynb, parameters cell: {', '.join(edited(form))} differ from the"
                " defaults, which rendered/ and figures/ show; put them back, or add --out"
            )
    combinations, jobs = list(itertools.product(*grid.values())), []
    for number, values in enumerate(combinations, start=1):
        base = out / f"{number:04d}" if out and len(combinations) > 1 else out
        folders = (base or notebooks) / "rendered", (base or notebooks.parent) / "figures"
        for name, form in forms.items():
            given = {one: _typed(one, of, form[one]) for one, of in zip(grid, values, strict=True)}
            jobs.append(Job(sources[name], given, form | given, *folders))
    return jobs


def _typed(name: str, value: object, default: object) -> object:
    try:
        return int(str(value)) if isinstance(default, int) else str(value)
    except ValueError:
        raise InputError(f"{name}: expected a whole number, got '{value}'") from None


def results(plan: Sequence[Job]) -> pd.DataFrame:
    """Return the shares that notebooks show: a row a combination, scenario and company, with the
    parameters given, what `Estimate.summary` says, and `default_p50`, the newsletter's median share
    on the same draws with nothing changed. InputError for what the estimate refuses. A notebook
    with parameters that no estimate takes has no row, nor has a company without spending."""
    tables, rows, compared = load(), {}, lru_cache(maxsize=8)(compare)
    takes = argument_names(tables)
    for job in plan:
        asked = {name: v for name, v in job.settings.items() if v != "" and name != "figures_dir"}
        companies = listed(asked.pop("companies", "")) or listed(asked.pop("company", "")) or None
        scenario = asked.pop("scenario", "newsletter")
        if asked.keys() - takes:
            continue
        if job.source.stem in tables.companies:
            companies = (job.source.stem,)
        draws = {name: asked[name] for name in ("n_draws", "seed") if name in asked}
        for company, est in compared(companies, scenario, **asked).items():
            if est.has_spending:
                default = compared((company,), **draws)[company].share_quantiles
                row = {**job.given, "scenario": scenario, "company": company, **est.summary()}
                row |= {"default_p50": default["p50"], "unit": est.unit, "caveat": est.caveat}
                rows[tuple(row.items())] = row
    return pd.DataFrame(rows.values())


# --- the folder of a run --------------------------------------------------------------------------
def _refuse_foreign(out: Path, grid: Grid, replace: bool) -> None:
    """Raise InputError for a folder that is the project's or somebody's, or another run's."""
    place, root, record = Path(os.path.realpath(out)), files.repo_root(), out / RECORD
    if place.is_relative_to(root) and PROJECT & {*place.relative_to(root).parts[:1]}:
        raise InputError(f"--out {out}: belongs to the project; name a new folder, as my_run")
    if any(path.is_symlink() for path in (out, out / "rendered", out / "figures")):
        raise InputError(f"--out {out}: a link leads elsewhere; name the folder that is meant")
    is_run = bool(files.recorded(record))
    if not is_run and out.is_dir() and any(out.iterdir()):
        raise InputError(f"--out {out}: holds what no run wrote; name a new or an empty folder")
    if is_run and not replace:
        earlier = json.loads(record.read_text(encoding="utf-8")).get("parameters")
        if earlier != json.loads(json.dumps(grid, default=str)):
            raise InputError(
                f"--out {out}: holds a run with {earlier or 'the defaults'}; name another folder,"
                " or add --replace to remove what that run wrote, and nothing else"
            )


def _take_away(out: Path, aside: Path) -> None:
    """Move what an earlier run in a folder wrote aside, all but the record that lists it."""
    for record in (out / RECORD, out / "site" / files.SITE_RECORD):
        for path in filter(Path.exists, files.recorded(record)):
            if path != out / RECORD:
                kept = aside / EARLIER / path.relative_to(out)
                kept.parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, kept)
                with suppress(OSError):  # a folder that holds something else stays
                    os.removedirs(path.parent)


def _put_back(aside: Path, base: Path) -> None:
    """Move what was taken away to where it was, unless something new is there."""
    for kept in filter(Path.is_file, sorted((aside / EARLIER).rglob("*"))):
        target = base / kept.relative_to(aside / EARLIER)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(kept, target)


def _move(moves: Mapping[Path, Path], aside: Path, out: Path | None, grid: Grid) -> None:
    """Move files into place, all or none; into a run's folder with a new record, and never over
    what no run wrote. Raises OSError."""
    if out:
        own = files.recorded(out / RECORD) or [out / RECORD]
        for target in moves.values():
            if os.path.lexists(target) and target not in own:
                raise FileExistsError(errno.EEXIST, "is there, and no run wrote it", str(target))
        moves = {**_record([*own, *moves.values()], aside, out, grid), **moves}
    files.move_all(moves)


def _record(written: Iterable[Path], aside: Path, out: Path, grid: Grid) -> dict[Path, Path]:
    """Write the record of a run aside, and return its move into place."""
    names = dict.fromkeys(path.relative_to(out).as_posix() for path in written)
    (aside / RECORD).write_bytes(files.record_of(names, parameters=grid))
    return {aside / RECORD: out / RECORD}


# --- executing ------------------------------------------------------------------------------------
def _execute_all(
    plan: Sequence[Job], aside: Path, out: Path | None, grid: Grid, at_once: int
) -> dict[Job, str]:
    """Execute jobs beside each other and move what each leaves; none of its kernels outlives it."""
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this Python's kernel, not one of the user's
    process, faults = psutil.Process(), {}
    others, pool = {*process.children(recursive=True)}, ThreadPoolExecutor(at_once)
    try:
        longest = sorted(plan, key=lambda job: -job.source.stat().st_size)  # none is left last
        places = {job: aside / str(place) for place, job in enumerate(longest)}
        waiting = {pool.submit(_execute, job, own): job for job, own in places.items()}
        while waiting:  # a signal that comes while a kernel is forked does not end a wait
            for future in wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED).done:
                job = waiting.pop(future)
                faults[job] = _moved(job, places[job], future.result(), out, grid)
                name = (job.rendered / job.source.name).relative_to(job.figures.parent)
                _say(f"{name}: {faults[job] or 'done'}", "stderr")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for kernel in {*process.children(recursive=True)} - others:
            with suppress(psutil.NoSuchProcess):
                kernel.kill()
    return faults


def _say(text: str, stream: str) -> None:
    """Print, unless nobody can read it any more, as behind `| head`: a run goes on without."""
    try:
        print(text, file=getattr(sys, stream), flush=True)
    except OSError:
        setattr(sys, stream, open(os.devnull, "w"))  # noqa: SIM115  # else its end would speak up


def _execute(job: Job, own: Path) -> str:
    """Execute a notebook, which leaves its copy and `figures/` in the folder `own`; return what
    went wrong, or ""."""
    import papermill  # takes a while
    from jupyter_client import AsyncKernelManager

    own.mkdir()
    environment = os.environ | {
        FOLDER_VARIABLE: str(own / "figures"),
        "OPENBLAS_NUM_THREADS": "1",  # a kernel a core: more threads would wait for each other
        "TMPDIR": str(own),
        "IPYTHONDIR": str(own / "ipython"),  # nobody's start-up files, and no home is needed
    }
    environment.pop("MPLBACKEND", None)  # a backend set outside would keep figures out

    class Kernel(AsyncKernelManager):  # papermill hands on neither folder nor environment
        async def start_kernel(self, **settings: object) -> None:
            self.connection_file = str(own / "kernel.json")
            if os.name == "posix":  # a port could be taken by others before the kernel takes it
                self.transport, self.ip = "ipc", f"/tmp/{own.parent.name}{own.name}"
            await super().start_kernel(cwd=str(job.source.parent), env=environment, **settings)

    begun, fault = [], ""
    try:
        papermill.execute_notebook(
            re.sub(r"([{}])", r"\1\1", str(job.source)),  # else it fills what they hold
            None,
            parameters=dict(job.given),
            kernel_name="python3",  # whatever name the notebook was saved with
            language="python",
            progress_bar=False,
            kernel_manager_class=Kernel,
            on_notebook_start=lambda notebook: begun.append(notebook),
            shutdown_kernel="immediate",  # nothing of it is needed once its cells ran
            extra_arguments=KERNEL_OPTIONS,
        )
        code = [cell for cell in begun[0].cells if cell.cell_type == "code" and cell.source.strip()]
        errors = [out for cell in code for out in cell.outputs if out.output_type == "error"]
        if errors or not all(cell.execution_count for cell in code):
            fault = "a cell ended in an error or did not run; did one end the kernel?"
    except papermill.PapermillExecutionError as error:
        told = error.evalue or "no message; see its output, and raise 'ulimit -n' if files ran out"
        fault = f"cell {error.exec_count}: {error.ename}: {told}"
    except Exception as error:
        fault = f"{type(error).__name__}: {str(error) or repr(error.__cause__)}"
    if begun:
        (own / job.source.name).write_text(canonical(begun[0]), encoding="utf-8")
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", fault)


def _moved(job: Job, own: Path, fault: str, out: Path | None, grid: Grid) -> str:
    """Move a copy with its figures, or a failed one as NAME.failed.ipynb; return what failed."""
    copy, target = own / job.source.name, job.rendered / job.source.name
    failed = target.with_suffix(".failed.ipynb")
    figures = {file: job.figures / file.name for file in (own / "figures").glob("*")}
    try:
        if not fault:
            _move({copy: target} | figures, own, out, grid)
            failed.unlink(missing_ok=True)
        elif copy.exists():
            _move({copy: failed}, own, out, grid)
            fault += f"\n  kept as {failed.name}; the previous good copy and figures are untouched"
    except OSError as error:
        return f"{error.filename2 or error.filename}: {error.strerror}"
    return fault


# --- executed copies ------------------------------------------------------------------------------
def canonical(notebook: nbformat.NotebookNode) -> str:
    """Return the text of an executed notebook without what differs between two runs of the same
    thing, and without live outputs, which need a kernel. The notebook is changed."""
    for name in ("papermill", "widgets"):
        notebook.metadata.pop(name, None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        for name in ("papermill", "execution"):
            cell.metadata.pop(name, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = "injected-parameters"
        cell.metadata.get("tags", []).sort()
        for output in list(cell.get("outputs", ())):
            data = output.get("data", {})
            live = [data.pop(kind) for kind in LIVE & data.keys()]
            if "image/png" in data and cell.source.startswith("# "):  # a reader's own plot
                about = output.metadata.setdefault("image/png", {})
                about.setdefault("alt", cell.source.split("\n")[0].removeprefix("# "))
            if live and not data.keys() - {"text/plain"}:
                cell.outputs.remove(output)
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"
