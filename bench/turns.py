"""Turns under `doit -n`: profiles on one host generate one after the other, and no worker waits for a busy host.

doit's set-up tasks do this: they come first, and where one of them fails, the task itself runs nevertheless.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.steps import Generate

REPORT = "report"


def take(tasks: Mapping[str, Any], selected: Sequence[str]) -> None:
    """Let each generation that is to run begin when the one before it on its host has ended, and the report last."""
    last: dict[str, str] = {}
    for name, step in generations(tasks, selected):
        place = step.profile.place
        if not place:
            continue
        if place in last:
            tasks[name].setup_tasks = [*tasks[name].setup_tasks, last[place]]
        last[place] = name
    if REPORT in selected:
        tasks[REPORT].setup_tasks = [name for name in selected if name != REPORT]


def generations(tasks: Mapping[str, Any], selected: Sequence[str]) -> Iterator[tuple[str, Generate]]:
    """The tasks that generate among the selected ones and all that they depend on, in the order in which they run."""
    seen: set[str] = set()

    def below(name: str) -> Iterator[str]:
        if name in seen:
            return
        seen.add(name)
        for before in tasks[name].task_dep:
            yield from below(before)
        yield name

    for chosen in selected:
        for name in below(chosen):
            step = (tasks[name].meta or {}).get("step")
            if isinstance(step, Generate):
                yield name, step
