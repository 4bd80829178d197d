"""The probe of the sandbox: attempts to reach out, from inside, before any sample runs."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import mmap
import os
import platform
import socket
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from . import seccomp

SECONDS = 0.5
PLACES = ("/", "/box", "/box/inputs", "/usr", "/bin", "/etc", "/home", "/root", "/var", "/dev", "/proc", "/sys", "/opt")
OUTSIDE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses for documentation (RFC 5737, RFC 3849): to have a route to them is to have a network."""

VSOCK, LEASE, NEW_USER = 40, 1024, 0x10000000
SETTINGS = "/proc/sys/kernel/pid_max", "/proc/sys/kernel/hostname", "/proc/self/oom_score_adj", "/proc/sysrq-trigger"


def findings(job: dict[str, Any]) -> Iterator[str]:
    """A sentence for each leak; `job` names the host, its listeners and a file of it."""
    yield from _network(job["listeners"])
    yield from _files(job["canary"], job["secret"])
    yield from _privileges()
    yield from _neighbours(job["host"])
    if platform.machine() in seccomp.AUDIT:
        yield from _calls()


def _network(listeners: list[list[Any]]) -> Iterator[str]:
    for host, port in listeners:
        with contextlib.suppress(OSError), socket.create_connection((host, port), SECONDS):
            yield f"it connected to {host}:{port} of this machine"
    for family, address in OUTSIDE:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 53))
            yield f"it has a route to {address}"


def _files(canary: str, secret: str) -> Iterator[str]:
    with contextlib.suppress(OSError), open(canary, encoding="utf-8") as file:
        if file.read() == secret:
            yield f"it read {canary}"
    for place in PLACES:
        path = os.path.join(place, ".bench-probe")
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            os.unlink(path)
            yield f"it wrote to {place}"


def _privileges() -> Iterator[str]:
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        status = dict(line.split(":", 1) for line in file if ":" in line)
    if os.getuid() == 0 or os.geteuid() == 0:
        yield "it is root"
    if int(status.get("CapEff", "0"), 16):
        yield f"it has capabilities ({status['CapEff'].strip()})"
    if status.get("NoNewPrivs", "0").strip() != "1":
        yield "it can gain privileges"


def _neighbours(host: str) -> Iterator[str]:
    # Process 1 is the runner, or the sample's own.
    others = {name for name in os.listdir("/proc") if name.isdigit()} - {"1", str(os.getpid())}
    if others:
        yield "it sees other processes"
    if os.uname().nodename == host:
        yield f"it knows the name of this machine ({host})"
    for path in SETTINGS:
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_WRONLY))
            yield f"it can change {path}"


def _calls() -> Iterator[str]:
    """System calls that the filter should have denied."""
    library = ctypes.CDLL(None)
    library.mmap.restype = ctypes.c_void_p
    fd = os.open(__file__, os.O_RDONLY)
    own, path = tempfile.mkstemp()
    os.unlink(path)
    tries: dict[str, Callable[[], Any]] = {
        "it made a process": lambda: _forked(library),
        "it made a network socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "it made a socket to virtual machines": lambda: socket.socket(VSOCK, socket.SOCK_STREAM),
        "it locked a shared file": lambda: fcntl.flock(fd, fcntl.LOCK_SH),
        "it leased a shared file": lambda: fcntl.fcntl(fd, LEASE, fcntl.F_RDLCK),
        "it watched a file": lambda: _checked(library.inotify_init()),
        "it set an extended attribute": lambda: os.setxattr(own, "user.bench", b""),
        "it made memory that belongs to no process": lambda: _checked(library.memfd_create(b"probe", 0)),
        "it shared memory without a file": lambda: mmap.mmap(-1, mmap.PAGESIZE),
        "it made a namespace": lambda: _checked(library.unshare(NEW_USER)),
        "it changed its cores": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
        "it made a message queue": lambda: _queued(library),
        # Last: a traced process stops at its next signal.
        "it traced a process": lambda: _checked(library.ptrace(0, 0, 0, 0)),
    }
    for sentence, attempt in tries.items():
        with contextlib.suppress(OSError):
            attempt()
            yield sentence


def _checked(result: int) -> None:
    if result < 0:
        raise OSError


def _forked(library: ctypes.CDLL) -> None:
    pid = library.fork()
    if pid == 0:
        os._exit(0)
    _checked(pid)
    os.waitpid(pid, 0)


def _queued(library: ctypes.CDLL) -> None:
    queue = library.msgget(0, 0o1600)
    _checked(queue)
    library.msgctl(queue, 0, None)
