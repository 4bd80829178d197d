"""The sandbox's first process: reads jobs from stdin, runs each in a child, forwards its records, enforces its limits.

Frames out (protocol.py): H handshake, D records, E the child's end. After a job come the source and the inputs, which
the child itself reads, so that nothing of one sample stays in this process for the next. Each child has namespaces and
file systems of its own (namespaces.py), where this process may make them; a sample sees neither this process nor
another sample.
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
import shutil
import signal
import sys
import time
from typing import Any, NoReturn

from . import call, cleanup, command, probe, program, seccomp
from .limits import TICK, Meter, Watch, processes, reaped_cpu
from .namespaces import Namespaces, drop_rights, exit_status
from .protocol import RecordCounter, read_exactly, receive, send, write_all

BUFFER = bytearray(1 << 16)
BODY = 5
REAP = 2.0
"""Seconds until killed processes of a sample have ended, about."""

LOADED = (
    "collections", "copy", "functools", "hashlib", "heapq", "itertools", "math", "random", "re", "string", "typing",
    "multiprocessing.pool", "concurrent.futures.process",
)  # fmt: skip
"""Modules that samples often import, and those that cannot be loaded after `restrict`: loaded once, for all."""


SCHEMES: dict[str, Any] = {"call": call, "program": program, "command": command}


class Child:
    """The process of one sample: its pid, the pipe of its records, and one of events: job read, tests begun."""

    def __init__(self, job: dict[str, Any], namespaces: Namespaces, progress: Any) -> None:
        """Start it and wait until it has read its source and inputs. Ends this process where that fails."""
        self.records, records = os.pipe()
        self.events, events = os.pipe()
        self.pid = namespaces.fork()
        if self.pid == 0:
            be_child(job, namespaces, (records, events), progress)
        os.close(records)
        os.close(events)
        if self.pid < 0 or not os.read(self.events, 1):
            os._exit(1)

    def close(self) -> None:
        """Close both pipes."""
        os.close(self.records)
        os.close(self.events)


def be_child(job: dict[str, Any], namespaces: Namespaces, pipes: tuple[int, int], progress: Any) -> NoReturn:
    """Read the source and the inputs, drop all rights and every file but the two pipes, and run."""
    try:
        source = read_exactly(job["source_bytes"]).decode("utf-8", "surrogatepass")
        data = read_exactly(job["inputs_bytes"])
        records, events = pipes
        os.write(events, b"!")
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        low, high = sorted(pipes)
        for first, last in ((3, low), (low + 1, high), (high + 1, 256)):
            os.closerange(first, last)
        confine(job, namespaces)
        if job["op"] == "probe":
            write_all(memoryview(json.dumps(list(probe.findings(job))).encode()), records)
            os._exit(0)
        inputs = marshal.loads(data) if data else []  # noqa: S302 - the project's own bytes
        SCHEMES[job["scheme"]].run(job, source, inputs, pipes, progress)
    finally:
        os._exit(1)


def confine(job: dict[str, Any], namespaces: Namespaces) -> None:
    """Confine this child to its namespaces, its core if it has one, and the allowed system calls. Raises OSError."""
    if os.getpid() != 1:
        os.setsid()
    if job["core"] >= 0:
        # An engine may have given its container other cores.
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, {job["core"]})
    os.chdir(job["folder"])
    if namespaces.own >= 0:
        drop_rights(namespaces.user)
        seccomp.restrict(testing=not job["restricted"])


def relay(child: Child, meter: Meter, counter: RecordCounter) -> bool:
    """Forward the child's output of one read; False at its end."""
    count = os.readv(child.records, [memoryview(BUFFER)[BODY:]])
    if not count:
        return False
    BUFFER[:BODY] = count.to_bytes(4, "little") + b"D"
    began = time.monotonic()
    write_all(memoryview(BUFFER)[: BODY + count])
    meter.stalled += time.monotonic() - began
    meter.records = counter.take(memoryview(BUFFER)[BODY : BODY + count])
    return True


def attend(child: Child, watch: Watch) -> dict[str, Any]:
    """Serve the child until it ends, is stopped, or exceeds a limit; its end record."""
    broken, stopped, status, before = "", False, None, reaped_cpu()
    meter, counter = watch.meter, RecordCounter()
    poller = select.poll()
    for fd in (child.records, child.events, 0):
        poller.register(fd, select.POLLIN)
    while not broken and not stopped and status is None:
        ready = dict(poller.poll(TICK * 1000))
        if 0 in ready:
            stopped = receive()["op"] == "stop"
        if child.events in ready:
            watch.testing = True
            poller.unregister(child.events)
        if child.records in ready and not relay(child, meter, counter):
            status = ending(child.pid, TICK)
            break
        broken = watch.broken()
        if not ready:
            status = reaped(child.pid)
    meter.look()
    killed = sweep(child.pid, inner=meter.inner and status is None)
    status = killed if status is None else status
    if watch.meter.inner and status is not None:
        status = exit_status(status)
    while relay(child, meter, counter):
        pass
    child.close()
    return {
        "status": status, "broken": broken, "test": max(watch.test, int(watch.progress[0])) - 1,
        "seconds": round(meter.wall(), 4), "cpu": round(reaped_cpu() - before, 3),
    }  # fmt: skip


def ending(pid: int, seconds: float) -> int | None:
    """The wait status of a child, if it ends within so many seconds."""
    deadline = time.monotonic() + seconds
    while (status := reaped(pid)) is None and time.monotonic() < deadline:
        time.sleep(0.0005)
    return status


def reaped(pid: int) -> int | None:
    """The wait status of the child if it has ended."""
    done, status = os.waitpid(pid, os.WNOHANG)
    return status if done else None


def sweep(pid: int, *, inner: bool) -> int | None:
    """Kill every process but this one and reap them all; returns the child's wait status.

    Where the sample is `inner`, what waits for it ends last, once it has reaped the others.
    """
    for other in processes() if inner else ():
        if other != pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(other, signal.SIGKILL)
    status = ending(pid, REAP) if inner else None
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(-1, signal.SIGKILL) if os.getpid() == 1 else os.killpg(pid, signal.SIGKILL)
    while True:
        try:
            done, ended = os.waitpid(-1, 0)
        except ChildProcessError:
            return status
        status = ended if done == pid else status


def prepare() -> None:
    """Become unreadable to samples, and unable to gain rights, which children inherit."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE.
    library = ctypes.CDLL(None)
    library.prctl(38, 1, 0, 0, 0)
    library.prctl(4, 0, 0, 0, 0)


def versions(programs: list[str]) -> dict[str, Any]:
    """Load the shared modules; the versions of Python and NumPy, and the missing ones of the `programs`."""
    for name in LOADED:
        importlib.import_module(name)
    sys.path[:] = [path for path in sys.path if path not in ("", os.getcwd())]
    sys.path[:0] = [path for path in ["/site"] if os.path.isdir(path)]
    try:
        # Here, since it cannot be loaded after call.restrict, whichever module imports it.
        version = importlib.import_module("numpy").__version__
    except (ImportError, AttributeError) as error:
        version = f"missing: {error}"[:200]
    missing = [name for name in programs if shutil.which(name) is None]
    return {"python": platform.python_version(), "numpy": version, "missing": missing}


def main() -> None:
    """Serve jobs until stdin ends.

    Arguments are the uid that samples get where this process is root (0: its own), and the programs that they need.
    """
    prepare()
    loaded, namespaces = versions(sys.argv[2:]), Namespaces(int(sys.argv[1]))
    progress = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("I")
    filtered = namespaces.own >= 0 and platform.machine() in seccomp.AUDIT
    send(b"H", json.dumps({**loaded, "filtered": filtered, "private": namespaces.private}).encode())
    baseline = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    first = cleanup.state()
    gc.collect()
    gc.freeze()
    while True:
        job = receive()
        if job["op"] == "stop":
            continue
        # A file system of the sample's own needs no folder in it.
        job["folder"] = "/tmp" if namespaces.private else cleanup.folder()  # noqa: S108 - the sandbox's own
        progress[0] = progress[1] = 0
        watch = Watch(job, progress)
        child = Child(job, namespaces, progress)
        watch.start(Meter(child.pid, baseline, inner=namespaces.private))
        end = attend(child, watch)
        BUFFER[:] = bytes(len(BUFFER))
        kept = not namespaces.private and not cleanup.cleared(job["folder"])
        end["dirty"] = kept or cleanup.state() != first
        send(b"E", json.dumps(end).encode())


if __name__ == "__main__":
    main()
