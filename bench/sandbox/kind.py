"""The interface of every kind of sandbox. A new kind is a module with one class, and its line in kinds.py."""

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from bench.profiles import Sandbox
from bench.sandbox.instance import SandboxInstance

ENVIRONMENT = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
"""Variables of the Python in a sandbox."""


class SandboxKind(ABC):
    """One kind of sandbox with its settings; `identity` names the versions that may change a verdict."""

    name: ClassVar[str]
    isolated: ClassVar[bool] = True
    """Whether it keeps samples from this machine, which is then proved."""

    identity: str
    image: str = ""

    def __init__(self, settings: Sandbox, *, pull: bool = True) -> None:  # noqa: ARG002 - for kinds that have images
        """Raises SandboxError where something is missing, which `pull` may fetch."""
        self.settings = settings

    @staticmethod
    @abstractmethod
    def failure() -> str | None:
        """The reason why sandboxes of this kind cannot be used on this machine; None where they can."""

    @abstractmethod
    def start(self, runner: Path, number: int, programs: Sequence[str]) -> SandboxInstance:
        """Start a sandbox, the grading's `number`th, that sees the folder `runner` read-only and has these programs.

        Raises SandboxError.
        """

    def remove_orphans(self) -> None:  # noqa: B027 - most leave nothing
        """Remove sandboxes of killed gradings from this machine."""

    @property
    def workers(self) -> int:
        """Sandboxes to run at once: as set, or one a core that this process may use."""
        return self.settings.workers or len(os.sched_getaffinity(0))

    @property
    def memory(self) -> int:
        """Bytes that a sample may use."""
        return self.settings.memory << 20
