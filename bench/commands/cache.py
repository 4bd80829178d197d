"""doit clean cache: removes files that can be computed again."""

import shutil
from pathlib import Path

from bench.console import relative


def clear_cache(cache: Path, dryrun: bool) -> None:  # noqa: FBT001 - doit tells by this name whether to touch anything
    """Remove verdicts and ground truth."""
    for name in ("truth", "verdicts", "selftest"):
        if (folder := cache / name).exists():
            print(f"  removes {relative(folder)}")
            if not dryrun:
                shutil.rmtree(folder, ignore_errors=True)
