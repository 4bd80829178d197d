"""What a server costs while it runs: peak memory of its processes and of the GPUs, and energy where it can be read.

GPUs are read through nvidia-smi, processors through RAPL (powercap; on most systems, root alone may).
What was used before the server started counts as idle and is subtracted, so all of it is an estimate. Every figure that
cannot be read is left out.
"""

import contextlib
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import machine
from bench.processes import die_with_parent, stop
from bench.untrusted import number, positive, table

POWERCAP = Path("/sys/class/powercap")
INTERVAL = 1000
"""Milliseconds between two looks at the GPUs."""

FIRST = 3.0
"""Seconds to wait for the first look, which shows what is idle."""

SETTLE = 0.5
"""Seconds over which the power of idle processors is measured."""

QUERY = ("--query-gpu=index,memory.used,power.draw", "--format=csv,noheader,nounits")
JOULES = 3600.0
"""Joules in a watt-hour."""


@contextlib.contextmanager
def metering() -> Iterator["Meter"]:
    """A meter that has seen this machine idle, and runs for the block."""
    meter = Meter(GpuLooks(), Rapl())
    try:
        yield meter
    finally:
        meter.gpus.close()


class Meter:
    """Figures of GPUs, processors and processes."""

    def __init__(self, gpus: "GpuLooks", processors: "Rapl") -> None:
        self.gpus, self.processors = gpus, processors

    def read(self, pid: int | None = None) -> dict[str, Any]:
        """Peak `memory` of a process and its children and `gpu_memory`, in bytes; `energy` in Wh since last asked."""
        used = [joules for joules in (self.gpus.joules(), self.processors.joules()) if joules is not None]
        figures = {
            "memory": peak_memory(pid) if pid else None,
            "gpu_memory": self.gpus.memory(),
            "energy": round(sum(used) / JOULES, 6) if used else None,
        }
        return {name: value for name, value in figures.items() if value is not None}


class GpuLooks:
    """Memory and power of all GPUs together, by an nvidia-smi that tells them each second."""

    def __init__(self) -> None:
        self.count = len(machine.record()["gpus"])
        self.lock, self.ready = threading.Lock(), threading.Event()
        self.idle = (0.0, 0.0)
        self.peak, self.used, self.at = 0.0, 0.0, 0.0
        self.smi: subprocess.Popen[bytes] | None = None
        if self.count:
            with contextlib.suppress(OSError):
                self.smi = subprocess.Popen(
                    ["nvidia-smi", *QUERY, f"--loop-ms={INTERVAL}"],
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                    start_new_session=True, preexec_fn=die_with_parent,  # noqa: PLW1509 - one prctl call, no locks
                )  # fmt: skip
        if self.smi:
            threading.Thread(target=self._follow, args=[self.smi], daemon=True).start()
            self.ready.wait(FIRST)

    def memory(self) -> int | None:
        """Peak bytes beyond those in use when idle; None where there is no GPU."""
        with self.lock:
            return round(max(0.0, self.peak - self.idle[0])) << 20 if self.at else None

    def joules(self) -> float | None:
        """What was used beyond idle since this was last asked; None where no GPU tells its power."""
        with self.lock:
            used, self.used = self.used, 0.0
            return used if self.idle[1] else None

    def close(self) -> None:
        """End what reads the GPUs."""
        if self.smi:
            stop(self.smi)

    def _follow(self, smi: "subprocess.Popen[bytes]") -> None:
        assert smi.stdout is not None
        look: dict[str, tuple[float, float]] = {}
        with smi.stdout as lines:
            for line in iter(lambda: lines.readline(1000), b""):
                row = [word.strip() for word in line.decode("ascii", "replace").split(",")]
                if len(row) == 3:
                    look[row[0]] = (_figure(row[1]), _figure(row[2]))
                if len(look) >= self.count:
                    self._add(list(look.values()))
                    look = {}
        self.ready.set()

    def _add(self, look: Sequence[tuple[float, float]]) -> None:
        memory, watts = sum(mib for mib, _ in look), sum(power for _, power in look)
        now = time.monotonic()
        with self.lock:
            if not self.at:
                self.idle = (memory, watts)
            self.used += max(0.0, watts - self.idle[1]) * (now - (self.at or now))
            self.peak, self.at = max(self.peak, memory), now
        self.ready.set()


class Rapl:
    """Energy of all processor packages, by counters of microjoules that begin anew at a limit."""

    def __init__(self) -> None:
        self.packages = [path for path in sorted(POWERCAP.glob("*-rapl:?")) if _microjoules(path) is not None]
        self.counters = self._read()
        self.at = time.monotonic()
        self.idle = 0.0
        if self.packages:
            time.sleep(SETTLE)
            joules, seconds = self._since()
            self.idle = joules / seconds

    def joules(self) -> float | None:
        """What was used beyond idle since this was last asked; None where no counter can be read."""
        if not self.packages:
            return None
        joules, seconds = self._since()
        return max(0.0, joules - self.idle * seconds)

    def _since(self) -> tuple[float, float]:
        before, began = self.counters, self.at
        self.counters, self.at = self._read(), time.monotonic()
        used = 0
        for package, old, new in zip(self.packages, before, self.counters, strict=True):
            used += new - old if new >= old else new + (_microjoules(package, "max_energy_range_uj") or old) - old
        return used / 1e6, max(self.at - began, 1e-3)

    def _read(self) -> list[int]:
        return [_microjoules(package) or 0 for package in self.packages]


def peak_memory(pid: int) -> int | None:
    """Peak bytes of a process and all that it started, each at its own peak; None where it is gone."""
    total, pids = 0, [pid]
    for one in pids:
        try:
            status = Path(f"/proc/{one}/status").read_text(encoding="ascii", errors="replace")
            pids += map(int, Path(f"/proc/{one}/task/{one}/children").read_text(encoding="ascii").split())
        except OSError:
            continue
        peak = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")), "0")
        total += int(peak) << 10
    return total or None


def costs(servers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of what completions record of their servers: the peaks, the energy in all (Wh), the longest load (seconds)."""
    peaks = {}
    for name in ("memory", "gpu_memory", "load_seconds"):
        known = [value for server in servers if (value := positive(table(server).get(name)))]
        if known:
            peaks[name] = max(known) if name == "load_seconds" else int(max(known))
    energy = [value for server in servers if (value := number(table(server).get("energy"))) is not None]
    return {**peaks, **({"energy": round(sum(energy), 4)} if energy else {})}


def _figure(text: str) -> float:
    """A figure of nvidia-smi's; 0 for one that this GPU does not tell, such as [N/A]."""
    try:
        return number(float(text)) or 0.0
    except ValueError:
        return 0.0


def _microjoules(package: Path, name: str = "energy_uj") -> int | None:
    try:
        return int((package / name).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
