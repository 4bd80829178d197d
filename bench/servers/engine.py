"""What Docker has on this machine: the engine, its compose plugin, images.

For actions only: imports python_on_whales.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from python_on_whales import DockerClient
from python_on_whales.exceptions import DockerException, NoSuchImage

from bench.console import tell
from bench.errors import BenchError, MissingPrerequisite, ServerError
from bench.profiles import Host, Profile
from bench.servers import leftovers
from bench.text import plain

OTHERWISE = 'or set [server] kind = "process"'
UNREACHED = "error during connect"
"""Words of Docker's where it could not ask an engine that is elsewhere."""

NO_GPU = ("device driver", "CDI", "nvidia")
"""Words in what Docker says where it can reserve no GPU."""


def command(host: Host | None) -> list[str]:
    """The start of every docker command line for a host's engine, or this machine's."""
    return leftovers.docker(host.docker if host else "")


def client(profile: Profile, **options: Any) -> DockerClient:
    """A client of the engine on the profile's machine."""
    host = profile.host
    where: dict[str, Any] = {} if host is None else {"host" if "://" in host.docker else "context": host.docker}
    return DockerClient(**where, **options)


def address(host: Host) -> str:
    """Where a host's engine is, as Docker writes it, such as ssh://user@host; "" where its context is not known."""
    if "://" in host.docker:
        return host.docker
    asked = ["docker", "context", "inspect", host.docker, "--format", "{{.Endpoints.docker.Host}}"]
    answer = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else ""


def lacks(
    arguments: Sequence[str] = ("version", "--format", "{{.Server.Version}}"), host: Host | None = None
) -> str | None:
    """None where `docker <arguments>` works, else why it does not, in Docker's words."""
    if shutil.which("docker") is None:
        return "docker is not installed"
    try:
        answer = subprocess.run([*command(host), *arguments], capture_output=True, text=True, timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return "it does not answer within 30 s"
    return None if answer.returncode == 0 else last_line(answer.stderr or answer.stdout) or "it says nothing"


def require(profile: Profile) -> None:
    """Raise MissingPrerequisite where Docker, its engine or its compose plugin is missing."""
    if shutil.which("docker") is None:
        raise MissingPrerequisite(
            f"{profile.id}: Docker is not installed; install it (apt install docker.io), {OTHERWISE}."
        )
    reason = lacks(host=profile.host)
    if reason and profile.host:
        raise MissingPrerequisite(
            f"{profile.id}: the Docker engine of {profile.host.name} does not answer ({reason}); start it there, or "
            f"mend docker of that host until this works: {' '.join(command(profile.host))} version"
        )
    if reason and "permission denied" in reason:
        raise MissingPrerequisite(
            f"{profile.id}: this user may not use the Docker engine; join its group (sudo usermod -aG docker $USER) "
            f"and log in again, {OTHERWISE}."
        )
    if reason:
        raise MissingPrerequisite(
            f"{profile.id}: the Docker engine does not answer ({reason}); start it (systemctl start docker), "
            f"{OTHERWISE}."
        )
    if lacks(("compose", "version")):
        raise MissingPrerequisite(
            f"{profile.id}: Docker has no compose plugin; install it (apt install docker-compose-v2 or "
            f"docker-compose-plugin), {OTHERWISE}."
        )


def image(profile: Profile) -> str:
    """The profile's image as `name id`, pulled if it is not there. Raises MissingPrerequisite where it cannot be."""
    docker, name, host = client(profile), profile.server.image, profile.host
    where = f"on {host.name}" if host else "here"
    try:
        found = docker.image.inspect(name)
    except NoSuchImage:
        tell(f"  pulling the image {name}{f' {where}' if host else ''}, this once")
        try:
            docker.image.pull(name, quiet=not sys.stdout.isatty())
            found = docker.image.inspect(name)
        except DockerException as error:
            raise MissingPrerequisite(
                f"{profile.id}: the image {name} is not {where} and cannot be pulled ({words(error)}); mend "
                f"server.image or the network, or build the image{'' if host else f', {OTHERWISE}'}."
            ) from None
    return f"{name} {found.id[:19]}"


def failure(profile: Profile, error: DockerException) -> BenchError:
    """The sentence for a container that did not start, by what Docker says about it."""
    said = words(error)
    if profile.server.gpu and any(name in said for name in NO_GPU):
        return MissingPrerequisite(
            f"{profile.id}: Docker can reserve no GPU here ({said}); install the NVIDIA driver and its container "
            "toolkit, or set gpu = false."
        )
    return ServerError(f"{profile.id}: docker compose did not start llama-server: {said}")


def words(error: DockerException) -> str:
    """What Docker said, without the command line around it."""
    return last_line(error.stderr or error.stdout or "") or f"exit code {error.return_code}; see above"


def last_line(text: str) -> str:
    """The last line that says something, which is where Docker puts its reason; over ssh, ssh's own at its end."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = lines[-1].rpartition("stderr=")[2].removeprefix("Error response from daemon: ") if lines else ""
    return plain(said).rstrip(".")
