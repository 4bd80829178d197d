"""The workers of a Dask cluster that can grade: asked what they are, made ready, forgotten when they go."""

import queue
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from importlib.metadata import version
from typing import Any

from distributed import Client, Future, KilledWorker
from distributed.client import ClosedClientError

from bench.console import tell
from bench.errors import GraderError, SandboxError
from bench.evaluate import session
from bench.evaluate.bundle import Bundle, code
from bench.evaluate.grader import Site
from bench.profiles import Sandbox

GONE = (OSError, RuntimeError, ClosedClientError)
"""What Dask raises where a scheduler does not answer (any more)."""

CODE = "__import__('bench.evaluate.bundle', fromlist=['code']).code()"
"""What another machine is asked first: nothing but Python is needed to say that there is no such module."""

SAME = f"install this machine's bench ({version('bench')}) there"

LOOK = 1.0
"""Seconds between two looks at who is there."""

HANDOVER = 30.0
"""Seconds in which a worker that has ended a task hands over what came of it."""

GATHER = 10.0
"""Seconds in which all workers should have answered; one that pulls an image may come later."""

PATIENCE = 60.0
"""Seconds that a cluster without a worker is given to get one; where it has only useless ones, a few."""


class Workers:
    """The workers behind a client: `fit` can grade, `refused` cannot; `asked` and `entering` are on their way."""

    def __init__(self, client: Client, where: str) -> None:
        self.client, self.where = client, where
        self.fit: dict[str, Site] = {}
        self.refused: dict[str, str] = {}
        self.asked: dict[Future[Any], str] = {}
        self.entering: dict[Future[Any], str] = {}
        self.threads: dict[str, int] = {}
        self.ended: queue.Queue[Future[Any]] = queue.Queue()
        self.looked, self.had_one = 0.0, False
        self.truth: Future[Any] | None = None

    def give(self, bundle: Bundle, sandbox: Sandbox, *, trusted: bool) -> None:
        """Make all workers ready for this ground truth, instead of another."""
        for future in self.entering:
            self.cancel(future)
        self.fit, self.entering = {}, {}
        self.data, self.truth = bundle.data, None
        name = f"{bundle.name} {sandbox} {trusted}"
        self.order = session.Order(name, bundle.dataset, bundle.md5, sandbox, trusted)
        self.began = self.seen = time.monotonic()

    @property
    def lanes(self) -> int:
        """Samples that run at once."""
        return sum(self.threads.get(worker, 0) for worker in self.fit)

    def settled(self) -> bool:
        """Whether a worker can grade, and the others have answered or had their time."""
        return bool(self.fit) and (not (self.asked or self.entering) or time.monotonic() - self.began > GATHER)

    def submit(self, function: Callable[..., Any], *given: Any, workers: list[str], **options: Any) -> "Future[Any]":
        """A task for one of these workers; `wait` returns it when it ends. Raises GraderError."""
        try:
            future: Future[Any] = self.client.submit(function, *given, **options, workers=workers, pure=False)
            future.add_done_callback(self.ended.put)
        except GONE:
            raise self._gone() from None
        return future

    def cancel(self, future: "Future[Any]") -> None:
        """Forget a task, if there is still somebody to tell."""
        try:
            future.cancel()
        except GONE:
            return

    def result(self, future: "Future[Any]") -> Any:
        """What came of a task that was finished; None where its worker went before it handed that over."""
        try:
            return future.result(timeout=HANDOVER)
        except (*GONE, CancelledError, KilledWorker):
            self.cancel(future)
            return None

    def wait(self) -> "Future[Any] | None":
        """The next task that ended, or None after a while; looks after the workers meanwhile.

        Raises SandboxError where no worker can grade, GraderError where the scheduler is gone.
        """
        if time.monotonic() - self.looked >= LOOK:
            self._look()
        try:
            future = self.ended.get(timeout=LOOK)
        except queue.Empty:
            return None
        if future in self.asked:
            self._answered(future, self.asked.pop(future))
        elif future in self.entering:
            self._entered(future, self.entering.pop(future))
        else:
            return future
        return None

    def refuse(self, worker: str, why: str) -> None:
        """Give no more work to a worker, and say so once."""
        self.fit.pop(worker, None)
        if worker not in self.refused:
            self.refused[worker] = why
            tell(f"  worker {worker} is left out: {why}")

    def _look(self) -> None:
        try:
            self.threads = self.client.nthreads()
        except GONE:
            raise self._gone() from None
        for known in (self.fit, self.refused):
            for worker in known.keys() - self.threads.keys():
                del known[worker]
        for waiting in (self.asked, self.entering):
            for future in [future for future, worker in waiting.items() if worker not in self.threads]:
                del waiting[future]
                self.cancel(future)
        coming = {*self.asked.values(), *self.entering.values()}
        for worker in sorted(self.threads.keys() - self.fit.keys() - self.refused.keys() - coming):
            self.asked[self.submit(eval, CODE, workers=[worker])] = worker
        self._require_some()
        self.looked = time.monotonic()

    def _answered(self, future: "Future[Any]", worker: str) -> None:
        if future.status == "error":
            self.refuse(worker, f"it cannot load the grader ({said(future.exception())}); {SAME}.")
        elif future.status == "finished" and (found := self.result(future)):
            if found == code():
                self._invite(worker)
            else:
                self.refuse(worker, f"it has another grader; {SAME}.")

    def _invite(self, worker: str) -> None:
        try:
            if self.truth is None or self.truth.status != "finished":
                # Bytes, which any machine can keep; the next workers get them from this one.
                self.truth = self.client.scatter(self.data, workers=[worker], hash=False)
        except (*GONE, KeyError):
            return  # It went as it came: the next look tells.
        self.entering[self.submit(session.enter, self.order, self.truth, workers=[worker])] = worker

    def _entered(self, future: "Future[Any]", worker: str) -> None:
        if future.status == "error":
            self.refuse(worker, f"it cannot make ready ({said(future.exception())}).")
        elif future.status == "finished" and (found := self.result(future)):
            if isinstance(found, Site):
                self.fit[worker], self.had_one = found, True
            else:
                self.refuse(worker, found)

    def _require_some(self) -> None:
        now = time.monotonic()
        if self.fit or self.asked or self.entering:
            self.seen = now
        elif self.refused and now - self.seen > (PATIENCE if self.had_one else 3 * LOOK):
            raise SandboxError(f"No worker of {self.where} can grade: {next(iter(self.refused.values()))}")
        elif now - self.seen > PATIENCE:
            raise SandboxError(
                f"{self.where} has had no worker for {PATIENCE:.0f} s; start one (dask worker {self.where}), and run "
                "doit again: what was graded is kept."
            )

    def _gone(self) -> GraderError:
        return GraderError(
            f"The Dask scheduler at {self.where} is gone; start it, and run doit again: what was graded is kept."
        )


def said(error: BaseException | None) -> str:
    """An error's first line, or its name."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
