"""A digest that two values share where Python calls them equal: 1, 1.0 and True, sets and dicts in any order.

A value is hashed level by level, so that each step is one call into C for millions of items: the codes of the level's
types, then its numbers as doubles, its texts joined, the lengths of its containers. Their items are the next level.
"""

from __future__ import annotations

from array import array
from hashlib import blake2b
from itertools import chain, compress
from typing import Any

CODES = {
    int: "n", bool: "n", float: "n", complex: "y", str: "u", bytes: "s", type(None): "N",
    list: "[", tuple: "(", set: "<", frozenset: "<", dict: "{",
}  # fmt: skip
MASKS = {code: bytes(code == chr(byte) for byte in range(256)) for code in CODES.values()}
REAL = frozenset([int, bool, float])
DEPTH = 2000
"""Levels of nesting that are hashed, as many as marshal writes; a list that holds itself has no end."""

EXACT = 1 << 53
"""Integers up to this size are doubles."""

NEGATIVE_ZERO = b"\0\0\0\0\0\0\0\x80"
NAN = b"\0\0\0\0\0\0\xf8\x7f", b"\0\0\0\0\0\0\xf8\xff"
"""The quiet NaN of either sign, the only one that Python's arithmetic makes."""


def digest(value: Any) -> tuple[bytes, bool]:
    """The digest (16 bytes), and whether a NaN is in it, which equals nothing.

    Raises KeyError where a type is none of the plain ones, ValueError where the nesting is too deep.
    """
    state, level, nan, depth = blake2b(digest_size=16), [value], False, 0
    while level:
        if depth > DEPTH:
            raise ValueError("nested too deeply")
        containers: list[Any] = []
        for code, items in _by_kind(level, state):
            if code == "n":
                nan |= _hash_numbers(items, state)
            elif code == "y":
                nan |= _hash_numbers([part for item in items for part in (item.real, item.imag)], state)
            elif code != "N":
                state.update(array("Q", map(len, items)))
                containers += _hash_sized(code, items, state)
        level = containers[0] if len(containers) == 1 else list(chain.from_iterable(containers))
        depth += 1
    return state.digest(), nan


def _by_kind(level: list[Any], state: Any) -> list[tuple[str, list[Any]]]:
    """A level's items by the codes of their types, which are hashed in the order of the items."""
    present = {CODES[kind] for kind in set(map(type, level))}
    if "y" in present:
        level = _real(level)
        present = {CODES[kind] for kind in set(map(type, level))}
    state.update(f"{len(level)} {''.join(sorted(present))}".encode())
    if len(present) == 1:
        return [(present.pop(), level)]
    codes = "".join(map(CODES.__getitem__, map(type, level))).encode()
    state.update(codes)
    return [(code, list(compress(level, codes.translate(MASKS[code])))) for code in sorted(present)]


def _hash_sized(code: str, items: list[Any], state: Any) -> list[Any]:
    """Hash texts; containers are returned, with their items in an order that equal ones share."""
    if code == "u":
        state.update("".join(items).encode("utf-8", "surrogatepass"))
    elif code == "s":
        state.update(b"".join(items))
    elif code == "<":
        return [_ordered(item) for item in items]
    elif code == "{":
        keys = [_ordered(item) for item in items]
        return [*keys, *([item[key] for key in order] for item, order in zip(items, keys, strict=True))]
    else:
        return items
    return []


def _hash_numbers(items: list[Any], state: Any) -> bool:
    # Comparing is exact between integers and floats; where a NaN comes first, it is neither above nor below.
    if max(items) <= EXACT and min(items) >= -EXACT:
        numbers = array("d", items)
    else:
        numbers, large = _split(items)
        for at, number in large:
            size = number.bit_length() // 8 + 1
            state.update(array("Q", [at, size]).tobytes() + number.to_bytes(size, "little", signed=True))
    data = numbers.tobytes()
    if NEGATIVE_ZERO in data:
        data = array("d", [number + 0.0 for number in numbers]).tobytes()
    state.update(data)
    return any(bits in data for bits in NAN) and any(number != number for number in numbers)  # noqa: PLR0124


def _split(items: list[Any]) -> tuple[array[float], list[tuple[int, int]]]:
    """The numbers as doubles, and with their places the integers that no double equals (0 among the doubles)."""
    numbers, large = array("d"), []
    for at, item in enumerate(items):
        try:
            number = float(item)
        except OverflowError:
            number = 0.0
        if number == item or number != number:  # noqa: PLR0124 - what NaN is
            numbers.append(number)
        else:
            numbers.append(0.0)
            large.append((at, item))
    return numbers, large


def _real(items: Any) -> list[Any]:
    """The items, complex numbers without an imaginary part as the floats that they equal."""
    return [item.real if type(item) is complex and not item.imag else item for item in items]


def _ordered(items: Any) -> list[Any]:
    """The items of a set, or the keys of a dict, in an order that equal ones share."""
    kinds = set(map(type, items))
    if complex in kinds:
        items = _real(items)
        kinds = set(map(type, items))
    if kinds <= REAL or (len(kinds) == 1 and kinds <= {str, bytes}):
        return sorted(items)
    return sorted(items, key=lambda item: digest(item)[0])
