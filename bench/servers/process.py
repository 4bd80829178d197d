"""llama-server as a process: named in the profile, on PATH, or the server in the wheel xllamacpp."""

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

from bench.console import print_line
from bench.errors import MissingPrerequisite, ServerError
from bench.processes import find_program, start, stop
from bench.profiles import Config, Profile
from bench.servers import Endpoint, arguments, health, server_log, xllamacpp_server
from bench.text import plain

HOST = "127.0.0.1"
NOT_INSTALLED = "it is not installed"
UNNUMBERED = ("", "b0-unknown")
"""The build of a llama.cpp that was compiled without a build number."""

XLLAMACPP = [sys.executable, "-P", xllamacpp_server.__file__]

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
    name = profile.server.executable
    if name:
        path = find_program(name, base)
        return [path] if path else None
    if path := shutil.which("llama-server"):
        return [path]
    return XLLAMACPP if xllamacpp_failure() is None else None


def absence(profile: Profile) -> str:
    """The reason why there is no llama-server for a profile here, and the remedy; a sentence without its full stop."""
    failure = xllamacpp_failure()
    if profile.server.executable or failure in (None, NOT_INSTALLED):
        name = profile.server.executable or "llama-server"
        return f"there is no {name} on this machine; install llama.cpp, or the wheel (pip install xllamacpp)"
    return f"the llama.cpp server in the wheel xllamacpp cannot be loaded: {failure}"


@functools.cache
def xllamacpp_failure() -> str | None:
    """The reason why the wheel xllamacpp cannot be loaded, and the remedy, as a phrase; None where it can."""
    if importlib.util.find_spec("xllamacpp") is None:
        return NOT_INSTALLED
    # In a process of its own: on a processor without some instruction, a signal ends it.
    try:
        result = subprocess.run(
            [sys.executable, "-c", "import xllamacpp"], capture_output=True, text=True, errors="replace",
            stdin=subprocess.DEVNULL, timeout=120, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "it does not load within 120 s; try again when the machine is less busy"
    if result.returncode == 0:
        return None
    if result.returncode == -signal.SIGILL:
        return "this processor lacks instructions that it uses; build llama.cpp here and name it in server.executable"
    message = plain((result.stderr.strip().splitlines() or [f"exit code {result.returncode}"])[-1])
    if match := re.search(r"(lib[\w+.-]+\.so[\w.]*): cannot open shared object", message):
        package = PACKAGES.get(match[1])
        remedy = f"apt install {package}" if package else "install the package that has it (apt-file search it)"
        remedy = "install the NVIDIA driver" if match[1] in DRIVER else remedy
        return f"the system library {match[1]} is missing; {remedy}"
    if "GLIBC" in message:
        return f"the C library here is too old for it ({message}); build llama.cpp, and name it in server.executable"
    return f"{message}; install llama.cpp, and name it in server.executable"


@functools.cache
def report_xllamacpp_failure() -> None:
    """Report once why the wheel xllamacpp, if it is installed, cannot be loaded."""
    if xllamacpp_failure() not in (None, NOT_INSTALLED):
        print_line(
            f"  the llama.cpp server in the wheel xllamacpp cannot be loaded: {xllamacpp_failure()}; until then, the "
            "demo's answers are bundled ones"
        )


@contextlib.contextmanager
def serve(profile: Profile, config: Config, model: Path, log: Path) -> Iterator[Endpoint]:
    """Start the process, yield its endpoint when healthy, and always stop it. Raises ServerError."""
    command = executable(profile, config.file.parent)
    if command is None:
        raise MissingPrerequisite(f"{profile.id}: {absence(profile)}.")
    port = free_port(profile)
    flags = arguments(profile, str(model), HOST, port)
    unknown_flags = xllamacpp_server.unknown(flags) if command == XLLAMACPP else []
    if unknown_flags:
        raise ServerError(f"{profile.id}: {xllamacpp_server.refusal(unknown_flags)}")
    url = f"http://{HOST}:{port}"
    with running([*command, *flags], profile, config.file.parent, log) as process:

        def ended() -> str | None:
            code = process.poll()
            return None if code is None else health.ending(code)

        seconds = health.wait(url, profile, ended, log)
        facts = health.facts(url) | {"load_seconds": seconds}
        if command == XLLAMACPP and facts.get("build") in UNNUMBERED:
            facts["build"] = f"xllamacpp {metadata.version('xllamacpp')}"
        yield Endpoint(f"{url}/v1", profile.id, facts=facts, ended=ended, pid=process.pid)


@contextlib.contextmanager
def running(command: list[str], profile: Profile, folder: Path, log: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """The program, running in `folder` for the block, with its output in the log. Raises ServerError."""
    server_log.begin(log, command)
    with contextlib.ExitStack() as cleanup, log.open("ab") as output:
        try:
            process = start(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
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
    """The error for a port that is taken, here or on a host."""
    host = profile.host
    if host:
        return ServerError(
            f"{profile.id}: port {host.port} on {host.listen} of {host.name} is taken; find the process (there: ss "
            f"-ltnp 'sport = :{host.port}') and stop it, or give that host another port."
        )
    port = profile.server.port
    return ServerError(
        f"{profile.id}: port {port} on {HOST} is taken; find the process (ss -ltnp 'sport = :{port}') and stop it, "
        "or set port = 0 for any free one."
    )
