"""EvoEval: HumanEval's problems changed by a model; inputs are Python source, outputs are the reference's."""

from collections.abc import Iterator
from pathlib import Path

from bench.datasets import literals
from bench.datasets.problem import Problem, Suite, scripted
from bench.datasets.rows import Row, rows
from bench.errors import DatasetError


def problems(path: Path) -> Iterator[Problem]:
    """All problems of a file. Raises DatasetError."""
    return map(_problem, rows(path))


def _problem(row: Row) -> Problem:
    prompt = row.text("prompt")
    start = prompt if prompt.endswith("\n") else f"{prompt}\n"
    try:
        inputs = [list(literals.value(f"({text},)" if text.strip() else "()")) for text in row.items("inputs")]
    except ValueError as error:
        raise DatasetError(f"{row.place} has an input that is no Python literal ({error}); fix that line.") from None
    return Problem(
        task_id=row.text("task_id"),
        prompt=prompt,
        message=scripted(prompt),
        entry_point=row.text("entry_point"),
        reference=start + row.text("canonical_solution"),
        suites=(Suite("tests", inputs),),
        defines=row.text("entry_point"),
    )
