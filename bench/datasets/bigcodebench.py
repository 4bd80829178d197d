"""BigCodeBench: functions over many libraries, tested by unittest classes; here, those that need only Python's own."""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.datasets import literals, unittests
from bench.datasets.declared import PROGRAMS
from bench.datasets.modules import foreign
from bench.datasets.problem import Problem, scripted
from bench.datasets.rows import Row, rows, syntax_problem
from bench.errors import DatasetError


def problems(path: Path) -> Iterator[Problem]:
    """The problems that need only the standard library. Raises DatasetError."""
    return (_problem(row) for row in rows(path) if _standard(row))


def _standard(row: Row) -> bool:
    libraries: Any = row.fields.get("libs", [])
    if isinstance(libraries, str):
        try:
            libraries = literals.value(libraries)
        except ValueError as error:
            raise DatasetError(f'{row.place} has no list under "libs" ({error}); fix that line.') from None
    if not {str(name).partition(".")[0] for name in libraries} <= sys.stdlib_module_names:
        return False
    return not any(foreign(row.text(key, "")) for key in ("code_prompt", "prompt", "complete_prompt", "test"))


def _problem(row: Row) -> Problem:
    prompt = row.text("complete_prompt", "") or row.text("prompt")
    return Problem(
        task_id=row.text("task_id"),
        prompt=prompt,
        message=scripted(prompt),
        entry_point=unittests.ENTRY,
        reference=prompt + row.text("canonical_solution"),
        suites=(),
        defines=row.text("entry_point"),
        place=row.place,
        programs=PROGRAMS["bigcodebench"],
        restricted=False,
        own_tests=True,
        rest=partial(_tests, row.place, row.text("test")),
    )


def _tests(place: str, test: str) -> dict[str, Any]:
    try:
        return unittests.fields(test, unittests.names(test))
    except SyntaxError as error:
        raise DatasetError(f"{place} has a test that is no Python ({syntax_problem(error)}); fix that line.") from None
    except ValueError:
        raise DatasetError(f"{place} has no test; download the file again, or remove that line.") from None
