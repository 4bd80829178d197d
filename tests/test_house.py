"""The rules of the house, as tests: lint, types, and the size of things."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bench

ROOT = Path(__file__).parents[1]
DRAWN = [word.strip("/,").removesuffix(".py") for word in re.findall(r"\S+\.py|\S+/", str(bench.__doc__))]
CODE = sorted([*(ROOT / "bench").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py"), ROOT / "dodo.py"])


INSIDE = "bench.sandbox.inside"


def lengths() -> list[tuple[int, str]]:
    """The number of lines of every function, with its place."""
    matches = []
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                matches.append(
                    (node.end_lineno - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
                )
    return sorted(matches)


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]],
    ids=lambda command: " ".join(command[:2]),
)
def test_checkers(command: list[str]) -> None:
    """Ruff and mypy have nothing to say."""
    ran = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_functions_are_short() -> None:
    """No function has more than 60 lines, and nine of ten have 30 at most."""
    matches = lengths()
    assert matches[-1][0] <= 60, matches[-1]
    assert matches[int(0.9 * (len(matches) - 1))][0] <= 30


def test_modules_are_short() -> None:
    """No module has more than 400 lines."""
    long = [str(path) for path in CODE if len(path.read_text(encoding="utf-8").splitlines()) > 400]
    assert long == []


def test_dodo_is_the_graph_alone() -> None:
    """dodo.py has 175 lines at most."""
    assert len((ROOT / "dodo.py").read_text(encoding="utf-8").splitlines()) <= 175


def test_no_stage_imports_a_later_one() -> None:
    """The pipeline points one way, as `bench/__init__.py` draws it."""
    assert DRAWN[0] == "datasets"
    assert DRAWN[-1] == "commands"
    later = list(DRAWN)
    for stage in DRAWN:
        later.remove(stage)
        # What runs inside a sandbox imports nothing of ours, and anyone may share its pure functions.
        matches = [
            (str(path), name) for path in modules(stage) for name in imported(path) if not name.startswith(INSIDE)
        ]
        wrong = [(path, name) for path, name in matches if name.split(".")[1] in later]
        assert wrong == []


def test_no_circle_between_modules() -> None:
    """No module imports, through others, itself; imports inside functions count too."""
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in CODE}
    graph = {
        name: {owner_of(full, names) for full in imported(path)} & names.keys() - {name} for name, path in names.items()
    }
    while leaves := {name for name, needed in graph.items() if not needed}:
        graph = {name: needed - leaves for name, needed in graph.items() if name not in leaves}
    # Modules that import a circle are left with it: only those that are imported, too, are in one.
    while tops := graph.keys() - set().union(*graph.values()):
        graph = {name: needed for name, needed in graph.items() if name not in tops}
    assert graph == {}


def owner_of(full: str, names: dict[str, Path]) -> str:
    """The module of ours that an imported name is, or is in."""
    return full if full in names else full.rpartition(".")[0]


def modules(stage: str) -> list[Path]:
    """The files of a stage: a package or a module."""
    return sorted((ROOT / "bench" / stage).rglob("*.py")) or [ROOT / "bench" / f"{stage}.py"]


def imported(path: Path) -> list[str]:
    """The full names of the modules of ours that a file imports, wherever it does so."""
    matches = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "bench":
            matches += [f"{node.module}.{name.name}" for name in node.names]
        if isinstance(node, ast.Import):
            matches += [name.name for name in node.names if name.name.startswith("bench.")]
    return matches


def test_loading_is_light() -> None:
    """Loading dodo.py imports nothing heavy: neither evalplus nor the packages of servers, charts and templates."""
    heavy = "evalplus numpy requests python_on_whales distributed vl_convert jinja2 rich.live"
    program = f"import sys, dodo; print([name for name in {heavy.split()} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
