"""What doit is given beside tasks: how it cleans, what it remembers, and whether a task is fresh."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from doit.action import PythonAction
from doit.dependency import JSONCodec
from doit.exceptions import InvalidTask

from bench.errors import LockedError
from bench.files import locked


class Clean(PythonAction):  # type: ignore[misc]
    """A clean action that takes nothing away from a run: while one holds `lock`, it ends doit with a sentence."""

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


def fresh(task: Any) -> bool:
    """Whether a task has no reason to run; doit's `uptodate`.

    The reasons are kept to be said when it runs: with -n, a worker may have begun by then.
    """
    task.meta["reasons"] = task.meta["step"].reasons()
    return not task.meta["reasons"]
