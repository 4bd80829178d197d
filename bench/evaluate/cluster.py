"""Grading by a Dask cluster: Dask moves batches and ground truth, and runs again what a worker took along.

Cluster ──▶ members.py      which workers there are, and which of them can grade
└──────▶ station.py      what each does with a batch
"""

import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from distributed import Client, Future, KilledWorker

from bench.errors import GraderError, SandboxError
from bench.evaluate import station
from bench.evaluate.bundle import bundle
from bench.evaluate.crew import Site
from bench.evaluate.grade import Work
from bench.evaluate.members import GONE, Members
from bench.evaluate.truth import Truth
from bench.files import locked, write_atomic
from bench.profiles import Sandbox
from bench.records import Verdict

Job = TypeVar("Job")

CONNECT = 10.0
"""Seconds in which a scheduler must answer."""

BATCH, OVERHEAD, MOST = 2.0, 0.05, 50
"""A batch takes about so many seconds; a sample costs so many beside its tests; so many are in a batch at most."""

PARTS = 4
"""A lane gets at least so many batches of a grading, so that all of them end at about the same time."""

AHEAD = 2
"""Batches on their way or at work, for each lane of the cluster: what waits is with us, not in the scheduler."""


@dataclass
class Flight:
    """A batch that was sent, and the workers that may take it."""

    jobs: list[Any]
    allowed: AbstractSet[str]


@dataclass
class Errand:
    """One kind of work for all of the jobs: `function` of station.py with its options, on so many batches at once."""

    function: Callable[..., station.Report]
    batches: Iterator[list[Any]]
    ahead: Callable[[], int]
    options: dict[str, Any] = field(default_factory=dict)
    again: deque[list[Any]] = field(default_factory=deque)
    flights: dict["Future[Any]", Flight] = field(default_factory=dict)

    def next(self) -> list[Any] | None:
        """The next batch to send: one that came back, or a new one."""
        return self.again.popleft() if self.again else next(self.batches, None)


class Cluster:
    """The workers of the scheduler at `where`. Raises SandboxError where it does not answer, or none can grade."""

    def __init__(self, where: str, truth: Truth, sandbox: Sandbox, *, trusted: bool) -> None:
        self.where, self.truth, self.sandbox, self.trusted = where, truth, sandbox, trusted

    def __enter__(self) -> Self:
        _silence()
        try:
            self.client = Client(self.where, timeout=CONNECT, set_as_default=False)
        except (*GONE, ValueError) as error:
            raise SandboxError(
                f"No Dask scheduler answers at {self.where} ({str(error).splitlines()[0]}); start it, or remove "
                "[evaluate] scheduler."
            ) from None
        try:
            self._summon()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(*GONE):
            self.client.close(timeout=2)

    def _summon(self) -> None:
        """Let every worker have what is known, and wait until one of them can grade and all have answered."""
        self.lacking = self.truth.missing()
        self.members = Members(self.client, self.where, bundle(self.truth), self.sandbox, trusted=self.trusted)
        while not self.members.settled():
            self.members.wait()

    @property
    def sites(self) -> AbstractSet[Site]:
        """The sandboxes of the workers."""
        return frozenset(self.members.fit.values())

    @property
    def width(self) -> int:
        """One sample for each thread of the workers."""
        return self.members.lanes

    def learn(self) -> None:
        """Let the workers compute what is missing of the ground truth, keep it here, and give all of it to each."""
        if not self.lacking:
            return
        with locked(self.truth.root / "lock", what=f"the ground truth in {self.truth.root}", wait=True):
            batches = ([task.task_id] for task in self.truth.missing())
            errand = Errand(station.learn, batches, lambda: AHEAD * self.members.lanes)
            for task_id, body in self._done(errand):
                write_atomic(self.truth.path(self.truth.tasks[task_id]), body)
        self._summon()

    def each(
        self, works: Iterable[Work], *, seconds: float = 0.0, alone: bool = False
    ) -> Iterator[tuple[Work, Verdict, Site]]:
        """As every crew does; `alone`, no worker of the same machine does anything beside it."""
        size = 0.0 if alone else min(BATCH, seconds / (PARTS * max(1, self.width)))
        batches = batched(works, lambda work: OVERHEAD + self.truth.costs.get(work.task_id, 0.0), size)
        ahead = (lambda: len(self.members.fit)) if alone else (lambda: AHEAD * self.members.lanes)
        for work, (verdict, site) in self._done(Errand(station.grade, batches, ahead, {"alone": alone})):
            yield work, verdict, site

    def _done(self, errand: Errand) -> Iterator[tuple[Any, Any]]:
        """Each job with its value, as batches come back; whatever happens to workers, each job once."""
        try:
            while self._send(errand):
                future = self.members.wait()
                flight = errand.flights.pop(future, None) if future else None
                if future and flight:
                    yield from self._landed(errand, future, flight)
                self._call_back(errand)
        finally:
            for future in errand.flights:
                future.cancel()

    def _send(self, errand: Errand) -> bool:
        """Send as many batches as may be ahead; whether any is under way or waits."""
        while self.members.fit and len(errand.flights) < errand.ahead():
            jobs = errand.next()
            if jobs is None:
                break
            allowed = frozenset(self.members.fit)
            name = self.members.order.name
            options = {**errand.options, "workers": list(allowed), "pure": False}
            future = self.client.submit(errand.function, name, jobs, **options)
            errand.flights[future] = Flight(jobs, allowed)
            self.members.watch(future)
        return bool(errand.flights or errand.again or not self.members.fit)

    def _landed(self, errand: Errand, future: "Future[Any]", flight: Flight) -> Iterator[tuple[Any, Any]]:
        """What a batch brought; the rest of it is sent again."""
        if future.status == "error":
            error = future.exception()
            if not isinstance(error, KilledWorker):
                raise error
            if len(flight.jobs) == 1:
                job = flight.jobs[0]
                name = job if isinstance(job, str) else job.task_id
                raise GraderError(f"{self.where}: several workers ended while they had {name}; see their logs.")
            errand.again.extend([job] for job in flight.jobs)
        elif future.status == "finished":
            report = future.result()
            yield from zip(flight.jobs, report.values, strict=False)
            rest = flight.jobs[len(report.values) :]
            if rest:
                self.members.dismiss(report)
                errand.again.append(rest)
        else:
            errand.again.append(flight.jobs)

    def _call_back(self, errand: Errand) -> None:
        """Take back the batches that no worker is left for."""
        for future, flight in list(errand.flights.items()):
            if not flight.allowed & self.members.fit.keys():
                del errand.flights[future]
                future.cancel()
                errand.again.append(flight.jobs)


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


def _silence() -> None:
    """Dask's own words on a lost connection would come beside ours."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)
