"""JSON lines: one typed record a line, read so that a damaged line costs itself alone, appended durably.

Only a newline ends a line: U+2028 and U+0085 may stand in a text. Values that json.dumps writes beyond the standard
(NaN, Infinity, half a surrogate pair) are read.
"""

import contextlib
import errno
import fcntl
import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from bench.errors import BenchError

Record = TypeVar("Record")

BOM = b"\xef\xbb\xbf"


class OtherWriterError(OSError):
    """Another program has written the file too; `size` is its size now, in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"another program writes it too ({size} bytes)")
        self.size = size


@dataclass(frozen=True)
class Line(Generic[Record]):
    """A line, counted from 1, that starts at byte `start` of its file: its record, or a phrase with the error.

    `broken` means that it is no JSON at all: if it is the last one, its writer was interrupted.
    """

    number: int
    start: int
    record: Record | None
    error: str = ""
    broken: bool = False


def parse(data: bytes, kind: type[Record]) -> Iterator[Line[Record]]:
    """The lines of `data` that are not empty, each as a `kind`: a frozen dataclass, `dict[str, Any]`, or `Any`."""
    decoder, start = msgspec.json.Decoder(kind), 0
    for number, text in enumerate(data.split(b"\n"), 1):
        line = text.removeprefix(BOM) if number == 1 else text
        if line.strip():
            try:
                yield Line(number, start, _decoded(line, decoder, kind))
            except msgspec.ValidationError as error:
                yield Line(number, start, None, _phrase(error))
            except ValueError as error:
                yield Line(number, start, None, str(error), broken=True)
        start += len(text) + 1


def read(path: Path, kind: type[Record]) -> list[Line[Record]]:
    """The lines of a file, none where there is no such file. Raises BenchError where it cannot be read."""
    try:
        return list(parse(content(path), kind))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BenchError(f"{path} cannot be read ({error.strerror}); make it a readable file.") from error


def content(path: Path) -> bytes:
    """All bytes of a file. Raises OSError, also for a pipe, which might never end."""
    if path.is_fifo():
        raise OSError(errno.EINVAL, "it is a pipe")
    return path.read_bytes()


def records(path: Path, kind: type[Record]) -> list[Record]:
    """The records of a file that can be made again; damaged lines are left out, and a missing file has none."""
    with contextlib.suppress(BenchError):
        return [line.record for line in read(path, kind) if line.record is not None]
    return []


def decode(line: bytes, kind: type[Record]) -> Record:
    """One line as a `kind`. Raises ValueError with a phrase: `not JSON`, or which field is of the wrong type."""
    return convert(_decoded(line, msgspec.json.Decoder(Any), Any), kind)


def convert(value: Any, kind: type[Record]) -> Record:
    """A JSON value as a `kind`. Raises ValueError with a phrase that names the field of the wrong type."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ValueError(_phrase(error)) from None


def encode(*rows: Any) -> bytes:
    """Rows, dataclasses or JSON values, as ASCII lines; numbers that are not finite become null."""
    return b"".join(json.dumps(_finite(msgspec.to_builtins(row)), allow_nan=False).encode() + b"\n" for row in rows)


def append(path: Path, *rows: Any, size: int | None = None, sync: bool = True) -> int:
    """Append rows, one a line; the size of the file then. A write that fails leaves the file as it was.

    A last line without its end gets one first. With `sync`, the lines are on the disk when this returns. With `size`,
    raises OtherWriterError where the file has another one. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        present = os.fstat(file).st_size
        if size is not None and present != size:
            raise OtherWriterError(present)
        separator = b"\n" if present and os.pread(file, 1, present - 1) != b"\n" else b""
        data = separator + encode(*rows)
        try:
            _write(file, data, present)
            if sync:
                os.fsync(file)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(file, present)
            raise
    finally:
        os.close(file)
    if new and sync:
        _sync_folder(path.parent)
    return present + len(data)


def truncate(path: Path, size: int) -> None:
    """Cut a file off behind its first `size` bytes, durably. Raises OSError."""
    with path.open("r+b") as file:
        file.truncate(size)
        os.fsync(file.fileno())


def _decoded(line: bytes, decoder: msgspec.json.Decoder[Record], kind: type[Record]) -> Record:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, RecursionError):
        pass
    # Python's own reader is slower, and accepts everything that Python's own writer makes; it finds the error, too.
    try:
        value = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise ValueError(f"no UTF-8 (byte {error.start + 1})") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON (character {error.pos + 1}: {error.msg})") from None
    except ValueError:
        raise ValueError("a number of too many digits") from None
    return msgspec.convert(value, kind)


def _phrase(error: msgspec.ValidationError) -> str:
    """The message of msgspec about a wrong type in the form of our sentences: `sample` is of type str, not int."""
    problem, _, place = str(error).partition(" - at ")
    name = place.strip("`").removeprefix("$.")
    if absent := re.fullmatch(r"Object missing required field (.+)", problem):
        return f"it has no {absent[1]}"
    if types := re.fullmatch(r"Expected `(.+?)`, got `(.+?)`", problem):
        subject = f"`{name}`" if name else "it"
        return f"{subject} is of type {types[2]}, not {types[1]}"
    return f"`{name}`: {problem}" if name else problem


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write(file: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(file, data, offset)
        data, offset = data[written:], offset + written


def _sync_folder(folder: Path) -> None:
    """Make a new file's name as durable as its content."""
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
