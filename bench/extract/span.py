"""Spans of Python in any text: the lines around a definition that parse together.

EvalPlus's sanitizer finds the longest run of lines that parses by trying every pair of lines. Here the text is cut once
into chunks; only those around a matching definition are parsed, and a chunk that does not parse ends the span. Each
character is read a bounded number of times, and syntax trees hold a bounded part of the text.
"""

import bisect
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bench.extract.chunks import LIMIT, Part, cut, parse_prefix


@dataclass(frozen=True)
class Span:
    """Adjoining parts of a text; `start` is the offset of the first."""

    start: int
    parts: tuple[Part, ...]

    @property
    def source(self) -> str:
        """The text of the span."""
        return "".join(part.source for part in self.parts)

    @property
    def size(self) -> int:
        """The number of its lines that are not blank, as EvalPlus measures."""
        return sum(1 for line in self.source.split("\n") if line.strip())


class Text:
    """A text with its spans of Python; it is cut into chunks on first use."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def starts(self) -> "array[int]":
        """The starts of the chunks, and the end of the last one."""
        return cut(self.text)

    def spans(self, pattern: re.Pattern[str]) -> Iterator[Span]:
        """The spans around each chunk that has a match of `pattern`, in the order of the text."""
        last_index, parsed_index, middle = -1, -1, Part("", [])
        for match in pattern.finditer(self.text):
            index = bisect.bisect_right(self.starts, match.start()) - 1
            if index <= last_index:
                continue
            if index != parsed_index:
                parsed_index, middle = index, self._part(index)
            if self.starts[index] + len(middle.source) <= match.start():
                continue
            before = self._before(index)
            last_index, after = self._after(index, middle)
            yield Span(self.starts[index - len(before)], (*reversed(before), middle, *after))

    def _part(self, index: int) -> Part:
        return parse_prefix(self.text[self.starts[index] : self.starts[index + 1]])

    def _before(self, index: int) -> list[Part]:
        """The chunks before `index` that parse completely, nearest first."""
        parts: list[Part] = []
        first = index
        while first > 0 and self.starts[index] - self.starts[first] < LIMIT:
            part = self._part(first - 1)
            if self.starts[first - 1] + len(part.source) < self.starts[first]:
                break
            parts.append(part)
            first -= 1
        return parts

    def _after(self, index: int, middle: Part) -> tuple[int, list[Part]]:
        """The index of the last chunk, and the chunks after `index` up to one that does not parse completely."""
        parts: list[Part] = []
        last, part = index, middle
        while self.starts[last] + len(part.source) == (end := self.starts[last + 1]) < len(self.text):
            if end - self.starts[index] > LIMIT:
                break
            last += 1
            part = self._part(last)
            parts.append(part)
        return last, parts
