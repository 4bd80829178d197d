"""A lane: one sandbox with our runner as its first process, one sample at a time."""

import contextlib
import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from bench.errors import SandboxError
from bench.sandbox.inside.limits import DOUBT, PATIENCE_ALONE, SLOWEST

START_SECONDS = 90.0
LONGEST, GRACE = PATIENCE_ALONE * SLOWEST * DOUBT, 30.0
"""A run that has not ended after LONGEST times its suite's limit and GRACE seconds is no longer being served."""

MOST = 1 << 20
CHUNK = 1 << 17


class LaneEnded(Exception):  # noqa: N818 - an event that its caller handles; users see a SandboxError
    """The sandbox ended, or broke its protocol, while it was being used."""


@dataclass(frozen=True)
class Limits:
    """Seconds: of a test, of single tests (by index) that get more, and of the whole suite."""

    test: float
    longer: dict[str, float]
    suite: float


@dataclass(frozen=True)
class Run:
    """One suite to run.

    `inputs` is the path of the inputs inside the sandbox; `form` is what an output becomes before it is sent
    (`Checker.normalise`); from test `uncut_from` on (-1: never) a large output crosses whole, not as a digest. The
    `limits` stretch where the machine is slow at the moment; without a core to itself, the sample is stopped at the
    `hurried` ones, where there are any. `wide` says that outputs are large, so that writing one down may take its time.
    """

    entry_point: str
    inputs: str
    limits: Limits
    hurried: Limits | None = None
    form: str = ""
    timed: bool = False
    uncut_from: int = -1
    wide: bool = False


@dataclass(frozen=True)
class End:
    """How a run ended: `broken` is "time", "memory" or "", `status` a wait status, `test` the index that ran last.

    `extended` says that it passed the hurried limits and went on, `own_core` that it had a core to itself when it
    passed the last ones, `doubtful` that it passed some that it might have kept alone.
    """

    status: int | None
    broken: str
    test: int
    seconds: float
    dirty: bool
    extended: bool = False
    own_core: bool = False
    doubtful: bool = False

    @property
    def signal(self) -> int:
        """The signal that ended the process, or 0."""
        return os.WTERMSIG(self.status) if self.status is not None and os.WIFSIGNALED(self.status) else 0


def into(stream: bytearray) -> Callable[[bytes], bool]:
    """A feed that keeps everything in `stream`."""

    def feed(data: bytes) -> bool:
        stream.extend(data)
        return True

    return feed


class Lane:
    """One sandbox; `command` starts it, `memory` (bytes) and `processes` are a sample's limits (0: the engine's)."""

    def __init__(self, command: list[str], cwd: str | None, memory: int, processes: int) -> None:
        self.memory, self.processes = memory, processes
        self.dirty = False
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the lane
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, cwd=cwd, bufsize=0,
            start_new_session=True,
        )  # fmt: skip
        self.hello: dict[str, Any] = {}

    def greet(self) -> dict[str, Any]:
        """What the runner says of itself. Raises SandboxError with the sandbox's own words where it does not start."""
        try:
            letter, body = self._frame(time.monotonic() + START_SECONDS)
            self.hello = json.loads(body)
        except (LaneEnded, ValueError):
            words = self.words()
            self.close()
            raise SandboxError(f"The sandbox did not start: {_reason(words)}", log=words) from None
        if letter != b"H":
            raise SandboxError("The sandbox runs another runner than this project's; clear the cache.")
        return self.hello

    def words(self) -> str:
        """What the sandbox's own program wrote to stderr, its last lines."""
        self.process.poll()
        self.errors.seek(0)
        return self.errors.read()[-2000:].decode("utf-8", "replace").strip()

    def run(self, run: Run, source: str, feed: Callable[[bytes], bool]) -> End:
        """Run a suite; `feed` gets the child's bytes as they come and returns False to stop it. Raises LaneEnded."""
        return End(**self.call({"op": "run", **asdict(run)}, source, feed, run.limits.suite * LONGEST + GRACE))

    def call(self, job: dict[str, Any], source: str, feed: Callable[[bytes], bool], seconds: float) -> dict[str, Any]:
        """Send a job, hand its records to `feed`, return its end record. Raises LaneEnded."""
        data = source.encode("utf-8", "surrogatepass")
        sizes = {"memory": self.memory, "processes": self.processes, "source_bytes": len(data)}
        self._send({**job, **sizes}, data)
        deadline, wanted = time.monotonic() + seconds, True
        while True:
            letter, body = self._frame(deadline)
            if letter == b"E":
                end: dict[str, Any] = json.loads(body)
                self.dirty = end["dirty"]
                return end
            if wanted and not feed(body):
                wanted = False
                self._send({"op": "stop"})

    def _send(self, message: dict[str, Any], data: bytes = b"") -> None:
        head = json.dumps(message).encode()
        view = memoryview(len(head).to_bytes(4, "little") + head + data)
        try:
            while view:
                view = view[os.write(self._fd(self.process.stdin), view) :]
        except OSError:
            raise LaneEnded from None

    def _frame(self, deadline: float) -> tuple[bytes, bytes]:
        size = int.from_bytes(self._read(4, deadline), "little")
        if size > MOST:
            raise LaneEnded
        return self._read(1, deadline), self._read(size, deadline)

    def _read(self, count: int, deadline: float) -> bytes:
        fd, parts = self._fd(self.process.stdout), []
        while count:
            ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
            part = os.read(fd, min(count, CHUNK)) if ready else b""
            if not part:
                raise LaneEnded
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    @staticmethod
    def _fd(pipe: Any) -> int:
        return int(pipe.fileno())

    def close(self) -> None:
        """End the sandbox and wait for it; all of its processes end with it."""
        with contextlib.suppress(OSError):
            if self.process.stdin:
                self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self.errors.close()


def _reason(words: str) -> str:
    lines = [line for line in words.splitlines() if line.strip()] or ["it said nothing."]
    # Docker's reason is followed by advice on its own command line.
    return next((line for line in lines if line.startswith("docker: ")), lines[-1])
