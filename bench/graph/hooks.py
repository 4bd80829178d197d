"""What doit is given beside tasks: where it remembers, how it cleans, and whether a task is fresh."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doit.action import PythonAction
from doit.dependency import JSONCodec
from doit.exceptions import InvalidTask

from bench.errors import BenchError, LockedError
from bench.files import locked
from bench.interrupts import end_with_reader


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


def fresh(task: Any) -> bool:
    """Whether a task has no reason to run; doit's `uptodate`.

    The reasons are kept to be said when it runs: with -n, a worker may have begun by then.
    """
    task.meta["reasons"] = task.meta["step"].reasons()
    return not task.meta["reasons"]
