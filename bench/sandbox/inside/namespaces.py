"""Namespaces and file systems of one sample's own, where the runner may make them: in bubblewrap, not in Docker.

The runner holds CAP_SYS_ADMIN over its own sandbox for this alone; a sample gives up all rights before it runs.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import struct

NEWNS, NEWUTS, NEWIPC, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x20000000, 0x40000000
READ_ONLY, NO_SETUID, NO_DEVICES, NO_EXEC = 1, 2, 4, 8
SIZE = "size=32m,nr_inodes=4k,mode=1777"
HOST = b"sandbox"
SIGNALLED = 128
"""Added to the number of the signal that ended a sample, in the exit code of its namespace's first process."""

library = ctypes.CDLL(None, use_errno=True)


class Namespaces:
    """Forks processes, where `private` each in namespaces of its own; they become the uid `user` (0: stay as they are).

    `own` is this process's namespace of processes (-1: it is not the first one of a sandbox).
    """

    def __init__(self, user: int) -> None:
        self.user = user
        self.own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC) if os.getpid() == 1 else -1
        self.private = False
        if self.own >= 0 and not library.unshare(NEWPID):
            check(library.setns(self.own, NEWPID))
            self.private = True
            pid = self.fork()
            if pid == 0:
                os._exit(0)
            self.private = exit_status(os.waitpid(pid, 0)[1]) == 0

    def fork(self) -> int:
        """As os.fork; where `private`, the pid is that of the new namespace's first process, which waits for the child.

        A sample as first process would be deaf to its own signals, and could read of itself what is hidden of others.
        """
        if not self.private:
            return os.fork()
        check(library.unshare(NEWPID))
        pid = os.fork()
        if pid:
            check(library.setns(self.own, NEWPID))
            return pid
        try:
            _enter()
            child = os.fork()
            if child == 0:
                return 0
            os.closerange(0, 256)
            _, status = os.waitpid(child, 0)
            _end_others()
            os._exit(SIGNALLED + os.WTERMSIG(status) if os.WIFSIGNALED(status) else min(status, 1))
        except OSError:
            os._exit(1)


def _enter() -> None:
    """Hide other samples. Raises OSError."""
    check(library.unshare(NEWNS | NEWIPC | NEWUTS | NEWNET))
    check(library.sethostname(HOST, len(HOST)))
    for place in (b"/tmp", b"/dev/shm"):
        check(library.mount(b"tmpfs", place, b"tmpfs", NO_SETUID | NO_DEVICES, SIZE.encode()))
    check(library.mount(b"proc", b"/proc", b"proc", READ_ONLY | NO_SETUID | NO_DEVICES | NO_EXEC, None))


def _end_others() -> None:
    """End and reap the processes that a sample left: the CPU time of those that the kernel reaps would be lost."""
    with contextlib.suppress(OSError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def exit_status(status: int) -> int:
    """The wait status of a sample, from that of the first process of its namespace."""
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
    return code - SIGNALLED if code > SIGNALLED else status


def drop_rights(user: int) -> None:
    """Become `user` (0: no change) and drop every capability. Raises OSError."""
    if user and os.getuid() == 0:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    # capset(2): version 3, this process; effective, permitted and inheritable sets of 64 bits, all empty.
    check(library.capset(struct.pack("<Ii", 0x20080522, 0), bytes(24)))


def check(result: int) -> None:
    """Raise OSError where a call of the C library failed."""
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
