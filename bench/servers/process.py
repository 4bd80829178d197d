"""llama-server as a process of ours: named in the profile, on PATH, or llama.cpp's server from the wheel."""

import contextlib
import functools
import importlib.util
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from bench.console import tell
from bench.errors import MissingPrerequisite, ServerError
from bench.processes import die_with_parent, find_program, stop
from bench.profiles import Config, Profile
from bench.servers import Endpoint, arguments, health, server_log, xllamacpp_server
from bench.text import plain

HOST = "127.0.0.1"
NO_WHEEL = "it is not installed"
UNBUILT = ("", "b0-unknown")
"""The build of a llama.cpp that was compiled without its number."""

WHEEL = [sys.executable, "-P", xllamacpp_server.__file__]

PACKAGES = {
    "libgomp.so.1": "libgomp1", "libstdc++.so.6": "libstdc++6", "libgcc_s.so.1": "libgcc-s1", "libm.so.6": "libc6",
    "libvulkan.so.1": "libvulkan1", "libssl.so.3": "libssl3", "libcurl.so.4": "libcurl4", "libz.so.1": "zlib1g",
    "libopenblas.so.0": "libopenblas0", "libblas.so.3": "libblas3", "libgfortran.so.5": "libgfortran5",
    "libOpenCL.so.1": "ocl-icd-libopencl1", "libnuma.so.1": "libnuma1",
}  # fmt: skip
"""Debian's and Ubuntu's packages of libraries that llama.cpp may be linked with."""
DRIVER = ("libcuda.so.1", "libnvidia-ml.so.1")


def executable(profile: Profile, base: Path = Path()) -> list[str] | None:
    """The command that starts a llama-server on this machine, or None; a path is relative to `base`."""
    named = profile.server.executable
    if named:
        found = find_program(named, base)
        return [found] if found else None
    found = shutil.which("llama-server")
    if found:
        return [found]
    return WHEEL if wheel_failure() is None else None


def absence(profile: Profile) -> str:
    """Why there is no llama-server for a profile on this machine, and what to do: a sentence without its full stop."""
    failure = wheel_failure()
    if profile.server.executable or failure in (None, NO_WHEEL):
        name = profile.server.executable or "llama-server"
        return f"there is no {name} on this machine; install llama.cpp, or the wheel (pip install xllamacpp)"
    return f"the llama.cpp server in the wheel xllamacpp cannot be loaded: {failure}"


@functools.cache
def wheel_failure() -> str | None:
    """Why the wheel's server cannot be loaded, and what to do, in a phrase; None where it can."""
    if importlib.util.find_spec("xllamacpp") is None:
        return NO_WHEEL
    # In a process of its own: a processor without some instruction ends it by a signal.
    try:
        ran = subprocess.run(
            [sys.executable, "-c", "import xllamacpp"], capture_output=True, text=True, errors="replace",
            stdin=subprocess.DEVNULL, timeout=120, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "it does not load within 120 s; try again when the machine is less busy"
    if ran.returncode == 0:
        return None
    if ran.returncode == -signal.SIGILL:
        return "this processor lacks instructions that it uses; build llama.cpp here and name it in server.executable"
    words = plain((ran.stderr.strip().splitlines() or [f"exit code {ran.returncode}"])[-1])
    if found := re.search(r"(lib[\w+.-]+\.so[\w.]*): cannot open shared object", words):
        package = PACKAGES.get(found[1])
        remedy = f"apt install {package}" if package else "install the package that has it (apt-file search it)"
        remedy = "install the NVIDIA driver" if found[1] in DRIVER else remedy
        return f"the system library {found[1]} is missing; {remedy}"
    if "GLIBC" in words:
        return f"this system's C library is too old for it ({words}); build llama.cpp, and name it in server.executable"
    return f"{words}; install llama.cpp, and name it in server.executable"


@functools.cache
def report_wheel() -> None:
    """Say once why the wheel, which is there, cannot be loaded."""
    if wheel_failure() not in (None, NO_WHEEL):
        tell(
            f"  the llama.cpp server in the wheel xllamacpp cannot be loaded: {wheel_failure()}; until then, the "
            "demo's answers are bundled ones"
        )


@contextlib.contextmanager
def serve(profile: Profile, config: Config, model: Path, log: Path) -> Iterator[Endpoint]:
    """Start the process, yield its endpoint when healthy, end it whatever happens. Raises ServerError."""
    command = _command(profile, config)
    port = free_port(profile)
    flags = arguments(profile, str(model), HOST, port)
    refused = xllamacpp_server.unknown(flags) if command == WHEEL else []
    if refused:
        raise ServerError(f"{profile.id}: {xllamacpp_server.refusal(refused)}")
    url = f"http://{HOST}:{port}"
    with running([*command, *flags], profile, config.file.parent, log) as process:

        def ended() -> str | None:
            code = process.poll()
            return None if code is None else health.ending(code)

        seconds = health.wait(url, profile, ended, log)
        facts = health.facts(url) | {"load_seconds": seconds}
        if command == WHEEL and facts.get("build") in UNBUILT:
            facts["build"] = f"xllamacpp {metadata.version('xllamacpp')}"
        yield Endpoint(f"{url}/v1", profile.id, facts=facts, ended=ended, pid=process.pid)


@contextlib.contextmanager
def running(command: list[str], profile: Profile, folder: Path, log: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """The program, at work in `folder`, for the block; what it says goes to the log. Raises ServerError."""
    server_log.begin(log, command)
    with contextlib.ExitStack() as cleanup, log.open("ab") as output:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=folder,
                start_new_session=True, preexec_fn=die_with_parent,  # noqa: PLW1509 - one prctl call, no locks
            )  # fmt: skip
        except OSError as error:
            raise ServerError(
                f"{profile.id}: {command[0]} cannot be started ({error.strerror}); fix it, or server.executable."
            ) from None
        cleanup.callback(stop, process)
        yield process


def free_port(profile: Profile) -> int:
    """The profile's port, or any free one. Raises ServerError where it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, profile.server.port))
        except OSError:
            raise port_taken(profile) from None
        return int(probe.getsockname()[1])


def port_taken(profile: Profile) -> ServerError:
    """The error for a port that somebody has, here or on a host."""
    host = profile.host
    if host:
        return ServerError(
            f"{profile.id}: port {host.port} on {host.listen} of {host.name} is taken; find who has it (there: ss "
            f"-ltnp 'sport = :{host.port}') and stop it, or give that host another port."
        )
    port = profile.server.port
    return ServerError(
        f"{profile.id}: port {port} on {HOST} is taken; find who has it (ss -ltnp 'sport = :{port}') and stop it, or "
        "set port = 0 for any free one."
    )


def _command(profile: Profile, config: Config) -> list[str]:
    command = executable(profile, config.file.parent)
    if command is None:
        raise MissingPrerequisite(f"{profile.id}: {absence(profile)}.")
    return command
