"""What a sample could reach: tried from inside, before any sample runs."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Any

SECONDS = 0.5
PLACES = ("/", "/box", "/box/inputs", "/usr", "/bin", "/etc", "/home", "/root", "/var", "/dev", "/proc", "/sys", "/opt")
OUTSIDE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses for documentation (RFC 5737, RFC 3849): to have a route to them is to have a network."""


def findings(job: dict[str, Any]) -> list[str]:
    """One sentence for each thing that got through; `job` names the host's listeners and a file of the host."""
    return [*_network(job["listeners"]), *_files(job["canary"], job["secret"]), *_privileges()]


def _network(listeners: list[list[Any]]) -> list[str]:
    found = []
    for host, port in listeners:
        with contextlib.suppress(OSError), socket.create_connection((host, port), SECONDS):
            found.append(f"it connected to {host}:{port} of this machine")
    for family, address in OUTSIDE:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 53))
            found.append(f"it has a route to {address}")
    return found


def _files(canary: str, secret: str) -> list[str]:
    found = []
    with contextlib.suppress(OSError), open(canary, encoding="utf-8") as file:
        if file.read() == secret:
            found.append(f"it read {canary}")
    for place in PLACES:
        path = os.path.join(place, ".bench-probe")
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            os.unlink(path)
            found.append(f"it wrote to {place}")
    return found


def _privileges() -> list[str]:
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        status = dict(line.split(":", 1) for line in file if ":" in line)
    found = []
    if os.getuid() == 0 or os.geteuid() == 0:
        found.append("it is root")
    if int(status.get("CapEff", "0"), 16):
        found.append(f"it has capabilities ({status['CapEff'].strip()})")
    if status.get("NoNewPrivs", "0").strip() != "1":
        found.append("it can gain privileges")
    return found
