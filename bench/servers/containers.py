"""llama-server's containers: whose each is, and what a doit that was killed left behind. Imports python_on_whales."""

import contextlib
import subprocess
import threading
from pathlib import Path

from python_on_whales import Container, DockerClient
from python_on_whales.exceptions import DockerException, NoSuchContainer

from bench.errors import LockedError, ServerError
from bench.owner import MACHINE, identity, lives, machine
from bench.processes import die_with_parent, stop, undisturbed
from bench.profiles import Host, Profile
from bench.servers import engine, server_log
from bench.servers.engine import words
from bench.servers.leftovers import OWNER

NAME = "llama-server"
PROFILE = "bench.profile"
RESULTS = "bench.results"


def clear(profile: Profile) -> list[str]:
    """Remove what doits that were killed left behind, and return the profiles that it was for.

    Raises LockedError where a container belongs to another process that lives, ServerError where it is not ours.
    """
    docker, gone = engine.client(profile), []
    for container in docker.container.list(all=True, filters=[("label", OWNER)]):
        labels = container.config.labels or {}
        pid = labels[OWNER].split()[0]
        if labels.get(MACHINE, machine()) != machine():
            raise LockedError(
                f"A llama-server container of another machine ({labels[MACHINE]}) is on {profile.machine}; wait for "
                f"it, or remove it: {' '.join(engine.command(profile.host))} rm -f {NAME}"
            )
        if lives(labels[OWNER]) and labels[OWNER] != identity():
            raise LockedError(
                f"A llama-server container of process {pid} ({labels.get(RESULTS)}) is running; wait for it, or "
                f"stop it first: kill {pid}"
            )
        with undisturbed():
            container.remove(force=True)
        gone.append(labels.get(PROFILE, "?"))
    try:
        stranger = docker.container.inspect(NAME)
    except NoSuchContainer:
        return gone
    raise foreign(profile, stranger)


def foreign(profile: Profile, container: Container) -> ServerError:
    """The error for a container that has our name and is not ours."""
    project = (container.config.labels or {}).get("com.docker.compose.project")
    docker = " ".join(engine.command(profile.host))
    freed = f"{docker} compose -p {project} down" if project else f"{docker} rm -f {NAME}"
    return ServerError(
        f"{profile.id}: a container named {NAME} that is not ours is there ({container.state.status}); stop and remove "
        f"it first: {freed}"
    )


class Running:
    """A container that runs: its log, followed into a file, and how it ended."""

    def __init__(self, docker: DockerClient, log: Path, host: Host | None = None) -> None:
        self.docker, self.found = docker, docker.container.inspect(NAME)
        # A program of its own, so that it does not outlive us; it ends with the container.
        self.follower = subprocess.Popen(
            [*engine.command(host), "logs", "--follow", self.found.id],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=die_with_parent,  # noqa: PLW1509 - no locks
        )  # fmt: skip
        self.copying = threading.Thread(target=self._copy, args=[log], daemon=True)
        self.copying.start()

    def port(self, inside: int) -> int:
        """The port on this machine for a port inside."""
        bound = (self.found.network_settings.ports or {}).get(f"{inside}/tcp") or [{}]
        return int(bound[0].get("HostPort") or 0)

    def ended(self) -> str | None:
        """Why it no longer runs; None while it does."""
        if self.follower.poll() is None:
            return None
        try:
            state = self.docker.container.inspect(self.found.id).state
        except NoSuchContainer:
            return "somebody removed the container"
        except DockerException as error:
            return words(error)
        if state.running:
            return None
        self.copying.join(5)
        code = state.exit_code or 0
        return "out of memory" if state.oom_killed else f"signal {code - 128}" if code > 128 else f"exit code {code}"

    def close(self) -> None:
        """Wait for the rest of the log."""
        self.copying.join(5)
        stop(self.follower)

    def _copy(self, log: Path) -> None:
        assert self.follower.stdout is not None
        # On a full disk the log ends there; nobody waits for it.
        with self.follower.stdout as said, contextlib.suppress(OSError), log.open("ab", buffering=0) as file:
            for line in said:
                file.write(server_log.plain(line))
