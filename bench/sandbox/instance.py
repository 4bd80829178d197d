"""One sandbox with our runner as its first process: one job at a time."""

import contextlib
import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.errors import SandboxError
from bench.sandbox.inside.limits import SLOWEST, WAIT

START_SECONDS = 90.0
GRACE = 30.0
"""Seconds beyond its longest limit after which a run counts as dead."""

MOST = 1 << 20
CHUNK = 1 << 17


class SandboxEnded(Exception):  # noqa: N818 - an event that its caller handles; users see a SandboxError
    """The sandbox ended, or broke its protocol, during a call."""


class NotStartedError(SandboxError):
    """A sandbox ended before its runner was there; another one may start."""


@dataclass(frozen=True)
class Limits:
    """Seconds: of a test, of single tests (by index) that get more, and of the whole suite."""

    test: float
    longer: dict[str, float]
    suite: float


@dataclass(frozen=True)
class Run:
    """One suite to run.

    `preamble`, solution and `harness` run in one namespace, which must then hold what the solution `defines`; its
    `entry_point` is called with each of the inputs. `restricted` takes away what EvalPlus takes away from a sample.
    With the `scheme` "program" the solution runs as one, and each input is its standard input; with "command" the three
    texts are `files` beside which `build` and `command` run.
    `inputs` are the arguments of its tests, marshalled; `normalise` is what an output becomes before it is sent
    (`Checker.normalise`); from test `uncut_from` on (-1: never) a large output crosses whole, not as a digest. With
    `alone`, nothing of ours runs beside it: it keeps to the `core` (-1: any), and the `limits` stretch by how slow the
    machine is. `has_large_outputs`: writing one down may take its time.
    """

    entry_point: str
    inputs: bytes
    limits: Limits
    alone: bool = False
    core: int = -1
    normalise: str = ""
    timed: bool = False
    uncut_from: int = -1
    preamble: str = ""
    harness: str = ""
    defines: str = ""
    restricted: bool = True
    scheme: str = "call"
    files: Sequence[str] = ()
    build: Sequence[str] = ()
    command: Sequence[str] = ()
    has_large_outputs: bool = False

    @property
    def longest(self) -> float:
        """Seconds of wall time after which it must have ended."""
        return self.limits.suite * (SLOWEST if self.alone else 1.0) + WAIT + GRACE


@dataclass(frozen=True)
class End:
    """The end of a run: `broken` is "time", "memory" or "", `status` a wait status, `test` the index that ran last.

    `seconds` are wall time, `cpu` are CPU seconds of all its processes.
    """

    status: int | None
    broken: str
    test: int
    seconds: float
    dirty: bool
    cpu: float = 0.0

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


class SandboxInstance:
    """One sandbox; `command` starts it, `memory` (bytes) and `processes` are a sample's limits (0: the engine's)."""

    def __init__(self, command: list[str], *, memory: int, processes: int = 0, folder: Path | None = None) -> None:
        self.memory, self.processes = memory, processes
        self.dirty = False
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the sandbox
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, cwd=folder,
            start_new_session=True,
        )  # fmt: skip
        self.stdin: Any = self.process.stdin
        self.stdout: Any = self.process.stdout

    def handshake(self) -> dict[str, Any]:
        """The runner's versions and features. Raises NotStartedError with the sandbox's own message."""
        try:
            letter, body = self._frame(time.monotonic() + START_SECONDS)
            facts: dict[str, Any] = json.loads(body)
        except (SandboxEnded, ValueError):
            self.process.poll()
            self.errors.seek(0)
            output = self.errors.read()[-2000:].decode("utf-8", "replace").strip()
            self.close()
            raise NotStartedError(f"The sandbox did not start: {_reason(output)}", log=output) from None
        if letter != b"H":
            raise SandboxError("The sandbox runs another runner than this project's; clear the cache.")
        return facts

    def run(self, run: Run, source: str, feed: Callable[[bytes], bool], **probe: Any) -> End:
        """Run a suite, or the probe; `feed` gets its bytes as they come, False stops it. Raises SandboxEnded."""
        text, job = source.encode("utf-8", "surrogatepass"), {"op": "run", **asdict(run), **probe}
        inputs = job.pop("inputs")
        job |= {"source_bytes": len(text), "inputs_bytes": len(inputs)}
        self._send(job | {"memory": self.memory, "processes": self.processes}, text + inputs)
        deadline, reading = time.monotonic() + run.longest, True
        while True:
            letter, body = self._frame(deadline)
            if letter == b"E":
                end = End(**json.loads(body))
                self.dirty = end.dirty
                return end
            if reading and not feed(body):
                reading = False
                self._send({"op": "stop"})

    def _send(self, message: dict[str, Any], data: bytes = b"") -> None:
        head = json.dumps(message).encode()
        try:
            self.stdin.write(len(head).to_bytes(4, "little") + head + data)
            self.stdin.flush()
        except OSError:
            raise SandboxEnded from None

    def _frame(self, deadline: float) -> tuple[bytes, bytes]:
        size = int.from_bytes(self._read(4, deadline), "little")
        if size > MOST:
            raise SandboxEnded
        return self._read(1, deadline), self._read(size, deadline)

    def _read(self, count: int, deadline: float) -> bytes:
        fd, parts = self.stdout.fileno(), []
        while count:
            ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
            part = os.read(fd, min(count, CHUNK)) if ready else b""
            if not part:
                raise SandboxEnded
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """End the sandbox and wait for it; all of its processes end with it."""
        with contextlib.suppress(OSError):
            self.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.stdout.close()
        self.errors.close()


def _reason(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()] or ["no output."]
    # Docker's reason is followed by advice on its own command line.
    return next((line for line in lines if line.startswith("docker: ")), lines[-1])
