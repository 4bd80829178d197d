"""Lanes, opened when they are needed, proved before they are used, replaced when they end."""

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

from bench.console import tell
from bench.errors import SandboxError
from bench.parallel import each
from bench.sandbox import docker
from bench.sandbox.instance import Lane, LaneEnded
from bench.sandbox.kinds import Box
from bench.sandbox.probe_targets import Outside

Job = TypeVar("Job")
Result = TypeVar("Result")

AHEAD = 1000
"""Results that may wait to be taken, so that memory is bounded whatever the number of samples."""


class Pool:
    """The lanes of one grading; `stage` is the folder that they see, `hello` what the first one said of itself."""

    def __init__(self, box: Box, stage: Path) -> None:
        self.box, self.stage = box, stage
        self.hello: dict[str, Any] = {}
        self.opened = 0
        self.started: list[Lane] = []
        self.free: list[Lane] = []
        self.busy: list[Lane] = []
        self.lock = threading.Lock()
        self.closed = False
        self.outside: Outside | None = None
        # bubblewrap ends with the thread that started it (--die-with-parent): this one outlives every lane.
        self.opener = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        if self.box.kind == "docker":
            docker.remove_orphans()
        if self.box.isolated:
            self.outside = Outside(self.stage.parent / f"canary-{secrets.token_hex(4)}")
        return self

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.closed = True
            lanes = self.started + self.free + self.busy
        threads = [threading.Thread(target=lane.close) for lane in lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.opener.shutdown()
        if self.outside:
            self.outside.close()

    def start(self, count: int) -> None:
        """Start so many lanes, at most as many as run at once; they load their Python while the caller goes on."""
        with self.lock:
            self.started += [self._open() for _ in range(min(count, self.box.workers))]

    def _open(self) -> Lane:
        number, self.opened = self.opened, self.opened + 1
        return self.opener.submit(self.box.open, self.stage, number).result()

    def take(self) -> Lane:
        """A lane that passed its probe. Raises SandboxError, and LaneEnded where the pool is closed."""
        with self.lock:
            if self.free:
                self.busy.append(self.free.pop())
                return self.busy[-1]
            if self.closed:
                raise LaneEnded
            lane = self.started.pop() if self.started else self._open()
            self.busy.append(lane)
        try:
            self._prove(lane)
        except BaseException:
            self.drop(lane)
            raise
        return lane

    def give_back(self, lane: Lane) -> None:
        """Keep a lane for the next job, unless a sample left something in it that would not go."""
        if lane.dirty:
            self.drop(lane)
            return
        with self.lock:
            self.busy.remove(lane)
            self.free.append(lane)

    def drop(self, lane: Lane) -> None:
        """End a lane."""
        with self.lock, suppress(ValueError):
            self.busy.remove(lane)
        lane.close()

    def _prove(self, lane: Lane) -> None:
        hello = lane.greet()
        if str(hello["numpy"]).startswith("missing"):
            where = f"The sandbox image {self.box.settings.image}" if self.box.kind == "docker" else "The sandbox"
            raise SandboxError(f"{where} has no usable NumPy ({hello['numpy']}); choose one that has it.")
        if self.outside:
            through = self.outside.probe(lane)
            if through:
                raise SandboxError(f"The sandbox ({self.box.kind}) does not hold: {'; '.join(through)}.")
        if self.box.isolated and not self.hello and not hello["filtered"]:
            tell("  system calls of samples are not filtered on this machine; docs/sandbox.md says what that means")
        self.hello = self.hello or hello

    def each(
        self,
        jobs: Iterable[Job],
        work: Callable[[Lane, Job], Result],
        give_up: Callable[[Job], Result],
        workers: int = 0,
    ) -> Iterator[tuple[Job, Result]]:
        """The result of `work` for each job, as they come; `give_up` says what a job is worth that ended two lanes.

        Jobs are taken when a lane is free. Raises what `work` raises, and SandboxError where no new lane starts.
        """
        return each(jobs, lambda job: self._attempt(job, work, give_up), workers or self.box.workers, ahead=AHEAD)

    def _attempt(self, job: Job, work: Callable[[Lane, Job], Result], give_up: Callable[[Job], Result]) -> Result:
        for _ in range(2):
            lane = self.take()
            try:
                result = work(lane, job)
            except LaneEnded:
                self.drop(lane)
                continue
            except BaseException:
                self.drop(lane)
                raise
            self.give_back(lane)
            return result
        # Two lanes ended under this job: if a third one starts, the job ended them, else the engine did.
        self.give_back(self.take())
        return give_up(job)
