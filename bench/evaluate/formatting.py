"""Outputs and exceptions of a sample as short texts for people."""

import reprlib
from typing import Any

from bench.evaluate.values import Undecodable, count, decode
from bench.sandbox.inside import outputs

NAMES = {b"[": "list", b"(": "tuple", b"<": "set", b"{": "dict", b"u": "str", b"s": "bytes", b"n": "int"}
UNITS = {b"u": "characters", b"s": "bytes", b"n": "bits"}
MOST = 400
"""Characters of a text."""

ERROR_ITEMS = count(("", "", 0))
SHORT = reprlib.Repr()
SHORT.maxlist = SHORT.maxtuple = SHORT.maxset = SHORT.maxfrozenset = SHORT.maxdict = 12
SHORT.maxstring = SHORT.maxother = SHORT.maxlong = 200


def error_of(payload: bytes) -> dict[str, Any]:
    """The exception in an ERROR record, with its line in the solution (0 for none)."""
    try:
        name, message, line = decode(payload, ERROR_ITEMS)
    except (Undecodable, TypeError, ValueError):
        name, message, line = "", "an unreadable error", 0
    if not (isinstance(name, str) and isinstance(message, str)):
        name, message = "", "an unreadable error"
    text = ": ".join(filter(None, (name, message)))[:MOST].encode("utf-8", "backslashreplace").decode()
    return {"error": text[:MOST], "line": line if type(line) is int and 0 <= line < 1 << 31 else 0}


def describe(kind: int, payload: bytes) -> str:
    """A record as a short text."""
    kind &= ~outputs.CONVERTED
    if kind == outputs.DIGEST and len(payload) == outputs.SUMMARY.size:
        _, code, length, _ = outputs.SUMMARY.unpack(payload)
        return f"<{NAMES.get(code, 'value')} of {length} {UNITS.get(code, 'items')}>"
    try:
        value = decode(payload, outputs.LIMIT) if kind == outputs.VALUE else None
    except Undecodable:
        return "<not plain data>"
    return shorten(value) if kind == outputs.VALUE else f"<{payload[: MOST - 2].decode('utf-8', 'replace')}>"


def shorten(value: Any) -> str:
    """A value as Python writes it, shortened."""
    try:
        return SHORT.repr(value)[:MOST]
    except ValueError:
        return "<a very large integer>"
