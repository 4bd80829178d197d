"""Any text → chunks: a line at the left margin with all indented lines below it.

Only chunks are parsed, each a bounded number of times, in linear time. Positions are character offsets.
"""

import ast
import re
from array import array
from dataclasses import dataclass

LIMIT = 400_000
"""Characters that are parsed at once, and that a span may grow in each direction."""
MAX_CUTS = 12
"""Number of times that a chunk that does not parse is cut before its error and tried again."""
FENCE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[^`\n]*$", re.MULTILINE)
MARGIN = re.compile(rf"({FENCE.pattern})|^(?![\s#)\]}}]|(?:else|elif|except|finally)\b).", re.MULTILINE)
MAY_CONTINUE = re.compile(r"""[(\[{@\\]|\"{3}|'{3}""")
MAX_DEPTH = 50
"""Brackets that may be open across the left margin; Python's limit is 200."""
KEYWORD = re.compile(r"(?:async def|def|class|import|from)\b|`{3}|~{3}")
TOKEN = re.compile(r"""\#[^\n]* | \"{3} | '{3} | ["'] | [()\[\]{}]""", re.VERBOSE)
STRING_BODY = {quote: re.compile(rf"(?:[^{quote}\\\n]|\\.)*+", re.DOTALL) for quote in "\"'"}
"""The content of a string in such quotes."""


@dataclass(frozen=True)
class Part:
    """A piece of a text that parses, and its statements."""

    source: str
    statements: list[ast.stmt]


def parse_prefix(source: str) -> Part:
    """The longest beginning of `source`, in whole lines, that parses; an empty part where there is none."""
    if len(source) > LIMIT or FENCE.match(source):
        return Part("", [])
    for _ in range(MAX_CUTS):
        try:
            return Part(source, ast.parse(source).body)
        except SyntaxError as error:
            lines = source.split("\n")
            error_line = _unclosed(source) if "never closed" in error.msg or "too many" in error.msg else error.lineno
            count = min(len(lines) - 1 - source.endswith("\n"), (error_line or 1) - 1)
            source = "".join(line + "\n" for line in lines[:count])
        except (ValueError, RecursionError, MemoryError):
            break
        if not source.strip():
            break
    return Part("", [])


def _unclosed(source: str) -> int:
    """The line (from 1) of the first bracket that is never closed; Python's error names the last one."""
    opened: list[int] = []
    tokens, position = Tokens(source), 0
    while token := tokens.next(position, len(source)):
        kind, position = token
        if kind in "([{":
            opened.append(position - 1)
        elif opened and kind in ")]}":
            opened.pop()
    return source.count("\n", 0, opened[0]) + 1 if opened else 1


class Tokens:
    """The brackets, comments and triple quotes of a text; strings in single quotes are skipped.

    An unclosed quote is skipped alone. No other such quote up to the line's end is closed either, so they are skipped
    too: each character is read at most twice.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.unclosed = dict.fromkeys(STRING_BODY, 0)

    def next(self, position: int, until: int) -> tuple[str, int] | None:
        """The next token from `position` to `until`, and its end."""
        while token := TOKEN.search(self.text, position, until):
            kind, position = token.group(), token.end()
            if kind not in STRING_BODY:
                return kind, position
            if position > self.unclosed[kind]:
                end = self._end(kind, position, until)
                position = end + 1 if self.text.startswith(kind, end, until) else position
        return None

    def _end(self, kind: str, position: int, until: int) -> int:
        """The end of a string that begins at `position`."""
        inside = STRING_BODY[kind].match(self.text, position, until)
        assert inside is not None
        if not self.text.startswith(kind, inside.end(), until):
            self.unclosed[kind] = inside.end()
        return inside.end()


def cut(text: str) -> "array[int]":
    """The starts of the chunks of `text`, and the end of the last one."""
    return _Cutter(text).chunks()


class _Cutter:
    """Cuts a text at its left margin, except where a bracket, a string, a decorator or a backslash continues a line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.margins = array("Q", [0])
        for match in MARGIN.finditer(text):
            self._add(match.start())
            if match[1]:
                self._add(match.end() + 1)
        self._add(len(text))
        # Prose may open brackets that never close: the searches for their ends are linear in total.
        self.budget = len(text) + LIMIT // 10

    def _add(self, offset: int) -> None:
        if self.margins[-1] < offset <= len(self.text):
            self.margins.append(offset)

    def chunks(self) -> "array[int]":
        """The starts of the chunks, and the end of the last one."""
        starts: array[int] = array("Q")
        index = 0
        while index < len(self.margins) - 1:
            start, plain = self.margins[index], self.margins[index + 1]
            starts.append(start)
            index += 1
            closed = self._closed(index - 1) if MAY_CONTINUE.search(self.text, start, plain) else index
            if closed > index:
                joined = parse_prefix(self.text[start : self.margins[closed]])
                if start + len(joined.source) > plain:
                    index = closed
                else:
                    self.budget -= self.margins[closed] - start
        starts.append(len(self.text))
        return starts

    def _closed(self, index: int) -> int:
        """The index of the first margin after `index` at which nothing is open, else the next one."""
        start = position = self.margins[index]
        depth, tokens = 0, Tokens(self.text)
        for number in range(index + 1, len(self.margins)):
            until = self.margins[number]
            position, depth = self._lex(tokens, position, until, depth)
            if position > until:
                continue
            if depth == 0 and not self._joins(number):
                return number
            exhausted = self.budget < 0 or depth > MAX_DEPTH or until - start > LIMIT
            if exhausted or (depth and KEYWORD.match(self.text, until)):
                break
        self.budget -= max(0, position - self.margins[index + 1])
        return index + 1

    def _joins(self, number: int) -> bool:
        """Whether the line before a margin is a decorator or ends in a backslash."""
        before, until = self.margins[number - 1], self.margins[number]
        return self.text.startswith("@", before) or self.text.endswith("\\\n", 0, until)

    def _lex(self, tokens: Tokens, position: int, until: int, depth: int) -> tuple[int, int]:
        """Read tokens from `position` to `until`; a triple-quoted string may end later."""
        while position < until:
            token = tokens.next(position, until)
            if token is None:
                return until, depth
            kind, position = token
            if kind in ('"""', "'''"):
                end = self.text.find(kind, position)
                position = len(self.text) + 1 if end < 0 else end + 3
            elif kind in "([{":
                depth += 1
            elif kind in ")]}":
                depth = max(0, depth - 1)
        return position, depth
