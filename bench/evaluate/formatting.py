"""What a person reads of outputs and exceptions that came out of the sandbox."""

import reprlib
from typing import Any

from bench.evaluate.values import Undecodable, decode
from bench.sandbox.inside import outputs

NAMES = {b"[": "list", b"(": "tuple", b"<": "set", b">": "frozenset", b"{": "dict", b"u": "str", b"l": "int"}
SHORT = reprlib.Repr()
SHORT.maxlist = SHORT.maxtuple = SHORT.maxset = SHORT.maxfrozenset = SHORT.maxdict = 12
SHORT.maxstring = SHORT.maxother = SHORT.maxlong = 200


def first_bytes(kind: int, payload: bytes) -> bytes:
    """The first five bytes of a value, whole or digest: its type, and how many items it has."""
    return bytes(outputs.SUMMARY.unpack(payload)[2]) if _is_summary(kind, payload) else payload[:5]


def _is_summary(kind: int, payload: bytes) -> bool:
    return kind == outputs.DIGEST and len(payload) == outputs.SUMMARY.size


def error_of(payload: bytes) -> dict[str, Any]:
    """An exception as the sandbox told it, with its line in the solution."""
    try:
        name, message, line = decode(payload)
    except (Undecodable, TypeError, ValueError):
        name, message, line = "an unreadable error", "", 0
    text = f"{name}: {message}" if message else str(name)
    return {"error": text[:400], "line": line if isinstance(line, int) else 0}


def describe(kind: int, payload: bytes) -> str:
    """A record as a short text."""
    kind &= ~outputs.CONVERTED
    if _is_summary(kind, payload):
        _, size, first = outputs.SUMMARY.unpack(payload)
        items = f" of {int.from_bytes(first[1:], 'little')} items" if first[:1] in (b"[", b"(", b"<", b">") else ""
        return f"<{NAMES.get(first[:1], 'value')}{items}, {size} bytes>"
    try:
        return shorten(decode(payload)) if kind == outputs.VALUE else f"<{payload.decode('utf-8', 'replace')}>"
    except Undecodable:
        return "<not plain data>"


def shorten(value: Any) -> str:
    """A value as Python writes it, shortened."""
    try:
        return SHORT.repr(value)[:400]
    except ValueError:
        return "<a very large integer>"
