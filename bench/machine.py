"""Versions of this machine's programs, probed in parallel, and the machine's record, which stays with each run."""

import os
import platform
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.docker import SILENT, DockerError, Engine
from bench.text import plain
from bench.untrusted import items, positive, table, word

PATIENCE = 15.0
"""Seconds that a program or an address may take: on a busy machine, nvidia-smi alone takes four."""

GPU_QUERY = ("--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits")
NOISE = re.compile(
    r"\((R|TM|C)\)|\b(NVIDIA|GeForce|Intel|AMD|Core|CPU|Processor|Graphics|Corporation)\b|\d+-Core|@.*|with Radeon.*"
)
"""Words that do not distinguish processors."""


@dataclass(frozen=True)
class Probe:
    """The output of a program, or the reason why there is none."""

    text: str = ""
    reason: str = ""

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def silent(self) -> bool:
        """Whether there was no answer in time, so that the result is unknown."""
        return SILENT in self.reason


Probes = Mapping[str, Probe]
"""Probes by name: of programs, of addresses, and of images as `image <name>`."""

ABSENT = "it is not installed"
BOUND = ("--ro-bind", "/", "/", "--proc", "/proc")


def look(images: Iterable[str], addresses: Iterable[str]) -> Probes:
    """Probe the programs, whether these images are here, and whether these addresses answer, all at once."""
    engine = Engine()
    probes: dict[str, Callable[[], Probe]] = {
        "docker": lambda: _docker(engine.version),
        "compose": lambda: _docker(engine.compose_version),
        "gpus": lambda: run("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"),
        # Inside a sandbox: in a container, and on some systems, none can be made.
        "bubblewrap": lambda: run("bwrap", "--unshare-all", *BOUND, "bwrap", "--version"),
        **{f"image {image}": partial(_docker, partial(engine.image_id, image)) for image in images},
        **{address: partial(_reached, address) for address in addresses},
    }
    with ThreadPoolExecutor(len(probes)) as pool:
        answers = {name: pool.submit(probe) for name, probe in probes.items()}
        return {name: answer.result() for name, answer in answers.items()}


def run(*command: str) -> Probe:
    """The output of a program, in one line."""
    try:
        process = subprocess.run(
            command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=PATIENCE,
            check=False,
        )  # fmt: skip
    except FileNotFoundError:
        return Probe(reason=ABSENT)
    except OSError as error:
        return Probe(reason=f"it cannot be started ({error.strerror})")
    except subprocess.TimeoutExpired:
        return Probe(reason=f"{SILENT} {PATIENCE:g} s")
    lines = [plain(line) for line in process.stdout.splitlines() if line.strip()]
    if process.returncode == 0 and lines:
        return Probe("; ".join(lines))
    lines = lines or [plain(line) for line in process.stderr.splitlines() if line.strip()]
    return Probe(reason=lines[-1] if lines else f"it ends with exit code {process.returncode}")


def _docker(query: Callable[[float], str]) -> Probe:
    try:
        return Probe(query(PATIENCE))
    except DockerError as error:
        return Probe(reason=error.sentence)


def _reached(address: str) -> Probe:
    """Whether a program listens at an address such as tcp://host:8786 or https://host/v1."""
    where = urlsplit(address)
    port = where.port or {"http": 80, "https": 443}.get(where.scheme, 0)
    try:
        with socket.create_connection((str(where.hostname), port), PATIENCE):
            return Probe("it answers")
    except TimeoutError:
        return Probe(reason=f"{SILENT} {PATIENCE:g} s")
    except OSError as error:
        return Probe(reason=error.strerror or "no such host")


@cache
def record() -> dict[str, Any]:
    """The gpus (name, memory in bytes, driver), cpu, cores, memory in bytes, os and kernel of this machine."""
    return {
        "gpus": gpus(),
        "cpu": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "os": _system(),
        "kernel": platform.release(),
    }


def gpus() -> list[dict[str, Any]]:
    """Name, memory in bytes and driver of each GPU that nvidia-smi knows; empty where there is none."""
    if shutil.which("nvidia-smi") is None:
        return []
    rows = [line.split(", ") for line in run("nvidia-smi", *GPU_QUERY).text.split("; ")]
    return [
        {"name": name, "memory": int(memory) << 20 if memory.isdecimal() else None, "driver": driver}
        for name, memory, driver in (row for row in rows if len(row) == 3)
    ]


def label(known: Any) -> str:
    """A machine in a line, such as `2x RTX 3090 24 GB · Ryzen 9 7950X · 128 GB`; "" for no record of one."""
    known = table(known)
    cards = [_card(table(gpu)) for gpu in items(known.get("gpus"))]
    counted = [f"{cards.count(card)}x {card}" if cards.count(card) > 1 else card for card in dict.fromkeys(cards)]
    memory = positive(known.get("memory"))
    # The kernel keeps some of it for itself: 125.6 GiB are modules of 128.
    step, gib = (8, memory / 2**30) if memory and memory > 6 * 2**30 else (1, (memory or 0) / 2**30)
    memory_size = f"{-(-gib // step) * step:.0f} GB" if memory else ""
    return " · ".join(filter(None, [*counted, short_name(word(known.get("cpu"))), memory_size]))


def short_name(name: str) -> str:
    """A processor's name without words that do not distinguish it."""
    return " ".join(NOISE.sub(" ", name).split())


def _card(gpu: dict[str, Any]) -> str:
    memory = positive(gpu.get("memory"))
    return " ".join(filter(None, [short_name(word(gpu.get("name"))), f"{memory / 2**30:.0f} GB" if memory else ""]))


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    match = re.search(r"^(?:model name|Model|Hardware)\s*:\s*(.+)$", text, re.MULTILINE)
    return plain(match[1]) if match else platform.machine()


def _system() -> str:
    try:
        return plain(platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()))
    except OSError:
        return platform.system()
