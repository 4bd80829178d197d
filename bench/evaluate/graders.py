"""Who grades: the lanes of this machine, or the workers of a Dask cluster (cluster.py). The work is the same."""

import contextlib
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import Protocol, Self

from bench.errors import SandboxError
from bench.evaluate.grade import UNSANDBOXED, Work, judged
from bench.evaluate.pool import Pool
from bench.evaluate.sandbox import Box, sandbox_for
from bench.evaluate.task import Task
from bench.evaluate.truth import Truth
from bench.files import locked
from bench.profiles import Sandbox
from bench.records import Verdict


@dataclass(frozen=True)
class Site:
    """A sandbox that graded: `identity` names what decides a verdict beside the sample; versions as it said itself."""

    kind: str
    identity: str
    image: str = ""
    python: str = ""
    numpy: str = ""


class Grader(Protocol):
    """What grades, as long as its block lasts."""

    @property
    def sites(self) -> AbstractSet[Site]:
        """The sandboxes that may grade."""

    @property
    def width(self) -> int:
        """How many samples run at once."""

    @property
    def where(self) -> str:
        """The scheduler's address; "" for this machine."""

    def prepare(self, samples: int) -> None:
        """Get ready for so many samples: the whole ground truth is at hand, what is missing of it is computed.

        Raises SandboxError and GraderError.
        """

    def each(
        self, works: Iterable[Work], *, seconds: float = 0.0, alone: bool = False
    ) -> Iterator[tuple[Work, Verdict, Site]]:
        """The verdict for each, as they come, with where it was found; `seconds` is about what all of them take.

        Work is taken when there is room for it. `alone` gives each a core to itself, with nothing beside them
        but each other. Raises SandboxError and GraderError.
        """


class ThisMachine:
    """The lanes of this machine, opened when the first sample needs one."""

    where = ""

    def __init__(self, truth: Truth, box: Box) -> None:
        self.truth, self.pool = truth, Pool(box, truth.box)

    def __enter__(self) -> Self:
        self.pool.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.__exit__()

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
        if self.truth.missing():
            with locked(self.truth.root / "lock", what=f"the ground truth in {self.truth.root}", wait=True):
                lacking = self.truth.missing()
                self.truth.restore(lacking)
                for _ in self.computed(lacking):
                    pass

    def computed(self, tasks: Iterable[Task], lanes: int = 0) -> Iterator[Task]:
        """Each problem when its ground truth has been computed."""
        for task, _ in self.pool.each(tasks, self.truth.compute, _not_computed, lanes):
            yield task

    def each(
        self, works: Iterable[Work], *, seconds: float = 0.0, alone: bool = False, lanes: int = 0  # noqa: ARG002
    ) -> Iterator[tuple[Work, Verdict, Site]]:  # fmt: skip
        """As every grader does, in so many `lanes` (0: all)."""
        lanes = lanes or (self.pool.box.apart if alone else 0)
        for work, verdict in self.pool.each(works, partial(judged, self.truth), lambda _: UNSANDBOXED, lanes):
            yield work, verdict, self.site


@contextlib.contextmanager
def open_grader(truth: Truth, sandbox: Sandbox, scheduler: str, *, trusted: bool = False) -> Iterator[Grader]:
    """Those who grade: the workers of the scheduler where one is named, else this machine. Raises SandboxError."""
    if scheduler:
        try:
            from bench.evaluate.cluster import Cluster  # noqa: PLC0415 - an extra, and heavy
        except ImportError as error:
            raise SandboxError(
                f'[evaluate] scheduler = "{scheduler}" needs Dask here ({error}); pip install "bench[dask]", or remove '
                "the key."
            ) from None

        with Cluster(scheduler, truth, sandbox, trusted=trusted) as cluster:
            yield cluster
    else:
        with ThisMachine(truth, sandbox_for(sandbox, trusted=trusted)) as here:
            yield here


def _not_computed(task: Task) -> None:
    raise SandboxError(f"The sandbox ended twice while it ran the canonical solution of {task.task_id}.")
