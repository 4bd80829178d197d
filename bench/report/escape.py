"""Escapes at the edge: plain text that is no markup in Markdown and HTML, and has a known width on a terminal."""

import html
import re

from rich.cells import cell_len, set_cell_size

from bench.text import plain

SENTENCE = 20_000
"""Characters of a sentence that is put together of plain texts; what people wrote was cut when it was read."""
MARKUP = re.compile(
    r"[\\`*|~$^]|(?<![^\W_])_|_(?![^\W_])"  # anywhere
    r"|\](?=[(\[:]|$)|\[(?=\^)"  # what a bracket needs to be a link or a footnote; none that is named is defined
)
HTML = re.compile(r"<(?=[A-Za-z/!?]|$)|&(?=[#\w])")
AUTOLINK = re.compile(r"(?<=\w):(?=//)|(?<=www)\.|@(?=[\w-]+\.)|(?<!\w)@", re.IGNORECASE)
"""Characters that make a link without any brackets."""
BLOCK = re.compile(r"^(?=[-+](?: |$)|#+(?: |$)|>|\[)|^(\d+)(?=[.)](?: |$))")
"""The beginning of a list, a heading, a task or a quotation at the start of a line."""


def markdown(text: str) -> str:
    """One line of text for Markdown, in a paragraph or a list. No markup, HTML or link comes of it."""
    return BLOCK.sub(lambda match: (match.group(1) or "") + "\\", cell(text))


def cell(text: str) -> str:
    """The same inside a line, such as in a table's cell, where no list or heading can begin."""
    line = HTML.sub(lambda match: html.escape(match.group()), plain(text, SENTENCE))
    line = MARKUP.sub(lambda match: "\\" + match.group(), line)
    return AUTOLINK.sub(lambda match: f"&#{ord(match.group())};", line)


def tag(text: str) -> str:
    """The plain text between HTML tags, where Markdown is not read."""
    return html.escape(plain(text))


def fitted(text: str, width: int) -> str:
    """The plain text in exactly `width` columns of a terminal: cut, or filled with spaces."""
    line = plain(text)
    return set_cell_size(line, width) if cell_len(line) <= width else set_cell_size(line, width - 1) + "…"
