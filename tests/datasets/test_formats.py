"""Each format's files become problems whose reference passes and whose wrong answers do not."""

import base64
import json
import math
import pickle
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from bench.datasets import asserts, bigcodebench, cruxeval, evoeval, leetcode, literals, livecodebench, pro, tasks
from bench.datasets.problem import NONCE, Problem
from bench.datasets.rows import rows
from bench.errors import DatasetError

NODES = """
from typing import *
class ListNode:
    def __init__(self, val=0, next=None):
        self.val, self.next = val, next
def list_node(values):
    head = None
    for value in reversed(values):
        head = ListNode(value, head)
    return head
"""


def write(folder: Path, *objects: Any, name: str = "set.jsonl") -> Path:
    """A file of these objects, one a line."""
    path = folder / name
    path.write_text("".join(json.dumps(one) + "\n" for one in objects))
    return path


def read(problems: Iterable[Problem]) -> list[Problem]:
    """Problems with their tests."""
    return [problem.whole() for problem in problems]


def outputs(problem: Problem, solution: str) -> list[Any]:
    """What a solution of ours returns for each test of a problem, as the sandbox runs it."""
    namespace: dict[str, Any] = {"__name__": "solution"}
    for source in (problem.preamble, solution, problem.harness):
        exec(compile(source, "<solution>", "exec"), namespace)
    return [namespace[problem.entry_point](*arguments) for suite in problem.suites for arguments in suite.inputs]


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("[(1.0, 2), {3: {4}}]", [(1.0, 2), {3: {4}}]),
        ("-1 + 2 ** 5 // 3", 9),
        ("[i * 2 for i in range(5) if i % 2 == 1]", [2, 6]),
        ("{c: 1 for c in 'ab'}", {"a": 1, "b": 1}),
        ("[1, 2, 3][::-1]", [3, 2, 1]),
        ("' '.join(['a', 'b'])", "a b"),
        ("set([1, 1])", {1}),
        ("float('inf')", math.inf),
        ("4 * math.pi", 4 * math.pi),
        ("'x' if 1 > 2 else 'y'", "y"),
    ],
)
def test_literals(source: str, value: Any) -> None:
    """Python source that stands for a value has that value, and nothing of it is run."""
    assert literals.value(source) == value


@pytest.mark.parametrize(
    "source",
    [
        "__import__('os')", "open('x')", "2 ** 10 ** 9", "'a' * 10 ** 12", "(", "x", "().x", "'%99999999999d' % 1",
        "[0 for a in range(1 << 24) for b in range(1 << 24)]", "[[0] * (1 << 20) for a in range(1 << 20)]",
        "[list(range(1 << 20)) for a in range(99)]", "('a' * (1 << 20)).join([])", "('x' * 9999)" + " * 9999" * 3,
    ],
)  # fmt: skip
def test_no_literals(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Source that would run something, or make a huge value, is no literal."""
    monkeypatch.setattr(literals, "MAX_ELEMENTS", literals.MAX_ELEMENTS // 64)  # sooner
    with pytest.raises(ValueError, match=r"."):
        literals.value(source)


def test_evoeval(tmp_path: Path) -> None:
    """EvoEval's inputs may be tuples, sets and integer keys; its outputs are the reference's."""
    row = {
        "task_id": "EvoEval/7", "prompt": 'def f(a, b):\n    """Doc"""', "canonical_solution": "    return a, b",
        "entry_point": "f", "inputs": ["(1, 2), {3}", "{1: 'x'}, [1][::-1]"],
    }  # fmt: skip
    (problem,) = read(evoeval.problems(write(tmp_path, row)))
    assert problem.suites[0].inputs == [[(1, 2), {3}], [{1: "x"}, [1]]]
    assert problem.suites[0].outputs is None
    assert outputs(problem, problem.reference) == [((1, 2), {3}), ({1: "x"}, [1])]


def test_leetcode(tmp_path: Path) -> None:
    """A method is called with its keywords in their order, on lists that become linked lists and back."""
    row = {
        "task_id": "double-list", "prompt": NODES, "entry_point": "Solution().double", "difficulty": "Easy",
        "estimated_date": "2024-08-04", "problem_description": "Double it.",
        "starter_code": "class Solution:\n    def double(self, head, by):\n        ",
        "completion": "class Solution:\n    def double(self, head, by):\n        node = head\n        while node:\n"
        "            node.val *= by\n            node = node.next\n        return head",
        "test": "def check(candidate):\n    assert is_same_list(candidate(by = 2, head = list_node([1, 2])), "
        "list_node([2, 4]))\n    assert is_same_list(candidate(head = list_node([]), by = 2), list_node([]))\n",
    }  # fmt: skip
    (problem,) = read(leetcode.problems(write(tmp_path, row)))
    assert outputs(problem, problem.reference) == problem.suites[0].outputs == [[2, 4], []]
    assert (problem.task_id, problem.date, problem.difficulty, problem.defines, problem.own_tests) == (
        "LeetCode/double-list", "2024-08-04", "Easy", "Solution", False,
    )  # fmt: skip
    assert "def double(self, head, by)" in problem.message


def test_assertions_in_any_order_of_elements(tmp_path: Path) -> None:
    """`sorted(f(x)) == […]` compares in any order, as the assertion does, and its value stays outside the sandbox."""
    row = {
        "id": 3, "raw_problem": "# one\ndef g(a):\n", "raw_solution": "    return a\n",
        "new_problem": "# all\ndef f(a):\n", "new_solution": "    return [g(one) for one in a]\n",
        "test_code": "import math\nassert sorted(f([2, 1])) == [1, 2]\nassert not f([])\n"
        "assert math.isclose(f([1.0])[0], 1.0)",
    }  # fmt: skip
    (problem,) = read(pro.problems(write(tmp_path, row, name="mbpp_pro.json")))
    assert outputs(problem, problem.reference) == problem.suites[0].outputs == [[1, 2], False, NONCE]
    assert "[1, 2]" not in problem.harness
    assert problem.own_tests


def test_assertions_that_are_data_stay_outside() -> None:
    """A test that compares a call with a literal leaves neither arguments nor value in the harness."""
    import ast

    tests = asserts.gather(
        ast.parse("assert f([11], b=22) == 33\nassert f([44]) == 55").body, asserts.Tests("f", ("a", "b"))
    )
    assert not [number for number in ("11", "22", "33", "44", "55") if number in tests.harness]
    assert (tests.inputs, tests.outputs, tests.own_tests) == ([[0, [11], 22], [1, [44]]], [33, 55], False)


def test_cruxeval(tmp_path: Path) -> None:
    """The expected value is that of the literal, and an answered literal is a program that returns it."""
    row = {"code": "def f(x):\n    return x", "input": "[1]", "output": "[1]", "id": "sample_4"}
    (problem,) = read(cruxeval.problems(write(tmp_path, row)))
    assert problem.task_id == "CRUXEval/4"
    assert outputs(problem, cruxeval.program("[ 1 ]")) == problem.suites[0].outputs == [[1]]


def pickled(tests: Any) -> str:
    """Tests packed as LiveCodeBench packs its private ones: base64 of zlib of a pickled JSON text."""
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(tests)))).decode()


@pytest.mark.parametrize("pack", [json.dumps, pickled])
def test_livecodebench(tmp_path: Path, pack: Any) -> None:
    """Programs and functions are told apart, and private tests are read however they are packed."""
    program = {
        "question_id": "abc1", "question_content": "Add.", "contest_date": "2025-01-02T00:00:00", "difficulty": "easy",
        "public_test_cases": json.dumps([{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}]),
        "private_test_cases": pack([{"input": "2 2\n", "output": "4\n", "testtype": "stdin"}]),
    }  # fmt: skip
    function = program | {
        "question_id": "12", "starter_code": "class Solution:\n    def add(self, a, b):\n",
        "metadata": '{"func_name": "add"}',
        "public_test_cases": json.dumps([{"input": "1\n2", "output": "3", "testtype": "functional"}]),
        "private_test_cases": pack([{"input": "[1]\n[2]", "output": "[1, 2]", "testtype": "functional"}]),
    }  # fmt: skip
    first, second = read(livecodebench.problems(write(tmp_path, program, function)))
    assert (first.scheme, first.suites[0].inputs, first.suites[0].outputs) == (
        "program",
        [["1 2\n"], ["2 2\n"]],
        ["3\n", "4\n"],
    )
    assert first.date == "2025-01-02"
    solution = "class Solution:\n    def add(self, a, b):\n        return a + b"
    assert outputs(second, solution) == second.suites[0].outputs == [3, [1, 2]]


class Harmful:
    """An object whose unpickling would run something."""

    def __reduce__(self) -> Any:
        return (print, ("unpickled",))


def test_livecodebench_never_unpickles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pickle of anything but a text is refused with file and line, and does nothing."""
    packed = base64.b64encode(zlib.compress(pickle.dumps(Harmful()))).decode()
    row = {"question_id": "1", "question_content": "q", "public_test_cases": "[]", "private_test_cases": packed}
    with pytest.raises(DatasetError, match=r"line 1 has unreadable tests"):
        read(livecodebench.problems(write(tmp_path, row)))
    assert "unpickled" not in capsys.readouterr().out


UNITS = """
import unittest
class TestCases(unittest.TestCase):
    def setUp(self):
        self.one = 1
    def test_a(self):
        self.assertEqual(task_func(1), self.one + 1)
    def test_b(self):
        with self.assertRaises(TypeError):
            task_func(None)
"""
UNIT_ROW = {
    "task_id": "BigCodeBench/1", "prompt": "def task_func(n):\n", "canonical_solution": "    return n + 1",
    "entry_point": "task_func", "libs": ["random"], "test": UNITS,
}  # fmt: skip


def test_bigcodebench(tmp_path: Path) -> None:
    """Each method of a unittest class is a test, and problems that need another library are left out."""
    other = UNIT_ROW | {"task_id": "BigCodeBench/2", "libs": ["numpy"]}
    (problem,) = read(bigcodebench.problems(write(tmp_path, UNIT_ROW, other)))
    assert problem.own_tests
    assert outputs(problem, problem.reference) == problem.suites[0].outputs == [NONCE, NONCE]


@pytest.mark.parametrize(
    "solution",
    [
        "def task_func(n):\n    return n",
        "import unittest\nunittest.TestCase.assertEqual = lambda *_: None\ndef task_func(n):\n    return n + 0",
        "import unittest\nunittest.TestCase.run = lambda *_: None\ndef task_func(n):\n    return 0",
        "import sys\ndef task_func(n):\n    sys.exit(0)",
        "",
    ],
)
def test_unit_tests_are_not_passed_by_going_around_them(tmp_path: Path, solution: str) -> None:
    """A wrong answer, a patched unittest, an early exit and no function at all pass no test."""
    (problem,) = read(bigcodebench.problems(write(tmp_path, UNIT_ROW)))
    import unittest

    kept = dict(vars(unittest.TestCase))
    try:
        with pytest.raises((AssertionError, RuntimeError, SystemExit, NameError)):
            outputs(problem, solution)
    finally:
        for name in ("run", "assertEqual"):
            setattr(unittest.TestCase, name, kept[name])


def task(folder: Path, **files: str) -> Path:
    """A task's folder with these files."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace("_py", ".py").replace("_json", ".json").replace("_md", ".md")).write_text(text)
    return folder


def test_tasks(tmp_path: Path) -> None:
    """A folder of tasks is a dataset: given outputs, programs, and test files of one's own."""
    calls = json.dumps({"function": "f", "tests": [{"arguments": [1, 2], "output": 3}]})
    runs = json.dumps({"tests": [{"stdin": "1\n", "stdout": "2\n"}]})
    answer = "def f(a, b):\n    return a + b"
    task(tmp_path / "t" / "a", prompt_md="Add.", tests_json=calls, solution_py=answer)
    task(tmp_path / "t" / "b", prompt_md="Next.", tests_json=runs)
    task(tmp_path / "t" / "c", prompt_md="Add.", test_f_py="def test_one():\n    assert f(1, 2) == 3\n")
    first, second, third = read(tasks.problems(tmp_path / "t"))
    assert [one.task_id for one in (first, second, third)] == ["t/a", "t/b", "t/c"]
    assert outputs(first, first.reference) == first.suites[0].outputs == [3]
    assert (second.scheme, second.suites[0].inputs, second.suites[0].outputs) == ("program", [["1\n"]], ["2\n"])
    assert outputs(third, answer) == [NONCE]
    assert (first.own_tests, third.own_tests) == (False, True)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"prompt_md": "x"}, "has no tests; add tests.json"),
        ({"tests_json": "{}"}, r"has no prompt.md; add it"),
        ({"prompt_md": "x", "tests_json": "{"}, "is no list of tests"),
        ({"prompt_md": "x", "tests_json": '{"function": "f", "tests": []}'}, "has no tests"),
        ({"prompt_md": "x", "test_a_py": "def ("}, "test_a.py, line 1 cannot run"),
        (
            {"prompt_md": "x", "test_a_py": "\ndef test(tmp_path): ..."},
            "test_a.py, line 2 cannot run .test takes arguments",
        ),
        (
            {"prompt_md": "x", "test_a_py": "import pytest\ndef test(): ..."},
            "test_a.py imports pytest, which the sandbox",
        ),
    ],
)
def test_broken_tasks(tmp_path: Path, files: dict[str, str], message: str) -> None:
    """A task without prompt or tests, or with broken ones, is one sentence that names it."""
    task(tmp_path / "t" / "a", **files)
    with pytest.raises(DatasetError, match=message):
        list(tasks.problems(tmp_path / "t"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1}\n{"a": \n', r"line 2 is not JSON"),
        (b"[1, 2]", r"item 1 is not a JSON object"),
        (b"\x1f\x8bbroken", "cannot be read"),
        (b'{"task_id": 1}', 'has a value that is not text under "task_id"'),
    ],
)
def test_broken_files(tmp_path: Path, content: bytes, message: str) -> None:
    """The error for a broken file has its line and the remedy."""
    (tmp_path / "set.jsonl").write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        [row.text("task_id", "") for row in rows(tmp_path / "set.jsonl")]


WITHOUT_INPUTS = ("EvoEval_concise.jsonl.gz", "EvoEval_verbose.jsonl.gz")
SETS = {
    "evoeval/EvoEval_*.jsonl.gz": (evoeval, 500), "codeeval-pro/*aneval_pro.json": (pro, 164),
    "codeeval-pro/mbpp_pro.json": (pro, 378), "leetcodedataset/*0.3.1-test.jsonl.gz": (leetcode, 228),
    "cruxeval/cruxeval.jsonl": (cruxeval, 800), "bigcodebench/BigCodeBench.jsonl.gz": (bigcodebench, 300),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("pattern", SETS)
@pytest.mark.parametrize("step", [10, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "all"])
def test_public_sets(shared: Path, pattern: str, step: int) -> None:
    """The public files of every format are read, and the tests of each tenth of their problems, or of all."""
    reader, count = SETS[pattern]
    files = [
        one for one in sorted((shared / "data" / "sets").glob(pattern)) if one.stem[8:15] not in ("concise", "verbose")
    ]
    parsed = [problem for file in files for problem in reader.problems(file)]
    assert len(parsed) == count
    assert all(problem.suites[0].inputs for problem in read(parsed[::step]))
