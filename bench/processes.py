"""Programs that we start: they die with us, they end when they are told to, and nothing comes between that."""

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
from collections.abc import Iterator

from bench.interrupts import handle

PR_SET_PDEATHSIG = 1
PATIENCE = 2.5
"""Seconds between one signal and the next when a program shall end."""

LIBC = ctypes.CDLL(None)
# Looked up here: between fork and exec, with other threads about, there must be nothing left to load.
LIBC.prctl.argtypes = [ctypes.c_int, ctypes.c_ulong]


def die_with_parent() -> None:
    """For `preexec_fn`: a doit that dies of kill -9 cannot stop what it started; the kernel does."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end_with_parent() -> None:
    """For a worker of doit's (-n): end as on SIGTERM when the run is gone, so that no worker goes on by itself."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a program that leads its own process group, and all in that group.

    llama-server lets requests finish on the first SIGTERM and ends on the second.
    """
    with undisturbed():
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            if process.poll() is None:
                signal_group(process, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
                break
        process.wait()
        signal_group(process, signal.SIGKILL)


def signal_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    """Send a signal to a program and its children, if there are any left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold back what would end the run until the block has ended: what was started is then stopped, whatever comes.

    For blocks that end by themselves soon. Outside the main thread no signal comes, and nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    kept = handle(lambda number, _: caught.append(number))
    try:
        yield
    finally:
        # A signal that came between two of these would be caught by nobody.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, kept)
        for number, handler in kept.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if caught:
            # That the terminal is gone must be known, whatever came before.
            signal.raise_signal(signal.SIGHUP if signal.SIGHUP in caught else caught[0])
