"""The verdict cache: append-only JSON lines, so that a kill -9 loses at most the last one."""

import contextlib
from collections.abc import Set as AbstractSet
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import jsonl
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
        for row in jsonl.records(self.path, dict[str, Any]):
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
            jsonl.append(self.path, row, sync=False)
        except OSError as error:
            raise BenchError(f"{self.path} cannot be written ({error.strerror}); free space or delete it.") from None

    def _prune(self) -> None:
        if self.path.exists() and self.path.stat().st_size > MOST_BYTES:
            with self.path.open("rb") as file:
                file.seek(-MOST_BYTES // 2, 2)
                file.readline()
                write_atomic(self.path, file.read())
