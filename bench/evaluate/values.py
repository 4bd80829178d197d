"""Reads the marshal format 2 of a value that a sample made: data alone, in bounded time, depth and memory.

`marshal.loads` is not for bytes of unknown origin; this reads the data types of that format and nothing else. Its
codes are those of CPython's Python/marshal.c: N T F, i (int32), l (15-bit digits), g (double), y (two doubles), s u
(length, bytes), ( [ < > (count, items), { (pairs, ended by 0).
"""

import struct
from typing import Any

DEPTH = 100
"""Nesting that is read; the deepest expected output has a handful of levels."""

CONSTANTS = {b"N": None, b"T": True, b"F": False}
CROWD = 1000
"""Items of a set or dict from which on its hashes are checked before it is built."""


class Undecodable(Exception):  # noqa: N818 - a verdict on bytes
    """These bytes are not a value of plain data."""


def decode(data: bytes) -> Any:
    """The value in `data`, all of it. Raises Undecodable."""
    try:
        value, end = _value(data, 0, DEPTH)
    except (IndexError, struct.error, UnicodeDecodeError, TypeError, OverflowError, MemoryError) as error:
        raise Undecodable(type(error).__name__) from None
    if end != len(data):
        raise Undecodable("trailing bytes")
    return value


def _value(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth == 0:
        raise Undecodable("nested too deeply")
    code = data[at : at + 1]
    at += 1
    if code in CONSTANTS:
        return CONSTANTS[code], at
    reader = READERS.get(code)
    if reader is None:
        raise Undecodable(f"type code {code!r}")
    return reader(data, at, depth)


def _count(data: bytes, at: int, size: int = 1) -> tuple[int, int]:
    (count,) = struct.unpack_from("<i", data, at)
    if count < 0 or count * size > len(data) - at - 4:
        raise Undecodable("a length beyond the end")
    return count, at + 4


def _int32(data: bytes, at: int, _: int) -> tuple[int, int]:
    return struct.unpack_from("<i", data, at)[0], at + 4


def _long(data: bytes, at: int, _: int) -> tuple[int, int]:
    (count,) = struct.unpack_from("<i", data, at)
    at, size = at + 4, abs(count)
    if size * 2 > len(data) - at:
        raise Undecodable("a length beyond the end")
    digits = struct.unpack_from(f"<{size}H", data, at)
    if not size or max(digits) >> 15:
        raise Undecodable("digits of more than 15 bits")
    # Through a text in base 2, which is linear; adding shifted digits is quadratic.
    number = int("".join([format(digit, "015b") for digit in reversed(digits)]), 2)
    return (number if count > 0 else -number), at + 2 * size


def _double(data: bytes, at: int, _: int) -> tuple[float, int]:
    return struct.unpack_from("<d", data, at)[0], at + 8


def _complex(data: bytes, at: int, _: int) -> tuple[complex, int]:
    return complex(*struct.unpack_from("<dd", data, at)), at + 16


def _bytes(data: bytes, at: int, _: int) -> tuple[bytes, int]:
    count, at = _count(data, at)
    return data[at : at + count], at + count


def _text(data: bytes, at: int, _: int) -> tuple[str, int]:
    count, at = _count(data, at)
    return data[at : at + count].decode("utf-8", "surrogatepass"), at + count


def _items(data: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    count, at = _count(data, at)
    for code, layout, size in ((b"i", "<xi", 5), (b"g", "<xd", 9)):
        end = at + count * size
        if count > 8 and end <= len(data) and data[at:end:size] == code * count:
            return [item for (item,) in struct.iter_unpack(layout, data[at:end])], end
    items = []
    for _ in range(count):
        item, at = _value(data, at, depth - 1)
        items.append(item)
    return items, at


def _list(data: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    return _items(data, at, depth)


def _tuple(data: bytes, at: int, depth: int) -> tuple[tuple[Any, ...], int]:
    items, at = _items(data, at, depth)
    return tuple(items), at


def _set(data: bytes, at: int, depth: int) -> tuple[set[Any], int]:
    items, at = _items(data, at, depth)
    return set(_spread(items)), at


def _frozenset(data: bytes, at: int, depth: int) -> tuple[frozenset[Any], int]:
    items, at = _items(data, at, depth)
    return frozenset(_spread(items)), at


def _dict(data: bytes, at: int, depth: int) -> tuple[dict[Any, Any], int]:
    keys, values = [], []
    while data[at] != ord("0"):
        key, at = _value(data, at, depth - 1)
        value, at = _value(data, at, depth - 1)
        keys.append(key)
        values.append(value)
    return dict(zip(_spread(keys), values, strict=True)), at + 1


def _spread(items: list[Any]) -> list[Any]:
    # A set of items made to share one hash takes quadratic time to build; equal hashes collapse in this one.
    if len(items) > CROWD and len({hash(item) for item in items}) * 2 < len(items):
        raise Undecodable("crafted hashes")
    return items


READERS = {
    b"i": _int32, b"l": _long, b"g": _double, b"y": _complex, b"s": _bytes, b"u": _text,
    b"(": _tuple, b"[": _list, b"<": _set, b">": _frozenset, b"{": _dict,
}  # fmt: skip
