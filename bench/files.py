"""Files that are whole or not there: temporary name, sync, rename; JSON lines; digests; advisory locks."""

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from bench.errors import BenchError, LockedError
from bench.untrusted import table


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write `content` under a temporary name beside `path`, sync it, then rename it over `path`.

    A crash leaves the old file or the new one. Raises BenchError when the disk is full or read-only.
    """
    write_stream(path, [content])


def write_stream(path: Path, pieces: Iterable[str | bytes]) -> None:
    """As write_atomic, for content that is made piece by piece; where that raises, the old file stays."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            for piece in pieces:
                file.write(piece.encode("utf-8", "surrogatepass") if isinstance(piece, str) else piece)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise BenchError(f"{path} cannot be written ({error.strerror}); free space or make it writable.") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    write_atomic(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object a line, atomically."""
    write_atomic(path, "".join(json.dumps(row) + "\n" for row in rows))


def read_json(path: Path) -> Any:
    """The JSON value in `path`, or None where the file is missing or damaged."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def read_table(path: Path) -> dict[str, Any]:
    """The JSON object in `path`, {} where the file is missing, damaged, or holds something else."""
    return table(read_json(path))


def digest(content: str | bytes) -> str:
    """A short, stable name for `content`: 16 bytes of BLAKE2b in hex."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def digest_of(value: Any) -> str:
    """The digest of a JSON value, whatever the order of its keys."""
    return digest(json.dumps(value, sort_keys=True, ensure_ascii=True))


def _opened(path: Path, *, everyone: bool) -> IO[str]:
    try:
        if everyone:
            return os.fdopen(_of_everyone(path), "r+")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+")
    except OSError as error:
        raise BenchError(f"{path} cannot be written ({error.strerror}); make it writable, or remove it.") from error


def _of_everyone(path: Path) -> int:
    """A file that any user may lock, open, in a folder where any user may make one.

    With O_CREAT, fs.protected_regular would refuse it to all but its owner where it is there (proc(5)).
    """
    while True:
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        made, name = tempfile.mkstemp(dir=path.parent)
        try:
            os.fchmod(made, 0o666)
            with contextlib.suppress(FileExistsError):
                os.link(name, path)
        finally:
            os.close(made)
            Path(name).unlink()


def holding(path: Path) -> str:
    """Who holds the lock on `path`, since when; empty where nobody does. It is not waited for."""
    try:
        with path.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return path.read_text().strip() or "another process"
    except OSError:
        pass
    return ""


@contextlib.contextmanager
def locked(path: Path, *, what: str, wait: bool = False, everyone: bool = False, note: str = "") -> Iterator[None]:
    """Hold an exclusive lock on `path` for the block; the file says who holds it since when, and the `note`.

    With `wait`, block until it is free. Otherwise raise LockedError that names the holder; BenchError where the file
    cannot be opened. With `everyone`, other users may take it too. The kernel drops the lock with the process, so a
    kill -9 leaves nothing to clean up.
    """
    with _opened(path, everyone=everyone) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise LockedError(f"{what} is in use by {holder}; wait for it, or stop it first.") from None
        file.truncate(0)
        # A full disk cannot take the holder's name; the lock holds all the same.
        with contextlib.suppress(OSError):
            since = time.strftime("%Y-%m-%d %H:%M:%S")
            os.write(file.fileno(), f"process {os.getpid()} since {since}{note}".encode())
        try:
            yield
        finally:
            file.truncate(0)
