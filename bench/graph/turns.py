"""Before the first task runs: which models are missing on other machines, and whose turn it is on each.

With `doit -n`, profiles on one host generate one after the other, and no worker waits for a busy host. doit's set-up
tasks do this: they come first, and where one of them fails, the task itself runs nevertheless.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bench.console import warn
from bench.graph.hooks import step_of
from bench.graph.steps import Generate
from bench.profiles import Profile

REPORT = "report"
GROUPS = ("generate", "samples")
"""Tasks that stand for a stage of all profiles."""


def prepare(tasks: Mapping[str, Any], selected: list[str], skipped: Iterable[str]) -> dict[str, str]:
    """Change doit's tasks and the names of the selected ones in place, before the first task runs.

    Returns the profiles whose models are not on their hosts, with what was looked for. A whole run loses their tasks,
    a stage of all profiles also those of the `skipped` ones; a task that was asked for by name stays, and says itself
    what it lacks.
    """
    found = lacking(tasks, selected)
    if REPORT in selected:
        gone = {f"eval:{profile_id}" for profile_id in found}
        selected[:] = [name for name in selected if name not in gone]
    for group in {*GROUPS} & {*selected}:
        own = {f"{group}:{profile_id}" for profile_id in (*skipped, *found)}
        tasks[group].task_dep = [
            name for name in tasks[group].task_dep if name not in own and name.rpartition(":")[0] not in own
        ]
    take(tasks, selected)
    return found


def lacking(tasks: Mapping[str, Any], selected: Sequence[str]) -> dict[str, str]:
    """The profiles that are to generate on other machines and whose models are not there, with what was looked for.

    A whole run warns of the hosts that do not answer.
    """
    wanted: dict[str, Generate] = {}
    for _, step in generations(tasks, selected):
        if step.profile.host and step.profile.host.docker:
            wanted.setdefault(step.profile.id, step)
    if not wanted:
        return {}
    from bench.servers import remote_models  # noqa: PLC0415 - only where a host is looked at

    def due(step: Generate) -> bool:
        return remote_models.cached(step.config, step.profile) is None or bool(step.reasons())

    profiles: list[Profile] = [step.profile for step in wanted.values() if due(step)]
    found = remote_models.inspect_all(next(iter(wanted.values())).config, profiles) if profiles else []
    if REPORT in selected:
        unreachable = [(profile, what) for profile, what in found if isinstance(what, remote_models.UnreachableError)]
        for sentence in dict.fromkeys(what.sentence.removeprefix(f"{profile.id}: ") for profile, what in unreachable):
            warn(sentence)
    return {profile.id: what.phrase for profile, what in found if isinstance(what, remote_models.AbsentError)}


def take(tasks: Mapping[str, Any], selected: Sequence[str]) -> None:
    """Let each generation that is to run begin when the one before it on its host has ended, and the report last."""
    last: dict[str, str] = {}
    for name, step in generations(tasks, selected):
        machine = step.profile.machine
        if not machine:
            continue
        if machine in last:
            tasks[name].setup_tasks = [*tasks[name].setup_tasks, last[machine]]
        last[machine] = name
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
            step = step_of(tasks[name])
            if isinstance(step, Generate):
                yield name, step
