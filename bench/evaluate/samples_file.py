"""Reading samples.jsonl: it is checked line by line, and the texts stay in the file until they are needed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import SamplesError
from bench.evaluate.problem_tests import ProblemTests
from bench.files import digest
from bench.untrusted import parse_json, table


@dataclass(frozen=True)
class Sample:
    """One sample: the byte offset of its line, and the digest of its problem, its tests and its program."""

    task_id: str
    start: int
    key: str


class SamplesFile:
    """The samples of a file for these `tasks`."""

    def __init__(self, path: Path, tasks: Mapping[str, ProblemTests]) -> None:
        self.path, self.tasks = path, tasks

    def samples(self) -> list[Sample]:
        """Every sample, in the file's order. Raises SamplesError that names the file and the line."""
        samples, start = [], 0
        try:
            with self.path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    if line.strip():
                        samples.append(self._sample(f"{self.path}, line {number}", line, start))
                    start += len(line)
        except OSError as error:
            raise SamplesError(f"{self.path} cannot be read ({error.strerror}); make the samples again.") from None
        if not samples:
            raise SamplesError(f"{self.path} holds no samples; make the samples again.")
        return samples

    def _sample(self, where: str, line: bytes, start: int) -> Sample:
        try:
            row = table(parse_json(line))
        except ValueError:
            damage = "is cut off" if not line.endswith(b"\n") else "is not JSON"
            raise SamplesError(f"{where} {damage}; make the samples again, or fix that line.") from None
        task_id = row.get("task_id")
        if not isinstance(task_id, str):
            raise SamplesError(f"{where} has no task_id; each line is an object with task_id and solution.")
        if task_id not in self.tasks:
            raise SamplesError(f"{where} is for {task_id!r}, which is no problem of this dataset; remove it.")
        if not isinstance(row.get("solution", row.get("completion")), str):
            raise SamplesError(f"{where} has no text as solution (or completion) of {task_id}; add it.")
        return Sample(task_id, start, digest(f"{self.tasks[task_id].key}\n{self._program(row)}"))

    def program(self, sample: Sample) -> str:
        """The program of one sample: its solution, or its completion after the prompt; "" where that is empty."""
        with self.path.open("rb") as file:
            file.seek(sample.start)
            return self._program(json.loads(file.readline()))

    def _program(self, row: dict[str, Any]) -> str:
        if "solution" in row:
            return str(row["solution"])
        completion = str(row["completion"])
        return self.tasks[row["task_id"]].prompt + completion if completion.strip() else ""
