"""Plain text at the edge: shown as it is and obeyed by nothing in Markdown, of a known width on a terminal."""

import html
import re
import unicodedata

from bench.text import plain

SENTENCE = 20_000
"""Characters of a sentence that is put together of plain texts; what people wrote was cut when it was read."""
MARKUP = re.compile(r"[\\`*\[\]|~$^]|(?<![^\W_])_|_(?![^\W_])")
AUTOLINK = re.compile(r"(?<=\w):(?=//)|(?<=www)\.|@", re.IGNORECASE)
"""What turns a text into a link without any brackets."""
BLOCK = re.compile(r"^(?=[-+](?: |$)|#+(?: |$))|^(\d+)(?=[.)](?: |$))")
"""What would begin a list, a heading or a quotation at the start of a line."""


def markdown(text: str) -> str:
    """One line of text for Markdown: in a paragraph, a list or a table's cell. No markup, HTML or link comes of it."""
    line = html.escape(plain(text, SENTENCE), quote=False)
    line = MARKUP.sub(lambda match: "\\" + match.group(), line)
    line = AUTOLINK.sub(lambda match: f"&#{ord(match.group())};", line)
    return BLOCK.sub(lambda match: match.group(1) + "\\" if match.group(1) else "\\", line)


def tag(text: str) -> str:
    """The plain text between HTML tags, where Markdown is not read."""
    return html.escape(plain(text))


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(_width(char) for char in text)


def fitted(text: str, width: int) -> str:
    """The plain text in exactly `width` columns: cut, or filled with spaces."""
    line = plain(text)
    while columns(line) > width:
        line = line.removesuffix("…")[:-1] + "…"
    return line + " " * (width - columns(line))


def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
