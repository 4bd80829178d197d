"""The records of a problem, whatever file it comes from: what is asked, what runs, and what it is compared with.

In the sandbox, `preamble`, the solution and `harness` run in one namespace; then its `entry_point` is called with each
list of arguments of a suite. So a class, a linked list, an assertion or a unit test is a call like any other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Scheme = Literal["call", "program", "command"]
"""How a solution runs: its function is called, it is a program that reads standard input and writes its output, or
one in another language that a command runs."""

Target = Literal["function", "program", "literal", "source"]
"""What is looked for in an answer: code that defines a name, a whole program, a value, or code in another language."""

SCRIPT = "Please provide a self-contained Python script that solves the following problem in a markdown code block:"
"""EvalPlus 0.3.1's instruction (its openai backend)."""


NONCE = "<nonce>"
"""Stands, as an argument and as an expected output, for a text that is another one in each run.

A test that runs beside the solution returns it when it has passed, so that no output written beforehand is right.
"""


@dataclass(frozen=True)
class Suite:
    """Tests under one name: an argument list each (for a program: its standard input alone).

    `outputs` are the expected values, one a test; None where the reference computes them.
    """

    name: str
    inputs: list[Any]
    outputs: list[Any] | None = None


@dataclass(frozen=True)
class Problem:
    """One problem; `message` is what a model is asked, with the `prompt` in it that a completion would continue.

    `reference` is a whole program that is known to be right; "" where the dataset has none.

    `defines` names what a solution must define. `restricted` takes away the functions that EvalPlus takes away from a
    sample (open, os.kill, …) and the making of processes. `programs` names what the sandbox must have beside Python.
    With the scheme "command", preamble, solution and harness are `files` of these names; `build` and then, for each
    test, `command` run beside them. `own_tests` says that the dataset's own tests run in the solution's process.
    `unordered` accepts the elements of a list in any order. `left_out` is why nobody is asked it: its reference cannot
    pass here. `place` says where it stands; `rest` reads the fields that grading alone needs, if that takes time.
    """

    task_id: str
    prompt: str
    entry_point: str
    reference: str
    suites: tuple[Suite, ...]
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
        """The problem with its tests. Raises DatasetError with file and line where they cannot be read."""
        return replace(self, rest=None, **self.rest()) if self.rest else self

    def suite(self, name: str) -> Suite:
        """The suite of that name; KeyError where there is none."""
        return {suite.name: suite for suite in self.suites}[name]


def scripted(prompt: str) -> str:
    """EvalPlus's message for a prompt that is the beginning of a function."""
    return f"{SCRIPT}\n```python\n{prompt.strip()}\n```"
