"""server.log: the output of all starts of a server, its last lines, and the reason of a failure in it."""

import contextlib
import re
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.errors import ServerError
from bench.text import plain, visible

LINES = 30
"""The number of last lines that an error shows."""

HEADER = "=== "
TAIL_BYTES = 1 << 16
"""Bytes at the end of a log that are read for its last lines."""

ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])|\r(?=\n)")

HOPELESS = (
    r"does not know .*", r"is impossible for .*", r"invalid argument: .*", r"error while handling argument .*",
    r"error while loading shared libraries: (.*)", r"unknown model architecture: .*", r"invalid magic characters.*",
    r"tensor .* data is not within the file bounds.*", r"unknown argument: .*", r"unsupported model architecture.*",
    r"failed to open GGUF file.*", r"couldn't bind .*", r"No such file or directory.*",
)  # fmt: skip
REASONS = (
    r"cudaMalloc failed: out of memory", r"CUDA error: .*", r".*out of memory.*", r"failed to allocate .*",
    r"unable to allocate .*", r"std::bad_alloc", r"error loading model: (.*)", r"what\(\): +(.*)", r"GGML_ASSERT.*",
    r"failed to initialize .*", r"[Ss]egmentation fault.*", r"[Ee]rror: (.*)", r".*failed.*", r".*[Ee]rror.*",
)  # fmt: skip
"""Messages of llama.cpp when it does not start, most specific first; after one of HOPELESS, no other start helps."""

WARNING = re.compile(r"[\d.\s]*(?:W\s|warn(?:ing)?\b)", re.IGNORECASE)
"""The beginning of a warning, which is not the reason of a failure."""


class Reason(NamedTuple):
    """The reason why a server does not run, as a phrase or ""; `hopeless`: another start would not help."""

    text: str
    hopeless: bool = False


def begin(log: Path, command: Sequence[str]) -> None:
    """Add the header of a start: time and command. Raises ServerError where the log cannot be written."""
    try:
        _append(log, f"{HEADER}{time.strftime('%Y-%m-%d %H:%M:%S')}  {shlex.join(command)}\n")
    except OSError as error:
        raise ServerError(f"{log} cannot be written ({error.strerror}); free space or make it writable.") from None


def note(log: Path, line: str) -> None:
    """Add a line to a log of facts that are kept elsewhere too; a full disk is ignored."""
    with contextlib.suppress(OSError):
        _append(log, f"{line}\n")


def _append(log: Path, text: str) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(text)


def tail(log: Path) -> str:
    """The last lines of the last start."""
    return "\n".join(visible(line.expandtabs()) for line in _last_start(log)[-LINES:])


def reason(log: Path) -> Reason:
    """The reason why the last start failed, by its most specific line."""
    lines = [line.strip() for line in _last_start(log) if re.search(r"[^\W\d_]", line)]
    lines = [line for line in lines if not WARNING.match(line)] or lines
    for pattern in (*HOPELESS, *REASONS):
        for line in lines:
            if match := re.search(pattern, line):
                text = match[1] if match.re.groups else match[0]
                return Reason(plain(text).rstrip("."), hopeless=pattern in HOPELESS)
    return Reason(plain(lines[-1]).rstrip(".") if lines else "")


def _last_start(log: Path) -> list[str]:
    """Its lines, without colours and other escape codes."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL_BYTES))
            text = ESCAPE.sub(b"", file.read()).decode("utf-8", "replace")
    except OSError:
        return []
    before, _, last = f"\n{text}".rpartition(f"\n{HEADER}")
    # Without the rest of the header line.
    return last.splitlines()[1 if before or text.startswith(HEADER) else 0 :]
