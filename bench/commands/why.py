"""doit why: what would run, and why."""

import fnmatch
from collections.abc import Iterator
from typing import Any

from bench.commands import Command
from bench.console import duration, line
from bench.docker import orphan_notices
from bench.graph.durations import expected
from bench.graph.hosts import stage_of
from bench.graph.settings import describe

LONG = 10.0
"""Seconds from which it is said how long a step takes."""


class Why(Command):
    """A line for every task that would run, or for every profile where nothing would."""

    doc_purpose = "list what would run, and why; run nothing"
    doc_usage = "[PROFILE|TASK ...]"

    def lines(self, names: list[str]) -> Iterator[str]:
        """The lines of the profiles or tasks that are named, or match a pattern; of all without a name."""
        total = 0.0
        for notice in orphan_notices(self.declared.layout.root):
            yield line("note", "container", notice)
        for profile in self.declared.profiles:
            if profile.id in self.skipped and _is_asked(profile.id, names):
                yield line("skip", profile.id, self.skipped[profile.id])
                continue
            for dataset in profile.sampling.datasets:
                ids = [f"{stage}:{profile.id}:{dataset}" for stage in ("generate", "samples", "eval")]
                chain = [task for task in self.task_list if task.name in ids]
                if any(_is_asked(name, names) for name in (profile.id, *ids, f"eval:{profile.id}")):
                    for text, seconds in _lines(chain):
                        total += seconds
                        yield text
        if total >= LONG:
            yield f"\nAbout {duration(total)}, by what was measured before."


def _is_asked(name: str, patterns: list[str]) -> bool:
    return not patterns or any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _lines(chain: list[Any]) -> list[tuple[str, float]]:
    """A line for each stage that would run, and about how many seconds that takes, as far as it is known."""
    upstream, lines = "", list[tuple[str, float]]()
    for task in chain:
        stage, reasons = stage_of(task), describe(task)
        if reasons or upstream:
            seconds = expected(stage) or 0.0
            about = f" (about {duration(seconds)})" if seconds >= LONG else ""
            text = reasons or f"if {upstream} changes its input"
            lines.append((line(stage.name, stage.label, text + about), seconds))
            upstream = stage.name
    return lines or [(line("fresh", stage_of(chain[0]).label, "nothing would run"), 0.0)]
