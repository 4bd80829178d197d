"""What code is taken from which answer; each row says why."""

import ast
import warnings
from dataclasses import dataclass
from textwrap import dedent

import pytest

from bench.extract import extract_code, normalized
from bench.extract.fences import fences

PROMPT = '''\
from typing import List


def add(a: int, b: int) -> int:
    """ Add two numbers.
    >>> add(1, 2)
    3
    """
'''
CONTINUED = PROMPT.replace("\n\n\n", "\n")
CODE = "def add(a, b):\n    return a + b"
WRONG = "def add(a, b):\n    return a - b"
LONGER = "def add(a, b):\n    total = a\n    total += b\n    return total"


@dataclass(frozen=True)
class Row:
    """An answer, the code and the rule that it must give, and why this choice is right."""

    why: str
    answer: str
    rule: str
    code: str = CODE


def fenced(code: str, mark: str = "```", language: str = "python") -> str:
    """`code` between two fences."""
    return f"{mark}{language}\n{code}\n{mark}"


def blocks(*codes: str) -> str:
    """Several blocks of code in their fences, with prose between them."""
    return "\nIt's one; the next is:\n".join(map(fenced, codes))


ROWS = [
    Row("code alone is an answer", CODE, "plain"),
    Row("a fence is not code, what is in it is", fenced(CODE), "fence"),
    Row("prose around a fence explains it", f"Sure! Here is it:\n\n{fenced(CODE)}\n\nIt adds.", "fence"),
    Row("a fence needs no language", fenced(CODE, language=""), "fence"),
    Row("tildes are a fence too", fenced(CODE, "~~~"), "fence"),
    Row("four backticks are a fence too", fenced(CODE, "````"), "fence"),
    Row("prose without a fence ends at the function", f"Here it is.\n\n{CODE}\n\nThat's all, it's done.", "text"),
    Row("the wrong function comes first: another name is asked for", "\n".join(
        [fenced("def helper(x):\n    return x"), "Now the real one:", fenced(CODE)]), "fence"),
    Row("a call that shows the use is no definition", f"{fenced('add(1, 2)')}\nwith\n{fenced(CODE)}", "fence"),
    Row("a shell session is no definition", f"{fenced('$ pip install add', language='bash')}\n{fenced(CODE)}", "fence"),
    Row("of two versions the longer counts, which is EvalPlus's choice",
        f"A sketch:\n{fenced(CODE)}\nThe whole:\n{fenced(LONGER)}", "fence", LONGER),
    Row("of two as long the first counts, as the sanitizer finds it first",
        f"{fenced(CODE)}\nor wrongly\n{fenced(WRONG)}", "fence"),
    Row("in one stretch the first definition counts, as the sanitizer keeps the first",
        f"{CODE}\n\n{WRONG}\n", "plain"),
    Row("a fence that is not closed ends with the answer", f"Here:\n```python\n{CODE}\n", "fence"),
    Row("a fence that is cut off in the function's tail keeps what is whole",
        f"```python\n{CODE}\n\ndef other(x):\n    return (x +", "fence"),
    Row("a fence inside a list is indented as a whole",
        "1. Like this:\n\n" + "\n".join("   " + line for line in fenced(CODE).split("\n")) + "\n\n2. Done.", "fence"),
    Row("code that is indented in a fence at the margin is moved",
        fenced("\n".join("    " + line for line in CODE.split("\n"))), "fence"),
    Row("Windows line ends are line ends", fenced(CODE).replace("\n", "\r\n"), "fence"),
    Row("old Macintosh line ends are line ends", CODE.replace("\n", "\r"), "plain"),
    Row("tabs indent", CODE.replace("    ", "\t"), "plain", CODE.replace("    ", "\t")),
    Row("NUL cannot stand in a source and says nothing", "def add(a, b):\n    return a\0 + b", "plain"),
    Row("half a surrogate pair cannot be written as UTF-8", f"{CODE}  # \udc80\n", "plain"),
    Row("a byte order mark is no character of the code", f"\ufeff{CODE}", "plain"),
    Row("an invalid escape is a warning, no error", 'def add(a, b):\n    return "\\d" and a + b', "plain",
        'def add(a, b):\n    return "\\d" and a + b'),
    Row("escape sequences stay as they are written", 'def add(a, b):\n    return "\\033[0m\\n\\x00" and a + b', "plain",
        'def add(a, b):\n    return "\\033[0m\\n\\x00" and a + b'),
    Row("a raw string and a backslash at a line's end stay", "def add(a, b):\n    return a + \\\n        b", "plain",
        "def add(a, b):\n    return a + \\\n        b"),
    Row("a closed thought is no answer, whatever code it holds", f"<think>\n{LONGER}\n</think>\n{CODE}", "plain"),
    Row("a thought whose opening tag was in the prompt ends at its closing tag",
        f"Let me see.\n{fenced(LONGER)}\n</think>\n{fenced(CODE)}", "fence"),
    Row("a thought that is not closed was cut off, with no answer behind it", f"<think>\n{fenced(CODE)}", "none", ""),
    Row("a closing tag behind the only code may be a slip, and EvalPlus reads it", f"{CODE}\n\nSo:\n</think>\nDone.",
        "text"),
    Row("Mistral's tags are tags", f"[THINK]\n{LONGER}\n[/THINK]\n{CODE}", "plain"),
    Row("gpt-oss's channels are tags",
        f"<|channel|>analysis<|message|>{LONGER}<|end|><|start|>assistant<|channel|>final<|message|>{CODE}", "plain"),
    Row("a tag in a string of the code is no thought", 'def add(a, b):\n    return a + b if "<think>" else 0', "plain",
        'def add(a, b):\n    return a + b if "<think>" else 0'),
    Row("a body that continues the prompt belongs behind it", "    return a + b\n", "continuation",
        CONTINUED + "    return a + b"),
    Row("a body whose first line lost its indentation too", "total = a\n    total += b\n    return total\n",
        "continuation", CONTINUED + "    total = a\n    total += b\n    return total"),
    Row("a body without any indentation too", "total = a\ntotal += b\nreturn total\n", "continuation",
        CONTINUED + "    total = a\n    total += b\n    return total"),
    Row("a body in a fence too", fenced("    return a + b"), "continuation",
        CONTINUED + "    return a + b"),
    Row("Python under another name stays as it is, so that a person sees why it fails",
        fenced("def plus(a, b):\n    return a + b"), "other", "def plus(a, b):\n    return a + b"),
    Row("prose is no code", "I am sorry, I can't help with that.", "none", ""),
    Row("nothing is no code", "", "none", ""),
    Row("imports of the stretch come along", f"import math\n\n{CODE}", "plain", f"import math\n{CODE}"),
    Row("a helper that is used comes along, one that is not stays behind, as the sanitizer has it",
        "def used(x):\n    return x\n\ndef unused(x):\n    return x\n\ndef add(a, b):\n    return used(a) + b", "plain",
        "def used(x):\n    return x\ndef add(a, b):\n    return used(a) + b"),
    Row("a constant that is used comes along", "ZERO = 0\nONE = 1\n\ndef add(a, b):\n    return a + b + ZERO", "plain",
        "ZERO = 0\ndef add(a, b):\n    return a + b + ZERO"),
    Row("tests and calls at the margin are not the function's", f"{CODE}\n\nassert add(1, 2) == 3\nprint(add(1, 2))",
        "plain"),
    Row("a class may hold the answer", "class add:\n    def __call__(self):\n        return 1", "plain",
        "class add:\n    def __call__(self):\n        return 1"),
    Row("a lambda may be the answer", "add = lambda a, b: a + b", "plain", "add = lambda a, b: a + b"),
    Row("an async function may be the answer", f"async {CODE}", "plain", f"async {CODE}"),
    Row("a docstring with a fence in it is inside the function",
        'def add(a, b):\n    """Add.\n\n    ```\n    add(1, 2)\n    ```\n    """\n    return a + b', "plain",
        'def add(a, b):\n    """Add.\n\n    ```\n    add(1, 2)\n    ```\n    """\n    return a + b'),
    Row("the prompt again and then the body is an ordinary answer", PROMPT + "    return a + b\n", "plain",
        CONTINUED + "    return a + b"),
    Row("an echoed prompt is no implementation, however long it is",
        f"Task:\n\n{PROMPT}\nAnswer:\n\n{fenced(CODE)}", "fence"),
    Row("nor is one in a block of its own", blocks(PROMPT, CODE), "fence"),
    Row("nor is a stub with pass", blocks("def add(a, b):\n\n    # to do\n    pass\n    pass", CODE), "fence"),
    Row("nor is one that returns a constant", blocks("def add(a, b):\n    pass\n    return None", CODE), "fence"),
    Row("nor is one that raises an error", blocks("def add(a, b):\n    pass\n    raise NotImplementedError()", CODE),
        "fence"),
    Row("a stub gives way in one stretch too", f"def add(a, b):\n    return 0\n\n\n{CODE}", "plain"),
    Row("a body behind an echoed prompt continues it", blocks(PROMPT, "    return a + b"), "continuation",
        CONTINUED + "    return a + b"),
    Row("a function that does nothing is shown where there is nothing else", "def add(a, b):\n    pass", "plain",
        "def add(a, b):\n    pass"),
    Row("an import in a block of its own comes along",
        blocks("import math", "def add(a, b):\n    return math.fsum([a, b])"), "fence",
        "import math\ndef add(a, b):\n    return math.fsum([a, b])"),
    Row("a helper in a later block comes along, with what it needs itself",
        blocks("def add(a, b):\n    return plus(a, b)", "ZERO = 0", "def plus(a, b):\n    return a + b + ZERO"),
        "fence", "ZERO = 0\ndef plus(a, b):\n    return a + b + ZERO\ndef add(a, b):\n    return plus(a, b)"),
    Row("a package that may not be there does not come along",
        blocks("import pandas", "def add(a, b):\n    return pandas.add(a, b)"), "fence",
        "def add(a, b):\n    return pandas.add(a, b)"),
    Row("a call that shows the use is not run for its result",
        blocks("def add(a, b):\n    return a + c", "c = input()"), "fence", "def add(a, b):\n    return a + c"),
    Row("a fence behind the last line closes the block", f"```python\n{CODE}```", "fence"),
    Row("so does one behind a comment", f"```python\n{CODE}  # a sum```", "fence"),
    Row("a fence behind prose opens a block", f"Don't worry, here it is: ```python\n{CODE}\n```\nDone.", "fence"),
    Row("a block on one line is a block", "```python def add(a, b): return a + b```", "fence",
        "def add(a, b): return a + b"),
    Row("a string with a fence in it stays", "def add(a, b):\n    return a + b if '```' else '''```\n'''", "plain",
        "def add(a, b):\n    return a + b if '```' else '''```\n'''"),
    *(Row(f"{token} behind the last line is none of the code", CODE + token, "plain") for token in (
        "</s>", "<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|EOT|>", "<end_of_turn>", "<eos>", "<turn|>",
        "<|return|>", "<\uff5cend\u2581of\u2581sentence\uff5c>", "[/INST]", "</answer>", "</code>", "</code></pre>",
        "[/PYTHON]",
        "\\end{code}")),
    Row("what follows an end token is another turn", CODE + "<|im_end|>\n<|im_start|>user\nThanks!", "text"),
    *(Row(f"{token} before the first line is none of the code", token + CODE, "plain") for token in (
        "<s>", "<bos>", "<|python_tag|>", "<answer>", "<code>", "[PYTHON]", "\\begin{code}",
        '<pre><code class="language-python">',
        "<|im_start|>assistant\n")),
    Row("a token in a string is the code's", 'def add(a, b):\n    return a + b if "</s>" else "<|im_end|>"', "plain",
        'def add(a, b):\n    return a + b if "</s>" else "<|im_end|>"'),
    Row("an end token in the middle of a continuation ends it", "    return a + b<|endoftext|>\nclass X:",
        "continuation", CONTINUED + "    return a + b"),
    Row("spaces that do not break indent as spaces", CODE.replace("    ", "\u00a0" * 4), "plain"),
    Row("wide spaces separate as spaces", "def add(a,\u3000b):\n    return a\u2003+ b", "plain"),
    Row("what has no width is not there", fenced(f"\u200b{CODE}\ufeff\n\u2060"), "fence"),
    Row("in a string it stays", 'def add(a, b):\n    return a + b, "\u00a0\u200b&lt;"', "plain",
        'def add(a, b):\n    return a + b, "\u00a0\u200b&lt;"'),
    Row("HTML's escapes are undone", fenced("def add(a, b):\n    return a if a &gt; b &amp; 1 else &quot;x&quot;"),
        "fence", 'def add(a, b):\n    return a if a > b & 1 else "x"'),
    Row("a session of the interpreter is read", ">>> def add(a, b):\n...     return a + b\n...\n>>> add(1, 2)\n3",
        "plain"),
    Row("a quoted block is read", "\n".join(f"> {line}" for line in CODE.split("\n")), "plain"),
    Row("a block in a diff is read", "\n".join(f"+{line}" for line in CODE.split("\n")), "plain"),
    Row("numbered lines are read", "\n".join(f"{n} {line}" for n, line in enumerate(CODE.split("\n"), 1)), "plain"),
    Row("an indented block between prose is read",
        "So:\n\n" + "\n".join(f"    {line}" for line in CODE.split("\n")) + "\n\nDone.", "text"),
    Row("code behind prose on its line is read", "It is: `def add(a, b): return a + b`.", "text",
        "def add(a, b): return a + b"),
    Row("typographic quotes are quotes", "def add(a, b):\n    return a + b + len(“”)", "plain",
        'def add(a, b):\n    return a + b + len("")'),
    Row("escaped line ends are line ends", CODE.replace("\n", "\\n"), "plain"),
    Row("code in a JSON object is read", '{"why": "a sum", "code": "def add(a, b):\\n    return a + b"}', "plain"),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[row.why for row in ROWS])
def test_choice(row: Row) -> None:
    """Each answer gives the code that its reason demands, by the rule that it names."""
    extraction = extract_code(row.answer, "add", PROMPT)
    assert (extraction.rule, extraction.code) == (row.rule, row.code)


@pytest.mark.parametrize("row", [row for row in ROWS if row.code], ids=[row.why for row in ROWS if row.code])
def test_code_parses(row: Row) -> None:
    """What is called code can be parsed; an invalid escape is the warning that Python makes of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ast.parse(extract_code(row.answer, "add", PROMPT).code)


def test_without_a_prompt_nothing_continues_it() -> None:
    """A body alone is no code where there is no prompt to stand before it."""
    assert extract_code("    return a + b", "add").rule == "none"


def test_a_text_before_an_unclosed_thought_is_read() -> None:
    """Code in front of a thought that was cut off is an answer."""
    assert extract_code(f"{CODE}\n<think>\nIs that right?", "add").code == CODE


def test_normalized() -> None:
    """Line ends become newlines, and what no source may hold goes."""
    assert normalized("\ufeffa\r\nb\rc\0d\ud800\U0001f600") == "a\nb\ncd\ufffd\U0001f600"


def test_surrogate_pairs_are_joined() -> None:
    """Two halves of a pair, as a careless JSON writer leaves them, are one character."""
    assert normalized("\ud83d\ude00") == "\U0001f600"


def test_fences() -> None:
    """A fence ends at a mark at least as long as its own, or with the text."""
    text = "````\n```\n````\nprose\n~~~py\nx\n"
    assert [text[fence.start : fence.end] for fence in fences(text)] == ["```\n", "x\n"]


def test_entry_point_is_no_pattern() -> None:
    """Characters of the entry point that mean something to a regular expression are taken as they are."""
    assert extract_code("def a(x):\n    return x", ".", PROMPT).rule == "other"


def test_a_nested_definition_is_the_second_choice() -> None:
    """A function inside a class counts only where none stands at the margin."""
    method = "class Solution:\n    def add(self, a, b):\n        x = 1\n        y = 2\n        return a + b"
    assert extract_code(f"{fenced(method)}\n{fenced(CODE)}", "add").code == CODE
    assert extract_code(fenced(method), "add").code == method


def test_decorated_functions_are_dropped_as_evalplus_drops_them() -> None:
    """Scores compare with published ones, so what the sanitizer loses is lost here too."""
    text = dedent("""\
        from functools import cache

        @cache
        def helper(x):
            return x

        def add(a, b):
            return helper(a) + b
        """)
    assert extract_code(text, "add").code == ("from functools import cache\ndef add(a, b):\n    return helper(a) + b")
