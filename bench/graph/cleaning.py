"""doit clean: removes what can be made again, and names it."""

import shutil
from pathlib import Path

from doit.action import PythonAction

from bench.console import relative


class Clean(PythonAction):  # type: ignore[misc] # doit is untyped
    """doit's clean action, with a readable description."""

    def __str__(self) -> str:
        """The description in doit's output."""
        return "remove its files"


def remove(path: Path, *, dryrun: bool) -> None:
    """Remove a file or a folder, or only name it."""
    print(f"  removes {relative(path)}")
    if not dryrun:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def clear_cache(cache: Path, dryrun: bool) -> None:  # noqa: FBT001 - doit tells by this name whether to touch anything
    """Remove verdicts and ground truth."""
    for folder in filter(Path.exists, [cache / name for name in ("truth", "verdicts", "selftest")]):
        remove(folder, dryrun=dryrun)
