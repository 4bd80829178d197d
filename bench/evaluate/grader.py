"""What every grader does: the sandboxes of this machine (local.py), the workers of a Dask cluster (cluster.py)."""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from bench.evaluate.grade import Job
from bench.records import Verdict


@dataclass(frozen=True)
class Environment:
    """A sandbox that graded: `identity` names what decides a verdict beside the sample; versions by its runner."""

    kind: str
    identity: str
    image: str = ""
    python: str = ""
    numpy: str = ""


class Grader(Protocol):
    """What grades, as long as its block lasts."""

    @property
    def environments(self) -> AbstractSet[Environment]:
        """The sandboxes that may grade."""

    @property
    def width(self) -> int:
        """How many samples run at once."""

    @property
    def where(self) -> str:
        """The scheduler's address; "" for this machine."""

    def prepare(self, samples: int, on_truth: Callable[[int, int], None]) -> None:
        """Get ready for so many samples: the whole ground truth is at hand, what is missing of it is computed.

        `on_truth` gets how many of how many missing problems have been.

        Raises SandboxError and GraderError.
        """

    def each(self, jobs: Iterable[Job], *, alone: bool = False) -> Iterator[tuple[Job, Verdict, Environment]]:
        """The verdict for each, as they come, with where it was found.

        Jobs are taken when there is room for them. `alone` gives each a core to itself, with nothing beside them
        but each other. Raises SandboxError and GraderError.
        """
