"""llama-server as a process of ours: named in the profile, on PATH, or llama.cpp's server from the wheel."""

import contextlib
import importlib.util
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from bench.errors import MissingPrerequisite, ServerError
from bench.processes import die_with_parent, find_program, stop
from bench.profiles import Config, Profile
from bench.servers import Endpoint, arguments, health, server_log, xllamacpp_server

HOST = "127.0.0.1"
UNBUILT = ("", "b0-unknown")
"""The build of a llama.cpp that was compiled without its number."""

WHEEL = [sys.executable, "-P", xllamacpp_server.__file__]


def executable(profile: Profile, base: Path = Path()) -> list[str] | None:
    """The command that starts a llama-server on this machine, or None; a path is relative to `base`."""
    named = profile.server.executable
    if named:
        found = find_program(named, base)
        return [found] if found else None
    found = shutil.which("llama-server")
    if found:
        return [found]
    return WHEEL if importlib.util.find_spec("xllamacpp") else None


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
            return None if code is None else f"signal {-code}" if code < 0 else f"exit code {code}"

        health.wait(url, profile, ended, log)
        facts = health.facts(url)
        if command == WHEEL and facts.get("build") in UNBUILT:
            facts["build"] = f"xllamacpp {metadata.version('xllamacpp')}"
        yield Endpoint(f"{url}/v1", profile.id, facts=facts, ended=ended)


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
        name = profile.server.executable or "llama-server"
        raise MissingPrerequisite(
            f"{profile.id}: there is no {name} on this machine; install llama.cpp, or the wheel (pip install "
            "xllamacpp)."
        )
    return command
