"""The runner's two pipes: a frame out is a length (four bytes), a letter and a body; a job in, a length and JSON."""

from __future__ import annotations

import json
import os
from typing import Any

from .outputs import HEADER


def send(letter: bytes, body: bytes) -> None:
    """One whole frame."""
    write_all(memoryview(len(body).to_bytes(4, "little") + letter + body))


def write_all(view: memoryview) -> None:
    """Write to stdout until all of `view` is written."""
    while view:
        view = view[os.write(1, view) :]


def receive() -> dict[str, Any]:
    """The next JSON object from stdin, and not a byte more; ends the process at the end of stdin."""
    return json.loads(read_exactly(int.from_bytes(read_exactly(4), "little")))  # type: ignore[no-any-return]


def read_exactly(count: int) -> bytes:
    """`count` bytes of stdin; ends the process where stdin ends first."""
    parts = []
    while count:
        part = os.read(0, min(count, 1 << 20))
        if not part:
            os._exit(0)
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


class Tally:
    """How many whole records have gone by, of a stream that comes in pieces."""

    def __init__(self) -> None:
        self.seen = self.end = self.begun = 0
        self.rest = b""

    def take(self, data: Any) -> int:
        """Count on with the next piece; returns the number of whole records so far."""
        data, start = self.rest + data, self.seen - len(self.rest)
        self.seen = start + len(data)
        while self.end + HEADER.size <= self.seen:
            self.end += HEADER.size + HEADER.unpack_from(data, self.end - start)[1]
            self.begun += 1
        self.rest = data[self.end - start :] if self.end < self.seen else b""
        return self.begun - (self.end > self.seen)
