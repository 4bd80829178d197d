"""doit run: doit's own, in which no reporter is given what other machines cannot do."""

from typing import Any

from doit.cmd_run import Run as DoitRun

from bench.console import line, warn
from bench.graph import hosts


class Skipping:
    """What doit's reporters get beside their own: profiles whose hosts lack the model are skipped, and it is said."""

    def initialize(self, tasks: dict[str, Any], selected_tasks: list[str]) -> None:
        """Take them out of a whole run before it begins; profiles that lack something here are not in it."""
        report = tasks[hosts.REPORT].meta if hosts.REPORT in selected_tasks else None
        skipped = (report or {}).get("skipped")
        if skipped is not None:  # else it is another project's graph
            skipped.update(hosts.prepare(tasks, selected_tasks, skipped))
            for profile_id, reason in skipped.items():
                warn(line("skip", profile_id, reason))
        if begin := getattr(super(), "initialize", None):
            begin(tasks, selected_tasks)


class Run(DoitRun):  # type: ignore[misc] # doit is untyped
    """As doit runs tasks."""

    def get_reporters(self) -> dict[str, Any]:
        """All that doit knows."""
        return {name: type(one.__name__, (Skipping, one), {}) for name, one in super().get_reporters().items()}
