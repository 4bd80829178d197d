"""Findings of doctor and lint, as people read them."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from operator import attrgetter
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


def render(findings: Sequence[Finding]) -> str:
    """The findings as people read them, aligned as the lines of a run are."""
    sections = groupby(findings, attrgetter("section"))
    parts = ["\n".join([section, *chain.from_iterable(map(wrapped, group))]) for section, group in sections]
    ready = [finding.state != "missing" for finding in findings if finding.section == "Profiles"]
    return "\n\n".join([*parts, f"{sum(ready)} of {len(ready)} profiles can run on this machine."])


def wrapped(finding: Finding) -> Iterator[str]:
    """The lines of a finding, its remedy below."""
    texts = [*_wrapped(finding.text), *_wrapped(f"→ {finding.remedy}" if finding.remedy else "")]
    yield line(finding.state, finding.name, texts[0] if texts else "")
    for text in texts[1:]:
        yield " " * TEXT + text


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS - TEXT, break_long_words=False, break_on_hyphens=False)
