"""samples_info.jsonl, read leniently: a damaged line is left out, and those after it keep their places."""

import contextlib
from pathlib import Path
from typing import Any

from bench import jsonl
from bench.records import SampleInfo


def read_infos(path: Path) -> dict[tuple[str, int], SampleInfo]:
    """What is known of each sample, by problem and number; a line that cannot be read is left out."""
    found: dict[tuple[str, int], SampleInfo] = {}
    counts: dict[Any, int] = {}
    for row in jsonl.records(path, dict[str, Any]):
        with contextlib.suppress(ValueError, TypeError):
            number = counts[row["task_id"]] = counts.get(row["task_id"], -1) + 1
            info = jsonl.convert(row, SampleInfo)
            found[info.task_id, number] = info
    return found
