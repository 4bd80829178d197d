"""Advisory locks on files, with their holder and its start; the kernel releases them with the process, even killed.

No lock follows a link: its file is opened in place, and only if it is a regular file.
"""

import contextlib
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.console import print_line
from bench.errors import BenchError, LockedError
from bench.text import plain

LONGEST = 300
"""Bytes of a lock file that are read."""


UNNOTICED = 0.5
"""Seconds of waiting for a lock without a message: its holder may be about to end."""


@contextlib.contextmanager
def locked(path: Path, *, subject: str, wait: bool = False, everyone: bool = False, note: str = "") -> Iterator[None]:
    """Hold an exclusive lock on `path` for the block; the file names the holder, its start, and the `note`.

    With `wait`, wait until it is free, with a message unless `subject` is empty. Otherwise raise LockedError that names
    the holder; BenchError where the file cannot be opened. With `everyone`, other users may lock it too.
    """
    lock = _opened(path, everyone=everyone)
    try:
        _acquire(lock, subject, wait=wait)
        os.ftruncate(lock, 0)
        # A full disk cannot take the holder's name; the lock holds all the same.
        with contextlib.suppress(OSError):
            since = time.strftime("%Y-%m-%d %H:%M:%S")
            os.pwrite(lock, f"process {os.getpid()} since {since}{note}".encode(), 0)
        try:
            yield
        except Exception:
            os.ftruncate(lock, 0)
            raise
        os.ftruncate(lock, 0)
    finally:
        os.close(lock)


def _acquire(lock: int, subject: str, *, wait: bool) -> None:
    ends = time.monotonic() + UNNOTICED
    while True:
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if time.monotonic() > ends:
            break
        time.sleep(0.02)
    holder = _holder(lock) or "another process"
    if not wait:
        raise LockedError(f"{subject} is in use by {holder}; wait for it, or stop it first.")
    if subject:
        print_line(f"  {subject} is in use by {holder}; waiting for it.")
    return fcntl.flock(lock, fcntl.LOCK_EX)


def holding(path: Path) -> str:
    """The holder of the lock on `path`, and since when; "" where it is free. Does not wait."""
    holder, is_held = _state(path)
    return (holder or "another process") if is_held else ""


def abandoned(path: Path) -> str:
    """The text of the lock's last holder, if it was stopped or killed before its block ended; "" otherwise."""
    holder, is_held = _state(path)
    return "" if is_held else holder


def _state(path: Path) -> tuple[str, bool]:
    """The text in a lock's file, "" where there is none, and whether the lock is held."""
    try:
        lock = _regular(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK))
    except OSError:
        return "", False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(lock), True
    else:
        return _holder(lock), False
    finally:
        os.close(lock)


def shared_folder(path: Path) -> Path:
    """A folder for the locks of all users of this machine, made where it is missing.

    Raises BenchError where something else lies there: no link of another user is followed.
    """
    try:
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
            # As /tmp: everybody makes files there, and nobody removes another one's.
            path.chmod(0o1777)
        if not stat.S_ISDIR(path.lstat().st_mode):
            raise NotADirectoryError(20, "it is no folder")
    except OSError as error:
        raise BenchError(f"{path} cannot hold locks ({error.strerror}); remove it, or set BENCH_LOCKS.") from None
    return path


def _opened(path: Path, *, everyone: bool) -> int:
    try:
        if everyone:
            return _of_everyone(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        return _regular(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666))
    except OSError as error:
        raise BenchError(f"{path} cannot be written ({error.strerror}); make it writable, or remove it.") from error


def _of_everyone(path: Path) -> int:
    """A file that any user may lock, open, in a folder where any user may make one.

    With O_CREAT, fs.protected_regular would refuse it to all but its owner where it is there (proc(5)).
    """
    while True:
        with contextlib.suppress(FileNotFoundError):
            return _regular(os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK))
        file, name = tempfile.mkstemp(dir=path.parent)
        try:
            os.fchmod(file, 0o666)
            with contextlib.suppress(FileExistsError):
                os.link(name, path)
        finally:
            os.close(file)
            Path(name).unlink()


def _regular(lock: int) -> int:
    if stat.S_ISREG(os.fstat(lock).st_mode):
        return lock
    os.close(lock)
    raise OSError(22, "it is no regular file")


def _holder(lock: int) -> str:
    return plain(os.pread(lock, LONGEST, 0).decode("utf-8", "replace"))
