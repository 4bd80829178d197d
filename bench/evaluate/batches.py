"""Work on its way to a cluster and back: batches, and who may take each."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from distributed import Future

from bench.evaluate import session
from bench.evaluate.grade import Work

Job = TypeVar("Job")

BATCH = 2.0
"""Seconds that a batch takes, about."""

MOST = 50
"""Samples that a batch has at most."""


@dataclass
class Sent:
    """A batch that was sent, and the workers that may take it."""

    jobs: list[Any]
    allowed: AbstractSet[str]


@dataclass
class Batches:
    """All of one kind of work: `function` of session.py with its options, on `ahead` batches at once.

    `new` are those to come, `again` those that came back undone, `sent` those under way; `killed` counts how many
    workers ended under a job.
    """

    function: Callable[..., session.BatchReport]
    new: Iterator[list[Any]]
    ahead: Callable[[], int]
    options: dict[str, Any] = field(default_factory=dict)
    again: deque[list[Any]] = field(default_factory=deque)
    sent: dict[Future[Any], Sent] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)

    def waits(self) -> bool:
        """Whether there is a batch to send: one that came back, or a new one."""
        if not self.again:
            self.again.extend(islice(self.new, 1))
        return bool(self.again)


def batched(jobs: Iterable[Job], cost: Callable[[Job], float], size: float) -> Iterator[list[Job]]:
    """The jobs in their order, in batches that cost about `size` or are as long as may be."""
    batch: list[Job] = []
    total = 0.0
    for job in jobs:
        batch.append(job)
        total += cost(job)
        if total >= size or len(batch) == MOST:
            yield batch
            batch, total = [], 0.0
    if batch:
        yield batch


def name_of(job: Work | str) -> str:
    """The problem that a job is about."""
    return job if isinstance(job, str) else job.task_id
