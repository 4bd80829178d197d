"""results/history.jsonl: one line for each graded result, and what changed since the one before it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import jsonl
from bench.files import digest_of, write_atomic
from bench.report.format import as_json, percent
from bench.report.leaderboard import Leaderboard, Row
from bench.untrusted import items, number, word

FILE = "history.jsonl"
COMPARED = (
    ("build", "llama.cpp"),
    ("fingerprint", "model file"),
    ("max_tokens", "max_tokens"),
    ("dataset_hash", "dataset"),
)
"""Keys of a line that explain a change, with their words."""


@dataclass(frozen=True)
class Change:
    """The change of a row since the result before it."""

    row: Row
    before: float
    won: tuple[str, ...]
    lost: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def text(self) -> str:
        """`80.5 → 82.3, 3 won, 0 lost; llama.cpp b7123 → b7201`."""
        scores = f"{percent(self.before)} → {percent(self.row.metrics.score.value)}"
        return "; ".join([f"{scores}, {len(self.won)} won, {len(self.lost)} lost", *self.reasons])


def line_of(row: Row) -> dict[str, Any]:
    """The line of a graded result."""
    result = row.result
    return {
        "v": 1,
        "profile": result.id,
        "dataset": result.dataset,
        "title": row.title,
        "graded": result.date,
        "verdicts": digest_of([[one.task_id, one.number, one.solution, one.statuses] for one in result.samples]),
        "score": as_json(row.metrics.score),
        "problems": row.metrics.problems,
        "passed": [task for task, solved in result.solves.items() if solved],
        "build": word(result.server.get("build")),
        "fingerprint": word(result.model.get("fingerprint")),
        "max_tokens": result.max_tokens,
        "dataset_hash": word(result.bench.get("dataset_hash")),
    }


def read(path: Path) -> list[dict[str, Any]]:
    """The lines that can be read, the oldest first; [] where there is no file."""
    return [line for line in jsonl.records(path, dict[str, Any]) if line]


def record(path: Path, leaderboards: Sequence[Leaderboard]) -> list[dict[str, Any]]:
    """Add the results that are not on record yet, and write the file whole; its lines. Raises BenchError."""
    known = read(path)
    last = {_which(line): line for line in known}
    rows = (row for leaderboard in leaderboards for row in leaderboard.rows if row.result.state != "gone")
    new = [line for row in rows if not _same(line := line_of(row), last.get(_which(line), {}))]
    if new:
        # Lines of another version, or damaged ones, are kept as they are.
        before = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        before += "" if before.endswith("\n") or not before else "\n"
        write_atomic(path, before + "".join(json.dumps(line) + "\n" for line in new))
    return [*known, *new]


def changes(leaderboard: Leaderboard, lines: Sequence[dict[str, Any]]) -> list[Change]:
    """The changes since the result before this one, for each row that has any."""
    changed = []
    for row in leaderboard.rows:
        now = line_of(row)
        before = [line for line in lines if _which(line) == _which(now) and not _same(line, now)]
        if before and (change := _change(row, now, before[-1])):
            changed.append(change)
    return changed


def _change(row: Row, now: dict[str, Any], before: dict[str, Any]) -> Change | None:
    score = number(next(iter(items(before.get("score"))), None))
    if score is None:
        return None
    old, new = ({task for task in items(line.get("passed")) if isinstance(task, str)} for line in (before, now))
    reasons = tuple(
        f"{name} {word(before.get(key))} → {word(now.get(key))}"
        for key, name in COMPARED
        if before.get(key) and now.get(key) and before.get(key) != now.get(key)
    )
    change = Change(row, score, tuple(sorted(new - old)), tuple(sorted(old - new)), reasons)
    return change if change.won or change.lost or reasons else None


def _which(line: dict[str, Any]) -> tuple[Any, Any]:
    return word(line.get("profile")), word(line.get("dataset"))


def _same(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return (first.get("graded"), first.get("verdicts")) == (second.get("graded"), second.get("verdicts"))
