"""Before the first task runs: which models are missing on other machines, and whose turn it is on each.

With `doit -n`, profiles on one host generate one after the other, and no worker waits for a busy host. doit's set-up
tasks do this: they come first, and where one of them fails, the task itself runs nevertheless.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bench.console import warn
from bench.profiles import Profile
from bench.steps import Generate

REPORT = "report"


def prepare(skipped: dict[str, str]) -> Callable[[Mapping[str, Any], list[str]], None]:
    """What a run does with doit's tasks and the names of the selected ones; `skipped` grows by what lacks its model."""

    def begin(tasks: Mapping[str, Any], selected: list[str]) -> None:
        for profile_id, phrase in lacking(tasks, selected).items():
            skipped[profile_id] = phrase
            # A task that was asked for by name stays, and says what it lacks.
            if REPORT in selected and f"eval:{profile_id}" in selected:
                selected.remove(f"eval:{profile_id}")
        take(tasks, selected)

    return begin


def lacking(tasks: Mapping[str, Any], selected: Sequence[str]) -> dict[str, str]:
    """The profiles that are to generate on other machines and whose models are not there, with what was looked for."""
    wanted: dict[str, Generate] = {}
    for _, step in generations(tasks, selected):
        if step.profile.host and step.profile.host.docker:
            wanted.setdefault(step.profile.id, step)
    if not wanted:
        return {}
    from bench.servers import remote  # noqa: PLC0415 - only where a host is looked at

    def due(step: Generate) -> bool:
        return remote.seen(step.config, step.profile) is None or bool(step.reasons())

    profiles: list[Profile] = [step.profile for step in wanted.values() if due(step)]
    found = remote.look_all(next(iter(wanted.values())).config, profiles) if profiles else []
    for error in {what.sentence for _, what in found if isinstance(what, remote.UnreachableError)}:
        warn(error)
    return {profile.id: what.phrase for profile, what in found if isinstance(what, remote.AbsentError)}


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
