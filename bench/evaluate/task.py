"""A problem as grading knows it, without reading the dataset; and the names of its files."""

import re
from dataclasses import dataclass

from bench.datasets.checker import Checker
from bench.files import digest

SUITES = ("base", "plus")


def file_name(task_id: str) -> str:
    """A problem's name in the names of its files: readable, and another one for every id."""
    return f"{re.sub('[^A-Za-z0-9]+', '_', task_id)[:40]}-{digest(task_id)[:12]}"


def inputs_file(task_id: str, suite: str) -> str:
    """Where the inputs of a suite are, in the folder of the ground truth."""
    return f"inputs/{file_name(task_id)}.{suite}"


@dataclass(frozen=True)
class Task:
    """What is known of a problem without reading the dataset.

    `key` changes with its tests and its solution; `digests` are those of the inputs, by suite.
    """

    task_id: str
    entry_point: str
    prompt: str
    canonical: str
    checker: Checker
    key: str
    digests: dict[str, str]

    def inputs_file(self, suite: str) -> str:
        """Where the inputs of a suite are, in the folder of the ground truth."""
        return inputs_file(self.task_id, suite)
