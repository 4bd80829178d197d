"""Cleanup after each sample, so that nothing of it affects the next."""

from __future__ import annotations

import contextlib
import os
import resource
import tempfile
import time
from typing import Any

SHARED = ("/tmp", "/dev/shm", "/dev/mqueue")  # noqa: S108 - the sandbox's own
SYSV = ("/proc/sysvipc/shm", "/proc/sysvipc/msg", "/proc/sysvipc/sem")
LIMITS = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]
SECONDS = 1.0


def folder() -> str:
    """A new empty folder for a sample to run in."""
    return tempfile.mkdtemp(prefix="sample-")


def state() -> list[Any]:
    """State that a sample can change outside of its own process and file systems, and that later samples would see."""
    rights = [resource.getrlimit(kind) for kind in LIMITS]
    roots = [_root(place) for place in SHARED if os.path.isdir(place)] if os.getpid() == 1 else []
    return [rights, os.sched_getaffinity(0), os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0), roots]


def _root(place: str) -> tuple[Any, ...]:
    status = os.stat(place)
    return status.st_mode, status.st_uid, status.st_gid, status.st_size, tuple(os.listxattr(place))


def cleared(path: str) -> bool:
    """Empty the writable folders; False where something stays, and the sandbox must be replaced.

    Outside a sandbox (not process 1) only the sample's own folder `path` is removed.
    """
    sealed = os.getpid() == 1
    with contextlib.suppress(OSError):
        for place in SHARED if sealed else [path]:
            if os.path.isdir(place):
                empty(place, time.monotonic() + SECONDS)
                # The time of the last write would also reach the next sample.
                os.utime(place)
        if not sealed:
            os.rmdir(path)
        return not (sealed and any(map(_lists, SYSV)))
    return False


def empty(place: str, deadline: float) -> None:
    """Remove all of `place`; nested folders move up, so that no depth and no path length stops it.

    Raises OSError for what cannot be removed, and TimeoutError (an OSError) when it takes too long.
    """
    moved = 0
    while names := os.listdir(place):
        for name in names:
            path = os.path.join(place, name)
            if os.path.islink(path) or not os.path.isdir(path):
                os.unlink(path)
            else:
                os.chmod(path, 0o700)
                for inner in os.listdir(path):
                    moved += 1
                    os.rename(os.path.join(path, inner), os.path.join(place, f".moved-{moved}"))
                os.rmdir(path)
            if time.monotonic() > deadline:
                raise TimeoutError(place)


def _lists(table: str) -> bool:
    try:
        with open(table, "rb") as file:
            return len(file.read().splitlines()) > 1
    except OSError:
        return False
