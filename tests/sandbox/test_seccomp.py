"""What the filter of system calls lets through, tried in a process of its own."""

import platform
import subprocess
import sys

import pytest

from bench.sandbox.inside import seccomp

BEGIN = """
import ctypes, errno, fcntl, os, resource, socket, threading
from bench.sandbox.inside import seccomp
library = ctypes.CDLL(None, use_errno=True)
library.prctl(38, 1, 0, 0, 0)
assert seccomp.restrict()
def denied(call, *arguments):
    try:
        return call(*arguments) == -1 and ctypes.get_errno() == errno.EPERM
    except PermissionError:
        return True
"""
DENIED = {
    "memory that is charged to nobody": {"memfd_create": 319, "vmsplice": 278, "shmget": 29, "setxattr": 188},
    "what outlives a process": {"msgget": 68, "semget": 64, "mq_open": 240, "add_key": 248, "utimensat": 280},
    "other processes": {"kill": 62, "ptrace": 101, "process_vm_readv": 310, "pidfd_open": 434, "fork": 57, "vfork": 58},
    "namespaces and mounts": {"unshare": 272, "setns": 308, "mount": 165, "open_by_handle_at": 304, "chroot": 161},
    "shared files": {"flock": 73, "inotify_init1": 294, "fanotify_init": 300, "symlink": 88},
    "the kernel": {"bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425, "keyctl": 250},
    "other programs, cores and messages": {"execve": 59, "sched_setaffinity": 203, "setpriority": 141, "sendmsg": 46},
}
"""Calls that are not listed, by their numbers on x86-64."""

x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of x86-64")
filtered = pytest.mark.skipif(platform.machine() not in seccomp.AUDIT, reason="no filter on this machine")


def tried(code: str, *, testing: bool = False) -> str:
    """What a filtered process prints."""
    begin = BEGIN.replace("restrict()", "restrict(testing=True)") if testing else BEGIN
    return subprocess.run([sys.executable, "-c", begin + code], capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
@x86
@pytest.mark.parametrize("kind", DENIED)
def test_what_is_not_listed_is_denied(kind: str) -> None:
    """A call that no solution needs is answered with EPERM, whatever its arguments."""
    for name, number in DENIED[kind].items():
        assert tried(f"print(denied(library.syscall, {number}, 0, 0, 0, 0, 0))") == "True\n", name


@x86
def test_tests_of_its_own_may_do_a_little_more() -> None:
    """Tests beside a solution may make processes and links, and change times; whatever else is denied stays so."""
    allowed = {"fork": 57, "vfork": 58, "execve": 59, "kill": 62, "symlink": 88, "utimensat": 280}
    others = {number for calls in DENIED.values() for number in calls.values()} - set(allowed.values())
    code = f"print([number for number in {sorted(others)} if not denied(library.syscall, number, 0, 0, 0, 0, 0)])\n"
    code += "print(denied(socket.socket, socket.AF_INET), denied(fcntl.lockf, os.pipe()[0], fcntl.LOCK_SH))\n"
    code += "print(os.wait()[1] if os.fork() else os.execv('/bin/true', ['true']))"
    assert tried(code, testing=True) == "[]\nTrue True\n0\n"


@filtered
@pytest.mark.parametrize(
    "code",
    [
        "library.fork",
        "library.prlimit, os.getppid(), 7, None, None",
        "library.mmap, None, 4096, 3, 0x21, -1, 0",
        "socket.socket, socket.AF_INET, socket.SOCK_STREAM",
        "socket.socket, socket.AF_INET6, socket.SOCK_DGRAM",
        "socket.socket, 40, socket.SOCK_STREAM",
        "fcntl.fcntl, 0, fcntl.F_SETLEASE, fcntl.F_RDLCK",
        "fcntl.lockf, os.open(os.__file__, os.O_RDONLY), fcntl.LOCK_SH",
        "fcntl.fcntl, os.pipe()[0], 1031, 1 << 20",
        "library.prctl, 4, 1, 0, 0, 0",
        "library.unshare, 0x10000000",
    ],
)
def test_denied_by_argument(code: str) -> None:
    """Processes, other processes' limits, shared memory, networks, virtual machines, locks, leases and large pipes."""
    assert tried(f"print(denied({code}))") == "True\n"


@filtered
def test_a_later_call_is_absent() -> None:
    """What a later kernel may know is answered as an older one would, so that libraries do without it."""
    assert tried("print(library.syscall(462, 0, 0, 0) == -1 and ctypes.get_errno() == errno.ENOSYS)") == "True\n"


@filtered
def test_solutions_have_what_they_need() -> None:
    """Threads, files, pipes, timers, event loops, NumPy and a process's own limits work as before."""
    code = """
import asyncio, mmap, multiprocessing, numpy, signal, sqlite3, tempfile, time
thread = threading.Thread(target=print, args=("thread",)); thread.start(); thread.join()
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "file")
    with open(path, "w") as file:
        file.write("text")
    os.rename(path, path + "s"); print(os.listdir(folder), os.stat(path + "s").st_size)
print(len(os.sched_getaffinity(0)) > 0, asyncio.run(asyncio.sleep(0.01, "loop")))
print(float(numpy.linalg.det(numpy.eye(90))), sqlite3.connect(":memory:").execute("select 1").fetchall())
signal.signal(signal.SIGALRM, lambda *_: print("alarm")); signal.setitimer(signal.ITIMER_REAL, 0.01); time.sleep(0.05)
"""
    assert tried(code).split("\n") == ["thread", "['files'] 4", "True loop", "1.0 [(1,)]", "alarm", ""]
