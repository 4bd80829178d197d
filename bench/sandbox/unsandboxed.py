"""No sandbox at all, only if configured by name: samples are processes of this user."""

import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from bench.profiles import Sandbox
from bench.sandbox.instance import SandboxInstance
from bench.sandbox.kind import SandboxKind


class Unsandboxed(SandboxKind):
    """A process of this machine, with the rights of its user."""

    name: ClassVar[str] = "none"
    isolated: ClassVar[bool] = False

    def __init__(self, settings: Sandbox, *, pull: bool = True) -> None:
        super().__init__(settings, pull=pull)
        self.identity = f"python {platform.python_version()}"

    @staticmethod
    def failure() -> None:
        """It runs everywhere."""

    def start(self, runner: Path, number: int, programs: Sequence[str]) -> SandboxInstance:  # noqa: ARG002 - all are alike
        """Start the runner as it is."""
        command = [sys.executable, "-s", "-m", "inside.runner", "0", *programs]
        return SandboxInstance(command, memory=self.memory, folder=runner)
