"""server.log: all that servers said, one start after the other, without escape codes."""

import contextlib
import re
import shlex
import time
from collections.abc import Sequence
from pathlib import Path

from bench.errors import ServerError
from bench.text import visible

LINES = 30
"""How many of the last lines an error shows."""

HEADER = "=== "
RECENT = 1 << 16
"""Bytes at the end of a log in which the last lines are looked for."""

ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])|\r(?=\n)")


def begin(log: Path, command: Sequence[str]) -> None:
    """Add the line that parts one start from those before it: when, and with which command.

    Raises ServerError where it cannot be written: a server without a log could not be helped.
    """
    try:
        _append(log, f"{HEADER}{time.strftime('%Y-%m-%d %H:%M:%S')}  {shlex.join(command)}\n")
    except OSError as error:
        raise ServerError(f"{log} cannot be written ({error.strerror}); free space or make it writable.") from None


def note(log: Path, line: str) -> None:
    """Add a line to a log of what is kept elsewhere too; where there is no room for it, nothing is lost."""
    with contextlib.suppress(OSError):
        _append(log, f"{line}\n")


def _append(log: Path, text: str) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(text)


def plain(line: bytes) -> bytes:
    """A line without colours and other escape codes."""
    return ESCAPE.sub(b"", line)


def tail(log: Path, lines: int = LINES) -> str:
    """The last lines of the last start."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - RECENT))
            text = plain(file.read()).decode("utf-8", "replace")
    except OSError:
        return ""
    before, _, last = f"\n{text}".rpartition(f"\n{HEADER}")
    # Where there is a header, its own line is not one of the server's.
    shown = last.splitlines()[1 if before or text.startswith(HEADER) else 0 :][-lines:]
    return "\n".join(visible(line.expandtabs()) for line in shown)
