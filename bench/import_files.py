"""Files of solutions that were made elsewhere → rows with their place; what a row means is for imports.py."""

import gzip
import json
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import SamplesError

TASK_NAME = re.compile(r"([A-Za-z][A-Za-z-]*)_(\d+)")
TASK_IN_TEXT = re.compile(r'"task_id"\s*:\s*"([^"]+)"')


@dataclass(frozen=True)
class Found:
    """The files that hold solutions, in natural order (part-2 before part-10), and how many others lie beside them."""

    files: tuple[Path, ...]
    ignored: tuple[Path, ...]


@dataclass(frozen=True)
class Row:
    """One record of a file; `origin` is file:line as a person would write it."""

    fields: dict[str, Any]
    origin: str


def find(solutions: tuple[str, ...], base: Path) -> Found:
    """The files that `solutions` names below `base`: each entry a file, a folder with all below it, or a glob."""
    files: dict[Path, None] = {}
    ignored: dict[Path, None] = {}
    for entry in solutions:
        path = base / Path(entry).expanduser()
        named = [path] if path.exists() else _matches(path)
        for place in sorted(named, key=_natural):
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
        for number, fields in enumerate(_parsed(text, f"{name}:1", last=False), 1):
            yield _row(fields, f"{name}, entry {number}")
        return
    lines = text.split("\n")
    filled = [number for number, line in enumerate(lines, 1) if line.strip()]
    for number in filled:
        origin = f"{name}:{number}"
        yield _row(_parsed(lines[number - 1], origin, last=number == filled[-1]), origin)


def _text(file: Path, name: str) -> str:
    try:
        data = file.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
        return data.decode("utf-8-sig")
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise SamplesError(f"{name} is a damaged gzip file; copy or write it again.") from None
    except OSError as error:
        raise SamplesError(f"{name} cannot be read ({error.strerror}); make it readable.") from None
    except UnicodeDecodeError as error:
        raise SamplesError(f"{name} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None


def _parsed(line: str, origin: str, *, last: bool) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        task = TASK_IN_TEXT.search(line)
        if last and task:
            raise SamplesError(
                f"{origin} is torn off in the middle of {task[1]}; delete this line and have {task[1]} written again."
            ) from None
        remedy = "delete this line and have its problem written again" if last else "correct or delete it"
        raise SamplesError(f"{origin} is not JSON ({line.strip()[:40]!r}); {remedy}.") from None


def _row(fields: Any, origin: str) -> Row:
    if not isinstance(fields, dict) or not isinstance(fields.get("task_id"), str):
        raise SamplesError(f'{origin} names no problem; write {{"task_id": …, "solution": …}} on a line.')
    return Row(fields, origin)


def _matches(pattern: Path) -> list[Path]:
    try:
        return list(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))))
    except (ValueError, NotImplementedError):
        return []


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(piece), "") if piece.isdigit() else (0, piece) for piece in re.split(r"([0-9]+)", str(path))]
