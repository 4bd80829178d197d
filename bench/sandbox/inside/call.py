"""One suite of one sample, in a process of its own that ends with it.

It holds the inputs and the sample; outputs leave through one pipe as records (outputs.py). Expected outputs are never
here. A sample that tampers with this process can change its own outputs and nothing else.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import faulthandler
import gc
import io
import marshal
import os
import resource
import shutil
import subprocess
import sys
import types
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any, NoReturn

from . import outputs

FILENAME = "<solution>"
COLLECTED = (700, 10, 1000)
"""Thresholds of the garbage collector: full runs are rare, as in EvalPlus's process with its millions of objects."""

MODULE, SOLUTION = "__test__", "solution"
"""The module in which tests and solution run beside each other, as in BigCodeBench; tests may import it as solution."""

OPEN_FILES = 64
"""Descriptors of a sample: data in pipes and sockets, which no limit counts, is at most 14 MB."""

FLUSH_BYTES, FLUSH_SECONDS = 1 << 16, 0.05

OS_NAMES = (
    "kill system putenv remove removedirs rmdir fchdir setuid fork forkpty killpg rename renames truncate replace "
    "unlink fchmod fchown chmod chown chroot lchflags lchmod lchown getcwd chdir"
)
MODULES = ("ipdb", "joblib", "resource", "psutil", "tkinter")


class Sink(io.StringIO):
    """Standard streams: discards all output, refuses to be read."""

    def write(self, text: str) -> int:
        """Drop the text."""
        return len(text)

    def read(self, *_: Any) -> str:
        """Refuse."""
        raise OSError

    readline = read  # type: ignore[assignment]
    readlines = read  # type: ignore[assignment]

    def readable(self) -> bool:
        """Never."""
        return False


class Pipe:
    """A buffer of records, so that a thousand small ones are one write."""

    def __init__(self, fd: int) -> None:
        self.fd, self.held, self.size, self.last = fd, [], 0, perf_counter()  # type: ignore[var-annotated]
        # Bound now: the sample may replace it.
        self.write_out = os.write

    def put(self, record: bytes) -> None:
        """Queue one record."""
        self.held.append(record)
        self.size += len(record)
        if self.size > FLUSH_BYTES or perf_counter() - self.last > FLUSH_SECONDS:
            self.flush()

    def put_last(self, kind: int, payload: bytes = b"") -> None:
        """Write all that is queued, and a record of our own."""
        self.put(outputs.HEADER.pack(kind, len(payload)) + payload)
        self.flush()

    def flush(self) -> None:
        """Write all that is queued."""
        view = memoryview(b"".join(self.held))
        self.held, self.size = [], 0
        while view:
            view = view[self.write_out(self.fd, view) :]
        self.last = perf_counter()


def limit(memory: int, processes: int, *, stack: int = 0, address_space: bool = True) -> None:
    """The limits that EvalPlus's check gives a sample; in bytes, `stack` where that is not the `memory`.

    Without `address_space`, what a program reserves counts for nothing until it is used: V8 reserves much.
    """
    sizes = {resource.RLIMIT_DATA: memory, resource.RLIMIT_STACK: stack or memory}
    for kind, wish in (sizes | ({resource.RLIMIT_AS: memory} if address_space else {})).items():
        _, most = resource.getrlimit(kind)
        size = wish if most == resource.RLIM_INFINITY else min(wish, most)
        resource.setrlimit(kind, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    if processes:
        resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
    faulthandler.disable()
    os.environ["OMP_NUM_THREADS"] = "1"


def restrict() -> None:
    """Remove the names that EvalPlus's check removes for a sample."""
    for name in OS_NAMES.split():
        setattr(os, name, None)
    for name in ("exit", "quit", "open", "help"):
        setattr(builtins, name, None)
    for name in ("rmtree", "move", "chown"):
        setattr(shutil, name, None)
    subprocess.Popen = None  # type: ignore[assignment,misc]
    sys.modules.update(dict.fromkeys(MODULES))  # type: ignore[arg-type]


def run(job: dict[str, Any], source: str, inputs: list[Any], pipes: tuple[int, int], progress: Any) -> NoReturn:
    """Run the suite and end the process; `progress[0]` is the number of the test that runs, from 1.

    `progress[1]` is 1 while the output of that test is written down.
    """
    # Bound now: the sample may replace them.
    leave, dumps, describe, write = os._exit, marshal.dumps, error_of, os.write
    pipe, events = Pipe(pipes[0]), pipes[1]
    try:
        limit(job["memory"], job["processes"])
        if job["restricted"]:
            restrict()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECTED)
        sys.stdin = sys.stdout = sys.stderr = Sink()
        namespace: dict[str, Any] = {} if job["restricted"] else module()
        # Each a text of its own, so that line numbers are those of the solution.
        execute(job["preamble"], "<preamble>", namespace)
        execute(source, FILENAME, namespace)
        if job["defines"] and job["defines"] not in namespace:
            pipe.put_last(outputs.ERROR, dumps(("", f"the solution does not define {job['defines']}", 0), 2))
            leave(0)
        execute(job["harness"], "<harness>", namespace)
        write(events, b"!")
        tests(namespace[job["entry_point"]], inputs, job, pipe, progress)
        pipe.put_last(outputs.DONE)
    except BaseException as error:  # noqa: BLE001 - a sample may raise anything, SystemExit too
        pipe.put_last(outputs.ERROR, dumps(describe(error), 2))
    finally:
        leave(0)


def module() -> dict[str, Any]:
    """The namespace of a module that can be imported and patched by its name, and whose functions can be pickled.

    SQLite takes no locks on files there: samples may lock none, and no other process shares theirs.
    """
    with contextlib.suppress(OSError, AttributeError):
        sqlite = ctypes.CDLL("libsqlite3.so.0")
        sqlite.sqlite3_vfs_find.restype = ctypes.c_void_p
        sqlite.sqlite3_vfs_register(ctypes.c_void_p(sqlite.sqlite3_vfs_find(b"unix-none")), 1)
    namespace = types.ModuleType(MODULE)
    sys.modules |= dict.fromkeys((MODULE, SOLUTION), namespace)
    return vars(namespace)


def execute(source: str, filename: str, namespace: dict[str, Any]) -> None:
    """Run a text in a namespace. Raises its exceptions."""
    if source:
        exec(compile(source, filename, "exec", dont_inherit=True), namespace)  # noqa: S102 - what this is for


def tests(function: Any, inputs: list[Any], job: dict[str, Any], pipe: Pipe, progress: Any) -> None:
    """Call `function` with each input and queue each output; from test `uncut_from` on they cross whole."""
    uncut, normalise, timed = job["uncut_from"], job["normalise"], job["timed"]
    # CPU time: what a reference takes must not hang on how busy the machine is. Tests of its own may well sleep.
    clock = process_time if job["restricted"] else perf_counter
    # Bound now: the function may replace them.
    put, record, streams, sink = pipe.put, outputs.record, sys, sys.stdout
    seconds, nan, first_float = [], [], -1
    for index, arguments in enumerate(inputs):
        progress[0] = index + 1
        streams.stdin = streams.stdout = streams.stderr = sink
        start = clock() if timed else 0.0
        value = function(*arguments)
        if timed:
            seconds.append(clock() - start)
            if first_float < 0 and outputs.is_floats(value):
                first_float = index
                uncut = uncut if uncut >= 0 else index
        whole = 0 <= uncut <= index
        if normalise == "set":
            # Floats in order may be right within the tolerance, where their set is not.
            value = value if whole and type(value) in (list, tuple) and outputs.is_floats(value) else set(value)
        elif normalise == "not none" and type(value) is not bool:
            value = value is not None
        progress[1] = 1
        sent = record(value, outputs.UNCUT if whole else outputs.LIMIT)
        put(sent)
        if timed and outputs.holds_nan(value, sent):
            nan.append(index)
        value = None
        progress[1] = 0
    if timed:
        pipe.put_last(outputs.TIMES, marshal.dumps((first_float, seconds, nan), 2))


def programs(
    run_once: Callable[[str], str], inputs: list[Any], job: dict[str, Any], pipe: Pipe, progress: Any,
    clock: Callable[[], float],
) -> None:  # fmt: skip
    """Run a program once for each input, its standard input, and queue each output, whole."""
    # Bound now: the program may replace them.
    put, put_last, record, dumps, seconds = pipe.put, pipe.put_last, outputs.record, marshal.dumps, []
    for number, (text,) in enumerate(inputs, 1):
        progress[0], start = number, clock()
        output = run_once(text)
        seconds.append(clock() - start)
        put(record(output, outputs.UNCUT))
    if job["timed"]:
        put_last(outputs.TIMES, dumps((-1, seconds, []), 2))
    put_last(outputs.DONE)


def error_of(error: BaseException) -> tuple[str, str, int]:
    """An exception's type, its message (shortened), and its line in the solution (0 where it has none)."""
    line = getattr(error, "lineno", None) or 0 if isinstance(error, SyntaxError) else 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILENAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    try:
        message = str(error)[:300]
    except BaseException:  # noqa: BLE001 - the sample's own __str__
        message = ""
    return type(error).__name__[:80], message, line
