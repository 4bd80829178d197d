"""The interface of graders: the sandboxes of this machine (local.py), the workers of a Dask cluster (cluster.py)."""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from bench.evaluate.grade import Job
from bench.records import Verdict


@dataclass(frozen=True)
class Environment:
    """A sandbox that graded: `identity` names the versions that may change a verdict; the others are its runner's."""

    kind: str
    identity: str
    image: str = ""
    python: str = ""
    numpy: str = ""


class Grader(Protocol):
    """Grades samples within its `with` block."""

    @property
    def environments(self) -> AbstractSet[Environment]:
        """The sandboxes that may grade."""

    @property
    def width(self) -> int:
        """The number of samples that run at once."""

    @property
    def where(self) -> str:
        """The scheduler's address; "" for this machine."""

    def prepare(self, samples: int, on_truth: Callable[[int, int], None]) -> None:
        """Prepare for so many samples: start sandboxes, and compute missing ground truth.

        `on_truth` gets the number of problems computed, and of all missing ones.

        Raises SandboxError and GraderError.
        """

    def each(self, jobs: Iterable[Job], *, alone: bool = False) -> Iterator[tuple[Job, Verdict, Environment]]:
        """The verdict for each, as they come, with its sandbox.

        A job is taken when a sandbox is free. `alone` gives each an exclusive core. Raises SandboxError and
        GraderError.
        """
