"""Which sandbox model code runs in: Docker, bubblewrap, or none (by name only)."""

import platform
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from bench.console import tell, warn
from bench.errors import SandboxError
from bench.profiles import Sandbox, SandboxKind
from bench.sandbox import bubblewrap, docker
from bench.sandbox.cores import cores
from bench.sandbox.instance import Lane

NONE = (
    "No sandbox for model code: start Docker, or install bubblewrap (apt install bubblewrap), or set "
    '[sandbox] kind = "none" and read what that risks (docs/sandbox.md).'
)
WARNING = (
    'WARNING: [sandbox] kind = "none": code that a model wrote runs on this machine with your rights; it can read, '
    "change and send all that you can."
)


@dataclass(frozen=True)
class Box:
    """The chosen sandbox; `identity` names what decides a verdict beside sample and limits: the image, or versions."""

    kind: str
    settings: Sandbox
    identity: str

    @property
    def workers(self) -> int:
        """Lanes to run at once: as set, or one a core that this process may use."""
        return self.settings.workers or cores()

    @property
    def apart(self) -> int:
        """Lanes to run at once where each needs a core to itself."""
        return min(self.workers, cores())

    @property
    def isolated(self) -> bool:
        """Whether there is anything to prove."""
        return self.kind != "none"

    def open(self, box: Path, lane: int) -> Lane:
        """Start a lane that sees `box` read-only. Raises SandboxError."""
        memory, box = self.settings.memory << 20, box.resolve()
        if self.kind == "docker":
            return Lane(docker.command(self.settings, box, lane), None, memory, 0)
        if self.kind == "bubblewrap":
            command = bubblewrap.command(box, lane)
            return Lane(command, None, memory, bubblewrap.processes(self.settings))
        return Lane([sys.executable, "-s", "-m", "inside.runner", "0"], str(box), memory, 0)


def available(kind: str) -> str | None:
    """None where sandboxes of `kind` can be used on this machine, else the reason why not."""
    if kind == "docker":
        return docker.reason()
    if kind == "bubblewrap":
        return bubblewrap.reason()
    if kind == "auto":
        reasons = [docker.reason(), bubblewrap.reason()]
        return None if None in reasons else "; ".join(filter(None, reasons))
    return None


REFUSED: set[str] = set()
"""Images that this run could not have where bubblewrap serves too: they are not asked for before each grading."""


def sandbox_for(settings: Sandbox, *, trusted: bool = False) -> Box:
    """The sandbox to use; `trusted` solutions (the bundled demo's) may run without one where there is none.

    Raises SandboxError that names the remedy.
    """
    if settings.kind == "none":
        if not trusted:
            warn(WARNING)
        return _box("none", settings)
    if settings.kind != "auto":
        reason = available(settings.kind)
        if reason:
            raise SandboxError(
                f'[sandbox] kind = "{settings.kind}" cannot be used here ({reason}); mend that, or set kind = "auto".'
            )
        return _box(settings.kind, settings)
    return _automatic(settings, trusted=trusted)


def _automatic(settings: Sandbox, *, trusted: bool) -> Box:
    failed: SandboxError | None = None
    if settings.image not in REFUSED and docker.reason() is None:
        try:
            # The demo is to run at once: gigabytes are not pulled for it.
            return _box("docker", settings, pull=not trusted)
        except SandboxError as error:
            failed = error
    if bubblewrap.reason() is None:
        if failed and not trusted:
            tell(f"  grading in bubblewrap, not in Docker: {failed.sentence}")
            REFUSED.add(settings.image)
        return _box("bubblewrap", settings)
    if trusted:
        return _box("none", settings)
    raise failed or SandboxError(NONE)


def _box(kind: SandboxKind, settings: Sandbox, *, pull: bool = True) -> Box:
    settings = replace(settings, kind=kind)
    if kind == "docker":
        return Box(kind, settings, f"docker {docker.image_id(settings.image, pull=pull)}")
    return Box(kind, settings, bubblewrap.versions() if kind == "bubblewrap" else f"python {platform.python_version()}")
