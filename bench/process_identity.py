"""The identity of a process, as in labels of containers: its number and start, its machine, and whether it lives."""

import os
import socket
from pathlib import Path


def current() -> str:
    """A name of this process that no later process with the same number has."""
    return f"{os.getpid()} {_began(os.getpid())}".strip()


def machine() -> str:
    """A name of this machine."""
    try:
        return f"{socket.gethostname()} {Path('/etc/machine-id').read_text(encoding='utf-8')[:8]}".strip()
    except OSError:
        return socket.gethostname()


def lives(owner: str) -> bool:
    """Whether the process of that name (see `current`) lives.

    Where /proc hides its start (hidepid, another user's process), any process of that number counts: a leftover
    container is reported and can be removed, a wrongly removed one would end somebody's run.
    """
    number, _, began = owner.partition(" ")
    if not number.isdecimal() or not _is_there(int(number)):
        return False
    actual = _began(int(number))
    return "" in (began, actual) or began == actual


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def _began(pid: int) -> str:
    """The start of a process, in clock ticks since boot; "" where it is hidden (proc(5), field 22)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
