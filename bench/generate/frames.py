"""Bytes of a body → frames: server-sent events (WHATWG HTML, 9.2), JSON that stands between them, and other lines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.generate import payload

DONE = "[DONE]"
AGAIN = re.compile(r"^(\s*data:)+")
"""A field's name that a proxy has put before it once more."""
BOM = b"\xef\xbb\xbf"
MOST_WORDS = 64 << 20
"""Characters outside of events that are kept, in case that they are an answer in one piece."""
LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")


@dataclass(frozen=True)
class Frame:
    """The data of one event, as text and as JSON (None for what is none); `called_error`: the server calls it one."""

    text: str
    value: Any = None
    called_error: bool = False


@dataclass(frozen=True)
class Words(Frame):
    """A line outside of events."""


class Lines:
    """One body, cut anywhere. Comments and events without data are no frames."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self.begun = 0  # bytes of the line that has no end yet
        self._begun = False
        self._pending: list[str] = []
        self._called_error = False
        self._open = False
        self._size = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that more bytes complete."""
        if self._rest and self._rest[-1].endswith(b"\r"):
            data = self._rest.pop() + data
        first, *lines = LINE_END.split(data)
        self._rest.append(first)
        self.begun += len(data)
        for line in lines:
            whole, self._rest, self.begun = b"".join(self._rest), [line], len(line)
            yield from self._take(whole)

    def close(self) -> Iterator[Frame]:
        """What the body's end completes."""
        rest, self._rest = b"".join(self._rest).removesuffix(b"\r"), []
        yield from self._take(rest)
        yield from self._take(b"")

    def _take(self, line: bytes) -> Iterator[Frame]:
        line, self._begun = line if self._begun else line.removeprefix(BOM), self._begun or bool(line)
        text = line.decode("utf-8", "surrogateescape")
        name, colon, value = text.partition(":")
        name = name.strip()
        if not text.strip():
            yield from self._blank()
        elif name == "data":
            yield from self._data(AGAIN.sub("", value).removeprefix(" "))
        elif name in ("event", "id", "retry"):
            self._called_error = "error" in value if name == "event" else self._called_error
        elif name == "error" and colon and value.strip():
            # llama-server before September 2025 has errors in a field of their own.
            yield Frame(value.strip(), payload.parse(value), called_error=True)
        elif text.strip() == DONE:
            yield Frame(DONE)
        elif name or not colon:
            yield from self._between(text)

    def _data(self, value: str) -> Iterator[Frame]:
        """A line of data: an event at once where it is whole, for some servers leave out the empty line behind it."""
        self._pending.append(value)
        text = "\n".join(self._pending)
        event = payload.parse(text)
        if event is not None or text.strip() == DONE:
            yield self._made(text, event)

    def _blank(self) -> Iterator[Frame]:
        if any(self._pending):
            yield self._made("\n".join(self._pending), None)
        self._pending, self._called_error = [], False

    def _made(self, text: str, event: Any) -> Frame:
        self._pending = []
        return Frame(text.strip(), event, self._called_error)

    def _between(self, text: str) -> Iterator[Frame]:
        """A line outside of events: an event that was not framed, or a line of something larger."""
        if not self._open and text.lstrip().startswith("{") and (event := payload.parse(text)) is not None:
            yield Frame(text.strip(), event)
            return
        self._open = self._open or text.lstrip().startswith(("{", "["))
        self._size += len(text)
        if self._size < MOST_WORDS:
            yield Words(text)
