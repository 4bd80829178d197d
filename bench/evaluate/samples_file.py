"""Reading samples.jsonl: positions of samples, checked line by line; texts stay in the file until they are needed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import SamplesError
from bench.evaluate.problem_tests import ProblemTests
from bench.files import digest


@dataclass(frozen=True)
class Sample:
    """One sample: byte offset and length of its line, and the digest of its problem, its tests and its text."""

    task_id: str
    start: int
    length: int
    key: str
    empty: bool


def read(path: Path, tasks: Mapping[str, ProblemTests]) -> list[Sample]:
    """Every sample of the file, in its order. Raises SamplesError that names the file and the line."""
    samples, start = [], 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    samples.append(_sample(path, number, line, start, tasks))
                start += len(line)
    except OSError as error:
        raise SamplesError(f"{path} cannot be read ({error.strerror}); make the samples again.") from None
    if not samples:
        raise SamplesError(f"{path} holds no samples; make the samples again.")
    return samples


def _sample(path: Path, number: int, line: bytes, start: int, tasks: Mapping[str, ProblemTests]) -> Sample:
    where = f"{path}, line {number}"
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        damage = "is cut off" if not line.endswith(b"\n") else "is not JSON"
        raise SamplesError(f"{where} {damage}; make the samples again, or fix that line.") from None
    task_id = row.get("task_id") if isinstance(row, dict) else None
    if not isinstance(task_id, str):
        raise SamplesError(f"{where} has no task_id; each line is an object with task_id and solution.")
    if task_id not in tasks:
        raise SamplesError(f"{where} is for {task_id!r}, which is no problem of this dataset; remove it.")
    text = solution_of(row, tasks[task_id])
    if text is None:
        raise SamplesError(f"{where} has no text as solution (or completion) of {task_id}; add it.")
    return Sample(task_id, start, len(line), digest(f"{tasks[task_id].key}\n{text}"), not _written(row).strip())


def _written(row: dict[str, Any]) -> str:
    return str(row["solution"] if "solution" in row else row["completion"])


def solution_of(row: dict[str, Any], task: ProblemTests) -> str | None:
    """The program of a sample: its solution, or its completion after the prompt; None where there is neither."""
    text = row.get("solution", row.get("completion"))
    if not isinstance(text, str):
        return None
    return text if "solution" in row else task.prompt + text


class Solutions:
    """The texts of samples, read on demand."""

    def __init__(self, path: Path, tasks: Mapping[str, ProblemTests]) -> None:
        self.path, self.tasks = path, tasks

    def text(self, sample: Sample) -> str:
        """The program of one sample."""
        with self.path.open("rb") as file:
            file.seek(sample.start)
            row = json.loads(file.read(sample.length))
        return solution_of(row, self.tasks[sample.task_id]) or ""


def by_task(samples: list[Sample]) -> Iterator[tuple[str, list[int]]]:
    """Each problem that has samples, with their positions in the file."""
    positions: dict[str, list[int]] = {}
    for position, sample in enumerate(samples):
        positions.setdefault(sample.task_id, []).append(position)
    yield from positions.items()
