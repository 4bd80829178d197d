"""The comparison of one suite's outputs with the expected ones, as they come.

Nearly always the bytes are the expected ones, and a piece is one comparison. Records that differ are decoded, with no
more items than the expected value has, and the problem's checker decides; long sequences of numbers are compared as
arrays. Of other large values only digests cross, which equal values share.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.datasets.checker import Checker
from bench.evaluate.expected import Expected
from bench.evaluate.formatting import describe, error_of, shorten
from bench.evaluate.values import Undecodable, count, decode, numbers
from bench.sandbox.inside import outputs

SLACK = 4096
WIDEST = 9
"""An equal value takes at most this many times the bytes: a float for a bool. A longer record is wrong unread."""

SPARE = 100
"""Items that an output may have beyond the expected one's: to NumPy, [[2.0]] is close to [2.0]."""

MOST_ITEMS = 13
"""Items of a long sequence that are shown."""


@dataclass
class Comparison:
    """One run of one suite: `index` outputs were right; `failure` describes the error of the next one.

    `arguments` are the inputs of the suite where the checker needs them.
    """

    checker: Checker
    expected: Expected
    arguments: Sequence[Any] = ()
    index: int = 0
    position: int = 0
    held: bytearray = field(default_factory=bytearray)
    failure: dict[str, Any] | None = None

    def matches(self, data: bytes) -> bool:
        """Whether the next bytes are the expected ones, undecoded; if so, they are consumed."""
        wire, start = self.expected.wire, self.position
        if self.held or wire[start : start + len(data)] != data:
            return False
        self.position += len(data)
        before, self.index = self.index, bisect_right(self.expected.offsets, self.position) - 1
        self.index = min(self.index, len(self.expected))
        wrong = [test for test in self.expected.nan if before <= test < self.index]
        if wrong:
            self.index = min(wrong)
            self._wrong("NaN")
        return True

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; False where the verdict is final and the sample can be stopped."""
        if self.matches(data):
            return self.failure is None
        # The part of this record that matched so far was not kept: it equals the expected bytes.
        if not self.held:
            self.held += self.expected.wire[self.expected.offsets[self.index] : self.position]
        self.held += data
        header, at = outputs.HEADER, 0
        while len(self.held) - at >= header.size:
            kind, size = header.unpack_from(self.held, at)
            if size > self._size_limit():
                return self._wrong(f"{size} bytes")
            if len(self.held) - at - header.size < size:
                break
            at += header.size
            if not self._take(kind, bytes(self.held[at : at + size])):
                return False
            at += size
        del self.held[:at]
        self.position = self.expected.offsets[self.index]
        return True

    def _size_limit(self) -> int:
        uncut = self.checker.uncut_from(self.expected.first_float)
        if not 0 <= uncut <= self.index < len(self.expected):
            return SLACK
        return WIDEST * (self.expected.offsets[self.index + 1] - self.expected.offsets[self.index]) + SLACK

    def _take(self, kind: int, payload: bytes) -> bool:
        if kind == outputs.DONE:
            return False
        if kind == outputs.ERROR:
            self.failure = error_of(payload)
            return False
        if self.index >= len(self.expected):
            self.failure = {"error": "more outputs than tests", "line": 0}
            return False
        actual = self._difference(kind & ~outputs.CONVERTED, payload, same_type=not kind & outputs.CONVERTED)
        if actual:
            return self._wrong(actual)
        self.index += 1
        return True

    def _difference(self, kind: int, payload: bytes, *, same_type: bool) -> str:
        """A description of a wrong output; "" for a right one."""
        expected_kind, expected = self.expected.record(self.index)
        expected_kind &= ~outputs.CONVERTED
        try:
            if self.index in self.expected.nan:
                return "" if self.checker.accepts_anything else describe(kind, payload)
            if (kind, payload) == (expected_kind, expected) or self.checker.accepts_anything:
                return ""
            if kind not in (outputs.VALUE, outputs.DIGEST):
                return describe(outputs.OPAQUE, payload)
            if outputs.DIGEST in (kind, expected_kind):
                return "" if _digest(kind, payload) == _digest(expected_kind, expected) else describe(kind, payload)
            return self._value(payload, expected, same_type=same_type)
        except Undecodable:
            return describe(kind, payload)

    def _value(self, payload: bytes, expected_payload: bytes, *, same_type: bool) -> str:
        checker, first_float = self.checker, self.expected.first_float
        atol = checker.tolerance(self.index, first_float)
        plain = payload[:1] == expected_payload[:1] and checker.compares_arrays
        out, expected = (numbers(payload), numbers(expected_payload)) if plain else (None, None)
        if out is None or expected is None:
            expected = decode(expected_payload)
            out = decode(payload, count(expected) + SPARE)
            arguments = self.arguments[self.index] if checker.needs_inputs else ()
            right = checker.is_correct(out, expected, arguments, atol, same_type=same_type)
            return "" if right else shorten(out)
        right = checker.are_close(out, expected, atol if same_type else 0.0)
        return "" if right else shorten(out[:MOST_ITEMS].tolist())

    def _wrong(self, actual: str) -> bool:
        self.failure = {"actual": actual}
        if self.index < len(self.expected):
            self.failure["expected"] = describe(*self.expected.record(self.index))
        return False


def _digest(kind: int, payload: bytes) -> bytes:
    """The digest of an output that was sent as one, or of a small one that was sent whole. Raises Undecodable."""
    if kind == outputs.VALUE:
        payload = outputs.summarised(decode(payload, SLACK))
    return payload[:16]
