"""The cores of this machine, and whose turn it is on them: batches of several workers share one machine."""

import contextlib
import fcntl
import os
import struct
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))


@contextlib.contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Beside the batches of all workers on this machine; or with none of them, as the only one on one of its cores."""
    # One descriptor, however many cores: each is a byte of one file, locked for whoever opened it, threads apart.
    with (Path(tempfile.gettempdir()) / f"bench-grading-{os.getuid()}.lock").open("ab+") as file:
        if alone:
            _take_one(file, sorted(os.sched_getaffinity(0)))
        else:
            # All cores of the machine, since other workers may be held to others; one by one, so that who wants a core
            # alone does not keep a batch waiting for ever.
            for core in range(os.sysconf("SC_NPROCESSORS_CONF")):
                _lock(file, core, fcntl.F_RDLCK)
        yield


def _take_one(file: IO[bytes], own: list[int]) -> None:
    for core in own:
        with contextlib.suppress(BlockingIOError):
            _lock(file, core, fcntl.F_WRLCK, wait=False)
            return
    # Numbers of threads follow each other, so those that wait do not all wait for the same core.
    _lock(file, own[threading.get_native_id() % len(own)], fcntl.F_WRLCK)


def _lock(file: IO[bytes], core: int, kind: int, *, wait: bool = True) -> None:
    """Lock the byte of a core until the file is closed. Raises BlockingIOError where it is taken."""
    # struct flock (fcntl(2)): kind, whence, start, length, and a pid, 0 for locks of an open file description.
    wanted = struct.pack("@hhqqi4x", kind, os.SEEK_SET, core, 1, 0)
    fcntl.fcntl(file, fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK, wanted)
