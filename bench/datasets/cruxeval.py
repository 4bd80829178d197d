"""CRUXEval, output prediction: the answer is the value that a call returns, as a literal, compared by value."""

from bench.datasets import literals
from bench.datasets.problem import Problem, Suite
from bench.datasets.rows import Row, fixable, row_by_row

ENTRY = "answer"

INSTRUCTION = (
    "What does the call return? Answer with the value alone, as a Python literal, without any explanation.\n\n"
)


def _example(code: str, argument: str) -> str:
    return f"```python\n{code.rstrip()}\n\nf({argument})\n```\n"


EXAMPLES = "".join(
    f"{_example(code, argument)}Answer: {answer}\n\n"
    for code, argument, answer in (
        (
            "def f(words):\n    return [word.upper() for word in words if len(word) > 2]",
            "['a', 'tree', 'of']",
            "['TREE']",
        ),
        (
            "def f(n, step):\n    total = 0\n    while n > 0:\n        total += n\n        n -= step\n    return total",
            "9, 4",
            "15",
        ),
        ("def f(text):\n    return {char: text.count(char) for char in text}", "'noon'", "{'n': 2, 'o': 2}"),
    )
)


def _problem(row: Row) -> Problem:
    output = row.text("output")
    with fixable(row.place, "an output that is no literal"):
        expected = literals.value(output)
    return Problem(
        task_id=f"CRUXEval/{row.text('id').removeprefix('sample_')}",
        message=f"{INSTRUCTION}{EXAMPLES}{_example(row.text('code'), row.text('input'))}",
        target="literal",
        entry_point=ENTRY,
        reference=program(output),
        suites=(Suite("tests", [[]], [expected]),),
        defines=ENTRY,
        place=row.place,
    )


problems = row_by_row(_problem)


def program(literal: str) -> str:
    """The program that returns the value of a literal."""
    return f"def {ENTRY}():\n    return (\n{literal.strip()}\n    )\n"
