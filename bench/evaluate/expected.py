"""The expected records of a problem's suites, and the checksummed file that keeps them.

A file is a checksum, the length of a JSON head, the head (one object a suite) and the suites' records, compressed.
"""

import struct
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import msgspec

from bench.datasets.checker import Checker
from bench.datasets.problem import NONCE
from bench.files import write_atomic
from bench.sandbox.inside import outputs
from bench.sandbox.instance import Limits

MIN_LIMIT, FACTOR, SUITE_LIMIT = 4.0, 4.0, 60.0
"""Seconds: a test may take max(4, 4 x reference), a suite the sum of that up to 60, and one more (EvalPlus's HEAD)."""


DIGESTS = frozenset([outputs.DIGEST, outputs.DIGEST + outputs.CONVERTED])

SHORTER = 4.0
"""Tests and suites that run beside others get this fraction of their limits, or twice their reference.

An endless loop, which is stopped and re-run alone, so costs a limit and a quarter, not two.
"""


@dataclass(frozen=True)
class Expected:
    """A suite's expected records: `wire` as the sandbox would send them, with the `offsets` of each and of the end.

    `first_float` is the first test whose output is compared with a tolerance (-1: none), `nan` the tests whose output
    holds a NaN, which equals nothing. `limits` are for a run alone on a core, `short_limits` for one beside others.
    `has_large_outputs` means that an output is so large that its serialisation takes time.
    """

    wire: Any
    offsets: "array[int]"
    first_float: int
    nan: frozenset[int]
    limits: Limits
    short_limits: Limits
    has_large_outputs: bool = False

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def record(self, index: int) -> tuple[int, bytes]:
        """Kind and payload of one test's record."""
        start, end = self.offsets[index], self.offsets[index + 1]
        return self.wire[start], bytes(self.wire[start + outputs.HEADER.size : end])

    def with_nonce(self, nonce: str) -> "Expected":
        """The same with this run's own nonce, which tests that run beside a solution return."""
        placeholder, proof = outputs.record(NONCE, outputs.LIMIT), outputs.record(nonce, outputs.LIMIT)
        own = [bytes(self.wire[start:end]) for start, end in pairwise(self.offsets)]
        records = [proof if record == placeholder else record for record in own]
        wire = b"".join([*records, bytes(self.wire[self.offsets[-1] :])])
        return replace(self, wire=wire, offsets=offsets(list(map(len, records))))


@dataclass(frozen=True)
class Head:
    """The head of a suite in a file, before its records, which have so many `bytes` compressed.

    `sizes` are the bytes of each record, `seconds` those of the reference for each test; `first_float` and `nan` are
    as in Expected.
    """

    first_float: int
    seconds: list[float]
    nan: list[int]
    sizes: list[int]
    bytes: int


def pack(suites: Sequence[tuple[Head, bytes]]) -> bytes:
    """The body of a file, from each suite's head and compressed records."""
    head = msgspec.json.encode([head for head, _ in suites])
    return struct.pack("<I", len(head)) + head + b"".join(packed for _, packed in suites)


def unpack(body: bytes) -> Iterator[Expected]:
    """Each suite of a file's body."""
    at = 4 + struct.unpack_from("<I", body)[0]
    for head in heads(body):
        yield expected_of(head, zlib.decompress(body[at : at + head.bytes]))
        at += head.bytes


def heads(body: bytes) -> list[Head]:
    """The head of each suite."""
    return msgspec.json.decode(body[4 : 4 + struct.unpack_from("<I", body)[0]], type=list[Head])


def expected_of(head: Head, wire: bytes) -> Expected:
    """A suite by its head and its records."""
    seconds, starts = head.seconds, offsets(head.sizes)
    whole = _limits(seconds, MIN_LIMIT, FACTOR, SUITE_LIMIT)
    short = _limits(seconds, MIN_LIMIT / SHORTER, FACTOR / 2, max(SUITE_LIMIT / SHORTER, FACTOR / 2 * sum(seconds)))
    kinds = set(map(wire.__getitem__, starts[:-1]))
    has_large_outputs = max(head.sizes, default=0) > outputs.LIMIT or not kinds.isdisjoint(DIGESTS)
    return Expected(wire, starts, head.first_float, frozenset(head.nan), whole, short, has_large_outputs)


def _limits(seconds: Sequence[float], least: float, factor: float, most: float) -> Limits:
    slow = least / factor
    longer = {str(index): factor * spent for index, spent in enumerate(seconds) if spent > slow}
    total = least * (len(seconds) - len(longer)) + sum(longer.values())
    return Limits(least, longer, min(most, SUITE_LIMIT, total) + 1)


def offsets(sizes: list[int]) -> "array[int]":
    """The offsets of records of these sizes, and the end of the last one."""
    return array("Q", accumulate(sizes, initial=0))


def encoded(values: Sequence[Any], checker: Checker, seconds: Sequence[float]) -> tuple[Head, bytes]:
    """Head and compressed records of a suite with expected outputs in the dataset."""
    first_float = next((index for index, value in enumerate(values) if outputs.is_floats(value)), -1)
    uncut, records, nan = checker.uncut_from(first_float), [], []
    for index, value in enumerate(values):
        records.append(outputs.record(value, outputs.UNCUT if 0 <= uncut <= index else outputs.LIMIT))
        if outputs.holds_nan(value, records[-1]):
            nan.append(index)
    sizes = list(map(len, records))
    packed = zlib.compress(b"".join(records) + outputs.HEADER.pack(outputs.DONE, 0), 1)
    return Head(first_float, list(seconds), nan, sizes, len(packed)), packed


class Collector:
    """Takes a suite's records as they come and keeps them compressed; the end of the stream is `rest`.

    `sizes` are those of the whole records of outputs, headers counted.
    """

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.packed, self.rest = bytearray(), bytearray()
        self.compressor, self.missing = zlib.compressobj(1), 0

    def take(self, data: bytes) -> bool:
        """Take the next bytes; True, for all are needed."""
        if self.missing:
            part, data = data[: self.missing], data[self.missing :]
            self.missing -= len(part)
            self.packed += self.compressor.compress(part)
        self.rest += data
        at = 0
        while not self.missing and len(self.rest) - at >= outputs.HEADER.size:
            kind, size = outputs.HEADER.unpack_from(self.rest, at)
            if kind & ~outputs.CONVERTED not in (outputs.VALUE, outputs.DIGEST, outputs.OPAQUE):
                break
            size += outputs.HEADER.size
            self.missing = max(0, at + size - len(self.rest))
            self.sizes.append(size)
            at = min(at + size, len(self.rest))
        self.packed += self.compressor.compress(self.rest[:at])
        del self.rest[:at]
        return True

    def done(self) -> tuple[bytes, bytes]:
        """The compressed records, and the payload of the record with the tests' times (b"" for none)."""
        header, done = outputs.HEADER.size, outputs.HEADER.pack(outputs.DONE, 0)
        whole = not self.missing and self.rest.endswith(done) and self.rest[0] == outputs.TIMES
        times = bytes(self.rest[header : -len(done)]) if whole else b""
        return bytes(self.packed + self.compressor.compress(done) + self.compressor.flush()), times


def write_checked(path: Path, body: bytes) -> None:
    """Write a file with its checksum."""
    write_atomic(path, blake2b(body, digest_size=16).digest() + body)


def read_checked(path: Path) -> bytes | None:
    """A checksummed file's content, or None where it is missing or damaged."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return data[16:] if blake2b(data[16:], digest_size=16).digest() == data[:16] else None
