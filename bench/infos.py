"""samples_info.jsonl, read leniently: a damaged line is left out."""

import contextlib
import json
from pathlib import Path

from bench.records import SampleInfo
from bench.untrusted import number


def read_infos(path: Path) -> dict[tuple[str, int], SampleInfo]:
    """What is known of each sample, by problem and number; a line that cannot be read is left out."""
    found: dict[tuple[str, int], SampleInfo] = {}
    counts: dict[str, int] = {}
    with contextlib.suppress(OSError, UnicodeDecodeError):
        for line in path.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError, TypeError, RecursionError):
                info = SampleInfo(**json.loads(line))
                at = counts.get(info.task_id, 0)
                counts[info.task_id] = at + 1
                if _sound(info):
                    found[info.task_id, at] = info
    return found


def _sound(info: SampleInfo) -> bool:
    """Whether each field is of the type that it should be."""
    texts = (info.task_id, info.rule, info.lost, info.outcome, info.origin, info.answer, info.reasoning)
    counts = (info.sample, info.completion_tokens, info.seconds)
    return all(isinstance(text, str) for text in texts) and all(number(count) is not None for count in counts)
