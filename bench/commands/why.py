"""doit why: the tasks that would run, with the reasons."""

import fnmatch
from collections.abc import Iterator
from typing import Any

from bench.commands import Command
from bench.console import duration, line
from bench.docker import orphan_notices
from bench.errors import BenchError
from bench.graph.durations import expected
from bench.graph.hosts import stage_of
from bench.graph.settings import describe
from bench.text import plain

LONG = 10.0
"""Seconds from which a step's duration is shown."""


class Why(Command):
    """A line for every task that would run, or for every profile where nothing would; the report comes last."""

    doc_purpose = "list what would run, and why; run nothing"
    doc_usage = "[PROFILE|TASK|TARGET ...]"

    def lines(self, names: list[str]) -> Iterator[str]:
        """The lines of the profiles, tasks and targets that are named, or match a pattern; of all without a name.

        Raises BenchError for a name of none of these.
        """
        chains = self._chains()
        for name in names:
            if not any(_matches(name, chain) for chain in chains):
                raise BenchError(
                    f'There is no profile, task or target "{plain(name)}"; doit why takes profiles (doit list has '
                    "them), their tasks, and report."
                )
        for notice in orphan_notices(self.declared.layout.root):
            yield line("note", "container", notice)
        total, upstream, printed = 0.0, "", set[str]()
        for chain in chains:
            if names and not any(_matches(name, chain) for name in names):
                continue
            stage, label = stage_of(chain[0]), _profile_of(chain)
            if stage and label not in self.skipped and f"{label}:{stage.dataset}" in self.skipped:
                label = f"{label}:{stage.dataset}"
            if label in self.skipped:
                if label not in printed:
                    yield line("skip", label, self.skipped[label])
                printed.add(label)
                continue
            entries = _lines(chain, "" if label else upstream)
            yield from (text for text, _ in entries)
            total += sum(seconds for _, seconds in entries)
            upstream = "eval" if entries else upstream
            if not entries:
                yield line("fresh", chain[0].meta["title"][1], "nothing would run")
        if total >= LONG:
            yield f"\nAbout {duration(total)}, by what was measured before."

    def _chains(self) -> list[list[Any]]:
        """The tasks of each profile on each dataset, in their order; and the report."""
        profiles = self.declared.profiles
        chains: dict[tuple[str, str], list[Any]] = {(p.id, name): [] for p in profiles for name in p.sampling.datasets}
        for task in self.task_list:
            if task.meta and "title" in task.meta:
                stage = stage_of(task)
                chains.setdefault((stage.profile.id, stage.dataset) if stage else (task.name, ""), []).append(task)
        return list(chains.values())


def _profile_of(chain: list[Any]) -> str:
    """The profile of a chain; "" for the report."""
    stage = stage_of(chain[0])
    return stage.profile.id if stage else ""


def _matches(pattern: str, chain: list[Any]) -> bool:
    names = {_profile_of(chain)} | {name for task in chain for name in (*_groups(task.name), *task.targets)}
    return any(fnmatch.fnmatch(name, pattern) for name in names if name)


def _groups(name: str) -> list[str]:
    """A task and the groups that it is in: eval:a:demo, eval:a, eval."""
    parts = name.split(":")
    return [":".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _lines(chain: list[Any], upstream: str) -> list[tuple[str, float]]:
    """A line for each task that would run, and its expected seconds (0 where unknown)."""
    lines = list[tuple[str, float]]()
    for task in chain:
        reasons = describe(task)
        if reasons or upstream:
            stage, (verb, name) = stage_of(task), task.meta["title"]
            seconds = (expected(stage) if stage else None) or 0.0
            about = f" (about {duration(seconds)})" if seconds >= LONG else ""
            lines.append((line(verb, name, (reasons or f"if {upstream} changes its input") + about), seconds))
            upstream = verb
    return lines
