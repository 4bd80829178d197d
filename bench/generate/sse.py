"""Bytes of a body → server-sent events (WHATWG HTML, 9.2), JSON that stands between them, and other lines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.generate import chunk

DONE = "[DONE]"
REPEATED_PREFIX = re.compile(r"^(\s*data:)+")
"""A field's name, repeated by a proxy."""
BOM = b"\xef\xbb\xbf"
MAX_STRAY = 64 << 20
"""Characters outside of events that are kept: they may be an answer in one piece."""
LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")


@dataclass(frozen=True)
class ServerEvent:
    """The data of one event, as text and as JSON (None where it is none); `is_error`: the server has marked it so.

    `stray`: a line outside of events.
    """

    text: str
    value: Any = None
    is_error: bool = False
    stray: bool = False


class EventParser:
    """Parses one body, cut anywhere, without comments and events that have no data."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self.line_bytes = 0  # of the line that has no end yet
        self._started = False
        self._pending: list[str] = []
        self._is_error = False
        self._in_json = False
        self._stray_size = 0

    def feed(self, data: bytes) -> Iterator[ServerEvent]:
        """The events that more bytes complete."""
        if self._rest and self._rest[-1].endswith(b"\r"):
            data = self._rest.pop() + data
        first, *lines = LINE_END.split(data)
        self._rest.append(first)
        self.line_bytes += len(data)
        for line in lines:
            complete, self._rest, self.line_bytes = b"".join(self._rest), [line], len(line)
            yield from self._take(complete)

    def close(self) -> Iterator[ServerEvent]:
        """The events that the body's end completes."""
        rest, self._rest = b"".join(self._rest).removesuffix(b"\r"), []
        yield from self._take(rest)
        yield from self._take(b"")

    def _take(self, line: bytes) -> Iterator[ServerEvent]:
        line, self._started = line if self._started else line.removeprefix(BOM), self._started or bool(line)
        text = line.decode("utf-8", "surrogateescape")
        name, colon, value = text.partition(":")
        name = name.strip()
        if not text.strip():
            yield from self._blank()
        elif name == "data":
            yield from self._data(REPEATED_PREFIX.sub("", value).removeprefix(" "))
        elif name in ("event", "id", "retry"):
            self._is_error = "error" in value if name == "event" else self._is_error
        elif name == "error" and colon and value.strip():
            # llama-server before September 2025 has errors in a field of their own.
            yield ServerEvent(value.strip(), chunk.parse(value), is_error=True)
        elif text.strip() == DONE:
            yield ServerEvent(DONE)
        elif name or not colon:
            yield from self._stray_line(text)

    def _data(self, value: str) -> Iterator[ServerEvent]:
        """A line of data; an event at once where it is complete: some servers leave out the empty line behind it."""
        self._pending.append(value)
        text = "\n".join(self._pending)
        event = chunk.parse(text)
        if event is not None or text.strip() == DONE:
            yield self._end_event(text, event)

    def _blank(self) -> Iterator[ServerEvent]:
        if any(self._pending):
            yield self._end_event("\n".join(self._pending), None)
        self._pending, self._is_error = [], False

    def _end_event(self, text: str, event: Any) -> ServerEvent:
        self._pending = []
        return ServerEvent(text.strip(), event, self._is_error)

    def _stray_line(self, text: str) -> Iterator[ServerEvent]:
        """A line outside of events: an event without `data:`, or a line of a longer text."""
        if not self._in_json and text.lstrip().startswith("{") and (event := chunk.parse(text)) is not None:
            yield ServerEvent(text.strip(), event)
            return
        self._in_json = self._in_json or text.lstrip().startswith(("{", "["))
        self._stray_size += len(text)
        if self._stray_size < MAX_STRAY:
            yield ServerEvent(text, stray=True)
