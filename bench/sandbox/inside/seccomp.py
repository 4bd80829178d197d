"""The system calls that a sample may make, as a seccomp filter: those of Python, NumPy and real solutions, by name.

Calls that are not listed fail with EPERM. So nothing makes a process, a namespace, a network socket, a lock or a lease
on a shared file, an inotify watch, an extended attribute, or memory that is charged to nobody, and nothing reaches
another process. Docker's own filter denies part of this; bubblewrap has none.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from functools import lru_cache
from itertools import accumulate

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The kernel's names of the architectures for which numbers are given here, in this order (linux/audit.h)."""

ALLOWED = """
read 0 63, write 1 64, readv 19 65, writev 20 66, pread64 17 67, pwrite64 18 68, open 2 -, openat 257 56, close 3 57,
close_range 436 436, lseek 8 62, stat 4 -, lstat 6 -, fstat 5 80, newfstatat 262 79, statx 332 291, access 21 -,
faccessat 269 48, faccessat2 439 439, readlink 89 -, readlinkat 267 78, getdents 78 -, getdents64 217 61, getcwd 79 17,
chdir 80 49, mkdir 83 -, mkdirat 258 34, rmdir 84 -, unlink 87 -, unlinkat 263 35, rename 82 -, renameat 264 38,
link 86 -, linkat 265 37,
renameat2 316 276, ftruncate 77 46, fadvise64 221 223, umask 95 166, dup 32 23, dup2 33 -, dup3 292 24, pipe 22 -,
pipe2 293 59, poll 7 -, ppoll 271 73, select 23 -, pselect6 270 72, epoll_create 213 -, epoll_create1 291 20,
epoll_ctl 233 21, epoll_wait 232 -, epoll_pwait 281 22,
munmap 11 215, mprotect 10 226, mremap 25 216, madvise 28 233, brk 12 214, membarrier 324 283,
clock_gettime 228 113, clock_getres 229 114, clock_nanosleep 230 115, nanosleep 35 101, gettimeofday 96 169,
time 201 -, times 100 153, alarm 37 -, getitimer 36 102, setitimer 38 103,
futex 202 98, set_robust_list 273 99, rseq 334 293, set_tid_address 218 96, arch_prctl 158 -, sched_yield 24 124,
sched_getaffinity 204 123, getcpu 309 168, restart_syscall 219 128,
exit 60 93, exit_group 231 94, tgkill 234 131, getpid 39 172, getppid 110 173, gettid 186 178, getuid 102 174,
geteuid 107 175, getgid 104 176, getegid 108 177, getresuid 118 148, getresgid 120 150, getgroups 115 158,
getpgrp 111 -, getpgid 121 155, getsid 124 156, getpriority 140 141, getrlimit 97 163, getrusage 98 165, uname 63 160,
sysinfo 99 179, getrandom 318 278, rt_sigaction 13 134, rt_sigprocmask 14 135, rt_sigreturn 15 139,
rt_sigpending 127 136, rt_sigsuspend 130 133, rt_sigtimedwait 128 137, sigaltstack 131 132,
recvfrom 45 207, sendto 44 206, shutdown 48 210, getsockname 51 204, getpeername 52 205, getsockopt 55 209
"""
"""Numbers from Linux's tables (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h)."""

TESTING = """
chmod 90 -, fchmod 91 52, fchmodat 268 53, utime 132 -, utimes 235 -, futimesat 261 -, utimensat 280 88,
symlink 88 -, symlinkat 266 36, listxattr 194 11, llistxattr 195 12, flistxattr 196 13,
creat 85 -, fsync 74 82, fdatasync 75 83, eventfd2 290 19, capget 125 90,
fork 57 -, vfork 58 -, execve 59 221, wait4 61 260, waitid 247 95, kill 62 129, setsid 112 157, setpgid 109 154
"""
"""Calls of tests that run beside a solution, on their own files and processes."""

BY_ARGUMENT = """
clone 56 220, prlimit64 302 261, mmap 9 222, socket 41 198, socketpair 53 199, fcntl 72 25, ioctl 16 29, prctl 157 167
"""
OTHERS = "clone3 435 435, seccomp 317 277"

LOAD, MASK, EQUAL, ABOVE, ANY_BIT, RETURN = 0x20, 0x54, 0x15, 0x25, 0x45, 0x06
"""Instructions of classic BPF: load a word, keep some of its bits, three conditional jumps, return (linux/filter.h)."""

NUMBER, ARCHITECTURE, FIRST, SECOND, FOURTH = 0, 4, 16, 24, 40
"""Offsets in struct seccomp_data; of an argument, its lower half (both machines are little endian)."""

ALLOW, DENY, ABSENT = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
NEWEST = 450
"""Later calls fail as on an older kernel, which libraries handle; x86's x32 calls have higher numbers too."""

THREAD, NAMESPACES = 0x10000, 0x7E020000
"""CLONE_THREAD; all of CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""

SHARED_ANONYMOUS = 0x21
"""MAP_SHARED and MAP_ANONYMOUS: such pages stay after the last process has unmapped them."""

UNIX = 1
DESCRIPTORS = 0, 1, 2, 3, 4, 1030
"""Commands of fcntl: F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC; no lock, lease or pipe size."""

TERMINAL = 0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451
"""Requests of ioctl: TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX."""

NAMES = 15, 16, 3, 0x53564D41
"""Options of prctl: PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_SET_VMA."""

SET_FILTER, SPEC_ALLOW = 1, 4
"""With SPEC_ALLOW, kernels before 5.16 do not slow a filtered process down (SSBD, STIBP)."""

Step = tuple[int, str, str, int]
"""An operation, where to go if its condition holds and if not ("": on), and its operand."""


def restrict(*, testing: bool = False) -> bool:
    """Install the filter for this process and its threads; False where this machine has none.

    With `testing` a sample may also make processes, and change the modes and times of its files.
    """
    machine = platform.machine()
    if machine not in AUDIT:
        return False
    program = ctypes.create_string_buffer(instructions(machine, testing=testing))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(program))
    call = numbers(OTHERS, machine)["seccomp"]
    return bool(ctypes.CDLL(None).syscall(call, SET_FILTER, SPEC_ALLOW, header) == 0)


def numbers(table: str, machine: str) -> dict[str, int]:
    """The number of each call of a table that this machine has."""
    rows = [entry.split() for entry in table.split(",")]
    pairs = ((row[0], row[1 + list(AUDIT).index(machine)]) for row in rows)
    return {name: int(number) for name, number in pairs if number != "-"}


@lru_cache
def instructions(machine: str, *, testing: bool = False) -> bytes:
    """The filter as the kernel takes it, in steps of eight bytes.

    clone3 keeps its flags where no filter can see them; it is absent, and libraries use clone then.
    """
    allowed = f"{ALLOWED},{TESTING}" if testing else ALLOWED
    thread = "allowed" if testing else "denied"
    blocks: dict[str, list[Step]] = {
        "start": [
            (LOAD, "", "", ARCHITECTURE), (EQUAL, "", "deny", AUDIT[machine]),
            (LOAD, "", "", NUMBER), (ABOVE, "absent", "", NEWEST),
            *((EQUAL, name, "", number) for name, number in numbers(BY_ARGUMENT, machine).items()),
            (EQUAL, "absent", "", numbers(OTHERS, machine)["clone3"]),
            *((EQUAL, "allow", "", number) for number in numbers(allowed, machine).values()),
        ],
        "deny": [(RETURN, "", "", DENY)],
        "allow": [(RETURN, "", "", ALLOW)],
        "absent": [(RETURN, "", "", ABSENT)],
        "clone": [(LOAD, "", "", FIRST), (ANY_BIT, "denied", "", NAMESPACES), (ANY_BIT, "allowed", thread, THREAD)],
        "mmap": [
            (LOAD, "", "", FOURTH), (MASK, "", "", SHARED_ANONYMOUS), (EQUAL, "denied", "allowed", SHARED_ANONYMOUS),
        ],
        "prlimit64": _one_of(FIRST, 0),
        "socket": _one_of(FIRST, UNIX),
        "socketpair": _one_of(FIRST, UNIX),
        "fcntl": _one_of(SECOND, *DESCRIPTORS),
        "ioctl": _one_of(SECOND, *TERMINAL),
        "prctl": _one_of(FIRST, *NAMES),
        # Jumps lead forwards only.
        "denied": [(RETURN, "", "", DENY)],
        "allowed": [(RETURN, "", "", ALLOW)],
    }  # fmt: skip
    return _assembled(blocks)


def _one_of(argument: int, *values: int) -> list[Step]:
    first, last = values[:-1], values[-1]
    checks: list[Step] = [(EQUAL, "allowed", "", value) for value in first]
    return [(LOAD, "", "", argument), *checks, (EQUAL, "allowed", "denied", last)]


def _assembled(blocks: dict[str, list[Step]]) -> bytes:
    steps = [step for block in blocks.values() for step in block]
    lengths = list(accumulate(map(len, blocks.values()), initial=0))
    starts = {name: lengths[place] for place, name in enumerate(blocks)}

    def jump(label: str, at: int) -> int:
        return starts[label] - at - 1 if label else 0

    return b"".join(
        struct.pack("<HBBI", operation, jump(yes, at), jump(no, at), operand)
        for at, (operation, yes, no, operand) in enumerate(steps)
    )
