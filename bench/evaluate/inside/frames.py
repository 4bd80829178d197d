"""The runner's two pipes: a frame out is a length (four bytes), a letter and a body; a job in, a length and JSON."""

from __future__ import annotations

import json
import os
from typing import Any


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
