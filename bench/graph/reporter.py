"""What a run says: why each step runs, what went wrong in one sentence, and how it all ended."""

import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable, Mapping
from multiprocessing.util import register_after_fork
from typing import Any, TextIO

from doit.exceptions import InvalidTask
from doit.reporter import ConsoleReporter

from bench.console import duration, line
from bench.errors import BenchError
from bench.graph.hooks import reasons_of, step_of
from bench.graph.stale import said
from bench.graph.turns import GROUPS
from bench.interrupts import Stopped, handle, interrupt, leave_reader
from bench.locks import locked
from bench.processes import end_with_parent
from bench.profiles import Config

Prepare = Callable[[dict[str, Any], list[str], Mapping[str, str]], dict[str, str]]
"""Takes doit's tasks by name, the names of the selected ones, and what is skipped, before the first task runs; returns
what is skipped too."""


class RunReporter(ConsoleReporter):  # type: ignore[misc]
    """Says why a step runs before it runs, and sums the run up.

    `skipped` maps ids of profiles that cannot run here to the reason; what `prepare` finds is added to it.
    """

    desc = "why each step runs, and how the run ended"
    config: Config
    skipped: dict[str, str]
    prepare: Prepare

    def __init__(self, outstream: TextIO, options: dict[str, Any]) -> None:
        super().__init__(outstream, options)
        self.began = time.monotonic()
        self.whole = False
        self.starts: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        self.failed: dict[str, str] = {}
        self.held = contextlib.ExitStack()

    @classmethod
    def bound(cls, config: Config, skipped: dict[str, str], prepare: Prepare) -> type["RunReporter"]:
        """The reporter class for one profiles file; doit makes the instance. `prepare` is done before any task."""
        return type("RunReporter", (cls,), {"config": config, "skipped": skipped, "prepare": staticmethod(prepare)})

    def write(self, text: str) -> None:
        """Write at once; without a reader, the run ends."""
        try:
            super().write(text)
            self.outstream.flush()
        except BrokenPipeError:
            leave_reader()

    def initialize(self, tasks: Any, selected_tasks: list[str]) -> None:
        """Lock the results unless all is done beside the graph, end in order on signals, and say what is skipped."""
        os.environ["BENCH_RUN"] = str(os.getpid())
        handle(interrupt)
        register_after_fork(self, _begin_worker)
        if not all(tasks[name].meta and tasks[name].meta.get("beside") for name in selected_tasks):
            try:
                self.held.enter_context(locked(self.config.layout.lock, what=str(self.config.layout.root)))
            except BenchError as error:
                raise InvalidTask(error.sentence) from None
        others = len(selected_tasks) > 1 or len(self.skipped) == len(self.config.profiles)
        self.whole = ("report" in selected_tasks and others) or not {*GROUPS}.isdisjoint(selected_tasks)
        # The report, which is rendered later, reads the same mapping.
        self.skipped.update(self.prepare(tasks, selected_tasks, self.skipped))
        if self.whole:
            for profile_id, reason in self.skipped.items():
                self.write(line("skip", profile_id, reason) + "\n")

    def execute_task(self, task: Any) -> None:
        """Say the verb, the profile and the reasons."""
        step = step_of(task)
        if step:
            # What a step lacks is said when it fails, which it is about to do.
            reasons = said(one for one in reasons_of(task) if one.kind != "prerequisite") or "asked for"
            self.write(line(step.stage, step.label, reasons) + "\n")
            self.starts[task.name] = time.monotonic()

    def add_success(self, task: Any) -> None:
        """Add up what a profile took."""
        self._count(task)

    def add_failure(self, task: Any, fail: Any) -> None:
        """Say the sentence alone for a user's error, and doit's own words for a bug."""
        self._count(task)
        step = step_of(task)
        if fail.get_name() == "UnmetDependency":
            return
        if step:
            first = str(fail.message).splitlines()[0]
            self.failed[step.label] = first.removeprefix(f"{step.profile.id}: ") if step.profile else first
        self.write(f"{fail.message if fail.get_name() == 'TaskFailed' else fail.get_msg()}\n")

    def skip_uptodate(self, task: Any) -> None:
        """Nothing is said of what need not run."""

    def complete_run(self) -> None:
        """Sum up a run over several profiles that was not stopped; say why a run could not start."""
        stopped = Stopped.last > self.began
        Stopped.last = time.monotonic()
        # doit does not end those that it was just starting when the interrupt came. Otherwise there are none.
        for worker in multiprocessing.active_children():
            worker.terminate()
        self.held.close()
        if self.runtime_errors:
            self.write("\n".join(self.runtime_errors) + "\n")
        elif self.whole and not stopped and (self.seconds or self.failed):
            self.write("\n" + summary(self.seconds, self.skipped, self.failed) + "\n")

    def _count(self, task: Any) -> None:
        step = step_of(task)
        if step and step.profile:
            spent = time.monotonic() - self.starts.get(task.name, time.monotonic())
            self.seconds[step.label] = self.seconds.get(step.label, 0.0) + spent


def summary(seconds: dict[str, float], skipped: Mapping[str, str], failed: dict[str, str]) -> str:
    """The last lines of a run: what took how long, what was skipped, what failed and why."""
    done = {label: spent for label, spent in seconds.items() if label not in failed}
    counts = [f"{len(done)} done", f"{len(skipped)} skipped", f"{len(failed)} failed"]
    parts = [f"{label} {duration(spent)}" for label, spent in seconds.items()]
    first = ", ".join(counts) + (f"  ({', '.join(parts)})" if parts else "")
    return "\n".join([first, *(f"failed: {label}: {sentence}" for label, sentence in failed.items())])


def _begin_worker(_reporter: RunReporter) -> None:
    end_with_parent()
