"""The sandbox in Docker: a container without network, capabilities or a writable root.

The command line is used throughout: interactive stdin needs it, and importing python-on-whales costs 0.2 s of a
grading that takes 8.
"""

import os
import subprocess
from pathlib import Path
from typing import ClassVar

from bench import owner
from bench.console import tell
from bench.errors import SandboxError
from bench.profiles import Sandbox
from bench.sandbox.instance import SandboxInstance
from bench.sandbox.kind import SandboxKind

OWNER = "bench.sandbox"
"""The label that names the process whose sandbox it is, as `owner.identity` does."""


NOBODY = "65534:65534"
OVERHEAD = 256
"""MiB that a container may use beyond what a sample may."""


def _docker(*arguments: str, seconds: float = 30.0) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=seconds, check=False)
    except FileNotFoundError:
        return subprocess.CompletedProcess(arguments, 127, "", "docker is not installed")
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(arguments, 124, "", f"docker did not answer within {seconds:.0f} s")


def reason() -> str | None:
    """None where the engine answers, else why not."""
    answer = _docker("version", "--format", "{{.Server.Version}}")
    return None if answer.returncode == 0 else (answer.stderr.strip().splitlines() or ["it does not answer"])[-1]


def image_id(image: str, *, pull: bool = True) -> str:
    """The id of an image, pulled if it is not there and may be. Raises SandboxError where it cannot be had."""
    if found := _inspect(image):
        return found
    if not pull:
        raise SandboxError(f"The sandbox image {image} is not here; run docker pull {image}.")
    tell(f"  pulling the sandbox image {image}, once")
    pulled = _docker("pull", "--quiet", image, seconds=3600)
    if pulled.returncode:
        said = (pulled.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SandboxError(
            f"The sandbox image {image} is not here and cannot be pulled ({said}); "
            'build or load it, or set [sandbox] kind = "bubblewrap".'
        )
    if found := _inspect(image):
        return found
    raise SandboxError(f"The sandbox image {image} was pulled but is not there; run docker pull {image}.")


def _inspect(image: str) -> str:
    found = _docker("image", "inspect", "--format", "{{.Id}}", image)
    return found.stdout.strip() if found.returncode == 0 else ""


class Docker(SandboxKind):
    """Containers of an image; the engine keeps memory, processes and cores."""

    name: ClassVar[str] = "docker"

    def __init__(self, settings: Sandbox, *, pull: bool = True) -> None:
        super().__init__(settings, pull=pull)
        self.image = settings.image
        self.identity = f"docker {image_id(settings.image, pull=pull)}"

    @staticmethod
    def failure() -> str | None:
        """Why the engine cannot be used."""
        return reason()

    def remove_orphans(self) -> None:
        """Remove containers whose grading is gone."""
        remove_orphans()

    def start(self, runner: Path, number: int) -> SandboxInstance:
        """Start a container."""
        return SandboxInstance(command(self.settings, runner.resolve(), number), memory=self.memory)


def command(settings: Sandbox, runner: Path, number: int) -> list[str]:
    """The command line of one container; it ends with its stdin."""
    memory = f"{settings.memory + OVERHEAD}m"
    return [
        "docker", "run", "--interactive", "--rm", "--pull", "never", "--network", "none", "--read-only",
        "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", NOBODY,
        "--memory", memory, "--memory-swap", memory, "--pids-limit", str(settings.pids),
        "--cpus", str(min(1.5, os.cpu_count() or 1)),
        "--ulimit", "core=0", "--ulimit", "nofile=1024", "--shm-size", "16m",
        "--tmpfs", "/tmp:rw,nosuid,nodev,size=64m,nr_inodes=16k,mode=1777",  # noqa: S108 - inside the container
        "--mount", f"type=bind,source={runner},target=/box,readonly", "--workdir", "/box",
        "--label", f"{OWNER}={owner.identity()}", "--label", f"{owner.MACHINE}={owner.machine()}",
        "--name", f"bench-sandbox-{os.getpid()}-{number}-{os.urandom(3).hex()}",
        "--log-driver", "none", "--env", "PYTHONHASHSEED=0", "--env", "OPENBLAS_NUM_THREADS=1",
        "--env", "PYTHONDONTWRITEBYTECODE=1",
        "--entrypoint", "python3", settings.image, "-s", "-m", "inside.runner", "0",
    ]  # fmt: skip


def remove_orphans() -> list[str]:
    """Remove containers of this machine's graders that are gone (they end by themselves unless the engine was stopped).

    Returns their names.
    """
    shown = "\t".join(["{{.Names}}", *(f'{{{{.Label "{label}"}}}}' for label in (OWNER, owner.MACHINE))])
    listed = _docker("ps", "--all", "--filter", f"label={OWNER}", "--format", shown)
    rows = [line.split("\t") for line in listed.stdout.splitlines()]
    gone = [name for name, whose, machine in rows if machine == owner.machine() and not owner.lives(whose)]
    if gone:
        _docker("rm", "--force", *gone)
    return gone
