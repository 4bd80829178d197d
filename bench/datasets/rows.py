"""The rows of a dataset's file: JSON lines or one JSON array, gzipped or not, each with the place it stands at."""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from bench.errors import DatasetError

LARGEST, MOST = 1 << 27, 1 << 31
"""Bytes of one line, or of the tests of one problem; of an unpacked file."""


@dataclass(frozen=True)
class Row:
    """One object of a file, and where it stands, for the sentence about what is wrong with it."""

    fields: Mapping[str, Any]
    place: str

    def text(self, key: str, default: str | None = None) -> str:
        """The text under a key. Raises DatasetError where there is none, unless it has a default."""
        return str(self._typed(key, str, "text", default))

    def items(self, key: str) -> list[Any]:
        """The list under a key. Raises DatasetError where there is none."""
        found: list[Any] = self._typed(key, list, "a list", None)
        return found

    def number(self, key: str) -> float:
        """The number under a key. Raises DatasetError where there is none."""
        return float(self._typed(key, int | float, "a number", None))

    def _typed(self, key: str, kind: Any, name: str, default: Any) -> Any:
        value = self.fields.get(key, default)
        if not isinstance(value, kind):
            what = "lacks" if key not in self.fields else "has a value that is not " + name + " under"
            raise DatasetError(f'{self.place} {what} "{key}"; download the file again, or fix that line.')
        return value


def fault(error: Exception) -> str:
    """What is wrong with a text, without the line that its reader counts: the place is said beside it."""
    where = f", character {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
    return f"{getattr(error, 'msg', error)}{where}"


def rows(path: Path) -> Iterator[Row]:
    """Every object of the file in its order. Raises DatasetError with file and line for what is none."""
    lines = _lines(path)
    for number, line in enumerate(lines, 1):
        if number == 1 and line.lstrip()[:1] == b"[":
            found = enumerate(_parsed(b"".join([line, *lines]), str(path)), 1)
            yield from (_row(item, f"{path}, item {place}") for place, item in found)
        elif line.strip():
            yield _row(_parsed(line, f"{path}, line {number}"), f"{path}, line {number}")


def _row(value: Any, place: str) -> Row:
    if not isinstance(value, dict):
        raise DatasetError(f"{place} is not a JSON object; download the file again, or remove that line.")
    return Row(value, place)


def _parsed(data: bytes, place: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DatasetError(
            f"{place} is not JSON ({fault(error)}); download the file again, or fix that line."
        ) from None


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, unpacked."""
    done = 0
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            for number in count(1):
                line = file.readline(LARGEST + 1)
                done += len(line)
                if len(line) > LARGEST:
                    raise DatasetError(f"{path}, line {number} has more than {LARGEST >> 20} MiB; remove that line.")
                if done > MOST:
                    raise DatasetError(f"{path} has more than {MOST >> 30} GiB; split it.")
                if not line:
                    return
                yield line
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path} cannot be read ({error}); download the file again.") from None
