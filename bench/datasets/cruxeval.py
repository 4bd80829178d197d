"""CRUXEval, output prediction: what does this call return? The answer is a literal, compared as a value."""

from collections.abc import Iterator
from pathlib import Path

from bench.datasets import literals
from bench.datasets.problem import Problem, Suite
from bench.datasets.rows import Row, rows
from bench.errors import DatasetError

ENTRY = "answer"


def problems(path: Path) -> Iterator[Problem]:
    """All problems of a file. Raises DatasetError."""
    return map(_problem, rows(path))


def _problem(row: Row) -> Problem:
    output = row.text("output")
    try:
        expected = literals.value(output)
    except ValueError as error:
        raise DatasetError(f"{row.place} has an output that is no literal ({error}); fix that line.") from None
    return Problem(
        task_id=f"CRUXEval/{row.text('id').removeprefix('sample_')}",
        prompt=f"{row.text('code').rstrip()}\n\nf({row.text('input')})",
        entry_point=ENTRY,
        reference=program(output),
        suites=(Suite("tests", [[]], [expected]),),
        defines=ENTRY,
    )


def program(literal: str) -> str:
    """The program that an answered literal stands for."""
    return f"def {ENTRY}():\n    return (\n{literal.strip()}\n    )\n"
