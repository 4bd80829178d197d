"""Markdown fences: where they are, and code that is indented inside them."""

import re
from dataclasses import dataclass

FENCE_LINE = re.compile(r"^([ \t]*)(`{3,}|~{3,})([^`\n]*)$", re.MULTILINE)
ANY_INDENT = re.compile(r"^[ \t]*(?=\S)", re.MULTILINE)
STARTS_CODE = re.compile(r"[ \t]+(?:async def|def|class|import|from|@)\b")


@dataclass(frozen=True)
class Fence:
    """The lines between two fences: offsets of their first and behind their last character."""

    start: int
    end: int


def fences(text: str) -> list[Fence]:
    """The fenced blocks of `text`; one that is not closed ends with the text."""
    found: list[Fence] = []
    mark, start = "", 0
    for line in FENCE_LINE.finditer(text):
        if not mark:
            mark, start = line[2], min(line.end() + 1, len(text))
        elif line[2].startswith(mark) and not line[3].strip():
            found.append(Fence(start, max(start, line.start())))
            mark = ""
    if mark:
        found.append(Fence(start, len(text)))
    return found


def dedented(text: str) -> str:
    """`text` with code that is indented as a whole inside its fence (in a list, say) moved to the left margin."""
    pieces: list[str] = []
    position = 0
    for fence in fences(text):
        pieces.append(text[position : fence.start])
        pieces.append(_to_margin(text[fence.start : fence.end]))
        position = fence.end
    return "".join([*pieces, text[position:]])


def _to_margin(block: str) -> str:
    body = block.lstrip("\n")
    if not STARTS_CODE.match(body):
        return block
    margin = min((match.group() for match in ANY_INDENT.finditer(block)), key=len)
    return re.sub(rf"^{margin}", "", block, flags=re.MULTILINE)
