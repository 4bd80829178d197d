"""A problem for grading, without reading the dataset; and the names of its files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.datasets.checker import Checker
from bench.files import digest


def file_name(task_id: str) -> str:
    """A problem's id as part of file names: readable, and unique."""
    return f"{re.sub('[^A-Za-z0-9]+', '_', task_id)[:40]}-{digest(task_id)[:12]}"


@dataclass(frozen=True)
class ProblemTests:
    """A problem's tests, from the ground truth's index.

    `key` changes with its tests and its solution; `inputs` are the digests of its suites' inputs, `outputs` those of
    expected outputs that the dataset itself gives. `program` is how a solution runs: the fields of a Run;
    `own_tests` says that the dataset's own tests run in its process; `programs` what the sandbox must have.
    """

    task_id: str
    prompt: str
    reference: str
    checker: Checker
    key: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    program: Mapping[str, Any]
    own_tests: bool = False
    programs: tuple[str, ...] = ()

    @property
    def suites(self) -> tuple[str, ...]:
        """The names of its suites, in the order in which they run."""
        return tuple(self.inputs)
