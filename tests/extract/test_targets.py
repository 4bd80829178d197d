"""What is looked for in an answer depends on its problem."""

import pytest

from bench.datasets.problem import Problem
from bench.extract.targets import solution_of

PROGRAM = Problem("P/0", "", "", "", (), "Add.", "program")
LITERAL = Problem("C/0", "", "answer", "", (), "What?", "literal", defines="answer")
METHOD = Problem("L/0", "", "_entry", "", (), "Solve.", defines="Solution")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("```python\nprint(1)\n```", "print(1)"),
        (
            "Read it:\n```python\nn = input()\n```\nAll of it:\n```python\nn = int(input())\nprint(n)\n```\nDone.",
            "n = int(input())\nprint(n)",
        ),
        ("n = int(input())\nprint(n)", "n = int(input())\nprint(n)"),
        ("<think>print(0)</think>```\nprint(1)\n```", "print(1)"),
        ("It cannot be done.", ""),
    ],
)
def test_programs(answer: str, code: str) -> None:
    """Of a program the whole is taken: the longest block that is Python."""
    assert solution_of(answer, PROGRAM).code == code


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("[1, 2]", [1, 2]),
        ("Answer: {'a': 1}", {"a": 1}),
        ("```python\n(1, 'x')\n```", (1, "x")),
        ("The loop runs twice.\nSo the result is 4.", 4),
        ("`'noon'`", "noon"),
        ("<think>3? no, 4</think>\n4", 4),
        ("assert f(3) == [3]", [3]),
    ],
)
def test_values(answer: str, value: object) -> None:
    """Of a value the last literal is taken, as a program that returns it."""
    names: dict[str, object] = {}
    exec(solution_of(answer, LITERAL).code, names)
    assert names["answer"]() == value  # type: ignore[operator]


@pytest.mark.parametrize(
    "answer",
    ["I do not know.", "", "f(3)", "__import__('os').getcwd()", "list", "().x", "-" * 90_000, "(" * 90_000 + "1"],
)
def test_no_value(answer: str) -> None:
    """What is no literal is no code, and nothing of it is run."""
    assert solution_of(answer, LITERAL).code == ""


@pytest.mark.parametrize(
    "answer",
    [
        "[0 for a in range(1 << 24) for b in range(1 << 24)]", "[[0] * (1 << 25) for a in range(1 << 25)]",
        "sum(list(range(1 << 25)) + list(range(1 << 25)))", "9 ** 9 ** 9", "'a' * 10 ** 12",
    ],
)  # fmt: skip
def test_huge_values(answer: str) -> None:
    """What has the form of a value is graded in the sandbox, and never evaluated before."""
    assert answer in solution_of(answer, LITERAL).code


def test_methods() -> None:
    """Of a class all of it is taken, with the imports that it needs."""
    answer = "```python\nfrom math import gcd\nclass Solution:\n    def f(self, a):\n        return gcd(a, 2)\n```"
    code = solution_of(answer, METHOD).code
    assert "from math import gcd" in code
    assert "class Solution:" in code
