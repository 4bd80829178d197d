"""Which problem a solution is of: one of the dataset's, one of another dataset's, or none that there is."""

from pathlib import Path

from bench import problems
from bench.errors import SamplesError
from bench.imports.rows import Row
from bench.problems import SOURCES, Dataset
from bench.text import plain

DOWNLOADED = {"HumanEval": "humaneval", "Mbpp": "mbpp"}
"""The datasets that may not be on this machine yet, by what their problems' names begin with."""


def task_of(file: Path, dataset: Dataset) -> str | None:
    """The problem that a Python file answers: of `HumanEval_0.py` and `HumanEval_0/0.py` it is HumanEval/0.

    It need not be one of the dataset's; None where neither name is like any problem's.
    """
    names = [name for name in (file.stem, file.parent.name) if "_" in name]
    known = {task_id.replace("/", "_"): task_id for task_id in dataset.problems}
    for name in names:
        if name in known:
            return known[name]
    prefixes = {task_id.partition("/")[0] for task_id in dataset.problems}
    like = (name.replace("_", "/", 1) for name in names)
    return next((task for task in like if task.partition("/")[0] in prefixes or is_elsewhere(task, dataset)), None)


def is_elsewhere(task_id: str, dataset: Dataset) -> bool:
    """Whether another dataset has that problem, as far as this machine knows."""
    others = (problems.at_hand(name) for name in SOURCES if name != dataset.name)
    if any(task_id in other.problems for other in others if other):
        return True
    prefix, _, number = task_id.partition("/")
    absent = DOWNLOADED.get(prefix)
    return bool(absent and absent != dataset.name and not problems.fingerprint(absent) and number.isdigit())


def unknown(row: Row, dataset: Dataset) -> SamplesError:
    """The error for a solution of a problem that there is not."""
    tasks, what = list(dataset.problems), "file" if row.origin.endswith(".py") else "line"
    return SamplesError(
        f'{row.origin} solves the unknown problem "{plain(row.fields["task_id"])}"; {dataset.source.title} has '
        f"{tasks[0]} to {tasks[-1]}, so correct or delete that {what}."
    )
