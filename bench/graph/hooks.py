"""What doit is given beside tasks: where it remembers, how it cleans, and whether a task is fresh."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doit.action import PythonAction
from doit.dependency import JSONCodec
from doit.exceptions import InvalidTask

from bench.errors import BenchError, LockedError
from bench.graph.stale import Reason, said
from bench.interrupts import end_with_reader
from bench.locks import locked


def make_results(root: Path) -> None:
    """Make the results directory, which doit's database needs. Raises BenchError where it cannot be written.

    What is said before a run begins, such as `doit list | head`, ends without a word when its reader has gone.
    """
    end_with_reader()
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchError(f"{root} cannot be made ({error.strerror}); make its folder writable.") from None
    if not os.access(root, os.W_OK):
        raise BenchError(f"{root} is not writable; change its owner or rights, or set [paths] results.")


class Clean(PythonAction):  # type: ignore[misc]
    """doit's clean action, refused with one sentence while a run holds `lock`."""

    def __init__(self, lock: Path, clean: Callable[[], None]) -> None:
        super().__init__(clean)
        self.lock = lock

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """As doit's, under the lock of the results."""
        try:
            with locked(self.lock, what=str(self.lock.parent)):
                return super().execute(*args, **kwargs)
        except LockedError as error:
            raise InvalidTask(error.sentence) from None

    def __str__(self) -> str:
        """What doit prints beside the task's name."""
        return "clean"


class Memory(JSONCodec):  # type: ignore[misc]
    """doit's database, read as empty where a kill -9 tore it: what is stale is told by the results (stale.py)."""

    def decode(self, data: str) -> dict[str, Any]:
        """What doit wrote, or nothing."""
        try:
            return dict(super().decode(data))
        except ValueError:
            return {}


def step_of(task: Any) -> Any:
    """The step that a task of doit's makes; None for a group of tasks, and for a job beside the graph."""
    return (task.meta or {}).get("step")


class Fresh:
    """Whether some steps have no reason to run, which is doit's `uptodate`; as `doit info` shows it, the reasons.

    They are kept to be said when the task runs: with -n, a worker may have begun by then.
    """

    def __init__(self, *steps: Any) -> None:
        self.steps = steps
        self.reasons: list[Reason] = []
        self.text = ""

    def __call__(self) -> bool:
        """Look, whatever was found before."""
        found = [(step, step.reasons()) for step in self.steps]
        self.reasons = [reason for _, reasons in found for reason in reasons]
        self.text = "; ".join(f"{step.stage} {step.label}: {said(reasons)}" for step, reasons in found if reasons)
        return not self.reasons

    def __repr__(self) -> str:
        """Why the task would run."""
        return self.text or "nothing would run"


class WholeFresh(Fresh):
    """The same for a group of tasks, which `doit info` and `doit list -s` show; a run asks the tasks themselves."""

    def __call__(self) -> bool:
        """Look, outside of a run."""
        return "BENCH_RUN" in os.environ or super().__call__()


def reasons_of(task: Any) -> list[Reason]:
    """Why a step's task runs, as it was when doit asked whether it is up to date."""
    ((fresh, *_),) = task.uptodate
    return list(fresh.reasons)
