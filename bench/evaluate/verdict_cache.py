"""The verdict cache: append-only JSON lines, so that a kill -9 loses at most the last one."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from bench import jsonl
from bench.errors import BenchError
from bench.files import write_atomic
from bench.records import Verdict

MOST_BYTES = 64 << 20
"""A larger file is rewritten with its newer half."""


@dataclass(frozen=True)
class CachedVerdict:
    """One line: `key` names problem, tests, grader and program; `sandbox` its identity, `python` its version."""

    key: str
    sandbox: str
    verdict: Verdict
    python: str = ""


class Verdicts:
    """The verdicts of one dataset that sandboxes of these `identities` gave, `known` by key when it was opened."""

    def __init__(self, cache: Path, dataset: str, identities: AbstractSet[str]) -> None:
        self.path = cache / "verdicts" / f"{dataset}.jsonl"
        rows = [row for row in jsonl.records(self.path, CachedVerdict) if row.sandbox in identities]
        self.known = {row.key: row.verdict for row in rows}
        self.python = rows[-1].python if rows else ""
        self._prune()

    def put(self, key: str, verdict: Verdict, identity: str, python: str) -> None:
        """Store a verdict and its sandbox, unless timing may decide it: timeouts, and failures when re-run alone."""
        if "timeout" in (verdict.base, verdict.plus) or (verdict.retried and not verdict.passed):
            return
        try:
            jsonl.append(self.path, CachedVerdict(key, identity, verdict, python), sync=False)
        except OSError as error:
            raise BenchError(f"{self.path} cannot be written ({error.strerror}); free space or delete it.") from None

    def _prune(self) -> None:
        if self.path.exists() and self.path.stat().st_size > MOST_BYTES:
            with self.path.open("rb") as file:
                file.seek(-MOST_BYTES // 2, 2)
                file.readline()
                write_atomic(self.path, file.read())
