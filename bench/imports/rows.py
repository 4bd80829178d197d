"""One file of solutions that were made elsewhere → rows with their place; what a row means is for solutions.py."""

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.errors import SamplesError
from bench.imports.archives import Source
from bench.imports.files import is_python
from bench.imports.formats import Record, records
from bench.text import plain

TASK_IN_TEXT = re.compile(r'"task_id"\s*:\s*"([^"]+)"')
PIECE = re.compile(r"\\?u[0-9a-fA-F]{0,4}|t|tr|tru|f|fa|fal|fals|n|nu|nul|-|\.|[eE][+-]?")
"""What a JSON word, number or escape leaves unread where it is cut off in the middle."""
DIGITS = 4000
"""Python refuses to read longer numbers, for that takes quadratic time."""


class UnknownFormatError(SamplesError):
    """JSON in which no problem and no text is found."""


@dataclass(frozen=True)
class Row:
    """One record of a file; `origin` is file:line as a person would write it.

    `torn` is true for a last line whose writer was interrupted; of its record only a name is known, or none.
    """

    record: Record
    origin: str
    torn: bool = False


def rows(source: Source, name: str) -> list[Row]:
    """The records of one file, called `name` in messages; a Python file is one solution.

    Raises SamplesError for what cannot be read, is not UTF-8, is not JSON, or has no form that is known.
    """
    text = _text(source, name)
    if is_python(source.place):
        names = source.place.name.partition(".")[0], source.place.parent.name
        return [Row(Record(names, {"solution": (text,)}), name)]
    return list(_in_json(text, name))


def _in_json(text: str, name: str) -> Iterator[Row]:
    lines = text.rstrip().split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.lstrip().startswith("[") or (first.lstrip().startswith("{") and not _is_value(first)):
        try:
            value = _load(text)
        except (ValueError, RecursionError):
            if first.lstrip().startswith("["):
                raise _not_json(text, f"{name}:1") from None
        else:
            found = list(records(value))
            origins = [f"{name}, entry {n}" for n in range(1, len(found) + 1)] if len(found) != 1 else [name]
            if value and not any(record.texts for record in found):
                raise _unknown(value, name)
            yield from map(Row, found, origins)
            return
    for number, line in enumerate(lines, 1):
        origin = f"{name}:{number}"
        if number == len(lines) and _torn(line):
            task = TASK_IN_TEXT.search(line)
            yield Row(Record((task[1],) if task else (), {}), origin, torn=True)
        elif line.strip():
            yield from _of_line(line, origin)


def _of_line(line: str, origin: str) -> Iterator[Row]:
    try:
        value = _load(line)
    except (ValueError, RecursionError):
        raise _not_json(line, origin) from None
    found = list(records(value))
    if not found:
        raise _unknown(value, origin)
    yield from (Row(record, origin) for record in found)


def _is_value(text: str) -> bool:
    try:
        _load(text)
    except (ValueError, RecursionError):
        return False
    return True


def _load(text: str) -> Any:
    return json.loads(text, parse_int=_integer)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < DIGITS else float(digits)


def _torn(line: str) -> bool:
    """Whether the writer of a last line was interrupted: it is the beginning of an object, and no whole one."""
    try:
        _load(line)
    except json.JSONDecodeError as error:
        left = line[error.pos :].strip()
        to_the_end = not left or error.msg.startswith("Unterminated string") or PIECE.fullmatch(left) is not None
        return line.lstrip().startswith("{") and to_the_end
    except RecursionError:
        pass
    return False


def _text(source: Source, name: str) -> str:
    data = source.read(name)
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") and len(data) % 2 == 0 else "utf-8-sig"
    try:
        # A writer may be interrupted inside a character; what is left of the line is torn then.
        return getincrementaldecoder(encoding)().decode(data, final=is_python(source.place))
    except UnicodeDecodeError as error:
        raise SamplesError(f"{name} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None


def _not_json(text: str, origin: str) -> SamplesError:
    return SamplesError(
        f"{origin} is not JSON ({text.strip()[:30]!r}); correct it, or delete it and solve its problem again."
    )


def _unknown(value: Any, origin: str) -> UnknownFormatError:
    """The sentence for JSON in which no problem and no text is found, with the keys that it has."""
    if isinstance(value, dict) and isinstance(value.get("eval"), dict):
        return UnknownFormatError(f"{origin} has results without the solutions; import the samples that were graded.")
    one = value[0] if isinstance(value, list) and value else value
    keys = ", ".join(plain(str(key)) for key in list(one)[:4]) if isinstance(one, dict) else ""
    has = f" (it has {keys})" if keys else ""
    return UnknownFormatError(f'{origin} names no problem{has}; write {{"task_id": …, "solution": …}} on a line.')
