"""Answers as the journal has them, found by the lines that samples name as their origin."""

from collections.abc import Iterable
from pathlib import Path

from bench import jsonl
from bench.records import Completion, SampleInfo

Answers = dict[tuple[str, int], tuple[str, str]]
"""By problem and sample number: answer and thoughts."""


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
