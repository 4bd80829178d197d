"""Outputs of tests, as bytes that can be compared and that are safe to read.

A record is a kind (one byte), a length (four bytes, little endian) and a payload. A VALUE's payload is marshal
format 2: the same bytes from every Python, no references, no code. Of a longer value a DIGEST crosses (canonical.py),
which is the same for equal values. What has no such form (a generator, an object of the sample's own) is OPAQUE.
"""

from __future__ import annotations

import marshal
import struct
from typing import Any

from . import canonical

VALUE, DIGEST, OPAQUE, ERROR, DONE, TIMES = range(6)
CONVERTED = 16
"""Added to the kind where the type of the value was not the plain one (a Counter, a numpy scalar, …)."""

LIMIT, UNCUT = 4096, (1 << 31) - 1
"""Bytes beyond which a value crosses as its digest; UNCUT where it must cross whole."""

HEADER = struct.Struct("<BI")
SUMMARY = struct.Struct("<16scQ?")
"""A digest's payload: the digest, the code of its type, its length (bits of an integer), whether it holds a NaN."""

SCALARS = frozenset([int, float, complex, bool, str, bytes, type(None)])
SIZED = frozenset([str, bytes, list, tuple, set, frozenset, dict])
KEYS: Any = type({}.keys())
ITEMS: Any = type({}.items())


STAND_INS: dict[tuple[str, str], Any] = {
    ("collections", "UserList"): list, ("collections", "UserDict"): dict, ("collections", "ChainMap"): dict,
    ("collections", "UserString"): str, ("builtins", "mappingproxy"): dict,
}  # fmt: skip
"""The plain types that values of the standard library's own types equal, by module and name."""


def record(value: Any, limit: int = LIMIT) -> bytes:
    """The record of one output, header and all."""
    try:
        return _record(value, 0, limit)
    except (ValueError, KeyError):
        pass
    try:
        plain = normalised(value)
        return _record(plain, 0 if type(plain) is type(value) else CONVERTED, limit)
    except Exception:  # noqa: BLE001 - a sample's own objects raise what they like
        name = type(value).__name__.encode("utf-8", "replace")[:80]
        return HEADER.pack(OPAQUE, len(name)) + name


def _record(value: Any, converted: int, limit: int) -> bytes:
    if type(value) not in SIZED or len(value) <= limit:
        # marshal takes exact builtin types alone, except that anything with a buffer becomes bytes ("s").
        data = marshal.dumps(value, 2)
        if len(data) <= limit:
            if b"s" in data and not is_plain(value):
                raise ValueError
            return HEADER.pack(VALUE + converted, len(data)) + data
    summary = summarised(value)
    return HEADER.pack(DIGEST + converted, len(summary)) + summary


def summarised(value: Any) -> bytes:
    """A digest's payload. Raises KeyError or ValueError where the value is not plain."""
    digest, nan = canonical.digest(value)
    length = value.bit_length() if type(value) is int else len(value) if type(value) in SIZED else 0
    return SUMMARY.pack(digest, canonical.CODES[type(value)].encode(), length, nan)


def is_plain(value: Any) -> bool:
    """Whether `value` consists of exact builtin data types all the way down."""
    kind = type(value)
    if kind in SCALARS:
        return True
    if kind is dict:
        return is_plain(list(value)) and is_plain(list(value.values()))
    if kind in (list, tuple, set, frozenset):
        return SCALARS.issuperset(map(type, value)) or all(map(is_plain, value))
    return False


def normalised(value: Any) -> Any:
    """An equal value of exact builtin types. Raises TypeError where there is none."""
    kind = type(value)
    if kind in SCALARS:
        return value
    if issubclass(kind, (list, tuple)):
        plain = list if issubclass(kind, list) else tuple
        return plain(map(normalised, plain.__iter__(value)))
    if issubclass(kind, dict):
        return {normalised(k): normalised(v) for k, v in dict.items(value)}
    if issubclass(kind, (set, frozenset, KEYS, ITEMS)):
        plain_set = frozenset if issubclass(kind, frozenset) else set
        return plain_set(map(normalised, kind.__iter__(value)))
    if plain_kind := STAND_INS.get((kind.__module__, kind.__name__)):
        return normalised(plain_kind(value))
    return _scalar(value, kind)


def _scalar(value: Any, kind: type) -> Any:
    for base in (int, float, complex):
        if issubclass(kind, base):
            return base.__pos__(value)
    if issubclass(kind, (str, bytes)):
        plain = str if issubclass(kind, str) else bytes
        return plain.__getitem__(value, slice(None))
    if kind is bytearray:
        return bytes(value)
    if kind.__module__ in ("fractions", "decimal"):
        above, below = value.as_integer_ratio()
        number = above if below == 1 else above / below
        if number == value:
            return number
    elif kind.__module__ == "numpy":
        one = value.tolist() if getattr(value, "size", 0) == 1 else None
        if one is not None and (type(one) in SCALARS or type(one) is list):
            return one
    raise TypeError(kind.__name__)


def is_floats(value: Any) -> bool:
    """Whether EvalPlus compares `value` with a tolerance: a float, or a non-empty list or tuple of floats alone."""
    if isinstance(value, (list, tuple)) and value:
        return all(isinstance(item, float) for item in value)
    return isinstance(value, float)


def holds_nan(value: Any, sent: bytes) -> bool:
    """Whether a NaN is anywhere in `value` (`sent` is its record); it equals nothing, not even one of its kind."""
    if sent[0] & ~CONVERTED == DIGEST:
        return bool(SUMMARY.unpack_from(sent, HEADER.size)[3])
    return any(bits in sent for bits in canonical.NAN) and _nan_in(value)


def _nan_in(value: Any) -> bool:
    if isinstance(value, (float, complex)):
        return value != value  # noqa: PLR0124 - what NaN is
    if isinstance(value, dict):
        return any(map(_nan_in, [*value, *value.values()]))
    return isinstance(value, (list, tuple, set, frozenset)) and any(map(_nan_in, value))
