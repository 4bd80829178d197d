"""Lanes, opened when they are needed, proved before they are used, replaced when they end."""

import json
import queue
import secrets
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

from bench.errors import SandboxError
from bench.evaluate import docker
from bench.evaluate.lane import Lane, LaneEnded, into
from bench.evaluate.sandbox import Box
from bench.files import write_atomic

Job = TypeVar("Job")
Result = TypeVar("Result")
PROBE_SECONDS = 30.0


class Pool:
    """The lanes of one grading; `stage` is the folder that they see, `hello` what the first one said of itself."""

    def __init__(self, box: Box, stage: Path) -> None:
        self.box, self.stage = box, stage
        self.hello: dict[str, Any] = {}
        self.opened = 0
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
            lanes = self.free + self.busy
        threads = [threading.Thread(target=lane.close) for lane in lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.opener.shutdown()
        if self.outside:
            self.outside.close()

    def take(self) -> Lane:
        """A lane that passed its probe. Raises SandboxError."""
        with self.lock:
            if self.free:
                self.busy.append(self.free.pop())
                return self.busy[-1]
            if self.closed:
                raise LaneEnded
            number, self.opened = self.opened, self.opened + 1
            lane = self.opener.submit(self.box.open, self.stage, number).result()
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
        self.hello = self.hello or hello

    def each(
        self, jobs: Iterable[Job], work: Callable[[Lane, Job], Result], lost: Callable[[Job], Result], workers: int = 0
    ) -> Iterator[tuple[Job, Result]]:
        """The result of `work` for each job, as they come; `lost` says what a job is worth that ended two lanes.

        Jobs are taken when a lane is free. Raises what `work` raises, and SandboxError where no new lane starts.
        """
        done: queue.Queue[tuple[Job, Result] | BaseException | None] = queue.Queue(maxsize=1000)
        waiting, lock, stop = iter(jobs), threading.Lock(), threading.Event()

        def serve() -> None:
            try:
                while not stop.is_set():
                    with lock:
                        job = next(waiting, None)
                    if job is None:
                        break
                    done.put((job, self._attempt(job, work, lost)))
                done.put(None)
            except BaseException as error:  # noqa: BLE001 - raised again by the caller's thread
                done.put(error)

        count = workers or self.box.workers
        for _ in range(count):
            threading.Thread(target=serve, daemon=True).start()
        try:
            while count:
                item = done.get()
                if item is None:
                    count -= 1
                elif isinstance(item, BaseException):
                    raise item
                else:
                    yield item
        finally:
            stop.set()

    def _attempt(self, job: Job, work: Callable[[Lane, Job], Result], lost: Callable[[Job], Result]) -> Result:
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
        return lost(job)


class Outside:
    """What a sample must not reach: listeners on this machine's addresses and a file."""

    def __init__(self, canary: Path) -> None:
        self.secret, self.canary = secrets.token_hex(16), canary.resolve()
        write_atomic(self.canary, self.secret)
        self.listeners = []
        for address in {"127.0.0.1", _own_address()}:
            with suppress(OSError):
                self.listeners.append(socket.create_server((address, 0)))

    def probe(self, lane: Lane) -> list[str]:
        """What got through, one clause each. Raises SandboxError where the probe does not come back."""
        answer = bytearray()
        job = {
            "op": "probe", "listeners": [listener.getsockname() for listener in self.listeners],
            "canary": str(self.canary), "secret": self.secret,
        }  # fmt: skip
        try:
            lane.call(job, "", into(answer), PROBE_SECONDS)
            return list(json.loads(answer))
        except (LaneEnded, ValueError):
            raise SandboxError("The sandbox ended while it was being probed; see docs/sandbox.md.") from None

    def close(self) -> None:
        """Stop listening."""
        for listener in self.listeners:
            listener.close()
        self.canary.unlink(missing_ok=True)


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
