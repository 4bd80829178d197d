"""llama-server as a process of ours: named in the profile, on PATH, or llama.cpp's server from the wheel."""

import contextlib
import ctypes
import importlib.util
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.errors import MissingPrerequisite, ServerError
from bench.profiles import Config, Profile
from bench.servers import Endpoint, arguments, health

PR_SET_PDEATHSIG = 1
PATIENCE = 4.0
"""Seconds between one signal and the next when a server shall end."""


def executable(profile: Profile) -> list[str] | None:
    """The command that starts a llama-server on this machine, or None."""
    if profile.server.executable:
        found = shutil.which(profile.server.executable)
        return [found] if found else None
    found = shutil.which("llama-server")
    if found:
        return [found]
    return [sys.executable, "-m", "bench.servers.wheel"] if importlib.util.find_spec("xllamacpp") else None


@contextlib.contextmanager
def serve(profile: Profile, config: Config, model: Path, log: Path) -> Iterator[Endpoint]:
    """Start the process, yield its endpoint when healthy, end it whatever happens. Raises ServerError."""
    del config
    command = executable(profile)
    if command is None:
        name = profile.server.executable or "llama-server"
        raise MissingPrerequisite(
            f"{profile.id}: there is no {name} on this machine; install llama.cpp, or the wheel (pip install xllamacpp)."
        )
    port = free_port(profile)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, *arguments(profile, str(model), "127.0.0.1", port)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=_die_with_parent,  # noqa: PLW1509 - one prctl call, no locks
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"

    def ended() -> str | None:
        code = process.poll()
        return None if code is None else f"signal {-code}" if code < 0 else f"exit code {code}"

    try:
        health.wait(url, profile, ended, log)
        yield Endpoint(f"{url}/v1", profile.id, facts=health.ask(url), ended=ended)
    finally:
        stop(process)


def free_port(profile: Profile) -> int:
    """The profile's port, or any free one. Raises ServerError where it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", profile.server.port))
        except OSError:
            port = profile.server.port
            raise ServerError(
                f"{profile.id}: port {port} on 127.0.0.1 is taken; find who has it (ss -ltnp 'sport = :{port}') and stop "
                "it, or set port = 0 for any free one."
            ) from None
        return int(probe.getsockname()[1])


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End the server: llama-server lets requests finish on the first SIGTERM and ends on the second."""
    for action in (process.terminate, process.terminate, process.kill):
        if process.poll() is None:
            action()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
            return
    process.wait()


def _die_with_parent() -> None:
    # A doit that dies of kill -9 cannot stop its server; the kernel does.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
