"""The one way to Docker: an engine here or elsewhere, each call within a time limit; containers are known by labels.

Frequent calls, such as the search for orphans, run the docker command; images and compose go through
python_on_whales, which takes 0.2 s to import. A container's labels name its kind, the process that owns it and that
process's machine. A container whose process has ended is an orphan.
"""

import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import process_identity
from bench.errors import BenchError
from bench.text import plain

if TYPE_CHECKING:
    from python_on_whales import DockerClient

PATIENCE = 30.0
"""Seconds for one call: a lost connection may never answer."""

KIND, OWNER, MACHINE = "bench.kind", "bench.owner", "bench.machine"
PROFILE, RESULTS = "bench.profile", "bench.results"
"""Labels of our containers."""

SYSTEMD = Path("/run/systemd/system")
"""Present where systemd runs."""
ABSENT = "docker is not installed"
NO_COMPOSE = "docker has no compose plugin"
SILENT = "no answer within"
UNREACHED = (SILENT, "error during connect", "Cannot connect to the Docker daemon")
"""Beginnings of reasons where no engine was reached."""

ENGINE = {
    "debian 12": "apt install docker.io",
    "debian": "apt install docker.io docker-cli",
    "ubuntu": "apt install docker.io",
}
"""Commands that install Docker, by system."""
COMPOSE = {
    "debian 12": "Debian 12 has no package of compose 2: take docker-compose-plugin from Docker's own repository",
    "debian": "apt install docker-compose",
    "ubuntu": "apt install docker-compose-v2",
}
"""Commands that install compose 2, by system."""


class DockerError(BenchError):
    """Docker failed; the sentence is its reason, a phrase for a sentence of the caller."""


@dataclass(frozen=True)
class Owned:
    """A container of ours: the process that owns it (by process_identity), its machine, profile and results."""

    id: str
    name: str
    kind: str
    owner: str
    machine: str
    profile: str
    results: str

    @property
    def orphaned(self) -> bool:
        """Whether its process, of this machine, is gone."""
        return self.machine == process_identity.machine() and not process_identity.lives(self.owner)


@dataclass(frozen=True)
class Engine:
    """A Docker engine by its address (ssh://…, tcp://…, unix://…), its context's name, or "" for this machine's."""

    where: str = ""

    @property
    def command(self) -> list[str]:
        """The start of every docker command line for it."""
        return ["docker", *(["--host" if "://" in self.where else "--context", self.where] if self.where else [])]

    def call(self, *arguments: str, seconds: float = PATIENCE) -> str:
        """The output of `docker <arguments>`. Raises DockerError."""
        try:
            # In a session of its own, so that a Ctrl-C at the terminal does not end it half-way.
            process = subprocess.run(
                [*self.command, *arguments], capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
                timeout=seconds, check=False, start_new_session=True,
            )  # fmt: skip
        except FileNotFoundError:
            raise DockerError(ABSENT) from None
        except OSError as error:
            raise DockerError(f"docker cannot be started: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise DockerError(f"{SILENT} {seconds:g} s") from None
        if process.returncode:
            raise DockerError(reason(process.stderr or process.stdout) or f"exit code {process.returncode}")
        return process.stdout.strip("\n")

    def client(self, seconds: float = 0.0, **options: Any) -> "DockerClient":
        """python_on_whales' client of this engine; each of its calls ends after so many seconds, 0 for never."""
        from python_on_whales import DockerClient  # noqa: PLC0415 - heavy

        where: dict[str, Any] = {"host" if "://" in self.where else "context": self.where} if self.where else {}
        # timeout(1) also keeps a Ctrl-C at the terminal from it.
        limit = ["timeout", "--kill-after=5", str(seconds)] if seconds and shutil.which("timeout") else []
        return DockerClient(client_call=[*limit, "docker"], **where, **options)

    def version(self, seconds: float = PATIENCE) -> str:
        """The engine's version. Raises DockerError."""
        return self.call("version", "--format", "{{.Server.Version}}", seconds=seconds)

    def compose_version(self, seconds: float = PATIENCE) -> str:
        """The version of the compose plugin. Raises DockerError."""
        try:
            return self.call("compose", "version", "--short", seconds=seconds)
        except DockerError as error:
            # Without the plugin, docker takes the arguments for flags of its own.
            missing = re.search(r"unknown (shorthand )?flag|is not a docker command|unknown command", error.sentence)
            raise DockerError(NO_COMPOSE) if missing else error from None

    def failure(self) -> str | None:
        """The reason why no engine answers; None where one does."""
        try:
            self.version()
        except DockerError as error:
            return error.sentence
        return None

    def address(self) -> str:
        """The engine's address, such as ssh://user@host; "" where its context is not known."""
        if "://" in self.where:
            return self.where
        try:
            return Engine().call("context", "inspect", self.where, "--format", "{{.Endpoints.docker.Host}}")
        except DockerError:
            return ""

    def image_id(self, image: str, seconds: float = PATIENCE) -> str:
        """The id of an image; "" where it is not there. Raises DockerError where no engine answers."""
        try:
            return self.call("image", "inspect", "--format", "{{.Id}}", image, seconds=seconds)
        except DockerError as error:
            if error.sentence.startswith((ABSENT, *UNREACHED)):
                raise
            return ""

    def pull(self, image: str, *, quiet: bool) -> str:
        """Pull an image; its id. Raises DockerError."""
        with translated():
            self.client().image.pull(image, quiet=quiet)
        if image_id := self.image_id(image):
            return image_id
        raise DockerError("it was pulled and is not there")

    def owned(self, kind: str = "", seconds: float = PATIENCE) -> list[Owned]:
        """Our containers, running or not. Raises DockerError."""
        labels = (KIND, OWNER, MACHINE, PROFILE, RESULTS)
        template = "\t".join(["{{.ID}}", "{{.Names}}", *(f'{{{{.Label "{label}"}}}}' for label in labels)])
        conditions = [f"label={OWNER}", *([f"label={KIND}={kind}"] if kind else [])]
        options = [option for condition in conditions for option in ("--filter", condition)]
        listed = self.call("ps", "--all", "--no-trunc", *options, "--format", template, seconds=seconds)
        rows = [line.split("\t") for line in listed.splitlines()]
        return [Owned(*row) for row in rows if len(row) == len(labels) + 2]

    def remove(self, containers: Iterable[str]) -> None:
        """Remove containers by id or name, running or not. Raises DockerError."""
        if names := list(containers):
            self.call("rm", "--force", "--volumes", *names)

    def remove_orphans(self, kind: str = "") -> list[Owned]:
        """Remove our containers whose processes are gone, and return them. Raises DockerError."""
        removed = [container for container in self.owned(kind) if container.orphaned]
        self.remove(container.id for container in removed)
        return removed


def labels(kind: str, **more: str) -> dict[str, str]:
    """The labels of a container of this process; `more` are further ones below `bench.`."""
    own = {KIND: kind, OWNER: process_identity.current(), MACHINE: process_identity.machine()}
    return own | {f"bench.{name}": value for name, value in more.items()}


def orphans(seconds: float = PATIENCE) -> list[Owned]:
    """Our containers on this machine whose processes are gone; none where Docker does not answer."""
    try:
        return [container for container in Engine().owned(seconds=seconds) if container.orphaned]
    except DockerError:
        return []


def orphan_notices(results: Path | None = None, seconds: float = 5.0) -> list[str]:
    """A sentence for each container that a killed run (on that results folder) left here, and how to remove it."""
    return [
        f"a killed run{f' of {container.profile}' if container.profile else ''} left the container {container.name} "
        f"behind; the next run removes it, or do so: docker rm -f {container.name}"
        for container in orphans(seconds)
        if results is None or container.results == str(results)
    ]


def remedy(failure: str) -> str:
    """The remedy where no engine of this machine answers, or it lacks compose, by the reason."""
    if failure == NO_COMPOSE:
        return compose_remedy()
    if failure.startswith(ABSENT):
        return f"install it ({_of_system(ENGINE) or 'docs.docker.com/engine/install'})"
    if "permission denied" in failure:
        return "join its group (sudo usermod -aG docker $USER) and log in again"
    if failure.startswith(SILENT):
        return "wait until it is less busy, or look what it does (systemctl status docker)"
    if address := re.search(r"(tcp|ssh|https?)://[^\s/%\"]*[^\s/%\".]", failure):
        return f"start it there ({address[0]}), or let DOCKER_HOST and docker context name another one"
    if ".docker/" in failure:
        return "start Docker Desktop"
    if "/run/user/" in failure:
        return "start it (systemctl --user start docker)"
    return f"start it ({'systemctl start docker' if SYSTEMD.exists() else 'service docker start'})"


def compose_remedy() -> str:
    """The command that installs the compose plugin on this system."""
    return _of_system(COMPOSE) or "install Docker's compose plugin (docker-compose-plugin, or docker-compose-v2)"


def _of_system(remedies: dict[str, str]) -> str:
    """The entry of a table for this system in its version, or in any; "" for none."""
    try:
        known = platform.freedesktop_os_release()
    except OSError:
        return ""
    system = known.get("ID", "")
    return remedies.get(f"{system} {known.get('VERSION_ID', '')}", remedies.get(system, ""))


@contextmanager
def translated() -> Iterator[None]:
    """Turn exceptions of python_on_whales into DockerError."""
    from python_on_whales.exceptions import DockerException  # noqa: PLC0415 - heavy

    try:
        yield
    except DockerException as error:
        if error.return_code == 124:
            raise DockerError(f"{SILENT} the time that it has") from None
        raise DockerError(reason(error.stderr or error.stdout or "") or f"exit code {error.return_code}") from None


def reason(text: str) -> str:
    """The last line before any usage text, where Docker puts its reason; over ssh, ssh's own reason at its end."""
    text = re.split(r"^\s*(?:See '|Usage:|Run ')", text, maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = lines[-1].rpartition("stderr=")[2].removeprefix("Error response from daemon: ") if lines else ""
    return plain(last).rstrip(".")
