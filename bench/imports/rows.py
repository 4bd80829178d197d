"""One file of solutions made elsewhere → rows with their place; solutions.py interprets them."""

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bench.errors import SamplesError
from bench.imports.archives import AS_JSON_LINES, Source
from bench.imports.files import is_python
from bench.imports.formats import IDS, Record, folded, records
from bench.text import plain
from bench.untrusted import integer, parse_json

TASK_IN_TEXT = re.compile(r'"task_id"\s*:\s*"([^"]+)"')
PARTIAL_TOKEN = re.compile(r"\\?u[0-9a-fA-F]{0,4}|t|tr|tru|f|fa|fal|fals|n|nu|nul|-|\.|[eE][+-]?")
"""The unread rest of a JSON word, number or escape that is cut off in the middle."""
SEPARATOR, PADDING = "\x1e", "\0\x1a \t\r\n"
"""The mark that begins a text of RFC 7464; characters that copying may leave at the end of a file."""

NON_JSON = {
    "<!doctype": "a web page; download the file itself", "<html": "a web page; download the file itself",
    "version https://git-lfs": "a Git LFS pointer; git lfs pull fetches the file",
}  # fmt: skip
"""Files that are not JSON, by their first characters, and the remedy."""


class UnknownFormatError(SamplesError):
    """JSON without a known form: no problem and no text in it."""


@dataclass(frozen=True)
class Row:
    """One record of a file; `origin` is file:line, relative to profiles.toml.

    `incomplete`: a last line whose writer was interrupted; of its record at most a name is known. `by_file`: the record
    has only the names of its file.
    """

    record: Record
    origin: str
    incomplete: bool = False
    by_file: bool = False


def rows(source: Source, name: str) -> list[Row]:
    """The records of one file, called `name` in messages; a Python file is one solution.

    Raises SamplesError for what cannot be read, is not UTF-8, is not JSON, or has no form that is known.
    """
    text = _text(source, name)
    names = source.place.name.partition(".")[0], source.place.parent.name
    if is_python(source.place):
        return [Row(Record(names, {"solution": (text,)}), name)]
    parsed = list(_json_rows(text.replace(SEPARATOR, "").rstrip(PADDING), name))
    if parsed and not any(row.record.texts or row.incomplete for row in parsed):
        raise UnknownFormatError(f"{name} names problems and has no solutions; name the file that has them.")
    if len(parsed) == 1 and not parsed[0].record.names:
        return [replace(parsed[0], record=replace(parsed[0].record, names=names), by_file=True)]
    return parsed


def _json_rows(text: str, name: str) -> Iterator[Row]:
    lines = text.rstrip().split("\n" if "\n" in text else "\r")
    first = next((line for line in lines if line.strip()), "")
    if first.lstrip().startswith("[") or (first.lstrip().startswith("{") and _json_error(first)):
        try:
            value = parse_json(text)
        except ValueError:
            if first.lstrip().startswith("["):
                raise _not_json(text, f"{name}:1") from None
            value = _values(text)
        if value is not None:
            parsed = records(value)
            origins = [f"{name}, entry {n}" for n in range(1, len(parsed) + 1)] if len(parsed) != 1 else [name]
            if value and not any(record.texts for record in parsed):
                raise _unknown(value, name)
            yield from map(Row, parsed, origins)
            return
    for number, line in enumerate(lines, 1):
        origin = f"{name}:{number}"
        if number == len(lines) and _is_incomplete(line):
            task = TASK_IN_TEXT.search(line)
            yield Row(Record((task[1],) if task else (), {}), origin, incomplete=True)
        elif line.strip():
            yield from _line_rows(line, origin)


def _line_rows(line: str, origin: str) -> Iterator[Row]:
    try:
        value = parse_json(line)
    except ValueError:
        raise _not_json(line, origin) from None
    if isinstance(value, str) and value.lstrip().startswith("{"):
        yield from _line_rows(value, origin)
        return
    parsed = records(value)
    if not parsed:
        raise _unknown(value, origin)
    yield from (Row(record, origin) for record in parsed)


def _values(text: str) -> list[Any] | None:
    """The objects in a text that follow each other, whatever line they are on; None where it has anything else."""
    values, at, decoder = list[Any](), 0, json.JSONDecoder(parse_int=integer)
    try:
        while start := re.compile(r"\s*\{").match(text, at):
            value, at = decoder.raw_decode(text, start.end() - 1)
            values.append(value)
    except (ValueError, RecursionError):
        return None
    return values if not text[at:].strip() else None


def _json_error(text: str) -> ValueError | None:
    try:
        parse_json(text)
    except ValueError as error:
        return error
    return None


def _is_incomplete(line: str) -> bool:
    """Whether a last line is the beginning of an object: its writer was interrupted."""
    error = _json_error(line)
    if not isinstance(error, json.JSONDecodeError):
        return False
    rest = line[error.pos :].strip()
    at_end = not rest or error.msg.startswith("Unterminated string") or PARTIAL_TOKEN.fullmatch(rest) is not None
    return line.lstrip().startswith("{") and at_end


def _text(source: Source, name: str) -> str:
    data = source.read(name)
    detected = json.detect_encoding(data)
    encoding = "utf-8-sig" if len(data) % 2 and not detected.startswith("utf-8") else detected
    try:
        # A writer may be interrupted inside a character: that line is incomplete.
        return getincrementaldecoder(encoding)().decode(data, final=is_python(source.place))
    except UnicodeDecodeError as error:
        raise SamplesError(f"{name} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None


def _not_json(text: str, origin: str) -> SamplesError:
    first = text.lstrip()[:1000].partition("\n")[0].casefold()
    if phrase := next((phrase for start, phrase in NON_JSON.items() if first.startswith(start)), ""):
        return SamplesError(f"{origin.rpartition(':')[0]} is {phrase}.")
    if any(folded(cell) in IDS for cell in re.split("[,;\t]", first)[:50] if cell != first):
        return SamplesError(
            f"{origin.rpartition(':')[0]} is a CSV table, which is not read; {AS_JSON_LINES.format('csv')}."
        )
    return SamplesError(
        f"{origin} is not JSON ({text.strip()[:30]!r}); correct it, or delete it and solve its problem again."
    )


def _unknown(value: Any, origin: str) -> UnknownFormatError:
    """The error for JSON without a known form, with its keys."""
    if isinstance(value, dict) and isinstance(value.get("eval"), dict):
        return UnknownFormatError(f"{origin} has results without the solutions; import the samples that were graded.")
    first = value[0] if isinstance(value, list) and value else value
    keys = ", ".join(plain(str(key)) for key in list(first)[:4]) if isinstance(first, dict) else ""
    has = f" (it has {keys})" if keys else ""
    return UnknownFormatError(f'{origin} names no problem{has}; write {{"task_id": …, "solution": …}} on a line.')
