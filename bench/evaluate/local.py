"""Grading by the sandboxes of this machine."""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Self

from bench.errors import SandboxError
from bench.evaluate.grade import CRASHED, Job, grade
from bench.evaluate.grader import Environment
from bench.evaluate.ground_truth import GroundTruth
from bench.evaluate.problem_tests import ProblemTests
from bench.evaluate.readers import Readers
from bench.records import Verdict
from bench.sandbox.kind import SandboxKind
from bench.sandbox.pool import Pool


class ThisMachine:
    """The sandboxes of this machine, opened when the first sample needs one."""

    where = ""

    def __init__(self, truth: GroundTruth, kind: SandboxKind) -> None:
        self.truth, self.pool, self.readers = truth, Pool(kind, truth.root, truth.programs), Readers()

    def __enter__(self) -> Self:
        self.pool.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.__exit__()
        self.readers.close()

    @property
    def width(self) -> int:
        """One sandbox a core, or as many as are set."""
        return self.pool.kind.workers

    @property
    def environment(self) -> Environment:
        """The sandbox; its versions are known after its first start."""
        kind, facts = self.pool.kind, self.pool.facts
        return Environment(kind.name, kind.identity, kind.image, facts.get("python", ""), facts.get("numpy", ""))

    @property
    def environments(self) -> AbstractSet[Environment]:
        """The one sandbox."""
        return {self.environment}

    def prepare(self, samples: int, on_truth: Callable[[int, int], None]) -> None:
        """Start sandboxes, and compute missing or damaged ground truth."""
        self.pool.start(samples)
        self.select_ground_truth()
        self.truth.complete(self.computed, on_truth)

    def select_ground_truth(self) -> None:
        """Start a sandbox if there is none, and use the ground truth of its Python. Raises SandboxError."""
        self.pool.release(self.pool.acquire())
        self.truth.python = self.environment.python

    def computed(self, tasks: Iterable[ProblemTests], workers: int = 0) -> Iterator[ProblemTests]:
        """Each problem when its ground truth has been computed."""
        for task, _ in self.pool.each(tasks, self.truth.compute, _not_computed, workers=workers):
            yield task

    def each(
        self, jobs: Iterable[Job], *, alone: bool = False, workers: int = 0
    ) -> Iterator[tuple[Job, Verdict, Environment]]:
        """As every grader, in so many sandboxes (0: all)."""
        work = partial(grade, self.truth, self.readers)
        for job, verdict in self.pool.each(jobs, work, lambda _: CRASHED, alone=alone, workers=workers):
            yield job, verdict, self.environment


def _not_computed(task: ProblemTests) -> None:
    raise SandboxError(f"The sandbox ended twice while it ran the canonical solution of {task.task_id}.")
