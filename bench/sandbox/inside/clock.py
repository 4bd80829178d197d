"""How long a sample has run: on the wall, on a core, and without what it waited for, as Linux tells it."""

from __future__ import annotations

import time
from typing import NamedTuple


class Moment(NamedTuple):
    """Seconds since a process started: on the wall, without what it waited for, and on a core."""

    wall: float
    fair: float
    cpu: float

    def since(self, before: Moment) -> Moment:
        """The seconds from `before` to this one."""
        return Moment(self.wall - before.wall, self.fair - before.fair, self.cpu - before.cpu)


START = Moment(0.0, 0.0, 0.0)


class Clock:
    """Seconds that count against a sample: wall time, less what it waited for a core or for the judge.

    `records` says how many whole records have come from it.
    """

    def __init__(self, pid: int) -> None:
        self.path, self.began, self.stalled = f"/proc/{pid}/schedstat", time.monotonic(), 0.0
        self.records = 0

    def wall(self) -> float:
        """Seconds since the start, less the time that the judge did not read."""
        return time.monotonic() - self.began - self.stalled

    def now(self) -> Moment:
        """All three, as Linux counts them: nanoseconds on a core, and on the run queue."""
        try:
            with open(self.path, "rb") as file:
                cpu, waited = (int(figure) / 1e9 for figure in file.read().split()[:2])
        except (OSError, ValueError):
            cpu, waited = 0.0, 0.0
        wall = self.wall()
        return Moment(wall, wall - waited, cpu)
