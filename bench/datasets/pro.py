"""HumanEval Pro and MBPP Pro: a problem, and a second one that is solved by calling the first; tests are assertions."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.datasets import literals
from bench.datasets.asserts import ENTRY, Tests, gather
from bench.datasets.problem import Problem, scripted
from bench.datasets.rows import Row, fixable, rows
from bench.errors import DatasetError


def problems(path: Path) -> Iterator[Problem]:
    """All problems of a file, named after it. Raises DatasetError."""
    family = "HumanEvalPro" if "humaneval" in path.name.lower() else "MbppPro"
    return (_problem(row, family) for row in rows(path))


def _problem(row: Row, family: str) -> Problem:
    raw, new, tests = row.text("raw_problem"), row.text("new_problem"), row.text("test_code")
    defined = re.findall(r"^def +(\w+)", new, re.MULTILINE) or re.findall(r"assert +(\w+)\(", tests)
    if not defined:
        raise DatasetError(f"{row.place} defines no function in its new_problem; fix that line.")
    prompt = f"{raw.rstrip()}\n\n\n{new}"
    return Problem(
        task_id=f"{family}/{row.fields.get('id')}",
        prompt=prompt,
        message=scripted(prompt),
        entry_point=ENTRY,
        reference=f"{raw}{row.text('raw_solution')}\n\n{new}{row.text('new_solution')}",
        defines=defined[-1],
        place=row.place,
        rest=partial(_tests, row.place, tests, defined[-1]),
    )


def _tests(place: str, tests: str, function: str) -> dict[str, Any]:
    with fixable(place, "code that is no Python"):
        statements = literals.parse(tests).body
    return gather(statements, Tests(function)).fields
