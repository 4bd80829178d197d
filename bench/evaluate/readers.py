"""Processes that read a sample's output: each for one run of one suite, so that a crash affects only that.

    grader ──socket──▶ forker (small, one thread) ──fork──▶ reader, with limits on its memory and CPU time

A reader gets the state of the comparison, then the sample's bytes, and answers with one Finding.
"""

import contextlib
import gc
import json
import os
import pickle
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any, NoReturn

import msgspec

from bench.evaluate.comparison import Comparison

MEMORY, CPU_SECONDS, SECONDS = 2 << 30, 20, 120
"""Bytes of address space beyond those for the expected outputs, CPU seconds, and seconds, of one reader."""

PER_BYTE = 16
"""Bytes of a reader for each byte of expected outputs."""

CHUNK = 1 << 17
START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from bench.evaluate.readers import fork; fork(0)"


class Finding(msgspec.Struct, frozen=True):
    """The result of a reader: the first `index` outputs were right; `failure` describes the error of the next one.

    `cpu` are its CPU seconds.
    """

    index: int
    failure: dict[str, str | int] | None
    cpu: float = 0.0


class Readers:
    """Forks readers; the forker starts when the first one is needed, and ends with `close`."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.control: socket.socket | None = None
        self.forker: subprocess.Popen[bytes] | None = None

    def close(self) -> None:
        """End the forker, when the last reader has ended."""
        if self.control and self.forker:
            self.control.close()
            self.forker.wait()
        self.control = self.forker = None

    def open(self, comparison: Comparison) -> "Reader":
        """A reader that continues this comparison."""
        ours, theirs = socket.socketpair()
        with self.lock, theirs:
            for last in (False, True):
                try:
                    socket.send_fds(self._started(), [b"."], [theirs.fileno()])
                    break
                except OSError:
                    # The forker was killed: start a new one.
                    self.close()
                    if last:
                        raise
        return Reader(ours, comparison)

    def _started(self) -> socket.socket:
        if self.control is None:
            self.control, theirs = socket.socketpair()
            with theirs:
                # In a session of its own: Ctrl-C is for this process, which then closes the socket.
                self.forker = subprocess.Popen(
                    [sys.executable, "-c", START, json.dumps(sys.path)], stdin=theirs.fileno(), start_new_session=True,
                    env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
                )  # fmt: skip
        return self.control


class Reader:
    """The grader's end of one reader."""

    def __init__(self, connection: socket.socket, comparison: Comparison) -> None:
        self.connection = connection
        self.connection.settimeout(SECONDS)
        self.feed(len(data := pickle.dumps(comparison)).to_bytes(8, "little") + data)

    def feed(self, data: bytes) -> bool:
        """Send the sample's next bytes; False where the reader has its finding, or has ended."""
        try:
            self.connection.sendall(data)
            return not self._answered()
        except OSError:
            return False

    def _answered(self) -> bool:
        self.connection.setblocking(False)  # noqa: FBT003 - its only argument
        try:
            self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        finally:
            self.connection.settimeout(SECONDS)
        return True

    def finding(self) -> Finding | None:
        """The finding on all bytes so far; None where the reader died or took too long. Ends the reader."""
        answer = b""
        with self.connection, contextlib.suppress(OSError):
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_WR)
            while part := self.connection.recv(CHUNK):
                answer += part
        try:
            return msgspec.json.decode(answer, type=Finding)
        except msgspec.MsgspecError:
            return None


def fork(control_fd: int) -> None:
    """Fork a reader for each received socket, until the connection is closed."""
    import numpy as np  # noqa: F401, PLC0415 - loaded once, for all readers

    gc.collect()
    gc.freeze()
    children: set[int] = set()
    with socket.socket(fileno=control_fd) as control:
        while sockets := socket.recv_fds(control, 1, 1)[1]:
            pid = os.fork()
            if pid == 0:
                control.close()
                _read(socket.socket(fileno=sockets[0]))
            os.close(sockets[0])
            children = {child for child in (*children, pid) if os.waitpid(child, os.WNOHANG) == (0, 0)}
    for pid in children:
        os.waitpid(pid, 0)


def _read(connection: socket.socket) -> NoReturn:
    """The process of a reader."""
    try:
        size = int.from_bytes(connection.recv(8, socket.MSG_WAITALL), "little")
        comparison: Comparison = pickle.loads(connection.recv(size, socket.MSG_WAITALL))  # noqa: S301 - from the grader
        _limit(len(comparison.expected.wire))
        try:
            while (data := connection.recv(CHUNK)) and comparison.feed(data):
                pass
            finding = Finding(comparison.index, comparison.failure, time.process_time())
        except Exception as error:  # noqa: BLE001 - whatever hostile bytes lead to
            finding = Finding(comparison.index, failed(f"its output cannot be compared ({type(error).__name__})"))
        connection.sendall(msgspec.json.encode(finding))
    finally:
        os._exit(0)


def failed(error: str) -> dict[str, Any]:
    """A failure without a line of the solution."""
    return {"error": error, "line": 0}


def _limit(expected: int) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(SECONDS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    # macOS has no limit on address space.
    with contextlib.suppress(ValueError, OSError):
        most = MEMORY + PER_BYTE * expected
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
