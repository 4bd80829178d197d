"""A reader of marshal format 2 for values of samples: plain data only, in bounded time, depth and memory.

`marshal.loads` is not for bytes of unknown origin; this reads the data types of that format and nothing else. Its
codes are those of CPython's Python/marshal.c: N T F, i (int32), l (15-bit digits), g (double), y (two doubles), s u
(length, bytes), ( [ < > (count, items), { (pairs, ended by 0).
"""

import struct
from typing import Any

DEPTH = 100
"""Nesting that is read; the deepest expected output has a handful of levels."""

CONSTANTS = {ord("N"): None, ord("T"): True, ord("F"): False}
CROWD = 1000
"""Items of a set or dict from which its hashes are checked before it is built."""

UNIFORM = {ord("i"): ("<xi", 5), ord("g"): ("<xd", 9)}
"""Layout and size of a number in a sequence of numbers of one type."""

HEAD, ARRAY = 5, 1000
"""Bytes of a sequence before its items, and of items from which an array is faster."""


class Undecodable(Exception):  # noqa: N818 - a verdict on bytes
    """These bytes are not a value of plain data, or have more items than they may."""


def decode(data: bytes, items: int | None = None) -> Any:
    """The value in `data`, all of it, of at most so many `items` in all, itself counted. Raises Undecodable."""
    reader = _Reader(data, len(data) if items is None else items)
    try:
        value = reader.value(DEPTH)
    except (IndexError, struct.error, UnicodeDecodeError, TypeError, OverflowError, MemoryError) as error:
        raise Undecodable(type(error).__name__) from None
    if reader.at != len(data):
        raise Undecodable("trailing bytes")
    return value


def count(value: Any) -> int:
    """The number of items of a value in all, itself counted."""
    if isinstance(value, dict):
        return 1 + sum(map(count, value)) + sum(map(count, value.values()))
    return 1 + sum(map(count, value)) if isinstance(value, list | tuple | set | frozenset) else 1


def numbers(data: bytes) -> Any:
    """The numbers of a long list or tuple of floats alone, or of small integers alone, as an array; else None."""
    if data[:1] not in (b"[", b"(") or len(data) < HEAD + ARRAY:
        return None
    kind, size = {"i": ("<i4", 5), "g": ("<f8", 9)}.get(chr(data[HEAD]), ("", 0))
    if not size or (len(data) - HEAD) % size or data[1:HEAD] != ((len(data) - HEAD) // size).to_bytes(4, "little"):
        return None
    import numpy as np  # noqa: PLC0415 - heavy, and most gradings do not need it

    rows = np.frombuffer(data, np.dtype([("code", "u1"), ("value", kind)]), offset=HEAD)
    return rows["value"].astype("f8") if (rows["code"] == data[HEAD]).all() else None


class _Reader:
    """Reads one value after the other; `left` is the number of items that it may still read."""

    def __init__(self, data: bytes, items: int) -> None:
        self.data, self.at, self.left = data, 0, items

    def value(self, depth: int) -> Any:
        code = self.data[self.at]
        self.at += 1
        self._spend(1)
        if code in CONSTANTS:
            return CONSTANTS[code]
        if depth == 0:
            raise Undecodable("nested too deeply")
        match chr(code):
            case "i":
                return self._unpack("<i", 4)[0]
            case "g":
                return self._unpack("<d", 8)[0]
            case "y":
                return complex(*self._unpack("<dd", 16))
            case "l":
                return self._integer()
            case "s":
                return self._bytes()
            case "u":
                return self._bytes().decode("utf-8", "surrogatepass")
            case "[":
                return self._items(depth)
            case "(":
                return tuple(self._items(depth))
            case "<":
                return set(_without_collisions(self._items(depth)))
            case ">":
                return frozenset(_without_collisions(self._items(depth)))
            case "{":
                return self._dict(depth)
        raise Undecodable(f"type code {chr(code)!r}")

    def _spend(self, items: int) -> None:
        self.left -= items
        if self.left < 0:
            raise Undecodable("more items than expected")

    def _unpack(self, layout: str, size: int) -> tuple[Any, ...]:
        self.at += size
        return struct.unpack_from(layout, self.data, self.at - size)

    def _length(self, size: int = 1) -> int:
        length = int(self._unpack("<i", 4)[0])
        if abs(length) * size > len(self.data) - self.at or (length < 0 and size == 1):
            raise Undecodable("a length beyond the end")
        return length

    def _integer(self) -> int:
        length = self._length(2)
        digits = self._unpack(f"<{abs(length)}H", 2 * abs(length))
        if not digits or max(digits) >> 15:
            raise Undecodable("digits of more than 15 bits")
        # Through a text in base 2, which is linear; adding shifted digits is quadratic.
        number = int("".join([format(digit, "015b") for digit in reversed(digits)]), 2)
        return number if length > 0 else -number

    def _bytes(self) -> bytes:
        length = self._length()
        self.at += length
        return self.data[self.at - length : self.at]

    def _items(self, depth: int) -> list[Any]:
        length = self._length()
        if length > self.left:
            raise Undecodable("more items than expected")
        layout, size = UNIFORM.get(self.data[self.at], ("", 0)) if length else ("", 0)
        end = self.at + length * size
        if size and end <= len(self.data) and self.data[self.at : end : size].count(self.data[self.at]) == length:
            numbers = [item for (item,) in struct.iter_unpack(layout, self.data[self.at : end])]
            self.at = end
            self._spend(length)
            return numbers
        return [self.value(depth - 1) for _ in range(length)]

    def _dict(self, depth: int) -> dict[Any, Any]:
        keys, values = [], []
        while self.data[self.at] != ord("0"):
            keys.append(self.value(depth - 1))
            values.append(self.value(depth - 1))
        self.at += 1
        return dict(zip(_without_collisions(keys), values, strict=True))


def _without_collisions(items: list[Any]) -> list[Any]:
    # A set of items made to share one hash takes quadratic time to build; equal hashes collapse in this one.
    if len(items) > CROWD and len({hash(item) for item in items}) * 2 < len(items):
        raise Undecodable("crafted hashes")
    return items
