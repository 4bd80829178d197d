"""llama-server in a container, through docker compose.

docker-compose.yml is common to all profiles; compose.json beside a profile's results overrides it. Flags are a list
there, so that a regex reaches llama-server unchanged. The container's labels name the process that owns it: the next
generation removes orphans.
"""

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import docker, gguf, process_identity
from bench.console import print_line, warn
from bench.docker import DockerError, Engine
from bench.errors import BenchError, LockedError, MissingPrerequisite, ServerError
from bench.files import digest, write_json
from bench.interrupts import deferred_signals
from bench.processes import start, stop
from bench.profiles import Config, Profile
from bench.servers import Endpoint, arguments, health, model_files, server_log, tunnel
from bench.servers.process import HOST, free_port, port_taken

if TYPE_CHECKING:
    from python_on_whales import DockerClient

COMPOSE_FILE = Path(__file__).parents[2] / "docker-compose.yml"
NAME = KIND = "llama-server"
PORT = 8080
"""The port of llama-server in the container."""

PATIENCE = 120.0
"""Seconds for starting a container, and for removing it."""

ALTERNATIVE = 'or set [server] kind = "process"'
NO_GPU = ("device driver", "CDI", "nvidia")
"""Parts of Docker's message where it can reserve no GPU."""

GPUS = {"resources": {"reservations": {"devices": [{"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}]}}}


@contextlib.contextmanager
def serve(profile: Profile, config: Config, model: Path, log: Path) -> Iterator[Endpoint]:
    """Start the container, yield its endpoint when healthy, and always remove it.

    Raises ServerError, LockedError, or MissingPrerequisite where Docker, the image or the GPU is missing.
    """
    engine, host = engine_of(profile), profile.host
    require(profile)
    clear(profile)
    if host:
        tunnel.require(profile, host)
    elif profile.server.port:
        free_port(profile)
    image = require_image(profile)
    override = log.with_name("compose.json")
    write_json(override, {"services": {NAME: service(profile, config, model)}})
    project = project_name(profile, config)
    client = engine.client(
        PATIENCE, compose_files=[COMPOSE_FILE, override], compose_project_name=project, compose_env_files=["/dev/null"]
    )
    compose = [*engine.command, "compose", "-p", project, "-f", str(COMPOSE_FILE), "-f", str(override)]
    server_log.begin(log, [*compose, "up"])
    container = None
    # Also run when the process ends: an interrupt between a block and its `finally` skips the latter.
    removal = Finalize(None, _down, [client, profile], exitpriority=1)
    try:
        _up(client, profile, compose)
        container = Running(engine, log)
        url = tunnel.url(host) if host else f"http://{HOST}:{container.port}"
        seconds = health.wait(url, profile, container.ended, log)
        if host:
            tunnel.require_ours(profile, host, model_files.inside(profile))
        facts = {**health.facts(url), "image": image, "load_seconds": seconds}
        yield Endpoint(f"{url}/v1", profile.id, facts=facts, ended=container.ended, pid=container.pid)
    finally:
        failure = sys.exception()
        try:
            with deferred_signals():
                removal()
        except ServerError as error:
            # An earlier failure, such as a lost connection to the host, is the cause of this one.
            if failure is None:
                raise
            warn(error.sentence)
        finally:
            if container:
                container.close()


def engine_of(profile: Profile) -> Engine:
    """The engine of the profile's machine."""
    return Engine(profile.engine)


def require(profile: Profile) -> None:
    """Raise MissingPrerequisite where Docker, its engine or its compose plugin is missing."""
    engine = engine_of(profile)
    failure = engine.failure()
    if failure == docker.ABSENT:
        remedy = docker.remedy(failure)
        raise MissingPrerequisite(f"{profile.id}: Docker is not installed; {remedy}, {ALTERNATIVE}.")
    if failure and profile.host:
        raise MissingPrerequisite(
            f"{profile.id}: the Docker engine of {profile.host.name} does not answer ({failure}); start it there, or "
            f"fix docker of that host until this works: {' '.join(engine.command)} version"
        )
    if failure:
        raise MissingPrerequisite(
            f"{profile.id}: the Docker engine does not answer ({failure}); {docker.remedy(failure)}, {ALTERNATIVE}."
        )
    try:
        engine.compose_version()
    except DockerError as error:
        if error.sentence.startswith(docker.SILENT):
            raise MissingPrerequisite(f"{profile.id}: docker compose did not answer ({error}); try again.") from None
        raise MissingPrerequisite(
            f"{profile.id}: Docker has no compose plugin; install it ({docker.compose_remedy()}), {ALTERNATIVE}."
        ) from None


def require_image(profile: Profile) -> str:
    """The profile's image as `name id`, pulled if missing. Raises MissingPrerequisite where that fails."""
    engine, name, host = engine_of(profile), profile.server.image, profile.host
    location = f"on {host.name}" if host else "here"
    try:
        image_id = engine.image_id(name)
        if not image_id:
            print_line(f"  pulling the image {name}{f' {location}' if host else ''}, this once")
            image_id = engine.pull(name, quiet=not sys.stdout.isatty())
    except DockerError as error:
        raise MissingPrerequisite(
            f"{profile.id}: the image {name} is not {location} and cannot be pulled ({error}); fix "
            f"server.image or the network, or build the image{'' if host else f', {ALTERNATIVE}'}."
        ) from None
    return f"{name} {image_id[:19]}"


def clear(profile: Profile) -> None:
    """Remove orphaned containers from the profile's machine.

    Raises LockedError for a container of another running process, ServerError for one of another program.
    """
    engine = engine_of(profile)
    try:
        # Containers of version 0.1 have no kind.
        orphans = [container for container in engine.owned() if container.kind in (KIND, "")]
        for container in orphans:
            _require_free(container, profile)
        with deferred_signals():
            engine.remove(container.id for container in orphans)
        for container in orphans:
            print_line(f"  removed the llama-server container of a killed run of {container.profile}")
        arguments = ("--filter", f"name=^/{NAME}$", "--format", '{{.State}}\t{{.Label "com.docker.compose.project"}}')
        other = engine.call("ps", "--all", *arguments)
    except DockerError as error:
        command = " ".join([*engine.command, "ps"])
        raise ServerError(f"{profile.id}: Docker does not list its containers ({error}); try {command}") from None
    if other:
        state, _, project = other.partition("\t")
        command = " ".join([*engine.command, f"compose -p {project} down" if project else f"rm -f {NAME}"])
        raise ServerError(
            f"{profile.id}: a container of another program is named {NAME} ({state}); stop and remove it first: "
            f"{command}"
        )


def _require_free(container: docker.Owned, profile: Profile) -> None:
    if container.machine != process_identity.machine():
        command = " ".join(engine_of(profile).command)
        raise LockedError(
            f"A llama-server container of another machine ({container.machine}) is on {profile.machine}; wait "
            f"for it, or remove it: {command} rm -f {container.name}"
        )
    if not container.orphaned and container.owner != process_identity.current():
        pid = container.owner.split()[0]
        raise LockedError(
            f"A llama-server container of process {pid} (profile {container.profile}) is running; wait for it, "
            f"or stop it first: kill {pid}"
        )


def remove_orphans() -> None:
    """Remove the containers of killed runs from this machine's engine; report those that cannot be removed."""
    orphans = [container for container in docker.orphans() if container.kind == KIND]
    for container in orphans:
        subject = f"the llama-server container of a killed run of {container.profile}"
        try:
            with deferred_signals():
                Engine().remove([container.id])
            print_line(f"  removed {subject}")
        except DockerError as error:
            print_line(f"  {subject} could not be removed ({error}); the next run tries again")


def project_name(profile: Profile, config: Config) -> str:
    """The name of the compose project: one for each profile in each results directory."""
    return f"bench-{re.sub(r'[^a-z0-9_-]', '-', profile.id.lower())}-{digest(str(config.layout.root))[:8]}"


def service(profile: Profile, config: Config, model: Path) -> dict[str, Any]:
    """The profile's compose service, as an override."""
    host = profile.host
    if host:
        volumes, inside = {host.models: model_files.MODELS}, model_files.inside(profile)
    else:
        volumes, inside = mounts(config, model)
    listen, port = (host.listen, host.port) if host else (HOST, profile.server.port)
    command = arguments(profile, inside, "0.0.0.0", PORT)  # noqa: S104 - inside the container
    # A dollar is doubled, for compose would read it as a variable.
    labels = docker.labels(KIND, profile=profile.id, results=str(config.layout.root).replace("$", "$$"))
    return {
        "image": profile.server.image,
        "command": [flag.replace("$", "$$") for flag in command],
        "ports": [{"target": PORT, "host_ip": listen, "published": str(port)}],
        "volumes": [{"type": "bind", "read_only": True, "source": source.replace("$", "$$"), "target": target,
                     "bind": {"create_host_path": False}} for source, target in volumes.items()],
        "labels": labels,
        **({"deploy": GPUS} if profile.server.gpu else {}),
    }  # fmt: skip


def mounts(config: Config, model: Path) -> tuple[dict[str, str], str]:
    """The mounts (host to container), and the model's path in the container.

    The folder of models is /models. Parts of a model that are links out of it are mounted one by one.
    """
    below = model.is_relative_to(config.models)
    folder = config.models if below else model.parent
    real = folder.resolve()
    volumes = {str(real): model_files.MODELS}
    parts = gguf.parts(model)
    if all(part.resolve().is_relative_to(real) for part in parts):
        return volumes, f"{model_files.MODELS}/{model.relative_to(folder)}"
    return volumes | {str(part.resolve()): f"/linked/{part.name}" for part in parts}, f"/linked/{model.name}"


def _up(client: "DockerClient", profile: Profile, compose: list[str]) -> None:
    try:
        # Interrupted, it could create the container after `down` has looked for it.
        with deferred_signals(), docker.translated():
            client.compose.up(detach=True, quiet=True, pull="never")
    except DockerError as error:
        raise start_failure(profile, error.sentence, compose) from None


def start_failure(profile: Profile, message: str, compose: list[str]) -> BenchError:
    """The error for a container that did not start, by Docker's message."""
    if "already allocated" in message or "address already in use" in message:
        return port_taken(profile)
    if profile.server.gpu and any(name in message for name in NO_GPU):
        return MissingPrerequisite(
            f"{profile.id}: Docker can reserve no GPU here ({message}); install the NVIDIA driver and its container "
            "toolkit, or set gpu = false."
        )
    command = " ".join([*compose, "up"])
    return ServerError(f"{profile.id}: docker compose did not start llama-server ({message}); to see more: {command}")


def _down(client: "DockerClient", profile: Profile) -> None:
    try:
        with deferred_signals(), docker.translated():
            client.compose.down(quiet=True)
    except DockerError as error:
        command = " ".join(engine_of(profile).command)
        raise ServerError(
            f"The container {NAME} could not be removed ({error}); the next run on {profile.machine} removes it, or "
            f"do so: {command} rm -f {NAME}"
        ) from None


class Running:
    """The running container: its port on this machine, and its output, which goes into the log."""

    def __init__(self, engine: Engine, log: Path) -> None:
        self.engine = engine
        (container,) = json.loads(engine.call("container", "inspect", NAME))
        self.id, self.pid = str(container["Id"]), int(container["State"]["Pid"])
        ports = container["NetworkSettings"]["Ports"].get(f"{PORT}/tcp") or [{}]
        self.port = int(ports[0].get("HostPort") or 0)
        # It ends with the container, or with this process; on a full disk it ends, and the container goes on.
        with log.open("ab") as output:
            command = [*engine.command, "logs", "--follow", self.id]
            self.follower = start(command, stdout=output, stderr=subprocess.STDOUT)

    def ended(self) -> str | None:
        """The reason why it no longer runs; None while it does."""
        if self.follower.poll() is None:
            return None
        try:
            state = json.loads(self.engine.call("container", "inspect", "--format", "{{json .State}}", self.id))
        except DockerError as error:
            return "the container was removed" if "No such container" in error.sentence else error.sentence
        if state["Running"]:
            return None
        return "out of memory" if state["OOMKilled"] else health.ending(int(state["ExitCode"]))

    def close(self) -> None:
        """Wait for the rest of the output."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.follower.wait(5)
        stop(self.follower)
