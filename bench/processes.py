"""Child processes: they die with their parent, and they end on request."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.files import user_path
from bench.interrupts import deferred_signals

PR_SET_PDEATHSIG = 1
PATIENCE = 2.5
"""Seconds between one signal and the next when a program is to end."""

LIBC = ctypes.CDLL(None)
# Looked up here: between fork and exec, with other threads about, there must be nothing left to load.
LIBC.prctl.argtypes = [ctypes.c_int, ctypes.c_ulong]


def start(command: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
    """Start a program that leads its own process group, and dies with this process.

    `options` are Popen's; standard input is empty unless they name another. Raises OSError.
    """
    return subprocess.Popen(
        command, start_new_session=True, preexec_fn=die_with_parent,  # noqa: PLW1509 - one prctl call, no locks
        **{"stdin": subprocess.DEVNULL, **options},
    )  # fmt: skip


def die_with_parent() -> None:
    """For `preexec_fn`: the kernel ends the child when doit dies, even of kill -9."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a program that leads its own process group, and all in that group.

    llama-server lets requests finish on the first SIGTERM and ends on the second.
    """
    with deferred_signals():
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


def find_program(name: str, folder: Path) -> str | None:
    """The path of a program: on PATH, or, if its name is a path, below `folder`; None if it is not there."""
    return shutil.which(str(folder / user_path(name)) if os.sep in name else name)
