"""Limits of a sample, time and memory, counted over all of its processes, however busy the machine is.

One rule of time: wall time less the waits for a core counts against a limit, or the CPU time of all its processes if
that is more. The limits of a job that runs alone are scaled by the machine's speed, measured just before it.
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
"""Seconds between two measurements of a sample."""

WATCH_AFTER = 0.2
"""Seconds from which its memory is measured."""

WAIT = 120.0
"""Seconds of wall time beyond a limit, while the sample waits for a core."""

NOMINAL, FASTEST, SLOWEST = 0.039, 0.8, 3.0
"""CPU seconds of the calibration on the machine where EvalPlus's limits fit; the smallest and largest slowdown.

Of real solutions with little data, one that EvalPlus passes sometimes needs 3.2 to 3.4 s by this measure, the fastest
that it never passes 4.3 s, 4.8 s in a Python linked with LTO.
"""

TICKS = os.sysconf("SC_CLK_TCK")


class Moment(NamedTuple):
    """Seconds since a sample started: wall time, wall time without waits for a core, and CPU time."""

    wall: float
    own: float
    cpu: float

    def since(self, before: Moment) -> Moment:
        """The seconds from `before` to this one."""
        return Moment(self.wall - before.wall, self.own - before.own, self.cpu - before.cpu)

    def exceeds(self, limit: float) -> bool:
        """Whether so many seconds were used, or the longest wait is over."""
        return max(self.own, self.cpu) > limit or self.wall > limit + WAIT


class Meter:
    """The usage of a sample: its process is `pid`, or the one inside of that; `baseline` bytes are those of the runner.

    `stalled` are seconds in which the judge did not read, `records` counts whole records. `cpu` (seconds) and `memory`
    (bytes) are those of all processes, at the last measurement; CPU time never decreases.
    """

    def __init__(self, pid: int, baseline: int, *, inner: bool = False) -> None:
        self.pid, self.baseline, self.inner = pid, baseline, inner
        self.began, self.stalled, self.records = time.monotonic(), 0.0, 0
        self.cpu, self.memory = 0.0, 0

    def wall(self) -> float:
        """Seconds since the start, without those in which the judge did not read."""
        return time.monotonic() - self.began - self.stalled

    def look(self) -> Moment:
        """All three times, by Linux's counters."""
        pids = processes() if os.getpid() == 1 else [self.pid]
        if self.inner:
            pids = [pid for pid in pids if pid != self.pid]
        self._add_up(pids)
        wall = self.wall()
        return Moment(wall, wall - (_waited(pids[0]) if pids else 0.0), self.cpu)

    def _add_up(self, pids: list[int]) -> None:
        # Parents before children: what is reaped meanwhile is missed once, not counted twice.
        cpu, pages = 0.0, 0
        for pid in pids:
            with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/stat", "rb") as file:
                # proc(5): times of the process and of those that it reaped, then its resident pages.
                figures = file.read().rpartition(b")")[2].split()
                cpu += sum(map(int, figures[11:15])) / TICKS
                pages += int(figures[21]) or _pages_of_threads(pid)
        self.cpu = max(self.cpu, cpu)
        self.memory = max(0, pages * mmap.PAGESIZE - self.baseline)


def _pages_of_threads(pid: int) -> int:
    """Resident pages of a process whose first thread has ended: the others still hold them."""
    pages = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/statm", "rb") as file:
            pages = max(pages, int(file.read().split()[1]))
    return pages


def _waited(pid: int) -> float:
    """Seconds that a process waited for a core."""
    try:
        with open(f"/proc/{pid}/schedstat", "rb") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def reaped_cpu() -> float:
    """CPU seconds of all ended descendants: exact, while the meter only samples."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Watch:
    """The limits of one run: per test, for the suite, and for memory.

    `test` is the number of the running test, from 1 (0: none yet), and never decreases, whatever the sample writes into
    `progress`; only a received output ends the time of a test.
    """

    def __init__(self, job: dict[str, Any], progress: Any) -> None:
        self.job, self.progress, self.limits = job, progress, job["limits"]
        self.slowdown = slowdown() if job["alone"] else 1.0
        self.test, self.current, self.began = 0, (0, False), Moment(0.0, 0.0, 0.0)
        self.look_at, self.testing = 0.0, False

    def start(self, meter: Meter) -> None:
        """Watch the sample of this meter."""
        self.meter = meter

    def broken(self) -> str:
        """The exceeded limit, "time" or "memory", else ""; measures at most once a tick."""
        wall = self.meter.wall()
        if wall < self.look_at:
            return ""
        self.look_at = wall + TICK
        now, records = self.meter.look(), self.meter.records
        if self.testing or records:
            self.test = max(self.test, records + 1, self.progress[0])
        if (records, self.test > 0) != self.current:
            self.current, self.began = (records, self.test > 0), now
        if self._late(now):
            return "time"
        return "memory" if wall > WATCH_AFTER and self.meter.memory > self.job["memory"] else ""

    def _late(self, now: Moment) -> bool:
        if now.exceeds(self.limits["suite"] * self.slowdown):
            return True
        # We serialise large outputs (a gigabyte, for Mbpp/255), so that only the suite's limit holds meanwhile.
        if not self.test or (self.progress[1] and self.job["has_large_outputs"]):
            return False
        limit = self.limits["longer"].get(str(self.test - 1), self.limits["test"])
        return now.since(self.began).exceeds(limit * self.slowdown)


def processes() -> list[int]:
    """The processes of this sandbox except its first, in their order."""
    own = os.getpid()
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != own)


def slowdown() -> float:
    """The ratio of this machine's time for a fixed piece of work, at the moment, to the nominal one."""
    return min(SLOWEST, max(FASTEST, sorted(calibration() for _ in range(5))[2] / NOMINAL))


def calibration() -> float:
    """CPU seconds of a fixed amount of work, half arithmetic and half memory, as samples do it."""
    # The collector would traverse all objects of this process; in samples it seldom runs.
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
