"""llama-server in a container, through docker compose. For actions only: imports python_on_whales.

docker-compose.yml holds what is the same for all profiles; the rest is an override for one profile that lies beside
its results. Flags are a list in it, so that a regex reaches llama-server as it is written. The container carries labels
that say whose it is: one whose process is gone is removed at the next start (containers.py), or by the next generation
of whatever kind in the same results directory (leftovers.py).
"""

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from python_on_whales import DockerClient
from python_on_whales.exceptions import DockerException

from bench import gguf, owner
from bench.console import tell, warn
from bench.errors import ServerError
from bench.files import digest, write_json
from bench.processes import undisturbed
from bench.profiles import Config, Host, Profile
from bench.servers import (
    Endpoint,
    arguments,
    containers,
    engine,
    health,
    leftovers,
    model_files,
    remote_models,
    server_log,
    tunnel,
)
from bench.servers.process import HOST, free_port, taken

BASE = Path(__file__).parents[2] / "docker-compose.yml"
PORT = 8080
"""Where llama-server listens inside the container."""

PATIENCE = 60.0
"""Seconds for removing a container: no interrupt ends that, and a connection that others share may never answer."""

GPUS = {"resources": {"reservations": {"devices": [{"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}]}}}


@contextlib.contextmanager
def serve(profile: Profile, config: Config, model: Path, log: Path) -> Iterator[Endpoint]:
    """Start the container, yield its endpoint when healthy, remove it whatever happens.

    Raises ServerError, LockedError, or MissingPrerequisite where Docker, the image or the GPU is missing.
    """
    engine.require(profile)
    for name in containers.clear(profile):
        tell(f"  removed the llama-server container that a killed run of {name} left behind")
    if profile.host:
        tunnel.require(profile, profile.host)
    elif profile.server.port:
        free_port(profile)
    image = engine.image(profile)
    override = log.with_name("compose.json")
    write_json(override, {"services": {containers.NAME: service(profile, config, model)}})
    name = project(profile, config)
    docker = engine.client(
        profile, compose_files=[BASE, override], compose_project_name=name, compose_env_files=["/dev/null"]
    )
    server_log.begin(
        log, [*engine.command(profile.host), "compose", "-p", name, "-f", str(BASE), "-f", str(override), "up"]
    )
    note = leftovers.remember(log, profile.host.docker if profile.host else "")
    container = None
    # An interrupt between a block and its `finally` skips the latter. This runs at the end of doit's workers too.
    removal = Finalize(None, _down, [docker, profile, note], exitpriority=1)
    try:
        _up(docker, profile)
        container = containers.Running(docker, log, profile.host)
        url = tunnel.url(profile.host) if profile.host else f"http://{HOST}:{container.port(PORT)}"
        health.wait(url, profile, container.ended, log)
        if profile.host:
            tunnel.require_ours(profile, profile.host, remote_models.inside(profile))
        yield Endpoint(f"{url}/v1", profile.id, facts={**health.ask(url), "image": image}, ended=container.ended)
    finally:
        why = sys.exception()
        try:
            with undisturbed():
                removal()
        except ServerError as error:
            # Where the host was cut off, that is the reason to be told, and this is what follows from it.
            if why is None:
                raise
            warn(error.sentence)
        finally:
            if container:
                container.close()


def project(profile: Profile, config: Config) -> str:
    """The name under which compose keeps what it starts: one for each profile in each results directory."""
    return f"bench-{re.sub(r'[^a-z0-9_-]', '-', profile.id.lower())}-{digest(str(config.layout.root))[:8]}"


def service(profile: Profile, config: Config, model: Path) -> dict[str, Any]:
    """What is the profile's own about its container, as a compose service."""
    host = profile.host
    volumes, inside = (
        ({host.models: model_files.MODELS}, remote_models.inside(profile)) if host else mounts(config, model)
    )
    listen, port = (host.listen, host.port) if host else (HOST, profile.server.port)
    command = arguments(profile, inside, "0.0.0.0", PORT)  # noqa: S104 - inside the container
    return {
        "image": profile.server.image,
        # compose would take a dollar for a variable.
        "command": [flag.replace("$", "$$") for flag in command],
        "ports": [{"target": PORT, "host_ip": listen, "published": str(port)}],
        "volumes": [{"type": "bind", "read_only": True, "source": source.replace("$", "$$"), "target": target,
                     "bind": {"create_host_path": False}} for source, target in volumes.items()],
        "labels": {leftovers.OWNER: owner.identity(), owner.MACHINE: owner.machine(),
                   containers.PROFILE: profile.id,
                   containers.RESULTS: str(config.layout.root).replace("$", "$$")},
        **({"deploy": GPUS} if profile.server.gpu else {}),
    }  # fmt: skip


def mounts(config: Config, model: Path) -> tuple[dict[str, str], str]:
    """What is mounted (host to container), and the model's path in the container.

    The folder of models is /models. The parts of a model that are links to somewhere else are mounted one by one.
    """
    below = model.is_relative_to(config.models)
    folder = config.models if below else model.parent
    real = folder.resolve()
    volumes = {str(real): model_files.MODELS}
    parts = gguf.parts(model)
    if all(part.resolve().is_relative_to(real) for part in parts):
        return volumes, f"{model_files.MODELS}/{model.relative_to(folder)}"
    return volumes | {str(part.resolve()): f"/linked/{part.name}" for part in parts}, f"/linked/{model.name}"


def _up(docker: DockerClient, profile: Profile) -> None:
    try:
        # Cut off in the middle, it could create the container after `down` had looked for it.
        with undisturbed():
            docker.compose.up(detach=True, quiet=True, pull="never")
    except DockerException as error:
        said = engine.words(error)
        if "already allocated" in said or "address already in use" in said:
            raise (taken_there(profile, profile.host) if profile.host else taken(profile)) from None
        raise engine.failure(profile, error) from None


def taken_there(profile: Profile, host: Host) -> ServerError:
    """The error for a port that somebody has on a host."""
    return ServerError(
        f"{profile.id}: port {host.port} on {host.listen} of {host.name} is taken; find who has it (there: ss -ltnp "
        f"'sport = :{host.port}') and stop it, or give that host another port."
    )


def _down(docker: DockerClient, profile: Profile, note: Path) -> None:
    """Remove the container. compose may be interrupted by a Ctrl-C of its own; then it is asked once more."""
    command = [str(word) for word in [*docker.client_config.docker_compose_cmd, "down"]]
    with undisturbed():
        for last in (False, True):
            said = _said(command)
            if not said:
                leftovers.forget(note)
                return
            if last or engine.UNREACHED in said:
                raise ServerError(
                    f"The container {containers.NAME} could not be removed ({engine.last_line(said)}); the next run on "
                    f"{profile.machine} removes it, or do so: {' '.join(engine.command(profile.host))} rm -f "
                    f"{containers.NAME}"
                )


def _said(command: list[str]) -> str:
    """Why a command failed, in its own words, or that it took too long; "" where it did what it should."""
    try:
        ran = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        return f"{engine.UNREACHED}: no answer within {PATIENCE:g} s"
    return (ran.stderr.strip() or f"exit code {ran.returncode}") if ran.returncode else ""
