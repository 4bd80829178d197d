"""The sandbox's first process: takes jobs on stdin, runs each in a child, hands its records on, keeps its limits.

A frame out is a length (four bytes), a letter and a body: H hello, D records, E how the child ended. A job in is a
length and a JSON object; the sample's source follows, and the child itself reads it, so that nothing of one sample
stays in this process for the next. As process 1 of its namespace it cannot be signalled by a sample.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import marshal
import mmap
import os
import platform
import resource
import select
import signal
import sys
import time
from typing import Any, NoReturn

from . import child, leftovers, probe

TICK = 0.05
PATIENCE = 4
"""How many times a limit may pass on the wall while the sample waits for a core."""

WATCH_AFTER = 0.2
BUFFER = bytearray(1 << 16)
BODY = 5
LOADED = ("collections", "copy", "functools", "hashlib", "heapq", "itertools", "math", "random", "re", "string", "typing")
"""What samples like to import: loaded once, for all of them."""


def send(letter: bytes, body: bytes) -> None:
    """One whole frame."""
    write_all(memoryview(len(body).to_bytes(4, "little") + letter + body))


def write_all(view: memoryview) -> None:
    """Write to stdout until all of `view` is written."""
    while view:
        view = view[os.write(1, view) :]


def receive() -> dict[str, Any]:
    """The next JSON object from stdin, and not a byte more; ends the process at the end of stdin."""
    return json.loads(read_exactly(int.from_bytes(read_exactly(4), "little")))  # type: ignore[no-any-return]


def read_exactly(count: int) -> bytes:
    """`count` bytes of stdin; ends the process where stdin ends first."""
    parts = []
    while count:
        part = os.read(0, min(count, 1 << 20))
        if not part:
            os._exit(0)
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def start(job: dict[str, Any], progress: Any) -> tuple[int, int]:
    """Fork the child of a job; returns its pid and the pipe that it writes, once it has read its source."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        be_child(job, writer, progress)
    os.close(writer)
    if not os.read(reader, 1):
        os._exit(1)
    return pid, reader


def be_child(job: dict[str, Any], writer: int, progress: Any) -> NoReturn:
    """Read the source and the inputs, leave behind every file but the pipe, and run."""
    try:
        source = read_exactly(job["source_bytes"]).decode("utf-8", "surrogatepass")
        os.write(writer, b"!")
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.closerange(3, writer)
        os.closerange(writer + 1, 64)
        if os.getpid() != 1:
            os.setsid()
        if job["op"] == "probe":
            child.Pipe(writer).put_last(json.dumps(probe.findings(job)).encode())
            os._exit(0)
        with open(job["inputs"], "rb") as file:
            inputs = marshal.loads(file.read())  # noqa: S302 - the project's own file, mounted read-only
        os.chdir(job["folder"])
        child.run(job, source, inputs, writer, progress)
    finally:
        os._exit(1)


class Clock:
    """Seconds that count against a sample: wall time, less what it waited for a core or for the judge."""

    def __init__(self, pid: int) -> None:
        self.path, self.began, self.stalled = f"/proc/{pid}/schedstat", time.monotonic(), 0.0

    def wall(self) -> float:
        """Seconds since the start, less the time that the judge did not read."""
        return time.monotonic() - self.began - self.stalled

    def fair(self) -> float:
        """Wall time less the time on the run queue, as Linux counts it (the second figure, in nanoseconds)."""
        try:
            with open(self.path, "rb") as file:
                return self.wall() - int(file.read().split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            return self.wall()


class Watch:
    """The limits of one run: per test, for the suite, and for memory."""

    def __init__(self, job: dict[str, Any], clock: Clock, progress: Any) -> None:
        self.job, self.clock, self.progress = job, clock, progress
        self.test, self.fair, self.wall = 0, 0.0, 0.0
        self.next = 0.0

    def broken(self) -> str:
        """Which limit is passed, "time" or "memory", else nothing; looks at most once a tick."""
        wall = self.clock.wall()
        if wall < self.next:
            return ""
        self.next = wall + TICK
        fair, test = self.clock.fair(), self.progress[0]
        if test != self.test:
            self.test, self.fair, self.wall = test, fair, wall
        if _over(self.job["budget"], fair, wall):
            return "time"
        limit = self.job["limits"].get(str(test - 1), self.job["limit"])
        if test and _over(limit, fair - self.fair, wall - self.wall):
            return "time"
        return "memory" if wall > WATCH_AFTER and memory_used() > self.job["memory"] else ""


def _over(limit: float, fair: float, wall: float) -> bool:
    return fair > limit or wall > limit * PATIENCE


def memory_used() -> int:
    """Bytes that the samples' processes hold beyond what they were born with."""
    page, own, total = mmap.PAGESIZE, str(os.getpid()), 0
    names = [name for name in os.listdir("/proc") if name.isdigit() and name != own] if os.getpid() == 1 else []
    for name in names:
        with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/statm", "rb") as file:
            total += max(0, int(file.read().split()[1]) * page - BORN_WITH)
    return total


def relay(reader: int, clock: Clock) -> bool:
    """Hand on what the child wrote, as far as one read goes; False at its end."""
    count = os.readv(reader, [memoryview(BUFFER)[BODY:]])
    if not count:
        return False
    BUFFER[:BODY] = count.to_bytes(4, "little") + b"D"
    began = time.monotonic()
    write_all(memoryview(BUFFER)[: BODY + count])
    clock.stalled += time.monotonic() - began
    return True


def attend(pid: int, reader: int, job: dict[str, Any], progress: Any) -> dict[str, Any]:
    """Serve the child until it ends, is stopped, or passes a limit; returns how it ended."""
    clock, broken, stopped, status = Clock(pid), "", False, None
    watch = Watch(job, clock, progress)
    poller = select.poll()
    poller.register(reader, select.POLLIN)
    poller.register(0, select.POLLIN)
    while not broken and not stopped and status is None:
        ready = dict(poller.poll(TICK * 1000))
        if 0 in ready:
            stopped = receive()["op"] == "stop"
        if reader in ready and not relay(reader, clock):
            break
        broken = watch.broken()
        if not ready:
            status = reaped(pid)
    killed = sweep(pid)
    status = killed if status is None else status
    while relay(reader, clock):
        pass
    os.close(reader)
    seconds, test = round(clock.wall(), 4), int(progress[0]) - 1
    return {"status": status, "broken": broken, "stopped": stopped, "test": test, "seconds": seconds}


def reaped(pid: int) -> int | None:
    """The wait status of the child if it has ended."""
    done, status = os.waitpid(pid, os.WNOHANG)
    return status if done else None


def sweep(pid: int) -> int | None:
    """Kill every process but this one and reap them all; returns the child's wait status."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(-1, signal.SIGKILL) if os.getpid() == 1 else os.killpg(pid, signal.SIGKILL)
    status = None
    while True:
        try:
            done, found = os.waitpid(-1, 0)
        except ChildProcessError:
            return status
        status = found if done == pid else status


def prepare(lane_uid: int) -> None:
    """Give up root where the sandbox started with it, and become unreadable to samples."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if lane_uid and os.getuid() == 0:
        os.setgroups([])
        os.setgid(lane_uid)
        os.setuid(lane_uid)
    # PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE: a child inherits both, so samples cannot trace this process or each other.
    library = ctypes.CDLL(None)
    library.prctl(38, 1, 0, 0, 0)
    library.prctl(4, 0, 0, 0, 0)


def hello() -> dict[str, Any]:
    """Who this is, once all is loaded that samples share."""
    for name in LOADED:
        importlib.import_module(name)
    sys.path[:] = [path for path in sys.path if path not in ("", os.getcwd())]
    sys.path += [path for path in ["/site"] if os.path.isdir(path)]
    try:
        version = importlib.import_module("numpy").__version__
    except ImportError as error:
        version = f"missing: {error}"[:200]
    return {"python": platform.python_version(), "numpy": version, "pid": os.getpid(), "uid": os.getuid()}


def main() -> None:
    """Serve jobs until stdin ends."""
    global BORN_WITH  # noqa: PLW0603 - known once everything is loaded
    prepare(int(sys.argv[1]))
    send(b"H", json.dumps(hello()).encode())
    progress = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("I")
    BORN_WITH = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    gc.collect()
    gc.freeze()
    while True:
        job = receive()
        if job["op"] == "stop":
            continue
        job["folder"] = leftovers.folder()
        progress[0] = 0
        pid, reader = start(job, progress)
        end = attend(pid, reader, job, progress)
        BUFFER[:] = bytes(len(BUFFER))
        end["dirty"] = not leftovers.cleared(job["folder"])
        send(b"E", json.dumps(end).encode())


BORN_WITH = 0

if __name__ == "__main__":
    main()
