"""What holds for every answer, however odd."""

import ast
import itertools
import re
import time
import warnings
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bench.extract import chunks, extract_code, normalized, split_thoughts

PROMPT = 'def add(a, b):\n    """Add."""\n'
CODE = "def add(a, b):\n    return a + b"
PIECES = [
    "def add(a, b):", "    return a + b", "def add(", "class add:", "    def add(self):", "async def add(a):",
    "    x = 1",
    "  y = (", "```python", "```", "~~~", "   ```", '"""', "'", "(", "[", "}", ")", "\\", "@add", "if add:", "else:",
    "elif x:", "try:", "except:", "import re", "from x import (", "# it's", "add = lambda a: a", "I can't say (yet).",
    "<think>", "</think>", "[THINK]", "\tpass", "\0", "\r", "\x0c", "", "    ", "é = 'ä'", "\ud800", "return", "yield",
    "x: int = 1", "f'{x", "match add:", "\u2028",
]  # fmt: skip
LINES = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=30)), max_size=40).map("\n".join)
ANSWERS = st.one_of(LINES, st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
MEANING = re.compile(r"```|~~~|</think>|^\s*(?:<think>|\[THINK\])", re.MULTILINE)
NAMES = st.one_of(st.just("add"), st.text(max_size=5))
REPEATED = [
    "def add(a, b):\n    return a + b\n\n", "    def add(x):\n        return x\n", "def add():\n        x\n    y\n",
    "def add(\n", "class add:\n    def add(self):\n        return 1\n", "add = 1\n", "add = [1,\n", "add=1;",
    "import re\n",
    "x = \\\n", 'x = """\n', "'''\ndef add(x):\n", "x = (\ndef add(x):\n    return 1\n", 'def add():\n    """\n```\n',
    "if f:\n", "else:\n", "if 1: pass\nelif f: return\n", "@f\n", "    # TODO\n",
    "I think that f(x) is it's (so.\n", "1",
    "word ", "-", "1+", "(\n", "[", "f(", "'", "\t\n", "\n", "```python\ndef add(a):\n",
    "~~~\ndef add():\n    return 1\n",
    "<think>\nx\n", "</think>\n", "<think>x</think>\n", "Thinking...\n", "assistantfinal", "<|think|>", "<think>",
    "<|channel|>analysis<|message|>x\n", "analysis", "<|x|> ", '\\"', "a```\n", "`", "x&lt;", "\u00a0", "'''\u00a0",
    "def add(a):\n    return b\n\nx\n", "> x\n", ">>> x\n", "1 x\n", "    x\ny\n", "`def add(", "</answer>\n",
]  # fmt: skip


@given(answer=ANSWERS, name=NAMES)
def test_never_raises(answer: str, name: str) -> None:
    """Any text gives an extraction, whose code can be written as UTF-8 and has no NUL."""
    extraction = extract_code(answer, name, PROMPT)
    assert extraction.code.encode().count(b"\0") == 0
    assert (extraction.rule == "none") == (not extraction.code)


@given(answer=ANSWERS)
def test_code_parses_and_defines(answer: str) -> None:
    """Whatever the rule, code parses; by any rule but `other` it holds the entry point."""
    extraction = extract_code(answer, "add", PROMPT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ast.parse(extraction.code)
    assert extraction.rule in ("other", "none") or "add" in extraction.code


@given(answer=ANSWERS)
def test_idempotent(answer: str) -> None:
    """Code that was found is found again as it is, unless it holds what means something outside of code."""
    extraction = extract_code(answer, "add")
    assume(not MEANING.search(extraction.code))
    assert extract_code(extraction.code, "add").code == extraction.code


@given(
    before=st.text(alphabet=st.characters(blacklist_characters="`~<>[]|\0\r"), max_size=200), after=st.text(max_size=99)
)
def test_prose_around_a_fence_changes_nothing(before: str, after: str) -> None:
    """A whole function in a fence is found in any prose that defines nothing."""
    if "add" in before + after or "</" in after:
        return
    extraction = extract_code(f"{before}\n```python\n{CODE}\n```\n{after}", "add")
    assert CODE in extraction.code


@given(text=ANSWERS)
def test_thoughts_lose_nothing(text: str) -> None:
    """Each word of a text is in the answer, in the reasoning, or part of a tag."""
    thoughts = split_thoughts(normalized(text))
    kept = thoughts.answer + thoughts.reasoning
    for word in ("TODO", "pass", "import re", "I can't say (yet)."):
        assert kept.count(word) == normalized(text).count(word)


def parsed(monkeypatch: pytest.MonkeyPatch, text: str) -> int:
    """How many characters are parsed while code is sought in `text`."""
    count = 0
    parse: Callable[[str], ast.Module] = ast.parse

    def counted(source: str) -> ast.Module:
        nonlocal count
        count += len(source)
        return parse(source)

    monkeypatch.setattr(chunks.ast, "parse", counted)
    extract_code(text, "add", PROMPT)
    monkeypatch.setattr(chunks.ast, "parse", parse)
    return count


@pytest.mark.slow
@pytest.mark.parametrize("piece", REPEATED)
@pytest.mark.parametrize("around", [("", ""), (f"{CODE}\n", ""), ("", f"\n{CODE}\n")], ids=["alone", "before", "after"])
def test_parsing_is_linear(monkeypatch: pytest.MonkeyPatch, piece: str, around: tuple[str, str]) -> None:
    """Eight times the repetition is parsed at most sixteen times as much, and no character more often than a bound."""
    texts = [around[0] + piece * (size // len(piece)) + around[1] for size in (2_000, 16_000)]
    small, large = (parsed(monkeypatch, text) for text in texts)
    assert large <= 16 * max(small, len(texts[0]))
    assert large <= 60 * len(texts[1])


@pytest.mark.slow
@pytest.mark.parametrize("piece", REPEATED)
def test_time_is_linear(piece: str) -> None:
    """Sixteen times the repetition takes at most 64 times as long, not 256, by the process's own clock."""

    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        began = time.process_time()
        extract_code(text, "add", PROMPT)
        return time.process_time() - began

    assert min(seconds(80_000), seconds(80_000)) <= 64 * max(0.02, seconds(5_000), seconds(5_000))


@pytest.mark.slow
@pytest.mark.parametrize("depth", [10, 90, 150, 1000, 20_000])
@pytest.mark.parametrize(
    "opening", ["(", "[", "{", "f(", "lambda: ", "not ", "-", "1+", "a.", "a if b else ", "(" * 3 + "\n"]
)
def test_depth_is_survived(opening: str, depth: int) -> None:
    """Nesting beyond what Python's parser bears is not code, and harms nothing beside it."""
    extraction = extract_code(f"x = {opening * depth}1\n\n```python\n{CODE}\n```\n", "add", PROMPT)
    assert CODE in extraction.code


def test_long_answers_keep_their_code() -> None:
    """A function behind 800 lines of reasoning without tags is found."""
    vocabulary = itertools.cycle(
        ["the", "list", "so", "we", "don't", "(maybe", "x[0]", "it's", '"word"', "[check", "{a:", "1"]
    )
    prose = "\n".join(" ".join(itertools.islice(vocabulary, 7 + line % 11)) for line in range(800))
    assert extract_code(f"{prose}\n```python\n{CODE}\n```\n", "add").code == CODE
