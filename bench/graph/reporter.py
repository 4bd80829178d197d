"""The output of a run: the reasons why each task runs, errors in one sentence, and a summary."""

import shutil
import time
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from doit.reporter import ConsoleReporter

from bench.console import BLUE, GREY, RED, colored, duration, line, relative, warn
from bench.graph import hosts
from bench.graph.hosts import GROUPS, REPORT, stage_of
from bench.graph.settings import settings_of
from bench.interrupts import Stopped, begin_work
from bench.profiles import Config


def title(task: Any) -> str:
    """The title of a task: the verb, its object, and the reason when doit decided to run it."""
    settings, (verb, name) = settings_of(task), task.meta["title"]
    missing = settings.now is None and settings.others  # the failure that follows names it
    return line(verb, name, "cannot run" if missing else settings.text or "forced")


class Skipping:
    """A mixin for doit's reporters: a run over several profiles leaves out those that cannot run here, which it names.

    `config` is None where the graph is another project's; `whole` means that the run is over several profiles.
    """

    config: Config | None = None
    whole = False

    def initialize(self, tasks: dict[str, Any], selected_tasks: list[str]) -> None:
        """Prepare the tasks before the first one runs."""
        own = (tasks[REPORT].meta if REPORT in tasks else None) or {}
        self.config, self.skipped = own.get("config"), own.get("skipped", {})
        if self.config:
            others = len(selected_tasks) > 1 or len(self.skipped) == len(self.config.profiles)
            self.whole = (REPORT in selected_tasks and others) or not {*GROUPS}.isdisjoint(selected_tasks)
            hosts.prepare(tasks, selected_tasks, self.skipped)
            self.print_skipped(self.skipped if self.whole else {})
        if begin := getattr(super(), "initialize", None):
            begin(tasks, selected_tasks)

    def print_skipped(self, reasons: Mapping[str, str]) -> None:
        """Print a line for each skipped profile."""
        for profile_id, reason in reasons.items():
            warn(line("skip", profile_id, reason))


class RunReporter(Skipping, ConsoleReporter):  # type: ignore[misc] # doit is untyped
    """Prints the reason before a task runs, and a summary of the run."""

    desc = "why each task runs, and how the run ended"

    def __init__(self, outstream: TextIO, options: dict[str, Any]) -> None:
        super().__init__(outstream, options)
        self.began = time.monotonic()
        self.reports = False
        self.starts: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        self.failed: dict[str, str] = {}
        self.absent: dict[str, str] = {}

    def write(self, text: str) -> None:
        """Write at once."""
        super().write(text)
        self.outstream.flush()

    def write_lines(self, lines: Iterable[str], color: int = 0) -> None:
        """Write lines, in a colour where the terminal has colours."""
        for text in lines:
            self.write((colored(text, color, self.outstream) if color else text) + "\n")

    def initialize(self, tasks: dict[str, Any], selected_tasks: list[str]) -> None:
        """Prepare the tasks, and this process for their work."""
        begin_work()
        super().initialize(tasks, selected_tasks)
        self.reports = self.config is not None and REPORT in selected_tasks

    def print_skipped(self, reasons: Mapping[str, str]) -> None:
        """Print a line for each skipped profile among those of the run."""
        self.write_lines((line("skip", profile_id, reason) for profile_id, reason in reasons.items()), GREY)

    def execute_task(self, task: Any) -> None:
        """Print the verb, the profile and the reasons."""
        if task.meta and "title" in task.meta:
            self.starts[task.name] = time.monotonic()
            verb, space, rest = task.title().partition(" ")
            self.write_lines([f"{colored(verb, BLUE, self.outstream)}{space}{rest}"])

    def add_success(self, task: Any) -> None:
        """Add up a profile's time; print a prerequisite that its work found missing."""
        stage = stage_of(task)
        if missing := stage.missing if stage and task.name in self.starts else "":
            self.absent[stage.label] = missing
            self.print_skipped({stage.label: missing})
        self._count(task)

    def add_failure(self, task: Any, fail: Any) -> None:
        """Print the sentence alone for a user's error, and doit's message for a bug."""
        self._count(task)
        if fail.get_name() == "UnmetDependency":
            return
        if task.meta and "title" in task.meta:
            stage = stage_of(task)
            first = str(fail.message).splitlines()[0]
            self.failed[task.meta["title"][1]] = first.removeprefix(f"{stage.profile.id}: ") if stage else first
        self.write_lines([str(fail.message if fail.get_name() == "TaskFailed" else fail.get_msg())], RED)

    def skip_uptodate(self, task: Any) -> None:
        """Print nothing."""

    def complete_run(self) -> None:
        """Sum up a run over several profiles that was not stopped; print why a run could not start."""
        stopped = Stopped.last > self.began
        Stopped.last = time.monotonic()
        self.write_lines(self.runtime_errors)
        if self.config is None or stopped:
            return
        if self.whole and not self.runtime_errors:
            self.write_lines(self._conclusion(self.config))
        # A whole run in which nothing runs asks no program, for it is to be quick.
        if self.reports and (self.starts or not self.whole):
            from bench.docker import orphan_notices  # noqa: PLC0415 - only where something ran

            notices = orphan_notices(self.config.layout.root)
            self.write_lines(line("note", "container", notice) for notice in notices)

    def _conclusion(self, config: Config) -> list[str]:
        """The end of a run: its summary, the answer by the results, and the paths of the reports that there are."""
        layout = config.layout
        paths = [relative(path) for path in (layout.page, layout.report) if path.exists()]
        if not (self.seconds or self.failed):
            return ["   ".join(["everything is up to date", *paths])]
        from bench.report.answer import lines  # noqa: PLC0415 - only where something was made

        width = shutil.get_terminal_size().columns if self.outstream.isatty() else 0
        answer = lines(config, width)
        ended = summary(self.seconds, {**self.skipped, **self.absent}, self.failed)
        return ["", ended, *(["", *answer] if answer else []), "", "   ".join(paths)]

    def _count(self, task: Any) -> None:
        if stage := stage_of(task):
            spent = time.monotonic() - self.starts.get(task.name, time.monotonic())
            self.seconds[stage.label] = self.seconds.get(stage.label, 0.0) + spent


def summary(seconds: dict[str, float], skipped: Mapping[str, str], failed: dict[str, str]) -> str:
    """The last lines of a run: times, counts of skipped and failed profiles, and the failures."""
    done = {label: spent for label, spent in seconds.items() if label not in failed and label not in skipped}
    counts = [f"{len(done)} done", f"{len(skipped)} skipped", f"{len(failed)} failed"]
    parts = [f"{label} {duration(spent)}" for label, spent in seconds.items()]
    first = ", ".join(counts) + (f"  ({', '.join(parts)})" if parts else "")
    return "\n".join([first, *(f"failed: {label}: {sentence}" for label, sentence in failed.items())])
