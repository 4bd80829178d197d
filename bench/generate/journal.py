"""raw.jsonl: every completion that was ever paid for, one a line, never rewritten.

A line is written by one append and synced before the next answer counts. A torn last line (kill -9, power cut) is cut
off on the next opening; what it held is asked again.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from bench.errors import JournalError
from bench.records import Completion

VERSION = 1
FIELDS = frozenset(f.name for f in fields(Completion))


class Journal:
    """The completions in one file. `torn` counts the bytes of a torn tail found on opening."""

    def __init__(self, path: Path) -> None:
        """Read what is there. Raises JournalError where it cannot be understood."""
        self.path = path
        self.completions: list[Completion] = []
        self.torn = 0
        self._good = 0
        for line in _lines(path):
            if not line.endswith(b"\n"):
                self.torn = len(line)
                break
            self.completions.append(parse(line, path, len(self.completions) + 1))
            self._good += len(line)

    def append(self, completion: Completion) -> None:
        """Write one completion durably. Raises JournalError where the disk refuses; what stood there stays."""
        row = json.dumps({"v": VERSION, **asdict(completion)}, ensure_ascii=True) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                os.ftruncate(file, self._good)
                _write_all(file, row.encode(), self._good)
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise JournalError(
                f"{self.path} cannot be written ({error.strerror}); free space or make it writable, then run doit "
                f"again: the {len(self.completions)} completions in it stay."
            ) from error
        self._good += len(row)
        self.completions.append(completion)

    def select(self, wanted: Mapping[str, tuple[str, int]], max_tokens: int) -> dict[tuple[str, int], Completion]:
        """By (task_id, sample), the first completion that answers each wanted request key; what lacks is not in it."""
        found: dict[tuple[str, int], Completion] = {}
        for completion in self.completions:
            place = wanted.get(completion.key)
            if place and satisfies(completion, max_tokens) and place not in found:
                found[place] = completion
        return found

    def failures(self, wanted: Mapping[str, tuple[str, int]]) -> dict[tuple[str, int], Completion]:
        """By (task_id, sample), the last error or time-out of each wanted request."""
        lost = ("error", "timeout")
        return {wanted[c.key]: c for c in self.completions if c.key in wanted and c.outcome in lost}


def satisfies(completion: Completion, max_tokens: int) -> bool:
    """Whether a completion answers the same request with that limit.

    One that ended by itself is the same under any limit that it fits into; one that was cut off (in the answer or in
    its thoughts), under its own only; an error is none at all.
    """
    if completion.outcome in ("error", "timeout"):
        return False
    if completion.outcome == "truncated" or completion.finish_reason == "length":
        return completion.max_tokens == max_tokens
    return completion.completion_tokens <= max_tokens


def parse(line: bytes, path: Path, number: int) -> Completion:
    """The completion in one whole line. Raises JournalError for a newer version or a line that is no completion."""
    try:
        row: dict[str, Any] = json.loads(line)
        version = row.pop("v")
    except (ValueError, KeyError, AttributeError, TypeError):
        raise JournalError(
            f"{path}, line {number} is not a completion; move the file away, or mend that line, and run doit again."
        ) from None
    if version != VERSION or not row.keys() <= FIELDS:
        raise JournalError(f"{path}, line {number} is of version {version}, this program reads {VERSION}; update it.")
    try:
        return Completion(**row)
    except TypeError:
        raise JournalError(f"{path}, line {number} lacks fields of a completion; move the file away.") from None


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except FileNotFoundError:
        return
    except OSError as error:
        raise JournalError(f"{path} cannot be read ({error.strerror}); make it readable.") from error


def _write_all(file: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(file, data, offset)
        data, offset = data[written:], offset + written


def outcomes(completions: Iterable[Completion]) -> dict[str, int]:
    """How many completions had each outcome."""
    counts: dict[str, int] = {}
    for completion in completions:
        counts[completion.outcome] = counts.get(completion.outcome, 0) + 1
    return counts
