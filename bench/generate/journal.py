"""raw.jsonl: every completion that was ever paid for, one a line, never rewritten.

A line is written by one append and synced before the next answer counts. A torn last line (kill -9, power cut) is left
out by whoever reads, and cut off when a generation begins; what it held is asked again. A last line that lacks nothing
but its end counts.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from types import UnionType
from typing import Any

from bench.errors import JournalError
from bench.records import Completion

VERSION = 1
FIELDS = frozenset(f.name for f in fields(Completion))
REQUIRED = frozenset({"key", "task_id", "sample", "outcome", "answer"})
TYPES: dict[str, type | UnionType] = {
    **dict.fromkeys(("key", "task_id", "answer", "reasoning", "finish_reason", "error", "at"), str),
    **dict.fromkeys(("sample", "max_tokens", "prompt_tokens", "completion_tokens"), int),
    "outcome": str, "seconds": int | float, "seed": int | None, "speeds": dict, "server": dict,
}  # fmt: skip


class Journal:
    """The completions in one file. `torn` counts the bytes of a torn tail found on opening."""

    def __init__(self, path: Path) -> None:
        """Read what is there. Raises JournalError where it cannot be understood."""
        self.path = path
        self.completions: list[Completion] = []
        self.torn = 0
        self._good = 0
        self._gap = b""
        for line, last in _lines(path):
            if last and not _whole(line):
                self.torn = len(line)
                break
            self.completions.append(parse(line, path, len(self.completions) + 1))
            self._good += len(line)
            self._gap = b"" if line.endswith(b"\n") else b"\n"
        self._size = self._good + self.torn

    def repair(self) -> bool:
        """Cut a torn tail off; whether there was one. Raises JournalError where the disk refuses."""
        if not self.torn:
            return False
        self._durably(b"")
        self.torn = 0
        return True

    def append(self, completion: Completion) -> None:
        """Write one completion durably. Raises JournalError where the disk refuses; what stood there stays."""
        self._durably(self._gap + json.dumps({"v": VERSION, **asdict(completion)}, ensure_ascii=True).encode() + b"\n")
        self._gap = b""
        self.completions.append(completion)

    def _durably(self, row: bytes) -> None:
        try:
            self._write(row)
        except OSError as error:
            raise JournalError(
                f"{self.path} cannot be written ({error.strerror}); free space or make it writable, then run doit "
                f"again: the {len(self.completions)} completions in it stay."
            ) from error

    def _write(self, row: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = not self.path.exists()
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._require_own(os.fstat(file).st_size)
            os.ftruncate(file, self._good)
            try:
                _write_all(file, row, self._good)
                os.fsync(file)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(file, self._good)
                self._size = os.fstat(file).st_size
                raise
        finally:
            os.close(file)
        self._good = self._size = self._good + len(row)
        if new:
            _sync_folder(self.path.parent)

    def _require_own(self, size: int) -> None:
        """Raise JournalError where the file is not as this object left it, rather than write over another's lines."""
        if size != self._size:
            raise JournalError(
                f"{self.path} has {size} bytes where this run left {self._size}: another program writes it too; "
                "stop that one, then run doit again."
            )


def parse(line: bytes, path: Path, number: int) -> Completion:
    """The completion in one whole line. Raises JournalError for a newer version or a line that is no completion."""
    row = _object(line)
    if row is None or "v" not in row:
        raise JournalError(
            f"{path}, line {number} is not a completion; move the file away, or mend that line, and run doit again."
        )
    version = row.pop("v")
    if version != VERSION:
        raise JournalError(
            f"{path}, line {number} is of version {version!r}, this program reads {VERSION}; update it, or move the "
            "file away."
        )
    for unknown in row.keys() - FIELDS:
        raise JournalError(f'{path}, line {number} has the unknown field "{unknown}"; update this program.')
    wrong = [name for name, kind in TYPES.items() if name in row and not isinstance(row[name], kind)]
    if wrong or not row.keys() >= REQUIRED:
        what = ", ".join(wrong or sorted(REQUIRED - row.keys()))
        raise JournalError(f"{path}, line {number} has no usable {what}; mend that line, or move the file away.")
    return Completion(**row)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _whole(line: bytes) -> bool:
    """Whether a last line was written to its end: no beginning of a JSON object is one itself."""
    return _object(line) is not None


def _lines(path: Path) -> Iterator[tuple[bytes, bool]]:
    """Each line, and whether it is the last."""
    try:
        with path.open("rb") as file:
            line = next(file, None)
            while line is not None:
                following = next(file, None)
                yield line, following is None
                line = following
    except FileNotFoundError:
        return
    except OSError as error:
        raise JournalError(f"{path} cannot be read ({error.strerror}); make it readable.") from error


def _sync_folder(folder: Path) -> None:
    """Make a new file's name as durable as its content."""
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def _write_all(file: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(file, data, offset)
        data, offset = data[written:], offset + written
