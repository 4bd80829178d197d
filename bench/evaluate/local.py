"""Grading by the lanes of this machine."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Self

from bench.errors import SandboxError
from bench.evaluate.grade import UNSANDBOXED, Work, judged
from bench.evaluate.grader import Site
from bench.evaluate.ground_truth import Truth
from bench.evaluate.readers import Readers
from bench.evaluate.task import Task
from bench.locks import locked
from bench.records import Verdict
from bench.sandbox.kinds import Box
from bench.sandbox.pool import Pool


class ThisMachine:
    """The lanes of this machine, opened when the first sample needs one."""

    where = ""

    def __init__(self, truth: Truth, box: Box) -> None:
        self.truth, self.pool, self.readers = truth, Pool(box, truth.box), Readers()

    def __enter__(self) -> Self:
        self.pool.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.__exit__()
        self.readers.close()

    @property
    def width(self) -> int:
        """One lane a core, or as many as are set."""
        return self.pool.box.workers

    @property
    def site(self) -> Site:
        """The sandbox; its versions are known when it has started once."""
        box, hello = self.pool.box, self.pool.hello
        image = box.settings.image if box.kind == "docker" else ""
        return Site(box.kind, box.identity, image, hello.get("python", ""), hello.get("numpy", ""))

    @property
    def sites(self) -> AbstractSet[Site]:
        """The one sandbox."""
        return {self.site}

    def prepare(self, samples: int) -> None:
        """Start lanes, and compute what is missing or damaged of the ground truth, and keep it for all."""
        self.pool.start(samples)
        self.select_ground_truth()
        if self.truth.missing():
            with locked(self.truth.root / "lock", what=f"the ground truth in {self.truth.root}", wait=True):
                lacking = self.truth.missing()
                self.truth.restore(lacking)
                for _ in self.computed(lacking):
                    pass

    def select_ground_truth(self) -> None:
        """Start a sandbox if there is none, and use the ground truth of its Python. Raises SandboxError."""
        self.pool.give_back(self.pool.take())
        self.truth.python = self.site.python

    def computed(self, tasks: Iterable[Task], lanes: int = 0) -> Iterator[Task]:
        """Each problem when its ground truth has been computed."""
        for task, _ in self.pool.each(tasks, self.truth.compute, _not_computed, lanes):
            yield task

    def each(
        self, works: Iterable[Work], *, seconds: float = 0.0, alone: bool = False, lanes: int = 0  # noqa: ARG002
    ) -> Iterator[tuple[Work, Verdict, Site]]:  # fmt: skip
        """As every grader does, in so many `lanes` (0: all)."""
        lanes = lanes or (self.pool.box.apart if alone else 0)
        judge = partial(judged, self.truth, self.readers)
        for work, verdict in self.pool.each(works, judge, lambda _: UNSANDBOXED, lanes):
            yield work, verdict, self.site


def _not_computed(task: Task) -> None:
    raise SandboxError(f"The sandbox ended twice while it ran the canonical solution of {task.task_id}.")
