"""The sandbox in bubblewrap: this machine's Python and NumPy, read-only, in namespaces of their own."""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from bench.errors import SandboxError
from bench.profiles import Sandbox

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
FIRST_UID = 60000
SAY_VERSION = "import ctypes, decimal, json, platform, random, statistics; print(platform.python_version())"
ROOT_NAMESPACES = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]


def reason() -> str | None:
    """None where a sandbox starts, else why not."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (apt install bubblewrap)"
    program = ["bwrap", "--unshare-all", *_binds(["/usr", "/bin", "/lib", "/lib64"]), "--proc", "/proc", "true"]
    tried = subprocess.run(program, capture_output=True, text=True, timeout=30, check=False)
    return None if tried.returncode == 0 else (tried.stderr.strip() or "bubblewrap does not start")


@lru_cache
def interpreter() -> tuple[str, str]:
    """The path and the version of the sandbox's Python: this program's own, or the system's where that is faster.

    Distributions link theirs with optimisation (LTO). pyenv does not: the same samples take a fifth longer there.
    """
    own = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    system = shutil.which(f"python{sys.version_info[0]}.{sys.version_info[1]}", path="/usr/bin")
    if system and "--with-lto" not in str(sysconfig.get_config_var("CONFIG_ARGS")):
        said = subprocess.run([system, "-I", "-c", SAY_VERSION], capture_output=True, text=True, check=False)
        if said.returncode == 0:
            return system, said.stdout.strip()
    return own, platform.python_version()


def versions() -> str:
    """What decides a verdict beside the sample and its limits."""
    return f"python {interpreter()[1]}, numpy {version('numpy')}"


def command(box: Path, lane: int) -> list[str]:
    """The command line of one lane. Raises SandboxError where NumPy is missing."""
    root = os.getuid() == 0
    # Each lane has a uid of its own, so that limits on processes do not add up across lanes and runs.
    uid = FIRST_UID + (os.getpid() * 16 + lane) % 5000 if root else 0
    keep = ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if root else []
    # A user namespace would hold no other uid than root's.
    apart = ROOT_NAMESPACES if root else ["--unshare-all"]
    python, _ = interpreter()
    prefix = [] if python.startswith("/usr/") else [sys.base_prefix]
    return [
        "bwrap", *apart, "--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL", *keep,
        "--clearenv", "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "LANG", "C.UTF-8",
        "--setenv", "PYTHONHASHSEED", "0", "--setenv", "OPENBLAS_NUM_THREADS", "1",
        "--setenv", "PYTHONDONTWRITEBYTECODE", "1",
        *_binds([*SYSTEM, *prefix]), *_numpy(), "--ro-bind", str(box), "/box",
        "--proc", "/proc", "--dev", "/dev", "--mqueue", "/dev/mqueue",
        # Memory that is mapped from it and shared would be counted against nobody.
        "--ro-bind", "/dev/null", "/dev/zero",
        "--size", str(64 << 20), "--perms", "1777", "--tmpfs", "/dev/shm",  # noqa: S108 - inside
        "--remount-ro", "/dev", "--size", str(64 << 20), "--perms", "1777", "--tmpfs", "/tmp",  # noqa: S108 - inside
        "--chdir", "/box", "--remount-ro", "/", python, "-s", "-m", "inside.runner", str(uid),
    ]  # fmt: skip


def processes(settings: Sandbox) -> int:
    """The limit on processes of one lane's user: what a sample may have, beside what the user has already."""
    if os.getuid() == 0:
        return settings.pids
    # Linux before 5.14 counts all of a user's processes, in whatever namespace.
    own = sum(1 for entry in Path("/proc").iterdir() if entry.name.isdigit() and _owned(entry))
    return settings.pids + own


def _owned(entry: Path) -> bool:
    try:
        return entry.stat().st_uid == os.getuid()
    except OSError:
        return False


def _binds(paths: list[str]) -> list[str]:
    binds: list[str] = []
    for path in dict.fromkeys(paths):
        if Path(path).is_symlink():
            binds += ["--symlink", str(Path(path).readlink()), path]
        elif Path(path).exists() and not path.startswith("/usr/"):
            binds += [*_folders(Path(path)), "--ro-bind", path, path]
    return binds


def _folders(path: Path) -> list[str]:
    # What bubblewrap makes by itself on the way to a mount can be entered by root alone.
    return [part for folder in reversed(path.parents[:-1]) for part in ("--perms", "0755", "--dir", str(folder))]


def _numpy() -> list[str]:
    spec = importlib.util.find_spec("numpy")
    if spec is None or spec.origin is None:
        raise SandboxError("NumPy is not installed beside this program, and the sandbox needs it; install it.")
    site = Path(spec.origin).parent.parent
    folders = [site / "numpy", site / "numpy.libs"]
    binds = [part for place in folders if place.is_dir() for part in ("--ro-bind", str(place), f"/site/{place.name}")]
    return ["--perms", "0755", "--dir", "/site", *binds]
