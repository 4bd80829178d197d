"""Cleaning of an answer's text for the parser.

`cleaned` is applied to every answer and changes no string or comment. `repaired` guesses, for an answer without code.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from itertools import groupby
from textwrap import dedent

from bench.extract.fences import fences

_TOKENS = (
    r"<\|[^|<>\s]{1,40}\|>|<\uff5c[^\uff5c<>\n]{1,40}\uff5c>|</?s>|<(?:eos|bos|pad|unk|eot|EOT|end_of_turn|start_of_turn)>"
    r"|<\|turn>|<turn\|>|\[/?INST\]|\[/?PYTHON\]"
)
_TAGS = (
    r"</?(?:code|pre|python|answer|solution|response|output|final|result)(?: (?:class|lang)=[\w\"'-]{0,60})?>"
    r"|\\(?:begin|end)\{code\}"
    r"|\[/?(?:ANSWER|SOLUTION|(?:BEGIN|END) FINAL RESPONSE)\]"
)
_MARK = rf"{_TOKENS}|^[ \t]*(?:{_TAGS}){{1,4}}|(?:{_TAGS}){{1,4}}[ \t]*$"
"""Tokens of chat templates, anywhere in a line, and tags of formats, where a line begins or ends."""
_SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_UNSEEN = "\u00ad\u200b-\u200f\u2060\ufeff"
_BREAKS = "\x85\u2028\u2029"
_ODD = re.compile(rf"{_MARK}|[{_SPACES}{_UNSEEN}{_BREAKS}]", re.MULTILINE)
_ENTITY = r"&(?:lt|gt|amp|quot|apos|nbsp|\#0?39|\#x27);"
_IN_LINE = re.compile(
    rf"""\#.*|"{{3}}(?:.*?"{{3}}|.*)|'{{3}}(?:.*?'{{3}}|.*)|"(?:[^"\\]|\\.)*+(?:"|$)|'(?:[^'\\]|\\.)*+(?:'|$)"""
    rf"""|(?P<mark>{_MARK})|(?P<space>[{_SPACES}])|(?P<unseen>[{_UNSEEN}])|(?P<line>[{_BREAKS}])|(?P<entity>{_ENTITY})"""
)
"""A string or comment on one line, one that is open at its end, or a mark or odd character outside of them."""
_STRAIGHT = {0x201C: '"', 0x201D: '"', 0x201E: '"', 0x2018: "'", 0x2019: "'", 0x201A: "'", 0x2212: "-", 0x2013: "-"}
_REPLACEMENTS = {"mark": "\n", "line": "\n", "space": " ", "unseen": ""}
_FENCE_AND_CODE = re.compile(
    r"^([ \t]*(?:`{3,}|~{3,})(?:python3?|py)?)[ \t]*(?=(?:def|class|import|from|async def|return|@\w)\b)", re.MULTILINE
)
_FENCE_AT_END = re.compile(r"(?<![`\n])(?<!^)`{3,}+(?:python3?|py)?[ \t]*+$", re.MULTILINE)


def cleaned(text: str) -> str:
    """`text` without marks of chat templates and invisible characters, and with fences on lines of their own.

    Unicode's other white space becomes a space. HTML entities are unescaped where code has them.
    """
    if "```" in text or "~~~" in text:
        text = _FENCE_AND_CODE.sub(r"\1\n", text)
        text = _FENCE_AT_END.sub(_on_own_line, text)
    if "&" in text and re.search(_ENTITY, text):
        text = _unescaped(text)
    if _ODD.search(text):
        text = "\n".join(_IN_LINE.sub(_replacement, line) if _ODD.search(line) else line for line in text.split("\n"))
    return text


def repaired(text: str) -> Iterator[str]:
    """Other readings of a text without code, each of which differs from it."""
    for reading in _READINGS:
        other = reading(text)
        if other != text:
            yield other


def _on_own_line(fence: re.Match[str]) -> str:
    """A fence after text, moved to a line of its own unless that line opens a long string or other fences."""
    before = fence.string[fence.string.rfind("\n", 0, fence.start()) + 1 : fence.start()]
    unchanged = "`" in before or not before.strip() or before.count('"""') % 2 or before.count("'''") % 2
    return fence[0] if unchanged else f"\n{fence[0]}"


def _unescaped(text: str) -> str:
    """`text` with HTML entities unescaped in each fence, or everywhere without fences, if one is outside of strings."""
    pieces, position = [], 0
    for start, end in [(fence.start, fence.end) for fence in fences(text)] or [(0, len(text))]:
        block = text[start:end]
        lines = (line for line in block.split("\n") if "&" in line)
        if any(token.lastgroup == "entity" for line in lines for token in _IN_LINE.finditer(line)):
            block = re.sub(_ENTITY, lambda entity: unescape(entity[0]), block)
        pieces += [text[position:start], block]
        position = end
    return "".join([*pieces, text[position:]])


def _replacement(token: re.Match[str]) -> str:
    return _REPLACEMENTS.get(token.lastgroup or "", token[0])


def _decode(text: str) -> str:
    """The longest string in a JSON object, or a text with escaped line ends."""
    if text.lstrip().startswith("{"):
        try:
            values = json.loads(text).values()
        except (ValueError, RecursionError):
            return text
        return max((value for value in values if isinstance(value, str)), key=len, default=text)
    if "\\n" in text and "\n" not in text.strip():
        return text.strip().strip("\"'").replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')
    return text


def _unquote(text: str) -> str:
    """The lines of a Markdown quote, or those that a diff adds."""
    return _marked_lines(r"> ?" if re.search(r"^> ?(?:def|class)\b", text, re.MULTILINE) else r"\+", text)


def _marked_lines(mark: str, text: str) -> str:
    """The lines with a mark, without it, where there are two or more of them."""
    lines = [(match.end() if (match := re.match(mark, line)) else 0, line) for line in text.split("\n")]
    marked = sum(1 for size, _ in lines if size)
    return "\n".join(line[size:] if size else "" for size, line in lines) if marked > 1 else text


def _split_definitions(text: str) -> str:
    """Definitions after prose or a backtick, moved to lines of their own."""
    before = r"(?<![ \t`])(?:(?<=[:.])[ \t`]*+|[ \t]*+`[ \t`]*+)"
    return re.sub(rf"{before}(?=(?:def|class)[ \t]+\w+[ \t]*[(:])", "\n", text).replace("`", "\n")


def _dedent_blocks(text: str) -> str:
    """Indented blocks, each moved to the left margin."""
    blocks = groupby(text.split("\n"), key=lambda line: not line.strip() or line[0] in " \t")
    return "\n".join(dedent("\n".join(block)) if indented else "\n".join(block) for indented, block in blocks)


_READINGS: tuple[Callable[[str], str], ...] = (
    _decode,
    partial(_marked_lines, r"(?:>>>|\.\.\.)(?: |$)"),  # of an interpreter session
    _unquote,
    partial(_marked_lines, r" *[0-9]{1,5}(?: ?[|:.)])?(?: |$)"),  # numbered lines
    lambda text: text.translate(_STRAIGHT),
    _split_definitions,
    _dedent_blocks,
)
