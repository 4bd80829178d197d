"""A Dask worker's part of a grading: it unpacks the ground truth, chooses its own sandbox, and works on batches.

All functions here run in the worker's process, called by cluster.py. A worker keeps what it needs for the next batch,
and puts it away when none has come for a minute.
"""

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distributed import get_worker

from bench.errors import BenchError
from bench.evaluate.bundle import Bundle
from bench.evaluate.grade import Work
from bench.evaluate.grader import Site
from bench.evaluate.local import ThisMachine
from bench.profiles import Sandbox
from bench.sandbox.cores import turn
from bench.sandbox.kinds import sandbox_for

IDLE = 60.0
"""Seconds after which a worker without work ends its lanes."""


@dataclass(frozen=True)
class Order:
    """What a grading asks of a worker: which ground truth comes, and the settings of its sandbox."""

    name: str
    dataset: str
    md5: str
    sandbox: Sandbox
    trusted: bool


@dataclass(frozen=True)
class BatchReport:
    """What a worker says of a batch: a value for each job from the first on, as far as it came.

    `trouble` says why it came no further; `unknown`, that the worker does not know the grading (any more).
    """

    worker: str
    values: tuple[Any, ...] = ()
    trouble: str = ""
    unknown: bool = False


@dataclass
class Session:
    """One grading on this worker."""

    grader: ThisMachine
    folder: contextlib.ExitStack
    busy: int = 0
    idle: threading.Timer | None = None


@dataclass
class Sessions:
    """All gradings on this worker, by the names of their orders."""

    open: dict[str, Session] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def used(self, name: str) -> Iterator[Session | None]:
        """A session for a while; None where there is none of that name."""
        with self.lock:
            session = self.open.get(name)
            if session:
                session.busy += 1
                if session.idle:
                    session.idle.cancel()
        try:
            yield session
        finally:
            if session:
                self._leave(name, session)

    def _leave(self, name: str, session: Session) -> None:
        with self.lock:
            session.busy -= 1
            if session.busy:
                return
            if session.idle:
                session.idle.cancel()
            session.idle = threading.Timer(IDLE, self._end, (name, session))
            session.idle.daemon = True
            session.idle.start()

    def _end(self, name: str, session: Session) -> None:
        with self.lock:
            if session.busy or self.open.get(name) is not session:
                return
            del self.open[name]
        session.folder.close()


HERE = Sessions()
ENTERING = threading.Lock()


def enter(order: Order, data: bytes) -> Site | str:
    """Make this worker ready, its sandbox proved; or the sentence that says why it cannot grade."""
    try:
        with ENTERING:
            while True:
                with HERE.used(order.name) as session:
                    if session:
                        return session.grader.site
                HERE.open[order.name] = _session(order, Bundle(order.dataset, order.md5, data))
    except (BenchError, OSError) as error:
        return str(error)


def _session(order: Order, bundle: Bundle) -> Session:
    with contextlib.ExitStack() as folder:
        # In the worker's own folder: what a worker that was killed leaves there, Dask removes.
        place = folder.enter_context(tempfile.TemporaryDirectory(dir=get_worker().local_directory, prefix="bench-"))
        truth = bundle.unpack(Path(place))
        grader = folder.enter_context(ThisMachine(truth, sandbox_for(order.sandbox, trusted=order.trusted)))
        grader.select_ground_truth()
        return Session(grader, folder.pop_all())


def grade(name: str, works: Sequence[Work], *, alone: bool) -> BatchReport:
    """The verdict for each."""

    def verdicts(grader: ThisMachine) -> Iterator[tuple[Any, Site]]:
        return ((verdict, site) for _, verdict, site in grader.each(works, lanes=1))

    return _report(name, verdicts, alone=alone)


def compute(name: str, task_ids: Sequence[str]) -> BatchReport:
    """The ground truth of each problem: the Python that it is for, and the content of its file."""

    def files(grader: ThisMachine) -> Iterator[tuple[str, bytes]]:
        truth = grader.truth
        tasks = [truth.tasks[task_id] for task_id in task_ids]
        return ((truth.python, truth.path(task).read_bytes()) for task in grader.computed(tasks, lanes=1))

    return _report(name, files, alone=False)


def _report(name: str, work: Callable[[ThisMachine], Iterable[Any]], *, alone: bool) -> BatchReport:
    here, values, trouble = str(get_worker().address), [], ""
    with HERE.used(name) as session:
        if session is None:
            return BatchReport(here, unknown=True)
        try:
            with turn(alone=alone):
                for value in work(session.grader):
                    values.append(value)  # noqa: PERF402 - what was done before an error counts
        except (BenchError, OSError) as error:
            trouble = str(error)
    return BatchReport(here, tuple(values), trouble)
