"""The rows of a dataset's file: JSON lines or one JSON array, gzipped or not, each with its file and line."""

import contextlib
import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from bench.datasets.problem import Problem
from bench.errors import DatasetError

MAX_ITEM, MAX_FILE = 1 << 27, 1 << 31
"""Bytes of one line, or of the tests of one problem; bytes of an unpacked file."""


@dataclass(frozen=True)
class Row:
    """One object of a file, and its file and line for errors."""

    fields: Mapping[str, Any]
    place: str

    def text(self, key: str, default: str | None = None) -> str:
        """The text under a key. Raises DatasetError where there is none, unless it has a default."""
        return str(self._typed(key, str, "text", default))

    def items(self, key: str) -> list[Any]:
        """The list under a key. Raises DatasetError where there is none."""
        values: list[Any] = self._typed(key, list, "a list", None)
        return values

    def number(self, key: str) -> float:
        """The number under a key. Raises DatasetError where there is none."""
        return float(self._typed(key, int | float, "a number", None))

    def _typed(self, key: str, kind: Any, name: str, default: Any) -> Any:
        value = self.fields.get(key, default)
        if not isinstance(value, kind):
            problem = "lacks" if key not in self.fields else "has a value that is not " + name + " under"
            raise DatasetError(f'{self.place} {problem} "{key}"; download the file again, or fix that line.')
        return value


def row_by_row(read: Callable[[Row], Problem | None]) -> Callable[[Path], Iterator[Problem]]:
    """The `problems(path)` of a format with a problem in each row; `read` returns None for a row that is left out.

    It raises DatasetError, with file and line.
    """

    def problems(path: Path) -> Iterator[Problem]:
        return filter(None, map(read, rows(path)))

    return problems


@contextlib.contextmanager
def fixable(place: str, thing: str) -> Iterator[None]:
    """Raise DatasetError where the block cannot read or parse `thing`, which is at `place` in a file."""
    try:
        yield
    except (ValueError, SyntaxError) as error:
        raise DatasetError(f"{place} has {thing} ({syntax_problem(error)}); fix that line.") from None


def syntax_problem(error: Exception) -> str:
    """The parser's message without its own line number, as errors have the line of the file."""
    position = f", character {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
    return f"{getattr(error, 'msg', error)}{position}"


def rows(path: Path) -> Iterator[Row]:
    """Every object of the file, in order. Raises DatasetError, with file and line, for anything else."""
    lines = _lines(path)
    for number, line in enumerate(lines, 1):
        if number == 1 and line.lstrip()[:1] == b"[":
            values = enumerate(parsed(b"".join([line, *lines]), f"{path} is not JSON"), 1)
            yield from (_row(item, f"{path}, item {index}") for index, item in values)
        elif line.strip():
            place = f"{path}, line {number}"
            yield _row(parsed(line, f"{place} is not JSON"), place)


def _row(value: Any, place: str) -> Row:
    if not isinstance(value, dict):
        raise DatasetError(f"{place} is not a JSON object; download the file again, or remove that line.")
    return Row(value, place)


def parsed(data: str | bytes, problem: str) -> Any:
    """A JSON value. Raises DatasetError, a sentence that begins with the `problem`, where it is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise damaged(problem, error) from None


def damaged(problem: str, error: Exception) -> DatasetError:
    """The error for a damaged line."""
    return DatasetError(f"{problem} ({syntax_problem(error)}); download the file again, or fix that line.")


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, unpacked."""
    size = 0
    try:
        with path.open("rb") as raw:
            compressed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if compressed else path.open("rb") as file:
            for number in count(1):
                line = file.readline(MAX_ITEM + 1)
                size += len(line)
                if len(line) > MAX_ITEM:
                    raise DatasetError(f"{path}, line {number} has more than {MAX_ITEM >> 20} MiB; remove that line.")
                if size > MAX_FILE:
                    raise DatasetError(f"{path} has more than {MAX_FILE >> 30} GiB; split it.")
                if not line:
                    return
                yield line
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path} cannot be read ({error}); download the file again.") from None
