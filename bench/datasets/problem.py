"""The record of a problem, for all formats: the prompt, the code that runs, and the expected outputs.

In the sandbox, `preamble`, the solution and `harness` run in one namespace; then `entry_point` is called with each list
of arguments of a suite. So tests of a class, a linked list, an assertion or a unit test are calls too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Scheme = Literal["call", "program", "command"]
"""How a solution runs: its function is called, it is a program with standard input and output, or a command runs it."""

Target = Literal["function", "program", "literal", "source"]
"""What is extracted from an answer: code that defines a name, a program, a value, or code in another language."""

SCRIPT = "Please provide a self-contained Python script that solves the following problem in a markdown code block:"
"""EvalPlus 0.3.1's instruction (its openai backend)."""

NONCE = "<nonce>"
"""A placeholder, as an argument and as an expected output, for a random text of each run.

A test in the solution's process returns it when it has passed, so that no prepared output is correct.
"""


@dataclass(frozen=True)
class Suite:
    """Named tests, each a list of arguments (for a program: its standard input).

    `outputs` are the expected values, one a test; None where the reference computes them.
    """

    name: str
    inputs: list[Any]
    outputs: list[Any] | None = None


@dataclass(frozen=True)
class Problem:
    """One problem; `message` is the message to the model, with the `prompt` in it that a completion continues.

    `reference` is a correct program; "" where the dataset has none.

    `defines` is the name that a solution must define. `restricted` disables the functions that EvalPlus disables (open,
    os.kill, …) and new processes. `programs` are those that the sandbox needs beside Python. With the scheme "command",
    preamble, solution and harness are written to `files`; `build` and then, for each test, `command` run beside them.
    `own_tests`: the dataset's own tests run in the solution's process. `unordered` accepts the elements of a list in
    any order. `left_out` is the reason to exclude it: its reference cannot pass here. `place` is its file and line;
    `rest` reads the fields that only grading needs, where that takes time.
    """

    task_id: str
    prompt: str = ""
    entry_point: str = ""
    reference: str = ""
    suites: tuple[Suite, ...] = ()
    message: str = ""
    target: Target = "function"
    atol: float = 0.0
    preamble: str = ""
    harness: str = ""
    defines: str = ""
    scheme: Scheme = "call"
    restricted: bool = True
    own_tests: bool = False
    files: tuple[str, ...] = ()
    build: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    unordered: bool = False
    date: str = ""
    difficulty: str = ""
    left_out: str = ""
    place: str = field(default="", compare=False)
    rest: Callable[[], Mapping[str, Any]] | None = field(default=None, compare=False, repr=False)

    @property
    def function(self) -> str:
        """The name that a solution must define; "" where it is a program."""
        return self.defines or self.entry_point

    def whole(self) -> "Problem":
        """The problem with its tests. Raises DatasetError, with file and line, where they cannot be read."""
        return replace(self, rest=None, **self.rest()) if self.rest else self

    def suite(self, name: str) -> Suite:
        """The suite of that name; KeyError where there is none."""
        return {suite.name: suite for suite in self.suites}[name]


def scripted(prompt: str) -> str:
    """EvalPlus's message for a prompt that begins a function."""
    return f"{SCRIPT}\n```python\n{prompt.strip()}\n```"
