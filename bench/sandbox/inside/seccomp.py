"""System calls that no solution needs and no sample gets: a seccomp filter over the runner and all that it starts.

Denied is what makes memory that belongs to no process, what outlives a process, what opens a namespace, and what
changes or reads other processes. Docker's own filter denies part of this; bubblewrap has none.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from itertools import accumulate

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""What the kernel calls the architectures for which numbers are given here, in this order (linux/audit.h)."""

DENIED = {
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "open_by_handle_at": (304, 265), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "kcmp": (312, 272),
    "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119), "sched_setparam": (142, 118),
    "sched_setattr": (314, 274), "setpriority": (141, 140), "ioprio_set": (251, 30),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
}  # fmt: skip
"""Numbers from Linux's tables (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h)."""

OTHERS = {"seccomp": (317, 277), "clone": (56, 220), "clone3": (435, 435), "prlimit64": (302, 261), "mmap": (9, 222)}

LOAD, MASK, EQUAL, ABOVE, ANY_BIT, RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
"""Instructions of classic BPF: load a word, keep some of its bits, three conditional jumps, return (linux/filter.h)."""

NUMBER, ARCHITECTURE, FIRST_ARGUMENT, FOURTH_ARGUMENT = 0, 4, 16, 40
"""Where a word lies in struct seccomp_data; of an argument, its lower half (both machines are little endian)."""

ALLOW, DENY, ABSENT = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
X32 = 0x40000000
"""The first number of x86's x32 calls, which would go past the others."""

NEW_NAMESPACE = 0x7E020000
"""All of CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""

SHARED_ANONYMOUS = 0x21
"""MAP_SHARED and MAP_ANONYMOUS: such pages stay when they are in no process any more."""

SET_FILTER, SPEC_ALLOW = 1, 4
"""With SPEC_ALLOW, kernels before 5.16 do not slow a filtered process down (SSBD, STIBP)."""

Step = tuple[int, str, str, int]
"""An operation, where to go if its condition holds and if not ("": on), and its operand."""


def restrict() -> bool:
    """Install the filter, which all children inherit; False where this machine has none."""
    machine = platform.machine()
    if machine not in AUDIT:
        return False
    program = ctypes.create_string_buffer(instructions(machine))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(program))
    return bool(ctypes.CDLL(None).syscall(number(machine, "seccomp"), SET_FILTER, SPEC_ALLOW, header) == 0)


def number(machine: str, name: str) -> int:
    """The number of a system call."""
    return {**DENIED, **OTHERS}[name][list(AUDIT).index(machine)]


def instructions(machine: str) -> bytes:
    """The filter as the kernel takes it, in steps of eight bytes.

    clone3 keeps its flags where no filter can see them; it is said to be absent, and libraries use clone then.
    """
    blocks: dict[str, list[Step]] = {
        "start": [
            (LOAD, "", "", ARCHITECTURE), (EQUAL, "", "deny", AUDIT[machine]),
            (LOAD, "", "", NUMBER), (ABOVE, "deny", "", X32),
            (EQUAL, "absent", "", number(machine, "clone3")), (EQUAL, "clone", "", number(machine, "clone")),
            (EQUAL, "limits", "", number(machine, "prlimit64")), (EQUAL, "memory", "", number(machine, "mmap")),
            *((EQUAL, "deny", "", number(machine, name)) for name in DENIED),
        ],
        "allow": [(RETURN, "", "", ALLOW)],
        "clone": [(LOAD, "", "", FIRST_ARGUMENT), (ANY_BIT, "deny", "", NEW_NAMESPACE), (RETURN, "", "", ALLOW)],
        "limits": [(LOAD, "", "", FIRST_ARGUMENT), (EQUAL, "", "deny", 0), (RETURN, "", "", ALLOW)],
        "memory": [
            (LOAD, "", "", FOURTH_ARGUMENT), (MASK, "", "", SHARED_ANONYMOUS), (EQUAL, "deny", "", SHARED_ANONYMOUS),
            (RETURN, "", "", ALLOW),
        ],
        "deny": [(RETURN, "", "", DENY)],
        "absent": [(RETURN, "", "", ABSENT)],
    }  # fmt: skip
    steps = [step for block in blocks.values() for step in block]
    lengths = list(accumulate(map(len, blocks.values()), initial=0))
    starts = {name: lengths[place] for place, name in enumerate(blocks)}

    def jump(label: str, at: int) -> int:
        return starts[label] - at - 1 if label else 0

    return b"".join(
        struct.pack("<HBBI", operation, jump(yes, at), jump(no, at), operand)
        for at, (operation, yes, no, operand) in enumerate(steps)
    )
