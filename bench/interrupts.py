"""Clean ends of a run: on Ctrl-C, SIGTERM, a closed terminal or a closed pipe."""

import atexit
import contextlib
import ctypes
import io
import multiprocessing
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.util import register_after_fork
from types import FrameType
from typing import Any, ClassVar

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals by which people and machines end a run."""

ONE_INTERRUPT = 2.0
"""Seconds within which several signals are one."""


Handler = Callable[[int, FrameType | None], object] | int | None


class Stopped(SystemExit):
    """The run was interrupted: it ends with its database written, no traceback, and exit code 130.

    doit sends it from a worker to the run by its class and its text, hence the arguments.
    """

    last: ClassVar[float] = float("-inf")

    def __init__(self, *_: object) -> None:
        super().__init__(130)


def handle(handler: Callable[[int, FrameType | None], None]) -> dict[int, Handler]:
    """Install `handler` for the signals that end a run; the previous handlers. A SIGHUP ignored by nohup stays so."""
    numbers = [n for n in ENDING if n != signal.SIGHUP or signal.getsignal(n) != signal.SIG_IGN]
    return {number: signal.signal(number, handler) for number in numbers}


@contextlib.contextmanager
def deferred_signals() -> Iterator[None]:
    """Defer SIGINT, SIGTERM and SIGHUP until the block ends, so that cleanup is not interrupted.

    For short blocks. Outside the main thread no signal comes, and nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    handlers = handle(lambda number, _: caught.append(number))
    try:
        yield
    finally:
        # A signal between two of these calls would be lost.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, handlers)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if caught:
            # SIGHUP first: the terminal is gone.
            signal.raise_signal(signal.SIGHUP if signal.SIGHUP in caught else caught[0])


def interrupt(number: int, _frame: object) -> None:
    """End with `Stopped`; for `handle`."""
    if number == signal.SIGHUP:
        _leave_terminal()
    # A worker has SIGINT from the terminal and SIGTERM from the run: the second must not interrupt its cleanup.
    now = time.monotonic()
    if now - Stopped.last > ONE_INTERRUPT:
        Stopped.last = now
        raise Stopped


def prepare() -> None:
    """Called when the graph is loaded: a signal ends doit cleanly, and a closed pipe ends a list.

    Workers of doit -n end with the run.
    """
    watch_output()
    handle(interrupt)
    end_with_reader()
    register_after_fork(prepare, lambda _: end_with_parent())
    # doit does not end workers that it was just starting when the interrupt came, and Python would wait for them.
    atexit.register(_end_workers)


def _end_workers() -> None:
    for worker in multiprocessing.active_children():
        worker.terminate()


class Output(io.FileIO):
    """Standard output below Python's own buffers: a failed write ends the run cleanly."""

    def write(self, data: Any) -> int:
        """Write, or report the failure on standard error and end the run."""
        try:
            return super().write(data) or 0
        except OSError as error:
            leave_reader(error)
            return len(data)


def watch_output() -> None:
    """End doit's commands with a sentence where standard output cannot be written, at Python's last flush too.

    Done in place, since doit holds the stream before it loads any of our modules.
    """
    out = sys.stdout
    if out is None:
        sys.exit("Standard output is closed; let it go somewhere, such as > /dev/null.")
    if type(out) is not io.TextIOWrapper or out.name != "<stdout>":
        return  # done before, or a stream of a test's
    raw = Output(1, "wb", closefd=False)
    out.__init__(  # type: ignore[misc]
        raw if out.write_through else io.BufferedWriter(raw), out.encoding, out.errors,
        line_buffering=out.line_buffering, write_through=out.write_through,
    )  # fmt: skip
    atexit.register(_last_flush, out)


def _last_flush(out: io.TextIOWrapper) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # nothing is left that could be ended in order
    out.flush()


def begin_work() -> None:
    """Called when a stage begins: a closed pipe does not kill it; `leave_reader` ends the run cleanly."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def end_with_parent() -> None:
    """End as on SIGTERM when the parent process has ended, so that no worker goes on by itself."""
    ctypes.CDLL(None).prctl(ctypes.c_int(1), ctypes.c_ulong(signal.SIGTERM))  # PR_SET_PDEATHSIG


def end_with_reader() -> None:
    """End a list silently where its reader, such as `head`, has closed the pipe; a run ignores that signal."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def leave_reader(error: OSError) -> None:
    """End the run cleanly, since its output cannot be written; further output is discarded."""
    _to_nowhere(1)
    if not isinstance(error, BrokenPipeError):
        with contextlib.suppress(OSError):
            sys.stderr.write(f"Standard output cannot be written ({error.strerror}).\n")
    os.kill(os.getpid(), signal.SIGTERM)


def _leave_terminal() -> None:
    """Discard the output to a closed terminal, where each line would be an error of its own."""
    _to_nowhere(*(output for output in (1, 2) if stat.S_ISCHR(os.fstat(output).st_mode)))


def _to_nowhere(*outputs: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in outputs:
        os.dup2(nowhere, output)
    os.close(nowhere)
