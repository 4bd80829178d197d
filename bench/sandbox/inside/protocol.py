"""The runner's two pipes: a frame out is a length (four bytes), a letter and a body; a job in, a length and JSON."""

from __future__ import annotations

import json
import os
from typing import Any

from .outputs import HEADER


def send(letter: bytes, body: bytes) -> None:
    """One whole frame."""
    write_all(memoryview(len(body).to_bytes(4, "little") + letter + body))


def write_all(view: memoryview, fd: int = 1) -> None:
    """Write to `fd`, or stdout, until all of `view` is written."""
    while view:
        view = view[os.write(fd, view) :]


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


class RecordCounter:
    """Counts the whole records of a stream that comes in pieces.

    Only headers are looked at: a copy of an output would stay in this process, and the next sample is born with it.
    """

    def __init__(self) -> None:
        self.started = self.left = 0
        self.head = b""

    def take(self, data: Any) -> int:
        """Count on with the next piece, a view of bytes; returns the number of whole records so far."""
        at, size = 0, len(data)
        while True:
            step = min(self.left, size - at)
            self.left -= step
            at += step
            if at == size:
                return self.started - (self.left > 0)
            part = bytes(data[at : at + HEADER.size - len(self.head)])
            self.head += part
            at += len(part)
            if len(self.head) == HEADER.size:
                self.left = HEADER.unpack(self.head)[1]
                self.head = b""
                self.started += 1
