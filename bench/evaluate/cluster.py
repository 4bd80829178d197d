"""Grading by the workers of a Dask cluster.

    Cluster ──▶ workers.py      which workers there are, and which of them can grade
       ├──────▶ batches.py       what is on its way, and what comes back
       └──────▶ session.py      what each worker does with a batch

Dask moves batches and ground truth, and runs again what a worker took along.
"""

import contextlib
import logging
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any, Self

from distributed import Client, Future, KilledWorker

from bench.errors import GraderError, SandboxError
from bench.evaluate import session
from bench.evaluate.batches import BATCH, Batches, Sent, batched, name_of
from bench.evaluate.bundle import bundle, code
from bench.evaluate.grade import Work
from bench.evaluate.grader import Site
from bench.evaluate.ground_truth import Truth
from bench.evaluate.workers import CODE, GONE, SAME, Workers, said
from bench.files import write_atomic
from bench.locks import locked
from bench.profiles import Sandbox
from bench.records import Verdict

CONNECT = 10.0
"""Seconds in which a scheduler must answer."""

PARTS = 4
"""A lane gets at least so many batches of a grading, so that all of them end at about the same time."""

AHEAD = 2
"""Batches on their way or at work, for each lane of the cluster: what waits is with us, not in the scheduler."""

LIVES = 3
"""So many workers may end under one sample before it is thought to be to blame."""


class Cluster:
    """The workers of the scheduler at `where`. Raises SandboxError where it does not answer, or none can grade."""

    def __init__(self, where: str, truth: Truth, sandbox: Sandbox, *, trusted: bool) -> None:
        self.where, self.truth, self.sandbox, self.trusted = where, truth, sandbox, trusted
        self.width = 0

    def __enter__(self) -> Self:
        _silence()
        try:
            self.client = Client(self.where, timeout=CONNECT, set_as_default=False)
        except (*GONE, ValueError, TypeError, ImportError) as error:
            raise SandboxError(
                f"No Dask scheduler answers at {self.where} ({said(error)}); start it, or remove [evaluate] scheduler."
            ) from None
        try:
            self._require_same()
            self.workers = Workers(self.client, self.where)
            self._summon()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(*GONE):
            self.client.close(timeout=2)

    def _require_same(self) -> None:
        try:
            found = self.client.run_on_scheduler(eval, CODE)
        except Exception as error:  # noqa: BLE001 - whatever a machine without this package raises
            found = said(error)
        if found != code():
            raise SandboxError(f"The Dask scheduler at {self.where} has no bench, or another one ({found}); {SAME}.")

    def _summon(self) -> None:
        """Let every worker have what is known, and wait until one of them can grade."""
        self.truth.restore(self.truth.tasks.values())
        self.workers.give(bundle(self.truth), self.sandbox, trusted=self.trusted)
        while not self.workers.settled():
            self.workers.wait()
        # Workers with another Python compute what they need of theirs as they grade.
        self.truth.python = next(iter(self.workers.fit.values())).python
        self.width = max(self.width, self.workers.lanes)

    @property
    def sites(self) -> AbstractSet[Site]:
        """The sandboxes of the workers."""
        return frozenset(self.workers.fit.values())

    def prepare(self, samples: int) -> None:  # noqa: ARG002 - the workers are there already
        """Let the workers compute what is missing of the ground truth, keep it here, and give all of it to each."""
        if not self.truth.missing():
            return
        with locked(self.truth.root / "lock", what=f"the ground truth in {self.truth.root}", wait=True):
            each_alone = ([task.task_id] for task in self.truth.missing())
            batches = Batches(session.compute, each_alone, lambda: AHEAD * self.workers.lanes)
            for task_id, (python, body) in self._done(batches):
                write_atomic(self.truth.path(self.truth.tasks[task_id], python), body)
        self._summon()

    def each(
        self, works: Iterable[Work], *, seconds: float = 0.0, alone: bool = False
    ) -> Iterator[tuple[Work, Verdict, Site]]:
        """As every grader does; `alone`, no worker of the same machine runs a batch beside it (cores.py sees to it)."""
        size = 0.0 if alone else min(BATCH, seconds / (PARTS * max(1, self.width)))
        # What waits for a core of its own keeps a thread of its worker, so none is sent before there is one to wait in.
        ahead = 1 if alone else AHEAD
        new = batched(works, lambda work: work.seconds, size)
        batches = Batches(session.grade, new, lambda: ahead * self.workers.lanes, {"alone": alone})
        for work, (verdict, site) in self._done(batches):
            yield work, verdict, site

    def _done(self, batches: Batches) -> Iterator[tuple[Any, Any]]:
        """Each job with its value, as batches come back; whatever happens to workers, each job once."""
        try:
            while self._send(batches):
                future = self.workers.wait()
                batch = batches.sent.pop(future, None) if future else None
                if future and batch:
                    yield from self._landed(batches, future, batch)
                self._call_back(batches)
        finally:
            for future in batches.sent:
                self.workers.cancel(future)

    def _send(self, batches: Batches) -> bool:
        """Send as many batches as may be ahead; whether any is under way or waits."""
        while batches.waits() and self.workers.fit and len(batches.sent) < batches.ahead():
            jobs, allowed = batches.again.popleft(), frozenset(self.workers.fit)
            name = self.workers.order.name
            future = self.workers.submit(batches.function, name, jobs, workers=list(allowed), **batches.options)
            batches.sent[future] = Sent(jobs, allowed)
        self.width = max(self.width, self.workers.lanes)
        return bool(batches.sent or batches.again)

    def _landed(self, batches: Batches, future: "Future[Any]", batch: Sent) -> Iterator[tuple[Any, Any]]:
        """What a batch brought; the rest of it is sent again."""
        if future.status == "error":
            self._failed(batches, batch, future.exception())
            return
        report = self.workers.result(future) if future.status == "finished" else None
        if report is None:
            batches.again.append(batch.jobs)
            return
        yield from zip(batch.jobs, report.values, strict=False)
        rest = batch.jobs[len(report.values) :]
        if rest:
            batches.again.append(rest)
            if report.unknown:
                self.workers.fit.pop(report.worker, None)
            else:
                self.workers.refuse(report.worker, report.trouble)

    def _failed(self, batches: Batches, batch: Sent, error: BaseException) -> None:
        """Send one by one what several workers ended with. Raises GraderError where one sample seems to end them."""
        if not isinstance(error, KilledWorker):
            raise error
        if len(batch.jobs) == 1:
            name = name_of(batch.jobs[0])
            batches.killed[name] += 1
            if batches.killed[name] == LIVES:
                raise GraderError(f"{self.where}: workers end whenever they have {name}; see their logs.")
        batches.again.extend([job] for job in batch.jobs)

    def _call_back(self, batches: Batches) -> None:
        """Take back the batches that no worker is left for."""
        for future, batch in list(batches.sent.items()):
            if not batch.allowed & self.workers.fit.keys():
                del batches.sent[future]
                self.workers.cancel(future)
                batches.again.append(batch.jobs)


def _silence() -> None:
    """Dask's own words on a lost connection would come beside ours."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)
