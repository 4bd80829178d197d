"""EvoEval: variants of HumanEval's problems; inputs are Python source, expected outputs are the reference's."""

from functools import partial
from typing import Any

from bench.datasets import literals
from bench.datasets.problem import Problem, Suite, scripted
from bench.datasets.rows import Row, row_by_row
from bench.errors import DatasetError


def _problem(row: Row) -> Problem:
    prompt = row.text("prompt")
    return Problem(
        task_id=row.text("task_id"),
        prompt=prompt,
        message=scripted(prompt),
        entry_point=row.text("entry_point"),
        reference=(prompt if prompt.endswith("\n") else f"{prompt}\n") + row.text("canonical_solution"),
        defines=row.text("entry_point"),
        place=row.place,
        rest=partial(_tests, row, row.items("inputs")),
    )


problems = row_by_row(_problem)


def _tests(row: Row, texts: list[str]) -> dict[str, Any]:
    try:
        inputs = [list(literals.value(f"({text},)" if text.strip() else "()")) for text in texts]
    except (ValueError, AttributeError) as error:
        raise DatasetError(f"{row.place} has an input that is no Python literal ({error}); fix that line.") from None
    return {"suites": (Suite("tests", inputs),)}
