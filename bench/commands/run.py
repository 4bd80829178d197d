"""doit run, with any reporter: profiles whose hosts lack the model are skipped."""

from typing import Any

from doit.cmd_run import Run as DoitRun

from bench.console import line, warn
from bench.graph import hosts


class Skipping:
    """A mixin for doit's reporters: profiles whose hosts lack the model are skipped, with a line each."""

    def initialize(self, tasks: dict[str, Any], selected_tasks: list[str]) -> None:
        """Remove skipped profiles from a whole run before it begins."""
        report = tasks[hosts.REPORT].meta if hosts.REPORT in selected_tasks else None
        skipped = (report or {}).get("skipped")
        if skipped is not None:  # else it is another project's graph
            skipped.update(hosts.prepare(tasks, selected_tasks, skipped))
            for profile_id, reason in skipped.items():
                warn(line("skip", profile_id, reason))
        if begin := getattr(super(), "initialize", None):
            begin(tasks, selected_tasks)


class Run(DoitRun):  # type: ignore[misc] # doit is untyped
    """doit's own command, with our mixin in its reporters."""

    def get_reporters(self) -> dict[str, Any]:
        """All reporters of doit."""
        return {
            name: type(reporter.__name__, (Skipping, reporter), {})
            for name, reporter in super().get_reporters().items()
        }
