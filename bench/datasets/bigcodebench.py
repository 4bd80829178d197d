"""BigCodeBench: functions over many libraries, tested by unittest classes; here, those that need only Python's own."""

import sys
from functools import partial
from typing import Any

from bench.datasets import literals, unittests
from bench.datasets.declared import PROGRAMS
from bench.datasets.modules import foreign
from bench.datasets.problem import Problem, scripted
from bench.datasets.rows import Row, fixable, row_by_row
from bench.errors import DatasetError


def _standard(row: Row) -> bool:
    libraries: Any = row.fields.get("libs", [])
    if isinstance(libraries, str):
        with fixable(row.place, 'no list under "libs"'):
            libraries = literals.value(libraries)
    if not {str(name).partition(".")[0] for name in libraries} <= sys.stdlib_module_names:
        return False
    return not any(foreign(row.text(key, "")) for key in ("code_prompt", "prompt", "complete_prompt", "test"))


def _problem(row: Row) -> Problem | None:
    if not _standard(row):
        return None
    prompt = row.text("complete_prompt", "") or row.text("prompt")
    return Problem(
        task_id=row.text("task_id"),
        prompt=prompt,
        message=scripted(prompt),
        entry_point=unittests.ENTRY,
        reference=prompt + row.text("canonical_solution"),
        defines=row.text("entry_point"),
        place=row.place,
        programs=PROGRAMS["bigcodebench"],
        restricted=False,
        own_tests=True,
        rest=partial(_tests, row.place, row.text("test")),
    )


problems = row_by_row(_problem)


def _tests(place: str, test: str) -> dict[str, Any]:
    with fixable(place, "a test that is no Python"):
        names = unittests.names(test)
    if not names:
        raise DatasetError(f"{place} has no test; download the file again, or remove that line.")
    return unittests.fields(test, names)
