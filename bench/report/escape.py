"""Untrusted text in Markdown and on terminals: shown as it is, obeyed by nothing."""

import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from bench.text import plain

MARKUP = re.compile(r"[\\`*\[\]|~$^]|(?<![^\W_])_|_(?![^\W_])")
AUTOLINK = re.compile(r"(?<=\w):(?=//)|(?<=www)\.|@", re.IGNORECASE)
"""What turns a text into a link without any brackets."""
BLOCK = re.compile(r"^(?=[-+](?: |$)|#+(?: |$))|^(\d+)(?=[.)](?: |$))")
"""What would begin a list, a heading or a quotation at the start of a line."""


def markdown(text: str) -> str:
    """The plain text for Markdown: in a paragraph, a list or a table's cell. No markup, HTML or link comes of it."""
    line = html.escape(plain(text), quote=False)
    line = MARKUP.sub(lambda match: "\\" + match.group(), line)
    line = AUTOLINK.sub(lambda match: f"&#{ord(match.group())};", line)
    return BLOCK.sub(lambda match: match.group(1) + "\\" if match.group(1) else "\\", line)


def code(text: str) -> str:
    """The plain text as a code span, outside tables; `""` where there is none."""
    line = plain(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") or not line.strip() else ""
    return f"{fence}{pad}{line}{pad}{fence}" if line else '""'


def tag(text: str) -> str:
    """The plain text between HTML tags, where Markdown is not read."""
    return html.escape(plain(text))


@dataclass(frozen=True)
class Pen:
    """How untrusted texts are written: as words, as code, and as a file's name with its quoted address."""

    words: Callable[[str], str]
    code: Callable[[str], str]
    file: Callable[[str, str], str]


MARKDOWN = Pen(markdown, code, lambda name, address: f"[{markdown(name)}]({address})")
HTML = Pen(tag, lambda text: f"<code>{tag(text)}</code>", lambda _, address: f"<code>{tag(unquote(address))}</code>")
"""Without links: the page is a file by itself, which may lie anywhere."""


def unmarked(markdown: str) -> str:
    """A sentence of this program's own Markdown as the text that it shows."""
    return html.unescape(re.sub(r"\\(.)", r"\1", markdown.replace("**", "")))


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
