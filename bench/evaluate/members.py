"""The workers of a Dask cluster that can grade: made ready when they come, forgotten when they go."""

import queue
import time
from importlib.metadata import version
from typing import Any

from distributed import Client, Future

from bench.console import tell
from bench.errors import GraderError, SandboxError
from bench.evaluate import station
from bench.evaluate.bundle import Bundle, code
from bench.evaluate.crew import Site
from bench.profiles import Sandbox

GONE = (OSError, RuntimeError)
"""What Dask raises where a scheduler does not answer."""

LOOK = 1.0
"""Seconds between two looks at who is there."""

GATHER = 10.0
"""Seconds in which all workers should have answered; one that pulls an image may come later."""

PATIENCE = 60.0
"""Seconds that a cluster without a worker is given to get one."""


class Members:
    """The workers behind a client: `fit` can grade, `refused` cannot (and why), `entering` are making ready."""

    def __init__(self, client: Client, where: str, bundle: Bundle, sandbox: Sandbox, *, trusted: bool) -> None:
        self.client, self.where, self.bundle = client, where, bundle
        self.order = station.Order(
            f"{bundle.name} {sandbox} {trusted}", code(), version("bench"), sandbox, trusted
        )  # fmt: skip
        self.fit: dict[str, Site] = {}
        self.refused: dict[str, str] = {}
        self.entering: dict[Future[Any], str] = {}
        self.threads: dict[str, int] = {}
        self.ended: queue.Queue[Future[Any]] = queue.Queue()
        self.looked, self.began = 0.0, time.monotonic()
        self.seen = self.began
        self.truth: Future[Any] | None = None

    @property
    def lanes(self) -> int:
        """Samples that run at once."""
        return sum(self.threads.get(worker, 0) for worker in self.fit)

    def settled(self) -> bool:
        """Whether a worker can grade, and the others have answered or had their time."""
        return bool(self.fit) and (not self.entering or time.monotonic() - self.began > GATHER)

    def watch(self, future: "Future[Any]") -> None:
        """Let `wait` return this future when it ends."""
        future.add_done_callback(self.ended.put)

    def wait(self) -> "Future[Any] | None":
        """The next watched future that ended, or None after a while; looks after the workers meanwhile.

        Raises SandboxError where no worker can grade, GraderError where the scheduler is gone.
        """
        if time.monotonic() - self.looked >= LOOK:
            self._look()
        try:
            future = self.ended.get(timeout=LOOK)
        except queue.Empty:
            return None
        if future in self.entering:
            self._entered(future, self.entering.pop(future))
            return None
        return future

    def dismiss(self, report: station.Report) -> None:
        """Give no more work to a worker that could not do it; one that does not know the grading makes ready again."""
        self.fit.pop(report.worker, None)
        if not report.unknown:
            self._refuse(report.worker, report.trouble)

    def _look(self) -> None:
        try:
            self.threads = self.client.nthreads()
        except GONE:
            raise GraderError(
                f"The Dask scheduler at {self.where} is gone; start it, and run doit again: what was graded is kept."
            ) from None
        for known in (self.fit, self.refused):
            for worker in known.keys() - self.threads.keys():
                del known[worker]
        for future, worker in list(self.entering.items()):
            if worker not in self.threads:
                del self.entering[future]
        new = self.threads.keys() - self.fit.keys() - self.refused.keys() - set(self.entering.values())
        if new:
            self._invite(sorted(new))
        self._require_some()
        self.looked = time.monotonic()

    def _invite(self, workers: list[str]) -> None:
        try:
            if self.truth is None or self.truth.status != "finished":
                self.truth = self.client.scatter(self.bundle, workers=workers, broadcast=True, hash=False)
        except GONE:
            return  # They went as they came: the next look tells.
        for worker in workers:
            future = self.client.submit(station.enter, self.order, self.truth, workers=[worker], pure=False)
            self.entering[future] = worker
            self.watch(future)

    def _entered(self, future: "Future[Any]", worker: str) -> None:
        if future.status == "finished":
            found = future.result()
            if isinstance(found, Site):
                self.fit[worker] = found
            else:
                self._refuse(worker, found)
        elif future.status == "error":
            error = future.exception()
            self._refuse(worker, f"it has no bench, or another one ({type(error).__name__}: {error})")

    def _refuse(self, worker: str, why: str) -> None:
        self.refused[worker] = why
        tell(f"  worker {worker} is left out: {why}")

    def _require_some(self) -> None:
        if self.fit or self.entering:
            self.seen = time.monotonic()
        elif self.refused:
            raise SandboxError(f"No worker of {self.where} can grade: {next(iter(self.refused.values()))}")
        elif time.monotonic() - self.seen > PATIENCE:
            raise SandboxError(
                f"{self.where} has had no worker for {PATIENCE:.0f} s; start one (dask worker {self.where}), and run "
                "doit again: what was graded is kept."
            )
