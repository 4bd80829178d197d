"""Markdown fences: their positions, and the indentation of code inside them."""

import re
from dataclasses import dataclass

FENCE_LINE = re.compile(r"^([ \t]*)(`{3,}|~{3,})([^`\n]*)$", re.MULTILINE)
ANY_INDENT = re.compile(r"^[ \t]*(?=\S)", re.MULTILINE)
STARTS_CODE = re.compile(r"[ \t]+(?:async def|def|class|import|from|@)\b")


@dataclass(frozen=True)
class Fence:
    """The lines between two fences: the offset of the first character, and the one after the last."""

    start: int
    end: int


def fences(text: str) -> list[Fence]:
    """The fenced blocks of `text`; one that is not closed ends with the text."""
    blocks: list[Fence] = []
    mark, start = "", 0
    for line in FENCE_LINE.finditer(text):
        if not mark:
            mark, start = line[2], min(line.end() + 1, len(text))
        elif line[2].startswith(mark) and not line[3].strip():
            blocks.append(Fence(start, max(start, line.start())))
            mark = ""
    if mark:
        blocks.append(Fence(start, len(text)))
    return blocks


def fenced(text: str) -> list[str]:
    """The contents of the fenced blocks of `text`."""
    return [text[fence.start : fence.end] for fence in fences(text)]


def dedented(text: str) -> str:
    """`text` with each wholly indented block (in a list, say) moved to the left margin."""
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
