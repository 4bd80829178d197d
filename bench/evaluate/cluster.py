"""Grading by the workers of a Dask cluster.

Dask runs the plugin `Sandboxes` once on every worker, also on those that join later: it unpacks the ground truth and
probes the worker's own sandbox. A worker that can grade offers a resource, one for each of its threads; a batch of
samples is a task that needs one. Dask gives batches to free workers, and runs the tasks of dead workers again.
"""

import asyncio
import contextlib
import itertools
import logging
import queue
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from threading import Lock, Timer
from typing import Any, Self

from distributed import Client, Future, KilledWorker, Reschedule, Worker, WorkerPlugin, get_worker
from distributed.client import ClosedClientError

from bench.console import print_line
from bench.errors import BenchError, GraderError, SandboxError
from bench.evaluate.bundle import Bundle, bundle, code
from bench.evaluate.grade import Job
from bench.evaluate.grader import Environment
from bench.evaluate.ground_truth import GroundTruth
from bench.evaluate.local import ThisMachine
from bench.evaluate.problem_tests import ProblemTests
from bench.files import write_atomic
from bench.profiles import Sandbox
from bench.records import Verdict
from bench.sandbox.kinds import sandbox_for

CONNECT = 10.0
"""Seconds in which a scheduler must answer."""

BATCH_SIZE, TASKS_PER_THREAD = 20, 2
"""Samples in a task; tasks in flight for each thread of the cluster: the rest waits here, not in the scheduler."""

PATIENCE = 60.0
"""Seconds of waiting for a worker that can grade."""

IDLE = 60.0
"""Seconds after which a worker without tasks ends its sandboxes."""

POLL_SECONDS = 1.0
"""Seconds between two polls of the workers."""

CONNECTION_ERRORS = (OSError, RuntimeError, ClosedClientError)
CODE = "__import__('bench.evaluate.bundle', fromlist=['code']).code()"
REMEDY = "install this machine's bench and EvalPlus there"


class Sandboxes(WorkerPlugin):  # type: ignore[misc] # distributed is untyped
    """A worker's sandboxes, until it leaves or the grading ends; `trouble` is the reason why it has none.

    They also end when idle, since a worker does not learn that a grading was killed.
    """

    def __init__(self, data: Bundle, sandbox: Sandbox, *, trusted: bool) -> None:
        self.name, self.code = f"bench-{secrets.token_hex(8)}", code()
        self.bundle, self.sandbox, self.trusted = data, sandbox, trusted
        self.trouble = ""
        self.grader: ThisMachine | None = None

    async def setup(self, worker: Worker) -> None:
        """Prepare the sandboxes, off the event loop."""
        self.folder, self.open, self.lock, self.tasks = contextlib.ExitStack(), contextlib.ExitStack(), Lock(), 0
        try:
            await asyncio.to_thread(self._unpack, worker.local_directory)
        except (BenchError, OSError) as error:
            self.trouble = str(error)
        await worker.set_resources(**{self.name: 0 if self.trouble else worker.state.nthreads})

    async def teardown(self, worker: Worker) -> None:  # noqa: ARG002 - Dask's signature
        """End the sandboxes."""
        await asyncio.to_thread(self._end)
        self.folder.close()

    def _unpack(self, folder: str) -> None:
        if code() != self.code:
            raise SandboxError(f"it has another grader; {REMEDY}.")
        place = Path(self.folder.enter_context(tempfile.TemporaryDirectory(dir=folder, prefix="bench-")))
        self.truth = self.bundle.unpack(place)
        with self.in_use():
            pass

    @contextlib.contextmanager
    def in_use(self) -> Iterator[ThisMachine]:
        """The sandboxes, for one task; restarted where they had ended. Raises SandboxError."""
        with self.lock:
            if self.grader is None or self.grader.pool.closed:
                kind = sandbox_for(self.sandbox, trusted=self.trusted)
                self.grader = self.open.enter_context(ThisMachine(self.truth, kind))
                self.grader.select_ground_truth()
            self.tasks += 1
        try:
            yield self.grader
        finally:
            with self.lock:
                self.tasks -= 1
                self.last = time.monotonic()
            timer = Timer(IDLE, self._end_if_idle)
            timer.daemon = True
            timer.start()

    def _end_if_idle(self) -> None:
        if time.monotonic() - self.last >= IDLE - 1:
            self._end()

    def _end(self) -> None:
        with self.lock:
            if not self.tasks:
                self.open.close()

    def leave(self, worker: Worker, trouble: str) -> None:
        """Take no more work; called by a task."""
        self.trouble = trouble
        loop: Any = worker.loop
        asyncio.run_coroutine_threadsafe(worker.set_resources(**{self.name: 0}), loop.asyncio_loop).result()


@contextlib.contextmanager
def own_sandboxes(name: str) -> Iterator[ThisMachine]:
    """The worker's own sandboxes, for a task; if they fail, it is rescheduled on another worker."""
    worker = get_worker()
    plugin: Any = worker.plugins[name]
    try:
        with plugin.in_use() as machine:
            yield machine
    except SandboxError as error:
        plugin.leave(worker, str(error))
        raise Reschedule from None


def grade(name: str, jobs: Sequence[Job], *, alone: bool) -> list[tuple[Verdict, Environment]]:
    """The verdict on each job."""
    with own_sandboxes(name) as machine:
        return [(verdict, environment) for _, verdict, environment in machine.each(jobs, alone=alone, workers=1)]


def compute(name: str, task_ids: Sequence[str]) -> list[tuple[str, bytes]]:
    """The ground truth of each problem: its Python version, and the content of its file."""
    with own_sandboxes(name) as machine:
        truth = machine.truth
        tasks = [truth.tasks[task_id] for task_id in task_ids]
        return [(truth.python, truth.path(task).read_bytes()) for task in machine.computed(tasks, workers=1)]


def state(name: str, dask_worker: Any) -> tuple[str, Environment | None, int]:
    """The reason why a worker cannot grade ("" where it can), its sandbox (None while it prepares), its threads."""
    plugin = dask_worker.plugins.get(name)
    if plugin is None or plugin.trouble or plugin.grader is None:
        return (plugin.trouble if plugin else ""), None, 0
    return "", plugin.grader.environment, dask_worker.state.nthreads


class Cluster:
    """The workers of the scheduler at `where`. Raises SandboxError where it does not answer, or none can grade.

    `width` is the largest number of samples that ran at once, `threads` the present one; `ready` are the workers that
    could grade at the last poll.
    """

    def __init__(self, where: str, truth: GroundTruth, sandbox: Sandbox, *, trusted: bool) -> None:
        self.where, self.truth, self.sandbox, self.trusted = where, truth, sandbox, trusted
        self.width, self.threads, self.refused, self.ready = 0, 0, set[str](), frozenset[str]()
        self.environments: AbstractSet[Environment] = frozenset()

    def __enter__(self) -> Self:
        _silence()
        try:
            self.client = Client(self.where, timeout=CONNECT, set_as_default=False)
        except (*CONNECTION_ERRORS, ValueError, TypeError, ImportError) as error:
            raise SandboxError(
                f"No Dask scheduler answers at {self.where} ({_first_line(error)}); start it, or remove [evaluate] "
                "scheduler."
            ) from None
        try:
            self._require_same_code()
            self.truth.restore(self.truth.tasks.values())
            self._install()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "plugin"):
            self._uninstall()
        with contextlib.suppress(*CONNECTION_ERRORS):
            self.client.close(timeout=2)

    def _require_same_code(self) -> None:
        try:
            version = self.client.run_on_scheduler(eval, CODE)
        except Exception as error:  # noqa: BLE001 - whatever a machine without this package raises
            version = _first_line(error)
        if version != code():
            raise SandboxError(
                f"The Dask scheduler at {self.where} has no bench, or another one ({version}); {REMEDY}."
            )

    def _install(self) -> None:
        self.plugin = Sandboxes(bundle(self.truth), self.sandbox, trusted=self.trusted)
        # Whatever machines without this package raise: each poll finds those that cannot grade.
        with contextlib.suppress(Exception):
            self.client.register_plugin(self.plugin)
        self._poll(time.monotonic() + PATIENCE)
        # Workers with another Python compute its ground truth as they grade.
        self.truth.python = next(iter(self.environments)).python

    def _uninstall(self) -> None:
        # A worker that never had the plugin raises KeyError.
        with contextlib.suppress(*CONNECTION_ERRORS, KeyError):
            self.client.unregister_worker_plugin(self.plugin.name)

    def _poll(self, until: float) -> bool:
        """Find the workers that can grade, and wait for one; whether any earlier one is left. Raises SandboxError."""
        while True:
            with self._scheduler():
                answers = self.client.run(partial(state, self.plugin.name), on_error="return")
            states = {worker: answer for worker, answer in answers.items() if isinstance(answer, tuple)}
            for worker, answer in answers.items():
                if (trouble := _trouble(answer)) and worker not in self.refused:
                    self.refused.add(worker)
                    print_line(f"  worker {worker} is left out: {trouble}")
            self.environments |= {answer for _, answer, _ in states.values() if answer}
            self.threads = sum(threads for _, _, threads in states.values())
            self.width = max(self.width, self.threads)
            if self.threads:
                before, self.ready = self.ready, frozenset(worker for worker, answer in states.items() if answer[1])
                return bool(before & self.ready)
            if time.monotonic() > until or (answers and all(worker in self.refused for worker in answers)):
                raise SandboxError(f"No worker of {self.where} can grade: {self._reason(states)}")
            time.sleep(POLL_SECONDS)

    def _reason(self, states: dict[str, tuple[str, Environment | None, int]]) -> str:
        no_worker = (
            f"it has had no worker for {PATIENCE:.0f} s; start one (dask worker {self.where}), and run doit again."
        )
        return next((trouble for trouble, _, _ in states.values() if trouble), no_worker)

    def prepare(self, samples: int, on_truth: Callable[[int, int], None]) -> None:  # noqa: ARG002 - workers are there
        """Let the workers compute missing ground truth, store it here, and send all of it to each."""
        if self.truth.complete(self._computed, on_truth):
            self._uninstall()
            self._install()

    def _computed(self, missing: list[ProblemTests]) -> Iterator[str]:
        for task_id, (python, body) in self._results(compute, [task.task_id for task in missing], 1):
            write_atomic(self.truth.path(self.truth.tasks[task_id], python), body)
            yield task_id

    def each(self, jobs: Iterable[Job], *, alone: bool = False) -> Iterator[tuple[Job, Verdict, Environment]]:
        """As every grader; with `alone`, each has an exclusive core of a worker's machine."""
        for job, (verdict, environment) in self._results(partial(grade, alone=alone), jobs, 1 if alone else BATCH_SIZE):
            yield job, verdict, environment

    def _results(self, function: Callable[..., list[Any]], jobs: Iterable[Any], size: int) -> Iterator[tuple[Any, Any]]:
        """Each job with its value, as batches come back: each job once, even if workers die."""
        with self._scheduler():
            batches = Batches(self, function, jobs, size)
            try:
                yield from batches.results()
            finally:
                self.client.cancel(list(batches.sent))

    @contextlib.contextmanager
    def _scheduler(self) -> Iterator[None]:
        try:
            yield
        except CONNECTION_ERRORS:
            raise GraderError(
                f"The Dask scheduler at {self.where} is gone; start it, and run doit again: what was graded is kept."
            ) from None


class Batches:
    """Jobs in batches of `size`; `sent` are the tasks in flight."""

    def __init__(self, cluster: Cluster, function: Callable[..., list[Any]], jobs: Iterable[Any], size: int) -> None:
        self.cluster, self.function, self.jobs, self.size = cluster, function, iter(jobs), size
        self.sent: dict[Future[Any], list[Any]] = {}
        self.returned: list[list[Any]] = []
        self.ended: queue.Queue[Future[Any]] = queue.Queue()
        self.deadline = 0.0

    def results(self) -> Iterator[tuple[Any, Any]]:
        """Each job with its value. Raises GraderError for a job that ends the workers."""
        while self._send():
            try:
                future = self.ended.get(timeout=POLL_SECONDS)
            except queue.Empty:
                self._poll()
                continue
            batch = self.sent.pop(future, None)
            if batch is not None:
                self.deadline = 0.0
                yield from self._received(future, batch)

    def _send(self) -> bool:
        """Send batches up to the limit; whether any is in flight."""
        cluster = self.cluster
        while len(self.sent) < TASKS_PER_THREAD * max(1, cluster.threads):
            batch = self.returned.pop() if self.returned else list(itertools.islice(self.jobs, self.size))
            if not batch:
                break
            resources = {cluster.plugin.name: 1}
            future = cluster.client.submit(self.function, cluster.plugin.name, batch, resources=resources, pure=False)
            future.add_done_callback(self.ended.put)
            self.sent[future] = batch
        return bool(self.sent)

    def _poll(self) -> None:
        self.deadline = self.deadline or time.monotonic() + PATIENCE
        if not self.cluster._poll(self.deadline):  # noqa: SLF001 - its own part
            # Dask does not reconsider tasks that no worker could take when a new one offers the resource.
            self.cluster.client.cancel(list(self.sent))
            self.returned += self.sent.values()
            self.sent.clear()

    def _received(self, future: "Future[Any]", batch: list[Any]) -> Iterator[tuple[Any, Any]]:
        if future.status == "finished":
            yield from zip(batch, future.result(), strict=True)
        elif future.status != "error":
            self.returned.append(batch)
        elif not isinstance(error := future.exception(), KilledWorker):
            raise error
        elif len(batch) > 1:
            self.returned += [[job] for job in batch]
        else:
            name = getattr(batch[0], "task_id", batch[0])
            raise GraderError(f"{self.cluster.where}: workers end whenever they have {name}; see their logs.")


def _trouble(answer: Any) -> str:
    """The reason why a worker cannot grade, by its state or the error in place of it; "" where it can."""
    if isinstance(answer, tuple):
        return str(answer[0])
    return f"it cannot load the grader ({_first_line(answer)}); {REMEDY}."


def _first_line(error: object) -> str:
    """An error's first line, or its name."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _silence() -> None:
    """Suppress Dask's own messages on a lost connection, which would come beside ours."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)
