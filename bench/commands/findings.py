"""Findings of doctor and lint, as people read them."""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from bench.console import WIDTH, line

COLUMNS = 100
TEXT = 9 + 1 + WIDTH + 2
"""The column where texts begin, as console.line sets them."""


@dataclass(frozen=True)
class Finding:
    """The result of one check; a `note` matters only sometimes."""

    section: str
    state: Literal["ok", "missing", "note"]
    name: str
    text: str
    remedy: str = ""


def render(findings: Iterable[Finding]) -> str:
    """The findings as people read them, aligned as the lines of a run are."""
    lines: list[str] = []
    section, ready = "", []
    for finding in findings:
        if finding.section != section:
            section = finding.section
            lines += ["", section]
        lines += wrapped(finding)
        ready += [finding.state != "missing"] if section == "Profiles" else []
    return "\n".join([*lines[1:], "", f"{sum(ready)} of {len(ready)} profiles can run on this machine."])


def wrapped(finding: Finding) -> Iterator[str]:
    """The lines of a finding, its remedy below."""
    texts = [*_wrapped(finding.text), *_wrapped(f"→ {finding.remedy}" if finding.remedy else "")]
    yield line(finding.state, finding.name, texts[0] if texts else "")
    for text in texts[1:]:
        yield " " * TEXT + text


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS - TEXT, break_long_words=False, break_on_hyphens=False)
