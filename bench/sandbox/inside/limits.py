"""What a sample may use: time that is its own, and memory; however busy the machine is.

Time that a sample waited for a core is not its own (clock.py). That a core is slower than usual (a neighbour on the
same cache, a slow machine) Linux does not tell; a yardstick does, once a sample has passed the first, short limits.
From there it goes on under the whole limits, where it had a core to itself; else it is stopped, to be tried again when
it can have one.
"""

from __future__ import annotations

import contextlib
import gc
import mmap
import os
import resource
from typing import Any

from .clock import START, Clock, Moment

TICK = 0.05
"""Seconds between two looks at a sample."""

WATCH_AFTER = 0.2
"""Seconds from which its memory is looked at."""

PATIENCE = 4
"""How many times a limit may pass on the wall while the sample waits for a core, beside others."""

PATIENCE_ALONE = 12
"""The same where it is tried again without them, for whatever else keeps the machine busy."""

OWN = 0.8
"""A process whose CPU time is at least this part of the wall time had a core to itself; the yardstick takes a tenth."""

LIGHT = 32 << 20
"""Bytes up to which a core is all that a sample needs; who holds more waits for memory, which neighbours use too."""

HEAVY = 1.2
"""How far limits stretch for who holds more: the yardstick needs little memory, and does not see all of that wait."""

DOUBT = 1.35
"""How far they stretch beside others, before it is stopped (one such neighbour costs a twelfth).

What ends between HEAVY and DOUBT times the limit is tried again.
"""

NOMINAL = 0.039
"""CPU seconds of the yardstick where EvalPlus's limits were found to fit.

Of real solutions with little data, one that EvalPlus passes now and then needs 3.2 to 3.4 s by this measure, the
fastest that it never passes 4.3 s, 4.8 s in a Python linked with LTO. With 190 MB, one that it always passes needs 3.7
to 4.4 s.
"""

FASTEST = 0.8
"""How far limits shrink at most, where the yardstick takes less."""

SLOWEST = 3.0
"""How far they stretch at most, where it takes more."""

FIRST = 1.0
"""Seconds until the yardstick is first used."""

EVERY = 0.6
"""Seconds between its uses, at least."""

SPARING = 10
"""So many times what a use takes lie between two of them, at least."""

FEWEST = 3
"""Uses before a limit counts: one use varies by a fifth, the median by little."""


class Watch:
    """The limits of one run: per test, for the suite, and for memory.

    `extended` says that the sample passed the job's first limits and went on, `own_core` that it had a core to itself
    when it passed the last ones, `doubtful` that it passed some that it might have kept alone.

    As long as `short`, the job's first limits hold, which samples have beside others; `current` tells the test that
    runs from those before it, `uses` are the seconds of the yardstick, `peak` is in bytes.
    """

    def __init__(self, job: dict[str, Any], clock: Clock, progress: Any) -> None:
        self.job, self.clock, self.progress = job, clock, progress
        self.limits, self.has_neighbours = job["hurried"] or job["limits"], bool(job["hurried"])
        self.short = self.has_neighbours
        self.extended = self.own_core = self.doubtful = False
        self.test, self.current, self.began = 0, (0, False), START
        self.look_at, self.measure_at = 0.0, FIRST
        self.uses: list[float] = []
        self.stretch, self.peak = 1.0, 0

    def broken(self) -> str:
        """Which limit is passed, "time" or "memory", else nothing; looks at most once a tick."""
        wall = self.clock.wall()
        if wall < self.look_at:
            return ""
        self.look_at = wall + TICK
        if not self.short and wall > self.measure_at:
            self._measure(wall)
        now, records = self.clock.now(), self.clock.records
        # A sample can write what it likes into `progress`: only an output that has come ends the time of a test.
        self.test = max(self.progress[0], records + 1 if records else 0)
        if (records, self.test > 0) != self.current:
            self.current, self.began = (records, self.test > 0), now
        used = memory_used(self.job["born_with"]) if wall > WATCH_AFTER else 0
        self.peak = max(self.peak, used)
        if self._late(now):
            return "time"
        return "memory" if used > self.job["memory"] else ""

    def _late(self, now: Moment) -> bool:
        spent = self._over(now)
        self.own_core = spent is not None and spent.cpu >= OWN * spent.wall
        if self.own_core and self.short:
            self.limits, self.short, self.extended = self.job["limits"], False, True
            return False
        # Until it is known how slow the machine is, the whole limits have no length.
        return spent is not None and (self.short or len(self.uses) >= FEWEST)

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
        if self.peak > LIGHT and not self.short:
            late = self._exceeds(spent, limit * HEAVY)
            self.doubtful |= late and self.has_neighbours
            return late and (not self.has_neighbours or self._exceeds(spent, limit * DOUBT))
        return self._exceeds(spent, limit)

    def _exceeds(self, spent: Moment, limit: float) -> bool:
        return spent.fair > limit or spent.wall > limit * (PATIENCE if self.has_neighbours else PATIENCE_ALONE)

    def _measure(self, wall: float) -> None:
        spent = yardstick()
        self.measure_at = wall + max(EVERY, SPARING * spent)
        self.uses = sorted([*self.uses, spent])
        self.stretch = min(SLOWEST, max(FASTEST, self.uses[len(self.uses) // 2] / NOMINAL))


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
