"""Answers as the journal has them, found by the lines that samples name as their origin."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.records import SampleInfo
from bench.untrusted import table

Answers = dict[tuple[str, int], tuple[str, str]]
"""By problem and sample number: answer and thoughts."""


def answers(journal: Path, infos: Iterable[SampleInfo]) -> Answers:
    """What the journal has of some samples; a line that is gone, or is another sample's, has no answer."""
    wanted = {_line(info.origin, journal.name): (info.task_id, info.sample) for info in infos}
    wanted.pop(0, None)
    found: Answers = {}
    if not wanted or not journal.is_file():
        return found
    with journal.open("rb") as file:
        for number, line in enumerate(file, 1):
            if number not in wanted:
                continue
            try:
                row = table(json.loads(line))
            except (ValueError, RecursionError):
                continue
            if (row.get("task_id"), row.get("sample")) == wanted[number]:
                found[wanted[number]] = _text(row.get("answer")), _text(row.get("reasoning"))
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _line(origin: str, journal: str) -> int:
    """The line of the journal that an origin names; 0 where it is another file's."""
    name, _, number = origin.rpartition(":")
    return int(number) if name == journal and number.isdecimal() else 0
