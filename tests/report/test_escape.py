import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.cells import cell_len

from bench.report import escape
from bench.text import LONGEST, plain
from tests.report.made import HOSTILE

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TEXTS = st.text(st.sampled_from(list("ab1 .-+#*_`~|<>&[]()!\\:/@\n=$^\"'")), max_size=30)


def shown(html: str) -> str:
    """The text of a rendered page."""
    import html as entities

    return entities.unescape(re.sub(r"<[^>]*>", "", html)).strip()


def tags(html: str) -> list[str]:
    """The names of the tags that a rendered page opens."""
    return re.findall(r"<(\w+)", html)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_obeys_nothing(text: str) -> None:
    """Plain text is one line of characters that can be seen, of bounded length."""
    line = plain(text)
    assert len(line) <= LONGEST
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in line)


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_obeys_nothing(text: str) -> None:
    """In a paragraph, a list and a table's cell, hostile text renders as itself, with no tag of its own."""
    escaped, line = escape.markdown(text), plain(text, escape.SENTENCE)
    assert tags(MARKDOWN.render(f"before {escaped} after")) == ["p"]
    if line:
        assert tags(MARKDOWN.render(f"- {escaped}")) == ["ul", "li"]
        assert shown(MARKDOWN.render(f"- {escaped}")) == line
    table = MARKDOWN.render(f"| A | B |\n|---|---|\n| {escaped} | end |\n")
    assert tags(table) == ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
    assert re.findall(r"<td>(.*?)</td>", table)[1] == "end"


@given(TEXTS)
def test_markdown_shows_the_text(text: str) -> None:
    """Whatever the text, Markdown shows it as it is and makes nothing of it."""
    html = MARKDOWN.render(f"x {escape.markdown(text)} x")
    assert tags(html) == ["p"]
    assert shown(html).split() == ["x", *plain(text).split(), "x"]


@given(TEXTS)
def test_markdown_in_a_cell(text: str) -> None:
    """Whatever the text, it fills one cell."""
    html = MARKDOWN.render(f"| A | B |\n|---|---|\n| {escape.markdown(text)} | end |\n")
    cells = re.findall(r"<td>(.*?)</td>", html)
    assert shown(cells[0]) == plain(text)
    assert cells[1:] == ["end"]


@pytest.mark.parametrize("text", HOSTILE)
def test_tag_is_text(text: str) -> None:
    """Between HTML tags, text stays text."""
    assert "<" not in escape.tag(text)
    assert '"' not in escape.tag(text)


def test_titles_stay_readable() -> None:
    """Ordinary titles and versions need no escape."""
    for title in (
        "Qwen3-Coder-Next UD-Q6_K_XL",
        "GLM-4.7 Flash Q4_K_M",
        "Claude Opus 4.6 (thinking)",
        "0.3.1",
        "C++ #1",
    ):
        assert escape.markdown(title) == title


def test_no_links_of_themselves() -> None:
    """What some renderers would make a link of, without brackets, is no link."""
    escaped = escape.markdown("https://a.example www.a.example a@a.example")
    assert "://" not in escaped
    assert "www." not in escaped
    assert "@" not in escaped


@given(st.text(max_size=40), st.integers(4, 40))
def test_fitted(text: str, width: int) -> None:
    """A fitted text takes the same number of columns, whatever is in it."""
    assert cell_len(escape.fitted(text, width)) == width


def test_wide_characters() -> None:
    """East Asian characters take two columns, combining ones none."""
    assert escape.fitted("日本", 5) == "日本 "
    assert escape.fitted("e\u0301", 2) == "e\u0301 "
    assert escape.fitted("日本語モデル", 7) == "日本語…"
