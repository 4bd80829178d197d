"""What the filter of system calls lets through, tried in a process of its own."""

import platform
import subprocess
import sys

import pytest

from bench.sandbox.inside import seccomp

BEGIN = """
import ctypes, errno, os, resource, threading
from bench.sandbox.inside import seccomp
library = ctypes.CDLL(None, use_errno=True)
library.prctl(38, 1, 0, 0, 0)
assert seccomp.restrict()
"""


def tried(code: str) -> str:
    """What a filtered process prints."""
    return subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=True).stdout


needs_filter = pytest.mark.skipif(platform.machine() not in seccomp.AUDIT, reason="no filter on this machine")


@needs_filter
@pytest.mark.parametrize("name", list(seccomp.DENIED))
def test_denied(name: str) -> None:
    """A denied call is answered with EPERM, whatever its arguments."""
    number = seccomp.number(platform.machine(), name)
    code = f"print(library.syscall({number}, 0, 0, 0, 0, 0), ctypes.get_errno() == errno.EPERM)"
    assert tried(code) == "-1 True\n"


@needs_filter
@pytest.mark.parametrize(
    "code",
    [
        "print(library.unshare(0x10000000))",
        "print(library.syscall(seccomp.number(os.uname().machine, 'clone'), 0x10000011, 0, 0, 0, 0))",
        "print(library.prlimit(os.getppid(), 7, None, None))",
        "print(library.mmap(None, 4096, 3, 0x21, -1, 0))",
    ],
)
def test_denied_by_argument(code: str) -> None:
    """Namespaces, other processes' limits and shared memory without a file are denied."""
    assert tried(code) == "-1\n"


@needs_filter
def test_what_solutions_need() -> None:
    """Threads, processes, pipes and a process's own limits work as before."""
    code = """
thread = threading.Thread(target=print, args=("thread",)); thread.start(); thread.join()
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
if os.fork() == 0:
    print("child", flush=True); os._exit(0)
os.wait()
import mmap; mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
print(len(os.sched_getaffinity(0)) > 0, flush=True)
import subprocess; print(subprocess.run(["true"]).returncode)
"""
    assert tried(code).split() == ["thread", "child", "True", "0"]
