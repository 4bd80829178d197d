"""HumanEval Pro and MBPP Pro: a problem, and a second one that is solved by calling the first; tests are assertions."""

import re
from collections.abc import Iterator
from pathlib import Path

from bench.datasets import literals
from bench.datasets.asserts import ENTRY, Tests, gather
from bench.datasets.problem import Problem, Suite, scripted
from bench.datasets.rows import Row, rows
from bench.errors import DatasetError


def problems(path: Path) -> Iterator[Problem]:
    """All problems of a file, named after it. Raises DatasetError."""
    family = "HumanEvalPro" if "humaneval" in path.name.lower() else "MbppPro"
    return (_problem(row, family) for row in rows(path))


def _problem(row: Row, family: str) -> Problem:
    raw, new = row.text("raw_problem"), row.text("new_problem")
    try:
        statements = literals.parse(row.text("test_code")).body
    except SyntaxError as error:
        raise DatasetError(f"{row.place} has code that is no Python ({error}); fix that line.") from None
    defined = re.findall(r"^def +(\w+)", new, re.MULTILINE) or re.findall(r"assert +(\w+)\(", row.text("test_code"))
    if not defined:
        raise DatasetError(f"{row.place} defines no function in its new_problem; fix that line.")
    function = defined[-1]
    tests = gather(statements, Tests(function))
    prompt = f"{raw.rstrip()}\n\n\n{new}"
    return Problem(
        task_id=f"{family}/{row.fields.get('id')}",
        prompt=prompt,
        message=scripted(prompt),
        entry_point=ENTRY,
        reference=f"{raw}{row.text('raw_solution')}\n\n{new}{row.text('new_solution')}",
        suites=(Suite("tests", tests.inputs, tests.outputs),),
        harness=tests.harness,
        defines=function,
        own_tests=tests.own_tests,
    )
