"""Files that are complete or absent: temporary name, sync, rename; JSON lines; digests."""

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import process_identity
from bench.errors import BenchError
from bench.untrusted import table

TEMPORARY = re.compile(r"\..+\.(\d+)(?:-([0-9a-f]{6}))?\.tmp")
"""Temporary names, with the writing process and its machine (which version 0.1 left out)."""

_tidied: set[Path] = set()


def user_path(text: str | Path) -> Path:
    """A path as people write it, with ~ for a home; the home of an unknown user is no error."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - pathlib's raises


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write `content` under a temporary name beside `path`, sync it, then rename it over `path`.

    A crash leaves the old file or the new one. Raises BenchError when the disk is full or read-only.
    """
    write_stream(path, [content])


def write_stream(path: Path, pieces: Iterable[str | bytes]) -> None:
    """As write_atomic, for content that is made piece by piece; where that raises, the old file stays."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{_machine()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _tidy(path.parent)
        with temporary.open("wb") as file:
            for piece in pieces:
                file.write(piece.encode("utf-8", "surrogatepass") if isinstance(piece, str) else piece)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        remedy = "remove that folder" if path.is_dir() else "free space or make it writable"
        raise BenchError(f"{path} cannot be written ({error.strerror}); {remedy}.") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _tidy(folder: Path) -> None:
    """Remove half-written files of ended processes of this machine; once a folder."""
    if folder in _tidied:
        return
    _tidied.add(folder)
    for entry in os.scandir(folder):
        if entry.name.endswith(".tmp") and (match := TEMPORARY.fullmatch(entry.name)):
            mine = match[2] in (None, _machine())
            if mine and not process_identity.lives(match[1]) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    Path(entry.path).unlink()


def _machine() -> str:
    return digest(process_identity.machine())[:6]


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    write_atomic(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object a line, atomically."""
    write_atomic(path, "".join(json.dumps(row) + "\n" for row in rows))


def make_folder(path: Path) -> None:
    """Make a folder to write in. Raises BenchError where that fails."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchError(f"{path} cannot be made ({error.strerror}); make its folder writable.") from None
    if not os.access(path, os.W_OK):
        raise BenchError(f"{path} is not writable; change its owner or rights, or set [paths] results.")


def read_json(path: Path) -> Any:
    """The JSON value in `path`, or None where the file is missing or damaged."""
    try:
        # A pipe might never end.
        return json.loads(path.read_bytes()) if path.is_file() else None
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
