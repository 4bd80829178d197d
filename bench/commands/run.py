"""doit run, with any reporter: profiles that cannot run here are skipped."""

from typing import Any

from doit.cmd_run import Run as DoitRun

from bench.graph.reporter import Skipping


class Run(DoitRun):  # type: ignore[misc] # doit is untyped
    """doit's own command, with our mixin in its reporters."""

    def get_reporters(self) -> dict[str, Any]:
        """All reporters of doit."""
        return {
            name: type(reporter.__name__, (Skipping, reporter), {})
            for name, reporter in super().get_reporters().items()
        }
