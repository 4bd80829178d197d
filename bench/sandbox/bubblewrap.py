"""The sandbox in bubblewrap: this machine's Python and NumPy, read-only, in namespaces of their own.

`contents` lists the bound files: the interpreter, its standard library, NumPy, and the shared libraries that they load.
"""

import contextlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

from bench.errors import SandboxError
from bench.profiles import Sandbox
from bench.sandbox.instance import SandboxInstance
from bench.sandbox.kind import ENVIRONMENT, SandboxKind

FIRST_UID = 60000
FILES = 64 << 20
OVERHEAD, SPARE = 256, 8
"""MiB that a sandbox may use beyond what a sample may, and processes: bwrap's own and the runner's."""

ROOT_NAMESPACES = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
RIGHTS = ["CAP_SYS_ADMIN"]
"""Of the runner alone, over its own sandbox: to give each sample namespaces of its own."""

ROOT_RIGHTS = [*RIGHTS, "CAP_SETUID", "CAP_SETGID", "CAP_KILL"]
PER_NAMESPACE = (5, 14)
"""Since this version Linux counts a user's processes for each user namespace, not over all of them."""

DESCRIBE = """
import ctypes, glob, importlib, json, os, platform, sys, sysconfig
sys.path.append(sys.argv[1])
folders = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
modules = (file.split(".")[0] for file in os.listdir(folders[1] + "/lib-dynload"))
for name in ["ctypes", "numpy.linalg", "numpy.random", *modules]:
    if not name.startswith(("_tkinter", "_test", "xx", "nis", "readline")):
        try:
            importlib.import_module(name)
        except Exception:
            pass
try:
    ctypes.CDLL("libgcc_s.so.1")
except OSError:
    pass
libraries = []
class Info(ctypes.Structure):
    _fields_ = [("address", ctypes.c_void_p), ("name", ctypes.c_char_p)]
@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Info), ctypes.c_size_t, ctypes.c_void_p)
def note(info, size, data):
    libraries.append(os.fsdecode(info.contents.name or b""))
    return 0
ctypes.CDLL(None).dl_iterate_phdr(note, None)
print(json.dumps([platform.python_version(), *folders, libraries]))
"""


@dataclass(frozen=True)
class Interpreter:
    """The Python of a sandbox: its file, its standard library and the shared libraries that it loads."""

    path: str
    version: str
    folders: tuple[str, ...]
    libraries: tuple[str, ...]


class Bubblewrap(SandboxKind):
    """Namespaces of this machine, set up by bwrap, as root or as an ordinary user."""

    name: ClassVar[str] = "bubblewrap"

    def __init__(self, settings: Sandbox, *, pull: bool = True) -> None:
        super().__init__(settings, pull=pull)
        self.identity = f"python {interpreter().version}, numpy {version('numpy')}"

    @staticmethod
    def failure() -> str | None:
        """The reason why bwrap does not start; None where it does."""
        if shutil.which("bwrap") is None:
            return "bubblewrap is not installed (apt install bubblewrap)"
        program = ["bwrap", *_namespaces(), "--ro-bind", "/", "/", "--proc", "/proc", "true"]
        process = subprocess.run(program, capture_output=True, text=True, timeout=30, check=False)
        if process.returncode == 0:
            return None
        phrase = process.stderr.strip() or "bubblewrap does not start"
        return f"{phrase}; this root may not make namespaces, an ordinary user may" if os.getuid() == 0 else phrase

    def start(self, runner: Path, number: int, programs: Sequence[str]) -> SandboxInstance:
        """Start bwrap with the runner in it."""
        limit = _processes(self.settings)
        line = [*scope(self.settings), *command(runner.resolve(), number, programs)]
        return SandboxInstance(line, memory=self.memory, processes=limit)


def _namespaces() -> list[str]:
    """The namespaces of a sandbox. One of users would hold no other uid than root's, where root starts it."""
    return ROOT_NAMESPACES if os.getuid() == 0 else ["--unshare-all"]


@lru_cache
def interpreter() -> Interpreter:
    """The sandbox's Python: this program's own, or the system's where that is faster. Raises SandboxError.

    Distributions link theirs with optimisation (LTO). pyenv does not: the same samples take a fifth longer there.
    """
    own = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    system = shutil.which(f"python{sys.version_info[0]}.{sys.version_info[1]}", path="/usr/bin")
    if system and "--with-lto" not in str(sysconfig.get_config_var("CONFIG_ARGS")):
        described = _described(os.path.realpath(system))
        if described:
            return described
    described = _described(own)
    if described is None:
        raise SandboxError(f"{own} does not start by itself, and the sandbox needs it; install Python anew.")
    return described


def _described(python: str) -> Interpreter | None:
    process = subprocess.run(
        [python, "-I", "-c", DESCRIBE, str(_site())], capture_output=True, text=True, check=False,
        env={"OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    if process.returncode:
        return None
    python_version, *folders, libraries = json.loads(process.stdout)
    inside = (*(f"{folder}/" for folder in folders), f"{_site()}/")
    outside = [path for path in libraries if path.startswith("/") and not path.startswith(inside)]
    return Interpreter(python, python_version, tuple(dict.fromkeys(folders)), tuple(outside))


def _site() -> Path:
    spec = importlib.util.find_spec("numpy")
    if spec is None or spec.origin is None:
        raise SandboxError("NumPy is not installed beside this program, and the sandbox needs it; install it.")
    return Path(spec.origin).parent.parent


def command(runner: Path, number: int, programs: Sequence[str] = ()) -> list[str]:
    """The command line of one sandbox. Raises SandboxError where NumPy is missing."""
    root = os.getuid() == 0
    # Each sandbox has a uid of its own, so that limits on processes do not add up across sandboxes and runs.
    uid = FIRST_UID + (os.getpid() * 16 + number) % 5000 if root else 0
    variables = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **ENVIRONMENT}
    rights = [part for right in (ROOT_RIGHTS if root else RIGHTS) for part in ("--cap-add", right)]
    return [
        "bwrap", *_namespaces(), "--hostname", "sandbox", "--die-with-parent", "--new-session", "--as-pid-1",
        "--cap-drop", "ALL", *rights, "--clearenv",
        *(part for name, value in variables.items() for part in ("--setenv", name, value)),
        *contents(programs), "--ro-bind", str(runner), "/box", "--proc", "/proc",
        # No terminal, no message queue, and no /dev/zero: memory mapped from it is charged to nobody.
        "--perms", "0755", "--dir", "/dev",
        *(part for name in ("null", "random", "urandom") for part in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")),
        "--size", str(FILES), "--perms", "1777", "--tmpfs", "/dev/shm",  # noqa: S108 - inside
        "--size", str(FILES), "--perms", "1777", "--tmpfs", "/tmp",  # noqa: S108 - inside
        "--chdir", "/box", "--remount-ro", "/", interpreter().path, "-s", "-m", "inside.runner", str(uid), *programs,
    ]  # fmt: skip


def scope(settings: Sandbox) -> list[str]:
    """A command prefix for a control group with hard limits; [] where systemd gives this user none."""
    limits = {
        "MemoryMax": f"{settings.memory + OVERHEAD}M", "MemorySwapMax": "0", "TasksMax": str(settings.pids + SPARE),
        "CPUQuota": "150%",
    }  # fmt: skip
    return [*_scopes(), *(part for name, value in limits.items() for part in ("-p", f"{name}={value}"))] * _has_scopes()


def _scopes() -> list[str]:
    return ["systemd-run", *([] if os.getuid() == 0 else ["--user"]), "--scope", "--quiet", "--collect"]


@lru_cache
def _has_scopes() -> bool:
    try:
        process = subprocess.run([*_scopes(), "true"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return process.returncode == 0


def contents(programs: Sequence[str] = ()) -> list[str]:
    """The files of this machine in a sandbox, as options of bwrap: links first, then read-only binds."""
    python, site = interpreter(), _site()
    targets = {path: path for path in (python.path, *python.folders, "/etc/ld.so.cache", "/usr/share/zoneinfo")}
    targets |= {_unlinked(path): os.path.realpath(path) for path in python.libraries}
    for name, source in _paths(programs).items():
        targets |= {f"/usr/bin/{name}": os.path.realpath(source)}
        targets |= {_unlinked(path): os.path.realpath(path) for path in _libraries(source)}
    if "node" in programs:
        # Debian's Node has part of its own modules there.
        targets["/usr/share/nodejs"] = "/usr/share/nodejs"
    targets |= {f"/site/{name}": str(site / name) for name in ("numpy", "numpy.libs")}
    binds = [
        part for target, source in targets.items() if Path(source).exists()
        for part in (*_folders(Path(target)), "--ro-bind", source, target)
    ]  # fmt: skip
    hidden = [f"{folder}/{name}" for folder in python.folders for name in ("site-packages", "dist-packages", "test")]
    covers = [part for place in hidden if Path(place).is_dir() for part in ("--tmpfs", place, "--remount-ro", place)]
    return [*_links(), *binds, *covers]


def _paths(programs: Sequence[str]) -> dict[str, str]:
    """The paths of the programs that this machine has."""
    paths = {name: interpreter().path if name == "python" else shutil.which(name) for name in programs}
    return {name: path for name, path in paths.items() if path}


@lru_cache
def _libraries(program: str) -> tuple[str, ...]:
    """The shared libraries that a program loads, by the loader itself."""
    process = subprocess.run(
        [program], env={"LD_TRACE_LOADED_OBJECTS": "1"}, capture_output=True, text=True, check=False
    )
    return tuple(re.findall(r"(/\S+) \(0x", process.stdout))


def _links() -> list[str]:
    """Links such as /lib64, by which a program names its loader."""
    links = (path for path in map(Path, ("/bin", "/lib", "/lib32", "/lib64")) if path.is_symlink())
    return [part for path in links for part in ("--symlink", str(path.readlink()), str(path))]


def _unlinked(path: str) -> str:
    """A library's name in its folder, the folder without links."""
    return str(Path(os.path.realpath(Path(path).parent)) / Path(path).name)


def _folders(path: Path) -> list[str]:
    # Folders that bubblewrap makes by itself on the way to a mount can be entered by root alone.
    return [part for folder in reversed(path.parents[:-1]) for part in ("--perms", "0755", "--dir", str(folder))]


def _processes(settings: Sandbox) -> int:
    """The limit on processes of one sandbox's user: those of a sample, and those that the user has already."""
    release = tuple(int(part) for part in platform.release().split(".")[:2] if part.isdigit())
    if os.getuid() == 0 or release >= PER_NAMESPACE:
        # The runner and the first process of the sample's namespace are among them.
        return settings.pids + 2
    own = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            own += process.stat().st_uid == os.getuid()
    return settings.pids + own
