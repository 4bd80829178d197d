"""The sandbox's first process: takes jobs on stdin, runs each in a child, hands its records on, keeps its limits.

Frames out (protocol.py): H hello, D records, E how the child ended. After a job comes the source, and the child
itself reads it, so that nothing of one sample stays in this process for the next. As process 1 of its namespace it
cannot be signalled by a sample.
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

from . import call, cleanup, probe, seccomp
from .clock import Clock
from .limits import TICK, Watch
from .protocol import Tally, read_exactly, receive, send, write_all

BUFFER = bytearray(1 << 16)
BODY = 5
LOADED = "collections", "copy", "functools", "hashlib", "heapq", "itertools", "math", "random", "re", "string", "typing"
"""What samples like to import: loaded once, for all of them."""


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
            call.Pipe(writer).put_last(json.dumps(probe.findings(job)).encode())
            os._exit(0)
        with open(job["inputs"], "rb") as file:
            inputs = marshal.loads(file.read())  # noqa: S302 - the project's own file, mounted read-only
        os.chdir(job["folder"])
        call.run(job, source, inputs, writer, progress)
    finally:
        os._exit(1)


def relay(reader: int, clock: Clock, tally: Tally) -> bool:
    """Hand on what the child wrote, as far as one read goes; False at its end."""
    count = os.readv(reader, [memoryview(BUFFER)[BODY:]])
    if not count:
        return False
    BUFFER[:BODY] = count.to_bytes(4, "little") + b"D"
    began = time.monotonic()
    write_all(memoryview(BUFFER)[: BODY + count])
    clock.stalled += time.monotonic() - began
    clock.records = tally.take(memoryview(BUFFER)[BODY : BODY + count])
    return True


def attend(pid: int, reader: int, job: dict[str, Any], progress: Any) -> dict[str, Any]:
    """Serve the child until it ends, is stopped, or passes a limit; returns how it ended."""
    clock, broken, stopped, status = Clock(pid), "", False, None
    watch, tally = Watch(job, clock, progress), Tally()
    poller = select.poll()
    poller.register(reader, select.POLLIN)
    poller.register(0, select.POLLIN)
    while not broken and not stopped and status is None:
        ready = dict(poller.poll(TICK * 1000))
        if 0 in ready:
            stopped = receive()["op"] == "stop"
        if reader in ready and not relay(reader, clock, tally):
            break
        broken = watch.broken()
        if not ready:
            status = reaped(pid)
    killed = sweep(pid)
    status = killed if status is None else status
    while relay(reader, clock, tally):
        pass
    os.close(reader)
    seconds, test = round(clock.wall(), 4), int(progress[0]) - 1
    end = {"status": status, "broken": broken, "test": test, "seconds": seconds}
    return end | {"extended": watch.extended, "own_core": watch.own_core, "doubtful": watch.doubtful}


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
    sys.path[:0] = [path for path in ["/site"] if os.path.isdir(path)]
    try:
        # Here, since it cannot be loaded once names are missing (call.restrict), by whichever module asks for it.
        version = importlib.import_module("numpy").__version__
    except (ImportError, AttributeError) as error:
        version = f"missing: {error}"[:200]
    return {"python": platform.python_version(), "numpy": version}


def main() -> None:
    """Serve jobs until stdin ends."""
    prepare(int(sys.argv[1]))
    progress = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("I")
    filtered = os.getpid() == 1 and seccomp.restrict()
    send(b"H", json.dumps({**hello(), "filtered": filtered}).encode())
    born_with = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    first = cleanup.state()
    gc.collect()
    gc.freeze()
    while True:
        job = receive()
        if job["op"] == "stop":
            continue
        job |= {"folder": cleanup.folder(), "born_with": born_with}
        progress[0] = progress[1] = 0
        pid, reader = start(job, progress)
        end = attend(pid, reader, job, progress)
        BUFFER[:] = bytes(len(BUFFER))
        end["dirty"] = not cleanup.cleared(job["folder"]) or cleanup.state() != first
        send(b"E", json.dumps(end).encode())


if __name__ == "__main__":
    main()
