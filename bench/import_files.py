"""Files of solutions that were made elsewhere → rows with their place; what a row means is for imports.py."""

import gzip
import json
import os
import re
import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import SamplesError

TASK_NAME = re.compile(r"([A-Za-z][A-Za-z-]*)_(\d+)")
TASK_IN_TEXT = re.compile(r'"task_id"\s*:\s*"([^"]+)"')
PIECE = re.compile(r"\\?u[0-9a-fA-F]{0,4}|t|tr|tru|f|fa|fal|fals|n|nu|nul|-|\.|[eE][+-]?")
"""What a JSON word, number or escape leaves unread where it is cut off in the middle."""


@dataclass(frozen=True)
class Found:
    """The files that hold solutions, in natural order (part-2 before part-10), and how many others lie beside them."""

    files: tuple[Path, ...]
    ignored: tuple[Path, ...]


@dataclass(frozen=True)
class Row:
    """One record of a file; `origin` is file:line as a person would write it.

    `torn` is true for a last line whose writer was interrupted; of its fields only task_id is known, or "".
    """

    fields: dict[str, Any]
    origin: str
    torn: bool = False


def find(solutions: tuple[str, ...], base: Path) -> Found:
    """The files that `solutions` names below `base`: each entry a file, a folder with all below it, or a glob."""
    files: dict[Path, None] = {}
    ignored: dict[Path, None] = {}
    for entry in solutions:
        for place in sorted(_named(entry, base), key=_natural):
            inside = sorted(_below(place), key=_natural) if place.is_dir() else []
            files |= dict.fromkeys(f for f in inside if holds_solutions(f))
            ignored |= dict.fromkeys(f for f in inside if not holds_solutions(f))
            if place.is_file():
                (ignored if place.suffix == ".py" and not task_of(place) else files)[place] = None
    return Found(tuple(files), tuple(ignored))


def holds_solutions(file: Path) -> bool:
    """Whether a file in a folder is read: JSON lines, gzipped or not, or Python named after a problem."""
    return file.name.endswith((".jsonl", ".jsonl.gz")) or (file.suffix == ".py" and task_of(file) is not None)


def task_of(file: Path) -> str | None:
    """The problem that a Python file answers: of `HumanEval_0.py` and `HumanEval_0/0.py` it is HumanEval/0."""
    match = TASK_NAME.fullmatch(file.stem) or TASK_NAME.fullmatch(file.parent.name)
    return f"{match[1]}/{match[2]}" if match else None


def shown(file: Path, base: Path) -> str:
    """The path as a person would write it, from the folder of profiles.toml."""
    return os.path.relpath(file, base) if file.is_relative_to(base) else str(file)


def rows(file: Path, name: str) -> Iterator[Row]:
    """The records of one file, called `name` in messages.

    Raises SamplesError for what cannot be read, is not UTF-8, or is not JSON, with the line.
    """
    text = _text(file, name)
    if file.suffix == ".py":
        yield Row({"task_id": task_of(file), "solution": text}, name)
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


def _named(entry: str, base: Path) -> list[Path]:
    """The path that an entry is, or those that it matches; none where it cannot be a path."""
    path = base / os.path.expanduser(entry)  # noqa: PTH111 - pathlib's raises for a user that there is not
    try:
        if path.exists():
            return [path]
        return list(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    except (OSError, ValueError, NotImplementedError):
        return []


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(piece), "") if piece.isdigit() else (0, piece) for piece in re.split(r"([0-9]+)", str(path))]
