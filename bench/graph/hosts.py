"""One generation at a time on each machine, and models that are missing on other machines.

With `doit -n`, profiles on one machine generate one after the other, and no worker waits for a busy one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.console import warn
from bench.graph.settings import describe
from bench.graph.stages import Generate

REPORT = "report"
GROUPS = ("generate", "samples")
"""Tasks that stand for a stage of all profiles."""

_order: dict[str, list[str]] = {}


class OnePerMachine:
    """In a task's `uptodate`, makes it wait for the generation before it on its machine, whatever the reporter.

    doit checks tasks in the order in which it would run them, and only the requested ones. Set-up tasks come first, and
    where one of them fails, the task itself still runs.
    """

    def __init__(self, machine: str) -> None:
        self.machine = machine

    def __call__(self, task: Any, values: Any) -> None:  # noqa: ARG002 - doit tells by these names what it gives
        """Add the generation before it as a set-up task; None: no statement on whether the task is up to date."""
        order = _order.setdefault(self.machine, [])
        if self.machine and task.name not in order:
            task.setup_tasks = [*task.setup_tasks, *order[-1:]]
            order.append(task.name)


def prepare(tasks: Mapping[str, Any], selected: list[str], skipped: dict[str, str]) -> None:
    """Take the tasks that cannot run here out of the `selected` ones, in place, before the first one runs.

    Profiles whose models are not on their hosts are added to the `skipped` ones. A whole run, and a stage of all
    profiles, lose the tasks of these; a task that was requested by name stays, and fails with the reason.
    """
    absent = absent_models(tasks, selected)
    skipped |= absent
    whole_run, groups = REPORT in selected, {*GROUPS} & {*selected}
    for task in filter(stage_of, tasks.values()):
        task.meta["named"] = not whole_run
    for profile_id, dataset in (label.split(":", 1) for label in skipped if ":" in label):
        for stage in ("eval", *GROUPS) if whole_run else groups:
            _leave_out(tasks.get(f"{stage}:{profile_id}"), {f"{stage}:{profile_id}:{dataset}"})
    if whole_run:
        selected[:] = [name for name in selected if name not in {f"eval:{profile_id}" for profile_id in absent}]
    for group in groups:
        _leave_out(tasks[group], {f"{group}:{profile_id}" for profile_id in skipped})


def _leave_out(group: Any, names: set[str]) -> None:
    if group:
        group.task_dep = [name for name in group.task_dep if name not in names]


def absent_models(tasks: Mapping[str, Any], selected: Sequence[str]) -> dict[str, str]:
    """The profiles that generate on other machines and whose models are not there, with the missing files.

    A whole run warns of the hosts that do not answer.
    """
    remote = [(task, stage) for task, stage in generations(tasks, selected) if stage.profile.engine]
    if not remote:
        return {}
    from bench.servers import remote_models  # noqa: PLC0415 - only where a host is looked at

    config = remote[0][1].config
    profiles = {
        stage.profile.id: stage.profile
        for task, stage in remote
        if remote_models.cached(config, stage.profile) is None or describe(task, counted=False)
    }
    outcomes = remote_models.inspect_all(config, profiles.values()) if profiles else []
    if REPORT in selected:
        silent = [(profile, error) for profile, error in outcomes if isinstance(error, remote_models.UnreachableError)]
        for sentence in dict.fromkeys(error.sentence.removeprefix(f"{profile.id}: ") for profile, error in silent):
            warn(sentence)
    return {profile.id: error.phrase for profile, error in outcomes if isinstance(error, remote_models.AbsentError)}


def generations(tasks: Mapping[str, Any], selected: Sequence[str]) -> Iterator[tuple[Any, Generate]]:
    """The tasks that generate among the selected ones and all that they depend on, in the order in which they run."""
    visited: set[str] = set()

    def below(name: str) -> Iterator[str]:
        if name in visited:
            return
        visited.add(name)
        for dependency in tasks[name].task_dep:
            yield from below(dependency)
        yield name

    for chosen in selected:
        for name in below(chosen):
            stage = stage_of(tasks[name])
            if isinstance(stage, Generate):
                yield tasks[name], stage


def stage_of(task: Any) -> Any:
    """The stage that a task of doit's runs; None for a group of tasks."""
    return (task.meta or {}).get("stage")
