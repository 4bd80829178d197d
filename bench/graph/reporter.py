"""The output of a run: the reasons why each task runs, errors in one sentence, and a summary."""

import shutil
import time
from collections.abc import Mapping
from typing import Any, TextIO

from doit.reporter import ConsoleReporter

from bench.console import BLUE, GREY, RED, colored, duration, line, relative
from bench.graph import hosts
from bench.graph.hosts import GROUPS, REPORT, stage_of
from bench.graph.settings import Settings
from bench.interrupts import Stopped, begin_work
from bench.profiles import Config


def title(task: Any) -> str:
    """The title of a task: the verb, its object, and the reason when doit decided to run it."""
    ((settings, *_),) = [entry for entry in task.uptodate if isinstance(entry[0], Settings)]
    verb, name = task.meta["title"]
    missing = settings.now is None and settings.others  # the failure that follows names it
    return line(verb, name, "cannot run" if missing else settings.text or "forced")


class RunReporter(ConsoleReporter):  # type: ignore[misc] # doit is untyped
    """Prints the reason before a task runs, and a summary of the run.

    `skipped` maps ids of profiles that cannot run here to the reason; those whose host lacks the model are added.
    """

    desc = "why each task runs, and how the run ended"
    config: Config
    skipped: dict[str, str]

    def __init__(self, outstream: TextIO, options: dict[str, Any]) -> None:
        super().__init__(outstream, options)
        self.began = time.monotonic()
        self.whole = self.reports = False
        self.starts: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        self.failed: dict[str, str] = {}
        self.absent: dict[str, str] = {}

    @classmethod
    def bound(cls, config: Config, skipped: dict[str, str]) -> type["RunReporter"]:
        """The reporter class for one profiles file; doit makes the instance."""
        return type("RunReporter", (cls,), {"config": config, "skipped": skipped})

    def write(self, text: str) -> None:
        """Write at once."""
        super().write(text)
        self.outstream.flush()

    def initialize(self, tasks: Any, selected_tasks: list[str]) -> None:
        """Print the skipped profiles."""
        begin_work()
        self.reports = REPORT in selected_tasks
        others = len(selected_tasks) > 1 or len(self.skipped) == len(self.config.profiles)
        self.whole = (REPORT in selected_tasks and others) or not {*GROUPS}.isdisjoint(selected_tasks)
        # The report, which is rendered later, reads the same mapping.
        self.skipped.update(hosts.prepare(tasks, selected_tasks, self.skipped))
        if self.whole:
            for profile_id, reason in self.skipped.items():
                self.write(colored(line("skip", profile_id, reason), GREY, self.outstream) + "\n")

    def execute_task(self, task: Any) -> None:
        """Print the verb, the profile and the reasons."""
        if task.meta and "title" in task.meta:
            self.starts[task.name] = time.monotonic()
            verb, space, rest = task.title().partition(" ")
            self.write(f"{colored(verb, BLUE, self.outstream)}{space}{rest}\n")

    def add_success(self, task: Any) -> None:
        """Add up a profile's time; print a prerequisite that its work found missing."""
        stage = stage_of(task)
        if missing := stage.missing if stage and task.name in self.starts else "":
            self.absent[stage.label] = missing
            self.write(colored(line("skip", stage.label, missing), GREY, self.outstream) + "\n")
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
        text = str(fail.message if fail.get_name() == "TaskFailed" else fail.get_msg())
        self.write(colored(text, RED, self.outstream) + "\n")

    def skip_uptodate(self, task: Any) -> None:
        """Print nothing."""

    def complete_run(self) -> None:
        """Sum up a run over several profiles that was not stopped; print why a run could not start."""
        stopped = Stopped.last > self.began
        Stopped.last = time.monotonic()
        if self.runtime_errors:
            self.write("\n".join(self.runtime_errors) + "\n")
        elif self.whole and not stopped and (self.seconds or self.failed):
            self.write("\n" + summary(self.seconds, {**self.skipped, **self.absent}, self.failed) + "\n")
            self._conclude()
        elif self.whole and not stopped:
            self.write("   ".join(["everything is up to date", *self._pages()]) + "\n")
        # A whole run in which nothing runs asks no program, for it is to be quick.
        if self.reports and not stopped and (self.starts or not self.whole):
            from bench.docker import orphan_notices  # noqa: PLC0415 - only where something ran

            for notice in orphan_notices(self.config.layout.root):
                self.write(line("note", "container", notice) + "\n")

    def _pages(self) -> list[str]:
        """The paths of the reports that there are."""
        layout = self.config.layout
        return [relative(path) for path in (layout.page, layout.report) if path.exists()]

    def _conclude(self) -> None:
        """Print the answer by the results, and the reports' paths."""
        from bench.report.answer import lines  # noqa: PLC0415 - only where something was made

        width = shutil.get_terminal_size().columns if self.outstream.isatty() else 0
        answer = lines(self.config, width)
        for text in [*(["", *answer] if answer else []), "", "   ".join(self._pages())]:
            self.write(f"{text}\n")

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
