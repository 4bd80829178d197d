"""The provenance of each sample, and the answer that it was extracted from.

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


def read_sample_info(path: Path) -> dict[tuple[str, int], SampleInfo]:
    """The provenance of each sample, by problem and number; a line that cannot be read is left out."""
    return parse_sample_info(jsonl.records(path, dict[str, Any]))


def parse_sample_info(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, int], SampleInfo]:
    """The same of the lines of such a file."""
    sample_info: dict[tuple[str, int], SampleInfo] = {}
    counts: dict[Any, int] = {}
    for row in rows:
        with contextlib.suppress(ValueError, TypeError):
            number = counts[row["task_id"]] = counts.get(row["task_id"], -1) + 1
            info = jsonl.convert(row, SampleInfo)
            sample_info[info.task_id, number] = info
    return sample_info


def answers(journal: Path, sample_info: Iterable[SampleInfo]) -> Answers:
    """The journal's answers of some samples; a line that is missing, or is another sample's, has no answer."""
    samples = {_line(info.origin, journal.name): (info.task_id, info.sample) for info in sample_info}
    samples.pop(0, None)
    texts: Answers = {}
    for line in jsonl.read(journal, Completion) if samples and journal.is_file() else []:
        row = line.record
        if row and samples.get(line.number) == (row.task_id, row.sample):
            texts[row.task_id, row.sample] = row.answer, row.reasoning
    return texts


def _line(origin: str, journal: str) -> int:
    """The line of the journal that an origin names; 0 where it is another file's."""
    name, _, number = origin.rpartition(":")
    return int(number) if name == journal and number.isdecimal() else 0
