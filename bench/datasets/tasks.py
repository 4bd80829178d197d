r"""Your own tasks: a folder for each, with prompt.md, tests.json or test_*.py, and optionally solution.py.

tests.json is {"function": "f", "tests": [{"arguments": [1, 2], "output": 3}, …]}, or for a program
{"tests": [{"stdin": "1 2\n", "stdout": "3\n"}, …]}.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.datasets import unittests
from bench.datasets.modules import foreign
from bench.datasets.problem import Problem, Suite
from bench.errors import DatasetError


def problems(path: Path) -> Iterator[Problem]:
    """A problem for each folder below `path`, in the order of their names. Raises DatasetError."""
    folders = sorted(folder for folder in path.iterdir() if folder.is_dir() and not folder.name.startswith("."))
    if not folders:
        raise DatasetError(f"{path} holds no task; make a folder with prompt.md and tests.json for each.")
    return map(_problem, folders)


def _problem(folder: Path) -> Problem:
    prompt, reference = _text(folder / "prompt.md"), folder / "solution.py"
    common: dict[str, Any] = {
        "task_id": f"{folder.parent.name}/{folder.name}",
        "place": str(folder),
        "message": prompt,
        "reference": _text(reference) if reference.exists() else "",
    }
    if (folder / "tests.json").exists():
        return _from_json(folder / "tests.json", common)
    files = sorted(folder.glob("test_*.py"))
    if not files:
        raise DatasetError(f"{folder} has no tests; add tests.json or test_*.py.")
    tests = [name for file in files for name in _names(file)]
    if not tests:
        raise DatasetError(f"{files[0]} has no test; write functions or methods whose names begin with test.")
    fields = unittests.fields("\n\n".join(map(_text, files)), tests)
    return Problem(entry_point=unittests.ENTRY, restricted=False, own_tests=True, **fields, **common)


def _names(file: Path) -> list[str]:
    source = _text(file)
    try:
        names = unittests.names(source) + unittests.functions(source)
    except SyntaxError as error:
        raise DatasetError(f"{file}, line {error.lineno} cannot run ({error.msg}); fix that line.") from None
    if missing := foreign(source) - {"numpy", "solution"}:
        raise DatasetError(f"{file} imports {', '.join(sorted(missing))}, which the sandbox has not; do without.")
    return names


def _from_json(path: Path, common: dict[str, Any]) -> Problem:
    """The problem with the tests of a tests.json."""
    try:
        content = json.loads(_text(path))
        tests, function = content["tests"], content.get("function", "")
        if function:
            inputs, outputs = [test["arguments"] for test in tests], [test["output"] for test in tests]
        else:
            inputs, outputs = [[str(test["stdin"])] for test in tests], [str(test["stdout"]) for test in tests]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"{path} is no list of tests ({type(error).__name__}: {error}); docs/howto/own-tasks.md shows one."
        ) from None
    if not (tests and isinstance(function, str) and all(isinstance(arguments, list) for arguments in inputs)):
        raise DatasetError(f"{path} has no tests, or arguments that are no list; docs/howto/own-tasks.md shows them.")
    suites = (Suite("tests", inputs, outputs),)
    kind: Any = {} if function else {"scheme": "program", "target": "program"}
    return Problem(entry_point=function, defines=function, suites=suites, **kind, **common)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DatasetError(f"{path.parent} has no {path.name}; add it, or remove the folder.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read ({error}); save it as UTF-8 text.") from None
