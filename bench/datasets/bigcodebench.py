"""BigCodeBench: functions over many libraries, tested by unittest classes; here those on the standard library alone."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.datasets import literals, unittests
from bench.datasets.problem import Problem, Suite, scripted
from bench.datasets.rows import Row, rows
from bench.errors import DatasetError


def problems(path: Path) -> Iterator[Problem]:
    """The problems that need nothing beside the standard library. Raises DatasetError."""
    return (_problem(row) for row in rows(path) if _standard(row))


def _standard(row: Row) -> bool:
    libraries: Any = row.fields.get("libs", [])
    if isinstance(libraries, str):
        libraries = ast.literal_eval(libraries)
    imported = {name for key in ("code_prompt", "prompt", "complete_prompt", "test") for name in _imports(row, key)}
    return {str(name).partition(".")[0] for name in [*libraries, *imported]} <= sys.stdlib_module_names


def _imports(row: Row, key: str) -> set[str]:
    try:
        tree = literals.parse(row.text(key, ""))
    except SyntaxError:
        return set()
    found = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    return found | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)} - {""}


def _problem(row: Row) -> Problem:
    prompt = row.text("complete_prompt", "") or row.text("prompt")
    test = row.text("test")
    try:
        tests = unittests.names(test)
    except SyntaxError as error:
        raise DatasetError(f"{row.place} has a test that is no Python ({error}); fix that line.") from None
    if not tests:
        raise DatasetError(f"{row.place} has no test; download the file again, or remove that line.")
    return Problem(
        task_id=row.text("task_id"),
        prompt=prompt,
        message=scripted(prompt),
        entry_point=unittests.ENTRY,
        reference=prompt + row.text("canonical_solution"),
        suites=(Suite("tests", [[name] for name in tests], ["ok"] * len(tests)),),
        preamble=unittests.PREAMBLE,
        harness=f"{test}\n{unittests.HARNESS}",
        defines=row.text("entry_point"),
        restricted=False,
        own_tests=True,
    )
