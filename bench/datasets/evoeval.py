"""EvoEval: variants of HumanEval's problems; inputs are Python source, expected outputs are the reference's."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.datasets import literals
from bench.datasets.problem import Problem, Suite, scripted
from bench.datasets.rows import Row, rows
from bench.errors import DatasetError


def problems(path: Path) -> Iterator[Problem]:
    """All problems of a file. Raises DatasetError."""
    return map(_problem, rows(path))


def _problem(row: Row) -> Problem:
    prompt = row.text("prompt")
    return Problem(
        task_id=row.text("task_id"),
        prompt=prompt,
        message=scripted(prompt),
        entry_point=row.text("entry_point"),
        reference=(prompt if prompt.endswith("\n") else f"{prompt}\n") + row.text("canonical_solution"),
        suites=(),
        defines=row.text("entry_point"),
        place=row.place,
        rest=partial(_tests, row, row.items("inputs")),
    )


def _tests(row: Row, texts: list[str]) -> dict[str, Any]:
    try:
        inputs = [list(literals.value(f"({text},)" if text.strip() else "()")) for text in texts]
    except (ValueError, AttributeError) as error:
        raise DatasetError(f"{row.place} has an input that is no Python literal ({error}); fix that line.") from None
    return {"suites": (Suite("tests", inputs),)}
