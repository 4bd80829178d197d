"""Which samples go first: those of problems whose samples have taken longest, so that all cores end together.

A problem's reference is a poor guide: the slowest solutions, loops without end among them, come again and again from
problems whose own solutions are fast. What any sample took is kept, for all models, beside the verdicts.
"""

from collections.abc import Mapping
from pathlib import Path

from bench.files import read_json, write_json


class Longest:
    """The most seconds that a sample of each problem has taken so far; `costs` are the references' seconds."""

    def __init__(self, cache: Path, dataset: str, costs: Mapping[str, float]) -> None:
        self.path = cache / "verdicts" / f"{dataset}-seconds.json"
        self.costs = costs
        saved = read_json(self.path)
        self.seen = {
            str(task): float(seconds)
            for task, seconds in (saved if isinstance(saved, dict) else {}).items()
            if isinstance(seconds, int | float)
        }

    def seconds(self, task_id: str) -> float:
        """What a sample of that problem may take."""
        return max(self.seen.get(task_id, 0.0), self.costs.get(task_id, 0.0))

    def note(self, task_id: str, seconds: float) -> None:
        """Remember what a sample took."""
        self.seen[task_id] = max(seconds, self.seen.get(task_id, 0.0))

    def save(self) -> None:
        """Keep it for the next grading. Raises BenchError where the cache cannot be written."""
        write_json(self.path, dict(sorted(self.seen.items())))
