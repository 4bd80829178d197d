"""The verdict cache: append-only JSON lines, so that a kill -9 loses at most the last one."""

import contextlib
import fcntl
import json
from collections.abc import Set as AbstractSet
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.files import write_atomic
from bench.records import Verdict

MOST_BYTES = 64 << 20
"""A larger file is rewritten with its newer half."""


class Verdicts:
    """The verdicts of one dataset in sandboxes of these identities; a key names problem, tests, grader and solution."""

    def __init__(self, cache: Path, dataset: str, identities: AbstractSet[str]) -> None:
        self.path = cache / "verdicts" / f"{dataset}.jsonl"
        self.known: dict[str, Verdict] = {}
        self.python = ""
        for row in _rows(self.path):
            if row.get("sandbox") in identities and isinstance(row.get("verdict"), dict):
                with contextlib.suppress(TypeError, KeyError):
                    self.known[row["key"]] = Verdict(**row["verdict"])
                    self.python = row.get("python", "")
        self._prune()

    def get(self, key: str) -> Verdict | None:
        """The verdict on a sample, if it is known."""
        return self.known.get(key)

    def put(self, key: str, verdict: Verdict, identity: str, python: str) -> None:
        """Store a verdict and its sandbox, unless timing may decide it: timeouts, and failures when re-run alone."""
        if "timeout" in (verdict.base, verdict.plus) or (verdict.retried and not verdict.passed):
            return
        row = {"key": key, "sandbox": identity, "python": python, "verdict": asdict(verdict)}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                # A truncated last line stays on a line of its own, and is skipped when read.
                file.write(b"\n" * _is_truncated(self.path) + json.dumps(row).encode() + b"\n")
        except OSError as error:
            raise BenchError(f"{self.path} cannot be written ({error.strerror}); free space or delete it.") from None

    def _prune(self) -> None:
        if self.path.exists() and self.path.stat().st_size > MOST_BYTES:
            with self.path.open("rb") as file:
                file.seek(-MOST_BYTES // 2, 2)
                file.readline()
                write_atomic(self.path, file.read())


def _is_truncated(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if not size:
            return False
        file.seek(size - 1)
        return file.read(1) != b"\n"


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    rows = []
    for line in lines:
        with contextlib.suppress(ValueError):
            row = json.loads(line)
            if isinstance(row, dict):
                rows.append(row)
    return rows
