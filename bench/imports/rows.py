"""One file of solutions that were made elsewhere → rows with their place; what a row means is for solutions.py."""

import gzip
import json
import re
import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import SamplesError

TASK_IN_TEXT = re.compile(r'"task_id"\s*:\s*"([^"]+)"')
PIECE = re.compile(r"\\?u[0-9a-fA-F]{0,4}|t|tr|tru|f|fa|fal|fals|n|nu|nul|-|\.|[eE][+-]?")
"""What a JSON word, number or escape leaves unread where it is cut off in the middle."""


@dataclass(frozen=True)
class Row:
    """One record of a file; `origin` is file:line as a person would write it.

    `torn` is true for a last line whose writer was interrupted; of its fields only task_id is known, or "".
    """

    fields: dict[str, Any]
    origin: str
    torn: bool = False


def rows(file: Path, name: str, task_id: str = "") -> Iterator[Row]:
    """The records of one file, called `name` in messages; a Python file is one solution, of `task_id`.

    Raises SamplesError for what cannot be read, is not UTF-8, or is not JSON, with the line.
    """
    text = _text(file, name)
    if file.suffix == ".py":
        yield Row({"task_id": task_id, "solution": text}, name)
        return
    if text.lstrip().startswith("["):
        for number, fields in enumerate(_parsed(text, f"{name}:1"), 1):
            yield _row(fields, f"{name}, entry {number}")
        return
    lines = text.rstrip().split("\n")
    for number, line in enumerate(lines, 1):
        origin = f"{name}:{number}"
        if number == len(lines) and _torn(line):
            task = TASK_IN_TEXT.search(line)
            yield Row({"task_id": task[1] if task else ""}, origin, torn=True)
        elif line.strip():
            yield _row(_parsed(line, origin), origin)


def _torn(line: str) -> bool:
    """Whether the writer of a last line was interrupted: it is the beginning of an object, and no whole one."""
    try:
        json.loads(line)
    except json.JSONDecodeError as error:
        left = line[error.pos :].strip()
        to_the_end = not left or error.msg.startswith("Unterminated string") or PIECE.fullmatch(left) is not None
        return line.lstrip().startswith("{") and to_the_end
    except RecursionError:
        pass
    return False


def _text(file: Path, name: str) -> str:
    try:
        data = file.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
        # A writer may be interrupted inside a character; what is left of the line is torn then.
        return getincrementaldecoder("utf-8-sig")().decode(data, final=file.suffix == ".py")
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise SamplesError(f"{name} is a damaged gzip file; copy or write it again.") from None
    except OSError as error:
        raise SamplesError(f"{name} cannot be read ({error.strerror}); make it readable.") from None
    except UnicodeDecodeError as error:
        raise SamplesError(f"{name} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None


def _parsed(text: str, origin: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise SamplesError(
            f"{origin} is not JSON ({text.strip()[:30]!r}); correct it, or delete it and solve its problem again."
        ) from None


def _row(fields: Any, origin: str) -> Row:
    if not isinstance(fields, dict) or not isinstance(fields.get("task_id"), str):
        raise SamplesError(f'{origin} names no problem; write {{"task_id": …, "solution": …}} on a line.')
    return Row(fields, origin)
