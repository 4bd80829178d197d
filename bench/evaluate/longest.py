"""Which samples go first, so that all cores end together.

A problem's reference is a poor guide: the slowest solutions, loops without end among them, come again and again from
problems whose own solutions are fast. What samples took is kept, for all models, beside the verdicts.
"""

from collections.abc import Callable
from pathlib import Path

from bench.files import read_json, write_json

FADES = 0.7
"""What a problem's samples took counts so much less with each later grading of it: one loop is not for ever."""

SURPRISE = 1.0
"""Seconds beyond its reference from which a sample was a surprise."""

QUICK = 0.5
"""Seconds of a reference below which a problem is expected to be quick."""


class Longest:
    """The most seconds that a sample of each problem took, of late; `cost` says what its reference takes (Truth.cost).

    That is asked when it is wanted: it may be computed after this object is made.
    """

    def __init__(self, cache: Path, dataset: str, cost: Callable[[str], float]) -> None:
        self.path = cache / "verdicts" / f"{dataset}-seconds.json"
        self.cost = cost
        saved = read_json(self.path)
        self.before = {
            str(task): float(seconds)
            for task, seconds in (saved if isinstance(saved, dict) else {}).items()
            if isinstance(seconds, int | float)
        }
        self.now: dict[str, float] = {}

    def seconds(self, task_id: str) -> float:
        """What a sample of that problem may take."""
        return max(self.before.get(task_id, 0.0), self.cost(task_id))

    def turn(self, task_id: str) -> tuple[int, float]:
        """What to sort by: first what surprised before, longest first; then what should be quick, with its surprises.

        What is known to take its time comes last, longest first: it fills the cores evenly to the end.
        """
        seconds, cost = self.seconds(task_id), self.cost(task_id)
        if seconds > cost + SURPRISE:
            return 0, -seconds
        return (1, 0.0) if cost < QUICK else (2, -seconds)

    def note(self, task_id: str, seconds: float) -> None:
        """Remember what a sample took."""
        self.now[task_id] = max(seconds, self.now.get(task_id, 0.0))

    def save(self) -> None:
        """Keep it for the next grading. Raises BenchError where the cache cannot be written."""
        faded = {task: max(took, FADES * self.before.get(task, 0.0)) for task, took in self.now.items()}
        write_json(self.path, dict(sorted((self.before | faded).items())))
