"""The house itself: what a room may need, what a door may hide, what an import may change, and how
large it may be."""

import ast
import importlib
import itertools
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

import training_share
from training_share.files import repo_root
from training_share.inputs.tables import load

PYPROJECT = tomllib.loads((repo_root() / "pyproject.toml").read_text("utf-8"))
PACKAGE = Path(training_share.__file__).parent
NOT_FOR_NUMBERS = ["matplotlib", "seaborn", "IPython", "ipywidgets", "papermill", "bs4", "openpyxl"]


def run(script: str, names: list) -> list[str]:
    """Run a script in an interpreter of its own: names in as JSON, names out as its last line."""
    done = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(names), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


# --- what a room may need -------------------------------------------------------------------------
ESTIMATE_WITHOUT = """
import importlib, json, pkgutil, sys

absent, slow = json.load(sys.stdin)
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
for room in ("inputs", "model"):
    package = importlib.import_module(f"training_share.{room}")
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
import training_share as ts
assert "share_p50" in ts.estimate("minimax", n_draws=100).summary()
del sys.meta_path[0]
import training_share.report.charts
print(json.dumps([name for name in slow if name in sys.modules]))
"""


@pytest.mark.slow
def test_numbers_need_no_notebook_no_chart_and_no_page():
    """Every module of inputs and model, and an estimate, where those packages are not installed.
    Nor are seaborn and scipy.stats loaded, which take longer than an estimate: two charts import
    seaborn when they are called."""
    assert run(ESTIMATE_WITHOUT, [NOT_FOR_NUMBERS, ["seaborn", "scipy.stats"]]) == []


def test_every_package_is_pinned_once_and_within_its_range():
    """What running and its tests need in one file, the rest in the other."""
    project, pinned = PYPROJECT["project"], {}
    extras = project["optional-dependencies"]
    for name, groups in {
        "requirements.txt": [project["dependencies"], extras["explorer"], extras["test"]],
        "requirements-dev.txt": [extras["site"], extras["dask"], extras["dev"][1:]],
    }.items():
        ranges = {one.name: one.specifier for one in map(Requirement, itertools.chain(*groups))}
        lines = (repo_root() / name).read_text("utf-8").splitlines()
        pins = dict(line.split("==") for line in lines if "==" in line)
        assert pins.keys() == ranges.keys() - pinned.keys()
        assert all(version in ranges[package] for package, version in pins.items())
        pinned |= pins


# --- what a door may hide -------------------------------------------------------------------------
def test_a_door_offers_what_is_there_and_hides_no_module_behind_a_function_of_its_name():
    """`from training_share.model import estimate` has one meaning, whatever was imported before."""
    rooms = pkgutil.walk_packages(training_share.__path__, "training_share.")
    rooms = [importlib.import_module(room.name) for room in rooms if room.ispkg]
    for package in (training_share, *rooms):
        for name in getattr(package, "__all__", ()):
            assert getattr(package, name) is not None
        for module in pkgutil.iter_modules(package.__path__):
            named = vars(package).get(module.name, package)
            assert isinstance(named, ModuleType), f"{package.__name__}.{module.name}"


# --- a company may be renamed: no code knows what it is called ------------------------------------
def words_of(source: str) -> set[str]:
    """Return the texts in a piece of code, docstrings aside."""
    nodes = list(ast.walk(ast.parse(source)))
    told = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    texts = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in told]
    return {node.value for node in texts if isinstance(node.value, str)}


def test_no_code_has_a_company_s_name():
    sources = {p: p.read_text("utf-8") for p in Path(training_share.__file__).parent.rglob("*.py")}
    for path in (repo_root() / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        sources[path] = "\n".join(code)
    names = {row.display_name for row in load().companies.values()}
    found = {path.name: names & words_of(source) for path, source in sources.items()}
    assert not {name: words for name, words in found.items() if words}


# --- what an import may change --------------------------------------------------------------------
WHAT_CHANGED = """
import importlib, json, pkgutil, sys

for name in json.load(sys.stdin):
    importlib.import_module(name)
import locale, os, signal, tempfile, warnings
import matplotlib, numpy, pandas

def state():
    return {
        "environment": dict(os.environ),
        "working directory": os.getcwd(),
        "search path": [*sys.path, *map(repr, sys.meta_path)],
        "warnings": list(map(str, warnings.filters)),
        "locale": locale.setlocale(locale.LC_ALL),
        "signals": [str(signal.getsignal(number)) for number in sorted(signal.valid_signals())],
        "temporary folder": tempfile.tempdir,
        "NumPy": [numpy.geterr(), numpy.get_printoptions(), repr(numpy.random.get_state())],
        "pandas": repr(pandas.options.d),
        "matplotlib": matplotlib.rcParams.copy(),
    }

before = state()
import training_share
for module in pkgutil.walk_packages(training_share.__path__, "training_share."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
after = state()
none = [name for name, module in sys.modules.items() if module is None]  # nothing can import it
print(json.dumps(none + [f"{name}: {before[name]} became {after[name]}" for name in before
                         if before[name] != after[name]]))
"""


def imported() -> list[str]:
    """The modules of others that ours import, wherever in their code."""
    names = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module)
    return sorted(name for name in names if name.partition(".")[0] != "training_share")


@pytest.mark.slow
def test_importing_the_package_changes_nothing_outside_it():
    """All modules, after those that they import themselves, whose doings are not ours."""
    assert run(WHAT_CHANGED, imported()) == []


def test_public_values_have_a_short_repr():
    estimate = training_share.estimate("minimax", n_draws=20)
    values = [
        training_share.load(),
        estimate,
        training_share.compare(n_draws=20),
        training_share.diff("newsletter", "appendix", n_draws=20),
        training_share.pattern(n_draws=20),
        training_share.load().companies["minimax"],
    ]
    for value in values:
        text = repr(value)
        assert len(text) < 400 and "\n" not in text and "0x" not in text, text


def test_the_picture_of_the_house_names_its_rooms_and_modules():
    drawing = (repo_root() / "docs" / "architecture.svg").read_text(encoding="utf-8")
    told = set(re.findall(r"[a-z_]+", " ".join(re.findall(r">([^<]+)<", drawing))))
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    named = {
        path.stem
        for room in ("inputs", "model", "analysis", "report")
        for path in (PACKAGE / room).iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert rooms | named - {"__init__"} <= told


# --- how large it may be --------------------------------------------------------------------------
HELD = PYPROJECT["tool"]["training_share"]
DOORS = {"__init__.py": "doors", "pipeline.py": "doors"}


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def lines_by_room() -> Counter[str]:
    """Lines of Python by folder of the package, by module beside the folders, by tool, and of the
    tests."""
    counted = Counter()
    for path in PACKAGE.rglob("*.py"):
        first = path.relative_to(PACKAGE).parts[0]
        counted[DOORS.get(first, first.removesuffix(".py"))] += lines(path)
    for tool in (repo_root() / "tools").glob("*.py"):
        counted[f"tools/{tool.stem}"] = lines(tool)
    tests = repo_root() / "tests"
    return counted + Counter({"tests": sum(map(lines, tests.rglob("*.py")))})


def test_no_room_is_larger_than_its_budget():
    counted, above = lines_by_room(), []
    for rooms, most in HELD["budget"].items():
        now = sum(counted.pop(room) for room in rooms.split(", "))
        if now > most:
            above.append(f"{rooms}: {now:,} lines of Python, {most:,} at most")
    assert not above, "; ".join(above)
    assert not counted, f"no budget in pyproject.toml for {', '.join(counted)}"


def test_the_reading_path_of_a_newcomer_is_short():
    """Notation, formula, draws, and what is made of them."""
    read = {name: lines(PACKAGE / name) for name in HELD["reading_path"]}
    assert sum(read.values()) <= HELD["reading_path_lines"], read
