"""Text as people read it: lines of the terminal, paths, durations, sizes and counts."""

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

WIDTH = 24
"""Columns of a profile's id, so that reasons stand below each other."""


def line(verb: str, name: str, text: str) -> str:
    """One line of a run: a verb of fixed width, its object, and the reason."""
    return f"{verb:<9} {name:<{WIDTH}}  {text}".rstrip()


BLUE, GREY, RED = 34, 90, 31


def colored(text: str, color: int, stream: TextIO) -> str:
    """The text in a colour where the stream is a terminal that shows colours, and NO_COLOR (no-color.org) is unset."""
    plain = not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else f"\x1b[{color}m{text}\x1b[0m"


def print_line(text: str) -> None:
    """Print a line in one write, so that the lines of several workers do not mix."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def in_worker() -> bool:
    """Whether this is a worker of doit -n, whose lines stand among those of others."""
    return multiprocessing.parent_process() is not None


def relative(path: Path) -> str:
    """A path for the terminal: relative to the working folder where it lies below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def duration(seconds: float) -> str:
    """Seconds for people: under 1 s, 9 s, 14 min, 2 h 05 min."""
    if seconds > 0 and round(seconds) == 0:
        return "under 1 s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def size(count: int) -> str:
    """Bytes for people, in powers of ten as disks are sold: 567 kB, 18.3 GB."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 999.5:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB" if amount < 999.95 else f"{amount / 1000:.1f} TB"


def listed(texts: Sequence[str], most: int = 12) -> str:
    """Texts with commas, cut after `most` if that leaves out more than one."""
    return ", ".join(texts) if len(texts) <= most + 1 else f"{', '.join(texts[:most])} and {len(texts) - most} more"


def counted(count: int, noun: str) -> str:
    """`1 problem`, `2 problems`."""
    return f"{count:,} {noun}" + ("s" if count != 1 else "")


def warn(sentence: str) -> None:
    """Write a sentence that a person must not miss to standard error; a closed one is ignored."""
    with contextlib.suppress(OSError):
        sys.stderr.write(sentence + "\n")
