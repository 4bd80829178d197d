"""One file of solutions that were made elsewhere → rows with their place; what a row means is for solutions.py."""

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bench.errors import SamplesError
from bench.imports.archives import AS_LINES, Source
from bench.imports.files import is_python
from bench.imports.formats import IDS, Record, folded, records
from bench.text import plain

TASK_IN_TEXT = re.compile(r'"task_id"\s*:\s*"([^"]+)"')
PIECE = re.compile(r"\\?u[0-9a-fA-F]{0,4}|t|tr|tru|f|fa|fal|fals|n|nu|nul|-|\.|[eE][+-]?")
"""What a JSON word, number or escape leaves unread where it is cut off in the middle."""
SEPARATOR, PADDING = "\x1e", "\0\x1a \t\r\n"
"""What begins a text of RFC 7464, and what copying may leave at the end of a file."""
DIGITS = 4000
"""Python refuses to read longer numbers, for that takes quadratic time."""


KINDS = {
    "<!doctype": "a web page; download the file itself", "<html": "a web page; download the file itself",
    "version https://git-lfs": "a Git LFS pointer; git lfs pull fetches the file",
}  # fmt: skip
"""What lies where JSON should be, by its beginning."""


class UnknownFormatError(SamplesError):
    """JSON in which no problem and no text is found."""


@dataclass(frozen=True)
class Row:
    """One record of a file; `origin` is file:line as a person would write it.

    `torn` is true for a last line whose writer was interrupted; of its record only a name is known, or none. `by_file`
    means that it has no names but those of its file.
    """

    record: Record
    origin: str
    torn: bool = False
    by_file: bool = False


def rows(source: Source, name: str) -> list[Row]:
    """The records of one file, called `name` in messages; a Python file is one solution.

    Raises SamplesError for what cannot be read, is not UTF-8, is not JSON, or has no form that is known.
    """
    text = _text(source, name)
    names = source.place.name.partition(".")[0], source.place.parent.name
    if is_python(source.place):
        return [Row(Record(names, {"solution": (text,)}), name)]
    found = list(_in_json(text.replace(SEPARATOR, "").rstrip(PADDING), name))
    if found and not any(row.record.texts or row.torn for row in found):
        raise UnknownFormatError(f"{name} names problems and has no solutions; name the file that has them.")
    if len(found) == 1 and not found[0].record.names:
        return [replace(found[0], record=replace(found[0].record, names=names), by_file=True)]
    return found


def _in_json(text: str, name: str) -> Iterator[Row]:
    lines = text.rstrip().split("\n" if "\n" in text else "\r")
    first = next((line for line in lines if line.strip()), "")
    if first.lstrip().startswith("[") or (first.lstrip().startswith("{") and not _is_value(first)):
        try:
            value = _load(text)
        except (ValueError, RecursionError):
            if first.lstrip().startswith("["):
                raise _not_json(text, f"{name}:1") from None
            value = _values(text)
        if value is not None:
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
    if isinstance(value, str) and value.lstrip().startswith("{"):
        yield from _of_line(value, origin)
        return
    found = list(records(value))
    if not found:
        raise _unknown(value, origin)
    yield from (Row(record, origin) for record in found)


def _values(text: str) -> list[Any] | None:
    """The objects in a text that follow each other, whatever line they are on; None where it has anything else."""
    found, at, decoder = list[Any](), 0, json.JSONDecoder(parse_int=_integer)
    try:
        while start := re.compile(r"\s*\{").match(text, at):
            value, at = decoder.raw_decode(text, start.end() - 1)
            found.append(value)
    except (ValueError, RecursionError):
        return None
    return found if not text[at:].strip() else None


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
    found = json.detect_encoding(data)
    encoding = "utf-8-sig" if len(data) % 2 and not found.startswith("utf-8") else found
    try:
        # A writer may be interrupted inside a character; what is left of the line is torn then.
        return getincrementaldecoder(encoding)().decode(data, final=is_python(source.place))
    except UnicodeDecodeError as error:
        raise SamplesError(f"{name} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None


def _not_json(text: str, origin: str) -> SamplesError:
    first = text.lstrip()[:1000].partition("\n")[0].casefold()
    if kind := next((what for start, what in KINDS.items() if first.startswith(start)), ""):
        return SamplesError(f"{origin.rpartition(':')[0]} is {kind}.")
    if any(folded(cell) in IDS for cell in re.split("[,;\t]", first)[:50] if cell != first):
        return SamplesError(f"{origin.rpartition(':')[0]} is a CSV table, which is not read; {AS_LINES.format('csv')}.")
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
