"""What is known of each sample, and the answer that it was taken from.

samples_info.jsonl is read leniently: a damaged line is left out, and those after it keep their places. Answers are
found in the journal by the lines that samples name as their origin.
"""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import jsonl
from bench.records import Completion, SampleInfo

Answers = dict[tuple[str, int], tuple[str, str]]
"""By problem and sample number: answer and thoughts."""


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


def answers(journal: Path, infos: Iterable[SampleInfo]) -> Answers:
    """What the journal has of some samples; a line that is gone, or is another sample's, has no answer."""
    wanted = {_line(info.origin, journal.name): (info.task_id, info.sample) for info in infos}
    wanted.pop(0, None)
    found: Answers = {}
    for line in jsonl.read(journal, Completion) if wanted and journal.is_file() else []:
        row = line.record
        if row and wanted.get(line.number) == (row.task_id, row.sample):
            found[row.task_id, row.sample] = row.answer, row.reasoning
    return found


def _line(origin: str, journal: str) -> int:
    """The line of the journal that an origin names; 0 where it is another file's."""
    name, _, number = origin.rpartition(":")
    return int(number) if name == journal and number.isdecimal() else 0
