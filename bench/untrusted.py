"""Foreign or damaged data: read within bounds, and used where it has the right type."""

import gzip
import json
import math
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from bench.text import plain

LARGEST_FILE = 1 << 30
"""Bytes of one file of others, unpacked."""
DIGITS = 4000
"""Digits of a number that Python reads as an integer."""


class TooLargeError(ValueError):
    """Data beyond its limit of size or time."""


def bounded(pieces: Iterable[bytes], *, size: int, seconds: float = math.inf) -> bytes:
    """All pieces, joined. Raises TooLargeError beyond `size` bytes, or when they take longer than `seconds`."""
    deadline, read, length = time.monotonic() + seconds, [], 0
    for piece in pieces:
        length += len(piece)
        if length > size:
            raise TooLargeError(f"it has more than {size:,} bytes")
        if time.monotonic() > deadline:
            raise TooLargeError(f"it was not complete within {seconds:g} s")
        read.append(piece)
    return b"".join(read)


def read_file(path: Path, size: int = LARGEST_FILE) -> bytes:
    """The content of a regular file, unpacked where its name ends in .gz.

    Raises TooLargeError beyond `size` bytes, ValueError for a damaged archive, OSError where it cannot be read.
    """
    with path.open("rb") as plain_file:
        packed = path.suffix == ".gz"
        file: BinaryIO = gzip.GzipFile(fileobj=plain_file) if packed else plain_file  # type: ignore[assignment]
        try:
            return bounded(iter(lambda: file.read(1 << 20), b""), size=size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"it is no whole gzip file ({error})") from None


def parse_json(data: bytes | str) -> Any:
    """A JSON value. Raises ValueError for anything else, also where it is too deep or no UTF-8."""
    try:
        return json.loads(data, parse_int=integer)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def integer(digits: str) -> int | float:
    """A number as json reads it; a float where Python refuses its digits, whose reading takes quadratic time."""
    return int(digits) if len(digits) < DIGITS else float(digits)


def table(value: Any) -> dict[str, Any]:
    """An object; empty where it is none."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A list; empty where it is none."""
    return value if isinstance(value, list) else []


def number(value: Any) -> float | None:
    """A number that is finite, also as a float; None where it is none."""
    try:
        usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return None
    return float(value) if usable else None


def positive(value: Any) -> float | None:
    """A finite number above 0; None where it is none."""
    known = number(value)
    return known if known and known > 0 else None


def word(value: Any) -> str:
    """A text or a number as one line of plain text; "" where it is none."""
    return plain(str(value)) if isinstance(value, str | int | float) and value else ""


def whole(value: Any) -> int | None:
    """A whole number above 0; None for anything else."""
    known = positive(value)
    return int(known) if known and known == int(known) else None
