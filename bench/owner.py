"""Whose a container is, as its labels say: the process that started it, the machine of that process, if it lives."""

import os
import socket
from pathlib import Path


def identity() -> str:
    """Names this process, so that no later one with the same number is taken for it."""
    return f"{os.getpid()} {_began(os.getpid())}".strip()


def machine() -> str:
    """Names this machine."""
    try:
        return f"{socket.gethostname()} {Path('/etc/machine-id').read_text(encoding='utf-8')[:8]}".strip()
    except OSError:
        return socket.gethostname()


def lives(owner: str) -> bool:
    """Whether the process that calls itself so by `identity` lives.

    Where /proc hides when it began (hidepid, another user's), any process of that number is taken for it: a container
    too many is said and can be removed, a removed one was somebody's run.
    """
    number, _, began = owner.partition(" ")
    if not number.isdecimal() or not _is_there(int(number)):
        return False
    now = _began(int(number))
    return "" in (began, now) or began == now


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def _began(pid: int) -> str:
    """When a process began, in clock ticks since the machine did; "" where that cannot be seen (proc(5), field 22)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
