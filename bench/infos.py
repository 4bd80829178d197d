"""samples_info.jsonl, read leniently: a damaged line is left out, and those after it keep their places."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import jsonl
from bench.records import SampleInfo


def read_infos(path: Path) -> dict[tuple[str, int], SampleInfo]:
    """What is known of each sample, by problem and number; a line that cannot be read is left out."""
    return infos_of(jsonl.records(path, dict[str, Any]))


def infos_of(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, int], SampleInfo]:
    """The same of the lines of such a file."""
    found: dict[tuple[str, int], SampleInfo] = {}
    counts: dict[Any, int] = {}
    for row in rows:
        with contextlib.suppress(ValueError, TypeError):
            number = counts[row["task_id"]] = counts.get(row["task_id"], -1) + 1
            info = jsonl.convert(row, SampleInfo)
            found[info.task_id, number] = info
    return found
