"""A model that answers the real problems as it is told: right, but for every so many of them. Never committed."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.datasets.problem import Problem, scripted
from bench.demo.model import build_answers
from bench.generate.prompt import messages
from bench.profiles import Sampling

SHORTEST = 12
"""Characters of the shortest line that can be a key."""


def build(path: Path, dataset_file: Path, wrong_every: int = 4, **options: Any) -> list[str]:
    """Write a GGUF that solves the problems of an EvalPlus dataset, but for every `wrong_every`th; return those.

    Each answer is the canonical solution after its prompt, in a fence; a wrong one returns None. `options` are
    build_answers' own.
    """
    with dataset_file.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    wrong = [row["task_id"] for row in rows[::wrong_every]]
    answers = [_wrong(row) if row["task_id"] in wrong else _right(row) for row in rows]
    build_answers(path, zip(keys([asked(row) for row in rows]), answers, strict=True), **{"size": 16} | options)
    return wrong


def asked(row: dict[str, Any]) -> str:
    """What the user message of a problem says, as the program asks it."""
    problem = Problem(row["task_id"], row["prompt"], row["entry_point"], "", (), scripted(row["prompt"]))
    return messages(problem, Sampling())[-1]["content"]


def keys(texts: list[str]) -> Iterable[str]:
    """For each text a line that no other text holds, one that defines a function if there is such a line."""
    for text in texts:
        lines = [line.strip() for line in text.splitlines() if len(line.strip()) >= SHORTEST]
        lines.sort(key=lambda line: not line.startswith("def "))
        yield next(line for line in lines if sum(line in other for other in texts) == 1)


def _right(row: dict[str, Any]) -> str:
    return f"```python\n{row['prompt'].rstrip()}\n{row['canonical_solution'].strip(chr(10))}\n```"


def _wrong(row: dict[str, Any]) -> str:
    return f"```python\ndef {row['entry_point']}(*_):\n    return None\n```"
