"""The judge of one suite: compares what comes out of the sandbox with what should, as it comes.

Nearly always the bytes are the expected ones, and a chunk is one comparison. Where they differ, record by record, the
values are decoded and EvalPlus's rules decide. A value too large to cross whole, with another digest, leaves the
suite undecided: it is run again with whole outputs.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bench.evaluate.expected import Expected
from bench.evaluate.formatting import describe, error_of, first_bytes, shorten
from bench.evaluate.rules import FLOAT_ATOL, Rule
from bench.evaluate.values import Undecodable, decode
from bench.records import Status
from bench.sandbox.inside import outputs
from bench.sandbox.instance import End

ROOM = 4096
WIDEST = 9
"""An equal value takes at most this many times the bytes: a float for a bool. A longer record is wrong unread."""


@dataclass(frozen=True)
class SuiteResult:
    """How a suite ended; `failure` says why it did not pass, `index` which test it was (None: before the first).

    `disturbed` says that a neighbour may be to blame, `extended` that it went on past its hurried limits.
    """

    status: Status
    index: int | None = None
    failure: dict[str, Any] | None = None
    undecided: bool = False
    disturbed: bool = False
    extended: bool = False


@dataclass
class Judge:
    """Judges one run of one suite; `arguments` gives the inputs of the suite, for oracles."""

    rule: Rule
    expected: Expected
    arguments: Callable[[], Sequence[Any]]
    whole: bool = False
    index: int = 0
    position: int = 0
    held: bytearray = field(default_factory=bytearray)
    failure: dict[str, Any] | None = None
    undecided: bool = False

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; False where the verdict stands and the sample can be stopped."""
        wire, start = self.expected.wire, self.position
        if not self.held and wire[start : start + len(data)] == data:
            self.position += len(data)
            return self._advance()
        # What matched so far of the record at hand was not kept: it equals what was expected.
        if not self.held:
            self.held += wire[self.expected.offsets[self.index] : start]
        self.held += data
        return self._records()

    def _advance(self) -> bool:
        before, count = self.index, len(self.expected)
        self.index = min(bisect_right(self.expected.offsets, self.position) - 1, count)
        for test in sorted(self.expected.nan):
            if before <= test < self.index:
                self.index = test
                return self._wrong("NaN")
        return True

    def _records(self) -> bool:
        header, at = outputs.HEADER, 0
        while len(self.held) - at >= header.size:
            kind, size = header.unpack_from(self.held, at)
            if size > self._room():
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

    def _room(self) -> int:
        if not self.whole or self.index >= len(self.expected):
            return ROOM
        return WIDEST * (self.expected.offsets[self.index + 1] - self.expected.offsets[self.index]) + ROOM

    def _take(self, kind: int, payload: bytes) -> bool:
        if kind == outputs.DONE:
            return False
        if kind == outputs.ERROR:
            self.failure = error_of(payload)
            return False
        if self.index >= len(self.expected):
            self.failure = {"error": "more outputs than tests", "line": 0}
            return False
        if (kind, payload) == self.expected.record(self.index) and self.index not in self.expected.nan:
            self.index += 1
            return True
        return self._compare(kind, payload)

    def _compare(self, kind: int, payload: bytes) -> bool:
        own, same_type = kind & ~outputs.CONVERTED, not kind & outputs.CONVERTED
        wanted_kind, wanted = self.expected.record(self.index)
        if outputs.DIGEST in (own, wanted_kind) and own in (outputs.VALUE, outputs.DIGEST):
            if own == wanted_kind and payload == wanted and self.index not in self.expected.nan:
                self.index += 1
                return True
            fixed = self.rule.form != "set" and hopeless(first_bytes(own, payload), first_bytes(wanted_kind, wanted))
            self.undecided = not fixed
            return self._wrong(describe(own, payload))
        try:
            out = decode(payload) if own == outputs.VALUE else None
        except Undecodable:
            own = outputs.OPAQUE
        if own != outputs.VALUE:
            if not self.rule.accepts_anything():
                return self._wrong(describe(outputs.OPAQUE, payload))
        elif not self._right(out, decode(wanted), same_type=same_type):
            return self._wrong(shorten(out))
        self.index += 1
        return True

    def _right(self, out: Any, wanted: Any, *, same_type: bool) -> bool:
        arguments = self.arguments()[self.index] if self.rule.needs_inputs else ()
        floats = 0 <= self.expected.first_float <= self.index
        atol = FLOAT_ATOL if self.rule.atol == 0 and floats else self.rule.atol
        return self.rule.right(out, wanted, arguments, atol, same_type=same_type)

    def _wrong(self, actual: str) -> bool:
        self.failure = {"actual": actual}
        if self.index < len(self.expected):
            self.failure["expected"] = describe(*self.expected.record(self.index))
        return False

    def finish(self, end: End) -> SuiteResult:
        """The result, once the sandbox has said how the run ended."""
        return replace(self._result(end), extended=end.extended)

    def _result(self, end: End) -> SuiteResult:
        if self.undecided:
            return SuiteResult("fail", self.index, self.failure, undecided=True)
        if self.failure is None and self.index == len(self.expected):
            return SuiteResult("timeout" if end.doubtful else "pass", disturbed=end.doubtful)
        # Records of tests that were right may still have been on their way when the process ended.
        reached = self.index if self.failure is not None else max(self.index, end.test)
        index = min(reached, len(self.expected) - 1) if end.test >= 0 and len(self.expected) else None
        if self.failure is not None:
            return SuiteResult("fail", index, self.failure)
        if end.broken == "time":
            return SuiteResult("timeout", index, {"error": "ran out of time", "line": 0}, disturbed=not end.own_core)
        if end.broken == "memory":
            return SuiteResult("fail", index, {"error": "used more memory than it may", "line": 0})
        how = f"was ended by signal {end.signal}" if end.signal else "ended without a result"
        return SuiteResult("fail", index, {"error": how, "line": 0}, disturbed=end.signal == 9)


def hopeless(out: bytes, wanted: bytes) -> bool:
    """Whether the first five bytes (type, number of items) of two unequal large values rule out that they are right.

    Unequal texts and large integers stay so under every rule; sequences need the same type and length, sets the size.
    """
    kinds = {out[:1], wanted[:1]}
    if len(kinds) > 1 and kinds != {b"<", b">"}:
        return True
    return not kinds <= {b"[", b"(", b"<", b">", b"{"} or (kinds != {b"{"} and out[1:] != wanted[1:])
