"""EvalPlus's datasets, and a user's own in the same format: a function, a base and a plus suite, a reference.

EvalPlus itself reads its two datasets, downloads them on first use, and converts their inputs; importing it takes most
of a second.
"""

import os
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.datasets.problem import Problem, Suite, scripted
from bench.datasets.rows import Row, row_by_row


def official(family: str, place: Path) -> Iterator[Problem]:
    """HumanEval+ or MBPP+, read by EvalPlus from `place`: the file that its variable names, or its download."""
    humaneval, mbpp = _readers()
    # EvalPlus reads these variables when it is imported; their current values count.
    humaneval.HUMANEVAL_OVERRIDE_PATH = os.environ.get("HUMANEVAL_OVERRIDE_PATH")
    mbpp.MBPP_OVERRIDE_PATH = os.environ.get("MBPP_OVERRIDE_PATH")
    reader = humaneval.get_human_eval_plus if family == "humaneval" else mbpp.get_mbpp_plus
    problems: Mapping[str, Mapping[str, Any]] = reader(err_incomplete=False)
    return (_problem(Row(fields, f"{place}, {task_id},")) for task_id, fields in problems.items())


def mbpp_inputs(task_id: str, inputs: list[Any]) -> list[Any]:
    """Inputs of a problem of MBPP+, in the form of EvalPlus's results."""
    _, mbpp = _readers()
    return list(mbpp.mbpp_serialize_inputs(task_id, inputs))


def _readers() -> tuple[Any, Any]:
    # evalplus.data imports Hugging Face's datasets for EvalPerf alone; without it the import is four times faster.
    sys.modules.setdefault("datasets", types.ModuleType("datasets")).__dict__.setdefault("load_dataset", None)
    from evalplus.data import humaneval, mbpp  # noqa: PLC0415 - heavy

    return humaneval, mbpp


def _problem(row: Row) -> Problem:
    prompt = row.text("prompt")
    return Problem(
        task_id=row.text("task_id"),
        prompt=prompt,
        message=scripted(prompt),
        entry_point=row.text("entry_point"),
        reference=prompt + row.text("canonical_solution"),
        suites=tuple(Suite(name, _inputs(row, f"{name}_input")) for name in ("base", "plus")),
        defines=row.text("entry_point"),
        place=row.place,
        atol=row.number("atol"),
    )


problems = row_by_row(_problem)


def _inputs(row: Row, key: str) -> list[Any]:
    # EvalPlus turns an empty list into an empty table (Mbpp/793).
    return row.items(key) if row.fields.get(key) else []
