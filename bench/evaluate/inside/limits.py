"""What a sample may use: time that is its own, and memory; however busy the machine is.

Time that a sample waited for a core is not its own, and Linux tells how long that was. That a core is slower than usual
(a neighbour on the same cache, a slow machine) it does not tell; a yardstick does, once a sample has passed the first,
short limits. From there it goes on under the whole limits, where it had a core to itself; else it is stopped, to be
tried again when it can have one.
"""

from __future__ import annotations

import contextlib
import gc
import mmap
import os
import resource
import time
from typing import Any, NamedTuple

TICK = 0.05
WATCH_AFTER = 0.2
PATIENCE, PATIENCE_ALONE = 4, 12
"""How many times a limit may pass on the wall while the sample waits for a core: beside others, and when it is tried
again without them, for whatever else keeps the machine busy.
"""

OWN = 0.8
"""A process whose CPU time is at least this part of the wall time had a core to itself; the yardstick takes a tenth."""

LIGHT = 32 << 20
"""Bytes up to which a core is all that a sample needs; who holds more waits for memory, which neighbours use too."""

HEAVY, DOUBT = 1.2, 1.35
"""How far limits stretch for who holds more: the yardstick needs little memory, and does not see all of that wait.

Beside others it is stopped at DOUBT times the limit (one such neighbour costs a twelfth); what ends between the two is
tried again.
"""

NOMINAL, FASTEST, SLOWEST = 0.039, 0.8, 3.0
"""CPU seconds of the yardstick where EvalPlus's limits were found to fit; how far they shrink and stretch at most.

Of real solutions with little data, one that EvalPlus passes now and then needs 3.2 to 3.4 s by this measure, the
fastest that it never passes 4.3 s, 4.8 s in a Python linked with LTO. With 190 MB, one that it always passes needs 3.7
to 4.4 s.
"""

FIRST, EVERY, SPARING = 1.0, 0.6, 10
"""Seconds until the yardstick is first used, and between its uses; at least so many times what a use takes."""

FEWEST = 3
"""Uses before a limit counts: one use varies by a fifth, the median by little."""


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


class Watch:
    """The limits of one run: per test, for the suite, and for memory.

    `extended` says that the sample passed the job's first limits and went on, `own_core` that it had a core to itself
    when it passed the last ones, `doubtful` that it passed some that it might have kept alone.
    """

    def __init__(self, job: dict[str, Any], clock: Clock, progress: Any) -> None:
        self.job, self.clock, self.progress = job, clock, progress
        self.limits, self.beside = job["hurried"] or job["limits"], bool(job["hurried"])
        self.hurried = self.beside
        self.extended = self.own_core = self.doubtful = False
        self.test, self.reached, self.began = 0, (0, False), START
        self.next, self.measure = 0.0, FIRST
        self.measured: list[float] = []
        self.stretch, self.most = 1.0, 0

    def broken(self) -> str:
        """Which limit is passed, "time" or "memory", else nothing; looks at most once a tick."""
        wall = self.clock.wall()
        if wall < self.next:
            return ""
        self.next = wall + TICK
        if not self.hurried and wall > self.measure:
            self._measure(wall)
        now, records = self.clock.now(), self.clock.records
        # A sample can write what it likes into `progress`: only an output that has come ends the time of a test.
        self.test = max(self.progress[0], records + 1 if records else 0)
        if (records, self.test > 0) != self.reached:
            self.reached, self.began = (records, self.test > 0), now
        used = memory_used(self.job["born_with"]) if wall > WATCH_AFTER else 0
        self.most = max(self.most, used)
        if self._late(now):
            return "time"
        return "memory" if used > self.job["memory"] else ""

    def _late(self, now: Moment) -> bool:
        spent = self._over(now)
        self.own_core = spent is not None and spent.cpu >= OWN * spent.wall
        if self.own_core and self.hurried:
            self.limits, self.hurried, self.extended = self.job["limits"], False, True
            return False
        # Until it is known how slow the machine is, the whole limits have no length.
        return spent is not None and (self.hurried or len(self.measured) >= FEWEST)

    def _over(self, now: Moment) -> Moment | None:
        """What was spent of a limit that is passed."""
        if self._past(self.limits["suite"], now):
            return now
        # Writing a large output down (a gigabyte, for Mbpp/255) is our doing; the suite's limit alone holds meanwhile.
        if not self.test or (self.progress[1] and self.job["wide"]):
            return None
        spent = now.since(self.began)
        limit = self.limits["longer"].get(str(self.test - 1), self.limits["test"])
        return spent if self._past(limit, spent) else None

    def _past(self, limit: float, spent: Moment) -> bool:
        limit *= self.stretch
        if self.most > LIGHT and not self.hurried:
            late = self._exceeds(spent, limit * HEAVY)
            self.doubtful |= late and self.beside
            return late and (not self.beside or self._exceeds(spent, limit * DOUBT))
        return self._exceeds(spent, limit)

    def _exceeds(self, spent: Moment, limit: float) -> bool:
        return spent.fair > limit or spent.wall > limit * (PATIENCE if self.beside else PATIENCE_ALONE)

    def _measure(self, wall: float) -> None:
        spent = yardstick()
        self.measure = wall + max(EVERY, SPARING * spent)
        self.measured = sorted([*self.measured, spent])
        self.stretch = min(SLOWEST, max(FASTEST, self.measured[len(self.measured) // 2] / NOMINAL))


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
