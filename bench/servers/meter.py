"""The costs of a server while it runs: peak memory of its processes and of the GPUs, and energy where it can be read.

GPUs are read through nvidia-smi, processors through RAPL (powercap; on most systems, only for root). The use before the
server starts counts as idle and is subtracted, so all figures are estimates. A figure that cannot be read is left out.
"""

import contextlib
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import machine
from bench.processes import start, stop
from bench.untrusted import number, positive, table

POWERCAP = Path("/sys/class/powercap")
INTERVAL = 1000
"""Milliseconds between two readings of the GPUs."""

FIRST_READING = 3.0
"""Seconds to wait for the first reading, which is the idle use."""

SETTLE = 0.5
"""Seconds over which the power of idle processors is measured."""

QUERY = ("--query-gpu=index,memory.used,power.draw", "--format=csv,noheader,nounits")
JOULES = 3600.0
"""Joules in a watt-hour."""


class Meter:
    """Figures of GPUs, processors and processes, beyond those of the idle machine when it was made."""

    def __init__(self) -> None:
        self.gpus, self.processors = GpuMonitor(), Rapl()

    def close(self) -> None:
        """Read the GPUs no more."""
        self.gpus.close()

    def read(self, pid: int | None = None) -> dict[str, Any]:
        """Peak `memory` of a process tree and `gpu_memory` in bytes, `energy` in Wh since the last call."""
        energies = [joules for joules in (self.gpus.joules(), self.processors.joules()) if joules is not None]
        readings = {
            "memory": peak_memory(pid) if pid else None,
            "gpu_memory": self.gpus.memory(),
            "energy": round(sum(energies) / JOULES, 6) if energies else None,
        }
        return {name: value for name, value in readings.items() if value is not None}


class GpuMonitor:
    """Memory and power of all GPUs together, by an nvidia-smi that prints them each second."""

    def __init__(self) -> None:
        self.count = len(machine.record()["gpus"])
        self.lock, self.ready = threading.Lock(), threading.Event()
        self.idle = (0.0, 0.0)
        self.peak, self.used, self.time = 0.0, 0.0, 0.0
        self.smi: subprocess.Popen[bytes] | None = None
        if self.count:
            with contextlib.suppress(OSError):
                command = ["nvidia-smi", *QUERY, f"--loop-ms={INTERVAL}"]
                self.smi = start(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if self.smi:
            threading.Thread(target=self._follow, args=[self.smi], daemon=True).start()
            self.ready.wait(FIRST_READING)

    def memory(self) -> int | None:
        """Peak bytes beyond those in use when idle; None where there is no GPU."""
        with self.lock:
            return round(max(0.0, self.peak - self.idle[0])) << 20 if self.time else None

    def joules(self) -> float | None:
        """The energy beyond idle since the last call; None where no GPU reports its power."""
        with self.lock:
            joules, self.used = self.used, 0.0
            return joules if self.idle[1] else None

    def close(self) -> None:
        """Stop nvidia-smi."""
        if self.smi:
            stop(self.smi)

    def _follow(self, smi: "subprocess.Popen[bytes]") -> None:
        assert smi.stdout is not None
        reading: dict[str, tuple[float, float]] = {}
        with smi.stdout as lines:
            for line in iter(lambda: lines.readline(1000), b""):
                row = [word.strip() for word in line.decode("ascii", "replace").split(",")]
                if len(row) == 3:
                    reading[row[0]] = (_figure(row[1]), _figure(row[2]))
                if len(reading) >= self.count:
                    self._add(list(reading.values()))
                    reading = {}
        self.ready.set()

    def _add(self, reading: Sequence[tuple[float, float]]) -> None:
        memory, watts = sum(mib for mib, _ in reading), sum(power for _, power in reading)
        now = time.monotonic()
        with self.lock:
            if not self.time:
                self.idle = (memory, watts)
            self.used += max(0.0, watts - self.idle[1]) * (now - (self.time or now))
            self.peak, self.time = max(self.peak, memory), now
        self.ready.set()


class Rapl:
    """Energy of all processor packages, by counters of microjoules that wrap around at a limit."""

    def __init__(self) -> None:
        self.packages = [path for path in sorted(POWERCAP.glob("*-rapl:?")) if _microjoules(path) is not None]
        self.counters = self._read()
        self.time = time.monotonic()
        self.idle = 0.0
        if self.packages:
            time.sleep(SETTLE)
            joules, seconds = self._since()
            self.idle = joules / seconds

    def joules(self) -> float | None:
        """The energy beyond idle since the last call; None where no counter can be read."""
        if not self.packages:
            return None
        joules, seconds = self._since()
        return max(0.0, joules - self.idle * seconds)

    def _since(self) -> tuple[float, float]:
        before, began = self.counters, self.time
        self.counters, self.time = self._read(), time.monotonic()
        microjoules = 0
        for package, old, new in zip(self.packages, before, self.counters, strict=True):
            limit = 0 if new >= old else _microjoules(package, "max_energy_range_uj") or old
            microjoules += new - old + limit
        return microjoules / 1e6, max(self.time - began, 1e-3)

    def _read(self) -> list[int]:
        return [_microjoules(package) or 0 for package in self.packages]


def peak_memory(pid: int) -> int | None:
    """The sum of the peak bytes of a process and all of its children; None where it has ended."""
    total, pids = 0, [pid]
    for child in pids:
        try:
            status = Path(f"/proc/{child}/status").read_text(encoding="ascii", errors="replace")
            pids += map(int, Path(f"/proc/{child}/task/{child}/children").read_text(encoding="ascii").split())
        except OSError:
            continue
        peak = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")), "0")
        total += int(peak) << 10
    return total or None


def costs(servers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The peaks, the total energy (Wh) and the longest load (seconds) in completions' records of their servers."""
    peaks = {}
    for name in ("memory", "gpu_memory", "load_seconds"):
        values = [value for server in servers if (value := positive(table(server).get(name)))]
        if values:
            peaks[name] = max(values) if name == "load_seconds" else int(max(values))
    energy = [value for server in servers if (value := number(table(server).get("energy"))) is not None]
    return {**peaks, **({"energy": round(sum(energy), 4)} if energy else {})}


def _figure(text: str) -> float:
    """A figure of nvidia-smi's; 0 for one that this GPU does not report, such as [N/A]."""
    try:
        return number(float(text)) or 0.0
    except ValueError:
        return 0.0


def _microjoules(package: Path, name: str = "energy_uj") -> int | None:
    try:
        return int((package / name).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
