"""The sandbox in Docker: a container without network, capabilities or a writable root."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from bench.console import print_line
from bench.docker import DockerError, Engine, labels
from bench.errors import SandboxError
from bench.profiles import Sandbox
from bench.sandbox.instance import SandboxInstance
from bench.sandbox.kind import ENVIRONMENT, SandboxKind

KIND = "sandbox"
NOBODY = "65534:65534"
OVERHEAD = 256
"""MiB of a container beyond those of a sample."""


def image_id(image: str, *, pull: bool = True) -> str:
    """The id of an image, pulled if it is missing and may be. Raises SandboxError where that fails."""
    engine = Engine()
    try:
        if identity := engine.image_id(image):
            return identity
        if not pull:
            raise SandboxError(f"The sandbox image {image} is not here; run docker pull {image}.")
        print_line(f"  pulling the sandbox image {image}, once")
        return engine.pull(image, quiet=True)
    except DockerError as error:
        raise SandboxError(
            f"The sandbox image {image} is not here and cannot be pulled ({error}); "
            'build or load it, or set [sandbox] kind = "bubblewrap".'
        ) from None


class Docker(SandboxKind):
    """Containers of an image; the engine keeps memory, processes and cores."""

    name: ClassVar[str] = "docker"

    def __init__(self, settings: Sandbox, *, pull: bool = True) -> None:
        super().__init__(settings, pull=pull)
        self.image = settings.image
        self.identity = f"docker {image_id(settings.image, pull=pull)}"

    @staticmethod
    def failure() -> str | None:
        """The reason why the engine cannot be used; None where it can."""
        return Engine().failure()

    def remove_orphans(self) -> None:
        """Remove containers of ended gradings."""
        # They end by themselves unless the engine was stopped.
        with contextlib.suppress(DockerError):
            Engine().remove_orphans(KIND)

    def start(self, runner: Path, number: int, programs: Sequence[str]) -> SandboxInstance:
        """Start a container."""
        return SandboxInstance(command(self.settings, runner.resolve(), number, programs), memory=self.memory)


def command(settings: Sandbox, runner: Path, number: int, programs: Sequence[str] = ()) -> list[str]:
    """The command line of one container; it ends with its stdin."""
    memory = f"{settings.memory + OVERHEAD}m"
    return [
        *Engine().command, "run", "--interactive", "--rm", "--pull", "never", "--network", "none", "--read-only",
        "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", NOBODY,
        "--memory", memory, "--memory-swap", memory, "--pids-limit", str(settings.pids),
        "--cpus", str(min(1.5, os.cpu_count() or 1)),
        "--ulimit", "core=0", "--ulimit", "nofile=1024", "--shm-size", "16m",
        "--tmpfs", "/tmp:rw,nosuid,nodev,size=64m,nr_inodes=16k,mode=1777",  # noqa: S108 - inside the container
        "--mount", f"type=bind,source={runner},target=/box,readonly", "--workdir", "/box",
        *(option for name, value in labels(KIND).items() for option in ("--label", f"{name}={value}")),
        "--name", f"bench-sandbox-{os.getpid()}-{number}-{os.urandom(3).hex()}",
        "--log-driver", "none",
        *(option for name, value in ENVIRONMENT.items() for option in ("--env", f"{name}={value}")),
        "--entrypoint", "python3", settings.image, "-s", "-m", "inside.runner", "0", *programs,
    ]  # fmt: skip
