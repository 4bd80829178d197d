"""What a sample may use: time that is its own, and memory; however busy the machine is.

Time that a sample waited for a core is not its own, and Linux tells how long that was. That a core is slower than usual
(a neighbour on the same core or cache, a slow machine) it does not tell; a yardstick does, where a sample is tried
again.
"""

from __future__ import annotations

import contextlib
import gc
import mmap
import os
import resource
import time
from typing import Any

TICK = 0.05
WATCH_AFTER = 0.2
PATIENCE = 4
"""How many times a limit may pass on the wall while the sample waits for a core."""

NOMINAL, SLOWEST = 0.039, 3.0
"""CPU seconds of the yardstick where EvalPlus's limits were found to fit; how far they stretch at most.

Of real solutions, the slowest that EvalPlus passes every time needs up to 3.8 s by this measure (which varies by a
seventh), the fastest that it never passes 4.3 s.
"""

FIRST, EVERY = 1.0, 0.6
"""Seconds until the yardstick is first used, and between its uses: one use varies by a fifth, the median by little."""


class Clock:
    """Seconds that count against a sample: wall time, less what it waited for a core or for the judge."""

    def __init__(self, pid: int) -> None:
        self.path, self.began, self.stalled = f"/proc/{pid}/schedstat", time.monotonic(), 0.0

    def wall(self) -> float:
        """Seconds since the start, less the time that the judge did not read."""
        return time.monotonic() - self.began - self.stalled

    def fair(self) -> float:
        """Wall time less the time on the run queue, as Linux counts it (the second figure, in nanoseconds)."""
        try:
            with open(self.path, "rb") as file:
                return self.wall() - int(file.read().split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            return self.wall()


class Watch:
    """The limits of one run: per test, for the suite, and for memory."""

    def __init__(self, job: dict[str, Any], clock: Clock, progress: Any) -> None:
        self.job, self.clock, self.progress = job, clock, progress
        self.test, self.fair, self.wall = 0, 0.0, 0.0
        self.next, self.measure = 0.0, FIRST
        self.measured: list[float] = []
        self.stretch = 1.0

    def broken(self) -> str:
        """Which limit is passed, "time" or "memory", else nothing; looks at most once a tick."""
        wall = self.clock.wall()
        if wall < self.next:
            return ""
        self.next = wall + TICK
        if self.job["alone"] and wall > self.measure:
            self._measure(wall)
        fair, test = self.clock.fair(), self.progress[0]
        if test != self.test:
            self.test, self.fair, self.wall = test, fair, wall
        if self._late(fair, wall):
            return "time"
        return "memory" if wall > WATCH_AFTER and memory_used(self.job["born_with"]) > self.job["memory"] else ""

    def _late(self, fair: float, wall: float) -> bool:
        if self._over(self.job["budget"], fair, wall):
            return True
        # Writing an output down (a gigabyte, for Mbpp/255) is our doing; the suite's limit alone holds meanwhile.
        if not self.test or self.progress[1]:
            return False
        limit = self.job["limits"].get(str(self.test - 1), self.job["limit"])
        return self._over(limit, fair - self.fair, wall - self.wall)

    def _over(self, limit: float, fair: float, wall: float) -> bool:
        limit *= self.stretch
        return fair > limit or wall > limit * PATIENCE

    def _measure(self, wall: float) -> None:
        self.measure = wall + EVERY
        self.measured = sorted([*self.measured, yardstick()])
        self.stretch = min(SLOWEST, max(1.0, self.measured[len(self.measured) // 2] / NOMINAL))


def yardstick() -> float:
    """CPU seconds of a fixed amount of work, half arithmetic and half memory, as samples do it."""
    # The collector would look at all that this process holds; in samples it seldom runs.
    gc.disable()
    try:
        # User time alone: the kernel's share is page faults, which samples have far fewer of.
        began, number = resource.getrusage(resource.RUSAGE_SELF).ru_utime, 0
        for step in range(500_000):
            number += step * step % 7
        rows = [[step, step + 1, step + 2] for step in range(60_000)]
        min([[*row, 1] for row in rows for _ in range(2)])
        return resource.getrusage(resource.RUSAGE_SELF).ru_utime - began
    finally:
        gc.enable()


def memory_used(born_with: int) -> int:
    """Bytes that the samples' processes hold beyond what they were born with."""
    page, own, total = mmap.PAGESIZE, str(os.getpid()), 0
    names = [name for name in os.listdir("/proc") if name.isdigit() and name != own] if os.getpid() == 1 else []
    for name in names:
        with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/statm", "rb") as file:
            total += max(0, int(file.read().split()[1]) * page - born_with)
    return total
